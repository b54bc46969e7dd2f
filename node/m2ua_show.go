package node

import (
	"fmt"
	"io"
	"slices"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/exec"
	"github.com/gostp/gostp/m2pa"
	"github.com/gostp/gostp/m2ua"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// level2View is a link's level 2 as commands show M2PA's; one at a gateway says less. The
// caller holds mu.
func (l *link) level2View() m2pa.View {
	switch m := l.machine.(type) {
	case *m2pa.Link:
		return m.Status()
	case *m2ua.Link:
		v := m.Status()
		st := m2pa.View{State: m2uaStates[v.State], Why: v.Why, Since: v.Since, LocalOutage: v.LocalOutage, RemoteOutage: v.RemoteOutage, CongestionLevel: v.Congestion}
		if v.State == m2ua.InService && (v.LocalOutage || v.RemoteOutage) {
			st.State = m2pa.ProcessorOutage
		}
		st.Stats.MSUsIn, st.Stats.MSUsOut, st.Stats.OctetsIn, st.Stats.OctetsOut = v.Stats.MSUsIn, v.Stats.MSUsOut, v.Stats.OctetsIn, v.Stats.OctetsOut
		return st
	}
	return m2pa.View{}
}

var m2uaStates = [m2ua.LinkStates]m2pa.State{m2ua.Establishing: m2pa.NotAligned, m2ua.Preparing: m2pa.NotAligned, m2ua.Auditing: m2pa.NotAligned, m2ua.InService: m2pa.InService}

func (n *Node) m2uaCommands() []*cli.Statement {
	return []*cli.Statement{
		showCS7(n.showM2UA, kw("m2ua", "Links whose level 2 is elsewhere: peers, application servers, interfaces"),
			cli.Opt(cli.Choice("how", kw("detail", "With reasons and associations"), kw("statistics", "Messages by type, and what was refused")))),
	}
}

// showM2UA shows ports, peers, the interfaces offered here, and the links at gateways.
// What does not work has its reason in a line of its own.
func (n *Node) showM2UA(c *cli.Call) error {
	sys, w, how := n.Config(), c.Out, c.Args.String("how", "")
	if len(sys.M2UAPorts)+len(sys.M2UAASPs)+len(sys.M2UAASs) == 0 {
		fmt.Fprintln(w, "No m2ua is configured.")
		return nil
	}
	for _, p := range n.carriers() {
		if sys.M2UAPort(p.number) != nil {
			n.printPort(w, p)
			fmt.Fprintf(w, "  accepted %d, refused %d that no asp is configured for\n", p.accepted.Load(), p.refused.Load())
		}
	}
	asps, ass := n.m2ua.status()
	for i := range asps {
		n.printM2UAPeer(w, &asps[i], how)
	}
	for _, a := range sys.M2UAASs {
		n.printOffers(w, a, ass, how)
	}
	n.printLinksAtGateways(w, sys, how)
	return nil
}

func (n *Node) printM2UAPeer(w io.Writer, s *xua.ASPStatus, how string) {
	a := n.m2ua.asp(s.Config.Path)
	if a == nil {
		return
	}
	v := a.view()
	what, of := "asp", "application servers"
	if s.Config.Role == xua.RoleASP {
		what, of = "gateway", "interfaces"
	}
	fmt.Fprintf(w, "%s %s at %s: %s, active for %d of %d %s\n", what, a.title, a.farEnd(), s.State, active(s), len(s.AS), of)
	if s.State != xua.Active.String() {
		fmt.Fprintf(w, "  reason: %s\n", aspReason(s, &v))
	}
	switch how {
	case "detail":
		printASPDetail(w, s, &v)
	case "statistics":
		for _, line := range s.Stats.Lines(m2ua.Grammar) {
			fmt.Fprintf(w, "  %s\n", line)
		}
		fmt.Fprintf(w, "  octets of Data in %d, out %d\n", a.inOctets.Load(), a.outOctets.Load())
		for r := m2ua.Taken + 1; r < m2ua.Refusals; r++ {
			switch c := a.refused[r].Load(); {
			case c > 0 && r == m2ua.Malformed:
				fmt.Fprintf(w, "  messages refused: %s: %v\n", r, a.malformed.Load())
			case c > 0:
				fmt.Fprintf(w, "  messages refused: %s: %d\n", r, c)
			}
		}
		if k, waiting := a.ackView(); k != (ackStats{}) || waiting > 0 {
			fmt.Fprintf(w, "  Data acknowledged %d, not yet %d; acknowledged without having been sent %d; forgotten, too many being unacknowledged %d\n", k.acknowledged, waiting, k.unknown, k.forgotten)
			fmt.Fprintf(w, "  not acknowledged when its association ended %d, of which %d were sent to another ASP\n", k.left, k.sentAgain)
		}
		if spared := n.m2ua.peerStats(a.id).RegistrationsSpared; spared > 0 {
			fmt.Fprintf(w, "  registrations not answered because there were too many: %d\n", spared)
		}
	}
}

func active(s *xua.ASPStatus) (n int) {
	for i := range s.AS {
		if s.AS[i].Peer == xua.Active || s.AS[i].Own == xua.Active {
			n++
		}
	}
	return n
}

func (x *m2uaLayer) peerStats(p ss7.PathID) m2ua.Stats {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.layer.PeerStats(p)
}

// printOffers shows an application server of this gateway and its interfaces.
func (n *Node) printOffers(w io.Writer, a *configs.M2UAAS, ass []xua.ASStatus, how string) {
	k := slices.IndexFunc(ass, func(s xua.ASStatus) bool { return s.Config.Name == a.Name && !n.m2ua.linkHas(s.Config.Path) })
	if k < 0 {
		return
	}
	s := &ass[k]
	fmt.Fprintf(w, "as %s: %s, traffic mode %s\n", a.Name, s.State, s.Mode)
	if s.State != xua.ASActive {
		fmt.Fprintf(w, "  reason: %s\n", asReason(s))
	}
	for _, m := range s.ASPs {
		fmt.Fprintf(w, "  asp %-19s %s\n", m.ASP, memberState(&m)+memberNotes(&m))
	}
	offers := map[string]*offered{}
	for _, i := range *n.m2ua.ifaces.Load() {
		offers[i.name] = i
	}
	for _, c := range a.Interfaces {
		i := offers[c.Interface]
		if i == nil {
			continue
		}
		v, st, why := i.status()
		fmt.Fprintf(w, "  interface %-13s %s  level 2 %v\n", i.name, ends(&i.link.cfg), st.State)
		if !v.InService || v.Outage {
			fmt.Fprintf(w, "    reason: %s\n", offerReason(&v, &st, why))
		}
		switch how {
		case "detail":
			waiting, _ := i.as.waiting()
			fmt.Fprintf(w, "    for %s: %s; %d messages wait for an ASP; congestion level %d\n", since(v.Since), v.Why, waiting, v.Level)
			exec.PrintTransport(w, i.link.transport())
		case "statistics":
			for _, line := range append(v.Stats.Lines(), st.Stats.Lines()...) {
				fmt.Fprintf(w, "    %s\n", line)
			}
		}
	}
}

// offerReason is why an interface carries nothing, the lowest layer's first.
func offerReason(v *m2ua.TerminalView, st *m2pa.View, assocWhy string) string {
	switch {
	case assocWhy != "":
		return "no association: " + assocWhy
	case v.Outage, !v.Started:
		return v.Why
	}
	return st.Why
}

// linkHas tells whether an AS of the layer is a link at a gateway.
func (x *m2uaLayer) linkHas(as ss7.PathID) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.ofLink(as)
}

