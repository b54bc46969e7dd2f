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
