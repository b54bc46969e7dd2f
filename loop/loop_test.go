package loop_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gostp/gostp/loop"
	"github.com/gostp/gostp/ss7"
)

// toy is a machine that answers what the test has it answer, and notes when it was called.
type toy struct {
	start time.Time
	due   time.Time
	seen  []string
	give  []ss7.Action
}

func (m *toy) Do(now time.Time, ev ss7.Event, out []ss7.Action) []ss7.Action {
	m.seen = append(m.seen, fmt.Sprintf("%v %v", now.Sub(m.start), ev.Kind))
	return append(out, m.give...)
}

func (m *toy) Tick(now time.Time, out []ss7.Action) []ss7.Action {
	m.seen = append(m.seen, fmt.Sprintf("%v Tick", now.Sub(m.start)))
	if m.due.After(now) || m.due.IsZero() {
		return out
	}
	m.due = time.Time{}
	return append(out, m.give...)
}

func (m *toy) Deadline() time.Time { return m.due }

func (m *toy) took() string {
	out := strings.Join(m.seen, ", ")
	m.seen = nil
	return out
}

// hands write down what they carry out.
type hands struct {
	did  []string
	rest func()
}

func (h *hands) Send(a *ss7.Action)   { h.did = append(h.did, "send "+string(a.Wire)) }
func (h *hands) Raise(ev *ss7.Event)  { h.did = append(h.did, "raise "+ev.Kind.String()) }
func (h *hands) Hangup(ev *ss7.Event) { h.did = append(h.did, "hangup "+ev.Why) }
func (h *hands) Note(ev *ss7.Event)   { h.did = append(h.did, "note "+ev.Why) }
func (h *hands) Done() (rest func()) {
	h.did = append(h.did, "done")
	return h.rest
}

func (h *hands) took() string {
	out := strings.Join(h.did, ", ")
	h.did = nil
	return out
}

var everything = []ss7.Action{
	{Op: ss7.Send, Wire: []byte("a")},
	{Op: ss7.Raise, Event: ss7.Event{Kind: ss7.Transfer, MSU: ss7.MSU{DPC: 5}}},
	{Op: ss7.Note, Event: ss7.Event{Why: "n"}},
	{Op: ss7.Raise, Event: ss7.Event{Kind: ss7.InService}},
	{Op: ss7.Hangup, Event: ss7.Event{Why: "h"}},
	{Op: ss7.Send, Wire: []byte("b")},
}

func equal(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

// Actions are carried out in their order. MSUs are passed on after that, with Order and without Lock.
func TestTurn(t *testing.T) {
	var lock, order sync.Mutex
	m, h := &toy{start: time.Now(), give: everything}, &hands{}
	l := loop.Loop{Machine: m, Hands: h, Lock: &lock, Order: &order}
	defer l.Stop()
	l.Pass = func(_ time.Time, msus []*ss7.MSU) {
		h.did = append(h.did, fmt.Sprint("pass ", msus[0].DPC))
		if order.TryLock() {
			t.Error("MSUs are passed on without Order")
		}
		if !lock.TryLock() {
			t.Fatal("MSUs are passed on with Lock held")
		}
		lock.Unlock()
		l.Run(func(_ time.Time, out []ss7.Action) []ss7.Action { return append(out, everything[0]) })
	}
	h.rest = func() {
		if !lock.TryLock() {
			t.Fatal("what is left is done with Lock held")
		}
		lock.Unlock()
	}
	l.Tell(ss7.Event{Kind: ss7.Start})
	equal(t, "the turn", h.took(), "send a, note n, raise InService, hangup h, send b, done, pass 5, send a, done")
	l.Run(func(_ time.Time, out []ss7.Action) []ss7.Action { return append(out, everything[1]) })
	equal(t, "a turn without Order", h.took(), "raise Transfer, done")
	past := m.start.Add(-time.Hour)
	l.RunAt(past, func(now time.Time, out []ss7.Action) []ss7.Action {
		if !now.Equal(past) {
			t.Errorf("the machine is told that it is %v, and the caller has said %v", now, past)
		}
		return out
	})
}

// The timer fires at the deadline. A deadline that moves away is found to be so when the timer fires.
func TestTimer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lock sync.Mutex
		m, h := &toy{start: time.Now(), give: everything[2:3]}, &hands{}
		l := loop.Loop{Machine: m, Hands: h, Lock: &lock}
		at := func(d time.Duration) {
			l.Run(func(_ time.Time, out []ss7.Action) []ss7.Action {
				m.due = m.start.Add(d)
				return out
			})
		}
		at(10 * time.Second)
		at(20 * time.Second)
		time.Sleep(30 * time.Second)
		synctest.Wait() // the timer's goroutine has done
		equal(t, "later", m.took(), "10s Tick, 20s Tick")
		equal(t, "carried out", h.took(), "done, done, done, note n, done")
		at(50 * time.Second)
		at(40 * time.Second)
		time.Sleep(30 * time.Second)
		synctest.Wait() // the timer's goroutine has done
		equal(t, "sooner", m.took(), "40s Tick")
		at(80 * time.Second)
		l.Stop()
		at(90 * time.Second)
		time.Sleep(time.Hour)
		l.Tick()        // a timer that has just fired may come as late as this
		synctest.Wait() // the timer's goroutine has done
		equal(t, "stopped", m.took(), "")
	})
}

