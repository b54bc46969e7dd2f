package node

import (
	"fmt"
	"time"

	"github.com/gostp/gostp/internal/lock"
	"github.com/gostp/gostp/loop"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// xuaLayer is what m3ua.Layer and m2ua.Layer have in common.
type xuaLayer interface {
	Do(now time.Time, ev ss7.Event, out []ss7.Action) []ss7.Action
	Refuse(now time.Time, path ss7.PathID, e *xua.Error, out []ss7.Action) []ss7.Action
	Heard(now time.Time, path ss7.PathID)
	Tick(now time.Time, out []ss7.Action) []ss7.Action
	Quit(now time.Time, out []ss7.Action) []ss7.Action
	Leave(now time.Time, path ss7.PathID, why string, out []ss7.Action) []ss7.Action
	Leaving(path ss7.PathID) bool
	Leavers() int
	RemoveASP(now time.Time, path ss7.PathID, why string, out []ss7.Action) []ss7.Action
	Deadline() time.Time
	Status() ([]xua.ASPStatus, []xua.ASStatus)
}

// xuaOwner is the layer of the node that a loop belongs to. All methods are called with the loop's mu held.
type xuaOwner interface {
	aspAt(ss7.PathID) *xuaASP       // nil: it is gone
	eachASP(func(*xuaASP))          // all
	raised(*ss7.Event)              // an event for the rest of the node
	noted(*ss7.Event)               // a note
	unsent(ss7.PathID, []byte) bool // whether a message without room in its association is sent again later
	forget(ss7.PathID)              // an ASP of which leave was taken is gone
	rest() func()                   // what the caller of the loop must do once mu is free; nil: nothing
}

// xuaLoop runs a layer, which sees every message but data. mu, the Lock of its loop, guards the layer. The locks of
// ASPs, AS and links are taken under mu; nobody who holds one of them waits for mu.
type xuaLoop[L xuaLayer] struct {
	owner xuaOwner
	proto *xuaProtocol

	mu    lock.Varied // lock.M3UALayer or lock.M2UALayer
	loop  loop.Loop
	layer L
}

func (x *xuaLoop[L]) begin(o xuaOwner, p *xuaProtocol, l L) {
	x.owner, x.proto, x.layer = o, p, l
	x.loop = loop.Loop{Machine: x, Hands: x, Lock: &x.mu}
}

func (x *xuaLoop[L]) protocol() *xuaProtocol { return x.proto }

// run has the layer do something and carries out what it answers.
func (x *xuaLoop[L]) run(f func(now time.Time, l L, out []ss7.Action) []ss7.Action) {
	x.loop.Run(func(now time.Time, out []ss7.Action) []ss7.Action { return f(now, x.layer, out) })
}

// do and refuse are how an ASP reaches its layer without knowing which kind of layer it is.
func (x *xuaLoop[L]) do(ev ss7.Event) { x.loop.Tell(ev) }

func (x *xuaLoop[L]) refuse(path ss7.PathID, e *xua.Error) {
	x.run(func(now time.Time, l L, out []ss7.Action) []ss7.Action { return l.Refuse(now, path, e, out) })
}

// Do implements ss7.Machine.
func (x *xuaLoop[L]) Do(now time.Time, ev ss7.Event, out []ss7.Action) []ss7.Action {
	return x.layer.Do(now, ev, out)
}

// Tick implements ss7.Machine. The layer does not see data, so it is told here which ASPs have sent some.
func (x *xuaLoop[L]) Tick(now time.Time, out []ss7.Action) []ss7.Action {
	x.owner.eachASP(func(a *xuaASP) {
		if a.heard.Swap(false) {
			x.layer.Heard(now, a.id)
		}
	})
	return x.layer.Tick(now, out)
}

// Deadline implements ss7.Machine.
func (x *xuaLoop[L]) Deadline() time.Time { return x.layer.Deadline() }

// Send implements loop.Hands.
func (x *xuaLoop[L]) Send(a *ss7.Action) {
	if to := x.owner.aspAt(a.Event.Path); to != nil {
		to.control(a.Stream, a.Wire, func() bool { return x.owner.unsent(a.Event.Path, a.Wire) })
	}
}

// Raise implements loop.Hands.
func (x *xuaLoop[L]) Raise(ev *ss7.Event) { x.owner.raised(ev) }

// Hangup implements loop.Hands.
func (x *xuaLoop[L]) Hangup(ev *ss7.Event) {
	if to := x.owner.aspAt(ev.Path); to != nil {
		to.Abort(ev.Why)
	}
}

// Note implements loop.Hands.
func (x *xuaLoop[L]) Note(ev *ss7.Event) { x.owner.noted(ev) }

// Done implements loop.Hands.
func (x *xuaLoop[L]) Done() (rest func()) { return x.owner.rest() }

// leave takes an ASP away. A gateway is told so first. Its answers are awaited, while the configuration goes on without
// it. Then its association ends, and the gateway is forgotten.
func (x *xuaLoop[L]) leave(a *xuaASP, why string) {
	a.Retire(func() { x.drop(a.id, why) })
	waits := false
	x.run(func(now time.Time, l L, out []ss7.Action) []ss7.Action {
		out = l.Leave(now, a.id, why, out)
		waits = l.Leaving(a.id)
		return out
	})
	if !waits {
		a.close(why)
	}
}

// drop forgets an ASP whose last association has ended.
func (x *xuaLoop[L]) drop(p ss7.PathID, why string) {
	x.run(func(now time.Time, l L, out []ss7.Action) []ss7.Action {
		x.owner.forget(p)
		return l.RemoveASP(now, p, why, out)
	})
}

// end stops the loop. ASPs are told first (ASPIA, ASPDN, or their Acks), so that they move their traffic at once. The
// answers of gateways are awaited, but not for ever. end gives the ASPs whose associations are then to be ended.
func (x *xuaLoop[L]) end() (asps []*xuaASP) {
	x.run(func(now time.Time, l L, out []ss7.Action) []ss7.Action { return l.Quit(now, out) })
	for end := time.Now().Add(leaveMost); x.leavers() > 0 && time.Now().Before(end); {
		time.Sleep(leavePoll)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.loop.StopLocked()
	x.owner.eachASP(func(a *xuaASP) { asps = append(asps, a) })
	return asps
}

func (x *xuaLoop[L]) leavers() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.layer.Leavers()
}

// status gives a picture for show commands, with the AS in the order of the configuration. The data that the layer did
// not see is counted in it.
func (x *xuaLoop[L]) status() ([]xua.ASPStatus, []xua.ASStatus) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.statusLocked()
}

