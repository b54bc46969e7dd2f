package node

import (
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/internal/lock"
	"github.com/gostp/gostp/loop"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/tester"
)

// discards counts what became of MSUs: those that were discarded, by reason, those that were sent, and those that were
// delivered here.
type discards struct {
	by          [mtp3.Reasons]atomic.Uint64
	unknownPeer atomic.Uint64 // associations refused
	transferred atomic.Uint64
	delivered   atomic.Uint64
}

func (d *discards) add(r mtp3.Reason, n int) { d.by[r].Add(uint64(n)) }

// transfer is the memory of one who routes MSUs, most often the reader of an association. It has the machine's answer
// to a batch, the MSUs in that answer, and their groups by the outlet that they leave by. An MSU is written once, into
// its action; the rest points to it.
type transfer struct {
	// routing is held while MSUs are routed by a view, from the look at the view until they are where it says. Whoever
	// publishes a new view takes each reader's routing once. After that no reader uses the older view.
	routing lock.Mutex[lock.Routing]

	turn    loop.Turn
	msus    []*ss7.MSU
	batches uint32 // that the reader has brought; the sampler sees one of tester.SampleBatches
	groups  []group
	from    ss7.PathID     // by which the groups came
	sample  tester.Sampler // last, so that what every MSU needs lies together
	arena   []byte         // octets that SCCP has written
	relayed []ss7.MSU      // MSUs whose payloads lie in arena

	asp     *m3uaASP // whose association is read; nil: a link's association is, or none
	settled *settled // nil: the MSUs have not waited at holds that are over
	arrival *arrival // nil: the MSUs are not those of another instance
}

// settled is what routeBy must know of MSUs that go on from holds that are settled. The holds are locked meanwhile.
type settled struct {
	turns []uint64    // of the MSUs, from the hold that each came to first
	over  mtp3.Reason // why they are discarded if their destination is inaccessible; 0: because of that
}

// turn gives the turn of the k-th MSU; nil: it has none yet.
func (s *settled) turn(k int) *uint64 {
	if s == nil {
		return nil
	}
	return &s.turns[k]
}

// reason gives why an MSU is discarded when MTP3 finds reason r.
func (s *settled) reason(r mtp3.Reason) mtp3.Reason {
	if s != nil && s.over != 0 && r == mtp3.Inaccessible {
		return s.over
	}
	return r
}

type group struct {
	to   outlet
	msus []*ss7.MSU
}

// outlet is what MSUs leave by: a link, or the way to an application server.
type outlet interface {
	offer(now time.Time, from ss7.PathID, msus ...*ss7.MSU)
}

// route decides the MSUs of t, which came by path from (0: they start here), and
// sends each group once. It allocates nothing once t has grown to its size.
func (n *Node) route(now time.Time, t *transfer, from ss7.PathID) {
	if len(t.msus) == 0 {
		return
	}
	n.tapped(now, t.msus...)
	if t.batches++; t.batches%tester.SampleBatches == 0 && from != 0 {
		if m := t.sample.Look(now, t.msus); m != nil {
			n.suspect(from, m)
		}
	}
	n.routeAgain(now, t, from)
}

// routeAgain is route for MSUs that were kept and not routed at first.
func (n *Node) routeAgain(now time.Time, t *transfer, from ss7.PathID) {
	t.arena, t.relayed = t.arena[:0], t.relayed[:0]
	t.routing.Lock()
	defer t.routing.Unlock()
	n.routeBy(n.view.Load(), now, t, from)
}

// readers has the transfers of all readers of associations.
type readers struct {
	mu  lock.Mutex[lock.Readers]
	all map[*transfer]bool
}

// enter takes a reader in until leave is called.
func (r *readers) enter(t *transfer) (leave func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.all == nil {
		r.all = map[*transfer]bool{}
	}
	r.all[t] = true
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.all, t)
	}
}

