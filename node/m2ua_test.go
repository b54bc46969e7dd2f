package node

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/ss7"
)

// The chain of these tests: a station 4.4.4 behind an STP 2.2.2, whose links to 3.3.3
// end in a gateway; 3.3.3 is at one or two ASPs of it.
const (
	chainSTP = `hostname STP
cs7 network-indicator international
cs7 point-code 2.2.2
cs7 local-peer 1024
 local-ip 10.2.0.1
cs7 local-peer 1025
 local-ip 10.2.1.1
cs7 local-peer 1026
 local-ip 10.2.2.1
cs7 linkset MGC 3.3.3
 link 0 sctp 10.5.1.1 1025 1025
 link 1 sctp 10.5.2.1 1026 1026
cs7 linkset STATION 4.4.4
 link 0 sctp 10.2.0.9 1024 1024 passive
cs7 route-table system
 update route 5.5.5/14 linkset MGC
`
	chainSG = `hostname SG
cs7 local-peer 1025
 local-ip 10.5.1.1
cs7 local-peer 1026
 local-ip 10.5.2.1
cs7 m2ua 2904
 local-ip 10.5.0.1
cs7 asp MGC1 2904 2904 m2ua
 remote-ip 10.3.1.1
cs7 asp MGC2 2904 2904 m2ua
 remote-ip 10.3.2.1
cs7 as EXCH m2ua
 asp MGC1
 asp MGC2
 traffic-mode override
 interface-identifier 1 sctp 10.2.1.1 1025 1025
 interface-identifier 2 sctp 10.2.2.1 1026 1026
`
)

// chainMGC is the ASP at 10.3.N.1.
func chainMGC(n int) string {
	return fmt.Sprintf(`hostname MGC%d
cs7 network-indicator international
cs7 point-code 3.3.3
cs7 m2ua 2904
 local-ip 10.3.%d.1
cs7 local-peer 1024
 local-ip 10.3.%d.2
cs7 asp SG 2904 2904 m2ua
 remote-ip 10.5.0.1
 role asp
 traffic-mode override
cs7 linkset STP 2.2.2
 link 0 m2ua SG 1
  extended-changeover
 link 1 m2ua SG 2
  extended-changeover
cs7 linkset USER 5.5.5
 link 0 sctp 10.3.%d.9 1024 1024 passive
cs7 route-table system
 update route 4.4.4/14 linkset STP
`, n, n, n, n)
}

type chain struct {
	w         *wires
	stp, sg   *box
	mgc       [2]*box  // the second may be nil
	far, near *station // 4.4.4 behind the STP, 5.5.5 behind the first ASP
	other     *station // 5.5.5 once more, behind the second ASP
}

func onChain(t *testing.T, mgcs int, f func(c *chain)) { onChainOf(t, mgcs, "override", f) }

// onChainOf is onChain with another traffic mode.
func onChainOf(t *testing.T, mgcs int, mode string, f func(c *chain)) {
	onChainFrom(t, mgcs, func(config string) string {
		return strings.ReplaceAll(config, "traffic-mode override", "traffic-mode "+mode)
	}, f)
}

// onChainFrom is onChain with configurations of gateway and ASPs as configured has them.
func onChainFrom(t *testing.T, mgcs int, configured func(string) string, f func(c *chain)) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		w := newWires()
		c := &chain{w: w, stp: boxOn(t, w, chainSTP), sg: boxOn(t, w, configured(chainSG))}
		defer c.stp.Close()
		defer c.sg.Close()
		for i := range mgcs {
			c.mgc[i] = boxOn(t, w, configured(chainMGC(i+1)))
			defer c.mgc[i].Close()
		}
		defer func() {
			cancel()
			c.far.group.Wait()
			c.near.group.Wait()
			if c.other != nil {
				c.other.group.Wait()
			}
		}()
		time.Sleep(100 * time.Millisecond)
		c.far = newStation(ctx, t, w, "10.2.0.9", "10.2.0.1", itu("4.4.4"), itu("2.2.2"))
		c.near = newStation(ctx, t, w, "10.3.1.9", "10.3.1.2", itu("5.5.5"), itu("3.3.3"))
		if mgcs > 1 {
			c.other = newStation(ctx, t, w, "10.3.2.9", "10.3.2.2", itu("5.5.5"), itu("3.3.3"))
		}
		time.Sleep(20 * time.Second)
		f(c)
		if t.Failed() {
			for _, b := range []*box{c.stp, c.sg, c.mgc[0], c.mgc[1]} {
				if b != nil {
					t.Log(b.run("show logging"), b.run("show cs7 mtp3 statistics"), b.run("show cs7 m2ua statistics"))
				}
			}
		}
	})
}

