package mtp3

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gostp/gostp/ss7"
)

// queue is a new congestion level of the link at path p.
func (s *star) queue(p ss7.PathID, level uint32) []ss7.Action {
	return s.Do(s.now, ss7.Event{Kind: ss7.Congestion, Path: p, Arg: level, Why: "for the test"}, nil)
}

// over is an MSU that goes over congested path 1.
func (s *star) over(opc, dpc string, level uint32) []ss7.Action {
	return s.Do(s.now, ss7.Event{Kind: ss7.Congestion, Path: 1, Arg: level,
		MSU: ss7.MSU{DPC: pc(dpc), OPC: pc(opc), SI: ss7.SCCP}}, nil)
}

// statuses picks what users are told of congestion: for whom, of what, which level.
func statuses(out []ss7.Action) (lines []string) {
	for _, a := range out {
		if e := a.Event; a.Op == ss7.Raise && e.Kind == ss7.Status {
			by := ""
			if e.Of != 0 {
				by = fmt.Sprintf(", as %d says", e.Of)
			}
			f := ss7.ITU.Notation
			line := fmt.Sprintf("%s at %d%s: %s %d", f.Format(e.MSU.OPC), e.Path, by, f.FormatRange(e.Dest), e.Arg)
			lines = append(lines, line)
		}
	}
	return lines
}

func (s *star) wantStatus(what string, out []ss7.Action, want ...string) {
	s.t.Helper()
	if got := statuses(out); !slices.Equal(got, want) {
		s.t.Fatalf("%s: users are told %q, want %q", what, got, want)
	}
}

// tfcs picks the levels of the TFCs that went out.
func tfcs(out []ss7.Action) (levels []uint8) {
	for _, a := range out {
		if m, err := ParseManagement(ss7.ITU, a.Event.MSU.Payload); a.Event.Kind == ss7.Transfer && err == nil &&
			m.Heading == TFC {
			levels = append(levels, m.Level)
		}
	}
	return levels
}

// §11.2.3, §13.6: origins of what goes over a congested link are told, with a level
// where the network has any; a change of level is told to people.
func TestCongestion(t *testing.T) {
	s := newStar(t)
	s.want("onset", s.queue(1, 1), "Link 0 of linkset B is congested, level 1: for the test")
	s.want("worse", s.queue(1, 2), "Link 0 of linkset B is congested, level 2: for the test")
	s.want("the same", s.queue(1, 2))
	s.want("better", s.queue(1, 1), "Link 0 of linkset B is congested, level 1, falling: for the test")
	s.wantSent("an MSU from D", s.over("6.6.6", "7.7.1", 1), "3 TFC 7.7.1")
	s.wantSent("one from nowhere", s.over("2.2.2", "7.7.1", 1))
	s.wantSent("one from over the congested link", s.over("4.5.6", "7.7.1", 1))
	out := s.over("1.2.3", "7.7.1", 1)
	s.wantSent("one from here", out)
	s.wantStatus("one from here", out, "1.2.3 at 0: 7.7.1/14 1")
	if got := tfcs(s.over("6.6.6", "7.7.1", 1)); !slices.Equal(got, []uint8{0}) {
		t.Errorf("levels in an international network: %v", got)
	}
	if level, why := s.Congestion(dest("7.7.1/14")); level != 1 || why != "link 0 of linkset B: for the test" {
		t.Errorf("the way to 7.7.1: level %d, %s", level, why)
	}
	if level, _ := s.Congestion(dest("6.6.6/14")); level != 0 {
		t.Errorf("the way to 6.6.6: level %d", level)
	}
	s.cfg.Levels = true
	if got := tfcs(s.over("6.6.6", "7.7.1", 2)); !slices.Equal(got, []uint8{2}) {
		t.Errorf("levels in a national network: %v", got)
	}
	s.want("abatement", s.queue(1, 0), "Link 0 of linkset B is no longer congested: for the test")
	s.queue(1, 1)
	if out := s.do(ss7.OutOfService, 1, "cut"); !strings.Contains(fmt.Sprint(out),
		"Link 0 of linkset B is no longer congested: it has failed") {
		t.Errorf("a congested link fails: %v", out)
	}
}

