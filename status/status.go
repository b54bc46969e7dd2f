// Package status has what can be known of a running node, as plain values. Each is a picture of one moment, which
// nobody changes afterwards. `show` prints these values, `| json` encodes them, and other programs that watch a node
// read them.
//
// A point code is text, in the notation of its node. A state is the word that `show` prints for it, and the reason of a
// state stands beside it. A time is when something began, ended or is due; a duration has its unit in its name (t1_ms).
// A counter counts since the node started, unless it says otherwise. A list that is empty may be nil, which JSON writes
// as an empty one. docs/json.md says the same to those who read the JSON.
package status

import "time"

// Setting is one timer or limit: its name, what it is set to, and what it would be.
type Setting struct {
	Name      string `json:"name"`
	ValueMS   int64  `json:"value_ms"`
	DefaultMS int64  `json:"default_ms,omitempty"`
	SetBy     string `json:"set_by,omitempty"` // link, linkset, node or default, where that is known
	Purpose   string `json:"purpose,omitempty"`
}

// Count is one counter.
type Count struct {
	Name  string `json:"name"`
	Value uint64 `json:"value"`
}

// Ended is an association that has ended, and why.
type Ended struct {
	Began  time.Time `json:"began"`
	Ended  time.Time `json:"ended"`
	Reason string    `json:"reason"`
}

// Lines is a text that is given as it is, such as lines of configuration.
type Lines struct {
	Lines []string `json:"lines"`
}
