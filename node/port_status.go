package node

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gostp/gostp/association"
	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/status"
)

// allCarriers gives the ports of all instances.
func (n *Node) allCarriers() (out []*association.Port) {
	for _, i := range n.all() {
		out = append(out, i.carriers()...)
	}
	return out
}

// carriers gives the ports of this instance, by number.
func (n *Node) carriers() []*association.Port {
	n.applying.Lock()
	defer n.applying.Unlock()
	var out []*association.Port
	for _, p := range n.localPorts {
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b *association.Port) int { return int(a.Number) - int(b.Number) })
	return out
}

// LocalPeers gives the ports of M2PA, with the links at them.
func (n *Node) LocalPeers() []status.Port {
	out := []status.Port{}
	for _, p := range n.carriers() {
		if n.Config().LocalPeer(p.Number) == nil {
			continue
		}
		x := p.Snapshot()
		for _, l := range n.linksOf(p) {
			v := l.View()
			x.Users = append(x.Users, status.PortUser{Name: l.Name(), FarEnd: l.FarEnd(), Association: v.Snapshot()})
		}
		out = append(out, x)
	}
	return out
}

// linksOf gives the links at a local-peer, in the order of linkset and code.
func (n *Node) linksOf(p *association.Port) []*link {
	n.applying.Lock()
	defer n.applying.Unlock()
	var out []*link
	for _, l := range n.links {
		if l.Port == p {
			out = append(out, l)
		}
	}
	slices.SortFunc(out, func(a, b *link) int {
		if c := strings.Compare(a.linkset, b.linkset); c != 0 {
			return c
		}
		return int(a.cfg.SLC) - int(b.cfg.SLC)
	})
	return out
}

// M3UA gives the ports of M3UA, with the ASPs at them.
func (n *Node) M3UA() status.M3UA {
	sys := n.Config()
	asps, _ := n.m3ua.status()
	out := status.M3UA{Ports: []status.Port{}}
	for _, p := range n.carriers() {
		c := sys.M3UA(p.Number)
		if c == nil {
			continue
		}
		x := p.Snapshot()
		x.Accepts = max(c.Accept, configs.AcceptConfigured).String()
		for i := range asps {
			a := n.m3ua.asp(asps[i].Config.Path)
			if a == nil || a.Ends.LocalPort != p.Number {
				continue
			}
			v := a.View()
			x.Users = append(x.Users, status.PortUser{Name: a.title, FarEnd: a.FarEnd(), State: asps[i].State.String(),
				Association: v.Snapshot()})
		}
		out.Ports = append(out.Ports, x)
	}
	out.Strangers, out.StrangersMax = n.m3ua.strangerPlaces()
	return out
}

// transports says what carries SCTP at each port; if there is no port, at one that would be configured.
func (n *Node) transports() []status.Transport {
	out := []status.Transport{}
	all := n.allCarriers()
	for _, p := range all {
		x := p.Snapshot()
		out = append(out, status.Transport{Kind: x.Kind, Port: x.Number, TCP: p.Kind == configs.TCP && x.Carrier != "",
			Name: x.Carrier})
		if x.Carrier == "" {
			out[len(out)-1].Reason = x.Reason
		}
	}
	if len(all) > 0 {
		return out
	}
	kind := n.Config().TransportOf(&configs.LocalPeer{})
	t, why, err := n.opt.Platform.Transport(kind)
	if err != nil {
		return append(out, status.Transport{Reason: err.Error()})
	}
	return append(out, status.Transport{Name: fmt.Sprintf("%s (%s: %s)", t.Name(), kind, why)})
}
