package node

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/gostp/gostp/mtp3"
)

// shortages are what the program around the node has run out of: file descriptors, places for
// consoles. Each is an alarm while it lasts.
type shortages struct {
	mu sync.Mutex
	of map[string]string // why, by what

	memory *time.Timer // until an association that ended for what it held is forgotten
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

const (
	memoryName = "memory for messages that are not whole"
	memoryTold = time.Minute // how long an association that ended for it is an alarm
)

// memoryShort is told that an association was ended because all together hold too much.
func (n *Node) memoryShort(why string) {
	n.Short(memoryName, "an association was ended: "+why+"; `show sctp association` has who and when")
	n.shortages.mu.Lock()
	defer n.shortages.mu.Unlock()
	if t := n.shortages.memory; t != nil {
		t.Reset(memoryTold)
		return
	}
	n.shortages.memory = time.AfterFunc(memoryTold, func() { n.Short(memoryName, "") })
}

// printMemory is a line of `show sctp statistics`.
func (n *Node) printMemory(w io.Writer) {
	s := n.associations.memory.State()
	const line = "Memory of all associations for messages that are not whole: %d of %d octets; %d ended for it\n"
	fmt.Fprintf(w, line, s.Held, s.Most, s.Ended)
}

func (s *shortages) troubles() (out []mtp3.Alarm) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, what := range slices.Sorted(maps.Keys(s.of)) {
		out = append(out, mtp3.Alarm{Severity: mtp3.Major, Object: what, Why: s.of[what]})
	}
	return out
}
