package node

import (
	"slices"
	"time"

	"github.com/gostp/gostp/internal/lock"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/routing"
	"github.com/gostp/gostp/xua"
)

// An AS that takes no more traffic, because T(r) has ended or because its gateways are gone, still holds MSUs, and gets
// more until MTP3 has a table without it. MSUs are discarded only if there is no other way (RFC 4666 §4.3.2). The MSUs
// therefore wait until that table is there. Then they leave as the table says, in their order, before any reader routes
// by it.

// departure tells how far an AS is on its way out of MTP3's table. The as's mu guards it.
type departure struct {
	leaves bool        // MTP3 was told that the AS takes no traffic, or will be in a moment
	reason mtp3.Reason // why MSUs without another way are discarded; 0: for the reason that MTP3 finds
	by     *view       // the view without the AS, as long as a reader may still route by an older one
	asked  bool        // the core was asked for another way, because the room to wait runs out
	early  bool        // MSUs were sent by another way before T(r) ended
}

// departures are the AS of a node that leave its table.
type departures struct {
	mu  lock.Mutex[lock.Departures]
	all []*as
}

func (d *departures) add(s *as) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !slices.Contains(d.all, s) {
		d.all = append(d.all, s)
	}
}

// take gives those AS to which t no longer leads, and forgets them.
func (d *departures) take(t *routing.Table) (out []*as) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.all = slices.DeleteFunc(d.all, func(s *as) bool {
		_, ready := t.From(s.id)
		if !ready {
			out = append(out, s)
		}
		return !ready
	})
	return out
}

// depart begins the departure. If MTP3 here can have no other way, the MSUs that wait are discarded. The caller holds
// mu.
func (s *as) depart(was *xua.Way) {
	switch {
	case s.departure.leaves: // on its way already
	case s.serves.reroutes() && s.told.Load():
		s.departure.leaves, s.departure.reason = true, 0
		if was != nil && was.State == xua.ASPending {
			s.departure.reason = mtp3.PendingOver
		}
		s.node.departures.add(s)
	default:
		s.node.discards.add(mtp3.PendingOver, len(s.hold.Take()))
	}
}

// leave takes all MSUs that wait. MSUs that come later are routed by v. The caller holds mu.
func (s *as) leave(v *view) (out []held) {
	if !s.departure.leaves { // it is back already
		return nil
	}
	defer s.reckon()
	for _, h := range s.hold.Take() {
		out = append(out, held{h.MSU, h.From, h.Turn, s.departure.reason})
	}
	s.departure.by = v
	return out
}

// left ends the departure that leave began with v. It is called when no reader routes any more by a table that leads to
// s. The AS may have come back meanwhile, and may be about to leave once more: that departure goes on.
func (s *as) left(v *view) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.departure.by == v {
		s.departure = departure{early: s.departure.early}
	}
}

// settleDepartures ends the departure of an AS to which MTP3's table did not lead: no new table comes because of it. It
// runs on the core.
func (n *Node) settleDepartures() {
	v := n.view.Load()
	if gone := n.departures.take(v.table); len(gone) > 0 {
		n.settle(time.Now(), nil, gone, v)
		n.awaitAll(v)
		for _, s := range gone {
			s.left(v)
		}
	}
}

// hurry looks for another way when the room for MSUs that wait is nearly full. The caller holds mu.
func (s *as) hurry(w *xua.Way) {
	switch {
	case s.departure.asked:
		return
	case !s.serves.reroutes(): // the far end's MTP3 has the other ways
		s.departure.asked, s.departure.early = true, true
		s.tell(false)
	default:
		s.departure.asked = true
		s.node.core.do(func() {
			if s.node.view.Load().elsewhere(s) {
				s.giveUp(w)
			}
		})
	}
}

// giveUp ends the wait of way w before T(r) does.
func (s *as) giveUp(w *xua.Way) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.way.Load() != w || !s.told.Load() {
		return
	}
	s.departure.early = true
	s.depart(w)
	s.tell(false)
}

// elsewhere tells whether every destination to which s carries traffic can be reached by another way.
func (v *view) elsewhere(s *as) bool {
	t := v.table
	ls, _ := t.From(s.id)
	for i := range t.Dests {
		if b := t.Bundle(i); b != nil && slices.Contains(b.Linksets, ls) {
			if _, ok := t.Avoid(i, 0, ls); !ok {
				return false
			}
		}
	}
	for _, k := range v.keyed {
		if &k.as.as != s {
			continue
		}
		i, b, own := t.Dest(k.dest.PC)
		if own || b == nil {
			return false
		}
		if _, ok := t.Avoid(i, 0, ls); !ok {
			return false
		}
	}
	return true
}
