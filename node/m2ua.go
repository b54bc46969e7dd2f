package node

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gostp/gostp/m2ua"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// backhaul is the M2UA of a node: the layer, which sees what is slow, and the peers, by
// which what concerns interfaces passes it. mu guards the layer and is held until its
// actions are carried out, in their order; the locks of links, AS and peers are taken
// under it, in this order, and nobody who has one of these waits for mu.
type backhaul struct {
	node *Node

	mu      sync.Mutex
	layer   *m2ua.Layer
	actions []ss7.Action
	peers   map[ss7.PathID]*m2uaPeer
	servers map[ss7.PathID][]*offered // by AS
	timer   *time.Timer
	armed   time.Time
	closed  bool

	byPath atomic.Pointer[map[ss7.PathID]*m2uaPeer] // peers, for data; never changed
	ifaces atomic.Pointer[map[ss7.PathID]*offered]  // by the path of their link; never changed
}

func newBackhaul(n *Node) *backhaul {
	x := &backhaul{node: n, layer: m2ua.New(), peers: map[ss7.PathID]*m2uaPeer{}, servers: map[ss7.PathID][]*offered{}}
	x.byPath.Store(&map[ss7.PathID]*m2uaPeer{})
	x.ifaces.Store(&map[ss7.PathID]*offered{})
	x.timer = time.AfterFunc(time.Hour, x.tick)
	return x
}

func (x *backhaul) peer(p ss7.PathID) *m2uaPeer       { return (*x.byPath.Load())[p] }
func (x *backhaul) interfaceOf(p ss7.PathID) *offered { return (*x.ifaces.Load())[p] }

// run has the layer do something and carries out what it answers.
func (x *backhaul) run(f func(now time.Time, l *m2ua.Layer, out []ss7.Action) []ss7.Action) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.actions = f(time.Now(), x.layer, x.actions[:0])
	x.perform()
}

func (x *backhaul) tick() {
	x.run(func(now time.Time, l *m2ua.Layer, out []ss7.Action) []ss7.Action {
		x.armed = time.Time{}
		if x.closed {
			return out
		}
		for _, a := range x.peers {
			if a.heard.Swap(false) {
				l.Heard(now, a.id)
			}
		}
		return l.Tick(now, out)
	})
}

// perform carries out actions in their order. The caller holds mu.
func (x *backhaul) perform() {
	for i := range x.actions {
		a := &x.actions[i]
		switch a.Op {
		case ss7.Send:
			if to := x.peers[a.Event.Path]; to != nil {
				to.control(a.Stream, a.Wire)
			}
		case ss7.Hangup:
			if to := x.peers[a.Event.Path]; to != nil {
				to.abort(a.Event.Why)
			}
		case ss7.Raise:
			if a.Event.Kind == ss7.Republish {
				x.republish(a.Event.Path)
			}
		case ss7.Note:
			x.note(&a.Event)
		}
	}
	x.arm()
}

// republish puts a new picture in force: of what a peer may do, or of the way to an AS.
// The caller holds mu.
func (x *backhaul) republish(path ss7.PathID) {
	if a := x.peers[path]; a != nil {
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

// tellLink tells a link at a gateway whether this end is active for it. Its way has the
// path of the link.
func (x *backhaul) tellLink(path ss7.PathID, w *xua.Way) {
	l := x.node.view.Load().link(path)
	if l == nil || !l.cfg.IsM2UA() || w == nil {
		return
	}
	if w.State == xua.ASActive {
		l.tell(ss7.Event{Kind: ss7.CommUp})
		return
	}
	l.tell(ss7.Event{Kind: ss7.CommLost, Why: fmt.Sprintf("this end is not active at gateway %s: %s", l.cfg.Gateway, x.why(path))})
}

// why is the reason of the state of an AS. The caller holds mu.
func (x *backhaul) why(path ss7.PathID) string {
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
		return ass[i].Why
	}
	return "it is gone"
}

func (x *backhaul) note(ev *ss7.Event) {
	log := x.node.log
	log.Debug("m2ua", ev.Why)
	switch ev.Arg {
	case xua.NoteASP:
		log.AddLimited("CS7M2UA", 5, "ASPSTATE", ev.Why)
	case xua.NoteAS:
		if !x.ofLink(ev.Path) { // which MTP3 tells of
			log.AddLimited("CS7M2UA", 5, "ASSTATE", ev.Why)
		}
	case xua.NoteError:
		log.AddLimited("CS7M2UA", 4, "PEERERROR", ev.Why)
	}
}

func (x *backhaul) ofLink(as ss7.PathID) bool {
	_, ok := x.servers[as]
	return !ok
}

// arm sets the timer; one that fires early finds nothing due and is armed anew. The
// caller holds mu.
func (x *backhaul) arm() {
	next := x.layer.Deadline()
	if x.closed || next.IsZero() || !x.armed.IsZero() && !next.Before(x.armed) {
		return
	}
	x.armed = next
	x.timer.Reset(time.Until(next))
}

// close ends all associations.
func (x *backhaul) close(why string) {
	x.mu.Lock()
	x.closed = true
	x.timer.Stop()
	all := *x.byPath.Load()
	x.mu.Unlock()
	for _, i := range *x.ifaces.Load() {
		i.close(why)
	}
	for _, a := range all {
		a.close(why)
	}
}

// status is a picture for show commands.
func (x *backhaul) status() ([]xua.ASPStatus, []xua.ASStatus) {
	x.mu.Lock()
	defer x.mu.Unlock()
	asps, ass := x.layer.Status()
	for i := range asps {
		if a := x.peers[asps[i].Config.Path]; a != nil {
			st := &asps[i].Stats
			st.In[6][1], st.Out[6][1] = a.in.Load(), a.out.Load()
		}
	}
	return asps, ass
}

// peerFor finds the peer whose far end an association has; nil: none.
func (x *backhaul) peerFor(local uint16, remote sctp.Addr) *m2uaPeer {
	var found *m2uaPeer
	for _, a := range *x.byPath.Load() {
		if !a.cfg.Shutdown && a.where.fits(local, remote) && (found == nil || found.where.remotePort == 0) {
			found = a // the exact port is the better one
		}
	}
	return found
}
