package mtp3

import (
	"strings"
	"testing"
	"time"

	"github.com/gostp/gostp/ss7"
)

// crowd is a star with many destinations behind D, which is down, and B and C up.
func crowd(t *testing.T, many int) *star {
	var routes []RouteConfig
	for i := range many {
		routes = append(routes, RouteConfig{ss7.Range{PC: ss7.PC(0x1000 + i), Len: 14}, "D", 5})
	}
	s := newStar(t, routes...)
	s.slow = true
	s.settleAll(s.do(ss7.OutOfService, 3, "cut"))
	s.tick(2 * time.Minute)
	return s
}

// told counts what goes to the adjacent point of path p, by heading.
func told(out []ss7.Action, p ss7.PathID) (by map[string]int, drains int) {
	by = map[string]int{}
	for _, a := range out {
		switch {
		case a.Op != ss7.Raise || a.Event.Path != p:
		case a.Event.Kind == ss7.Drain:
			drains++
		case a.Event.Kind == ss7.Transfer && a.Event.MSU.SI == ss7.SNM:
			by[strings.Fields(describe(a.Event.MSU.Payload))[0]]++
		}
	}
	return by, drains
}

// settleAll answers every Drain of paths until nothing is owed, and gives all that went out.
func (s *star) settleAll(out []ss7.Action) (all []ss7.Action) {
	s.t.Helper()
	for range 100_000 {
		all = append(all, out...)
		var next []ss7.Action
		for _, a := range out {
			if a.Op == ss7.Raise && a.Event.Kind == ss7.Drain {
				next = append(next, s.do(ss7.Drained, a.Event.Path, "")...)
			}
		}
		if out = append(next, s.tick(tellPace)...); len(out) == 0 && !s.Owes() {
			return all
		}
	}
	s.t.Fatal("it never ends")
	return nil
}

// Thousands of destinations that go and come are told in bursts, each behind the
// acknowledgement of the one before, and each destination once.
func TestThousandsOfDestinationsAreToldInBursts(t *testing.T) {
	const many = 1000
	s := crowd(t, many)
	out := s.up(3)
	out = append(out, s.tick(0)...)
	by, drains := told(out, 1)
	if by["TFA"] != tellBurst || drains != 1 {
		t.Fatalf("the first burst: %v, %d drains", by, drains)
	}
	if by, _ := told(s.tick(tellPatience-1), 1); by["TFA"] != 0 {
		t.Errorf("before the burst was acknowledged: %v", by)
	}
	more := s.do(ss7.Drained, 1, "")
	more = append(more, s.tick(0)...)
	if by, drains := told(more, 1); by["TFA"] != tellBurst || drains != 1 {
		t.Errorf("behind the acknowledgement: %v, %d drains", by, drains)
	}
	all := s.settleAll(more)
	by, _ = told(all, 1)
	if got := by["TFA"] + tellBurst; got != many+1 { // D itself too
		t.Errorf("%d TFA of %d", got, many+1)
	}
	if by["TFP"] != 0 {
		t.Errorf("%v", by)
	}
}

// What changed back before it was told is not told: a burst is made of what holds then.
func TestBurstsAreMadeOfWhatHoldsThen(t *testing.T) {
	const many = 1000
	s := crowd(t, many)
	out := s.up(3)
	by, _ := told(out, 1)
	if by["TFA"] != tellBurst {
		t.Fatal(by)
	}
	out = s.settleAll(s.do(ss7.OutOfService, 3, "cut again"))
	by, _ = told(out, 1)
	if by["TFP"] != tellBurst || by["TFA"] != 0 {
		t.Errorf("of %d that were told to be allowed, taken back: %v", tellBurst, by)
	}
}

// A link that never says that a burst was acknowledged does not end the telling.
func TestTellingGoesOnWithoutAcknowledgement(t *testing.T) {
	s := crowd(t, 200)
	s.up(3)
	var all []ss7.Action
	for range 5 {
		all = append(all, s.tick(tellPatience)...)
	}
	if by, _ := told(all, 1); by["TFA"] != 201-tellBurst {
		t.Errorf("%v", by)
	}
}

// §9.2: TRA goes out behind the last TFP of a restart, however many there are.
func TestTRAFollowsTheLastTFP(t *testing.T) {
	s := crowd(t, 500)
	s.do(ss7.OutOfService, 1, "cut")
	s.tick(2 * time.Minute)
	all := s.settleAll(s.up(1))
	last := -1
	var lines []string
	for _, a := range all {
		if a.Op == ss7.Raise && a.Event.Path == 1 && a.Event.Kind == ss7.Transfer && a.Event.MSU.SI == ss7.SNM {
			lines = append(lines, describe(a.Event.MSU.Payload))
			if lines[len(lines)-1] == "TRA" {
				last = len(lines) - 1
			}
		}
	}
	if last != len(lines)-1 || len(lines) != 502 {
		t.Errorf("TRA is message %d of %d", last+1, len(lines))
	}
}

