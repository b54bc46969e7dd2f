package configs

import (
	"fmt"
	"slices"

	"github.com/gostp/gostp/m3ua/keys"
	"github.com/gostp/gostp/ss7"
)

// m3uaPortRules: a port of M3UA is no port of M2PA, and one of TCP has no settings of SCTP.
func (s *System) m3uaPortRules(f *findings) {
	for _, m := range s.M3UAs {
		if s.LocalPeer(m.Port) != nil {
			f.bad(m, "", "m3ua %d: local-peer %d has that port; M2PA and M3UA need a port each", m.Port, m.Port)
		}
		if m.Transport == TCP && m.UDPPort != 0 {
			f.bad(m, "udp-port", "m3ua %d: udp-port is SCTP's, and its transport is tcp; take it out", m.Port)
		}
		if m.Transport == TCP && m.AnyChecksum {
			f.bad(m, "checksum", "m3ua %d: checksum is SCTP's, and its transport is tcp; take it out", m.Port)
		}
		sctpRules(f, m, fmt.Sprintf("m3ua %d", m.Port), &m.SCTP)
	}
}

func (s *System) aspRules(f *findings) {
	for _, a := range s.ASPs {
		s.aspPortRules(f, a)
		sctpRules(f, a, "asp "+a.Name, &a.SCTP)
		if !a.Passive() && a.RemotePort == 0 {
			f.bad(a, "", "asp %s: remote port 0 is any, which only the far end can choose; give its port, or let it "+
				"set up the association (`sctp-role server`)", a.Name)
		}
		if a.Exchange != 0 && !a.As(RoleIPSP) {
			f.bad(a, "exchange", "asp %s: only an ipsp has a choice of exchanges; take `%s` out", a.Name, a.Exchange)
		}
	}
}

func (s *System) aspPortRules(f *findings, as *ASP) {
	a := s.Placed(as)
	switch port := s.M3UA(a.LocalPort); {
	case a.LocalPort == 0:
		f.bad(as, "", "asp %s: local port 0 is the first port of `cs7 m3ua` of its transport, and there is none: "+
			"configure `cs7 m3ua 2905` first", a.Name)
	case s.LocalPeer(a.LocalPort) != nil:
		f.bad(as, "", "asp %s: port %d is a local-peer, which is for M2PA links; ASPs are at a port of `cs7 m3ua`",
			a.Name, a.LocalPort)
	case port == nil:
		f.bad(as, "", "asp %s: m3ua %d does not exist: configure `cs7 m3ua %d` first. The order is "+
			"`cs7 asp NAME REMOTE-PORT LOCAL-PORT m3ua`", a.Name, a.LocalPort, a.LocalPort)
	case a.Over == TCP && port.Transport != TCP:
		f.bad(as, "", "asp %s: m3ua %d is a port of SCTP; `transport tcp` under it makes it one of TCP, or give the "+
			"ASP another port", a.Name, a.LocalPort)
	case a.Over == OverSCTP && port.Transport == TCP:
		f.bad(as, "", "asp %s: m3ua %d is a port of TCP; `no transport` under it makes it one of SCTP, or give the "+
			"ASP another port", a.Name, a.LocalPort)
	case port.Transport == TCP && a.UDPPort != 0:
		f.bad(as, "udp-port", "asp %s: udp-port is SCTP's, and m3ua %d is a port of TCP; take it out", a.Name,
			a.LocalPort)
	}
}

// memberRules: the ASPs of an AS exist, and this node is the same to each.
func (s *System) memberRules(f *findings) {
	for _, a := range s.ASs {
		role := ""
		for _, m := range a.Members {
			p := s.ASP(m.ASP)
			switch {
			case p == nil:
				f.bad(m, "", "as %s: asp %s does not exist; %s", a.Name, m.ASP, thereIs(s.ASPs, ""))
			case role != "" && p.role() != role:
				f.bad(m, "", "as %s: this node is %s to asp %s and %s to the one before; ASPs of an AS need one role",
					a.Name, p.role(), m.ASP, role)
			default:
				role = p.role()
			}
		}
	}
}

// ownContextRules: an own routing context is for a double exchange, and of one AS.
func (s *System) ownContextRules(f *findings) {
	owns := map[uint32]string{}
	for _, a := range s.ASs {
		if a.OwnRC == nil {
			continue
		}
		single := slices.IndexFunc(a.Members,
			func(m *Member) bool { p := s.ASP(m.ASP); return p != nil && !p.Double() })
		if other := owns[*a.OwnRC]; other != "" {
			f.bad(a, "own-routing-context", "as %s: own-routing-context %d is that of as %s", a.Name, *a.OwnRC, other)
		} else if single >= 0 {
			p := s.ASP(a.Members[single].ASP)
			f.bad(a, "own-routing-context", "as %s: own-routing-context is for a double exchange, and asp %s is of "+
				"`role %s`", a.Name, p.Name, p.role())
		} else {
			owns[*a.OwnRC] = a.Name
		}
	}
}

