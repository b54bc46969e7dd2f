package node

import (
	"fmt"

	"github.com/gostp/gostp/m2ua"
	"github.com/gostp/gostp/ss7"
)

// What ASPs have not acknowledged (RFC 3331 §3.3.1.2), of an interface whose application
// server asks for Data Acks.

// unackedMost is how many messages of an interface one ASP may leave unacknowledged; beyond it
// the oldest is forgotten.
const unackedMost = 4096

// unacked is the Data of one interface that an ASP was sent and has not acknowledged, in its
// order; the memory of each message is used again.
type unacked struct {
	ring  []sentData
	first int // of the oldest
	n     int
	over  bool // its association has ended: nothing will be acknowledged any more
}

type sentData struct {
	id  uint32
	msu ss7.MSU
}

func (u *unacked) at(k int) *sentData { return &u.ring[(u.first+k)%len(u.ring)] }

// add keeps a copy of m; true: the oldest was forgotten for it.
func (u *unacked) add(id uint32, m *ss7.MSU) (forgot bool) {
	switch {
	case u.n == unackedMost:
		u.first, u.n, forgot = (u.first+1)%len(u.ring), u.n-1, true
	case u.n == len(u.ring):
		ring := make([]sentData, max(16, 2*len(u.ring)))
		for k := range u.n {
			ring[k] = *u.at(k)
		}
		u.ring, u.first = ring, 0
	}
	u.n++
	x := u.at(u.n - 1)
	kept := append(x.msu.Payload[:0], m.Payload...)
	x.id, x.msu = id, *m
	x.msu.Payload = kept
	return forgot
}

// ack forgets the message with an id; false: there is none. An ASP acknowledges in the order
// in which it was sent them, so that it is the first; should it be another, those before it are
// still waited for.
func (u *unacked) ack(id uint32) bool {
	for k := range u.n {
		if u.at(k).id != id {
			continue
		}
		for ; k > 0; k-- {
			*u.at(k), *u.at(k - 1) = *u.at(k - 1), *u.at(k)
		}
		u.first, u.n = (u.first+1)%len(u.ring), u.n-1
		return true
	}
	return false
}

// unsend forgets the newest n.
func (u *unacked) unsend(n int) { u.n -= min(n, u.n) }

// ackStats counts what becomes of Data that an ASP is to acknowledge.
type ackStats struct {
	acknowledged, unknown uint64
	forgotten             uint64 // because too many were not acknowledged
	left                  uint64 // not acknowledged when the ASP's association ended
	sentAgain             uint64 // of these, to whoever took over
}

// keep remembers Data that is about to be sent. The caller holds mu.
func (a *m2uaASP) keep(i *m2uaInterface, id uint32, m *ss7.MSU) {
	u := a.unacked[i.link.id]
	if u == nil {
		if a.unacked == nil {
			a.unacked = map[ss7.PathID]*unacked{}
		}
		u = &unacked{}
		a.unacked[i.link.id] = u
	}
	if u.add(id, m) {
		a.acks.forgotten++
	}
}

// acked is told a Data Ack; one that comes after the ASP has become inactive counts too.
func (a *m2uaASP) acked(b []byte) {
	g := a.gate.Load()
	id, of, text, ok := m2ua.ReadDataAck(b)
	if g == nil || !ok {
		return
	}
	e := g.Entry(of, text)
	a.mu.Lock()
	defer a.mu.Unlock()
	if e == nil || a.unacked[e.Path] == nil {
		return // nothing of the interface is asked for
	}
	if a.unacked[e.Path].ack(id) {
		a.acks.acknowledged++
	} else {
		a.acks.unknown++
	}
}

// tell hands the layer what becomes of the association. With it ends the hope of an
// acknowledgement.
func (a *m2uaASP) tell(ev ss7.Event) {
	if ev.Kind == ss7.CommLost || ev.Kind == ss7.CommRestart {
		a.mu.Lock()
		for _, u := range a.unacked {
			u.over = true
		}
		a.mu.Unlock()
	}
	a.xuaASP.tell(ev)
}

// abandoned takes what the ASP left unacknowledged of an interface when its association ended;
// again: it is to be sent to another.
func (a *m2uaASP) abandoned(i *m2uaInterface, again bool) (left []ss7.MSU) {
	a.mu.Lock()
	defer a.mu.Unlock()
	u := a.unacked[i.link.id]
	if u == nil || !u.over {
		return nil
	}
	delete(a.unacked, i.link.id)
	a.acks.left += uint64(u.n)
	if u.n == 0 {
		return nil
	}
	what := "they may be lost"
	if again {
		a.acks.sentAgain += uint64(u.n)
		a.node.discards.transferred.Add(^uint64(u.n - 1)) // they were not after all
		what = "they are sent to the ASP that takes over"
		for k := range u.n {
			left = append(left, u.at(k).msu)
		}
	}
	a.node.log.AddFrom(a.who(), "CS7M2UA", 4, "UNACKNOWLEDGED", fmt.Sprintf(
		"ASP %s went without acknowledging %d messages of %s; %s", a.title, u.n, i.as.name, what))
	return left
}

// ackView is a picture of the counters, and of what is waited for now.
func (a *m2uaASP) ackView() (st ackStats, waiting int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, u := range a.unacked {
		waiting += u.n
	}
	return a.acks, waiting
}
