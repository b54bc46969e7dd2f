package mtpt

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/routing"
	"github.com/gostp/gostp/sccp"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/tester"
)

func code(s string) ss7.PC {
	pc, err := ss7.ITU.Notation.Parse(s)
	if err != nil {
		panic(err)
	}
	return pc
}

var (
	here, near, far = code("1.1.1"), code("2.2.2"), code("4.4.4")
	start           = time.Unix(1000, 0)
)

// fakeNetwork is a node 1.1.1 with a linkset to 2.2.2 (path 1), which 4.4.4 is behind, and one to 3.3.3 (path 2). It
// keeps what it is asked.
type fakeNetwork struct {
	table   *routing.Table
	probes  []ss7.MSU
	barred  []tester.Circle
	deadEnd bool   // nothing that leaves comes back
	title   string // that SCCP translates
}

func (n *fakeNetwork) Table() *routing.Table             { return n.table }
func (n *fakeNetwork) MayReturn(ss7.PathID) bool         { return !n.deadEnd }
func (n *fakeNetwork) Course(*ss7.MSU) string            { return n.title }
func (n *fakeNetwork) Probe(_ *tester.Probe, m *ss7.MSU) { n.probes = append(n.probes, *m) }
func (n *fakeNetwork) Bar(circles []tester.Circle)       { n.barred = circles }
func system(protection configs.LoopProtection) *configs.System {
	s := configs.New()
	s.PC, s.LoopProtection = &here, protection
	return s
}

func newPart() (*Part, *fakeNetwork) {
	full := func(pc ss7.PC) ss7.Range { return ss7.Range{PC: pc, Len: ss7.ITU.Bits()} }
	set := func(name string, adjacent ss7.PC, path ss7.PathID) routing.Linkset {
		return routing.Linkset{Name: name, Adjacent: adjacent, Links: []routing.Link{{Path: path, Ready: true}}}
	}
	third := code("3.3.3")
	plan := routing.NewPlan(ss7.ITU, 0, []ss7.PC{here}, []routing.Route{
		{Dest: full(near), Linkset: 0}, {Dest: full(far), Linkset: 0}, {Dest: full(third), Linkset: 1}})
	n := &fakeNetwork{table: plan.NewTable([]routing.Linkset{set("NEAR", near, 1), set("THIRD", third, 2)})}
	p := New(n, 1)
	p.Configure(start, system(configs.New().LoopProtection), nil)
	return p, n
}

// says gives the texts of the notes among actions.
func says(all []ss7.Action) (texts []string) {
	for _, a := range all {
		if a.Op == ss7.Note {
			texts = append(texts, a.Event.Why)
		}
	}
	return texts
}

// traces gives the messages of traces among actions.
func traces(t *testing.T, all []ss7.Action) (out []tester.Trace) {
	t.Helper()
	for _, a := range all {
		x, err := tester.ParseTrace(a.Event.MSU.Payload)
		if err != nil || a.Op != ss7.Raise {
			t.Fatal(a, err)
		}
		out = append(out, x)
	}
	return out
}

func request(from, to ss7.PC) ss7.Event {
	x := tester.Trace{ID: 7, Origin: from, Target: to, Visited: []ss7.PC{from}}
	return ss7.Event{Kind: ss7.Transfer, Path: 2, MSU: ss7.MSU{DPC: here, OPC: from, SI: ss7.MTPT,
		Payload: tester.AppendTrace(nil, x)}}
}

