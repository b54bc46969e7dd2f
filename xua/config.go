package xua

import (
	"fmt"
	"time"

	"github.com/gostp/gostp/ss7"
)

// Role says what this end is to a far end.
type Role uint8

// The roles (RFC 4666 §1.2, §4.3).
const (
	RoleSG         Role = iota // the gateway: the far end is an ASP
	RoleASP                    // an ASP: the far end is a gateway
	RoleIPSP                   // IPSP, single exchange: one end asks, both become active
	RoleIPSPDouble             // IPSP, double exchange: each direction is asked for
)

var roleNames = [...]string{"sg", "asp", "ipsp", "ipsp double-exchange"}

func (r Role) String() string { return roleNames[r] }

// Mode is a traffic mode (RFC 4666 §3.7.1). Zero means whatever the first ASP says.
type Mode uint8

// The traffic modes.
const (
	Override  Mode = 1
	Loadshare Mode = 2
	Broadcast Mode = 3
)

var modeNames = [...]string{"unset", "override", "loadshare", "broadcast"}

func (m Mode) String() string {
	if int(m) < len(modeNames) {
		return modeNames[m]
	}
	return fmt.Sprintf("mode %d", uint8(m))
}

// Slack is what an odd far end is forgiven.
type Slack struct {
	NoID       bool // it wants no routing context in anything and sends none, though it serves several AS
	ZeroID     bool // it writes routing context 0 for none
	NoNotify   bool // it wants no NTFY
	StayActive bool // ASPUP while active changes nothing
}

// ASPConfig configures a far end: the process at the other end of one association.
type ASPConfig struct {
	Path   ss7.PathID // the path of its association
	Name   string
	Role   Role
	Leads  bool // IPSP single exchange: this end asks
	ID     uint32
	HasID  bool // ID is that of the far end, which ASPUP must say; in RoleASP it is ours
	NeedID bool // ASPUP without an ASP Identifier is refused
	NeedRC bool // ASPAC without a routing context is refused

	// Stranger says that it is not configured. It exists as long as its association, whatever the configuration
	// says.
	Stranger bool

	Block    bool // it may come up, but not become active
	Shutdown bool // it may not come up
	Slack    Slack

	TAck  time.Duration // time until a request is sent again
	TBeat time.Duration // time between heartbeats; zero means no heartbeats
	TUp   time.Duration // how long its association may last without ASPUP; zero means for ever
}

// DefaultTAck is the value of RFC 4666 (§4.3.4.1).
const DefaultTAck = 2 * time.Second

// ASConfig configures an application server.
type ASConfig struct {
	Path  ss7.PathID // the path of its Way
	Name  string
	ID    uint32 // its routing context
	HasID bool
	// OwnID is the routing context by which this end asks to be active in a double exchange, if HasOwn is set;
	// else that is ID.
	OwnID  uint32
	HasOwn bool
	Mode   Mode
	Robin  bool // share the load message by message, not by SLS: the order is not kept
	SLS    uint8
	Need   int  // how many ASPs must be active to make it active (the n of n+k); 0 means 1
	Smooth bool // one active ASP is enough to begin; the others are only asked for (§4.3.2)

	Shutdown bool // no ASP may become active in it
	Open     bool // ASPs that are not configured may register for it
	Dynamic  bool // it was made by registration, and ends with its last ASP

	TR       time.Duration // T(r): how long traffic waits for an ASP; zero means not at all
	Members  []MemberConfig
	Register bool // in RoleASP: this end asks the gateway for the routing context
}

// DefaultTR is Cisco's recovery-timeout. RFC 4666 has no default.
const DefaultTR = 2 * time.Second

// MemberConfig configures an ASP of an AS. Weight is its share of the traffic. With weight 0 it has traffic
// only while no other ASP is active.
type MemberConfig struct {
	ASP    ss7.PathID
	Weight uint8
}

// slots gives how many SLS values the AS tells apart. SLS is their width in bits; if it is not set, it is 4.
func (c *ASConfig) slots() int {
	if c.SLS == 0 {
		return 16
	}
	return 1 << c.SLS
}
