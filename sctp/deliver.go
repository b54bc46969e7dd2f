package sctp

import (
	"encoding/binary"
	"slices"
)

// part is a DATA chunk, or a whole message, that waits for others. Fragments that follow each other form a run.
// The two ends of a run know each other, and how many octets the run has.
type part struct {
	dataChunk
	other uint32 // TSN of the other end
	sum   int
	next  *part
}

// received is a message, or an event, that waits to be read. Its data lies in the arena of its box.
type received struct {
	Message
	event *Event
	at, n int
}

// keepArena is how many octets of memory an empty box, or a batch, keeps.
const keepArena = 1 << 20

// box holds what waits to be read. There are two: one is filled while the other is read, so that memory is used
// again and nothing has to be moved.
type box struct {
	queue []received
	next  int
	arena []byte
}

// keepPart is the largest memory of a part, in octets, that is kept for the next part.
const keepPart = 4096

// keep copies a chunk that must wait. admit has taken memory for it.
func (r *receiver) keep(d *dataChunk) *part {
	p := r.free
	if p == nil {
		p = &part{}
	} else {
		r.free = p.next
		r.freed--
	}
	data := append(p.data[:0], d.data...)
	*p = part{dataChunk: *d, other: d.tsn, sum: len(data)}
	p.data = data
	r.charge += len(data) + overhead
	return p
}

func (r *receiver) drop(p *part) {
	r.charge -= len(p.data) + overhead
	r.held.give(len(p.data) + overhead)
	if r.freed < 128 && cap(p.data) <= keepPart {
		p.next, r.free = r.free, p
		r.freed++
	}
}

// arrive handles a new chunk. Whole messages go on, fragments are put together (§6.9). Streams do not wait for
// each other (§6.6).
func (a *assoc) arrive(d *dataChunk) {
	if int(d.stream) >= len(a.streams) {
		v := binary.BigEndian.AppendUint16(nil, d.stream)
		a.report(appendParam(nil, causeInvalidStream, append(v, 0, 0))) // §6.5
		a.stats.Discarded++
		a.count(cDataStream)
		return
	}
	whole := d.flags&(flagB|flagE) == flagB|flagE
	if len(a.parts) > 0 || !whole {
		left, right := a.parts[d.tsn-1], a.parts[d.tsn+1]
		if what := a.misfit(d, left, right); what != "" {
			a.violation(what)
			return
		}
		if !whole {
			a.fragment(d, left, right)
			return
		}
	}
	a.message(d, nil)
}

// misfit says what is wrong with a chunk between its neighbours; "" if nothing is.
func (a *assoc) misfit(d *dataChunk, left, right *part) string {
	same := func(p *part) bool {
		return p.stream == d.stream && p.ppid == d.ppid && p.flags&flagU == d.flags&flagU &&
			(p.ssn == d.ssn || d.flags&flagU != 0)
	}
	begins, ends := d.flags&flagB != 0, d.flags&flagE != 0
	switch {
	case left != nil && begins == (left.flags&flagE == 0), right != nil && ends == (right.flags&flagB == 0):
		return "fragments out of order"
	case left != nil && !begins && !same(left), right != nil && !ends && !same(right):
		return "fragments of one message differ in stream, SSN, PPID or order"
	case left == nil && !begins && !before(a.cum, d.tsn-1):
		return "a fragment without a beginning"
	}
	return ""
}

// fragment joins a fragment with the runs beside it.
func (a *assoc) fragment(d *dataChunk, left, right *part) {
	if a.parts == nil {
		a.parts = map[uint32]*part{}
	}
	p := a.keep(d)
	a.parts[d.tsn] = p
	first, last, sum := d.tsn, d.tsn, len(d.data)
	if left != nil && d.flags&flagB == 0 {
		first, sum = left.other, sum+left.sum
	}
	if right != nil && d.flags&flagE == 0 {
		last, sum = right.other, sum+right.sum
	}
	x, y := a.parts[first], a.parts[last]
	x.other, y.other, x.sum, y.sum = last, first, sum, sum
	if sum > maxMessage {
		a.tooLong()
		return
	}
	if x.flags&flagB == 0 || y.flags&flagE == 0 {
		return
	}
	// The message is complete. Take its parts out, linked in order.
	head, tail := x, x
	delete(a.parts, first)
	for tsn := first + 1; tsn != last+1; tsn++ {
		tail.next = a.parts[tsn]
		tail = tail.next
		delete(a.parts, tsn)
	}
	tail.next = nil
	a.message(&head.dataChunk, head)
}

