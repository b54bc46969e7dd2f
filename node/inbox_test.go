package node

import (
	"fmt"
	"testing"

	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/ss7"
)

// One linkset's flood leaves the others their turn, in order, and has its bound.
func TestInboxTakesTurns(t *testing.T) {
	t.Parallel()
	b := newInbox()
	put := func(p ss7.PathID, arg uint32) bool {
		ev := ss7.Event{Kind: ss7.Transfer, Path: p, Arg: arg, MSU: ss7.MSU{SI: ss7.MTPT}}
		return b.put(map[ss7.PathID]string{1: "A", 2: "B", 3: "C", 4: "A"}[p], ev)
	}
	for i := range uint32(inboxMost) {
		if !put(1+ss7.PathID(i%2)*3, i) {
			t.Fatal("refused")
		}
	}
	if put(1, 0) {
		t.Error("more than its bound")
	}
	put(2, 0)
	put(2, 1)
	put(3, 0)
	want := []ss7.Event{{Path: 1}, {Path: 2}, {Path: 3}, {Path: 4, Arg: 1}, {Path: 2, Arg: 1}, {Path: 1, Arg: 2},
		{Path: 4, Arg: 3}}
	for i, w := range want {
		<-b.ready
		if ev, ok := b.take(); !ok || ev.Path != w.Path || ev.Arg != w.Arg {
			t.Errorf("%d: path %d arg %d", i, ev.Path, ev.Arg)
		}
	}
	for range inboxMost - 4 {
		<-b.ready
		b.take()
	}
	if _, ok := b.take(); ok || len(b.of) != 0 {
		t.Error("something is left")
	}
}

// noticeOf is a message of a neighbour about a destination.
func noticeOf(h mtp3.Heading, pc ss7.PC) ss7.Event {
	return ss7.Event{Kind: ss7.Transfer, MSU: ss7.MSU{SI: ss7.SNM, DPC: 1, OPC: 2,
		Payload: mtp3.AppendManagement(nil, ss7.ANSI, mtp3.Management{Heading: h, PC: pc})}}
}

// What a neighbour says of every destination that there is has room, twice over; of one
// destination only the last counts, in its place behind what was said of its cluster.
func TestInboxKeepsWhatIsSaidOfEveryDestination(t *testing.T) {
	t.Parallel()
	b := newInbox()
	for _, h := range []mtp3.Heading{mtp3.TFP, mtp3.TFA} {
		for pc := range ss7.PC(16_384) {
			if !b.put("A", noticeOf(h, pc)) {
				t.Fatalf("%v of %d refused", h, pc)
			}
		}
	}
	for pc := range ss7.PC(16_384) {
		ev, ok := b.take()
		if m, _ := mtp3.ParseManagement(ss7.ANSI, ev.MSU.Payload); !ok || m.Heading != mtp3.TFA || m.PC != pc {
			t.Fatalf("%d: %+v", pc, m)
		}
	}
	if _, ok := b.take(); ok || len(b.of) != 0 {
		t.Error("something is left")
	}
	for _, ev := range []ss7.Event{noticeOf(mtp3.TFP, 0x10101), noticeOf(mtp3.TCA, 0x10100),
		noticeOf(mtp3.TFP, 0x10101), noticeOf(mtp3.TFR, 0x10101), noticeOf(mtp3.TRA, 0)} {
		b.put("A", ev)
	}
	for _, want := range []mtp3.Heading{mtp3.TFP, mtp3.TCA, mtp3.TFR, mtp3.TRA} {
		if ev, _ := b.take(); mtp3.Heading(ev.MSU.Payload[0]) != want {
			t.Errorf("%v, want %v", mtp3.Heading(ev.MSU.Payload[0]), want)
		}
	}
}

// A neighbour that says the same again and again takes no more room, and all that waits stays in its order.
func TestInboxForgetsWhatWasReplaced(t *testing.T) {
	t.Parallel()
	b := newInbox()
	b.put("A", noticeOf(mtp3.ECO, 0))
	const others = 100
	for pc := range ss7.PC(others) {
		b.put("A", noticeOf(mtp3.TFP, pc))
	}
	for i := range 100_000 {
		if !b.put("A", noticeOf([]mtp3.Heading{mtp3.TFA, mtp3.TFP}[i%2], others)) {
			t.Fatal("refused")
		}
	}
	if q := b.of[inflow{"A", true}]; len(q.queue) > 2*others+2*gapsLeast {
		t.Errorf("%d places for %d statements", len(q.queue), q.live)
	}
	b.put("A", noticeOf(mtp3.TFR, others/2)) // its number is another now
	want := []ss7.PC{0}
	for pc := range ss7.PC(others + 1) {
		if pc != others/2 {
			want = append(want, pc)
		}
	}
	for i, pc := range append(want, others/2) {
		ev, ok := b.take()
		if m, _ := mtp3.ParseManagement(ss7.ANSI, ev.MSU.Payload); !ok || m.PC != pc || (m.Heading == mtp3.ECO) != (i == 0) {
			t.Fatalf("%d: %+v, want %d", i, m, pc)
		}
	}
	if _, ok := b.take(); ok || len(b.of) != 0 {
		t.Error("something is left")
	}
}

