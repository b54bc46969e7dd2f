package node

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/m3ua"
	"github.com/gostp/gostp/routing"
	"github.com/gostp/gostp/ss7"
)

// destinations is what M3UA asks of MTP3, answered from the view that carries traffic.
type destinations struct{ node *Node }

func covers(a, b ss7.Range, bits uint8) bool { return a.Len <= b.Len && a.Contains(b.PC, bits) }

// available is the state of destination i: restricted if every route that carries its
// traffic is said to be.
func available(t *routing.Table, i int) m3ua.Availability {
	b := t.Bundle(i)
	if b == nil {
		return m3ua.Unavailable
	}
	via := t.Via(i)
	for r, route := range t.Dests[via].Routes {
		if slices.Contains(b.Linksets, route.Linkset) && t.RouteState(via, r) == routing.Allowed {
			return m3ua.Available
		}
	}
	return m3ua.Restricted
}

var routeStates = [...]m3ua.Availability{routing.Allowed: m3ua.Available, routing.Restricted: m3ua.Restricted,
	routing.Prohibited: m3ua.Unavailable}

// State implements m3ua.Routes. A destination that a server has by its key is as the server is. A destination has level
// 0 unless users were told that it is congested.
func (d destinations) State(r ss7.Range, as ss7.PathID) (m3ua.Availability, uint8) {
	v := d.node.view.Load()
	x := d.sight(v).of(r, v.covering(r), as)
	if r.Len == v.table.Variant.Bits() {
		x.Level = d.node.m3ua.levels[r.PC]
	}
	return x.State, x.Level
}

// served is the state of r by routes and keys, for nobody in particular.
func (d destinations) served(r ss7.Range) m3ua.Availability {
	v := d.node.view.Load()
	return d.sight(v).of(r, v.covering(r), 0).State
}

// covering is the place in the table of the longest route that covers r; -1: none does.
func (v *view) covering(r ss7.Range) int {
	t := v.table
	bits := t.Variant.Bits()
	if r.Len == bits {
		i, _, _ := t.Dest(r.PC)
		return i
	}
	for i := len(t.Dests) - 1; i >= 0; i-- { // the longest are the last
		if covers(t.Dests[i].Range, r, bits) {
			return i
		}
	}
	return -1
}

// sight is what the node looks at to tell how destinations are, at one moment.
type sight struct {
	*view
	leaving bool
	parts   map[ss7.Range][]*m3uaAS // the AS that have a range by their keys, beside routes
	whole   map[ss7.Range]*m3uaAS   // the AS that has a range by a key that makes a route
	ready   map[ss7.Range]bool      // ranges in parts of which an AS takes traffic
	lengths []uint8                 // of the ranges in ready
}

func (d destinations) sight(v *view) *sight {
	s := &sight{view: v, leaving: d.node.leaving.Load()}
	if len(v.keyed) > 0 {
		s.parts, s.ready = map[ss7.Range][]*m3uaAS{}, map[ss7.Range]bool{}
	}
	if len(v.whole) > 0 {
		s.whole = make(map[ss7.Range]*m3uaAS, len(v.whole))
	}
	for _, k := range v.whole {
		s.whole[k.dest] = k.as
	}
	for _, k := range v.keyed {
		s.parts[k.dest] = append(s.parts[k.dest], k.as)
		if k.as.ready() && !s.ready[k.dest] {
			s.ready[k.dest] = true
			if !slices.Contains(s.lengths, k.dest.Len) {
				s.lengths = append(s.lengths, k.dest.Len)
			}
		}
	}
	return s
}

// keyReady tells whether an AS that takes traffic has r, or a range that covers r, by its key.
func (s *sight) keyReady(r ss7.Range) bool {
	bits := s.table.Variant.Bits()
	return slices.ContainsFunc(s.lengths, func(l uint8) bool {
		return l <= r.Len && s.ready[ss7.Range{PC: r.PC &^ (1<<(bits-l) - 1), Len: l}]
	})
}

// of tells how an AS sees r, whose place in the table is i. Ways that lead over the AS itself do not count, because
// they lead back to it; neighbours are told in the same manner (Q.704 §13.2.2). A range that the AS has by its key, or
// to which only the AS ever leads, is its own: it sees that as everybody else does. Server 0 stands for everybody else.
func (s *sight) of(r ss7.Range, i int, server ss7.PathID) m3ua.Destination {
	t, d := s.table, m3ua.Destination{Range: r}
	in := -1
	if server != 0 {
		in, _ = t.From(server)
		has := func(a *m3uaAS) bool { return a.id == server }
		d.Own = slices.ContainsFunc(s.parts[r], has) || s.whole[r] != nil && has(s.whole[r]) ||
			i >= 0 && in >= 0 && t.Sole(i, in)
	}
	_, _, own := t.Dest(r.PC)
	switch {
	case s.leaving:
	case own && r.Len == t.Variant.Bits(), s.keyReady(r):
		d.State = m3ua.Available
	case i < 0:
	case in < 0 || d.Own || t.Bundle(i) == nil || !slices.Contains(t.Bundle(i).Linksets, in):
		d.State = available(t, i)
	default:
		d.State = routeStates[t.Beside(i, in)]
	}
	return d
}

