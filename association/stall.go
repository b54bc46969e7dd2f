package association

import (
	"fmt"
	"time"

	"github.com/gostp/gostp/sctp"
)

// A far end that answers HEARTBEATs and takes nothing looks alive to SCTP for ever, and so does one
// that reads no more behind TCP. Its share of the traffic is lost all the while. Whatever the
// association is for, it is given up after `stall-timeout`: then those who can take the traffic do.

// stallLooks is how often an association is looked at within the time that it may take nothing, and
// stallTold after how many of these somebody is told.
const (
	stallLooks = 4
	stallTold  = 2
)

// stalled is what is known of a far end that takes nothing. The keeper's Mu guards it.
type stalled struct {
	now     sctp.Stall // while it takes nothing, and long enough to be told
	givenUp string     // why an association was; until another has lived for as long as that did not
}

// watch gives the association a up when the far end takes nothing for too long, until stop is called.
func (r *Keeper) watch(a sctp.Assoc) (stop func()) {
	over := make(chan struct{})
	r.node.Group.Go(func() {
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
	return func() { close(over) }
}

// judge is told how the far end does.
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

// unwatched is the end of a watch: of an association that is no more nothing is to be told.
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

// StallAlarm says for an alarm that the far end takes no more; empty: it does.
func (r *Keeper) StallAlarm() (now, givenUp string) {
	r.Mu.Lock()
	defer r.Mu.Unlock()
	if s := r.stalled.now; s.For > 0 {
		now = fmt.Sprintf("the far end takes no more: %v; it is given up after %v", s, r.Settings.stall)
	}
	return now, r.stalled.givenUp
}
