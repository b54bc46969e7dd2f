package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime/debug"
	"sync"
	"time"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/m2pa"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/ss7"
)

// dialPause is how long a link waits after an association failed before it dials
// again; the attempts themselves back off inside SCTP.
const dialPause = time.Second

type linkKey struct {
	linkset string
	slc     uint8
}

// link is one M2PA link. mu guards what follows it; it is held while the machine
// computes and never while anything waits. rx is held around that while what came by
// the link is routed: who has it knows that nothing is on its way from here.
type link struct {
	node    *Node
	id      ss7.PathID
	linkset string
	cfg     configs.Link
	kind    *ss7.Variant
	peer    *peer
	offered chan sctp.Assoc // accepted for this link by its peer
	cancel  context.CancelFunc

	rx    sync.Mutex
	early []held // guarded by rx

	mu       sync.Mutex
	machine  *m2pa.Link
	assoc    sctp.Assoc // nil: none
	assocWhy string     // there is none
	attempts uint64
	last     sctp.Status  // of the association before this one
	actions  []ss7.Action // of what is not read from the association
	back     []held       // retrieved
	messages []sctp.Message
	timer    *time.Timer
	armed    time.Time
	closed   bool
	badPPID  bool
}

func (n *Node) newLink(id ss7.PathID, key linkKey, cfg configs.Link, conf m2pa.Config, p *peer) *link {
	ctx, cancel := context.WithCancel(n.ctx)
	l := &link{node: n, id: id, linkset: key.linkset, cfg: cfg, kind: conf.Variant, peer: p, offered: make(chan sctp.Assoc, 1), cancel: cancel, assocWhy: "not dialled yet"}
	l.machine = m2pa.New(id, conf)
	l.timer = time.AfterFunc(time.Hour, l.tick)
	n.group.Go(func() { l.run(ctx) })
	return l
}

func (l *link) name() string { return fmt.Sprintf("link %d of linkset %s", l.cfg.SLC, l.linkset) }

// take is told of an association that the far end has set up.
func (l *link) take(a sctp.Assoc) {
	select {
	case old := <-l.offered:
		old.Abort("a newer association took its place")
	default:
	}
	select {
	case l.offered <- a:
	default:
		a.Abort("another association is being taken")
	}
}

// run keeps an association under the link until ctx ends.
func (l *link) run(ctx context.Context) {
	for ctx.Err() == nil {
		a, err := l.connect(ctx)
		if err != nil {
			l.setWhy(err.Error())
			l.pause(ctx)
			continue
		}
		l.serve(ctx, a)
		l.pause(ctx)
	}
	select {
	case a := <-l.offered:
		a.Abort("the link is gone")
	default:
	}
}

// pause waits a little, but not for an association that the far end sets up.
func (l *link) pause(ctx context.Context) {
	t := time.NewTimer(dialPause)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	case a := <-l.offered:
		l.take(a)
	}
}

// connect dials, or waits to be dialled, whichever succeeds first.
func (l *link) connect(ctx context.Context) (sctp.Assoc, error) {
	e, why, changed := l.peer.current()
	if e == nil {
		l.setWhy(fmt.Sprintf("local-peer %d is not bound: %s", l.cfg.LocalPort, why))
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-changed:
			return l.connect(ctx)
		}
	}
	remote := sctp.Addr{IPs: l.cfg.Remote, Port: l.cfg.RemotePort, UDP: l.cfg.UDPPort}
	if l.cfg.Passive {
		l.setWhy(fmt.Sprintf("waiting for %v port %d to set up the association (passive)", l.cfg.Remote[0], l.cfg.RemotePort))
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case a := <-l.offered:
			return a, nil
		}
	}
	l.mu.Lock()
	l.attempts++
	l.mu.Unlock()
	dialing, stop := context.WithCancel(ctx)
	defer stop()
	type result struct {
		a   sctp.Assoc
		err error
	}
	dialled := make(chan result, 1)
	l.node.group.Go(func() {
		a, err := e.Dial(dialing, remote, sctp.Params{})
		dialled <- result{a, err}
	})
	select {
	case a := <-l.offered:
		stop()
		if r := <-dialled; r.err == nil && r.a != a {
			r.a.Abort("the far end was faster")
		}
		return a, nil
	case r := <-dialled:
		if errors.Is(r.err, sctp.ErrExists) {
			select { // it was accepted a moment ago
			case a := <-l.offered:
				return a, nil
			case <-time.After(dialPause):
			case <-ctx.Done():
			}
		}
		return r.a, r.err
	}
}

func (l *link) setWhy(why string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.assocWhy = why
}

