package mtp3

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gostp/gostp/ss7"
)

// behind is a star that has servers too: "as SG" (path 8), a way to a gateway, with routes
// to 7.7.1 (better than B and C), to the summary 6.0.0/3 and to 5.1.1 and 5.1.2, and
// "as K" (path 9), which has 3.3.3 by a key.
func behind(t *testing.T) *star {
	s := newStar(t)
	cfg := s.cfg
	cfg.Routes = []RouteConfig{{dest("7.7.1/14"), "as SG", 1}, {dest("7.7.1/14"), "B", 2}, {dest("6.0.0/3"), "as SG", 1},
		{dest("5.1.1/14"), "as SG", 1}, {dest("5.1.2/14"), "as SG", 1}}
	cfg.Servers = []ServerConfig{{Name: "as SG", Path: 8}, {Name: "as K", Path: 9, Points: []ss7.PC{pc("3.3.3")}}}
	s.Configure(s.now, cfg, nil)
	s.do(ss7.InService, 8, "")
	return s
}

func (s *star) says(k ss7.Kind, of string) []ss7.Action {
	return s.Do(s.now, ss7.Event{Kind: k, Path: 8, Dest: dest(of), Why: "it says so"}, nil)
}

// audits picks what a gateway is asked.
func audits(out []ss7.Action) (lines []string) {
	for _, a := range out {
		if a.Op == ss7.Raise && a.Event.Kind == ss7.Audit {
			lines = append(lines, fmt.Sprintf("%d %s", a.Event.Path, ss7.ITU.Notation.FormatRange(a.Event.Dest)))
		}
	}
	slices.Sort(lines)
	return lines
}

// Thousands of destinations that a gateway said to be unavailable are asked about in bursts
// as their T10 ends together, and each is.
func TestAuditsOfThousandsAreSpread(t *testing.T) {
	s := newStar(t)
	cfg := s.cfg
	const many = 1000
	for i := range many {
		cfg.Routes = append(cfg.Routes, RouteConfig{ss7.Range{PC: ss7.PC(0x1000 + i), Len: 14}, "as SG", 1})
	}
	cfg.Servers = []ServerConfig{{Name: "as SG", Path: 8}}
	s.Configure(s.now, cfg, nil)
	s.settleAll(s.do(ss7.InService, 8, ""))
	for i := range many {
		dest := ss7.Range{PC: ss7.PC(0x1000 + i), Len: 14}
		s.Do(s.now, ss7.Event{Kind: ss7.Pause, Path: 8, Dest: dest, Why: "it says so"}, nil)
	}
	asked, most := map[string]bool{}, 0
	for range 3000 {
		lines := audits(s.tick(tellPace))
		most = max(most, len(lines))
		for _, l := range lines {
			asked[l] = true
		}
	}
	if len(asked) != many || most > auditBurst {
		t.Errorf("%d of %d asked about, %d at once", len(asked), many, most)
	}
}

// DUNA, DAVA and DRST move routes, and neighbours hear of it as of TFP, TFA and TFR.
func TestAdviceOfGateways(t *testing.T) {
	s := behind(t)
	s.wantPath("at first", "7.7.1", 8)
	s.wantSent("DUNA with another way", s.says(ss7.Pause, "7.7.1/14"), "1 TFP 7.7.1") // preventive: we go over B now
	s.wantPath("after DUNA", "7.7.1", 1)
	s.wantSent("DUNA again", s.says(ss7.Pause, "7.7.1/14"))
	if got := audits(s.tick(45 * time.Second)); !slices.Equal(got, []string{"8 7.7.1/14"}) {
		t.Errorf("T10 asks %q", got)
	}
	s.wantSent("DAVA", s.says(ss7.Resume, "7.7.1/14"), "1 TFA 7.7.1")
	s.wantPath("controlled rerouting", "7.7.1", -1)
	s.tick(800 * time.Millisecond)
	s.wantPath("after T6", "7.7.1", 8)
	if got := audits(s.tick(90 * time.Second)); got != nil {
		t.Errorf("asks on: %q", got)
	}
	s.wantSent("DUNA without another way", s.says(ss7.Pause, "5.1.1/14"), "1 TFP 5.1.1", "2 TFP 5.1.1", "3 TFP 5.1.1")
	s.wantSent("DAVA", s.says(ss7.Resume, "5.1.1/14"), "1 TFA 5.1.1", "2 TFA 5.1.1", "3 TFA 5.1.1")
	s.says(ss7.Restricted, "7.7.1/14")
	if i, _ := s.plan.Find(pc("7.7.1")); s.Table().RouteState(i, 0).String() != "RESTRIC" {
		t.Error("DRST did not restrict the route")
	}
}

