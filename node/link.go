package node

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/loop"
	"github.com/gostp/gostp/m2pa"
	"github.com/gostp/gostp/m2ua"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/ss7"
)

type linkKey struct {
	linkset string
	slc     uint8
}

// level2 is what a link consists of below MTP3: m2pa.Link, or m2ua.Link where the work
// is done at a gateway.
type level2 interface {
	ss7.Peer
	Transfer(now time.Time, m *ss7.MSU, out []ss7.Action) []ss7.Action
	Refused() (queueFull, notInService, shed uint64)
	Level() uint32
}

// link is one signalling link, of M2PA on an association of its own unless gateway says
// otherwise. Above it is MTP3, unless offered says otherwise. Its loop's Lock is the runner's mu, which
// guards what follows machine too. Its Order is rx, which is held while what came by the link is routed.
type link struct {
	runner
	id      ss7.PathID
	linkset string
	cfg     configs.Link
	kind    *ss7.Variant

	gateway atomic.Pointer[m2uaASP] // where its level 2 is; nil: here
	offered *m2uaInterface          // the interface as which ASPs use it; nil: it is MTP3's

	rotates atomic.Bool // the SLS of what leaves is turned

	rx    sync.Mutex
	early []held // guarded by rx

	loop     loop.Loop
	machine  level2
	back     []held // retrieved
	messages []sctp.Message
	badPPID  bool

	meter   meter
	origins origins // of what goes over the link while it is congested
}

// newLink makes a link; run brings it to life.
func (n *Node) newLink(id ss7.PathID, key linkKey, cfg configs.Link, conf m2pa.Config, how settings,
	p *localPort) *link {
	at := where{cfg.Remote, cfg.RemotePort, cfg.LocalPort, cfg.UDPPort, cfg.Passive}
	l := &link{id: id, linkset: key.linkset, cfg: cfg, kind: conf.Variant}
	l.prepare(n, l, at, how, p)
	l.drive(m2pa.New(id, conf))
	return l
}

// drive gives the link its level 2.
func (l *link) drive(m level2) {
	l.machine = m
	l.loop = loop.Loop{Machine: m, Hands: l, Lock: &l.mu, Order: &l.rx, Pass: l.pass}
}

func (l *link) name() string {
	if l.offered != nil {
		return "interface " + l.offered.name
	}
	return fmt.Sprintf("link %d of linkset %s", l.cfg.SLC, l.linkset)
}

// unfit says why an association cannot carry the link: M2PA has a stream for Link Status and
// one for User Data, both ways (RFC 4165 §1.5.2).
func (l *link) unfit(s *sctp.Status) string {
	if s.OutStreams >= 2 && s.InStreams >= 2 {
		return ""
	}
	return fmt.Sprintf("M2PA needs 2 streams each way, and the far end agrees to %d out and %d in (its settings "+
		"for SCTP "+
		"streams)", s.OutStreams, s.InStreams)
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
	t.turn.MSUs = t.msus
	l.loop.TakeInto(now, &t.turn, func(now time.Time, out []ss7.Action) []ss7.Action {
		for i := range items {
			if w := l.item(now, &items[i], &out); w != "" {
				why = w
			}
		}
		return out
	})
	t.msus = t.turn.MSUs
	l.route(now, t)
	return why
}

// item tells the machine one message or event and appends what it answers; it
// gives the reason of an event that ends the association.
func (l *link) item(now time.Time, it *sctp.Item, out *[]ss7.Action) string {
	if it.Event != nil {
		ev, why := l.event(it.Event)
		if ev.Kind != ss7.None {
			*out = l.machine.Do(now, ev, *out)
		}
		return why
	}
	// Some stacks send the payload protocol identifier in host order, or none: the
	// port is configured for M2PA, so the message is taken (RFC 4165 §2.1 wants 5).
	if it.PPID != m2pa.PPID && !l.badPPID && !l.cfg.IsM2UA() {
		l.badPPID = true
		l.node.log.Add("CS7M2PA", 4, "PPID", fmt.Sprintf(
			"%s: the far end sends payload protocol identifier %d instead of 5; taken as M2PA", l.name(), it.PPID))
	}
	*out = l.machine.Recv(now, it.Stream, it.Data, *out)
	return ""
}

// tell hands the machine one event from elsewhere.
func (l *link) tell(ev ss7.Event) { l.loop.Tell(ev) }

// pass routes MSUs that the machine had kept (after a processor outage).
func (l *link) pass(now time.Time, msus []*ss7.MSU) { l.route(now, &transfer{msus: msus}) }

// route hands over what came by the link. The caller holds rx.
func (l *link) route(now time.Time, t *transfer) {
	if l.offered != nil {
		if len(t.msus) > 0 {
			l.offered.as.offer(now, 0, t.msus...)
		}
		return
	}
	l.node.route(now, t, l.id)
}

// Send implements loop.Hands. The messages of a turn are sent together, by Done.
func (l *link) Send(a *ss7.Action) {
	l.messages = append(l.messages, sctp.Message{Stream: a.Stream, PPID: m2pa.PPID, Data: a.Wire})
}

// Hangup implements loop.Hands.
func (l *link) Hangup(ev *ss7.Event) { l.abortLocked(ev.Why) }

