package node

import (
	"time"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/ss7"
)

// A user part takes the MSUs of this node that have its service indicator (Q.704 §14.2.1). Each
// is a row of the table in rows: nothing else in the node asks which user an MSU is for.

// taker takes MSUs that are for this node, on the goroutine that has read them, which it must
// not hold up.
type taker interface {
	// take has m, which came by path from; the payload is borrowed. It gives the reason why m was
	// discarded, if the sender is to be told by his adaptation layer.
	take(now time.Time, v *view, t *transfer, from ss7.PathID, m *ss7.MSU) mtp3.Reason
}

// userPart is what of a user part runs on the core's goroutine. What it sends it adds to
// core.actions.
type userPart interface {
	// recv takes an MSU that the part's taker has put into the core's inbox.
	recv(now time.Time, ev *ss7.Event)
	// hear is told what MTP3 knows of destinations (Q.701 §8): congestion (ss7.Status), and that
	// the same part is not there (ss7.UserPart).
	hear(now time.Time, ev *ss7.Event)
	// sent is told what became of an MSU that the part has sent: d is the verdict on it.
	sent(ev *ss7.Event, d mtp3.Verdict)
	// configure carries out the part's portion of the configuration s. Any goroutine calls it that
	// holds Node.applying.
	configure(s *configs.System)
	// commands are the part's own.
	commands() []*cli.Statement

	tick(now time.Time)
	deadline() time.Time // zero: none
}

// partRow is one user part.
type partRow struct {
	part  userPart
	taker taker
	sis   []ss7.SI
}

// rows is the table of user parts.
func (c *core) rows() []partRow {
	return []partRow{
		{management{c}, byInbox{c}, []ss7.SI{ss7.SNM, ss7.SNT, ss7.SNTS}},
		{c.sccp, relayer{c.node}, []ss7.SI{ss7.SCCP}},
		{c.mtpt, byInbox{c}, []ss7.SI{ss7.MTPT}},
	}
}

// users are the user parts by service indicator. They never change.
type users struct {
	takers [16]taker    // each has one
	parts  [16]userPart // nil: none
	all    []userPart   // each once
}

func newUsers(n *Node, rows []partRow) (u users) {
	for si := range u.takers {
		u.takers[si] = nobody{n}
	}
	for _, r := range rows {
		u.all = append(u.all, r.part)
		for _, si := range r.sis {
			u.takers[si], u.parts[si] = r.taker, r.part
		}
	}
	return u
}

// part gives the user part of a service indicator; nil: there is none.
func (u *users) part(si ss7.SI) userPart { return u.parts[si&15] }

// hear tells the parts what MTP3 says of a destination: of congestion all of them, of a user that
// is not there its like.
func (u *users) hear(now time.Time, ev *ss7.Event) {
	if ev.Kind == ss7.UserPart {
		if p := u.part(ev.MSU.SI); p != nil {
			p.hear(now, ev)
		}
		return
	}
	for _, p := range u.all {
		p.hear(now, ev)
	}
}

// deliver hands an MSU for this node to its user part, and gives the reason if it was discarded.
func (n *Node) deliver(now time.Time, v *view, t *transfer, from ss7.PathID, m *ss7.MSU) mtp3.Reason {
	return n.users.takers[m.SI&15].take(now, v, t, from, m)
}

// nobody takes what is for a user part that this node does not have (Q.704 §11.2.7).
type nobody struct{ node *Node }

func (u nobody) take(_ time.Time, _ *view, _ *transfer, from ss7.PathID, m *ss7.MSU) mtp3.Reason {
	u.node.discard(mtp3.Verdict{Reason: mtp3.NoUser, Dest: -1}, m, from)
	return mtp3.NoUser
}

// byInbox puts MSUs into the core's inbox.
type byInbox struct{ core *core }

func (q byInbox) take(_ time.Time, _ *view, _ *transfer, from ss7.PathID, m *ss7.MSU) mtp3.Reason {
	return q.core.keep(from, m)
}

// keep puts a copy of m, which came by path from, into the inbox; it gives the reason if there is
// no room.
func (c *core) keep(from ss7.PathID, m *ss7.MSU) mtp3.Reason {
	kept := *m
	kept.Payload = append([]byte(nil), m.Payload...)
	discards := &c.node.discards
	if !c.offer(ss7.Event{Kind: ss7.Transfer, Path: from, MSU: kept}) {
		discards.add(mtp3.UserQueueFull, 1)
		return mtp3.UserQueueFull
	}
	discards.delivered.Add(1)
	return mtp3.NoReason
}

// management is MTP3's own part: network management, and the tests of links. What neighbours say
// of destinations is gathered before it comes here (core.receive).
type management struct{ core *core }

func (p management) recv(now time.Time, ev *ss7.Event) {
	p.core.actions = p.core.network.Do(now, *ev, p.core.actions)
}

func (p management) hear(time.Time, *ss7.Event)    {}
func (p management) sent(*ss7.Event, mtp3.Verdict) {}
func (p management) configure(*configs.System)     {}
func (p management) commands() []*cli.Statement    { return nil }
func (p management) deadline() time.Time           { return p.core.network.Deadline() }
func (p management) tick(now time.Time) {
	p.core.actions = p.core.network.Tick(now, p.core.actions)
}
