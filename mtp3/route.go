package mtp3

import (
	"slices"
	"time"

	"github.com/gostp/gostp/routing"
	"github.com/gostp/gostp/ss7"
)

// Route management (Q.704 §13). What a neighbour says of a destination changes the state of our
// routes over that neighbour. What we tell a neighbour follows from our table: a destination is
// prohibited if it is inaccessible, or if we go there over that very neighbour (preventive, §13.2.2
// i), else allowed. After every change each neighbour is told what it was not told yet, which is
// the broadcast method. Neighbours are told of destinations with a full code, and in ANSI of
// clusters: there are no messages about summaries.

// holdReroute marks the holds of controlled rerouting among the paths.
const holdReroute = ss7.HoldBit | 1<<30

var saying = map[Heading]routing.RouteState{TFP: routing.Prohibited, TFR: routing.Restricted, TFA: routing.Allowed,
	TCP: routing.Prohibited, TCR: routing.Restricted, TCA: routing.Allowed}

// recvRoute handles TFP, TFR, TFA about m.PC from the adjacent point opc.
func (l *link) recvRoute(now time.Time, msu *ss7.MSU, m Management, out []ss7.Action) []ss7.Action {
	n, opc := l.net, msu.OPC
	said := saying[m.Heading]
	if !n.isAdjacent(opc) || n.isOwn(m.PC) || m.PC == opc {
		return n.ignore(out, "%v about %s from %s ignored: %s", m.Heading, n.format(m.PC), n.format(opc), n.oddity(opc, m.PC))
	}
	i, ok := n.routeTo(m.PC, opc, said, &out)
	if !ok {
		return out // no route by the sender (§13.2.4, §13.3.4, §13.4.4)
	}
	if !n.dests[i].hear(now, opc, said, true) {
		return out
	}
	if n.gathering {
		n.gathered = append(n.gathered, gathered{n.dests[i], said})
		return out
	}
	n.reroute(now, []*destination{n.dests[i]}, said)
	return out
}

// hear keeps what the adjacent point opc says of d, and tells whether that is new. With
// ask, RST goes there each T10 (§13.5.2); else it is asked about in another way.
func (d *destination) hear(now time.Time, opc ss7.PC, said routing.RouteState, ask bool) (changed bool) {
	n := d.net
	for _, r := range d.routes() {
		if !n.leadsTo(r.Linkset, opc) {
			continue
		}
		s := n.sets[r.Linkset]
		if d.said(s.cfg.Name) == said {
			continue
		}
		changed = true
		n.agenda.stop(d.testKey(s.cfg.Name))
		d.setSaid(s.cfg.Name, said)
		if said != routing.Allowed && ask {
			n.agenda.start(now, d.testKey(s.cfg.Name), s.lasts(timerT10))
		}
	}
	return changed
}

func (n *Network) oddity(opc, pc ss7.PC) string {
	switch {
	case !n.isAdjacent(opc):
		return "the sender is not adjacent"
	case n.isOwn(pc):
		return "it is a code of this node"
	}
	return "it is the sender itself"
}

func (n *Network) isAdjacent(pc ss7.PC) bool {
	return slices.ContainsFunc(n.sets, func(s *linkset) bool { return s.cfg.Adjacent == pc })
}

// routeTo finds the destination for exactly pc with a route over opc. If a summary over opc covers
// pc, and something else is said of pc than of the summary, it makes a dynamic destination.
func (n *Network) routeTo(pc, opc ss7.PC, said routing.RouteState, out *[]ss7.Action) (int, bool) {
	i, _ := n.plan.Find(pc)
	if i < 0 || !n.dests[i].over(opc) {
		return 0, false
	}
	if n.plan.Dests[i].Range.Len == n.cfg.Variant.Bits() {
		return i, true
	}
	if !n.dests[i].differs(said, func(ls int) bool { return n.leadsTo(ls, opc) }) {
		return 0, false
	}
	if !n.addDynamic(i, n.single(pc)) {
		*out = n.ignore(*out, "%s is said to be %v by %s, but there are %d dynamic routes already", n.format(pc), said,
			n.format(opc), len(n.dynamic))
		return 0, false
	}
	return len(n.plan.Dests) - 1, true
}

// over tells whether d has a route over opc.
func (d *destination) over(opc ss7.PC) bool {
	return slices.ContainsFunc(d.routes(), func(r routing.Route) bool { return d.net.leadsTo(r.Linkset, opc) })
}