// serve reads a until it ends.
func (l *link) serve(ctx context.Context, a sctp.Assoc) {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		a.Abort("the link is gone")
		return
	}
	l.assoc, l.assocWhy = a, ""
	l.mu.Unlock()
	stop := context.AfterFunc(ctx, func() { a.Abort("the link was taken out of the configuration") })
	defer stop()
	why := "association lost"
	defer func() {
		if r := recover(); r != nil {
			why = fmt.Sprintf("internal error: %v", r)
			l.node.log.Add("CS7M2PA", 1, "PANIC", fmt.Sprintf("%s: %v\n%s", l.name(), r, debug.Stack()))
			a.Abort("internal error")
		}
		l.down(a, why)
	}()
	l.tell(ss7.Event{Kind: ss7.CommUp})
	l.read(a, &why)
}

// down forgets the association and tells the machine.
func (l *link) down(a sctp.Assoc, why string) {
	last := a.Status()
	l.mu.Lock()
	l.assoc, l.assocWhy, l.last = nil, why, last
	closed := l.closed
	l.mu.Unlock()
	if !closed {
		l.node.log.AddLimited("CS7SCTP", 5, "ASSOC", fmt.Sprintf("association of %s ended: %s", l.name(), why))
	}
	l.tell(ss7.Event{Kind: ss7.CommLost, Why: why})
}

// read takes batches and runs each to completion.
func (l *link) read(a sctp.Assoc, why *string) {
	batch := sctp.NewBatch(64)
	var t transfer
	for {
		if err := a.Read(batch); err != nil {
			if !errors.Is(err, io.EOF) {
				*why = err.Error()
			}
			return
		}
		if w := l.carry(batch.Items, &t); w != "" {
			*why = w
		}
	}
}

// carry runs a batch to completion: the machine is told, what it wants to send is
// sent, its MSUs are routed and leave by their links. It gives the reason of an
// event that ends the association.
func (l *link) carry(items []sctp.Item, t *transfer) (why string) {
	now := time.Now()
	l.rx.Lock()
	defer l.rx.Unlock()
	if len(l.early) > 0 {
		l.retryEarly(now)
	}
	t.actions = t.actions[:0]
	l.mu.Lock()
	for i := range items {
		if w := l.item(now, &items[i], &t.actions); w != "" {
			why = w
		}
	}
	t.msus = l.perform(t.actions, t.msus[:0])
	l.mu.Unlock()
	l.node.route(now, t, l.id)
	return why
}

// item tells the machine one message or event and appends what it answers; it
// gives the reason of an event that ends the association.
func (l *link) item(now time.Time, it *sctp.Item, out *[]ss7.Action) string {
	if it.Event != nil {
		switch it.Event.Kind {
		case sctp.Lost, sctp.Closed:
			return it.Event.Why
		case sctp.Restart:
			*out = l.machine.Do(now, ss7.Event{Kind: ss7.CommRestart, Why: it.Event.Why}, *out)
		}
		return ""
	}
	// Some stacks send the payload protocol identifier in host order, or none: the
	// port is configured for M2PA, so the message is taken (RFC 4165 §2.1 wants 5).
	if it.PPID != m2pa.PPID && !l.badPPID {
		l.badPPID = true
		l.node.log.Add("CS7M2PA", 4, "PPID", fmt.Sprintf("%s: the far end sends payload protocol identifier %d instead of 5; taken as M2PA", l.name(), it.PPID))
	}
	*out = l.machine.Recv(now, it.Stream, it.Data, *out)
	return ""
}

// tell hands the machine one event from elsewhere.
func (l *link) tell(ev ss7.Event) {
	now := time.Now()
	l.rx.Lock()
	defer l.rx.Unlock()
	l.mu.Lock()
	l.actions = l.machine.Do(now, ev, l.actions[:0])
	l.performKept(now)
}

func (l *link) tick() {
	now := time.Now()
	l.rx.Lock()
	defer l.rx.Unlock()
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return
	}
	l.armed = time.Time{}
	l.actions = l.machine.Tick(now, l.actions[:0])
	l.performKept(now)
}

// performKept carries out l.actions, unlocks mu, and routes MSUs that the machine
// had kept (after a processor outage). They are copied first: whoever locks mu next
// uses l.actions again.
func (l *link) performKept(now time.Time) {
	msus := l.perform(l.actions, nil)
	for i, m := range msus {
		kept := *m
		msus[i] = &kept
	}
	l.mu.Unlock()
	l.node.route(now, &transfer{msus: msus}, l.id)
}

