package sctp

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math/rand"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gostp/gostp/sctp/sctptest"
)

var (
	addrA = Addr{IPs: []netip.Addr{netip.MustParseAddr("10.0.0.1")}, Port: 1024}
	addrB = Addr{IPs: []netip.Addr{netip.MustParseAddr("10.0.0.2")}, Port: 1024}
)

// pair is two endpoints over a memory network.
type pair struct {
	t    *testing.T
	net  *sctptest.Memory
	a, b Endpoint
}

func newPair(t *testing.T, p Params) *pair {
	x := &pair{t: t, net: sctptest.NewMemory(1)}
	var err error
	if x.a, err = NewUser(x.net).Open(addrA, p); err != nil {
		t.Fatal(err)
	}
	if x.b, err = NewUser(x.net).Open(addrB, p); err != nil {
		t.Fatal(err)
	}
	return x
}

func (x *pair) close() { x.a.Close(); x.b.Close() }

func (x *pair) connect() (a, b Assoc) {
	x.t.Helper()
	a, err := x.a.Dial(x.t.Context(), addrB, Params{})
	if err != nil {
		x.t.Fatal(err)
	}
	b, err = x.b.Accept(x.t.Context())
	if err != nil {
		x.t.Fatal(err)
	}
	return a, b
}

// collect reads until n messages came or the association ended.
func collect(a Assoc, n int) (msgs []Message, events []Event, err error) {
	b := NewBatch(64)
	for len(msgs) < n {
		if err = a.Read(b); err != nil {
			return
		}
		for _, it := range b.Items {
			if it.Event != nil {
				events = append(events, *it.Event)
				continue
			}
			it.Message.Data = bytes.Clone(it.Data)
			msgs = append(msgs, it.Message)
		}
	}
	return
}

func sendAll(t *testing.T, a Assoc, msgs []Message) {
	for len(msgs) > 0 {
		n, err := a.Send(msgs)
		msgs = msgs[n:]
		if err != nil && !errors.Is(err, ErrFull) {
			t.Error(err)
			return
		}
		if n == 0 {
			time.Sleep(10 * time.Millisecond)
		}
	}
}

func numbered(n, streams, size int) []Message {
	r := rand.New(rand.NewSource(3))
	out := make([]Message, n)
	for i := range out {
		d := make([]byte, 8+r.Intn(size))
		binary.BigEndian.PutUint64(d, uint64(i))
		out[i] = Message{Stream: uint16(i % streams), PPID: 5, Data: d}
	}
	return out
}

func TestExchange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newPair(t, Params{})
		defer x.close()
		a, b := x.connect()
		if s := a.Status(); s.State != "ESTABLISHED" || s.OutStreams != 17 || s.InStreams != 17 {
			t.Errorf("%+v", s)
		}
		want := []Message{{Stream: 1, PPID: 5, Data: []byte("hello")},
			{Stream: 16, PPID: 1 << 31, Data: bytes.Repeat([]byte{7}, 60000)}, {PPID: 0, Data: []byte{1}, Unordered: true}}
		sendAll(t, a, want)
		got, _, err := collect(b, len(want))
		if err != nil {
			t.Fatal(err)
		}
		for i := range want {
			if got[i].Stream != want[i].Stream || got[i].PPID != want[i].PPID || got[i].Unordered != want[i].Unordered ||
				!bytes.Equal(got[i].Data, want[i].Data) {
				t.Errorf("message %d: stream %d, PPID %d, %d octets", i, got[i].Stream, got[i].PPID, len(got[i].Data))
			}
		}
		if n, err := a.Send([]Message{{Stream: 17, Data: []byte{1}}}); n != 0 || err == nil {
			t.Error("a message for a stream that does not exist was taken")
		}
	})
}

