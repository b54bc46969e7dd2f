package configs

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/gostp/gostp/ss7"
)

// M3UA is a port of this node for ASPs. It is a port of SCTP, or of TCP if its Transport says so.
type M3UA struct {
	LocalPeer
	Accept Accept `cli:"accept"`
}

// ASP is a process at the far end of one association: an application server
// process, the gateway to which this node is one, or an IPSP.
type ASP struct {
	Name        string    `cli:"asp"`
	RemotePort  uint16    `cli:"remote-port"` // 0: any
	LocalPort   uint16    `cli:"local-port"`
	Over        Transport `cli:"over"` // OverSCTP, TCP; zero: as the port is
	LocalIPs    []*LocalIP
	Remote      []*RemoteIP
	Role        Role     `cli:"role"`     // of this node
	Exchange    Exchange `cli:"exchange"` // of IPSPs
	SCTPRole    SCTPRole `cli:"sctp-role"`
	ID          *uint32  `cli:"asp-identifier"`
	RKM         RKM      `cli:"rkm"`
	Allowed     []*Allowed
	Block       bool          `cli:"block"`
	Shutdown    bool          `cli:"shutdown"`
	UDPPort     uint16        `cli:"udp-port"` // of the far end; 0: 9899
	Description string        `cli:"description"`
	TAck        time.Duration `cli:"ack"`
	TBeat       time.Duration `cli:"heartbeat"`
	Slack
	OfM2UA
	SCTP
}

// RemoteIP is an address of an ASP.
type RemoteIP struct {
	IP netip.Addr `cli:"remote-ip"`
}

// Allowed is a range of destinations that an ASP may register.
type Allowed struct {
	Dest ss7.Range `cli:"allow"`
}

// Slack is what an odd ASP is forgiven; m3uaOddities explain each.
type Slack struct {
	NoRC         bool `cli:"no-routing-context"`
	ZeroRC       bool `cli:"zero-routing-context"`
	NoNotify     bool `cli:"no-notify"`
	StayActive   bool `cli:"aspup-while-active"`
	SSNMInactive bool `cli:"ssnm-while-inactive"`
	HostPPID     bool `cli:"host-order-ppid"`
	Stream0      bool `cli:"data-on-stream-0"`
	ChooseRC     bool `cli:"chosen-routing-context"`
}

// AS is an application server.
type AS struct {
	Name        string `cli:"as"`
	Description string `cli:"description"`
	Members     []*Member
	Keys        []*RoutingKey
	Mode        TrafficMode   `cli:"traffic-mode"`
	Spread      Spread        `cli:"spread"` // of loadshare
	Recovery    time.Duration `cli:"recovery-timeout"`
	NA          *uint32       `cli:"network-appearance"`
	MinActive   uint8         `cli:"minimum-active"`
	Register    bool          `cli:"register"`
	OwnRC       *uint32       `cli:"own-routing-context"`
	Shutdown    bool          `cli:"shutdown"`
}

// Member is an ASP of an AS.
type Member struct {
	ASP    string `cli:"asp"`
	Weight *uint8 `cli:"weight"` // nil: 1
}

// RoutingKey is one group of an AS's routing key; all of an AS have its routing context.
type RoutingKey struct {
	RC       uint32     `cli:"rc"`
	DPC      *ss7.Range `cli:"dpc"` // nil: the AS is known by its routing context, and routes lead to it
	SI       UserPart   `cli:"si"`
	OPC      *ss7.Range `cli:"opc"`
	HasCIC   bool       `cli:"cic"`
	CICFirst uint16     `cli:"min"`
	CICLast  uint16     `cli:"max"`
}

// AS finds an application server by name; nil if there is none.
func (s *System) AS(name string) *AS {
	i := slices.IndexFunc(s.ASs, func(a *AS) bool { return a.Name == name })
	if i < 0 {
		return nil
	}
	return s.ASs[i]
}

// ASP finds an ASP by name; nil if there is none.
func (s *System) ASP(name string) *ASP {
	i := slices.IndexFunc(s.ASPs, func(a *ASP) bool { return a.Name == name })
	if i < 0 {
		return nil
	}
	return s.ASPs[i]
}

// M3UA finds a port of ASPs; nil if there is none.
func (s *System) M3UA(port uint16) *M3UA {
	for _, m := range s.M3UAs {
		if m.Port == port {
			return m
		}
	}
	for _, a := range s.ASPs { // an ASP with addresses of its own brings its port along
		if a.LocalPort == port && port != 0 && len(a.LocalIPs) > 0 {
			m := &M3UA{LocalPeer: LocalPeer{Port: port, IPs: a.LocalIPs}}
			if a.Over == TCP {
				m.Transport = TCP
			}
			return m
		}
	}
	return nil
}

