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

const (
	timerGrace = 100 // in the agenda, beside the numbers of Q.704
	grace      = time.Second
)

// restartAdjacent begins the restart of the adjacent point of s, whose first link has
// become usable.
func (n *Network) restartAdjacent(now time.Time, s *linkset) {
	n.forget(s)
	s.restarting, s.sentTRA = true, false
	if slices.ContainsFunc(s.links, func(l *link) bool { return l.usable() && l.handed }) {
		s.restarting = false // it goes on as before; our TRA only has it say again what it had said
		return
	}
	d, timer := n.timer(21), 21
	if !n.speaksTRA[s.cfg.Adjacent] {
		d, timer = grace, timerGrace
	}
	n.agenda.start(now, agendaKey{timer: timer, set: s.cfg.Name}, d)
}

// sayTRA goes out behind what tell had to say.
func (n *Network) sayTRA(now time.Time, out []ss7.Action) []ss7.Action {
	for _, s := range n.sets {
		if s.ready && !s.sentTRA {
			s.sentTRA = true
			n.agenda.start(now, agendaKey{timer: 19, set: s.cfg.Name}, n.timer(19))
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
		if s.restarting {
			out = n.restarted(now, s.cfg.Name, out)
		} else if s.ready && !n.agenda.running(agendaKey{timer: 19, set: s.cfg.Name}) {
			clear(s.told) // it has forgotten
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
