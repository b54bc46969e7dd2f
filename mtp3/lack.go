package mtp3

import (
	"github.com/gostp/gostp/routing"
	"github.com/gostp/gostp/ss7"
)

// Lack names what a discarded MSU did not find. Its sender, a neighbour (TFP, UPU) or an ASP (DUNA,
// DUPU), is told of that and of nothing more: a point that others reach must not be paused because
// one message for it went nowhere.
type Lack uint8

// What may be lacking.
const (
	LacksNothing     Lack = iota // the destination is there for whom it is meant: nothing is to be told
	LacksDestination             // Q.704 §13.2.2 iii, RFC 4666 §3.4.1
	LacksUser                    // Q.704 §11.2.7, RFC 4666 §3.4.5
)

// Lacking tells what m, which came by path from and was discarded for a reason, has found lacking;
// of a user also the cause (Q.704 §15.17.5). The answer is the state of the destination, not the
// fate of m. Where a server takes some circuits of a user, or what some origins send it, that user
// is there. Where servers have some users alone, the user is lacking, not the destination. A sender
// is told nothing of a destination that it has itself, nor of another network.
func Lacking(t *routing.Table, m *ss7.MSU, from ss7.PathID, why Reason) (Lack, uint8) {
	switch why {
	case NoReason, NoRoute, NoKey, Inaccessible, Circular, NoUser:
	default: // it was not for this network, came back, or found no room
		return LacksNothing, 0
	}
	in, _ := t.From(from)
	i, _, own := t.Dest(m.DPC)
	if i >= 0 && (itsOwn(t, i, m.DPC, in) || t.Beside(i, in) != routing.Prohibited) {
		return LacksNothing, 0
	}
	u := users(t, m)
	switch {
	case u.ready:
		return LacksNothing, 0
	case !own && !u.others:
		return LacksDestination, 0
	case u.named || i >= 0:
		return LacksUser, InaccessibleUser
	}
	return LacksUser, UnequippedUser
}

// itsOwn tells whether destination i, or its code pc, is that of who is behind linkset in: the
// adjacent point, or what no route leads to but by the server.
func itsOwn(t *routing.Table, i int, pc ss7.PC, in int) bool {
	if in < 0 {
		return false
	}
	if s := &t.Linksets[in]; !s.Server {
		return s.Adjacent == pc
	}
	return t.Sole(i, in)
}

// keyed tells whether a routing key names pc.
func keyed(t *routing.Table, pc ss7.PC) (is bool) {
	t.Keys.Users(pc, func(ss7.PathID, uint16) bool { is = true; return false })
	return is
}

// served is what servers have by their keys of the code that an MSU is for.
type served struct {
	ready  bool // its user, and take traffic
	named  bool // its user, whether they take traffic or not
	others bool // any user, and take traffic
}

func users(t *routing.Table, m *ss7.MSU) (s served) {
	if t.Keys == nil {
		return s
	}
	t.Keys.Users(m.DPC, func(as ss7.PathID, sis uint16) bool {
		_, ready := t.From(as)
		is := sis&(1<<(m.SI&15)) != 0
		s.ready, s.named, s.others = s.ready || is && ready, s.named || is, s.others || ready
		return !s.ready
	})
	return s
}
