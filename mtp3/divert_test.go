package mtp3

import (
	"flag"
	"fmt"
	"math/rand"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gostp/gostp/ss7"
)

var update = flag.Bool("update", false, "rewrite testdata")

// duo is a node with two links to B (paths 1 and 2, codes 0 and 1), both in service.
func newDuo(t *testing.T) *bench {
	b := newBench(t, LinkConfig{Path: 1}, LinkConfig{Path: 2, SLC: 1})
	for p := range ss7.PathID(2) {
		b.do(ss7.InService, p+1, "")
		b.answer(p+1, nil)
	}
	b.manage(1, Management{Heading: TRA})
	b.tick(5 * time.Second)
	return b
}

// level2 tells what level 2 of a path answers.
func (b *bench) level2(k ss7.Kind, p ss7.PathID, arg uint32) []ss7.Action {
	return b.Do(b.now, ss7.Event{Kind: k, Path: p, Arg: arg}, nil)
}

// §3.2.2: the far end knows first.
func TestChangeoverOrderedByFarEnd(t *testing.T) {
	b := newDuo(t)
	b.want("XCO", b.manage(2, Management{Heading: XCO, FSN: 5}), "Stop 1",
		"Link 0 of linkset B is unavailable: the far end ordered a changeover (XCO)", "RetrieveBSNT 1")
	b.want("BSNT", b.level2(ss7.BSNT, 1, 9), "send 2 XCA 9", "Retrieve 1")
	b.want("retrieved", b.level2(ss7.RetrievalComplete, 1, 0))
	b = newDuo(t)
	b.do(ss7.OutOfService, 1, "cut")
	b.level2(ss7.BSNT, 1, 7)
	b.want("orders cross: theirs is the answer", b.manage(2, Management{Heading: XCO, FSN: 5}), "send 2 XCA 7",
		"Retrieve 1")
	b.want("XCA behind", b.manage(2, Management{Heading: XCA, FSN: 5}))
}

// §5.6.1, §5.7.2: no number, no answer: only what was never sent.
func TestChangeoverWithoutNumber(t *testing.T) {
	for h, arg := range map[Heading]uint32{ECA: ss7.NoFSN, COA: ss7.ShortFSN | 3} {
		b := newDuo(t)
		b.do(ss7.OutOfService, 1, "cut")
		b.level2(ss7.BSNT, 1, 7)
		out := b.manage(2, Management{Heading: h, FSN: 3})
		if e := out[len(out)-1].Event; e.Kind != ss7.Retrieve || e.Arg != arg {
			t.Errorf("%v: %+v", h, e)
		}
	}
	b := newDuo(t)
	b.do(ss7.OutOfService, 1, "cut")
	b.level2(ss7.BSNT, 1, 7)
	b.tick(1150 * time.Millisecond)
	out := b.tick(250 * time.Millisecond)
	if e := out[len(out)-1].Event; e.Kind != ss7.Retrieve || e.Arg != ss7.NoFSN || b.Stats().T2Expired != 1 {
		t.Errorf("T2: %+v", out)
	}
}

// A far end that orders with 7 bits for a link that numbers with 24 is answered in kind. Its number
// serves, completed by level 2, unless our XCO is out: then the answer to that is waited for, which has
// the whole number, and the short one serves if there is none within T2.
func TestShortChangeoverOrder(t *testing.T) {
	retrieves := func(what string, out []ss7.Action, arg uint32, why string) {
		t.Helper()
		e := out[len(out)-1].Event
		if e.Kind != ss7.Retrieve || e.Arg != arg || !strings.Contains(e.Why, why) {
			t.Errorf("%s: %+v", what, e)
		}
	}
	b := newDuo(t)
	b.manage(2, Management{Heading: COO, FSN: 5})
	out := b.level2(ss7.BSNT, 1, 1000)
	b.want("answered in kind", out, "send 2 COA 104", "Retrieve 1")
	retrieves("it ordered first", out, ss7.ShortFSN|5, "COO")

	crossing := func() *bench {
		b := newDuo(t)
		b.do(ss7.OutOfService, 1, "cut")
		b.want("our order", b.level2(ss7.BSNT, 1, 1000), "send 2 XCO 1000")
		b.want("theirs crosses it", b.manage(2, Management{Heading: COO, FSN: 5}), "send 2 COA 104")
		return b
	}
	retrieves("XCA", crossing().manage(2, Management{Heading: XCA, FSN: 261}), 261, "XCA")
	retrieves("COA", crossing().manage(2, Management{Heading: COA, FSN: 6}), ss7.ShortFSN|6, "COA")
	b = crossing()
	b.tick(1150 * time.Millisecond)
	retrieves("T2", b.tick(250*time.Millisecond), ss7.ShortFSN|5, "COO")
	if b.Stats().T2Expired != 1 {
		t.Error("T2 is not counted")
	}
	// The link dies by which our order went, and there is no other way for it.
	b = crossing()
	b.do(ss7.OutOfService, 2, "cut")
	retrieves("T1", b.tick(800*time.Millisecond), ss7.ShortFSN|5, "COO")
}

