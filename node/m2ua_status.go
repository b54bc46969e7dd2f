package node

import (
	"fmt"
	"slices"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/m2pa"
	"github.com/gostp/gostp/m2ua"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/status"
	"github.com/gostp/gostp/xua"
)

// m2paView gives the state of a link at a gateway in the words of M2PA.
func m2paView(v m2ua.LinkView) m2pa.View {
	st := m2pa.View{State: m2uaStates[v.State], Why: v.Why, Since: v.Since, LocalOutage: v.LocalOutage,
		RemoteOutage: v.RemoteOutage, CongestionLevel: v.Congestion}
	if v.State == m2ua.InService && (v.LocalOutage || v.RemoteOutage) {
		st.State = m2pa.ProcessorOutage
	}
	st.Stats.MSUsIn, st.Stats.MSUsOut = v.Stats.MSUsIn, v.Stats.MSUsOut
	st.Stats.OctetsIn, st.Stats.OctetsOut = v.Stats.OctetsIn, v.Stats.OctetsOut
	return st
}

var m2uaStates = [m2ua.LinkStates]m2pa.State{m2ua.Establishing: m2pa.NotAligned, m2ua.Preparing: m2pa.NotAligned,
	m2ua.Auditing: m2pa.NotAligned, m2ua.InService: m2pa.InService}

// M2UA gives a picture of everything of M2UA, in the order of the configuration.
func (n *Node) M2UA() status.M2UA {
	sys := n.Config()
	asps, ass := n.m2ua.status()
	out := status.M2UA{Configured: len(sys.M2UAPorts)+len(sys.M2UAASPs)+len(sys.M2UAASs) > 0,
		Ports: []status.Port{}, ASPs: n.m2uaASPs(asps), ASs: []status.M2UAAS{}, Links: []status.GatewayLink{}}
	for _, p := range n.carriers() {
		if sys.M2UAPort(p.Number) != nil {
			out.Ports = append(out.Ports, p.Snapshot())
		}
	}
	for _, a := range sys.M2UAASs {
		k := slices.IndexFunc(ass, func(s xua.ASStatus) bool {
			return s.Config.Name == a.Name && !n.m2ua.linkHas(s.Config.Path)
		})
		if k >= 0 {
			out.ASs = append(out.ASs, n.m2uaAS(a, &ass[k]))
		}
	}
	for _, set := range sys.Linksets {
		for _, k := range set.Links {
			if x := n.gatewayLink(set, k); x != nil {
				out.Links = append(out.Links, *x)
			}
		}
	}
	return out
}

// m2uaAS gives an application server of this gateway, with its interfaces.
func (n *Node) m2uaAS(a *configs.M2UAAS, s *xua.ASStatus) status.M2UAAS {
	out := status.M2UAAS{Name: a.Name, State: s.State.String(), TrafficMode: s.Mode.String(),
		ASPs: memberships(s.ASPs), Interfaces: []status.M2UAInterface{}}
	if s.State != xua.ASActive {
		out.Reason = asReason(s)
	}
	offers := map[string]*m2uaInterface{}
	for _, i := range *n.m2ua.interfaces.Load() {
		offers[i.name] = i
	}
	for _, c := range a.Interfaces {
		if i := offers[c.Interface]; i != nil {
			out.Interfaces = append(out.Interfaces, i.snapshot())
		}
	}
	return out
}

func (i *m2uaInterface) snapshot() status.M2UAInterface {
	v, _, st, why := i.status()
	waiting, _ := i.as.waiting()
	out := status.M2UAInterface{Name: i.name, Ends: ends(&i.link.cfg), Level2: st.State.String(),
		InService: v.InService && !v.Outage, Since: v.Since, Event: v.Why, Waiting: waiting, Level: v.Level,
		Association: i.link.transport(), M2PA: level2Counts(&st.Stats), Counters: status.InterfaceCounts{
			Messages: exchanged(v.Stats.Messages()), Refused: byReason(v.Stats.Refused), Failures: v.Stats.Failures,
			Outages: v.Stats.Outages, Retrieved: v.Stats.Retrieved, CongestionHeldBack: v.Stats.CongestionHeldBack}}
	if !out.InService {
		out.Reason = offerReason(&v, &st, why)
	}
	return out
}

// offerReason tells why an interface carries nothing. The reason of the lowest layer comes first.
func offerReason(v *m2ua.TerminalView, st *m2pa.View, assocWhy string) string {
	switch {
	case assocWhy != "":
		return "no association: " + assocWhy
	case v.Outage, !v.Started:
		return v.Why
	}
	return st.Why
}

// linkHas tells whether a path of the layer, which calls it an AS, is a link at a gateway.
func (x *m2uaLayer) linkHas(as ss7.PathID) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.ofLink(as)
}

// gatewayLink gives a link as its gateway's M2UA sees it; nil: it is no such link, or is gone.
func (n *Node) gatewayLink(set *configs.Linkset, k *configs.Link) *status.GatewayLink {
	if !k.IsM2UA() {
		return nil
	}
	for _, l := range n.view.Load().paths {
		if l != nil && l.linkset == set.Name && l.cfg.SLC == k.SLC {
			return l.gatewayLink()
		}
	}
	return nil
}

func (l *link) gatewayLink() *status.GatewayLink {
	b, is := l.bearer.(*m2uaBearer)
	if !is {
		return nil
	}
	l.Mu.Lock()
	v := b.m2ua.Status()
	l.Mu.Unlock()
	at := l.cfg.InterfaceText()
	if l.cfg.Registers && v.State != m2ua.NoGateway {
		at = fmt.Sprintf("%v (%s)", v.Interface, at)
	}
	s := &v.Stats
	return &status.GatewayLink{Name: l.Name(), Linkset: l.linkset, SLC: l.cfg.SLC, Interface: at, Gateway: l.cfg.Gateway,
		State: v.State.String(), InService: v.State == m2ua.InService, Since: v.Since, Reason: v.Why, Level: v.Congestion,
		Counters: status.GatewayLinkCounts{MSUsIn: s.MSUsIn, MSUsOut: s.MSUsOut, OctetsIn: s.OctetsIn,
			OctetsOut: s.OctetsOut, Messages: exchanged(s.Messages()), Refused: byReason(s.Refused),
			Failures: s.Failures, Retrieved: s.Retrieved, EarlyLost: s.EarlyLost, TooLong: s.TooLong,
			NotInService: s.NotInService}}
}
