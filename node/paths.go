package node

import (
	"github.com/gostp/gostp/internal/lock"
	"github.com/gostp/gostp/ss7"
)

// pathIDs numbers what MSUs leave by. Numbers given back are used again late, when
// nobody remembers them.
type pathIDs struct {
	mu   lock.Mutex[lock.PathIDs]
	last ss7.PathID
	free []ss7.PathID
}

const (
	maxPaths  = 1 << 16
	restPaths = 256 // numbers that rest before one is used again
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

// top is the greatest number there ever was.
func (p *pathIDs) top() ss7.PathID {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last
}
