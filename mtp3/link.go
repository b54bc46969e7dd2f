package mtp3

import (
	"fmt"
	"slices"
	"time"

	"github.com/gostp/gostp/ss7"
)

// Do takes an event of a link or server, which Path names: a change of its state, an MSU with
// service indicator 0, 1 or 2 that came by it (Transfer), or one of Network's own that it did not
// take (Discard). linkEvents and server.do list them.
func (n *Network) Do(now time.Time, ev ss7.Event, out []ss7.Action) []ss7.Action {
	before := len(out)
	out = n.do(now, ev, out)
	if !n.gathering {
		out = n.follow(now, out)
	}
	about(ev.Path, out[before:])
	return out
}

// about gives notes the path of the event that they come from, unless they name what they are
// about.
func about(path ss7.PathID, out []ss7.Action) {
	for i := range out {
		if e := &out[i].Event; out[i].Op == ss7.Note && e.Path == 0 && e.Dest == (ss7.Range{}) {
			e.Path = path
		}
	}
}

func (n *Network) do(now time.Time, ev ss7.Event, out []ss7.Action) []ss7.Action {
	if ev.Kind == ss7.Discard {
		n.lost(now, &ev.MSU)
		return out
	}
	if s := n.server(ev.Path); s != nil {
		return s.do(now, ev, out)
	}
	l := n.links[ev.Path]
	if l == nil {
		return out // of a link that was removed meanwhile
	}
	if do := linkEvents[ev.Kind]; do != nil {
		return do(l, now, ev, out)
	}
	return out
}

// linkEvents lists what a link does at each event.
var linkEvents = map[ss7.Kind]func(*link, time.Time, ss7.Event, []ss7.Action) []ss7.Action{
	ss7.InService:         (*link).inService,
	ss7.OutOfService:      (*link).outOfService,
	ss7.RemoteOutage:      (*link).outage,
	ss7.RemoteRecovered:   (*link).recovered,
	ss7.Transfer:          (*link).recv,
	ss7.Congestion:        (*link).crossedThreshold,
	ss7.Unreachable:       (*link).wentNoFurther,
	ss7.NoUser:            (*link).noUser,
	ss7.BSNT:              (*link).accepted,
	ss7.Retrieved:         (*link).gaveBack,
	ss7.RetrievalComplete: (*link).retrieved,
	ss7.Drained:           (*link).wasDrained,
}

// inService: level 2 has aligned the link, which is tested before it carries traffic (Q.707 §2.2).
func (l *link) inService(now time.Time, ev ss7.Event, out []ss7.Action) []ss7.Action {
	if l.state != Activating {
		return out
	}
	l.attempt, l.handed = 0, ev.Arg == ss7.TakenOver
	if l.handed {
		// It was neither activated nor restored, and its far end sends on: nothing
		// waits for the test, which still finds what is wrong.
		return l.startTest(now, l.become(now, Available, "taken over while in service", out))
	}
	out = l.become(now, Testing, "aligned; the far end has not answered the link test yet", out)
	return l.firstTest(now, out)
}

func (l *link) outOfService(now time.Time, ev ss7.Event, out []ss7.Action) []ss7.Action {
	if l.state == Shutdown || l.state == Failed {
		return out
	}
	return l.fail(now, ev.Why, out)
}

func (l *link) outage(now time.Time, _ ss7.Event, out []ss7.Action) []ss7.Action {
	if l.state == Available || l.state == Testing {
		return l.become(now, Blocked, "processor outage at the far end", out)
	}
	return out
}

func (l *link) recovered(now time.Time, _ ss7.Event, out []ss7.Action) []ss7.Action {
	if l.state != Blocked {
		return out
	}
	l.attempt = 0
	return l.firstTest(now, l.become(now, Testing, "processor outage over; testing again", out))
}

// recv takes a message of management or of the link test that came by l.
func (l *link) recv(now time.Time, ev ss7.Event, out []ss7.Action) []ss7.Action {
	if ev.MSU.SI == ss7.SNM {
		return l.recvManagement(now, &ev.MSU, out)
	}
	return l.recvTest(now, &ev.MSU, out)
}

// crossedThreshold: the link's queue has another level of congestion, or an MSU went over a
// link that is congested.
func (l *link) crossedThreshold(now time.Time, ev ss7.Event, out []ss7.Action) []ss7.Action {
	switch {
	case ev.MSU.OPC != 0 || ev.MSU.DPC != 0:
		ev.Arg = max(ev.Arg, l.congestion)
		return l.net.overloaded(now, l.cfg.Path, l.name(), ev, out)
	case l.net.cfg.Timed:
		return l.timedCongestion(now, ev, out)
	}
	return l.congested(ev, out)
}