// perform carries out actions; pointers to the MSUs among them that are to be
// transferred are appended to msus. The caller holds mu.
func (l *link) perform(actions []ss7.Action, msus []*ss7.MSU) []*ss7.MSU {
	l.messages = l.messages[:0]
	for i := range actions {
		a := &actions[i]
		switch a.Op {
		case ss7.Send:
			l.messages = append(l.messages, sctp.Message{Stream: a.Stream, PPID: m2pa.PPID, Data: a.Wire})
		case ss7.Raise:
			if a.Event.Kind == ss7.Transfer {
				msus = append(msus, &a.Event.MSU)
				continue
			}
			l.raise(&a.Event)
		case ss7.Hangup:
			if l.assoc != nil {
				l.assoc.Abort(a.Event.Why)
			}
		case ss7.Note:
			l.note(a.Event)
		}
	}
	l.flush()
	l.arm()
	return msus
}

// raise tells the core; what was retrieved goes to the hold by the shortest way. The
// caller holds mu, and rx unless it is about retrieval.
func (l *link) raise(ev *ss7.Event) {
	ev.Path = l.id
	switch ev.Kind {
	case ss7.Retrieved:
		k := keep(&ev.MSU, 0)
		switch k.msu.SI {
		case ss7.SNT, ss7.SNTS: // about this link alone
		case ss7.SNM: // the network finds another way at once
			ev.MSU = k.msu
			l.node.core.post(*ev)
		default:
			l.back = append(l.back, k)
		}
		return
	case ss7.RetrievalComplete:
		back := l.back
		l.back = nil
		l.node.discards.transferred.Add(-uint64(len(back))) // they will be again
		if h := l.node.view.Load().holds[l.id.Hold()]; h != nil {
			h.retrieved(back)
		} else {
			l.node.discards.add(mtp3.LinkGone, len(back))
		}
	case ss7.OutOfService:
		l.dropEarly()
	}
	l.node.core.post(*ev)
}

func (l *link) note(ev ss7.Event) {
	if ev.Kind == ss7.Discard {
		l.node.log.Debug("m2pa", l.name()+": discarded: "+ev.Why)
		return
	}
	l.node.log.Debug("m2pa", fmt.Sprintf("%s: %v: %s", l.name(), m2pa.State(ev.Arg), ev.Why))
}

// flush sends what the machine asked for in one go. SCTP queues far more than
// the machine's own window; if it refuses all the same, sequence numbers would be
// missing at the far end, so the association ends (RFC 4165 §4.1.7).
func (l *link) flush() {
	if len(l.messages) == 0 || l.assoc == nil {
		return
	}
	if n, err := l.assoc.Send(l.messages); n < len(l.messages) && !errors.Is(err, net.ErrClosed) {
		l.assoc.Abort(fmt.Sprintf("%d of %d messages could not be queued: %v", len(l.messages)-n, len(l.messages), err))
	}
}

func (l *link) arm() {
	next := l.machine.Deadline()
	if next.Equal(l.armed) || l.closed {
		return
	}
	// A deadline that moves away costs nothing: the timer fires early, finds nothing
	// due, and is armed anew.
	if !l.armed.IsZero() && (next.IsZero() || next.After(l.armed)) {
		return
	}
	l.armed = next
	if next.IsZero() {
		l.timer.Stop()
		return
	}
	l.timer.Reset(time.Until(next))
}

// offer hands the link MSUs to send and counts those it refuses.
func (l *link) offer(now time.Time, msus ...*ss7.MSU) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		l.node.discards.add(mtp3.LinkGone, len(msus))
		return
	}
	full, down := l.machine.Refused()
	l.actions = l.actions[:0]
	for _, m := range msus {
		l.actions = l.machine.Transfer(now, m, l.actions)
	}
	fullNow, downNow := l.machine.Refused()
	l.node.discards.add(mtp3.QueueFull, int(fullNow-full))
	l.node.discards.add(mtp3.LinkGone, int(downNow-down))
	l.node.discards.transferred.Add(uint64(len(msus)) - (fullNow - full) - (downNow - down))
	l.perform(l.actions, nil)
}

// status is the link as show commands print it.
func (l *link) status() (m2pa.View, *sctp.Status, string) {
	l.mu.Lock()
	st, a, why := l.machine.Status(), l.assoc, l.assocWhy
	l.mu.Unlock()
	if a == nil {
		return st, nil, why
	}
	s := a.Status()
	return st, &s, why
}

func (l *link) setConfig(c m2pa.Config) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.machine.SetConfig(c)
}

// close takes the link away: the far end sees Out of Service and an abort.
func (l *link) close(why string) {
	l.tell(ss7.Event{Kind: ss7.Stop, Why: why})
	l.mu.Lock()
	l.closed = true
	l.timer.Stop()
	a := l.assoc
	l.mu.Unlock()
	if a != nil {
		a.Abort(why)
	}
	l.cancel()
}
