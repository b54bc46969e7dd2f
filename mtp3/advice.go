package mtp3

import (
	"slices"
	"time"

	"github.com/gostp/gostp/routing"
	"github.com/gostp/gostp/ss7"
)

// What a signalling gateway says of destinations (RFC 4666 §3.4: DUNA, DAVA, DRST) steers the
// routes over its server, as TFP, TFA and TFR steer those over a linkset. It comes as the events
// Pause, Resume and Restricted, whose Dest may be a range. A gateway is asked by an event of kind
// Audit (DAUD), not by RST. Neighbours are told of the codes that servers have by their keys, even
// of those that no route names.

// adviceMost is how many single codes one range inside a summary may become.
const adviceMost = 256

var advised = map[ss7.Kind]routing.RouteState{ss7.Pause: routing.Prohibited, ss7.Restricted: routing.Restricted,
	ss7.Resume: routing.Allowed}

var advice = map[ss7.Kind]string{ss7.Pause: "DUNA", ss7.Restricted: "DRST", ss7.Resume: "DAVA"}

// recvAdvice takes what is said of ev.Dest by the gateway behind s.
func (s *server) recvAdvice(now time.Time, ev ss7.Event, out []ss7.Action) []ss7.Action {
	n := s.net
	said := advised[ev.Kind]
	if !s.ready {
		return n.ignore(out, "%s ignored: %s is down", ev.Why, s.cfg.Name)
	}
	out, known := s.members(ev, out)
	var changed []*destination
	bits := n.cfg.Variant.Bits()
	for i := range n.plan.Dests {
		r := n.plan.Dests[i].Range
		if r.Len < ev.Dest.Len || !ev.Dest.Contains(r.PC, bits) || !s.routed(i) {
			continue
		}
		known = true
		d := n.dests[i]
		if d.said(s.cfg.Name) == said {
			continue
		}
		changed = append(changed, d)
		if d.setSaid(s.cfg.Name, said); said == routing.Allowed {
			n.agenda.stop(d.testKey(s.cfg.Name))
		} else {
			n.agenda.start(now, d.testKey(s.cfg.Name), n.lasts(timerT10))
		}
	}
	switch {
	case len(changed) > 0:
		n.reroute(now, changed, said)
	case !known && said != routing.Allowed:
		n.doubted[doubtKey{advice[ev.Kind], NotThere}]++
		return append(out, discardf("%s ignored: no route by %s leads there", ev.Why, s.cfg.Name))
	}
	return out
}

// members makes dynamic destinations of the codes inside a summary over s of which ev says
// something. known tells whether a summary covers them.
func (s *server) members(ev ss7.Event, out []ss7.Action) (_ []ss7.Action, known bool) {
	n := s.net
	bits := n.cfg.Variant.Bits()
	i := n.plan.Covering(ev.Dest)
	if i < 0 || !s.routed(i) {
		return out, false
	}
	over := func(ls int) bool { return n.nameOf(ls) == s.cfg.Name }
	if !n.dests[i].differs(advised[ev.Kind], over) {
		return out, true
	}
	if 1<<(bits-ev.Dest.Len) > adviceMost {
		return n.ignore(out, "%s ignored: it is of more than %d codes inside the route to %s", ev.Why, adviceMost,
			n.formatRange(n.plan.Dests[i].Range)), true
	}
	var members []ss7.Range
	for pc := ev.Dest.PC; pc < ev.Dest.PC+1<<(bits-ev.Dest.Len); pc++ {
		if at, _ := n.plan.Find(pc); at == i {
			members = append(members, ss7.Range{PC: pc, Len: bits})
		}
	}
	if !n.addDynamic(i, members...) {
		return n.ignore(out, "%s: there are %d dynamic routes already, and these would be %d more", ev.Why, len(n.dynamic),
			len(members)), true
	}
	return out, true
}

// routed tells whether destination i has a route to s.
func (s *server) routed(i int) bool {
	n := s.net
	return slices.ContainsFunc(n.plan.Dests[i].Routes,
		func(r routing.Route) bool { return n.nameOf(r.Linkset) == s.cfg.Name })
}

// nameOf is the name of linkset or server i of the table.
func (n *Network) nameOf(i int) string {
	if i < len(n.sets) {
		return n.sets[i].cfg.Name
	}
	if i -= len(n.sets); i < len(n.servers) {
		return n.servers[i].cfg.Name
	}
	return ""
}

// auditServer asks the gateway behind server k.set again (DAUD) when T10 is over.
func (n *Network) auditServer(now time.Time, k timerKey, out []ss7.Action) []ss7.Action {
	for _, s := range n.servers {
		if s.cfg.Name == k.set && s.ready {
			if !s.pace.room(now, auditBurst) {
				n.postpone(now, k, auditBurst)
				return out
			}
			n.agenda.start(now, k, n.lasts(timerT10))
			return append(out, ss7.Action{Op: ss7.Raise, Event: ss7.Event{Kind: ss7.Audit, Path: s.cfg.Path, Dest: k.dest}})
		}
	}
	return out
}

// adviceOn gives the state of pc that the adjacent point of s should know of. pc is no code of this
// node.
func (s *linkset) adviceOn(pc ss7.PC) routing.RouteState {
	n := s.net
	if n.served(pc) {
		return n.leaving
	}
	if i, _ := n.plan.Find(pc); i >= 0 {
		return s.advice(n.dests[i])
	}
	return routing.Prohibited
}

// served tells whether a server that takes traffic has pc by its key.
func (n *Network) served(pc ss7.PC) bool {
	if slices.ContainsFunc(n.having[pc], func(s *server) bool { return s.ready }) {
		return true
	}
	bits := n.cfg.Variant.Bits()
	return slices.ContainsFunc(n.spanning, func(s *server) bool { return s.ready && s.has(pc, bits) })
}
