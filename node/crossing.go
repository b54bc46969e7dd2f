package node

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/gostp/gostp/internal/lock"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/ss7"
)

// An MSU that goes through a crossing is written anew for the other instance and routed there at once, by the
// goroutine that brought it; to that instance it comes from the alias that its origin has there. This file is
// the way of such an MSU; aliases.go is what the configuration and the core know of crossings.

// border is what all crossings from one instance to another have in common. It is never changed.
type border struct {
	from, to *Node
	priority bool // both networks have priorities
	kind     *ss7.Variant
	far      *ss7.Variant
	ni       ss7.NI      // there
	inside   [16]rewrite // by service indicator; nil: no point codes are inside

	points  map[ss7.PC]ss7.PC // the codes there, by the aliases here
	origins map[ss7.PC]alias  // the aliases there, by the codes here
	count   *borderCount
}

// rewrite appends the payload of an MSU to out with the point codes in it as the other instance has them, and
// gives that payload alone, too; false: one of them has none there.
type rewrite func(payload, out []byte) (there, all []byte, ok bool)

// code is what a point here is there; false: it has no code there.
func (b *border) code(pc ss7.PC) (ss7.PC, bool) {
	if p, ok := b.points[pc]; ok {
		return p, true
	}
	is, ok := b.origins[pc]
	return is.pc, ok
}

// alias is what stands for a code here in the other instance: an alias, whose crossing leads back here.
type alias struct {
	pc   ss7.PC
	path ss7.PathID
}

// borderCount counts what crosses a border. It outlives changes of the configuration.
type borderCount struct{ crossed, noAlias, noInside atomic.Uint64 }

// crossing is the way to one point of another instance.
type crossing struct {
	*border
	id    ss7.PathID
	alias ss7.PC // here
	pc    ss7.PC // there
	name  string
	up    bool // the point can be reached; the core's own
}

// arrival is what routeBy must know of MSUs that have come from another instance.
type arrival struct {
	depth   int        // how often they have crossed from instance to instance
	origin  ss7.PathID // by which they came into the instance before; 0: they began there
	foreign []byte     // their payloads as rewritten for this instance
}

// crossed is how often the MSUs have crossed.
func (a *arrival) crossed() int {
	if a == nil {
		return 0
	}
	return a.depth
}

// by is the path by which the MSUs came into the instance before; 0: they began there, or here.
func (a *arrival) by() ss7.PathID {
	if a == nil {
		return 0
	}
	return a.origin
}

// arrivals has transfers for MSUs that come to this instance from others. A goroutine that brings some takes one of
// them.
type arrivals struct {
	mu   lock.Mutex[lock.Arrivals]
	free []*transfer
}

func (x *arrivals) take(n *Node) *transfer {
	x.mu.Lock()
	defer x.mu.Unlock()
	if last := len(x.free) - 1; last >= 0 {
		t := x.free[last]
		x.free = x.free[:last]
		return t
	}
	t := &transfer{arrival: &arrival{}}
	n.readers.enter(t)
	return t
}

func (x *arrivals) give(t *transfer) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.free = append(x.free, t)
}

// mostCrossings is how often an MSU may go from instance to instance: there and, translated
// by SCCP there, on or back.
const mostCrossings = 4

// offer implements outlet. forward and send use cross instead, which keeps count of crossings.
func (x *crossing) offer(now time.Time, from ss7.PathID, msus ...*ss7.MSU) {
	x.cross(now, 0, from, msus)
}

// cross converts MSUs, in place, and routes them in the other instance. depth is how often
// they have crossed before, and origin the path by which they came here.
func (x *crossing) cross(now time.Time, depth int, origin ss7.PathID, msus []*ss7.MSU) {
	if depth >= mostCrossings {
		x.from.discards.add(mtp3.Circular, len(msus))
		return
	}
	t := x.to.arrivals.take(x.to)
	defer x.to.arrivals.give(t)
	t.arrival.depth, t.arrival.origin, t.arrival.foreign = depth+1, origin, t.arrival.foreign[:0]
	t.msus = t.msus[:0]
	by := ss7.PathID(0)
	for _, m := range msus {
		from, ok := x.convert(t.arrival, m)
		if !ok {
			continue
		}
		if from != by && len(t.msus) > 0 {
			x.to.route(now, t, by)
			t.msus = t.msus[:0]
		}
		by = from
		t.msus = append(t.msus, m)
	}
	x.to.route(now, t, by)
}

// convert makes m an MSU of the other instance and gives the path by which m comes there. It is false if m was
// discarded.
func (x *crossing) convert(a *arrival, m *ss7.MSU) (ss7.PathID, bool) {
	is, ok := x.origins[m.OPC]
	if !ok {
		x.count.noAlias.Add(1)
		x.refuse(mtp3.NoAlias, m)
		return 0, false
	}
	if rewrite := x.inside[m.SI&15]; rewrite != nil {
		if m.Payload, a.foreign, ok = rewrite(m.Payload, a.foreign); !ok {
			x.count.noInside.Add(1)
			x.refuse(mtp3.NoAliasInside, m)
			return 0, false
		}
	}
	m.OPC, m.DPC, m.NI, m.SLS = is.pc, x.pc, x.ni, convertSLS(m.SLS, x.kind.SLSBits, x.far.SLSBits)
	if !x.priority {
		m.Prio = 0
	}
	x.count.crossed.Add(1)
	x.from.discards.transferred.Add(1)
	return is.path, true
}

// refuse discards an MSU that cannot cross, and logs why.
func (x *crossing) refuse(why mtp3.Reason, m *ss7.MSU) {
	n := x.from
	n.discards.add(why, 1)
	if n.log.Allow("border", uint32(x.id), discardPace) {
		f := n.Config().Notation()
		text := fmt.Sprintf("%v from %s to %s, which is of instance %d, discarded: %v",
			m.SI, f.Format(m.OPC), f.Format(m.DPC), x.to.number, why)
		n.log.AddFrom(text, "CS7MTP3", 4, "DISCARD", text)
	}
}

// convertSLS keeps as many bits of an SLS as a narrower one has. In a wider one it repeats the bits, so that a node
// that turns the SLS (T1.111.5) spreads the MSUs as evenly by one bit as by another.
func convertSLS(sls, from, to uint8) uint8 {
	sls &= 1<<from - 1
	for w := from; w < to; w *= 2 {
		sls |= sls << w
	}
	return sls & (1<<to - 1)
}

// tell passes on what MTP3 here says to the users behind a crossing: that a point here is
// congested, or has no such user. It runs on the core.
func (x *crossing) tell(ev ss7.Event) {
	about, whom := x.origins[ev.Dest.PC], x.points[ev.MSU.OPC]
	if about.path == 0 {
		return // the point has no alias there
	}
	far := x.to.Config()
	out := ss7.Event{Kind: ev.Kind, Path: about.path, Arg: ev.Arg,
		Dest: ss7.Range{PC: about.pc, Len: x.far.Bits()}, MSU: ss7.MSU{OPC: whom, SI: ev.MSU.SI},
		Why: fmt.Sprintf("instance %d says so of %s", x.from.number, far.Notation().Format(about.pc))}
	if ev.Kind == ss7.UserPart { // the other instance tells the origin, as it does for an AS
		out.Kind, out.MSU.DPC = ss7.NoUser, about.pc
	}
	x.to.core.post(out)
}
