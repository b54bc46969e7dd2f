package status

import "time"

// SCCPMap is a subsystem elsewhere, as `cs7 gtt map` names it, with its mate.
type SCCPMap struct {
	PC             string `json:"point_code"`
	SSN            uint8  `json:"ssn"`
	Multiplicity   string `json:"multiplicity"` // solitary, shared or dominant
	BackupPC       string `json:"backup_point_code,omitempty"`
	BackupSSN      uint8  `json:"backup_ssn,omitempty"`
	PointState     string `json:"point_state"`     // allowed or prohib
	SubsystemState string `json:"subsystem_state"` // allowed or prohib
}

// SCCPPoint is what SCCP's management knows of a signalling point elsewhere (Q.714 §5).
type SCCPPoint struct {
	PC         string `json:"point_code"`
	Prohibited []int  `json:"prohibited_ssns"` // tested with SST until they answer
	// Messages below the importance Restriction are not sent to a congested point, and SubRestriction quarters of the
	// messages of that importance are not sent either (Q.714 §5.2.8).
	Congested      bool  `json:"congested"`
	Restriction    uint8 `json:"restriction_level"`
	SubRestriction uint8 `json:"restriction_sublevel"`
}

// SCCPMaps has the subsystems elsewhere and their points.
type SCCPMaps struct {
	Maps   []SCCPMap   `json:"maps"`
	Points []SCCPPoint `json:"points"`
}

// Titles is global title translation: its table, and how often it was used.
type Titles struct {
	Selectors []Selector   `json:"selectors"`
	Groups    []TitleGroup `json:"application_groups"`
	Unrelayed []Count      `json:"not_relayed"` // by reason
	File      *TitleFile   `json:"file,omitempty"`
	// Faults tells what is wrong with the file that was read last and refused.
	Faults     []string `json:"file_faults"`
	CompiledNS int64    `json:"compile_time_ns"`
}

// Selector is a table of translations for one nature of address.
type Selector struct {
	Name       string `json:"name"`
	Nature     string `json:"nature"`
	Entries    int    `json:"entries"`
	Translated uint64 `json:"translated"`
	NotFound   uint64 `json:"not_found"`
	// Counted tells whether entries are counted one by one, which is so up to CountedMax entries. Used has the entries
	// that were used.
	Counted    bool        `json:"entries_counted"`
	CountedMax int         `json:"entries_counted_max"`
	Used       []TitleUsed `json:"entries_used"`
}

// TitleUsed is an entry that was used.
type TitleUsed struct {
	Digits   string `json:"digits"` // none: the default
	To       string `json:"to"`
	Messages uint64 `json:"messages"`
}

// TitleGroup is an application group.
type TitleGroup struct {
	Name    string        `json:"name"`
	Mode    string        `json:"multiplicity"`
	Members []TitleMember `json:"members"`
}

// TitleMember is a destination of a group.
type TitleMember struct {
	To       string `json:"to"`
	Cost     uint8  `json:"cost"`
	Messages uint64 `json:"messages"`
	State    string `json:"state"` // usable, or why not
	Chosen   bool   `json:"chosen,omitempty"`
}

// TitleFile is the file of entries that is in use.
type TitleFile struct {
	Name    string `json:"name"`
	Entries int    `json:"entries"`
	ReadNS  int64  `json:"read_time_ns"`
}

// SCCP counts the messages of SCCP.
type SCCP struct {
	Messages    []InOut `json:"messages"`
	Translated  uint64  `json:"translated"`
	Delivered   uint64  `json:"for_subsystems_here"`
	Returned    uint64  `json:"returned"`
	Unrelayed   []Count `json:"not_relayed"` // by reason
	NotBelieved uint64  `json:"management_not_believed"`
	Management  []InOut `json:"management_messages"`
}

// Subsystem is a subsystem of this node.
type Subsystem struct {
	SSN     uint8  `json:"ssn"`
	State   string `json:"state"` // allowed or prohib
	MatePC  string `json:"other_half_point_code,omitempty"`
	MateSSN uint8  `json:"other_half_ssn,omitempty"`
	// GrantUntil is until when the other half may grant that the subsystem goes out of service (Q.714 §5.3.5).
	GrantUntil time.Time `json:"grant_awaited_until,omitzero"`
	Reason     string    `json:"reason,omitempty"` // why it is prohibited
}

// Translation is what would become of a message to a global title.
type Translation struct {
	Called      string       `json:"called_address"`
	Selector    string       `json:"selector,omitempty"`
	Nature      string       `json:"selector_nature,omitempty"`
	Entries     int          `json:"selector_entries,omitempty"`
	Conversion  string       `json:"conversion,omitempty"`
	ByCalling   bool         `json:"by_calling_address"`
	LookedUp    string       `json:"looked_up,omitempty"` // digits
	Found       bool         `json:"found"`
	Entry       string       `json:"entry,omitempty"` // digits
	Group       *TitleGroup  `json:"application_group,omitempty"`
	To          *TitleMember `json:"to,omitempty"` // where the entry has no group
	MateTakes   bool         `json:"mate_takes_it"`
	Fate        string       `json:"fate"` // forwarded, delivered or not relayed
	SSN         uint8        `json:"ssn,omitempty"`
	Reason      string       `json:"reason,omitempty"`
	Cause       *uint8       `json:"return_cause,omitempty"`
	CauseText   string       `json:"return_cause_text,omitempty"`
	MessageType string       `json:"leaves_as,omitempty"`
	DPC         string       `json:"destination_point_code,omitempty"`
	Out         string       `json:"new_called_address,omitempty"`
	Route       string       `json:"route,omitempty"`
	ASPs        *ASPChoice   `json:"to_asps,omitempty"`        // to whom in an application server
	Discarded   string       `json:"route_discards,omitempty"` // why there is no route
}

// TitlesRead is the result of reading the file of entries again.
type TitlesRead struct {
	Faults   []string
	Entries  int
	Read     time.Duration
	Compiled time.Duration
}
