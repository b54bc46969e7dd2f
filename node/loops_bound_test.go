package node

import (
	"testing"
	"time"

	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/tester"
)

// What goes round with several SLS values is discarded for each of them, as each is proven, and
// not for the first alone.
func TestEndlessCircleOfEverySLS(t *testing.T) {
	t.Parallel()
	onRing(t, summaryRing, func(_ *wires, nodes [3]*box, s *station) {
		a := nodes[0]
		a.run("configure terminal", "cs7 loop-protection drop", "end")
		for sls := range uint8(8) {
			s.send(ss7.MSU{DPC: itu("5.1.1"), SLS: sls, SI: ss7.SCCP, Payload: []byte("round and round")})
		}
		time.Sleep(100 * time.Millisecond)
		if n := a.carried(); n < 10 {
			t.Fatalf("%d messages were passed on: nothing goes round, the test shows nothing", n)
		}
		time.Sleep(2 * time.Minute)
		if n := a.discards.by[mtp3.Looping].Load(); n != 8 {
			t.Errorf("%d discarded, of eight messages", n)
		}
		if n := a.circling(); n > 5 {
			t.Errorf("%d messages a second still go round", n)
		}
	})
}

// Forged probes that claim to be of this node do not pile up before the core.
func TestForgedProbesAreBounded(t *testing.T) {
	t.Parallel()
	onRing(t, summaryRing, func(_ *wires, nodes [3]*box, _ *station) {
		a := nodes[0]
		free, held := make(chan struct{}), make(chan struct{})
		go a.core.ask(func() { close(held); <-free })
		<-held
		v := a.view.Load()
		forged := &ss7.MSU{DPC: itu("5.1.1"), SI: ss7.MTPT, Payload: tester.AppendProbe(nil, 7, *a.Config().PC)}
		for range 1000 {
			if !a.probeBack(v, forged, 1) {
				t.Fatal("not taken for a probe")
			}
		}
		a.core.mu.Lock()
		n := len(a.core.queue)
		a.core.mu.Unlock()
		close(free)
		if n == 0 || n > probesMost+10 {
			t.Errorf("%d wait for the core", n)
		}
		time.Sleep(time.Second)
		if n := a.core.mtpt.probesBack.Load(); n != 0 {
			t.Errorf("%d are said to wait", n)
		}
	})
}
