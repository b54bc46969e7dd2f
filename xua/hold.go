package xua

import (
	"time"

	"github.com/gostp/gostp/ss7"
)

// Hold keeps the traffic of an AS, in order, while none of its ASPs is active
// (RFC 4666 §4.3.2). It has one owner and copies what it keeps. The zero value
// keeps nothing; Max and MaxOctets are its bounds.
type Hold struct {
	Max       int
	MaxOctets int

	msus   []Held
	octets int
	since  time.Time
}

// Held is one message that waits. It has the path by which the message came, or 0 if it started here. It also
// has its turn among all messages that wait anywhere in the node; 0 comes before all others.
type Held struct {
	MSU  ss7.MSU
	From ss7.PathID
	Turn uint64
}

// Add keeps a copy of m, which came by the path from. It gives false if there is no room.
func (h *Hold) Add(now time.Time, m *ss7.MSU, from ss7.PathID, turn uint64) bool {
	if len(h.msus) >= h.Max || h.octets+len(m.Payload) > h.MaxOctets {
		return false
	}
	if len(h.msus) == 0 {
		h.since = now
	}
	kept := *m
	kept.Payload = append([]byte(nil), m.Payload...)
	h.msus = append(h.msus, Held{kept, from, turn})
	h.octets += len(m.Payload)
	return true
}

// Filling tells whether three quarters of the room are taken.
func (h *Hold) Filling() bool {
	return 4*len(h.msus) >= 3*h.Max || 4*h.octets >= 3*h.MaxOctets
}

// Precede puts MSUs before those that are kept, beyond the bounds if need be. The MSUs belong to the hold from
// then on.
func (h *Hold) Precede(now time.Time, msus []ss7.MSU) {
	if len(h.msus) == 0 {
		h.since = now
	}
	before := make([]Held, 0, len(msus)+len(h.msus))
	for i := range msus {
		h.octets += len(msus[i].Payload)
		before = append(before, Held{MSU: msus[i]})
	}
	h.msus = append(before, h.msus...)
}

// Take gives all messages that are kept, the oldest first, and forgets them.
func (h *Hold) Take() []Held {
	out := h.msus
	h.msus, h.octets = nil, 0
	return out
}

// Size gives roughly how many octets of memory are kept: each message takes some beside its own.
func (h *Hold) Size() int { return h.octets + heldSize*len(h.msus) }

// heldSize is how many octets of memory a message takes beside its own.
const heldSize = 160

// Len gives how many messages are kept, and since when the oldest is.
func (h *Hold) Len() (n int, since time.Time) { return len(h.msus), h.since }

// Flows gives the Correlation Id to the first message of each flow (SLS) after an ASP joined a broadcast
// (§4.3.4.3). It has one owner.
type Flows struct {
	joins uint32
	next  uint32
	seen  [256]bool
}

// Tag gives the identifier that a message of sls must carry, if it must carry one.
func (f *Flows) Tag(w *Way, sls uint8) (id uint32, must bool) {
	if w.Joins != f.joins {
		f.joins, f.seen = w.Joins, [256]bool{}
	}
	if f.seen[sls] {
		return 0, false
	}
	f.seen[sls] = true
	f.next++
	return f.next, true
}
