package node

import (
	"fmt"
	"slices"
	"time"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/userpart"
)

// A user part takes the MSUs for this node that have its service indicator (Q.704 §14.2.1). Each user part is a row of
// the table in rows. Nothing else in the node asks which user an MSU is for.

// taker takes MSUs for this node. The goroutine that has read an MSU calls it, and must not be held up.
type taker interface {
	// take takes m, which came by path from. The payload is borrowed. take gives the reason why m was discarded, if the
	// adaptation layer by which m came is to tell its sender.
	take(now time.Time, v *view, t *transfer, from ss7.PathID, m *ss7.MSU) mtp3.Reason
}

// userPart is one user of MTP3.
type userPart interface {
	// hear is told what MTP3 knows of destinations (Q.701 §8): that one is congested (ss7.Status), or that the same user
	// part is not there (ss7.UserPart). The core's goroutine calls it.
	hear(now time.Time, ev *ss7.Event)
	// rerouted is told that another table is in force. The core's goroutine calls it.
	rerouted()
	// configure carries out the part's portion of the configuration s. The goroutine that holds Node.applying calls it.
	configure(s *configs.System)
}

// resident is a user part that the core's goroutine owns. It adds what it sends to core.actions.
type resident interface {
	userPart
	// recv takes an MSU that the part's taker has put into the core's inbox.
	recv(now time.Time, ev *ss7.Event)
	// sent is told what became of an MSU that the part has sent: d is the verdict on it.
	sent(ev *ss7.Event, d mtp3.Verdict)

	tick(now time.Time)
	deadline() time.Time // zero: none
}

// translator is a user part whose messages have names of points in them, as SCCP's have.
type translator interface {
	// course gives the name by which the part sends m on; empty: the part does not send m on.
	course(m *ss7.MSU) string
	// across gives what rewrites messages for the other side of a border; here is the configuration
	// on this side.
	across(b *border, here *configs.System) rewrite
}

// defaults has the methods of a user part that needs none of its own.
type defaults struct{}

func (defaults) hear(time.Time, *ss7.Event)    {}
func (defaults) rerouted()                     {}
func (defaults) configure(*configs.System)     {}
func (defaults) sent(*ss7.Event, mtp3.Verdict) {}

// partRow is one user part.
type partRow struct {
	part  userPart
	taker taker
	sis   []ss7.SI
}

// rows is the table of the node's own user parts. Options.Parts has more.
func (c *core) rows() []partRow {
	return []partRow{
		{management{core: c}, byInbox{c}, []ss7.SI{ss7.SNM, ss7.SNT, ss7.SNTS}},
		{c.sccp, relayer{c.node}, []ss7.SI{ss7.SCCP}},
		{c.mtpt, byInbox{c}, []ss7.SI{ss7.MTPT}},
	}
}

// users are the user parts of a node. The table never changes.
type users struct {
	takers     [16]taker      // by service indicator; none is nil
	parts      [16]userPart   // by service indicator; nil: there is none
	subsystems [256]subsystem // of SCCP, by number; none is nil
	all        []userPart     // every user part once
	residents  []resident     // those of all that the core owns
	inboxes    []*inbox       // the core's, and those of guests
}

// newUsers fills the table. It panics if a guest wants a place that is not free.
func newUsers(n *Node, rows []partRow) *users {
	u := &users{inboxes: []*inbox{&n.core.data}}
	for si := range u.takers {
		u.takers[si] = nobody{n}
	}
	for ssn := range u.subsystems {
		u.subsystems[ssn] = n.core
	}
	for _, r := range rows {
		u.add(r)
	}
	for _, k := range n.opt.Parts {
		if err := u.misfit(&k); err != nil {
			panic(err)
		}
		g := newGuest(n, k)
		u.inboxes = append(u.inboxes, &g.inbox)
		if k.SI == ss7.SCCP {
			u.subsystems[k.SSN] = g
			u.add(partRow{part: g})
		} else {
			u.add(partRow{g, g, []ss7.SI{k.SI}})
		}
	}
	return u
}

func (u *users) add(r partRow) {
	u.all = append(u.all, r.part)
	if p, ok := r.part.(resident); ok {
		u.residents = append(u.residents, p)
	}
	for _, si := range r.sis {
		u.takers[si], u.parts[si] = r.taker, r.part
	}
}

