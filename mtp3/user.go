package mtp3

import (
	"fmt"
	"slices"
	"time"

	"github.com/gostp/gostp/ss7"
)

// User part unavailable is not sent at the rate of what it answers: not twice in upuInterval to
// one origin about one user (timerUPU). All of them together have a pace as well, so that MSUs
// from ever other origins cannot make a flood.
const (
	upuInterval = time.Second
	upuPace     = 10 * time.Millisecond
	upuBurst    = 8
)

// noUser answers an MSU for a user that is not here with UPU, from the code it was
// addressed to (§11.2.7), at most once a second for each origin and user. ev.Arg is the
// cause.
func (n *Network) noUser(now time.Time, ev ss7.Event, out []ss7.Action) []ss7.Action {
	m := &ev.MSU
	k := timerKey{id: timerUPU, dest: ss7.Range{PC: m.OPC, Len: uint8(m.SI)}}
	if n.agenda.running(k) || now.Before(n.nextUPU) {
		return out
	}
	d := Decide(n.table, &ss7.MSU{DPC: m.OPC, OPC: m.DPC, SI: ss7.SNM}, 0)
	s := n.serverOf(&ss7.MSU{DPC: m.OPC})
	if s == nil && (d.Fate != Forward || d.Path.IsHold() || n.links[d.Path] == nil) {
		return out // the next one will do
	}
	n.agenda.start(now, k, upuInterval)
	if earliest := now.Add(-upuBurst * upuPace); n.nextUPU.Before(earliest) {
		n.nextUPU = earliest
	}
	n.nextUPU = n.nextUPU.Add(upuPace)
	if s != nil { // behind a server there is no network management; its users are told
		return append(out, n.userPart(s.cfg.Path, &ss7.MSU{DPC: m.OPC}, Management{PC: m.DPC, User: m.SI,
			Cause: uint8(ev.Arg)}, ev.Why))
	}
	return n.send(d.Path, m.OPC, m.DPC, 0, Management{Heading: UPU, PC: m.DPC, User: m.SI, Cause: uint8(ev.Arg)}, out)
}

// recvUPU tells users here that a far user to which they have sent is not there (§11.2.7); nothing
// is kept of it. They hear of it by an event of kind ss7.UserPart. Dest is the far point, MSU.SI
// its user, Arg the cause; MSU.OPC and Path are the code and the server whose users are meant, as
// for ss7.Status. In what a gateway says (DUPU) Of is the gateway's server.
func (l *link) recvUPU(_ time.Time, msu *ss7.MSU, m Management, out []ss7.Action) []ss7.Action {
	n := l.net
	text := fmt.Sprintf("User part %v of %s is unavailable %s, says %s", m.User, n.format(m.PC), causeText(m.Cause),
		n.format(msu.OPC))
	return append(out, note(NoteUser, text), n.userPart(0, msu, m, text))
}

// recvUserPart takes the word of a server's far end that a user behind it is not there (DUPU).
func (s *server) recvUserPart(ev ss7.Event, out []ss7.Action) []ss7.Action {
	n := s.net
	out, ok := n.Believe(Claim{What: "DUPU", Path: s.cfg.Path, By: Nobody, About: ev.Dest.PC}, out)
	if !ok {
		return out
	}
	ev.Path, ev.Of = 0, s.cfg.Path
	text := fmt.Sprintf("User part %v of %s is unavailable %s: %s",
		ev.MSU.SI, n.format(ev.Dest.PC), causeText(uint8(ev.Arg)), ev.Why)
	return append(out, note(NoteUser, text), ss7.Action{Op: ss7.Raise, Event: ev})
}

func causeText(cause uint8) string {
	switch cause {
	case UnequippedUser:
		return "because it is not equipped"
	case InaccessibleUser:
		return "because it is inaccessible"
	}
	return "for an unknown reason"
}

func (n *Network) userPart(server ss7.PathID, msu *ss7.MSU, m Management, why string) ss7.Action {
	return ss7.Action{Op: ss7.Raise, Event: ss7.Event{Kind: ss7.UserPart, Path: server, Arg: uint32(m.Cause), Why: why,
		Dest: ss7.Range{PC: m.PC, Len: n.cfg.Variant.Bits()}, MSU: ss7.MSU{OPC: msu.DPC, SI: m.User}}}
}

// serverOf finds the server that a management message is for; nil: it is for this node.
func (n *Network) serverOf(m *ss7.MSU) *server {
	if len(n.servers) == 0 || n.isOwn(m.DPC) {
		return nil
	}
	if d := Decide(n.table, &ss7.MSU{DPC: m.DPC, SI: ss7.SNM}, 0); d.Fate == Forward {
		return n.server(d.Path)
	}
	for _, s := range n.servers {
		if slices.Contains(s.cfg.Points, m.DPC) {
			return s
		}
	}
	return nil
}

// recvManagement takes a message that is for s. Behind a server there is no network management: a
// message that concerns its users becomes an event.
func (s *server) recvManagement(now time.Time, msu *ss7.MSU, m Management, out []ss7.Action) []ss7.Action {
	n := s.net
	switch m.Heading {
	case TFC:
		return n.controlled(now, msu, m, meant(s.cfg.Path, msu.DPC), out)
	case UPU:
		return append(out, n.userPart(s.cfg.Path, msu, m, "UPU from "+n.format(msu.OPC)))
	case RCT:
		return out
	}
	return n.ignore(out, "%v from %s for %s, which %s has: there is no network management", m.Heading, n.format(msu.OPC),
		n.format(msu.DPC), s.cfg.Name)
}