// reroute follows what was said of some destinations. Forced rerouting goes on at once (§7);
// controlled rerouting, from one way that works to a better one, waits T6 (§8).
func (n *Network) reroute(now time.Time, dests []*destination, said routing.RouteState) {
	n.unhold(dests)
	if said == routing.Prohibited {
		n.stats.Forced += uint64(len(dests))
		return
	}
	next := n.nextTable()
	for _, d := range dests {
		at := d.index
		for at >= n.table.Len() { // it went by its summary until now
			at = n.plan.Dests[at].Parent
		}
		was, will := n.table.Bundle(at), next.Bundle(d.index)
		if was != nil && will != nil && !slices.Equal(was.Linksets, will.Linksets) {
			n.nextHold++
			d.setHold(holdReroute | n.nextHold&^ss7.HoldBit)
			d.start(now, timerT6)
			n.stats.Controlled++
		}
	}
}

// rerouted: T6 of a destination is over. Its MSUs, which waited, go the new way.
func (n *Network) rerouted(now time.Time, k timerKey, out []ss7.Action) []ss7.Action {
	if d := n.destinations[k.dest]; d != nil {
		d.setHold(0)
	}
	return n.unpark(now, n.follow(now, out))
}

// unhold ends the controlled rerouting of destinations.
func (n *Network) unhold(dests []*destination) {
	for _, d := range dests {
		d.setHold(0)
		d.stop(timerT6)
	}
}

// tell brings every neighbour up to date, as far as its burst allows.
func (n *Network) tell(now time.Time, out []ss7.Action) []ss7.Action {
	if n.own.on {
		return out
	}
	for _, s := range n.sets {
		if s.ready && !s.owesNothing(&n.tellable) && s.first() {
			out = s.tellClusters(now, out)
			out = s.tellKind(now, tellsPoint, nil, out)
			out = s.tellKind(now, tellsCode, nil, out)
		}
	}
	return out
}

// tellKind tells the adjacent point of s of the destinations of one kind. did, if there is one, is
// called for each of which it was told.
func (s *linkset) tellKind(
	now time.Time, kind subject, did func(*destination, routing.RouteState), out []ss7.Action,
) []ss7.Action {
	n := s.net
	all := n.tellable[kind]
	s.due[kind].walk(len(all), func(place int) (told bool) {
		d := all[place]
		if kind != tellsCluster && d.PC == s.cfg.Adjacent {
			return true
		}
		want := s.advice(d)
		if want == s.told[d] {
			return true
		}
		if out, told = s.sayPaced(now, want, d.Range, out); !told {
			return false
		}
		s.setTold(d, want)
		if want == routing.Prohibited {
			d.start(now, timerT8) // §13.2.2 ii
		}
		if did != nil {
			did(d, want)
		}
		return true
	})
	return out
}

// first tells whether s is the first usable linkset to its adjacent point. So a point with several
// linksets is told once, for each code by which it knows this node.
func (s *linkset) first() bool {
	for _, o := range s.net.sets {
		if o == s {
			return true
		}
		if o.ready && o.cfg.Adjacent == s.cfg.Adjacent && o.localPC() == s.localPC() {
			return false
		}
	}
	return true
}

// advice gives the state of d that the adjacent point of s should know of. A code of which a server
// takes a part is there, whatever becomes of the routes for the rest.
func (s *linkset) advice(d *destination) routing.RouteState {
	n := s.net
	if d.index < 0 {
		return s.adviceOn(d.PC)
	}
	if d.kind == tellsCode && n.served(d.PC) {
		return n.leaving
	}
	b := n.table.Bundle(d.index)
	if b == nil {
		return routing.Prohibited
	}
	for _, ls := range b.Linksets {
		if n.leadsTo(ls, s.cfg.Adjacent) {
			return routing.Prohibited
		}
	}
	if d.restricted {
		return max(routing.Restricted, n.leaving)
	}
	return n.leaving
}

var sayings = [...]Heading{routing.Allowed: TFA, routing.Restricted: TFR, routing.Prohibited: TFP}

func (s *linkset) sayTo(state routing.RouteState, r ss7.Range, out []ss7.Action) []ss7.Action {
	return s.send(s.net.about(sayings[state], r), out)
}

// single is the range of one code.
func (n *Network) single(pc ss7.PC) ss7.Range { return ss7.Range{PC: pc, Len: n.cfg.Variant.Bits()} }

