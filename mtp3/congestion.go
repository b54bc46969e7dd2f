package mtp3

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/gostp/gostp/ss7"
)

// Signalling traffic flow control (Q.704 §3.8, §11.2, §13.6 to §13.9). Level 2 tells when
// a link's queue crosses a threshold, and some of the MSUs that go over it while it is
// congested: their origins are told. An origin elsewhere gets TFC, a user of MTP3 here
// gets an event of kind ss7.Status:
//
//	Dest     the destination that is congested
//	Arg      its level, 0 to 3; 0: no longer
//	MSU.OPC  the code whose users are meant: who sent there, or to whom TFC came
//	Path     the server (AS) that has that code; 0: the users of this node itself
//	Of       the server that says so of what is behind it: all users but its own are meant,
//	         Path and MSU.OPC are 0
//	Why      the reason, for a person
//
// Network.Do takes such an event from a server that is congested, or knows that what is behind it
// is (M3UA's SCON): Path is the server's, MSU.OPC the origin that it wants told, or 0.
//
// What STPs further on say of a destination (TFC) is kept. Where congestion has levels
// the test of §13.9 finds out when it is over: T15 after the last TFC, RCT of the
// priority below the level goes to the destination, and if no STP answers it with TFC
// within T16, the level falls by one. Where levels have no priorities it falls by one each T15
// without TFC. Elsewhere nobody ever says that it is over
// (§11.2.3.1); it is forgotten when T15 has passed without another TFC. What is said of what is
// behind a server is asked about (DAUD) after T15, and forgotten when T16 has passed too.

// Bounds on what others can make us keep and say.
const (
	overloadsMost = 4096
	warnedMost    = 1024
	statusPace    = 100 * time.Millisecond // between two events about the same destination and level
)

// warnedKey names a server's user that was told of congestion on the way to a destination.
type warnedKey struct {
	server     ss7.PathID
	origin, to ss7.PC
}

// congested takes a new level of l.
func (l *link) congested(ev ss7.Event, out []ss7.Action) []ss7.Action {
	was := l.congestion
	if was == ev.Arg {
		return out
	}
	l.congestion, l.congestionWhy = ev.Arg, ev.Why
	text := fmt.Sprintf("Link %d of linkset %s is congested, level %d", l.cfg.SLC, l.set.cfg.Name, ev.Arg)
	switch {
	case ev.Arg == 0:
		text = fmt.Sprintf("Link %d of linkset %s is no longer congested", l.cfg.SLC, l.set.cfg.Name)
	case was > ev.Arg:
		text += ", falling"
	}
	if ev.Why != "" {
		text += ": " + ev.Why
	}
	out = append(out, note(NoteCongestion, text))
	if ev.Arg < was {
		return l.net.abated(out)
	}
	return out
}

// overloaded tells the origin of an MSU that its way is congested: the MSU went, or was to go, by a
// congested link or server. path and name are those of the link or server.
func (n *Network) overloaded(now time.Time, path ss7.PathID, name string, ev ss7.Event, out []ss7.Action) []ss7.Action {
	m := &ev.MSU
	d := Decide(n.table, &ss7.MSU{DPC: m.OPC, OPC: m.DPC, SI: m.SI}, 0)
	switch {
	case d.Fate == Deliver:
		return append(out, n.status(meant(0, m.OPC), m.DPC, ev.Arg, name+" is congested"))
	case d.Fate != Forward || d.Path.IsHold() || d.Path == path:
		return out
	case n.server(d.Path) != nil:
		n.noteWarned(d.Path, m.OPC, m.DPC, ev.Arg)
		return append(out, n.status(meant(d.Path, m.OPC), m.DPC, ev.Arg, name+" is congested"))
	}
	return n.sendTFC(d.Path, m.OPC, m.DPC, ev.Arg, out)
}

// congested takes a new level of s.
func (s *server) congested(ev ss7.Event, out []ss7.Action) []ss7.Action {
	was := s.congestion
	if was == ev.Arg {
		return out
	}
	s.congestion, s.congestionWhy = ev.Arg, ev.Why
	text := s.cfg.Name + " is no longer congested"
	if ev.Arg > 0 {
		text = fmt.Sprintf("%s is congested, level %d: %s", s.cfg.Name, ev.Arg, ev.Why)
	}
	out = append(out, note(NoteCongestion, text))
	if ev.Arg < was {
		return s.net.abated(out)
	}
	return out
}

// sendTFC tells origin by path that the way to dest is congested; with a level where
// the network has any (§15.15.2).
func (n *Network) sendTFC(path ss7.PathID, origin, dest ss7.PC, level uint32, out []ss7.Action) []ss7.Action {
	m := Management{Heading: TFC, PC: dest}
	if n.cfg.Levels || n.cfg.Timed {
		m.Level = uint8(level)
	}
	return n.send(path, origin, n.codeFor(origin), 0, m, out)
}

// status tells the users that whom means.
func (n *Network) status(whom ss7.Event, dest ss7.PC, level uint32, why string) ss7.Action {
	whom.Kind, whom.Dest, whom.Arg, whom.Why = ss7.Status, n.single(dest), level, why
	return ss7.Action{Op: ss7.Raise, Event: whom}
}

