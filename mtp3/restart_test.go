package mtp3

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gostp/gostp/routing"
	"github.com/gostp/gostp/ss7"
)

// fresh is the star before its first link.
func fresh(t *testing.T) *star {
	s := &star{&bench{Network: NewNetwork(), t: t, now: time.Unix(0, 0)}}
	cfg := Config{Variant: ss7.ITU, NI: ss7.International, Own: []ss7.PC{pc("1.2.3")}, SLTT1: DefaultSLTT1,
		SLTT2:  time.Hour,
		Routes: []RouteConfig{{dest("7.7.1/14"), "B", 1}, {dest("7.7.1/14"), "C", 2}}}
	for i, x := range []struct{ name, adjacent string }{{"B", "4.5.6"}, {"C", "5.5.5"}, {"D", "6.6.6"}} {
		cfg.Linksets = append(cfg.Linksets, LinksetConfig{Name: x.name, Adjacent: pc(x.adjacent),
			Links: []LinkConfig{{Path: ss7.PathID(i + 1)}}})
	}
	s.Configure(s.now, cfg, nil)
	return s
}

// test passes the link test of path p, without TRA.
func (s *star) test(p ss7.PathID) (out []ss7.Action) {
	out = append(out, s.do(ss7.InService, p, "")...)
	l := s.links[p]
	m := ss7.MSU{DPC: s.cfg.Own[0], OPC: l.set.cfg.Adjacent, SI: ss7.SNT,
		Payload: AppendLinkTest(nil, LinkTest{Ack: true, Pattern: l.pattern})}
	return append(out, s.Do(s.now, ss7.Event{Kind: ss7.Transfer, Path: p, MSU: m}, nil)...)
}

// fail is a link that fails; its changeover is over when T2 is, and T17 as well.
func (s *star) fail(p ss7.PathID) {
	s.do(ss7.OutOfService, p, "cut")
	s.level2(ss7.BSNT, p, 0)
	s.tick(1400 * time.Millisecond)
	s.level2(ss7.RetrievalComplete, p, 0)
}

// §9.2: traffic waits until every neighbour has spoken; then they are told what cannot
// be reached, and TRA.
func TestRestart(t *testing.T) {
	s := fresh(t)
	tra := Management{Heading: TRA}
	s.wantSent("the first link", s.test(1))
	s.wantSent("B says what it cannot reach", s.from(1, Management{Heading: TFP, PC: pc("7.7.1")}))
	s.wantSent("and that it is ready", s.from(1, tra))
	s.wantPath("D is awaited", "4.5.6", 0)
	s.wantSent("a test is not answered (§9.6.3)", s.from(1, Management{Heading: RST, PC: pc("6.6.6")}))
	s.wantSent("nor is what goes nowhere", s.Do(s.now, ss7.Event{Kind: ss7.Unreachable, Path: 1,
		MSU: ss7.MSU{DPC: pc("7.7.1")}}, nil))
	s.test(2)
	s.from(2, tra)
	s.test(3)
	s.wantPath("C's TRA is awaited", "4.5.6", 0)
	s.wantSent("the last TRA", s.from(3, tra), "1 TRA", "2 TFP 7.7.1", "2 TRA", "3 TRA")
	s.wantPath("what B said counts", "7.7.1", 2)
	s.wantPath("B", "4.5.6", 1)
}

// T18 ends it where a neighbour is missing; T20, if that is shorter.
func TestRestartTimers(t *testing.T) {
	for _, timer := range []int{18, 20} {
		s := fresh(t)
		cfg := s.cfg
		cfg.Timers[timer] = 1500 * time.Millisecond
		s.Configure(s.now, cfg, nil)
		s.test(1)
		s.from(1, Management{Heading: TRA})
		s.wantSent("not yet", s.tick(1499*time.Millisecond))
		out := s.tick(time.Millisecond)
		s.wantSent("over", out, "1 TFP 5.5.5", "1 TFP 6.6.6", "1 TFP 7.7.1", "1 TRA")
		if !slices.ContainsFunc(out, func(a ss7.Action) bool { return strings.Contains(a.Event.Why, "Restart is over: T") }) {
			t.Errorf("T%d: %v", timer, out)
		}
		s.wantPath("B", "4.5.6", 1)
	}
}