// A node on the way tells who asks what it does with messages both ways, and sends the request on. If the next node has
// no user for SI 8, it tells that once.
func TestTraceOnTheWay(t *testing.T) {
	p, _ := newPart()
	out := p.Do(start, request(code("3.3.3"), far), nil)
	all := traces(t, out)
	if len(all) != 2 || !all[0].Report || all[1].Report {
		t.Fatalf("%+v", all)
	}
	report, on := all[0], out[1].Event
	if report.Onward != (tester.Step{Verdict: tester.Onward, Next: near}) ||
		report.Back != (tester.Step{Verdict: tester.Onward, Next: code("3.3.3")}) {
		t.Errorf("%+v", report)
	}
	if on.Path != 1 || on.MSU.DPC != near || !slices.Equal(all[1].Visited, []ss7.PC{code("3.3.3"), here}) {
		t.Errorf("%+v by path %d", all[1], on.Path)
	}
	upu := ss7.Event{Kind: ss7.UserPart, Dest: ss7.Range{PC: near, Len: 14}, MSU: ss7.MSU{SI: ss7.MTPT}}
	if all := traces(t, p.Do(start, upu, nil)); len(all) != 1 || all[0].Onward.Verdict != tester.NoUser {
		t.Errorf("%+v", all)
	}
	if out := p.Do(start, upu, nil); len(out) > 0 {
		t.Errorf("told again: %+v", out)
	}
	for range 2 * TracesASecond {
		p.Do(start, request(code("3.3.3"), far), nil)
	}
	if s := p.Stats(); s.Answered != TracesASecond || s.TooFast != TracesASecond+1 {
		t.Errorf("%+v", s)
	}
}

// A trace of this node hears what comes back for it, and nothing when it is over.
func TestTraceFromHere(t *testing.T) {
	p, _ := newPart()
	var heard []tester.Said
	x := tester.Trace{Origin: here, Target: far, Visited: []ss7.PC{here}}
	id, out := p.Trace(x, 3, near, 1, func(s tester.Said) { heard = append(heard, s) }, nil)
	asked := out[0].Event
	if asked.Path != 1 || asked.MSU.SLS != 3 || traces(t, out)[0].ID != id {
		t.Fatalf("%+v", asked)
	}
	x.ID, x.Report, x.Visited = id, true, []ss7.PC{here, near}
	report := ss7.Event{Kind: ss7.Transfer, Path: 1, MSU: ss7.MSU{DPC: here, OPC: near, SI: ss7.MTPT,
		Payload: tester.AppendTrace(nil, x)}}
	p.Do(start, report, nil)
	p.Do(start, ss7.Event{Kind: ss7.UserPart, Dest: ss7.Range{PC: near, Len: 14}}, nil)
	if len(heard) != 2 || !heard[0].Report || heard[1].NoUser != near {
		t.Errorf("%+v", heard)
	}
	p.EndTrace(id)
	if p.Do(start, report, nil); len(heard) != 2 {
		t.Errorf("%+v", heard)
	}
}

// A test is told by which path its messages leave, or why they do not. An answer that cannot be sent is a line of the
// log, and no test's.
func TestMessagesThatDoNotLeave(t *testing.T) {
	p, _ := newPart()
	var r tester.Report
	p.Ping(start, tester.Config{DPC: far, OPC: here, SLS: -1, Count: 2, Size: 64, Interval: time.Second,
		Timeout: time.Second}, func(x tester.Report) { r = x })
	now := start
	first := p.Tick(now, nil)[0].Event
	p.Left(&first, 1)
	now = p.Deadline()
	second := p.Tick(now, nil)[0].Event
	second.Kind, second.Why = ss7.Discard, "no route"
	if out := p.Do(now, second, nil); len(out) > 0 {
		t.Errorf("%+v", out)
	}
	p.Tick(now.Add(time.Minute), nil)
	if len(r.Flows) != 2 || r.Flows[0].Path != 1 || r.Flows[0].Lost.IsZero() || r.Refused != 1 || r.Why != "no route" {
		t.Errorf("%+v", r)
	}

	question := first.MSU
	question.DPC, question.OPC = here, code("6.6.6")
	answer := p.Do(now, ss7.Event{Kind: ss7.Transfer, Path: 1, MSU: question}, nil)[0].Event
	p.Left(&answer, 1)
	out := p.Do(now, ss7.Event{Kind: ss7.Discard, Arg: answer.Arg, MSU: answer.MSU, Why: "no route to"}, nil)
	const text = "test message from 6.6.6 cannot be answered: no route to 6.6.6"
	if len(out) != 1 || out[0].Event.Why != text || out[0].Event.Arg != NoteNoReply {
		t.Errorf("%+v", out)
	}
}

