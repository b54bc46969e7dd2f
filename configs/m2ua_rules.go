package configs

import (
	"fmt"
	"slices"
)

func (s *System) m2uaPortRules(f *findings) {
	for _, p := range s.M2UAPorts {
		if s.LocalPeer(p.Port) != nil || s.M3UA(p.Port) != nil {
			f.bad(p, "", "m2ua %d: that port is one of `cs7 local-peer` or `cs7 m3ua`; M2UA needs its own", p.Port)
		}
		sctpRules(f, p, fmt.Sprintf("m2ua %d", p.Port), &p.SCTP)
	}
}

func (s *System) m2uaASPRules(f *findings) {
	for _, a := range s.M2UAASPs {
		if s.ASP(a.Name) != nil {
			f.bad(a, "", "asp %s: there is an ASP of M3UA of that name", a.Name)
		}
		if s.M2UAPort(a.LocalPort) == nil {
			f.bad(a, "", "asp %s: m2ua %d does not exist: configure `cs7 m2ua %d` and its local-ip first. The order "+
				"is `cs7 asp NAME REMOTE-PORT LOCAL-PORT m2ua`", a.Name, a.LocalPort, a.LocalPort)
		}
		if !a.Passive() && a.RemotePort == 0 {
			f.bad(a, "", "asp %s: remote port 0 is any, which only the far end can choose; give its port, or let it "+
				"set up the association (`sctp-role server`)", a.Name)
		}
		sctpRules(f, a, "asp "+a.Name, &a.SCTP)
	}
}

// gatewayRules: a link whose level 2 is at a gateway has an interface of its own there.
func (s *System) gatewayRules(f *findings) {
	seen := map[Backhaul]string{}
	for _, l := range s.Linksets {
		for _, k := range l.Links {
			if !k.IsM2UA() {
				continue
			}
			name, at := linkName(l, k), k.Place()
			a := s.M2UAASP(k.Gateway)
			switch other := seen[at]; {
			case a == nil:
				f.bad(k, "", "%s: asp %s of M2UA does not exist; %s", name, k.Gateway, thereIs(s.M2UAASPs, " of M2UA"))
			case !a.As(RoleASP):
				f.bad(k, "", "%s: this node is the gateway of asp %s; `role asp` in its configuration makes the far "+
					"end one", name, k.Gateway)
			case other != "":
				f.bad(k, "", "%s: %s has interface %s of asp %s", name, other, k.InterfaceText(), k.Gateway)
			default:
				seen[at] = name
			}
		}
	}
}

func (s *System) m2uaServerRules(f *findings) {
	for _, a := range s.M2UAASs {
		if s.AS(a.Name) != nil {
			f.bad(a, "", "as %s: there is an AS of M3UA of that name", a.Name)
		}
		for _, m := range a.Members {
			switch p := s.M2UAASP(m.ASP); {
			case p == nil:
				f.bad(m, "", "as %s: asp %s of M2UA does not exist; %s", a.Name, m.ASP, thereIs(s.M2UAASPs, " of M2UA"))
			case p.As(RoleASP):
				f.bad(m, "", "as %s: asp %s is a gateway to this node (role asp); links name it themselves: `link "+
					"SLC m2ua %s INTERFACE`", a.Name, m.ASP, m.ASP)
			}
		}
	}
}

// interfaceLinkRules: no two links have one interface identifier or one link key (RFC 3331 §4.4.1).
func (s *System) interfaceLinkRules(f *findings) {
	seen, keys := map[string]string{}, map[[2]uint16]string{}
	for _, a := range s.M2UAASs {
		for _, i := range a.Interfaces {
			if other, ok := seen[i.Interface]; ok {
				f.bad(i, "", "as %s: interface %s is in as %s already", a.Name, i.Interface, other)
				continue
			}
			seen[i.Interface] = a.Name
			if !i.HasKey {
				continue
			}
			k := i.key()
			if keys[k] != "" {
				f.bad(i, "link-key", "as %s: interface-identifier %s: interface %s has link-key %d %d already", a.Name,
					i.Interface, keys[k], k[0], k[1])
				continue
			}
			keys[k] = i.Interface
		}
	}
}

// m2uaASPCautions: this end can tell the ASPs of M2UA apart.
func (s *System) m2uaASPCautions(f *findings) {
	served := func(a *ASP) (out []string) {
		for _, x := range s.M2UAASs {
			if slices.ContainsFunc(x.Members, func(m *Member) bool { return m.ASP == a.Name }) {
				out = append(out, x.Name)
			}
		}
		return out
	}
	unknown(f, s.M2UAASPs)
	twins(f, s.M2UAASPs, s.M2UAASPs, served, "interfaces")
}
