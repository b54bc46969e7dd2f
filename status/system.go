package status

import "time"

// Version is what a program is, and since when it runs.
type Version struct {
	Version    string      `json:"version"`
	Hostname   string      `json:"hostname"`
	Started    time.Time   `json:"started"`
	Startup    string      `json:"startup_configuration"` // where it is kept
	Transports []Transport `json:"transports"`
}

// AccessLists has the access lists of all instances, and tells what became of copies of MSUs.
type AccessLists struct {
	Instances int          `json:"instances"` // how many the node has; each has lists of its own
	Lists     []AccessList `json:"access_lists"`
	Copies    *Copies      `json:"paklog,omitempty"` // left out: no MSUs are copied
}

// AccessList is a list of conditions. The first entry that matches an MSU decides.
type AccessList struct {
	Number   uint16        `json:"number"`
	Instance uint8         `json:"instance"`
	Entries  []AccessEntry `json:"entries"`
}

// AccessEntry is one condition.
type AccessEntry struct {
	Text    string  `json:"entry"`             // as it is configured
	Matches *uint64 `json:"matches,omitempty"` // left out: the list is not in use
}

// Copies counts the copies of MSUs that were sent to a receiver.
type Copies struct {
	List   uint16 `json:"access_list"`
	To     string `json:"to"`
	Sent   uint64 `json:"copied"`
	LetGo  uint64 `json:"let_go"` // let go because too many waited
	Failed uint64 `json:"not_sent"`
	Reason string `json:"reason,omitempty"` // why the last of these was not sent
}

// Log is the last lines of the event log.
type Log struct {
	Total uint64   `json:"total"` // since the start
	Lines []string `json:"lines"` // the oldest first
}

// Startup is the startup configuration with what is wrong in its lines.
type Startup struct {
	Name  string        `json:"name"` // where it is kept
	Bytes int           `json:"bytes"`
	Lines []StartupLine `json:"lines"`
	// Faults counts what is left out of the configuration. Others has the faults that are about no line.
	Faults int      `json:"faults"`
	Others []string `json:"other_faults"`
}

// StartupLine is a line of the startup configuration.
type StartupLine struct {
	Text    string   `json:"text"`
	LeftOut []string `json:"left_out"` // why the object that it configures is left out
}

// Clock is the time of day.
type Clock struct {
	Time time.Time `json:"time"`
}
