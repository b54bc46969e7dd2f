package mtp3

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/gostp/gostp/routing"
	"github.com/gostp/gostp/ss7"
)

// Diversion is the state of changeover control (TCOC) and changeback control (TCBC) of one link,
// Q.704 figures 27 to 31. While it is not Undiverted, the MSUs that belong on the link wait in the
// link's hold.
type Diversion uint8

// The states of a diversion.
const (
	Undiverted        Diversion = iota
	AskingBSNT                  // changeover: level 2 is asked what it accepted last
	AwaitingCOA                 // changeover: order sent, T2
	Retrieving                  // changeover: level 2 gives back what the far end has not accepted
	DelayedCO                   // time-controlled changeover, T1 (§5.6.2)
	Changeback                  // declarations sent, T4 and T5 (§6.3)
	DelayedCB                   // time-controlled diversion, T3 (§6.4)
	diversionsDefined           // how many there are
)

var diversionNames = [...]string{"none", "asking level 2", "changeover", "retrieving", "time-controlled changeover",
	"changeback", "time-controlled changeback"}

func (d Diversion) String() string { return diversionNames[d] }

// diversion is the state of one link's diversion.
type diversion struct {
	state    Diversion
	bsnt     uint32     // AwaitingCOA and later: what level 2 accepted last
	order    bool       // the far end has sent a changeover order, which is not answered yet
	fsnc     uint32     // what the far end said it accepted last; NoFSN: it did not say
	ordered  Heading    // by which the far end ordered the changeover
	crossed  bool       // AwaitingCOA, DelayedCO: the far end's order has come, with a short number
	by       ss7.PathID // AwaitingCOA: the path by which our order went
	asked    time.Time  // AwaitingCOA: when it went
	again    bool       // AwaitingCOA: it went a second time
	came     ss7.PathID // the path by which the far end's order came: that one works
	declared map[uint8]ss7.PathID
	activate bool                // the link is to be aligned as soon as its queue was retrieved
	pending  map[ss7.PathID]bool // Changeback, DelayedCB: links whose buffers may hold what was sent before
	parked   bool                // changeback begins when what belongs on the link waits in no other hold
}

// usable tells whether a link may carry traffic (Q.704 §3.2.1).
func (l *link) usable() bool { return l.state == Available && !l.localInhibit && !l.remoteInhibit }

// shift begins the procedure that a change of l's availability asks for. was tells whether l was
// usable before.
func (l *link) shift(now time.Time, was bool, out []ss7.Action) []ss7.Action {
	n := l.net
	switch is := l.usable(); {
	case was && !is:
		out = n.orderAgain(now, l, l.changeover(now, out))
	case is && !was:
		out = l.changeback(now, out)
	}
	out = n.followLinks(now, out)
	if was && l.div.state == Undiverted { // it keeps nothing for anybody
		return n.drained(now, l.cfg.Path, out)
	}
	return out
}

// changeover takes the traffic off l (§5). Level 2 is asked for its part unless it is
// still at work: in processor outage and under inhibition the far end may yet receive
// what was sent, so time keeps the sequence (§5.6.2).
func (l *link) changeover(now time.Time, out []ss7.Action) []ss7.Action {
	n := l.net
	d := &l.div
	back := d.state == Changeback || d.state == DelayedCB || d.parked
	d.parked = false
	l.stopDiversion()
	switch {
	case d.order: // the far end needs an answer in any case
		d.state = AskingBSNT
		return append(out, order(ss7.RetrieveBSNT, l.cfg.Path))
	case back: // nothing has gone by it yet; what waits goes where it went before
		d.state = Undiverted
	case !l.hasAlternative():
		d.state = Undiverted
	case l.state == Blocked || l.state == Available:
		d.state = DelayedCO
		l.start(now, timerT1)
	default:
		n.stats.Changeovers++
		d.state = AskingBSNT
		return append(out, order(ss7.RetrieveBSNT, l.cfg.Path))
	}
	return out
}

// hasAlternative tells whether any of what goes by l could go elsewhere.
func (l *link) hasAlternative() bool {
	n := l.net
	without := n.newTable(l, false)
	for i := range n.plan.Dests {
		if b := n.table.Bundle(i); b != nil && without.Bundle(i) != nil && uses(b, l.cfg.Path) {
			return true
		}
	}
	return false
}

func uses(b *routing.Bundle, p ss7.PathID) bool {
	for _, s := range b.Slots {
		if s.Path == p || s.Path == p.Hold() {
			return true
		}
	}
	return false
}

