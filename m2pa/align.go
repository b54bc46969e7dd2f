package m2pa

import (
	"fmt"
	"time"

	"github.com/gostp/gostp/ss7"
)

// reset forgets everything of the life before: all sequence numbers start anew
// at each alignment (Q.703 §7, RFC 4165 §2.2).
func (l *Link) reset() {
	l.stats.Lost += uint64(l.n - l.sent)
	l.stats.Unconfirmed += uint64(l.sent)
	l.retain = false
	l.queue.reset()
	l.drain = 0
	l.lastRx = seqMask
	l.held, l.unacked, l.badFSN, l.badBSN, l.goodBSN = nil, 0, 0, 0, 0
	l.peerReady, l.peerEmergency, l.peerBusy, l.remoteOutage, l.recovering = false, false, false, false, false
	l.aborts, l.level = 0, 0
}

// align sends Alignment and waits for the far end's (Q.703 §7.3).
func (l *Link) align(now time.Time, out []ss7.Action) []ss7.Action {
	l.reset()
	l.stats.Alignments++
	l.timers.StopAll()
	l.timers.Start(t2, now, l.cfg.T2)
	l.timers.Start(tStatus, now, l.cfg.Status)
	out = l.become(now, NotAligned, "waiting for the far end to align", out)
	return l.send(now, Alignment, StreamStatus, out)
}

// outOfService: nobody here wants the link. RFC 4165 §4.1.6 lets us say so again
// to a far end that tries.
func (l *Link) outOfService(now time.Time, s Status, out []ss7.Action) []ss7.Action {
	switch s {
	case Alignment, ProvingNormal, ProvingEmergency, Ready:
		return l.send(now, OutOfServiceStatus, StreamStatus, out)
	}
	return out
}

func (l *Link) notAligned(now time.Time, s Status, out []ss7.Action) []ss7.Action {
	switch s {
	case ProvingEmergency:
		l.peerEmergency = true
		return l.becomeAligned(now, s, out)
	case Alignment, ProvingNormal:
		return l.becomeAligned(now, s, out)
	case OutOfServiceStatus:
		return out // it is not ready yet; our Alignment is repeated
	case Ready:
		// It believes the link aligned; our Alignment makes it start again.
		return l.send(now, Alignment, StreamStatus, out)
	}
	return l.unfit(s, out)
}

// becomeAligned answers with our own proving status (Q.703 §7.3: SIN or SIE).
func (l *Link) becomeAligned(now time.Time, s Status, out []ss7.Action) []ss7.Action {
	l.timers.Stop(t2)
	l.timers.Stop(tStatus)
	out = l.become(now, Aligned, "the far end aligns; waiting for it to prove", out)
	l.timers.Start(t3, now, l.cfg.T3)
	out = l.prove(now, out)
	if s != Alignment {
		return l.beginProving(now, out)
	}
	return out
}

func (l *Link) aligned(now time.Time, s Status, out []ss7.Action) []ss7.Action {
	switch s {
	case ProvingEmergency:
		l.peerEmergency = true
		return l.beginProving(now, out)
	case ProvingNormal:
		return l.beginProving(now, out)
	case Ready: // it has proved already, or does not prove
		l.peerReady = true
		return l.beginProving(now, out)
	case OutOfServiceStatus:
		return l.fail(now, "alignment not possible: the far end went out of service", out)
	case Alignment:
		return out
	}
	return l.unfit(s, out)
}

// beginProving starts T4: the emergency period if either end wants it (Q.703 §7.3).
func (l *Link) beginProving(now time.Time, out []ss7.Action) []ss7.Action {
	l.timers.Stop(t3)
	period, kind := l.cfg.T4n, "normal"
	if l.emergency || l.peerEmergency {
		period, kind = l.cfg.T4e, "emergency"
	}
	l.timers.Start(t4, now, period)
	return l.become(now, Proving, fmt.Sprintf("proving, %s, for %v", kind, period), out)
}

// prove sends our proving status, never the far end's, again and again: they fill
// the path on purpose (RFC 4165 §4.1.3, §4.3.1).
func (l *Link) prove(now time.Time, out []ss7.Action) []ss7.Action {
	if l.state != Aligned && l.state != Proving {
		return out
	}
	l.timers.Start(tProving, now, l.cfg.Proving)
	s := ProvingNormal
	if l.emergency {
		s = ProvingEmergency
	}
	return l.send(now, s, StreamStatus, out)
}

// emergencyWhileProving: MTP3 is in a hurry all of a sudden (Q.703 §7.3).
func (l *Link) emergencyWhileProving(now time.Time, out []ss7.Action) []ss7.Action {
	switch l.state {
	case Proving:
		out = l.prove(now, out)
		return l.beginProving(now, out)
	case Aligned:
		return l.prove(now, out)
	}
	return out
}

