package mtp3

import (
	"fmt"
	"slices"
	"testing"

	"github.com/gostp/gostp/ss7"
)

// believers is a star whose 7.7.1 is behind B and C and 6.1.1 behind D, with server A (path 8),
// which has 3.3.3 and some users of 3.3.4, and gateway GW (path 9), behind which 5.0.0/3 is.
func believers(t *testing.T) *star {
	s := newStar(t, RouteConfig{dest("7.7.1/14"), "B", 1}, RouteConfig{dest("7.7.1/14"), "C", 2},
		RouteConfig{dest("6.1.1/14"), "D", 1})
	cfg := s.cfg
	cfg.Servers = []ServerConfig{{Name: "as GW", Path: 9},
		{Name: "as A", Path: 8, Points: []ss7.PC{pc("3.3.4")}, Spans: []ss7.Range{dest("3.4.0/11")}}}
	cfg.Routes = append(cfg.Routes, RouteConfig{dest("3.3.3/14"), "as A", 1},
		RouteConfig{dest("5.0.0/3"), "as GW", 1})
	s.Configure(s.now, cfg, nil)
	s.do(ss7.InService, 8, "")
	s.do(ss7.InService, 9, "")
	return s
}

// What somebody says is believed by the way that leads to whom it names, and to what it is about.
func TestWhoIsBelieved(t *testing.T) {
	s := believers(t)
	for _, c := range []struct {
		name      string
		path      ss7.PathID
		by, about string
		far       bool
		want      Doubt
	}{
		{"B of itself", 1, "4.5.6", "", false, NoDoubt},
		{"B of what is behind it", 1, "4.5.6", "7.7.1", false, NoDoubt},
		{"7.7.1 of itself, by B", 1, "7.7.1", "7.7.1", false, NoDoubt},
		{"7.7.1 of itself, by C, its other way", 2, "7.7.1", "7.7.1", false, NoDoubt},
		{"7.7.1 of itself, by D", 3, "7.7.1", "7.7.1", false, OtherWay},
		{"D of 7.7.1", 3, "6.6.6", "7.7.1", false, NotThere},
		{"B of D", 1, "4.5.6", "6.6.6", false, NotThere},
		{"a point nobody knows, of 7.7.1, by B", 1, "2.2.2", "7.7.1", false, OtherWay},
		{"the same of an STP on the way", 1, "2.2.2", "7.7.1", true, NoDoubt},
		{"the same by D", 3, "2.2.2", "7.7.1", true, NotThere},
		{"an STP that is elsewhere", 1, "6.1.1", "7.7.1", true, OtherWay},
		{"7.7.1 of B, by B", 1, "7.7.1", "4.5.6", false, ThirdParty},
		{"this node's own code", 1, "1.2.3", "7.7.1", false, OwnName},
		{"its own code about itself", 1, "1.2.3", "", true, OwnName},
		{"of this node's code", 1, "4.5.6", "1.2.3", false, NotThere},
		{"an AS of its code", 8, "", "3.3.3", false, NoDoubt},
		{"an AS of a code of which it has some users", 8, "3.3.4", "3.3.4", false, NoDoubt},
		{"an AS in its code's name of another one that it has", 8, "3.3.4", "3.3.3", false, NoDoubt},
		{"an AS of a code in a range of which it has some users", 8, "", "3.4.5", false, NoDoubt},
		{"an AS of another's code", 8, "", "7.7.1", false, NotThere},
		{"an AS in another's name", 8, "7.7.1", "7.7.1", false, OtherWay},
		{"an AS about nobody's code", 8, "", "2.2.2", false, NotThere},
		{"a gateway of what is behind it", 9, "", "5.1.1", false, NoDoubt},
		{"a gateway in the name of what is behind it", 9, "5.1.1", "5.1.1", false, NoDoubt},
		{"a gateway about C, which is adjacent and in that range", 9, "5.1.1", "5.5.5", false, ThirdParty},
		{"a link that is gone", 7, "7.7.1", "7.7.1", false, OtherWay},
		{"this node itself", 0, "1.2.3", "7.7.1", false, NoDoubt},
	} {
		claim := Claim{What: "SSP", Path: c.path, By: Nobody, About: Nobody, Far: c.far}
		if c.by != "" {
			claim.By = pc(c.by)
		}
		if c.about != "" {
			claim.About = pc(c.about)
		}
		if got := s.judge(claim); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
		before := fmt.Sprint(s.Doubted())
		if _, ok := s.Believe(claim, nil); ok != (c.want == NoDoubt) || ok != (before == fmt.Sprint(s.Doubted())) {
			t.Errorf("%s: believed %v, counted %v", c.name, ok, s.Doubted())
		}
	}
}