// wentNoFurther: an MSU that came by l was discarded here, for the Reason in ev.Arg.
func (l *link) wentNoFurther(now time.Time, ev ss7.Event, out []ss7.Action) []ss7.Action {
	why := Reason(ev.Arg)
	if why == OwnOrigin || why == Circular {
		out = l.circular(now, ev, out)
	}
	if why == OwnOrigin {
		return out
	}
	return l.unreachable(now, &ev.MSU, why, out)
}

func (l *link) noUser(now time.Time, ev ss7.Event, out []ss7.Action) []ss7.Action {
	return l.net.noUser(now, ev, out)
}

// gaveBack: level 2 has given back a management message that the far end has not accepted.
func (l *link) gaveBack(now time.Time, ev ss7.Event, out []ss7.Action) []ss7.Action {
	return l.net.sendAgain(now, l, &ev.MSU, out)
}

// wasDrained: the far end has acknowledged all that was sent before level 2 was asked (ss7.Drain).
func (l *link) wasDrained(now time.Time, _ ss7.Event, out []ss7.Action) []ss7.Action {
	l.net.paced(now, l.cfg.Path)
	return l.net.drained(now, l.cfg.Path, out)
}

// Tick acts on every timer that is over.
func (n *Network) Tick(now time.Time, out []ss7.Action) []ss7.Action {
	for k, ok := n.agenda.expired(now); ok; k, ok = n.agenda.expired(now) {
		before := len(out)
		if over := expiries[k.id]; over != nil {
			out = over(n, now, k, out)
		} else if l := n.links[k.link]; l != nil {
			out = l.expired(now, k.id, out)
		}
		out = n.follow(now, out)
		about(k.link, out[before:])
	}
	return out
}

// Deadline is when the next timer is over; zero if none runs.
func (n *Network) Deadline() time.Time { return n.agenda.next() }

// expiries lists what is done when a timer is over, but for those of links. A timer that is not in
// the list only keeps something from being done too soon.
var expiries = map[timerID]func(n *Network, now time.Time, k timerKey, out []ss7.Action) []ss7.Action{
	timerAdjacent:   (*Network).adjacentWaited,
	timerGrace:      (*Network).adjacentWaited,
	timerT25:        (*Network).adjacentWaited,
	timerT26:        (*Network).tellTimer,
	timerTell:       (*Network).tellTimer,
	timerT6:         (*Network).rerouted,
	timerT10:        (*Network).testRoute,
	timerT11:        (*Network).restrict,
	timerT15:        (*Network).waitedForTFC,
	timerT16:        (*Network).testUnanswered,
	timerCircle:     (*Network).circleTimer,
	timerT18:        (*Network).restartTimer,
	timerT20:        (*Network).restartTimer,
	timerNeighbours: (*Network).restartTimer,
	timerLinks:      (*Network).waited,
}

func (n *Network) adjacentWaited(now time.Time, k timerKey, out []ss7.Action) []ss7.Action {
	return n.restarted(now, k.set, out)
}

// tellTimer: a neighbour may be told more, or told again.
func (n *Network) tellTimer(_ time.Time, _ timerKey, out []ss7.Action) []ss7.Action {
	n.touchTelling()
	return out
}

// restartTimer ends the restart of this node, whoever has not said TRA.
func (n *Network) restartTimer(_ time.Time, k timerKey, out []ss7.Action) []ss7.Action {
	return n.endRestart(fmt.Sprintf("T%d is over", n.number(k.id)), out)
}

func (l *link) expired(now time.Time, id timerID, out []ss7.Action) []ss7.Action {
	switch id {
	case timerT17:
		if l.div.changingOver() { // aligning would empty level 2's queue
			l.div.activate = true
			return out
		}
		return l.activate(now, out)
	case timerT1, timerT2, timerT3, timerT4, timerT5:
		return l.diversionTimer(now, id, out)
	case timerT12, timerT13, timerT14, timerLocalInhibit, timerRemoteInhibit:
		return l.inhibitTimer(now, id, out)
	case timerTx, timerTy:
		if l.net.cfg.Timed {
			return l.congestionStep(now, out)
		}
	case timerSLTA:
		why := fmt.Sprintf("no answer to %d tests in %v each", l.attempt, l.net.cfg.SLTT1)
		return l.testFailed(now, why, out)
	case timerSLT, timerCode:
		l.attempt = 0
		return l.startTest(now, out)
	}
	return out
}

// Aligning is the reason why a link that has not failed yet carries no traffic. The layer below
// knows more.
const Aligning = "aligning"

// activate asks level 2 to align the link (Q.704 §12.2.2). A linkset without a
// link in service wants one back fast: emergency proving (§12.2.4.1).
func (l *link) activate(now time.Time, out []ss7.Action) []ss7.Action {
	kind := ss7.EmergencyCeases
	if l.urgent = l.set.urgent(); l.urgent {
		kind = ss7.Emergency
	}
	wasOpen := l.open
	l.open = false
	out = l.become(now, Activating, Aligning, out)
	if wasOpen { // what its far end sends before our test has passed waits for that
		l.net.touchTable()
	}
	return append(out, order(kind, l.cfg.Path), order(ss7.Start, l.cfg.Path))
}

