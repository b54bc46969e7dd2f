package mtp3

import (
	"slices"
	"time"

	"github.com/gostp/gostp/ss7"
)

// Restart of an adjacent point (Q.704 §9.3): when its linkset comes back, it is told
// what it must not send us, then TRA; traffic goes there when its own TRA has come, or
// T21 is over. A neighbour that was never heard to send TRA, as many do not, is waited
// for no longer than grace.
//
// Restart of this node (§9.2): when it was isolated for longer than T1 and a first link
// comes, it takes no traffic until every neighbour has said what it has to say (TRA), or
// T18 is over; then it tells all of them what it cannot reach, and TRA. Neither a missing
// neighbour nor one that says nothing is waited for any longer.

// ownRestart is the restart of this node.
type ownRestart struct {
	on   bool
	up   bool      // a linkset is available
	down time.Time // since when none is; zero: since ever
}

const (
	timerGrace = 100 // in the agenda, beside the numbers of Q.704
	grace      = time.Second
)

// restartAdjacent begins the restart of the adjacent point of s, whose first link has
// become usable.
func (n *Network) restartAdjacent(now time.Time, s *linkset) {
	if !s.early {
		n.forget(s)
	}
	s.restarting, s.sentTRA, s.early = true, false, false
	if s.handed() {
		s.restarting = false // it goes on as before; our TRA only has it say again what it had said
		return
	}
	d, timer := s.timer(n, 21), 21
	if !n.speaksTRA[s.cfg.Adjacent] {
		d, timer = grace, timerGrace
	}
	n.agenda.start(now, agendaKey{timer: timer, set: s.cfg.Name}, d)
}

// handed tells whether s was in service at another place until now, whose part this node
// takes: neither end has restarted.
func (s *linkset) handed() bool {
	return s.ready && slices.ContainsFunc(s.links, func(l *link) bool { return l.usable() && l.handed })
}

// checkRestart begins and ends the restart of this node; it is part of every refresh.
func (n *Network) checkRestart(now time.Time, out []ss7.Action) []ss7.Action {
	r := &n.own
	up := slices.ContainsFunc(n.sets, func(s *linkset) bool { return s.ready })
	switch {
	case up && !r.up:
		r.up = true
		took := slices.ContainsFunc(n.sets, (*linkset).handed)
		if !took && (r.down.IsZero() || now.Sub(r.down) > n.timer(1)) { // §9.4
			r.on = true
			n.agenda.start(now, agendaKey{timer: 18}, n.timer(18))
			n.agenda.start(now, agendaKey{timer: 20}, n.timer(20))
			out = append(out, note(ss7.StateChange, NoteRestart, "Restart begins: a first link is available; traffic waits for what the neighbours say (TRA), at most T18"))
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
	return wanted && !s.cfg.Shutdown && (!s.ready || s.restarting)
}

func (n *Network) stopRestart() {
	n.own.on = false
	n.agenda.stop(agendaKey{timer: 18})
	n.agenda.stop(agendaKey{timer: 20})
}

// endRestart opens all linksets to traffic; the refresh that follows tells the neighbours.
func (n *Network) endRestart(why string, out []ss7.Action) []ss7.Action {
	n.stopRestart()
	for _, s := range n.sets {
		s.restarting = false
		n.agenda.stop(agendaKey{timer: 21, set: s.cfg.Name})
		n.agenda.stop(agendaKey{timer: timerGrace, set: s.cfg.Name})
	}
	return append(out, note(ss7.StateChange, NoteRestart, "Restart is over: "+why))
}

// sayTRA goes out behind what tell had to say.
func (n *Network) sayTRA(now time.Time, out []ss7.Action) []ss7.Action {
	if n.own.on {
		return out
	}
	for _, s := range n.sets {
		if s.ready && !s.sentTRA {
			s.sentTRA = true
			n.agenda.start(now, agendaKey{timer: 19, set: s.cfg.Name}, s.timer(n, 19))
			out = n.send(n.wayTo(s.cfg.Adjacent, nil), s.cfg.Adjacent, n.localPC(s), 0, Management{Heading: TRA}, out)
		}
	}
	return out
}

// recvTRA: the adjacent point is ready for traffic. One that comes when we do not know
// of a restart is answered once in T19 (§9.5).
func (n *Network) recvTRA(now time.Time, opc ss7.PC, out []ss7.Action) []ss7.Action {
	if !n.isAdjacent(opc) {
		return n.ignore("TRA from "+n.format(opc)+", which is not adjacent", out)
	}
	n.speaksTRA[opc] = true
	for _, s := range n.sets {
		if s.cfg.Adjacent != opc {
			continue
		}
		if !s.ready {
			s.earlyTRA = s.early
		} else if s.restarting {
			out = n.restarted(now, s.cfg.Name, out)
		} else if s.ready && !n.agenda.running(agendaKey{timer: 19, set: s.cfg.Name}) {
			clear(s.told) // it has forgotten
			clear(s.toldPoints)
			s.sentTRA = false
			out = n.refresh(now, out)
		}
	}
	return out
}

// restarted opens linkset name to traffic.
func (n *Network) restarted(now time.Time, name string, out []ss7.Action) []ss7.Action {
	for _, s := range n.sets {
		if s.cfg.Name != name || !s.restarting {
			continue
		}
		s.restarting = false
		n.agenda.stop(agendaKey{timer: 21, set: name})
		n.agenda.stop(agendaKey{timer: timerGrace, set: name})
		for _, l := range s.links {
			if l.usable() {
				n.prepare(now, l)
			}
		}
		out = n.refresh(now, out)
		for _, l := range s.links {
			out = n.declare(l, out)
		}
		return out
	}
	return out
}
