package sctp

import (
	"fmt"
	"net"
	"time"
)

// outChunk is one DATA chunk from its queueing until it is acknowledged; data is
// the slot's own memory, used again.
type outChunk struct {
	dataChunk
	at      time.Time // sent
	acked   bool      // in a gap block
	again   bool      // to be sent again
	resent  bool      // was sent more than once: tells nothing of the round trip (Karn)
	missing int
}

// sender is the sending half: one ring in the order of TSNs, sent chunks first,
// waiting ones behind.
type sender struct {
	ring       []outChunk
	head, n    int
	sent       int // of n
	octets     int // of user data in the ring
	flight     int // octets sent, not acknowledged and not given up
	nextTSN    uint32
	ssn        []uint16
	peerWindow uint32
	recoverTo  uint32 // fast recovery until this TSN (§7.2.4)
	recovering bool
	sack       sackChunk
}

func (s *sender) at(i int) *outChunk {
	if i += s.head; i >= len(s.ring) {
		i -= len(s.ring)
	}
	return &s.ring[i]
}

func (s *sender) push() *outChunk {
	if s.n == len(s.ring) {
		bigger := make([]outChunk, max(64, 2*len(s.ring)))
		for i := range s.n {
			bigger[i] = *s.at(i)
		}
		s.ring, s.head = bigger, 0
	}
	s.n++
	c := s.at(s.n - 1)
	c.acked, c.again, c.resent, c.missing = false, false, false, 0
	return c
}

func (s *sender) pop() {
	c := s.at(0)
	s.octets -= len(c.data)
	if s.head++; s.head == len(s.ring) {
		s.head = 0
	}
	s.n--
	s.sent--
}

func (s *sender) reset() {
	s.head, s.n, s.sent, s.octets, s.flight, s.recovering = 0, 0, 0, 0, 0, false
	s.ring = nil
}

// Send queues messages, cut to the size of a packet (§6.9), and sends what may go.
func (a *assoc) Send(msgs []Message) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.state != established {
		return 0, net.ErrClosed
	}
	room := a.path.mtu - headerLen - dataHeaderLen
	for i := range msgs {
		m := &msgs[i]
		if len(m.Data) == 0 || m.Stream >= a.out {
			a.flush()
			return i, fmt.Errorf("message of %d octets for stream %d of %d cannot be sent", len(m.Data), m.Stream, a.out)
		}
		if a.octets+len(m.Data) > a.params.SendBuffer {
			a.flush()
			a.rearm()
			return i, ErrFull
		}
		a.enqueue(m, room)
	}
	a.flush()
	a.rearm()
	return len(msgs), nil
}

func (a *assoc) enqueue(m *Message, room int) {
	flags := uint8(flagB)
	if m.Unordered {
		flags |= flagU
	}
	ssn := a.ssn[m.Stream]
	if !m.Unordered {
		a.ssn[m.Stream]++
	}
	a.stats.SentMessages++
	a.stats.SentOctets += uint64(len(m.Data))
	for b := m.Data; len(b) > 0; {
		n := min(len(b), room)
		if n == len(b) {
			flags |= flagE
		}
		c := a.push()
		c.dataChunk = dataChunk{flags, a.nextTSN, m.Stream, ssn, m.PPID, append(c.data[:0], b[:n]...)}
		a.nextTSN++
		a.octets += n
		b = b[n:]
		flags &^= flagB
	}
}

// flush makes packets: control chunks and an owed SACK first, then what is to be
// sent again, then new data, as far as the windows allow (§6.1, §6.10).
func (a *assoc) flush() {
	if a.state == closed {
		return
	}
	now := time.Now()
	for {
		b := a.packetStart()
		start := len(b)
		if len(a.control) > 0 {
			b = append(b, a.control...)
			a.control = a.control[:0]
		}
		if a.sackNow || a.sackOwed && a.mayData() {
			b = a.appendSack(b)
		}
		if a.mayData() {
			b = a.fillData(now, b)
		}
		if len(b) == start {
			break
		}
		a.emit(header{a.endpoint.addr.Port, a.key.port, a.peerTag}, b)
		if !a.sackNow && !a.more() {
			break
		}
	}
	a.maybeShutdown(now)
}

// mayData tells whether DATA may be sent in this state.
func (a *assoc) mayData() bool {
	switch a.state {
	case established, shutdownPending, shutdownReceived:
		return a.more()
	}
	return false
}

