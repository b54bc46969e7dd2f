package mtp3

import (
	"fmt"
	"time"

	"github.com/gostp/gostp/ss7"
)

// timerUPU keeps user part unavailable from being sent at the rate of what it answers;
// in the agenda, beside the numbers of Q.704.
const (
	timerUPU    = 101
	upuInterval = time.Second
)

// noUser answers an MSU for a user that is not here with UPU, from the code it was
// addressed to (§11.2.7), at most once a second for each origin and user.
func (n *Network) noUser(now time.Time, m *ss7.MSU, out []ss7.Action) []ss7.Action {
	k := agendaKey{timer: timerUPU, dest: ss7.Range{PC: m.OPC, Len: uint8(m.SI)}}
	if n.agenda.running(k) || len(n.agenda.at) > agendaMost {
		return out
	}
	n.agenda.start(now, k, upuInterval)
	_, b, own := n.table.Dest(m.OPC)
	if own || b == nil {
		return out
	}
	path := n.table.Slot(b, 0).Path
	if path.IsHold() {
		return out // the next one will do
	}
	return n.send(path, m.OPC, m.DPC, 0, Management{Heading: UPU, PC: m.DPC, User: m.SI, Cause: UnequippedUser}, out)
}

// recvUPU: a far user that ours have sent to is not there. There are no users here that
// would want to know, so a person is told.
func (n *Network) recvUPU(m Management, out []ss7.Action) []ss7.Action {
	why := [...]string{"for an unknown reason", "because it is not equipped", "because it is inaccessible"}[min(m.Cause, 2)%3]
	return append(out, note(ss7.StateChange, NoteUser, fmt.Sprintf("User part %v of %s is unavailable %s", m.User, n.format(m.PC), why)))
}
