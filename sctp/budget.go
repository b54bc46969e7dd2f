package sctp

import (
	"errors"
	"fmt"
	"sync/atomic"
	"syscall"

	"github.com/gostp/gostp/internal/lock"
)

const (
	// DefaultBudget is how many octets of incomplete messages all associations together may hold.
	DefaultBudget = 32 << 20
	// ownShare is how many of these octets each association has for itself, whatever others hold. It has room for
	// a long message, or for what must wait behind a lost packet.
	ownShare = 64 << 10
)

// Budget bounds the memory for what is received and cannot be delivered yet, over all associations of the
// transports that share it: fragments of messages, messages whose turn in their stream has not come (RFC 9260
// §6.6, §6.9), the beginning of a message over TCP. The far end decides how long these wait. Each association
// has a small share for itself. When the rest is used up, the association that holds the most is aborted, so
// that no other has to wait for it.
type Budget struct {
	most  int64
	held  atomic.Int64
	ended atomic.Uint64
	tell  atomic.Pointer[func(why string)]

	mu      lock.Mutex[lock.Budget]
	holders map[*holding]bool // those that hold more than their share
}

// NewBudget makes one of some octets.
func NewBudget(octets int) *Budget {
	return &Budget{most: int64(octets), holders: map[*holding]bool{}}
}

// BudgetState is a picture of a Budget for show commands.
type BudgetState struct {
	Held, Most int    // octets
	Holders    int    // associations that hold more than their own share
	Ended      uint64 // associations that were aborted for what they held
}

// State tells how much is in use.
func (b *Budget) State() BudgetState {
	b.mu.Lock()
	defer b.mu.Unlock()
	return BudgetState{int(b.held.Load()), int(b.most), len(b.holders), b.ended.Load()}
}

// OnShortage makes a goroutine of its own call f, with a reason, whenever an association is aborted because the
// memory is used up.
func (b *Budget) OnShortage(f func(why string)) { b.tell.Store(&f) }

// sharing is the part of a transport that its associations share: a Budget and a Backlog.
type sharing struct {
	budget  atomic.Pointer[Budget]
	backlog atomic.Pointer[Backlog]
	lack    atomic.Pointer[func(why string)]
}

// OnLack makes a goroutine of its own call f, with a reason, whenever an association that a far end sets up
// cannot be taken because the program has no file descriptor left.
func (s *sharing) OnLack(f func(why string)) { s.lack.Store(&f) }

// lacks reports why an association could not be taken.
func (s *sharing) lacks(err error) {
	if f := s.lack.Load(); f != nil && (errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)) {
		go (*f)(fmt.Sprintf("no association can be accepted: %v", err))
	}
}

// Share makes all later associations use in and out, which other transports may use too.
func (s *sharing) Share(in *Budget, out *Backlog) {
	s.budget.Store(in)
	s.backlog.Store(out)
}

// burden makes the account of an association in the Backlog.
func (s *sharing) burden() burden {
	b := s.backlog.Load()
	if b == nil {
		s.backlog.CompareAndSwap(nil, NewBacklog(DefaultBacklog))
		b = s.backlog.Load()
	}
	return burden{backlog: b}
}

// holding makes the account of an association in the Budget. The Budget calls end to abort that association.
func (s *sharing) holding(end func(why string)) *holding {
	b := s.budget.Load()
	if b == nil {
		s.budget.CompareAndSwap(nil, NewBudget(DefaultBudget))
		b = s.budget.Load()
	}
	return &holding{budget: b, end: end}
}

// holding is the account of an association in a Budget. Only one goroutine at a time may call take and give.
type holding struct {
	budget *Budget
	end    func(why string)
	octets atomic.Int64
	ending bool // guarded by the budget's mu
}

// take asks for n octets. It gives false if there is no memory for them.
func (h *holding) take(n int) bool {
	b := h.budget
	now, all := h.octets.Add(int64(n)), b.held.Add(int64(n))
	if now > ownShare && all > b.most {
		h.octets.Add(-int64(n))
		b.held.Add(-int64(n))
		b.relieve()
		return false
	}
	if now > ownShare && now-int64(n) <= ownShare {
		b.mu.Lock()
		b.holders[h] = true
		b.mu.Unlock()
	}
	return true
}

// give returns n octets.
func (h *holding) give(n int) {
	b := h.budget
	now := h.octets.Add(-int64(n))
	b.held.Add(-int64(n))
	if now <= ownShare && now+int64(n) > ownShare {
		b.mu.Lock()
		delete(b.holders, h)
		b.mu.Unlock()
	}
}

// empty returns all octets.
func (h *holding) empty() { h.give(int(h.octets.Load())) }

// relieve aborts the association that holds the most, unless one is being aborted already. It does not wait for
// that, since the caller holds the lock of an association.
func (b *Budget) relieve() {
	b.mu.Lock()
	defer b.mu.Unlock()
	var most *holding
	for h := range b.holders {
		if h.ending {
			return
		}
		if most == nil || h.octets.Load() > most.octets.Load() {
			most = h
		}
	}
	if most == nil {
		return
	}
	most.ending = true
	b.ended.Add(1)
	why := fmt.Sprintf("it holds %d octets of messages that are not whole, and all have %d", most.octets.Load(), b.most)
	go func() {
		most.end(why)
		if tell := b.tell.Load(); tell != nil {
			(*tell)(why)
		}
	}()
}
