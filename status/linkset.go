package status

import "time"

// Linkset is a linkset with its links.
type Linkset struct {
	Name      string    `json:"name"`
	Adjacent  string    `json:"adjacent_point_code"`
	State     string    `json:"state"` // avail, UNAVAIL or shutdown
	Reason    string    `json:"reason"`
	Since     time.Time `json:"since,omitzero"`
	Available int       `json:"links_available"`
	Total     int       `json:"links_total"`
	Links     []Link    `json:"links"`
}

// The kinds of a link, by what its level 2 is.
const (
	KindM2PA = "m2pa"
	KindM2UA = "m2ua" // it is at a gateway
)

// Link is one signalling link.
type Link struct {
	Linkset   string `json:"linkset"`
	SLC       uint8  `json:"slc"`
	Kind      string `json:"kind"`       // m2pa, or m2ua: level 2 is at a signalling gateway
	Ends      string `json:"ends"`       // of the link, as it is configured
	Service   string `json:"service"`    // avail, UNAVAIL, FAILED or shutdown
	PeerState string `json:"peer_state"` // of level 2, or NoAssociation
	Inhibited string `json:"inhibited"`  // LOC, REM, LOC/REM or nothing
	// Reason says why the link carries no traffic, Fault what is wrong with one that does.
	Reason string `json:"reason,omitempty"`
	Fault  string `json:"fault,omitempty"`

	FarEnd      string       `json:"far_end_address,omitempty"` // of M2PA: the first address
	FarPort     uint16       `json:"far_end_port,omitempty"`
	Level3      Level3       `json:"level3"`
	Level2      Level2       `json:"level2"`
	Congestion  Congestion   `json:"congestion"`
	Association *Association `json:"association"`
	Counters    Level2Counts `json:"counters"`
	Rates       Utilization  `json:"utilization"`

	// The timers that hold for the link, if a command asks for them.
	Timers     []Setting `json:"level3_timers,omitempty"`
	M2PATimers []Setting `json:"m2pa_timers,omitempty"`
}

// Level3 is a link as MTP3 sees it.
type Level3 struct {
	State         string    `json:"state"`
	Reason        string    `json:"reason"`
	Since         time.Time `json:"since,omitzero"`
	FarFault      string    `json:"far_end_fault,omitempty"`
	TimesUp       uint64    `json:"times_available"`
	NextAlignment time.Time `json:"next_alignment,omitzero"`
	Diversion     string    `json:"diversion,omitempty"` // under way: changeover, changeback …
	Waiting       int       `json:"waiting_msus"`        // MSUs that wait for the end of the diversion
}

// Level2 is the state of a link's level 2.
type Level2 struct {
	State         string    `json:"state"`
	Reason        string    `json:"reason"`
	Since         time.Time `json:"since,omitzero"`
	NoAssociation string    `json:"no_association,omitempty"` // why there is no association
	FSN           uint32    `json:"fsn_sent"`
	Acknowledged  uint32    `json:"fsn_acknowledged"`
	BSN           uint32    `json:"bsn_received"`
	Unacked       int       `json:"unacknowledged"`
	Queued        int       `json:"queued"`
	FarBusy       bool      `json:"far_end_busy"`
	LocalBusy     bool      `json:"local_busy"`
	LocalOutage   bool      `json:"local_processor_outage"`
	FarOutage     bool      `json:"far_end_processor_outage"`
	Emergency     bool      `json:"emergency_proving"`
}

// Congestion is a link's transmit queue and what its length has led to (Q.704 §3.8).
type Congestion struct {
	Level        uint32      `json:"level"`
	Reason       string      `json:"reason,omitempty"`
	DiscardLevel uint8       `json:"discard_below_priority"`
	Queue        int         `json:"queue"`
	QueueMax     int         `json:"queue_max"`
	QueuePeak    int         `json:"queue_peak"`
	Priorities   bool        `json:"with_priorities"`
	Thresholds   []Threshold `json:"thresholds"`
}

// Threshold is where a level of congestion begins and ends, in MSUs of the queue. In a network with
// priorities, MSUs of a priority below the level are discarded above Discard.
type Threshold struct {
	Level   int `json:"level"`
	Onset   int `json:"onset"`
	Abate   int `json:"abate"`
	Discard int `json:"discard,omitempty"`
}

// Level2Counts are the counters of M2PA.
type Level2Counts struct {
	MSUsIn       uint64 `json:"msus_in"`
	MSUsOut      uint64 `json:"msus_out"`
	OctetsIn     uint64 `json:"octets_in"`
	OctetsOut    uint64 `json:"octets_out"`
	AcksIn       uint64 `json:"acknowledgements_in"`
	AcksOut      uint64 `json:"acknowledgements_out"`
	Alignments   uint64 `json:"alignments"`
	Failures     uint64 `json:"failures"`
	QueueFull    uint64 `json:"not_sent_queue_full"`
	Shed         uint64 `json:"not_sent_low_priority"`
	NotInService uint64 `json:"not_sent_out_of_service"`
	Lost         uint64 `json:"lost_with_link"`
	Retrieved    uint64 `json:"retrieved"`
	Unconfirmed  uint64 `json:"never_confirmed"`

	Discarded []Count `json:"discarded"` // received and discarded, by reason
	Messages  []InOut `json:"link_status_messages"`
	Expired   []Count `json:"timers_expired"`
}

// InOut counts messages of one kind, received and sent.
type InOut struct {
	Name string `json:"name"`
	In   uint64 `json:"in"`
	Out  uint64 `json:"out"`
}

// Utilization is what a link carries, as rates over different times.
type Utilization struct {
	Last10s  Rates `json:"last_10s"`
	Last5min Rates `json:"last_5min"`
	Peak10s  Rates `json:"peak_of_10s"`
}

// Rates are per second.
type Rates struct {
	MSUsIn  float64 `json:"msus_in_per_s"`
	MSUsOut float64 `json:"msus_out_per_s"`
	KbitIn  float64 `json:"kbit_in_per_s"`
	KbitOut float64 `json:"kbit_out_per_s"`
}
