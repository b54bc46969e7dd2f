package mtp3

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gostp/gostp/ss7"
)

// star is a node 1.2.3 with a linkset of one link to each of 4.5.6 (B, path 1), 5.5.5 (C,
// path 2) and 6.6.6 (D, path 3), all in service, and routes to 7.7.1 over B, else C.
type star struct{ *bench }

func newStar(t *testing.T, routes ...RouteConfig) *star {
	s := &star{&bench{Network: NewNetwork(), t: t, now: time.Unix(0, 0)}}
	if routes == nil {
		routes = []RouteConfig{{dest("7.7.1/14"), "B", 1}, {dest("7.7.1/14"), "C", 2}}
	}
	cfg := Config{Variant: ss7.ITU, NI: ss7.International, Own: []ss7.PC{pc("1.2.3")}, SLTT1: DefaultSLTT1,
		SLTT2: time.Hour, Routes: routes}
	for i, x := range []struct{ name, adjacent string }{{"B", "4.5.6"}, {"C", "5.5.5"}, {"D", "6.6.6"}} {
		cfg.Linksets = append(cfg.Linksets, LinksetConfig{Name: x.name, Adjacent: pc(x.adjacent),
			Links: []LinkConfig{{Path: ss7.PathID(i + 1)}}})
	}
	s.Configure(s.now, cfg, nil)
	for p := range ss7.PathID(3) {
		s.up(p + 1)
	}
	return s
}

// up takes the link of path p through its test and its neighbour's restart.
func (s *star) up(p ss7.PathID) (out []ss7.Action) {
	out = append(out, s.do(ss7.InService, p, "")...)
	l := s.links[p]
	m := ss7.MSU{DPC: s.cfg.Own[0], OPC: l.set.cfg.Adjacent, SI: ss7.SNT,
		Payload: AppendLinkTest(nil, LinkTest{Ack: true, Pattern: l.pattern})}
	out = append(out, s.Do(s.now, ss7.Event{Kind: ss7.Transfer, Path: p, MSU: m}, nil)...)
	return append(out, s.from(p, Management{Heading: TRA})...)
}

// from is a management message of the neighbour at path p.
func (s *star) from(p ss7.PathID, m Management) []ss7.Action {
	msu := ss7.MSU{DPC: s.cfg.Own[0], OPC: s.links[p].set.cfg.Adjacent, SI: ss7.SNM,
		Payload: AppendManagement(nil, s.cfg.Variant, m)}
	return s.Do(s.now, ss7.Event{Kind: ss7.Transfer, Path: p, MSU: msu}, nil)
}

// by is a management message that comes by path p, whatever its label says.
func (s *star) by(p ss7.PathID, opc, dpc string, m Management) []ss7.Action {
	msu := ss7.MSU{DPC: pc(dpc), OPC: pc(opc), SI: ss7.SNM, Payload: AppendManagement(nil, s.cfg.Variant, m)}
	return s.Do(s.now, ss7.Event{Kind: ss7.Transfer, Path: p, MSU: msu}, nil)
}

func (s *star) pc(text string) ss7.PC {
	p, err := s.cfg.Variant.Notation.Parse(text)
	if err != nil {
		panic(err)
	}
	return p
}

// sent picks the messages that went out, sorted.
func (s *bench) sent(out []ss7.Action) (lines []string) {
	for _, a := range out {
		if a.Op == ss7.Raise && a.Event.Kind == ss7.Transfer && a.Event.MSU.SI == ss7.SNM {
			lines = append(lines, fmt.Sprintf("%d %s", a.Event.Path, describeIn(s.cfg.Variant, a.Event.MSU.Payload)))
		}
	}
	slices.Sort(lines)
	return lines
}

func (s *star) wantSent(what string, out []ss7.Action, want ...string) {
	s.t.Helper()
	if got := s.sent(out); !slices.Equal(got, want) {
		s.t.Fatalf("%s: sent %q, want %q", what, got, want)
	}
}

// wantPath checks where MSUs to dpc go: 0 is nowhere, -1 waits in a hold.
func (s *star) wantPath(what, dpc string, want int) {
	s.t.Helper()
	d := Decide(s.Table(), &ss7.MSU{DPC: s.pc(dpc), NI: ss7.International, SI: ss7.SCCP}, 0)
	got := int(d.Path)
	if d.Path.IsHold() {
		got = -1
	}
	if got != want {
		s.t.Fatalf("%s: MSUs to %s go by %d (%v), want %d", what, dpc, got, d.Reason, want)
	}
}

// §13.4.3: a restricted route is left only for one of equal priority.
func TestRestricted(t *testing.T) {
	s := newStar(t)
	tfr := Management{Heading: TFR, PC: pc("7.7.1")}
	s.from(1, tfr)
	s.wantPath("restricted, the other is worse", "7.7.1", 1)
	s.wantSent("T10", s.tick(45*time.Second), "1 RSR 7.7.1")
	s = newStar(t, RouteConfig{dest("7.7.1/14"), "B", 1}, RouteConfig{dest("7.7.1/14"), "C", 1})
	s.from(1, tfr)
	s.wantPath("restricted, with an equal", "7.7.1", -1)
	s.tick(time.Second)
	s.wantPath("restricted, with an equal", "7.7.1", 2)
}