// Placed is an ASP with its local port. Port 0, which Osmocom's files have for any port, is the first
// port of `cs7 m3ua` that is of the ASP's transport. If there is none, it stays 0.
func (s *System) Placed(a *ASP) *ASP {
	if a.LocalPort != 0 {
		return a
	}
	c := *a
	for _, m := range s.M3UAs {
		switch fits := (m.Transport == TCP) == (a.Over == TCP); {
		case fits:
			c.LocalPort = m.Port
			return &c
		case a.Over == 0 && c.LocalPort == 0:
			c.LocalPort = m.Port // of TCP, if there is none of SCTP
		}
	}
	return &c
}

// Port finds a local port, of links or of ASPs; nil if there is none.
func (s *System) Port(port uint16) *LocalPeer {
	if p := s.LocalPeer(port); p != nil {
		return p
	}
	if m := s.M2UAPort(port); m != nil {
		p := m.LocalPeer
		p.SCTP = p.SCTP.Or(m2uaStreams)
		return &p
	}
	if m := s.M3UA(port); m != nil {
		p := m.LocalPeer
		p.SCTP, p.Anywhere = p.SCTP.Or(m3uaStreams), len(p.IPs) == 0
		return &p
	}
	return nil
}

// Ports are all local ports.
func (s *System) Ports() []*LocalPeer {
	out := slices.Clone(s.LocalPeers)
	add := func(port uint16) {
		if !slices.ContainsFunc(out, func(p *LocalPeer) bool { return p.Port == port }) {
			out = append(out, s.Port(port))
		}
	}
	for _, m := range s.M3UAs {
		add(m.Port)
	}
	for _, m := range s.M2UAPorts {
		add(m.Port)
	}
	for _, a := range s.ASPs {
		if len(a.LocalIPs) > 0 && a.LocalPort != 0 {
			add(a.LocalPort)
		}
	}
	return out
}

// m3uaStreams gives each SLS value of ITU a stream, beside stream 0 (RFC 4666 §1.4.7).
var m3uaStreams = SCTP{InStreams: 17, OutStreams: 17}

// Passive tells whether the far end sets up the association. By default it does if this node is its gateway.
func (a *ASP) Passive() bool {
	if a.SCTPRole != 0 {
		return a.SCTPRole == Server
	}
	return a.As(RoleSG)
}

// IPs are the addresses of the far end.
func (a *ASP) IPs() []netip.Addr {
	var out []netip.Addr
	for _, r := range a.Remote {
		out = append(out, r.IP)
	}
	return out
}

// DefaultStrangers is how many associations of ASPs that are not configured a node may have, if no line says
// otherwise.
const DefaultStrangers = 256

// MaxStrangers is how many associations of ASPs that are not configured the node may have.
func (s *System) MaxStrangers() int {
	if s.Strangers == 0 {
		return DefaultStrangers
	}
	return int(s.Strangers)
}

// RC is the routing context of an AS, if it has one.
func (a *AS) RC() (uint32, bool) {
	if len(a.Keys) == 0 {
		return 0, false
	}
	return a.Keys[0].RC, true
}

// ToAS tells whether a route leads to an AS.
func (s *System) ToAS(r *Route) bool { return r.AS || s.Linkset(r.Linkset) == nil }

// As tells whether this node has role r to the ASP.
func (a *ASP) As(r Role) bool { return either(a.Role, RoleSG) == r }

// AsksUp tells whether this end sends ASPUP, so that the far end may never do so.
func (a *ASP) AsksUp() bool {
	return a.As(RoleASP) || a.As(RoleIPSP) && (a.Leads() || a.Double())
}

func (a *ASP) role() string {
	if a.Double() {
		return fmt.Sprint(either(a.Role, RoleSG), " ", a.Exchange)
	}
	return either(a.Role, RoleSG).String()
}

// Double tells whether each direction between IPSPs is activated by its own end.
func (a *ASP) Double() bool { return a.Exchange == DoubleExchange }

// Leads tells whether this end asks in a single exchange between IPSPs.
func (a *ASP) Leads() bool {
	if a.Exchange == 0 {
		return !a.Passive()
	}
	return a.Exchange == Initiate
}
