package gtt

import "sync/atomic"

// Mode says how a group chooses among its members.
type Mode uint8

// Modes, with the words of the command line.
const (
	Cost  Mode = iota // the cheapest member that works; members of equal cost share
	Share             // all members that work, evenly
	CgPA              // all members that work, by weight; each calling address keeps its member
	WRR               // all members that work, by weight
)

var modeNames = [...]string{"cost", "share", "cgpa", "wrr"}

func (m Mode) String() string { return modeNames[m] }

// Group is an application group. Members are sorted by cost if the mode is Cost. Limit is how many messages a
// second the best member takes before the others get the rest; 0 means no limit. Messages in sequence count
// towards the limit, but stay with their member.
type Group struct {
	Name    string
	Mode    Mode
	Members []Route
	Limit   uint32
	State   *GroupState
}

// GroupState is what a group remembers from one message to the next.
type GroupState struct {
	next   atomic.Uint32
	second atomic.Int64
	taken  atomic.Uint32
}

// MaxMembers is how many members a group may have.
const MaxMembers = 64

// Pick chooses a member; nil if none works. Bit i of usable says that member i works. Messages with the same
// seed go to the same member as long as it works. When a member fails, only its own messages move to others. If
// inSequence is false, the seed does not matter and members take turns, unless the mode goes by the calling
// address. now is in seconds, and serves Limit alone.
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
		// Beyond its limit, the best member leaves the rest to the next cost. It still takes what no other member can
		// take.
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

// pick deals seeds over all members. If the member that a seed falls to does not work, pick deals again over
// those that work.
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

// deal gives the member whose share of the seeds holds seed, among the members in among; -1 if they have no
// weight.
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

// take counts one message of this second. It gives false if the second is full.
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