// A summary that is no backup of a full code leads there no more than its linkset does.
func TestExceptionLeadsNowhere(t *testing.T) {
	s := newStar(t, RouteConfig{dest("7.7.1/14"), "B", 1}, RouteConfig{dest("7.0.0/3"), "D", 1})
	claim := Claim{What: "SSP", Path: 3, By: pc("7.7.1"), About: Nobody}
	if why := s.judge(claim); why != NoDoubt {
		t.Error("a backup is a way:", why)
	}
	cfg := s.cfg
	cfg.Exception = true
	s.Configure(s.now, cfg, nil)
	if why := s.judge(claim); why != OtherWay {
		t.Error("with summary-routing-exception it is none:", why)
	}
}

// What is said of congestion, users and destinations by a way that does not lead there has no
// effect, is told to nobody, and is counted.
func TestNobodySpeaksForOthers(t *testing.T) {
	s := believers(t)
	wants := 0
	nothing := func(what string, out []ss7.Action, text string) {
		t.Helper()
		wants++
		s.want(what, out, text)
		raised := func(a ss7.Action) bool { return a.Op == ss7.Raise }
		if slices.ContainsFunc(out, raised) || len(s.overloads) > 0 {
			t.Errorf("%s: %+v", what, out)
		}
	}
	tfc := Management{Heading: TFC, PC: pc("7.7.1")}
	upu := Management{Heading: UPU, PC: pc("7.7.1"), User: ss7.SCCP, Cause: InaccessibleUser}
	byD := " about 7.7.1 from 6.6.6 on link 0 of linkset D ignored: " +
		"no route to the point that it is about leads over linkset D"
	nothing("TFC", s.by(3, "6.6.6", "1.2.3", tfc), "TFC"+byD)
	nothing("TFC for an AS", s.by(3, "6.6.6", "3.3.3", tfc), "TFC"+byD)
	nothing("UPU", s.by(3, "7.7.1", "1.2.3", upu), "UPU from 7.7.1 on link 0 of linkset D ignored: "+
		"no route to that point leads over linkset D, so it cannot be who says so")
	nothing("UPU for an AS", s.by(3, "6.6.6", "3.3.3", upu), "UPU"+byD)
	says := func(k ss7.Kind, path ss7.PathID, of string) []ss7.Action {
		ev := ss7.Event{Kind: k, Path: path, Arg: 1, Dest: dest(of), MSU: ss7.MSU{SI: ss7.SCCP}, Why: "X of it"}
		return s.Do(s.now, ev, nil)
	}
	byA := " about 7.7.1 by as A ignored: no route to the point that it is about leads over as A"
	nothing("SCON", says(ss7.Status, 8, "7.7.1/14"), "SCON"+byA)
	nothing("DUPU", says(ss7.UserPart, 8, "7.7.1/14"), "DUPU"+byA)
	nothing("DUNA", says(ss7.Pause, 9, "7.7.1/14"), "X of it ignored: no route by as GW leads there")
	var n uint64
	for _, d := range s.Doubted() {
		n += d.N
	}
	if of := s.Stats().SNMIgnored; n != uint64(wants) || of != 4 {
		t.Errorf("%d of %d counted, %d of 4 as network management: %v", n, wants, of, s.Doubted())
	}
	s.wantPath("after all that", "7.7.1", 1)
	s.wantStatus("TFC by the way there", s.by(1, "2.2.2", "1.2.3", tfc), "1.2.3 at 0: 7.7.1/14 1")
	if out := s.by(2, "7.7.1", "1.2.3", upu); out[len(out)-1].Event.Kind != ss7.UserPart {
		t.Errorf("UPU by a way there: %+v", out)
	}
	out := says(ss7.UserPart, 9, "5.1.1/14")
	if e := out[len(out)-1].Event; e.Kind != ss7.UserPart || e.Of != 9 {
		t.Errorf("DUPU of what is behind the gateway: %+v", out)
	}
}
