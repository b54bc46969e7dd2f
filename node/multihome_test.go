package node

import (
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/sctp/sctptest"
)

const multihomedA = `hostname A
cs7 point-code 1.1.1
cs7 local-peer 1024
 local-ip 10.0.0.1
 local-ip 10.0.1.1
cs7 linkset B 2.2.2
 link 0 sctp 10.0.0.2 10.0.1.2 1024 1024
`

const multihomedB = `hostname B
cs7 point-code 2.2.2
cs7 local-peer 1024
 local-ip 10.0.0.2
 local-ip 10.0.1.2
cs7 linkset A 1.1.1
 link 0 sctp 10.0.0.1 10.0.1.1 1024 1024
`

// routed is a network in which an address is reached from that of its own /24, as
// in one with a subnet for each path.
type routed struct {
	*sctptest.Memory
	own []netip.Addr
}

func (r routed) Source(dst netip.Addr) netip.Addr {
	for _, a := range r.own {
		if netip.PrefixFrom(a, 24).Contains(dst) {
			return a
		}
	}
	return netip.Addr{}
}

// newPair makes two nodes with two addresses each.
func newPair(t *testing.T, net *sctptest.Memory, configA, configB string) (a, b *box) {
	on := func(config string, own ...string) *box {
		r := routed{Memory: net}
		for _, x := range own {
			r.own = append(r.own, netip.MustParseAddr(x))
		}
		return newBoxOn(t, memoryPlatform{Memory: net, t: sctp.NewUser(r)}, config)
	}
	return on(configA, "10.0.0.1", "10.0.1.1"), on(configB, "10.0.0.2", "10.0.1.2")
}

// One path dies and nothing fails but the path; both die and the link says so; they
// return and all is as before.
func TestMultihomedPair(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		net := sctptest.NewMemory(1)
		a, b := newPair(t, net, multihomedA, multihomedB)
		defer a.Close()
		defer b.Close()
		time.Sleep(15 * time.Second)
		a.want("show cs7 linkset", "10.0.0.2 1024 1024           avail     InService")
		a.want("show sctp association detail", "local 10.0.0.1, 10.0.1.1 port 1024, remote 10.0.0.2, 10.0.1.2 port 1024",
			"path 10.0.0.2 from 10.0.0.1: active, primary\n", "path 10.0.1.2 from 10.0.")
		b.want("show sctp association", "2 of 2 active")
		lame := func(cut bool) { // the subnet of the first addresses
			for _, x := range [][2]string{{"10.0.0.1", "10.0.0.2"}, {"10.0.0.1", "10.0.1.2"}, {"10.0.1.1", "10.0.0.2"}} {
				net.Cut(netip.MustParseAddr(x[0]), netip.MustParseAddr(x[1]), cut)
			}
		}
		lame(true)
		a.want("ping cs7 2.2.2 count 50 rate 10", "100% successful packets(50/50)")
		time.Sleep(10 * time.Second)
		a.want("show cs7 linkset detail", "avail/links=1/1", "path 10.0.0.2", "INACTIVE (",
			"path 10.0.1.2 from 10.0.1.1: active")
		a.want("show sctp association", "1 of 2 active", "path 10.0.0.2 is inactive: ")
		a.want("show logging", "%CS7SCTP-4-PATH: path 10.0.0.2 of association 1 of link 0 of linkset B is inactive: ",
			"; 1 of 2 paths are active")
		if out := a.run("show logging"); strings.Contains(out, "ended after") || strings.Contains(out, "is unavailable") {
			t.Error("a path took more than itself:\n", out)
		}
		lame(false)
		time.Sleep(10 * time.Second)
		a.want("show sctp association", "2 of 2 active")
		a.want("show cs7 linkset detail", "path 10.0.0.2 from 10.0.", ": active, primary\n")
		net.SetFaults(sctptest.Faults{Cut: true})
		time.Sleep(15 * time.Second)
		a.want("show cs7 linkset", "avail/links=0/1", "reason: no association: ")
		a.want("show sctp association", "attempt")
		net.SetFaults(sctptest.Faults{})
		time.Sleep(30 * time.Second)
		a.want("ping cs7 2.2.2", "100% successful")
		a.want("show sctp association detail", "the association before lasted ")
		a.want("show sctp statistics", "under local-peer 1024")
	})
}

// The far end uses an address that the link does not name beside one that it does.
func TestMultihomedHalfConfigured(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		net := sctptest.NewMemory(1)
		a, b := newPair(t, net, strings.Replace(multihomedA, "sctp 10.0.0.2 10.0.1.2", "sctp 10.0.0.9 10.0.1.2", 1),
			multihomedB)
		defer a.Close()
		defer b.Close()
		time.Sleep(15 * time.Second)
		a.want("show cs7 linkset", "avail/links=1/1")
		a.want("show sctp association detail",
			"10.0.0.9 is configured and no address of this association: the far end does not offer it", "path 10.0.0.2")
	})
}
