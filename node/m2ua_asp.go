package node

import (
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/m2ua"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// m2uaASP is the far end of an association of M2UA: an ASP of this gateway, or the gateway to which this node is an
// ASP. gate changes under the keeper's Mu.
type m2uaASP struct {
	xuaASP
	gate    atomic.Pointer[m2ua.Gate]
	refused [m2ua.Refusals]atomic.Uint64

	// Guarded by Mu.
	unacked map[ss7.PathID]*unacked // by interface
	acks    ackStats

	// The reader's own.
	msus   []ss7.MSU
	tagged []byte // Data Acks to be sent
}

// ppidFor implements layerASP.
func (a *m2uaASP) ppidFor(*configs.ASP) uint32 { return m2ua.PPID }

// Reader implements association.Owner.
func (a *m2uaASP) Reader() (carry func([]sctp.Item) error, done func()) {
	return a.node.reader(a.carry)
}

// carry runs a batch to completion. Messages of one interface that follow each other go to it together. Every other
// message goes to the layer, in its place among them.
func (a *m2uaASP) carry(items []sctp.Item, t *transfer) (over error) {
	var to *m2ua.Entry
	start := 0
	for i := range items {
		it := &items[i]
		var next *m2ua.Entry
		about := it.Event == nil && m2ua.IsMAUP(it.Data)
		if about {
			next = a.admit(it)
		}
		if next != to || next == nil {
			a.pass(to, items[start:i], t)
			to, start = next, i
		}
		if next == nil {
			start = i + 1
			if !about {
				if ended := a.slow(it); ended != nil {
					over = ended
				}
			}
		}
	}
	a.pass(to, items[start:], t)
	return over
}

// admit finds the interface of a message. A message that is not taken is counted, and the layer tells the ASP.
func (a *m2uaASP) admit(it *sctp.Item) *m2ua.Entry {
	g := a.gate.Load()
	if g == nil {
		a.refused[m2ua.NotActive].Add(1)
		return nil
	}
	it.Data = g.Forgive(it.Data)
	if m2ua.IsDataAck(it.Data) {
		a.acked(it.Data)
	}
	e, r, fault := g.Admit(it.PPID, it.Data)
	if r != m2ua.Taken {
		a.refused[r].Add(1)
		if r == m2ua.Malformed {
			a.malformed.Add(fault.Code)
		}
		a.refuse(fault)
		return nil
	}
	a.heard.Store(true)
	if m2ua.IsData(it.Data) {
		a.in.Add(1)
		a.inOctets.Add(uint64(len(it.Data)))
	}
	return e
}

// pass hands messages to their interface: to a link of this node's MTP3, or to an interface that this node offers.
func (a *m2uaASP) pass(to *m2ua.Entry, items []sctp.Item, t *transfer) {
	if to == nil || len(items) == 0 {
		return
	}
	if i := a.node.m2ua.interfaceOf(to.Path); i != nil {
		a.down(i, items, t)
		return
	}
	if l := a.node.view.Load().link(to.Path); l != nil {
		l.carry(items, t)
	}
}

// down hands the messages of an ASP to a level 2 here. MSUs go together; a message that controls the level 2 goes in
// its place among them.
func (a *m2uaASP) down(i *m2uaInterface, items []sctp.Item, t *transfer) {
	now := time.Now()
	if len(a.msus) < len(items) {
		a.msus = make([]ss7.MSU, len(items))
	}
	t.msus, a.tagged = t.msus[:0], a.tagged[:0]
	for k := range items {
		b := items[k].Data
		if !m2ua.IsData(b) {
			i.give(now, t.msus)
			t.msus = t.msus[:0]
			i.recv(a, b)
			continue
		}
		var d m2ua.Data
		if e := m2ua.ParseData(b, &d); e != nil {
			a.refused[m2ua.Malformed].Add(1)
			a.malformed.Add(e.Code)
			a.refuse(e)
			continue
		}
		m := &a.msus[len(t.msus)]
		if err := i.label.Variant.ReadMSU(d.PDU, m); err != nil {
			a.refused[m2ua.Malformed].Add(1)
			a.malformed.Add(xua.InvalidParameterValue)
			a.refuse(&xua.Error{Code: xua.InvalidParameterValue, Why: "Data: " + err.Error(), Diag: xua.Head(b)})
			continue
		}
		t.msus = append(t.msus, m)
		if d.HasCorrelation { // MUST (RFC 3331 §3.3.1.2)
			a.acknowledge(i, d.Correlation)
		}
	}
	i.give(now, t.msus)
}

func (a *m2uaASP) acknowledge(i *m2uaInterface, id uint32) {
	m := m2ua.Message{Type: m2ua.DataAck, Interface: i.label.Interface, Correlation: id}
	a.tagged = m2ua.Append(a.tagged[:0], &m, false)
	a.control(a.stream(i.link.id), a.tagged, nil)
}

// slow hands the layer a message that is about no interface, or an event.
func (a *m2uaASP) slow(it *sctp.Item) (over error) {
	if it.Event != nil {
		return a.happened(it.Event, a.Tell)
	}
	a.node.m2ua.run(func(now time.Time, l *m2ua.Layer, out []ss7.Action) []ss7.Action {
		return l.Recv(now, a.id, it.PPID, it.Data, out)
	})
	return nil
}

// setGate puts a new picture of what the ASP may do in force.
func (a *m2uaASP) setGate(g *m2ua.Gate) {
	a.Mu.Lock()
	defer a.Mu.Unlock()
	a.gate.Store(g)
}

// stream gives the stream for the messages of a link.
func (a *m2uaASP) stream(link ss7.PathID) uint16 {
	a.Mu.Lock()
	defer a.Mu.Unlock()
	return m2ua.Stream(uint32(link), a.streams)
}

// send sends messages of a link at this gateway. The caller holds the link's Mu.
func (a *m2uaASP) send(link ss7.PathID, messages []sctp.Message) {
	a.Mu.Lock()
	defer a.Mu.Unlock()
	n, err := 0, error(net.ErrClosed)
	if a.Assoc != nil {
		stream := m2ua.Stream(uint32(link), a.streams)
		for i := range messages {
			messages[i].Stream, messages[i].PPID = stream, m2ua.PPID
		}
		n, err = a.Assoc.Send(messages)
	}
	a.count(messages[:n])
	for i := range messages[n:] {
		if m2ua.IsData(messages[n+i].Data) {
			a.node.discards.transferred.Add(^uint64(0)) // it was counted when the link took it
			a.node.discards.add(lostBecause(err), 1)
		} else if !errors.Is(err, net.ErrClosed) {
			a.AbortLocked(fmt.Sprintf("a message could not be queued: %v", err))
		}
	}
}

// count counts the Data among messages that were sent.
func (a *m2uaASP) count(messages []sctp.Message) {
	for i := range messages {
		if m2ua.IsData(messages[i].Data) {
			a.out.Add(1)
			a.outOctets.Add(uint64(len(messages[i].Data)))
		}
	}
}

// offer sends to a those of msus that w gives it.
func (a *m2uaASP) offer(i *m2uaInterface, w *xua.Way, turn uint32, msus []*ss7.MSU) bool {
	a.Mu.Lock()
	defer a.Mu.Unlock()
	label, stream, ok := a.opening(i)
	if !ok {
		return false
	}
	asks := i.asks.Load()
	for k, m := range msus {
		if !i.as.sends(w, m, turn+uint32(k), a.id) {
			continue
		}
		tag := uint32(0)
		if asks {
			tag = i.tag.Add(1)
		}
		if a.write(label, stream, m, tag, asks) && asks {
			a.keep(i, tag, m)
		}
	}
	before := a.out.Load()
	_, gone := a.flush()
	if u := a.unacked[i.link.id]; asks && u != nil { // an MSU that was not sent is counted as discarded already
		u.unsend(len(a.messages) - int(a.out.Load()-before))
	}
	return !gone
}

// broadcast sends one MSU if a takes it.
func (a *m2uaASP) broadcast(i *m2uaInterface, m *ss7.MSU, tag uint32, tagged bool) bool {
	a.Mu.Lock()
	defer a.Mu.Unlock()
	label, stream, ok := a.opening(i)
	if !ok {
		return false
	}
	a.write(label, stream, m, tag, tagged)
	_, gone := a.flush()
	return !gone
}

// opening gives the label with which Data of interface i to a begins, and its stream. The caller holds Mu.
func (a *m2uaASP) opening(i *m2uaInterface) (*m2ua.Label, uint16, bool) {
	g := a.gate.Load()
	if g == nil || a.Assoc == nil {
		return nil, 0, false
	}
	e := g.To(i.link.id)
	if e == nil || !e.Sends {
		return nil, 0, false
	}
	a.clear()
	return &e.Label, m2ua.Stream(uint32(i.link.id), a.streams), true
}

// write appends a Data message to what flush sends; false: m is too long for one. The caller holds Mu.
func (a *m2uaASP) write(label *m2ua.Label, stream uint16, m *ss7.MSU, tag uint32, tagged bool) bool {
	if !label.Fits(m) {
		a.long++
		return false
	}
	start := len(a.arena)
	if tagged {
		a.arena = label.AppendTagged(a.arena, m, tag)
	} else {
		a.arena = label.Append(a.arena, m)
	}
	a.messages = append(a.messages, sctp.Message{Stream: stream, PPID: m2ua.PPID,
		Data: a.arena[start:len(a.arena):len(a.arena)]})
	return true
}
