package m2pa

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gostp/gostp/ss7"
)

func TestQueueIsBounded(t *testing.T) {
	for priorities, want := range map[bool]string{false: "[1]", true: "[1 2 3]"} {
		c := cfg()
		c.QueueMax, c.Onset, c.Abate, c.Discard, c.Priorities = 10, [3]int{4, 6, 8}, [3]int{2, 5, 7}, [3]int{20, 20, 20},
			priorities
		x := inService(t, c)
		for i := range 12 {
			x.send(0, byte(i))
		}
		var levels []uint32
		for _, e := range x.up[0] {
			if e.Kind == ss7.Congestion {
				levels = append(levels, e.Arg)
			}
		}
		if full, _, _ := x.l[0].Refused(); full != 2 || fmt.Sprint(levels) != want {
			t.Errorf("%d refused, levels %v", full, levels)
		}
		x.pass(200 * time.Millisecond)
		if st := x.l[0].Status(); st.CongestionLevel != 0 || st.Peak != 10 {
			t.Errorf("level %d, peak %d", st.CongestionLevel, st.Peak)
		}
		if last := x.up[0][len(x.up[0])-1]; last.Kind != ss7.Congestion || last.Arg != 0 ||
			!strings.HasSuffix(last.Why, "fewer than 2") {
			t.Errorf("the last event is %+v", last)
		}
	}
}

func TestNothingIsAllocated(t *testing.T) {
	l := inState(InService)
	m := ss7.MSU{DPC: 1, OPC: 2, SI: ss7.SCCP, Payload: make([]byte, 100)}
	out := make([]ss7.Action, 0, 8)
	step := func() {
		out = l.Do(epoch, ss7.Event{Kind: ss7.Transfer, MSU: m}, out[:0])
		ack := l.arena[:0]
		ack = Append(ack, Message{Type: UserData, BSN: l.lastTx, FSN: seqMask})
		out = l.Recv(epoch, 1, ack, out[:0])
	}
	step()
	if n := testing.AllocsPerRun(1000, step); n != 0 {
		t.Errorf("sending: %v allocations", n)
	}
	in := data(0, seqMask)
	l = inState(InService)
	fsn := uint32(0)
	recv := func() {
		in[13], in[14], in[15] = byte(fsn>>16), byte(fsn>>8), byte(fsn)
		fsn++
		out = l.Recv(epoch, 1, in, out[:0])
	}
	recv()
	if n := testing.AllocsPerRun(1000, recv); n != 0 {
		t.Errorf("receiving: %v allocations", n)
	}
}

// Q.704 §2.3.5.2: with priorities a congested link sheds the lowest first, and what
// manages the network finds room in a full queue.
func TestPrioritiesAndReserve(t *testing.T) {
	c := cfg()
	c.QueueMax, c.Onset, c.Abate, c.Discard, c.Priorities = 10, [3]int{3, 5, 7}, [3]int{2, 4, 6}, [3]int{4, 6, 8}, true
	x := inService(t, c)
	send := func(prio uint8, si ss7.SI) uint64 {
		x.l[0].Do(x.now, ss7.Event{Kind: ss7.Transfer, MSU: ss7.MSU{Prio: prio, SI: si}}, nil)
		return x.l[0].Status().Stats.Shed
	}
	for range 5 {
		send(0, ss7.SCCP)
	}
	if got := send(0, ss7.SCCP); x.l[0].Level() != 1 || got != 1 {
		t.Errorf("level %d, %d shed", x.l[0].Level(), got)
	}
	for range 10 {
		send(3, ss7.SCCP)
	}
	full, _, shed := x.l[0].Refused()
	if x.l[0].Status().CongestionLevel != 3 || full != 5 || shed != 1 {
		t.Errorf("level %d, %d refused, %d shed", x.l[0].Level(), full, shed)
	}
	if got := send(2, ss7.SCCP); got != 2 || x.l[0].Status().DiscardLevel != 3 {
		t.Errorf("%d shed at discard level %d", got, x.l[0].Status().DiscardLevel)
	}
	for range managementReserve + 1 {
		send(3, ss7.SNM)
	}
	if full, _, _ := x.l[0].Refused(); full != 6 {
		t.Errorf("%d refused", full)
	}
}

// Drained is told once, when the far end has acknowledged what was there at Drain.
func TestDrain(t *testing.T) {
	x := inService(t, cfg())
	if out := x.l[0].Do(x.now, ss7.Event{Kind: ss7.Drain}, nil); len(out) != 1 || out[0].Event.Kind != ss7.Drained {
		t.Errorf("an empty link: %s", describe(out))
	}
	x.send(0, 1)
	x.send(0, 2)
	if out := x.l[0].Do(x.now, ss7.Event{Kind: ss7.Drain}, nil); len(out) != 0 {
		t.Errorf("%s", describe(out))
	}
	x.send(0, 3)
	first := x.l[0].lastAcked + 1
	ack := func(k uint32) []ss7.Action {
		return x.l[0].Recv(x.now, StreamData, Append(nil, Message{Type: UserData, BSN: (first + k) & seqMask,
			FSN: x.l[0].lastRx}), nil)
	}
	for k, want := range []string{"", "Drained", ""} { // by the third nothing more is told
		if got := describe(ack(uint32(k))); !strings.Contains(got, want) || want == "" && strings.Contains(got, "Drained") {
			t.Errorf("acknowledgement of %d: %q", k, got)
		}
	}
}
