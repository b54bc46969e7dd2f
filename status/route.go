package status

// RouteTable is the route table: all destinations, or those that cover one point.
type RouteTable struct {
	Dynamic      int           `json:"dynamic_routes"`
	DynamicMax   int           `json:"dynamic_routes_max"`
	Total        int           `json:"destinations_total"` // of the whole table
	RoutesTotal  int           `json:"routes_total"`
	Destinations []Destination `json:"destinations"`
	// Overloads are congested points that have no route of their own.
	Overloads []Overload `json:"congested_points"`
	// Explanation is how an MSU for the point would be routed, where one point was asked for.
	Explanation *Explanation `json:"explanation,omitempty"`
}

// Destination is a destination with the routes that one or more lines of the route table give it.
type Destination struct {
	Destination string    `json:"destination"` // PC/LEN
	State       string    `json:"state"`       // acces or INACC
	Routes      []Route   `json:"routes"`
	Congestion  *Overload `json:"congestion,omitempty"`
	Use         *RouteUse `json:"use,omitempty"` // where the details were asked for
}

// Route is one way to a destination.
type Route struct {
	Priority int    `json:"priority"`
	Over     string `json:"linkset"` // or `as NAME`, or a point of another instance
	State    string `json:"state"`   // avail, UNAVAIL or RESTRIC
	Dynamic  string `json:"kind"`    // dyn management, dyn shadow, alias; nothing: it is configured
	Reason   string `json:"reason,omitempty"`
	// Server tells that the route leads to an application server or another instance.
	Server bool `json:"to_server"`
	// Linkset and NonAdjacent are the two halves of State: whether the linkset carries traffic, and
	// what the adjacent point says of the destination.
	Linkset     string `json:"linkset_state"`
	NonAdjacent string `json:"non_adjacent_state"`
}

// Overload is a congested point.
type Overload struct {
	Destination string `json:"destination"`
	Level       uint32 `json:"level"`
	Reason      string `json:"reason"`
}

// RouteUse tells what the MSUs for a destination leave by now.
type RouteUse struct {
	Inaccessible string   `json:"inaccessible,omitempty"` // the reason
	Via          string   `json:"via,omitempty"`          // the covering destination whose routes serve
	SLSMax       int      `json:"sls_max"`
	Spread       []Spread `json:"spread"`
}

// Spread has the SLS values that go to one link or server.
type Spread struct {
	To  string `json:"to"`
	SLS []int  `json:"sls"`
	All bool   `json:"all"` // whether these are all values
}

// Explanation is the fate of one MSU, and how it was found.
type Explanation struct {
	Destination string `json:"destination"`
	Decimal     uint32 `json:"destination_decimal"`
	SLS         uint8  `json:"sls"`
	From        string `json:"from,omitempty"`      // `linkset NAME` or `as NAME`
	FromDown    bool   `json:"from_down,omitempty"` // nothing can come from there now
	Match       *Match `json:"longest_match,omitempty"`
	Fate        string `json:"fate"` // delivered, waits, forwarded or discarded
	// Reason is why the MSU is discarded, and Detail what more there is to know.
	Reason  string `json:"reason,omitempty"`
	Detail  string `json:"detail,omitempty"`
	Linkset string `json:"linkset,omitempty"` // or server
	Link    *uint8 `json:"slc,omitempty"`
	Avoided bool   `json:"first_choice_leads_back,omitempty"`
	Keyed   bool   `json:"by_routing_key,omitempty"`
	// ASPs is to whom the MSU goes in an application server.
	ASPs *ASPChoice `json:"to_asps,omitempty"`
}

// ASPChoice is to which ASPs of an application server an MSU goes.
type ASPChoice struct {
	How   string `json:"how"`            // one, all, in-turn, or waits: for an ASP to become active
	Name  string `json:"name,omitempty"` // of the one
	Count int    `json:"count"`          // of those that it may go to
}

// Match is the destination of the table that covers a point most closely.
type Match struct {
	Destination string       `json:"destination"`
	First       string       `json:"first"`
	Last        string       `json:"last"`
	Routes      []MatchRoute `json:"routes"`
	Via         string       `json:"via,omitempty"` // a wider destination, whose routes serve
}

// MatchRoute is a route of the longest match.
type MatchRoute struct {
	Priority int    `json:"priority"`
	Over     string `json:"linkset"`
	Server   bool   `json:"to_server"`
	State    string `json:"state"` // available, UNAVAILABLE, PROHIBITED or RESTRICTED
	// By is the point that prohibits or restricts the destination, and Message the message by which it does.
	By      string `json:"by,omitempty"`
	Message string `json:"message,omitempty"`
}

// OwnCode is a point code of the node.
type OwnCode struct {
	Instance   uint8  `json:"instance"`
	Code       string `json:"point_code"`
	Kind       string `json:"type"` // local, secondary or capability
	State      string `json:"state"`
	Congestion uint32 `json:"congestion_level"`
}

// Mask has the codes that PC/LEN covers.
type Mask struct {
	Destination string `json:"destination"`
	First       string `json:"first"`
	Last        string `json:"last"`
	FirstNumber uint32 `json:"first_decimal"`
	LastNumber  uint32 `json:"last_decimal"`
	Codes       uint32 `json:"codes"`
	Mask        string `json:"mask"`
}

// Code is a point code in every notation, and what it is to the node.
type Code struct {
	Code     string   `json:"point_code"`
	Decimal  uint32   `json:"decimal"`
	Variant  string   `json:"variant"`
	Hosts    []string `json:"host_names"`
	Own      []string `json:"own"` // which code of the node it is
	Linksets []string `json:"adjacent_by"`
}
