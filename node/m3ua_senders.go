package node

import (
	"sync/atomic"

	"github.com/gostp/gostp/ss7"
)

// senders remembers which points send to which users behind a gateway. A gateway that says that a user is not there
// (DUPU) does not say whose MSU that was about. An entry takes the place of an older one with the same hash. The way of
// MSUs writes senders: without a lock, and most often without a write, since the entry is there already.
type senders [256]atomic.Uint64

func origin(m *ss7.MSU) uint64 {
	return uint64(m.OPC)<<32 | uint64(m.DPC)<<8 | 1<<7 | uint64(m.SI&15)
}

func (o *senders) note(m *ss7.MSU) {
	e := origin(m)
	if at := &o[e*0x9e3779b97f4a7c15>>56]; at.Load() != e {
		at.Store(e)
	}
}

// take gives the points that have sent to user si at dpc since it was last asked.
func (o *senders) take(dpc ss7.PC, si ss7.SI) (opcs []ss7.PC) {
	to := origin(&ss7.MSU{DPC: dpc, SI: si})
	for i := range o {
		if e := o[i].Load(); e&(1<<32-1) == to && o[i].CompareAndSwap(e, 0) {
			opcs = append(opcs, ss7.PC(e>>32))
		}
	}
	return opcs
}
