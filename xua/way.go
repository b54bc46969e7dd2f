package xua

import (
	"github.com/gostp/gostp/ss7"
)

// Way says how traffic goes to an AS at present. It never changes: a new one takes its place.
type Way struct {
	Name  string
	State ASState
	Mode  Mode
	Robin bool
	ID    uint32 // routing context, if HasID
	HasID bool
	Joins uint32       // for broadcast: a new number means that an ASP has joined
	All   []ss7.PathID // the ASPs that take traffic

	slots []ss7.PathID
}

// Pick gives the ASP for an SLS, or, in round robin, for the turn-th message. It gives zero if no ASP is
// active. A broadcast goes to All instead.
func (w *Way) Pick(sls uint8, turn uint32) ss7.PathID {
	n := uint32(len(w.slots))
	if n == 0 {
		return 0
	}
	if w.Robin {
		return w.slots[turn%n]
	}
	return w.slots[uint32(sls)%n]
}

// Slots gives the ASP that each SLS goes to, for show commands.
func (w *Way) Slots() []ss7.PathID { return w.slots }

func (s *as) makeWay() *Way {
	mode := s.mode
	if !s.served() {
		mode = Loadshare // the traffic mode is the gateways' affair; towards gateways this end shares
	}
	w := &Way{Name: s.cfg.Name, State: s.state, Mode: mode, Robin: s.cfg.Robin && mode == Loadshare, ID: s.cfg.ID,
		HasID: s.hasID, Joins: s.joins}
	if s.state != ASActive {
		return w
	}
	var up []*member
	for _, m := range s.members {
		if m.sends() {
			up = append(up, m)
		}
	}
	if mode == Override && s.latest != nil && s.latest.sends() {
		up = []*member{s.latest}
	}
	for _, m := range up {
		w.All = append(w.All, m.asp.cfg.Path)
	}
	switch {
	case mode == Broadcast:
	case w.Robin:
		w.slots = deal(up, cycle(up))
	default:
		w.slots = s.share(up)
	}
	return w
}

// share deals the SLS values out by weight. Every value has a home among all ASPs of the AS. While its home is
// active, it stays there whatever else comes or goes, so that its messages keep their order. Only values whose
// home is away are dealt to the other ASPs.
func (s *as) share(up []*member) []ss7.PathID {
	homes := deal(s.members, s.cfg.slots())
	active := map[ss7.PathID]bool{}
	for _, m := range up {
		active[m.asp.cfg.Path] = true
	}
	away := 0
	for _, p := range homes {
		if !active[p] {
			away++
		}
	}
	guests := deal(up, away)
	for i, p := range homes {
		if !active[p] {
			homes[i], guests = guests[0], guests[1:]
		}
	}
	return homes
}

// deal gives n turns to members: each as many as its weight says, and evenly mixed (smooth weighted round
// robin). Weight 0 has no turns, unless all have weight 0.
func deal(members []*member, n int) []ss7.PathID {
	weights := make([]int, len(members))
	sum := 0
	for i, m := range members {
		weights[i] = int(m.weight)
		sum += weights[i]
	}
	if sum == 0 {
		for i := range weights {
			weights[i] = 1
		}
		sum = len(weights)
	}
	credit := make([]int, len(members))
	out := make([]ss7.PathID, 0, n)
	for range n {
		best := 0
		for i := range credit {
			credit[i] += weights[i]
			if credit[i] > credit[best] {
				best = i
			}
		}
		credit[best] -= sum
		out = append(out, members[best].asp.cfg.Path)
	}
	return out
}

// cycle gives how many turns a round has.
func cycle(members []*member) int {
	sum := 0
	for _, m := range members {
		sum += int(m.weight)
	}
	if sum == 0 {
		return len(members)
	}
	return sum
}

// Serving says what a far end may do in one AS.
type Serving struct {
	AS       ss7.PathID
	Name     string
	ID       uint32 // the routing context of what we send it
	HasID    bool
	OwnID    uint32 // the routing context of what it sends us
	Sends    bool   // we may send it traffic
	Receives bool   // it may send us traffic

	Overridden bool // it was active, and now an alternate ASP is
}

// Way gives the present way to an AS; nil if there is no such AS.
func (l *Layer) Way(path ss7.PathID) *Way {
	if s := l.byAS[path]; s != nil {
		return s.way
	}
	return nil
}

// Serves gives the configuration of a far end, and what it may do; nil if there is no such far end.
func (l *Layer) Serves(path ss7.PathID) (ASPConfig, []Serving) {
	a := l.byPath[path]
	if a == nil {
		return ASPConfig{}, nil
	}
	out := make([]Serving, len(a.members))
	for i, m := range a.members {
		out[i] = Serving{m.as.cfg.Path, m.as.cfg.Name, m.as.cfg.ID, m.as.hasID, m.ownID(), m.sends(), m.receives(),
			m.overridden}
	}
	return a.cfg, out
}
