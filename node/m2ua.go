package node

import (
	"fmt"
	"sync/atomic"

	"github.com/gostp/gostp/internal/lock"
	"github.com/gostp/gostp/m2ua"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// m2uaLayer is the M2UA of a node: the loop of its layer, its ASPs, and its interfaces. Messages about interfaces do
// not pass the layer.
type m2uaLayer struct {
	xuaLoop[*m2ua.Layer]
	xuaASPs[*m2uaASP]
	node *Node

	// Guarded by mu.
	servers map[ss7.PathID][]*m2uaInterface // by AS

	interfaces atomic.Pointer[map[ss7.PathID]*m2uaInterface] // by the path of their link; the map is never changed
}

func newM2UALayer(n *Node) *m2uaLayer {
	x := &m2uaLayer{node: n, servers: map[ss7.PathID][]*m2uaInterface{}}
	x.init()
	x.interfaces.Store(&map[ss7.PathID]*m2uaInterface{})
	lock.Give[lock.M2UALayer](&x.mu)
	x.begin(x, &m2uaProtocol, m2ua.New())
	return x
}

func (x *m2uaLayer) interfaceOf(p ss7.PathID) *m2uaInterface { return (*x.interfaces.Load())[p] }

// unsent implements xuaOwner. Every message of M2UA changes a state, so none is sent again.
func (x *m2uaLayer) unsent(ss7.PathID, []byte) bool { return false }

func (x *m2uaLayer) rest() func() { return nil }

func (x *m2uaLayer) raised(ev *ss7.Event) {
	if ev.Kind == xua.Republish {
		x.republish(ev.Path)
	}
}

// republish puts a new picture in force: what an ASP may do, or the way to an AS. The caller holds mu.
func (x *m2uaLayer) republish(path ss7.PathID) {
	if a := x.asps[path]; a != nil {
		a.setGate(x.layer.Gate(path))
		return
	}
	w := x.layer.Way(path)
	if all, ok := x.servers[path]; ok {
		for _, i := range all {
			i.as.publish(w)
		}
		return
	}
	x.tellLink(path, w)
}

// tellLink tells a link at a gateway whether this end is active for it. To the layer such a link is an AS, with the
// path of the link.
func (x *m2uaLayer) tellLink(path ss7.PathID, w *xua.Way) {
	l := x.node.view.Load().link(path)
	if l == nil || w == nil {
		return
	}
	b, is := l.bearer.(*m2uaBearer)
	if !is {
		return
	}
	if l.cfg.Registers {
		for _, s := range x.layer.AS() {
			if s.Path == path && len(s.Interfaces) > 0 {
				b.setInterface(s.Interfaces[0].Label)
			}
		}
	}
	if w.State == xua.ASActive {
		l.Tell(ss7.Event{Kind: ss7.CommUp})
		return
	}
	l.Tell(ss7.Event{Kind: ss7.CommLost, Why: fmt.Sprintf("this end is not active at gateway %s: %s", l.cfg.Gateway,
		x.why(path))})
}

// why gives the reason for the state of an AS. The caller holds mu.
func (x *m2uaLayer) why(path ss7.PathID) string {
	asps, ass := x.layer.Status()
	for i := range ass {
		if ass[i].Config.Path != path {
			continue
		}
		for _, m := range ass[i].ASPs {
			for j := range asps {
				if asps[j].Config.Name == m.ASP && m.Own == xua.Down {
					return asps[j].Why
				}
			}
		}
		if key := x.layer.KeyState(path); key != "" {
			return key
		}
		return ass[i].Why
	}
	return "it is gone"
}

func (x *m2uaLayer) noted(ev *ss7.Event) {
	x.node.log.Debug(x.proto.name, ev.Why)
	if ev.Arg != xua.NoteAS || !x.ofLink(ev.Path) { // MTP3 logs what becomes of its links
		x.node.tellNote(x.proto.facility, ev)
	}
}

func (x *m2uaLayer) ofLink(as ss7.PathID) bool {
	_, ok := x.servers[as]
	return !ok
}

// close ends all associations.
func (x *m2uaLayer) close(why string) {
	all := x.end()
	for _, i := range *x.interfaces.Load() {
		i.close(why)
	}
	for _, a := range all {
		a.close(why)
	}
}
