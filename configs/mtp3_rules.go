package configs

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/gostp/gostp/ss7"
)

// formatRules: the fields of a point code are as wide together as a code of the variant.
func (s *System) formatRules(f *findings) {
	v, n := s.V(), s.Notation()
	if n.Bits() != v.Bits() {
		f.bad(s, "width", "point-code format %v has %d bits, a code of variant %s has %d", s.Widths, n.Bits(), v.Name,
			v.Bits())
	} else if len(s.Widths) > 3 {
		f.bad(s, "width", "point-code format has %d fields; at most 3", len(s.Widths))
	}
}

// fits finds a code that is too long for the variant.
func (s *System) fits(f *findings, obj any, arg, what string, pc ss7.PC) {
	if v := s.V(); pc >= 1<<v.Bits() {
		f.bad(obj, arg, "%s %d does not fit the %d-bit codes of variant %s: remove it before changing the variant",
			what, pc, v.Bits(), v.Name)
	}
}

// codeRules: each code of this node is there once, fits the variant, and is no neighbour's.
func (s *System) codeRules(f *findings) {
	n, seen := s.Notation(), map[ss7.PC]bool{}
	if s.PC != nil {
		s.fits(f, s, "point-code", "point code", *s.PC)
		seen[*s.PC] = true
	}
	for _, x := range s.Secondaries {
		s.fits(f, x, "", "point code", x.PC)
		if s.PC == nil {
			f.bad(x, "", "secondary-pc needs a primary code: configure `cs7 point-code` first")
		}
		if seen[x.PC] {
			f.bad(x, "", "point code %s is configured twice for this node", n.Format(x.PC))
		}
		seen[x.PC] = true
	}
	for _, c := range s.Capabilities {
		seen[c.PC] = true
	}
	for _, l := range s.Linksets {
		s.fits(f, l, "", "adjacent point code of linkset "+l.Name, l.Adjacent)
		if seen[l.Adjacent] {
			f.bad(l, "", "linkset %s: %s is this node's own code; give the code of the adjacent node", l.Name,
				n.Format(l.Adjacent))
		}
	}
	s.localCodeRules(f)
	for _, h := range s.Hosts {
		s.fits(f, h, "", "host "+h.Name, h.PC)
	}
}

// localCodeRules: the code by which a far end is to know this node is one of its codes. Nothing that the far end
// sends to another code would be taken.
func (s *System) localCodeRules(f *findings) {
	n := s.Notation()
	for _, l := range s.Linksets {
		if l.Local != nil && !slices.Contains(s.Own(), *l.Local) {
			f.bad(l, "local-pc", "linkset %s: local-pc %s is no code of this node; `cs7 secondary-pc %s` makes it "+
				"one", l.Name, n.Format(*l.Local), n.Format(*l.Local))
		}
	}
}

// timerRules: a timer has a use in the variant, where it is set, and a value in the range. The variants differ from
// T18 on.
func (s *System) timerRules(f *findings) {
	check := func(obj any, where string, scope timerScope, set *MTP3Timers) {
		values := set.ByNumber()
		for _, t := range mtp3TimerUses {
			u, d := t.itu, values[t.number]
			if t.number >= ansiFrom && s.V() == ss7.ANSI {
				u = t.ansi
			}
			least, most := time.Duration(u.least)*time.Millisecond, time.Duration(u.most)*time.Millisecond
			switch name := timerName(t.number); {
			case d == 0:
			case u.most == 0 || u.scope < scope:
				f.bad(obj, name, "%stimer %s has no use here in variant %s", where, name, s.V().Name)
			case d < least || d > most:
				f.bad(obj, name, "%stimer %s (%s) is %d to %d ms in variant %s", where, name, u.help, u.least, u.most,
					s.V().Name)
			}
		}
	}
	check(s, "", perNode, &s.MTP3Timers)
	for _, l := range s.Linksets {
		check(l, "linkset "+l.Name+": ", perLinkset, &l.MTP3Timers)
		for _, k := range l.Links {
			check(k, fmt.Sprintf("linkset %s, link %d: ", l.Name, k.SLC), perLink, &k.MTP3Timers)
		}
	}
}

// congestionRules: levels rise by thresholds or by timers, and thresholds are in order.
func (s *System) congestionRules(f *findings) {
	if s.TimedCongestion && s.Levels() {
		f.bad(s, "timed-congestion", "national-options timed-congestion is for networks without priorities; with "+
			"multiple-congestion, and in variant ansi, levels are by thresholds")
	}
	for _, l := range s.Linksets {
		thresholdRules(f, "linkset "+l.Name, l.Congestion)
		for _, k := range l.Links {
			thresholdRules(f, linkName(l, k), k.Congestion)
		}
	}
}

func thresholdRules(f *findings, name string, list []*Thresholds) {
	for _, t := range list {
		if t.Abate >= t.Onset {
			f.bad(t, "abate", "%s: congestion level %d would end below %d and begin above %d: abate must be less "+
				"than onset", name, t.Level, t.Abate, t.Onset)
		}
		if t.Discard != 0 && t.Discard < t.Onset {
			f.bad(t, "discard", "%s: congestion level %d begins above %d and would discard above %d: discard must "+
				"not be less than onset", name, t.Level, t.Onset, t.Discard)
		}
		for _, o := range list {
			if o.Level < t.Level && o.Onset >= t.Onset {
				f.bad(t, "onset", "%s: congestion level %d would begin above %d, and level %d above %d: the worse "+
					"level must begin later", name, t.Level, t.Onset, o.Level, o.Onset)
			}
		}
	}
}

