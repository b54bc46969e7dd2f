package node

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/gostp/gostp/association"
	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/internal/lock"
	"github.com/gostp/gostp/m3ua"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// m3uaASP is the far end of an association of M3UA: an ASP or a gateway. gate changes under the keeper's Mu, so what
// the gate says of the ASP stays true as long as Mu is held.
type m3uaASP struct {
	xuaASP
	conf m3ua.ASPConfig // of a stranger: what the layer knows of it; guarded by the layer's mu

	gate    atomic.Pointer[m3ua.Gate]
	refused [m3ua.Refusals]atomic.Uint64
	oddSI   atomic.Uint64 // DATA whose service indicator had bits above the fourth

	// The reader's own.
	data    []m3ua.Data
	answers [8]answer
	next    int
}

// answer is a destination, and a user there, that the ASP was told of lately.
type answer struct {
	pc ss7.PC
	si ss7.SI
	at time.Time
}

func (n *Node) newM3UAASP(id ss7.PathID, c configs.ASP, at association.Ends, how association.Settings,
	p *association.Port) *m3uaASP {
	a := &m3uaASP{}
	a.set(n, id, c, a.ppidFor(&c))
	a.layer, a.topic = n.m3ua, m3uaProtocol.name
	lock.Give[lock.ASP](&a.Mu)
	a.Prepare(n.assoc, a, at, how, p)
	return a
}

// ppidFor implements layerASP.
func (a *m3uaASP) ppidFor(c *configs.ASP) uint32 {
	if c.HostPPID {
		return m3ua.HostOrderPPID
	}
	return m3ua.PPID
}

// Reader implements association.Owner.
func (a *m3uaASP) Reader() (carry func([]sctp.Item) error, done func()) {
	return a.node.reader(a.carry)
}

// carry runs a batch to completion. The gate admits DATA, which is routed without the layer. Every other message goes
// to the layer, in its place among the DATA.
func (a *m3uaASP) carry(items []sctp.Item, t *transfer) (over error) {
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
		if ended := a.slow(it); ended != nil {
			over = ended
		}
	}
	a.node.route(now, t, from)
	return over
}

// admit reads one DATA message. A message that is not taken is counted, and the layer tells the ASP.
func (a *m3uaASP) admit(it *sctp.Item, d *m3ua.Data) (ss7.PathID, bool) {
	g := a.gate.Load()
	if g == nil {
		a.refused[m3ua.NotActive].Add(1)
		return 0, false
	}
	stream := it.Stream
	if stream == 0 && a.lone.Load() { // the far end has no other stream
		stream = 1
	}
	as, r, e := g.Recv(stream, it.PPID, it.Data, d)
	if r != m3ua.Taken {
		a.refused[r].Add(1)
		if r == m3ua.Malformed {
			a.malformed.Add(e.Code)
		}
		a.refuse(e)
		return 0, false
	}
	a.heard.Store(true)
	a.in.Add(1)
	a.inOctets.Add(uint64(len(it.Data)))
	if d.OddSI != 0 {
		a.tellOddSI(d)
	}
	return as, true
}

// tellOddSI counts DATA whose service indicator has bits above the fourth, and logs the first.
func (a *m3uaASP) tellOddSI(d *m3ua.Data) {
	if a.oddSI.Add(1) == 1 {
		const text = "%s sends DATA with service indicator %#02x: the bits above the fourth are passed over, " +
			"so it is %v; `show cs7 asp %s statistics` counts such DATA"
		a.node.log.Add("CS7M3UA", 4, "ODDSI", fmt.Sprintf(text, a.Name(), d.OddSI, d.MSU.SI, a.title))
	}
}

// slow hands the layer a message other than DATA, or an event.
func (a *m3uaASP) slow(it *sctp.Item) (over error) {
	if it.Event != nil {
		return a.happened(it.Event, a.Tell)
	}
	a.node.m3ua.run(func(now time.Time, l *m3ua.Layer, out []ss7.Action) []ss7.Action {
		return l.Recv(now, a.id, it.Stream, it.PPID, it.Data, out)
	})
	return nil
}