// more tells whether the windows let a chunk go.
func (a *assoc) more() bool {
	for i := 0; i < a.sent && a.resends > 0; i++ {
		if c := a.at(i); c.again {
			return a.flight == 0 || a.flight+len(c.data) <= int(a.path.cwnd)
		}
	}
	return a.sent < a.n && a.mayNew(a.at(a.sent))
}

// mayNew: within the congestion window, and within the far end's, but one chunk
// may always be under way to probe a closed window (§6.1 A, B).
func (a *assoc) mayNew(c *outChunk) bool {
	if a.flight == 0 {
		return true
	}
	return a.flight < int(a.path.cwnd) && a.flight+len(c.data) <= int(a.peerWindow)
}

// fillData adds chunks while they fit the packet and the windows.
func (a *assoc) fillData(now time.Time, b []byte) []byte {
	for i := 0; i < a.sent && a.resends > 0; i++ {
		c := a.at(i)
		if !c.again {
			continue
		}
		if len(b)+dataHeaderLen+len(c.data) > a.path.mtu || a.flight > 0 && a.flight+len(c.data) > int(a.path.cwnd) {
			return b
		}
		c.again, c.resent, c.missing = false, true, 0
		a.resends--
		a.stats.Retransmits++
		b = a.put(now, c, b)
	}
	for a.sent < a.n {
		c := a.at(a.sent)
		if len(b)+dataHeaderLen+len(c.data) > a.path.mtu || !a.mayNew(c) {
			return b
		}
		a.sent++
		b = a.put(now, c, b)
	}
	return b
}

func (a *assoc) put(now time.Time, c *outChunk, b []byte) []byte {
	c.at = now
	a.flight += len(c.data)
	a.stats.SentChunks++
	if !a.timers.Running(timerT3) {
		a.timers.Start(timerT3, now, a.path.rto) // §6.3.2 R1
	}
	return appendData(b, &c.dataChunk)
}

// sackChunk takes an acknowledgement (§6.2.1, §6.3, §7.2).
func (a *assoc) sackChunk(c chunk) {
	if a.state < established {
		return
	}
	s := &a.sack
	if err := parseSack(c.value, s); err != nil {
		a.stats.Discarded++
		return
	}
	if a.n == 0 || a.sent == 0 {
		a.window(s.window)
		return
	}
	if before(s.cum, a.at(0).tsn-1) || before(a.at(a.sent-1).tsn, s.cum) {
		a.stats.Discarded++ // old, or for what was never sent
		return
	}
	now := time.Now()
	full := a.flight >= int(a.path.cwnd)-a.path.mtu
	cumAcked, gapAcked := a.cumulative(now, s.cum), 0
	if a.sent > 0 {
		gapAcked = a.gaps(now, s)
	}
	a.window(s.window)
	if cumAcked+gapAcked > 0 {
		a.alive(now)
	}
	a.grow(cumAcked, cumAcked+gapAcked, full, s.cum)
	switch {
	case a.sent == 0:
		a.timers.Stop(timerT3) // R2
	case cumAcked > 0:
		a.timers.Start(timerT3, now, a.path.rto) // R3
	}
}

// window takes what the far end says it has room for. One that has none, and says
// so, is alive: probing it is no failure (§6.1 A).
func (a *assoc) window(w uint32) {
	a.peerWindow = w
	if w < uint32(a.path.mtu) {
		a.path.errors = 0
	}
}

// alive: the far end answered.
func (a *assoc) alive(time.Time) {
	if a.path.errors > a.params.PathRetrans {
		a.event(Event{Kind: PathUp, Addr: a.key.ip, Why: fmt.Sprintf("%v answers again", a.key.ip)})
	}
	a.path.errors, a.path.silent = 0, time.Time{}
}

// cumulative takes chunks up to cum off the ring and gives how many octets of
// them were not acknowledged before.
func (a *assoc) cumulative(now time.Time, cum uint32) int {
	octets := 0
	for a.sent > 0 && !before(cum, a.at(0).tsn) {
		c := a.at(0)
		if !c.acked {
			octets += a.credit(now, c)
		}
		a.pop()
	}
	return octets
}

// credit takes a chunk out of what is under way and measures the round trip.
func (a *assoc) credit(now time.Time, c *outChunk) int {
	if c.again {
		c.again = false
		a.resends--
	} else {
		a.flight -= len(c.data)
	}
	if !c.resent {
		a.rtt(now.Sub(c.at))
	}
	return len(c.data)
}

