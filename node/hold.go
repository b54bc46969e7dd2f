package node

import (
	"cmp"
	"slices"
	"time"

	"github.com/gostp/gostp/internal/lock"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/ss7"
)

// holdMost is how many MSUs wait at one hold: more than a second's worth of a busy
// link, little memory.
const holdMost = 1 << 16

// earlyMost is how many MSUs of a link wait until its test has passed here.
const earlyMost = 1024

// hold is a path at which MSUs wait in the order in which they came, for as long as the table in force names it (the
// changeover and changeback buffers of Q.704 §5 to §8). A settled hold passes on the MSUs that a reader with the
// older table still brings. An MSU that one hold passes to another keeps its turn there.
type hold struct {
	node *Node

	mu      lock.Mutex[lock.Hold]
	waiting []held
	settled *view
}

type held struct {
	msu  ss7.MSU // its payload is a copy
	from ss7.PathID
	turn uint64      // the number of the MSU among all that came to holds; 0: retrieved from a link, so before all others
	over mtp3.Reason // why it is discarded if its destination is inaccessible; 0: because of that
}

func keep(m *ss7.MSU, from ss7.PathID) held {
	k := held{msu: *m, from: from}
	k.msu.Payload = append([]byte(nil), m.Payload...)
	return k
}

// offer takes one MSU. A settled hold passes it on. turn is nil if the MSU comes from no other hold.
func (h *hold) offer(now time.Time, m *ss7.MSU, from ss7.PathID, turn *uint64) {
	h.mu.Lock()
	v := h.settled
	if v == nil && len(h.waiting) < holdMost {
		k := keep(m, from)
		if turn != nil {
			k.turn = *turn
		} else {
			k.turn = h.node.turns.Add(1)
		}
		h.waiting = append(h.waiting, k)
		h.mu.Unlock()
		return
	}
	h.mu.Unlock()
	if v == nil {
		h.node.discards.add(mtp3.HoldFull, 1)
		return
	}
	h.node.routeBy(v, now, &transfer{msus: []*ss7.MSU{m}}, from)
}

// retrieved takes the MSUs that a link gave back. They leave before all others, because their turn is 0. A hold that
// has been settled meanwhile passes them on at once.
func (h *hold) retrieved(now time.Time, msus []held) {
	h.mu.Lock()
	v := h.settled
	if v == nil {
		h.waiting = append(h.waiting, msus...)
	}
	h.mu.Unlock()
	if v == nil {
		return
	}
	t := transfer{}
	for i := range msus {
		t.msus = append(t.msus, &msus[i].msu)
	}
	h.node.routeBy(v, now, &t, 0)
}

// settle routes by v the MSUs that wait at holds, and at AS that are gone, in the order of their turns; whatever comes
// there later leaves at once. No reader routes by v yet, so no MSU overtakes another.
func (n *Node) settle(now time.Time, holds []*hold, gone []*as, v *view) {
	var all []held
	for _, h := range holds {
		h.mu.Lock()
		defer h.mu.Unlock()
		all = append(all, h.waiting...)
		h.waiting, h.settled = nil, v
	}
	for _, s := range gone {
		s.mu.Lock()
		defer s.mu.Unlock()
		all = append(all, s.leave(v)...)
	}
	slices.SortStableFunc(all, func(a, b held) int { return cmp.Compare(a.turn, b.turn) })
	goOn := &settled{}
	t := transfer{settled: goOn}
	for i := 0; i < len(all); {
		from, over := all[i].from, all[i].over
		t.msus, goOn.turns, goOn.over = t.msus[:0], goOn.turns[:0], over
		for ; i < len(all) && all[i].from == from && all[i].over == over; i++ {
			t.msus, goOn.turns = append(t.msus, &all[i].msu), append(goOn.turns, all[i].turn)
		}
		n.routeBy(v, now, &t, from)
	}
}

// count tells how many MSUs wait.
func (h *hold) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.waiting)
}

// publish puts next in force. The holds that its table names exist before. The holds that it no longer names have sent
// on their MSUs before any reader routes by it. When publish returns, no reader routes by an older view.
func (n *Node) publish(next *view) {
	old := n.view.Load()
	if old.table == next.table {
		n.view.Store(next)
		return
	}
	next.holds = nil
	for _, p := range next.table.Holds() {
		if next.holds == nil {
			next.holds = map[ss7.PathID]*hold{}
		}
		if next.holds[p] = old.holds[p]; next.holds[p] == nil {
			next.holds[p] = &hold{node: n}
		}
	}
	now := time.Now()
	var over []*hold
	for p, h := range old.holds {
		if next.holds[p] == nil {
			over = append(over, h)
		}
	}
	gone := n.departures.take(next.table)
	n.settle(now, over, gone, next)
	n.view.Store(next)
	if len(old.holds)+len(next.holds)+len(gone) > 0 {
		n.awaitAll(next)
	}
	for _, s := range gone {
		s.left(next)
	}
	n.releaseEarly(old, next)
}

// awaitAll returns when no reader routes by a view older than v, which is in force.
func (n *Node) awaitAll(v *view) {
	n.readers.await()
	for _, l := range v.paths {
		if l != nil {
			l.await() // what its timer or the core made it route
		}
	}
}

// await returns when what came by the link has been routed.
func (l *link) await() {
	l.rx.Lock()
	defer l.rx.Unlock()
}

// releaseEarly routes the MSUs that came by a link before MTP3 had opened it, for each link that is open now.
func (n *Node) releaseEarly(old, next *view) {
	for _, l := range next.paths {
		if l == nil {
			continue
		}
		_, was := old.table.From(l.id)
		if _, is := next.table.From(l.id); is && !was {
			l.rx.Lock()
			l.retryEarly(time.Now())
			l.rx.Unlock()
		}
	}
}

// stash keeps an MSU that came by a link whose test has not passed here. The test has passed at the far end, which
// therefore sends (Q.707 §2.2): the answer to our test may be on its way to the core. stash is false if there is no
// room. The caller holds rx.
func (l *link) stash(m *ss7.MSU) bool {
	if len(l.early) >= earlyMost {
		return false
	}
	l.early = append(l.early, keep(m, l.id))
	return true
}

// retryEarly routes again what came early; what still may not pass is kept again.
// The caller holds rx.
func (l *link) retryEarly(now time.Time) {
	early := l.early
	l.early = nil
	for i := range early {
		l.node.routeAgain(now, &transfer{msus: []*ss7.MSU{&early[i].msu}}, l.id)
	}
}

// dropEarly discards the early MSUs of a link that failed before its test passed. The caller holds rx.
func (l *link) dropEarly() {
	l.node.discards.add(mtp3.NotInService, len(l.early))
	l.early = nil
}
