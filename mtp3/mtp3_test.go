package mtp3

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gostp/gostp/routing"
	"github.com/gostp/gostp/ss7"
)

func pc(s string) ss7.PC {
	p, err := ss7.ITU.Notation.Parse(s)
	if err != nil {
		panic(err)
	}
	return p
}

func dest(s string) ss7.Range {
	r, _, err := ss7.ITU.Notation.ParseRange(s)
	if err != nil {
		panic(err)
	}
	return r
}

// The vector was checked with Wireshark.
// A link test in a variant with codes of another width is known for what it is, whatever
// codes and pattern it has; one in a variant with the same label is none of these.
func TestForeignLinkTest(t *testing.T) {
	for _, own := range ss7.Variants {
		for _, far := range ss7.Variants {
			for _, ack := range []bool{false, true} {
				for size := 1; size <= 15; size++ {
					test := LinkTest{Ack: ack, Pattern: bytes.Repeat([]byte{0xa5}, size)}
					m := ss7.MSU{DPC: 0x1234, OPC: 0x3321, SLS: 3, NI: 2, SI: ss7.SNT}
					m.Payload = AppendLinkTest(nil, test)
					var got ss7.MSU
					if own.ReadMSU(far.AppendMSU(nil, &m), &got) != nil {
						continue // too short for this label
					}
					want := ""
					if own.LabelLen() != far.LabelLen() {
						want = fmt.Sprintf("the far end speaks %d-bit codes", far.Bits())
					}
					if is := foreignTest(own, &got); want == "" != (is == "") || !strings.HasPrefix(is, want) {
						t.Errorf("%s hears a test of %d octets in %s: %q", own.Name, size, far.Name, is)
					}
				}
			}
		}
	}
}

func TestLinkTestCodec(t *testing.T) {
	wire, _ := hex.DecodeString("1140deadbeef")
	m, err := ParseLinkTest(wire)
	if err != nil || m.Ack || !bytes.Equal(m.Pattern, wire[2:]) {
		t.Fatalf("%+v, %v", m, err)
	}
	if got := AppendLinkTest(nil, m); !bytes.Equal(got, wire) {
		t.Fatalf("%x", got)
	}
	if m, err := ParseLinkTest(append(wire, 1, 2, 3)); err != nil || len(m.Pattern) != 4 {
		t.Errorf("octets after the pattern: %+v, %v", m, err)
	}
	for _, bad := range []string{"", "11", "1100", "114001", "3110aa"} {
		b, _ := hex.DecodeString(bad)
		if m, err := ParseLinkTest(b); err == nil {
			t.Errorf("%s was taken as %+v", bad, m)
		}
	}
}

func FuzzLinkTest(f *testing.F) {
	f.Add([]byte{0x11, 0x40, 1, 2, 3, 4})
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := ParseLinkTest(b)
		if err != nil {
			return
		}
		again, err := ParseLinkTest(AppendLinkTest(nil, m))
		if err != nil || again.Ack != m.Ack || !bytes.Equal(again.Pattern, m.Pattern) {
			t.Fatalf("%+v became %+v, %v", m, again, err)
		}
	})
}

// table has linkset 0 (path 1) to 4.5.6, 1 (paths 2, 3) to 7.7.1, 2 (path 4, down) to 7.8.1.
func table() *routing.Table {
	ls := []routing.Linkset{
		{Name: "B", Adjacent: pc("4.5.6"), Links: []routing.Link{{Path: 1, Ready: true}}},
		{Name: "C", Adjacent: pc("7.7.1"), Links: []routing.Link{{Path: 2, Ready: true}, {Path: 3, SLC: 1, Ready: true}}},
		{Name: "D", Adjacent: pc("7.8.1"), Links: []routing.Link{{Path: 4}}},
	}
	return routing.NewPlan(ss7.ITU, ss7.International, []ss7.PC{pc("1.2.3"), pc("1.2.4")}, []routing.Route{
		{Dest: dest("4.5.6/14"), Linkset: 0, Priority: 1}, {Dest: dest("7.7.1/14"), Linkset: 1, Priority: 1},
		{Dest: dest("7.8.1/14"), Linkset: 2, Priority: 1}, {Dest: dest("3.0.0/3"), Linkset: 1, Priority: 5},
		{Dest: dest("3.0.0/3"), Linkset: 0, Priority: 6},
	}).NewTable(ls)
}