// keyRules: the lines of a routing key have one routing context, which no other AS has, and each is possible.
func (s *System) keyRules(f *findings) {
	rcs := map[uint32]string{}
	for _, a := range s.ASs {
		for _, k := range a.Keys {
			other := rcs[k.RC]
			switch {
			case k.RC != a.Keys[0].RC:
				f.bad(k, "", "as %s: it has routing context %d already; all lines of a routing key have the same",
					a.Name, a.Keys[0].RC)
				continue
			case other != "" && other != a.Name:
				f.bad(k, "", "as %s: routing context %d is that of as %s. ASPs name an AS by its routing context, so "+
					"each AS needs its own, and 0 is no exception: choose another, here and at the ASPs", a.Name, k.RC,
					other)
				continue
			case k.HasCIC && k.CICFirst > k.CICLast:
				f.bad(k, "", "as %s: cic %d %d: the first must not be greater than the last", a.Name, k.CICFirst, k.CICLast)
			case k.DPC == nil && (k.SI != 0 || k.OPC != nil || k.HasCIC):
				f.bad(k, "", "as %s: a routing key needs a DPC; 0.0.0/0 is any", a.Name)
			case a.Register && k.OPC != nil && k.OPC.Len < s.V().Bits():
				f.bad(k, "", "as %s: `register` cannot ask for a masked OPC (RFC 4666 §3.6.1 has single ones only); "+
					"list them, or give the gateway the key by configuration and take `register` out", a.Name)
			case k.DPC != nil && k.DPC.Len > s.V().Bits():
				f.bad(k, "", "as %s: DPC of %d bits in a network of %d", a.Name, k.DPC.Len, s.V().Bits())
			}
			rcs[k.RC] = a.Name
		}
	}
}

// clashRules: no two routing keys claim the same MSU, unless one is more specific (RFC 4666 §1.4.2.1).
func (s *System) clashRules(f *findings) {
	var all []keys.Target
	lines := map[ss7.PathID][]*RoutingKey{}
	for i, a := range s.ASs {
		if s.Away(a) {
			continue
		}
		id := ss7.PathID(i + 1)
		t := keys.Target{AS: id, Name: a.Name}
		for _, k := range a.Keys {
			if term, ok := k.Term(); ok {
				t.Key.Terms, lines[id] = append(t.Key.Terms, term), append(lines[id], k)
			}
		}
		all = append(all, t)
	}
	for _, c := range keys.Clashes(s.V(), all) {
		f.bad(lines[c.AS][c.Term], "", "routing keys of %s and %s clash: both claim %s, and neither is more "+
			"specific; one point of two processes is one AS with two ASPs", c.A, c.B, c.What(s.Notation()))
	}
}

// Away tells whether this node is an ASP of an AS, which is served elsewhere.
func (s *System) Away(a *AS) bool {
	return slices.ContainsFunc(a.Members,
		func(m *Member) bool { p := s.ASP(m.ASP); return p != nil && p.As(RoleASP) })
}

// Term is what a line of a routing key says; ok is false for one that is a routing context alone.
func (k *RoutingKey) Term() (t keys.Term, ok bool) {
	if k.DPC == nil {
		return t, false
	}
	t.DPC = *k.DPC
	if k.SI != 0 {
		t.SIs = 1 << k.SI
	}
	var opc ss7.Range
	if k.OPC != nil {
		opc = *k.OPC
	}
	if k.HasCIC {
		t.Circuits = []keys.Circuits{{OPC: opc, First: k.CICFirst, Last: k.CICLast}}
	} else if k.OPC != nil {
		t.OPCs = []ss7.Range{opc}
	}
	return t, true
}

// thereIs names the ASPs that a name may have been meant for; of is "" or " of M2UA".
func thereIs(asps []*ASP, of string) string {
	if len(asps) == 0 {
		return "no asp" + of + " is configured"
	}
	text := "there is"
	for _, a := range asps {
		text += " " + a.Name
	}
	return text
}

// aspCautions: when an ASP sets up its association, this end can tell which ASP it is.
func (s *System) aspCautions(f *findings) {
	unknown(f, s.ASPs)
	s.overTCP(f)
	served := func(a *ASP) (out []string) {
		for _, x := range s.ASs {
			if slices.ContainsFunc(x.Members, func(m *Member) bool { return m.ASP == a.Name }) {
				out = append(out, x.Name)
			}
		}
		return out
	}
	var placed []*ASP
	for _, a := range s.ASPs {
		placed = append(placed, s.Placed(a))
	}
	twins(f, placed, s.ASPs, served, "routing contexts")
}

