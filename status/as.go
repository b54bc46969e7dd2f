package status

import "time"

// AS is an application server of M3UA (RFC 4666 §1.2): users of SS7 behind ASPs, known by a routing key.
type AS struct {
	Name   string `json:"name"`
	State  string `json:"state"`            // down, inactive, active or pending
	Reason string `json:"reason,omitempty"` // why it is not active, and what would help
	// Since is when the state began, and Event what led to it.
	Since       time.Time `json:"since,omitzero"`
	Event       string    `json:"event"`
	TimesActive uint64    `json:"times_active"`
	Registered  bool      `json:"registered"` // not configured: its ASPs have registered it

	RoutingContext    *uint32   `json:"routing_context,omitempty"`
	OwnRoutingContext *uint32   `json:"own_routing_context,omitempty"` // in the DATA that the far end sends
	NetworkAppearance *uint32   `json:"network_appearance,omitempty"`
	RoutingKey        []KeyTerm `json:"routing_key"` // an MSU belongs to the AS if one term matches

	TrafficMode string `json:"traffic_mode"` // override, loadshare or broadcast; unset: as the first ASP says
	RoundRobin  bool   `json:"roundrobin"`   // loadshare that does not keep the order of the MSUs of an SLS
	RecoveryMS  int64  `json:"recovery_timeout_ms"`
	Minimum     int    `json:"minimum_active"` // ASPs that make the AS active
	// Waiting counts the MSUs that wait for an ASP, WaitingSince is since when the oldest does.
	Waiting      int       `json:"waiting_msus"`
	WaitingSince time.Time `json:"waiting_since,omitzero"`

	ASPs []Membership `json:"asps"`
	// Slots has the ASP that each SLS goes to, while the AS is active and does not broadcast; empty: none.
	Slots []string `json:"asp_by_sls"`
}

// KeyTerm is a part of a routing key. An empty list matches every MSU.
type KeyTerm struct {
	DPC      string     `json:"destination_point_code"` // or a range, CODE/LENGTH
	SIs      []string   `json:"service_indicators"`
	OPCs     []string   `json:"originating_point_codes"`
	Circuits []Circuits `json:"circuits"`
}

// Circuits is a range of circuits of an originating point.
type Circuits struct {
	OPC   string `json:"originating_point_code,omitempty"`
	First uint16 `json:"first"`
	Last  uint16 `json:"last"`
}

// Membership is an ASP in an AS.
type Membership struct {
	AS          string `json:"as"`
	ASP         string `json:"asp"`
	State       string `json:"state"`  // a word, or one for each end where the two exchanges are apart
	Active      bool   `json:"active"` // in each exchange that there is
	Weight      uint8  `json:"weight"`
	Registered  bool   `json:"registered"`
	Overridden  bool   `json:"alternate_asp_active"`
	WaitsForKey bool   `json:"waits_for_routing_context"`
}

// ASP is an application server process as this node sees it; where this node is the ASP, its gateway.
type ASP struct {
	Name    string `json:"name"`
	Gateway bool   `json:"is_gateway"` // the far end is a signalling gateway, and this node its ASP
	Role    string `json:"this_node_is"`
	State   string `json:"state"`
	Reason  string `json:"reason,omitempty"` // why it is not active for everything, and what would help
	// Since is when the state began, and Event what led to it.
	Since      time.Time    `json:"since,omitzero"`
	Event      string       `json:"event"`
	Identifier *uint32      `json:"asp_identifier,omitempty"`
	LastError  string       `json:"last_error,omitempty"`
	NextTry    time.Time    `json:"next_request,omitzero"` // until then an answer is awaited
	ASs        []Membership `json:"application_servers"`

	FarEnd      string       `json:"far_end_configured"`        // in words
	Address     string       `json:"far_end_address,omitempty"` // the first one; none: any
	Port        uint16       `json:"far_end_port"`
	Association *Association `json:"association"`
	Counters    ASPCounts    `json:"counters"`
}

// ASPCounts counts the messages of an ASP.
type ASPCounts struct {
	Messages  []InOut `json:"messages"`         // by type
	Refused   []Count `json:"messages_refused"` // by the error code that says why
	Spared    uint64  `json:"errors_not_told"`  // not sent because there were too many
	OctetsIn  uint64  `json:"data_octets_in"`
	OctetsOut uint64  `json:"data_octets_out"`
	// DataRefused counts DATA by what is wrong with it. Malformed counts, by error code, DATA that cannot be read at all.
	DataRefused []Count `json:"data_refused"`
	Malformed   []Count `json:"data_malformed"`
	OddSI       uint64  `json:"data_with_odd_service_indicator"` // bits above the fourth, passed over
	// Messages that had no answer because there were too many.
	AuditsSpared        uint64 `json:"audits_not_answered"`
	AuditsCut           uint64 `json:"audits_cut_short"`
	RegistrationsSpared uint64 `json:"registrations_not_answered"`
	UnreachableSpared   uint64 `json:"unreachable_destinations_not_told"`
	Acks                *Acks  `json:"data_acknowledgements,omitempty"` // of M2UA, if they are in use
}

