package mtp3

import (
	"testing"
	"time"

	"github.com/gostp/gostp/ss7"
)

// A changeback waits for what its sources have not got rid of, whatever T4 and T5 say:
// a source that is dead and not known to be gives it back later, and it goes first.
func TestChangebackWaitsUntilSourcesAreDrained(t *testing.T) {
	b := newDuo(t)
	b.slow = true
	states[Changeback](b)
	b.tick(800 * time.Millisecond)
	b.tick(800 * time.Millisecond) // T5 is over
	if d := b.links[1].div; d.state != Changeback || len(d.declared) > 0 {
		t.Fatalf("%v, %d declared", d.state, len(d.declared))
	}
	b.want("drained", b.level2(ss7.Drained, 2, 0))
	if d := b.links[1].div; d.state != Undiverted {
		t.Errorf("%v", d.state)
	}
	// An answer says as much.
	b = newDuo(t)
	b.slow = true
	states[Changeback](b)
	for code := range b.links[1].div.declared {
		b.manage(2, Management{Heading: CBA, Code: code})
	}
	if d := b.links[1].div; d.state != Undiverted {
		t.Errorf("after the answer: %v", d.state)
	}
	// The source fails: what it gives back comes first.
	b = newDuo(t)
	b.slow = true
	states[Changeback](b)
	b.tick(800 * time.Millisecond)
	b.tick(800 * time.Millisecond)
	b.do(ss7.OutOfService, 2, "cut")
	b.level2(ss7.BSNT, 2, 9)
	b.manage(1, Management{Heading: XCA, SLC: 1, FSN: 4})
	if d := b.links[1].div; d.state != Changeback {
		t.Errorf("before the retrieval: %v", d.state)
	}
	b.level2(ss7.RetrievalComplete, 2, 0)
	if d := b.links[1].div; d.state != Undiverted || len(b.Table().Holds()) > 0 {
		t.Errorf("after the retrieval: %v, %x", d.state, b.Table().Holds())
	}
}

// Links of one cable die together: the order for the first went by the second, which is
// found dead a moment later. It goes again, by another way.
func TestOrderGoesAgainWhenItsWayDies(t *testing.T) {
	b := newDuo(t)
	cfg := b.cfg
	cfg.Linksets = append(cfg.Linksets, LinksetConfig{Name: "C", Adjacent: pc("5.5.5"), Links: []LinkConfig{{Path: 3}}})
	cfg.Routes = append(cfg.Routes, RouteConfig{dest("4.5.6/14"), "C", 7})
	b.Configure(b.now, cfg, nil)
	b.do(ss7.InService, 3, "")
	b.Do(b.now, ss7.Event{Kind: ss7.Transfer, Path: 3, MSU: ss7.MSU{DPC: pc("1.2.3"), OPC: pc("5.5.5"), SI: ss7.SNT,
		Payload: AppendLinkTest(nil, LinkTest{Ack: true, Pattern: b.links[3].pattern})}}, nil)
	b.tick(5 * time.Second)
	b.do(ss7.OutOfService, 1, "cut")
	b.want("the order", b.level2(ss7.BSNT, 1, 7), "send 2 XCO 7")
	out := b.do(ss7.OutOfService, 2, "cut")
	if got := b.sent(out); len(got) != 1 || got[0] != "3 XCO 7" {
		t.Errorf("sent %q", got)
	}
	// The far end's order for the other link comes by C: the answer goes back there.
	b.level2(ss7.BSNT, 2, 8)
	if got := b.sent(b.manage(3, Management{Heading: XCO, SLC: 1, FSN: 2})); len(got) != 1 || got[0] != "3 XCA 8" {
		t.Errorf("sent %q", got)
	}
}

// The order's way may be dead for longer than T2 before anybody knows: half of T2 over, it
// goes round by another point.
func TestOrderGoesRoundAfterHalfOfT2(t *testing.T) {
	b := newDuo(t)
	cfg := b.cfg
	cfg.Linksets = append(cfg.Linksets, LinksetConfig{Name: "C", Adjacent: pc("5.5.5"), Links: []LinkConfig{{Path: 3}}})
	cfg.Routes = append(cfg.Routes, RouteConfig{dest("4.5.6/14"), "C", 7})
	b.Configure(b.now, cfg, nil)
	b.do(ss7.InService, 3, "")
	b.Do(b.now, ss7.Event{Kind: ss7.Transfer, Path: 3, MSU: ss7.MSU{DPC: pc("1.2.3"), OPC: pc("5.5.5"), SI: ss7.SNT,
		Payload: AppendLinkTest(nil, LinkTest{Ack: true, Pattern: b.links[3].pattern})}}, nil)
	b.tick(5 * time.Second)
	b.do(ss7.OutOfService, 1, "cut")
	b.want("the order", b.level2(ss7.BSNT, 1, 7), "send 2 XCO 7")
	b.want("not yet", b.tick(699*time.Millisecond))
	b.want("again, round", b.tick(time.Millisecond), "send 3 XCO 7")
	if out := b.tick(699 * time.Millisecond); b.links[1].div.state != AwaitingCOA {
		t.Errorf("T2 is not over: %v", out)
	}
	if b.tick(time.Millisecond); b.links[1].div.state != Retrieving {
		t.Errorf("T2 is over: %v", b.links[1].div.state)
	}
}
