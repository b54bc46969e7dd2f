package configs

import (
	"net/netip"
	"time"

	"github.com/gostp/gostp/ss7"
)

// System is everything that is configured. The zero value of a field means its
// default, which the accessors give.
type System struct {
	Hostname       string         `cli:"hostname"`
	QuietConsole   bool           `cli:"console"` // `no logging console`
	Variant        Variant        `cli:"variant"`
	NetworkName    string         `cli:"network-name"`
	NI             *ss7.NI        `cli:"network-indicator"` // nil: national
	Widths         []uint8        `cli:"width"`
	Delimiter      Delimiter      `cli:"delimiter"`
	PC             *ss7.PC        `cli:"point-code"`
	Description    string         `cli:"description"`
	MaxDynamic     uint16         `cli:"max-dynamic-routes"`
	Exception      bool           `cli:"summary-routing-exception"`
	LoopProtection LoopProtection `cli:"loop-protection"`
	SLTT1          time.Duration  `cli:"slt-t1"`
	SLTT2          time.Duration  `cli:"slt-t2"`
	Tx             time.Duration  `cli:"tx"`
	Ty             time.Duration  `cli:"ty"`
	Transport      Transport      `cli:"transport"`
	MTP3Timers
	SLSShift uint8 `cli:"sls-shift"`
	NationalOptions
	Secondaries []*Secondary
	Hosts       []*Host
	Aliases     []*Alias
	IgnoreSCCP  bool       `cli:"ignore-sccp-pcconv"`
	PaklogIP    netip.Addr `cli:"paklog-ip"`
	PaklogPort  uint16     `cli:"paklog-port"` // UDP; 0: 514
	Access      []*AccessEntry
	Interfaces  []*Interface
	LocalPeers  []*LocalPeer
	Linksets    []*Linkset
	RouteTables []*RouteTable
	RKM         RKM          `cli:"rkm"` // of ASPs that say nothing of their own
	RKMDefault  DefaultRoute `cli:"rkm-default"`
	M3UAs       []*M3UA
	ASPs        []*ASP
	ASs         []*AS
	M2UA
	SCCP

	Strangers uint16 `cli:"max-unconfigured-asps"` // associations of ASPs that are not configured; 0: DefaultStrangers

	IPRoutes   []*IPRoute
	IPv6Routes []*IPv6Route

	Multi     bool      `cli:"multi-instance"`
	Number    uint8     // of this instance; 0: the whole node is in it as well
	Instances []*System // the others, in the order in which they were made

	toldIgnored bool    // the first line without effect has told so
	whole       *System // the node that this instance is in; nil: this is the node itself
}

// Secondary is one more code of this node.
type Secondary struct {
	PC ss7.PC `cli:"secondary-pc"`
}

// Host is a name for a point code.
type Host struct {
	Name string `cli:"name"`
	PC   ss7.PC `cli:"pc"`
}

// LocalPeer is an SCTP port of this node, at one or more addresses.
type LocalPeer struct {
	Port        uint16 `cli:"port"`
	IPs         []*LocalIP
	Transport   Transport `cli:"transport"` // zero: what the node says
	UDPPort     uint16    `cli:"udp-port"`  // encapsulation (RFC 6951); 0: 9899
	AnyChecksum bool      `cli:"checksum"`
	Shutdown    bool      `cli:"shutdown"`
	SCTP

	// Anywhere: a port of M3UA without local-ip is at every address of the machine, as it is
	// in OsmoSTP. System.Port says it; it is no part of the model.
	Anywhere bool
}

// LocalIP is an address of a local peer.
type LocalIP struct {
	IP netip.Addr `cli:"local-ip"`
}

