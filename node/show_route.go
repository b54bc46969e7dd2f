package node

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/routing"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

func (n *Node) routeCommands() []*cli.Statement {
	pc := cli.Arg("pc", configs.PointCode{}, "Point code, 3-8-3 or decimal, or a host name")
	return []*cli.Statement{
		showCS7(n.showRoutes, kw("route", "The route table"), cli.Opt(pc), cli.Opt(cli.Flag("detail", "detail", "With reasons"))),
		showCS7(n.explainRoute, kw("route", "The route table"), kw("explain", "How an MSU would be routed, and why"), pc,
			cli.Any(cli.Seq(kw("sls", "Signalling link selection"), cli.Arg("sls", cli.Uint(0, 255), "SLS (default 0)")),
				cli.Seq(kw("from", "As if it came from a linkset"), cli.Arg("linkset", configs.LinksetName{}, "Linkset name")),
				cli.Seq(kw("from-as", "As if it came from an AS"), cli.Arg("as", configs.ASName, "AS name")),
				cli.Seq(kw("si", "Service indicator"), cli.Arg("si", cli.Uint(3, 15), "Number (default 3, SCCP)")),
				cli.Seq(kw("opc", "Originating point code"), cli.Arg("opc", configs.PointCode{}, "Point code")))),
		showCS7(n.showPointCodes, kw("point-code", "Point codes of this node")),
		showCS7(n.showAliases, kw("pc-conversion", "Aliases of points in other instances, and what crossed")),
		showCS7(n.showMask, kw("mask", "The codes that a mask covers"), cli.Arg("dest", configs.DestRange{}, "PC/LEN")),
		showCS7(n.showPC, kw("pc", "A point code in every notation"), pc),
		showCS7(n.showMTP3, kw("mtp3", "Level 3"), kw("statistics", "MSUs transferred, delivered and discarded, by reason")),
	}
}

func (n *Node) showRoutes(c *cli.Call) error {
	t := n.view.Load().table
	format := n.Config().Notation()
	pc, only := c.Args["pc"].(ss7.PC)
	routes := 0
	for i := range t.Dests {
		routes += len(t.Dests[i].Routes)
	}
	fmt.Fprintf(c.Out, "Dynamic Routes %d of %d\n\n", t.Dynamic(), maxDynamic(n.Config()))
	fmt.Fprintf(c.Out, "Routing table = system Destinations = %d Routes = %d\n\n", len(t.Dests), routes)
	fmt.Fprintf(c.Out, "%-22s %-4s %-19s %s\n", "Destination", "Prio", "Linkset Name", "Route")
	fmt.Fprintf(c.Out, "---------------------- ---- ------------------- -------        \n")
	congested := n.congestion(t)
	for _, i := range listing(t) {
		d := &t.Dests[i]
		if only && !d.Range.Contains(pc, t.Variant.Bits()) {
			continue
		}
		for j, r := range d.Routes {
			dest, state := "", ""
			if j == 0 {
				dest, state = format.FormatRange(d.Range), "acces"
				if t.Bundle(i) == nil {
					state = "INACC"
				}
			}
			route, why := n.routeText(t, i, j)
			fmt.Fprintf(c.Out, "%-16s %-5s %3d  %-19s %-7s %-7s\n", dest, state, r.Priority, t.Linksets[r.Linkset].Name, route, dynamicText(t, i, j))
			if why != "" {
				fmt.Fprintf(c.Out, "       reason: %s\n", why)
			}
			if level, why := congested(d.Range); level > 0 && j == len(d.Routes)-1 {
				fmt.Fprintf(c.Out, "       congested, level %d: %s\n", level, why)
			}
		}
		if c.Args.Bool("detail") {
			n.printUse(c.Out, t, i)
		}
	}
	n.printOverloads(c.Out, t, pc, only)
	if only {
		n.explain(c.Out, ss7.MSU{DPC: pc, NI: t.NI, SI: ss7.SCCP}, "")
	}
	return nil
}

// dynamicText marks route j of a dynamic destination: management, if its neighbour said of
// the member what holds for it alone; shadow, if it is merely copied from the summary.
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

