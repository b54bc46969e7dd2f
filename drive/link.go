package drive

import (
	"errors"
	"fmt"
	"iter"
	"net"
	"slices"
	"time"

	"github.com/gostp/gostp/internal/lock"
	"github.com/gostp/gostp/loop"
	"github.com/gostp/gostp/m2pa"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/ss7"
)

// Link is an M2PA link (RFC 4165). One Link serves for one association after another.
type Link struct {
	receive func(now time.Time, msus []*ss7.MSU)
	event   func(ev ss7.Event)

	order    lock.Mutex[lock.DriveOrder] // the loop's Order
	mu       lock.Mutex[lock.DriveLink]  // the loop's Lock: it guards what follows
	loop     loop.Loop
	machine  *m2pa.Link
	assoc    sctp.Assoc // nil: there is none
	messages []sctp.Message
}

// NewLink makes a link that is out of service: Tell it to Start. receive takes the MSUs that come, which are valid
// until it returns; event takes everything else that level 2 says (Q.703 §3), such as InService and OutOfService.
func NewLink(c m2pa.Config, receive func(now time.Time, msus []*ss7.MSU), event func(ev ss7.Event)) *Link {
	l := &Link{receive: receive, event: event, machine: m2pa.New(1, c)}
	l.loop = loop.Loop{Machine: l.machine, Hands: (*linkHands)(l), Lock: &l.mu, Order: &l.order, Pass: receive}
	return l
}

// Tell tells the link what level 3 wants of it: Start, Stop, Emergency, LocalOutage and so on.
func (l *Link) Tell(ev ss7.Event) { l.loop.Tell(ev) }

// Serve uses a until it ends. The error says why it ended; it is never nil.
func (l *Link) Serve(a sctp.Assoc) error {
	l.Attach(a)
	over := after(a, l.Recv)
	l.Tell(ss7.Event{Kind: ss7.CommLost, Why: over.Error()})
	return over
}

// Attach and Recv are what Serve consists of, for a program that reads the association itself.
func (l *Link) Attach(a sctp.Assoc) {
	l.mu.Lock()
	l.assoc = a
	l.mu.Unlock()
	l.Tell(ss7.Event{Kind: ss7.CommUp})
}

// Recv takes what was read.
func (l *Link) Recv(items []sctp.Item) {
	l.loop.Take(func(now time.Time, out []ss7.Action) []ss7.Action {
		for i := range items {
			switch it := &items[i]; {
			case it.Event == nil:
				out = l.machine.Recv(now, it.Stream, it.Data, out)
			case it.Event.Kind == sctp.Restart:
				out = l.machine.Do(now, ss7.Event{Kind: ss7.CommRestart, Why: it.Event.Why}, out)
			}
		}
		return out
	})
}

// Send sends MSUs, and tells how many the link refused because it is out of service or its queue is full. When a link
// fails, it keeps the MSUs that it took and the far end never acknowledged: Tell it to Retrieve them (Q.704 §5), or to
// Flush them.
func (l *Link) Send(msus ...*ss7.MSU) (refused uint64) { return l.SendAll(slices.Values(msus)) }

// SendAll is Send for MSUs that are made one after another. Each is the caller's again when the next is asked for.
func (l *Link) SendAll(msus iter.Seq[*ss7.MSU]) (refused uint64) {
	l.loop.Run(func(now time.Time, out []ss7.Action) []ss7.Action {
		full, down, shed := l.machine.Refused()
		for m := range msus {
			out = l.machine.Transfer(now, m, out)
		}
		fullNow, downNow, shedNow := l.machine.Refused()
		refused = fullNow - full + downNow - down + shedNow - shed
		return out
	})
	return refused
}

// Status gives the state of the link for a person.
func (l *Link) Status() m2pa.View {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.machine.Status()
}

// Close stops the link for good, and ends its association.
func (l *Link) Close(why string) {
	l.Tell(ss7.Event{Kind: ss7.Stop, Why: why})
	l.loop.Stop()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.assoc != nil {
		l.assoc.Abort(why)
	}
}

// linkHands are the Hands of a Link's loop.
type linkHands Link

func (l *linkHands) Send(a *ss7.Action) {
	l.messages = append(l.messages, sctp.Message{Stream: a.Stream, PPID: m2pa.PPID, Data: a.Wire})
}

func (l *linkHands) Raise(ev *ss7.Event) { l.event(*ev) }
func (l *linkHands) Note(*ss7.Event)     {}

func (l *linkHands) Hangup(ev *ss7.Event) {
	if l.assoc != nil {
		l.assoc.Abort(ev.Why)
	}
}

// Done sends the messages of a turn. What SCTP refuses would be missing at the far end, so the association ends
// (RFC 4165 §4.1.7).
func (l *linkHands) Done() (rest func()) {
	messages := l.messages
	l.messages = messages[:0]
	if len(messages) == 0 || l.assoc == nil {
		return nil
	}
	if n, err := l.assoc.Send(messages); n < len(messages) && !errors.Is(err, net.ErrClosed) {
		l.assoc.Abort(fmt.Sprintf("%d of %d messages could not be queued: %v", len(messages)-n, len(messages), err))
	}
	return nil
}