// ways lists the AS that are a way to r, now or at another time. i is the place of r in the table.
func (s *sight) ways(r ss7.Range, i int) (all []ss7.PathID) {
	for _, a := range s.parts[r] {
		all = append(all, a.id)
	}
	if a := s.whole[r]; a != nil && !slices.Contains(all, a.id) {
		all = append(all, a.id)
	}
	t := s.table
	add := func(linkset int) {
		if x := &t.Linksets[linkset]; x.Server && !slices.Contains(all, x.Links[0].Path) {
			all = append(all, x.Links[0].Path)
		}
	}
	if i < 0 {
		return all
	}
	for _, route := range t.Dests[i].Routes {
		add(route.Linkset)
	}
	if b := t.Bundle(i); b != nil {
		for _, l := range b.Linksets {
			add(l)
		}
	}
	return all
}

// each calls f for every destination that routes or keys have, with its place in the table, until f returns false.
// Shorter codes come first. A destination that keys alone have is at the place of the route that covers it.
func (s *sight) each(f func(r ss7.Range, i int) bool) (all bool) {
	t := s.table
	var alone []ss7.Range
	for r := range s.parts {
		_, _, own := t.Dest(r.PC)
		if _, routed := t.Exact(r); !routed && !(own && r.Len == t.Variant.Bits()) {
			alone = append(alone, r)
		}
	}
	slices.SortFunc(alone, func(a, b ss7.Range) int {
		return cmp.Or(cmp.Compare(a.Len, b.Len), cmp.Compare(a.PC, b.PC))
	})
	for i := range t.Dests {
		for len(alone) > 0 && alone[0].Len < t.Dests[i].Range.Len {
			if !f(alone[0], s.covering(alone[0])) {
				return false
			}
			alone = alone[1:]
		}
		if !f(t.Dests[i].Range, i) {
			return false
		}
	}
	for _, r := range alone {
		if !f(r, s.covering(r)) {
			return false
		}
	}
	return true
}

// Within implements m3ua.Routes.
func (d destinations) Within(r ss7.Range, as ss7.PathID, f func(m3ua.Destination) bool) {
	s, levels := d.sight(d.node.view.Load()), d.node.m3ua.levels
	bits := s.table.Variant.Bits()
	see := func(to ss7.Range, i int) bool {
		if to.Len <= r.Len || !covers(r, to, bits) {
			return true
		}
		x := s.of(to, i, as)
		if to.Len == bits {
			x.Level = levels[to.PC]
		}
		return f(x)
	}
	if !s.each(see) {
		return
	}
	for _, pc := range slices.Sorted(maps.Keys(levels)) { // those of which summaries alone know
		one := ss7.Range{PC: pc, Len: bits}
		if _, exact := s.table.Exact(one); !exact && s.parts[one] == nil && !see(one, s.covering(one)) {
			return
		}
	}
}

// Behind implements m3ua.Routes.
func (d destinations) Behind(server ss7.PathID, f func(ss7.PC) bool) {
	t := d.node.view.Load().table
	for i := range t.Dests {
		to := &t.Dests[i]
		over := slices.ContainsFunc(to.Routes, func(r routing.Route) bool {
			s := &t.Linksets[r.Linkset]
			return s.Server && s.Links[0].Path == server
		})
		if over && to.Range.Len == t.Variant.Bits() && !f(to.Range.PC) {
			return
		}
	}
}

// Reserved implements m3ua.Routes. A summary reserves what it covers: its traffic has a way.
// The default route does so only if `cs7 xua rkm default-route reserved` says it.
func (d destinations) Reserved(r ss7.Range) (why string, summary bool) {
	sys := d.node.Config()
	bits, f := sys.V().Bits(), sys.Notation()
	for _, pc := range sys.Own() {
		if r.Contains(pc, bits) {
			return f.Format(pc) + " is a code of this node", false
		}
	}
	for _, a := range sys.Aliases {
		if r.Contains(a.Code, bits) {
			return f.Format(a.Code) + " is the alias of a point in another instance", false
		}
	}
	for _, l := range sys.Linksets {
		if r.Contains(l.Adjacent, bits) {
			return fmt.Sprintf("%s is adjacent by linkset %s", f.Format(l.Adjacent), l.Name), false
		}
	}
	for _, route := range sys.Routes() {
		switch {
		case covers(r, route.Dest, bits) && (route.Dest.Len > 0 || sys.RKMDefault == configs.DefaultReserved):
			return "there is a route to " + f.FormatRange(route.Dest), false
		case covers(route.Dest, r, bits) && (route.Dest.Len > 0 || sys.RKMDefault == configs.DefaultReserved):
			why, summary = f.FormatRange(r)+" is covered by the route to "+f.FormatRange(route.Dest), true
		}
	}
	return why, summary
}

