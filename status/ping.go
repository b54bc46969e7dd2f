package status

// Ping is the result of a test of a signalling point by the MTP testing user part (Q.755).
type Ping struct {
	Destination string   `json:"destination"`
	Origin      string   `json:"origin"`
	TimeoutMS   int64    `json:"timeout_ms"`
	Sent        int      `json:"sent"`
	Received    int      `json:"received"`
	Refused     int      `json:"not_sent"`
	Duplicated  int      `json:"answered_twice"`
	Misordered  int      `json:"out_of_order"`
	Late        int      `json:"late"`
	NoUser      bool     `json:"no_user"` // the point says that nobody there takes SI 8
	MinMS       int64    `json:"rtt_min_ms"`
	AvgMS       int64    `json:"rtt_avg_ms"`
	MaxMS       int64    `json:"rtt_max_ms"`
	InRate      int      `json:"messages_in_per_s"`
	InKbit      int      `json:"kbit_in_per_s"`
	OutRate     int      `json:"messages_out_per_s"`
	OutKbit     int      `json:"kbit_out_per_s"`
	Refusal     *Refusal `json:"refusal,omitempty"`
	Losses      []Loss   `json:"losses"`
	AllAnswered []int    `json:"sls_all_answered"`       // SLS values that lost nothing, if others did
	NoRouteNow  string   `json:"no_route_now,omitempty"` // the reason, if there was a route when the test began
	Warnings    []string `json:"warnings"`
}

// Refusal is why messages could not be sent.
type Refusal struct {
	Reason string `json:"reason"`        // when they were sent
	Now    string `json:"now,omitempty"` // what still stands in the way
	SLS    []int  `json:"sls"`           // empty: all of them
}

// Loss is the messages that were lost after they had left by one way, and what is known of that way.
type Loss struct {
	Count  int    `json:"count"`
	SLS    []int  `json:"sls"`
	SentBy string `json:"sent_by"`
	Reason string `json:"reason"`
	// Beyond tells that, as far as is known, the far end of the way has the messages.
	Beyond bool `json:"lost_beyond"`
}
