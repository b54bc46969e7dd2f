package node

import (
	"slices"
	"time"

	"github.com/gostp/gostp/association"
	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/internal/lock"
	"github.com/gostp/gostp/loop"
	"github.com/gostp/gostp/m2ua"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// applyM2UA makes the ASPs and the offered interfaces those of next; those that stay are not disturbed. Links at
// gateways are made after it, and then configureM2UA tells the layer. start comes last, and runs the new ASPs.
// restarted are ports whose associations start anew. The caller holds applying.
func (n *Node) applyM2UA(next *configs.System, restarted map[uint16]string) (start func()) {
	x := n.m2ua
	build := func(c *configs.ASP, at association.Ends, how association.Settings) *m2uaASP {
		b := &m2uaASP{}
		b.set(n, n.ids.take(), *c, m2ua.PPID)
		b.layer, b.topic = x, m2uaProtocol.name
		lock.Give[lock.ASP](&b.Mu)
		b.Prepare(n.assoc, b, at, how, n.localPorts[c.LocalPort])
		return b
	}
	changed := x.change(next, next.M2UAASPs, restarted, build, n.leaveM2UA)
	n.applyInterfaces(next, restarted)
	x.mu.Lock()
	x.carryOut(changed, x.layer.Leaving)
	x.mu.Unlock()
	return changed.launch
}

// leaveM2UA takes leave of an ASP. If the ASP is a gateway, the links there are released first (RFC 3331 §3.3.1.4), as
// if they were shut down themselves. A link that another ASP serves too stays.
func (n *Node) leaveM2UA(a *m2uaASP, why string) {
	x := n.m2ua
	for _, l := range n.links {
		x.mu.Lock()
		company := x.layer.Company(l.id)
		x.mu.Unlock()
		if b, is := l.bearer.(*m2uaBearer); is && b.gateway.Load() == a && !company {
			l.Tell(ss7.Event{Kind: ss7.Stop, Why: why})
		}
	}
	x.leave(&a.xuaASP, why)
}

// applyInterfaces makes the interfaces that this node offers. One whose association stays
// keeps its link and its state.
func (n *Node) applyInterfaces(next *configs.System, restarted map[uint16]string) {
	old := map[string]*m2uaInterface{}
	for _, i := range *n.m2ua.interfaces.Load() {
		old[i.name] = i
	}
	ifaces := map[ss7.PathID]*m2uaInterface{}
	for _, s := range next.M2UAASs {
		for _, c := range s.Interfaces {
			i := old[c.Interface]
			p := next.LocalPeer(c.LocalPort)
			conf, how := linkConfig(next, &configs.Linkset{}, p, &c.Link), association.SettingsFor(p, &c.Link)
			conf.Shared = len(s.Members) > 1 // whichever the traffic mode: one may take over from another
			of := m2ua.TerminalConfig{Label: labelOf(c.Interface, next.V()), Levels: next.Levels(), Pace: m2ua.DefaultPace}
			if i != nil && restarted[c.LocalPort] == "" && sameLink(&i.link.cfg, &c.Link) && i.link.variant() == next.V() {
				i.shut(c.Shutdown)
				i.ask(s.Acks)
				i.configure(of)
				i.link.setConfig(conf, how)
				delete(old, c.Interface)
				ifaces[i.link.id] = i
				continue
			}
			b := &m2uaInterface{node: n, link: &level2{}, name: c.Interface, label: of.Label}
			b.terminal = m2ua.NewTerminal(of)
			b.loop = loop.Loop{Machine: b.terminal, Hands: b, Lock: &b.mu}
			b.link.user = b
			n.newM2PA(b.link, n.ids.take(), "interface "+c.Interface, c.Link, conf, how, n.localPorts[c.LocalPort])
			b.as = &as{node: n, id: b.link.id, name: "interface " + c.Interface, serves: b}
			if i != nil {
				i.close("the configuration of the interface was changed")
				b.link.Inherit(&i.link.Keeper)
				delete(old, c.Interface)
			}
			b.shut(c.Shutdown)
			b.ask(s.Acks)
			ifaces[b.link.id] = b
		}
	}
	before := *n.m2ua.interfaces.Load()
	n.m2ua.interfaces.Store(&ifaces)
	for _, i := range old {
		i.close("the interface was taken out of the configuration")
	}
	for id, i := range ifaces {
		if before[id] == nil {
			n.group.Go(i.link.Run)
		}
	}
}

// labelOf is how an interface is written.
func labelOf(word string, v *ss7.Variant) m2ua.Label {
	l := m2ua.Label{Variant: v, TTC: v == ss7.TTC || v == ss7.NTT}
	if id, ok := configs.InterfaceID(word); ok {
		l.ID = id
	} else {
		l.Text = word
	}
	return l
}

// configureM2UA tells the layer of the ASPs, of the application servers of this gateway, and of the links at other
// gateways. To the layer each such link is an application server of its own.
func (n *Node) configureM2UA(next *configs.System) {
	x := n.m2ua
	var conf m2ua.Config
	ids := map[string]ss7.PathID{}
	for a := range x.all() {
		if a.Lasting() {
			ids[a.title] = a.id
		}
	}
	for _, c := range next.M2UAASPs {
		conf.ASPs = append(conf.ASPs, m2uaASPConfig(c, ids[c.Name]))
	}
	offers := map[string]*m2uaInterface{}
	for _, i := range *x.interfaces.Load() {
		offers[i.name] = i
	}
	servers := map[ss7.PathID][]*m2uaInterface{}
	for _, c := range next.M2UAASs {
		s := m2uaASConfig(c, ids)
		s.Path = n.serverPath(c.Name)
		for _, k := range c.Interfaces {
			i := offers[k.Interface]
			servers[s.Path] = append(servers[s.Path], i)
			one := m2ua.InterfaceConfig{Label: i.label, Path: i.link.id, HasKey: k.HasKey}
			if k.HasKey {
				one.Key = m2ua.LinkKey{SDT: *k.SDT, SDL: *k.SDL}
			}
			s.Interfaces = append(s.Interfaces, one)
		}
		if servers[s.Path] == nil {
			servers[s.Path] = []*m2uaInterface{}
		}
		conf.ASs = append(conf.ASs, s)
	}
	conf.ASs = append(conf.ASs, n.linksAtGateways(next, ids)...)
	x.run(func(now time.Time, l *m2ua.Layer, out []ss7.Action) []ss7.Action {
		x.servers = servers
		out = l.Configure(now, conf, out)
		for path, all := range servers { // a new interface hears which ASPs are active
			for _, i := range all {
				i.as.publish(l.Way(path))
			}
		}
		return out
	})
}

// serverPath gives the path of an AS of this gateway. It stays the same as long as the AS is configured.
func (n *Node) serverPath(name string) ss7.PathID {
	for _, s := range n.m2ua.servedAS() {
		if s.Name == name {
			return s.Path
		}
	}
	return n.ids.take()
}

func (x *m2uaLayer) servedAS() []m2ua.ASConfig {
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(x.layer.AS()), func(s m2ua.ASConfig) bool { return x.ofLink(s.Path) })
}