// Pings that nobody takes in time leave management its room, and the other way round;
// what one neighbour may have wait is bounded.
func TestInboxHasRoomOfItsOwnForManagement(t *testing.T) {
	t.Parallel()
	b := newInbox()
	ping := ss7.Event{Kind: ss7.Transfer, MSU: ss7.MSU{SI: ss7.MTPT}}
	order := noticeOf(mtp3.ECO, 0)
	for _, ev := range []ss7.Event{ping, order} {
		for range inboxMost {
			if !b.put("A", ev) {
				t.Fatal("refused")
			}
		}
		if b.put("A", ev) {
			t.Error("more than its bound")
		}
	}
	for pc := range ss7.PC(noticesMost) {
		if !b.put("A", noticeOf(mtp3.TFP, pc)) {
			t.Fatalf("TFP %d refused", pc)
		}
	}
	if b.put("A", noticeOf(mtp3.TFP, noticesMost)) {
		t.Error("more than its bound")
	}
}

// Sources are many, as AS that strangers register are: all together have a bound, and one that
// comes when it is reached has a share of its own.
func TestInboxIsBoundedInAll(t *testing.T) {
	t.Parallel()
	b := newInbox()
	told := make(chan bool, 20)
	b.tell = func() { told <- true }
	waits := 0
	for s := range 20 {
		from := fmt.Sprint("as-rkm-", s)
		n := 0
		for b.put(from, ss7.Event{Kind: ss7.Transfer, MSU: ss7.MSU{SI: ss7.SCCP}}) {
			n++
		}
		if want := map[bool]int{true: inboxMost, false: inboxShare}[s < inboxAll/inboxMost]; n != want {
			t.Errorf("source %d has room for %d, not %d", s, n, want)
		}
		waits += n
	}
	if <-told; len(told) > 0 {
		t.Error("it is told more than once")
	}
	for {
		if _, ok := b.take(); !ok {
			break
		}
		waits--
	}
	if waits != 0 || b.msus != 0 {
		t.Errorf("%d were lost, %d are counted", waits, b.msus)
	}
	if !b.put("as-rkm-19", ss7.Event{Kind: ss7.Transfer, MSU: ss7.MSU{SI: ss7.SCCP}}) {
		t.Error("there is room again, and it is not given")
	}
}

// An MSU that waits has a payload of its own: that of the reader is written over by what comes next.
func TestInboxCopiesThePayload(t *testing.T) {
	t.Parallel()
	n := New(Options{Platform: onWires(newWires()), Version: "test"})
	n.Close() // so that the core takes nothing
	m := ss7.MSU{SI: ss7.MTPT, Payload: []byte("hello")}
	if why := n.core.keep(0, &m); why != mtp3.NoReason {
		t.Fatal(why)
	}
	copy(m.Payload, "world")
	if ev, ok := n.core.data.take(); !ok || string(ev.MSU.Payload) != "hello" {
		t.Errorf("%q waited", ev.MSU.Payload)
	}
	if got := n.discards.delivered.Load(); got != 1 {
		t.Errorf("%d count as delivered", got)
	}
}

// The source of an MSU is the linkset by which it came.
func TestInboxKnowsTheLinkset(t *testing.T) {
	c, b := newCarrier(t, 1, 60), newInbox()
	c.in.linkset = "N"
	c.in.node.put(&b, throughMSU("hello"), ss7.Event{Path: c.in.id})
	if b.of[inflow{linkset: "N"}] == nil || len(b.of) != 1 {
		t.Errorf("the sources are %v", b.of)
	}
}

// MSUs that wait for one user part are too many when no room is left for them, however few wait for the others. They
// are too many until half of the room is free.
func TestInboxOfAnyUserPartIsCrowded(t *testing.T) {
	t.Parallel()
	one, other := newInbox(), newInbox()
	u := &users{inboxes: []*inbox{&one, &other}}
	other.tell = func() {}
	put := func(from int) {
		other.put(fmt.Sprint(from), ss7.Event{Kind: ss7.Transfer, MSU: ss7.MSU{SI: ss7.ISUP}})
	}
	for i := range inboxAll {
		put(i / inboxMost)
	}
	if u.crowded() {
		t.Fatalf("%d MSUs are too many", u.waiting())
	}
	put(0)
	for u.waiting() >= inboxAll/2 {
		if !u.crowded() {
			t.Fatalf("%d MSUs are not too many", u.waiting())
		}
		other.take()
	}
	if u.crowded() {
		t.Errorf("%d MSUs are too many", u.waiting())
	}
}
