package loop_test

import (
	"fmt"
	"sync"
	"time"

	"github.com/gostp/gostp/loop"
	"github.com/gostp/gostp/ss7"
)

// watchdog is a machine of one timer: it raises OutOfService when it was not told CommUp for a while. It has no clock
// and no lock, so a test may tell it any time.
type watchdog struct {
	patience time.Duration
	until    time.Time // when patience is over; zero: nothing is waited for
}

func (w *watchdog) Do(now time.Time, ev ss7.Event, out []ss7.Action) []ss7.Action {
	if ev.Kind == ss7.CommUp {
		w.until = now.Add(w.patience)
	}
	return out
}

func (w *watchdog) Deadline() time.Time { return w.until }

func (w *watchdog) Tick(now time.Time, out []ss7.Action) []ss7.Action {
	if w.until.IsZero() || now.Before(w.until) {
		return out
	}
	w.until = time.Time{}
	return append(out, ss7.Action{Op: ss7.Raise, Event: ss7.Event{Kind: ss7.OutOfService}})
}

// doer carries out what the watchdog answers.
type doer struct{ raised chan ss7.Kind }

func (d doer) Raise(ev *ss7.Event) { d.raised <- ev.Kind }
func (d doer) Send(*ss7.Action)    {} // the machine of this example sends nothing,
func (d doer) Hangup(*ss7.Event)   {} // ends nothing,
func (d doer) Note(*ss7.Event)     {} // and says nothing
func (d doer) Done() func()        { return nil }

// A loop brings a machine the clock, a lock and somebody who carries out its actions.
func Example() {
	d := doer{raised: make(chan ss7.Kind, 1)}
	var mu sync.Mutex
	l := loop.Loop{Machine: &watchdog{patience: 10 * time.Millisecond}, Hands: d, Lock: &mu}
	defer l.Stop()
	l.Tell(ss7.Event{Kind: ss7.CommUp})
	fmt.Println(<-d.raised)
	// Output: OutOfService
}
