package node

import (
	"sync/atomic"
	"time"

	"github.com/gostp/gostp/internal/lock"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// Bounds on what waits for an ASP of one AS.
const (
	holdMessages = 10000
	holdOctets   = 8 << 20
)

// Bounds on what waits for the ASPs of all AS together, in octets of memory. Once so much waits, each AS has its own
// share alone.
const (
	waitMost  = 64 << 20
	waitShare = 256 << 10
)

// as carries MSUs to the ASPs of an application server. Its way (xua.Way) says which ASPs are active; it is a picture
// that the layer publishes. mu guards the MSUs that wait while no ASP is active. It stays locked while they go out, so
// that MSUs that come meanwhile cannot overtake them.
type as struct {
	node   *Node
	id     ss7.PathID
	name   string
	serves served

	way  atomic.Pointer[xua.Way]
	turn atomic.Uint32
	told atomic.Bool // whether serves was told that traffic may go here; changes under mu

	mu    lock.Mutex[lock.Server]
	hold  xua.Hold
	held  int // octets of hold, as reckon counted them last
	flows xua.Flows
	departure
}

// served is what the ASPs of an application server serve: a routing key of M3UA (m3uaAS), or an
// interface of M2UA (m2uaInterface). The as decides which ASP gets which MSU, and when MSUs wait; what
// the two protocols do differently is here.
type served interface {
	// leaving is told of MSUs before they go to ASPs.
	leaving(now time.Time, msus []*ss7.MSU)
	// sendTo sends ASP p those of msus that w gives it; the first of them is the turn-th of the AS.
	// It is false if the ASP takes none, because its association has ended.
	sendTo(p ss7.PathID, w *xua.Way, turn uint32, msus []*ss7.MSU) bool
	// broadcastTo sends ASP p an MSU that all ASPs get, with a tag if it is tagged. It is false if
	// the ASP does not take it.
	broadcastTo(p ss7.PathID, m *ss7.MSU, tag uint32, tagged bool) bool
	// forEach tells whether each ASP must get m, whatever the traffic mode.
	forEach(m *ss7.MSU) bool
	// flow numbers the flow of an MSU that is broadcast: the order is kept, and tagged, in each flow.
	flow(m *ss7.MSU) uint8
	// open tells whoever routes to the AS that it takes traffic, or no longer. The caller holds the as's mu.
	open(is bool)
	// reroutes tells whether MTP3 here may have another way for what waits at the AS.
	reroutes() bool
	// unacknowledged takes what ASPs of the former way did not acknowledge, to be sent again.
	unacknowledged(was *xua.Way) []ss7.MSU
}

// takes tells whether traffic may go to an AS by w: now, or when an ASP is there.
func takes(w *xua.Way) bool { return w != nil && (w.State == xua.ASActive || w.State == xua.ASPending) }

func (s *as) ready() bool { return s.told.Load() }

// publish puts a new way in force, nil if the AS is gone. What waited goes first.
func (s *as) publish(w *xua.Way) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.reckon()
	was := s.way.Load()
	if again := s.serves.unacknowledged(was); len(again) > 0 { // before what waited
		s.hold.Precede(time.Now(), again)
	}
	if w == nil || w.State != xua.ASPending {
		s.departure.early = false
	}
	serves := takes(w) && !s.departure.early
	if w != nil && w.State == xua.ASActive {
		held := s.hold.Take()
		for i := range held {
			s.sendHeld(w, &held[i].MSU)
		}
		s.departure = departure{}
	}
	if !serves {
		s.depart(was)
	}
	s.way.Store(w)
	s.tell(serves)
}

// tell says to whoever routes to the AS whether traffic may go here. The caller holds mu.
func (s *as) tell(serves bool) {
	if s.told.Swap(serves) != serves {
		s.serves.open(serves)
	}
}

// sendHeld sends one MSU that waited. The caller holds mu.
func (s *as) sendHeld(w *xua.Way, m *ss7.MSU) {
	if w.Mode == xua.Broadcast {
		s.toAll(w, m)
		return
	}
	turn := s.turn.Add(1)
	if !s.serves.sendTo(w.Pick(m.SLS, turn), w, turn, []*ss7.MSU{m}) {
		s.node.discards.add(mtp3.LinkGone, 1)
	}
}

