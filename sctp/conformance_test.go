package sctp

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// conformance is what holds for the two ends of an association whatever carries it.
var conformance = map[string]func(t *testing.T, a, b Assoc){
	"both ways in order": func(t *testing.T, a, b Assoc) {
		msgs := numbered(500, 4, 300)
		for _, d := range [][2]Assoc{{a, b}, {b, a}} {
			go sendAll(t, d[0], msgs)
			got, ev, err := collect(d[1], len(msgs))
			if err != nil || len(ev) > 0 {
				t.Fatal(len(got), ev, err)
			}
			inOrder(t, msgs, got)
		}
	},
	"a message that cannot be": func(t *testing.T, a, _ Assoc) {
		for _, m := range []Message{{}, {Stream: 99, Data: []byte{1}}} {
			if n, err := a.Send([]Message{m}); n != 0 || err == nil || errors.Is(err, net.ErrClosed) {
				t.Error(n, err)
			}
		}
	},
	"shutdown": func(t *testing.T, a, b Assoc) {
		sendAll(t, a, numbered(10, 1, 10))
		a.Close()
		got, ev, err := collect(b, 11)
		if len(got) != 10 || !errors.Is(err, io.EOF) || len(ev) == 0 || ev[len(ev)-1].Kind != Closed {
			t.Error(len(got), ev, err)
		}
	},
	"abort": func(t *testing.T, a, b Assoc) {
		a.Abort("no reason at all")
		for _, x := range []Assoc{a, b} {
			_, ev, err := collect(x, 1)
			if !errors.Is(err, io.EOF) || len(ev) == 0 || ev[len(ev)-1].Kind != Lost {
				t.Error(ev, err)
			}
			if _, err := x.Send(numbered(1, 1, 1)); !errors.Is(err, net.ErrClosed) {
				t.Error(err)
			}
		}
	},
}

// TestConformance holds every backend to the same meaning.
func TestConformance(t *testing.T) {
	backends := map[string]func(t *testing.T) (a, b Assoc, end func()){
		"pair": func(*testing.T) (Assoc, Assoc, func()) {
			a, b := Pair(addrA, addrB)
			return a, b, func() {}
		},
		"user": func(t *testing.T) (Assoc, Assoc, func()) {
			x := newPair(t, Params{})
			a, b := x.connect()
			return a, b, x.close
		},
		"user, 5 % loss": func(t *testing.T) (Assoc, Assoc, func()) {
			x := newPair(t, Params{AssocRetrans: 20})
			a, b := x.connect()
			x.net.SetFaults(Faults{Loss: 0.05, Delay: 5 * time.Millisecond})
			return a, b, x.close
		},
	}
	for name, open := range backends {
		for what, check := range conformance {
			t.Run(name+"/"+what, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					a, b, end := open(t)
					defer end()
					check(t, a, b)
				})
			})
		}
	}
}

// inOrder checks that got is sent, each stream in its order.
func inOrder(t *testing.T, sent, got []Message) {
	t.Helper()
	next := map[uint16]int{}
	for i, m := range got {
		k := next[m.Stream]
		for k < len(sent) && sent[k].Stream != m.Stream {
			k++
		}
		if k == len(sent) || !bytes.Equal(m.Data, sent[k].Data) || m.PPID != sent[k].PPID {
			t.Fatalf("message at place %d, of stream %d, is not number %d", i, m.Stream, k)
		}
		next[m.Stream] = k + 1
	}
	if len(got) != len(sent) {
		t.Fatalf("%d of %d messages came", len(got), len(sent))
	}
}

func TestBreak(t *testing.T) {
	a, b := Pair(addrA, addrB)
	sendAll(t, a, numbered(3, 1, 1))
	Break(a, "cable cut")
	for _, x := range []Assoc{a, b} {
		m, ev, err := collect(x, 1)
		if len(m) != 0 || !errors.Is(err, io.EOF) || len(ev) != 1 || !strings.Contains(ev[0].Why, "cable cut") {
			t.Error(m, ev, err)
		}
	}
}
