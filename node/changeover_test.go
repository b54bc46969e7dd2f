package node

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gostp/gostp/ss7"
)

func itu(s string) ss7.PC { return code(ss7.ITU, s) }

func code(v *ss7.Variant, s string) ss7.PC {
	p, err := v.Notation.Parse(s)
	if err != nil {
		panic(err)
	}
	return p
}

// pairConfig is an STP of a pair: 1.1.1 and 2.2.2, joined by two links, with a
// station each (3.3.3 behind the first, 4.4.4 behind the second).
func pairConfig(v *ss7.Variant, me, other int) string {
	pcs, stations := []string{"", "1.1.1", "2.2.2"}, []string{"", "3.3.3", "4.4.4"}
	return fmt.Sprintf(`hostname S%d
cs7 variant %s
cs7 network-indicator international
cs7 point-code %s
cs7 local-peer 1024
 local-ip 10.%d.0.1
cs7 local-peer 1025
 local-ip 10.%d.1.1
cs7 local-peer 1026
 local-ip 10.%d.2.1
cs7 linkset PAIR %s
 link 0 sctp 10.%d.1.1 1025 1025
 link 1 sctp 10.%d.2.1 1026 1026
cs7 linkset STATION %s
 link 0 sctp 10.%d.0.9 1024 1024 passive
cs7 route-table system
 update route %s/%d linkset PAIR
`, me, v.Name, pcs[me], me, me, me, pcs[other], other, other, stations[me], me, stations[other], v.Bits())
}

type pair struct {
	w      *wires
	a, b   *box
	s1, s2 *station
}

func onPair(t *testing.T, f func(p *pair)) { onPairOf(t, ss7.ITU, f) }

func onPairOf(t *testing.T, v *ss7.Variant, f func(p *pair)) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		w := newWires()
		p := &pair{w: w, a: boxOn(t, w, pairConfig(v, 1, 2)), b: boxOn(t, w, pairConfig(v, 2, 1))}
		defer p.a.Close()
		defer p.b.Close()
		defer func() {
			cancel()
			p.s1.group.Wait()
			p.s2.group.Wait()
		}()
		time.Sleep(100 * time.Millisecond)
		p.s1 = newStationOf(ctx, t, w, v, "10.1.0.9", "10.1.0.1", code(v, "3.3.3"), code(v, "1.1.1"))
		p.s2 = newStationOf(ctx, t, w, v, "10.2.0.9", "10.2.0.1", code(v, "4.4.4"), code(v, "2.2.2"))
		time.Sleep(20 * time.Second)
		f(p)
	})
}

// both streams n messages each way, 1,000 a second, while f happens.
func (p *pair) both(t *testing.T, n int, f func()) {
	t.Helper()
	done := make(chan bool, 2)
	p.s1.got, p.s2.got = nil, nil
	go func() { p.s1.stream(p.s2.pc, n, time.Millisecond); done <- true }()
	go func() { p.s2.stream(p.s1.pc, n, time.Millisecond); done <- true }()
	f()
	<-done
	<-done
	time.Sleep(5 * time.Second)
	for _, x := range []struct{ from, to *station }{{p.s1, p.s2}, {p.s2, p.s1}} {
		if lost, dup, mis := x.to.judge(x.from.pc, n); lost+dup+mis > 0 {
			t.Errorf("from %d to %d: %d lost, %d duplicated, %d misordered of %d", x.from.pc, x.to.pc, lost, dup, mis, n)
		}
		t.Logf("from %d to %d: longest gap %v", x.from.pc, x.to.pc, x.to.longestGap())
	}
	if t.Failed() {
		t.Log(p.a.run("show logging"), p.a.run("show cs7 mtp3 statistics"), p.a.run("show cs7 m2pa statistics"))
		t.Log(p.b.run("show logging"), p.b.run("show cs7 mtp3 statistics"), p.b.run("show cs7 m2pa statistics"))
	}
}

func TestTrafficWithoutFaults(t *testing.T) {
	t.Parallel()
	onPair(t, func(p *pair) { p.both(t, 2000, func() {}) })
}

