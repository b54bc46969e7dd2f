package node

import (
	"fmt"
	"slices"

	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/routing"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/status"
)

// Explain tells the fate of m by mtp3.Decide, the very function that carries traffic. linkset or as is where m would
// come from. m has the network indicator of this network; its origin is the adjacent point if it names none.
func (n *Node) Explain(m ss7.MSU, linkset, as string) (status.Explanation, error) {
	t := n.view.Load().table
	m.NI = t.NI
	out := status.Explanation{Destination: n.Config().Notation().Format(m.DPC), Decimal: uint32(m.DPC), SLS: m.SLS}
	from := linkset
	switch {
	case linkset != "" && n.Config().Linkset(linkset) == nil:
		return out, fmt.Errorf("there is no linkset %s", linkset)
	case as != "":
		from = serverName(as)
		out.From = from
		if !slices.ContainsFunc(t.Linksets, func(s routing.Linkset) bool { return s.Name == from }) {
			return out, fmt.Errorf("there is no as %s", as)
		}
	case linkset != "":
		out.From = "linkset " + linkset
	}
	var path ss7.PathID
	for i := range t.Linksets {
		if s := &t.Linksets[i]; s.Name == from {
			path, out.FromDown = entrance(s), !s.Ready()
			if !s.Server && m.OPC == 0 {
				m.OPC = s.Adjacent
			}
		}
	}
	d := mtp3.Decide(t, &m, path)
	if d.Dest >= 0 {
		out.Match = n.match(t, int(d.Dest))
	}
	n.fate(&out, t, &d, &m)
	return out, nil
}

// entrance gives a path by which MSUs come from a linkset, if possible of a link that is ready.
func entrance(s *routing.Linkset) (path ss7.PathID) {
	for _, l := range s.Links {
		if path == 0 || l.Ready {
			path = l.Path
		}
	}
	return path
}

// match gives destination i, and what stands in the way of each of its routes.
func (n *Node) match(t *routing.Table, i int) *status.Match {
	f := n.Config().Notation()
	d := &t.Dests[i]
	out := &status.Match{Destination: f.FormatRange(d.Range), First: f.Format(d.Range.PC),
		Last: f.Format(d.Range.Last(t.Variant.Bits())), Routes: []status.MatchRoute{}}
	for j, r := range d.Routes {
		s := &t.Linksets[r.Linkset]
		x := status.MatchRoute{Priority: int(r.Priority), Over: s.Name, Server: s.Server, State: "available"}
		switch said := t.RouteState(i, j); {
		case !s.Ready():
			x.State = "UNAVAILABLE"
		case said == routing.Prohibited:
			x.State = "PROHIBITED"
			x.By, x.Message = mtp3.Said(t, i, j, f.Format)
		case said == routing.Restricted:
			x.State = "RESTRICTED"
			x.By, x.Message = mtp3.Said(t, i, j, f.Format)
		}
		out.Routes = append(out.Routes, x)
	}
	if via := t.Via(i); via != i {
		out.Via = f.FormatRange(t.Dests[via].Range)
	}
	return out
}

// fate fills in what becomes of m by the verdict d.
func (n *Node) fate(out *status.Explanation, t *routing.Table, d *mtp3.Verdict, m *ss7.MSU) {
	switch d.Fate {
	case mtp3.Deliver:
		out.Fate = "delivered"
	case mtp3.Forward:
		s := &t.Linksets[d.Linkset]
		out.Fate, out.Linkset = "forwarded", s.Name
		if d.Path.IsHold() {
			out.Fate = "waits"
			return
		}
		out.Avoided, out.Keyed, out.ASPs = d.Avoided, d.Keyed, n.aspChoice(d.Path, m.SLS)
		if !s.Server {
			slc := slcOf(t, routing.Slot{Path: d.Path, Linkset: d.Linkset})
			out.Link = &slc
		}
	default:
		out.Fate, out.Reason = "discarded", d.Reason.String()
		switch {
		case d.Reason == mtp3.Inaccessible && d.Keyed:
			out.Detail = "belongs by its routing key; " + n.serverDown(d.Path)
		case d.Reason == mtp3.Inaccessible:
			out.Detail = n.whyDown(t, int(d.Dest))
		case d.Reason == mtp3.NoRoute:
			out.Detail = n.nearest(t, m.DPC)
		}
	}
}