// knowledge is what ASPs were told of a destination: the ASPs of most AS one thing, and those of an AS that is a way
// there another.
type knowledge struct {
	state m3ua.Availability
	views []m3ua.View // of the AS that are a way there; Silent: such an AS is told nothing
}

// of gives what the ASPs of an AS were told. A destination of which they were told nothing is available.
func (k *knowledge) of(as ss7.PathID) m3ua.Availability {
	if k == nil {
		return m3ua.Available
	}
	for _, v := range k.views {
		if v.AS == as && !v.Silent {
			return v.State
		} else if v.AS == as {
			return m3ua.Available
		}
	}
	return k.state
}

// destinationsChanged tells ASPs of the destinations whose state has changed. The ASPs of each AS are told how that AS
// sees the destination. It runs on the core.
func (x *m3uaLayer) destinationsChanged(t *routing.Table) {
	if len(*x.byPath.Load()) == 0 {
		return
	}
	known := make(map[ss7.Range]*knowledge, len(t.Dests))
	var changes []m3ua.Change
	s := destinations{x.node}.sight(x.node.view.Load())
	s.each(func(r ss7.Range, i int) bool {
		k, was := knowledge{state: s.of(r, i, 0).State}, x.known[r]
		for _, as := range s.ways(r, i) {
			d := s.of(r, i, as)
			k.views = append(k.views, m3ua.View{AS: as, State: d.State, Silent: d.Own})
		}
		if was != nil && was.state == k.state && slices.Equal(was.views, k.views) {
			known[r] = was
			return true
		}
		if c, is := was.change(r, k); is {
			changes = append(changes, c)
		}
		kept := k
		known[r] = &kept
		return true
	})
	x.known = known
	if len(changes) == 0 {
		return
	}
	x.run(func(now time.Time, l *m3ua.Layer, out []ss7.Action) []ss7.Action { return l.Tell(now, 0, changes, out) })
}

// change gives what ASPs must be told of r now that k is so, when was is what they know; false: nothing.
func (was *knowledge) change(r ss7.Range, k knowledge) (c m3ua.Change, any bool) {
	c = m3ua.Change{Destination: m3ua.Destination{Range: r, State: k.state}, Silent: was.of(0) == k.state}
	any = !c.Silent
	for _, v := range k.views {
		v.Silent = v.Silent || was.of(v.AS) == v.State
		any = any || !v.Silent
		c.Views = append(c.Views, v)
	}
	if was == nil {
		return c, any
	}
	for _, v := range was.views { // those that are no way there any more
		if slices.ContainsFunc(k.views, func(o m3ua.View) bool { return o.AS == v.AS }) {
			continue
		}
		silent := was.of(v.AS) == k.state
		any = any || !silent
		c.Views = append(c.Views, m3ua.View{AS: v.AS, State: k.state, Silent: silent})
	}
	return c, any
}

// tellUsers tells ASPs what MTP3 has for its users (RFC 4666 §4.5.1). It runs on the core.
func (x *m3uaLayer) tellUsers(ev ss7.Event) {
	level, _ := x.node.core.network.Congestion(ev.Dest)
	x.run(func(now time.Time, l *m3ua.Layer, out []ss7.Action) []ss7.Action {
		if ev.Kind == ss7.Status {
			if pc := ev.Dest.PC; level == 0 {
				delete(x.levels, pc)
			} else if _, ok := x.levels[pc]; ok || len(x.levels) < maxLevels {
				x.levels[pc] = uint8(level)
			}
		}
		return l.TellUsers(now, 0, ev, out)
	})
}

// maxLevels bounds what is kept for audits.
const maxLevels = 4096

// toKeyed hands MTP3 a management message for a code that a server has by its key alone. MTP3 tells the users of that
// server. It is false if no server has the code.
func (n *Node) toKeyed(v *view, m *ss7.MSU, from ss7.PathID) bool {
	for _, k := range v.keyed {
		if k.dest.Contains(m.DPC, v.table.Variant.Bits()) {
			n.core.keep(from, m)
			return true
		}
	}
	return false
}
