package sctp

import (
	"fmt"
	"net"
	"slices"
)

// maxSpan is how many TSNs may be under way: SACK tells of gaps in 16 bits.
const maxSpan = 1 << 15

// These are the fates of a chunk.
const (
	waiting = iota // not sent
	flying         // sent
	again          // to be sent again
	gapped         // in a gap block of the last SACK
)

// outChunk is one DATA chunk, from its queueing until it is acknowledged.
type outChunk struct {
	path        *path // the path by which it was sent last
	at, n       int   // where the data lies in the sender's memory, and its length
	ppid        uint32
	stream, ssn uint16
	flags, fate uint8
	resent      bool
	moved       bool // it was sent by more than one path
	fast        bool // it was sent again because of gap reports
	timedOut    bool
	// probe says that the chunk was sent into a closed window. If the far end takes it, that does not mean that
	// there is room for more.
	probe bool
}

// size gives the octets that a chunk takes of a packet and of the congestion window (§7.2).
func (c *outChunk) size() int { return dataHeaderLen + (c.n+3)&^3 }

// outStream says how far a stream to the far end has come.
type outStream struct {
	ssn    uint16
	queued int // ordered messages in the ring
}

// sender is the sending half of an association. It has one ring of chunks in the order of their TSNs: first
// those that were sent, then those that wait. The data lies in one ring of octets, in the same order.
type sender struct {
	ring        []outChunk
	head, n     int
	sent        int    // how many of the n chunks were sent
	first       uint32 // the TSN of the ring's first chunk
	nextTSN     uint32
	mem         []byte
	tail        int // where the data in mem ends
	octets      int // octets of user data in the ring
	outstanding int // octets of user data under way
	out         []outStream
	// moved is when the far end last took something other than a probe, or when something began to wait.
	moved      instant
	peerWindow uint32
	closedBy   bool // the last SACK closed the far end's window
	sackHeard  bool // a SACK has come since T3 last expired
	probe      bool // a zero window probe is due

	acks       []ackRun // runs acknowledged beyond first
	lost       []tsnRun // runs that may have chunks to be sent again, in order; the fate of a chunk decides
	resends    int      // chunks to be sent again
	recoverTo  uint32   // fast recovery lasts until this TSN (§7.2.4)
	recovering bool
	fastNow    bool // one packet may go out whatever cwnd says
	sack       sackChunk
}

func (s *sender) begin(streams int, tsn uint32) {
	s.reset()
	s.first, s.nextTSN, s.out = tsn, tsn, make([]outStream, streams)
}

func (s *sender) reset() {
	*s = sender{nextTSN: s.nextTSN, first: s.nextTSN, peerWindow: s.peerWindow, sack: s.sack}
}

// relax gives memory back when nothing waits any more after a burst.
func (s *sender) relax() {
	if s.n == 0 && len(s.mem) > keepArena {
		s.mem, s.tail, s.ring, s.head = nil, 0, nil, 0
	}
}

func (s *sender) at(i int) *outChunk {
	if i += s.head; i >= len(s.ring) {
		i -= len(s.ring)
	}
	return &s.ring[i]
}

func (s *sender) chunk(tsn uint32) *outChunk { return s.at(int(tsn - s.first)) }

func (s *sender) push() *outChunk {
	if s.n == len(s.ring) {
		bigger := make([]outChunk, max(64, 2*len(s.ring)))
		for i := range s.n {
			bigger[i] = *s.at(i)
		}
		s.ring, s.head = bigger, 0
	}
	s.n++
	return s.at(s.n - 1)
}

// place finds room for n octets behind the last ones in mem, and gives where they begin.
func (s *sender) place(n int) int {
	head := 0
	if s.n == 0 {
		s.tail = 0
	} else {
		head = s.at(0).at
	}
	switch {
	case s.n == 0 && n <= len(s.mem):
	case s.tail > head && s.tail+n <= len(s.mem): // the free room is in one piece
	case s.tail > head && n < head: // go on at the beginning
		s.tail = 0
	case s.tail <= head && s.n > 0 && s.tail+n < head:
	default:
		s.grow(n)
	}
	at := s.tail
	s.tail += n
	return at
}

func (s *sender) grow(n int) {
	bigger := make([]byte, max(16384, 2*len(s.mem), len(s.mem)+2*n))
	at := 0
	for i := range s.n {
		c := s.at(i)
		copy(bigger[at:], s.mem[c.at:c.at+c.n])
		c.at = at
		at += c.n
	}
	s.mem, s.tail = bigger, at
}

