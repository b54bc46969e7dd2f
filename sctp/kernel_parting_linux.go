package sctp

import (
	"context"
	"errors"
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// knockWait is how long the far end, once called, has for a first word.
const knockWait = 500 * time.Millisecond

// part tells a far end that its association with us is no more. The far end had set up that association, and
// this end gave it up because the far end was silent. Linux cannot send ABORT for an association that it has
// forgotten. But an INIT restarts the association that the far end still has (RFC 9260 §5.2.2), and that one
// can be aborted. If the far end has set up another association meanwhile, it is left alone.
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
			return // the far end is back, this port is closed, or nobody is there any more
		}
	}
}

// leave aborts an association that was set up only to tell of the end of the one before. If data comes, the
// association is another one, which the far end has set up at the same moment. That one is accepted.
func (e *kernelEndpoint) leave(a *kernelAssoc) {
	for end := time.Now().Add(knockWait); time.Now().Before(end); time.Sleep(knockWait / 20) {
		if a.Status().Stats.RecvChunks > 0 {
			e.mu.Lock()
			taken := e.enqueue(a)
			e.mu.Unlock()
			if !taken {
				a.Abort("too many associations wait to be accepted")
			}
			return
		}
	}
	a.Abort("the association before was given up for its silence")
}

// silent tells whether the association ended because the far end did not answer.
func (r *kernelReader) silent() bool {
	lost := r.ending != nil && r.ending.Kind == Lost && !r.aborted
	return lost && (r.sockEr == nil || errors.Is(r.sockEr, unix.ETIMEDOUT))
}
