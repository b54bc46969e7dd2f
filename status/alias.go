package status

// Aliases has the points of other instances that have an alias in this one, and counts what has crossed.
type Aliases struct {
	Aliases   []Alias    `json:"aliases"`
	Crossings []Crossing `json:"crossings"`
}

// Alias is the code by which a point of another instance is known here.
type Alias struct {
	Alias    string `json:"alias"`
	State    string `json:"state"` // acces or INACC
	Instance uint8  `json:"to_instance"`
	Code     string `json:"point_code_there"`
}

// Crossing counts what goes from this instance to another.
type Crossing struct {
	Instance uint8  `json:"to_instance"`
	Crossed  uint64 `json:"msus_crossed"`
	NoAlias  uint64 `json:"discarded_origin_without_alias"`
	NoInside uint64 `json:"discarded_sccp_without_alias"` // a code or title in an SCCP address
}
