package status

import "time"

// Alarm is what is wrong with a node.
type Alarm struct {
	Instance uint8     `json:"instance"`
	Severity string    `json:"severity"` // Critical, Major, Minor or Warning
	Since    time.Time `json:"since"`
	Object   string    `json:"object"`
	Reason   string    `json:"reason"`
}

// AlarmChange is what became of an alarm.
type AlarmChange struct {
	Instance uint8     `json:"instance"`
	Time     time.Time `json:"time"`
	What     string    `json:"change"` // RAISED, CHANGED or CLEARED
	Severity string    `json:"severity"`
	Object   string    `json:"object"`
	Reason   string    `json:"reason"`
}