// Acks counts the acknowledgements of M2UA's Data (RFC 3331 §3.3.1.12).
type Acks struct {
	Acknowledged uint64 `json:"acknowledged"`
	Waiting      int    `json:"not_yet_acknowledged"`
	Unknown      uint64 `json:"acknowledged_but_never_sent"`
	Forgotten    uint64 `json:"forgotten"`           // too many were not acknowledged
	Left         uint64 `json:"left_by_association"` // not acknowledged when it ended
	SentAgain    uint64 `json:"sent_to_another_asp"` // those of Left
}

// Port is a port at which links or ASPs have their associations.
type Port struct {
	Kind      string    `json:"kind"` // local-peer, m3ua or m2ua
	Number    uint16    `json:"port"`
	Addresses []string  `json:"addresses"`
	Anywhere  bool      `json:"every_address"` // at every address of the machine
	Bound     bool      `json:"bound"`
	Since     time.Time `json:"since,omitzero"`
	Reason    string    `json:"reason,omitempty"`    // why it is not bound
	Carrier   string    `json:"transport,omitempty"` // which SCTP, or TCP
	// Unknown counts the associations whose owner is not known yet.
	Unknown    int        `json:"unknown_associations"`
	UnknownMax int        `json:"unknown_associations_max"`
	Accepted   uint64     `json:"accepted"`
	Refused    uint64     `json:"refused"`
	Accepts    string     `json:"accepts,omitempty"` // of M3UA: which ASPs may set up associations
	Users      []PortUser `json:"users"`             // links or ASPs
}

// PortUser is a link or an ASP at a port.
type PortUser struct {
	Name        string       `json:"name"`
	FarEnd      string       `json:"far_end_configured"` // in words
	State       string       `json:"state,omitempty"`    // of an ASP
	Association *Association `json:"association"`
}

// M3UA has the ports of M3UA, and the places for ASPs that are not configured.
type M3UA struct {
	Ports        []Port `json:"ports"`
	Strangers    int    `json:"unconfigured_asps"`
	StrangersMax int    `json:"unconfigured_asps_max"`
}

// M2UA has everything of M2UA: ports, ASPs and gateways, interfaces that this node offers, links at gateways.
type M2UA struct {
	Configured bool          `json:"configured"`
	Ports      []Port        `json:"ports"`
	ASPs       []ASP         `json:"asps"` // and gateways
	ASs        []M2UAAS      `json:"application_servers"`
	Links      []GatewayLink `json:"links_at_gateways"`
}

// M2UAAS is an application server of M2UA (RFC 3331 §1.2), which uses interfaces of this node.
type M2UAAS struct {
	Name        string          `json:"name"`
	State       string          `json:"state"`
	Reason      string          `json:"reason,omitempty"`
	TrafficMode string          `json:"traffic_mode"`
	ASPs        []Membership    `json:"asps"`
	Interfaces  []M2UAInterface `json:"interfaces"`
}

// M2UAInterface is a link's level 2 that this node offers to an AS.
type M2UAInterface struct {
	Name      string    `json:"name"`
	Ends      string    `json:"ends"` // of the link, as it is configured
	Level2    string    `json:"level2_state"`
	Reason    string    `json:"reason,omitempty"` // why it carries nothing
	InService bool      `json:"in_service"`
	Since     time.Time `json:"since,omitzero"`
	Event     string    `json:"event"`
	Waiting   int       `json:"waiting_messages"` // for an ASP
	Level     uint32    `json:"congestion_level"`

	Association *Association    `json:"association"`
	Counters    InterfaceCounts `json:"counters"`
	M2PA        Level2Counts    `json:"m2pa"`
}

// InterfaceCounts counts the messages of an interface that this node offers.
type InterfaceCounts struct {
	Messages           []InOut `json:"messages"`
	Refused            []Count `json:"messages_refused"`
	Failures           uint64  `json:"failures"`
	Outages            uint64  `json:"outages_without_asp"`
	Retrieved          uint64  `json:"retrieved"`
	CongestionHeldBack uint64  `json:"congestion_told_late_or_not"`
}

// GatewayLink is a link whose level 2 is at a gateway.
type GatewayLink struct {
	Name      string            `json:"name"`
	Linkset   string            `json:"linkset"`
	SLC       uint8             `json:"slc"`
	Interface string            `json:"interface"`
	Gateway   string            `json:"gateway"`
	State     string            `json:"state"`
	InService bool              `json:"in_service"`
	Since     time.Time         `json:"since,omitzero"`
	Reason    string            `json:"reason"` // of the state
	Level     uint32            `json:"congestion_level"`
	Counters  GatewayLinkCounts `json:"counters"`
}

// GatewayLinkCounts counts the messages of a link at a gateway.
type GatewayLinkCounts struct {
	MSUsIn       uint64  `json:"msus_in"`
	MSUsOut      uint64  `json:"msus_out"`
	OctetsIn     uint64  `json:"octets_in"`
	OctetsOut    uint64  `json:"octets_out"`
	Messages     []InOut `json:"messages"`
	Refused      []Count `json:"messages_refused"`
	Failures     uint64  `json:"failures"`
	Retrieved    uint64  `json:"retrieved"`
	EarlyLost    uint64  `json:"before_start"` // MSUs that came before the link was started, and are lost
	TooLong      uint64  `json:"not_sent_too_long"`
	NotInService uint64  `json:"not_sent_out_of_service"`
}
