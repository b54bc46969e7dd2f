package m2pa

import (
	"fmt"

	"github.com/gostp/gostp/ss7"
)

// retrieve gives back, in order, what the far end has not accepted: messages sent
// after fsnc, then those never sent (RFC 4165 §4.2.3, Q.703 §11). fsnc is the FSN
// of the last message the far end accepted, from its changeover message, or
// ss7.NoFSN: then only what was never sent, since a message that may have arrived
// must not be sent twice (Q.704 §5.6.1). why says where fsnc is from, or why there is none.
//
// Afterwards nothing waits. A link out of service takes no more MSUs, unless it is shared. A link in processor
// outage or in service keeps what it has sent, since the far end will still acknowledge it.
func (l *Link) retrieve(fsnc uint32, why string, out []ss7.Action) []ss7.Action {
	first, given := l.sent, ""
	if l.state == OutOfService {
		if k, fault := l.acceptedBy(fsnc); fault == "" {
			first = k
		} else if l.sent > 0 {
			l.stats.Unconfirmed += uint64(l.sent)
			given = fmt.Sprintf("%d MSUs that were sent and not acknowledged are given up, since they may have "+
				"arrived: %s%s", l.sent, fault, because(why))
		}
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
	return append(out, l.raise(ss7.Event{Kind: ss7.RetrievalComplete, Why: given}))
}

func because(why string) string {
	if why == "" {
		return ""
	}
	return " (" + why + ")"
}

// acceptedBy tells how many of the messages that were sent and not acknowledged the far end has
// accepted, if it says fsnc, or what is wrong with fsnc. A number outside of the window of unacknowledged
// messages is unreasonable, and counts as none (Q.704 §5.7.3).
func (l *Link) acceptedBy(fsnc uint32) (n int, fault string) {
	short := fsnc&ss7.ShortFSN != 0
	switch {
	case !short && fsnc >= ss7.NoFSN:
		return 0, "the number of the last that the far end accepted is not known"
	case !short:
		if k := int((fsnc - l.lastAcked) & seqMask); k <= l.sent {
			return k, ""
		}
		return 0, fmt.Sprintf("the far end says that it accepted number %d last, and it may be %d to %d",
			fsnc, l.lastAcked, l.lastTx)
	case l.sent > shortMask:
		return 0, fmt.Sprintf("the far end gave 7 bits of the number, which stand for several of the %d", l.sent)
	}
	if k := int((fsnc - l.lastAcked) & shortMask); k <= l.sent {
		return k, ""
	}
	return 0, fmt.Sprintf("the far end gave 7 bits of the number, %d, and it may be %d to %d",
		fsnc&shortMask, l.lastAcked, l.lastTx)
}

// shortMask is for a sequence number of 7 bits: it stands for one of fewer than 128 messages.
const shortMask = 127