// message handles a whole message: a chunk, or the linked fragments of a message. An ordered message waits for
// its turn in its stream.
func (a *assoc) message(d *dataChunk, parts *part) {
	s := &a.streams[d.stream]
	switch {
	case d.flags&flagU != 0:
		a.deliver(d, parts)
		return
	case d.ssn == s.next:
	case int16(d.ssn-s.next) < 0 && s.any:
		a.violation("a stream sequence number was used twice")
		return
	default:
		a.wait(d, parts)
		return
	}
	for {
		if s.any && before(d.tsn, s.tsn) {
			a.violation("stream sequence numbers against the order of TSNs")
			return
		}
		s.next, s.tsn, s.any = s.next+1, d.tsn, true
		a.deliver(d, parts)
		if len(a.waiting) == 0 {
			return
		}
		key := uint32(d.stream)<<16 | uint32(s.next)
		parts = a.waiting[key]
		if parts == nil {
			return
		}
		d = &parts.dataChunk
		if delete(a.waiting, key); len(a.waiting) == 0 {
			a.waiting = nil // a map never shrinks, so drop it
		}
	}
}

func (a *assoc) wait(d *dataChunk, parts *part) {
	key := uint32(d.stream)<<16 | uint32(d.ssn)
	if a.waiting[key] != nil {
		a.violation("a stream sequence number was used twice")
		return
	}
	if parts == nil {
		parts = a.keep(d)
	}
	if a.waiting == nil {
		a.waiting = map[uint32]*part{}
	}
	a.waiting[key] = parts
}

// deliver puts a message where the reader finds it.
func (a *assoc) deliver(d *dataChunk, parts *part) {
	in := &a.in
	at := len(in.arena)
	m := Message{Stream: d.stream, PPID: d.ppid, Unordered: d.flags&flagU != 0}
	if parts == nil {
		in.arena = append(in.arena, d.data...)
	}
	for p := parts; p != nil; {
		next := p.next
		in.arena = append(in.arena, p.data...)
		a.drop(p)
		p = next
	}
	n := len(in.arena) - at
	in.queue = append(in.queue, received{Message: m, at: at, n: n})
	a.unread += n
	a.charge += n + overhead
	a.stats.RecvMessages++
	a.stats.RecvOctets += uint64(n)
	a.news = true
}

func (a *assoc) event(e Event) {
	if a.pendingEvents >= maxEvents && e.Kind != Lost && e.Kind != Closed && e.Kind != Restart {
		return
	}
	a.pendingEvents++
	a.in.queue = append(a.in.queue, received{event: &e})
	a.charge += overhead
	a.news = true
}

// fill moves what waits into a batch, as far as the batch has room.
func (a *assoc) fill(b *Batch) int {
	b.Items, b.buf = b.Items[:0], b.buf[:0]
	if cap(b.buf) > keepArena {
		b.buf = nil
	}
	if cap(b.Items) == 0 {
		b.Items = make([]Item, 0, 64)
	}
	r := &a.reading
	if r.next == len(r.queue) {
		r.queue, r.arena, r.next = r.queue[:0], r.arena[:0], 0
		if cap(r.arena) > keepArena {
			r.queue, r.arena = nil, nil // give the memory of a burst back
		}
		a.in, a.reading = a.reading, a.in
	}
	last := min(len(r.queue), r.next+cap(b.Items))
	if last == r.next {
		return 0
	}
	need := 0
	for i := r.next; i < last; i++ {
		need += r.queue[i].n
	}
	b.buf = slices.Grow(b.buf, need) // it must not move later: items point into it
	for i := r.next; i < last; i++ {
		x := &r.queue[i]
		at := len(b.buf)
		b.buf = append(b.buf, r.arena[x.at:x.at+x.n]...)
		b.Items = append(b.Items, Item{Message: x.Message, Event: x.event})
		b.Items[len(b.Items)-1].Data = b.buf[at:len(b.buf):len(b.buf)]
		if x.event != nil {
			a.pendingEvents--
			x.event = nil
		}
	}
	a.unread -= need
	a.charge -= need + overhead*(last-r.next)
	r.next = last
	return len(b.Items)
}
