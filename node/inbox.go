package node

import (
	"github.com/gostp/gostp/internal/lock"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/ss7"
)

// Bounds on what waits for the core of what came by one linkset. MSUs for users and network management have a bound
// each, so that neither crowds out the other. Statements about destinations have another one, which is more than all
// codes of ITU.
const (
	inboxMost   = 4096
	inboxAll    = 1 << 15 // of all sources; once so many wait, each source has inboxShare alone
	inboxShare  = 256
	noticesMost = 1 << 15
	gapsLeast   = 256 // how many gaps a queue has at least before they are closed
)

// inbox keeps MSUs for local users until the core takes them. MSUs of one source stay in their order. The sources have
// turns, so that the flood of one neighbour makes no other wait. A source is a linkset, not a link, because what a
// neighbour says by one link and takes back by the next must not change places. Of what a neighbour says of one
// destination only the last counts: it takes the place of a statement that is not read yet.
type inbox struct {
	ready chan struct{} // one slot

	mu   lock.Mutex[lock.Inbox]
	of   map[inflow]*backlog
	turn []inflow // the sources of which something waits, in the order of their turns
	msus int      // that wait, of all sources, without statements about destinations
	full bool     // tell was called, because these are too many
	tell func()   // is called when too many wait; nil: nothing is
}

// inflow is where MSUs come from, and whether they are network management.
type inflow struct {
	linkset    string
	management bool
}

// backlog is what waits of one source.
type backlog struct {
	queue   []waiting
	first   uint64 // the number of queue[0]
	live    int
	notices map[saidOf]uint64 // the numbers of the statements whose place another may take
	epoch   uint32
}

// saidOf is the subject of a statement, within an epoch. A message about many destinations begins another epoch, so
// that statements about single destinations that came before it stay before it.
type saidOf struct {
	mtp3.Subject
	epoch uint32
}

// waiting is one event that waits. Its kind is None if a later one has taken its place.
type waiting struct {
	event  ss7.Event
	about  saidOf
	notice bool
}

func newInbox() inbox {
	return inbox{ready: make(chan struct{}, 1), of: map[inflow]*backlog{}}
}

// count is how many MSUs for users wait.
func (b *inbox) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.msus
}

// crowded tells whether too many MSUs wait. It stays true until half of the room is free.
func (b *inbox) crowded() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.full
}

// put takes ev, which came by a linkset, if there is room for one more from there.
func (b *inbox) put(from string, ev ss7.Event) bool {
	k := inflow{from, ev.MSU.SI.OfMTP3()}
	w := waiting{event: ev}
	if ev.MSU.SI == ss7.SNM {
		w.about.Subject, w.notice = mtp3.About(&ev.MSU)
	}
	b.mu.Lock()
	q := b.of[k]
	if q == nil {
		q = &backlog{}
		b.of[k] = q
	}
	idle := q.live == 0
	crowded := b.msus >= inboxAll && q.live-len(q.notices) >= inboxShare && !w.notice
	ok := !crowded && q.add(w)
	if crowded && !b.full && b.tell != nil {
		b.full = true
		go b.tell()
	}
	if ok && !w.notice {
		b.msus++
	}
	if ok && idle {
		b.turn = append(b.turn, k)
	}
	b.mu.Unlock()
	if ok {
		b.wake()
	}
	return ok
}

func (q *backlog) add(w waiting) bool {
	if !w.notice {
		if q.live-len(q.notices) >= inboxMost {
			return false
		}
	} else if !q.replace(&w) {
		return false
	}
	q.live++
	q.queue = append(q.queue, w)
	return true
}

// replace puts a statement about a destination in the place of an older one that waits. It is false if none waits.
func (q *backlog) replace(w *waiting) bool {
	if w.about.Many() {
		q.epoch++
	}
	w.about.epoch = q.epoch
	if n, ok := q.notices[w.about]; ok {
		q.queue[n-q.first] = waiting{}
		q.live--
		q.compact()
	} else if len(q.notices) >= noticesMost {
		return false
	}
	if q.notices == nil {
		q.notices = map[saidOf]uint64{}
	}
	q.notices[w.about] = q.first + uint64(len(q.queue))
	return true
}

// compact closes the gaps that replaced statements have left, once they are most of the queue. A neighbour that says
// one thing again and again would otherwise make the queue longer and longer until the core comes to it.
func (q *backlog) compact() {
	if gaps := len(q.queue) - q.live; gaps <= q.live || gaps < gapsLeast {
		return
	}
	kept := q.queue[:0]
	for _, w := range q.queue {
		if w.event.Kind == ss7.None {
			continue
		}
		if w.notice {
			q.notices[w.about] = q.first + uint64(len(kept))
		}
		kept = append(kept, w)
	}
	clear(q.queue[len(kept):])
	q.queue = kept
}

// take gives the next event; false: none waits.
func (b *inbox) take() (ss7.Event, bool) {
	b.mu.Lock()
	if len(b.turn) == 0 {
		b.mu.Unlock()
		return ss7.Event{}, false
	}
	k := b.turn[0]
	q := b.of[k]
	w := q.next()
	if !w.notice {
		b.msus--
		b.full = b.full && b.msus >= inboxAll/2
	}
	b.turn = b.turn[1:]
	if q.live > 0 {
		b.turn = append(b.turn, k)
	} else {
		delete(b.of, k)
	}
	more := len(b.turn) > 0
	b.mu.Unlock()
	if more {
		b.wake()
	}
	return w.event, true
}

// next takes the first event whose place no later one has taken. There must be one.
func (q *backlog) next() waiting {
	for {
		w := q.queue[0]
		q.queue = q.queue[1:]
		q.first++
		if w.event.Kind == ss7.None {
			continue
		}
		q.live--
		if w.notice {
			delete(q.notices, w.about)
		}
		return w
	}
}

func (b *inbox) wake() {
	select {
	case b.ready <- struct{}{}:
	default:
	}
}
