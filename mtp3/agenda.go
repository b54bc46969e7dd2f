package mtp3

import (
	"container/heap"
	"time"

	"github.com/gostp/gostp/ss7"
)

// timerID is what a timer is for. Its number, and how long it runs, depend on the variant.
type timerID uint8

// Timers of a link come first.
const (
	timerT1            timerID = iota + 1 // time-controlled changeover
	timerT2                               // wait for COA
	timerT3                               // time-controlled changeback
	timerT4                               // wait for CBA
	timerT5                               // wait for CBA once more
	timerT12                              // wait for LUA
	timerT13                              // wait for an answer to LFU
	timerT14                              // wait for LIA
	timerT17                              // until the next alignment
	timerLocalInhibit                     // until the far end is asked whether it knows of our mark (LLT)
	timerRemoteInhibit                    // the same of its own (LRT)
	timerSLTA                             // wait for SLTA: T1 of Q.707
	timerSLT                              // until the next link test: T2 of Q.707
	timerCode                             // wait for the far end's own test, see firstTest
	timerTx                               // until the level of congestion rises (§3.8.2.3)
	timerTy                               // until it falls
	linkTimers                            // these are all
	timerAdjacent                         // restart of an adjacent point: wait for TRA; in ANSI for TRW or TRA
	timerGrace                            // the same, of one that was never heard to send TRA
	timerT25                              // wait for TRA behind TRW, in ANSI
	timerTRA                              // no second TRA to the same point
	timerList                             // no second list of what is prohibited, in ANSI
	timerT26                              // until TRW is said again, in ANSI
	timerTell                             // until the next burst of what a neighbour is told
	timerT6                               // of a destination: controlled rerouting
	timerT8                               // no TFP by the response method
	timerT10                              // until the next route set test, or DAUD
	timerT11                              // until TFR is said of a worse way
	timerT15                              // until the next route set congestion test
	timerT16                              // wait for TFC behind it
	timerCircle                           // until a circular route is over
	timerUPU                              // no UPU to the same origin about the same user
	timerT18                              // restart of this node: wait for neighbours
	timerT20                              // restart of this node in all
	timerLinks                            // the same in ANSI: wait for links
	timerNeighbours                       // and for TRA
	timerIsolation                        // never runs: how long isolation may last without a restart
)

// numbers are those of Q.704 §16.8 and of T1.111.4 §16.7. A timer without one is of Q.707 or
// our own, and is told how long it runs when it starts.
var numbers = [...]struct{ itu, ansi int }{
	timerT1: {1, 1}, timerT2: {2, 2}, timerT3: {3, 3}, timerT4: {4, 4}, timerT5: {5, 5}, timerT6: {6, 6},
	timerT8: {8, 8}, timerT10: {10, 10}, timerT11: {11, 11}, timerT12: {12, 12}, timerT13: {13, 13},
	timerT14: {14, 14}, timerT15: {15, 15}, timerT16: {16, 16}, timerT17: {17, 17}, timerT18: {itu: 18},
	timerT20: {itu: 20}, timerLocalInhibit: {22, 20}, timerRemoteInhibit: {23, 21}, timerLinks: {ansi: 22},
	timerNeighbours: {ansi: 23}, timerT25: {ansi: 25}, timerT26: {ansi: 26}, timerIsolation: {1, 27},
	timerAdjacent: {21, 28}, timerTRA: {19, 29}, timerList: {ansi: 30},
}

// timerKey names a timer that runs: what it is for, and whose it is.
type timerKey struct {
	id   timerID
	link ss7.PathID
	dest ss7.Range
	set  string // linkset or server
}

// agenda is the timers that run, as data, of which there may be many thousands: the next one
// costs nothing to find. Entries of the heap that the map no longer knows are dropped when
// they come up.
type agenda struct {
	at      map[timerKey]time.Time
	heap    agendaHeap
	started uint64
}

// agendaEntry is a timer's; of two that end together the one that was started first comes first.
type agendaEntry struct {
	at    time.Time
	order uint64
	key   timerKey
}

type agendaHeap []agendaEntry

func (h agendaHeap) Len() int { return len(h) }
func (h agendaHeap) Less(i, j int) bool {
	if !h[i].at.Equal(h[j].at) {
		return h[i].at.Before(h[j].at)
	}
	return h[i].order < h[j].order
}
func (h agendaHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *agendaHeap) Push(x any)   { *h = append(*h, x.(agendaEntry)) }
func (h *agendaHeap) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}

func (a *agenda) start(now time.Time, k timerKey, d time.Duration) {
	if a.at == nil {
		a.at = map[timerKey]time.Time{}
	}
	a.started++
	a.at[k] = now.Add(d)
	heap.Push(&a.heap, agendaEntry{now.Add(d), a.started, k})
}

func (a *agenda) stop(k timerKey)         { delete(a.at, k) }
func (a *agenda) running(k timerKey) bool { _, ok := a.at[k]; return ok }

// next is the earliest deadline; zero if there is none.
func (a *agenda) next() time.Time {
	for len(a.heap) > 0 {
		e := a.heap[0]
		if at, ok := a.at[e.key]; ok && at.Equal(e.at) {
			return e.at
		}
		heap.Pop(&a.heap)
	}
	return time.Time{}
}

// expired takes one timer that ends at or before now; false if there is none.
func (a *agenda) expired(now time.Time) (timerKey, bool) {
	if t := a.next(); t.IsZero() || t.After(now) {
		return timerKey{}, false
	}
	e := heap.Pop(&a.heap).(agendaEntry)
	delete(a.at, e.key)
	return e.key, true
}