// take gives what has come and forgets it.
func (s *station) take() []received {
	s.mu.Lock()
	defer s.mu.Unlock()
	got := s.got
	s.got = nil
	return got
}

// both streams n messages each way, 1,000 a second, while f happens, and gives what is
// missing, doubled or misordered at each end.
func (c *chain) both(n int, f func()) (toFar, toNear [3]int) {
	done := make(chan bool, 2)
	c.far.take()
	c.near.take()
	for _, x := range [][2]*station{{c.far, c.near}, {c.near, c.far}} {
		go func() { x[0].stream(x[1].pc, n, time.Millisecond); done <- true }()
	}
	f()
	<-done
	<-done
	time.Sleep(5 * time.Second)
	toFar[0], toFar[1], toFar[2] = c.far.judge(c.near.pc, n)
	toNear[0], toNear[1], toNear[2] = c.near.judge(c.far.pc, n)
	return toFar, toNear
}

// clean is both, with nothing missing, doubled or misordered.
func (c *chain) clean(t *testing.T, n int, f func()) {
	t.Helper()
	if far, near := c.both(n, f); far != [3]int{} || near != [3]int{} {
		t.Errorf("lost, duplicated, misordered of %d: %v towards the STP, %v towards the ASP", n, far, near)
	}
}

// A ping crosses M2PA, the gateway and M2UA, and its answer comes back; so does traffic.
func TestM2UAPingAndTraffic(t *testing.T) {
	t.Parallel()
	onChain(t, 1, func(c *chain) {
		c.mgc[0].want("show cs7 linkset STP", "avail/links=2/2", "m2ua SG 1", "InService")
		c.stp.want("show cs7 linkset MGC", "avail/links=2/2")
		c.stp.want("ping cs7 3.3.3 count 10", "100% successful packets(10/10)")
		c.mgc[0].want("ping cs7 2.2.2 count 10", "100% successful packets(10/10)")
		c.clean(t, 4000, func() {})
		for _, b := range []*box{c.mgc[0], c.sg} { // with the pings and the tests of links
			b.want("show cs7 m2ua statistics", "\n  Data in 40", ", out 40")
			b.want("show logging", "%CS7M2UA-5-ASPSTATE: ")
		}
	})
}

// Levels of congestion that the network gets while a link is in service are told from then on: without them an ASP is
// told the highest alone (RFC 3331 §3.3.1.8).
func TestM2UALevelsAtThePrompt(t *testing.T) {
	t.Parallel()
	onChain(t, 1, func(c *chain) {
		told := func(level uint32) uint32 {
			for _, i := range *c.sg.m2ua.interfaces.Load() {
				i.link.Mu.Lock()
				i.link.Raise(&ss7.Event{Kind: ss7.Congestion, Arg: level})
				i.link.Mu.Unlock()
			}
			time.Sleep(time.Second)
			return c.mgc[0].M2UA().Links[0].Level
		}
		if level := told(1); level != 3 {
			t.Errorf("without levels the ASP is told level %d", level)
		}
		told(0)
		c.sg.run("configure terminal", "cs7 national-options multiple-congestion", "end")
		if level := told(1); level != 1 {
			t.Errorf("with levels the ASP is told level %d", level)
		}
	})
}

// RFC 3331 §3.3.1.1: Data "MUST NOT exceed the length of a MTP2-User application message". M2PA may bring longer ones,
// up to what the length field of a parameter cannot count.
func TestM2UAClause3311TooLong(t *testing.T) {
	t.Parallel()
	onChain(t, 1, func(c *chain) {
		for _, octets := range []int{4096, 4097, 1<<16 + 8} {
			c.far.send(ss7.MSU{DPC: c.near.pc, SI: ss7.SCCP, Payload: make([]byte, octets)})
		}
		time.Sleep(time.Second)
		if got := c.near.take(); len(got) != 1 || got[0].payloadLength != 4096 {
			t.Errorf("behind the ASP arrive %v", got)
		}
		if long := c.sg.discards.by[mtp3.TooLong].Load(); long != 2 {
			t.Errorf("%d of 2 are discarded as too long", long)
		}
		if a := c.mgc[0].M2UA().ASPs[0]; len(a.Counters.DataRefused)+len(a.Counters.Malformed) > 0 {
			t.Errorf("the ASP refuses %v, %v", a.Counters.DataRefused, a.Counters.Malformed)
		}
		for _, l := range c.mgc[0].M2UA().Links {
			if len(l.Counters.Refused) > 0 {
				t.Errorf("%s refuses %v", l.Name, l.Counters.Refused)
			}
		}
	})
}

