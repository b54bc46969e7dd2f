package mtp3

import (
	"time"

	"github.com/gostp/gostp/routing"
	"github.com/gostp/gostp/ss7"
)

// Transfer restricted (Q.704 §13.4.2), a national option: a destination that has gone by
// a route worse than the one meant for it for longer than T11 is told to the neighbours
// as restricted, so that they prefer another way; it is allowed again with the first MSU
// that can go the right way.

// watchRestricted starts and stops T11; it is part of every refresh.
func (n *Network) watchRestricted(now time.Time) {
	if !n.cfg.TFR {
		clear(n.restricted)
		return
	}
	for i := range n.plan.Dests {
		d := &n.plan.Dests[i]
		if d.Range.Len != n.cfg.Variant.Bits() && !n.isCluster(d.Range) {
			continue
		}
		k := agendaKey{timer: 11, dest: d.Range}
		switch {
		case !n.onWorse(i):
			n.agenda.stop(k)
			delete(n.restricted, d.Range)
		case !n.restricted[d.Range] && !n.agenda.running(k):
			n.agenda.start(now, k, n.timer(11))
		}
	}
}

// onWorse tells whether destination i is reached, and not by its best route.
func (n *Network) onWorse(i int) bool {
	b := n.table.Bundle(i)
	if b == nil || len(b.Linksets) == 0 {
		return false
	}
	routes := n.plan.Dests[i].Routes
	for _, r := range routes {
		if r.Linkset == b.Linksets[0] {
			return r.Priority > routes[0].Priority
		}
	}
	return len(routes) > 0 // by those of a summary
}

// restrict: T11 is over.
func (n *Network) restrict(now time.Time, r ss7.Range, out []ss7.Action) []ss7.Action {
	if i, ok := n.plan.Exact(r); !ok || !n.onWorse(i) {
		return out
	}
	n.restricted[r] = true
	return n.refresh(now, out)
}

// allowed is what a neighbour is told of a destination that it may reach through us.
func (n *Network) allowed(i int) routing.RouteState {
	if n.restricted[n.plan.Dests[i].Range] {
		return routing.Restricted
	}
	return routing.Allowed
}
