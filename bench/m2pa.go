package bench

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/gostp/gostp/m2pa"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/ss7"
)

// M2PAHeaders is what M2PA and MTP3 add: headers, priority, SIO, routing label.
const M2PAHeaders = 16 + 1 + 1 + 4

// M2PA connects pairs of M2PA links, whose ends play the nodes adjacent to an STP,
// or are each other's far end where none is between. si is that of the MSUs.
func M2PA(ctx context.Context, l Layout, si ss7.SI) (*Bench, error) {
	l.Params.OutStreams, l.Params.InStreams = 2, 2 // RFC 4165 §1.5.2
	return connect(ctx, l, M2PAHeaders, func(a sctp.Assoc, p *pair, far bool) end { return newLink(a, p, l.Coalesce, si, far) })
}

// newLink makes an end of an M2PA link and starts it; far: it is a sink.
func newLink(a sctp.Assoc, p *pair, coalesce time.Duration, si ss7.SI, far bool) *link {
	e := &link{reader: reader{a, p, coalesce}, machine: m2pa.New(1, m2paConfig())}
	e.msu = ss7.MSU{DPC: sinkPC + ss7.PC(p.id), OPC: sourcePC + ss7.PC(p.id), NI: ss7.International, SI: si}
	if far {
		e.sink = &sink{p}
	}
	e.timer = time.AfterFunc(time.Hour, e.tick)
	e.tell(ss7.Event{Kind: ss7.Emergency}) // half a second of proving, not eight
	e.tell(ss7.Event{Kind: ss7.Start})
	e.tell(ss7.Event{Kind: ss7.CommUp})
	return e
}

// m2paConfig has a queue that no window fills.
func m2paConfig() m2pa.Config {
	c := m2pa.DefaultConfig()
	c.QueueMax = 1 << 16
	c.Onset = [3]int{c.QueueMax, c.QueueMax, c.QueueMax}
	return c
}

// link is one end of an M2PA link.
type link struct {
	reader
	sink *sink
	msu  ss7.MSU // of those that are sent; its payload is used again
	got  []ss7.Action

	mu       sync.Mutex // guards what follows
	machine  *m2pa.Link
	actions  []ss7.Action
	messages []sctp.Message
	timer    *time.Timer
	armed    time.Time
	closed   bool
	tested   bool // the far end has tested the link: it is an MTP3
}

func (e *link) open() (bool, string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	st := e.machine.Status()
	return st.State == m2pa.InService, fmt.Sprintf("its M2PA link is %v: %s", st.State, st.Why)
}

func (e *link) tell(ev ss7.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.actions = e.machine.Do(time.Now(), ev, e.actions[:0])
	e.perform(e.actions)
}

func (e *link) tick() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return
	}
	e.armed = time.Time{}
	e.actions = e.machine.Tick(time.Now(), e.actions[:0])
	e.perform(e.actions)
}

// perform sends what the machine wants sent and arms its timer. The caller holds mu.
func (e *link) perform(actions []ss7.Action) {
	e.messages = e.messages[:0]
	for i := range actions {
		a := &actions[i]
		switch {
		case a.Op == ss7.Send:
			e.messages = append(e.messages, sctp.Message{Stream: a.Stream, PPID: m2pa.PPID, Data: a.Wire})
		case a.Op == ss7.Raise && a.Event.Kind == ss7.OutOfService:
			e.p.fail("its M2PA link failed: " + a.Event.Why)
		}
	}
	if len(e.messages) > 0 {
		if n, err := e.assoc.Send(e.messages); n < len(e.messages) {
			e.p.fail(fmt.Sprintf("%d of %d messages could not be queued: %v", len(e.messages)-n, len(e.messages), err))
		}
	}
	next := e.machine.Deadline()
	if e.closed || next.IsZero() || !e.armed.IsZero() && !next.Before(e.armed) {
		return // a timer that fires early finds nothing due and is armed anew
	}
	e.armed = next
	e.timer.Reset(time.Until(next))
}

func (e *link) send(now time.Time, n int, fill func([]byte) uint8, _ func(uint8)) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	st := e.machine.Status()
	if st.State != m2pa.InService {
		return 0, fmt.Errorf("its M2PA link is %v: %s", st.State, st.Why)
	}
	// Half the send buffer's worth of messages at most waits in SCTP, so that SCTP
	// never refuses what M2PA has numbered.
	n = min(n, sendRoom/max(e.p.load.Size, 1)-st.Unacked-st.Queued)
	if want := max(e.p.load.Size-M2PAHeaders, stampLen); len(e.msu.Payload) != want {
		e.msu.Payload = make([]byte, want)
	}
	total := 0
	for total < n {
		e.actions = e.actions[:0]
		for range min(n-total, batchSize) {
			e.msu.SLS = fill(e.msu.Payload)
			e.actions = e.machine.Transfer(now, &e.msu, e.actions)
			total++
		}
		e.perform(e.actions)
	}
	return total, nil
}

// sendRoom is half of the send buffer of sctp.DefaultParams, in octets.
const sendRoom = 2 << 20

func (e *link) serve() {
	each := func(yield func([]byte) bool) {
		for i := range e.got {
			a := &e.got[i]
			if a.Op != ss7.Raise || a.Event.Kind != ss7.Transfer {
				continue
			}
			if m := &a.Event.MSU; m.SI <= ss7.SNTS {
				e.management(m)
			} else if !yield(m.Payload) {
				return
			}
		}
	}
	e.run(func(now time.Time, items []sctp.Item) {
		e.mu.Lock()
		e.got = e.got[:0]
		for i := range items {
			if items[i].Event == nil {
				e.got = e.machine.Recv(now, items[i].Stream, items[i].Data, e.got)
			}
		}
		e.perform(e.got)
		e.mu.Unlock()
		if e.sink != nil {
			e.sink.batch(now, each)
			return
		}
		for range each { // only management has somewhere to go
		}
	})
}

// management answers a link test (Q.707 §2.2), and tells a far end that tests, once,
// that this node has no restart to wait for (TRA, Q.704 §9.4, heading 0x17).
func (e *link) management(m *ss7.MSU) {
	t, err := mtp3.ParseLinkTest(m.Payload)
	if m.SI == ss7.SNM || err != nil || t.Ack {
		return
	}
	back := ss7.MSU{DPC: m.OPC, OPC: m.DPC, SLS: m.SLS, NI: m.NI, SI: m.SI}
	back.Payload = mtp3.AppendLinkTest(nil, mtp3.LinkTest{Ack: true, Pattern: t.Pattern, SLC: t.SLC})
	e.tell(ss7.Event{Kind: ss7.Transfer, MSU: back})
	if !e.tested {
		e.tested = true
		back.SI, back.SLS, back.Payload = ss7.SNM, 0, []byte{0x17}
		e.tell(ss7.Event{Kind: ss7.Transfer, MSU: back})
	}
}

func (e *link) close() {
	e.tell(ss7.Event{Kind: ss7.Stop, Why: "the measurement is over"})
	e.mu.Lock()
	e.closed = true
	e.timer.Stop()
	e.mu.Unlock()
	e.assoc.Abort("the measurement is over")
}
