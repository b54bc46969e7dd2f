package mtp3

import (
	"slices"
	"time"

	"github.com/gostp/gostp/routing"
	"github.com/gostp/gostp/ss7"
)

// A neighbour that loses many destinations sends many messages at once. Of those about one
// destination only the last counts (Subject), and a burst of them makes one new table (Hear,
// Heard).

// Subject is what a message of route management is about. Of two that are equal the later
// one makes the earlier one void.
type Subject struct {
	OPC, DPC ss7.PC
	kind     uint8
	affected uint32 // as it is coded
}

// The kinds of subjects.
const (
	aboutRoute = iota + 1
	aboutTest
	aboutCluster
	aboutClusterTest
)

// About gives the subject of a network management message; false if it is about no
// destination.
func About(m *ss7.MSU) (s Subject, ok bool) {
	if len(m.Payload) < 2 {
		return s, false
	}
	s = Subject{OPC: m.OPC, DPC: m.DPC, affected: uint32(word(m.Payload[1:min(4, len(m.Payload))]))}
	switch Heading(m.Payload[0]) {
	case TFP, TFR, TFA:
		s.kind = aboutRoute
	case RST, RSR:
		s.kind = aboutTest
	case TCP, TCR, TCA:
		s.kind = aboutCluster
	case RCP, RCR:
		s.kind = aboutClusterTest
	}
	return s, s.kind != 0
}

// Many tells whether the subject is a cluster: what is said of a cluster is said of all its
// members.
func (s Subject) Many() bool { return s.kind == aboutCluster }

// gathered is something new that a neighbour has said and the table does not have yet.
type gathered struct {
	dest *destination
	said routing.RouteState
}

// Gathers tells whether m, of SI 0, may be given to Hear: it says something of one destination.
func Gathers(m *ss7.MSU) bool {
	s, _ := About(m)
	return s.kind == aboutRoute
}

// Hear is Do for one of several messages that came together, and for which Gathers is true. What
// they say is in force when Heard returns, which must be called before anything else.
func (n *Network) Hear(now time.Time, ev ss7.Event, out []ss7.Action) []ss7.Action {
	n.gathering = true
	out = n.Do(now, ev, out)
	n.gathering = false
	return out
}

// Heard puts in force what the messages given to Hear have said.
func (n *Network) Heard(now time.Time, out []ss7.Action) []ss7.Action {
	var worse, better []*destination
	for _, g := range n.gathered {
		switch {
		case g.dest.index < 0:
		case g.said == routing.Prohibited:
			worse = append(worse, g.dest)
		case !slices.Contains(better, g.dest):
			better = append(better, g.dest)
		}
	}
	n.gathered = n.gathered[:0]
	if len(worse) > 0 {
		n.reroute(now, worse, routing.Prohibited)
	}
	if len(better) > 0 {
		n.reroute(now, better, routing.Allowed)
	}
	return n.follow(now, out)
}