func TestDecide(t *testing.T) {
	tab := table()
	for _, c := range []struct {
		name string
		m    ss7.MSU
		from ss7.PathID
		want Verdict
	}{
		{"transit", ss7.MSU{DPC: pc("7.7.1"), OPC: pc("4.5.6"), SI: ss7.SCCP}, 1,
			Verdict{Fate: Forward, Path: 2, Linkset: 1, Dest: 3}},
		{"transit, other SLS", ss7.MSU{DPC: pc("7.7.1"), OPC: pc("4.5.6"), SI: ss7.SCCP, SLS: 1}, 1,
			Verdict{Fate: Forward, Path: 3, Linkset: 1, Dest: 3}},
		{"for us", ss7.MSU{DPC: pc("1.2.4"), OPC: pc("4.5.6"), SI: ss7.SCCP}, 1, Verdict{Fate: Deliver, Dest: -1}},
		{"another network", ss7.MSU{DPC: pc("7.7.1"), OPC: pc("4.5.6"), NI: ss7.National, SI: ss7.SCCP}, 1,
			Verdict{Reason: WrongNetwork, Dest: -1}},
		{"no route", ss7.MSU{DPC: pc("5.0.0"), OPC: pc("4.5.6"), SI: ss7.SCCP}, 1, Verdict{Reason: NoRoute, Dest: -1}},
		{"back over its linkset", ss7.MSU{DPC: pc("7.7.1"), OPC: pc("7.7.2"), SI: ss7.SCCP}, 2,
			Verdict{Reason: Circular, Linkset: 1, Dest: 3, Avoided: true}},
		{"next best instead of back", ss7.MSU{DPC: pc("3.1.1"), OPC: pc("7.7.2"), SI: ss7.SCCP}, 2,
			Verdict{Fate: Forward, Path: 1, Dest: 0, Avoided: true}},
		{"our own, come back", ss7.MSU{DPC: pc("7.7.1"), OPC: pc("1.2.3"), SI: ss7.SCCP}, 1,
			Verdict{Reason: OwnOrigin, Dest: 3}},
		{"down", ss7.MSU{DPC: pc("7.8.1"), OPC: pc("4.5.6"), SI: ss7.SCCP}, 1, Verdict{Reason: Inaccessible, Dest: 4}},
		{"user traffic by a link not in service", ss7.MSU{DPC: pc("7.7.1"), OPC: pc("7.8.1"), SI: ss7.SCCP}, 4,
			Verdict{Reason: NotInService, Dest: -1}},
		{"link test by a link not in service, wrong DPC", ss7.MSU{DPC: pc("1.1.1"), OPC: pc("7.8.1"), SI: ss7.SNT}, 4,
			Verdict{Fate: Deliver, Dest: -1}},
		{"link test of the neighbour, wrong NI", ss7.MSU{DPC: pc("1.1.1"), OPC: pc("4.5.6"), NI: ss7.National, SI: ss7.SNT},
			1, Verdict{Fate: Deliver, Dest: -1}},
		{"from here", ss7.MSU{DPC: pc("4.5.6"), OPC: pc("1.2.3"), SI: ss7.SCCP}, 0, Verdict{Fate: Forward, Path: 1, Dest: 2}},
		{"unknown path", ss7.MSU{DPC: pc("4.5.6"), OPC: pc("7.7.1"), SI: ss7.SCCP}, 99,
			Verdict{Reason: NotInService, Dest: -1}},
	} {
		got := Decide(tab, &c.m, c.from)
		if c.want.Dest >= 0 { // the index is the plan's business; the range is what counts
			want := map[int32]string{0: "3.0.0/3", 2: "4.5.6/14", 3: "7.7.1/14", 4: "7.8.1/14"}[c.want.Dest]
			if got.Dest < 0 || tab.Dests[got.Dest].Range != dest(want) {
				t.Errorf("%s: destination %d, want %s", c.name, got.Dest, want)
			}
			got.Dest = c.want.Dest
		}
		if got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

// What comes in by a circle that is proven is discarded, for the SLS values for which it is,
// and nothing else.
func TestDecideDiscardsWhatIsBarred(t *testing.T) {
	tab := table()
	tab.Barred = map[routing.Bar][4]uint64{{Linkset: 1, DPC: pc("4.5.6")}: {0, 1 << 6}}
	m := ss7.MSU{DPC: pc("4.5.6"), OPC: pc("7.7.2"), SI: ss7.SCCP, SLS: 70}
	if d := Decide(tab, &m, 2); d.Fate != Discard || d.Reason != Looping || d.Path != 1 {
		t.Errorf("%+v", d)
	}
	if d := Decide(tab, &m, 0); d.Fate != Forward {
		t.Errorf("from here: %+v", d)
	}
	m.SLS = 71
	if d := Decide(tab, &m, 2); d.Fate != Forward {
		t.Errorf("another SLS: %+v", d)
	}
	m.SLS, m.DPC = 70, pc("3.1.1")
	if d := Decide(tab, &m, 2); d.Fate != Forward {
		t.Errorf("another point: %+v", d)
	}
	s := newStar(t)
	s.Bar(s.now, []Barred{{Linkset: "B", DPC: pc("7.7.1"), SLS: [4]uint64{1}}, {Linkset: "gone", DPC: 1}}, nil)
	s.inForce("Bar")
	if !s.Table().IsBarred(0, pc("7.7.1"), 0) || s.Table().IsBarred(1, pc("7.7.1"), 0) {
		t.Errorf("%+v", s.Table().Barred)
	}
	s.Bar(s.now, nil, nil)
	if s.Table().Barred != nil {
		t.Error("still barred")
	}
}

func TestDecideAllocatesNothing(t *testing.T) {
	tab := table()
	m := ss7.MSU{DPC: pc("7.7.1"), OPC: pc("4.5.6"), SI: ss7.SCCP}
	if n := testing.AllocsPerRun(1000, func() { Decide(tab, &m, 1) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// bench is a Network and what it asked for, as text.
type bench struct {
	*Network
	t    *testing.T
	now  time.Time
	slow bool // level 2 does not say that it is drained
}

// Do and Tick answer Drain as a level 2 that has nothing to send does.
func (b *bench) Do(now time.Time, ev ss7.Event, out []ss7.Action) []ss7.Action {
	defer b.inForce(ev.Kind)
	return b.level2Drains(now, b.Network.Do(now, ev, out))
}

func (b *bench) Tick(now time.Time, out []ss7.Action) []ss7.Action {
	defer b.inForce("a timer")
	return b.level2Drains(now, b.Network.Tick(now, out))
}

// inForce: whatever happened, the table in force is that of the state, each destination knows
// how it is reached, and nothing that a neighbour must be told is overlooked.
func (b *bench) inForce(after any) {
	b.t.Helper()
	if why := Behind(b.Network); why != "" {
		b.t.Errorf("after %v %s", after, why)
	}
}

// Behind says in what a Network is behind its own state, as inForce has it; empty: in nothing.
func Behind(n *Network) string {
	for _, s := range n.sets {
		if !s.ready || n.own.on || !s.first() {
			continue
		}
		for kind, all := range n.tellable {
			for place, d := range all {
				due := place >= s.due[kind].from || slices.Contains(s.due[kind].some, place)
				if !due && s.advice(d) != s.told[d] && !(kind != int(tellsCluster) && d.PC == s.cfg.Adjacent) {
					return fmt.Sprintf("%s was told of %v that it is %v", s.cfg.Name, d.Range, s.told[d])
				}
			}
		}
	}
	for i, d := range n.dests {
		if d.index != i || d.elsewhere() || n.destinations[d.Range] != d {
			return fmt.Sprintf("destination %v is believed to be at %d, and reached by %v", d.Range, d.index, d.ways)
		}
	}
	for _, d := range n.dests {
		worse := n.cfg.TFR && d.kind != untellable && d.onWorse()
		if d.running(timerT11) && d.restricted || (d.running(timerT11) || d.restricted) != worse {
			return fmt.Sprintf("destination %v is said to be restricted: %v, T11 runs: %v; it goes by a worse route: %v",
				d.Range, d.restricted, d.running(timerT11), worse)
		}
	}
	if want := n.newTable(nil, false); !reflect.DeepEqual(n.table, want) {
		return fmt.Sprintf("the table is behind the state:\n%+v\nwant\n%+v", n.table, want)
	}
	return ""
}

func (b *bench) level2Drains(now time.Time, got []ss7.Action) []ss7.Action {
	if b.slow {
		return got
	}
	var out, next []ss7.Action
	for _, a := range got {
		if a.Op == ss7.Raise && a.Event.Kind == ss7.Drain {
			next = b.Network.Do(now, ss7.Event{Kind: ss7.Drained, Path: a.Event.Path}, next)
		} else {
			out = append(out, a)
		}
	}
	if len(next) > 0 {
		out = append(out, b.level2Drains(now, next)...)
	}
	return out
}

func newBench(t *testing.T, links ...LinkConfig) *bench {
	b := &bench{Network: NewNetwork(), t: t, now: time.Unix(0, 0)}
	cfg := Config{Variant: ss7.ITU, NI: ss7.International, Own: []ss7.PC{pc("1.2.3")}, SLTT1: DefaultSLTT1,
		SLTT2:    DefaultSLTT2,
		Linksets: []LinksetConfig{{Name: "B", Adjacent: pc("4.5.6"), Links: links}},
		Routes:   []RouteConfig{{dest("7.0.0/3"), "B", StaticPriority}}}
	b.want("configure", b.Configure(b.now, cfg, nil), starts(links)...)
	return b
}

func starts(links []LinkConfig) []string {
	var out []string
	for _, l := range links {
		if !l.Shutdown {
			out = append(out, fmt.Sprint("Emergency ", l.Path), fmt.Sprint("Start ", l.Path))
		}
	}
	return out
}

func (b *bench) want(what string, got []ss7.Action, want ...string) {
	b.t.Helper()
	var lines []string
	for _, a := range got {
		switch {
		case a.Op == ss7.Note && a.Event.Kind == ss7.StateChange && a.Event.Arg == NoteMessage:
		case a.Op == ss7.Note:
			lines = append(lines, a.Event.Why)
		case a.Event.Kind == ss7.Transfer:
			p := a.Event.MSU.Payload
			if a.Event.MSU.SI == ss7.SNM {
				lines = append(lines, fmt.Sprintf("send %d %s", a.Event.Path, describe(p)))
				continue
			}
			lines = append(lines, fmt.Sprintf("send %d %v %02x", a.Event.Path, a.Event.MSU.SI, p[0]))
		default:
			lines = append(lines, fmt.Sprint(a.Event.Kind, " ", a.Event.Path))
		}
	}
	if strings.Join(lines, "\n") != strings.Join(want, "\n") {
		b.t.Fatalf("%s:\n%s\nwant:\n%s", what, strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
}

// describe writes a network management message as a script does.
func describe(p []byte) string { return describeIn(ss7.ITU, p) }

func describeIn(v *ss7.Variant, p []byte) string {
	m, err := ParseManagement(v, p)
	if err != nil {
		return err.Error()
	}
	switch headings[m.Heading].body {
	case affected, congestion:
		return fmt.Sprintf("%v %s", m.Heading, v.Notation.Format(m.PC))
	case sequence7, sequence24:
		return fmt.Sprintf("%v %d", m.Heading, m.FSN)
	case changebackCode:
		return fmt.Sprintf("%v %d", m.Heading, m.Code)
	}
	return m.Heading.String()
}

func (b *bench) do(k ss7.Kind, p ss7.PathID, why string) []ss7.Action {
	return b.Do(b.now, ss7.Event{Kind: k, Path: p, Why: why}, nil)
}

func (b *bench) tick(d time.Duration) []ss7.Action {
	b.now = b.now.Add(d)
	return b.Tick(b.now, nil)
}

// answer gives the SLTA to the test that is running on path p.
func (b *bench) answer(p ss7.PathID, change func(*ss7.MSU)) []ss7.Action {
	l := b.links[p]
	m := ss7.MSU{DPC: pc("1.2.3"), OPC: pc("4.5.6"), SLS: l.cfg.SLC, SI: ss7.SNT,
		Payload: AppendLinkTest(nil, LinkTest{Ack: true, Pattern: l.pattern})}
	if change != nil {
		change(&m)
	}
	return b.Do(b.now, ss7.Event{Kind: ss7.Transfer, Path: p, MSU: m}, nil)
}

// manage is a network management message from the adjacent point that came by path p.
func (b *bench) manage(p ss7.PathID, m Management) []ss7.Action {
	msu := ss7.MSU{DPC: pc("1.2.3"), OPC: pc("4.5.6"), SLS: m.SLC, SI: ss7.SNM, Payload: AppendManagement(nil, ss7.ITU, m)}
	return b.Do(b.now, ss7.Event{Kind: ss7.Transfer, Path: p, MSU: msu}, nil)
}

var up = []string{
	"Link 0 of linkset B is available: link test passed",
	"Linkset B is available: 1 of 1 links available",
	"Restart begins: a first link is available; traffic waits for what the neighbours say (TRA), at most T18",
}

var open = []string{"Restart is over: all neighbours are ready", "Destination 7.0.0 is accessible",
	"Destination 4.5.6 is accessible", "send 1 TRA"}

// Q.707 §2.2: traffic only after the link test was answered.
func TestActivation(t *testing.T) {
	b := newBench(t, LinkConfig{Path: 1})
	b.want("aligned", b.do(ss7.InService, 1, ""), "send 1 SNT 11")
	if b.Table().Linksets[0].Ready() {
		t.Fatal("ready before the test")
	}
	b.want("answered", b.answer(1, nil), up...)
	b.want("a neighbour that sends no TRA", b.tick(grace), open...)
	b.want("periodic test", b.tick(DefaultSLTT2-grace), "send 1 SNT 11")
	b.want("answered again", b.answer(1, nil))
	b.want("failed", b.do(ss7.OutOfService, 1, "pulled"),
		"Link 0 of linkset B is unavailable: pulled", "Linkset B is unavailable: link 0: pulled",
		"Destination 7.0.0 is inaccessible", "Destination 4.5.6 is inaccessible")
	b.want("before T17", b.tick((1150*time.Millisecond)-1))
	b.want("T17", b.tick(1), "Emergency 1", "Start 1")
}

// What comes by a link that is aligned again waits for its test, as by one that is new.
func TestClosedUntilTested(t *testing.T) {
	b := newBench(t, LinkConfig{Path: 1})
	b.do(ss7.InService, 1, "")
	b.answer(1, nil)
	open := func(what string, want bool) {
		t.Helper()
		if _, got := b.Table().From(1); got != want {
			t.Errorf("%s: open %v", what, got)
		}
	}
	open("tested", true)
	b.do(ss7.OutOfService, 1, "pulled")
	open("failed, with the last of its messages on their way", true)
	b.tick(1150 * time.Millisecond)
	open("aligning", false)
	b.do(ss7.InService, 1, "")
	open("aligned", false)
	b.answer(1, nil)
	open("tested again", true)
}

// A link that was in service at another place carries traffic at once; a test that fails
// still ends that.
func TestTakenOver(t *testing.T) {
	b := newBench(t, LinkConfig{Path: 1})
	b.want("taken over", b.Do(b.now, ss7.Event{Kind: ss7.InService, Path: 1, Arg: ss7.TakenOver}, nil),
		"Link 0 of linkset B is available: taken over while in service", "Linkset B is available: 1 of 1 links available",
		"Destination 7.0.0 is accessible", "Destination 4.5.6 is accessible", "send 1 TRA", "send 1 SNT 11")
	b.want("answered", b.answer(1, nil))
	b.want("periodic test", b.tick(DefaultSLTT2), "send 1 SNT 11")
	b.want("no answer", b.tick(DefaultSLTT1), "send 1 SNT 11")
	b.tick(DefaultSLTT1)
	if l := b.Status()[0].Links[0]; l.State != Failed || !strings.Contains(l.Why, "link test failed") {
		t.Errorf("%+v", l)
	}
}

// Q.707 §2.2: a test that is not answered is repeated once, then the link fails.
func TestTestFails(t *testing.T) {
	for name, wrong := range map[string]func(*ss7.MSU){
		"SLC": func(m *ss7.MSU) { m.SLS = 3 }, "OPC": func(m *ss7.MSU) { m.OPC = 77 },
		"pattern": func(m *ss7.MSU) { m.Payload[4] ^= 1 },
	} {
		b := newBench(t, LinkConfig{Path: 1})
		b.do(ss7.InService, 1, "")
		b.want(name+" once", b.answer(1, wrong), "send 1 SNT 11")
		b.want(name+" twice", b.answer(1, wrong), "Stop 1")
		if l := b.Status()[0].Links[0]; l.State != Failed || !strings.Contains(l.Why, "link test failed") {
			t.Errorf("%s: %+v", name, l)
		}
	}
	b := newBench(t, LinkConfig{Path: 1})
	b.do(ss7.InService, 1, "")
	b.want("no answer", b.tick(DefaultSLTT1), "send 1 SNT 11")
	b.want("no answer twice", b.tick(DefaultSLTT1), "Stop 1")
}

// An SLTM is answered whether or not we test; one that cannot be for this link
// is not, and says what is set up wrongly.
func TestSLTM(t *testing.T) {
	b := newBench(t, LinkConfig{Path: 1, SLC: 2})
	b.do(ss7.InService, 1, "")
	test := func(m ss7.MSU) []ss7.Action {
		m.SI, m.Payload = ss7.SNT, AppendLinkTest(nil, LinkTest{Pattern: []byte{1, 2}})
		return b.Do(b.now, ss7.Event{Kind: ss7.Transfer, Path: 1, MSU: m}, nil)
	}
	b.want("right", test(ss7.MSU{DPC: pc("1.2.3"), OPC: pc("4.5.6"), SLS: 2}), "send 1 SNT 21")
	for want, m := range map[string]ss7.MSU{
		"the far end is 4.5.7; linkset B expects 4.5.6": {DPC: pc("1.2.3"), OPC: pc("4.5.7"),
			SLS: 2},
		"the far end expects this node to be 1.2.4; it is 1.2.3": {DPC: pc("1.2.4"), OPC: pc("4.5.6"),
			SLS: 2},
		"the far end calls this link SLC 0; here it is SLC 2": {DPC: pc("1.2.3"),
			OPC: pc("4.5.6")},
		"the far end tests with network indicator national; this node has international": {DPC: pc("1.2.3"), OPC: pc("4.5.6"),
			SLS: 2, NI: ss7.National},
	} {
		b.want(want, test(m), "link test on link 2 of linkset B not answered: "+want)
		if got := b.Status()[0].Links[0].PeerFault; got != want {
			t.Errorf("fault %q, want %q", got, want)
		}
	}
}

// The second link of a linkset in service proves normally (Q.704 §12.2.4.1).
func TestNormalProving(t *testing.T) {
	b := newBench(t, LinkConfig{Path: 1}, LinkConfig{Path: 2, SLC: 1})
	b.do(ss7.InService, 1, "")
	b.answer(1, nil)
	b.manage(1, Management{Heading: TRA})
	b.do(ss7.OutOfService, 2, "x")
	b.want("restart of the second", b.tick((1150 * time.Millisecond)), "EmergencyCeases 2", "Start 2")
}

func TestReconfigure(t *testing.T) {
	b := newBench(t, LinkConfig{Path: 1})
	b.do(ss7.InService, 1, "")
	b.answer(1, nil)
	b.manage(1, Management{Heading: TRA})
	cfg := b.cfg
	cfg.Routes = append(cfg.Routes, RouteConfig{dest("0.0.0/0"), "B", StaticPriority})
	b.want("a new route", b.Configure(b.now, cfg, nil), "Destination 0.0.0 is accessible")
	cfg.Linksets = []LinksetConfig{cfg.Linksets[0]}
	cfg.Linksets[0].Shutdown = true
	got := b.Configure(b.now, cfg, nil)
	if len(got) < 3 || got[0].Event.Kind != ss7.Stop {
		t.Errorf("shutdown: %+v", got)
	}
	cfg.Linksets = nil
	b.Configure(b.now, cfg, nil)
	if len(b.Table().Linksets) != 0 || len(b.Status()) != 0 {
		t.Error("the linkset is still there")
	}
}

// Processor outage at the far end takes the link from traffic, not out of service.
func TestOutage(t *testing.T) {
	b := newBench(t, LinkConfig{Path: 1})
	b.do(ss7.InService, 1, "")
	b.answer(1, nil)
	b.do(ss7.RemoteOutage, 1, "")
	if b.Table().Linksets[0].Ready() {
		t.Error("carries traffic during the outage")
	}
	b.want("recovered", b.do(ss7.RemoteRecovered, 1, ""), "send 1 SNT 11")
}

func TestSNMIsCountedNotAnswered(t *testing.T) {
	b := newBench(t, LinkConfig{Path: 1})
	for _, p := range [][]byte{{0x18, 0x2e, 0x20}, {0xff}, {}} {
		m := ss7.MSU{DPC: pc("1.2.3"), OPC: pc("4.5.6"), SI: ss7.SNM, Payload: p}
		out := b.Do(b.now, ss7.Event{Kind: ss7.Transfer, Path: 1, MSU: m}, nil)
		if len(out) == 0 || out[0].Op != ss7.Note {
			t.Errorf("%x: %+v", p, out)
		}
	}
	if s := b.Stats(); s.SNMIn != 1 || s.SNMIgnored != 3 || s.TestsUnread+s.TestsUnanswered > 0 {
		t.Errorf("%+v", s)
	}
}
