package node

import (
	"maps"
	"slices"
	"sync"

	"github.com/gostp/gostp/mtp3"
)

// shortages are what the program around the node has run out of: file descriptors, places for
// consoles. Each is an alarm while it lasts.
type shortages struct {
	mu sync.Mutex
	of map[string]string // why, by what
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

func (s *shortages) troubles() (out []mtp3.Alarm) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, what := range slices.Sorted(maps.Keys(s.of)) {
		out = append(out, mtp3.Alarm{Severity: mtp3.Major, Object: what, Why: s.of[what]})
	}
	return out
}
