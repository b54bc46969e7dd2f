package node

import (
	"fmt"
	"slices"
	"time"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/m3ua"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/ss7"
)

// A point of another instance has an alias here (cs7 pc-conversion): a destination whose only way is a
// crossing. To MTP3 a crossing is a server, as an AS behind a gateway is: it takes traffic while the point can
// be reached in its own instance, the neighbours here learn of it by TFP and TFA, and what is said there of
// congestion and users is told here. The rest of a node knows of this only view.crossing, crossing.tell, the
// arrival of a transfer, applyAliases, and abroad.

// abroad is what the core knows of other instances, and owns.
type abroad struct {
	core      *core
	crossings []*crossing
	watched   []watch // points here that have aliases elsewhere
}

// place puts the crossings into a configuration of the network, and into a view.
func (a *abroad) place(conf *mtp3.Config, v *view) {
	bits := conf.Variant.Bits()
	v.crossings = nil
	for _, x := range a.crossings {
		v.crossings = append(v.crossings, make([]*crossing, max(0, int(x.id)+1-len(v.crossings)))...)
		v.crossings[x.id] = x
		conf.Servers = append(conf.Servers, mtp3.ServerConfig{Name: x.name, Path: x.id})
		conf.Routes = append(conf.Routes, mtp3.RouteConfig{Dest: ss7.Range{PC: x.alias, Len: bits},
			Linkset: x.name, Priority: mtp3.AdjacentPriority})
	}
}

// state tells the network which crossings take traffic.
func (a *abroad) state(now time.Time) {
	for _, x := range a.crossings {
		a.core.actions = a.core.network.Do(now, x.event(), a.core.actions)
	}
}

// watch is a point here that has an alias in another instance.
type watch struct {
	point    ss7.PC
	crossing *crossing
	told     bool
	up       bool
}

// look tells other instances which points here can be reached now and could not before, or the reverse. It runs on the
// core.
func (a *abroad) look() {
	bits := a.core.node.view.Load().table.Variant.Bits()
	for i := range a.watched {
		w := &a.watched[i]
		up := destinations{a.core.node}.served(ss7.Range{PC: w.point, Len: bits}) != m3ua.Unavailable
		if w.told && up == w.up {
			continue
		}
		w.told, w.up = true, up
		other := w.crossing.from.core
		other.do(func() { other.abroad.opened(w.crossing.id, up) })
	}
}

// opened is told whether a crossing takes traffic now.
func (a *abroad) opened(path ss7.PathID, up bool) {
	i := slices.IndexFunc(a.crossings, func(x *crossing) bool { return x.id == path })
	if i < 0 {
		return
	}
	a.crossings[i].up = up
	a.core.actions = a.core.network.Do(time.Now(), a.crossings[i].event(), a.core.actions)
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
				for _, old := range i.core.abroad.crossings {
					x.up = x.up || old.id == x.id && old.up
				}
			}
			i.core.abroad.crossings = crossings
			i.core.configure()
		})
	}
	for _, i := range n.all() {
		i.core.ask(func() {
			i.core.abroad.watched = watched[i]
			i.core.abroad.look()
		})
	}
}

// numberCrossings gives the crossing of each alias its number. It is false if there are no aliases and were none.
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
	b := &border{from: from, to: to, priority: here.Levels() && there.Levels(),
		kind: here.V(), far: there.V(), ni: there.Network(),
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
	for si, p := range from.users.parts {
		if p, ok := p.(translator); ok {
			b.inside[si] = p.across(b, here)
		}
	}
	if from.borders[to.number] == nil {
		from.borders[to.number] = &borderCount{}
	}
	b.count = from.borders[to.number]
	return b
}