// §11.2.3.1: an international network has no levels and nobody says that it is over.
func TestTFCInternational(t *testing.T) {
	s := newStar(t)
	tfc := func() []ss7.Action { return s.from(1, Management{Heading: TFC, PC: pc("7.7.1")}) }
	out := tfc()
	raised := func(a ss7.Action) bool { return a.Op == ss7.Raise }
	s.want("the first", slices.DeleteFunc(slices.Clone(out), raised),
		"Destination 7.7.1 is congested, level 1: TFC from 4.5.6")
	s.wantStatus("the first", out, "1.2.3 at 0: 7.7.1/14 1")
	s.wantStatus("the next, too soon for users", tfc())
	s.tick(2 * time.Second)
	s.wantStatus("later", tfc(), "1.2.3 at 0: 7.7.1/14 1")
	s.wantStatus("T15 was started anew", s.tick(2*time.Second))
	out = s.tick(500 * time.Millisecond)
	s.wantSent("no test", out)
	s.wantStatus("T15 is over", out, "1.2.3 at 0: 7.7.1/14 0")
	if level, _ := s.Congestion(dest("7.7.1/14")); level != 0 || !s.Deadline().After(s.now) {
		t.Errorf("level %d, next %v", level, s.Deadline())
	}
	s.wantStatus("about nowhere", s.from(3, Management{Heading: TFC, PC: pc("2.2.2")}))
	s.wantStatus("about us", s.from(3, Management{Heading: TFC, PC: pc("1.2.3")}))
	s.wantSent("RCT has done its work", s.from(3, Management{Heading: RCT}))
}

// rcts picks the priorities of the RCTs that went out.
func rcts(out []ss7.Action) (all []string) {
	for _, a := range out {
		if m := a.Event.MSU; a.Event.Kind == ss7.Transfer && m.SI == ss7.SNM && m.Payload[0] == byte(RCT) {
			all = append(all, fmt.Sprintf("%d to %s priority %d", a.Event.Path, ss7.ITU.Notation.Format(m.DPC), m.Prio))
		}
	}
	return all
}

// §13.7, §13.9: while T15 runs the worst counts; the test lowers the level by one each T16
// that no TFC comes; a TFC that answers it sets the level.
func TestRouteSetCongestionTest(t *testing.T) {
	s := newStar(t)
	s.cfg.Levels = true
	tfc := func(level uint8) []ss7.Action {
		return s.from(1, Management{Heading: TFC, PC: pc("7.7.1"), Level: level})
	}
	wantRCT := func(what string, out []ss7.Action, want ...string) {
		t.Helper()
		if got := rcts(out); !slices.Equal(got, want) {
			t.Fatalf("%s: tests %q, want %q", what, got, want)
		}
	}
	s.wantStatus("level 0", tfc(0))
	s.wantStatus("level 2", tfc(2), "1.2.3 at 0: 7.7.1/14 2")
	s.wantStatus("level 3", tfc(3), "1.2.3 at 0: 7.7.1/14 3")
	s.wantStatus("level 1 while T15 runs", tfc(1))
	out := s.tick(2500 * time.Millisecond)
	wantRCT("T15", out, "1 to 7.7.1 priority 2")
	s.wantStatus("T15", out)
	s.wantStatus("TFC answers the test", tfc(2), "1.2.3 at 0: 7.7.1/14 2")
	wantRCT("T16 was stopped", s.tick(1700*time.Millisecond))
	wantRCT("T15 again", s.tick(800*time.Millisecond), "1 to 7.7.1 priority 1")
	out = s.tick(1700 * time.Millisecond)
	s.wantStatus("no answer within T16", out, "1.2.3 at 0: 7.7.1/14 1")
	wantRCT("no answer within T16", out, "1 to 7.7.1 priority 0")
	out = s.tick(1700 * time.Millisecond)
	s.wantStatus("nor the next time", out, "1.2.3 at 0: 7.7.1/14 0")
	wantRCT("it is over", out)
	wantRCT("nothing runs any more", s.tick(time.Minute))
}

