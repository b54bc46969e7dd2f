package node

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/machine"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/sctp/sctptest"
	"github.com/gostp/gostp/sctp/wire"
	"github.com/gostp/gostp/startup"
)

const reasonA = `hostname A
cs7 network-indicator international
cs7 point-code 1.1.1
cs7 local-peer 1024
 local-ip 10.0.0.1
cs7 linkset B 2.2.2
 link 0 sctp 10.0.0.2 1024 1024
`

const reasonB = `hostname B
cs7 network-indicator international
cs7 point-code 2.2.2
cs7 local-peer 1024
 local-ip 10.0.0.2
cs7 linkset A 1.1.1
 link 0 sctp 10.0.0.1 1024 1024
`

// groundless is a machine of which one address is missing, and whose interfaces are told.
type groundless struct {
	memoryPlatform
	interfaces []machine.InterfaceState
}

func (g groundless) Interfaces() []machine.InterfaceState { return g.interfaces }

// absent is a network without one of its addresses.
type absent struct {
	*sctptest.Memory
	address netip.Addr
}

func (a absent) Open(at netip.AddrPort) (wire.Wire, error) {
	if at.Addr() == a.address {
		return nil, fmt.Errorf("%s is not an address of this machine", a.address)
	}
	return a.Memory.Open(at)
}

// row is one of `show alarms`: its object, and what its reason must have.
type row struct{ object, why string }

// rows checks that a node's alarms have each of want, that `show cs7 linkset` gives the same
// reason for a link, and that no reason is that a link is aligning.
func (b *box) rows(want ...row) {
	b.t.Helper()
	got := b.run("show alarms")
	b.t.Log("\n" + got)
	linksets := b.run("show cs7 linkset")
next:
	for _, w := range want {
		for _, l := range strings.Split(got, "\n") {
			if strings.Contains(l, " "+w.object+" ") && strings.Contains(l, w.why) {
				if strings.HasPrefix(w.object, "link ") && !strings.Contains(linksets, w.why) {
					b.t.Errorf("show cs7 linkset has another reason than %q:\n%s", w.why, linksets)
				}
				continue next
			}
		}
		b.t.Errorf("no alarm of %s with %q in:\n%s", w.object, w.why, got)
	}
	if strings.Contains(got, ": aligning") || strings.Contains(got, " aligning\n") {
		b.t.Errorf("that a link is aligning is no reason:\n%s", got)
	}
}