// gaps marks what the gap blocks acknowledge; three reports beyond it make a
// missing chunk be sent again at once (§7.2.4). It looks only at what the blocks
// cover: the ring's first chunk is the one after the cumulative TSN.
func (a *assoc) gaps(now time.Time, s *sackChunk) int {
	if len(s.gaps) == 0 {
		return 0
	}
	octets, highest := 0, 0 // highest: of the newly acknowledged, by place in the ring
	for _, g := range s.gaps {
		for i := int(g.first) - 1; i < int(g.last) && i < a.sent; i++ {
			if c := a.at(i); !c.acked {
				octets += a.credit(now, c)
				c.acked = true
				highest = max(highest, i)
			}
		}
	}
	for i := range highest {
		c := a.at(i)
		if c.acked || c.again {
			continue
		}
		if c.missing++; c.missing == 3 {
			a.fastRetransmit(c)
		}
	}
	return octets
}

func (a *assoc) fastRetransmit(c *outChunk) {
	c.again = true
	a.resends++
	a.flight -= len(c.data)
	a.stats.FastRetransmits++
	if !a.recovering {
		a.recovering, a.recoverTo = true, a.at(a.sent-1).tsn
		a.path.ssthresh = max(a.path.cwnd/2, uint32(4*a.path.mtu))
		a.path.cwnd, a.path.acked = a.path.ssthresh, 0
	}
}

// grow opens the congestion window (§7.2.1, §7.2.2).
func (a *assoc) grow(cum, all int, full bool, tsn uint32) {
	if a.recovering && !before(tsn, a.recoverTo) {
		a.recovering = false
	}
	p := &a.path
	if cum == 0 || a.recovering {
		return
	}
	if p.cwnd <= p.ssthresh {
		if full {
			p.cwnd += uint32(min(cum, p.mtu))
		}
		return
	}
	p.acked += uint32(all)
	if p.acked >= p.cwnd && full {
		p.acked -= p.cwnd
		p.cwnd += uint32(p.mtu)
	}
	if a.sent == 0 {
		p.acked = 0
	}
}

// rtt takes a measured round trip (§6.3.1).
func (a *assoc) rtt(r time.Duration) {
	p := &a.path
	if p.srtt == 0 {
		p.srtt, p.rttvar = r, r/2
	} else {
		p.rttvar += ((p.srtt - r).Abs() - p.rttvar) / 4
		p.srtt += (r - p.srtt) / 8
	}
	p.rto = min(max(p.srtt+4*p.rttvar, a.params.RTOMin), a.params.RTOMax)
}

// timeout is T3: everything under way counts as lost (§6.3.3, §7.2.3).
func (a *assoc) timeout(now time.Time) {
	a.stats.Timeouts++
	p := &a.path
	p.ssthresh = max(p.cwnd/2, uint32(4*p.mtu))
	p.cwnd, p.acked, a.recovering = uint32(p.mtu), 0, false
	for i := range a.sent {
		if c := a.at(i); !c.acked && !c.again {
			c.again = true
			a.resends++
		}
	}
	a.flight = 0
	if a.strike(now, "retransmissions") {
		a.timers.Start(timerT3, now, p.rto)
	}
}

// strike counts something unanswered; too many in a row end the association
// (§8.1, §8.2). It backs the time-out off and gives false if that was the end.
func (a *assoc) strike(now time.Time, what string) bool {
	p := &a.path
	if p.silent.IsZero() {
		p.silent = now.Add(-p.rto)
	}
	p.errors++
	if p.errors == a.params.PathRetrans+1 {
		a.event(Event{Kind: PathDown, Addr: a.key.ip, Why: fmt.Sprintf("%v does not answer", a.key.ip)})
	}
	if p.errors > a.params.AssocRetrans {
		why := fmt.Sprintf("%v is silent: %d %s unanswered in %v", a.key.ip, p.errors, what, now.Sub(p.silent).Round(100*time.Millisecond))
		a.reply(appendSimple(nil, ctAbort, 0, appendParam(nil, causeUserAbort, []byte("too many retransmissions"))))
		a.end(Lost, why)
		return false
	}
	p.rto = min(2*p.rto, a.params.RTOMax)
	return true
}
