package status

// Ping is what a test of a signalling point by the MTP testing user part (Q.755) has found.
type Ping struct {
	Destination string `json:"destination"`
	Sent        int    `json:"sent"`
	Received    int    `json:"received"`
	Refused     int    `json:"not_sent"`
	Duplicated  int    `json:"answered_twice"`
	Misordered  int    `json:"out_of_order"`
	Late        int    `json:"late"`
	NoUser      bool   `json:"no_user"` // the point says that nobody there takes SI 8
	MinMS       int64  `json:"rtt_min_ms"`
	AvgMS       int64  `json:"rtt_avg_ms"`
	MaxMS       int64  `json:"rtt_max_ms"`
	InRate      int    `json:"messages_in_per_s"`
	InKbit      int    `json:"kbit_in_per_s"`
	OutRate     int    `json:"messages_out_per_s"`
	OutKbit     int    `json:"kbit_out_per_s"`
	// Verdict says in sentences what the figures leave open: where messages were lost, and why.
	Verdict []string `json:"verdict"`
}
