package sccp

import (
	"github.com/gostp/gostp/sccp/gtt"
	"github.com/gostp/gostp/ss7"
)

// Network tells what MTP3 and the adaptation layers know of destinations.
type Network interface {
	Accessible(pc ss7.PC) bool
	// Server finds an application server; false if there is none of that name.
	Server(name string) (Server, bool)
}

// Server is an application server as a destination.
type Server struct {
	Path  ss7.PathID // the path by which its messages leave, whatever their code
	PC    ss7.PC     // the point code of its routing key, if HasPC
	HasPC bool       // else messages keep the code of this node that they came to
	Ready bool       // the server takes messages now
	Waits bool       // the server keeps messages, for some time, until it is ready
}

// Format says what messages a point can take.
type Format uint8

// Every point that is not UDTOnly takes UDT and XUDT. A Long one takes LUDT too.
const (
	Extended Format = iota
	UDTOnly
	Long
)

// View is everything that the relay looks at. It is published as a whole, and never changed.
type View struct {
	Variant *ss7.Variant
	NI      ss7.NI
	Own     []ss7.PC          // our codes, the primary one first; if empty, nothing can be relayed
	Codes   map[ss7.PC]ss7.PC // the codes by which some points know this node, if not by its first
	Table   *gtt.Table
	Status  *Status
	Network Network
	Local   [4]uint64         // subsystems of this node, one bit each; SSN 1 is always there
	Formats map[ss7.PC]Format // the formats of points that are not Extended
	Convert bool              // XUDT may become UDT and UDT XUDT (sccp-allow-pak-conv)
	Hops    uint8             // the hop counter of messages made here; 0 means 15
	Longest int               // octets that fit behind a routing label; 0 means DefaultLongest
}

// DefaultLongest is what ITU's routing label leaves of a SIF of 272 octets (Q.704 §2.3.8).
const DefaultLongest = 268

func (v *View) longest() int {
	if v.Longest == 0 {
		return DefaultLongest
	}
	return v.Longest
}

func (v *View) hops() uint8 {
	if v.Hops == 0 {
		return 15
	}
	return v.Hops
}

func (v *View) own(pc ss7.PC) bool {
	for _, o := range v.Own {
		if o == pc {
			return true
		}
	}
	return false
}

func (v *View) equipped(ssn uint8) bool {
	return ssn == ssnManagement || v.Local[ssn>>6]>>(ssn&63)&1 != 0
}

// Why says why a place cannot take a message. The zero value means that it can.
type Why uint8

// Reasons, in the order in which they are looked for.
const (
	Fine Why = iota
	PointInaccessible
	SCCPProhibited
	SubsystemProhibited
	ServerDown
	NoServer
	ServerWaits
	NoSSN // routing on SSN, but no usable SSN
)

var whyTexts = [...]string{"available", "point code inaccessible", "SCCP prohibited there",
	"subsystem prohibited there", "application server not active", "no such application server",
	"application server waits for an ASP", "no subsystem number to route on"}

func (w Why) String() string { return whyTexts[w] }

// takes tells whether a message may be sent there if there is no better place.
func (w Why) takes() bool { return w == Fine || w == ServerWaits }

// Check tells whether a subsystem of a point can take a message that is routed on SSN. With toGT, it tells
// whether the point can translate (Q.714 §2.4.5, step 4).
func (v *View) Check(pc ss7.PC, ssn uint8, toGT bool) Why {
	if v.own(pc) {
		return Fine // for this node itself, local distribution decides
	}
	if !v.Network.Accessible(pc) {
		return PointInaccessible
	}
	return v.checkUser(pc, ssn, toGT)
}

// checkUser is Check for a point that can be reached.
func (v *View) checkUser(pc ss7.PC, ssn uint8, toGT bool) Why {
	switch {
	case v.Status.Prohibited(pc, ssnManagement):
		return SCCPProhibited
	case toGT:
		return Fine
	case ssn == 0:
		return NoSSN
	case v.Status.Prohibited(pc, ssn):
		return SubsystemProhibited
	}
	return Fine
}

// usable gives a bit for each member of a group that can take a message now. If none can, it gives a bit for
// each member that keeps the message for some time.
func (v *View) usable(g *gtt.Group, ssn uint8) (bits uint64) {
	var waiting uint64
	for i := range g.Members {
		switch _, _, why := v.Route(&g.Members[i], ssn); why {
		case Fine:
			bits |= 1 << i
		case ServerWaits:
			waiting |= 1 << i
		}
	}
	if bits == 0 {
		return waiting
	}
	return bits
}

// Route gives the point code and the state of a route, for a message with an SSN of its own. If the route leads
// to an application server, path is what its messages leave by, else 0. The code of a server without one is 0.
func (v *View) Route(r *gtt.Route, ssn uint8) (pc ss7.PC, path ss7.PathID, why Why) {
	if r.SSN != gtt.Keep {
		ssn = uint8(r.SSN)
	}
	if r.AS == "" {
		return r.PC, 0, v.Check(r.PC, ssn, r.ToGT)
	}
	s, ok := v.Network.Server(r.AS)
	switch {
	case !ok:
		return 0, 0, NoServer
	case !s.Ready && !s.Waits:
		return s.PC, s.Path, ServerDown
	case s.HasPC:
		why = v.checkUser(s.PC, ssn, r.ToGT)
	case ssn == 0 && !r.ToGT:
		why = NoSSN
	}
	if why == Fine && !s.Ready {
		why = ServerWaits
	}
	return s.PC, s.Path, why
}