// What goes round is proven by a probe, told once, discarded where that is wanted, and over when no probe comes back.
func TestCircle(t *testing.T) {
	p, n := newPart()
	p.Suspect(start, 2, &ss7.MSU{DPC: far, OPC: code("3.3.3"), SLS: 5, SI: ss7.SCCP, Payload: []byte("round")})
	if len(n.probes) != 1 || n.probes[0].DPC != far || n.probes[0].SLS != 5 || n.probes[0].SI != ss7.MTPT {
		t.Fatalf("%+v", n.probes)
	}
	number, origin, _ := tester.ParseProbe(n.probes[0].Payload)
	if out := p.ProbeBack(start, number+1, 2, nil); len(out) > 0 || origin != here {
		t.Errorf("a forged probe: %+v", out)
	}
	out := says(p.ProbeBack(start, number, 2, nil))
	if len(out) != 1 || !strings.HasPrefix(out[0], "Messages to 4.4.4 go round for ever") || len(n.barred) > 0 {
		t.Errorf("%q, %+v", out, n.barred)
	}
	if all := p.Alarms(); len(all) != 1 || all[0].Object != "endless circle to 4.4.4 by THIRD" {
		t.Errorf("%+v", all)
	}
	p.Configure(start, system(configs.DropLoops), nil)
	if len(n.barred) != 1 || !n.barred[0].Has(5) || n.barred[0].Linkset != "THIRD" {
		t.Errorf("%+v", n.barred)
	}
	out = nil
	for range 20 {
		out = append(out, says(p.Tick(p.Deadline(), nil))...)
	}
	if len(out) != 1 || !strings.Contains(out[0], "go round no more: the last probe came back ") ||
		len(n.barred)+len(p.Alarms()) > 0 {
		t.Errorf("%q, %+v", out, n.barred)
	}
}

// Where protection is switched off, nothing is discarded, and what was proven is forgotten.
func TestCircleIsForgotten(t *testing.T) {
	p, n := newPart()
	p.Configure(start, system(configs.DropLoops), nil)
	p.Suspect(start, 2, &ss7.MSU{DPC: far, SI: ss7.SCCP, Payload: []byte("round")})
	number, _, _ := tester.ParseProbe(n.probes[0].Payload)
	if p.ProbeBack(start, number, 2, nil); len(n.barred) != 1 {
		t.Fatalf("%+v", n.barred)
	}
	out := says(p.Configure(start, system(configs.IgnoreLoops), nil))
	if len(out) != 1 || !strings.Contains(out[0], "loop-protection is off") || len(n.barred)+len(p.Alarms()) > 0 {
		t.Errorf("%q, %+v", out, n.barred)
	}
}

// fakeOracle says of path 1 that its far end has what was lost, and of path 2 that it is down.
type fakeOracle struct{}

func (fakeOracle) CannotReach(tester.Config) string { return "nothing works" }
func (fakeOracle) RoutesDown(tester.Config) string  { return "prohibited" }
func (fakeOracle) SharedCode(ss7.PC) []string       { return nil }
func (fakeOracle) Lost(path ss7.PathID, _ time.Time) (name, why string, beyond bool) {
	return []string{1: "A", 2: "B"}[path], "why", path == 1
}

