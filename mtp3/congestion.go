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

// overload is a destination that somebody says is congested.
type overload struct {
	level  uint32
	by     string     // who says it
	from   ss7.PathID // the server that says it of what is behind it; 0: an STP, by TFC
	meant  ss7.Event  // MSU.OPC, Path and Of: whose users were told last
	warned time.Time  // and when
}

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

// Overload is a destination of which somebody says that it is congested.
type Overload struct {
	PC    ss7.PC
	Level uint32
	Why   string
}

// Overloads gives all of these by code.
func (n *Network) Overloads() (all []Overload) {
	for _, pc := range slices.Sorted(maps.Keys(n.overloads)) {
		all = append(all, Overload{pc, n.overloads[pc].level, n.overloads[pc].by})
	}
	return all
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
			return n.relieve(pc, 0, why, out)
		}
		return out
	}
	return n.congest(now, pc, min(ev.Arg, 3), why, ss7.Event{Of: s.cfg.Path}, out)
}

// congest records what was said of pc and tells the users that it concerns. While T15
// runs the worst counts; what comes while T16 runs answers the test (§13.9).
func (n *Network) congest(
	now time.Time, pc ss7.PC, level uint32, by string, whom ss7.Event, out []ss7.Action,
) []ss7.Action {
	o := n.overloads[pc]
	if o == nil {
		if len(n.overloads) >= overloadsMost {
			return append(out, n.status(whom, pc, level, by)) // told, and not remembered
		}
		o = &overload{}
		n.overloads[pc] = o
	}
	was := o.level
	if level > o.level || n.agenda.running(n.congestionKey(timerT16, pc)) {
		o.level = level
	}
	o.by, o.from, o.meant = by, whom.Of, whom
	n.agenda.stop(n.congestionKey(timerT16, pc))
	n.agenda.start(now, n.congestionKey(timerT15, pc), n.lasts(timerT15))
	if o.level != was {
		out = append(out, notef(NoteCongestion, "Destination %s is congested, level %d: %s", n.format(pc), o.level, by))
	}
	if o.level == was && now.Sub(o.warned) < statusPace {
		return out
	}
	o.warned = now
	if whom.Path != 0 {
		n.noteWarned(whom.Path, whom.MSU.OPC, pc, o.level)
	}
	return append(out, n.status(whom, pc, o.level, by))
}

// relieve lowers the level of pc, for the reason why.
func (n *Network) relieve(pc ss7.PC, level uint32, why string, out []ss7.Action) []ss7.Action {
	o := n.overloads[pc]
	o.level = level
	text := fmt.Sprintf("Destination %s is congested, level %d, falling: %s", n.format(pc), level, why)
	if level == 0 {
		delete(n.overloads, pc)
		n.agenda.stop(n.congestionKey(timerT15, pc))
		n.agenda.stop(n.congestionKey(timerT16, pc))
		text = fmt.Sprintf("Destination %s is no longer congested: %s", n.format(pc), why)
	}
	out = append(out, note(NoteCongestion, text))
	if o.from != 0 && level == 0 { // all hear of it below
		maps.DeleteFunc(n.warned, func(k warnedKey, _ uint32) bool { return k.to == pc })
	}
	out = n.abated(out)
	if o.meant.Path != 0 {
		return out // it is one of those
	}
	return append(out, n.status(o.meant, pc, level, why))
}

func (n *Network) congestionKey(id timerID, pc ss7.PC) timerKey {
	return timerKey{id: id, dest: n.single(pc)}
}

// waitedForTFC: T15 of a destination is over. Nobody has said meanwhile that it is congested, so
// it is time to find out whether it still is (§13.9).
func (n *Network) waitedForTFC(now time.Time, k timerKey, out []ss7.Action) []ss7.Action {
	pc := k.dest.PC
	o := n.overloads[pc]
	if o == nil {
		return out
	}
	why := fmt.Sprintf("it was not said again for T15 (%v)", n.lasts(timerT15))
	switch {
	case o.from != 0: // a gateway that says changes alone (RFC 4666 §3.4.4) is asked
		n.agenda.start(now, n.congestionKey(timerT16, pc), n.lasts(timerT16))
		audit := ss7.Event{Kind: ss7.Audit, Path: o.from, Dest: n.single(pc)}
		return append(out, ss7.Action{Op: ss7.Raise, Event: audit})
	case n.cfg.Timed:
		if out = n.relieve(pc, o.level-1, why, out); o.level > 0 {
			n.agenda.start(now, k, n.lasts(timerT15))
		}
		return out
	case !n.cfg.Levels:
		return n.relieve(pc, 0, why, out)
	}
	return n.testCongestion(now, o, pc, out)
}

// testUnanswered: T16 of a destination is over, so no STP on the way there is congested at the
// level that was tested.
func (n *Network) testUnanswered(now time.Time, k timerKey, out []ss7.Action) []ss7.Action {
	pc := k.dest.PC
	o := n.overloads[pc]
	switch {
	case o == nil:
		return out
	case o.from != 0:
		why := fmt.Sprintf("it was not said again for T15 and T16 (%v)", n.lasts(timerT15)+n.lasts(timerT16))
		return n.relieve(pc, 0, why, out)
	}
	why := fmt.Sprintf("no TFC answered the test (RCT) within T16 (%v)", n.lasts(timerT16))
	if out = n.relieve(pc, o.level-1, why, out); o.level == 0 {
		return out
	}
	return n.testCongestion(now, o, pc, out)
}

// testCongestion tests the way to pc at the level below that of o.
func (n *Network) testCongestion(now time.Time, o *overload, pc ss7.PC, out []ss7.Action) []ss7.Action {
	n.agenda.start(now, n.congestionKey(timerT16, pc), n.lasts(timerT16))
	return n.sendRCT(pc, o.level-1, out)
}

// sendRCT tests the way to pc as a message of a priority would find it. RCT goes all the way; an
// STP whose link there is congested above that priority answers with TFC.
func (n *Network) sendRCT(pc ss7.PC, priority uint32, out []ss7.Action) []ss7.Action {
	d := Decide(n.table, &ss7.MSU{DPC: pc, SI: ss7.SNM}, 0)
	if d.Fate != Forward || d.Path.IsHold() || n.links[d.Path] == nil {
		return out
	}
	out = n.send(d.Path, pc, n.codeFor(pc), 0, Management{Heading: RCT}, out)
	out[len(out)-1].Event.MSU.Prio = uint8(priority)
	return out
}
