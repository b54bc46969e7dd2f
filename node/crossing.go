package node

import (
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/internal/lock"
	"github.com/gostp/gostp/m3ua"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/sccp"
	"github.com/gostp/gostp/ss7"
)

// A point of another instance has an alias here (cs7 pc-conversion): a destination whose
// only way is a crossing. To MTP3 a crossing is a server, as an AS behind a gateway is: it takes
// traffic while the point can be reached in its own instance, the neighbours here learn of
// it by TFP and TFA, and what is said there of congestion and users is told here. An MSU
// that goes through a crossing is written anew for the other instance and routed there at once,
// by the goroutine that brought it; to that instance it comes from the alias that its origin
// has there.

// border is what is common to all crossings from one instance to another. It is never changed.
type border struct {
	from, to *Node
	priority bool // both networks have priorities
	kind     *ss7.Variant
	far      *ss7.Variant
	ni       ss7.NI // there
	sccp     sccp.Border

	points  map[ss7.PC]ss7.PC // aliases here, and the codes there
	origins map[ss7.PC]alias  // codes here, and what they are there
	count   *borderCount
}

// alias is what a code here is there: an alias, to which a crossing leads back.
type alias struct {
	pc   ss7.PC
	path ss7.PathID
}

// borderCount outlives changes of the configuration.
type borderCount struct{ crossed, noAlias, noInside atomic.Uint64 }

// crossing leads to one point.
type crossing struct {
	*border
	id    ss7.PathID
	alias ss7.PC // here
	pc    ss7.PC // there
	name  string
	up    bool // the core's own: the point can be reached
}