func (n *Node) printLinksAtGateways(w io.Writer, sys *configs.System, how string) {
	v := n.view.Load()
	for _, set := range sys.Linksets {
		for _, k := range set.Links {
			if !k.IsM2UA() {
				continue
			}
			for _, l := range v.paths {
				if l != nil && l.linkset == set.Name && l.cfg.SLC == k.SLC && l.offered == nil {
					l.printAtGateway(w, how)
				}
			}
		}
	}
}

func (l *link) printAtGateway(w io.Writer, how string) {
	l.mu.Lock()
	m, ok := l.machine.(*m2ua.Link)
	if !ok {
		l.mu.Unlock()
		return
	}
	v := m.Status()
	l.mu.Unlock()
	at := l.cfg.InterfaceText()
	if l.cfg.Registers && v.State != m2ua.NoGateway {
		at = fmt.Sprintf("%v (%s)", v.Interface, at)
	}
	fmt.Fprintf(w, "%s: interface %s of gateway %s: %v\n", l.name(), at, l.cfg.Gateway, v.State)
	if v.State != m2ua.InService {
		fmt.Fprintf(w, "  reason: %s\n", v.Why)
	} else if how == "detail" {
		fmt.Fprintf(w, "  for %s: %s; congestion level %d\n", since(v.Since), v.Why, v.Congestion)
	}
	if how == "statistics" {
		for _, line := range v.Stats.Lines() {
			fmt.Fprintf(w, "  %s\n", line)
		}
	}
}
