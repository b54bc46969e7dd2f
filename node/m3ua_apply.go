package node

import (
	"slices"
	"time"

	"github.com/gostp/gostp/association"
	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/m3ua"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// applyM3UA makes the ASPs and the servers those of next; those that stay are not disturbed. restarted are ports whose
// associations start anew. The caller holds applying.
func (n *Node) applyM3UA(next *configs.System, restarted map[uint16]string) {
	x := n.m3ua
	oldAS := map[string]*m3uaAS{}
	x.mu.Lock()
	for _, s := range x.servers {
		if !s.dynamic {
			oldAS[s.name] = s
		}
	}
	x.mu.Unlock()

	conf := m3ua.Config{Networks: []m3ua.Network{{Variant: next.V(), Routes: destinations{n}}}, NewPath: n.ids.take}
	var asps []*configs.ASP
	for _, c := range next.ASPs {
		asps = append(asps, next.Placed(c))
	}
	build := func(c *configs.ASP, at association.Ends, how association.Settings) *m3uaASP {
		return n.newM3UAASP(n.ids.take(), *c, at, how, n.localPorts[c.LocalPort])
	}
	changed := x.change(next, asps, restarted, build, func(a *m3uaASP, why string) { x.leave(&a.xuaASP, why) })
	for _, c := range asps {
		conf.ASPs = append(conf.ASPs, m3uaASPConfig(next, c, changed.paths[c.Name]))
	}
	var servers []*m3uaAS
	for _, c := range next.ASs {
		s := oldAS[c.Name]
		if s == nil {
			s = newM3UAAS(n, n.ids.take(), c.Name)
		}
		servers = append(servers, s)
		k := m3uaASConfig(next, c, changed.paths)
		k.Path = s.id
		s.remember(mayLackUsers(next, c))
		conf.ASs = append(conf.ASs, k)
	}
	n.putM3UA(conf, changed, servers)
	changed.launch()
}

// mayLackUsers tells whether the far ends of an AS may say that a user is not there.
func mayLackUsers(s *configs.System, c *configs.AS) bool {
	return slices.ContainsFunc(c.Members, func(m *configs.Member) bool {
		p := s.ASP(m.ASP)
		return p != nil && !p.As(configs.RoleSG)
	})
}

// putM3UA tells the layer its new configuration.
func (n *Node) putM3UA(conf m3ua.Config, changed change[*m3uaASP], servers []*m3uaAS) {
	x := n.m3ua
	x.run(func(now time.Time, l *m3ua.Layer, out []ss7.Action) []ss7.Action {
		x.carryOut(changed, l.Leaving)
		for _, s := range servers {
			x.servers[s.id] = s
		}
		out, err := l.Configure(now, conf, out)
		if err != nil { // Validate refuses the same, so this cannot be
			n.log.Add("CS7M3UA", 2, "CONFIG", err.Error())
		}
		return out
	})
}

// m3uaASPConfig gives what the layer is told of an ASP. Where strangers are welcome, ASPs choose their routing
// contexts, because every program of Osmocom does so.
func m3uaASPConfig(s *configs.System, c *configs.ASP, path ss7.PathID) m3ua.ASPConfig {
	port := s.M3UA(c.LocalPort)
	dynamic := port != nil && port.Accept == configs.AcceptAnybody
	out := m3ua.ASPConfig{ASPConfig: xuaASPConfig(c, path),
		Slack: m3ua.Slack{NoRC: c.NoRC, ZeroRC: c.ZeroRC, HostPPID: c.HostPPID, Stream0: c.Stream0,
			SSNMInactive: c.SSNMInactive, ChooseRC: c.ChooseRC || dynamic},
		Policy: policy(s, c.RKM, len(c.Allowed) > 0)}
	for _, a := range c.Allowed {
		out.Allowed = append(out.Allowed, a.Dest)
	}
	return out
}

// policy gives what an ASP may register: its own setting, else the node's.
func policy(s *configs.System, rkm configs.RKM, ranges bool) m3ua.Policy {
	if rkm == 0 {
		rkm = s.RKM
	}
	switch {
	case rkm == configs.RKMOff:
		return m3ua.NoRegistration
	case ranges:
		return m3ua.InRanges
	case rkm == configs.RKMDynamic:
		return m3ua.AnyKey
	}
	return m3ua.Configured
}

func m3uaASConfig(s *configs.System, c *configs.AS, paths map[string]ss7.PathID) m3ua.ASConfig {
	out := m3ua.ASConfig{ASConfig: xua.ASConfig{Name: c.Name, TR: or(c.Recovery, xua.DefaultTR),
		Need: int(c.MinActive), Shutdown: c.Shutdown, Mode: trafficModes[c.Mode], Members: xuaMembers(c.Members, paths),
		Robin: c.Spread == configs.RoundRobin, Register: c.Register, Open: len(c.Members) == 0}}
	out.ID, out.HasID = c.RC()
	if c.Register {
		out.HasID = false
	}
	if c.OwnRC != nil {
		out.OwnID, out.HasOwn = *c.OwnRC, true
	}
	if c.NA != nil {
		out.NA, out.HasNA = *c.NA, true
	}
	out.Away = s.Away(c)
	for _, k := range c.Keys {
		if t, ok := k.Term(); ok {
			out.Key.Terms = append(out.Key.Terms, t)
		}
	}
	return out
}

// welcome takes the association of a stranger, as an ASP that may register keys. It gives the cause if it does not take
// it.
func (n *Node) welcome(p *association.Port, a sctp.Assoc) error {
	sys := n.Config()
	to, from := a.Remote(), association.Source(a)
	id := n.ids.take()
	c := strangerASP(id, to.Port, p.Number)
	at := association.Ends{Remote: to.IPs, RemotePort: to.Port, LocalPort: p.Number, Passive: true}
	s := n.newM3UAASP(id, c, at, aspSettings(sys, &c), p)
	s.Stranger = from
	s.conf = strangerConfig(sys, s)
	var refused error
	n.m3ua.run(func(now time.Time, l *m3ua.Layer, out []ss7.Action) []ss7.Action {
		if refused = n.m3ua.mayEnter(from); refused != nil {
			return out
		}
		n.m3ua.asps[id] = s
		n.m3ua.index()
		return l.AddASP(now, s.conf, out)
	})
	if refused != nil {
		s.close(refused.Error()) // otherwise the node would keep its context
		n.ids.give(id)
		if no, is := refused.(noPlace); is && no.forAnybody {
			n.Short(placesName, no.Error())
		}
		return refused
	}
	n.group.Go(func() {
		defer n.dismiss(s)
		s.ServeOnly(a)
	})
	if n.Config() != sys { // a change that was made meanwhile may not have seen the stranger
		n.applying.Lock()
		n.reviewStrangers(n.Config())
		n.applying.Unlock()
	}
	return nil
}

// dismiss forgets a stranger.
func (n *Node) dismiss(s *m3uaASP) {
	s.close("its association has ended")
	n.m3ua.drop(s.id, "its association has ended")
	n.ids.give(s.id)
	n.recountPlaces()
}
