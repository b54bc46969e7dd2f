package node

import (
	"fmt"
	"strings"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/routing"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// This file says why a destination or an application server is not reached. `show cs7 route`, `ping cs7`, alarms and
// the log all have their reason from here, as those for links come from linkReason.

// routeState gives the state of a route, and the reason for it where the route's linkset works.
func (n *Node) routeState(t *routing.Table, i, j int) (state, why string) {
	d := &t.Dests[i]
	s := &t.Linksets[d.Routes[j].Linkset]
	f := n.Config().Notation()
	said := t.RouteState(i, j)
	if !s.Ready() {
		return "UNAVAIL", ""
	}
	what := "it"
	if d.Dynamic && t.Shadow(i, j) {
		what = "all of " + f.FormatRange(t.Dests[d.Parent].Range)
	}
	who, message := mtp3.Said(t, i, j, f.Format)
	switch said {
	case routing.Prohibited:
		return "UNAVAIL", fmt.Sprintf("%s prohibits %s (%s)", who, what, message)
	case routing.Restricted:
		return "RESTRIC", fmt.Sprintf("%s restricts %s (%s)", who, what, message)
	}
	return "avail", ""
}

// whyDown says why each linkset of a destination does not work.
func (n *Node) whyDown(t *routing.Table, i int) string {
	var status []mtp3.LinksetStatus
	n.core.ask(func() { status = n.core.network.Status() })
	var out []string
	for j, r := range t.Dests[i].Routes {
		if s := &t.Linksets[r.Linkset]; s.Server && !s.Ready() {
			out = append(out, n.serverDown(s.Links[0].Path))
		} else if _, said := n.routeState(t, i, j); s.Server && said != "" {
			out = append(out, said)
		}
		for _, s := range status {
			if s.Name != t.Linksets[r.Linkset].Name {
				continue
			}
			switch _, said := n.routeState(t, i, j); {
			case !s.Ready:
				out = append(out, "linkset "+s.Name+" is down: "+s.Reason(n.linkReason))
			case s.Restarting:
				out = append(out, "linkset "+s.Name+" carries no traffic yet: its adjacent point restarts (no TRA from it so far)")
			case said != "":
				out = append(out, "over linkset "+s.Name+": "+said)
			}
		}
	}
	if p := t.Dests[i].Parent; t.Apart && p >= 0 && t.Bundle(p) != nil && !t.Dests[i].Dynamic {
		out = append(out, n.Config().Notation().FormatRange(t.Dests[p].Range)+
			" covers it and works, but is no backup because of `cs7 summary-routing-exception`")
	}
	return strings.Join(out, "; ")
}

// serverDown says why an AS takes no traffic.
func (n *Node) serverDown(p ss7.PathID) string {
	if x := n.view.Load().crossing(p); x != nil {
		return x.name + " cannot be reached there"
	}
	asps, all := n.m3ua.status()
	for i := range all {
		if s := &all[i]; s.Config.Path == p {
			return fmt.Sprintf("as %s is %v: %s%s", s.Config.Name, s.State, asReason(s), n.memberReason(asps, s))
		}
	}
	return "the as is gone"
}

// memberReason gives the reason why the first ASP of an AS is down, and how many others the AS has; empty: the AS is
// not down, or has no ASP.
func (n *Node) memberReason(asps []xua.ASPStatus, s *xua.ASStatus) string {
	if s.State != xua.ASDown || s.Config.Shutdown || len(s.ASPs) == 0 {
		return ""
	}
	name, more := s.ASPs[0].ASP, ""
	if others := len(s.ASPs) - 1; others > 0 {
		more = fmt.Sprintf(" (and %d more)", others)
	}
	for i := range asps {
		a := n.m3ua.asp(asps[i].Config.Path)
		if asps[i].Config.Name != name || a == nil {
			continue
		}
		assoc, why := a.Association()
		if assoc != nil {
			why = ""
		}
		return fmt.Sprintf("; ASP %s: %s%s", name, aspReason(&asps[i], why), more)
	}
	return ""
}

// nearest says which route is the nearest to a code that no route covers, and how to make one.
func (n *Node) nearest(t *routing.Table, pc ss7.PC) string {
	f := n.Config().Notation()
	i := t.Nearest(pc)
	if i < 0 {
		return "there is no route at all; a linkset makes one to its adjacent point, `cs7 route-table system` others"
	}
	d := &t.Dests[i]
	return fmt.Sprintf("no route covers %s; the nearest is %s %s. To add one: "+
		"`cs7 route-table system`, `update route %s/%d linkset NAME`",
		f.Format(pc), f.FormatRange(d.Range), routeText(&t.Linksets[d.Routes[0].Linkset]), f.Format(pc), t.Variant.Bits())
}

func slcOf(t *routing.Table, s routing.Slot) uint8 {
	for _, l := range t.Linksets[s.Linkset].Links {
		if l.Path == s.Path || l.Path.Hold() == s.Path {
			return l.SLC
		}
	}
	return 0
}

// outletText names the link or the AS that MSUs leave by.
func outletText(t *routing.Table, s routing.Slot) string {
	if set := &t.Linksets[s.Linkset]; !set.Server {
		return fmt.Sprintf("%s link %d", set.Name, slcOf(t, s))
	}
	return t.Linksets[s.Linkset].Name
}

// routeText names the linkset or the AS over which a route leads.
func routeText(s *routing.Linkset) string {
	if s.Server {
		return "to " + s.Name
	}
	return "over linkset " + s.Name
}

func maxDynamic(s *configs.System) uint16 {
	if s.MaxDynamic == 0 {
		return 1000
	}
	return s.MaxDynamic
}
