package node

import (
	"sync/atomic"
	"time"

	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// m3uaAS is an application server of M3UA: a destination of MTP3 here, by its routing key.
type m3uaAS struct {
	as
	dynamic bool // registered, not configured

	// senders remembers which points have sent to the AS, if its far ends may say that a user is not there. It is nil if
	// they are ASPs, which may not say so (RFC 4666 §3.4.5).
	senders atomic.Pointer[senders]
	jam     jam
	crowd   crowd
}

func newM3UAAS(n *Node, id ss7.PathID, name string) *m3uaAS {
	s := &m3uaAS{as: as{node: n, id: id, name: name}}
	s.serves = s
	return s
}

// leaving implements served.
func (s *m3uaAS) leaving(now time.Time, msus []*ss7.MSU) {
	s.crowd.answer(s, now, msus)
	if o := s.senders.Load(); o != nil {
		for _, m := range msus {
			o.note(m)
		}
	}
}

// sendTo implements served.
func (s *m3uaAS) sendTo(p ss7.PathID, w *xua.Way, turn uint32, msus []*ss7.MSU) bool {
	a := s.node.m3ua.asp(p)
	return a != nil && a.offer(s, w, turn, msus)
}

// broadcastTo implements served.
func (s *m3uaAS) broadcastTo(p ss7.PathID, m *ss7.MSU, tag uint32, tagged bool) bool {
	a := s.node.m3ua.asp(p)
	return a != nil && a.broadcast(s, m, tag, tagged)
}

// forEach implements served.
func (s *m3uaAS) forEach(*ss7.MSU) bool { return false }

// flow implements served.
func (s *m3uaAS) flow(m *ss7.MSU) uint8 { return m.SLS }

// open implements served. It tells MTP3.
func (s *m3uaAS) open(is bool) {
	if is {
		s.node.core.post(ss7.Event{Kind: ss7.InService, Path: s.id})
		return
	}
	s.node.core.post(ss7.Event{Kind: ss7.OutOfService, Path: s.id})
	s.node.core.do(s.node.settleDepartures)
}

// reroutes implements served.
func (s *m3uaAS) reroutes() bool { return true }

// unacknowledged implements served. M3UA has no acknowledgement of DATA.
func (s *m3uaAS) unacknowledged(*xua.Way) []ss7.MSU { return nil }

// remember begins or ends to remember which points send here.
func (s *m3uaAS) remember(is bool) {
	switch had := s.senders.Load() != nil; {
	case is && !had:
		s.senders.Store(new(senders))
	case !is:
		s.senders.Store(nil)
	}
}