// §13.2.2 iii: MSUs to nowhere are answered with TFP, once in T8.
func TestResponseMethod(t *testing.T) {
	s := newStar(t)
	hit := func(dpc string) []ss7.Action {
		return s.Do(s.now, ss7.Event{Kind: ss7.Unreachable, Path: 3, MSU: ss7.MSU{DPC: pc(dpc)}}, nil)
	}
	s.wantSent("first", hit("2.2.2"), "3 TFP 2.2.2")
	s.wantSent("within T8", hit("2.2.2"))
	s.wantSent("T8 is per destination", hit("2.2.3"), "3 TFP 2.2.3")
	s.tick(time.Second)
	s.wantSent("after T8", hit("2.2.2"), "3 TFP 2.2.2")
}

// §13.5.4: a test is answered only if the tester has it wrong, and not by the way
// through the tester.
func TestRouteSetTest(t *testing.T) {
	s := newStar(t)
	rst, rsr := Management{Heading: RST, PC: pc("7.7.1")}, Management{Heading: RSR, PC: pc("7.7.1")}
	s.wantSent("RST from D", s.from(3, rst), "3 TFA 7.7.1")
	s.wantSent("RSR from D", s.from(3, rsr), "3 TFA 7.7.1")
	s.wantSent("RST from B, over which we go", s.from(1, rst))
	s.wantSent("RSR from B, over which we go", s.from(1, rsr), "1 TFP 7.7.1")
	s.wantSent("RST about us", s.from(3, Management{Heading: RST, PC: pc("1.2.3")}), "3 TFA 1.2.3")
	s.wantSent("RST about nobody", s.from(3, Management{Heading: RST, PC: pc("2.2.2")}))
}

// What is said of a member of a summary makes a dynamic route; it goes when all is
// well again.
func TestDynamicRoutes(t *testing.T) {
	s := newStar(t, RouteConfig{dest("7.0.0/3"), "B", 1}, RouteConfig{dest("7.0.0/3"), "C", 2})
	n := len(s.Table().Dests)
	s.wantSent("TFP for a member", s.from(1, Management{Heading: TFP, PC: pc("7.7.1")}), "2 TFP 7.7.1")
	s.wantPath("the member", "7.7.1", 2)
	s.wantPath("another member", "7.7.2", 1)
	if got := len(s.Table().Dests); got != n+1 || !s.Table().Dests[n].Dynamic {
		t.Fatalf("%d destinations", got)
	}
	s.from(2, Management{Heading: TFP, PC: pc("7.7.1")})
	s.wantPath("the member is lost: its summary is no backup", "7.7.1", 0)
	s.from(2, Management{Heading: TFA, PC: pc("7.7.1")})
	s.from(1, Management{Heading: TFA, PC: pc("7.7.1")})
	s.tick(time.Second)
	s.wantPath("all well", "7.7.1", 1)
	if got := len(s.Table().Dests); got != n {
		t.Errorf("%d destinations, want %d", got, n)
	}
	for i := range 1100 {
		s.from(1, Management{Heading: TFP, PC: pc("7.0.0") + ss7.PC(i)})
	}
	if got := len(s.Table().Dests); got != n+DefaultMaxDynamic || s.Stats().DynamicRefused != 100 {
		t.Errorf("%d destinations, %d refused", got, s.Stats().DynamicRefused)
	}
}

// A dynamic destination leaves no neighbour with what it was told of it, waits T6 like
// every other, and takes a new configuration with it.
func TestDynamicRouteComesAndGoes(t *testing.T) {
	s := newStar(t, RouteConfig{dest("7.0.0/3"), "B", 1}, RouteConfig{dest("7.0.0/3"), "C", 2})
	n := len(s.Table().Dests)
	tfp, tfa := Management{Heading: TFP, PC: pc("7.7.1")}, Management{Heading: TFA, PC: pc("7.7.1")}
	s.wantSent("C has not; we go there by B", s.from(2, tfp), "1 TFP 7.7.1")
	s.wantSent("nobody has it", s.from(1, tfp), "2 TFP 7.7.1", "3 TFP 7.7.1")
	s.Configure(s.now, s.cfg, nil)
	if got := len(s.Table().Dests); got != n+1 {
		t.Fatalf("%d destinations after a new configuration", got)
	}
	s.wantSent("C has it again", s.from(2, tfa), "1 TFA 7.7.1", "3 TFA 7.7.1")
	s.wantSent("B too: as the summary", s.from(1, tfa), "1 TFP 7.7.1", "2 TFA 7.7.1")
	s.wantPath("while T6 runs", "7.7.1", -1)
	s.tick(800 * time.Millisecond)
	s.wantPath("after T6", "7.7.1", 1)
	if got := len(s.Table().Dests); got != n || s.hearsays != 0 {
		t.Fatalf("%d destinations, %d things said", got, s.hearsays)
	}
}

