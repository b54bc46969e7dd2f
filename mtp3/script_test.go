package mtp3

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gostp/gostp/ss7"
)

// What no other test has of the cases in clauses_test.go.

// about is a message of B for its link, which is down, that came round by path p.
func (s *star) about(p ss7.PathID, m Management) []ss7.Action {
	msu := ss7.MSU{DPC: s.cfg.Own[0], OPC: s.links[1].set.cfg.Adjacent, SI: ss7.SNM,
		Payload: AppendManagement(nil, s.cfg.Variant, m)}
	return s.Do(s.now, ss7.Event{Kind: ss7.Transfer, Path: p, MSU: msu}, nil)
}

func (b *bench) wantTold(what string, out []ss7.Action, text string) {
	b.t.Helper()
	if !strings.Contains(fmt.Sprint(out), text) {
		b.t.Errorf("%s: not told %q: %v", what, text, out)
	}
}

// §5.6.2: no path to the far end: T1 instead of an order. One of the far end's, while T1
// runs, makes it normal; behind T1 it is answered with ECA.
func TestChangeoverWithoutPath(t *testing.T) {
	s := newStar(t)
	s.wantSent("nobody to ask", append(s.do(ss7.OutOfService, 1, "cut"), s.level2(ss7.BSNT, 1, 7)...))
	s.wantPath("T1 runs", "7.7.1", -1)
	out := s.tick(800 * time.Millisecond)
	if e := out[len(out)-1].Event; e.Kind != ss7.Retrieve || e.Arg != ss7.NoFSN {
		t.Errorf("T1: %v", out)
	}
	s.wantSent("retrieved", s.level2(ss7.RetrievalComplete, 1, 0), "2 TFP 4.5.6", "2 TFP 7.7.1", "3 TFP 4.5.6")
	s.wantPath("after T1", "7.7.1", 2)
	s.wantSent("XCO behind T1", s.about(2, Management{Heading: XCO, FSN: 3}), "2 ECA")

	s = newStar(t)
	s.do(ss7.OutOfService, 1, "cut")
	s.level2(ss7.BSNT, 1, 7)
	s.about(2, Management{Heading: XCO, FSN: 3})
	out = s.level2(ss7.BSNT, 1, 7)
	s.wantSent("XCO while T1 runs", out, "2 XCA 7")
	if e := out[len(out)-1].Event; e.Kind != ss7.Retrieve || e.Arg != 3 {
		t.Errorf("not normal: %v", out)
	}
}

// §10.2, §10.3: LIN, LUN and LFU are repeated once, then a person is told; so is a refusal.
func TestInhibitingUnanswered(t *testing.T) {
	b := newDuo(t)
	out, _ := b.SetInhibit(b.now, "B", 0, true, nil)
	b.want("LIN", out, "send 2 LIN")
	b.want("T14", b.tick(2500*time.Millisecond), "send 2 LIN")
	b.want("T14 again", b.tick(2500*time.Millisecond), "Link 0 of linkset B: the far end did not answer LIN")
	b.want("a late LIA", b.manage(2, Management{Heading: LIA}))
	_, _ = b.SetInhibit(b.now, "B", 0, true, nil)
	b.want("LID", b.manage(2, Management{Heading: LID}),
		"Link 0 of linkset B: the far end does not let it be inhibited: it needs the link to reach something")
	_, _ = b.SetInhibit(b.now, "B", 0, true, nil)
	b.manage(2, Management{Heading: LIA})
	b.tick(800 * time.Millisecond)
	b.level2(ss7.RetrievalComplete, 1, 0)
	out, _ = b.SetInhibit(b.now, "B", 0, false, nil)
	b.want("LUN", out, "send 2 LUN")
	b.want("T12", b.tick(1150*time.Millisecond), "send 2 LUN")
	b.want("T12 again", b.tick(1150*time.Millisecond), "Link 0 of linkset B: the far end did not answer LUN")
	if !b.links[1].localInhibit {
		t.Error("uninhibited without an answer")
	}

	b = newDuo(t)
	b.manage(2, Management{Heading: LIN})
	b.tick(800 * time.Millisecond)
	b.level2(ss7.RetrievalComplete, 1, 0)
	b.do(ss7.OutOfService, 2, "cut")
	if got := b.sent(b.tick(1150 * time.Millisecond)); !slices.Contains(got, "1 LFU") {
		t.Errorf("T13: %q", got)
	}
	b.wantTold("T13 again", b.tick(1150*time.Millisecond), "the far end did not answer LFU")
}