// arrival is about MSUs that have come from another instance.
type arrival struct {
	depth   int        // how often they have crossed from instance to instance
	origin  ss7.PathID // by which they came into the instance before; 0: they began there
	foreign []byte     // their SCCP as written for this instance
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

// arrivals are the memories of those who route in this instance what comes from others.
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

// offer implements outlet, for groups; what routes uses cross.
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

// convert makes m an MSU of the other instance and gives the path by which it comes there;
// false: it was discarded.
func (x *crossing) convert(a *arrival, m *ss7.MSU) (ss7.PathID, bool) {
	is, ok := x.origins[m.OPC]
	if !ok {
		x.count.noAlias.Add(1)
		x.refuse(mtp3.NoAlias, m)
		return 0, false
	}
	if m.SI == ss7.SCCP {
		if m.Payload, a.foreign, ok = x.sccp.Convert(m.Payload, a.foreign); !ok {
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

// refuse counts what cannot cross and says so.
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

// convertSLS keeps what a narrower SLS can hold, and repeats the bits where there are more:
// a node that turns it (T1.111.5) finds each of them as even as the others.
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
		return // nobody there knows it
	}
	far := x.to.Config()
	out := ss7.Event{Kind: ev.Kind, Path: about.path, Arg: ev.Arg,
		Dest: ss7.Range{PC: about.pc, Len: x.far.Bits()}, MSU: ss7.MSU{OPC: whom, SI: ev.MSU.SI},
		Why: fmt.Sprintf("instance %d says so of %s", x.from.number, far.Notation().Format(about.pc))}
	if ev.Kind == ss7.UserPart { // the origin is told as of an AS
		out.Kind, out.MSU.DPC = ss7.NoUser, about.pc
	}
	x.to.core.post(out)
}

// watch is a point here that has an alias in another instance.
type watch struct {
	point    ss7.PC
	crossing *crossing
	told     bool
	up       bool
}

// look tells other instances of points here that can be reached now, or no longer. It runs
// on the core.
func (c *core) look() {
	bits := c.node.view.Load().table.Variant.Bits()
	for i := range c.watched {
		w := &c.watched[i]
		up := destinations{c.node}.served(ss7.Range{PC: w.point, Len: bits}) != m3ua.Unavailable
		if w.told && up == w.up {
			continue
		}
		w.told, w.up = true, up
		other := w.crossing.from.core
		other.do(func() { other.opened(w.crossing.id, up) })
	}
}

// opened is told that a crossing takes traffic, or does not.
func (c *core) opened(path ss7.PathID, up bool) {
	i := slices.IndexFunc(c.crossings, func(x *crossing) bool { return x.id == path })
	if i < 0 {
		return
	}
	c.crossings[i].up = up
	c.actions = c.network.Do(time.Now(), c.crossings[i].event(), c.actions)
}

func (x *crossing) event() ss7.Event {
	ev := ss7.Event{Kind: ss7.OutOfService, Path: x.id}
	if x.up {
		ev.Kind = ss7.InService
	}
	return ev
}

// applyAliases builds the crossings that a configuration asks for and puts them in force. The
// caller holds applying of the node that all are in.
func (n *Node) applyAliases(next *configs.System) {
	any := false
	for _, i := range n.all() {
		any = i.numberCrossings(next.Instance(i.number)) || any
	}
	if !any {
		return
	}
	watched := map[*Node][]watch{}
	for _, i := range n.all() {
		crossings := n.makeCrossings(next, i)
		for _, x := range crossings {
			watched[x.to] = append(watched[x.to], watch{point: x.pc, crossing: x})
		}
		i.core.ask(func() {
			for _, x := range crossings {
				for _, old := range i.core.crossings {
					x.up = x.up || old.id == x.id && old.up
				}
			}
			i.core.crossings = crossings
			i.core.configure()
		})
	}
	for _, i := range n.all() {
		i.core.ask(func() {
			i.core.watched = watched[i]
			i.core.look()
		})
	}
}

// numberCrossings gives each alias of an instance the number of its crossing; false: there are
// none and there were none.
func (n *Node) numberCrossings(s *configs.System) bool {
	old := n.crossingIDs
	any := len(old)+len(s.Aliases) > 0
	n.crossingIDs = map[configs.Alias]ss7.PathID{}
	for _, a := range s.Aliases {
		id := old[*a]
		if id == 0 {
			id = n.ids.take()
		}
		n.crossingIDs[*a] = id
		delete(old, *a)
	}
	for _, id := range old {
		n.ids.give(id)
	}
	return any
}

// makeCrossings makes those of instance i.
func (n *Node) makeCrossings(next *configs.System, i *Node) (out []*crossing) {
	s := next.Instance(i.number)
	borders := map[uint8]*border{}
	for _, a := range s.Aliases {
		if i.crossingIDs[*a] == 0 {
			continue // there are no more numbers
		}
		b := borders[a.Instance]
		if b == nil {
			b = newBorder(next, i, n.instance(a.Instance))
			borders[a.Instance] = b
		}
		far := next.Instance(a.Instance)
		out = append(out, &crossing{border: b, id: i.crossingIDs[*a], alias: a.Code, pc: a.PC,
			name: fmt.Sprintf("instance %d %s", a.Instance, far.Notation().Format(a.PC))})
	}
	return out
}

// newBorder collects what two instances know of each other.
func newBorder(next *configs.System, from, to *Node) *border {
	here, there := next.Instance(from.number), next.Instance(to.number)
	b := &border{from: from, to: to, priority: here.Levels() && there.Levels(), kind: here.V(), far: there.V(), ni: there.Network(),
		points: map[ss7.PC]ss7.PC{}, origins: map[ss7.PC]alias{}}
	for _, a := range here.Aliases {
		if a.Instance == to.number {
			b.points[a.Code] = a.PC
		}
	}
	for _, a := range there.Aliases {
		if a.Instance == from.number {
			b.origins[a.PC] = alias{a.Code, to.crossingIDs[*a]}
		}
	}
	b.sccp = sccp.Border{From: b.kind, To: b.far, Lenient: here.IgnoreSCCP, Code: func(pc ss7.PC) (ss7.PC, bool) {
		if p, ok := b.points[pc]; ok {
			return p, true
		}
		is, ok := b.origins[pc]
		return is.pc, ok
	}}
	if from.borders[to.number] == nil {
		from.borders[to.number] = &borderCount{}
	}
	b.count = from.borders[to.number]
	return b
}
