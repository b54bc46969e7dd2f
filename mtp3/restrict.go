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

// watchRestricted starts and stops T11 of d, which is reached in another way than before.
func (d *destination) watchRestricted(now time.Time) {
	n := d.net
	if !n.cfg.TFR {
		d.restricted = false
		return
	}
	if d.kind != tellsCode && d.kind != tellsCluster {
		return
	}
	k := agendaKey{timer: 11, dest: d.Range}
	switch {
	case !n.onWorse(d.index):
		n.agenda.stop(k)
		d.restricted = false
	case !d.restricted && !n.agenda.running(k):
		n.agenda.start(now, k, n.timer(11))
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
func (n *Network) restrict(r ss7.Range) {
	if d := n.planned(r); d != nil && n.onWorse(d.index) {
		d.restricted = true
		d.owe()
		n.touchTelling()
	}
}

// allowed is what a neighbour is told of a destination that it may reach through us.
func (n *Network) allowed(i int) routing.RouteState {
	if n.dests[i].restricted {
		return routing.Restricted
	}
	return routing.Allowed
}