// accepted takes the number of the last MSU that level 2 accepted. With it the order goes out, or
// the answer to the far end's order.
func (l *link) accepted(now time.Time, ev ss7.Event, out []ss7.Action) []ss7.Action {
	d := &l.div
	if d.state != AskingBSNT {
		return out
	}
	d.bsnt = ev.Arg
	if d.order {
		return l.answerOrder(now, out)
	}
	return l.sendOrder(now, out)
}

// sendOrder sends the changeover order for l.
func (l *link) sendOrder(now time.Time, out []ss7.Action) []ss7.Action {
	n := l.net
	d := &l.div
	way := n.wayTo(l.set.cfg.Adjacent, l)
	if way == 0 { // no path between the two ends (§5.6.2)
		d.state = DelayedCO
		l.start(now, timerT1)
		return out
	}
	d.state, d.by = AwaitingCOA, way
	d.asked, d.again = now, false
	l.startFor(now, timerT2, l.lasts(timerT2)/2)
	return l.sendAbout(way, l.order(COO, XCO, ECO), out)
}

// orderRound sends the order once more when half of T2 is over, over another point this time. The
// link by which it went first may be dead too, and it may take longer than T2 to find that out.
func (l *link) orderRound(now time.Time, rest time.Duration, out []ss7.Action) []ss7.Action {
	d := &l.div
	d.again = true
	l.startFor(now, timerT2, rest)
	if way := l.net.wayRound(l.set.cfg.Adjacent); way != 0 && way != d.by {
		return l.sendAbout(way, l.order(COO, XCO, ECO), out)
	}
	return out
}

// orderAgain sends the orders that went by a link which has failed meanwhile by another
// way, and waits for the answer anew: links of one cable die together, but are not found
// dead together.
func (n *Network) orderAgain(now time.Time, failed *link, out []ss7.Action) []ss7.Action {
	for _, s := range n.sets {
		for _, l := range s.links {
			if l.div.state == AwaitingCOA && l.div.by == failed.cfg.Path {
				l.stop(timerT2)
				out = l.sendOrder(now, out)
			}
		}
	}
	return out
}

// order is a changeover message: with a 7-bit or a 24-bit sequence number (RFC 4165
// §4.2.3: XCO and XCA over M2PA), or the emergency form if level 2 does not know it
// (§5.6.1).
func (l *link) order(short, long, emergency Heading) Management {
	switch {
	case l.div.bsnt >= ss7.NoFSN:
		return Management{Heading: emergency}
	case l.cfg.Short:
		return Management{Heading: short, FSN: l.div.bsnt & 127}
	}
	return Management{Heading: long, FSN: l.div.bsnt}
}

// ack answers the far end's order in kind: COA to COO, even for a link that numbers with 24 bits.
func (l *link) ack() Management {
	if m := l.order(COA, XCA, ECA); m.Heading != XCA || l.div.ordered != COO {
		return m
	}
	return Management{Heading: COA, FSN: l.div.bsnt & 127}
}

// answerOrder acknowledges the far end's order and takes it as the answer to ours.
func (l *link) answerOrder(now time.Time, out []ss7.Action) []ss7.Action {
	l.div.order = false
	out = l.answer(l.ack(), out)
	return l.retrieve(now, l.div.fsnc, fmt.Sprintf("it ordered the changeover by %v", l.div.ordered), out)
}

// answer goes back by the way the order came, while that works. Other ways may be dead without
// anybody knowing it yet.
func (l *link) answer(m Management, out []ss7.Action) []ss7.Action {
	n := l.net
	way := l.div.came
	if via := n.links[way]; via == nil || !via.usable() {
		way = n.wayTo(l.set.cfg.Adjacent, l)
	}
	return l.sendAbout(way, m, out)
}

// retrieve asks level 2 for the MSUs that the far end has not accepted. why says where fsnc comes
// from.
func (l *link) retrieve(_ time.Time, fsnc uint32, why string, out []ss7.Action) []ss7.Action {
	l.stopDiversion()
	l.div.state = Retrieving
	ev := ss7.Event{Kind: ss7.Retrieve, Path: l.cfg.Path, Arg: fsnc, Why: why}
	return append(out, ss7.Action{Op: ss7.Raise, Event: ev})
}

// retrieved ends the changeover: the hold has the retrieved MSUs in front, and the new table lets
// all of them go on.
func (l *link) retrieved(now time.Time, _ ss7.Event, out []ss7.Action) []ss7.Action {
	if l.div.state != Retrieving {
		return out
	}
	return l.settle(now, out)
}

// settle ends a diversion. The MSUs that wait go the way that the new table says.
func (l *link) settle(now time.Time, out []ss7.Action) []ss7.Action {
	n := l.net
	l.stopDiversion()
	l.div.state, l.div.pending = Undiverted, nil
	out = n.drained(now, l.cfg.Path, n.unpark(now, n.followLinks(now, out)))
	if l.div.activate {
		l.div.activate = false
		return l.activate(now, out)
	}
	return out
}