// await returns when each reader has routed what it was routing when await was called.
func (r *readers) await() {
	r.mu.Lock()
	all := slices.Collect(maps.Keys(r.all))
	r.mu.Unlock()
	for _, t := range all {
		t.await()
	}
}

func (t *transfer) await() {
	t.routing.Lock()
	defer t.routing.Unlock()
}

// routeBy routes the MSUs of t as v says. The caller holds t.routing, or nobody else has t.
func (n *Node) routeBy(v *view, now time.Time, t *transfer, from ss7.PathID) {
	for i := range t.groups {
		t.groups[i].to, t.groups[i].msus = nil, t.groups[i].msus[:0]
	}
	t.from = from
	leaving := from != 0 && n.leaving.Load() && v.link(from) != nil
	for k, m := range t.msus {
		switch d := mtp3.Decide(v.table, m, from); d.Fate {
		case mtp3.Forward:
			if t.asp != nil && n.probeBack(v, m, from) { // by a link our own code has told
				continue
			}
			if leaving && m.SI != ss7.SNM { // who sends by a summary was not told; T8 spares the others
				n.hintUnreachable(from, m, mtp3.NoReason)
			}
			n.forward(v, now, t, k, d.Path)
		case mtp3.Deliver:
			t.tell(n.deliver(now, v, t, from, m), m, from)
		default:
			n.barred(v, t, m, d)
		}
	}
	for i := range t.groups {
		if g := &t.groups[i]; g.to != nil {
			t.send(n, now, g)
		}
	}
}

// forward sends the k-th MSU of t by a path, or has it wait there.
func (n *Node) forward(v *view, now time.Time, t *transfer, k int, path ss7.PathID) {
	m := t.msus[k]
	switch {
	case path.IsHold():
		v.holds[path].offer(now, m, t.from, t.settled.turn(k))
	case m.SI == ss7.SNM && v.link(path) == nil && v.link(t.from) != nil:
		n.core.keep(t.from, m) // management may say something to the users behind a server
	default:
		t.group(v.outlet(path), n, m)
	}
}

// barred takes an MSU that MTP3 does not let pass, and discards it, unless it is one that this node takes all the same.
func (n *Node) barred(v *view, t *transfer, m *ss7.MSU, d mtp3.Verdict) {
	l := v.link(t.from)
	switch {
	case d.Reason == mtp3.OwnOrigin && n.probeBack(v, m, t.from):
	case passes(v, d, m, t.from):
		t.group(v.outlet(d.Path), n, m)
	case l != nil && d.Reason == mtp3.NotInService && t.settled == nil && l.stash(m):
	case l != nil && m.SI == ss7.SNM && n.toKeyed(v, m, t.from):
	default:
		d.Reason = t.settled.reason(d.Reason)
		n.discard(d, m, t.from)
		t.tell(d.Reason, m, t.from)
	}
}

// tell tells the ASP that t reads, if any, that its MSU was discarded.
func (t *transfer) tell(why mtp3.Reason, m *ss7.MSU, from ss7.PathID) {
	if why != mtp3.NoReason && t.asp != nil {
		t.asp.discarded(why, m, from)
	}
}

func (v *view) link(p ss7.PathID) *link {
	if int(p) >= len(v.paths) {
		return nil
	}
	return v.paths[p]
}

// code gives the code by which pc knows this node. s must give the node a code.
func (v *view) code(s *configs.System, pc ss7.PC) ss7.PC {
	if c, ok := v.table.Codes[pc]; ok {
		return c
	}
	return *s.PC
}

// outlet gives what MSUs leave by on p; nil: it is gone.
func (v *view) outlet(p ss7.PathID) outlet {
	if l := v.link(p); l != nil {
		return l
	}
	if int(p) < len(v.servers) && v.servers[p] != nil {
		return &v.servers[p].as
	}
	if x := v.crossing(p); x != nil {
		return x
	}
	return nil
}

