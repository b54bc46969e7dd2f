package m2pa

import (
	"time"

	"github.com/gostp/gostp/ss7"
)

// Processor outage (RFC 4165 §4.1.4, Q.703 §8).

func (l *Link) outageWhy() string {
	switch {
	case l.localOutage && l.remoteOutage:
		return "processor outage at both ends"
	case l.localOutage:
		return "processor outage here"
	case l.recovering:
		return "processor outage here is over; waiting for the far end"
	}
	return "processor outage at the far end"
}

// beginOutage: our MTP3 has gone. What comes now waits unacknowledged.
func (l *Link) beginOutage(now time.Time, out []ss7.Action) []ss7.Action {
	if l.localOutage {
		return out
	}
	l.localOutage = true
	switch l.state {
	case AlignedReady:
		out = l.become(now, AlignedNotReady, l.outageWhy(), out)
	case InService, ProcessorOutage:
		out = l.ack(out) // (b): what was accepted before is acknowledged
		out = l.become(now, ProcessorOutage, l.outageWhy(), out)
	default:
		return out
	}
	l.recovering = false
	l.timers.Start(tStatus, now, l.cfg.Status)
	return l.send(now, ProcessorOutageStarted, StreamData, out)
}

// endOutage: say so, and send no data until both ends have said Ready.
func (l *Link) endOutage(now time.Time, out []ss7.Action) []ss7.Action {
	if !l.localOutage {
		return out
	}
	l.localOutage = false
	switch l.state {
	case AlignedNotReady:
		out = l.become(now, AlignedReady, "processor outage here is over; waiting for the far end to be ready", out)
		return l.send(now, Ready, StreamStatus, out)
	case ProcessorOutage:
		l.recovering = true
		out = l.become(now, ProcessorOutage, l.outageWhy(), out)
		l.timers.Start(tStatus, now, l.cfg.Status)
		return l.send(now, ProcessorRecovered, StreamData, out)
	}
	return out
}

func (l *Link) peerOutage(now time.Time, out []ss7.Action) []ss7.Action {
	if l.remoteOutage {
		return out
	}
	l.remoteOutage = true
	l.timers.Stop(t7) // it acknowledges nothing now
	out = l.become(now, ProcessorOutage, l.outageWhy(), out)
	return append(out, l.raise(ss7.Event{Kind: ss7.RemoteOutage}))
}

func (l *Link) inOutage(now time.Time, m *Message, out []ss7.Action) []ss7.Action {
	switch m.Status {
	case ProcessorOutageStarted:
		return l.peerOutage(now, out)
	case ProcessorRecovered:
		// The end in remote outage answers Ready on the data stream (§4.1.4); both
		// Readies carry the sequence numbers to go on from.
		l.remoteOutage = false
		out = append(out, l.raise(ss7.Event{Kind: ss7.RemoteRecovered}))
		if out = l.resync(now, m.BSN, out); l.state == OutOfService {
			return out
		}
		out = l.send(now, Ready, StreamData, out)
		return l.leaveOutage(now, out)
	case Ready:
		if l.recovering {
			l.recovering = false
			l.timers.Stop(tStatus)
			if out = l.resync(now, m.BSN, out); l.state == OutOfService {
				return out
			}
			out = l.send(now, Ready, StreamData, out)
		} else if l.remoteOutage && !l.localOutage {
			l.remoteOutage = false
			out = append(out, l.raise(ss7.Event{Kind: ss7.RemoteRecovered}))
		}
		return l.leaveOutage(now, out)
	case Busy:
		return l.busy(now, out)
	case BusyEnded:
		return l.busyEnded(now, out)
	case Alignment, ProvingNormal, ProvingEmergency:
		return l.fail(now, "the far end began its alignment anew ("+m.Status.String()+")", out)
	case OutOfServiceStatus:
		return l.fail(now, "the far end went out of service", out)
	}
	return out
}

// leaveOutage goes back into service when neither end is in outage.
func (l *Link) leaveOutage(now time.Time, out []ss7.Action) []ss7.Action {
	if l.localOutage || l.remoteOutage || l.recovering || l.state != ProcessorOutage {
		return out
	}
	l.timers.Stop(tStatus)
	out = l.become(now, InService, "processor outage is over", out)
	out = l.release(now, out)
	if l.sent > 0 && !l.peerBusy {
		l.timers.Start(t7, now, l.cfg.T7)
	}
	return l.sendWaiting(now, out)
}

// resync goes on from the last message the far end has not thrown away: those up
// to it are acknowledged; what was sent beyond was flushed there, is not sent
// again, and numbers continue after it (§4.1.4).
func (l *Link) resync(now time.Time, bsn uint32, out []ss7.Action) []ss7.Action {
	k := int((bsn - l.lastAcked) & seqMask)
	if k > l.sent {
		return l.fail(now, "the far end acknowledged what was never sent after a processor outage", out)
	}
	l.stats.Unconfirmed += uint64(l.sent - k)
	l.pop(l.sent) // acknowledged, or flushed by the far end
	l.sent = 0
	l.lastTx, l.lastAcked = bsn, bsn
	l.timers.Stop(t7)
	return l.congestion(out)
}

// hold keeps User Data that may not be delivered yet (a).
func (l *Link) hold(now time.Time, b []byte, out []ss7.Action) []ss7.Action {
	if len(l.held) >= heldLimit {
		return l.fail(now, "too many messages wait for the end of the processor outage", out)
	}
	l.held = append(l.held, append([]byte(nil), b...))
	return out
}

// release delivers what was held: Continue, or the end of the outage.
func (l *Link) release(now time.Time, out []ss7.Action) []ss7.Action {
	if l.localOutage {
		return out
	}
	held := l.held
	l.held = nil
	for _, b := range held {
		if m, err := Parse(b); err == nil {
			out = l.accept(now, &m, out)
		}
	}
	return out
}

// flush throws away what waits in both directions (Q.703 §8.2).
func (l *Link) flush() {
	l.held = nil
	l.stats.Lost += uint64(l.n - l.sent)
	l.stats.Unconfirmed += uint64(l.sent)
	l.n, l.sent = 0, 0
	l.lastAcked = l.lastTx
	l.timers.Stop(t7)
	l.timers.Stop(t6)
}
