// Package userpart is the seam between a node and a user part of MTP3 (Q.701) that has a package of
// its own: ISUP, TUP, or an application over SCCP. Such a package fills in a Kind; whoever makes a
// node gives it the Kind (node.Options.Parts), and knows nothing else of it.
//
// A part is a machine: it has neither clock nor goroutine nor lock. The node runs it on a goroutine
// of its own, so that it may compute without holding up MTP3, and never calls it twice at the same
// time. It must not wait for anything. MSUs wait for it in a bounded room in which each linkset has a
// share; what finds no room is discarded, counted and an alarm.
//
// A part is told:
//
//   - ss7.Transfer: MSU is for it, and came by Path. Its payload is the part's to keep. For a
//     subsystem Arg is the number, and the payload a message of SCCP.
//   - ss7.Pause and ss7.Resume: Dest cannot be reached, or can (Q.701 §8.2, §8.3). Until it is told
//     otherwise a part must take every destination for one that cannot.
//   - ss7.Status: the way to Dest is congested, at level Arg; 0: no longer (§8.4).
//   - ss7.UserPart: the part's like at Dest is not there; Arg is the cause (Q.704 §15.17.5).
//   - ss7.Discard: MSU, which the part has sent, went no further than this node; Why. Arg is that of the event that
//     sent it. A part that sends faster than it can be told of discards is not told of each, and the log says so.
//
// It answers with ss7.Raise of an ss7.Transfer, an MSU to send, which the node routes like any
// other; and with ss7.Note, whose Why is a line of the log.
package userpart

import (
	"io"
	"time"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/ss7"
)

// Part is one user part of one instance of a node.
type Part interface {
	ss7.Machine
	// Configure tells the part of the configuration that runs from now on, which nobody changes.
	// It is the first call.
	Configure(now time.Time, s *configs.System, out []ss7.Action) []ss7.Action
}

// Sender is a Part that wants to know by which path each of its MSUs has left.
type Sender interface {
	Part
	// Left is told of an MSU that the part has sent, and that this node lets pass: ev is the event that sent it. A path
	// of 0 is this node itself.
	Left(ev *ss7.Event, path ss7.PathID)
}

// Kind is what a node must know of a user part.
type Kind struct {
	Name  string      // as the log writes it: ISUP
	SI    ss7.SI      // its service indicator; ss7.SCCP is for subsystems alone, the node has its own SCCP
	SSN   uint8       // the number of a subsystem, 2 to 254; 0: it is none. `cs7 sccp local-ssn` puts it in service
	New   func() Part // makes the part of one instance
	Shows []Show
}

// Show is a command that begins with `show cs7`, and may name an instance.
type Show struct {
	Syntax []cli.Elem // what follows those words
	// Ask gives what the part has to show, as a value that may be encoded. The part is at rest only until Ask returns, so
	// the value must be a copy.
	Ask func(p Part, c *cli.Call) (any, error)
	// Print writes that value for a person.
	Print func(w io.Writer, value any)
}
