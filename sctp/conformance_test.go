package sctp

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gostp/gostp/sctp/sctptest"
	"github.com/gostp/gostp/sctp/wire"
)

// joined has the two ends of an association for conformance, and what can be done to it. What a backend cannot
// do is nil.
type joined struct {
	a, b    Assoc
	end     func()
	vanish  func()                   // b says nothing from now on
	restart func(t *testing.T) Assoc // b begins anew without a word, and dials a
	cut     func(path int, cut bool) // of two
	small   bool                     // the buffers of a and b are those of the Params given, nearly
}

// conformance holds a backend to the meaning of the interface. It needs no virtual
// time: open may give associations over real sockets.
func conformance(t *testing.T, open func(t *testing.T, p Params) joined, run func(*testing.T, func(*testing.T))) {
	for what, check := range conformanceCases {
		t.Run(what, func(t *testing.T) {
			run(t, func(t *testing.T) {
				p := Params{}
				if strings.Contains(what, "buffer") {
					p.SendBuffer, p.RecvBuffer = 1<<16, 1<<16
				}
				j := open(t, p)
				defer j.end()
				check(t, j)
			})
		})
	}
}

// A case runs in virtual time, or in that of the machine.
func inVirtualTime(t *testing.T, f func(*testing.T)) { synctest.Test(t, f) }
func inRealTime(t *testing.T, f func(*testing.T))    { f(t) }

func TestConformance(t *testing.T) {
	faulty := func(f sctptest.Faults) func(t *testing.T, p Params) joined {
		return func(t *testing.T, p Params) joined {
			p.AssocRetrans = 20
			j := userJoined(t, p)
			j.net.SetFaults(f)
			j.vanish, j.restart = nil, nil // their time is not that of a good network
			return j.joined
		}
	}
	for name, open := range map[string]func(t *testing.T, p Params) joined{
		"user":                func(t *testing.T, p Params) joined { return userJoined(t, p).joined },
		"user, 5 % loss":      faulty(sctptest.Faults{Loss: 0.05, Delay: 5 * time.Millisecond}),
		"user, much disorder": faulty(sctptest.Faults{Reorder: 0.3, Duplicate: 0.1, Delay: 5 * time.Millisecond}),
		"user, two paths": func(t *testing.T, p Params) joined {
			net, a, b, end := homes(t, p)
			return joined{a: a, b: b, end: end, small: true, cut: func(i int, cut bool) { cutPath(net, i, cut) },
				vanish: func() { net.SetFaults(sctptest.Faults{Cut: true}) }}
		},
	} {
		t.Run(name, func(t *testing.T) { conformance(t, open, inVirtualTime) })
	}
	for name, at := range loopbackNetworks(t) {
		t.Run("user over "+name, func(t *testing.T) {
			conformance(t, func(t *testing.T, p Params) joined { return wireJoined(t, wireNetwork(name), at, p) }, inRealTime)
		})
	}
}

type userPair struct {
	joined
	net *sctptest.Memory
}

func userJoined(t *testing.T, p Params) userPair {
	x := newPair(t, p)
	a, b := x.connect()
	return userPair{joined{a: a, b: b, end: x.close, small: true,
		vanish: func() { x.net.SetFaults(sctptest.Faults{Cut: true}) },
		restart: func(t *testing.T) Assoc {
			x.net.SetFaults(sctptest.Faults{Cut: true})
			x.b.Close()
			x.net.SetFaults(sctptest.Faults{})
			var err error
			if x.b, err = NewUser(x.net).Open(addrB, p); err != nil {
				t.Fatal(err)
			}
			b, err := x.b.Dial(t.Context(), addrA, Params{})
			if err != nil {
				t.Fatal(err)
			}
			return b
		}}, x.net}
}