// Timers are M2PA timers (Q.703 §12, RFC 4165 §4); zero: what the linkset says,
// then the default.
type Timers struct {
	T1   time.Duration `cli:"t1"`
	T2   time.Duration `cli:"t2"`
	T3   time.Duration `cli:"t3"`
	T4N  time.Duration `cli:"t4-normal"`
	T4E  time.Duration `cli:"t4-emergency"`
	T6   time.Duration `cli:"t6"`
	T7   time.Duration `cli:"t7"`
	LSSU time.Duration `cli:"lssu"`
}

// Linkset is a set of links to one adjacent signalling point.
type Linkset struct {
	Name        string   `cli:"linkset"`
	Adjacent    ss7.PC   `cli:"apc"`
	Local       *ss7.PC  `cli:"local-pc"` // by which the far end knows this node; nil: as it addresses us
	Description string   `cli:"description"`
	Shutdown    bool     `cli:"shutdown"`
	KeepSLS     bool     `cli:"rotate-sls"` // off
	LinkTest    LinkTest `cli:"link-test"`
	Timers
	MTP3Timers // zero: those of the node
	Congestion []*Thresholds
	Links      []*Link
}

// Link is an M2PA link: one SCTP association.
type Link struct {
	SLC        uint8        `cli:"slc"`
	Remote     []netip.Addr `cli:"remote-ip"`
	RemotePort uint16       `cli:"remote-port"`
	LocalPort  uint16       `cli:"local-port"`
	Passive    bool         `cli:"passive"`
	UDPPort    uint16       `cli:"udp-port"` // of the far end; 0: 9899
	Shutdown   bool         `cli:"shutdown"`
	Backhaul
	Timers
	MTP3Timers // zero: those of the linkset
	Congestion []*Thresholds
	SCTP
}

// systemTable is the name of the table that routes.
const systemTable = "system"

// RouteTable is a named table of routes.
type RouteTable struct {
	Name   string `cli:"table"`
	Routes []*Route
}

// Route is a way to a range of codes: over a linkset, or to an AS.
type Route struct {
	Dest     ss7.Range `cli:"dest"`
	AS       bool      `cli:"as"`       // Linkset is an AS whatever linksets there are
	Linkset  string    `cli:"linkset"`  // or AS
	Priority uint8     `cli:"priority"` // 0: 5
}

// New is the configuration of a node without a line.
func New() *System { return &System{} }

// V is the variant: ITU until told otherwise.
func (s *System) V() *ss7.Variant {
	if s.Variant == 0 {
		return ss7.ITU
	}
	return ss7.Variants[s.Variant-1]
}

// Notation is how this node writes point codes.
func (s *System) Notation() ss7.Notation {
	n := s.V().Notation
	if len(s.Widths) > 0 {
		n.Widths = s.Widths
	}
	if s.Delimiter == Dash {
		n.Delimiter = '-'
	}
	return n
}

// Network is the network indicator: national until told otherwise.
func (s *System) Network() ss7.NI {
	if s.NI == nil {
		return ss7.National
	}
	return *s.NI
}

// Name is the host name.
func (s *System) Name() string {
	return either(s.node().Hostname, "gostp")
}

// Own is every code of this node, the primary one first; empty without one.
func (s *System) Own() []ss7.PC {
	if s.PC == nil {
		return nil
	}
	own := []ss7.PC{*s.PC}
	for _, x := range s.Secondaries {
		own = append(own, x.PC)
	}
	for _, c := range s.Capabilities {
		own = append(own, c.PC)
	}
	return own
}

// Routes is the table that routes.
func (s *System) Routes() []*Route {
	for _, t := range s.RouteTables {
		if t.Name == systemTable {
			return t.Routes
		}
	}
	return nil
}

// Linkset finds a linkset by name; nil if there is none.
func (s *System) Linkset(name string) *Linkset {
	for _, l := range s.Linksets {
		if l.Name == name {
			return l
		}
	}
	return nil
}

// LocalPeer finds a local peer by port; nil if there is none.
func (s *System) LocalPeer(port uint16) *LocalPeer {
	for _, p := range s.LocalPeers {
		if p.Port == port {
			return p
		}
	}
	return nil
}
