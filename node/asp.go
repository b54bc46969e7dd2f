package node

import (
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/m3ua"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// asp is a peer of M3UA on its association. The runner's mu guards what is sent, and
// gate changes under it: who holds it knows whether the peer still takes data.
type asp struct {
	runner
	id       ss7.PathID
	title    string
	cfg      configs.ASP
	stranger bool // an association of nobody configured

	gate  atomic.Pointer[m3ua.Gate]
	heard atomic.Bool // data came since the last tick
	heir  atomic.Pointer[asp]

	in, out, inOctets, outOctets atomic.Uint64 // DATA
	refused                      [m3ua.Refusals]atomic.Uint64
	spared                       atomic.Uint64 // refused DATA that was not answered

	// Guarded by mu.
	streams  uint16
	arena    []byte
	messages []sctp.Message

	// The reader's own.
	data    []m3ua.Data
	answers [8]answer
	next    int
	faults  xua.Rate // refused DATA of which the layer is told
}

// answer is a destination that the peer was told of lately.
type answer struct {
	pc ss7.PC
	at time.Time
}

func (a *asp) name() string { return "ASP " + a.title }

func (n *Node) newASP(id ss7.PathID, c configs.ASP, at where, how settings, p *peer) *asp {
	a := &asp{id: id, title: c.Name, cfg: c, faults: xua.Rate{PerSecond: 50, Burst: 50}}
	a.prepare(n, a, at, how, p)
	return a
}

// tell hands the layer what becomes of the association.
func (a *asp) tell(ev ss7.Event) {
	if h := a.heir.Load(); h != nil {
		if ev.Kind == ss7.CommLost {
			h.forget(ev.Why)
		}
		h.tell(ev)
		return
	}
	if ev.Kind == ss7.CommUp {
		a.mu.Lock()
		if a.assoc != nil {
			a.streams = a.assoc.Status().OutStreams
		}
		a.mu.Unlock()
	}
	ev.Path = a.id
	a.node.m3ua.run(func(now time.Time, l *m3ua.Layer, out []ss7.Action) []ss7.Action { return l.Do(now, ev, out) })
}

// carry runs a batch to completion: DATA is admitted by the gate and routed, without
// the layer; everything else goes to the layer, in its place among the DATA.
func (a *asp) carry(items []sctp.Item, t *transfer) (why string) {
	if h := a.heir.Load(); h != nil {
		return h.carry(items, t)
	}
	now := time.Now()
	if len(a.data) < len(items) {
		a.data = make([]m3ua.Data, len(items))
	}
	t.msus, t.asp = t.msus[:0], a
	var from ss7.PathID
	for i := range items {
		it := &items[i]
		if it.Event == nil && m3ua.IsData(it.Data) {
			as, ok := a.admit(it, &a.data[i])
			if !ok {
				continue
			}
			if as != from {
				a.node.route(now, t, from)
				t.msus, from = t.msus[:0], as
			}
			t.msus = append(t.msus, &a.data[i].MSU)
			continue
		}
		a.node.route(now, t, from)
		t.msus = t.msus[:0]
		if w := a.slow(it); w != "" {
			why = w
		}
		if h := a.heir.Load(); h != nil {
			if w := h.carry(items[i+1:], t); w != "" {
				why = w
			}
			return why
		}
	}
	a.node.route(now, t, from)
	return why
}

// admit reads one DATA message. What is not taken is counted, and the peer is told.
func (a *asp) admit(it *sctp.Item, d *m3ua.Data) (ss7.PathID, bool) {
	g := a.gate.Load()
	if g == nil {
		a.refused[m3ua.NotActive].Add(1)
		return 0, false
	}
	as, r, e := g.Recv(it.Stream, it.PPID, it.Data, d)
	if r != m3ua.Taken {
		a.refused[r].Add(1)
		// A flood of them must not hold up the layer for the others.
		switch {
		case e == nil || e.Silent:
		case a.faults.Take(time.Now(), 1):
			a.refuse(e)
		default:
			a.spared.Add(1)
		}
		return 0, false
	}
	a.heard.Store(true)
	a.in.Add(1)
	a.inOctets.Add(uint64(len(it.Data)))
	return as, true
}

func (a *asp) refuse(e *xua.Error) {
	a.node.log.Debug("m3ua", a.name()+": refused: "+e.Why)
	a.node.m3ua.run(func(now time.Time, l *m3ua.Layer, out []ss7.Action) []ss7.Action { return l.Refuse(now, a.id, e, out) })
}

// slow hands the layer a message other than DATA, or an event.
func (a *asp) slow(it *sctp.Item) (why string) {
	if it.Event != nil {
		a.mu.Lock()
		ev, why := a.event(it.Event)
		a.mu.Unlock()
		if ev.Kind != ss7.None {
			a.tell(ev)
		}
		return why
	}
	a.node.m3ua.run(func(now time.Time, l *m3ua.Layer, out []ss7.Action) []ss7.Action {
		return l.Recv(now, a.id, it.Stream, it.PPID, it.Data, out)
	})
	return ""
}

// setGate puts a new picture of what the peer may do in force.
func (a *asp) setGate(g *m3ua.Gate) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.gate.Store(g)
}

