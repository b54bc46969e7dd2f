package node

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/gostp/gostp/association"
	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/internal/lock"
	"github.com/gostp/gostp/loop"
	"github.com/gostp/gostp/m2pa"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/ss7"
)

// level2 is the level 2 of one signalling link. Above it is its user: MTP3 here (link), or the ASPs of an
// interface (m2uaInterface). Below it is its bearer: an association of its own (m2paBearer), or a gateway's
// (m2uaBearer). Its loop's Lock is the keeper's Mu, which guards what follows machine too. Its Order is rx,
// which is held while what came by the link goes to the user.
type level2 struct {
	association.Keeper
	node  *Node
	id    ss7.PathID
	title string
	cfg   configs.Link
	kind  *ss7.Variant
	user  level2User

	rx lock.Mutex[lock.LinkOrder]

	loop     loop.Loop
	bearer   bearer
	machine  level2Machine
	messages []sctp.Message
	later    func() // for the user: what it does when Mu is free again; nil: nothing
}

// level2User is the user of a level 2.
type level2User interface {
	// arrived takes the MSUs that came by the link. The caller holds rx.
	arrived(now time.Time, t *transfer)
	// raised takes an event of level 2 other than an MSU. The caller holds Mu, and rx unless it is about congestion.
	raised(ev *ss7.Event)
	// congested is told of MSUs that the link has taken while it is congested. The caller holds Mu.
	congested(now time.Time, level uint32, msus []*ss7.MSU)
}

// level2Machine is the protocol of a level 2: m2pa.Link, or m2ua.Link.
type level2Machine interface {
	ss7.Peer
	Transfer(now time.Time, m *ss7.MSU, out []ss7.Action) []ss7.Action
	Refused() (queueFull, notInService, shed uint64)
	Level() uint32
}

// bearer is what carries a level 2, and what its protocol asks of the node. It knows the machine's own type.
type bearer interface {
	// odd is told of a message whose payload protocol identifier is not M2PA's. The caller holds Mu.
	odd(ppid uint32)
	// send sends what the machine said in one turn. The caller holds Mu.
	send(messages []sctp.Message)
	// assocView is the association that carries the link.
	assocView() association.View
	// association is the same, or why there is none.
	association() (sctp.Assoc, string)
	// view is the machine's state as commands show M2PA's. The caller holds Mu.
	view() m2pa.View
	// configure tells the machine its settings. The caller holds Mu.
	configure(m2pa.Config)
	// doubt says where MSUs may be that have left by the link and that nothing has answered. st is the state below, with
	// an association. beyond: the far end of the association has them.
	doubt(st *m2pa.View) (text string, beyond bool)
	// noted gives the topic and the text of a note of the machine.
	noted(ev *ss7.Event) (topic, text string)
}

// drive gives the link its machine and its bearer.
func (l *level2) drive(m level2Machine, b bearer) {
	lock.Give[lock.Link](&l.Mu)
	l.machine, l.bearer = m, b
	l.loop = loop.Loop{Machine: m, Hands: l, Lock: &l.Mu, Order: &l.rx, Pass: l.pass}
}

func (l *level2) Name() string { return l.title }

// Reader implements association.Owner.
func (l *level2) Reader() (carry func([]sctp.Item) error, done func()) { return l.node.reader(l.carry) }

// carry runs a batch to completion: the machine is told, what it wants to send is sent, and its MSUs go to the user.
// over is the cause if an event of the batch has ended the association.
func (l *level2) carry(items []sctp.Item, t *transfer) (over error) {
	now := time.Now()
	l.rx.Lock()
	defer l.rx.Unlock()
	t.turn.MSUs = t.msus
	l.loop.TakeInto(now, &t.turn, func(now time.Time, out []ss7.Action) []ss7.Action {
		for i := range items {
			if ended := l.item(now, &items[i], &out); ended != nil {
				over = ended
			}
		}
		return out
	})
	t.msus = t.turn.MSUs
	l.user.arrived(now, t)
	return over
}

// item tells the machine one message or event and appends what it answers. It gives the cause if an event has ended the
// association. The caller holds Mu.
func (l *level2) item(now time.Time, it *sctp.Item, out *[]ss7.Action) (over error) {
	if it.Event != nil {
		ev, over := l.Event(it.Event)
		if ev.Kind != ss7.None {
			*out = l.machine.Do(now, ev, *out)
		}
		return over
	}
	if it.PPID != m2pa.PPID {
		l.bearer.odd(it.PPID)
	}
	*out = l.machine.Recv(now, it.Stream, it.Data, *out)
	return nil
}

