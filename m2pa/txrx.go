package m2pa

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/gostp/gostp/ss7"
)

// Limits on what a confused far end may do before the link fails.
const (
	badFSNLimit = 8   // consecutive messages out of sequence (our choice)
	heldLimit   = 512 // messages kept while they may not be delivered
)

// managementReserve is how many messages of network management and testing find room
// in a queue that is full of others: they are what ends the congestion.
const managementReserve = 256

// slot is one message to be sent or kept for retrieval; wire is whole but for its
// sequence numbers.
type slot struct {
	wire []byte
	at   time.Time // sent
}

// queue is the transmit and retransmission buffers as one ring: sent messages
// first, waiting ones behind (RFC 4165 §4.2.1, §4.2.3).
type queue struct {
	ring      []slot // its length is a power of two
	head      int    // the oldest
	n         int    // in all
	sent      int    // of these, sent and not acknowledged
	lastTx    uint32 // FSN of the last message sent
	lastAcked uint32 // FSN of the last message acknowledged
	window    int    // most that are sent and not acknowledged
	shrunk    time.Time
}

func (q *queue) reset() {
	q.head, q.n, q.sent = 0, 0, 0
	q.window, q.shrunk = windowStart, time.Time{}
	q.lastTx, q.lastAcked = seqMask, seqMask // the first message has FSN 0
}

func (q *queue) at(i int) *slot { return &q.ring[(q.head+i)&(len(q.ring)-1)] }

// push gives the slot of a new message at the end.
func (q *queue) push() *slot {
	if q.n == len(q.ring) {
		bigger := make([]slot, max(64, 2*len(q.ring)))
		for i := range q.n {
			bigger[i] = *q.at(i)
		}
		q.ring, q.head = bigger, 0
	}
	q.n++
	return q.at(q.n - 1)
}

// pop forgets the k oldest; their buffers are used again.
func (q *queue) pop(k int) {
	if k == 0 {
		return // perhaps there is no ring yet
	}
	q.head = (q.head + k) & (len(q.ring) - 1)
	q.n -= k
}

// Transfer is Do with an event of kind ss7.Transfer, for the caller that has many:
// an MSU of MTP3 is sent at once, or kept until the far end can take it. m is
// borrowed.
func (l *Link) Transfer(now time.Time, m *ss7.MSU, out []ss7.Action) []ss7.Action {
	return l.transfer(now, m, l.begin(out))
}

func (l *Link) transfer(now time.Time, m *ss7.MSU, out []ss7.Action) []ss7.Action {
	if l.state != InService && l.state != ProcessorOutage && !l.retain {
		l.stats.NotInService++
		return append(out, l.discard("the link is not in service"))
	}
	if !m.SI.OfMTP3() && m.Prio < l.discardLevel() {
		l.stats.Shed++
		return append(out, l.discard("the link is congested, and the priority below its discard level"))
	}
	if most := l.cfg.QueueMax; l.n >= most && (!m.SI.OfMTP3() || l.n >= most+managementReserve) {
		l.stats.QueueFull++
		return append(out, l.discard("the transmit queue is full"))
	}
	s := l.push()
	s.wire = appendHeader(s.wire[:0], UserData, 0, 0, 0)
	s.wire = append(s.wire, 0) // priority: TTC only (§2.3.1)
	s.wire = l.cfg.Variant.AppendMSU(s.wire, m)
	binary.BigEndian.PutUint32(s.wire[4:], uint32(len(s.wire)))
	out = l.sendWaiting(now, out)
	return l.congestion(out)
}

// sendWaiting sends what may be sent.
func (l *Link) sendWaiting(now time.Time, out []ss7.Action) []ss7.Action {
	if l.peerBusy || l.recovering || l.state != InService && l.state != ProcessorOutage || l.remoteOutage {
		return out
	}
	for l.sent < l.n && l.sent < l.window {
		s := l.at(l.sent)
		s.at = now
		l.lastTx = (l.lastTx + 1) & seqMask
		binary.BigEndian.PutUint32(s.wire[8:], l.bsn())
		binary.BigEndian.PutUint32(s.wire[12:], l.lastTx)
		l.sent++
		l.stats.MSUsOut++
		l.stats.OctetsOut += uint64(len(s.wire) - headerLen - 1)
		l.acked()
		if !l.timers.Running(t7) && !l.timers.Running(t6) {
			l.timers.Start(t7, now, l.cfg.T7)
		}
		out = append(out, ss7.Action{Op: ss7.Send, Stream: StreamData, Wire: s.wire})
	}
	return out
}

// bsn is what we acknowledge now. Busy or in outage, what came since is not
// acknowledged (§4.1.4, §4.1.5).
func (l *Link) bsn() uint32 {
	if l.localBusy {
		return (l.lastRx - uint32(l.unacked)) & seqMask
	}
	return l.lastRx
}

