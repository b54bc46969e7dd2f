package node

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// Bounds on what waits for an ASP of one AS.
const (
	holdMessages = 10000
	holdOctets   = 8 << 20
)

// Bounds on what waits for ASPs of all AS, in octets of memory: when as much waits as there may,
// an AS has its own share alone.
const (
	waitMost  = 64 << 20
	waitShare = 256 << 10
)

// as is the way to an application server. Its way is a picture; mu guards what waits
// while there is none, and is held while what waited goes out, so that the order is
// kept.
type as struct {
	node    *Node
	id      ss7.PathID
	name    string
	dynamic bool // registered, not configured

	// Of M2UA; nil: it is one of M3UA, and MTP3 hears of it.
	find    func(ss7.PathID) process
	changed func(takes bool)
	asks    atomic.Bool // for Data Acks
	again   atomic.Bool // what is not acknowledged goes to another ASP
	tag     atomic.Uint32

	// Of M3UA: who has sent by it, if the far ends may say that a user is not there; nil:
	// they are ASPs, which may not (RFC 4666 §3.4.5).
	senders atomic.Pointer[senders]

	jam   jam
	crowd crowd
	way   atomic.Pointer[xua.Way]
	turn  atomic.Uint32

	told atomic.Bool // MTP3, or the interface, was told that traffic may go here; changes under mu

	mu    sync.Mutex
	hold  xua.Hold
	held  int // octets of hold, as all of the node's were counted last
	flows xua.Flows
	departure
}

// process is an ASP as an AS sees it.
type process interface {
	offer(s *as, w *xua.Way, turn uint32, msus []*ss7.MSU) bool
	broadcast(s *as, m *ss7.MSU, tag uint32, tagged bool) bool
}

// process finds an ASP; nil: it is gone.
func (s *as) process(p ss7.PathID) process {
	if s.find != nil {
		return s.find(p)
	}
	if a := s.node.m3ua.asp(p); a != nil {
		return a
	}
	return nil
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
	if s.find != nil { // before what waited
		s.hold.Precede(time.Now(), s.abandoned(was))
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

// tell says to MTP3, or to the interface, whether traffic may go here. The caller holds mu.
func (s *as) tell(serves bool) {
	if s.told.Swap(serves) == serves {
		return
	}
	switch {
	case s.changed != nil:
		s.changed(serves)
	case serves:
		s.node.core.post(ss7.Event{Kind: ss7.InService, Path: s.id})
	default:
		s.node.core.post(ss7.Event{Kind: ss7.OutOfService, Path: s.id})
		s.node.core.do(s.node.settleDepartures)
	}
}

// sendHeld sends one MSU that waited. The caller holds mu.
func (s *as) sendHeld(w *xua.Way, m *ss7.MSU) {
	if w.Mode == xua.Broadcast {
		s.toAll(w, m)
		return
	}
	turn := s.turn.Add(1)
	a := s.process(w.Pick(m.SLS, turn))
	if a == nil || !a.offer(s, w, turn, []*ss7.MSU{m}) {
		s.node.discards.add(mtp3.LinkGone, 1)
	}
}

// offer sends MSUs, which came by path from, to the ASPs that take them. An ASP that has just gone
// takes none: then there is a new way, or there will be in a moment, until which they wait.
func (s *as) offer(now time.Time, from ss7.PathID, msus ...*ss7.MSU) {
	s.crowd.answer(s, now, msus)
	if o := s.senders.Load(); o != nil {
		for _, m := range msus {
			o.note(m)
		}
	}
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

// sends tells whether p gets m in load-share. Several ASPs of an M2UA link have an MTP3
// each, whose own messages (link tests and network management, SI 0 to 2) all of them need: to
// each of them the link is one that it tests.
func (s *as) sends(w *xua.Way, m *ss7.MSU, turn uint32, p ss7.PathID) bool {
	return s.find != nil && m.SI < ss7.SCCP || w.Pick(m.SLS, turn) == p
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
		if a := s.process(p); a != nil && a.offer(s, w, turn, msus) {
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

// wait keeps MSUs until there is another way than w, or sends them to all in broadcast. It is
// false if there is another way already. by is the view to route them by instead, if MTP3 has
// one that no longer leads here.
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

// reckon counts what waits among what waits for all AS. The caller holds mu.
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
	flow := m.SLS
	if s.find != nil {
		flow = 0 // an interface has one stream (RFC 3331 §4.3.4.3)
	}
	tag, must := s.flows.Tag(w, flow)
	sent := false
	for _, p := range w.All {
		if a := s.process(p); a != nil && a.broadcast(s, m, tag, must) {
			sent = true
		}
	}
	if !sent {
		s.node.discards.add(mtp3.LinkGone, 1)
	}
}

// remember begins or ends to note who sends.
func (s *as) remember(is bool) {
	switch had := s.senders.Load() != nil; {
	case is && !had:
		s.senders.Store(new(senders))
	case !is:
		s.senders.Store(nil)
	}
}

// waiting is how many MSUs wait, and since when.
func (s *as) waiting() (int, time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hold.Len()
}
