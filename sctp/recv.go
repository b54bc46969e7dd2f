package sctp

import (
	"encoding/binary"
	"fmt"
	"slices"
)

const (
	maxMessage = 1 << 18 // octets of the longest message that is put together
	overhead   = 64      // octets that a message costs beside its data
	maxRuns    = 8192    // runs of chunks received out of order
	maxEvents  = 1024    // events that wait to be read; beyond these, only the gravest are kept
)

// tsnRun is a run of consecutive TSNs.
type tsnRun struct{ first, last uint32 }

// inStream says how far a stream of the far end has come.
type inStream struct {
	next uint16 // the SSN to be delivered next
	tsn  uint32 // the TSN of what was delivered last; valid if any is true
	any  bool
}

// receiver is the receiving half of an association. charge is what counts against the receive buffer: the user
// data of all that is held, in order or not, and the overhead of each.
type receiver struct {
	cum     uint32   // cumulative TSN
	runs    []tsnRun // runs received beyond cum
	dups    []uint32
	streams []inStream
	parts   map[uint32]*part // fragments by TSN
	waiting map[uint32]*part // whole messages whose turn has not come, by stream and SSN
	held    *holding         // the memory that parts and waiting take of the Budget
	free    *part
	freed   int
	charge  int
	unread  int // octets that wait to be read

	in, reading   box
	news          bool // the reader is to be woken
	pendingEvents int

	sackPath   *path // the path by which the last DATA came
	sackOwed   bool
	sackNow    bool
	stopDue    bool // SHUTDOWN is due in answer to DATA
	acked      bool // the first DATA was acknowledged
	packets    int  // packets with data since the last SACK
	advertised uint32

	fresh, again bool // the packet being handled has new DATA, has duplicate DATA
}

func (r *receiver) begin(streams int, tsn uint32) {
	r.reset()
	r.cum, r.streams = tsn-1, make([]inStream, streams)
}

// reset forgets all but what waits to be read.
func (r *receiver) reset() {
	r.runs, r.dups, r.parts, r.waiting, r.free, r.freed, r.sackPath = nil, nil, nil, nil, nil, 0, nil
	r.sackOwed, r.sackNow, r.stopDue, r.acked, r.packets = false, false, false, false, 0
	r.held.empty()
	r.charge = r.unread + overhead*(len(r.in.queue)+len(r.reading.queue)-r.reading.next)
}

// data handles a DATA chunk (§6.2). It gives false if the rest of the packet must be ignored.
func (a *assoc) data(c chunk) bool {
	if a.state != established && a.state != shutdownPending && a.state != shutdownSent {
		a.count(cChunkState) // §6
		return true
	}
	d, err := parseData(c)
	if err != nil {
		a.violation(err.Error())
		return false
	}
	if len(d.data) == 0 { // §6.2
		a.abort(appendParam(nil, causeNoUserData, binary.BigEndian.AppendUint32(nil, d.tsn)),
			"aborted: the far end sent DATA without user data")
		return false
	}
	if d.flags&flagI != 0 {
		a.sackNow = true
	}
	a.stats.RecvChunks++
	switch {
	case !before(a.cum, d.tsn) || a.received(d.tsn):
		a.stats.Duplicates++
		a.count(cDataDuplicate)
		a.again = true
		if len(a.dups) < 64 {
			a.dups = append(a.dups, d.tsn)
		}
	case !a.admit(&d):
		a.stats.Discarded++ // it will come again
		a.count(cDataRoom)
		a.sackNow = true
	default:
		a.fresh = true
		a.arrive(&d)
	}
	return a.state != closed
}

// admit tells whether there is room for a chunk, and marks the chunk as received. A chunk that has to wait for
// others also needs memory out of the Budget.
func (a *assoc) admit(d *dataChunk) bool {
	if !a.room(d) {
		return false
	}
	n := 0
	if a.waits(d) {
		n = len(d.data) + overhead
	}
	if n > 0 && !a.held.take(n) {
		return false
	}
	if !a.mark(d.tsn) {
		a.held.give(n)
		return false
	}
	return true
}

// waits tells whether a chunk must wait for others: whether it is a fragment, or a message whose turn in its
// stream has not come.
func (a *assoc) waits(d *dataChunk) bool {
	if int(d.stream) >= len(a.streams) {
		return false
	}
	return d.flags&(flagB|flagE) != flagB|flagE || d.flags&flagU == 0 && d.ssn != a.streams[d.stream].next
}

// room tells whether there is memory for a chunk. When the receive buffer is full, the advertised window is
// closed. As much memory again is kept for what is under way at that moment. A third share is kept for the
// chunk that all others wait for, because without that chunk nothing would ever be freed.
func (a *assoc) room(d *dataChunk) bool {
	limit := 2*a.params.RecvBuffer + maxMessage
	if d.tsn == a.cum+1 {
		limit += a.params.RecvBuffer + maxMessage
	}
	return a.charge+len(d.data)+overhead <= limit
}