// acked: what was accepted is acknowledged by the message just made.
func (l *Link) acked() {
	if !l.localBusy {
		l.unacked = 0
		l.timers.Stop(tAck)
	}
}

// ack acknowledges with an empty User Data, which itself is never acknowledged
// and repeats the last FSN (§4.2.1).
func (l *Link) ack(out []ss7.Action) []ss7.Action {
	if l.unacked == 0 || l.localBusy || !l.comm {
		return out
	}
	l.acked()
	l.stats.AcksOut++
	return l.wire(Message{Type: UserData, BSN: l.bsn(), FSN: l.lastTx}, StreamData, out)
}

// userData takes a User Data message; b is its whole wire.
func (l *Link) userData(now time.Time, m *Message, b []byte, out []ss7.Action) []ss7.Action {
	switch l.state {
	case Proving, AlignedReady, AlignedNotReady:
		if l.state != Proving {
			out = l.becomeInService(now, out) // data says ready (Q.703 §7.3)
		} else {
			l.peerReady = true
		}
	case InService, ProcessorOutage:
	default:
		return append(out, l.drop(Unawaited, "User Data while the link is not in service"))
	}
	if failed := l.checkBSN(now, m, &out); failed {
		return out
	}
	if m.MSU == nil {
		l.stats.AcksIn++
		return out
	}
	if m.FSN != (l.lastRx+uint32(len(l.held))+1)&seqMask {
		return l.outOfSequence(now, m, out)
	}
	l.badFSN = 0
	if l.localOutage || l.state == Proving || len(l.held) > 0 {
		return l.hold(now, b, out)
	}
	return l.accept(now, m, out)
}

// outOfSequence discards (§4.2.1). SCTP keeps order, so it means that the two
// ends disagree; we do not watch that for long.
func (l *Link) outOfSequence(now time.Time, m *Message, out []ss7.Action) []ss7.Action {
	l.badFSN++
	out = append(out, l.drop(OutOfSequence, "User Data out of sequence"))
	due := (l.lastRx + uint32(len(l.held)) + 1) & seqMask
	switch {
	case l.badFSN > 1: // the first one tells
	case due == 0 && l.lastRx == seqMask:
		l.fault = fmt.Sprintf("the far end's first User Data has FSN %d, where RFC 4165 §4.2.1 wants 0: it is "+
			"out of sequence, and not acknowledged", m.FSN)
	default:
		l.fault = fmt.Sprintf("the far end's User Data has FSN %d, where %d is due: it is out of sequence, and "+
			"not acknowledged", m.FSN, due)
	}
	if l.badFSN >= badFSNLimit {
		return l.fail(now, fmt.Sprintf("%d messages in a row out of sequence: FSN %d after %d", l.badFSN, m.FSN,
			l.lastRx), out)
	}
	return out
}

// accept delivers an MSU and owes an acknowledgement: at once after AckEvery
// messages, else within AckDelay, so that data may carry it (§4.2.1).
func (l *Link) accept(now time.Time, m *Message, out []ss7.Action) []ss7.Action {
	l.lastRx, l.fault = m.FSN, ""
	l.stats.MSUsIn++
	l.stats.OctetsIn += uint64(len(m.MSU))
	l.unacked++
	if l.unacked >= l.cfg.AckEvery {
		out = l.ack(out)
	} else if l.unacked == 1 {
		l.timers.Start(tAck, now, l.cfg.AckDelay)
	}
	out = append(out, ss7.Action{Op: ss7.Raise, Event: ss7.Event{Kind: ss7.Transfer, Path: l.path}})
	a := &out[len(out)-1]
	if err := l.cfg.Variant.ReadMSU(m.MSU, &a.Event.MSU); err != nil {
		*a = l.drop(ShortMSU, err.Error())
	}
	return out
}

// checkBSN takes the acknowledgement of a User Data message. Two unreasonable
// ones of three fail the link (Q.703 §5.3.1).
func (l *Link) checkBSN(now time.Time, m *Message, out *[]ss7.Action) (failed bool) {
	k := int((m.BSN - l.lastAcked) & seqMask)
	if k > l.sent {
		l.badBSN++
		l.goodBSN = 0
		l.stats.Discarded[UnsentBSN]++ // its acknowledgement alone
		if l.badBSN >= 2 {
			*out = l.fail(now, fmt.Sprintf("the far end acknowledged what was never sent: BSN %d, sent up to %d", m.BSN,
				l.lastTx), *out)
			return true
		}
		return false
	}
	if l.goodBSN++; l.goodBSN >= 2 {
		l.badBSN = 0
	}
	if k == 0 {
		return false
	}
	l.lastAcked = m.BSN
	l.adapt(now, k)
	l.sent -= k
	l.pop(k)
	if l.drain > 0 {
		if l.drain = max(l.drain-k, 0); l.drain == 0 {
			*out = append(*out, l.raise(ss7.Event{Kind: ss7.Drained}))
		}
	}
	// T7 is the longest time without an acknowledgement while one is due (Q.703 §5.3.1).
	// It begins anew with each: a far end that takes what it can is a good one.
	if l.timers.Running(t7) {
		l.timers.Stop(t7)
		if l.sent > 0 {
			l.timers.Start(t7, now, l.cfg.T7)
		}
	}
	*out = l.congestion(l.sendWaiting(now, *out))
	return false
}