// ppid is M3UA's, as the peer writes it.
func (a *asp) ppid() uint32 {
	if a.cfg.HostPPID {
		return m3ua.HostOrderPPID
	}
	return m3ua.PPID
}

// control sends a message of the layer. One that cannot be queued would leave the peer
// with another state than ours, so the association ends.
func (a *asp) control(stream uint16, wire []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.assoc == nil {
		return
	}
	a.messages = append(a.messages[:0], sctp.Message{Stream: stream, PPID: a.ppid(), Data: wire})
	if n, err := a.assoc.Send(a.messages); n == 0 && !errors.Is(err, net.ErrClosed) {
		a.abortLocked(fmt.Sprintf("a message could not be queued: %v", err))
	}
}

// offer sends those of msus that w gives to a, the first being the turn-th of the AS.
// It is false if a takes none: it is not active there, or has no association.
func (a *asp) offer(s *as, w *xua.Way, turn uint32, msus []*ss7.MSU) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	g := a.gate.Load()
	if g == nil || a.assoc == nil {
		return false
	}
	label, ok := g.To(s.id)
	if !ok {
		return false
	}
	a.arena, a.messages = a.arena[:0], a.messages[:0]
	for i, m := range msus {
		if w.Pick(m.SLS, turn+uint32(i)) == a.id {
			a.write(label, m, 0, false)
		}
	}
	if a.flush() > 0 {
		s.jam.full(s, msus[len(msus)-1])
	}
	return true
}

// write appends a DATA message to what flush sends. The caller holds mu.
func (a *asp) write(label *m3ua.Label, m *ss7.MSU, tag uint32, tagged bool) {
	if len(m.Payload) > m3ua.MaxPayload {
		a.node.discards.add(mtp3.TooLong, 1)
		return
	}
	start := len(a.arena)
	if tagged {
		a.arena = label.AppendTagged(a.arena, m, tag)
	} else {
		a.arena = label.Append(a.arena, m)
	}
	a.messages = append(a.messages, sctp.Message{Stream: m3ua.Stream(m.SLS, a.streams), PPID: a.ppid(), Data: a.arena[start:len(a.arena):len(a.arena)]})
}

// flush sends what was written; what the association has no room for is counted, and told.
// The caller holds mu.
func (a *asp) flush() (full int) {
	if len(a.messages) == 0 {
		return 0
	}
	n, err := a.assoc.Send(a.messages)
	a.out.Add(uint64(n))
	for i := range a.messages[:n] {
		a.outOctets.Add(uint64(len(a.messages[i].Data)))
	}
	a.node.discards.transferred.Add(uint64(n))
	if left := len(a.messages) - n; left > 0 {
		reason := mtp3.QueueFull
		if errors.Is(err, net.ErrClosed) {
			reason = mtp3.LinkGone
		} else {
			full = left
		}
		a.node.discards.add(reason, left)
	}
	return full
}

// broadcast sends one MSU if a takes it.
func (a *asp) broadcast(s *as, m *ss7.MSU, tag uint32, tagged bool) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	g := a.gate.Load()
	if g == nil || a.assoc == nil {
		return false
	}
	label, ok := g.To(s.id)
	if !ok {
		return false
	}
	a.arena, a.messages = a.arena[:0], a.messages[:0]
	a.write(label, m, tag, tagged)
	if a.flush() > 0 {
		s.jam.full(s, m)
	}
	return true
}

// unreachable tells the peer that its MSU went no further (RFC 4666 §4.5.1), not for
// every MSU.
func (a *asp) unreachable(d mtp3.Verdict, m *ss7.MSU, server ss7.PathID) {
	now := time.Now()
	for i := range a.answers {
		if t := &a.answers[i]; t.pc == m.DPC && now.Sub(t.at) < time.Second {
			return
		}
	}
	a.answers[a.next] = answer{m.DPC, now}
	a.next = (a.next + 1) % len(a.answers)
	a.node.m3ua.run(func(now time.Time, l *m3ua.Layer, out []ss7.Action) []ss7.Action {
		return l.Unreachable(now, a.id, server, m, m3ua.Destination{}, d.Reason == mtp3.NoUser, out)
	})
}

// bequeath makes the association of a, which was nobody's yet, that of h. The caller
// holds the adaptation's mu and reads the association.
func (a *asp) bequeath(h *asp) {
	a.mu.Lock()
	defer a.mu.Unlock()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.assoc, h.assocID, h.assocWhy, h.ending, h.streams = a.assoc, a.assocID, "", "", a.streams
	a.heir.Store(h)
	a.node.log.AddLimited("CS7SCTP", 5, "ASSOC", fmt.Sprintf("association %d is that of %s by its ASP identifier", a.assocID, h.name()))
}

// forget: the association that a inherited has ended.
func (a *asp) forget(why string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.assoc, a.assocID, a.assocWhy = nil, 0, why
}

// close takes the ASP away.
func (a *asp) close(why string) {
	a.mu.Lock()
	a.closed = true
	if !a.abortLocked(why) {
		a.ending = why
	}
	a.mu.Unlock()
	a.cancel()
}
