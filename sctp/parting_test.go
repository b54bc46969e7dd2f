package sctp

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/gostp/gostp/sctp/sctptest"
)

// slow is a far end as most systems set it up: it looks for us once in 30 s, and gives up
// after minutes.
var slow = Params{RTOInitial: 3 * time.Second, RTOMin: time.Second, RTOMax: time.Minute,
	Heartbeat: 30 * time.Second, PathRetrans: 5, AssocRetrans: 10}

// given has a far end set up an association with a, which gives it up in a cut of ten
// seconds, and tells how long after the cut the far end knows.
func given(t *testing.T, a, b Endpoint, cut func(bool)) time.Duration {
	far, err := b.Dial(t.Context(), a.Local(), slow)
	if err != nil {
		t.Fatal(err)
	}
	near, err := a.Accept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(5 * time.Second)
	cut(true)
	over := time.Now().Add(10 * time.Second)
	if _, ev, _ := collect(near, 1); len(ev) == 0 || ev[len(ev)-1].Kind != Lost || time.Now().After(over) {
		t.Fatalf("%+v, %v after the end of the cut", ev, time.Since(over))
	}
	time.Sleep(time.Until(over))
	cut(false)
	begun := time.Now()
	if _, ev, _ := collect(far, 1); len(ev) == 0 || ev[len(ev)-1].Kind != Lost {
		t.Fatalf("%+v", ev)
	}
	return time.Since(begun)
}

// A far end that was given up in a cut, and has looked for nobody meanwhile, is told as soon
// as it can be heard: it is back in a second, not after its own HEARTBEAT.
func TestFarEndThatWasGivenUpIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newPair(t, Params{})
		defer x.close()
		if d := given(t, x.a, x.b, func(is bool) { x.net.SetFaults(sctptest.Faults{Cut: is}) }); d > 1100*time.Millisecond {
			t.Errorf("it knows after %v", d)
		}
		// It is back, and what tells it of the association before does not disturb that.
		far, err := x.b.Dial(t.Context(), x.a.Local(), slow)
		if err != nil {
			t.Fatal(err)
		}
		near, err := x.a.Accept(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Minute)
		if s := far.Status().State + near.Status().State; s != "ESTABLISHEDESTABLISHED" {
			t.Error(s)
		}
	})
}

// Who is gone is told for a minute, and no longer.
func TestPartingEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newPair(t, Params{})
		defer x.close()
		if _, err := x.b.Dial(t.Context(), x.a.Local(), slow); err != nil {
			t.Fatal(err)
		}
		near, err := x.a.Accept(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		x.net.SetFaults(sctptest.Faults{Cut: true})
		collect(near, 1)
		e := x.a.(*endpoint)
		sent := e.user.count[cAbortsOut].Load()
		time.Sleep(2 * time.Minute)
		if n := e.user.count[cAbortsOut].Load() - sent; n < 55 || n > 60 || e.partings.Load() != 0 {
			t.Errorf("%d times ABORT, %d partings under way", n, e.partings.Load())
		}
	})
}
