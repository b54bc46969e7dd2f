package sctp

import (
	"context"
	"net"
	"sync/atomic"
)

// backlog is how many associations may wait at an endpoint for Accept.
const backlog = 1024

// door is what the endpoints of all backends have in common: the place where associations that far ends set up
// wait for Accept, until the endpoint is closed.
type door struct {
	waiting chan Assoc
	closed  chan struct{}
	refuses atomic.Bool // associations that far ends set up are refused
}

// Shut implements Endpoint.
func (d *door) Shut() { d.refuses.Store(true) }

func newDoor() door { return door{waiting: make(chan Assoc, backlog), closed: make(chan struct{})} }

// enqueue makes an association wait for Accept. It gives false if too many wait already.
func (d *door) enqueue(a Assoc) bool {
	select {
	case d.waiting <- a:
		return true
	default:
		return false
	}
}

// Accept implements Endpoint. Once the door is shut, it gives none of those that still wait.
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

// shut ends Accept. It gives false if it was called before. The caller holds the endpoint's lock.
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
