package xua

import (
	"time"

	"github.com/gostp/gostp/ss7"
)

// Shell is what the Layers of all protocols do alike, by their xua Layer. Each of them embeds one.
type Shell struct {
	x    *Layer
	data Type
	turn Turn
}

// Turn has xua answer, and then does what the protocol has to do about that answer. It appends both to out.
type Turn func(now time.Time, out []ss7.Action, answer func(out []ss7.Action) []ss7.Action) []ss7.Action

// NewShell makes the Shell of a protocol, whose messages that pass its Layer by have the type data.
func NewShell(x *Layer, data Type, turn Turn) Shell { return Shell{x, data, turn} }

// Heard notes for the heartbeat that messages that pass the Layer by came from a far end.
func (s *Shell) Heard(now time.Time, path ss7.PathID) { s.x.Heard(now, path, s.data) }

// Quit takes leave of all far ends.
func (s *Shell) Quit(now time.Time, out []ss7.Action) []ss7.Action {
	return s.turn(now, out, func(out []ss7.Action) []ss7.Action { return s.x.Settle(now, s.x.Quit(now, out)) })
}

// Leave takes leave of one far end, and then ends its association for a reason.
func (s *Shell) Leave(now time.Time, path ss7.PathID, why string, out []ss7.Action) []ss7.Action {
	return s.turn(now, out, func(out []ss7.Action) []ss7.Action {
		return s.x.Settle(now, s.x.Leave(now, path, why, out))
	})
}

// Leaving tells whether this end is taking leave of a far end and waits for its answers.
func (s *Shell) Leaving(path ss7.PathID) bool { return s.x.Leaving(path) }

// Leavers counts the far ends that this end is taking leave of.
func (s *Shell) Leavers() int { return s.x.Leavers() }

// Company tells whether an AS of this end has another ASP, as far as is known here.
func (s *Shell) Company(server ss7.PathID) bool { return s.x.Company(server) }

// Way gives the present way to an AS; nil if there is no such AS.
func (s *Shell) Way(path ss7.PathID) *Way { return s.x.Way(path) }

// Status gives all far ends and AS, for show commands.
func (s *Shell) Status() ([]ASPStatus, []ASStatus) { return s.x.Status() }