func (l *Link) provingState(now time.Time, s Status, out []ss7.Action) []ss7.Action {
	switch s {
	case ProvingEmergency:
		if !l.peerEmergency && !l.emergency {
			l.peerEmergency = true
			return l.beginProving(now, out)
		}
	case ProvingNormal:
	case Alignment:
		return l.abortProving(now, out)
	case OutOfServiceStatus:
		return l.fail(now, "alignment not possible: the far end went out of service while proving", out)
	case Ready:
		l.peerReady = true // it finished first; must not be lost
	case ProcessorOutageStarted:
		l.peerReady, l.remoteOutage = true, true
	case Busy:
		l.peerBusy = true
	case BusyEnded:
		l.peerBusy = false
	default:
		return l.unfit(s, out)
	}
	return out
}

// abortProving begins again with a far end that did, M times at most (Q.703 §7.3).
func (l *Link) abortProving(now time.Time, out []ss7.Action) []ss7.Action {
	l.aborts++
	if l.aborts >= abortLimit {
		return l.fail(now, fmt.Sprintf("alignment not possible: the far end began anew %d times while proving", l.aborts),
			out)
	}
	l.timers.Stop(t4)
	l.peerReady = false
	l.timers.Start(t3, now, l.cfg.T3)
	out = l.become(now, Aligned, "the far end began its alignment anew", out)
	return l.prove(now, out)
}

// provingDone: say Ready, or Processor Outage (RFC 4165 §4.1.3).
func (l *Link) provingDone(now time.Time, out []ss7.Action) []ss7.Action {
	l.timers.Stop(tProving)
	l.timers.Start(t1, now, l.cfg.T1)
	l.timers.Start(tStatus, now, l.cfg.Status)
	if l.localOutage {
		out = l.become(now, AlignedNotReady, "proving done, but processor outage here", out)
		out = l.send(now, ProcessorOutageStarted, StreamData, out)
	} else {
		out = l.become(now, AlignedReady, "proving done; waiting for the far end to be ready", out)
		out = l.send(now, Ready, StreamStatus, out)
	}
	if l.peerReady {
		return l.becomeInService(now, out)
	}
	return out
}

func (l *Link) alignedReady(now time.Time, s Status, out []ss7.Action) []ss7.Action {
	switch s {
	case Ready:
		return l.becomeInService(now, out)
	case ProcessorOutageStarted:
		l.remoteOutage = true
		return l.becomeInService(now, out)
	case ProvingNormal, ProvingEmergency:
		// It proves longer than we do, or our Ready was early; the repeat serves it.
		return out
	case Alignment:
		return l.fail(now, "the far end began its alignment anew", out)
	case OutOfServiceStatus:
		return l.fail(now, "the far end went out of service before the link was in service", out)
	case Busy:
		l.peerBusy = true
	case BusyEnded:
		l.peerBusy = false
	default:
		return l.unfit(s, out)
	}
	return out
}

// becomeInService: both ends have proved. In an outage of either the link is
// aligned, but carries nothing (Q.703 §8).
func (l *Link) becomeInService(now time.Time, out []ss7.Action) []ss7.Action {
	l.timers.Stop(t1)
	l.timers.Stop(tStatus)
	if l.remoteOutage || l.localOutage {
		out = l.become(now, ProcessorOutage, l.outageWhy(), out)
		out = append(out, l.raise(ss7.Event{Kind: ss7.InService}))
		if l.remoteOutage {
			out = append(out, l.raise(ss7.Event{Kind: ss7.RemoteOutage}))
		}
	} else {
		out = l.become(now, InService, "both ends are ready", out)
		out = append(out, l.raise(ss7.Event{Kind: ss7.InService}))
	}
	return l.release(now, out)
}

// repeat says again what nothing has answered: a single status sent before the
// far end could hear it would be lost (RFC 4165 §4.1: MAY be repeated).
func (l *Link) repeat(now time.Time, out []ss7.Action) []ss7.Action {
	var s Status
	stream := uint16(StreamStatus)
	switch l.state {
	case NotAligned:
		s = Alignment
	case AlignedReady:
		s = Ready
	case AlignedNotReady:
		s, stream = ProcessorOutageStarted, StreamData
	case ProcessorOutage:
		switch {
		case l.recovering:
			s, stream = ProcessorRecovered, StreamData
		case l.localOutage:
			s, stream = ProcessorOutageStarted, StreamData
		default:
			return out
		}
	default:
		return out
	}
	l.timers.Start(tStatus, now, l.cfg.Status)
	return l.send(now, s, stream, out)
}
