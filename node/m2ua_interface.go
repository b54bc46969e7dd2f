package node

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gostp/gostp/internal/lock"
	"github.com/gostp/gostp/loop"
	"github.com/gostp/gostp/m2pa"
	"github.com/gostp/gostp/m2ua"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// m2uaInterface is an interface of this gateway: an M2PA link whose MTP3 is at the ASPs of an application server (the
// nodal interworking function of RFC 3331). mu guards what follows it. It is taken under the locks of link and as; for
// this reason the core, and not the caller, carries out orders to the link, in the order in which they were given.
type m2uaInterface struct {
	node  *Node
	name  string // the interface identifier
	label m2ua.Label
	link  *level2
	as    *as // carries MSUs to the ASPs; its id is the link's

	asks  atomic.Bool   // ASPs are asked for Data Acks
	again atomic.Bool   // Data that is not acknowledged goes to another ASP
	tag   atomic.Uint32 // the number of the last Data that is to be acknowledged

	mu       lock.Mutex[lock.Interface]
	loop     loop.Loop
	terminal *m2ua.Terminal
	closed   bool
	down     bool // by configuration
}

// shut takes the link from ASPs, or gives it back.
func (i *m2uaInterface) shut(down bool) {
	i.mu.Lock()
	was := i.down
	i.down = down
	i.mu.Unlock()
	if was == down {
		return
	}
	ev := ss7.Event{Kind: ss7.Start}
	if down {
		ev = ss7.Event{Kind: ss7.Stop, Why: "the interface is shut down by configuration"}
	}
	i.raised(&ev)
}

// configure changes the settings of the terminal.
func (i *m2uaInterface) configure(c m2ua.TerminalConfig) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.terminal.SetConfig(c)
}

// arrived implements level2User. The MSUs that came by the link go to ASPs.
func (i *m2uaInterface) arrived(now time.Time, t *transfer) {
	if len(t.msus) > 0 {
		i.as.offer(now, 0, t.msus...)
	}
}

// congested implements level2User. The terminal tells the MTP3 of the ASPs of congestion.
func (i *m2uaInterface) congested(time.Time, uint32, []*ss7.MSU) {}

// raised implements level2User.
func (i *m2uaInterface) raised(ev *ss7.Event) {
	if ev.Kind == ss7.Retrieved {
		i.node.discards.transferred.Add(^uint64(0)) // it was counted when the link took it, and was not sent
	}
	i.loop.Tell(*ev)
}

// recv takes a message of an ASP other than Data.
func (i *m2uaInterface) recv(a *m2uaASP, b []byte) {
	var e *xua.Error
	i.loop.Run(func(now time.Time, out []ss7.Action) []ss7.Action {
		out, e = i.terminal.Recv(now, a.id, b, out)
		return out
	})
	if e != nil {
		a.refuse(e)
	}
}

// Send implements loop.Hands.
func (i *m2uaInterface) Send(a *ss7.Action) { i.send(a.Event.Path, a.Wire) }

// Raise implements loop.Hands. It gives the link an order, by way of the core.
func (i *m2uaInterface) Raise(ev *ss7.Event) {
	order := *ev
	i.node.core.do(func() { i.link.Tell(order) })
}

// Hangup implements loop.Hands. A terminal has no association to end.
func (i *m2uaInterface) Hangup(*ss7.Event) {}

// Note implements loop.Hands.
func (i *m2uaInterface) Note(ev *ss7.Event) {
	i.node.log.Debug("m2ua", fmt.Sprintf("interface %s: %s", i.name, ev.Why))
}

// Done implements loop.Hands.
func (i *m2uaInterface) Done() (rest func()) { return nil }

// send sends to one ASP, or to all that are active. The caller holds mu.
func (i *m2uaInterface) send(to ss7.PathID, wire []byte) {
	all := []ss7.PathID{to}
	if to == 0 {
		all = nil
		if w := i.as.way.Load(); w != nil {
			all = w.All
		}
	}
	for _, p := range all {
		if a := i.node.m2ua.asp(p); a != nil {
			a.control(a.stream(i.link.id), wire, nil)
		}
	}
}

// give hands the link MSUs that an ASP sent.
func (i *m2uaInterface) give(now time.Time, msus []*ss7.MSU) {
	if len(msus) > 0 {
		i.link.send(now, msus...)
	}
}

// status gives the interface, whether it is shut here, and what is below it as level2.below does.
func (i *m2uaInterface) status() (v m2ua.TerminalView, shut bool, st m2pa.View, why string) {
	i.mu.Lock()
	v, shut = i.terminal.Status(), i.down || i.closed
	i.mu.Unlock()
	st, why = i.link.below()
	return v, shut, st, why
}

// interfaceTroubles are the alarms of this gateway's interfaces: those that carry nothing, with the reason that `show
// cs7 m2ua` gives, and those whose far ends do something wrong.
func (n *Node) interfaceTroubles() (out []mtp3.Alarm) {
	all := slices.Collect(maps.Values(*n.m2ua.interfaces.Load()))
	slices.SortFunc(all, func(a, b *m2uaInterface) int { return strings.Compare(a.name, b.name) })
	for _, i := range all {
		v, shut, st, why := i.status()
		x := mtp3.Alarm{Severity: mtp3.Minor, Object: i.link.Name(), Why: offerReason(&v, &st, why)}
		switch {
		case shut:
			continue
		case why == "" && st.State == m2pa.InService && !v.Outage && v.Started:
			if x.Severity, x.Why = mtp3.Warning, st.Fault; st.Fault == "" {
				continue
			}
		}
		out = append(out, x)
	}
	return out
}

func (i *m2uaInterface) close(why string) {
	i.link.close(why)
	for a := range i.node.m2ua.all() {
		a.forgo(i)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.closed = true
	i.loop.StopLocked()
}
