package routing

import (
	"cmp"
	"slices"

	"github.com/gostp/gostp/ss7"
)

// Route is one way to a destination: a linkset and its priority.
type Route struct {
	Dest     ss7.Range
	Linkset  int   // index into the linksets given to Table
	Priority uint8 // the lower, the better; equal priorities make a combined linkset
}

// Destination is a range of codes and all routes to it, best first.
type Destination struct {
	Range   ss7.Range
	Routes  []Route
	Parent  int  // the next shorter destination that covers this one; -1: none
	Dynamic bool // not configured: copied from a summary for what was said of one member

	first int // of its routes in Plan.Route's numbering
}

// Plan is the compiled configuration; it never changes.
type Plan struct {
	Variant *ss7.Variant
	NI      ss7.NI
	Own     []ss7.PC
	Shift   uint8         // bits by which the SLS is turned before it chooses (0 to 3)
	Apart   bool          // a full code whose routes are down does not use a summary's that covers it
	Dests   []Destination // by mask length, then code; dynamic ones behind

	index  index
	routes int
}

// NewPlan compiles routes. Several routes to the same range become one Destination.
// A second route to the same range over the same linkset replaces the first.
func NewPlan(v *ss7.Variant, ni ss7.NI, own []ss7.PC, routes []Route) *Plan {
	p := &Plan{Variant: v, NI: ni, Own: own}
	at := make(map[ss7.Range]int, len(routes))
	for _, r := range routes {
		i, ok := at[r.Dest]
		if !ok {
			i = len(p.Dests)
			at[r.Dest] = i
			p.Dests = append(p.Dests, Destination{Range: r.Dest})
		}
		d := &p.Dests[i]
		d.Routes = slices.DeleteFunc(d.Routes, func(o Route) bool { return o.Linkset == r.Linkset })
		d.Routes = append(d.Routes, r)
	}
	slices.SortFunc(p.Dests, func(a, b Destination) int {
		return cmp.Or(cmp.Compare(a.Range.Len, b.Range.Len), cmp.Compare(a.Range.PC, b.Range.PC))
	})
	for i := range p.Dests {
		slices.SortStableFunc(p.Dests[i].Routes, func(a, b Route) int { return cmp.Compare(a.Priority, b.Priority) })
	}
	for i := range p.Dests {
		p.Dests[i].first = p.routes
		p.routes += len(p.Dests[i].Routes)
	}
	p.index = newIndex(v.Bits(), p.Dests, own)
	for i := range p.Dests {
		p.Dests[i].Parent = p.Covering(p.Dests[i].Range)
	}
	return p
}

// With is the plan with more destinations, the members. Each is a full code, or a cluster where codes have
// 24 bits, and gets copies of the routes of the summary that covers it (Cisco's GRT MIB calls it dynamic).
// Clusters stand before their members. With leaves out a member that is there already, one that is this
// node's own code, and one without a summary. The places of the other destinations stay.
func (p *Plan) With(members ...ss7.Range) *Plan {
	q := *p
	q.Dests = slices.Clip(p.Dests)
	q.index = p.index.clone(members)
	for _, r := range members {
		summary := q.Covering(r)
		_, own := q.Find(r.PC)
		if _, there := q.Exact(r); there || summary < 0 || own && r.Len == p.Variant.Bits() {
			continue
		}
		d := Destination{Range: r, Routes: q.Dests[summary].Routes, Parent: summary, Dynamic: true, first: q.routes}
		q.routes += len(d.Routes)
		q.index.add(r, int32(len(q.Dests)))
		q.Dests = append(q.Dests, d)
	}
	return &q
}

// Covering gives the longest destination that is shorter than r and covers it; -1: none.
func (p *Plan) Covering(r ss7.Range) int {
	if i, _ := p.Find(r.PC); i >= 0 && p.Dests[i].Range.Len < r.Len {
		return i
	}
	for l := int(r.Len) - 1; l >= 0; l-- {
		if i, ok := p.index.exact(r.PC, uint8(l)); ok {
			return i
		}
	}
	return -1
}

// Exact finds the destination that is r.
func (p *Plan) Exact(r ss7.Range) (int, bool) {
	i, ok := p.index.ranges[r]
	return int(i), ok
}

// Routes is how many routes there are in all, and Route the number of route r of
// destination d among them.
func (p *Plan) Routes() int { return p.routes }

// Route numbers the routes of all destinations, for State.
func (p *Plan) Route(d, r int) int { return p.Dests[d].first + r }

// Backed tells whether the summaries that cover destination i are its backup. They are no backup of a dynamic
// destination, since its routes are copies of theirs.
func (p *Plan) Backed(i int) bool {
	d := &p.Dests[i]
	return d.Parent >= 0 && !d.Dynamic && !(p.Apart && d.Range.Len == p.Variant.Bits())
}

// Find gives the index of the longest match for pc in Dests: -1 if nothing
// matches, and own if the code is one of the node's.
func (p *Plan) Find(pc ss7.PC) (i int, own bool) {
	switch e := p.index.find(pc); e {
	case none:
		return -1, false
	case ownCode:
		return -1, true
	default:
		return int(e), false
	}
}

// Nearest gives the destination that shares the most leading bits with pc,
// for telling a person what there is instead; -1 if there is none at all.
func (p *Plan) Nearest(pc ss7.PC) int {
	best, bits := -1, -1
	w := p.Variant.Bits()
	for i, d := range p.Dests {
		n := 0
		for n < int(d.Range.Len) && (pc^d.Range.PC)>>(int(w)-1-n)&1 == 0 {
			n++
		}
		if n > bits {
			best, bits = i, n
		}
	}
	return best
}