// unknown names ASPs that have nothing by which this end could know them, or where it could reach them.
func unknown(f *findings, asps []*ASP) {
	for _, a := range asps {
		switch {
		case len(a.Remote) > 0 || a.Shutdown:
		case !a.Passive():
			f.lacks(a, "asp "+a.Name, "asp %s has no remote-ip to set up its association to: give it one", a.Name)
		case a.ID == nil:
			f.lacks(a, "asp "+a.Name, "asp %s has neither a remote-ip nor an asp-identifier to know it by: no "+
				"association is taken for its own", a.Name)
		}
	}
}

// overTCP names ASPs that are over TCP only because their port is, while their own line does not say so.
func (s *System) overTCP(f *findings) {
	for _, a := range s.ASPs {
		port := s.Placed(a).LocalPort
		if m := s.M3UA(port); m != nil && m.Transport == TCP && a.Over == 0 {
			f.warn(a, "asp "+a.Name, "asp %s is over TCP, for m3ua %d is a port of TCP; `m3ua tcp` at the end of "+
				"its line says that this is meant", a.Name, port).elsewhere = true
		}
	}
}

// twins names pairs of ASPs of which an association may be one as well as the other, and pairs of which only one
// can have its association at a time. of has the objects of the model for asps. served gives the application
// servers of an ASP; what is the word for that by which a far end names them.
func twins(f *findings, asps, of []*ASP, served func(*ASP) []string, what string) {
	before := map[ends][]*ASP{} // those with an address and ports, which are few
	for i, a := range asps {
		var told bool
		for _, ip := range a.IPs() {
			at := ends{ip, a.RemotePort, a.LocalPort}
			for _, b := range before[at] {
				switch {
				case told:
				case a.twin(b) && !a.known(b, served):
					f.warn(of[i], "asp "+a.Name, "asp %s and asp %s cannot be told apart: both are at %s port %s, "+
						"local port %d; give each its asp-identifier, its remote port, or application servers of "+
						"its own, whose %s it names", a.Name, b.Name, ip, portText(a.RemotePort), a.LocalPort, what)
					told = true
				case a.rivals(b):
					f.warn(of[i], "asp "+a.Name, "asp %s and asp %s cannot have an association each: both are between "+
						"%s port %d and local port %d, where there can be one; give one of them another port, at "+
						"either end", a.Name, b.Name, ip, a.RemotePort, a.LocalPort)
					told = true
				}
			}
			before[at] = append(before[at], a)
		}
	}
}

// twin tells whether an association may be of a as well as of b, which have an address and the
// ports in common.
func (a *ASP) twin(b *ASP) bool { return a.Passive() && b.Passive() && !a.Shutdown && !b.Shutdown }

// rivals tells whether a and b, which have an address and the ports in common, would be two
// associations of the same two ends, which can have one (RFC 9260 §1.3).
func (a *ASP) rivals(b *ASP) bool {
	local := func(x *LocalIP) bool {
		return slices.ContainsFunc(b.LocalIPs, func(y *LocalIP) bool { return x.IP == y.IP })
	}
	apart := len(a.LocalIPs) > 0 && len(b.LocalIPs) > 0 && !slices.ContainsFunc(a.LocalIPs, local)
	return a.RemotePort != 0 && !a.Shutdown && !b.Shutdown && a.UDPPort == b.UDPPort && !apart
}

// known tells whether this end finds out which of a and b a far end is, or need not find out.
func (a *ASP) known(b *ASP, served func(*ASP) []string) bool {
	if a.ID != nil && b.ID != nil && *a.ID != *b.ID {
		return true
	}
	x, y := served(a), served(b)
	if len(x) == 0 || len(y) == 0 {
		return false
	}
	if slices.Equal(x, y) && a.alike(b) {
		return true // whichever comes first is as good as the other
	}
	// It names what it becomes active for.
	return !slices.ContainsFunc(x, func(n string) bool { return slices.Contains(y, n) })
}

// alike tells whether two ASPs are configured alike, so that it makes no difference which of them a far end is.
func (a *ASP) alike(b *ASP) bool {
	return a.RemotePort == 0 && a.Slack == b.Slack && a.OfM2UA == b.OfM2UA && a.role() == b.role() && a.Block == b.Block
}

func portText(port uint16) string {
	if port == 0 {
		return "0 (any)"
	}
	return fmt.Sprint(port)
}
