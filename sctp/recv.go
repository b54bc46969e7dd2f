package sctp

import (
	"encoding/binary"
	"fmt"
	"slices"
	"time"
)

// maxMessage is the longest message that is put together.
const maxMessage = 1 << 20

// received is a message, or an event, that waits to be read; its data lies in
// the arena.
type received struct {
	Message
	event *Event
	at, n int
}

// early is a DATA chunk that came before an older one.
type early struct {
	dataChunk
}

// receiver is the receiving half.
type receiver struct {
	cum     uint32 // cumulative TSN
	highest uint32
	early   []early // beyond cum, by TSN
	held    int     // octets in early
	dups    []uint32

	queue []received
	next  int // of queue to be read
	arena []byte

	partial  []byte // a message that is being put together
	building bool

	sackOwed, sackNow bool
	packets           int // with data, since the last SACK
	advertised        uint32

	resends int // chunks marked to be sent again
}

func (r *receiver) reset() {
	r.early, r.held, r.dups = nil, 0, nil
	r.partial, r.building = r.partial[:0], false
	r.sackOwed, r.sackNow, r.packets, r.resends = false, false, 0, 0
}

// data takes a DATA chunk (§6.2); false: leave the rest of the packet.
func (a *assoc) data(c chunk) bool {
	if a.state < established || a.state == shutdownReceived || a.state == shutdownAckSent {
		return true
	}
	d, err := parseData(c)
	if err != nil || len(d.data) == 0 {
		tsn := binary.BigEndian.AppendUint32(nil, d.tsn)
		a.reply(appendSimple(nil, ctAbort, 0, appendParam(nil, causeNoUserData, tsn))) // §6.2
		a.end(Lost, "the far end sent DATA without user data")
		return false
	}
	if d.flags&flagI != 0 {
		a.sackNow = true
	}
	a.stats.RecvChunks++
	switch {
	case !before(a.cum, d.tsn):
		a.duplicate(d.tsn)
	case d.tsn == a.cum+1 && a.room(len(d.data)):
		a.arrive(&d)
		a.catchUp()
	case a.room(len(d.data)) && d.tsn-a.cum < 1<<16:
		a.store(d)
	default:
		a.stats.Discarded++ // no room: it will come again
		a.sackNow = true
	}
	return true
}

func (a *assoc) room(n int) bool { return len(a.arena)+len(a.partial)+a.held+n <= a.params.RecvBuffer }

func (a *assoc) duplicate(tsn uint32) {
	a.stats.Duplicates++
	if len(a.dups) < 64 {
		a.dups = append(a.dups, tsn)
	}
	a.sackNow = true // §6.2
}

// store keeps a chunk that came early.
func (a *assoc) store(d dataChunk) {
	i, found := slices.BinarySearchFunc(a.early, d.tsn, func(e early, tsn uint32) int { return int(int32(e.tsn - tsn)) })
	if found {
		a.duplicate(d.tsn)
		return
	}
	d.data = append([]byte(nil), d.data...)
	a.early = slices.Insert(a.early, i, early{d})
	a.held += len(d.data)
	a.sackNow = true // a gap is told at once (§6.7)
}

// catchUp takes stored chunks whose turn has come.
func (a *assoc) catchUp() {
	k := 0
	for ; k < len(a.early) && a.early[k].tsn == a.cum+1 && a.state != closed; k++ {
		a.held -= len(a.early[k].data)
		a.arrive(&a.early[k].dataChunk)
	}
	if k > 0 {
		a.early = slices.Delete(a.early, 0, k)
		a.sackNow = true // the gap has closed: tell at once (§6.7)
	}
}

