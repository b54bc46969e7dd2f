package configs

import (
	"fmt"
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
	Mode        TrafficMode   `cli:"traffic-mode"`
	Recovery    time.Duration `cli:"recovery-timeout"`
	MinActive   uint8         `cli:"minimum-active"`
	Acks        DataAcks      `cli:"data-acknowledgement"`
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

// OfM2UA is what an ASP of M2UA has and one of M3UA has not.
type OfM2UA struct {
	Mode        TrafficMode `cli:"traffic-mode"` // asked for in role asp; zero: what the gateway has
	NoInterface bool        `cli:"no-interface-identifier"`
	NoInterAck  bool        `cli:"no-interface-in-data-ack"`
	NoInterCtl  bool        `cli:"no-interface-in-control"`
	ActionZero  bool        `cli:"retrieval-action-0"`
	AnyPPID     bool        `cli:"any-ppid"`
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

// Place is where the level 2 of a link is. No two links have the same, and a link whose place changes is another
// link.
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

// InterfaceID gives an interface identifier as a number; ok is false for one that is a text.
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
