package configs

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gostp/gostp/ss7"
)

// The values below are what a line of the configuration says by a word of its own. A word is spelt
// once, in String: statements are declared with the values (cli.Value), and the program compares
// values. In each of these types zero means that no line says anything; where that has a
// meaning of its own, the constant that means the same is marked as the default.

// spell gives the word of value v, the first word being that of 1; empty for zero.
func spell[V ~uint8](v V, words ...string) string {
	if v == 0 || int(v) > len(words) {
		return ""
	}
	return words[v-1]
}

// Variant is one of ss7.Variants: its place there, counted from 1.
type Variant uint8

// VariantOf is the value for v.
func VariantOf(v *ss7.Variant) Variant { return Variant(slices.Index(ss7.Variants, v) + 1) }

func (v Variant) String() string {
	if v == 0 {
		return ""
	}
	return ss7.Variants[v-1].Name
}

// Delimiter is what stands between the fields of a point code; zero: a dot.
type Delimiter uint8

// Dash is the one other delimiter.
const Dash Delimiter = 1

func (d Delimiter) String() string { return spell(d, "dash") }

// LoopProtection is what becomes of messages that go round for ever. Zero: circles are probed for,
// and told once they are proven.
type LoopProtection uint8

// What else may become of them.
const (
	DropLoops   LoopProtection = iota + 1 // the messages of a proven circle are discarded as well
	IgnoreLoops                           // circles are neither probed for nor told
)

func (l LoopProtection) String() string { return spell(l, "drop", "off") }

// Transport is what is under an association.
type Transport uint8

// The transports. TCP is for M3UA alone. OverSCTP is Osmocom's word for whatever SCTP there is.
const (
	Auto   Transport = iota + 1 // the first kind of SCTP that works; the default
	Kernel                      // the operating system's SCTP
	User                        // our own over raw IP
	UDP                         // our own in UDP (RFC 6951)
	TCP
	OverSCTP
)

func (t Transport) String() string { return spell(t, "auto", "kernel", "user", "udp", "tcp", "sctp") }

// Transports are those that can be asked for by name.
var Transports = []Transport{Auto, Kernel, User, UDP, TCP}

// ParseTransport finds one of Transports by its word.
func ParseTransport(word string) (Transport, error) {
	var words []string
	for _, t := range Transports {
		if words = append(words, t.String()); t.String() == word {
			return t, nil
		}
	}
	return 0, fmt.Errorf("there is no transport %q: %s", word, strings.Join(words, ", "))
}

// Accept says whose associations a port of M3UA takes.
type Accept uint8

// Whose they are.
const (
	AcceptConfigured Accept = iota + 1 // those of configured ASPs; the default
	AcceptAnybody
)

func (a Accept) String() string { return spell(a, "pre-configured", "dynamic-permitted") }

// Role is what this node is to the far end of an association.
type Role uint8

// The roles.
const (
	RoleSG Role = iota + 1 // the signalling gateway; the default
	RoleASP
	RoleIPSP
)

func (r Role) String() string { return spell(r, "sg", "asp", "ipsp") }

// Exchange is how IPSPs activate the traffic between them (RFC 4666 §4.3). Zero: in a single
// exchange, which is begun by whoever sets up the association.
type Exchange uint8

// The exchanges.
const (
	DoubleExchange Exchange = iota + 1 // each direction is activated by its own end
	Initiate                           // a single one; this end begins it
	Respond                            // a single one; the far end begins it
)

func (e Exchange) String() string { return spell(e, "double-exchange", "initiate", "respond") }

// SCTPRole says who sets up an association. Zero: the role decides, see ASP.Passive.
type SCTPRole uint8

// Who does.
const (
	Client SCTPRole = iota + 1 // this end
	Server                     // the far end
)

func (r SCTPRole) String() string { return spell(r, "client", "server") }

// RKM is what an ASP may register (routing key management, RFC 4666 §3.6; link keys, RFC 3331 §3.3.4).
type RKM uint8

// What that is.
const (
	RKMStatic  RKM = iota + 1 // routing keys that are configured; the default with M3UA
	RKMDynamic                // others as well
	RKMOff                    // nothing; the default with M2UA
	RKMAllowed                // link keys of interfaces
)

func (r RKM) String() string { return spell(r, "static-only", "dynamic-permitted", "off", "allowed") }

// DefaultRoute says whether ASPs may register what the default route alone leads to.
type DefaultRoute uint8

// Whether they may.
const (
	DefaultFree     DefaultRoute = iota + 1 // they may; the default
	DefaultReserved                         // they may not, as with every other route
)

func (d DefaultRoute) String() string { return spell(d, "free", "reserved") }

// LinkTest is the service indicator of link tests. Zero: the variant's.
type LinkTest uint8

// The two.
const (
	RegularTest LinkTest = iota + 1 // 1; the default but for ANSI
	SpecialTest                     // 2; the default for ANSI
)

func (t LinkTest) String() string { return spell(t, "regular", "special") }

// TrafficMode is how traffic is shared among the ASPs of an application server (RFC 4666 §1.4.5).
// Zero: as the first ASP says.
type TrafficMode uint8

// The modes.
const (
	Broadcast TrafficMode = iota + 1
	Loadshare
	Override
)

func (m TrafficMode) String() string { return spell(m, "broadcast", "loadshare", "override") }

// Spread is by what loadshare chooses an ASP.
type Spread uint8

// By what.
const (
	Bindings   Spread = iota + 1 // by the SLS; the default
	RoundRobin                   // in turn
)

func (s Spread) String() string { return spell(s, "bindings", "roundrobin") }

// DataAcks says what becomes of Data that an ASP of M2UA has not acknowledged when it dies. Zero: ASPs
// are not asked for acknowledgements.
type DataAcks uint8

// What becomes of it.
const (
	CountUnacked  DataAcks = iota + 1 // it is counted as lost
	ResendUnacked                     // it is sent to the ASP that takes over
)

func (d DataAcks) String() string { return spell(d, "count", "resend") }

// Messages are the messages of SCCP that a point takes. Zero: UDT, XUDT and their services.
type Messages uint8

// What else it may take.
const (
	UDTOnly      Messages = iota + 1
	LongMessages          // LUDT as well
)

func (m Messages) String() string { return spell(m, "udt-only", "long") }

// RouteOn is by what the point routes to which a global title leads.
type RouteOn uint8

// By what.
const (
	OnGT  RouteOn = iota + 1 // it translates the title again
	OnSSN                    // it delivers to the subsystem
)

func (r RouteOn) String() string { return spell(r, "gt", "pcssn") }

// Multiplicity is how a subsystem and its mate share traffic; zero: it has no mate.
type Multiplicity uint8

// How they do.
const (
	Dominant Multiplicity = iota + 1 // the mate takes the traffic while the subsystem cannot
	Shared                           // both take traffic
)

func (m Multiplicity) String() string { return spell(m, "dominant", "shared") }

// Action is what a line of an access list says of the MSUs that it matches; zero: the line is a remark.
type Action uint8

// What it says.
const (
	Permit Action = iota + 1
	Deny
)

func (a Action) String() string { return spell(a, "permit", "deny") }

// UserPart is a service indicator by the word that routing keys have for it; zero: any.
type UserPart ss7.SI

// UserParts are those that have a word, in the order of the words.
var UserParts = []UserPart{12, 9, 13, 14, 5, 10, 3, 4}

func (p UserPart) String() string {
	return spell(p, "", "", "sccp", "tup", "isup", "", "", "", "b-isup", "sat-isup", "", "aal2", "bicc", "h248")
}
