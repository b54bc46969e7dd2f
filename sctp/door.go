package sctp

import (
	"context"
	"net"
	"sync/atomic"
)

// backlog is how many associations may wait to be accepted at an endpoint.
const backlog = 1024

// door is what an endpoint of every backend has: where associations that far ends set
// up wait to be accepted, until it is shut.
type door struct {
	waiting chan Assoc
	closed  chan struct{}
	refuses atomic.Bool // nobody is let in any more
}

// Shut implements Endpoint.
func (d *door) Shut() { d.refuses.Store(true) }

func newDoor() door { return door{waiting: make(chan Assoc, backlog), closed: make(chan struct{})} }

// offer has an association wait; false: too many do.
func (d *door) offer(a Assoc) bool {
	select {
	case d.waiting <- a:
		return true
	default:
		return false
	}
}

// Accept implements Endpoint. A shut door gives none of those that still wait.
func (d *door) Accept(ctx context.Context) (Assoc, error) {
	if d.isShut() {
		return nil, net.ErrClosed
	}
	select {
	case a := <-d.waiting:
		return a, nil
	case <-d.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// shut ends Accept; false: it has been shut before. The caller holds the endpoint's lock.
func (d *door) shut() bool {
	if d.isShut() {
		return false
	}
	close(d.closed)
	return true
}

func (d *door) isShut() bool {
	select {
	case <-d.closed:
		return true
	default:
		return false
	}
}
