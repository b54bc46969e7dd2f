package mtp3

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/gostp/gostp/ss7"
)

// overload is a destination that somebody says is congested. It may be any code to which a route
// leads, also one inside a summary.
type overload struct {
	net    *Network
	pc     ss7.PC
	level  uint32
	by     string     // who says it
	from   ss7.PathID // the server that says it of what is behind it; 0: an STP, by TFC
	meant  ss7.Event  // MSU.OPC, Path and Of: whose users heard of it last
	warned time.Time  // and when
}

func (o *overload) key(id timerID) timerKey { return timerKey{id: id, dest: o.net.single(o.pc)} }

func (o *overload) start(now time.Time, id timerID) {
	o.net.agenda.start(now, o.key(id), o.net.lasts(id))
}

func (o *overload) stop(id timerID) { o.net.agenda.stop(o.key(id)) }

// Overload is a destination of which somebody says that it is congested.
type Overload struct {
	PC    ss7.PC
	Level uint32
	Why   string
}

// Overloads gives all of these by code.
func (n *Network) Overloads() (all []Overload) {
	for _, pc := range slices.Sorted(maps.Keys(n.overloads)) {
		all = append(all, Overload{pc, n.overloads[pc].level, n.overloads[pc].by})
	}
	return all
}

// congest takes note of what is said of pc, and tells the users that it concerns.
func (n *Network) congest(
	now time.Time, pc ss7.PC, level uint32, by string, whom ss7.Event, out []ss7.Action,
) []ss7.Action {
	o := n.overloads[pc]
	if o == nil {
		if len(n.overloads) >= overloadsMost {
			return append(out, n.status(whom, pc, level, by)) // it is told, and not remembered
		}
		o = &overload{net: n, pc: pc}
		n.overloads[pc] = o
	}
	return o.said(now, level, by, whom, out)
}

// said takes a level that is said of o. While T15 runs the worst counts; what comes while T16 runs
// answers the test (§13.9).
func (o *overload) said(now time.Time, level uint32, by string, whom ss7.Event, out []ss7.Action) []ss7.Action {
	n, was := o.net, o.level
	if level > o.level || n.agenda.running(o.key(timerT16)) {
		o.level = level
	}
	o.by, o.from, o.meant = by, whom.Of, whom
	o.stop(timerT16)
	o.start(now, timerT15)
	if o.level != was {
		out = append(out, notef(NoteCongestion, "Destination %s is congested, level %d: %s", n.format(o.pc), o.level, by))
	}
	if o.level == was && now.Sub(o.warned) < statusPace {
		return out
	}
	o.warned = now
	if whom.Path != 0 {
		n.noteWarned(whom.Path, whom.MSU.OPC, o.pc, o.level)
	}
	return append(out, n.status(whom, o.pc, o.level, by))
}

// relieve lowers the level, for the reason why.
func (o *overload) relieve(level uint32, why string, out []ss7.Action) []ss7.Action {
	n := o.net
	o.level = level
	text := fmt.Sprintf("Destination %s is congested, level %d, falling: %s", n.format(o.pc), level, why)
	if level == 0 {
		delete(n.overloads, o.pc)
		o.stop(timerT15)
		o.stop(timerT16)
		text = fmt.Sprintf("Destination %s is no longer congested: %s", n.format(o.pc), why)
	}
	out = append(out, note(NoteCongestion, text))
	if o.from != 0 && level == 0 { // all hear of it below
		maps.DeleteFunc(n.warned, func(k warnedKey, _ uint32) bool { return k.to == o.pc })
	}
	out = n.abated(out)
	if o.meant.Path != 0 {
		return out // it is one of those
	}
	return append(out, n.status(o.meant, o.pc, level, why))
}

// waitedForTFC acts on the end of T15. Nobody has said meanwhile that the destination is congested,
// so it is time to find out whether it still is (§13.9).
func (n *Network) waitedForTFC(now time.Time, k timerKey, out []ss7.Action) []ss7.Action {
	o := n.overloads[k.dest.PC]
	if o == nil {
		return out
	}
	why := fmt.Sprintf("it was not said again for T15 (%v)", n.lasts(timerT15))
	switch {
	case o.from != 0: // a gateway that says changes alone (RFC 4666 §3.4.4) is asked
		o.start(now, timerT16)
		audit := ss7.Event{Kind: ss7.Audit, Path: o.from, Dest: k.dest}
		return append(out, ss7.Action{Op: ss7.Raise, Event: audit})
	case n.cfg.Timed:
		if out = o.relieve(o.level-1, why, out); o.level > 0 {
			o.start(now, timerT15)
		}
		return out
	case !n.cfg.Levels:
		return o.relieve(0, why, out)
	}
	return o.test(now, out)
}

// testUnanswered acts on the end of T16: no STP on the way there is congested at the level that was
// tested.
func (n *Network) testUnanswered(now time.Time, k timerKey, out []ss7.Action) []ss7.Action {
	o := n.overloads[k.dest.PC]
	switch {
	case o == nil:
		return out
	case o.from != 0:
		why := fmt.Sprintf("it was not said again for T15 and T16 (%v)", n.lasts(timerT15)+n.lasts(timerT16))
		return o.relieve(0, why, out)
	}
	why := fmt.Sprintf("no TFC answered the test (RCT) within T16 (%v)", n.lasts(timerT16))
	if out = o.relieve(o.level-1, why, out); o.level == 0 {
		return out
	}
	return o.test(now, out)
}

// test sends RCT to the destination, with the priority below its level, and waits T16. RCT goes all
// the way; an STP whose link there is congested above that priority answers with TFC.
func (o *overload) test(now time.Time, out []ss7.Action) []ss7.Action {
	n := o.net
	o.start(now, timerT16)
	d := Decide(n.table, &ss7.MSU{DPC: o.pc, SI: ss7.SNM}, 0)
	if d.Fate != Forward || d.Path.IsHold() || n.links[d.Path] == nil {
		return out
	}
	out = n.send(d.Path, o.pc, n.codeFor(o.pc), 0, Management{Heading: RCT}, out)
	out[len(out)-1].Event.MSU.Prio = uint8(o.level - 1)
	return out
}