// Q.704 §5, RFC 4165 §4.2.3: a link of two is cut without a word, both ends find out,
// changeover retrieves what was on its way; the link returns, changeback moves its
// share back. Nothing is lost, doubled or overtaken.
func TestChangeoverAndChangeback(t *testing.T) {
	t.Parallel()
	onPair(t, func(p *pair) {
		p.both(t, 20000, func() {
			time.Sleep(time.Second)
			p.w.setCut("10.1.1.1", true)
			time.Sleep(5 * time.Second)
			p.a.want("show cs7 linkset PAIR", "avail/links=1/2")
			p.w.setCut("10.1.1.1", false)
			time.Sleep(13 * time.Second)
			p.a.want("show cs7 linkset PAIR", "avail/links=2/2")
		})
	})
}

// The association is aborted under traffic: what SCTP had not delivered is retrieved.
func TestChangeoverOnAbort(t *testing.T) {
	t.Parallel()
	for _, far := range []bool{false, true} {
		onPair(t, func(p *pair) {
			p.both(t, 6000, func() {
				time.Sleep(time.Second)
				n := p.a
				if far {
					n = p.b
				}
				l := n.links[linkKey{"PAIR", 0}]
				l.Mu.Lock()
				a := l.Assoc
				l.Mu.Unlock()
				a.Abort("pulled by the test")
				time.Sleep(15 * time.Second)
				p.a.want("show cs7 linkset PAIR", "avail/links=2/2")
			})
		})
	}
}

// A link that is shut down by configuration hands its traffic over as one that fails.
func TestChangeoverOnShutdown(t *testing.T) {
	t.Parallel()
	onPair(t, func(p *pair) {
		p.both(t, 15000, func() {
			time.Sleep(time.Second)
			p.a.run("configure terminal", "cs7 linkset PAIR", "link 0 sctp 10.2.1.1 1025 1025", "shutdown")
			time.Sleep(2 * time.Second)
			p.a.run("no shutdown", "end")
			time.Sleep(10 * time.Second)
			p.a.want("show cs7 linkset PAIR", "avail/links=2/2")
		})
	})
}

// Q.704 §10 by hand: a link is taken from traffic and given back, and nobody notices.
func TestInhibitAtThePrompt(t *testing.T) {
	t.Parallel()
	onPair(t, func(p *pair) {
		p.both(t, 12000, func() {
			p.a.want("cs7 inhibit PAIR 0", "The far end is asked")
			time.Sleep(2 * time.Second)
			p.a.want("show cs7 linkset PAIR", "avail/links=1/2", "UNAVAIL   InService         LOC",
				"reason: inhibited from this end")
			p.b.want("show cs7 linkset PAIR", "avail/links=1/2", "UNAVAIL   InService         REM",
				"reason: inhibited from the far end")
			p.a.want("cs7 inhibit PAIR 1", "% link 1 of linkset PAIR cannot be inhibited: 2.2.2/14 would become inaccessible")
			p.a.want("cs7 uninhibit PAIR 1", "% link 1 of linkset PAIR is not inhibited here")
			p.a.want("cs7 uninhibit PAIR 0", "The far end is asked")
			time.Sleep(2 * time.Second)
			p.a.want("show cs7 linkset PAIR", "avail/links=2/2")
			p.a.want("show cs7 mtp3 event-history", "LIN to 2.2.2 by link 1 of linkset PAIR for link 0", "LUA from 2.2.2",
				"CBD to 2.2.2")
			p.a.want("show cs7 mtp3 errors", "  LIN  in 0          out 1", "  CBA  in ")
			p.a.want("show cs7 mtp3 timers", "T01           800       800  delay to keep the sequence at changeover")
			p.a.run("configure terminal", "cs7 mtp3 timer t01 1000", "end")
			p.a.want("show cs7 mtp3 timers", "T01          1000       800")
			p.a.want("show running-config", "cs7 mtp3 timer t01 1000")
		})
	})
}
