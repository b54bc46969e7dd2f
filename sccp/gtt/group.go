package gtt

import "sync/atomic"

// Mode is how a group chooses among its members.
type Mode uint8

// Modes, with the words of the command line.
const (
	Cost  Mode = iota // the cheapest that works; equal costs share
	Share             // all that work, evenly
	CgPA              // all that work by weight, the same one for each calling address
	WRR               // all that work by weight
)

var modeNames = [...]string{"cost", "share", "cgpa", "wrr"}

func (m Mode) String() string { return modeNames[m] }

// Group is an application group. Members are sorted by cost where the mode is
// Cost. Limit is how many messages a second its best member takes before the
// others get the rest; 0: all. What comes in sequence counts, and stays.
type Group struct {
	Name    string
	Mode    Mode
	Members []Route
	Limit   uint32
	State   *GroupState
}

// GroupState is what a group remembers from message to message.
type GroupState struct {
	next   atomic.Uint32
	second atomic.Int64
	taken  atomic.Uint32
}

// MaxMembers is how many members a group may have.
const MaxMembers = 64

// Pick chooses a member; nil if none works. Bit i of usable says that member i
// does. Messages with the same seed go to the same member as long as it works, and
// those of other members do not move when one fails. Where inSequence is false the
// seed is not looked at and members take turns, except by calling address. now is
// in seconds and serves Limit alone.
func (g *Group) Pick(seed uint32, inSequence bool, now int64, usable uint64) *Route {
	if !inSequence && g.Mode != CgPA {
		seed = g.State.next.Add(1)
	} else {
		seed = mix(seed)
	}
	if g.Mode != Cost {
		return pick(g.Members, g.Mode != Share, seed, usable)
	}
	over := g.Limit > 0 && !g.State.take(now, g.Limit) && !inSequence
	var best *Route
	for i := 0; i < len(g.Members); {
		j := i + 1
		for j < len(g.Members) && g.Members[j].Cost == g.Members[i].Cost {
			j++
		}
		// Beyond its limit the best leaves the rest to the next cost, and takes what
		// nobody else can take.
		switch r := pick(g.Members[i:j], false, seed, usable>>i); {
		case r == nil:
		case best != nil || !over:
			return r
		default:
			best = r
		}
		i = j
	}
	return best
}

// pick deals seeds over all members and, if that one does not work, over those
// that do.
func pick(members []Route, weighted bool, seed uint32, usable uint64) *Route {
	usable &= 1<<len(members) - 1
	if usable == 0 {
		return nil
	}
	if i := deal(members, weighted, seed, 1<<len(members)-1); i >= 0 && usable>>i&1 != 0 {
		return &members[i]
	}
	if i := deal(members, weighted, seed, usable); i >= 0 {
		return &members[i]
	}
	return nil
}

// deal gives the member among some whose share of the seeds holds seed; -1 if they
// have no weight.
func deal(members []Route, weighted bool, seed uint32, among uint64) int {
	weight := func(i int) uint32 {
		switch {
		case among>>i&1 == 0:
			return 0
		case weighted:
			return uint32(members[i].Cost)
		}
		return 1
	}
	var sum uint32
	for i := range members {
		sum += weight(i)
	}
	if sum == 0 {
		return -1
	}
	at := seed % sum
	for i := range members {
		w := weight(i)
		if at < w {
			return i
		}
		at -= w
	}
	return -1
}

// take counts one message of this second; false if the second is full.
func (s *GroupState) take(now int64, limit uint32) bool {
	if was := s.second.Load(); was != now && s.second.CompareAndSwap(was, now) {
		s.taken.Store(0)
	}
	return s.taken.Add(1) <= limit
}

// mix spreads the bits of a seed.
func mix(x uint32) uint32 {
	x ^= x >> 16
	x *= 0x7feb352d
	x ^= x >> 15
	x *= 0x846ca68b
	return x ^ x>>16
}
