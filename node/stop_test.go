package node

import (
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/sctp/sctptest"
	"github.com/gostp/gostp/xua"
)

// A node that stops shuts its ports before it takes leave of anybody: while it waits for the
// answers of a gateway, a neighbour whose link has ended is not let in again.
func TestNobodyIsLetInWhileANodeStops(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		net := sctptest.NewMemory(1)
		a := newBox(t, net, configA+`cs7 m3ua 2905
 local-ip 10.0.0.1
cs7 asp SG 2905 2905 m3ua
 remote-ip 10.0.0.5
 role asp
cs7 as OUT m3ua
 asp SG
 routing-key 1 1.1.1
`)
		b := newBox(t, net, configB)
		defer b.Close()
		gateway := far(t, net, 2905, "10.0.0.5")
		g, err := gateway.Accept(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		p := &player{t: t, a: g}
		go p.listen()
		p.say(bare(xua.ASPUPAck)) // it answers nothing after
		time.Sleep(20 * time.Second)
		b.want("show cs7 linkset", "avail")
		b.run("clear logging")
		begun := time.Now()
		a.Close()
		if time.Since(begun) < time.Second {
			t.Fatalf("it stopped within %v, in which nobody comes again", time.Since(begun))
		}
		if got := b.run("show logging"); strings.Contains(got, "is up with 10.0.0.1") {
			t.Error("a neighbour was let in while the node stopped:", got)
		}
	})
}

// It is shut also while it waits until no more traffic comes, before it is closed: an ASP that was
// let in then would be cut off at once.
func TestNobodyIsLetInWhileANodeRetires(t *testing.T) {
	t.Parallel()
	strangers(t, exchangeLab, func(t *testing.T, net *sctptest.Memory, a *box) {
		p := registers(t, net, "10.0.0.200", 7)
		done := make(chan struct{})
		go func() {
			a.Retire(t.Context())
			close(done)
		}()
		time.Sleep(leaveQuiet / 3)
		select {
		case <-done:
			t.Fatal("it has left already")
		default:
		}
		if got := p.hears(); strings.Contains(got, "end") {
			t.Errorf("the ASP that is there hears %q", got)
		}
		to := sctp.Addr{IPs: []netip.Addr{netip.MustParseAddr("10.0.0.1")}, Port: 2905}
		_, err := far(t, net, 2905, "10.0.0.201").Dial(t.Context(), to, sctp.Params{})
		if err == nil {
			t.Error("another ASP is let in")
		}
		<-done
	})
}
