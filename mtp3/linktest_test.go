package mtp3

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/gostp/gostp/ss7"
)

// tested gives the service indicators, the SLS and the contents of link tests among actions.
func tested(out []ss7.Action) (sent []string) {
	for _, a := range out {
		if m := a.Event.MSU; a.Op == ss7.Raise && a.Event.Kind == ss7.Transfer && m.SI != ss7.SNM {
			if t, err := ParseLinkTest(m.Payload); err == nil {
				text := "SI %d SLS %d ack %v SLC %d pattern %x"
				sent = append(sent, fmt.Sprintf(text, m.SI, m.SLS, t.Ack, t.SLC, t.Pattern[:1]))
			}
		}
	}
	return sent
}

// T1.111.7: in ANSI a link test has the SLC in its own field, and the label's SLS may be any. Tests
// are special messages (SI 2) unless the linkset says regular ones (SI 1), and what comes is
// answered with the service indicator, the pattern and the SLC that it has.
func TestANSILinkTestHasItsSLCInTheMessage(t *testing.T) {
	for _, c := range []struct {
		how, own ss7.SI
	}{{0, ss7.SNTS}, {ss7.SNT, ss7.SNT}, {ss7.SNTS, ss7.SNTS}} {
		s := newANSI(t)
		cfg := s.cfg
		cfg.Linksets[0].TestSI, cfg.Linksets[0].Links = c.how, []LinkConfig{{Path: 1, SLC: 3}}
		s.Configure(s.now, cfg, nil)
		out := s.do(ss7.InService, 1, "")
		out = append(out, s.tick(DefaultSLTT1)...)
		want := fmt.Sprintf("SI %d SLS 3 ack false SLC 3 pattern 00", c.own)
		if got := tested(out); len(got) == 0 || got[0] != want {
			t.Errorf("%v: sent %q, want %q", c.how, got, want)
		}
		hear := func(si ss7.SI, sls uint8, x LinkTest) []ss7.Action {
			m := ss7.MSU{DPC: s.pc("9.9.9"), OPC: s.pc("4.5.6"), SI: si, SLS: sls, Payload: AppendLinkTest(nil, x)}
			return s.Do(s.now, ss7.Event{Kind: ss7.Transfer, Path: 1, MSU: m}, nil)
		}
		for _, si := range []ss7.SI{ss7.SNT, ss7.SNTS} {
			for _, sls := range []uint8{0, 3, 200} {
				got := tested(hear(si, sls, LinkTest{Pattern: []byte("ab"), SLC: 3}))
				want := []string{fmt.Sprintf("SI %d SLS %d ack true SLC 3 pattern 61", si, sls)}
				if !slices.Equal(got, want) {
					t.Errorf("SI %d, SLS %d: %q, want %q", si, sls, got, want)
				}
			}
		}
		s.wantTold("another link's", hear(ss7.SNTS, 3, LinkTest{Pattern: []byte("ab"), SLC: 4}),
			"the far end calls this link SLC 4; here it is SLC 3")
		l := s.links[1]
		hear(c.own, 200, LinkTest{Ack: true, Pattern: l.pattern, SLC: 3})
		if l.state != Available {
			t.Errorf("after the answer: %v, %s", l.state, l.why)
		}
	}
}

// Q.707 §2.2: an answer ends the test only if it is one to it: in this network, for this node, from
// the neighbour, about this link. Elsewhere than in ANSI the link is that of the label, whose spare
// bits do not count.
func TestLinkTestAnswerIsForThisTest(t *testing.T) {
	for what, spoil := range map[string]func(*ss7.MSU){
		"another network":   func(m *ss7.MSU) { m.NI = ss7.National },
		"another node":      func(m *ss7.MSU) { m.DPC = pc("1.2.4") },
		"another neighbour": func(m *ss7.MSU) { m.OPC = pc("4.5.7") },
		"another link":      func(m *ss7.MSU) { m.SLS = 1 },
	} {
		b := newBench(t, LinkConfig{Path: 1})
		b.do(ss7.InService, 1, "")
		b.answer(1, spoil)
		if l := b.links[1]; l.state != Testing {
			t.Errorf("%s: %v", what, l.state)
		}
		b.answer(1, nil)
		if l := b.links[1]; l.state != Available {
			t.Errorf("after %s: %v", what, l.state)
		}
	}
	if slc := ss7.China.SLC(&ss7.MSU{SLS: 0xf7}); slc != 7 {
		t.Errorf("China: SLC %d", slc)
	}
}

