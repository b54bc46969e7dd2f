package m2pa

import "github.com/gostp/gostp/ss7"

// retrieve gives back, in order, what the far end has not accepted: messages sent
// after fsnc, then those never sent (RFC 4165 §4.2.3, Q.703 §11). fsnc is the FSN
// of the last message the far end accepted, from its changeover message, or
// ss7.NoFSN: then only what was never sent, since a message that may have arrived
// must not be sent twice (Q.704 §5.6.1). Afterwards nothing waits, and a link out of
// service takes no more, unless it is shared; one in processor outage or in service keeps what it has
// sent, which the far end will acknowledge yet.
func (l *Link) retrieve(fsnc uint32, out []ss7.Action) []ss7.Action {
	first := l.sent
	if fsnc < ss7.NoFSN && l.state == OutOfService {
		// In the window of what is not acknowledged? Else it is unreasonable, as none (Q.704 §5.7.3).
		if k := int((fsnc - l.lastAcked) & seqMask); k <= l.sent {
			first = k
		} else {
			l.stats.Unconfirmed += uint64(l.sent)
		}
	} else if l.state == OutOfService {
		l.stats.Unconfirmed += uint64(l.sent)
	}
	for i := first; i < l.n; i++ {
		if m, err := l.cfg.Variant.ParseMSU(l.at(i).wire[headerLen+1:]); err == nil {
			l.stats.Retrieved++
			out = append(out, l.raise(ss7.Event{Kind: ss7.Retrieved, MSU: m}))
		}
	}
	l.n = l.sent
	if l.state == OutOfService {
		l.n, l.sent, l.lastAcked = 0, 0, l.lastTx
		l.timers.Stop(t7)
	}
	l.retain = l.retain && l.cfg.Shared
	return append(out, l.raise(ss7.Event{Kind: ss7.RetrievalComplete}))
}
