package status

import (
	"fmt"
	"time"
)

// Association is an SCTP association, or a TCP connection in its place; or why there is none.
type Association struct {
	ID       uint32    `json:"id,omitempty"` // 0: there is none
	State    string    `json:"state"`        // none, or that of the transport
	TCP      bool      `json:"tcp"`
	Reason   string    `json:"reason,omitempty"` // why there is none
	Attempts uint64    `json:"attempts"`
	Since    time.Time `json:"since,omitzero"`

	Local         []string `json:"local_addresses"`
	LocalPort     uint16   `json:"local_port,omitempty"`
	Remote        []string `json:"far_end_addresses"`
	RemotePort    uint16   `json:"far_end_port,omitempty"`
	LocalTag      uint32   `json:"local_tag,omitempty"`
	RemoteTag     uint32   `json:"far_end_tag,omitempty"`
	LastError     string   `json:"last_error,omitempty"`
	OutStreams    uint16   `json:"streams_out"`
	InStreams     uint16   `json:"streams_in"`
	Paths         []Path   `json:"paths"`
	QueuedOut     int      `json:"queued_octets_out"`
	QueuedIn      int      `json:"queued_octets_in"`
	FarEndHasRoom uint32   `json:"far_end_window_octets"`

	Counters AssociationCounts `json:"counters"`
	Before   *Ended            `json:"before,omitempty"` // the association before this one
}

// None tells whether there is no association.
func (a *Association) None() bool { return a.ID == 0 }

// Tried is the reason why there is no association, with how often one was tried.
func Tried(reason string, attempts uint64) string {
	switch attempts {
	case 0:
		return reason
	case 1:
		return reason + "; 1 attempt"
	}
	return fmt.Sprintf("%s; %d attempts", reason, attempts)
}

// Path is one pair of addresses of an association.
type Path struct {
	Address   string `json:"address"` // of the far end
	Local     string `json:"local_address,omitempty"`
	Active    bool   `json:"active"`
	Reason    string `json:"reason,omitempty"` // why it is inactive
	Primary   bool   `json:"primary"`
	Confirmed bool   `json:"confirmed"` // a HEARTBEAT was answered

	RTOMS      int64  `json:"rto_ms"`
	SRTTUS     int64  `json:"srtt_us"`
	CWND       uint32 `json:"cwnd"`
	SSThresh   uint32 `json:"ssthresh"`
	InFlight   int    `json:"in_flight_octets"`
	MTU        int    `json:"mtu"`
	Errors     int    `json:"errors"`
	Resent     uint64 `json:"sent_again"`
	Heartbeats uint64 `json:"heartbeats"`
}

// AssociationCounts counts what an association carried and lost.
type AssociationCounts struct {
	MessagesIn      uint64 `json:"messages_in"`
	MessagesOut     uint64 `json:"messages_out"`
	OctetsIn        uint64 `json:"message_octets_in"`
	OctetsOut       uint64 `json:"message_octets_out"`
	PacketsIn       uint64 `json:"packets_in"`
	PacketsOut      uint64 `json:"packets_out"`
	ChunksIn        uint64 `json:"data_chunks_in"`
	ChunksOut       uint64 `json:"data_chunks_out"`
	Retransmits     uint64 `json:"sent_again"`
	FastRetransmits uint64 `json:"sent_again_fast"`
	Timeouts        uint64 `json:"timeouts"`
	Duplicates      uint64 `json:"received_again"`
	Discarded       uint64 `json:"discarded_as_wrong"`
}

// AssociationUse is an association with its owner: a link, an interface that this node offers by M2UA, an ASP or a
// gateway.
type AssociationUse struct {
	Instance uint8  `json:"instance"`
	Owner    string `json:"owner"`
	UsedBy   string `json:"used_by"` // as a column of `show sctp association` has it
	Linkset  string `json:"linkset,omitempty"`
	SLC      *uint8 `json:"slc,omitempty"`
	ASP      string `json:"asp,omitempty"` // or gateway
	Port     uint16 `json:"local_port"`
	FarEnd   string `json:"far_end"`            // as it is, or as it is configured
	WithWhom string `json:"far_end_configured"` // in words
	Carrier  string `json:"transport,omitempty"`
	// NotOffered has the configured addresses of the far end that the far end itself does not list.
	NotOffered  []string            `json:"addresses_not_offered"`
	Association *Association        `json:"association"`
	Settings    AssociationSettings `json:"settings"`
}

// AssociationSettings is what an association is set up with.
type AssociationSettings struct {
	InitTimeoutMS    int64  `json:"init_timeout_ms"`
	InitRetransmits  int    `json:"init_retransmit"`
	InitDSCP         uint8  `json:"init_ip_dscp"`
	RTOMinMS         int64  `json:"retransmit_timeout_min_ms"`
	RTOMaxMS         int64  `json:"retransmit_timeout_max_ms"`
	SackMS           int64  `json:"cumulative_sack_ms"`
	KeepaliveMS      int64  `json:"keepalive_ms,omitempty"` // left out: off
	PathRetransmits  int    `json:"path_retransmit"`
	AssocRetransmits int    `json:"assoc_retransmit"`
	DSCP             uint8  `json:"ip_dscp"`
	Bundling         bool   `json:"bundling"`
	ReceiveWindow    int    `json:"receive_window_octets"`
	SendBuffer       int    `json:"send_buffer_octets"`
	OutStreams       uint16 `json:"streams_out"`
	InStreams        uint16 `json:"streams_in"`
}

// Transport is what carries SCTP at a port. If there is no port, it is what would carry SCTP at one.
type Transport struct {
	Kind   string `json:"kind,omitempty"` // of the port: local-peer, m3ua or m2ua
	Port   uint16 `json:"port,omitempty"`
	TCP    bool   `json:"tcp"` // no SCTP: a TCP connection in its place
	Name   string `json:"transport,omitempty"`
	Reason string `json:"reason,omitempty"` // why there is none
}

// SCTP has the counters of each transport in use, and the memory that associations share.
type SCTP struct {
	Cleared    time.Time       `json:"cleared,omitzero"` // since when the counters of transports count
	Memory     SharedMemory    `json:"memory"`
	Transports []TransportUsed `json:"transports"`
	Sum        []Count         `json:"sum"`
}

// TransportUsed is a transport and the ports over it.
type TransportUsed struct {
	Name     string   `json:"name"`
	Ports    []uint16 `json:"ports"`
	Counters []Count  `json:"counters"`
}

// SharedMemory is the memory that associations use of a common room, beyond what each has of its own.
type SharedMemory struct {
	Fragments    int    `json:"unfinished_messages_octets"`
	FragmentsMax int    `json:"unfinished_messages_octets_max"`
	Ended        uint64 `json:"associations_ended_for_it"`
	Outgoing     int    `json:"waiting_for_far_ends_octets"`
	OutgoingMax  int    `json:"waiting_for_far_ends_octets_max"`
	Refused      uint64 `json:"messages_refused_for_it"`
	ForASPs      int64  `json:"waiting_for_asps_octets"`
	ForASPsMax   int64  `json:"waiting_for_asps_octets_max"`
	ForLocal     int    `json:"waiting_for_local_users_msus"`
	ForLocalMax  int    `json:"waiting_for_local_users_msus_max"`
}