// §9.4: an isolation shorter than T1 is none; a longer one is. Isolation while the
// restart goes on ends it, and the next link begins another.
func TestRestartAfterIsolation(t *testing.T) {
	for _, c := range []struct {
		down time.Duration
		path int
	}{{700 * time.Millisecond, 1}, {900 * time.Millisecond, 0}} {
		s := newStar(t)
		for p := range ss7.PathID(3) {
			s.fail(p + 1)
		}
		s.own.down = s.now.Add(-c.down)
		s.test(1)
		s.from(1, Management{Heading: TRA})
		s.wantPath("B after "+c.down.String(), "4.5.6", c.path)
	}
	s := fresh(t)
	s.test(1)
	s.do(ss7.OutOfService, 1, "cut")
	if s.own.on {
		t.Error("it goes on without a link")
	}
	s.wantSent("T18 does not run any more", s.tick(3*time.Second))
	s.test(1)
	s.wantSent("the second restart", s.tick(2*time.Second), "1 TFP 5.5.5", "1 TFP 6.6.6", "1 TFP 7.7.1", "1 TRA")
}

// A neighbour whose test has passed there and not yet here is heard.
func TestSaidBeforeTheTestPassedHere(t *testing.T) {
	s := newStar(t)
	s.fail(1)
	s.do(ss7.InService, 1, "")
	s.from(1, Management{Heading: TFP, PC: pc("7.7.1")})
	s.from(1, Management{Heading: TRA})
	l := s.links[1]
	s.Do(s.now, ss7.Event{Kind: ss7.Transfer, Path: 1, MSU: ss7.MSU{DPC: pc("1.2.3"), OPC: pc("4.5.6"), SI: ss7.SNT,
		Payload: AppendLinkTest(nil, LinkTest{Ack: true, Pattern: l.pattern})}}, nil)
	s.tick(time.Second)
	s.wantPath("B is not waited for", "4.5.6", 1)
	s.wantPath("what it said counts", "7.7.1", 2)
}

// §13.4.2: what goes by a worse route for longer than T11 is restricted; it is allowed
// again as soon as the right one is back. A tester hears the same (§13.5.4).
func TestTransferRestricted(t *testing.T) {
	s := newStar(t)
	cfg := s.cfg
	cfg.TFR = true
	s.Configure(s.now, cfg, nil)
	s.from(1, Management{Heading: TFP, PC: pc("7.7.1")})
	s.wantSent("not yet", s.tick(44*time.Second))
	s.tick(time.Second) // T10
	s.wantSent("T11", s.tick(15*time.Second), "1 TFR 7.7.1", "3 TFR 7.7.1")
	s.wantSent("a tester that thinks so", s.from(3, Management{Heading: RSR, PC: pc("7.7.1")}))
	s.wantSent("one that does not", s.from(3, Management{Heading: RST, PC: pc("7.7.1")}), "3 TFR 7.7.1")
	s.from(1, Management{Heading: TFA, PC: pc("7.7.1")})
	s.tick(time.Second)
	for _, d := range s.dests {
		if d.restricted {
			t.Errorf("restricted: %v", d.Range)
		}
	}
	s.wantSent("allowed again", s.from(3, Management{Heading: RSR, PC: pc("7.7.1")}), "3 TFA 7.7.1")
}

// Transfer restricted is switched off while T11 runs: nobody hears of a restricted destination.
func TestTransferRestrictedIsSwitchedOff(t *testing.T) {
	s := newStar(t)
	cfg := s.cfg
	cfg.TFR = true
	s.Configure(s.now, cfg, nil)
	s.from(1, Management{Heading: TFP, PC: pc("7.7.1")})
	s.tick(45 * time.Second)
	cfg.TFR = false
	s.wantSent("switched off", s.Configure(s.now, cfg, nil))
	s.wantSent("T11 would be over", s.tick(15*time.Second))
	s.wantSent("a tester", s.from(3, Management{Heading: RSR, PC: pc("7.7.1")}), "3 TFA 7.7.1")
}

