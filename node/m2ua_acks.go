package node

import (
	"fmt"

	"github.com/gostp/gostp/m2ua"
	"github.com/gostp/gostp/ss7"
)

// An interface may ask its ASPs for Data Acks. This file has the Data that they have not acknowledged yet (RFC 3331
// §3.3.1.2).

// unackedMost is how many messages of an interface one ASP may leave unacknowledged; beyond it
// the oldest is forgotten.
const unackedMost = 4096

// unacked has the Data of one interface that was sent to an ASP and that the ASP has not acknowledged, in its order.
// The memory of a message is used again for a later one.
type unacked struct {
	ring  []sentData
	first int // the place of the oldest
	n     int
	over  bool // the association has ended, so no more acknowledgement can come
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

// ack forgets the message with an id; false: there is none. An ASP acknowledges in the order in which messages were
// sent to it, so the message is the first one. If it is another, those before it are still awaited.
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
	forgotten             uint64 // messages that made room because too many were not acknowledged
	left                  uint64 // messages that were not acknowledged when the ASP's association ended
	sentAgain             uint64 // those of left that were sent to another ASP
}

// keep remembers Data that is about to be sent. The caller holds Mu.
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

// acked takes a Data Ack. One that comes after the ASP has become inactive counts too.
func (a *m2uaASP) acked(b []byte) {
	g := a.gate.Load()
	id, of, text, ok := m2ua.ReadDataAck(b)
	if g == nil || !ok {
		return
	}
	e := g.Entry(of, text)
	a.Mu.Lock()
	defer a.Mu.Unlock()
	if e == nil || a.unacked[e.Path] == nil {
		return // no Data of the interface is to be acknowledged
	}
	if a.unacked[e.Path].ack(id) {
		a.acks.acknowledged++
	} else {
		a.acks.unknown++
	}
}

// Tell hands the layer what becomes of the association. When the association ends, no more acknowledgement can come.
func (a *m2uaASP) Tell(ev ss7.Event) {
	if ev.Kind == ss7.CommLost || ev.Kind == ss7.CommRestart {
		a.Mu.Lock()
		for _, u := range a.unacked {
			u.over = true
		}
		a.Mu.Unlock()
	}
	a.xuaASP.Tell(ev)
}

// abandoned takes the messages of an interface that the ASP had not acknowledged when its association ended. With again
// it gives them, to be sent to another ASP.
func (a *m2uaASP) abandoned(i *m2uaInterface, again bool) (left []ss7.MSU) {
	a.Mu.Lock()
	defer a.Mu.Unlock()
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
		a.node.discards.transferred.Add(^uint64(u.n - 1)) // they were counted when they were sent, and are sent again
		what = "they are sent to the ASP that takes over"
		for k := range u.n {
			left = append(left, u.at(k).msu)
		}
	}
	a.node.log.AddFrom(a.Who(), "CS7M2UA", 4, "UNACKNOWLEDGED", fmt.Sprintf(
		"ASP %s went without acknowledging %d messages of %s; %s", a.title, u.n, i.as.name, what))
	return left
}

// forgo forgets the messages of an interface that is gone, because nobody asks for their acknowledgements any more.
func (a *m2uaASP) forgo(i *m2uaInterface) {
	a.Mu.Lock()
	defer a.Mu.Unlock()
	delete(a.unacked, i.link.id)
}

// ackView gives the counters, and how many messages are not acknowledged now.
func (a *m2uaASP) ackView() (st ackStats, waiting int) {
	a.Mu.Lock()
	defer a.Mu.Unlock()
	for _, u := range a.unacked {
		waiting += u.n
	}
	return a.acks, waiting
}
