package mtp3

import (
	"fmt"
	"time"

	"github.com/gostp/gostp/ss7"
)

// Levels of congestion in national networks without priorities (Q.704 §3.8.2.3). A queue has one
// threshold of onset and one of abatement. Above the first the level is 1, and rises by one for
// each Tx that the queue stays there. Below the other it falls by one for each Ty. No MSU is
// discarded before the queue is full; origins hear of the level (§11.2.5).

// DefaultTxTy is how long Tx and Ty run; Q.704 gives no value.
const DefaultTxTy = time.Second

// mostCongested is the highest level (S of §3.8.2.3).
const mostCongested = 3

func (c *Config) step(id timerID) time.Duration {
	d := c.Tx
	if id == timerTy {
		d = c.Ty
	}
	if d == 0 {
		return DefaultTxTy
	}
	return d
}

// timedCongestion takes note that l's queue has crossed a threshold: ev.Arg is 1 above that of
// onset, 0 below that of abatement.
func (l *link) timedCongestion(now time.Time, ev ss7.Event, out []ss7.Action) []ss7.Action {
	over := ev.Arg > 0
	if over == l.full && (over || l.congestion == 0) { // else it has a level from before there were steps
		return out
	}
	l.full = over
	l.stop(timerTx, timerTy)
	l.startFor(now, l.stepTimer(), l.net.cfg.step(l.stepTimer()))
	if over && l.congestion == 0 {
		ev.Arg = 1
		return l.congested(ev, out)
	}
	return out
}

func (l *link) stepTimer() timerID {
	if l.full {
		return timerTx
	}
	return timerTy
}

// congestionStep raises or lowers the level when Tx or Ty is over.
func (l *link) congestionStep(now time.Time, out []ss7.Action) []ss7.Action {
	n := l.net
	id := l.stepTimer()
	level, why := l.congestion-1, fmt.Sprintf("its queue was below the threshold for Ty (%v)", n.cfg.step(id))
	if l.full {
		level, why = min(l.congestion+1, mostCongested), fmt.Sprintf("its queue stays above the threshold for Tx (%v)",
			n.cfg.step(id))
	}
	if level > 0 && !(l.full && level == mostCongested) {
		l.startFor(now, id, n.cfg.step(id))
	}
	return l.congested(ss7.Event{Arg: level, Why: why}, out)
}