// meant names the users of a server, or of this node, that have the code origin.
func meant(server ss7.PathID, origin ss7.PC) ss7.Event {
	return ss7.Event{Path: server, MSU: ss7.MSU{OPC: origin}}
}

// noteWarned keeps of what level a server's users have heard, so that they hear when it is over.
func (n *Network) noteWarned(server ss7.PathID, origin, to ss7.PC, level uint32) {
	k := warnedKey{server, origin, to}
	if _, ok := n.warned[k]; ok || len(n.warned) < warnedMost {
		n.warned[k] = level
	}
}

// abated tells servers' users whose way is less congested than they have heard.
func (n *Network) abated(out []ss7.Action) []ss7.Action {
	keys := slices.SortedFunc(maps.Keys(n.warned), func(a, b warnedKey) int {
		return cmp.Or(cmp.Compare(a.server, b.server), cmp.Compare(a.to, b.to), cmp.Compare(a.origin, b.origin))
	})
	for _, k := range keys {
		if n.server(k.server) == nil {
			delete(n.warned, k)
			continue
		}
		level, why := n.Congestion(ss7.Range{PC: k.to, Len: n.cfg.Variant.Bits()})
		if level >= n.warned[k] {
			continue
		}
		if n.warned[k] = level; level == 0 {
			delete(n.warned, k)
			why = "the way there is no longer congested"
		}
		out = append(out, n.status(meant(k.server, k.origin), k.to, level, why))
	}
	return out
}

// Congestion gives the level of the way to a destination, 0 to 3, and why. It is the worst of the
// links that carry its traffic and of what STPs further on say.
func (n *Network) Congestion(r ss7.Range) (level uint32, why string) {
	if o := n.overloads[r.PC]; o != nil && r.Len == n.cfg.Variant.Bits() {
		level, why = o.level, o.by
	}
	for _, s := range n.servers {
		if s.congestion > level && slices.Contains(s.cfg.Points, r.PC) {
			level, why = s.congestion, s.cfg.Name+": "+s.congestionWhy
		}
	}
	i, own := n.plan.Find(r.PC)
	if own || i < 0 {
		return level, why
	}
	b := n.table.Bundle(i)
	if b == nil {
		return level, why
	}
	for _, s := range b.Slots {
		if l := n.links[s.Path&^ss7.HoldBit]; l != nil && l.congestion > level {
			level, why = l.congestion, l.name()+": "+l.congestionWhy
		}
		if x := n.server(s.Path); x != nil && x.congestion > level {
			level, why = x.congestion, x.cfg.Name+": "+x.congestionWhy
		}
	}
	return level, why
}

// recvTFC takes the word of an STP that the way to m.PC is congested (§13.7).
func (l *link) recvTFC(now time.Time, msu *ss7.MSU, m Management, out []ss7.Action) []ss7.Action {
	n := l.net
	if i, own := n.plan.Find(m.PC); own || i < 0 {
		return n.ignore(out, "TFC about %s from %s ignored: there is no route to it", n.format(m.PC), n.format(msu.OPC))
	}
	return n.controlled(now, msu, m, meant(0, msu.DPC), out)
}

// controlled takes the level of a TFC, for the users that whom means.
func (n *Network) controlled(now time.Time, msu *ss7.MSU, m Management, whom ss7.Event, out []ss7.Action) []ss7.Action {
	level := uint32(1)
	if n.cfg.Levels || n.cfg.Timed {
		if level = uint32(m.Level); level == 0 {
			return n.ignore(out, "TFC about %s from %s ignored: it has level 0", n.format(m.PC), n.format(msu.OPC))
		}
	}
	return n.congest(now, m.PC, level, "TFC from "+n.format(msu.OPC), whom, out)
}

// recvStatus takes the word of a server that it is congested for a destination, or no longer.
func (s *server) recvStatus(now time.Time, ev ss7.Event, out []ss7.Action) []ss7.Action {
	n := s.net
	pc := ev.Dest.PC
	if ev.Dest.Len != n.cfg.Variant.Bits() {
		return n.ignore(out, "congestion of %s, told by %s, ignored: not a single code",
			n.formatRange(ev.Dest), s.cfg.Name)
	}
	out, ok := n.Believe(Claim{What: "SCON", Path: s.cfg.Path, By: Nobody, About: pc}, out)
	if !ok {
		return out
	}
	if ev.Arg > 0 && ev.MSU.OPC != 0 {
		if d := Decide(n.table, &ss7.MSU{DPC: ev.MSU.OPC, OPC: pc, SI: ss7.SNM}, 0); d.Fate == Forward && !d.Path.IsHold() &&
			n.links[d.Path] != nil {
			out = n.sendTFC(d.Path, ev.MSU.OPC, pc, ev.Arg, out)
		}
	}
	why := ev.Why
	if why == "" {
		why = s.cfg.Name + " says so"
	}
	if ev.Arg == 0 {
		if o := n.overloads[pc]; o != nil && o.from == s.cfg.Path {
			return o.relieve(0, why, out)
		}
		return out
	}
	return n.congest(now, pc, min(ev.Arg, 3), why, ss7.Event{Of: s.cfg.Path}, out)
}