// §5.6.2: processor outage keeps the sequence by T1, and a far end that orders makes it normal.
func TestTimeControlledChangeover(t *testing.T) {
	b := newDuo(t)
	b.want("outage", b.do(ss7.RemoteOutage, 1, ""), "Link 0 of linkset B is unavailable: processor outage at the far end")
	b.want("T1", b.tick(800*time.Millisecond), "Retrieve 1")
	b = newDuo(t)
	b.do(ss7.RemoteOutage, 1, "")
	b.want("XCO while T1 runs", b.manage(2, Management{Heading: XCO, FSN: 5}), "Stop 1", "RetrieveBSNT 1")
	b.want("BSNT", b.level2(ss7.BSNT, 1, 9), "send 2 XCA 9", "Retrieve 1")
}

// Links with 7-bit numbers use COO and COA.
func TestShortSequenceNumbers(t *testing.T) {
	b := newDuo(t)
	cfg := b.cfg
	cfg.Linksets[0].Links[0].Short = true
	b.Configure(b.now, cfg, nil)
	b.do(ss7.OutOfService, 1, "cut")
	b.want("BSNT", b.level2(ss7.BSNT, 1, 77), "send 2 COO 77")
	out := b.manage(2, Management{Heading: COA, FSN: 76})
	if e := out[len(out)-1].Event; e.Kind != ss7.Retrieve || e.Arg != 76 {
		t.Errorf("%+v", out)
	}
}

// states brings link 0 of a duo into each state of a diversion.
var states = [diversionsDefined]func(*bench){
	Undiverted: func(*bench) {},
	AskingBSNT: func(b *bench) { b.do(ss7.OutOfService, 1, "cut") },
	AwaitingCOA: func(b *bench) {
		b.do(ss7.OutOfService, 1, "cut")
		b.level2(ss7.BSNT, 1, 7)
	},
	Retrieving: func(b *bench) {
		b.do(ss7.OutOfService, 1, "cut")
		b.level2(ss7.BSNT, 1, 7)
		b.manage(2, Management{Heading: XCA, FSN: 3})
	},
	DelayedCO: func(b *bench) { b.do(ss7.RemoteOutage, 1, "") },
	Changeback: func(b *bench) {
		b.do(ss7.OutOfService, 1, "cut")
		b.level2(ss7.BSNT, 1, 7)
		b.manage(2, Management{Heading: XCA})
		b.level2(ss7.RetrievalComplete, 1, 0)
		b.tick(1150 * time.Millisecond)
		b.do(ss7.InService, 1, "")
		b.answer(1, nil)
	},
	DelayedCB: nil, // needs another linkset: TestAdjacentRestart
}