// What is behind a server learns by events what points elsewhere learn by messages.
func TestCongestionAtServers(t *testing.T) {
	const as ss7.PathID = 9
	s := newStar(t)
	cfg := s.cfg
	cfg.Servers = []ServerConfig{{Name: "as A", Path: as}}
	cfg.Routes = append(cfg.Routes, RouteConfig{dest("3.3.3/14"), "as A", 1})
	s.Configure(s.now, cfg, nil)
	s.do(ss7.InService, as, "")
	s.queue(1, 2)
	s.wantStatus("a server's MSU", s.over("3.3.3", "7.7.1", 2), "3.3.3 at 9: 7.7.1/14 2")
	s.wantStatus("the link is better", s.queue(1, 1), "3.3.3 at 9: 7.7.1/14 1")
	s.wantStatus("the link fails, C takes over", s.do(ss7.OutOfService, 1, "cut"), "3.3.3 at 9: 7.7.1/14 0")
	toAS := func(m Management) []ss7.Action {
		return s.by(2, "5.5.5", "3.3.3", m)
	}
	s.wantStatus("TFC to a server", toAS(Management{Heading: TFC, PC: pc("7.7.1")}), "3.3.3 at 9: 7.7.1/14 1")
	out := toAS(Management{Heading: UPU, PC: pc("7.7.1"), User: ss7.SCCP, Cause: InaccessibleUser})
	if e := out[len(out)-1].Event; e.Kind != ss7.UserPart || e.Path != as || e.Dest != dest("7.7.1/14") ||
		e.MSU.SI != ss7.SCCP || e.Arg != 2 || e.MSU.OPC != pc("3.3.3") {
		t.Errorf("UPU to a server: %+v", e)
	}
	s.wantSent("TFP to a server", toAS(Management{Heading: TFP, PC: pc("7.7.1")}))
	// And a server that is congested itself.
	status := func(level uint32, of, origin string) []ss7.Action {
		return s.Do(s.now, ss7.Event{Kind: ss7.Status, Path: as, Arg: level, Dest: dest(of), MSU: ss7.MSU{OPC: pc(origin)}},
			nil)
	}
	out = status(1, "3.3.3/14", "6.6.6")
	s.wantSent("SCON", out, "3 TFC 3.3.3")
	s.wantStatus("SCON, for all but those of the AS", out, "0.0.0 at 0, as 9 says: 3.3.3/14 1")
	if level, why := s.Congestion(dest("3.3.3/14")); level != 1 || why != "as A says so" {
		t.Errorf("level %d, %s", level, why)
	}
	s.wantStatus("SCON 0", status(0, "3.3.3/14", "0.0.0"), "0.0.0 at 0, as 9 says: 3.3.3/14 0")
	if level, _ := s.Congestion(dest("3.3.3/14")); level != 0 {
		t.Errorf("level %d after SCON 0", level)
	}
	s.wantSent("a whole range", status(1, "0.0.0/0", "6.6.6"))
}

// Others cannot make us keep without bounds what they say.
func TestCongestionIsBounded(t *testing.T) {
	s := newStar(t, RouteConfig{dest("7.0.0/3"), "B", 1})
	for i := range ss7.PC(overloadsMost + 100) {
		// More codes than the route has: the rest is ignored.
		s.from(1, Management{Heading: TFC, PC: pc("7.0.0") + i%2048})
	}
	if len(s.overloads) != 2048 {
		t.Errorf("%d destinations are congested", len(s.overloads))
	}
	if s.tick(5 * time.Second); len(s.overloads) != 0 {
		t.Errorf("%d destinations are congested still", len(s.overloads))
	}
	s = newStar(t, RouteConfig{dest("0.0.0/0"), "B", 1})
	for i := range ss7.PC(3 * overloadsMost) {
		s.from(1, Management{Heading: TFC, PC: i})
	}
	if len(s.overloads) != overloadsMost {
		t.Errorf("%d destinations are congested", len(s.overloads))
	}
}

