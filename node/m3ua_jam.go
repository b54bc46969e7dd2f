package node

import (
	"sync/atomic"
	"time"

	"github.com/gostp/gostp/ss7"
)

// jam is the congestion of an AS: an ASP of it whose association takes no more. The origins of discarded MSUs are told
// by SCON or TFC, not for each MSU. The congestion ends when no MSU was discarded for jamOver.
type jam struct {
	dropped atomic.Uint64 // batches of which MSUs were discarded
	last    atomic.Int64  // when the last of them was, in nanoseconds
	is      atomic.Bool
}

const (
	jamOver  = time.Second
	jamEvery = 8 // Q.704 §11.2.3.1: one TFC for so many messages
)

// full is told that MSUs of a batch found no room, or wait for an ASP that takes nothing. m is one of those MSUs, with
// their destination.
func (j *jam) full(s *m3uaAS, m *ss7.MSU) {
	j.last.Store(time.Now().UnixNano())
	if j.is.CompareAndSwap(false, true) {
		s.node.core.post(ss7.Event{Kind: ss7.Congestion, Path: s.id, Arg: 1, Why: "an ASP takes no more"})
		time.AfterFunc(jamOver, func() { j.check(s) })
	}
	if j.dropped.Add(1)%jamEvery == 1 {
		s.node.core.hint(ss7.Event{Kind: ss7.Congestion, Path: s.id, Arg: 1, MSU: ss7.MSU{DPC: m.DPC, OPC: m.OPC, SI: m.SI}})
	}
}

func (j *jam) check(s *m3uaAS) {
	if s.node.ctx.Err() != nil {
		return
	}
	if left := time.Until(time.Unix(0, j.last.Load()).Add(jamOver)); left > 0 {
		time.AfterFunc(left, func() { j.check(s) })
		return
	}
	j.is.Store(false)
	s.node.core.post(ss7.Event{Kind: ss7.Congestion, Path: s.id})
}