// linksAtGateways gives an application server for each link whose level 2 is at a gateway. It tells each such link its
// gateway.
func (n *Node) linksAtGateways(next *configs.System, ids map[string]ss7.PathID) (out []m2ua.ASConfig) {
	at := map[string]int{} // how many links are at each gateway
	for _, set := range next.Linksets {
		for _, k := range set.Links {
			at[k.Gateway]++
		}
	}
	for _, set := range next.Linksets {
		for _, k := range set.Links {
			l := n.links[linkKey{set.Name, k.SLC}]
			if l == nil {
				continue
			}
			b, is := l.bearer.(*m2uaBearer)
			if !is {
				continue
			}
			b.gateway.Store(n.m2ua.asp(ids[k.Gateway]))
			label, mode := labelOf(k.Interface, next.V()), configs.TrafficMode(0)
			if a := next.M2UAASP(k.Gateway); a != nil {
				mode, label.Nameless = a.Mode, a.NoInterface && at[k.Gateway] == 1
			}
			if !k.Registers { // else its gateway gives it an interface
				b.setInterface(label)
			}
			s := m2ua.ASConfig{ASConfig: xua.ASConfig{Path: l.id, Name: l.Name(), Mode: trafficModes[mode],
				Members: []xua.MemberConfig{{ASP: ids[k.Gateway], Weight: 1}}}}
			one := m2ua.InterfaceConfig{Label: label, Path: l.id}
			if k.Registers {
				s.Register, one.HasKey, one.Key = true, true, m2ua.LinkKey{SDT: k.KeySDT, SDL: k.KeySDL}
			}
			s.Interfaces = []m2ua.InterfaceConfig{one}
			out = append(out, s)
		}
	}
	return out
}

func m2uaASPConfig(c *configs.ASP, path ss7.PathID) m2ua.ASPConfig {
	return m2ua.ASPConfig{ASPConfig: xuaASPConfig(c, path),
		Slack: m2ua.Slack{AnyPPID: c.AnyPPID, Nameless: c.NoInterface,
			NamelessAck: c.NoInterAck, NamelessControl: c.NoInterCtl, ActionZero: c.ActionZero},
		Register: c.RKM == configs.RKMAllowed}
}

func m2uaASConfig(c *configs.M2UAAS, ids map[string]ss7.PathID) m2ua.ASConfig {
	return m2ua.ASConfig{ASConfig: xua.ASConfig{Name: c.Name, TR: or(c.Recovery, xua.DefaultTR),
		Need: int(c.MinActive), Shutdown: c.Shutdown, Mode: trafficModes[c.Mode], Members: xuaMembers(c.Members, ids)}}
}
