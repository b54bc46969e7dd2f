package mtp3

import (
	"cmp"
	"slices"

	"github.com/gostp/gostp/routing"
	"github.com/gostp/gostp/ss7"
)

// destination is a destination of the plan, or a code that servers have by their keys and no route
// leads to. It has what is known beside the routes, which are the plan's. It stays while something
// is kept of it, even when the plan does not have it any more.
type destination struct {
	ss7.Range
	net   *Network
	index int     // in the plan, or unplanned
	kind  subject // how neighbours are told of it
	place int     // among those of its kind

	ways       []int // the linksets and servers by which it is reached; nil: it is inaccessible
	hold       ss7.PathID
	heard      []hearsay // what is said of the routes to it; allowed ones are not in it
	restricted bool      // neighbours are told that this node goes there by a worse way (§13.4.2)
	touched    bool      // it is among those of touched.dests
	object     string    // of its alarm, as it was formatted last; empty: it has had none
}

// What stands for the place of a destination that is not in the plan.
const (
	unplanned = -1
	moving    = -2 // while the plan is made anew
)

// hearsay is what the far end of a linkset or server said last of a destination.
type hearsay struct {
	by   string
	said routing.RouteState
}

// subject is a kind of destination, by the messages that tell neighbours of it. They are told of
// the kinds in this order.
type subject int

// Summaries are not told: there are no messages about them.
const (
	untellable   subject = iota - 1
	tellsCluster         // TCP, TCR, TCA (T1.111.4 §13)
	tellsPoint           // a code that servers have by their keys, and no route leads to
	tellsCode            // a destination with a full code
	subjects             // how many there are
)

// said is what the far end of a linkset or server said last of d.
func (d *destination) said(by string) routing.RouteState {
	for _, h := range d.heard {
		if h.by == by {
			return h.said
		}
	}
	return routing.Allowed
}

func (d *destination) accessible() bool { return d.ways != nil }

// routes are those of the plan.
func (d *destination) routes() []routing.Route { return d.net.plan.Dests[d.index].Routes }

// known gives the destination that is exactly r; nil if there is none in the plan, and no
// server has it by its key.
func (n *Network) known(r ss7.Range) *destination {
	if d := n.destinations[r]; d != nil && (d.index >= 0 || d.kind == tellsPoint) {
		return d
	}
	return nil
}

// planned gives the destination of the plan that is exactly r; nil if there is none.
func (n *Network) planned(r ss7.Range) *destination {
	if d := n.destinations[r]; d != nil && d.index >= 0 {
		return d
	}
	return nil
}

// setSaid keeps what the far end of a linkset or server says of d.
func (d *destination) setSaid(by string, said routing.RouteState) {
	n := d.net
	d.touch()
	i := slices.IndexFunc(d.heard, func(h hearsay) bool { return h.by == by })
	switch {
	case said == routing.Allowed && i >= 0:
		d.heard = slices.Delete(d.heard, i, i+1)
		n.hearsays--
	case said == routing.Allowed:
	case i >= 0:
		d.heard[i].said = said
	default:
		d.heard = append(d.heard, hearsay{by, said})
		n.hearsays++
	}
}

// forgetSaid drops what was said by the far end of a linkset or server.
func (n *Network) forgetSaid(by string) {
	n.touchTable()
	if n.hearsays == 0 {
		return
	}
	for _, d := range n.destinations {
		if d.said(by) != routing.Allowed {
			d.unsay(by)
		}
	}
}

func (d *destination) unsay(by string) {
	d.setSaid(by, routing.Allowed)
	d.net.agenda.stop(d.testKey(by))
}

// setHold lets the MSUs for d wait at hold, or no longer if it is 0.
func (d *destination) setHold(hold ss7.PathID) {
	n := d.net
	if d.hold == hold {
		return
	}
	d.touch()
	n.held = slices.DeleteFunc(n.held, func(o *destination) bool { return o == d })
	if d.hold = hold; hold != 0 {
		n.held = append(n.held, d)
	}
}

// arrange puts a new plan in force and gives every destination its place there. The first kept of
// them have the place that they had.
func (n *Network) arrange(next *routing.Plan, kept int) {
	for _, d := range n.tellable[tellsPoint] {
		d.kind = untellable
	}
	for kind := range n.tellable {
		n.cut(subject(kind), kept)
	}
	moved := slices.Clone(n.dests[kept:])
	for _, d := range moved {
		d.index, d.kind = moving, untellable
	}
	n.plan, n.dests = next, n.dests[:kept]
	for i := kept; i < len(next.Dests); i++ {
		d := n.destinationOf(next.Dests[i].Range)
		was := d.index
		d.index, d.object = i, ""
		n.dests = append(n.dests, d)
		if was == unplanned {
			d.inherit()
		}
		switch {
		case d.Len == n.cfg.Variant.Bits():
			d.list(tellsCode)
		case n.isCluster(d.Range):
			d.list(tellsCluster)
		}
	}
	for _, d := range moved {
		if d.index == moving {
			d.index, d.ways, d.restricted = unplanned, nil, false
		}
	}
	for _, pc := range n.points() {
		n.destinationOf(n.single(pc)).list(tellsPoint)
	}
}

// destinationOf gives the destination that is r, which is made if it is not known.
func (n *Network) destinationOf(r ss7.Range) *destination {
	d := n.destinations[r]
	if d == nil {
		d = &destination{Range: r, net: n, index: unplanned, kind: untellable}
		n.destinations[r] = d
	}
	return d
}

// cut takes from the list of a kind the destinations that are not among the first kept of the plan.
func (n *Network) cut(kind subject, kept int) {
	all := n.tellable[kind]
	at := 0
	if kind != tellsPoint {
		at, _ = slices.BinarySearchFunc(all, kept, func(d *destination, kept int) int { return cmp.Compare(d.index, kept) })
	}
	n.tellable[kind] = all[:at]
	for _, s := range n.sets {
		s.due[kind].cut(at)
	}
}

// list adds d to those that neighbours are told of.
func (d *destination) list(kind subject) {
	n := d.net
	d.kind, d.place = kind, len(n.tellable[kind])
	n.tellable[kind] = append(n.tellable[kind], d)
}

// inherit gives a new destination the state that it had without being one. Neighbours were told of
// a member with its cluster; and a member that a summary reached until now is no news in the log.
func (d *destination) inherit() {
	n := d.net
	x := &n.plan.Dests[d.index]
	if x.Parent < 0 {
		return
	}
	parent := n.dests[x.Parent]
	if x.Dynamic {
		d.ways = parent.ways
	}
	for _, s := range n.sets {
		if state := s.told[parent]; n.isCluster(parent.Range) && state != routing.Allowed {
			s.setTold(d, state)
		}
	}
}

// points lists, in order, the codes that servers have by keys and no route leads to.
func (n *Network) points() (codes []ss7.PC) {
	for _, s := range n.servers {
		for _, pc := range s.cfg.Points {
			if i, own := n.plan.Find(pc); !own && (i < 0 || n.plan.Dests[i].Range.Len < n.cfg.Variant.Bits()) {
				codes = append(codes, pc)
			}
		}
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}

// discardUnknown drops destinations that are not there any more and of which nothing is kept.
func (n *Network) discardUnknown() {
	for r, d := range n.destinations {
		if d.index >= 0 || d.kind == tellsPoint {
			continue
		}
		told := slices.ContainsFunc(n.sets, func(s *linkset) bool { return s.told[d] != routing.Allowed })
		if len(d.heard) == 0 && d.hold == 0 && !told {
			delete(n.destinations, r)
		}
	}
}
