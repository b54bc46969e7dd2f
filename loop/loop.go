// Package loop drives a machine: it tells the machine what happens, carries out what the machine answers, and wakes
// it at its deadlines. A machine (ss7.Machine) has neither clock nor lock nor network; a loop brings these to it,
// and knows no protocol.
//
// # One turn
//
// Each time that a machine is told something is a turn. It has four steps:
//
//  1. The loop takes Lock, and the machine computes its answer, a list of actions.
//  2. The owner's Hands carry out these actions in their order. Hands.Done is called after the last one.
//  3. The loop arms its timer for the machine's deadline, and gives Lock back.
//  4. What must not be done under Lock follows: first the function that Hands.Done gave, then the MSUs that the machine
//     raised, which go to Pass.
//
// A panic of the machine or of the Hands goes to the caller, and leaves both locks free.
//
// # Locks, and who may call whom
//
// Lock is held in the first three steps. The Hands and the machine must therefore not wait for anything that may be
// slow, and must not call the loop again: its next turn would wait for ever. They may post to a queue, send on an
// association (which never waits), and take locks that rank below theirs.
//
// Order is for an owner that passes MSUs on. It is held during the whole of a turn in which MSUs came, and until
// Pass has returned. MSUs leave in the order in which they came for this reason; and a goroutine that holds Order
// knows that no MSU of this loop is on its way. Order is taken before Lock, never after it.
//
// Tell, Take and Tick take both locks, or Order is the caller's in TakeInto. Run and RunAt take Lock alone. Pass may
// therefore Run the loop that the MSU leaves by, even if it is the same, and that loop's Pass may Run this one: no
// circle of waiting comes about. Pass must not call Tell, Take or Tick of its own loop.
//
// A loop without Lock belongs to one goroutine, which alone may call it. Fire then tells that goroutine that it is
// time for Tick.
package loop

import (
	"sync"
	"time"

	"github.com/gostp/gostp/ss7"
)

// Hands carry out actions. All are called in the order of the actions, with the loop's Lock held.
type Hands interface {
	// Send sends a.Wire on a.Stream of the association, or of that which a.Event.Path names if there are several.
	// The wire must be sent, or copied, before Done returns.
	Send(a *ss7.Action)
	// Raise takes an event for whoever is above the machine or beside it.
	Raise(ev *ss7.Event)
	// Hangup ends the association, or that of ev.Path.
	Hangup(ev *ss7.Event)
	// Note takes what is worth a line of a log.
	Note(ev *ss7.Event)
	// Done is called after the last action of a turn. The function that it gives is called when Lock is free again;
	// nil: there is nothing more to do.
	Done() (rest func())
}

// Loop drives one machine. Machine and Hands are needed, the other exported fields may be zero. They are set before
// the first call and stay as they are; Machine alone may be replaced by another one, under Lock.
type Loop struct {
	Machine ss7.Machine
	Hands   Hands

	// Lock guards the machine, and whatever else the owner guards by it. A loop without it belongs to one goroutine.
	Lock sync.Locker

	// Order keeps the MSUs that came in their order until Pass has taken them. It goes together with Pass.
	Order sync.Locker

	// Pass takes the MSUs of a turn, with Order held and without Lock. They, and what their payloads lie in, are valid
	// until Pass returns. A loop without Pass raises an MSU like any other event.
	Pass func(now time.Time, msus []*ss7.MSU)

	// Fire is called when the machine's deadline has come, on a goroutine of its own. A loop without it calls Tick.
	Fire func()

	came    Turn         // of Tell, Take and Tick; guarded by Order if there is one, else by Lock
	run     []ss7.Action // of Run; guarded by Lock
	timer   *time.Timer  // nil until it is needed
	armed   time.Time    // when the timer fires; zero: it does not
	stopped bool
}

// Turn is the memory of a turn. It is used again for the next.
type Turn struct {
	Actions []ss7.Action
	MSUs    []*ss7.MSU // the MSUs among Actions that the machine raised
}

// Step is something that a machine is told. It appends the machine's answer to out.
type Step func(now time.Time, out []ss7.Action) []ss7.Action

// Tell tells the machine one event.
func (l *Loop) Tell(ev ss7.Event) {
	l.Take(func(now time.Time, out []ss7.Action) []ss7.Action { return l.Machine.Do(now, ev, out) })
}