// What a link refused is told again from state; what waits for an answer asks again by itself.
func TestManagementThatCouldNotBeSentIsToldAgain(t *testing.T) {
	s := newStar(t)
	var out []ss7.Action
	lose := func(p ss7.PathID, what string) {
		t.Helper()
		for _, a := range out {
			e := &a.Event
			if a.Op == ss7.Raise && e.Path == p && e.Kind == ss7.Transfer && describe(e.MSU.Payload) == what {
				s.Do(s.now, ss7.Event{Kind: ss7.Discard, Path: p, MSU: e.MSU}, nil)
				return
			}
		}
		t.Fatalf("no %s in %v", what, out)
	}
	out = s.do(ss7.OutOfService, 3, "cut")
	lose(1, "TFP 6.6.6")
	s.wantSent("a while later", s.tick(tellPatience), "1 TFP 6.6.6")
	s.wantSent("and no more", s.tick(10*tellPatience))
	out = s.up(3)
	lose(3, "TRA")
	lose(1, "TFA 6.6.6")
	s.wantSent("TRA and TFA that were lost", s.tick(tellPatience), "1 TFA 6.6.6", "3 TRA")
}

// Route set tests that become due together, and answers to a neighbour's, have their share
// of the bursts.
func TestRouteSetTestsAreSpread(t *testing.T) {
	const many = 500
	var routes []RouteConfig
	for i := range many {
		routes = append(routes, RouteConfig{ss7.Range{PC: ss7.PC(0x1000 + i), Len: 14}, "B", 5})
	}
	s := newStar(t, routes...)
	s.slow = true
	for i := range many {
		s.from(1, Management{Heading: TFP, PC: ss7.PC(0x1000 + i)})
	}
	s.settleAll(nil)
	var all []ss7.Action
	most := 0
	for range 400 {
		out := s.tick(s.lasts(timerT10) / 200)
		by, _ := told(out, 1)
		most = max(most, by["RST"])
		all = append(all, out...)
		for _, a := range out {
			if a.Op == ss7.Raise && a.Event.Kind == ss7.Drain {
				all = append(all, s.do(ss7.Drained, a.Event.Path, "")...)
			}
		}
	}
	if by, _ := told(all, 1); by["RST"] < many || most > tellBurst {
		t.Errorf("%v, at most %d at once", by, most)
	}
	s.setRight(t)
}

// setRight: a neighbour that has thousands of destinations wrong is put right in bursts too.
func (s *star) setRight(t *testing.T) {
	var out []ss7.Action
	for i := range 500 {
		out = append(out, s.from(2, Management{Heading: RSR, PC: ss7.PC(0x1000 + i)})...)
	}
	if by, _ := told(out, 2); by["TFP"] != tellBurst {
		t.Errorf("answered at once: %v", by)
	}
	by, _ := told(append(out, s.settleAll(out)...), 2)
	if n := by["TFP"] - tellBurst; n != 500 {
		t.Errorf("answered in all: %d of 500 (%v)", n, by)
	}
}

// What was said in a burst is in force at its end as if each had been said alone: the last
// word on each destination, controlled rerouting where a better way came.
func TestBurstIsHeardAsItsMessagesAlone(t *testing.T) {
	routes := []RouteConfig{{dest("7.7.1/14"), "B", 1}, {dest("7.7.1/14"), "C", 2},
		{dest("7.7.2/14"), "B", 1}, {dest("7.7.2/14"), "C", 2}}
	say := []Management{{Heading: TFP, PC: pc("7.7.1")}, {Heading: TFP, PC: pc("7.7.2")},
		{Heading: TFA, PC: pc("7.7.2")}}
	alone, together := newStar(t, routes...), newStar(t, routes...)
	for _, m := range say {
		alone.from(1, m)
		payload := AppendManagement(nil, ss7.ITU, m)
		msu := ss7.MSU{DPC: pc("1.2.3"), OPC: pc("4.5.6"), SI: ss7.SNM, Payload: payload}
		if !Gathers(&msu) {
			t.Fatal(m)
		}
		together.Hear(together.now, ss7.Event{Kind: ss7.Transfer, Path: 1, MSU: msu}, nil)
	}
	together.wantSent("what has changed in the end", together.Heard(together.now, nil), "1 TFA 7.7.1", "2 TFP 7.7.1")
	together.inForce("Heard")
	for _, s := range []*star{alone, together} {
		s.tick(time.Minute)
		s.wantPath("prohibited by B", "7.7.1", 2)
		s.wantPath("prohibited and allowed", "7.7.2", 1)
	}
}

// Members of a summary that are allowed again, more at once than a burst takes: each neighbour
// hears of all of them before they are destinations of their own no more.
func TestMembersGoWhenTheNeighboursKnow(t *testing.T) {
	s := newStar(t, RouteConfig{dest("7.0.0/3"), "B", 5})
	const many = 3 * tellBurst
	say := func(h Heading) map[Heading]int {
		for i := range many {
			m := Management{Heading: h, PC: pc("7.0.0") + ss7.PC(i)}
			msu := ss7.MSU{DPC: pc("1.2.3"), OPC: pc("4.5.6"), SI: ss7.SNM, Payload: AppendManagement(nil, ss7.ITU, m)}
			s.Hear(s.now, ss7.Event{Kind: ss7.Transfer, Path: 1, MSU: msu}, nil)
		}
		told := map[Heading]int{}
		for _, a := range s.settleAll(s.Heard(s.now, nil)) {
			if a.Op == ss7.Raise && a.Event.Kind == ss7.Transfer && a.Event.Path == 2 {
				m, _ := ParseManagement(ss7.ITU, a.Event.MSU.Payload)
				told[m.Heading]++
			}
		}
		return told
	}
	if told := say(TFP); told[TFP] != many {
		t.Errorf("C was told of %v of %d", told, many)
	}
	if told := say(TFA); told[TFA] != many {
		t.Errorf("C was told of %v of %d", told, many)
	}
	if n := s.Table().Dynamic(); n != 0 {
		t.Errorf("%d are left", n)
	}
}