// routeText is a route's state, and why it is so where its linkset works.
func (n *Node) routeText(t *routing.Table, i, j int) (state, why string) {
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

func maxDynamic(s *configs.System) uint16 {
	if s.MaxDynamic == 0 {
		return 1000
	}
	return s.MaxDynamic
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

func (n *Node) printUse(w io.Writer, t *routing.Table, i int) {
	for j, r := range t.Dests[i].Routes {
		if s := &t.Linksets[r.Linkset]; !s.Server {
			linkset := "UNAVAIL"
			if s.Ready() {
				linkset = "avail"
			}
			fmt.Fprintf(w, "    over %s: linkset %s, non-adjacent status %v\n", s.Name, linkset, t.RouteState(i, j))
		}
	}
	b := t.Bundle(i)
	if b == nil {
		fmt.Fprintf(w, "    inaccessible: %s\n", n.whyDown(t, i))
		return
	}
	if via := t.Via(i); via != i {
		fmt.Fprintf(w, "    its own routes are down; uses those of %s\n", n.Config().Notation().FormatRange(t.Dests[via].Range))
	}
	fmt.Fprintf(w, "    SLS 0 to %d go to: %s\n", len(b.Slots)-1, n.spread(t, b))
}

// spread writes which SLS values go to which link.
func (n *Node) spread(t *routing.Table, b *routing.Bundle) string {
	type use struct {
		slot routing.Slot
		sls  []string
	}
	var uses []use
next:
	for sls, s := range b.Slots {
		for i := range uses {
			if uses[i].slot == s {
				uses[i].sls = append(uses[i].sls, strconv.Itoa(sls))
				continue next
			}
		}
		uses = append(uses, use{s, []string{strconv.Itoa(sls)}})
	}
	var out []string
	for _, u := range uses {
		which := strings.Join(u.sls, " ")
		if len(u.sls) == len(b.Slots) {
			which = "all"
		}
		out = append(out, fmt.Sprintf("%s (%s)", wayText(t, u.slot, ""), which))
	}
	return strings.Join(out, ", ")
}

func slcOf(t *routing.Table, s routing.Slot) uint8 {
	for _, l := range t.Linksets[s.Linkset].Links {
		if l.Path == s.Path || l.Path.Hold() == s.Path {
			return l.SLC
		}
	}
	return 0
}

// whyDown says for each linkset of a destination why it does not work.
func (n *Node) whyDown(t *routing.Table, i int) string {
	var status []mtp3.LinksetStatus
	n.core.ask(func() { status = n.core.network.Status() })
	var out []string
	for j, r := range t.Dests[i].Routes {
		if s := &t.Linksets[r.Linkset]; s.Server && !s.Ready() {
			out = append(out, n.serverDown(s.Links[0].Path))
		}
		for _, s := range status {
			if s.Name != t.Linksets[r.Linkset].Name {
				continue
			}
			switch _, said := n.routeText(t, i, j); {
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
		out = append(out, n.Config().Notation().FormatRange(t.Dests[p].Range)+" covers it and works, but is no backup because of `cs7 summary-routing-exception`")
	}
	return strings.Join(out, "; ")
}

// wayText names what MSUs leave by; what is the word before a linkset's name.
func wayText(t *routing.Table, s routing.Slot, what string) string {
	if set := &t.Linksets[s.Linkset]; !set.Server {
		return fmt.Sprintf("%s%s link %d", what, set.Name, slcOf(t, s))
	}
	return t.Linksets[s.Linkset].Name
}

// routeText names what a route leads over.
func routeText(s *routing.Linkset) string {
	if s.Server {
		return "to " + s.Name
	}
	return "over linkset " + s.Name
}

// serverDown says why an AS takes nothing.
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

// memberReason is the reason of the first ASP of an AS that is down, and how many others it
// has; empty: the AS is not down, or has none.
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
		var v assocView
		if assoc, why := a.association(); assoc == nil {
			v.why = why
		} else {
			v.status = &sctp.Status{}
		}
		return fmt.Sprintf("; ASP %s: %s%s", name, aspReason(&asps[i], &v), more)
	}
	return ""
}

func (n *Node) explainRoute(c *cli.Call) error {
	t := n.view.Load().table
	sls := c.Args.Uint("sls", 0)
	m := ss7.MSU{DPC: c.Args["pc"].(ss7.PC), SLS: uint8(sls), NI: t.NI, SI: ss7.SI(c.Args.Uint("si", uint64(ss7.SCCP)))}
	m.OPC, _ = c.Args["opc"].(ss7.PC)
	from := c.Args.String("linkset", "")
	if from != "" && n.Config().Linkset(from) == nil {
		return fmt.Errorf("there is no linkset %s", from)
	}
	if name := c.Args.String("as", ""); name != "" {
		if from = serverName(name); !slices.ContainsFunc(t.Linksets, func(s routing.Linkset) bool { return s.Name == from }) {
			return fmt.Errorf("there is no as %s", name)
		}
	}
	n.explain(c.Out, m, from)
	return nil
}

// explain prints the verdict of the very function that carries the traffic.
func (n *Node) explain(w io.Writer, m ss7.MSU, from string) {
	t := n.view.Load().table
	f := n.Config().Notation()
	path, blocked := ss7.PathID(0), ""
	for _, s := range t.Linksets {
		if s.Name != from {
			continue
		}
		for _, l := range s.Links {
			if path == 0 || l.Ready {
				path = l.Path
			}
		}
		if !s.Server && m.OPC == 0 {
			m.OPC = s.Adjacent
		}
		if !s.Ready() {
			blocked = " (" + strings.TrimPrefix(fromText(from), ", from ") + " is down; nothing can come from it now)"
		}
	}
	d := mtp3.Decide(t, &m, path)
	fmt.Fprintf(w, "%s (%d), SLS %d%s%s:\n", f.Format(m.DPC), m.DPC, m.SLS, fromText(from), blocked)
	if d.Dest >= 0 {
		n.explainMatch(w, t, int(d.Dest))
	}
	switch {
	case d.Fate == mtp3.Deliver:
		fmt.Fprintln(w, "  is a code of this node: delivered here")
	case d.Fate == mtp3.Forward && d.Path.IsHold():
		fmt.Fprintf(w, "  waits, towards linkset %s: a changeover, changeback or rerouting is under way\n", t.Linksets[d.Linkset].Name)
	case d.Fate == mtp3.Forward:
		slot := routing.Slot{Path: d.Path, Linkset: d.Linkset}
		if d.Avoided {
			fmt.Fprintf(w, "  the first choice leads back over %s, where it came from; the next best is taken\n", strings.TrimPrefix(fromText(from), ", from "))
		}
		if d.Keyed {
			fmt.Fprintf(w, "  belongs to %s by its routing key\n", t.Linksets[d.Linkset].Name)
		}
		fmt.Fprintf(w, "  leaves by %s%s\n", strings.Replace(wayText(t, slot, "linkset "), " link ", ", link ", 1), n.aspText(d.Path, m.SLS))
	default:
		fmt.Fprintf(w, "  DISCARDED: %s\n", d.Reason)
		if d.Reason == mtp3.Inaccessible && d.Keyed {
			fmt.Fprintf(w, "  belongs by its routing key; %s\n", n.serverDown(d.Path))
		} else if d.Reason == mtp3.Inaccessible {
			fmt.Fprintf(w, "  %s\n", n.whyDown(t, int(d.Dest)))
		}
		if d.Reason == mtp3.NoRoute {
			fmt.Fprintf(w, "  %s\n", n.nearest(t, m.DPC))
		}
	}
}

func fromText(from string) string {
	if from == "" {
		return ""
	}
	if strings.HasPrefix(from, serverName("")) {
		return ", from " + from
	}
	return ", from linkset " + from
}

func (n *Node) explainMatch(w io.Writer, t *routing.Table, i int) {
	f := n.Config().Notation()
	d := &t.Dests[i]
	fmt.Fprintf(w, "  longest match is %s (%s to %s)\n", f.FormatRange(d.Range), f.Format(d.Range.PC), f.Format(d.Range.Last(t.Variant.Bits())))
	for j, r := range d.Routes {
		ls := &t.Linksets[r.Linkset]
		state := "available"
		who, message := mtp3.Said(t, i, j, f.Format)
		switch said := t.RouteState(i, j); {
		case !ls.Ready():
			state = "UNAVAILABLE"
		case said == routing.Prohibited:
			state = fmt.Sprintf("PROHIBITED by %s (%s); it is asked again every T10", who, message)
		case said == routing.Restricted:
			state = fmt.Sprintf("RESTRICTED by %s (%s)", who, message)
		}
		fmt.Fprintf(w, "    priority %d %s: %s\n", r.Priority, routeText(&t.Linksets[r.Linkset]), state)
	}
	if via := t.Via(i); via != i {
		fmt.Fprintf(w, "  none of these works; %s covers it and does\n", f.FormatRange(t.Dests[via].Range))
	}
}

// nearest says what there is instead of a route, and how to make one.
func (n *Node) nearest(t *routing.Table, pc ss7.PC) string {
	f := n.Config().Notation()
	i := t.Nearest(pc)
	if i < 0 {
		return "there is no route at all; a linkset makes one to its adjacent point, `cs7 route-table system` others"
	}
	d := &t.Dests[i]
	return fmt.Sprintf("no route covers %s; the nearest is %s %s. To add one: `cs7 route-table system`, `update route %s/%d linkset NAME`",
		f.Format(pc), f.FormatRange(d.Range), routeText(&t.Linksets[d.Routes[0].Linkset]), f.Format(pc), t.Variant.Bits())
}

func (n *Node) showPointCodes(c *cli.Call) error {
	s := n.Config()
	f := s.Notation()
	if s.PC == nil {
		fmt.Fprintln(c.Out, "This node has no point code; `cs7 point-code` in configuration mode gives it one.")
		return nil
	}
	if !c.Args.Bool("every") { // the heading is there
		fmt.Fprintf(c.Out, "Instance Number %d\n", n.number)
	}
	fmt.Fprintf(c.Out, "%-20s%-16s%-21s%-10s\n%s\n", "CS7 Point Code", "Type", "Status", "Cong", strings.Repeat("-", 67))
	for i, pc := range s.Own() {
		kind := "local"
		switch {
		case i > len(s.Secondaries):
			kind = "capability"
		case i > 0:
			kind = "secondary"
		}
		fmt.Fprintf(c.Out, "%-20s%-16s%-21s%-10d\n", f.Format(pc), kind, "active", 0)
	}
	return nil
}

func (n *Node) showMask(c *cli.Call) error {
	s := n.Config()
	f, bits := s.Notation(), s.V().Bits()
	r, _ := c.Args["dest"].(ss7.Range).Clean(bits)
	last := r.Last(bits)
	fmt.Fprintf(c.Out, "%s covers %s to %s: %d codes (decimal %d to %d)\n", f.FormatRange(r), f.Format(r.PC), f.Format(last), last-r.PC+1, r.PC, last)
	full := ss7.Range{Len: bits}.Last(bits) | (1<<bits - 1)
	fmt.Fprintf(c.Out, "mask in point-code form: %s\n", f.Format(full&^(last-r.PC)))
	return nil
}

func (n *Node) showPC(c *cli.Call) error {
	pc, s := c.Args["pc"].(ss7.PC), n.Config()
	fmt.Fprintf(c.Out, "%s = decimal %d = hexadecimal 0x%x (variant %s)\n", s.Notation().Format(pc), pc, uint32(pc), s.V().Name)
	for _, h := range s.Hosts {
		if h.PC == pc {
			fmt.Fprintf(c.Out, "host name %s\n", h.Name)
		}
	}
	for i, own := range s.Own() {
		if own == pc {
			fmt.Fprintln(c.Out, []string{"the code of this node", "another code of this node"}[min(i, 1)])
		}
	}
	for _, l := range s.Linksets {
		if l.Adjacent == pc {
			fmt.Fprintf(c.Out, "adjacent by linkset %s\n", l.Name)
		}
	}
	return nil
}

func (n *Node) showMTP3(c *cli.Call) error {
	d := &n.discards
	fmt.Fprintf(c.Out, "%-60s %d\n%-60s %d\n", "MSUs transferred", d.transferred.Load(), "MSUs delivered here", d.delivered.Load())
	for r := mtp3.NoReason + 1; r < mtp3.Reasons; r++ {
		fmt.Fprintf(c.Out, "%-60s %d\n", "MSUs discarded: "+r.String(), d.by[r].Load())
	}
	fmt.Fprintf(c.Out, "%-60s %d\n", "associations refused: no link configured for the far end", d.unknownPeer.Load())
	var net mtp3.Stats
	var trc tracing
	n.core.ask(func() { net, trc = n.core.network.Stats(), *n.core.mtpt.tracing })
	fmt.Fprintf(c.Out, "link tests: SLTM in %d, out %d; SLTA in %d, out %d; failed %d; "+
		"not answered, since not for this link %d; not understood %d\n",
		net.SLTMIn, net.SLTMOut, net.SLTAIn, net.SLTAOut, net.TestsFailed, net.TestsUnanswered, net.TestsUnread)
	fmt.Fprintf(c.Out, "network management messages: in %d, out %d; without effect %d (`show cs7 mtp3 errors`)\n",
		net.SNMIn, net.SNMOut, net.SNMIgnored)
	fmt.Fprintf(c.Out, "traces of others: answered %d, reports passed on %d, dropped because they came too fast %d\n", trc.answered, trc.passed, trc.tooFast)
	return nil
}
