package node

import (
	"slices"
	"time"

	"github.com/gostp/gostp/internal/lock"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/routing"
	"github.com/gostp/gostp/xua"
)

// An AS that no longer takes traffic, because T(r) has ended or because its gateways are gone, has
// MSUs that wait, and gets more until MTP3 has another table. They are discarded only if there is
// no other way (RFC 4666 §4.3.2): they wait until that table is there, and go as it says, in their
// order, before anybody routes by it.

// departure is how far an AS is on its way out of MTP3's table. The as's mu guards it.
type departure struct {
	leaves bool        // MTP3 is told, or will be in a moment
	reason mtp3.Reason // why what has no other way is discarded; 0: for the reason that MTP3 finds
	by     *view       // the table without the AS, while somebody may still route by the older one
	asked  bool        // whether there is another way, before there is no more room to wait
	early  bool        // there is one, and it was taken before T(r) ended
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

// take gives those that t no longer leads to, and forgets them.
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

// depart begins it. Where MTP3 here can have no other way, what waits is discarded. The caller holds mu.
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

// leave takes all that waits, and has whoever comes later route by v. The caller holds mu.
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

// left: nobody routes by a table that leads to s any more.
func (s *as) left() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.departure = departure{early: s.departure.early}
}

// settleDepartures is for an AS that MTP3's table did not lead to: no table comes that no longer
// does. It runs on the core.
func (n *Node) settleDepartures() {
	v := n.view.Load()
	if gone := n.departures.take(v.table); len(gone) > 0 {
		n.settle(time.Now(), nil, gone, v)
		n.awaitAll(v)
		for _, s := range gone {
			s.left()
		}
	}
}

// hurry: what waits for an ASP has soon no more room. The caller holds mu.
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

// elsewhere tells whether all destinations that s has traffic of can be reached by another way.
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
