package mtp3

import (
	"slices"
	"time"

	"github.com/gostp/gostp/routing"
	"github.com/gostp/gostp/ss7"
)

// Restart of an adjacent point (Q.704 §9.3). When its linkset comes back, the point is told what it
// must not send us, then TRA. Traffic goes there when its own TRA has come, or T21 is over. Many
// stacks never send TRA: a neighbour that was never heard to is waited for no longer than grace.
//
// Restart of this node (§9.2). It begins when a first link comes after the node was isolated for
// longer than T1. The node takes no traffic until every neighbour has said TRA, or T18 is over.
// Then it tells all neighbours what it cannot reach, and TRA. It waits no longer than that for a
// neighbour that is missing or says nothing.
//
// In ANSI (T1.111.4 §9) the node restarts if it was isolated for longer than T27. It says TRW
// (traffic restart waiting) to each neighbour that comes, and again each T26 until it says TRA. It
// waits T22 for links, then T23 for the TRA of the neighbours that are there. Traffic for a
// neighbour that comes back waits T28, and after its TRW T25; the node's own restart does not wait
// for a neighbour that restarts too. A neighbour that says TRA or TRW out of turn is told again
// what it must not send us, once in T30, and TRA, once in T29.

// ownRestart is the restart of this node.
type ownRestart struct {
	on   bool
	up   bool      // a linkset is available
	late bool      // T22 is over: linksets that are not there yet are not waited for
	down time.Time // when the last one became unavailable; zero: there was none yet
}

// grace is how long a neighbour that was never heard to send TRA is waited for.
const grace = time.Second

// beginRestart begins the restart of the adjacent point of s, whose first link has become usable.
func (s *linkset) beginRestart(now time.Time) {
	n := s.net
	if !s.early {
		s.forget()
	}
	s.restarting, s.sentTRA, s.early = true, false, false
	if s.handed() {
		s.restarting = false // it goes on as before; our TRA only has it say again what it had said
		return
	}
	if n.speaksTRA[s.cfg.Adjacent] {
		s.start(now, timerAdjacent)
	} else {
		s.startFor(now, timerGrace, grace)
	}
}

// endRestart ends the wait for the adjacent point of s.
func (s *linkset) endRestart() {
	s.restarting = false
	s.stop(timerAdjacent, timerGrace, timerT25)
}

// handed tells whether s was in service at another place until now, whose part this node
// takes: neither end has restarted.
func (s *linkset) handed() bool {
	return s.ready && slices.ContainsFunc(s.links, func(l *link) bool { return l.usable() && l.handed })
}

// checkRestart begins and ends the restart of this node.
func (n *Network) checkRestart(now time.Time, out []ss7.Action) []ss7.Action {
	r := &n.own
	up := slices.ContainsFunc(n.sets, func(s *linkset) bool { return s.ready })
	switch {
	case up && !r.up:
		r.up = true
		n.touchTable()
		took := slices.ContainsFunc(n.sets, (*linkset).handed)
		if !took && (r.down.IsZero() || now.Sub(r.down) > n.lasts(timerIsolation)) { // §9.4
			out = n.beginRestart(now, out)
		}
	case !up && r.up:
		r.up, r.down = false, now
		n.stopRestart()
	}
	if r.on && !slices.ContainsFunc(n.sets, (*linkset).awaited) {
		return n.endRestart("all neighbours are ready", out)
	}
	return out
}

func (n *Network) beginRestart(now time.Time, out []ss7.Action) []ss7.Action {
	n.own.on, n.own.late = true, false
	longest := "T18"
	if n.cfg.Variant == ss7.ANSI {
		longest = "T22 and T23"
		n.start(now, timerLinks)
	} else {
		n.start(now, timerT18)
		n.start(now, timerT20)
	}
	return append(out, note(NoteRestart, "Restart begins: a first link is available; traffic waits for what the "+
		"neighbours say (TRA), at most "+longest))
}

// waited: T22 is over. Those that are there have T23 to say TRA.
func (n *Network) waited(now time.Time, _ timerKey, out []ss7.Action) []ss7.Action {
	n.own.late = true
	n.start(now, timerNeighbours)
	n.touchTable()
	return out
}

// Leave has the neighbours send another way because this node is about to stop. Q.704 has
// nothing for that; route management does: they are told of every destination that is
// reached by way of this node that it is restricted, where the network has that option, so
// that what they send keeps its order (§8), or prohibited, so that all do it (§7). What is
// under way still passes. Allowed: this node stays after all.
func (n *Network) Leave(now time.Time, state routing.RouteState, out []ss7.Action) []ss7.Action {
	n.leaving = state
	n.oweAll()
	n.touchTable() // application servers are told with every new one
	return n.follow(now, out)
}

// sayTRW tells the adjacent point of s that this node restarts.
func (s *linkset) sayTRW(now time.Time, out []ss7.Action) []ss7.Action {
	s.start(now, timerT26)
	return s.send(Management{Heading: TRW}, out)
}

// sayTRWs tells those that have come since, and those whose T26 is over.
func (n *Network) sayTRWs(now time.Time, out []ss7.Action) []ss7.Action {
	for _, s := range n.sets {
		if s.ready && !s.running(timerT26) {
			out = s.sayTRW(now, out)
		}
	}
	return out
}

