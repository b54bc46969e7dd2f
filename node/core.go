package node

import (
	"fmt"
	"time"

	"github.com/gostp/gostp/internal/alarms"
	"github.com/gostp/gostp/loop"
	"github.com/gostp/gostp/m3ua"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/mtpt"
	"github.com/gostp/gostp/sccp"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/status"
)

// core is one goroutine. It owns the network and the user parts that are not guests. Other goroutines post events, put
// MSUs into its inbox, or ask; none of them touches what it owns.
type core struct {
	tasks
	node     *Node
	network  *tapedNetwork
	mtpt     *testUser
	sccp     *subsystems
	loop     loop.Loop
	actions  []ss7.Action
	transfer transfer
	alarmed  bool           // something has changed that an alarm may be about
	alarms   alarms.Board   // what is wrong
	history  []status.Event // of `show cs7 mtp3 event-history`
	base     mtp3.Config    // of links and routes
	abroad   abroad         // what is of other instances

	data  inbox          // bounded: MSUs for its user parts
	hints chan ss7.Event // bounded: MSUs that had nowhere to go
}

func newCore(n *Node) *core {
	c := &core{node: n, network: &tapedNetwork{Network: mtp3.NewNetwork()}, data: newInbox(),
		hints: make(chan ss7.Event, 64)}
	c.tasks = newTasks(n.ctx, c.perform)
	c.mtpt, c.sccp = newTestUser(c), newSubsystems(c)
	c.abroad.core = c
	c.data.tell = n.usersShort
	c.loop = loop.Loop{Machine: c, Hands: c, Fire: c.rouse}
	return c
}

// post tells the network what happened to a link, or what the far end of a server says. What concerns users comes back
// as an event, if it is believed.
func (c *core) post(ev ss7.Event) { c.postAll([]ss7.Event{ev}) }

// postAll is post for all that one message says. Whatever follows from it is then told together, too.
func (c *core) postAll(all []ss7.Event) {
	c.do(func() {
		for _, ev := range all {
			c.actions = c.network.Do(time.Now(), ev, c.actions)
		}
	})
}

// hint tells the network of an MSU that went no further. A hint that finds no room is let go: the next such MSU gives
// another.
func (c *core) hint(ev ss7.Event) {
	select {
	case c.hints <- ev:
	default:
	}
}

func (c *core) run() {
	defer c.loop.Stop()
	for {
		select {
		case <-c.node.ctx.Done():
			return
		case <-c.ready: // there is something to be done, or it is time for a tick
			c.drain()
		case <-c.data.ready:
			c.drain() // control first
			c.work()
		case ev := <-c.hints: // hints are for the network, whatever user their MSU is for
			c.actions = c.network.Do(time.Now(), ev, c.actions)
			c.perform()
		}
		c.loop.Tick()
	}
}

// Do implements ss7.Machine. Events are for the network.
func (c *core) Do(now time.Time, ev ss7.Event, out []ss7.Action) []ss7.Action {
	return c.network.Do(now, ev, out)
}

// Tick implements ss7.Machine. The core's machines are those of its user parts. The answer of one is carried out before
// the next is told of the time.
func (c *core) Tick(now time.Time, out []ss7.Action) []ss7.Action {
	for _, p := range c.node.users.residents {
		p.tick(now)
		c.perform()
	}
	if c.alarmed {
		c.checkAlarms(now)
	}
	return out
}

