package node

import (
	"fmt"
	"slices"
	"time"

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

// State implements m3ua.Routes. What a server has by its key is as the server is; what
// nobody was told to be congested is not.
func (d destinations) State(r ss7.Range) (m3ua.Availability, uint8) {
	state := d.served(r)
	if d.node.leaving.Load() {
		state = m3ua.Unavailable
	}
	if r.Len == d.node.view.Load().table.Variant.Bits() {
		return state, d.node.m3ua.levels[r.PC]
	}
	return state, 0
}

// served is the state of r by routes and keys.
func (d destinations) served(r ss7.Range) m3ua.Availability {
	v := d.node.view.Load()
	for _, k := range v.keyed {
		if covers(k.dest, r, v.table.Variant.Bits()) && k.as.ready() {
			return m3ua.Available
		}
	}
	return d.routed(v.table, r)
}

// routed is the state of the longest route that covers r.
func (d destinations) routed(t *routing.Table, r ss7.Range) m3ua.Availability {
	bits := t.Variant.Bits()
	if r.Len == bits {
		switch i, _, own := t.Dest(r.PC); {
		case own:
			return m3ua.Available
		case i >= 0:
			return available(t, i)
		}
		return m3ua.Unavailable
	}
	for i := len(t.Dests) - 1; i >= 0; i-- { // the longest are the last
		if covers(t.Dests[i].Range, r, bits) {
			return available(t, i)
		}
	}
	return m3ua.Unavailable
}

// Within implements m3ua.Routes.
func (d destinations) Within(r ss7.Range, f func(m3ua.Destination) bool) {
	v := d.node.view.Load()
	t, levels := v.table, d.node.m3ua.levels
	bits := t.Variant.Bits()
	for i := range t.Dests {
		to := t.Dests[i].Range
		if to.Len <= r.Len || !covers(r, to, bits) {
			continue
		}
		x := m3ua.Destination{Range: to, State: available(t, i)}
		if to.Len == bits {
			x.Level = levels[to.PC]
		}
		if !f(x) {
			return
		}
	}
	for _, k := range v.keyed {
		if _, routed := t.Exact(k.dest); !routed && k.dest.Len > r.Len && covers(r, k.dest, bits) {
			state, level := d.State(k.dest)
			if !f(m3ua.Destination{Range: k.dest, State: state, Level: level}) {
				return
			}
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
		case covers(r, route.Dest, bits) && (route.Dest.Len > 0 || sys.RKMDefault == "reserved"):
			return "there is a route to " + f.FormatRange(route.Dest), false
		case covers(route.Dest, r, bits) && (route.Dest.Len > 0 || sys.RKMDefault == "reserved"):
			why, summary = f.FormatRange(r)+" is covered by the route to "+f.FormatRange(route.Dest), true
		}
	}
	return why, summary
}

// destinationsChanged tells the ASPs of destinations that are no longer as they were
// known, but for the ASPs of the server whose own state it is. It runs on the core.
func (x *adaptation) destinationsChanged(t *routing.Table) {
	if len(*x.byPath.Load()) == 0 {
		return
	}
	known := make(map[ss7.Range]m3ua.Availability, len(t.Dests))
	changed := map[ss7.PathID][]m3ua.Destination{}
	leaving := x.node.leaving.Load()
	see := func(r ss7.Range, state m3ua.Availability, of func() ss7.PathID) {
		if leaving {
			state = m3ua.Unavailable
		}
		known[r] = state
		if was, ok := x.known[r]; was == state && ok || !ok && state == m3ua.Available {
			return
		}
		changed[of()] = append(changed[of()], m3ua.Destination{Range: r, State: state})
	}
	for i := range t.Dests {
		d := &t.Dests[i]
		see(d.Range, available(t, i), func() (of ss7.PathID) {
			for _, r := range d.Routes {
				if s := &t.Linksets[r.Linkset]; s.Server {
					of = s.Links[0].Path
				}
			}
			return of
		})
	}
	for _, k := range x.node.view.Load().keyed {
		_, seen := known[k.dest]
		if _, _, own := t.Dest(k.dest.PC); seen || own && k.dest.Len == t.Variant.Bits() {
			continue
		}
		state := destinations{x.node}.served(k.dest)
		see(k.dest, state, func() ss7.PathID { return k.as.id })
	}
	x.known = known
	for of, dests := range changed {
		x.run(func(now time.Time, l *m3ua.Layer, out []ss7.Action) []ss7.Action {
			return l.Tell(now, 0, dests, of, out)
		})
	}
}

// tellUsers tells ASPs what MTP3 has for its users (RFC 4666 §4.5.1). It runs on the core.
func (x *adaptation) tellUsers(ev ss7.Event) {
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

// toKeyed hands a management message for a code that a server has by its key alone to
// MTP3, which tells the server's users; false: nobody has it.
func (n *Node) toKeyed(v *view, m *ss7.MSU, from ss7.PathID) bool {
	for _, k := range v.keyed {
		if k.dest.Contains(m.DPC, v.table.Variant.Bits()) {
			n.deliver(from, m)
			return true
		}
	}
	return false
}