// Take has the machine take a step in which MSUs may come, and passes these on.
func (l *Loop) Take(f Step) {
	if l.Order == nil {
		l.Run(f)
		return
	}
	l.Order.Lock()
	defer l.Order.Unlock()
	now := time.Now()
	l.TakeInto(now, &l.came, f)
	if len(l.came.MSUs) > 0 {
		l.Pass(now, l.came.MSUs)
	}
}

// TakeInto is Take for an owner with memory of its own, which holds Order. It leaves the MSUs in t for the owner,
// instead of passing them on.
func (l *Loop) TakeInto(now time.Time, t *Turn, f Step) {
	l.lock()
	if rest := l.takeLocked(now, t, f); rest != nil {
		rest()
	}
}

// takeLocked is TakeInto under Lock, which it gives back even if the machine panics.
func (l *Loop) takeLocked(now time.Time, t *Turn, f Step) (rest func()) {
	defer l.unlock()
	t.Actions = f(now, t.Actions[:0])
	t.MSUs = t.MSUs[:0]
	for i := range t.Actions {
		a := &t.Actions[i]
		if a.Op == ss7.Raise && a.Event.Kind == ss7.Transfer {
			t.MSUs = append(t.MSUs, &a.Event.MSU)
		} else {
			carry(l.Hands, a)
		}
	}
	rest = l.Hands.Done()
	l.arm()
	return rest
}

// Run has the machine take a step in which no MSU comes; one that comes all the same is raised like any other event.
func (l *Loop) Run(f Step) {
	l.lock()
	if rest := l.runLocked(time.Now(), f); rest != nil {
		rest()
	}
}

// RunAt is Run for a caller that has read the clock a moment ago.
func (l *Loop) RunAt(now time.Time, f Step) {
	l.lock()
	if rest := l.runLocked(now, f); rest != nil {
		rest()
	}
}

// runLocked is Run under Lock, which it gives back even if the machine panics.
func (l *Loop) runLocked(now time.Time, f Step) (rest func()) {
	defer l.unlock()
	l.run = f(now, l.run[:0])
	Carry(l.Hands, l.run)
	rest = l.Hands.Done()
	l.arm()
	return rest
}

// Carry has h carry out actions. An owner that is one goroutine may use it by itself, and may do so again while an
// action is carried out. Done is not called.
func Carry(h Hands, actions []ss7.Action) {
	for i := range actions {
		carry(h, &actions[i])
	}
}

func carry(h Hands, a *ss7.Action) {
	switch a.Op {
	case ss7.Send:
		h.Send(a)
	case ss7.Raise:
		h.Raise(&a.Event)
	case ss7.Hangup:
		h.Hangup(&a.Event)
	case ss7.Note:
		h.Note(&a.Event)
	}
}

// Tick tells the machine that time has passed. The timer calls it; a stopped loop ignores it.
func (l *Loop) Tick() {
	l.Take(func(now time.Time, out []ss7.Action) []ss7.Action {
		if l.stopped {
			return out
		}
		l.armed = time.Time{}
		return l.Machine.Tick(now, out)
	})
}

// arm sets the timer for the machine's deadline. A deadline that moves away costs nothing: the timer fires early,
// finds nothing due, and is armed anew. The caller has Lock.
func (l *Loop) arm() {
	next := l.Machine.Deadline()
	if l.stopped || next.IsZero() || !l.armed.IsZero() && !next.Before(l.armed) {
		return
	}
	l.armed = next
	if l.timer != nil {
		l.timer.Reset(time.Until(next))
		return
	}
	fire := l.Fire
	if fire == nil {
		fire = l.Tick
	}
	l.timer = time.AfterFunc(time.Until(next), fire)
}

// Stop ends the timer for good. What the owner still tells the machine is carried out.
func (l *Loop) Stop() {
	l.lock()
	defer l.unlock()
	l.StopLocked()
}

// StopLocked is Stop for an owner that holds Lock.
func (l *Loop) StopLocked() {
	l.stopped = true
	if l.timer != nil {
		l.timer.Stop()
	}
}

func (l *Loop) lock() {
	if l.Lock != nil {
		l.Lock.Lock()
	}
}

func (l *Loop) unlock() {
	if l.Lock != nil {
		l.Lock.Unlock()
	}
}
