package mtp3

import (
	"github.com/gostp/gostp/routing"
	"github.com/gostp/gostp/ss7"
)

// Fate is what becomes of an MSU.
type Fate uint8

// An MSU is forwarded by a link, delivered to a user of this node, or discarded.
const (
	Discard Fate = iota
	Forward
	Deliver
)

// Reason says why an MSU is discarded; each has a counter.
type Reason uint8

// The reasons, in the order in which Decide looks.
const (
	NoReason      Reason = iota
	WrongNetwork         // its NI is not that of this node (Q.704 §2.4.3)
	NotInService         // it came by a link that has not passed its link test (Q.707 §2.2)
	OwnOrigin            // it came from outside with this node's own code as OPC
	NoRoute              // no route covers its DPC (Q.704 §2.3.3)
	Inaccessible         // routes cover its DPC, but none works
	Circular             // the only way out is the linkset it came by
	NoUser               // it is for this node, but nobody here takes its SI
	QueueFull            // the link's transmit queue takes no more
	LinkGone             // the link went away before it could be sent
	Malformed            // too short for its SIO and routing label
	UserQueueFull        // the local user is too slow
	Shed                 // the link is congested, and the priority is below its level (Q.704 §2.3.5.2)
	HoldFull             // too many wait for a changeover, changeback or rerouting
	PendingFull          // the server has no active ASP and too much waits for one (RFC 4666 §4.3.2)
	PendingOver          // it waited, and no ASP of the server became active within T(r)
	TooLong              // longer than the way out can carry
	NoAlias              // its OPC has no code in the instance to which its DPC belongs
	NoAliasInside        // nor has a code in an SCCP address
	NoKey                // its DPC is a server's, whose key has neither its user, its origin nor its circuit
	Looping              // it comes by a way that is proven to lead round to here, and loop-protection discards that
	Reasons              // how many there are
)

var reasonTexts = [Reasons]string{
	NoReason:      "not discarded",
	WrongNetwork:  "network indicator of another network",
	NotInService:  "came by a link that is not in service",
	OwnOrigin:     "came from outside with an OPC of this node",
	NoRoute:       "no route to the destination",
	Inaccessible:  "destination inaccessible: no route to it is available",
	Circular:      "only way out is the linkset it came by",
	NoUser:        "no user here for its service indicator",
	QueueFull:     "transmit queue of the link full",
	LinkGone:      "link went down before it was sent",
	Malformed:     "malformed: too short for its routing label",
	UserQueueFull: "queue of the local user full",
	Shed:          "link congested, and of too low a priority",
	HoldFull:      "too many waiting for a changeover or rerouting",
	PendingFull:   "no ASP is active, and too many wait for one already",
	PendingOver:   "no ASP became active before the recovery timer ended",
	TooLong:       "longer than the way out can carry",
	NoAlias:       "no pc-conversion for its OPC",
	NoAliasInside: "no pc-conversion for a code or title in SCCP",
	Looping:       "goes round for ever, as a probe has proven (loop-protection drop)",
	NoKey:         "no routing key for its DPC has its user, origin or circuit",
}

func (r Reason) String() string { return reasonTexts[r] }

// Verdict says what becomes of one MSU. Linkset and Dest are indices into the
// Table; Dest is -1 where no route covers the DPC.
type Verdict struct {
	Fate    Fate
	Reason  Reason
	Path    ss7.PathID
	Linkset int32
	Dest    int32
	Avoided bool // the first choice led back over the linkset the MSU came by
	Keyed   bool // by the routing key of a server
}

// Decide says what becomes of m, which came by path from (0: it starts here).
// It allocates nothing and writes nothing, except where a first choice has to be
// avoided.
func Decide(t *routing.Table, m *ss7.MSU, from ss7.PathID) Verdict {
	in, server := -1, false
	if from != 0 {
		linkset, ready := t.From(from)
		in = linkset
		if m.SI.OfMTP3() {
			// Tests and management of a link that carries no traffic yet are for this end
			// of it, whatever their DPC: a wrong DPC is a fault to be told (Q.707 §2.2).
			if !ready || adjacent(t, linkset, m.OPC) && m.SI != ss7.SNM {
				return Verdict{Fate: Deliver, Dest: -1}
			}
		}
		if m.NI != t.NI {
			return Verdict{Reason: WrongNetwork, Dest: -1}
		}
		server = t.IsServer(from)
		if !ready && !server {
			return Verdict{Reason: NotInService, Dest: -1}
		}
	}
	i, bundle, own := t.Dest(m.DPC)
	if t.Keys != nil {
		if v, ok := byKey(t, m, in, i, own); ok {
			return v
		}
	}
	if own {
		return Verdict{Fate: Deliver, Dest: -1}
	}
	if from != 0 && !server { // a server may have the node's own code
		// An MSU of our own that comes back has gone in a circle (Q.704 §2.3).
		if _, _, ours := t.Dest(m.OPC); ours {
			return Verdict{Reason: OwnOrigin, Dest: int32(i)}
		}
	}
	if i < 0 && t.Keys != nil && keyed(t, m.DPC) {
		return Verdict{Reason: NoKey, Dest: -1}
	}
	if i < 0 {
		return Verdict{Reason: NoRoute, Dest: -1}
	}
	if bundle == nil {
		return Verdict{Reason: Inaccessible, Dest: int32(i)}
	}
	slot := t.Slot(bundle, m.SLS)
	if t.Barred != nil && t.IsBarred(in, m.DPC, m.SLS) {
		return Verdict{Reason: Looping, Path: slot.Path, Linkset: slot.Linkset, Dest: int32(i)}
	}
	if int(slot.Linkset) != in {
		return Verdict{Fate: Forward, Path: slot.Path, Linkset: slot.Linkset, Dest: int32(i)}
	}
	slot, ok := t.Avoid(i, m.SLS, in)
	if !ok {
		return Verdict{Reason: Circular, Linkset: int32(in), Dest: int32(i), Avoided: true}
	}
	return Verdict{Fate: Forward, Path: slot.Path, Linkset: slot.Linkset, Dest: int32(i), Avoided: true}
}

// byKey decides m if it belongs to a server by its key. Where the longest route is
// longer than the key's DPC, the route is the more specific one. Tests for a code of
// this node are answered here. A server that takes nothing leaves m to the routes.
func byKey(t *routing.Table, m *ss7.MSU, in, dest int, own bool) (Verdict, bool) {
	path, length := t.Keys.Match(m)
	if path == 0 {
		return Verdict{}, false
	}
	if own && (length < t.Variant.Bits() || m.SI == ss7.MTPT) || dest >= 0 && t.Dests[dest].Range.Len > length {
		return Verdict{}, false
	}
	linkset, ready := t.From(path)
	switch {
	case linkset >= 0 && linkset == in:
		return Verdict{Reason: Circular, Linkset: int32(in), Dest: int32(dest), Keyed: true}, true
	case ready:
		return Verdict{Fate: Forward, Path: path, Linkset: int32(linkset), Dest: int32(dest), Keyed: true}, true
	case !own && dest < 0:
		return Verdict{Reason: Inaccessible, Path: path, Linkset: int32(linkset), Dest: -1, Keyed: true}, true
	}
	return Verdict{}, false
}

func adjacent(t *routing.Table, linkset int, opc ss7.PC) bool {
	return linkset >= 0 && t.Linksets[linkset].Adjacent == opc
}
