package mtp3

import (
	"slices"

	"github.com/gostp/gostp/routing"
	"github.com/gostp/gostp/ss7"
)

// neighbour is the adjacent point of a linkset: what it was told, where its restart is, and
// by which code it knows this node. Q.704 §2.3 has one linkset between two points; where two
// lead to one point, each has a neighbour of its own.
type neighbour struct {
	told map[*destination]routing.RouteState // what it was told last; allowed ones are not in it
	due  [subjects]dueSet                    // destinations of which it may have to be told something else
	pace pace                                // of the messages that tell it

	restarting bool // it has not said TRA yet (§9.3)
	sentTRA    bool
	early      bool // it said something before it was available here
	earlyTRA   bool // and TRA
	stale      bool // it went away; what it has said is forgotten when its changeover is over

	code   ss7.PC // to which it addresses its link tests
	tested bool   // it has sent one: code is set
}

// setTold notes what the neighbour was told of d.
func (b *neighbour) setTold(d *destination, state routing.RouteState) {
	switch {
	case state == routing.Allowed:
		delete(b.told, d)
	case b.told == nil:
		b.told = map[*destination]routing.RouteState{d: state}
	default:
		b.told[d] = state
	}
}

// mistold notes that a message about d was lost, or could not go. The neighbour is told again.
func (b *neighbour) mistold(d *destination) {
	b.setTold(d, untold)
	b.owe(d)
}

// tellAnew forgets what the neighbour was told.
func (b *neighbour) tellAnew() {
	clear(b.told)
	b.oweAll()
}

// owe has d checked: the neighbour may have to be told something else of it.
func (b *neighbour) owe(d *destination) {
	if d.kind != untellable {
		b.due[d.kind].add(d.place)
	}
}

// oweAll is owe for all destinations.
func (b *neighbour) oweAll() {
	for kind := range b.due {
		b.due[kind].all()
	}
}

func (b *neighbour) owesNothing(of *[subjects][]*destination) bool {
	for kind := range b.due {
		if !b.due[kind].none(len(of[kind])) {
			return false
		}
	}
	return true
}

// dueSet is a set of places in a list: of all from one place on, and of some before it.
// After a change of everything the list is walked through once, in however many bursts.
type dueSet struct {
	some []int
	from int
}

// dueMost is how many single places there may be. If there are more, all places are due.
const dueMost = 4096

func (u *dueSet) add(place int) {
	if place >= u.from {
		return
	}
	if len(u.some) >= dueMost {
		slices.Sort(u.some)
		u.some = slices.Compact(u.some)
	}
	if len(u.some) >= dueMost {
		u.all()
		return
	}
	u.some = append(u.some, place)
}

func (u *dueSet) all() { u.some, u.from = u.some[:0], 0 }

// cut takes note that the list has become another one from a place on.
func (u *dueSet) cut(place int) {
	u.from = min(u.from, place)
	u.some = slices.DeleteFunc(u.some, func(p int) bool { return p >= u.from })
}

func (u *dueSet) none(length int) bool { return len(u.some) == 0 && u.from >= length }

// walk takes the places out of the set, in order, and calls f for each. If f returns false
// that place, and those behind it, stay.
func (u *dueSet) walk(length int, f func(place int) bool) {
	slices.Sort(u.some)
	u.some = slices.Compact(u.some)
	for i, place := range u.some {
		if !f(place) {
			u.some = u.some[i:]
			return
		}
	}
	u.some = u.some[:0]
	for ; u.from < length; u.from++ {
		if !f(u.from) {
			return
		}
	}
}
