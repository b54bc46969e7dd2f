package sctp

import (
	"context"
	"errors"
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// knockWait is how long the user of a far end that was called has for a first word.
const knockWait = 500 * time.Millisecond

// part tells the far end of an association that it has set up, and that was given up for its
// silence, that this is no more. Linux cannot send ABORT for what it has forgotten; but an INIT
// restarts what the far end still has (RFC 9260 §5.2.2), and that can be aborted. Who has
// set up another association meanwhile is left alone.
func (e *kernelEndpoint) part(remote Addr, p Params) {
	defer e.partings.Add(-1)
	if e.partings.Add(1) > partingsMost {
		return
	}
	for until := time.Now().Add(partingFor); time.Now().Before(until); {
		select {
		case <-e.closed:
			return
		case <-time.After(partingEvery):
		}
		ctx, stop := context.WithTimeout(context.Background(), 2*partingEvery)
		a, err := e.Dial(ctx, remote, p)
		stop()
		switch {
		case err == nil:
			e.leave(a.(*kernelAssoc))
			return
		case errors.Is(err, ErrExists), errors.Is(err, net.ErrClosed), errors.Is(err, errRefused):
			return // it is back, this port is closed, or nobody is there any more
		}
	}
}

// leave aborts an association that was set up to tell of the end of the one before. One that
// brings data is another: the far end has set it up at the same moment.
func (e *kernelEndpoint) leave(a *kernelAssoc) {
	for end := time.Now().Add(knockWait); time.Now().Before(end); time.Sleep(knockWait / 20) {
		if a.Status().Stats.RecvChunks > 0 {
			e.mu.Lock()
			taken := e.offer(a)
			e.mu.Unlock()
			if !taken {
				a.Abort("too many associations wait to be accepted")
			}
			return
		}
	}
	a.Abort("the association before was given up for its silence")
}

// silent tells whether an association ended because nobody answered.
func (r *kernelReader) silent() bool {
	lost := r.ending != nil && r.ending.Kind == Lost && !r.aborted
	return lost && (r.sockEr == nil || errors.Is(r.sockEr, unix.ETIMEDOUT))
}