// The window is how many messages SCTP is given beyond the acknowledged ones. RFC 4165 has no window. But
// messages that wait in SCTP hold up the acknowledgements that travel with them, and then the far end's T7 runs
// out. So a message is to arrive and be acknowledged within a part of T7.
const (
	windowStart = 512
	windowLeast = 16
	windowShare = 4 // of T7
)

// adapt fits the window to how long the oldest of k messages, acknowledged just now, took:
// too long shrinks it in proportion, once for each window; if it was used up, it doubles in
// the time of a window.
func (l *Link) adapt(now time.Time, k int) {
	sent := l.at(0).at
	took, most := now.Sub(sent), l.cfg.T7/windowShare
	switch {
	case took > most && sent.After(l.shrunk):
		l.window = max(windowLeast, int(int64(l.window)*int64(most)/int64(took)))
		l.shrunk = now
	case took <= most/2 && l.sent >= l.window:
		l.window = min(l.window+k, max(windowLeast, l.cfg.QueueMax+managementReserve))
	}
}

// levels is how many levels congestion has.
func (c *Config) levels() uint32 {
	if c.Priorities {
		return 3
	}
	return 1
}

// congestion tells MTP3 when the queue crosses a threshold (Q.704 §3.8, RFC 4165 §4.2.2).
func (l *Link) congestion(out []ss7.Action) []ss7.Action {
	l.peak = max(l.peak, l.n)
	level := min(l.level, l.cfg.levels())
	for level < l.cfg.levels() && l.n > l.cfg.Onset[level] {
		level++
	}
	for level > 0 && l.n < l.cfg.Abate[level-1] {
		level--
	}
	if level == l.level {
		return out
	}
	why := ""
	if level > l.level {
		why = fmt.Sprintf("%d MSUs wait or are not acknowledged, more than %d", l.n, l.cfg.Onset[level-1])
	} else {
		why = fmt.Sprintf("%d MSUs wait or are not acknowledged, fewer than %d", l.n, l.cfg.Abate[level])
	}
	l.level = level
	return append(out, l.raise(ss7.Event{Kind: ss7.Congestion, Arg: level, Why: why}))
}

// discardLevel is the discard status (Q.704 §3.8.2.3): MSUs of a priority below it are
// not sent.
func (l *Link) discardLevel() (level uint8) {
	if !l.cfg.Priorities {
		return 0
	}
	for level < 3 && l.n > l.cfg.Discard[level] {
		level++
	}
	return level
}

// receiveCongestion: MTP3 cannot take more (§4.1.5). We go on sending.
func (l *Link) receiveCongestion(now time.Time, busy bool, out []ss7.Action) []ss7.Action {
	if busy == l.localBusy || l.state < AlignedReady {
		return out
	}
	if busy {
		out = l.ack(out) // what came before is acknowledged
		l.localBusy = true
		l.timers.Stop(tAck)
		return l.send(now, Busy, StreamStatus, out)
	}
	l.localBusy = false
	out = l.send(now, BusyEnded, StreamStatus, out)
	return l.ack(out)
}

// busy and busyEnded are told by the far end (§4.1.5).
func (l *Link) busy(now time.Time, out []ss7.Action) []ss7.Action {
	if !l.peerBusy && l.sent > 0 {
		l.timers.Start(t6, now, l.cfg.T6)
	}
	l.peerBusy = true
	l.timers.Stop(t7)
	return out
}

func (l *Link) busyEnded(now time.Time, out []ss7.Action) []ss7.Action {
	l.peerBusy = false
	l.timers.Stop(t6)
	if l.sent > 0 {
		l.timers.Start(t7, now, l.cfg.T7)
	}
	return l.sendWaiting(now, out)
}

func (l *Link) inService(now time.Time, m *Message, out []ss7.Action) []ss7.Action {
	switch m.Status {
	case Ready:
		return out
	case Busy:
		return l.busy(now, out)
	case BusyEnded:
		return l.busyEnded(now, out)
	case ProcessorOutageStarted:
		return l.peerOutage(now, out)
	case ProcessorRecovered: // it thinks we know of an outage: answer, all is well
		return l.send(now, Ready, StreamData, out)
	case Alignment, ProvingNormal, ProvingEmergency:
		return l.fail(now, "the far end began its alignment anew ("+m.Status.String()+")", out)
	case OutOfServiceStatus:
		return l.fail(now, "the far end went out of service", out)
	}
	return out
}
