package mtp3

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/gostp/gostp/routing"
	"github.com/gostp/gostp/ss7"
)

// Circular routes. An MSU has gone in a circle if it comes by the linkset that is the only way to
// its destination, or if it is one of our own that comes back. Q.704 prevents circles by TFP
// (§13.2.2 i). They arise from routes that are configured so, and from neighbours that send no TFP.
// The log tells of a circle when it is found, and when no MSU has gone in it for a while.
const (
	circleQuiet  = 30 * time.Second
	circlesMost  = 256
	circleOurOwn = "MSUs with our own code as their origin come in by linkset %s: routes lead them in a circle, or " +
		"another node uses our code"
	circleBack = "MSUs come in by linkset %s, which is the only way there: the adjacent point %s and this node send " +
		"them to each other"
)

// Circle is a circular route.
type Circle struct {
	Dest    ss7.PC
	Linkset string // by which MSUs come that go in the circle
	Why     string
	Since   time.Time
}

type circle struct {
	why         string
	since, last time.Time
}

// circular takes note of an MSU that went in a circle and came by l. ev.Arg is the Reason why it
// was discarded.
func (l *link) circular(now time.Time, ev ss7.Event, out []ss7.Action) []ss7.Action {
	n := l.net
	k := timerKey{id: timerCircle, dest: n.single(ev.MSU.DPC), set: l.set.cfg.Name}
	if c := n.circles[k]; c != nil {
		c.last = now
		return out
	}
	if len(n.circles) >= circlesMost {
		return out
	}
	why := fmt.Sprintf(circleBack, k.set, n.format(l.set.cfg.Adjacent))
	if Reason(ev.Arg) == OwnOrigin {
		why = fmt.Sprintf(circleOurOwn, k.set)
	}
	n.circles[k] = &circle{why, now, now}
	n.agenda.start(now, k, circleQuiet)
	return append(out, notef(NoteCircular, "Circular route to %s: %s", n.format(k.dest.PC), why))
}

// circleTimer ends a circle in which no MSU goes any more.
func (n *Network) circleTimer(now time.Time, k timerKey, out []ss7.Action) []ss7.Action {
	c := n.circles[k]
	if c == nil {
		return out
	}
	if quiet := now.Sub(c.last); quiet < circleQuiet {
		n.agenda.start(now, k, circleQuiet-quiet)
		return out
	}
	delete(n.circles, k)
	return append(out, notef(NoteCircular, "Circular route to %s is over: for %v no MSU has come back by linkset %s",
		n.format(k.dest.PC), circleQuiet, k.set))
}

// Barred names MSUs that are discarded because they go round for ever: those to one point that come
// in by one linkset or server and have one of some SLS values, which are a bit each.
type Barred struct {
	Linkset string
	DPC     ss7.PC
	SLS     [4]uint64
}

// Bar has the MSUs that all names discarded from now on, and no others.
func (n *Network) Bar(now time.Time, all []Barred, out []ss7.Action) []ss7.Action {
	if len(all) == 0 && len(n.barred) == 0 {
		return out
	}
	n.barred = all
	return n.followLinks(now, out)
}

// bars gives what is barred in the form of the table; nil if nothing is.
func (n *Network) bars() (by map[routing.Bar][4]uint64) {
	for _, b := range n.barred {
		for i := range len(n.sets) + len(n.servers) {
			if n.nameOf(i) == b.Linkset {
				if by == nil {
					by = map[routing.Bar][4]uint64{}
				}
				by[routing.Bar{Linkset: int32(i), DPC: b.DPC}] = b.SLS
			}
		}
	}
	return by
}

// Circles gives the circular routes in which MSUs go now, by destination.
func (n *Network) Circles() (all []Circle) {
	for k, c := range maps.All(n.circles) {
		all = append(all, Circle{k.dest.PC, k.set, c.why, c.since})
	}
	slices.SortFunc(all, func(a, b Circle) int {
		return cmp.Or(cmp.Compare(a.Dest, b.Dest), cmp.Compare(a.Linkset, b.Linkset))
	})
	return all
}