// TestMatrix puts every event to every state of a diversion; the golden file is read
// beside Q.704 §5 and §6.
func TestMatrix(t *testing.T) {
	events := []struct {
		name string
		do   func(*bench) []ss7.Action
	}{
		{"link fails", func(b *bench) []ss7.Action { return b.do(ss7.OutOfService, 1, "x") }},
		{"outage", func(b *bench) []ss7.Action { return b.do(ss7.RemoteOutage, 1, "") }},
		{"outage over", func(b *bench) []ss7.Action { return b.do(ss7.RemoteRecovered, 1, "") }},
		{"other link fails", func(b *bench) []ss7.Action { return b.do(ss7.OutOfService, 2, "y") }},
		{"BSNT", func(b *bench) []ss7.Action { return b.level2(ss7.BSNT, 1, 9) }},
		{"retrieved", func(b *bench) []ss7.Action { return b.level2(ss7.RetrievalComplete, 1, 0) }},
		{"0.8 s", func(b *bench) []ss7.Action { return b.tick(800 * time.Millisecond) }},
		{"1.4 s", func(b *bench) []ss7.Action { return b.tick(1400 * time.Millisecond) }},
	}
	for _, h := range []Heading{COO, COA, XCO, XCA, ECO, ECA, CBD, CBA, LIN, LUN, LIA, LUA, LID, LFU, LLT, LRT} {
		events = append(events, struct {
			name string
			do   func(*bench) []ss7.Action
		}{h.String(), func(b *bench) []ss7.Action { return b.manage(2, Management{Heading: h, FSN: 5, Code: 1}) }})
	}
	var got strings.Builder
	for state, reach := range states {
		if reach == nil {
			continue
		}
		for _, e := range events {
			b := newDuo(t)
			reach(b)
			if is := b.links[1].div.state; is != Diversion(state) {
				t.Fatalf("state %v was to be reached, it is %v", Diversion(state), is)
			}
			var what []string
			for _, a := range e.do(b) {
				switch {
				case a.Op == ss7.Note:
				case a.Event.Kind == ss7.Transfer && a.Event.MSU.SI == ss7.SNM:
					what = append(what, fmt.Sprintf("%d<%s", a.Event.Path, describe(a.Event.MSU.Payload)))
				case a.Event.Kind == ss7.Retrieve:
					what = append(what, fmt.Sprintf("Retrieve %d", a.Event.Arg))
				default:
					what = append(what, fmt.Sprintf("%v %d", a.Event.Kind, a.Event.Path))
				}
			}
			fmt.Fprintf(&got, "%-26v %-16s -> %-26v link %-8v %s\n", Diversion(state), e.name, b.links[1].div.state,
				b.links[1].state, strings.Join(what, ", "))
		}
	}
	const golden = "testdata/diversion.golden"
	if *update {
		_ = os.MkdirAll("testdata", 0o755)
		if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || string(want) != got.String() {
		t.Errorf("%s differs; `go test ./mtp3 -update` rewrites it (%v)", golden, err)
	}
}

// Whatever happens in whatever order, nothing waits for ever and nothing panics.
func TestRandomEvents(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	for range 150 {
		s := newStar(t, RouteConfig{dest("7.7.1/14"), "B", 1}, RouteConfig{dest("7.7.1/14"), "C", 1},
			RouteConfig{dest("6.0.0/3"), "D", 3}, RouteConfig{dest("0.0.0/0"), "C", 7})
		for range 200 {
			p := ss7.PathID(1 + r.Intn(3))
			switch r.Intn(8) {
			case 0:
				s.do([]ss7.Kind{ss7.OutOfService, ss7.RemoteOutage, ss7.RemoteRecovered}[r.Intn(3)], p, "random")
			case 1:
				s.up(p)
			case 2:
				s.level2([]ss7.Kind{ss7.BSNT, ss7.RetrievalComplete}[r.Intn(2)], p, r.Uint32()&0xffffff)
			case 3:
				_, _ = s.SetInhibit(s.now, "BCD"[p-1:p], 0, r.Intn(2) == 0, nil)
			case 4:
				s.tick(time.Duration(r.Intn(1500)) * time.Millisecond)
			default:
				b := make([]byte, 1+r.Intn(5))
				r.Read(b)
				if r.Intn(2) == 0 {
					headings := []Heading{TFP, TFA, TFR, RST, XCO, XCA, CBD, CBA, LIN, LUN, LIA, LUA, LFU, TRA}
					points := []ss7.PC{pc("7.7.1"), pc("6.6.6"), pc("6.0.1"), pc("4.5.6")}
					b = AppendManagement(nil, ss7.ITU, Management{Heading: headings[r.Intn(14)],
						PC: points[r.Intn(4)], FSN: r.Uint32(), Code: uint8(r.Intn(5))})
				}
				s.Do(s.now, ss7.Event{Kind: ss7.Transfer, Path: p, MSU: ss7.MSU{DPC: pc("1.2.3"), OPC: s.links[p].set.cfg.Adjacent,
					SI: ss7.SNM, Payload: b}}, nil)
			}
		}
		for range 20 { // level 2 answers at once from now on
			for p := range ss7.PathID(3) {
				s.level2(ss7.BSNT, p+1, 1)
				s.level2(ss7.RetrievalComplete, p+1, 0)
			}
			s.tick(time.Second)
		}
		if holds := s.Table().Holds(); len(holds) > 0 {
			t.Fatalf("still waiting: %x, %+v", holds, s.Status())
		}
	}
}
