package node

import (
	"github.com/gostp/gostp/internal/lock"
	"github.com/gostp/gostp/ss7"
)

// pathIDs gives numbers to whatever MSUs leave by. A number that was given back is used again late, when nothing
// remembers it any more.
type pathIDs struct {
	mu   lock.Mutex[lock.PathIDs]
	last ss7.PathID
	free []ss7.PathID
}

const (
	maxPaths  = 1 << 16
	restPaths = 256 // how many numbers rest before one is used again
)

// take gives a number; 0: there are no more.
func (p *pathIDs) take() ss7.PathID {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.free) > restPaths {
		id := p.free[0]
		p.free = p.free[1:]
		return id
	}
	if p.last >= maxPaths {
		return 0
	}
	p.last++
	return p.last
}

func (p *pathIDs) give(id ss7.PathID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free = append(p.free, id)
}

// top gives the greatest number that was ever given.
func (p *pathIDs) top() ss7.PathID {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last
}