// Both ends dial each other at once. One association results, and both have it (§5.2.1).
func TestCollision(t *testing.T) {
	for _, delay := range []time.Duration{0, 30 * time.Millisecond, 300 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			x := newPair(t, Params{})
			defer x.close()
			x.net.SetFaults(sctptest.Faults{Delay: 50 * time.Millisecond})
			done := make(chan Assoc, 2)
			go func() {
				a, err := x.a.Dial(t.Context(), addrB, Params{})
				if err != nil {
					t.Error(err)
				}
				done <- a
			}()
			time.Sleep(delay)
			b, err := x.b.Dial(t.Context(), addrA, Params{})
			if errors.Is(err, ErrExists) { // it was accepted before we dialled
				b, err = x.b.Accept(t.Context())
			}
			if err != nil {
				t.Fatal(err)
			}
			a := <-done
			sendAll(t, a, numbered(100, 2, 50))
			sendAll(t, b, numbered(100, 2, 50))
			for _, end := range []Assoc{a, b} {
				if m, ev, err := collect(end, 100); err != nil || len(ev) > 0 {
					t.Fatalf("%d messages, %v, %v", len(m), ev, err)
				}
			}
		})
	}
}

func TestLossReorderDuplication(t *testing.T) {
	for name, f := range map[string]sctptest.Faults{
		"clean": {}, "loss": {Loss: 0.05, Delay: time.Millisecond}, "reorder": {Reorder: 0.2, Delay: time.Millisecond},
		"duplicate": {Duplicate: 0.2, Delay: time.Millisecond},
		"all":       {Loss: 0.02, Reorder: 0.05, Duplicate: 0.05, Delay: 20 * time.Millisecond},
	} {
		synctest.Test(t, func(t *testing.T) {
			x := newPair(t, Params{AssocRetrans: 20})
			defer x.close()
			a, b := x.connect()
			x.net.SetFaults(f)
			msgs := numbered(20000, 4, 400)
			go sendAll(t, a, msgs)
			got, _, err := collect(b, len(msgs))
			if err != nil {
				t.Fatalf("%s: %d of %d came, %v", name, len(got), len(msgs), err)
			}
			next := map[uint16]uint64{0: 0, 1: 1, 2: 2, 3: 3}
			for i, m := range got {
				n := binary.BigEndian.Uint64(m.Data)
				if n != next[m.Stream] || !bytes.Equal(m.Data, msgs[n].Data) {
					t.Fatalf("%s: message %d of stream %d at place %d", name, n, m.Stream, i)
				}
				next[m.Stream] = n + 4
			}
		})
	}
}

// A far end that restarts is told as such, and what follows is new (§5.2.4.1).
func TestRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newPair(t, Params{})
		defer x.close()
		a, _ := x.connect()
		x.net.SetFaults(sctptest.Faults{Cut: true}) // it dies without a word
		x.b.Close()
		x.net.SetFaults(sctptest.Faults{})
		again, err := NewUser(x.net).Open(addrB, Params{})
		if err != nil {
			t.Fatal(err)
		}
		x.b = again
		b, err := again.Dial(t.Context(), addrA, Params{})
		if err != nil {
			t.Fatal(err)
		}
		sendAll(t, b, numbered(3, 1, 10))
		m, ev, err := collect(a, 3)
		if err != nil || len(m) != 3 || len(ev) != 1 || ev[0].Kind != Restart {
			t.Fatalf("%d messages, %+v, %v", len(m), ev, err)
		}
		sendAll(t, a, numbered(3, 1, 10))
		if m, _, err := collect(b, 3); err != nil || len(m) != 3 {
			t.Fatalf("%d messages, %v", len(m), err)
		}
	})
}

func TestShutdownDeliversFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newPair(t, Params{})
		defer x.close()
		a, b := x.connect()
		x.net.SetFaults(sctptest.Faults{Delay: 20 * time.Millisecond, Loss: 0.1})
		sendAll(t, a, numbered(500, 2, 300))
		a.Close()
		m, ev, err := collect(b, 501)
		if len(m) != 500 || !errors.Is(err, io.EOF) || len(ev) != 2 || ev[0].Kind != PeerShutdown || ev[1].Kind != Closed {
			t.Errorf("far end: %d messages, %+v, %v", len(m), ev, err)
		}
		if _, ev, err := collect(a, 1); !errors.Is(err, io.EOF) || len(ev) != 1 || ev[0].Kind != Closed {
			t.Errorf("near end: %+v, %v", ev, err)
		}
	})
}

