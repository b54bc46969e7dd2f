package configs

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// M2UA is links whose level 2 is elsewhere, both ends of it (RFC 3331).
type M2UA struct {
	M2UAPorts []*M2UAPort
	M2UAASPs  []*ASP
	M2UAASs   []*M2UAAS
}

// M2UAPort is an SCTP port of this node that M2UA peers are at.
type M2UAPort struct{ LocalPeer }

// M2UAAS is an application server at a gateway: the links that it offers to ASPs.
type M2UAAS struct {
	Name        string `cli:"as"`
	Description string `cli:"description"`
	Members     []*Member
	Mode        string        `cli:"traffic-mode"`
	Recovery    time.Duration `cli:"recovery-timeout"`
	MinActive   uint8         `cli:"minimum-active"`
	Acks        string        `cli:"data-acknowledgement"`
	Shutdown    bool          `cli:"shutdown"`
	Interfaces  []*InterfaceLink
}

// InterfaceLink is a level 2 that ASPs use by its interface identifier: an M2PA link.
type InterfaceLink struct {
	Interface string  `cli:"interface"` // a number, or a text
	HasKey    bool    `cli:"link-key"`
	SDT       *uint16 `cli:"sdt"`
	SDL       *uint16 `cli:"sdl"`
	Link
}

// key is its link key, if HasKey.
func (i *InterfaceLink) key() [2]uint16 { return [2]uint16{*i.SDT, *i.SDL} }

// OfM2UA is what an ASP of M2UA has beside one of M3UA.
type OfM2UA struct {
	Mode        string `cli:"traffic-mode"` // asked for in role asp; empty: what the gateway has
	NoInterface bool   `cli:"no-interface-identifier"`
	AnyPPID     bool   `cli:"any-ppid"`
}

// Backhaul says where the level 2 of a link is: at an interface of a gateway. The zero
// value: it is an M2PA link of this node.
type Backhaul struct {
	Gateway   string `cli:"gateway"`   // ASP
	Interface string `cli:"interface"` // empty: the gateway gives it for the link key
	Registers bool   `cli:"registers"`
	KeySDT    uint16 `cli:"key-sdt"`
	KeySDL    uint16 `cli:"key-sdl"`
	Extended  bool   `cli:"extended-changeover"`
}

// IsM2UA tells whether the level 2 of a link is at a gateway.
func (k *Link) IsM2UA() bool { return k.Gateway != "" }

// Place is what no two links have in common, and what makes another link of one.
func (b Backhaul) Place() Backhaul {
	b.Extended = false
	return b
}

// InterfaceText is the interface of a link at a gateway as `link SLC m2ua GATEWAY` has it.
func (b *Backhaul) InterfaceText() string {
	if b.Registers {
		return fmt.Sprintf("link-key %d %d", b.KeySDT, b.KeySDL)
	}
	return b.Interface
}

// InterfaceID tells numbers from texts.
func InterfaceID(s string) (uint32, bool) {
	n, err := strconv.ParseUint(s, 10, 32)
	return uint32(n), err == nil
}

// M2UAPort finds a port of M2UA; nil if there is none.
func (s *System) M2UAPort(port uint16) *M2UAPort {
	for _, p := range s.M2UAPorts {
		if p.Port == port {
			return p
		}
	}
	return nil
}

// M2UAASP finds an ASP of M2UA by name; nil if there is none.
func (s *System) M2UAASP(name string) *ASP {
	for _, a := range s.M2UAASPs {
		if a.Name == name {
			return a
		}
	}
	return nil
}

// m2uaStreams gives each of some links a stream beside stream 0 (RFC 3331 §1.5.4.1).
var m2uaStreams = SCTP{InStreams: 17, OutStreams: 17}

func cloneM2UA(s, c *System) {
	c.M2UAPorts = copies(s.M2UAPorts, func(p *M2UAPort) { p.IPs = copies(p.IPs, nil) })
	c.M2UAASPs = copies(s.M2UAASPs, (*ASP).deepen)
	c.M2UAASs = copies(s.M2UAASs, func(a *M2UAAS) {
		a.Members = copies(a.Members, nil)
		a.Interfaces = copies(a.Interfaces, func(i *InterfaceLink) {
			i.Remote = slices.Clone(i.Remote)
			i.Congestion = copies(i.Congestion, nil)
		})
	})
}

func (s *System) checkM2UA(bad complain) {
	for _, p := range s.M2UAPorts {
		if s.LocalPeer(p.Port) != nil || s.M3UA(p.Port) != nil {
			bad(p, "", "m2ua %d: that port is one of `cs7 local-peer` or `cs7 m3ua`; M2UA needs its own", p.Port)
		}
		checkSCTP(bad, p, fmt.Sprintf("m2ua %d", p.Port), &p.SCTP)
	}
	for _, a := range s.M2UAASPs {
		if why := s.badM2UAASP(a); why != "" {
			bad(a, "", "asp %s: %s", a.Name, why)
		}
		checkSCTP(bad, a, "asp "+a.Name, &a.SCTP)
	}
	seen, taken, keys := map[string]string{}, s.linkEnds(), map[[2]uint16]string{}
	for _, a := range s.M2UAASs {
		if s.AS(a.Name) != nil {
			bad(a, "", "as %s: there is an AS of M3UA of that name", a.Name)
		}
		for _, m := range a.Members {
			if why := s.badMember(m); why != "" {
				bad(m, "", "as %s: %s", a.Name, why)
			}
		}
		for _, i := range a.Interfaces {
			if other, ok := seen[i.Interface]; ok {
				bad(i, "", "as %s: interface %s is in as %s already", a.Name, i.Interface, other)
			}
			seen[i.Interface] = a.Name
			if i.HasKey {
				k := i.key()
				if keys[k] != "" {
					bad(i, "", "as %s: interface-identifier %s: interface %s has link-key %d %d already", a.Name, i.Interface, keys[k], k[0], k[1])
				}
				keys[k] = i.Interface
			}
			if s.LocalPeer(i.LocalPort) == nil {
				bad(i, "", "%s", s.noLocalPeer("as "+a.Name+" interface-identifier "+i.Interface, &i.Link))
			}
			for _, e := range i.ends() {
				if taken[e] {
					bad(i, "", "as %s: interface-identifier %s: another link has the same far end %s port %d and local-peer %d", a.Name, i.Interface, e.ip, e.remote, e.local)
				}
				taken[e] = true
			}
		}
	}
	s.checkBackhauled(bad)
}