func (l *link) stopDiversion() {
	l.div.crossed = false
	l.stop(timerT1, timerT2, timerT3, timerT4, timerT5)
}

// changingOver tells whether level 2's queue is still wanted.
func (d *diversion) changingOver() bool { return d.state >= AskingBSNT && d.state <= DelayedCO }

// recvChangeover handles COO, XCO, ECO and their acknowledgements for link l.
func (l *link) recvChangeover(now time.Time, via ss7.PathID, m Management, out []ss7.Action) []ss7.Action {
	fsn, short := m.FSN, (m.Heading == COO || m.Heading == COA) && !l.cfg.Short
	switch {
	case m.Heading == ECO || m.Heading == ECA:
		fsn = ss7.NoFSN
	case short: // level 2, which knows what is not acknowledged, completes it
		fsn |= ss7.ShortFSN
	}
	if m.Heading == COA || m.Heading == XCA || m.Heading == ECA {
		if l.div.state != AwaitingCOA {
			return out // §5.7.4
		}
		return l.retrieve(now, fsn, fmt.Sprintf("it answered the changeover order by %v", m.Heading), out)
	}
	d := &l.div
	d.fsnc, d.came, d.ordered = fsn, via, m.Heading
	switch {
	case d.state == AskingBSNT:
		d.order = true
	case d.state == AwaitingCOA || d.state == Retrieving:
		if d.state == Retrieving { // its order crossed our retrieval
			return l.answer(l.ack(), out)
		}
		if short && d.bsnt < ss7.NoFSN { // the answer to our XCO has the whole number
			d.crossed = true
			return l.answer(l.ack(), out)
		}
		return l.answerOrder(now, out)
	case d.state == DelayedCO && l.state == Failed: // there is a path after all: normal changeover
		d.order, d.state = true, AskingBSNT
		l.stop(timerT1)
		return append(out, order(ss7.RetrieveBSNT, l.cfg.Path))
	case l.state == Available || l.state == Blocked || l.state == Testing: // it knows more than we do (§3.2.2)
		d.order = true
		return l.failedByOrder(now, m, out)
	default: // §5.7.5
		return l.answer(Management{Heading: ECA}, out)
	}
	return out
}

func (l *link) failedByOrder(now time.Time, m Management, out []ss7.Action) []ss7.Action {
	out = append(out, order(ss7.Stop, l.cfg.Path))
	l.stopDiversion()
	was := l.usable()
	out = l.fail(now, fmt.Sprintf("the far end ordered a changeover (%v)", m.Heading), out)
	if !was { // fail had no traffic to shift
		l.div.state = AskingBSNT
		out = append(l.net.followLinks(now, out), order(ss7.RetrieveBSNT, l.cfg.Path))
	}
	return out
}

// changeback brings the traffic back that belongs on l (§6). If the adjacent point has to restart
// first, restarted does that later.
func (l *link) changeback(now time.Time, out []ss7.Action) []ss7.Action {
	if !l.set.ready || l.set.restarting {
		l.stopDiversion()
		l.div.state, l.div.parked = Undiverted, false
		return out
	}
	l.prepare(now)
	out = l.net.followLinks(now, out) // the hold is in place before the declarations go
	return l.declare(out)
}

// prepare lets the traffic that belongs on l wait. Links that end where l ends say when the last of
// it that they had has arrived; with others, time keeps the sequence (§6.4).
func (l *link) prepare(now time.Time) {
	n := l.net
	d := &l.div
	l.stopDiversion()
	over := d.changingOver() // it was gone for less than T1
	d.state, d.declared, d.pending = Undiverted, nil, nil
	if over {
		return
	}
	near, far, waits := l.sources()
	if d.parked = waits; waits {
		return
	}
	d.pending = map[ss7.PathID]bool{}
	for _, p := range slices.Concat(near, far) {
		d.pending[p] = true
	}
	if len(near) > 0 {
		d.declared = map[uint8]ss7.PathID{}
		for _, p := range near {
			n.changebackCode++
			d.declared[n.changebackCode] = p
		}
		d.state = Changeback
		l.start(now, timerT4)
	}
	if len(far) > 0 {
		if d.state == Undiverted {
			d.state = DelayedCB
		}
		l.start(now, timerT3)
	}
}

func (l *link) declare(out []ss7.Action) []ss7.Action {
	out = drain(l.div.pending, out)
	for code := range 256 {
		if p, ok := l.div.declared[uint8(code)]; ok {
			out = l.sendAbout(p, Management{Heading: CBD, Code: uint8(code)}, out)
		}
	}
	return out
}