func TestAbortTellsWhy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newPair(t, Params{})
		defer x.close()
		a, b := x.connect()
		a.Abort("the link was removed")
		_, ev, err := collect(b, 1)
		if !errors.Is(err, io.EOF) || len(ev) != 1 || ev[0].Kind != Lost ||
			!strings.Contains(ev[0].Why, "the link was removed") {
			t.Errorf("%+v, %v", ev, err)
		}
		if _, err := b.Send(numbered(1, 1, 1)); err == nil {
			t.Error("sent after the end")
		}
	})
}

// A far end that dies is found in seconds, with and without data under way.
func TestDeadPeer(t *testing.T) {
	for _, data := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			x := newPair(t, Params{})
			defer x.close()
			a, _ := x.connect()
			time.Sleep(3 * time.Second)
			x.net.SetFaults(sctptest.Faults{Cut: true})
			start := time.Now()
			if data {
				sendAll(t, a, numbered(1, 1, 1))
			}
			_, ev, err := collect(a, 1)
			last := ev[len(ev)-1]
			if !errors.Is(err, io.EOF) || last.Kind != Lost || !strings.Contains(last.Why, "silent") {
				t.Errorf("data %v: %+v, %v", data, ev, err)
			}
			if d := time.Since(start); d > 10*time.Second {
				t.Errorf("data %v: found after %v of virtual time", data, d)
			}
		})
	}
}

// A reader that sleeps closes the window; nothing is lost and nothing dies.
func TestZeroWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newPair(t, Params{RecvBuffer: 20000})
		defer x.close()
		a, b := x.connect()
		msgs := numbered(1000, 2, 200)
		go sendAll(t, a, msgs)
		time.Sleep(60 * time.Second)
		got, ev, err := collect(b, len(msgs))
		if err != nil || len(ev) > 0 {
			t.Fatalf("%d messages, %v, %v", len(got), ev, err)
		}
	})
}

func TestSendBufferIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newPair(t, Params{SendBuffer: 10000})
		defer x.close()
		a, _ := x.connect()
		x.net.SetFaults(sctptest.Faults{Cut: true})
		n, err := a.Send(numbered(100, 1, 500))
		if !errors.Is(err, ErrFull) || n == 0 || n == 100 {
			t.Errorf("%d, %v", n, err)
		}
	})
}

func TestDialFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newPair(t, Params{})
		defer x.close()
		if _, err := x.a.Dial(t.Context(), Addr{IPs: addrB.IPs, Port: 7}, Params{}); err == nil ||
			!strings.Contains(err.Error(), "nothing is open there on port 7") {
			t.Errorf("closed port: %v", err)
		}
		if _, err := x.a.Dial(t.Context(), Addr{IPs: []netip.Addr{netip.MustParseAddr("10.0.0.9")}, Port: 7},
			Params{}); err == nil || !strings.Contains(err.Error(), "does not answer") {
			t.Errorf("nobody: %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := x.a.Dial(ctx, Addr{IPs: []netip.Addr{netip.MustParseAddr("10.0.0.9")}, Port: 7},
			Params{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("cancelled: %v", err)
		}
		x.connect()
		if _, err := x.a.Dial(t.Context(), addrB, Params{}); !errors.Is(err, ErrExists) {
			t.Errorf("twice: %v", err)
		}
	})
}

