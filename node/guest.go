package node

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/loop"
	"github.com/gostp/gostp/m3ua"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/userpart"
)

// guest is a user part that has a package of its own, and the goroutine that owns it. Package userpart says what such a
// part is promised.
type guest struct {
	tasks
	node     *Node
	kind     userpart.Kind
	part     userpart.Part
	loop     loop.Loop
	transfer transfer
	leave    func() // takes transfer out of the node's readers

	inbox  inbox
	moved  atomic.Bool        // a table is in force that the part was not told of
	known  map[ss7.Range]bool // the destinations of which the part knows that they can be reached
	untold []ss7.Event        // the discards of MSUs of the part's of which it was not told yet
}

// untoldMost is how many discards wait until the part is told of them. A part may answer each of them with an MSU that
// is discarded in its turn.
const untoldMost = 1024

func newGuest(n *Node, k userpart.Kind) *guest {
	g := &guest{node: n, kind: k, part: k.New(), inbox: newInbox()}
	g.tasks = newTasks(n.ctx, func() {})
	g.inbox.tell, g.leave = n.usersShort, n.readers.enter(&g.transfer)
	g.loop = loop.Loop{Machine: g.part, Hands: g, Fire: g.rouse}
	g.configure(n.Config()) // the first task, so that nothing comes before it
	return g
}

func (g *guest) run() {
	defer g.leave()
	defer g.loop.Stop()
	for {
		select {
		case <-g.ctx.Done():
			return
		case <-g.ready:
			g.drain()
		case <-g.inbox.ready:
			g.drain()
			g.work()
		}
		if g.moved.Swap(false) {
			g.compare()
		}
		g.tellDiscards()
		g.loop.Tick()
	}
}

// work hands over the MSUs that wait.
func (g *guest) work() {
	for range usersMost {
		ev, ok := g.inbox.take()
		if !ok {
			return
		}
		g.loop.Tell(ev)
	}
}

// compare tells the part which destinations are no longer as it knows them.
func (g *guest) compare() {
	s := destinations{g.node}.sight(g.node.view.Load())
	is := make(map[ss7.Range]bool, len(g.known))
	s.each(func(r ss7.Range, i int) bool {
		if is[r] = s.of(r, i, 0).State != m3ua.Unavailable; is[r] != g.known[r] {
			g.tellReach(r, is[r])
		}
		return true
	})
	for r, reached := range g.known {
		if _, there := is[r]; reached && !there {
			g.tellReach(r, false)
		}
	}
	g.known = is
}

func (g *guest) tellReach(r ss7.Range, reached bool) {
	ev := ss7.Event{Kind: ss7.Pause, Dest: r}
	if reached {
		ev.Kind = ss7.Resume
	}
	g.loop.Tell(ev)
}

// rerouted implements userPart.
func (g *guest) rerouted() {
	g.moved.Store(true)
	g.rouse()
}

// hear implements userPart. It has the part told of ev soon.
func (g *guest) hear(_ time.Time, event *ss7.Event) {
	ev := *event
	g.do(func() { g.loop.Tell(ev) })
}

// configure implements userPart.
func (g *guest) configure(s *configs.System) {
	g.do(func() {
		g.loop.Run(func(now time.Time, out []ss7.Action) []ss7.Action { return g.part.Configure(now, s, out) })
	})
}

// take implements taker.
func (g *guest) take(_ time.Time, _ *view, _ *transfer, from ss7.PathID, m *ss7.MSU) mtp3.Reason {
	return g.node.keep(&g.inbox, m, from)
}

// deliver implements subsystem.
func (g *guest) deliver(m *ss7.MSU, ev ss7.Event) bool { return g.node.put(&g.inbox, m, ev) }

// Raise implements loop.Hands. It sends the MSU that the part wants to send.
func (g *guest) Raise(ev *ss7.Event) {
	if ev.Kind != ss7.Transfer {
		return
	}
	ev.MSU.SI = g.kind.SI
	d := g.node.originate(time.Now(), &g.transfer, &ev.MSU)
	if d.Fate == mtp3.Discard {
		g.discarded(ev, d.Reason.String())
	} else if p, is := g.part.(userpart.Sender); is {
		p.Left(ev, d.Path)
	}
}

// discarded has the part told soon that the MSU of ev went no further. The part is in the middle of a turn now.
func (g *guest) discarded(ev *ss7.Event, why string) {
	if len(g.untold) >= untoldMost {
		g.node.log.AddLimited(g.facility(), 4, "UNTOLD", fmt.Sprintf(
			"%d MSUs that it has sent were discarded, and it was not told of them yet; of more it is not told", untoldMost))
		return
	}
	g.untold = append(g.untold, ss7.Event{Kind: ss7.Discard, Arg: ev.Arg, MSU: keep(&ev.MSU, 0).msu, Why: why})
	g.rouse()
}

// tellDiscards tells the part of the discards so far. Those that its answers lead to have their turn after what else
// waits.
func (g *guest) tellDiscards() {
	all := g.untold
	g.untold = nil
	for _, ev := range all {
		g.loop.Tell(ev)
	}
}

// facility is how the log names the part.
func (g *guest) facility() string { return "CS7" + g.kind.Name }

// Note implements loop.Hands.
func (g *guest) Note(ev *ss7.Event) {
	if ev.Kind == ss7.Discard {
		g.node.log.AddFrom(whoOf(ev), g.facility(), 4, "IGNORED", ev.Why)
	} else {
		g.node.log.AddFrom(whoOf(ev), g.facility(), 5, "STATE", ev.Why)
	}
}

// The rest of loop.Hands: a user part has no association, and nobody above it.
func (g *guest) Send(*ss7.Action)    {}
func (g *guest) Hangup(*ss7.Event)   {}
func (g *guest) Done() (rest func()) { return nil }

// Parts gives the user parts that Options brings.
func (n *Node) Parts() []userpart.Kind { return n.opt.Parts }

// AskPart runs f for the part of a kind. Nothing else runs the part meanwhile. The error says why f did not run.
func (n *Node) AskPart(k *userpart.Kind, f func(userpart.Part)) error {
	for _, p := range n.users.all {
		if g, ok := p.(*guest); ok && g.kind.Name == k.Name && g.ask(func() { f(g.part) }) {
			return nil
		}
	}
	return errStopped
}
