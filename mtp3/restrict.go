package mtp3

import (
	"time"

	"github.com/gostp/gostp/ss7"
)

// Transfer restricted (Q.704 §13.4.2), a national option. Neighbours are told that a destination is
// restricted if its traffic has gone by a worse route than the one meant for it for longer than
// T11, so that they prefer another way. It is allowed again as soon as traffic can go the right
// way.

// watchRestricted starts and stops T11 of d, which is reached in another way than before.
func (d *destination) watchRestricted(now time.Time) {
	n := d.net
	if !n.cfg.TFR {
		d.stop(timerT11)
		d.restricted = false
		return
	}
	if d.kind != tellsCode && d.kind != tellsCluster {
		return
	}
	switch {
	case !d.onWorse():
		d.stop(timerT11)
		d.restricted = false
	case !d.restricted && !d.running(timerT11):
		d.start(now, timerT11)
	}
}

// onWorse tells whether d is reached, and not by its best route.
func (d *destination) onWorse() bool {
	b := d.net.table.Bundle(d.index)
	if b == nil || len(b.Linksets) == 0 {
		return false
	}
	routes := d.routes()
	for _, r := range routes {
		if r.Linkset == b.Linksets[0] {
			return r.Priority > routes[0].Priority
		}
	}
	return len(routes) > 0 // by those of a summary
}

// restrict tells neighbours that a destination is restricted: T11 is over.
func (n *Network) restrict(_ time.Time, k timerKey, out []ss7.Action) []ss7.Action {
	if d := n.planned(k.dest); d != nil && d.onWorse() {
		d.restricted = true
		d.owe()
		n.touchTelling()
	}
	return out
}
