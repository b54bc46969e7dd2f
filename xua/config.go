package xua

import (
	"fmt"
	"time"

	"github.com/gostp/gostp/ss7"
)

// Role is what this end is to a peer.
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

// Mode is a traffic mode (RFC 4666 §3.7.1); zero: whatever the first ASP says.
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

// Slack is what an odd peer is forgiven.
type Slack struct {
	NoID       bool // it wants no routing context in anything and sends none, though it serves several AS
	ZeroID     bool // it writes routing context 0 for none
	NoNotify   bool // it wants no NTFY
	StayActive bool // ASPUP while active changes nothing
}

// ASPConfig is a peer: the process at the far end of one association.
type ASPConfig struct {
	Path   ss7.PathID // of its association
	Name   string
	Role   Role
	Leads  bool // IPSP single exchange: this end asks
	ID     uint32
	HasID  bool // ID is the far end's (what ASPUP must say), or in RoleASP ours
	NeedID bool // ASPUP without an ASP Identifier is refused
	NeedRC bool // ASPAC without a routing context is refused

	Stranger bool // nobody configured it: it is there as long as its association, whatever is configured

	Block    bool // it may come up, but not become active
	Shutdown bool // it may not come up
	Slack    Slack

	TAck  time.Duration // until a request is sent again
	TBeat time.Duration // between heartbeats; zero: none
	TUp   time.Duration // how long its association may be without its ASPUP; zero: for ever
}

// DefaultTAck is RFC 4666's (§4.3.4.1).
const DefaultTAck = 2 * time.Second

// ASConfig is an application server.
type ASConfig struct {
	Path   ss7.PathID // of the way to it
	Name   string
	ID     uint32 // its routing context
	HasID  bool
	OwnID  uint32 // in a double exchange: by which this end asks to be active, if HasOwn; else ID
	HasOwn bool
	Mode   Mode
	Robin  bool // loadshare message by message instead of by SLS: order is not kept
	SLS    uint8
	Need   int  // ASPs active before it is active (the n of n+k); 0 is 1
	Smooth bool // one is enough to begin, the others are only asked for (§4.3.2)

	Shutdown bool // no ASP may become active in it
	Open     bool // ASPs that are not configured may register for it
	Dynamic  bool // made by registration; it goes with its last ASP

	TR       time.Duration // recovery: how long traffic waits for an ASP; zero: not at all
	Members  []MemberConfig
	Register bool // in RoleASP: the routing context is asked of the gateway
}

// DefaultTR is Cisco's recovery-timeout; RFC 4666 has no default.
const DefaultTR = 2 * time.Second

// MemberConfig is an ASP of an AS. Weight is its share; 0: only while no other is active.
type MemberConfig struct {
	ASP    ss7.PathID
	Weight uint8
}

// slots is how many SLS values the AS tells apart; SLS is their width in bits, 4 if not set.
func (c *ASConfig) slots() int {
	if c.SLS == 0 {
		return 16
	}
	return 1 << c.SLS
}
