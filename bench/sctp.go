package bench

import (
	"context"
	"errors"
	"time"

	"github.com/gostp/gostp/sctp"
)

// ppid is that of bare messages: unspecified (RFC 9260 §3.3.1).
const ppid = 0

// SCTP connects pairs of bare associations: the way of a message without M2PA.
func SCTP(ctx context.Context, l Layout) (*Bench, error) {
	return connect(ctx, l, 0, func(a sctp.Assoc, p *pair, far bool) end {
		e := &bare{reader: reader{a, p, l.Coalesce}, streams: max(1, min(Flows, a.Status().OutStreams))}
		if far {
			e.sink = &sink{p}
		}
		return e
	})
}

// bare is an end without a protocol above SCTP; a flow is a stream.
type bare struct {
	reader
	sink    *sink
	streams uint16
	buf     []byte
	out     batch
	items   []sctp.Item
}

func (e *bare) open() (bool, string) { return true, "" }

func (e *bare) send(_ time.Time, n int, fill func([]byte) uint8, undo func(uint8)) (int, error) {
	size := max(e.p.load.Size, stampLen)
	if len(e.buf) < size*batchSize {
		e.buf = make([]byte, size*batchSize)
	}
	return e.out.send(e.assoc, n, func(i int) (uint8, sctp.Message) {
		b := e.buf[i*size : (i+1)*size]
		f := fill(b)
		return f, sctp.Message{Stream: uint16(f) % e.streams, PPID: ppid, Data: b}
	}, undo)
}

// batch has messages that are sent by one call, and their flows.
type batch struct {
	messages []sctp.Message
	flows    []uint8
}

// send sends n messages, batchSize at a time. next makes the i-th of each batch. Messages that a does not take
// are undone. It gives how many a took.
func (b *batch) send(a sctp.Assoc, n int, next func(i int) (flow uint8, m sctp.Message),
	undo func(flow uint8)) (total int, err error) {
	for total < n {
		b.messages, b.flows = b.messages[:0], b.flows[:0]
		for i := range min(n-total, batchSize) {
			flow, m := next(i)
			b.flows, b.messages = append(b.flows, flow), append(b.messages, m)
		}
		took, err := a.Send(b.messages)
		for i := len(b.messages) - 1; i >= took; i-- {
			undo(b.flows[i])
		}
		total += took
		switch {
		case errors.Is(err, sctp.ErrFull):
			return total, nil
		case err != nil:
			return total, err
		}
	}
	return total, nil
}

func (e *bare) serve() {
	each := func(yield func([]byte) bool) {
		for i := range e.items {
			if it := &e.items[i]; it.Event == nil && !yield(it.Data) {
				return
			}
		}
	}
	e.run(func(now time.Time, items []sctp.Item) {
		e.items = items
		if e.sink != nil {
			e.sink.batch(now, each)
		}
	})
}

func (e *bare) close() { e.assoc.Abort("the measurement is over") }