// wireJoined is an association between two addresses of this machine.
func wireJoined(t *testing.T, n wire.Network, at [2]netip.AddrPort, p Params) joined {
	open := func(at netip.AddrPort) Endpoint {
		e, err := NewUser(n).Open(Addr{IPs: []netip.Addr{at.Addr()}, Port: 1024, UDP: at.Port()}, p)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	x, y := open(at[0]), open(at[1])
	a, err := x.Dial(t.Context(), y.Local(), Params{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := y.Accept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return joined{a: a, b: b, end: func() { x.Close(); y.Close() }, small: true}
}

// last gives the event that ended an association, and the events before it.
func last(t *testing.T, a Assoc) (Event, []Event) {
	t.Helper()
	_, ev, err := collect(a, 1<<30)
	if !errors.Is(err, io.EOF) || len(ev) == 0 {
		t.Fatal(ev, err)
	}
	return ev[len(ev)-1], ev[:len(ev)-1]
}

func kinds(ev []Event, k EventKind) (n int) {
	for _, e := range ev {
		if e.Kind == k {
			n++
		}
	}
	return
}

var conformanceCases = map[string]func(t *testing.T, j joined){
	"both ways in order": func(t *testing.T, j joined) {
		msgs := numbered(500, 4, 300)
		for _, d := range [][2]Assoc{{j.a, j.b}, {j.b, j.a}} {
			go sendAll(t, d[0], msgs)
			got, ev, err := collect(d[1], len(msgs))
			if err != nil || kinds(ev, Lost)+kinds(ev, Restart) > 0 {
				t.Fatal(len(got), ev, err)
			}
			inOrder(t, msgs, got)
		}
	},
	"large messages": func(t *testing.T, j joined) {
		var msgs []Message
		for i, n := range []int{1, 1400, 1452, 1453, 4000, 20000, 65535, 65536, 3} {
			msgs = append(msgs, Message{Stream: uint16(i % 2), PPID: 1<<32 - 1, Data: bytes.Repeat([]byte{byte(i + 1)}, n)})
		}
		go sendAll(t, j.a, msgs)
		got, _, err := collect(j.b, len(msgs))
		if err != nil {
			t.Fatal(len(got), err)
		}
		inOrder(t, msgs, got)
	},
	"unordered": func(t *testing.T, j joined) {
		go sendAll(t, j.a, []Message{{Stream: 3, PPID: 7, Unordered: true, Data: []byte("u")}})
		got, _, err := collect(j.b, 1)
		if err != nil || !got[0].Unordered || got[0].Stream != 3 || got[0].PPID != 7 {
			t.Error(got, err)
		}
	},
	"a message that cannot be": func(t *testing.T, j joined) {
		for _, m := range []Message{{}, {Stream: 99, Data: []byte{1}}} {
			if n, err := j.a.Send([]Message{m}); n != 0 || err == nil || errors.Is(err, net.ErrClosed) ||
				errors.Is(err, ErrFull) {
				t.Error(n, err)
			}
		}
	},
	"status": func(t *testing.T, j joined) {
		if s := j.a.Status(); s.State != "ESTABLISHED" || s.OutStreams == 0 || s.InStreams == 0 || s.Since.IsZero() {
			t.Errorf("%+v", s)
		}
		if r := j.a.Remote(); len(r.IPs) == 0 || r.Port != j.b.Local().Port {
			t.Error(r)
		}
	},
	"shutdown delivers first": func(t *testing.T, j joined) {
		sendAll(t, j.a, numbered(100, 2, 100))
		j.a.Close()
		got, ev, err := collect(j.b, 1<<30)
		if len(got) != 100 || !errors.Is(err, io.EOF) || ev[len(ev)-1].Kind != Closed {
			t.Error(len(got), ev, err)
		}
		if e, _ := last(t, j.a); e.Kind != Closed {
			t.Error(e)
		}
	},
	"both shut down": func(t *testing.T, j joined) {
		j.a.Close()
		j.b.Close()
		for _, x := range []Assoc{j.a, j.b} {
			if e, _ := last(t, x); e.Kind != Closed {
				t.Errorf("%+v", e)
			}
		}
	},
	"abort": func(t *testing.T, j joined) {
		j.a.Abort("no reason at all")
		if e, _ := last(t, j.a); e.Kind != Lost || !strings.Contains(e.Why, "no reason at all") {
			t.Errorf("%+v", e)
		}
		if _, err := j.a.Send(numbered(1, 1, 1)); !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
		if e, _ := last(t, j.b); e.Kind != Lost || e.Why == "" {
			t.Errorf("%+v", e)
		}
	},
	"a far end that vanishes": func(t *testing.T, j joined) {
		if j.vanish == nil {
			return
		}
		j.vanish()
		if e, _ := last(t, j.a); e.Kind != Lost || e.Why == "" {
			t.Errorf("%+v", e)
		}
	},
	"vanishes with data under way": func(t *testing.T, j joined) {
		if j.vanish == nil {
			return
		}
		j.vanish()
		sendAll(t, j.a, numbered(7, 2, 100))
		e, before := last(t, j.a)
		if e.Kind != Lost || kinds(before, SendFailed) == 0 {
			t.Errorf("%+v %+v", before, e)
		}
	},
	"restart": func(t *testing.T, j joined) {
		if j.restart == nil {
			return
		}
		sendAll(t, j.b, numbered(3, 1, 100))
		if m, _, err := collect(j.a, 3); err != nil {
			t.Fatal(len(m), err)
		}
		b := j.restart(t)
		msgs := numbered(5, 2, 100)
		sendAll(t, b, msgs)
		got, ev, err := collect(j.a, 5)
		if err != nil || kinds(ev, Restart) != 1 || kinds(ev, Lost) > 0 {
			t.Fatal(len(got), ev, err)
		}
		inOrder(t, msgs, got)
		sendAll(t, j.a, msgs)
		if got, _, err = collect(b, 5); err != nil {
			t.Fatal(len(got), err)
		}
		inOrder(t, msgs, got)
	},
	"full send buffer": func(t *testing.T, j joined) {
		if !j.small {
			return
		}
		msgs, sent := numbered(2000, 2, 300), 0
		var err error
		for sent < len(msgs) && err == nil { // nobody reads: both buffers fill
			var n int
			n, err = j.a.Send(msgs[sent:])
			sent += n
		}
		if !errors.Is(err, ErrFull) || sent == 0 || sent == len(msgs) {
			t.Fatal(sent, err)
		}
		go sendAll(t, j.a, msgs[sent:])
		got, _, err := collect(j.b, len(msgs))
		if err != nil {
			t.Fatal(len(got), err)
		}
		inOrder(t, msgs, got)
	},
	"settings": func(t *testing.T, j joined) {
		j.a.Set(Params{RTOMax: 700 * time.Millisecond, Heartbeat: 300 * time.Millisecond, DSCP: 46, Single: true})
		if err := j.a.SetPrimary(netip.MustParseAddr("192.0.2.99")); err == nil && j.small {
			t.Error("a primary address that is not the far end's")
		}
		msgs := numbered(50, 2, 100)
		go sendAll(t, j.a, msgs)
		got, _, err := collect(j.b, 50)
		if err != nil {
			t.Fatal(err)
		}
		inOrder(t, msgs, got)
	},
	"a path of two fails and returns": func(t *testing.T, j joined) {
		if j.cut == nil {
			return
		}
		time.Sleep(time.Second) // both verified
		j.cut(0, true)
		stop := make(chan struct{})
		msgs := numbered(300, 2, 100)
		go func() {
			defer close(stop)
			for i := range msgs {
				if i == 200 {
					j.cut(0, false)
				}
				sendAll(t, j.a, msgs[i:i+1])
				time.Sleep(50 * time.Millisecond)
			}
		}()
		got, _, err := collect(j.b, len(msgs))
		if err != nil {
			t.Fatal(len(got), err)
		}
		inOrder(t, msgs, got)
		<-stop
		time.Sleep(4 * time.Second)
		down := j.a.Status()
		j.a.Abort("end")
		_, ev := last(t, j.a)
		if kinds(ev, PathDown) != 1 || kinds(ev, PathUp) == 0 || down.State != "ESTABLISHED" {
			t.Errorf("%+v %+v", ev, down)
		}
		for _, p := range down.Paths {
			if !p.Active {
				t.Errorf("%+v", p)
			}
		}
	},
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