// Tell hands the machine one event from elsewhere.
func (l *level2) Tell(ev ss7.Event) { l.loop.Tell(ev) }

// pass gives the user MSUs that the machine had kept (after a processor outage).
func (l *level2) pass(now time.Time, msus []*ss7.MSU) { l.user.arrived(now, &transfer{msus: msus}) }

// Send implements loop.Hands. The messages of a turn are sent together, by Done.
func (l *level2) Send(a *ss7.Action) {
	l.messages = append(l.messages, sctp.Message{Stream: a.Stream, PPID: m2pa.PPID, Data: a.Wire})
}

// Hangup implements loop.Hands.
func (l *level2) Hangup(ev *ss7.Event) { l.AbortLocked(ev.Why) }

// Done implements loop.Hands.
func (l *level2) Done() (rest func()) {
	if len(l.messages) > 0 {
		l.bearer.send(l.messages)
		l.messages = l.messages[:0]
	}
	rest, l.later = l.later, nil
	return rest
}

// Raise implements loop.Hands.
func (l *level2) Raise(ev *ss7.Event) {
	ev.Path = l.id
	if ev.Kind == ss7.RetrievalComplete && ev.Why != "" {
		l.node.log.AddLimited("CS7M2PA", 4, "GIVENUP", l.Name()+": "+ev.Why)
	}
	l.user.raised(ev)
}

// Note implements loop.Hands.
func (l *level2) Note(ev *ss7.Event) {
	topic, text := "m2pa", "discarded: "+ev.Why
	if ev.Kind != ss7.Discard {
		topic, text = l.bearer.noted(ev)
	}
	l.node.log.Debug(topic, fmt.Sprintf("%s: %s", l.Name(), text))
}

// send hands the link MSUs to send, counts those that it refuses, and tells how many these are.
func (l *level2) send(now time.Time, msus ...*ss7.MSU) (refused uint64) {
	l.loop.RunAt(now, func(now time.Time, out []ss7.Action) []ss7.Action {
		out, refused = l.transfer(now, msus, out)
		return out
	})
	return refused
}

// transfer gives the machine MSUs to send. The caller holds Mu.
func (l *level2) transfer(now time.Time, msus []*ss7.MSU, out []ss7.Action) (_ []ss7.Action, refused uint64) {
	if l.Closed {
		l.node.discards.add(mtp3.LinkGone, len(msus))
		return out, uint64(len(msus))
	}
	full, down, shed := l.machine.Refused()
	for _, m := range msus {
		out = l.machine.Transfer(now, m, out)
	}
	fullNow, downNow, shedNow := l.machine.Refused()
	full, down, shed = fullNow-full, downNow-down, shedNow-shed
	if refused = full + down + shed; refused > 0 {
		l.node.discards.add(mtp3.QueueFull, int(full))
		l.node.discards.add(mtp3.LinkGone, int(down))
		l.node.discards.add(mtp3.Shed, int(shed))
	}
	l.node.discards.transferred.Add(uint64(len(msus)) - refused)
	if level := l.machine.Level(); level > 0 {
		l.user.congested(now, level, msus)
	}
	return out, refused
}

// level2View is the link's state as commands show M2PA's. The caller holds Mu.
func (l *level2) level2View() m2pa.View { return l.bearer.view() }

// setConfig changes what can change while the association lives.
func (l *level2) setConfig(c m2pa.Config, how association.Settings) {
	l.Mu.Lock()
	defer l.Mu.Unlock()
	l.bearer.configure(c)
	l.SetLocked(how)
}

// close takes the link away: the far end sees Out of Service and an abort.
func (l *level2) close(why string) {
	l.Tell(ss7.Event{Kind: ss7.Stop, Why: why})
	l.Mu.Lock()
	l.loop.StopLocked()
	l.CloseLocked(why)
	l.Mu.Unlock()
}

// level2s are those of MTP3's links and of the interfaces for ASPs, in the order in which they were made.
func (n *Node) level2s() (all []*level2) {
	for _, l := range n.view.Load().paths {
		if l != nil {
			all = append(all, &l.level2)
		}
	}
	for _, i := range *n.m2ua.interfaces.Load() {
		all = append(all, i.link)
	}
	slices.SortFunc(all, func(a, b *level2) int { return cmp.Compare(a.id, b.id) })
	return all
}