// A node that is about to stop has its neighbours send another way, and passes on what is
// under way.
func TestLeave(t *testing.T) {
	s := newStar(t)
	// B had TFP 7.7.1 before, as the way there
	s.wantSent("would rather leave", s.Leave(s.now, routing.Restricted, nil), "1 TFR 5.5.5", "1 TFR 6.6.6",
		"2 TFR 4.5.6", "2 TFR 6.6.6", "2 TFR 7.7.1", "3 TFR 4.5.6", "3 TFR 5.5.5", "3 TFR 7.7.1")
	s.wantSent("leaves", s.Leave(s.now, routing.Prohibited, nil), "1 TFP 5.5.5", "1 TFP 6.6.6",
		"2 TFP 4.5.6", "2 TFP 6.6.6", "2 TFP 7.7.1", "3 TFP 4.5.6", "3 TFP 5.5.5", "3 TFP 7.7.1")
	s.wantPath("what still comes", "7.7.1", 1)
	s.wantSent("a test finds it so", s.from(2, Management{Heading: RST, PC: pc("7.7.1")}))
	s.wantSent("stays after all", s.Leave(s.now, routing.Allowed, nil), "1 TFA 5.5.5", "1 TFA 6.6.6",
		"2 TFA 4.5.6", "2 TFA 6.6.6", "2 TFA 7.7.1", "3 TFA 4.5.6", "3 TFA 5.5.5", "3 TFA 7.7.1")
}

// What went another way because of what was said of a route does not wait for the
// changeover when the links there fail too.
func TestProhibitedDoesNotWait(t *testing.T) {
	s := newStar(t)
	s.from(1, Management{Heading: TFP, PC: pc("7.7.1")})
	s.wantPath("prohibited over B", "7.7.1", 2)
	s.do(ss7.OutOfService, 1, "cut")
	s.wantPath("B's link has failed", "7.7.1", 2)
	s.level2(ss7.BSNT, 1, 0)
	s.wantPath("the order is under way", "7.7.1", 2)
	s.tick(1400 * time.Millisecond)
	s.level2(ss7.RetrievalComplete, 1, 0)
	s.wantPath("changeover is over", "7.7.1", 2)
	s.up(1)
	s.tick(time.Second) // changeback
	s.wantPath("it is there again and has said nothing", "7.7.1", 1)
}

// A configuration line that is typed in between does not make this node forget what a neighbour
// said before its link has passed the test here.
func TestConfigureKeepsWhatWasSaidEarly(t *testing.T) {
	s := newStar(t)
	s.fail(1)
	s.do(ss7.InService, 1, "")
	s.from(1, Management{Heading: TFP, PC: pc("7.7.1")})
	s.from(1, Management{Heading: TRA})
	s.Configure(s.now, s.cfg, nil)
	s.test(1)
	s.wantPath("B is not waited for", "4.5.6", 1)
	s.wantPath("what it said counts", "7.7.1", 2)
}

// A neighbour that was told of a code of a server hears of it again when that code has got a route
// and its state is another.
func TestToldOfACodeThatMovesToARoute(t *testing.T) {
	s := newStar(t)
	cfg := s.cfg
	cfg.Servers = []ServerConfig{{Name: "AS", Path: 9, Points: []ss7.PC{pc("3.3.3")}}}
	s.wantSent("nobody has it", s.Configure(s.now, cfg, nil), "1 TFP 3.3.3", "2 TFP 3.3.3", "3 TFP 3.3.3")
	cfg.Servers = nil
	cfg.Routes = append(cfg.Routes, RouteConfig{dest("3.3.3/14"), "B", 5})
	s.wantSent("it is behind B", s.Configure(s.now, cfg, nil), "2 TFA 3.3.3", "3 TFA 3.3.3")
}
