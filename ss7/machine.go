package ss7

import (
	"fmt"
	"time"
)

// PathID names one thing that an MSU can leave by: a link, an application server, the way to another
// network, or a hold, where MSUs wait in order. Zero is no path.
type PathID uint32

// HoldBit marks the PathID of a hold.
const HoldBit PathID = 1 << 31

// Hold is the path where MSUs wait that belong on path p.
func (p PathID) Hold() PathID { return p | HoldBit }

// IsHold tells whether MSUs wait at p instead of leaving by it.
func (p PathID) IsHold() bool { return p&HoldBit != 0 }

// Kind says what an Event is.
type Kind uint8

// Kinds of events: Q.701's primitives between MTP3 and its users, Q.703's (and
// RFC 4165 §4.2's) between MTP3 and a link, and the association's own.
const (
	None Kind = iota

	Transfer // an MSU, either way

	// MTP3 to a link (Q.703 §3, RFC 4165 §4).
	Start
	Stop
	Emergency
	EmergencyCeases
	LocalOutage
	LocalRecovered
	Flush
	Continue
	RetrieveBSNT // answered by BSNT
	Retrieve     // Arg: FSNC, ShortFSN and 7 bits of it, or NoFSN; answered by Retrieved... RetrievalComplete
	Drain        // answered by Drained when the far end has acknowledged all that the link has now

	// A link to MTP3.
	InService    // Arg: TakenOver, or 0
	OutOfService // Why
	RemoteOutage
	RemoteRecovered
	Congestion // Arg: level, 0 none
	BSNT       // Arg: FSN last accepted from the peer
	Retrieved  // MSU
	RetrievalComplete
	Drained

	// The association under a peer.
	CommUp
	CommLost    // Why
	CommRestart // the far end restarted SCTP (RFC 9260 §5.2.2); Why

	// A deadline of the owner, or a change worth telling; see Action Note.
	StateChange // Why; Arg: the new state of the machine that notes it
	Discard     // Why: a message was discarded

	Unreachable // an MSU that came by Path could not go on to its DPC
	NoUser      // an MSU that came by Path is for this node, which has no user for its SI

	// Destinations as a peer tells or asks of them (Q.701 §8.1; RFC 4666 §3.4): Dest.
	Pause      // unavailable
	Resume     // available
	Restricted // available, but better ways are to be preferred
	Status     // congested; Arg: level, 0 none
	UserPart   // the user MSU.SI there is unavailable; Arg: cause
	Audit      // ask the far end about Dest
)

var kindNames = [...]string{"None", "Transfer", "Start", "Stop", "Emergency", "EmergencyCeases", "LocalOutage",
	"LocalRecovered", "Flush", "Continue", "RetrieveBSNT", "Retrieve", "Drain", "InService", "OutOfService",
	"RemoteOutage", "RemoteRecovered", "Congestion", "BSNT", "Retrieved", "RetrievalComplete", "Drained", "CommUp",
	"CommLost", "CommRestart", "StateChange", "Discard", "Unreachable", "NoUser",
	"Pause", "Resume", "Restricted", "Status", "UserPart", "Audit"}

// OwnKind is the first of the kinds that a package of machines numbers for itself, such as xua.Republish. They are
// between its machines and whoever drives these, and mean nothing elsewhere.
const OwnKind Kind = 128

func (k Kind) String() string {
	if k >= OwnKind {
		return fmt.Sprintf("own kind %d", k-OwnKind)
	}
	return kindNames[k]
}

// TakenOver is the argument of InService where the link was in service at another place
// until now (RFC 3331 §1.5.7): nothing at its far end has restarted.
const TakenOver = 1

// NoFSN is the argument of Retrieve where no FSNC is known: only messages never
// sent come back (Q.704 §5.6.1).
const NoFSN = 1 << 24

// ShortFSN is a flag in the argument of Retrieve: only the lowest 7 bits of the FSNC are known, as in
// a changeover order for a link that numbers with 7 bits (Q.704 §15.4.2). It is greater than NoFSN, so
// a link that cannot complete the number treats it as NoFSN.
const ShortFSN = 1 << 25

// Event is the only thing that travels between machines.
type Event struct {
	Kind Kind
	Path PathID // from which it was raised, or for which it is meant
	Arg  uint32
	Of   PathID // Status, UserPart: the server whose ASP says so of what is behind it; 0: no ASP says so
	Why  string // the reason, for a person
	MSU  MSU    // Transfer, Retrieved
	Dest Range  // Pause, Resume, Restricted, Status, UserPart: what is concerned
}

// Op says what an Action asks of the loop that carries it out.
type Op uint8

// The actions of a machine.
const (
	Send   Op = iota // Wire on Stream, of association Event.Path if there are several
	Raise            // Event goes to whoever is above or beside
	Hangup           // end the association; Event.Why
	Note             // Event is worth a log line or a counter
)

// Action is the only answer of a machine. Wire is valid until the machine is next told something with an
// empty out slice.
type Action struct {
	Op     Op
	Stream uint16
	Wire   []byte
	Event  Event
}

// Machine is state and deadlines without I/O. It is told events, and appends the actions that follow to
// out, which the caller reuses. It never reads the clock.
type Machine interface {
	Do(now time.Time, ev Event, out []Action) []Action
	Tick(now time.Time, out []Action) []Action
	Deadline() time.Time // the earliest; zero: none
}

// Peer is a Machine with a wire below it.
type Peer interface {
	Machine
	// Recv is told one message of the association; b is borrowed.
	Recv(now time.Time, stream uint16, b []byte, out []Action) []Action
}