// linkEnds are the ends that links of linksets have.
func (s *System) linkEnds() map[ends]bool {
	out := map[ends]bool{}
	for _, l := range s.Linksets {
		for _, k := range l.Links {
			for _, e := range k.ends() {
				out[e] = true
			}
		}
	}
	return out
}

func (s *System) badM2UAASP(a *ASP) string {
	switch {
	case s.ASP(a.Name) != nil:
		return "there is an ASP of M3UA of that name"
	case s.M2UAPort(a.LocalPort) == nil:
		return fmt.Sprintf("m2ua %d does not exist: configure `cs7 m2ua %d` and its local-ip first. The order is `cs7 asp NAME REMOTE-PORT LOCAL-PORT m2ua`", a.LocalPort, a.LocalPort)
	case !a.Passive() && a.RemotePort == 0:
		return "remote port 0 is any, which only the far end can choose; give its port, or let it set up the association (`sctp-role server`)"
	}
	return ""
}

func (s *System) badMember(m *Member) string {
	switch p := s.M2UAASP(m.ASP); {
	case p == nil:
		return fmt.Sprintf("asp %s of M2UA does not exist; %s", m.ASP, thereIs(s.M2UAASPs, " of M2UA"))
	case p.Role == "asp":
		return fmt.Sprintf("asp %s is a gateway to this node (role asp); links name it themselves: `link SLC m2ua %s INTERFACE`", m.ASP, m.ASP)
	}
	return ""
}

// checkBackhauled looks at links at gateways.
func (s *System) checkBackhauled(bad complain) {
	seen := map[Backhaul]string{}
	for _, l := range s.Linksets {
		for _, k := range l.Links {
			if !k.IsM2UA() {
				continue
			}
			name := fmt.Sprintf("linkset %s link %d", l.Name, k.SLC)
			at := k.Place()
			if why := s.badGateway(k); why != "" {
				bad(k, "", "%s: %s", name, why)
			} else if other := seen[at]; other != "" {
				bad(k, "", "%s: %s has interface %s of asp %s", name, other, k.InterfaceText(), k.Gateway)
			}
			seen[at] = name
		}
	}
}

func (s *System) badGateway(k *Link) string {
	switch a := s.M2UAASP(k.Gateway); {
	case a == nil:
		return fmt.Sprintf("asp %s of M2UA does not exist; %s", k.Gateway, thereIs(s.M2UAASPs, " of M2UA"))
	case a.Role != "asp":
		return fmt.Sprintf("this node is the gateway of asp %s; `role asp` in its configuration makes the far end one", k.Gateway)
	}
	return ""
}

// pruneM2UA takes away what checkM2UA refuses.
func (s *System) pruneM2UA() (turned bool) {
	s.M2UAPorts = keep(s.M2UAPorts, func(p *M2UAPort) bool {
		turned = p.upright() || turned
		return s.LocalPeer(p.Port) == nil && s.M3UA(p.Port) == nil
	})
	s.M2UAASPs = keep(s.M2UAASPs, func(a *ASP) bool {
		turned = a.upright() || turned
		return s.badM2UAASP(a) == ""
	})
	seen, taken, keys := map[string]bool{}, s.linkEnds(), map[[2]uint16]bool{}
	s.M2UAASs = keep(s.M2UAASs, func(a *M2UAAS) bool { return s.AS(a.Name) == nil })
	for _, a := range s.M2UAASs {
		a.Members = keep(a.Members, func(m *Member) bool { return s.badMember(m) == "" })
		a.Interfaces = keep(a.Interfaces, func(i *InterfaceLink) bool {
			turned = i.Link.upright() || i.Link.distinct() || turned
			ok := !seen[i.Interface] && s.LocalPeer(i.LocalPort) != nil && !(i.HasKey && keys[i.key()])
			if i.HasKey {
				keys[i.key()] = true
			}
			seen[i.Interface] = true
			for _, e := range i.ends() {
				ok = ok && !taken[e]
				taken[e] = true
			}
			return ok
		})
	}
	at := map[Backhaul]bool{}
	for _, l := range s.Linksets {
		l.Links = keep(l.Links, func(k *Link) bool {
			b := k.Place()
			ok := !k.IsM2UA() || s.badGateway(k) == "" && !at[b]
			at[b] = true
			return ok
		})
	}
	return turned
}

func (s *System) sizeM2UA() int {
	n := len(s.M2UAPorts) + len(s.M2UAASPs) + len(s.M2UAASs)
	for _, a := range s.M2UAASs {
		n += len(a.Members) + len(a.Interfaces)
	}
	return n
}