// crossing gives the crossing of a path; nil: it is none.
func (v *view) crossing(p ss7.PathID) *crossing {
	if int(p) >= len(v.crossings) {
		return nil
	}
	return v.crossings[p]
}

// send hands a group to what it leaves by.
func (t *transfer) send(n *Node, now time.Time, g *group) {
	to, is := g.to.(*crossing)
	switch {
	case !is:
		g.to.offer(now, t.from, g.msus...)
	case t.settled == nil:
		to.cross(now, t.arrival.crossed(), t.from, g.msus)
	default: // the other instance may be settling holds too, towards this one
		kept := make([]*ss7.MSU, len(g.msus))
		for i, m := range g.msus {
			k := keep(m, 0)
			kept[i] = &k.msu
		}
		from := t.from
		n.core.do(func() { to.cross(time.Now(), 0, from, kept) })
	}
}

func (t *transfer) group(to outlet, n *Node, m *ss7.MSU) {
	if to == nil {
		n.discards.add(mtp3.LinkGone, 1)
		return
	}
	for i := range t.groups {
		g := &t.groups[i]
		if g.to == to || g.to == nil {
			g.to = to
			g.msus = append(g.msus, m)
			return
		}
	}
	t.groups = append(t.groups, group{to, append(make([]*ss7.MSU, 0, 64), m)})
}

// discardPace is how often the log may be asked for a line about a discarded MSU. In a flood it is not asked for each
// of them.
const discardPace = 50 * time.Millisecond

// discard counts an MSU and, at a bounded rate, says why it went no further.
func (n *Node) discard(d mtp3.Verdict, m *ss7.MSU, from ss7.PathID) {
	n.discards.add(d.Reason, 1)
	if from != 0 && m.SI != ss7.SNM {
		switch d.Reason {
		case mtp3.NoRoute, mtp3.NoKey, mtp3.Inaccessible, mtp3.Circular, mtp3.OwnOrigin:
			n.hintUnreachable(from, m, d.Reason)
		case mtp3.NoUser:
			v := n.view.Load()
			if v.link(from) == nil && v.crossing(from) == nil {
				break // DUPU tells an ASP; a gateway is not told
			}
			if lack, cause := mtp3.Lacking(v.table, m, from, d.Reason); lack == mtp3.LacksUser {
				user := ss7.MSU{DPC: m.DPC, OPC: m.OPC, SI: m.SI}
				n.core.hint(ss7.Event{Kind: ss7.NoUser, Path: from, Arg: uint32(cause), MSU: user})
			}
		}
	}
	if !n.log.Allow("discard", uint32(from), discardPace) {
		return
	}
	f, by, why := n.Config().Notation(), n.cameBy(from), d.Reason.String()
	to := f.Format(m.DPC)
	n.log.AddFrom(by+" to "+to+": "+why, "CS7MTP3", 4, "DISCARD",
		m.SI.String()+" from "+f.Format(m.OPC)+" to "+to+" "+by+" discarded: "+why)
}

// hintUnreachable has MTP3 answer m, which came by path from, with TFP.
func (n *Node) hintUnreachable(from ss7.PathID, m *ss7.MSU, r mtp3.Reason) {
	n.core.hint(ss7.Event{Kind: ss7.Unreachable, Path: from, Arg: uint32(r),
		MSU: ss7.MSU{DPC: m.DPC, OPC: m.OPC, SI: m.SI}})
}

// cameBy names a path by which an MSU came.
func (n *Node) cameBy(from ss7.PathID) string {
	v := n.view.Load()
	if l := v.link(from); l != nil {
		return "by " + l.Name()
	}
	if int(from) < len(v.servers) && v.servers[from] != nil {
		return "by AS " + v.servers[from].name
	}
	if x := v.crossing(from); x != nil {
		return fmt.Sprintf("from instance %d", x.to.number)
	}
	return "from here"
}
