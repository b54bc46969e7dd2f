package association

import (
	"fmt"
	"time"

	"github.com/gostp/gostp/sctp"
)

// A far end that answers HEARTBEATs and takes nothing looks alive to SCTP for ever. So does a far end of TCP that reads
// no more. Its share of the traffic is lost meanwhile. Its association is given up after `stall-timeout`, whatever the
// association is for. Then the traffic goes to those who can take it.

// An association is looked at stallLooks times within `stall-timeout`. After stallTold of the looks there is an alarm.
const (
	stallLooks = 4
	stallTold  = 2
)

// stalled is what is known of a far end that takes nothing. The keeper's Mu guards it.
type stalled struct {
	now     sctp.Stall // for how long it has taken nothing, once that is an alarm
	givenUp string     // why an association was given up; until another has lived for longer than `stall-timeout`
}

// watch gives the association a up when the far end takes nothing for too long. stop returns when the watch has ended,
// so that it never judges the next association.
func (r *Keeper) watch(a sctp.Assoc) (stop func()) {
	over, ended := make(chan struct{}), make(chan struct{})
	r.node.Group.Go(func() {
		defer close(ended)
		for {
			r.Mu.Lock()
			limit := r.Settings.stall
			r.Mu.Unlock()
			s := a.Stalled()
			r.judge(s, limit)
			t := time.NewTimer(max(min(limit/stallLooks, limit-s.For), time.Millisecond))
			select {
			case <-over:
				t.Stop()
				r.unwatched()
				return
			case <-t.C:
			}
		}
	})
	return func() { close(over); <-ended }
}

// judge takes for how long the far end has taken nothing, and decides what that means.
func (r *Keeper) judge(s sctp.Stall, limit time.Duration) {
	r.Mu.Lock()
	was := r.stalled
	r.stalled.now = sctp.Stall{}
	switch {
	case s.For >= limit:
		r.stalled.givenUp = fmt.Sprintf("the far end takes no more: %v", s)
		r.AbortLocked(r.stalled.givenUp)
	case s.For >= limit*stallTold/stallLooks:
		r.stalled.now = s
	case was.givenUp != "" && r.Assoc != nil && time.Since(r.Assoc.Status().Since) > limit:
		r.stalled.givenUp = ""
	}
	is := r.stalled
	r.Mu.Unlock()
	r.Stuck.Store(is.now.For > 0)
	if is.givenUp != was.givenUp || (is.now.For == 0) != (was.now.For == 0) {
		r.node.Recheck()
	}
}

// unwatched ends the alarm about an association that has ended.
func (r *Keeper) unwatched() {
	r.Mu.Lock()
	was := r.stalled.now.For > 0
	r.stalled.now = sctp.Stall{}
	r.Mu.Unlock()
	r.Stuck.Store(false)
	if was {
		r.node.Recheck()
	}
}

// StallAlarm says for an alarm that the far end takes nothing now, or that an association was given up for that. Either
// is empty if it is not so.
func (r *Keeper) StallAlarm() (now, givenUp string) {
	r.Mu.Lock()
	defer r.Mu.Unlock()
	if s := r.stalled.now; s.For > 0 {
		now = fmt.Sprintf("the far end takes no more: %v; it is given up after %v", s, r.Settings.stall)
	}
	return now, r.stalled.givenUp
}