// A loop of one goroutine has no locks; its timer has that goroutine tick.
func TestOneGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, h, wake := &toy{start: time.Now(), give: everything[2:3]}, &hands{}, make(chan bool, 1)
		l := loop.Loop{Machine: m, Hands: h, Fire: func() { wake <- true }}
		m.due = m.start.Add(5 * time.Second)
		l.Tell(ss7.Event{Kind: ss7.Start})
		<-wake
		l.Tick()
		equal(t, "told", m.took(), "0s Start, 5s Tick")
		equal(t, "carried out", h.took(), "note n, done, note n, done")
		l.Stop()
		m.due = time.Now().Add(time.Second)
		l.Tell(ss7.Event{Kind: ss7.Stop})
		time.Sleep(time.Hour)
		if len(wake) > 0 {
			t.Error("the timer of a loop that has stopped fires")
		}
	})
}

// A machine that panics leaves the locks free, so that whoever recovers can end what it was about.
func TestPanic(t *testing.T) {
	var lock, order sync.Mutex
	l := loop.Loop{Machine: &toy{}, Hands: none{}, Lock: &lock, Order: &order, Pass: func(time.Time, []*ss7.MSU) {}}
	for name, turn := range map[string]func(loop.Step){"Take": l.Take, "Run": l.Run} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: the panic is not the caller's", name)
				}
			}()
			turn(func(time.Time, []ss7.Action) []ss7.Action { panic("a fault") })
		}()
		for _, m := range []*sync.Mutex{&lock, &order} {
			if !m.TryLock() {
				t.Fatalf("%s: a lock is held", name)
			}
			m.Unlock()
		}
	}
}

// What a machine answers costs no allocation once the loop has grown to its size.
func TestNoAllocation(t *testing.T) {
	var lock, order sync.Mutex
	m, passed := &toy{}, 0
	l := loop.Loop{Machine: m, Hands: none{}, Lock: &lock, Order: &order}
	l.Pass = func(_ time.Time, msus []*ss7.MSU) { passed += len(msus) }
	defer l.Stop()
	many := slices.Repeat(everything, 64)
	n := testing.AllocsPerRun(10, func() {
		l.Take(func(_ time.Time, out []ss7.Action) []ss7.Action { return append(out, many...) })
		l.Run(func(_ time.Time, out []ss7.Action) []ss7.Action { return append(out, many[0]) })
	})
	if n != 0 || passed == 0 {
		t.Errorf("%v allocations, %d MSUs", n, passed)
	}
}

type none struct{}

func (none) Send(*ss7.Action)    {}
func (none) Raise(*ss7.Event)    {}
func (none) Hangup(*ss7.Event)   {}
func (none) Note(*ss7.Event)     {}
func (none) Done() (rest func()) { return nil }
