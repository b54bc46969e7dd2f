package node

import (
	"cmp"
	"slices"
	"strings"

	"github.com/gostp/gostp/routing"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/status"
)

// Routes gives the route table, or what covers one point.
func (n *Node) Routes(of *ss7.PC, details bool) status.RouteTable {
	t, congested, overloads := n.congestion(of)
	out := status.RouteTable{Dynamic: t.Dynamic(), DynamicMax: int(maxDynamic(n.Config())), Total: len(t.Dests),
		Destinations: []status.Destination{}, Overloads: overloads}
	for _, i := range listing(t) {
		d := &t.Dests[i]
		out.RoutesTotal += len(d.Routes)
		if of != nil && !d.Range.Contains(*of, t.Variant.Bits()) {
			continue
		}
		x := n.destinationStatus(t, i)
		if o, is := congested[d.Range]; is {
			x.Congestion = &o
		}
		if details {
			x.Use = n.use(t, i)
		}
		out.Destinations = append(out.Destinations, x)
	}
	return out
}

func (n *Node) destinationStatus(t *routing.Table, i int) status.Destination {
	d := &t.Dests[i]
	out := status.Destination{Destination: n.Config().Notation().FormatRange(d.Range), State: "acces",
		Routes: []status.Route{}}
	if t.Bundle(i) == nil {
		out.State = "INACC"
	}
	for j, r := range d.Routes {
		s := &t.Linksets[r.Linkset]
		x := status.Route{Priority: int(r.Priority), Over: s.Name, Server: s.Server, Dynamic: dynamicText(t, i, j),
			Linkset: "UNAVAIL", NonAdjacent: t.RouteState(i, j).String()}
		if s.Ready() {
			x.Linkset = "avail"
		}
		x.State, x.Reason = n.routeState(t, i, j)
		out.Routes = append(out.Routes, x)
	}
	return out
}

// dynamicText marks route j of a dynamic destination. The mark is management if the neighbour has said of this
// destination what holds for it alone, and shadow if the route is a copy of the summary's.
func dynamicText(t *routing.Table, i, j int) string {
	switch s := &t.Linksets[t.Dests[i].Routes[j].Linkset]; {
	case s.Server && strings.HasPrefix(s.Name, "instance "):
		return "alias"
	case !t.Dests[i].Dynamic:
		return ""
	case t.Shadow(i, j):
		return "dyn shadow"
	}
	return "dyn management"
}

// listing orders destinations as people look for them: by code, the longer mask first.
func listing(t *routing.Table) []int {
	order := make([]int, len(t.Dests))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		x, y := t.Dests[a].Range, t.Dests[b].Range
		return cmp.Or(cmp.Compare(x.PC, y.PC), cmp.Compare(y.Len, x.Len))
	})
	return order
}

// use tells what the MSUs for destination i leave by now.
func (n *Node) use(t *routing.Table, i int) *status.RouteUse {
	b := t.Bundle(i)
	if b == nil {
		return &status.RouteUse{Inaccessible: n.whyDown(t, i), Spread: []status.Spread{}}
	}
	out := &status.RouteUse{SLSMax: len(b.Slots) - 1, Spread: spread(t, b)}
	if via := t.Via(i); via != i {
		out.Via = n.Config().Notation().FormatRange(t.Dests[via].Range)
	}
	return out
}

// spread tells which SLS values go to which link.
func spread(t *routing.Table, b *routing.Bundle) []status.Spread {
	out := []status.Spread{}
	var slots []routing.Slot
	for sls, s := range b.Slots {
		i := slices.Index(slots, s)
		if i < 0 {
			i = len(slots)
			slots = append(slots, s)
			out = append(out, status.Spread{To: outletText(t, s)})
		}
		out[i].SLS = append(out[i].SLS, sls)
	}
	out[0].All = len(out) == 1
	return out
}

// congestion gives the table, the congestion of its destinations, and the congested points that have no route of their
// own, all or one of them. All are of one moment.
func (n *Node) congestion(of *ss7.PC) (t *routing.Table, dests map[ss7.Range]status.Overload,
	others []status.Overload) {
	f := n.Config().Notation()
	dests, others = map[ss7.Range]status.Overload{}, []status.Overload{}
	t = n.view.Load().table // in case the core has ended
	n.core.ask(func() {
		t = n.view.Load().table
		for i := range t.Dests {
			r := t.Dests[i].Range
			if level, why := n.core.network.Congestion(r); level > 0 {
				dests[r] = status.Overload{Destination: f.FormatRange(r), Level: level, Reason: why}
			}
		}
		for _, o := range n.core.network.Overloads() {
			i, _, _ := t.Dest(o.PC)
			if of != nil && o.PC != *of || i >= 0 && t.Dests[i].Range.Len == t.Variant.Bits() {
				continue
			}
			others = append(others, status.Overload{Destination: f.Format(o.PC), Level: o.Level, Reason: o.Why})
		}
	})
	return t, dests, others
}
