package mtp3

import (
	"cmp"
	"slices"

	"github.com/gostp/gostp/routing"
	"github.com/gostp/gostp/ss7"
)

// Dynamic destinations are members of a summary, or in ANSI of a cluster (its exclusion list), of
// which a neighbour said something else than of the whole. They have copies of the summary's
// routes, each with a state of its own. They go when all of these states are again the summary's
// and every neighbour has been told.

// DefaultMaxDynamic is how many dynamic routes there may be.
const DefaultMaxDynamic = 1000

func (c *Config) maxDynamic() int {
	if c.MaxDynamic == 0 {
		return DefaultMaxDynamic
	}
	return c.MaxDynamic
}

// differs tells whether something else than said is said of a route of d over the
// linksets that the caller picks.
func (d *destination) differs(said routing.RouteState, over func(linkset int) bool) bool {
	return slices.ContainsFunc(d.routes(), func(r routing.Route) bool {
		return over(r.Linkset) && d.said(d.net.nameOf(r.Linkset)) != said
	})
}

// addDynamic makes destinations of members of a summary, each in the state that the summary has
// now. If there would be too many it makes none, and returns false.
func (n *Network) addDynamic(summary int, members ...ss7.Range) bool {
	if len(n.dynamic)+len(members) > n.cfg.maxDynamic() {
		n.stats.DynamicRefused += uint64(len(members))
		return false
	}
	parent := n.dests[summary]
	clusters := false
	for _, r := range members {
		clusters = clusters || r.Len < n.cfg.Variant.Bits()
	}
	n.dynamic = append(n.dynamic, members...)
	if clusters { // what is inside has a new parent
		n.placeDynamic(len(n.base.Dests))
	} else {
		n.arrange(n.plan.With(members...), len(n.plan.Dests))
	}
	for _, r := range members {
		d := n.destinations[r]
		d.touch()
		for _, route := range n.plan.Dests[summary].Routes {
			set := n.nameOf(route.Linkset)
			d.setSaid(set, parent.said(set))
		}
	}
	return true
}

// placeDynamic makes the plan anew out of what is configured and the dynamic destinations.
// The first kept destinations have the place they had.
func (n *Network) placeDynamic(kept int) {
	slices.SortStableFunc(n.dynamic, func(a, b ss7.Range) int { return cmp.Compare(a.Len, b.Len) })
	n.arrange(n.base.With(n.dynamic...), kept)
	n.table = n.newTable(nil, false)
}

// prune makes the plan anew without the dynamic destinations that differ in nothing from
// what covers them, if what was touched can have made any of them so.
func (n *Network) prune(what *touched) {
	anything := what.all || what.table || what.tell
	if len(n.dynamic) == 0 || !anything && !slices.ContainsFunc(what.dests, (*destination).dynamicOrAbove) {
		return
	}
	kept := slices.DeleteFunc(slices.Clone(n.dynamic), n.alike)
	if len(kept) == len(n.dynamic) {
		return
	}
	for _, r := range n.dynamic {
		if !slices.Contains(kept, r) {
			n.drop(r)
		}
	}
	n.dynamic = kept
	n.placeDynamic(len(n.base.Dests))
	n.discardUnknown()
}

// dynamicOrAbove tells whether d is a dynamic destination, or may be the summary of one.
func (d *destination) dynamicOrAbove() bool {
	return d.index >= len(d.net.base.Dests) || d.Len < d.net.cfg.Variant.Bits()
}

// alike tells whether dynamic destination r is in the state of the destination that covers it and
// every neighbour knows, or is not there any more.
func (n *Network) alike(r ss7.Range) bool {
	i, ok := n.plan.Exact(r)
	if !ok || !n.plan.Dests[i].Dynamic {
		return true
	}
	d := n.dests[i]
	if d.hold != 0 || d.owed() {
		return false
	}
	x := &n.plan.Dests[i]
	parent := n.dests[x.Parent]
	return !slices.ContainsFunc(x.Routes, func(route routing.Route) bool {
		set := n.nameOf(route.Linkset)
		return d.said(set) != parent.said(set)
	})
}

// owed tells whether a neighbour is still to be told something of d.
func (d *destination) owed() bool {
	return !d.net.own.on && slices.ContainsFunc(d.net.sets, func(s *linkset) bool {
		return s.ready && d.PC != s.cfg.Adjacent && s.advice(d) != s.told[d] && s.first()
	})
}

// drop forgets what was said of a destination that is no more.
func (n *Network) drop(r ss7.Range) {
	if i, ok := n.plan.Exact(r); ok && !n.plan.Dests[i].Dynamic {
		return // it is configured now
	}
	d := n.destinations[r]
	if d == nil {
		return
	}
	for _, h := range d.heard {
		n.agenda.stop(d.testKey(h.by))
	}
	n.hearsays -= len(d.heard)
	d.heard = nil
	for _, s := range n.sets {
		s.setTold(d, routing.Allowed)
	}
}
