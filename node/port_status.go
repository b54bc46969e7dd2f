package node

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/status"
)

// allCarriers are the ports of all instances.
func (n *Node) allCarriers() (out []*localPort) {
	for _, i := range n.all() {
		out = append(out, i.carriers()...)
	}
	return out
}

// carriers are the ports of this instance by number.
func (n *Node) carriers() []*localPort {
	n.applying.Lock()
	defer n.applying.Unlock()
	var out []*localPort
	for _, p := range n.localPorts {
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b *localPort) int { return int(a.number) - int(b.number) })
	return out
}

// LocalPeers gives a picture of the ports of M2PA, and of the links at them.
func (n *Node) LocalPeers() []status.Port {
	out := []status.Port{}
	for _, p := range n.carriers() {
		if n.Config().LocalPeer(p.number) == nil {
			continue
		}
		x := p.snapshot()
		for _, l := range n.linksOf(p) {
			v := l.view()
			x.Users = append(x.Users, status.PortUser{Name: l.name(), FarEnd: l.farEnd(), Association: v.snapshot()})
		}
		out = append(out, x)
	}
	return out
}

// linksOf are the links at a local-peer, in the order of linkset and code.
func (n *Node) linksOf(p *localPort) []*link {
	n.applying.Lock()
	defer n.applying.Unlock()
	var out []*link
	for _, l := range n.links {
		if l.port == p {
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

// M3UA gives a picture of the ports of M3UA, and of the ASPs at them.
func (n *Node) M3UA() status.M3UA {
	sys := n.Config()
	asps, _ := n.m3ua.status()
	out := status.M3UA{Ports: []status.Port{}}
	for _, p := range n.carriers() {
		c := sys.M3UA(p.number)
		if c == nil {
			continue
		}
		x := p.snapshot()
		x.Accepts = max(c.Accept, configs.AcceptConfigured).String()
		for i := range asps {
			a := n.m3ua.asp(asps[i].Config.Path)
			if a == nil || a.where.localPort != p.number {
				continue
			}
			v := a.view()
			x.Users = append(x.Users, status.PortUser{Name: a.title, FarEnd: a.farEnd(), State: asps[i].State,
				Association: v.snapshot()})
		}
		out.Ports = append(out.Ports, x)
	}
	out.Strangers, out.StrangersMax = n.m3ua.strangerPlaces()
	return out
}

// transports says what carries SCTP: at each port, or, where there is none, at
// one that would be configured.
func (n *Node) transports() []status.Transport {
	out := []status.Transport{}
	all := n.allCarriers()
	for _, p := range all {
		x := p.snapshot()
		out = append(out, status.Transport{Port: p.title, TCP: p.kind == configs.TCP && x.Carrier != "", Name: x.Carrier})
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