// setOf is the linkset of an adjacent point: that of l, if it leads there.
func (l *link) setOf(adjacent ss7.PC) *linkset {
	if l.set.cfg.Adjacent == adjacent {
		return l.set
	}
	return l.net.sets[slices.IndexFunc(l.net.sets, func(s *linkset) bool { return s.cfg.Adjacent == adjacent })]
}

// recvRouteTest handles RST and RSR: the answer, if the tester has it wrong, must not
// count on the way through the tester (§13.5.4).
func (l *link) recvRouteTest(now time.Time, msu *ss7.MSU, m Management, out []ss7.Action) []ss7.Action {
	n, opc := l.net, msu.OPC
	if !n.isAdjacent(opc) {
		return n.ignore(out, "%v about %s from %s, which is not adjacent", m.Heading, n.format(m.PC), n.format(opc))
	}
	if n.own.on { // §9.6.3
		return out
	}
	thinks := map[Heading]routing.RouteState{RST: routing.Prohibited, RSR: routing.Restricted}[m.Heading]
	s := l.setOf(opc)
	is := routing.Prohibited
	if _, own := n.plan.Find(m.PC); own {
		is = routing.Allowed
	} else {
		is = s.adviceOn(m.PC)
	}
	if is == thinks {
		return out
	}
	return s.correct(now, is, n.single(m.PC), out)
}

// correct tells the adjacent point of s, which has it wrong, how r is. It does so now, or when the
// burst has room.
func (s *linkset) correct(
	now time.Time, is routing.RouteState, r ss7.Range, out []ss7.Action,
) []ss7.Action {
	out, said := s.sayPaced(now, is, r, out)
	if d := s.net.planned(r); !said && d != nil {
		s.mistold(d)
	}
	return out
}

// unreachable answers an MSU that could go no further with TFP by the response method, unless T8 of
// its destination runs (§13.2.2 iii). A node that is about to stop passes MSUs on, and answers them
// like that too. Where the user alone is lacking, the sender is told that instead.
func (l *link) unreachable(now time.Time, m *ss7.MSU, why Reason, out []ss7.Action) []ss7.Action {
	n := l.net
	pc := m.DPC
	if n.leaving == routing.Allowed {
		switch lack, cause := Lacking(n.table, m, l.cfg.Path, why); lack {
		case LacksNothing:
			return out
		case LacksUser:
			return n.noUser(now, ss7.Event{Arg: uint32(cause), MSU: *m}, out)
		}
	}
	r := n.single(pc)
	if i, _ := n.plan.Find(pc); i >= 0 && n.isCluster(n.plan.Dests[i].Range) {
		r = n.plan.Dests[i].Range
	}
	k := timerKey{id: timerT8, dest: r}
	if n.own.on || n.agenda.running(k) || len(n.agenda.at) > agendaMost {
		return out
	}
	out, said := l.set.sayPaced(now, routing.Prohibited, r, out)
	if said { // else the next such MSU asks again
		n.agenda.start(now, k, n.lasts(timerT8))
	}
	return out
}

// agendaMost bounds what a flood of MSUs to nowhere can start.
const agendaMost = 1 << 17

func (n *Network) testRoute(now time.Time, k timerKey, out []ss7.Action) []ss7.Action {
	i := slices.IndexFunc(n.sets, func(s *linkset) bool { return s.cfg.Name == k.set })
	state := routing.Allowed
	if d := n.destinations[k.dest]; d != nil {
		state = d.said(k.set)
	}
	said := state != routing.Allowed
	if i < 0 && said {
		return n.auditServer(now, k, out)
	}
	if i < 0 || !said || !n.sets[i].ready {
		return out
	}
	if !n.sets[i].may(now) { // thousands have become due together
		n.postpone(now, k, tellBurst)
		return out
	}
	n.agenda.start(now, k, n.sets[i].lasts(timerT10))
	h := RST
	if state == routing.Restricted {
		h = RSR
	}
	s := n.sets[i]
	return s.burst(s.send(n.about(h, k.dest), out))
}

// forget drops what the adjacent point of s has said, and what it was told. Both begin anew when it
// can be reached again (§9.3).
func (s *linkset) forget() {
	s.stale = false
	s.net.forgetSaid(s.cfg.Name)
	s.tellAnew()
}

// forgetStale forgets once the changeover of s is over. Until then the traffic of s waits for it,
// and traffic that went another way because of what s said must not begin to wait, too.
func (s *linkset) forgetStale() {
	if s.stale && !s.diverting() {
		s.forget()
	}
}

func (s *linkset) diverting() bool {
	return slices.ContainsFunc(s.links, func(l *link) bool { return l.div.state != Undiverted })
}
