//go:build lockrank && (amd64 || arm64)

package lock

import (
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
)

// Mutex is a sync.Mutex that has the rank R, which is checked whenever it is taken.
type Mutex[R any] struct {
	mu    sync.Mutex
	place place
}

// Lock takes the lock. It panics if the goroutine holds a lock that stands further down in Order.
func (m *Mutex[R]) Lock() {
	take(m.place.of(reflect.TypeFor[R]()), m, true)
	m.mu.Lock()
}

// TryLock takes the lock if nobody has it. It cannot wait, so it may be tried against the order.
func (m *Mutex[R]) TryLock() bool {
	if !m.mu.TryLock() {
		return false
	}
	take(m.place.of(reflect.TypeFor[R]()), m, false)
	return true
}

// Unlock gives the lock back.
func (m *Mutex[R]) Unlock() {
	m.mu.Unlock()
	give(m)
}

// Varied is a sync.Mutex that gets its rank from Give, before its first use.
type Varied struct {
	mu    sync.Mutex
	rank  reflect.Type
	place place
}

// Give gives a lock its rank.
func Give[R any](m *Varied) { m.rank = reflect.TypeFor[R]() }

// Lock takes the lock; see Mutex.Lock.
func (m *Varied) Lock() {
	take(m.place.of(m.rank), m, true)
	m.mu.Lock()
}

// Unlock gives the lock back.
func (m *Varied) Unlock() {
	m.mu.Unlock()
	give(m)
}

// RWMutex is a sync.RWMutex that has the rank R, which is checked whenever it is taken.
type RWMutex[R any] struct {
	mu    sync.RWMutex
	place place
}

// Lock takes the lock for writing; see Mutex.Lock.
func (m *RWMutex[R]) Lock() {
	take(m.place.of(reflect.TypeFor[R]()), m, true)
	m.mu.Lock()
}

// Unlock gives the lock back.
func (m *RWMutex[R]) Unlock() {
	m.mu.Unlock()
	give(m)
}

// RLock takes the lock for reading; see Mutex.Lock. Whoever waits to write stops readers, so the order is the same.
func (m *RWMutex[R]) RLock() {
	take(m.place.of(reflect.TypeFor[R]()), m, true)
	m.mu.RLock()
}

// RUnlock gives the lock back.
func (m *RWMutex[R]) RUnlock() {
	m.mu.RUnlock()
	give(m)
}

// place is the index of a lock's rank in Order and one more; zero: it was not looked up yet.
type place struct{ n atomic.Int32 }

func (p *place) of(rank reflect.Type) int {
	if n := p.n.Load(); n > 0 {
		return int(n) - 1
	}
	i, known := ranks[rank]
	if !known {
		panic(fmt.Sprintf("the lock %v has no rank: give it its place in lock.Order", rank))
	}
	p.n.Store(int32(i) + 1)
	return i
}

// held is what one goroutine holds, in the order in which it took it.
type held struct {
	locks [32]one
	n     int
}

type one struct {
	rank int
	lock any
}

// The goroutines that hold a lock are kept in shards, so that they seldom wait for each other.
const shards = 64

var all [shards]shard

type shard struct {
	mu   sync.Mutex
	by   map[uintptr]*held
	free []*held
}

var ranks = func() map[reflect.Type]int {
	out := map[reflect.Type]int{}
	for i, r := range Order {
		if _, twice := out[r.of]; twice {
			panic(r.String() + " stands in lock.Order twice")
		}
		out[r.of] = i
	}
	return out
}()

// goroutine gives the address where the runtime keeps the goroutine that calls it. It identifies the goroutine as long
// as that lives.
func goroutine() uintptr

// take remembers that the goroutine has a lock, or waits for it. With check it panics if that is against Order.
func take(rank int, lock any, check bool) {
	id := goroutine()
	s := &all[(id>>9)%shards]
	s.mu.Lock()
	h := s.by[id]
	if h == nil {
		h = s.remember(id)
	}
	if check {
		for _, o := range h.locks[:h.n] {
			if o.rank > rank || o.rank == rank && !Order[rank].group || o.lock == lock {
				s.mu.Unlock()
				panic(fmt.Sprintf("the lock %v is taken by a goroutine that holds %v: against lock.Order", Order[rank],
					Order[o.rank]))
			}
		}
	}
	if h.n == len(h.locks) {
		panic("a goroutine holds more locks than the check can count")
	}
	h.locks[h.n] = one{rank, lock}
	h.n++
	s.mu.Unlock()
}

// remember makes a goroutine known that holds nothing yet. The caller holds mu.
func (s *shard) remember(id uintptr) (h *held) {
	if n := len(s.free); n > 0 {
		h, s.free = s.free[n-1], s.free[:n-1]
	} else {
		h = &held{}
	}
	if s.by == nil {
		s.by = map[uintptr]*held{}
	}
	s.by[id] = h
	return h
}

// give forgets a lock. A lock may be given back by another goroutine than the one that took it; nothing of ours does.
func give(lock any) {
	id := goroutine()
	s := &all[(id>>9)%shards]
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.by[id]
	if h == nil {
		panic("a lock is given back by a goroutine that has none")
	}
	for i := h.n - 1; i >= 0; i-- {
		if h.locks[i].lock == lock {
			copy(h.locks[i:h.n], h.locks[i+1:h.n])
			h.n--
			h.locks[h.n] = one{}
			break
		}
	}
	if h.n == 0 {
		delete(s.by, id)
		s.free = append(s.free, h)
	}
}