// With summary-routing-exception a full code stands alone.
func TestSummaryRoutingException(t *testing.T) {
	s := newStar(t, RouteConfig{dest("7.0.0/3"), "C", 1}, RouteConfig{dest("7.7.1/14"), "B", 1})
	tfp := Management{Heading: TFP, PC: pc("7.7.1")}
	s.from(1, tfp)
	s.wantPath("the summary is the backup", "7.7.1", 2)
	s.cfg.Exception = true
	out := s.Configure(s.now, s.cfg, nil)
	s.wantPath("it is not", "7.7.1", 0)
	s.wantPath("others are not concerned", "7.7.2", 2)
	if !strings.Contains(fmt.Sprint(out), "Destination 7.7.1 is inaccessible") {
		t.Errorf("not told: %v", out)
	}
	d := Decide(s.Table(), &ss7.MSU{DPC: pc("7.7.1"), NI: ss7.International, SI: ss7.SCCP, OPC: pc("4.5.6")}, 1)
	if d.Fate != Discard || d.Reason != Inaccessible {
		t.Errorf("from B: %v", d)
	}
}

// §9.3: a neighbour that comes back is told first, then TRA; what it said before is
// forgotten.
func TestAdjacentRestart(t *testing.T) {
	s := newStar(t)
	s.from(1, Management{Heading: TFP, PC: pc("7.7.1")})
	s.do(ss7.OutOfService, 3, "cut")
	s.do(ss7.OutOfService, 1, "cut")
	s.tick(1150 * time.Millisecond)
	out := s.do(ss7.InService, 1, "")
	l := s.links[1]
	m := ss7.MSU{DPC: pc("1.2.3"), OPC: pc("4.5.6"), SI: ss7.SNT, Payload: AppendLinkTest(nil,
		LinkTest{Ack: true, Pattern: l.pattern})}
	out = append(out, s.Do(s.now, ss7.Event{Kind: ss7.Transfer, Path: 1, MSU: m}, nil)...)
	s.wantSent("told", out, "1 TFP 6.6.6", "1 TRA")
	s.wantPath("before its TRA", "7.7.1", 2)
	s.wantPath("before its TRA", "4.5.6", 0)
	s.tick(63 * time.Second)
	s.wantPath("T21 runs", "4.5.6", 0)
	s.tick(time.Second)
	s.wantPath("T21 is over, T3 runs (§6.4)", "4.5.6", -1)
	s.tick(800 * time.Millisecond)
	s.wantPath("after T3", "4.5.6", 1)
	s.wantPath("what B said is forgotten", "7.7.1", 1)
	s.tick(time.Minute)
	s.wantSent("an unexpected TRA (§9.5)", s.from(1, Management{Heading: TRA}), "1 TFP 6.6.6", "1 TFP 7.7.1", "1 TRA")
	s.wantSent("another within T19", s.from(1, Management{Heading: TRA}))
}

// Messages that make no sense change nothing.
func TestRouteOddities(t *testing.T) {
	s := newStar(t)
	for _, m := range []Management{{Heading: TFP, PC: pc("1.2.3")}, {Heading: TFP, PC: pc("4.5.6")},
		{Heading: TFP, PC: pc("2.2.2")}, {Heading: TFA, PC: pc("7.7.1")}, {Heading: CBA, Code: 9}, {Heading: XCA,
			FSN: 3}, {Heading: ECA}} {
		s.wantSent(m.Heading.String(), s.from(1, m))
		s.wantPath(m.Heading.String(), "7.7.1", 1)
	}
	foreign := ss7.MSU{DPC: pc("1.2.3"), OPC: pc("3.3.3"), SI: ss7.SNM, Payload: AppendManagement(nil, ss7.ITU,
		Management{Heading: TFP, PC: pc("7.7.1")})}
	s.Do(s.now, ss7.Event{Kind: ss7.Transfer, Path: 1, MSU: foreign}, nil)
	s.wantPath("TFP from afar", "7.7.1", 1)
}

// §11.2.7: once a second for each origin and user.
func TestUserPartUnavailable(t *testing.T) {
	s := newStar(t)
	hit := func() []ss7.Action {
		return s.Do(s.now, ss7.Event{Kind: ss7.NoUser, Path: 3, Arg: uint32(UnequippedUser),
			MSU: ss7.MSU{DPC: pc("1.2.3"), OPC: pc("6.6.6"), SI: ss7.SCCP}}, nil)
	}
	if out := hit(); len(out) != 2 || fmt.Sprintf("%x", out[1].Event.MSU.Payload) != "1a130813" || out[1].Event.Path != 3 {
		t.Errorf("%+v", out)
	}
	s.wantSent("again", hit())
}
