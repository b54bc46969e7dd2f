package node

import (
	"maps"
	"sync/atomic"
	"time"

	"github.com/gostp/gostp/internal/lock"
	"github.com/gostp/gostp/ss7"
)

// crowd has the destinations behind an AS that its far ends say to be congested (SCON, RFC 4666 §3.4.4). A point that
// sends there is told as if it sent over a congested link (Q.704 §11.2.3.1): for its first MSU, and then for every
// eighth.
type crowd struct {
	levels atomic.Pointer[map[ss7.PC]uint32] // nil: nothing; a map is never changed

	mu      lock.Mutex[lock.Crowd] // guards origins; held for no longer than a look at them
	origins origins
}

// set puts the level of a destination in force; 0: it is over. It runs on the core.
func (c *crowd) set(pc ss7.PC, level uint32) {
	next := map[ss7.PC]uint32{}
	if old := c.levels.Load(); old != nil {
		maps.Copy(next, *old)
	}
	if next[pc] = level; level == 0 {
		delete(next, pc)
	}
	if len(next) == 0 {
		c.levels.Store(nil)
		return
	}
	c.levels.Store(&next)
}

// answer has the core tell the origins of MSUs for congested destinations. With priorities these are the MSUs of a
// priority below the level (Q.704 §2.3.5.2).
func (c *crowd) answer(s *m3uaAS, now time.Time, msus []*ss7.MSU) {
	levels := c.levels.Load()
	if levels == nil {
		return
	}
	priorities := s.node.Config().Levels()
	for _, m := range msus {
		level := (*levels)[m.DPC]
		if level == 0 || m.SI.OfMTP3() || priorities && uint32(m.Prio) >= level || !c.counts(now, m) {
			continue
		}
		label := ss7.MSU{DPC: m.DPC, OPC: m.OPC, SI: m.SI}
		s.node.core.hint(ss7.Event{Kind: ss7.Congestion, Path: s.id, Arg: level, MSU: label})
	}
}

func (c *crowd) counts(now time.Time, m *ss7.MSU) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.origins.count(now, m.OPC, m.DPC)
}
