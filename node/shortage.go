package node

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/gostp/gostp/internal/lock"
	"github.com/gostp/gostp/mtp3"
)

// shortages are what the program around the node has run out of: file descriptors, places for
// consoles. Each is an alarm while it lasts.
type shortages struct {
	mu lock.Mutex[lock.Shortages]
	of map[string]string // why, by what

	ends map[string]*time.Timer // of those that end by themselves
}

// Short tells the node that something of the program's own has run out, and why; an empty
// why ends it. Both are logged, and an alarm stands meanwhile.
func (n *Node) Short(what, why string) {
	s := &n.shortages
	s.mu.Lock()
	before := s.of[what]
	if s.of == nil {
		s.of = map[string]string{}
	}
	if why == "" {
		delete(s.of, what)
	} else {
		s.of[what] = why
	}
	s.mu.Unlock()
	switch {
	case why == before:
		return
	case why == "":
		n.log.AddLimited("SYS", 5, "RESOURCE", what+": no shortage any more")
	default:
		n.log.AddLimited("SYS", 3, "RESOURCE", what+": "+why)
	}
	n.core.recheck()
}

// What far ends have used up of a memory of all is an alarm for a while.
const (
	memoryName  = "memory for messages that are not whole"
	backlogName = "memory for what waits for far ends"
	waitName    = "memory for what waits for ASPs"
	usersName   = "room for what waits for the users of this node"
	filesName   = "descriptors for associations"
	memoryTold  = time.Minute
)

// memoryShort is told that an association was ended because all together hold too much.
func (n *Node) memoryShort(why string) {
	n.shortFor(memoryTold, memoryName, "an association was ended: "+why+"; `show sctp association` has who and when",
		nil)
}

// backlogShort is told that associations accept no more because too much waits in all.
func (n *Node) backlogShort(why string) {
	n.shortFor(memoryTold, backlogName, why+"; `show sctp association detail` has who",
		n.associations.Backlog.Short)
}

// descriptorsShort is told that an association could not be accepted.
func (n *Node) descriptorsShort(why string) {
	n.shortFor(memoryTold, filesName, why+"; `ulimit -n` of the shell, or LimitNOFILE of the service, gives more", nil)
}

// waitShort is told that too much waits for ASPs to become active.
func (n *Node) waitShort() {
	const why = "more than %d octets wait for ASPs to become active: each AS keeps %d for now, and the rest goes " +
		"another way or is discarded; `show cs7 as` has who waits"
	n.shortFor(memoryTold, waitName, fmt.Sprintf(why, waitMost, waitShare), n.associations.full.Load)
}

// usersShort is told that too much waits for SCCP and the other users of this node.
func (n *Node) usersShort() {
	const why = "more than %d MSUs wait: each linkset and AS has room for %d for now, and the rest is discarded " +
		"(`show cs7 mtp3 statistics`, queue of the local user full)"
	n.shortFor(memoryTold, usersName, fmt.Sprintf(why, inboxAll, inboxShare), n.users.crowded)
}

// shortFor is Short for a while, and for as long after that as lasts says, which may be nil; if it comes
// again, from then on.
func (n *Node) shortFor(d time.Duration, what, why string, lasts func() bool) {
	n.Short(what, why)
	s := &n.shortages
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.ends[what]; t != nil {
		t.Reset(d)
		return
	}
	if s.ends == nil {
		s.ends = map[string]*time.Timer{}
	}
	s.ends[what] = time.AfterFunc(d, func() {
		if lasts == nil || !lasts() {
			n.Short(what, "")
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if n.ctx.Err() == nil {
			s.ends[what].Reset(d)
		}
	})
}

func (s *shortages) troubles() (out []mtp3.Alarm) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, what := range slices.Sorted(maps.Keys(s.of)) {
		out = append(out, mtp3.Alarm{Severity: mtp3.Major, Object: what, Why: s.of[what]})
	}
	return out
}