// A circle is told once, and that it is over when nothing has gone in it for a while.
func TestCircularRoute(t *testing.T) {
	s := newStar(t)
	hit := func(p ss7.PathID, dpc string, why Reason) []ss7.Action {
		return s.Do(s.now, ss7.Event{Kind: ss7.Unreachable, Path: p, Arg: uint32(why), MSU: ss7.MSU{DPC: pc(dpc)}}, nil)
	}
	s.want("the first", hit(1, "7.7.1", Circular),
		"Circular route to 7.7.1: MSUs come in by linkset B, which is the only way there: the adjacent point 4.5.6 and "+
			"this node send them to each other")
	s.want("the next", hit(1, "7.7.1", Circular))
	s.want("our own", hit(3, "7.7.1", OwnOrigin),
		"Circular route to 7.7.1: MSUs with our own code as their origin come in by linkset D: routes lead them in a "+
			"circle, or another node uses our code")
	s.tick(20 * time.Second)
	hit(1, "7.7.1", Circular)
	s.want("D is quiet", s.tick(10*time.Second),
		"Circular route to 7.7.1 is over: for 30s no MSU has come back by linkset D")
	if c := s.Circles(); len(c) != 1 || c[0].Linkset != "B" || c[0].Dest != pc("7.7.1") {
		t.Errorf("%+v", c)
	}
	s.want("B is quiet", s.tick(20*time.Second),
		"Circular route to 7.7.1 is over: for 30s no MSU has come back by linkset B")
	if len(s.Circles()) != 0 {
		t.Error("a circle is left")
	}
	for i := range ss7.PC(circlesMost + 9) {
		s.Do(s.now, ss7.Event{Kind: ss7.Unreachable, Path: 1, Arg: uint32(OwnOrigin), MSU: ss7.MSU{DPC: i}}, nil)
	}
	if len(s.Circles()) != circlesMost {
		t.Errorf("%d circles are kept", len(s.Circles()))
	}
}

// A neighbour cannot speak for another to which no route leads over it; one that can be
// on the way is believed (§5.4.1).
func TestImpostor(t *testing.T) {
	s := newStar(t, RouteConfig{dest("7.7.1/14"), "B", 1}, RouteConfig{dest("7.7.1/14"), "C", 2},
		RouteConfig{dest("4.0.0/3"), "C", 9})
	from := func(p ss7.PathID, m Management) []ss7.Action {
		return s.Do(s.now, ss7.Event{Kind: ss7.Transfer, Path: p, MSU: ss7.MSU{DPC: pc("1.2.3"), OPC: pc("4.5.6"),
			SI: ss7.SNM, Payload: AppendManagement(nil, ss7.ITU, m)}}, nil)
	}
	for _, m := range []Management{{Heading: XCO, FSN: 1}, {Heading: ECO}, {Heading: TFP, PC: pc("7.7.1")}, {Heading: LIN},
		{Heading: TRA}, {Heading: RST, PC: pc("7.7.1")}} {
		s.want(m.Heading.String()+" of an impostor", from(3, m),
			fmt.Sprintf("%v from 4.5.6 on link 0 of linkset D ignored: no route to that point leads over linkset D, so it "+
				"cannot be who says so", m.Heading))
		s.wantPath("after it", "7.7.1", 1)
	}
	from(2, Management{Heading: TFP, PC: pc("7.7.1")})
	s.wantPath("TFP by a route that leads there", "7.7.1", 2)

	// Its link is down: what it orders about that may come round by anybody, and is answered.
	s.Do(s.now, ss7.Event{Kind: ss7.OutOfService, Path: 1, Why: "cut"}, nil)
	from(3, Management{Heading: XCO, FSN: 1})
	var sent []Management
	for _, a := range s.Do(s.now, ss7.Event{Kind: ss7.BSNT, Path: 1, Arg: 7}, nil) {
		if m := &a.Event.MSU; a.Op == ss7.Raise && m.SI == ss7.SNM && a.Event.Path == 3 {
			x, _ := ParseManagement(ss7.ITU, m.Payload)
			sent = append(sent, x)
		}
	}
	if len(sent) != 1 || sent[0].Heading != XCA || sent[0].FSN != 7 {
		t.Errorf("the order that came round is answered with %v by the way that it came", sent)
	}
}