// urgent tells whether no link of s is aligned.
func (s *linkset) urgent() bool {
	return !slices.ContainsFunc(s.links, func(l *link) bool { return l.state == Available || l.state == Testing })
}

// urge tells the links of s that are being aligned when emergency proving begins or ends to be
// wanted. A link that waits for its far end hears of it long before it proves.
func (s *linkset) urge(out []ss7.Action) []ss7.Action {
	urgent := s.urgent()
	for _, l := range s.links {
		if l.state != Activating || l.urgent == urgent {
			continue
		}
		l.urgent = urgent
		kind := ss7.EmergencyCeases
		if urgent {
			kind = ss7.Emergency
		}
		out = append(out, order(kind, l.cfg.Path))
	}
	return out
}

// fail takes the link out of service, and waits T17 before the next alignment, so that two ends do
// not start and stop in step (Q.704 §12.2.2, §16.8).
func (l *link) fail(now time.Time, why string, out []ss7.Action) []ss7.Action {
	l.stopTests()
	l.stop(timerTx, timerTy)
	l.full = false
	out = l.congested(ss7.Event{Why: "it has failed"}, out)
	l.start(now, timerT17)
	return l.become(now, Failed, why, out)
}

// stopTests stops the timers of activation and testing; those of diversion and
// inhibiting go on.
func (l *link) stopTests() { l.stop(timerT17, timerSLTA, timerSLT, timerCode) }

// become enters a state. Only changes that concern traffic are noted: an alignment that fails again
// and again would fill the log.
func (l *link) become(now time.Time, s LinkState, why string, out []ss7.Action) []ss7.Action {
	was, wasUsable := l.state, l.usable()
	l.since = now
	l.state = s
	l.open = l.open || s == Available
	if s != Activating || was == Shutdown {
		l.why = why // while aligning, why it failed last says more
	}
	if s == Available {
		l.ups++
	}
	if was == Available || was == Shutdown {
		l.wanted = now
	}
	out = l.set.urge(out)
	if (s == Available) != (was == Available) {
		out = append(out, notef(NoteLink, "Link %d of linkset %s is %s: %s", l.cfg.SLC, l.set.cfg.Name,
			upDown(s == Available), why))
		return l.shift(now, wasUsable, out)
	}
	return out
}

// LinkStatus is a link as show commands print it.
type LinkStatus struct {
	Path      ss7.PathID
	SLC       uint8
	State     LinkState
	Why       string
	PeerFault string
	Since     time.Time
	Ups       uint64
	NextTry   time.Time // zero: none is due
	Diversion Diversion

	Congestion    uint32 // level, 0 to 3
	CongestionWhy string

	LocalInhibit, RemoteInhibit bool
}

// Usable tells whether the link may carry traffic.
func (l *LinkStatus) Usable() bool {
	return l.State == Available && !l.LocalInhibit && !l.RemoteInhibit
}

// LinksetStatus is a linkset as show commands print it.
type LinksetStatus struct {
	Name     string
	Adjacent ss7.PC
	Ready    bool
	Shutdown bool
	Why      string
	Since    time.Time
	Links    []LinkStatus

	Restarting bool // its adjacent point has not said TRA yet (Q.704 §9.3)
}

// Status gives all linksets in the order of the configuration.
func (n *Network) Status() []LinksetStatus {
	out := make([]LinksetStatus, len(n.sets))
	for i, s := range n.sets {
		out[i] = s.status()
		out[i].Why = out[i].Reason(nil)
	}
	return out
}

// status gives the linkset's, without Why.
func (s *linkset) status() LinksetStatus {
	out := LinksetStatus{Name: s.cfg.Name, Adjacent: s.cfg.Adjacent, Ready: s.ready, Shutdown: s.cfg.Shutdown,
		Since: s.since, Restarting: s.restarting || s.ready && s.net.own.on}
	for _, l := range s.links {
		out.Links = append(out.Links, LinkStatus{l.cfg.Path, l.cfg.SLC, l.state, l.why, l.peerFault, l.since, l.ups,
			l.ends(timerT17), l.div.state, l.congestion, l.congestionWhy, l.localInhibit, l.remoteInhibit})
	}
	return out
}

// Unsettled counts the links that should carry traffic and do not yet, but for those
// that have been trying for longer than patience, and the holds at which traffic
// waits. Links of a linkset that restarts are among the former.
func (n *Network) Unsettled(now time.Time, patience time.Duration) int {
	count := len(n.table.Holds())
	for _, l := range n.links {
		waiting := l.state != Available && l.state != Shutdown || l.usable() && (l.set.restarting || n.own.on)
		if waiting && now.Sub(l.wanted) < patience {
			count++
		}
	}
	return count
}