// arrive takes the chunk whose turn it is and puts fragments together (§6.9).
// Fragments of a message have successive TSNs, so one message is built at a time.
func (a *assoc) arrive(d *dataChunk) {
	a.cum = d.tsn
	if d.stream >= a.in {
		v := binary.BigEndian.AppendUint16(nil, d.stream)
		a.control = appendSimple(a.control, ctError, 0, appendParam(nil, causeInvalidStream, append(v, 0, 0)))
		a.stats.Discarded++
		return
	}
	if (d.flags&flagB != 0) == a.building {
		a.reply(appendSimple(nil, ctAbort, 0, appendParam(nil, causeProtocol, []byte("fragments out of order"))))
		a.end(Lost, "the far end sent fragments out of order")
		return
	}
	if d.flags&(flagB|flagE) == flagB|flagE {
		a.deliver(d, d.data)
		return
	}
	a.partial = append(a.partial, d.data...)
	a.building = d.flags&flagE == 0
	if len(a.partial) > maxMessage {
		a.reply(appendSimple(nil, ctAbort, 0, appendParam(nil, causeUserAbort, []byte("message too long"))))
		a.end(Lost, fmt.Sprintf("the far end sent a message of more than %d octets", maxMessage))
		return
	}
	if !a.building {
		a.deliver(d, a.partial)
		a.partial = a.partial[:0]
	}
}

func (a *assoc) deliver(d *dataChunk, data []byte) {
	a.stats.RecvMessages++
	a.stats.RecvOctets += uint64(len(data))
	a.queue = append(a.queue, received{Message: Message{Stream: d.stream, PPID: d.ppid, Unordered: d.flags&flagU != 0}, at: len(a.arena), n: len(data)})
	a.arena = append(a.arena, data...)
	a.wake()
}

func (a *assoc) event(e Event) {
	a.queue = append(a.queue, received{event: &e})
	a.wake()
}

// fill moves what waits into a batch, at most what the batch was made for.
func (a *assoc) fill(b *Batch) int {
	b.Items, b.buf = b.Items[:0], b.buf[:0]
	if cap(b.Items) == 0 {
		b.Items = make([]Item, 0, 64)
	}
	need := 0
	last := min(len(a.queue), a.next+cap(b.Items))
	for _, r := range a.queue[a.next:last] {
		need += r.n
	}
	b.buf = slices.Grow(b.buf, need) // at once: items point into it
	for _, r := range a.queue[a.next:last] {
		it := Item{Message: r.Message, Event: r.event}
		n := len(b.buf)
		b.buf = append(b.buf, a.arena[r.at:r.at+r.n]...)
		it.Data = b.buf[n:len(b.buf):len(b.buf)]
		b.Items = append(b.Items, it)
	}
	a.next = last
	if a.next == len(a.queue) {
		a.queue, a.next, a.arena = a.queue[:0], 0, a.arena[:0]
	}
	return len(b.Items)
}

// owe decides when a packet with data is acknowledged: every second one at once,
// others within the delay (§6.2).
func (a *assoc) owe() {
	a.packets++
	a.sackOwed = true
	if a.packets >= 2 || len(a.early) > 0 {
		a.sackNow = true
	}
	if !a.sackNow && !a.timers.Running(timerSack) {
		a.timers.Start(timerSack, time.Now(), a.params.SackDelay)
	}
}

func (a *assoc) freeWindow() uint32 {
	return uint32(max(0, a.params.RecvBuffer-len(a.arena)-len(a.partial)-a.held))
}

func (a *assoc) appendSack(b []byte) []byte {
	s := sackChunk{cum: a.cum, window: a.freeWindow(), duplicates: a.dups, gaps: a.sackGaps()}
	a.advertised = s.window
	b = appendSack(b, &s)
	a.sackOwed, a.sackNow, a.packets, a.dups = false, false, 0, a.dups[:0]
	a.timers.Stop(timerSack)
	return b
}

// sackGaps gives the runs of early chunks, as many as surely fit a packet.
func (a *assoc) sackGaps() []gap {
	var out []gap
	for _, e := range a.early {
		o := uint16(e.tsn - a.cum)
		if n := len(out); n > 0 && out[n-1].last+1 == o {
			out[n-1].last = o
			continue
		}
		if len(out) == 200 {
			break
		}
		out = append(out, gap{o, o})
	}
	return out
}

// windowUpdate tells a far end that saw a small window that there is room again.
func (a *assoc) windowUpdate() {
	if a.state < established {
		return
	}
	half := uint32(a.params.RecvBuffer / 2)
	if a.stats.RecvChunks > 0 && a.advertised < half/2 && a.freeWindow() >= half {
		a.sackNow = true
		a.flush()
	}
}