// offer sends MSUs, which came by path from, to the ASPs that take them. An ASP whose association has just ended takes
// none. Its MSUs go by the new way, or wait for the moment until there is one.
func (s *as) offer(now time.Time, from ss7.PathID, msus ...*ss7.MSU) {
	s.serves.leaving(now, msus)
	for range 10 {
		w := s.way.Load()
		if w != nil && w.State == xua.ASActive && w.Mode != xua.Broadcast {
			if msus = s.share(w, msus); len(msus) == 0 {
				return
			}
		}
		done, by := s.wait(now, w, from, msus)
		if by != nil {
			s.node.routeBy(by, now, &transfer{msus: msus}, from)
		}
		if done || by != nil {
			return
		}
	}
	s.node.discards.add(mtp3.LinkGone, len(msus))
}

// sends tells whether ASP p gets m in load-share.
func (s *as) sends(w *xua.Way, m *ss7.MSU, turn uint32, p ss7.PathID) bool {
	return w.Pick(m.SLS, turn) == p || s.serves.forEach(m)
}

// share deals MSUs out and gives back those that their ASP did not take.
func (s *as) share(w *xua.Way, msus []*ss7.MSU) (left []*ss7.MSU) {
	turn := s.turn.Add(uint32(len(msus))) - uint32(len(msus))
	for _, p := range w.All {
		any := len(w.All) == 1
		for i := 0; i < len(msus) && !any; i++ {
			any = s.sends(w, msus[i], turn+uint32(i), p)
		}
		if !any {
			continue
		}
		if s.serves.sendTo(p, w, turn, msus) {
			continue
		}
		for i, m := range msus {
			if w.Pick(m.SLS, turn+uint32(i)) == p {
				left = append(left, m)
			}
		}
	}
	return left
}

// wait keeps MSUs until there is another way than w; in broadcast it sends them to all ASPs. It is false if there is
// another way already. by is the view to route the MSUs by instead, if MTP3 has one that no longer leads here.
func (s *as) wait(now time.Time, w *xua.Way, from ss7.PathID, msus []*ss7.MSU) (done bool, by *view) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.way.Load() != w:
		return false, nil
	case s.departure.by != nil:
		return false, s.departure.by
	case !takes(w) && !s.departure.leaves:
		s.node.discards.add(mtp3.LinkGone, len(msus))
		return true, nil
	case takes(w) && w.State == xua.ASActive && w.Mode == xua.Broadcast:
		for _, m := range msus {
			s.toAll(w, m)
		}
		return true, nil
	}
	defer s.reckon()
	s.hold.Max, s.hold.MaxOctets = holdMessages, holdOctets
	if s.node.associations.waiting.Load() >= waitMost {
		s.hold.Max, s.hold.MaxOctets = holdMessages/32, waitShare
	}
	for _, m := range msus {
		if !s.hold.Add(now, m, from, s.node.turns.Add(1)) {
			s.node.discards.add(mtp3.PendingFull, 1)
		}
	}
	if takes(w) && w.State == xua.ASPending && s.hold.Filling() {
		s.hurry(w)
	}
	return true, nil
}

// reckon adds what waits here to what waits for all AS of the node. The caller holds mu.
func (s *as) reckon() {
	now := s.hold.Size()
	if now == s.held {
		return
	}
	t := s.node.associations
	switch all := t.waiting.Add(int64(now - s.held)); {
	case all >= waitMost && t.full.CompareAndSwap(false, true):
		go s.node.waitShort()
	case all < waitMost/2 && t.full.Load():
		t.full.Store(false)
	}
	s.held = now
}

// toAll sends one MSU to each active ASP. The caller holds mu.
func (s *as) toAll(w *xua.Way, m *ss7.MSU) {
	tag, must := s.flows.Tag(w, s.serves.flow(m))
	sent := false
	for _, p := range w.All {
		if s.serves.broadcastTo(p, m, tag, must) {
			sent = true
		}
	}
	if !sent {
		s.node.discards.add(mtp3.LinkGone, 1)
	}
}

// waiting tells how many MSUs wait, and since when.
func (s *as) waiting() (int, time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hold.Len()
}