// setGate puts a new picture of what the ASP may do in force.
func (a *m3uaASP) setGate(g *m3ua.Gate) {
	a.Mu.Lock()
	defer a.Mu.Unlock()
	a.gate.Store(g)
}

// begin gives the label with which DATA of s to a begins; false: a is not active for s, or has no association. The
// caller holds Mu.
func (a *m3uaASP) begin(s *m3uaAS) (*m3ua.Label, bool) {
	g := a.gate.Load()
	if g == nil || a.Assoc == nil {
		return nil, false
	}
	a.clear()
	return g.To(s.id)
}

// offer sends to a those of msus that w gives it. The first of msus is the turn-th of the AS. offer is false if a takes
// none.
func (a *m3uaASP) offer(s *m3uaAS, w *xua.Way, turn uint32, msus []*ss7.MSU) bool {
	a.Mu.Lock()
	defer a.Mu.Unlock()
	label, ok := a.begin(s)
	if !ok {
		return false
	}
	for i, m := range msus {
		if w.Pick(m.SLS, turn+uint32(i)) == a.id {
			a.write(label, m, 0, false)
		}
	}
	return a.sent(s, msus[len(msus)-1])
}

// sent sends the messages that were written. m is the last MSU among them. sent is false if the association has ended.
// The caller holds Mu.
func (a *m3uaASP) sent(s *m3uaAS, m *ss7.MSU) bool {
	full, gone := a.flush()
	if gone {
		return false
	}
	if full > 0 || a.Stuck.Load() {
		s.jam.full(s, m)
	}
	return true
}

// write appends a DATA message to what flush sends. The caller holds Mu.
func (a *m3uaASP) write(label *m3ua.Label, m *ss7.MSU, tag uint32, tagged bool) {
	if len(m.Payload) > m3ua.MaxPayload {
		a.long++
		return
	}
	start := len(a.arena)
	if tagged {
		a.arena = label.AppendTagged(a.arena, m, tag)
	} else {
		a.arena = label.Append(a.arena, m)
	}
	a.messages = append(a.messages, sctp.Message{Stream: m3ua.Stream(m.SLS, a.streams), PPID: a.ppid,
		Data: a.arena[start:len(a.arena):len(a.arena)]})
}

// broadcast sends one MSU if a takes it.
func (a *m3uaASP) broadcast(s *m3uaAS, m *ss7.MSU, tag uint32, tagged bool) bool {
	a.Mu.Lock()
	defer a.Mu.Unlock()
	label, ok := a.begin(s)
	if !ok {
		return false
	}
	a.write(label, m, tag, tagged)
	return a.sent(s, m)
}

// discarded tells the ASP what its MSU found lacking, if anything (RFC 4666 §4.5.1), but not for every MSU.
func (a *m3uaASP) discarded(why mtp3.Reason, m *ss7.MSU, server ss7.PathID) {
	now := time.Now()
	for i := range a.answers {
		if t := &a.answers[i]; t.pc == m.DPC && t.si == m.SI && now.Sub(t.at) < time.Second {
			return
		}
	}
	a.answers[a.next] = answer{m.DPC, m.SI, now}
	a.next = (a.next + 1) % len(a.answers)
	t := a.node.view.Load().table
	lack, cause := mtp3.Lacking(t, m, server, why)
	if lack == mtp3.LacksNothing && !a.node.leaving.Load() {
		return
	}
	user := lack == mtp3.LacksUser
	a.node.m3ua.run(func(now time.Time, l *m3ua.Layer, out []ss7.Action) []ss7.Action {
		return l.Unreachable(now, a.id, server, m, m3ua.Destination{}, user, uint16(cause), out)
	})
}