// §10.1, §10.5: a link that is down can be inhibited; one that comes back with a mark
// carries no traffic; the far end's request, LFU, is answered with LUN.
func TestInhibitUnavailableLink(t *testing.T) {
	b := newDuo(t)
	b.do(ss7.OutOfService, 1, "cut")
	b.level2(ss7.BSNT, 1, 7)
	b.manage(2, Management{Heading: XCA})
	b.level2(ss7.RetrievalComplete, 1, 0)
	out, err := b.SetInhibit(b.now, "B", 0, true, nil)
	if err != nil {
		t.Fatal(err)
	}
	b.want("asked", out, "send 2 LIN")
	b.want("LIA", b.manage(2, Management{Heading: LIA}), "Link 0 of linkset B is inhibited from this end")
	b.tick(1150 * time.Millisecond)
	b.do(ss7.InService, 1, "")
	b.answer(1, nil)
	if l := b.links[1]; l.state != Available || l.usable() {
		t.Errorf("link is %v, usable %v", l.state, l.usable())
	}
	if got := b.sent(b.tick(5*time.Minute - 1150*time.Millisecond)); len(got) != 1 || got[0] != "2 LLT" {
		t.Errorf("T22: %q", got)
	}
	b.want("LFU", b.manage(1, Management{Heading: LFU}), "send 2 LUN")
	b.want("LUA", b.manage(2, Management{Heading: LUA}), "Link 0 of linkset B is no longer inhibited", "send 2 CBD 1")
}

// §13.5.2: tests end with the linkset to who is tested, and what it said is forgotten.
func TestRouteSetTestEnds(t *testing.T) {
	s := newStar(t)
	s.from(1, Management{Heading: TFP, PC: s.pc("7.7.1")})
	s.wantSent("T10", s.tick(45*time.Second), "1 RST 7.7.1")
	s.fail(1)
	s.wantSent("no test any more", s.tick(2*time.Minute))
	s.up(1)
	s.tick(time.Second)
	s.wantPath("forgotten", "7.7.1", 1)
}

// §8.2.1: when the better route is lost again while T6 runs, traffic goes on where it went.
func TestReroutingIsTakenBack(t *testing.T) {
	s := newStar(t)
	tfp, tfa := Management{Heading: TFP, PC: s.pc("7.7.1")}, Management{Heading: TFA, PC: s.pc("7.7.1")}
	s.from(1, tfp)
	s.from(1, tfa)
	s.wantPath("T6 runs", "7.7.1", -1)
	s.wantSent("TFP within T6", s.from(1, tfp), "1 TFA 7.7.1", "2 TFP 7.7.1")
	s.wantPath("at once", "7.7.1", 2)
	s.wantSent("T6 would be over", s.tick(time.Second))
	s.wantPath("still", "7.7.1", 2)
}

// §4.5, §4.6: of a combined linkset, one prohibited: all goes by the other; allowed: shared
// again after T6.
func TestCombinedLinksetAndRoutes(t *testing.T) {
	s := newStar(t, RouteConfig{dest("7.7.1/14"), "B", 1}, RouteConfig{dest("7.7.1/14"), "C", 1})
	ways := func() (n [3]int) {
		for sls := range uint8(16) {
			d := Decide(s.Table(), &ss7.MSU{DPC: s.pc("7.7.1"), NI: ss7.International, SI: ss7.SCCP, SLS: sls}, 0)
			if !d.Path.IsHold() {
				n[d.Path]++
			}
		}
		return n
	}
	if got := ways(); got != [3]int{0, 8, 8} {
		t.Errorf("both allowed: %v", got)
	}
	s.wantSent("C may not send it to us, B neither", s.from(1, Management{Heading: TFP, PC: s.pc("7.7.1")}), "1 TFA 7.7.1")
	if got := ways(); got != [3]int{0, 0, 16} {
		t.Errorf("one prohibited: %v", got)
	}
	s.from(1, Management{Heading: TFA, PC: s.pc("7.7.1")})
	if got := ways(); got != [3]int{} {
		t.Errorf("T6 runs: %v", got)
	}
	s.tick(800 * time.Millisecond)
	if got := ways(); got != [3]int{0, 8, 8} {
		t.Errorf("shared again: %v", got)
	}
}
