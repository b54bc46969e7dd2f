package node

import (
	"sync"

	"github.com/gostp/gostp/ss7"
)

// inboxMost is how many MSUs for local users may wait of those that came by one linkset.
const inboxMost = 4096

// inbox keeps MSUs for local users until the core takes them: those of one linkset in their
// order, the linksets in turn, so that a neighbour's flood makes nobody else wait. What
// a neighbour says by one link and takes back by the next must not change places.
type inbox struct {
	ready chan struct{} // one slot

	mu   sync.Mutex
	of   map[string][]ss7.Event
	turn []string // those that have something
}

func newInbox() inbox {
	return inbox{ready: make(chan struct{}, 1), of: map[string][]ss7.Event{}}
}

// put takes ev, which came by a linkset, if there is room for one more from there.
func (b *inbox) put(from string, ev ss7.Event) bool {
	b.mu.Lock()
	q := b.of[from]
	if len(q) >= inboxMost {
		b.mu.Unlock()
		return false
	}
	if len(q) == 0 {
		b.turn = append(b.turn, from)
	}
	b.of[from] = append(q, ev)
	b.mu.Unlock()
	b.wake()
	return true
}

// take gives the next one; false if there is none.
func (b *inbox) take() (ss7.Event, bool) {
	b.mu.Lock()
	if len(b.turn) == 0 {
		b.mu.Unlock()
		return ss7.Event{}, false
	}
	from := b.turn[0]
	q := b.of[from]
	ev := q[0]
	b.turn = b.turn[1:]
	if len(q) > 1 {
		b.of[from] = q[1:]
		b.turn = append(b.turn, from)
	} else {
		delete(b.of, from)
	}
	more := len(b.turn) > 0
	b.mu.Unlock()
	if more {
		b.wake()
	}
	return ev, true
}

func (b *inbox) wake() {
	select {
	case b.ready <- struct{}{}:
	default:
	}
}
