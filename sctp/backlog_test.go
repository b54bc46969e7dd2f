package sctp

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gostp/gostp/sctp/sctptest"
)

// Many far ends take nothing. All that waits for them together is bounded. An association with little in its
// queue is served, whatever waits for others.
func TestBacklogOfAllAssociations(t *testing.T) {
	hoarders(t, DefaultBudget, 9, func(_ *Budget, all []*assoc) {
		b := NewBacklog(4 << 20)
		why := make(chan string, 9)
		b.OnShortage(func(text string) { why <- text })
		for _, a := range all {
			a.burden = burden{backlog: b}
		}
		m := []Message{{Data: make([]byte, 10_000)}}
		full := 0
		for range 200 {
			for _, a := range all[:8] {
				if _, err := a.Send(m); errors.Is(err, ErrFull) {
					full++
				} else if err != nil {
					t.Fatal(err)
				}
				if held := b.State().Held; held > 4<<20+10_000 {
					t.Fatalf("%d octets wait", held)
				}
			}
		}
		for range 20 {
			if _, err := all[8].Send(m); err != nil {
				t.Errorf("who has little in its queue: %v", err)
			}
		}
		sum := 0
		for _, a := range all {
			sum += max(0, a.Status().SendQueued-backlogShare)
		}
		if s := b.State(); full == 0 || s.Refused != uint64(full) || s.Held != sum {
			t.Errorf("%d times full; %d octets wait beyond shares; %+v", full, sum, s)
		}
		synctest.Wait()
		if len(why) != 1 || !strings.Contains(<-why, "more than 4194304 octets wait for far ends") {
			t.Errorf("told %d times", len(why))
		}
		for _, a := range all {
			a.Abort("it is over")
		}
		if s := b.State(); s.Held != 0 {
			t.Errorf("%+v", s)
		}
	})
}

// What waited leaves no memory behind, neither in the queue nor in the account.
func TestBacklogIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newPair(t, Params{})
		defer x.close()
		a, b := x.connect()
		backlog := NewBacklog(DefaultBacklog)
		near := a.(*assoc)
		near.mu.Lock()
		near.burden = burden{backlog: backlog}
		near.mu.Unlock()
		x.net.SetFaults(sctptest.Faults{Cut: true})
		sendAll(t, a, numbered(300, 2, 10_000))
		if s := backlog.State(); s.Held < 1_000_000 {
			t.Errorf("%+v", s)
		}
		x.net.SetFaults(sctptest.Faults{})
		if got, _, err := collect(b, 300); len(got) != 300 {
			t.Fatal(len(got), err)
		}
		time.Sleep(5 * time.Second)
		near.mu.Lock()
		defer near.mu.Unlock()
		if s := backlog.State(); s.Held != 0 || len(near.mem) > keepArena || near.n != 0 {
			t.Errorf("%+v; %d octets of memory for %d chunks", s, len(near.mem), near.n)
		}
	})
}

// The kernel's and TCP's queues of ours count too.
func TestBacklogOfTCP(t *testing.T) {
	a, b := tcpPair(t, Params{})
	backlog := NewBacklog(1 << 20)
	near := a.(*tcpAssoc)
	near.mu.Lock()
	near.burden = burden{backlog: backlog}
	near.mu.Unlock()
	m := []Message{{Stream: 1, Data: tcpMessage(1, 1, strings.Repeat("x", 100_000))}}
	var err error
	for err == nil {
		_, err = a.Send(m)
	}
	if s := backlog.State(); !errors.Is(err, ErrFull) || s.Held < 1<<20 || s.Held > 1<<20+200_000 || s.Refused == 0 {
		t.Errorf("%v, %+v", err, s)
	}
	a.Abort("it is over")
	collect(a, 1)
	b.Abort("it is over")
	if s := backlog.State(); s.Held != 0 {
		t.Errorf("%+v", s)
	}
}