// Deadline implements ss7.Machine: it is the earliest of all.
func (c *core) Deadline() (next time.Time) {
	for _, p := range c.node.users.residents {
		if t := p.deadline(); !t.IsZero() && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	return next
}

// usersMost is how many MSUs for users the core takes in a row, before tasks and hints have their turn.
const usersMost = 256

// work hands the MSUs that wait to their user parts. What neighbours say of destinations is gathered into one new
// table, since they may say it of thousands in one go.
func (c *core) work() {
	for range usersMost {
		ev, ok := c.data.take()
		if !ok {
			break
		}
		if ev.MSU.SI == ss7.SNM && mtp3.Gathers(&ev.MSU) {
			c.actions = c.network.Hear(time.Now(), ev, c.actions)
			continue
		}
		c.heard() // this MSU may ask about what was gathered
		c.user(ev)
	}
	c.heard()
}

// heard puts in force what was gathered from neighbours.
func (c *core) heard() {
	c.actions = c.network.Heard(time.Now(), c.actions)
	c.perform()
}

// user hands an MSU to the user part of its service indicator.
func (c *core) user(ev ss7.Event) {
	if p := c.node.users.resident(ev.MSU.SI); p != nil {
		p.recv(time.Now(), &ev)
	}
	c.perform()
}

// perform publishes the table if it is a new one and carries out c.actions.
func (c *core) perform() {
	c.refresh()
	// Carrying out an action may make more (a test message to ourselves), so the
	// slice is taken first.
	actions := c.actions
	c.actions = nil
	loop.Carry(c, actions)
	if c.actions == nil {
		c.actions = actions[:0]
	}
}

// Raise implements loop.Hands.
func (c *core) Raise(event *ss7.Event) {
	n, ev := c.node, *event
	switch {
	case ev.Kind == ss7.Status || ev.Kind == ss7.UserPart:
		c.toUsers(ev)
	case ev.Kind == ss7.Audit:
		n.m3ua.run(func(now time.Time, l *m3ua.Layer, out []ss7.Action) []ss7.Action {
			return l.Audit(now, ev.Path, ev.Dest, out)
		})
	case ev.Kind != ss7.Transfer:
		if l := n.view.Load().link(ev.Path); l != nil {
			l.Tell(ev)
		}
	case ev.Path != 0: // on exactly this link (Q.704 §2.3.4.2)
		l := n.view.Load().link(ev.Path)
		if l != nil {
			n.tapped(time.Now(), &ev.MSU)
		}
		if (l == nil || l.send(time.Now(), &ev.MSU) > 0) && ev.MSU.SI == ss7.SNM {
			ev.Kind = ss7.Discard // the network is told of the discard, if it must know
			c.post(ev)
		}
	default:
		c.originate(ev)
	}
}

// originate routes an MSU of a user part that the core owns, and tells the part what became of it.
func (c *core) originate(ev ss7.Event) {
	d := c.node.originate(time.Now(), &c.transfer, &ev.MSU)
	if p := c.node.users.resident(ev.MSU.SI); p != nil {
		p.sent(&ev, d)
	}
}

// notices are the lines of the log for the notes of machines, by the argument of a note.
var notices = map[uint32]struct {
	facility string
	severity int
	mnemonic string
}{
	mtp3.NoteLink:        {"CS7MTP3", 5, "LINK"},
	mtp3.NoteLinkset:     {"CS7MTP3", 5, "LINKSET"},
	mtp3.NoteDestination: {"CS7MTP3", 5, "DESTSTATUS"},
	mtp3.NoteCongestion:  {"CS7MTP3", 5, "CONGESTION"},
	mtp3.NoteRestart:     {"CS7MTP3", 5, "RESTART"},
	mtp3.NoteCircular:    {"CS7MTP3", 4, "CIRCULAR"},
	mtp3.NoteUser:        {"CS7MTP3", 5, "UPU"},
	sccp.NoteSubsystem:   {"CS7SCCP", 5, "SUBSYSTEM"},
	sccp.NoteIgnored:     {"CS7SCCP", 4, "IGNORED"},
}

// Send and Hangup implement loop.Hands. None of the core's machines has an association of its own.
func (c *core) Send(*ss7.Action)  {}
func (c *core) Hangup(*ss7.Event) {}

// Done implements loop.Hands.
func (c *core) Done() (rest func()) { return nil }

// Note implements loop.Hands.
func (c *core) Note(event *ss7.Event) {
	log, ev := c.node.log, *event
	if ev.Kind == ss7.Discard {
		if ev.Arg == mtpt.NoteNoReply {
			log.AddFrom(whoOf(&ev), "CS7PING", 4, "NOREPLY", ev.Why)
			return
		}
		log.AddFrom(whoOf(&ev), "CS7MTP3", 4, "IGNORED", ev.Why)
		return
	}
	c.remember(ev)
	c.alarmed = c.alarmed || ev.Arg != mtp3.NoteMessage
	if ev.Arg == mtp3.NoteMessage {
		log.Debug("mtp3", ev.Why)
	} else if x, ok := notices[ev.Arg]; ok {
		log.AddFrom(whoOf(&ev), x.facility, x.severity, x.mnemonic, ev.Why)
	}
}

// whoOf names what a note is about: a link or a destination; else it is the text of the note.
func whoOf(ev *ss7.Event) string {
	if ev.Path == 0 && ev.Dest == (ss7.Range{}) {
		return ev.Why
	}
	return fmt.Sprint("path ", ev.Path, " to ", ev.Dest)
}