// misfit says why there is no place for a part of kind k; nil: there is.
func (u *users) misfit(k *userpart.Kind) error {
	_, taken := u.subsystems[k.SSN].(*guest)
	namesake := func(p userPart) bool {
		g, is := p.(*guest)
		return is && g.kind.Name == k.Name
	}
	switch {
	case slices.ContainsFunc(u.all, namesake):
		return fmt.Errorf("user part %s: another has that name", k.Name)
	case k.SI > 15:
		return fmt.Errorf("user part %s: %v is no service indicator", k.Name, k.SI)
	case k.SI == ss7.SCCP && (k.SSN < 2 || k.SSN > 254):
		return fmt.Errorf("user part %s: a subsystem has a number from 2 to 254", k.Name)
	case k.SI == ss7.SCCP && taken:
		return fmt.Errorf("user part %s: subsystem %d has another", k.Name, k.SSN)
	case k.SI != ss7.SCCP && k.SSN != 0:
		return fmt.Errorf("user part %s: it has a subsystem number, but %v", k.Name, k.SI)
	case k.SI != ss7.SCCP && u.parts[k.SI] != nil:
		return fmt.Errorf("user part %s: %v has another", k.Name, k.SI)
	}
	return nil
}

// start lets the guests work.
func (u *users) start(n *Node) {
	for _, p := range u.all {
		if g, ok := p.(*guest); ok {
			n.group.Go(g.run)
		}
	}
}

// waiting counts the MSUs that wait for user parts.
func (u *users) waiting() (msus int) {
	for _, b := range u.inboxes {
		msus += b.count()
	}
	return msus
}

// crowded tells whether too many MSUs wait for one of the user parts.
func (u *users) crowded() bool { return slices.ContainsFunc(u.inboxes, (*inbox).crowded) }

// resident gives the part of a service indicator, if it is the core's; else nil.
func (u *users) resident(si ss7.SI) resident {
	p, _ := u.parts[si&15].(resident)
	return p
}

// hear tells the user parts what MTP3 says of a destination. Congestion concerns all of them. A user that is not there
// concerns the user part of the same service indicator.
func (u *users) hear(now time.Time, ev *ss7.Event) {
	if ev.Kind == ss7.UserPart {
		if p := u.parts[ev.MSU.SI&15]; p != nil {
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

// nobody takes MSUs for a user part that this node does not have (Q.704 §11.2.7).
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

// keep is Node.keep for a user part that the core owns.
func (c *core) keep(from ss7.PathID, m *ss7.MSU) mtp3.Reason { return c.node.keep(&c.data, m, from) }

// keep puts a copy of m, which came by path from, into an inbox. It gives the reason for a discard if there is no room.
func (n *Node) keep(b *inbox, m *ss7.MSU, from ss7.PathID) mtp3.Reason {
	if !n.put(b, m, ss7.Event{Path: from}) {
		return mtp3.UserQueueFull
	}
	n.discards.delivered.Add(1)
	return mtp3.NoReason
}

// put makes ev the transfer of a copy of m, and puts it into an inbox. If there is no room, put counts a discard and is
// false.
func (n *Node) put(b *inbox, m *ss7.MSU, ev ss7.Event) bool {
	ev.Kind, ev.MSU = ss7.Transfer, *m
	ev.MSU.Payload = append([]byte(nil), m.Payload...)
	linkset := ""
	if l := n.view.Load().link(ev.Path); l != nil {
		linkset = l.linkset
	}
	if b.put(linkset, ev) {
		return true
	}
	n.discards.add(mtp3.UserQueueFull, 1)
	return false
}

// originate routes an MSU that starts here, in the memory of t, and gives the verdict on it.
func (n *Node) originate(now time.Time, t *transfer, m *ss7.MSU) mtp3.Verdict {
	d := mtp3.Decide(n.view.Load().table, m, 0)
	if d.Fate == mtp3.Discard {
		n.discards.add(d.Reason, 1)
		return d
	}
	t.msus = append(t.msus[:0], m)
	n.route(now, t, 0)
	return d
}

// management is MTP3's own user part: network management, and the tests of links. Statements of neighbours about
// destinations are gathered before they come here (core.work).
type management struct {
	defaults
	core *core
}

func (p management) recv(now time.Time, ev *ss7.Event) {
	p.core.actions = p.core.network.Do(now, *ev, p.core.actions)
}

func (p management) tick(now time.Time) {
	p.core.actions = p.core.network.Tick(now, p.core.actions)
}

func (p management) deadline() time.Time { return p.core.network.Deadline() }