// The alarm of a link has the reason that lies deepest, whatever keeps the link down.
func TestAlarmHasTheTrueCause(t *testing.T) {
	t.Parallel()
	const link = "link 0 of linkset B"
	const both = "if the far end is passive too, neither begins"
	down := []machine.InterfaceState{{Name: "eth1", Device: "eth1",
		Addresses: []netip.Prefix{netip.MustParsePrefix("10.0.0.1/24")},
		Shutdown:  true, Why: "shut down by configuration"}}
	for name, c := range map[string]struct {
		a, b     string // configurations; empty b: there is no far end
		platform func(*sctptest.Memory) Platform
		a0, b0   []row
	}{
		"the far end's host is down": {a: reasonA, a0: []row{
			{link, "no association: 10.0.0.2 port 1024 does not answer"},
			{"linkset B", "link 0: no association: 10.0.0.2 port 1024 does not answer"},
			{"destination 2.2.2/14", "no route to it is available: linkset B is down"}}},
		"a local address is missing": {a: reasonA, b: reasonB,
			platform: func(m *sctptest.Memory) Platform {
				p := onMemory(m)
				p.t = sctp.NewUser(absent{m, netip.MustParseAddr("10.0.0.1")})
				return p
			},
			a0: []row{{"local-peer 1024", "not bound: 10.0.0.1 is not an address of this machine"},
				{link, "no association: local-peer 1024 is not bound: 10.0.0.1 is not an address of this machine"}}},
		"the port is taken": {a: reasonA, b: reasonB,
			platform: func(m *sctptest.Memory) Platform {
				if _, err := m.Open(netip.MustParseAddrPort("10.0.0.1:0")); err != nil {
					panic(err)
				}
				return onMemory(m)
			},
			a0: []row{{"local-peer 1024", "not bound: "}, {link, "no association: local-peer 1024 is not bound: "}}},
		"both ends are passive": {a: strings.ReplaceAll(reasonA, "1024 1024\n", "1024 1024 passive\n"),
			b: strings.ReplaceAll(reasonB, "1024 1024\n", "1024 1024 passive\n"),
			a0: []row{{link, "no association: waiting for 10.0.0.2 port 1024 to set up the " +
				"association (passive); " + both}},
			b0: []row{{"link 0 of linkset A", "no association: waiting for 10.0.0.1 port 1024 to set up the " +
				"association (passive); " + both}}},
		"the interface is down": {a: reasonA, b: reasonB,
			platform: func(m *sctptest.Memory) Platform {
				m.Cut(netip.MustParseAddr("10.0.0.1"), netip.Addr{}, true)
				return groundless{onMemory(m), down}
			},
			a0: []row{{link, "no association: 10.0.0.2 port 1024 does not answer"},
				{link, "interface eth1, which has 10.0.0.1, is down: shut down by configuration"}}},
		"the network indicator is another": {a: reasonA,
			b:  strings.Replace(reasonB, "indicator international", "indicator national", 1),
			a0: []row{{link, "the far end tests with network indicator national; this node has international"}},
			b0: []row{{"link 0 of linkset A",
				"the far end tests with network indicator international; this node has national"}}},
		"the link code is another": {a: reasonA, b: strings.Replace(reasonB, "link 0 ", "link 3 ", 1),
			a0: []row{{link, "the far end calls this link SLC 3; here it is SLC 0"}},
			b0: []row{{"link 3 of linkset A", "the far end calls this link SLC 0; here it is SLC 3"}}},
		"the variant is another": {a: reasonA, b: "cs7 variant ansi\n" + reasonB,
			a0: []row{{link, "the far end speaks 24-bit codes (ansi or china); this node speaks 14-bit codes " +
				"(`cs7 variant itu`)"}},
			b0: []row{{"link 0 of linkset A",
				"the far end speaks 14-bit codes (itu); this node speaks 24-bit codes (`cs7 variant ansi`)"}}},
		"the far end has our own code": {a: reasonA,
			b:  strings.Replace(strings.Replace(reasonB, "2.2.2", "1.1.1", 1), "linkset A 1.1.1", "linkset A 2.2.2", 1),
			a0: []row{{link, "the far end says that it is 1.1.1, which is this node's own code"}},
			b0: []row{{"link 0 of linkset A", "the far end says that it is 1.1.1, which is this node's own code"}}},
		"the far end has another neighbour's code": {
			a: strings.Replace(reasonA, "linkset B 2.2.2", "linkset C 2.2.2\ncs7 linkset B 3.3.3", 1), b: reasonB,
			a0: []row{{link, "the far end is 2.2.2; linkset B expects 3.3.3 (2.2.2 is the neighbour of linkset C: " +
				"two neighbours cannot have one code)"}},
			b0: []row{{"link 0 of linkset A", "the far end expects this node to be 3.3.3; it is 2.2.2"}}},
		"the linkset has no link": {
			a: strings.Split(reasonA, " link 0 ")[0] + "cs7 route-table system\n update route 3.3.3/14 linkset B\n",
			a0: []row{{"destination 2.2.2/14", "no route to it is available: linkset B has no links"},
				{"destination 3.3.3/14", "no route to it is available: linkset B has no links"}}},
		"the linkset is shut down": {
			a: strings.Replace(reasonA, " link 0 ", " shutdown\n link 0 ", 1) +
				"cs7 route-table system\n update route 3.3.3/14 linkset B\n",
			a0: []row{{"destination 3.3.3/14",
				"no route to it is available: linkset B is shut down by configuration"}}},
		"no ASP is there": {a: gatewayConfig, a0: []row{{"destination 5.5.5/14",
			"no route to it is available: as HLR is down: no ASP is up; ASP H1: no association: waiting for " +
				"10.0.0.5 port 2905"}}},
		"an interface's far end is down": {a: chainSG, a0: []row{
			{"interface 1", "no association: 10.2.1.1 port 1025 does not answer"},
			{"interface 2", "no association: 10.2.2.1 port 1026 does not answer"}}},
		"an M3UA port is not bound": {a: "cs7 point-code 1.1.1\ncs7 m3ua 2905\n local-ip 10.0.0.1\n",
			platform: func(m *sctptest.Memory) Platform {
				p := onMemory(m)
				p.t = sctp.NewUser(absent{m, netip.MustParseAddr("10.0.0.1")})
				return p
			},
			a0: []row{{"m3ua 2905", "not bound: 10.0.0.1 is not an address of this machine"}}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := sctptest.NewMemory(1)
				platform := c.platform
				if platform == nil {
					platform = func(m *sctptest.Memory) Platform { return onMemory(m) }
				}
				a := newBoxOn(t, platform(m), c.a)
				defer a.Close()
				time.Sleep(time.Second)
				a.rows() // the first attempt has its reason, too
				if c.b != "" {
					b := newBox(t, m, c.b)
					defer b.Close()
					time.Sleep(40 * time.Second)
					b.rows(c.b0...)
				}
				time.Sleep(40 * time.Second)
				a.rows(c.a0...)
			})
		})
	}
}