// Packets with a wrong tag, and packets out of nowhere, change nothing (§8.4, §8.5).
func TestForgery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newPair(t, Params{})
		defer x.close()
		a, b := x.connect()
		w, _ := x.net.Open(netip.MustParseAddrPort("10.0.0.66:0"))
		defer w.Close()
		forge := func(tag uint32, from netip.Addr, chunks []byte) {
			p := append(appendHeader(nil, header{1024, 1024, tag}), chunks...)
			seal(p)
			x.net.Put(netip.AddrPortFrom(from, 0), netip.AddrPortFrom(addrA.IPs[0], 0), p)
			synctest.Wait()
		}
		abort := appendSimple(nil, ctAbort, 0, nil)
		forge(12345, addrB.IPs[0], abort)
		forge(0, addrB.IPs[0], abort)
		forge(a.Status().LocalTag, netip.MustParseAddr("10.0.0.66"), abort)
		forge(12345, addrB.IPs[0], appendData(nil, &dataChunk{flags: 3, tsn: 1, data: []byte("x")}))
		forge(12345, addrB.IPs[0], appendSimple(nil, ctCookieEcho, 0, bytes.Repeat([]byte{1}, cookieFixed+32+macLen)))
		sendAll(t, b, numbered(1, 1, 1))
		if _, ev, err := collect(a, 1); err != nil || len(ev) > 0 {
			t.Fatalf("%v, %v", ev, err)
		}
	})
}

// A cookie that is too old is refused, and the handshake begins anew (§5.2.6).
func TestStaleCookie(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newPair(t, Params{CookieLife: 50 * time.Millisecond})
		defer x.close()
		x.net.SetFaults(sctptest.Faults{Delay: 60 * time.Millisecond})
		time.AfterFunc(time.Second, func() { x.net.SetFaults(sctptest.Faults{}) })
		if _, err := x.a.Dial(t.Context(), addrB, Params{}); err != nil {
			t.Fatal(err)
		}
	})
}

func TestUDP(t *testing.T) {
	open := func(ip string) Endpoint {
		e, err := NewUser(UDP()).Open(Addr{IPs: []netip.Addr{netip.MustParseAddr(ip)}, Port: 1024, UDP: 29899}, Params{})
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	a, b := open("127.0.0.1"), open("127.0.0.2")
	defer a.Close()
	defer b.Close()
	x, err := a.Dial(t.Context(), Addr{IPs: b.Local().IPs, Port: 1024, UDP: 29899}, Params{})
	if err != nil {
		t.Fatal(err)
	}
	y, err := b.Accept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	msgs := numbered(2000, 2, 2000)
	go sendAll(t, x, msgs)
	if got, _, err := collect(y, len(msgs)); err != nil {
		t.Fatalf("%d, %v", len(got), err)
	}
	if _, err := NewUser(UDP()).Open(Addr{IPs: a.Local().IPs, Port: 9, UDP: 29899}, Params{}); err == nil ||
		!strings.Contains(err.Error(), "used by another program") {
		t.Errorf("%v", err)
	}
	if _, err := NewUser(UDP()).Open(Addr{IPs: []netip.Addr{netip.MustParseAddr("192.0.2.1")}, Port: 9, UDP: 29899},
		Params{}); err == nil || !strings.Contains(err.Error(), "not an address of this machine") {
		t.Errorf("%v", err)
	}
}

// fake makes an association without a handshake: tags 11 and 22, TSNs 100 and 1.
func (e *endpoint) fake(peer netip.Addr) *assoc {
	return e.fakeWith(peer, [2]uint32{11, 22}, [2]uint32{100, 1})
}

// fakeWith takes our own tag and TSN first, then those of the far end.
func (e *endpoint) fakeWith(peer netip.Addr, tags, tsns [2]uint32) *assoc {
	a := newAssoc(e, 1024, e.params)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.localTag, a.nextTSN = tags[0], tsns[0]
	a.clock()
	a.adopt(&cookie{peerTag: tags[1], peerTSN: tsns[1], peerWindow: 1 << 22, out: 17, in: 17,
		addrs: []netip.Addr{peer}}, e.wires[0], netip.AddrPortFrom(peer, 0))
	a.establish()
	return a
}

func netipPort(a Addr) netip.AddrPort { return netip.AddrPortFrom(a.IPs[0], a.UDP) }