// find gives the index of the first run that ends at or after tsn.
func (r *receiver) find(tsn uint32) int {
	i, _ := slices.BinarySearchFunc(r.runs, tsn, func(x tsnRun, tsn uint32) int { return int(int32(x.last - tsn)) })
	return i
}

func (r *receiver) received(tsn uint32) bool {
	n := len(r.runs)
	if n == 0 || before(r.runs[n-1].last, tsn) {
		return false
	}
	return !before(tsn, r.runs[r.find(tsn)].first)
}

// mark notes that tsn was received. It gives false if tsn lies too far out of order.
func (r *receiver) mark(tsn uint32) bool {
	if tsn == r.cum+1 {
		r.cum = tsn
		if len(r.runs) > 0 && r.runs[0].first == tsn+1 {
			r.cum = r.runs[0].last
			r.runs = slices.Delete(r.runs, 0, 1)
			r.sackNow = true // the gap has closed: say so at once (§6.7)
		}
		return true
	}
	if tsn-r.cum >= 1<<16 {
		return false // a SACK could not tell of it
	}
	i, n := r.find(tsn), len(r.runs)
	left, right := i > 0 && r.runs[i-1].last+1 == tsn, i < n && r.runs[i].first == tsn+1
	switch {
	case left && right:
		r.runs[i-1].last = r.runs[i].last
		r.runs = slices.Delete(r.runs, i, i+1)
	case left:
		r.runs[i-1].last = tsn
	case right:
		r.runs[i].first = tsn
	case n >= maxRuns:
		return false
	default:
		r.runs = slices.Insert(r.runs, i, tsnRun{tsn, tsn})
	}
	return true
}

// owe decides when a packet with data is acknowledged: at once if it is the first, every second one, or shows a
// gap or a duplicate; else within the delay (§5.1, §6.2, §6.7).
func (a *assoc) owe(p *path) {
	a.packets++
	a.sackOwed = true
	if p.confirmed {
		a.sackPath = p
	}
	if a.again && !a.fresh {
		a.sackNow = true
		if q := a.otherPath(p); len(a.paths) > 1 && q != nil {
			a.sackPath = q // perhaps our SACKs do not get through there (§6.4)
		}
	}
	if a.packets >= 2 || len(a.runs) > 0 || !a.acked {
		a.sackNow = true
	}
	if a.state == shutdownSent {
		a.stopDue, a.tries = true, 0 // §9.2
		a.sackNow = len(a.runs) > 0 || len(a.dups) > 0
		a.sackOwed = a.sackNow
	}
	if a.sackOwed && !a.sackNow && a.timers[timerSack] == 0 {
		a.start(timerSack, min(a.params.SackDelay, maxSackDelay))
	}
}

// freeWindow gives the window to advertise: none rather than a small one, to avoid the silly window syndrome
// (§6.2).
func (a *assoc) freeWindow() uint32 {
	free := a.params.RecvBuffer - a.charge
	if free < min(1500, a.params.RecvBuffer/4) {
		return 0
	}
	return uint32(free)
}

func (a *assoc) sackSize(mtu int) (gaps, size int) {
	gaps = min(len(a.runs), (mtu-headerLen-16-4*len(a.dups))/4)
	return gaps, 16 + 4*gaps + 4*len(a.dups)
}

func (a *assoc) appendSack(b []byte, mtu int) []byte {
	n, _ := a.sackSize(mtu)
	a.advertised = a.freeWindow()
	b, at := openChunk(b, ctSack, 0)
	b = binary.BigEndian.AppendUint32(b, a.cum)
	b = binary.BigEndian.AppendUint32(b, a.advertised)
	b = binary.BigEndian.AppendUint16(b, uint16(n))
	b = binary.BigEndian.AppendUint16(b, uint16(len(a.dups)))
	for _, r := range a.runs[:n] {
		b = binary.BigEndian.AppendUint16(b, uint16(r.first-a.cum))
		b = binary.BigEndian.AppendUint16(b, uint16(r.last-a.cum))
	}
	for _, d := range a.dups {
		b = binary.BigEndian.AppendUint32(b, d)
	}
	b = closeChunk(b, at)
	a.sackOwed, a.sackNow, a.acked, a.packets, a.dups = false, false, true, 0, a.dups[:0]
	a.timers[timerSack] = 0
	return b
}

// windowUpdate tells a far end that saw a small window that there is room again, when there is more by a
// quarter of the buffer (§6.2).
func (a *assoc) windowUpdate() {
	quarter := uint32(a.params.RecvBuffer / 4)
	if !a.acked || a.state < established || a.advertised >= 2*quarter || a.freeWindow() < a.advertised+quarter {
		return
	}
	a.clock()
	a.sackNow = true
	a.settle()
}

// tooLong aborts the association with a far end whose message has no end.
func (a *assoc) tooLong() {
	a.abort(appendParam(nil, causeUserAbort, []byte("message too long")),
		fmt.Sprintf("aborted: the far end sent a message of more than %d octets", maxMessage))
}
