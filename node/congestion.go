package node

import (
	"fmt"
	"time"

	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/ss7"
)

// toUsers passes on what MTP3 tells its users of a destination: that it is congested (ss7.Status), or that a user part
// is not there (ss7.UserPart). mtp3's congestion.go and user.go say what the fields of such an event mean.
func (c *core) toUsers(ev ss7.Event) {
	f := c.node.Config().Notation()
	if x := c.node.view.Load().crossing(ev.Path); x != nil {
		x.tell(ev)
		return
	}
	whom := "users of this node"
	by := c.node.view.Load().server(ev.Of)
	switch s := c.node.view.Load().server(ev.Path); {
	case s != nil:
		whom = "AS " + s.name
	case ev.Of != 0:
		whom = "all users"
	}
	if ev.Path == 0 {
		c.node.users.hear(time.Now(), &ev)
	}
	c.node.log.Debug("mtp3", fmt.Sprintf("%v of %s, %d, for %s at %s: %s", ev.Kind, f.Format(ev.Dest.PC), ev.Arg,
		f.Format(ev.MSU.OPC), whom, ev.Why))
	switch {
	case ev.Kind == ss7.UserPart && ev.Of != 0:
		c.tellOrigins(by, &ev)
		return
	case by != nil:
		by.crowd.set(ev.Dest.PC, ev.Arg)
	}
	c.node.m3ua.tellUsers(ev)
}

// tellOrigins is told that the far end of an AS says that a user is not there. It tells those who have sent to that
// user: neighbours by UPU, ASPs by DUPU.
func (c *core) tellOrigins(by *m3uaAS, ev *ss7.Event) {
	if by == nil || by.senders.Load() == nil {
		return
	}
	for _, opc := range by.senders.Load().take(ev.Dest.PC, ev.MSU.SI) {
		m := ss7.MSU{OPC: opc, DPC: ev.Dest.PC, SI: ev.MSU.SI}
		c.post(ss7.Event{Kind: ss7.NoUser, Path: by.id, Arg: ev.Arg, Why: ev.Why, MSU: m})
	}
}

func (v *view) server(p ss7.PathID) *m3uaAS {
	if int(p) >= len(v.servers) {
		return nil
	}
	return v.servers[p]
}

// Of the MSUs from one origin to one destination over a congested link, the first and then every eighth are answered
// (Q.704 §11.2.3.1). Over one link go a burst of answers at once, then 500 a second.
const (
	answerEvery = 8
	answerPace  = 2 * time.Millisecond
	answerBurst = 32
)

// origins counts the MSUs of each origin and destination, in a table of fixed size. Where two pairs share a place, each
// takes it from the other, and begins to count anew: that costs an answer too many now and then, and no memory.
type origins struct {
	seen [64]struct {
		opc, dpc ss7.PC
		n        uint32
	}
	next time.Time // when the next answer is due at answerPace
}

// count tells whether an MSU from opc to dpc is to be answered.
func (o *origins) count(now time.Time, opc, dpc ss7.PC) bool {
	e := &o.seen[(uint32(opc)*31+uint32(dpc))*2654435761>>26]
	if e.opc != opc || e.dpc != dpc {
		e.opc, e.dpc, e.n = opc, dpc, 0
	}
	if e.n%answerEvery != 0 {
		e.n++
		return false
	}
	if earliest := now.Add(-answerBurst * answerPace); o.next.Before(earliest) {
		o.next = earliest
	}
	if o.next.After(now) {
		return false // the next MSU asks again
	}
	o.next = o.next.Add(answerPace)
	e.n++
	return true
}

// congested tells the core of MSUs whose origins are to send less. With priorities these are the MSUs of a priority
// below the level (Q.704 §2.3.5.2). Network management gets no answer, except the test whether the congestion is over
// (RCT, §13.9). The caller holds mu.
func (l *link) congested(now time.Time, level uint32, msus []*ss7.MSU) {
	priorities := l.node.Config().Levels()
	for _, m := range msus {
		if m.SI.OfMTP3() && (m.SI != ss7.SNM || len(m.Payload) == 0 || mtp3.Heading(m.Payload[0]) != mtp3.RCT) {
			continue
		}
		if priorities && uint32(m.Prio) >= level || !l.origins.count(now, m.OPC, m.DPC) {
			continue
		}
		l.node.core.hint(ss7.Event{Kind: ss7.Congestion, Path: l.id, Arg: level,
			MSU: ss7.MSU{DPC: m.DPC, OPC: m.OPC, SI: m.SI}})
	}
}