// Done implements loop.Hands. SCTP queues far more than the machine's own window; if it refuses all the same,
// sequence numbers would be missing at the far end, so the association ends (RFC 4165 §4.1.7).
func (l *link) Done() (rest func()) {
	messages := l.messages
	l.messages = messages[:0]
	if g := l.gateway.Load(); g != nil && len(messages) > 0 {
		g.send(l, messages)
		return nil
	}
	if len(messages) == 0 || l.assoc == nil {
		return nil
	}
	if n, err := l.assoc.Send(messages); n < len(messages) && !errors.Is(err, net.ErrClosed) {
		l.abortLocked(fmt.Sprintf("%d of %d messages could not be queued: %v", len(messages)-n, len(messages), err))
	}
	return nil
}

// Raise implements loop.Hands. It tells the core; what was retrieved goes to the hold by the shortest way. The
// caller holds mu, and rx unless it is about retrieval.
func (l *link) Raise(ev *ss7.Event) {
	ev.Path = l.id
	if ev.Kind == ss7.RetrievalComplete && ev.Why != "" {
		l.node.log.AddLimited("CS7M2PA", 4, "GIVENUP", l.name()+": "+ev.Why)
	}
	if l.offered != nil {
		l.offered.raised(ev)
		return
	}
	switch ev.Kind {
	case ss7.Retrieved:
		k := keep(&ev.MSU, 0)
		switch k.msu.SI {
		case ss7.SNT, ss7.SNTS: // about this link alone
		case ss7.SNM: // the network finds another way at once
			ev.MSU = k.msu
			l.node.core.post(*ev)
		default:
			if l.rotates.Load() { // it will be again, wherever it goes
				k.msu.SLS = l.kind.RotateBack(k.msu.SLS)
			}
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

// Note implements loop.Hands.
func (l *link) Note(ev *ss7.Event) {
	if ev.Kind == ss7.Discard {
		l.node.log.Debug("m2pa", l.name()+": discarded: "+ev.Why)
		return
	}
	if l.cfg.IsM2UA() {
		l.node.log.Debug("m2ua", fmt.Sprintf("%s: %v: %s", l.name(), m2ua.LinkState(ev.Arg), ev.Why))
		return
	}
	l.node.log.Debug("m2pa", fmt.Sprintf("%s: %v: %s", l.name(), m2pa.State(ev.Arg), ev.Why))
}

// offer hands the link MSUs to send and counts those it refuses.
func (l *link) offer(now time.Time, _ ss7.PathID, msus ...*ss7.MSU) { l.send(now, msus...) }

// send is offer; it gives how many were refused.
func (l *link) send(now time.Time, msus ...*ss7.MSU) (refused uint64) {
	l.loop.RunAt(now, func(now time.Time, out []ss7.Action) []ss7.Action {
		out, refused = l.transfer(now, msus, out)
		return out
	})
	return refused
}

// transfer gives the machine MSUs to send. The caller holds mu.
func (l *link) transfer(now time.Time, msus []*ss7.MSU, out []ss7.Action) (_ []ss7.Action, refused uint64) {
	if l.closed {
		l.node.discards.add(mtp3.LinkGone, len(msus))
		return out, uint64(len(msus))
	}
	full, down, shed := l.machine.Refused()
	rotates := l.rotates.Load()
	for _, m := range msus {
		if rotates && m.SI > ss7.SNTS { // elsewhere it is the link's code
			m.SLS = l.kind.Rotate(m.SLS)
		}
		out = l.machine.Transfer(now, m, out)
	}
	fullNow, downNow, shedNow := l.machine.Refused()
	l.node.discards.add(mtp3.QueueFull, int(fullNow-full))
	l.node.discards.add(mtp3.LinkGone, int(downNow-down))
	l.node.discards.add(mtp3.Shed, int(shedNow-shed))
	refused = fullNow - full + downNow - down + shedNow - shed
	l.node.discards.transferred.Add(uint64(len(msus)) - refused)
	if level := l.machine.Level(); level > 0 && l.offered == nil {
		l.congested(now, level, msus)
	}
	return out, refused
}

// status is the link as show commands print it.
func (l *link) status() (m2pa.View, *sctp.Status, string) {
	l.mu.Lock()
	st, a, why := l.level2View(), l.assoc, l.assocWhy
	l.mu.Unlock()
	if g := l.gateway.Load(); g != nil {
		a, why = g.association()
	}
	if a == nil {
		return st, nil, why
	}
	s := a.Status()
	return st, &s, why
}

// setConfig changes what can change while the association lives.
func (l *link) setConfig(c m2pa.Config, how settings) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if m, ok := l.machine.(*m2pa.Link); ok {
		m.SetConfig(c)
	}
	if l.settings == how {
		return
	}
	l.settings = how
	if l.assoc != nil {
		l.assoc.Set(how.params)
	}
}

// close takes the link away: the far end sees Out of Service and an abort.
func (l *link) close(why string) {
	l.tell(ss7.Event{Kind: ss7.Stop, Why: why})
	l.mu.Lock()
	l.closed = true
	l.loop.StopLocked()
	if !l.abortLocked(why) {
		l.ending = why
	}
	l.mu.Unlock()
	l.cancel()
}
