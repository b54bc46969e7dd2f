package status

import "time"

// Association is an SCTP association, or a TCP connection in its place; or why there is none.
type Association struct {
	ID       uint32    `json:"id,omitempty"`     // 0: there is none
	State    string    `json:"state"`            // none, or that of the transport
	Reason   string    `json:"reason,omitempty"` // why there is none
	Attempts uint64    `json:"attempts"`
	Since    time.Time `json:"since,omitzero"`

	LastError  string `json:"last_error,omitempty"`
	OutStreams uint16 `json:"streams_out"`
	InStreams  uint16 `json:"streams_in"`
	Paths      []Path `json:"paths"`
	Before     *Ended `json:"before,omitempty"` // the association before this one
}

// None tells whether there is no association.
func (a *Association) None() bool { return a.ID == 0 }

// Path is one pair of addresses of an association.
type Path struct {
	Address   string `json:"address"` // of the far end
	Local     string `json:"local_address,omitempty"`
	Active    bool   `json:"active"`
	Reason    string `json:"reason,omitempty"` // why it is inactive
	Primary   bool   `json:"primary"`
	Confirmed bool   `json:"confirmed"` // a HEARTBEAT was answered
}
