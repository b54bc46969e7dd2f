package node

import (
	"testing"

	"github.com/gostp/gostp/ss7"
)

// One linkset's flood leaves the others their turn, in order, and has its bound.
func TestInboxTakesTurns(t *testing.T) {
	b := newInbox()
	put := func(p ss7.PathID, arg uint32) bool {
		return b.put(map[ss7.PathID]string{1: "A", 2: "B", 3: "C", 4: "A"}[p], ss7.Event{Path: p, Arg: arg})
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
	want := []ss7.Event{{Path: 1}, {Path: 2}, {Path: 3}, {Path: 4, Arg: 1}, {Path: 2, Arg: 1}, {Path: 1, Arg: 2}, {Path: 4, Arg: 3}}
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