// undelivered counts messages that were accepted and not acknowledged.
func (s *sender) undelivered() (n int) {
	for i := range s.n {
		if c := s.at(i); c.flags&flagE != 0 && c.fate != gapped {
			n++
		}
	}
	return n
}

// Send implements Assoc. It cuts messages to the size of a packet (§6.9), queues them, and sends what may go.
func (a *assoc) Send(msgs []Message) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.state != established {
		return 0, net.ErrClosed
	}
	a.clock()
	defer a.settle()
	room := a.fragmentSize()
	for i := range msgs {
		m := &msgs[i]
		switch {
		case len(m.Data) == 0 || int(m.Stream) >= len(a.sender.out) || len(m.Data) > maxMessage:
			return i, fmt.Errorf("message of %d octets for stream %d of %d cannot be sent", len(m.Data), m.Stream,
				len(a.sender.out))
		case a.octets+overhead*a.n+len(m.Data)+overhead > a.params.SendBuffer && a.n > 0,
			a.octets+len(m.Data) > a.params.SendBuffer, a.sender.out[m.Stream].queued == 1<<16-1,
			a.burden.full(a.octets + len(m.Data)):
			return i, ErrFull
		}
		a.enqueue(m, room)
	}
	return len(msgs), nil
}

func (a *assoc) enqueue(m *Message, room int) {
	s := &a.sender.out[m.Stream]
	flags, ssn := uint8(flagB), s.ssn
	if m.Unordered {
		flags |= flagU
	} else {
		s.ssn++
		s.queued++
	}
	a.stats.SentMessages++
	a.stats.SentOctets += uint64(len(m.Data))
	for b := m.Data; len(b) > 0; {
		n := min(len(b), room)
		if n == len(b) {
			flags |= flagE
		}
		if a.n == 0 {
			a.moved = a.now
		}
		at := a.place(n)
		copy(a.mem[at:], b[:n])
		*a.push() = outChunk{at: at, n: n, ppid: m.PPID, stream: m.Stream, ssn: ssn, flags: flags}
		a.nextTSN++
		a.octets += n
		b = b[n:]
		flags &^= flagB
	}
}

// Stalled implements Assoc.
func (a *assoc) Stalled() Stall {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.state != established || a.n == 0 {
		return Stall{}
	}
	return Stall{a.clock() - a.moved, a.octets, a.closedBy}
}

// flush sends what is due: first data, with a SACK in front if one is owed, as far as the windows allow (§6.1,
// §6.10); then SACK and control chunks that are left.
func (a *assoc) flush() {
	if a.state < established {
		return
	}
	if len(a.control) > 0 {
		p := a.answerPath()
		a.reply(p, p.wire, a.peerTag, a.control)
		a.control = a.control[:0]
	}
	if _, n := a.sackSize(a.answerPath().mtu); a.sackNow && n > 200 {
		a.sackAlone()
	}
	for range burst {
		p := a.mayGo()
		if p == nil {
			break
		}
		a.decay(p)
		b := a.open(p.wire, p.mtu)
		if (a.sackOwed || a.sackNow) && p == a.answerPath() { // even bundled it goes back where its DATA came from (§6.4)
			if _, n := a.sackSize(p.mtu); n <= 200 && headerLen+n+a.nextChunk().size() <= p.mtu {
				b = a.appendSack(b, p.mtu)
			}
		}
		a.close(a.fillData(p, b), a.peerTag, p.dst())
	}
	if a.sackNow {
		a.sackAlone()
	}
	if a.stopDue && a.state == shutdownSent {
		a.stopDue = false
		a.sendShutdown(nil)
	}
	for _, p := range a.paths {
		p.full = p.flight >= p.cwnd
	}
	a.maybeShutdown()
}

func (a *assoc) answerPath() *path {
	if p := a.sackPath; p != nil && p.usable() {
		return p
	}
	return a.dataPath()
}

func (a *assoc) sackAlone() {
	p := a.answerPath()
	a.close(a.appendSack(a.open(p.wire, p.mtu), p.mtu), a.peerTag, p.dst())
}

