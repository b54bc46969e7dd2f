package mtp3

import (
	"cmp"
	"slices"

	"github.com/gostp/gostp/routing"
	"github.com/gostp/gostp/ss7"
)

// Dynamic destinations: members of a summary, or with ANSI of a cluster (its exclusion
// list), for which a neighbour said another thing than what holds for all. They have copies
// of the summary's routes, each with a state of its own, and go when all of these are again
// what they are for the summary, and the neighbours know it.

// DefaultMaxDynamic is how many dynamic routes there may be.
const DefaultMaxDynamic = 1000

func (c *Config) maxDynamic() int {
	if c.MaxDynamic == 0 {
		return DefaultMaxDynamic
	}
	return c.MaxDynamic
}

// differs tells whether something else is said of a route of destination i over those
// linksets that the caller picks.
func (n *Network) differs(i int, said routing.RouteState, over func(linkset int) bool) bool {
	d := &n.plan.Dests[i]
	return slices.ContainsFunc(d.Routes, func(r routing.Route) bool {
		return over(r.Linkset) && n.said[routeKey{d.Range, n.nameOf(r.Linkset)}] != said
	})
}

// addDynamic makes destinations of members of summary, each as that is now; false if there
// are too many already, and then of none.
func (n *Network) addDynamic(summary int, members ...ss7.Range) bool {
	if len(n.dynamic)+len(members) > n.cfg.maxDynamic() {
		n.stats.DynamicRefused += uint64(len(members))
		return false
	}
	d := &n.plan.Dests[summary]
	clusters := false
	for _, r := range members {
		clusters = clusters || r.Len < n.cfg.Variant.Bits()
		for _, route := range d.Routes {
			set := n.nameOf(route.Linkset)
			n.setSaid(routeKey{r, set}, n.said[routeKey{d.Range, set}])
		}
	}
	n.dynamic = append(n.dynamic, members...)
	if clusters { // what is inside has a new parent
		n.placeDynamic()
		return true
	}
	n.replan(n.plan.With(members...))
	return true
}

// placeDynamic makes the plan anew out of what is configured and the dynamic destinations.
func (n *Network) placeDynamic() {
	slices.SortStableFunc(n.dynamic, func(a, b ss7.Range) int { return cmp.Compare(a.Len, b.Len) })
	n.replan(n.base.With(n.dynamic...))
	n.table = n.newTable(nil, false)
}

// replan takes a new plan and gives what was told of each destination its place there.
func (n *Network) replan(next *routing.Plan) {
	old := n.plan
	n.plan = next
	for _, s := range n.sets {
		if s.told != nil { // else it is new
			s.told = n.carryOver(s.told, old)
		} else {
			s.told = make([]routing.RouteState, len(next.Dests))
		}
	}
}

// carryOver: a destination that was not there before was told with its cluster.
func (n *Network) carryOver(told []routing.RouteState, old *routing.Plan) []routing.RouteState {
	out := make([]routing.RouteState, len(n.plan.Dests))
	for i := range n.plan.Dests {
		r := n.plan.Dests[i].Range
		if j, ok := old.Exact(r); ok {
			out[i] = told[j]
		} else if j := old.Covering(r); j >= 0 && n.isCluster(old.Dests[j].Range) {
			out[i] = told[j]
		}
	}
	return out
}

// prune makes the plan anew without the dynamic destinations that differ in nothing from
// what covers them; it ends every refresh.
func (n *Network) prune() {
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
	n.placeDynamic()
}

// alike tells whether dynamic destination r is as what covers it, or no more there.
func (n *Network) alike(r ss7.Range) bool {
	i, ok := n.plan.Exact(r)
	if !ok || !n.plan.Dests[i].Dynamic {
		return true
	}
	if _, held := n.rerouting[r]; held {
		return false
	}
	d := &n.plan.Dests[i]
	parent := n.plan.Dests[d.Parent].Range
	return !slices.ContainsFunc(d.Routes, func(route routing.Route) bool {
		set := n.nameOf(route.Linkset)
		return n.said[routeKey{r, set}] != n.said[routeKey{parent, set}]
	})
}

// drop forgets what was said of a destination that is no more.
func (n *Network) drop(r ss7.Range) {
	if i, ok := n.plan.Exact(r); ok && !n.plan.Dests[i].Dynamic {
		return // it is configured now
	}
	for _, s := range n.sets {
		n.unsay(r, s.cfg.Name)
	}
	for _, s := range n.servers {
		n.unsay(r, s.cfg.Name)
	}
	delete(n.dests, r)
}

func (n *Network) unsay(r ss7.Range, set string) {
	delete(n.said, routeKey{r, set})
	n.agenda.stop(agendaKey{10, r, set})
}