// A range concerns all destinations inside it, and a code inside a summary becomes a
// destination of its own.
func TestAdviceOfRanges(t *testing.T) {
	s := behind(t)
	s.wantSent("DUNA with a mask", s.says(ss7.Pause, "5.1.0/11"), "1 TFP 5.1.1", "1 TFP 5.1.2", "2 TFP 5.1.1",
		"2 TFP 5.1.2", "3 TFP 5.1.1", "3 TFP 5.1.2")
	s.wantSent("DAVA for all", s.says(ss7.Resume, "0.0.0/0"), "1 TFA 5.1.1", "1 TFA 5.1.2", "2 TFA 5.1.1", "2 TFA 5.1.2",
		"3 TFA 5.1.1", "3 TFA 5.1.2")
	s.wantPath("in a summary", "6.1.1", 8)
	s.wantSent("DUNA inside a summary", s.says(ss7.Pause, "6.1.1/14"), "1 TFP 6.1.1", "2 TFP 6.1.1", "3 TFP 6.1.1")
	s.wantPath("the code itself", "6.1.1", 0)
	s.wantPath("its neighbour", "6.1.2", 8)
	s.says(ss7.Pause, "6.2.0/11")
	s.wantPath("a range in there", "6.2.7", 0)
	if got := audits(s.tick(45 * time.Second)); len(got) != 9 {
		t.Errorf("T10 asks %q", got)
	}
	s.says(ss7.Resume, "6.0.0/3")
	s.wantPath("the summary is there again", "6.1.1", 8)
	if s.hearsays != 0 || len(s.dynamic) != 0 {
		t.Error("left:", s.hearsays, s.dynamic)
	}
	for of, why := range map[string]string{"6.0.0/4": "more than 256 codes inside the route to 6.0.0/3",
		"4.4.4/14": "no route by as SG leads there"} {
		if out := fmt.Sprint(s.says(ss7.Pause, of)); !strings.Contains(out, why) {
			t.Errorf("DUNA of %s: %s", of, out)
		}
	}
}

// What a gateway said counts no longer when it is gone (RFC 4666 §4.5.1: it says it anew).
func TestAdviceIsForgotten(t *testing.T) {
	s := behind(t)
	s.says(ss7.Pause, "5.1.1/14")
	s.do(ss7.OutOfService, 8, "")
	if out := fmt.Sprint(s.says(ss7.Pause, "5.1.1/14")); !strings.Contains(out, "ignored: as SG is down") {
		t.Error(out)
	}
	s.do(ss7.InService, 8, "")
	s.wantPath("up again", "5.1.1", 8)
	s.says(ss7.Pause, "5.1.1/14")
	cfg := s.cfg
	cfg.Servers = cfg.Servers[1:]
	s.Configure(s.now, cfg, nil)
	if s.hearsays != 0 || audits(s.tick(time.Minute)) != nil {
		t.Error("a server that is gone has left", s.hearsays)
	}
}

// Neighbours hear of a code that a server has by its key alone, and may ask.
func TestServersPointsAreTold(t *testing.T) {
	s := behind(t)
	s.wantSent("RST while it is down", s.from(1, Management{Heading: RST, PC: pc("3.3.3")}))
	s.wantSent("up", s.do(ss7.InService, 9, ""), "1 TFA 3.3.3", "2 TFA 3.3.3", "3 TFA 3.3.3")
	s.wantSent("RST", s.from(1, Management{Heading: RST, PC: pc("3.3.3")}), "1 TFA 3.3.3")
	s.wantSent("down", s.do(ss7.OutOfService, 9, ""), "1 TFP 3.3.3", "2 TFP 3.3.3", "3 TFP 3.3.3")
	s.do(ss7.OutOfService, 2, "cut")
	s.tick(2 * time.Second)
	if got := s.sent(s.up(2)); !slices.Contains(got, "2 TFP 3.3.3") {
		t.Errorf("a neighbour that restarts hears %q", got)
	}
	s.wantSent("another neighbour forgot", s.from(3, Management{Heading: TRA})) // T19 runs
	s.tick(90 * time.Second)
	if got := s.sent(s.from(3, Management{Heading: TRA})); !slices.Contains(got, "3 TFP 3.3.3") {
		t.Errorf("a neighbour that forgot hears %q", got)
	}
}