// nextChunk gives the chunk to be sent next: lost ones come first (§6.1 C). It gives nil if there is none.
func (a *assoc) nextChunk() *outChunk {
	for len(a.lost) > 0 {
		l := &a.lost[0]
		if !before(l.first, a.first) {
			if c := a.chunk(l.first); c.fate == again {
				return c
			}
		}
		if l.first++; before(l.last, l.first) {
			a.lost = slices.Delete(a.lost, 0, 1)
		}
	}
	if a.sent < a.n && a.sent < maxSpan {
		return a.at(a.sent)
	}
	return nil
}

func (a *assoc) pathFor(c *outChunk) *path {
	switch {
	case c.fate != again:
		return a.dataPath()
	case c.timedOut:
		return a.otherPath(c.path)
	case c.path.usable():
		return c.path
	}
	return a.dataPath()
}

// mayGo gives the path that the next packet of data may take now; nil if none may go.
func (a *assoc) mayGo() *path {
	if a.state != established && a.state != shutdownPending && a.state != shutdownReceived {
		return nil
	}
	c := a.nextChunk()
	if c == nil {
		return nil
	}
	p := a.pathFor(c)
	if c.fate == again && a.fastNow {
		return p
	}
	if p.flight >= p.cwnd || p.single && p.flight > 0 || c.fate != again && !a.window(c) {
		return nil
	}
	return p
}

// window tells whether the far end has room for a new chunk. When it has none and nothing is under way, one
// chunk may go now and then to ask (§6.1 A).
func (a *assoc) window(c *outChunk) bool {
	if uint32(c.n) <= a.peerWindow {
		a.timers[timerProbe] = 0
		return true
	}
	if a.outstanding > 0 {
		return false
	}
	if a.probe {
		return true
	}
	if a.timers[timerProbe] == 0 {
		a.start(timerProbe, a.dataPath().rto)
	}
	return false
}

// decay reduces the congestion window of a path that sent nothing for a while, by half for each time-out
// (§7.2.1).
func (a *assoc) decay(p *path) {
	if p.flight > 0 || p.sentAt == 0 {
		return
	}
	floor := 4 * p.chunks()
	for idle := a.now - p.sentAt; idle > p.rto && p.cwnd > floor; idle -= p.rto {
		p.ssthresh = max(p.ssthresh, p.cwnd)
		p.cwnd = max(p.cwnd/2, floor)
	}
}

// fillData adds chunks to a packet while they fit. A packet that may go may exceed the congestion window (§6.1
// B).
func (a *assoc) fillData(p *path, b []byte) []byte {
	last := -1
	for {
		c := a.nextChunk()
		if c == nil || len(b)+c.size() > p.mtu || a.pathFor(c) != p ||
			last >= 0 && (a.params.Single || c.fate != again && !a.window(c)) {
			break
		}
		last = len(b)
		b = a.put(c, p, b)
	}
	a.fastNow, a.probe = false, false
	more := a.resends > 0 || a.sent < a.n
	if last >= 0 && (more && a.mayGo() == nil || !more && (a.state == shutdownPending || p.flight >= p.cwnd)) {
		b[last+1] |= flagI // this end waits for the SACK (RFC 7053 §4)
	}
	return b
}

// put writes one chunk into a packet, and notes that it is under way.
func (a *assoc) put(c *outChunk, p *path, b []byte) []byte {
	tsn := a.first
	if c.fate == again {
		tsn = a.lost[0].first
		a.resends--
		a.stats.Retransmits++
		a.count(cRetransmits)
		c.path.resent++
		c.resent, c.timedOut, c.moved = true, false, c.moved || c.path != p
		if tsn == a.first {
			p.t3 = 0 // the earliest chunk is sent again (§6.1)
		}
	} else {
		tsn += uint32(a.sent)
		a.sent++
		c.probe = uint32(c.n) > a.peerWindow
		p.sentAt = a.now
		if !p.timing {
			p.timing, p.timed, p.timedAt = true, tsn, a.now
		}
	}
	c.fate, c.path = flying, p
	p.flight += c.size()
	a.outstanding += c.n
	a.peerWindow -= min(a.peerWindow, uint32(c.n))
	a.stats.SentChunks++
	if p.t3 == 0 {
		p.t3 = a.now + p.rto // §6.3.2 R1
	}
	d := dataChunk{c.flags, tsn, c.stream, c.ssn, c.ppid, a.mem[c.at : c.at+c.n]}
	return appendData(b, &d)
}