// recvTRW takes the word of the adjacent point that it restarts, and will say TRA.
func (l *link) recvTRW(now time.Time, msu *ss7.MSU, _ Management, out []ss7.Action) []ss7.Action {
	n, opc, code := l.net, msu.OPC, msu.DPC
	if !n.isAdjacent(opc) {
		return n.ignore(out, "TRW from %s, which is not adjacent", n.format(opc))
	}
	n.speaksTRA[opc] = true
	for _, s := range n.sets {
		if !s.meant(opc, code) || !s.ready {
			continue
		}
		if !s.restarting {
			out = s.unexpected(now, out)
		}
		s.endRestart()
		s.restarting = true
		s.start(now, timerT25)
	}
	n.touchTable()
	return out
}

// unexpected tells the adjacent point of s everything again: it restarts, and this node did not
// know. It has forgotten what it was told (§9.5).
func (s *linkset) unexpected(now time.Time, out []ss7.Action) []ss7.Action {
	n := s.net
	list := timerTRA
	if n.cfg.Variant == ss7.ANSI {
		list = timerList // a guard of its own is ANSI's: elsewhere it is T19 as well
	}
	again := !s.running(list)
	s.sentTRA = s.sentTRA && s.running(timerTRA)
	if again {
		s.tellAnew()
		if list != timerTRA {
			s.start(now, list)
		}
	}
	n.touchTelling()
	return n.follow(now, out)
}

// heardFrom takes note that a message has come from the point opc by a link of s.
func (s *linkset) heardFrom(now time.Time, opc ss7.PC, out []ss7.Action) []ss7.Action {
	if s.ready || s.cfg.Adjacent != opc {
		return out
	}
	s.early = true // the test has passed there, and not yet here
	if s.stale {   // now, or what it says anew would be forgotten with that
		s.forget()
		return s.net.follow(now, out)
	}
	return out
}

// heardEarly opens the linksets whose adjacent points said TRA before they were available.
func (n *Network) heardEarly(now time.Time, out []ss7.Action) []ss7.Action {
	for _, s := range n.sets {
		if s.ready && s.earlyTRA {
			s.earlyTRA = false
			out = n.restarted(now, s.cfg.Name, out)
		}
	}
	return out
}

// awaited tells whether a linkset that is to be there is not, or its adjacent point has
// not said TRA.
func (s *linkset) awaited() bool {
	wanted := slices.ContainsFunc(s.links, func(l *link) bool { return !l.cfg.Shutdown })
	return wanted && !s.cfg.Shutdown && (!s.ready && !s.net.own.late || s.ready && s.restarting && !s.restartsToo())
}

// restartsToo tells whether the adjacent point of s has said TRW and not TRA. Two that
// restart and waited for each other would do so until T23.
func (s *linkset) restartsToo() bool {
	return s.running(timerT25)
}

func (n *Network) stopRestart() {
	n.own.on = false
	n.stop(timerT18, timerT20, timerLinks, timerNeighbours)
	for _, s := range n.sets {
		s.stop(timerT26)
	}
}

// endRestart opens all linksets to traffic but those whose adjacent points restart too. The
// neighbours are told next.
func (n *Network) endRestart(why string, out []ss7.Action) []ss7.Action {
	n.stopRestart()
	n.touchTable()
	for _, s := range n.sets {
		if !s.restartsToo() {
			s.endRestart()
		}
	}
	return append(out, note(NoteRestart, "Restart is over: "+why))
}

// sayTRA says TRA to neighbours that have been told everything else.
func (n *Network) sayTRA(now time.Time, out []ss7.Action) []ss7.Action {
	switch {
	case n.own.on && n.cfg.Variant == ss7.ANSI:
		return n.sayTRWs(now, out)
	case n.own.on:
		return out
	}
	for _, s := range n.sets {
		if s.ready && !s.sentTRA && !n.owesPoint(s.cfg.Adjacent) {
			s.sentTRA = true
			s.start(now, timerTRA)
			out = s.send(Management{Heading: TRA}, out)
		}
	}
	return out
}

// recvTRA: the adjacent point is ready for traffic. One that comes when we do not know
// of a restart is answered once in T19 (§9.5).
func (l *link) recvTRA(now time.Time, msu *ss7.MSU, _ Management, out []ss7.Action) []ss7.Action {
	n, opc, code := l.net, msu.OPC, msu.DPC
	if !n.isAdjacent(opc) {
		return n.ignore(out, "TRA from %s, which is not adjacent", n.format(opc))
	}
	n.speaksTRA[opc] = true
	for _, s := range n.sets {
		if !s.meant(opc, code) {
			continue
		}
		if !s.ready {
			s.earlyTRA = s.early
		} else if s.restarting {
			out = n.restarted(now, s.cfg.Name, out)
		} else {
			out = s.unexpected(now, out)
		}
	}
	return out
}

// restarted opens the linkset of a name to traffic.
func (n *Network) restarted(now time.Time, name string, out []ss7.Action) []ss7.Action {
	for _, s := range n.sets {
		if s.cfg.Name != name || !s.restarting {
			continue
		}
		s.endRestart()
		for _, l := range s.links {
			if l.usable() {
				l.prepare(now)
			}
		}
		out = n.followLinks(now, out)
		for _, l := range s.links {
			out = l.declare(out)
		}
		return out
	}
	return out
}