func (s *System) peerRules(f *findings) {
	for _, p := range s.LocalPeers {
		for i, a := range p.IPs {
			if slices.ContainsFunc(p.IPs[:i], func(o *LocalIP) bool { return o.IP == a.IP }) {
				f.bad(a, "", "local-peer %d: local-ip %s is there already", p.Port, a.IP)
			}
		}
		sctpRules(f, p, fmt.Sprintf("local-peer %d", p.Port), &p.SCTP)
	}
}

// unboundCautions: a local port has an address at which it is bound.
func (s *System) unboundCautions(f *findings) {
	for _, p := range s.LocalPeers {
		if len(p.IPs) == 0 && !p.Shutdown {
			f.lacks(p, fmt.Sprintf("local-peer %d", p.Port), "local-peer %d has no local-ip and is not bound: give "+
				"it one", p.Port).elsewhere = true
		}
	}
	for _, p := range s.M2UAPorts {
		if len(p.IPs) == 0 && !p.Shutdown {
			f.lacks(p, fmt.Sprintf("m2ua %d", p.Port), "m2ua %d has no local-ip and is not bound: give it one",
				p.Port).elsewhere = true
		}
	}
}

// ends tell one association from another: an address of the far end, and the port at each end.
type ends struct {
	ip            netip.Addr
	remote, local uint16
}

func (k *Link) ends() []ends {
	var out []ends
	for _, ip := range k.Remote {
		out = append(out, ends{ip, k.RemotePort, k.LocalPort})
	}
	return out
}

func linkName(l *Linkset, k *Link) string { return fmt.Sprintf("linkset %s link %d", l.Name, k.SLC) }

// linkRules: each M2PA link has a local port, and ends that no other link has.
func (s *System) linkRules(f *findings) {
	seen := map[ends]string{}
	for _, l := range s.Linksets {
		for _, k := range l.Links {
			name := linkName(l, k)
			sctpRules(f, k, name, &k.SCTP)
			if !k.IsM2UA() {
				s.endRules(f, k, k, name, seen)
			}
		}
	}
	for _, a := range s.M2UAASs {
		for _, i := range a.Interfaces {
			name := "as " + a.Name + " interface-identifier " + i.Interface
			sctpRules(f, i, name, &i.SCTP)
			s.endRules(f, i, &i.Link, name, seen)
		}
	}
}

// endRules are about the ends of M2PA link k, which obj configures. seen names the link that has each pair of
// ends, among those before it.
func (s *System) endRules(f *findings, obj any, k *Link, name string, seen map[ends]string) {
	switch {
	case s.LocalPeer(k.LocalPort) != nil:
	case s.LocalPeer(k.RemotePort) != nil:
		f.bad(obj, "", "%s: local-peer %d does not exist, but local-peer %d does: are the ports swapped? The order "+
			"is `link SLC sctp REMOTE-IP REMOTE-PORT LOCAL-PORT`", name, k.LocalPort, k.RemotePort)
	default:
		f.bad(obj, "", "%s: local-peer %d does not exist: configure `cs7 local-peer %d` and its local-ip first", name,
			k.LocalPort, k.LocalPort)
	}
	for _, e := range k.ends() {
		if other := seen[e]; other == name {
			f.bad(obj, "", "%s: address %s of the far end is there twice", name, e.ip)
		} else if other != "" {
			f.bad(obj, "", "%s: %s has the same far end %s port %d and local-peer %d; another link needs another "+
				"port at one end", name, other, e.ip, k.RemotePort, k.LocalPort)
		} else {
			seen[e] = name
		}
	}
}

// adjacentCautions: between two points there is one linkset (Q.704 §2.3).
func (s *System) adjacentCautions(f *findings) {
	first := map[ss7.PC]string{}
	for _, l := range s.Linksets {
		if other := first[l.Adjacent]; other != "" {
			f.warn(l, "linkset "+l.Name, "linkset %s leads to %s, and so does linkset %s: two points cannot have "+
				"one code, and links to one point belong in one linkset", l.Name, s.Notation().Format(l.Adjacent),
				other).elsewhere = true
			continue
		}
		first[l.Adjacent] = l.Name
	}
}

// routeRules: a route leads to a linkset or an AS that exists, and not to this node.
func (s *System) routeRules(f *findings) {
	names, servers := make(map[string]bool, len(s.Linksets)), make(map[string]bool, len(s.ASs))
	for _, l := range s.Linksets {
		names[l.Name] = true
	}
	for _, a := range s.ASs {
		servers[a.Name] = true
	}
	n, v, own := s.Notation(), s.V(), s.Own()
	for _, r := range s.Routes() {
		switch {
		case r.Dest.Len > v.Bits():
			f.bad(r, "", "route %d/%d does not fit the %d-bit codes of variant %s: remove it before changing the "+
				"variant", r.Dest.PC, r.Dest.Len, v.Bits(), v.Name)
			continue
		case r.Dest.Len == v.Bits() && slices.Contains(own, r.Dest.PC):
			f.bad(r, "", "route %s: that is a code of this node, where MSUs to it end; take the "+
				"route out", n.FormatRange(r.Dest))
		case names[r.Linkset] && !r.AS || servers[r.Linkset]:
		case r.AS:
			f.bad(r, "", "route %s: as %s does not exist", n.FormatRange(r.Dest), r.Linkset)
		default:
			f.bad(r, "", "route %s: linkset %s does not exist%s", n.FormatRange(r.Dest), r.Linkset, s.thereIs())
		}
		s.fits(f, r, "", "route to", r.Dest.PC)
	}
}

func (s *System) thereIs() string {
	var names []string
	for _, l := range s.Linksets {
		names = append(names, l.Name)
	}
	if len(names) == 0 {
		return "; no linkset is configured"
	}
	slices.Sort(names)
	return fmt.Sprintf("; there is %v", names)
}