// A far end whose first User Data has FSN 1 is named with that, not with the link test that
// it breaks.
func TestAlarmOfAFirstFSNOfOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		w := newWires()
		a := boxOn(t, w, strings.Replace(reasonA, "1024 1024\n", "1024 1024 passive\n", 1)) // the station calls
		s := newStation(ctx, t, w, "10.0.0.2", "10.0.0.1", itu("2.2.2"), itu("1.1.1"))
		defer s.group.Wait()
		defer cancel()
		defer a.Close()
		s.level2.Lock()
		s.mangle = func(b []byte) {
			if b[3] == 1 && len(b) > 16 { // User Data with an MSU
				binary.BigEndian.PutUint32(b[12:], (binary.BigEndian.Uint32(b[12:])+1)&0xffffff)
			}
		}
		s.level2.Unlock()
		time.Sleep(15 * time.Second)
		a.rows(row{"link 0 of linkset B", "the far end's first User Data has FSN 1, where RFC 4165 §4.2.1 wants 0"})
	})
}

// The history of alarms has the true cause too, when it is known, and is not filled with
// reasons that change for ever.
func TestAlarmHistoryHasTheTrueCause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newBox(t, sctptest.NewMemory(1), reasonA)
		defer a.Close()
		time.Sleep(time.Hour)
		a.want("show alarms history", "CHANGED Minor    link 0 of linkset B: no association: 10.0.0.2 port 1024 "+
			"does not answer")
		if lines := strings.Count(a.run("show alarms history"), "link 0 of linkset B: "); lines > 4 {
			t.Errorf("%d lines about one alarm", lines)
		}
	})
}

// A far end that agrees to one stream is told so, and named with that.
func TestAlarmOfOneStream(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := sctptest.NewMemory(1)
		a := newBox(t, m, reasonA)
		defer a.Close()
		one := sctp.Params{OutStreams: 1, InStreams: 1}
		e, err := sctp.NewUser(m).Open(sctp.Addr{IPs: []netip.Addr{netip.MustParseAddr("10.0.0.2")}, Port: 1024}, one)
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		var ended string
		for range 3 {
			x, err := e.Accept(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			batch := sctp.NewBatch(8)
			for x.Read(batch) == nil {
				for _, it := range batch.Items {
					if it.Event == nil {
						t.Errorf("a message came on stream %d", it.Stream)
					} else {
						ended = it.Event.Why
					}
				}
			}
		}
		if !strings.Contains(ended, "M2PA needs 2 streams each way") {
			t.Errorf("the far end was told %q", ended)
		}
		time.Sleep(time.Second)
		a.rows(row{"link 0 of linkset B", "no association: the last one was ended by this end: M2PA needs 2 " +
			"streams each way, " +
			"and the far end agrees to 1 out and 1 in"})
		a.want("show logging", "CS7SCTP-4-UNFIT: an association for link 0 of linkset B with 10.0.0.2 port 1024 "+
			"is ended: M2PA needs 2")
	})
}

// Two linksets to one adjacent point raise an alarm that names both.
func TestAlarmOfTwoLinksetsToOnePoint(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := sctptest.NewMemory(1)
		a := newBox(t, m, reasonA+"cs7 linkset OTHER 2.2.2\n link 0 sctp 10.0.0.2 1025 1024\n")
		defer a.Close()
		a.rows(row{"adjacent point 2.2.2", "linksets B, OTHER all lead to it"})
		a.run("configure terminal", "cs7 linkset OTHER", "shutdown", "end")
		if got := a.run("show alarms"); strings.Contains(got, "adjacent point") {
			t.Errorf("a linkset that is shut down is alarmed:\n%s", got)
		}
	})
}

// A fault of the startup configuration is an alarm until the configuration is written.
func TestAlarmOfAStartupFault(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := New(Options{Platform: onMemory(sctptest.NewMemory(1)), Version: "test",
			Store: startup.Memory("m", []byte("hostname X\nnonsense\ncs7 point-code 1.1.1\n"))})
		defer n.Close()
		n.Boot()
		b := &box{t: t, Node: n}
		b.session = cli.NewSession(n, n.Tree(), &b.out)
		b.session.Enable()
		b.rows(row{"startup configuration, fault 1", "line 2, "})
		b.want("show alarms history", "RAISED  Major    startup configuration, fault 1: line 2, ")
		b.run("write memory")
		b.want("show alarms", "No alarms.")
	})
}