// What was lost is told by path; of a test whose messages all came back nothing is.
func TestOutcome(t *testing.T) {
	f, cfg := ss7.ITU.Notation, tester.Config{DPC: far, OPC: here}
	r := &tester.Report{Sent: 10, Received: 2, Refused: 2, Why: "no route", Flows: []tester.Flow{
		{SLS: 0, Path: 1, Sent: 2, Lost: start}, {SLS: 1, Path: 2, Sent: 2, Lost: start},
		{SLS: 2, Path: 1, Sent: 2, Lost: start.Add(-1)}, {SLS: 3, Path: 2, Sent: 2, Answered: 2},
		{SLS: 4, Sent: 2, Refused: 2}}}
	x := Outcome(fakeOracle{}, f, cfg, r)
	if len(x.Losses) != 2 || x.Losses[0].SentBy != "A" || x.Losses[0].Count != 4 ||
		!slices.Equal(x.Losses[0].SLS, []int{0, 2}) ||
		!slices.Equal(x.AllAnswered, []int{3}) || x.NoRouteNow != "prohibited" {
		t.Errorf("%+v", x)
	}
	if x.Refusal == nil || x.Refusal.Now != "nothing works" || !slices.Equal(x.Refusal.SLS, []int{4}) {
		t.Errorf("%+v", x.Refusal)
	}
	r = &tester.Report{Sent: 1, Received: 1, Flows: []tester.Flow{{Path: 1, Sent: 1, Answered: 1}}}
	x = Outcome(fakeOracle{}, f, cfg, r)
	if x.Refusal != nil || len(x.Losses)+len(x.AllAnswered) > 0 || x.NoRouteNow != "" {
		t.Errorf("%+v", x)
	}
}

// A probe of a title goes as far as a message for that title does, and no further: where the circle is open, no
// subsystem takes it, and where its origin does not know it again, it has few hops left.
func TestProbeOfATitle(t *testing.T) {
	p, n := newPart()
	title := []byte{0, 0x11, 4, 0x94, 1}
	n.title = string(sccp.AppendAddress(ss7.ITU, nil, &sccp.Address{HasSSN: true, SSN: 6, GTI: 4, Title: title}))
	p.Suspect(start, 2, &ss7.MSU{DPC: here, OPC: far, SI: ss7.SCCP, SLS: 5, Prio: 2, Payload: []byte("round")})
	if len(n.probes) != 1 || n.probes[0].SI != ss7.SCCP || n.probes[0].SLS != 5 || n.probes[0].Prio != 2 {
		t.Fatalf("%+v", n.probes)
	}
	m, err := sccp.Parse(n.probes[0].Payload)
	if err != nil || m.Type != sccp.XUDT || m.Hops != probeHops || !tester.IsProbe(m.Data) {
		t.Fatalf("%+v, %v", m, err)
	}
	called, err := sccp.ParseAddress(ss7.ITU, m.Called)
	if err != nil || called.SSN != sccp.TestSSN || !bytes.Equal(called.Title, title) {
		t.Errorf("%+v, %v", called, err)
	}
}

// Nothing is probed that leaves by where nothing comes back.
func TestDeadEndIsNotProbed(t *testing.T) {
	p, n := newPart()
	n.deadEnd = true
	p.Suspect(start, 2, &ss7.MSU{DPC: far, SI: ss7.SCCP, Payload: []byte("round")})
	p.Suspect(start, 2, &ss7.MSU{DPC: code("7.7.7"), SI: ss7.SCCP, Payload: []byte("round")}) // no route
	if len(n.probes) > 0 {
		t.Errorf("%+v", n.probes)
	}
}

// The part is due when its tests or its probes are, whichever is sooner.
func TestTheSoonerDeadline(t *testing.T) {
	p, _ := newPart()
	p.Suspect(start, 2, &ss7.MSU{DPC: far, SI: ss7.SCCP, Payload: []byte("round")})
	probe := p.Deadline()
	p.Ping(start, tester.Config{Count: 1, Timeout: time.Second}, func(tester.Report) {})
	p.Tick(start, nil)
	if at := p.Deadline(); probe.IsZero() || !at.Before(probe) {
		t.Errorf("a test of one second has its deadline at %v, a probe at %v", at, probe)
	}
}