// Q.704 §12.2.4.1: a linkset without an aligned link wants one fast. When another has come up, a link
// that still waits for its far end is told that the hurry is over; when the last fails, that it begins.
func TestEmergencyIsWithdrawn(t *testing.T) {
	orders := func(out []ss7.Action) (got []string) {
		for _, a := range out {
			kinds := []ss7.Kind{ss7.Emergency, ss7.EmergencyCeases, ss7.Start}
			if k := a.Event.Kind; a.Op == ss7.Raise && slices.Contains(kinds, k) {
				got = append(got, fmt.Sprint(a.Event.Path, " ", k))
			}
		}
		return got
	}
	b := newBench(t, LinkConfig{Path: 1}, LinkConfig{Path: 2, SLC: 1}, LinkConfig{Path: 3, SLC: 2})
	want := func(what string, out []ss7.Action, want ...string) {
		t.Helper()
		if got := orders(out); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	want("the first is aligned", b.do(ss7.InService, 1, ""), "2 EmergencyCeases", "3 EmergencyCeases")
	want("the second too", b.do(ss7.InService, 2, ""))
	want("the first fails", b.do(ss7.OutOfService, 1, "cut"))
	want("the second fails", b.do(ss7.OutOfService, 2, "cut"), "3 Emergency")
	want("T17", b.tick(2*time.Second), "1 Emergency", "1 Start", "2 Emergency", "2 Start")
	want("the third", b.do(ss7.InService, 3, ""), "1 EmergencyCeases", "2 EmergencyCeases")
}

// A counter counts what its name says: tests that are not for this link, tests that are none, and
// management without effect are three.
func TestWhatIsIgnoredIsCountedApart(t *testing.T) {
	b := newBench(t, LinkConfig{Path: 1})
	b.do(ss7.InService, 1, "")
	hear := func(si ss7.SI, sls uint8, payload []byte) Stats {
		m := ss7.MSU{DPC: pc("1.2.3"), OPC: pc("4.5.6"), SI: si, SLS: sls, Payload: payload}
		b.Do(b.now, ss7.Event{Kind: ss7.Transfer, Path: 1, MSU: m}, nil)
		return b.Stats()
	}
	test := AppendLinkTest(nil, LinkTest{Pattern: []byte("ab")})
	if s := hear(ss7.SNT, 1, test); s.TestsUnanswered != 1 || s.TestsUnread+s.SNMIgnored > 0 {
		t.Errorf("a test for link 1: %+v", s)
	}
	if s := hear(ss7.SNT, 0, []byte{0x99}); s.TestsUnread != 1 || s.TestsUnanswered != 1 || s.SNMIgnored > 0 {
		t.Errorf("no test: %+v", s)
	}
	if s := hear(ss7.SNM, 0, []byte{0xff}); s.SNMIgnored != 1 || s.TestsUnread != 1 || s.TestsUnanswered != 1 {
		t.Errorf("management: %+v", s)
	}
}

// Q.704 §2.4.3: what has another network indicator is for another network, also by a link that
// carries no traffic yet and whose management is taken whatever its codes are.
func TestManagementOfAnotherNetworkIsIgnored(t *testing.T) {
	b := newBench(t, LinkConfig{Path: 1})
	b.do(ss7.InService, 1, "")
	tra := AppendManagement(nil, ss7.ITU, Management{Heading: TRA})
	m := ss7.MSU{DPC: pc("1.2.3"), OPC: pc("4.5.6"), NI: ss7.National, SI: ss7.SNM, Payload: tra}
	out := b.Do(b.now, ss7.Event{Kind: ss7.Transfer, Path: 1, MSU: m}, nil)
	b.wantTold("TRA", out, "TRA on link 0 of linkset B with network indicator national; this node has international")
	if s := b.Stats(); s.SNMIgnored != 1 || s.SNMIn != 0 || b.sets[0].early {
		t.Errorf("%+v", s)
	}
}