// drain asks links to say when all MSUs that they have now are acknowledged. A link that has died
// without anybody knowing it yet never says so; it fails, and the MSUs that it gives back go first.
func drain(pending map[ss7.PathID]bool, out []ss7.Action) []ss7.Action {
	for _, p := range slices.Sorted(maps.Keys(pending)) {
		out = append(out, order(ss7.Drain, p))
	}
	return out
}

// drained notes that no MSU that was sent before waits at path any more: all have arrived, or were
// given back.
func (n *Network) drained(now time.Time, path ss7.PathID, out []ss7.Action) []ss7.Action {
	for _, s := range n.sets {
		for _, l := range s.links {
			if l.div.pending[path] && (l.div.state == Changeback || l.div.state == DelayedCB) {
				delete(l.div.pending, path)
				out = l.changebackStep(now, out)
			}
		}
	}
	return out
}

// sources finds the links that now carry the traffic of l: near are those to the same point, far
// all others. waits tells whether some of that traffic waits in another hold.
func (l *link) sources() (near, far []ss7.PathID, waits bool) {
	n := l.net
	with := n.newTable(l, true)
	seen := map[ss7.PathID]bool{}
	for i := range n.plan.Dests {
		was, will := n.table.Bundle(i), with.Bundle(i)
		if was == nil || will == nil {
			continue
		}
		for k, s := range will.Slots {
			from := was.Slots[k]
			if s.Path != l.cfg.Path || from.Path == l.cfg.Path || from.Path == l.cfg.Path.Hold() || seen[from.Path] {
				continue
			}
			seen[from.Path] = true
			if from.Path.IsHold() {
				waits = true
			} else if n.leadsTo(int(from.Linkset), l.set.cfg.Adjacent) {
				near = append(near, from.Path)
			} else if n.links[from.Path] != nil {
				far = append(far, from.Path)
			}
		}
	}
	return near, far, waits
}

// unpark begins the changebacks that had to wait for others.
func (n *Network) unpark(now time.Time, out []ss7.Action) []ss7.Action {
	for _, s := range n.sets {
		for _, l := range s.links {
			if l.div.parked {
				l.div.parked = false
				if l.usable() {
					out = l.changeback(now, out)
				}
			}
		}
	}
	return out
}

// recvChangeback handles CBD and CBA for link l.
func (l *link) recvChangeback(now time.Time, via ss7.PathID, m Management, out []ss7.Action) []ss7.Action {
	if m.Heading == CBD { // answered always (§6.5.2), here on the link it came by
		return l.sendAbout(via, Management{Heading: CBA, Code: m.Code}, out)
	}
	if _, ok := l.div.declared[m.Code]; !ok {
		return out // §6.5.1
	}
	delete(l.div.pending, l.div.declared[m.Code]) // what went before it has arrived
	delete(l.div.declared, m.Code)
	return l.changebackStep(now, out)
}

// changebackStep settles when every declaration is answered and T3 is over.
func (l *link) changebackStep(now time.Time, out []ss7.Action) []ss7.Action {
	if len(l.div.declared)+len(l.div.pending) > 0 || l.running(timerT3) {
		if len(l.div.declared) == 0 {
			l.stop(timerT4, timerT5)
		}
		return out
	}
	return l.settle(now, out)
}

// diversionTimer acts on the end of T1 to T5.
func (l *link) diversionTimer(now time.Time, id timerID, out []ss7.Action) []ss7.Action {
	n := l.net
	switch id {
	case timerT1:
		if l.div.crossed {
			return l.retrieve(now, l.div.fsnc, "it gave its own order by COO; there is no path to it for ours", out)
		}
		return l.retrieve(now, ss7.NoFSN, "no path to the far end, or its processor outage; T1 is over", out)
	case timerT2:
		if rest := l.div.asked.Add(l.lasts(timerT2)).Sub(now); !l.div.again && rest > 0 {
			return l.orderRound(now, rest, out)
		}
		// §5.7.2: no updating of buffers
		n.stats.T2Expired++
		if l.div.crossed {
			why := "it did not answer our order within T2, and gave its own by COO"
			return l.retrieve(now, l.div.fsnc, why, out)
		}
		out = append(out, discardf("the far end did not answer the changeover order for %s within T2 (%v): what it may "+
			"have received is not sent again", l.name(), l.lasts(timerT2)))
		return l.retrieve(now, ss7.NoFSN, "it did not answer the changeover order within T2", out)
	case timerT4:
		l.start(now, timerT5)
		return l.declare(out)
	case timerT5: // §6.5.3
		out = append(out, discardf("the far end did not answer the changeback declaration for %s within T4 and T5", l.name()))
		l.div.declared = nil
	}
	return l.changebackStep(now, out)
}
