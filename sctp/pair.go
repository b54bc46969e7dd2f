package sctp

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"
)

// Pair is two ends of an association without packets, for tests of what lies
// above. What one sends the other reads, in order; Abort and Close mean what they
// mean elsewhere, and Break is the fault on demand: both ends lose the association
// and what is not yet read.
func Pair(a, b Addr) (Assoc, Assoc) {
	x, y := &pairEnd{local: a, remote: b}, &pairEnd{local: b, remote: a}
	shared := &sync.Mutex{}
	for _, e := range []*pairEnd{x, y} {
		e.mu, e.readable, e.since = shared, make(chan struct{}, 1), time.Now()
	}
	x.far, y.far = y, x
	return x, y
}

// Break ends a Pair as a network failure would.
func Break(a Assoc, why string) {
	e := a.(*pairEnd)
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, x := range []*pairEnd{e, e.far} {
		x.queue = x.queue[:0]
		x.end(Lost, why)
	}
}

type pairEnd struct {
	local, remote Addr
	far           *pairEnd
	readable      chan struct{} // one slot

	mu    *sync.Mutex // of both ends
	queue []Item
	over  bool
	since time.Time
	stats Stats
}

func (e *pairEnd) Local() Addr  { return e.local }
func (e *pairEnd) Remote() Addr { return e.remote }

// Confirmed are all: both ends are in this process.
func (e *pairEnd) Confirmed() []netip.Addr { return e.remote.IPs }

// SetPrimary has nothing to choose from: there are no packets.
func (e *pairEnd) SetPrimary(netip.Addr) error { return nil }

// Set changes nothing: there are no packets.
func (e *pairEnd) Set(Params) {}

func (e *pairEnd) wake() {
	select {
	case e.readable <- struct{}{}:
	default:
	}
}

func (e *pairEnd) end(k EventKind, why string) {
	if !e.over {
		e.over = true
		e.queue = append(e.queue, Item{Event: &Event{Kind: k, Why: why}})
		e.wake()
	}
}

func (e *pairEnd) Send(msgs []Message) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.over {
		return 0, net.ErrClosed
	}
	p := DefaultParams()
	for i, m := range msgs {
		if len(m.Data) == 0 || m.Stream >= p.OutStreams {
			return i, fmt.Errorf("message of %d octets for stream %d of %d cannot be sent", len(m.Data), m.Stream, p.OutStreams)
		}
		m.Data = append([]byte(nil), m.Data...)
		e.far.queue = append(e.far.queue, Item{Message: m})
		e.stats.SentMessages++
		e.far.stats.RecvMessages++
		e.far.wake()
	}
	return len(msgs), nil
}

func (e *pairEnd) Read(b *Batch) error {
	for {
		e.mu.Lock()
		n := min(len(e.queue), max(cap(b.Items), 1))
		b.Items = append(b.Items[:0], e.queue[:n]...)
		e.queue = append(e.queue[:0], e.queue[n:]...)
		over := e.over
		e.mu.Unlock()
		if n > 0 {
			return nil
		}
		if over {
			return io.EOF
		}
		<-e.readable
	}
}

func (e *pairEnd) Status() Status {
	e.mu.Lock()
	defer e.mu.Unlock()
	p := DefaultParams()
	s := Status{State: "ESTABLISHED", Since: e.since, OutStreams: p.OutStreams, InStreams: p.InStreams, Stats: e.stats}
	if e.over {
		s.State = "CLOSED"
	}
	return s
}

// Stalled implements Assoc: what is sent is there at once.
func (e *pairEnd) Stalled() Stall { return Stall{} }

func (e *pairEnd) Close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.far.end(Closed, "shut down by the far end")
	e.end(Closed, "shut down by this end")
}

func (e *pairEnd) Abort(reason string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.far.end(Lost, "aborted by the far end: "+reason)
	e.end(Lost, "aborted by this end: "+reason)
}
