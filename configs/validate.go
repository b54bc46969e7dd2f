package configs

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/ss7"
)

// Validate names everything that makes s impossible to run. What merely does not
// work yet (a linkset without links) is no fault.
func (s *System) Validate() []error {
	var errs []error
	for _, p := range s.problems() {
		errs = append(errs, errors.New(p.text))
	}
	return errs
}

// problem is a fault of the model and the place that has it.
type problem struct {
	at   cli.Place
	text string
}

func (s *System) problems() []problem {
	var out []problem
	bad := func(obj any, arg, format string, args ...any) {
		out = append(out, problem{cli.Place{Object: obj, Arg: arg}, fmt.Sprintf(format, args...)})
	}
	s.checkCodes(bad)
	s.checkTimers(bad)
	s.checkInterfaces(bad)
	s.checkPeers(bad)
	s.checkLinks(bad)
	s.checkCongestion(bad)
	s.checkM3UA(bad)
	s.checkM2UA(bad)
	s.checkRoutes(bad)
	s.checkSCCP(bad)
	return append(out, s.instanceProblems()...)
}

type complain func(obj any, arg, format string, args ...any)

func (s *System) checkCodes(bad complain) {
	v, n := s.V(), s.Notation()
	if n.Bits() != v.Bits() {
		bad(s, "width", "point-code format %v has %d bits, a code of variant %s has %d", s.Widths, n.Bits(), v.Name, v.Bits())
		return
	}
	if len(s.Widths) > 3 {
		bad(s, "width", "point-code format has %d fields; at most 3", len(s.Widths))
	}
	fits := func(obj any, arg, what string, pc ss7.PC) {
		if pc >= 1<<v.Bits() {
			bad(obj, arg, "%s %d does not fit the %d-bit codes of variant %s: remove it before changing the variant", what, pc, v.Bits(), v.Name)
		}
	}
	seen := map[ss7.PC]bool{}
	codes := s.Own()
	if len(codes) > 0 {
		codes = codes[:len(codes)-len(s.Capabilities)]
	}
	for i, pc := range codes {
		obj, arg := any(s), "point-code"
		if i > 0 {
			obj, arg = s.Secondaries[i-1], ""
		}
		fits(obj, arg, "point code", pc)
		if seen[pc] {
			bad(obj, arg, "point code %s is configured twice for this node", n.Format(pc))
		}
		seen[pc] = true
	}
	for _, c := range s.Capabilities {
		seen[c.PC] = true
	}
	if s.PC == nil && len(s.Secondaries) > 0 {
		bad(s.Secondaries[0], "", "secondary-pc needs a primary code: configure `cs7 point-code` first")
	}
	for _, l := range s.Linksets {
		fits(l, "", "adjacent point code of linkset "+l.Name, l.Adjacent)
		if seen[l.Adjacent] {
			bad(l, "", "linkset %s: %s is this node's own code; give the code of the adjacent node", l.Name, n.Format(l.Adjacent))
		}
	}
	s.checkLocal(bad)
	for _, h := range s.Hosts {
		fits(h, "", "host "+h.Name, h.PC)
	}
	for _, r := range s.Routes() {
		if r.Dest.Len > v.Bits() {
			bad(r, "", "route %d/%d does not fit the %d-bit codes of variant %s: remove it before changing the variant", r.Dest.PC, r.Dest.Len, v.Bits(), v.Name)
		}
		fits(r, "", "route to", r.Dest.PC)
	}
}

// checkLocal refuses a linkset whose far end is to know this node by a code that it does not
// have: nothing that comes from there would be taken.
func (s *System) checkLocal(bad complain) {
	n := s.Notation()
	for _, l := range s.Linksets {
		if s.strange(l) {
			bad(l, "local-pc", "linkset %s: local-pc %s is no code of this node; `cs7 secondary-pc %s` makes it one",
				l.Name, n.Format(*l.Local), n.Format(*l.Local))
		}
	}
}

// strange tells whether the code by which the far end of l is to know this node is not here.
func (s *System) strange(l *Linkset) bool {
	return l.Local != nil && !slices.Contains(s.Own(), *l.Local)
}

func (s *System) checkPeers(bad complain) {
	type bind struct {
		ip   netip.Addr
		port uint16
	}
	seen := map[bind]bool{}
	for _, p := range s.LocalPeers {
		for _, a := range p.IPs {
			b := bind{a.IP, p.Port}
			if seen[b] {
				bad(a, "", "local-peer %d: local-ip %s is there already", p.Port, a.IP)
			}
			seen[b] = true
		}
		checkSCTP(bad, p, fmt.Sprintf("local-peer %d", p.Port), &p.SCTP)
	}
}

// ends are what tells associations apart.
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

func (s *System) checkLinks(bad complain) {
	seen := map[ends]string{}
	for _, l := range s.Linksets {
		for _, k := range l.Links {
			name := linkName(l, k)
			checkSCTP(bad, k, name, &k.SCTP)
			if k.IsM2UA() {
				continue
			}
			if s.LocalPeer(k.LocalPort) == nil {
				bad(k, "", "%s", s.noLocalPeer(name, k))
			}
			for _, e := range k.ends() {
				if other := seen[e]; other == name {
					bad(k, "", "%s: address %s of the far end is there twice", name, e.ip)
				} else if other != "" {
					bad(k, "", "%s: %s has the same far end %s port %d and local-peer %d; another link needs another port at one end", name, other, e.ip, k.RemotePort, k.LocalPort)
				}
				seen[e] = name
			}
		}
	}
}

func (s *System) noLocalPeer(name string, k *Link) string {
	if s.LocalPeer(k.RemotePort) != nil {
		return fmt.Sprintf("%s: local-peer %d does not exist, but local-peer %d does: are the ports swapped? The order is `link SLC sctp REMOTE-IP REMOTE-PORT LOCAL-PORT`", name, k.LocalPort, k.RemotePort)
	}
	return fmt.Sprintf("%s: local-peer %d does not exist: configure `cs7 local-peer %d` and its local-ip first", name, k.LocalPort, k.LocalPort)
}

func (s *System) checkRoutes(bad complain) {
	names := make(map[string]bool, len(s.Linksets))
	for _, l := range s.Linksets {
		names[l.Name] = true
	}
	servers := make(map[string]bool, len(s.ASs))
	for _, a := range s.ASs {
		servers[a.Name] = true
	}
	n := s.Notation()
	for _, r := range s.Routes() {
		if names[r.Linkset] && !r.AS || servers[r.Linkset] {
			continue
		}
		if r.AS {
			bad(r, "", "route %s: as %s does not exist", n.FormatRange(r.Dest), r.Linkset)
			continue
		}
		bad(r, "", "route %s: linkset %s does not exist%s", n.FormatRange(r.Dest), r.Linkset, s.thereIs())
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
