package mtp3

import (
	"container/heap"
	"time"

	"github.com/gostp/gostp/ss7"
)

// agendaKey names a deadline that belongs to a destination, an adjacent point or
// both, by its timer's number in Q.704 §16.8.
type agendaKey struct {
	timer int
	dest  ss7.Range
	set   string // linkset; T19, T21
}

// agenda is the deadlines of destinations and neighbours, of which there may be many
// thousands: the next one costs nothing to find. Entries of the heap that the map no
// longer knows are dropped when they come up.
type agenda struct {
	at   map[agendaKey]time.Time
	heap agendaHeap
}

type agendaEntry struct {
	at  time.Time
	key agendaKey
}

type agendaHeap []agendaEntry

func (h agendaHeap) Len() int           { return len(h) }
func (h agendaHeap) Less(i, j int) bool { return h[i].at.Before(h[j].at) }
func (h agendaHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *agendaHeap) Push(x any)        { *h = append(*h, x.(agendaEntry)) }
func (h *agendaHeap) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}

func (a *agenda) start(now time.Time, k agendaKey, d time.Duration) {
	if a.at == nil {
		a.at = map[agendaKey]time.Time{}
	}
	a.at[k] = now.Add(d)
	heap.Push(&a.heap, agendaEntry{now.Add(d), k})
}

func (a *agenda) stop(k agendaKey)         { delete(a.at, k) }
func (a *agenda) running(k agendaKey) bool { _, ok := a.at[k]; return ok }

// next is the earliest deadline; zero if there is none.
func (a *agenda) next() time.Time {
	for len(a.heap) > 0 {
		e := a.heap[0]
		if a.at[e.key].Equal(e.at) {
			return e.at
		}
		heap.Pop(&a.heap)
	}
	return time.Time{}
}

// expired takes one deadline that ends at or before now; false if there is none.
func (a *agenda) expired(now time.Time) (agendaKey, bool) {
	if t := a.next(); t.IsZero() || t.After(now) {
		return agendaKey{}, false
	}
	e := heap.Pop(&a.heap).(agendaEntry)
	delete(a.at, e.key)
	return e.key, true
}