// Q.704 §5 over RFC 3331 §5.3.6: of the two links one fails under traffic between the STP
// and the gateway. The ASP changes over and gets back from the gateway what the STP has
// not accepted; the numbers are those of M2PA, so XCO and XCA carry them.
func TestM2UAChangeover(t *testing.T) {
	t.Parallel()
	onChain(t, 1, func(c *chain) {
		c.clean(t, 20000, func() {
			time.Sleep(time.Second)
			c.w.setCut("10.2.1.1", true)
			time.Sleep(5 * time.Second)
			c.mgc[0].want("show cs7 linkset STP", "avail/links=1/2")
			c.stp.want("show cs7 linkset MGC", "avail/links=1/2")
			c.w.setCut("10.2.1.1", false)
			time.Sleep(13 * time.Second)
			c.mgc[0].want("show cs7 linkset STP", "avail/links=2/2")
		})
		c.mgc[0].want("show cs7 m2ua statistics", "Retrieval Confirm in 2", "Retrieval Complete Indication in 1")
	})
}

// standbyGets streams n messages to 5.5.5, wherever it is, while f happens, and gives
// what is missing, doubled or misordered behind the two ASPs together.
func (c *chain) standbyGets(n int, f func()) (bad [3]int) {
	done := make(chan bool)
	c.near.take()
	c.other.take()
	go func() { c.far.stream(c.near.pc, n, time.Millisecond); done <- true }()
	f()
	<-done
	time.Sleep(5 * time.Second)
	all := append(c.near.take(), c.other.take()...)
	slices.SortStableFunc(all, func(a, b received) int { return a.at.Compare(b.at) })
	c.near.mu.Lock()
	c.near.got = all
	c.near.mu.Unlock()
	bad[0], bad[1], bad[2] = c.near.judge(c.far.pc, n)
	return bad
}

var unavailable = regexp.MustCompile(`Link . of linkset MGC is unavailable`)

// Of two ASPs of one point code the second came last, and so it overrides; the first
// stands by. When the second goes, the links stay in service at the STP, and what comes
// meanwhile waits at the gateway.
func TestM2UAFailover(t *testing.T) {
	t.Parallel()
	for _, how := range []struct {
		name string
		most int // lost: what the gateway had sent and the ASP not read when it went
		do   func(b *box)
	}{
		{"blocked", 0, func(b *box) { b.gateway("block") }},
		{"shut down", 20, func(b *box) { b.gateway("shutdown") }},
		{"aborted", 20, func(b *box) { b.pull() }},
	} {
		t.Run(how.name, func(t *testing.T) {
			onChain(t, 2, func(c *chain) {
				active, standby := c.mgc[1], c.mgc[0]
				if !strings.Contains(active.run("show cs7 m2ua"), "link 0 of linkset STP: interface 1 of gateway SG: InService") {
					active, standby = standby, active
				}
				standby.want("show cs7 linkset STP", "an alternate ASP is active")
				c.sg.want("show cs7 m2ua", "inactive, an alternate ASP is active")
				if bad := c.standbyGets(6000, func() {
					time.Sleep(2 * time.Second)
					how.do(active)
				}); bad[0] > how.most || bad[1]+bad[2] > 0 {
					t.Errorf("lost, duplicated, misordered: %v", bad)
				}
				c.stp.want("show cs7 linkset MGC", "avail/links=2/2")
				if log := c.stp.run("show logging"); unavailable.MatchString(log) {
					t.Error("a link went down:\n" + log)
				}
			})
		})
	}
}

// With no ASP left the links are in processor outage at the STP, after T(r); the ASP that
// comes finds them aligned.
func TestM2UANoASP(t *testing.T) {
	t.Parallel()
	onChain(t, 1, func(c *chain) {
		c.mgc[0].run("configure terminal", "cs7 asp SG 2904 2904 m2ua", "block", "end")
		time.Sleep(10 * time.Second)
		c.stp.want("show cs7 linkset MGC", "avail/links=0/2", "ProcessorOutage")
		c.sg.want("show cs7 m2ua", "processor outage here: no ASP is active for the interface")
		c.mgc[0].run("configure terminal", "cs7 asp SG 2904 2904 m2ua", "no block", "end")
		time.Sleep(20 * time.Second)
		c.stp.want("show cs7 linkset MGC", "avail/links=2/2")
		c.mgc[0].want("show cs7 linkset STP", "avail/links=2/2")
		c.clean(t, 1000, func() {})
	})
}
