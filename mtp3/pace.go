package mtp3

import (
	"slices"
	"time"

	"github.com/gostp/gostp/routing"
	"github.com/gostp/gostp/ss7"
)

// A neighbour is told of thousands of destinations in bursts. Messages that wait are state here:
// what the neighbour was told last, beside what holds now. In the queue of a link they would push
// out the messages of users, and be lost themselves when it is full. A burst goes out, the link is
// asked to say when its far end has acknowledged it (ss7.Drain), and the next burst is made of what
// holds then. Route set tests and their answers have a share of the same bursts. TRA goes out
// behind the last of them (§9.2).
const (
	tellBurst    = 64 // messages, well below a link's room for management
	tellPace     = 20 * time.Millisecond
	tellPatience = time.Second // wait for the acknowledgement of a burst; then another link may have better luck
	auditBurst   = 16          // to a gateway, which has no bound to its answers but its own (RFC 4666 §4.5.3)
	tellSpread   = 256         // bursts over which tests that are due together are spread
)

// untold stands for the state that a neighbour was told last, if that message was lost.
const untold routing.RouteState = 255

// pace is how far the present burst to a neighbour has come.
type pace struct {
	begun time.Time
	spent int
	asked ss7.PathID // the link whose acknowledgements end it; 0: none, or they have come
}

// owes tells whether the adjacent point of s is still to be told of something.
func (s *linkset) owes() bool { return s.running(timerTell) }

// owesPoint tells whether an adjacent point is still to be told of something, by any linkset.
func (n *Network) owesPoint(pc ss7.PC) bool {
	return slices.ContainsFunc(n.sets, func(s *linkset) bool { return s.cfg.Adjacent == pc && s.owes() })
}

// Owes tells whether any neighbour that can be reached is still to be told of something.
func (n *Network) Owes() bool {
	return slices.ContainsFunc(n.sets, func(s *linkset) bool { return s.ready && s.owes() })
}

// may tells whether one more message about a destination may go to the adjacent point of s
// now, and counts it. Otherwise timerTell runs.
func (s *linkset) may(now time.Time) bool {
	n := s.net
	if s.pace.room(now, tellBurst) {
		return true
	}
	if !s.owes() {
		s.startFor(now, timerTell, n.untilNext(now, &s.pace))
	}
	return false
}

// room tells whether a burst of so many has room for one more message, and counts it.
func (p *pace) room(now time.Time, most int) bool {
	age := now.Sub(p.begun)
	if p.asked == 0 && age >= tellPace || age >= tellPatience {
		*p = pace{begun: now}
	}
	if p.spent >= most {
		return false
	}
	p.spent++
	return true
}

// postpone has a route set test, for which there is no room, become due later: thousands that
// come together are spread over as many bursts as they need.
func (n *Network) postpone(now time.Time, k timerKey, burst int) {
	n.testsLate++
	n.agenda.start(now, k, tellPace*time.Duration(1+n.testsLate%(tellSpread*burst)/burst))
}

// untilNext is how long the next burst waits.
func (n *Network) untilNext(now time.Time, p *pace) time.Duration {
	wait := tellPace
	if p.asked != 0 {
		wait = tellPatience
	}
	return max(0, p.begun.Add(wait).Sub(now))
}

// sayPaced is sayTo if there is room in the burst; else it is false.
func (s *linkset) sayPaced(
	now time.Time, state routing.RouteState, r ss7.Range, out []ss7.Action,
) ([]ss7.Action, bool) {
	if !s.may(now) {
		return out, false
	}
	return s.burst(s.sayTo(state, r, out)), true
}

// burst asks for acknowledgement behind the last message of a burst.
func (s *linkset) burst(out []ss7.Action) []ss7.Action {
	if s.pace.spent < tellBurst {
		return out
	}
	if s.pace.asked = s.way(); s.pace.asked == 0 {
		return out
	}
	return append(out, order(ss7.Drain, s.pace.asked))
}

// paced takes note that a burst that went by path has been acknowledged.
func (n *Network) paced(now time.Time, path ss7.PathID) {
	for _, s := range n.sets {
		if s.pace.asked != path {
			continue
		}
		if s.pace.asked = 0; s.owes() {
			s.startFor(now, timerTell, n.untilNext(now, &s.pace))
		}
	}
}

// lost takes note that a management message could not be sent. A neighbour is told again, in a
// while, what it must know; whoever waits for an answer asks again by itself.
func (n *Network) lost(now time.Time, m *ss7.MSU) {
	x, err := ParseManagement(n.cfg.Variant, m.Payload)
	if err != nil {
		return
	}
	_, route := saying[x.Heading]
	for _, s := range n.sets {
		if s.cfg.Adjacent != m.DPC || s.localPC() != m.OPC || !route && x.Heading != TRA {
			continue
		}
		r := n.single(x.PC)
		if x.Heading == TCP || x.Heading == TCR || x.Heading == TCA {
			r = clusterOf(x.PC)
		}
		if x.Heading == TRA {
			s.sentTRA = false
		} else if d := n.known(r); d != nil {
			s.mistold(d)
		}
		if !s.owes() {
			s.startFor(now, timerTell, tellPatience)
		}
	}
}
