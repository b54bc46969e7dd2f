package status

import "time"

// Event is something that happened.
type Event struct {
	Time time.Time `json:"time"`
	Text string    `json:"text"`
}

// MTP3 is what level 3 has carried and discarded.
type MTP3 struct {
	Transferred uint64  `json:"msus_transferred"`
	Delivered   uint64  `json:"msus_delivered"`
	Discarded   []Count `json:"msus_discarded"` // by reason
	Refused     uint64  `json:"associations_refused"`

	Tests      LinkTests  `json:"link_tests"`
	Management Management `json:"network_management"`
	Traces     Traces     `json:"traces"`
}

// LinkTests counts the messages of Q.707.
type LinkTests struct {
	SLTMIn     uint64 `json:"sltm_in"`
	SLTMOut    uint64 `json:"sltm_out"`
	SLTAIn     uint64 `json:"slta_in"`
	SLTAOut    uint64 `json:"slta_out"`
	Failed     uint64 `json:"failed"`
	Unanswered uint64 `json:"not_for_this_link"`
	Unread     uint64 `json:"not_understood"`
}

// Traces counts what this node did for the traces of other nodes.
type Traces struct {
	Answered uint64 `json:"answered"`
	Passed   uint64 `json:"reports_passed_on"`
	TooFast  uint64 `json:"dropped_too_fast"`
}

// Management counts network management, in messages and in what they led to.
type Management struct {
	In             uint64    `json:"messages_in"`
	Out            uint64    `json:"messages_out"`
	Ignored        uint64    `json:"without_effect"`
	Changeovers    uint64    `json:"changeovers"`
	NoAnswer       uint64    `json:"changeovers_without_answer"` // within T2
	Forced         uint64    `json:"forced_reroutings"`
	Controlled     uint64    `json:"controlled_reroutings"`
	DynamicRefused uint64    `json:"dynamic_routes_refused"`
	TestsFailed    uint64    `json:"link_tests_failed"`
	Messages       []InOut   `json:"messages"`
	Circles        Circles   `json:"circles"`
	Doubted        []Doubted `json:"not_believed"`
}

// Circles counts the search for messages that go round for ever.
type Circles struct {
	Suspected  uint64 `json:"suspected"`
	Sent       uint64 `json:"probes_sent"`
	Returned   uint64 `json:"probes_returned"`
	Unanswered uint64 `json:"probes_not_returned"`
	Proven     uint64 `json:"proven"`
	Discarded  uint64 `json:"msus_discarded"`
}

// Doubted counts messages that were not believed: they speak for a point to which only another way leads than the one
// by which they came.
type Doubted struct {
	Message string `json:"message"`
	Count   uint64 `json:"count"`
	Reason  string `json:"reason"`
}
