package sctp

import (
	"fmt"
	"sync/atomic"
)

const (
	// DefaultBacklog is how many octets may wait for all far ends together.
	DefaultBacklog = 128 << 20
	// backlogShare is how many octets may wait in each association, whatever waits in others. An association that
	// is below it counts nothing, so data on its usual way touches nothing that is shared.
	backlogShare = 256 << 10
)

// Backlog bounds the memory for messages that were accepted and wait for their far ends, over all associations
// of the transports that share it. SendBuffer bounds it for each association alone, but many far ends may take
// nothing at once. When the memory is used up, an association that holds more than its share accepts no more
// (ErrFull).
type Backlog struct {
	most    int64
	held    atomic.Int64
	refused atomic.Uint64
	short   atomic.Bool // the shortage was told, and is not over
	tell    atomic.Pointer[func(why string)]
}

// NewBacklog makes one of some octets.
func NewBacklog(octets int) *Backlog { return &Backlog{most: int64(octets)} }

// BacklogState is a picture of a Backlog for show commands.
type BacklogState struct {
	Held, Most int    // octets
	Refused    uint64 // messages
}

// State tells how much is in use.
func (b *Backlog) State() BacklogState {
	return BacklogState{int(b.held.Load()), int(b.most), b.refused.Load()}
}

// OnShortage makes a goroutine of its own call f when the memory is used up. f is not called again before half
// of the memory is free.
func (b *Backlog) OnShortage(f func(why string)) { b.tell.Store(&f) }

// Short tells whether the memory was used up, and half of it is not free again yet.
func (b *Backlog) Short() bool { return b.short.Load() }

// burden is the account of an association in a Backlog. The lock of the association guards it.
type burden struct {
	backlog *Backlog
	over    int64 // octets beyond the share
	closed  bool
}

// full tells whether an association with this many octets waiting must accept no more.
func (w *burden) full(octets int) bool {
	b := w.backlog
	if octets <= backlogShare || b.held.Load() < b.most {
		return false
	}
	b.refused.Add(1)
	if tell := b.tell.Load(); tell != nil && b.short.CompareAndSwap(false, true) {
		go (*tell)(fmt.Sprintf("more than %d octets wait for far ends that take too little; "+
			"those with most in their queues are sent no more for now", b.most))
	}
	return true
}

// reckon notes how many octets wait in the association now.
func (w *burden) reckon(octets int) {
	over := max(int64(octets)-backlogShare, 0)
	if over == w.over || w.closed {
		return
	}
	if w.backlog.held.Add(over-w.over) < w.backlog.most/2 && w.backlog.short.Load() {
		w.backlog.short.Store(false)
	}
	w.over = over
}

// close gives all back to the Backlog. Nothing is counted afterwards.
func (w *burden) close() {
	w.reckon(0)
	w.closed = true
}