// statusLocked is status for a caller that holds mu.
func (x *xuaLoop[L]) statusLocked() ([]xua.ASPStatus, []xua.ASStatus) {
	asps, ass := x.layer.Status()
	for i := range asps {
		if a := x.owner.aspAt(asps[i].Config.Path); a != nil {
			st := &asps[i].Stats
			st.In[x.proto.data][1], st.Out[x.proto.data][1] = a.in.Load(), a.out.Load()
			st.ErrorsSpared += a.spared.Load()
		}
	}
	return asps, ass
}

// tellNote logs what a layer notes of an ASP or an AS, which the event's path names.
func (n *Node) tellNote(facility string, ev *ss7.Event) {
	severity, mnemonic := 5, ""
	switch ev.Arg {
	case xua.NoteASP:
		mnemonic = "ASPSTATE"
	case xua.NoteAS:
		mnemonic = "ASSTATE"
	case xua.NoteError:
		severity, mnemonic = 4, "PEERERROR"
	default:
		return
	}
	who := fmt.Sprint("path ", ev.Path)
	if a := n.m3ua.asp(ev.Path); a != nil && a.Stranger != "" {
		who = a.Who() // a stranger has another name and path each time that it comes
	}
	n.log.AddFrom(who, facility, severity, mnemonic, ev.Why)
}
