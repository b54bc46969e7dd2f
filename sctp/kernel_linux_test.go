package sctp

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// kernelTransport skips where the kernel has no SCTP, unless GOSTP_KERNEL=1 says
// that it must have.
func kernelTransport(t testing.TB) Transport {
	k, err := Kernel()
	if err != nil {
		if os.Getenv("GOSTP_KERNEL") == "1" {
			t.Fatal(err)
		}
		t.Skip("labs/kernel/test.sh runs this in a guest that has SCTP; here: ", err)
	}
	return k
}

// quick has settings with which a dead far end is found in about a second.
var quick = Params{RTOInitial: 200 * time.Millisecond, RTOMin: 50 * time.Millisecond, RTOMax: 300 * time.Millisecond,
	Heartbeat: 200 * time.Millisecond, InitRetrans: 3, PathRetrans: 2, AssocRetrans: 4}

var loopA, loopB = netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("127.0.0.2")

// kernelPair is two endpoints of the kernel on the loopback.
type kernelPair struct {
	t    *testing.T
	a, b Endpoint
}

func openKernel(t testing.TB, p Params, port uint16, ips ...netip.Addr) Endpoint {
	t.Helper()
	e, err := kernelTransport(t).Open(Addr{IPs: ips, Port: port}, p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

func newKernelPair(t *testing.T, p Params) *kernelPair {
	return &kernelPair{t, openKernel(t, p, 2905, loopA), openKernel(t, p, 2905, loopB)}
}

func (x *kernelPair) connect() (a, b Assoc) {
	x.t.Helper()
	a, err := x.a.Dial(x.t.Context(), x.b.Local(), Params{})
	if err != nil {
		x.t.Fatal(err)
	}
	if b, err = x.b.Accept(x.t.Context()); err != nil {
		x.t.Fatal(err)
	}
	return a, b
}

func ends(t *testing.T, a Assoc, kind EventKind, why string) {
	t.Helper()
	_, ev, err := collect(a, 1<<30)
	if !errors.Is(err, io.EOF) || len(ev) == 0 || ev[len(ev)-1].Kind != kind || !strings.Contains(ev[len(ev)-1].Why, why) {
		t.Errorf("%+v, %v; want %d with %q", ev, err, kind, why)
	}
}

// watchLeaks compares descriptors and goroutines at the end with those at the start.
func watchLeaks(t *testing.T) {
	t.Helper()
	if r, w, err := os.Pipe(); err == nil { // the poller's own descriptors
		r.Close()
		w.Close()
	}
	fds := func() int { d, _ := os.ReadDir("/proc/self/fd"); return len(d) }
	g, f := runtime.NumGoroutine(), fds()
	t.Cleanup(func() {
		for range 500 {
			if runtime.NumGoroutine() <= g && fds() <= f {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		buf := make([]byte, 1<<16)
		t.Errorf("goroutines %d before, %d after; descriptors %d before, %d after\n%s", g, runtime.NumGoroutine(), f,
			fds(), buf[:runtime.Stack(buf, true)])
	})
}

func TestKernelExchange(t *testing.T) {
	watchLeaks(t)
	for _, single := range []bool{false, true} {
		x := newKernelPair(t, Params{Single: single})
		a, b := x.connect()
		msgs := numbered(20000, 17, 1500)
		for _, d := range [][2]Assoc{{a, b}, {b, a}} {
			go sendAll(t, d[0], msgs)
			got, ev, err := collect(d[1], len(msgs))
			if err != nil || len(ev) > 0 {
				t.Fatal(len(got), ev, err)
			}
			inOrder(t, msgs, got)
		}
		s := a.Status()
		if s.State != "ESTABLISHED" || s.OutStreams != 17 || s.Stats.SentMessages != 20000 ||
			s.Stats.RecvMessages != 20000 || len(s.Paths) != 1 || !s.Paths[0].Active || !s.Paths[0].Primary ||
			s.Stats.SentChunks < 20000 || s.Paths[0].MTU == 0 {
			t.Errorf("%+v", s)
		}
		x.a.Close()
		ends(t, a, Lost, "the port is closed")
		ends(t, b, Lost, "the port is closed")
		x.b.Close()
	}
}

// Messages of all sizes arrive whole: longer than a slot, than a batch, than the
// receive buffer's partial delivery.
func TestKernelLongMessages(t *testing.T) {
	watchLeaks(t)
	x := newKernelPair(t, Params{})
	defer x.a.Close()
	defer x.b.Close()
	a, b := x.connect()
	var msgs []Message
	for i, n := range []int{1, 2047, 2048, 2049, 4096, 4097, 65535, 65536, 1, 200000, 3, 70000, 1 << 20, 5} {
		d := make([]byte, n)
		for j := range d {
			d[j] = byte(j*7 + i)
		}
		msgs = append(msgs, Message{Stream: uint16(i % 3), PPID: uint32(i), Data: d})
	}
	var all []Message
	for range 10 {
		all = append(all, msgs...)
	}
	go sendAll(t, a, all)
	got, ev, err := collect(b, len(all))
	if err != nil || len(ev) > 0 {
		t.Fatal(len(got), ev, err)
	}
	inOrder(t, all, got)
	if n, err := a.Send([]Message{{Unordered: true, PPID: 9, Data: []byte("u")}}); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	if got, _, err := collect(b, 1); err != nil || !got[0].Unordered || got[0].PPID != 9 {
		t.Error(got, err)
	}
	if n, err := a.Send([]Message{{Data: make([]byte, kernelMaxMessage+1)}}); n != 0 || err == nil {
		t.Error(n, err)
	}
}

func TestKernelEnds(t *testing.T) {
	watchLeaks(t)
	x := newKernelPair(t, quick)
	defer x.a.Close()
	defer x.b.Close()
	for range 3 {
		a, b := x.connect()
		for _, m := range []Message{{}, {Stream: 99, Data: []byte{1}}} {
			if n, err := a.Send([]Message{m}); n != 0 || err == nil || errors.Is(err, net.ErrClosed) {
				t.Error(n, err)
			}
		}
		a.Abort("the link was removed")
		ends(t, b, Lost, "the link was removed")
		ends(t, a, Lost, "the link was removed")
		for _, e := range []Assoc{a, b} {
			if n, err := e.Send(numbered(1, 1, 1)); n != 0 || !errors.Is(err, net.ErrClosed) {
				t.Error(n, err)
			}
			if s := e.Status(); s.State != "CLOSED" || !strings.Contains(s.LastError, "aborted") {
				t.Errorf("%+v", s)
			}
		}
		a, b = x.connect()
		msgs := numbered(5000, 3, 900)
		sendAll(t, a, msgs)
		a.Close()
		if _, err := a.Send(numbered(1, 1, 1)); !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
		got, ev, err := collect(b, 1<<30)
		if len(got) != len(msgs) || !errors.Is(err, io.EOF) || len(ev) == 0 || ev[len(ev)-1].Kind != Closed {
			t.Error(len(got), ev, err)
		}
		ends(t, a, Closed, "by this end")
		// Nobody reads the end of these.
		a, b = x.connect()
		a.Close()
		b.Close()
	}
}

func TestKernelDial(t *testing.T) {
	watchLeaks(t)
	x := newKernelPair(t, quick)
	defer x.a.Close()
	defer x.b.Close()
	if _, err := x.a.Dial(t.Context(), Addr{IPs: []netip.Addr{loopB}, Port: 7}, Params{}); err == nil ||
		!strings.Contains(err.Error(), "nothing is open there on port 7") {
		t.Errorf("closed port: %v", err)
	}
	silent := Addr{IPs: []netip.Addr{silentAddr(t)}, Port: 7}
	quiet := openKernel(t, quick, 2905, netip.MustParseAddr("10.99.0.1"))
	defer quiet.Close()
	if _, err := quiet.Dial(t.Context(), silent, Params{}); err == nil ||
		!strings.Contains(err.Error(), "does not answer: 3 times INIT") {
		t.Errorf("nobody: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := quiet.Dial(ctx, silent, Params{InitRetrans: 100}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("cancelled: %v", err)
	}
	done := make(chan error)
	go func() { _, err := quiet.Dial(t.Context(), silent, Params{InitRetrans: 100}); done <- err }()
	time.Sleep(20 * time.Millisecond)
	if _, err := quiet.Dial(t.Context(), silent, Params{}); !errors.Is(err, ErrExists) {
		t.Errorf("twice: %v", err)
	}
	a, _ := x.connect()
	if _, err := x.a.Dial(t.Context(), x.b.Local(), Params{}); !errors.Is(err, ErrExists) {
		t.Errorf("twice: %v", err)
	}
	if _, err := kernelTransport(t).Open(x.a.Local(), Params{}); err == nil ||
		!strings.Contains(err.Error(), "open already") {
		t.Errorf("the same port twice: %v", err)
	}
	if _, err := kernelTransport(t).Open(Addr{IPs: []netip.Addr{netip.MustParseAddr("192.0.2.77")}, Port: 9},
		Params{}); err == nil || !strings.Contains(err.Error(), "not (all) addresses of this machine") {
		t.Errorf("%v", err)
	}
	quiet.Close()
	if err := <-done; !errors.Is(err, net.ErrClosed) {
		t.Errorf("closed under a dial: %v", err)
	}
	x.b.Close()
	if _, err := x.b.Accept(t.Context()); !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
	ends(t, a, Lost, "the port is closed")
}

// silentAddr is an address from which nothing comes back: one of a dummy interface.
func silentAddr(t *testing.T) netip.Addr {
	sh(t, "ip link add quiet type dummy && ip addr add 10.99.0.1/24 dev quiet && ip link set quiet up && ip neigh add "+
		"10.99.0.2 lladdr 02:00:00:00:00:02 dev quiet")
	t.Cleanup(func() { sh(t, "ip link del quiet") })
	return netip.MustParseAddr("10.99.0.2")
}

// Both ends dial each other from the ports that they listen on: one association,
// whoever is first.
func TestKernelCollision(t *testing.T) {
	watchLeaks(t)
	for i := range 200 {
		x := newKernelPair(t, quick)
		result := make(chan Assoc, 2)
		for _, d := range [][2]Endpoint{{x.a, x.b}, {x.b, x.a}} {
			go func() {
				a, err := d[0].Dial(t.Context(), d[1].Local(), Params{})
				if errors.Is(err, ErrExists) {
					a, err = d[0].Accept(t.Context())
				}
				if err != nil {
					t.Error(err)
				}
				result <- a
			}()
			time.Sleep(time.Duration(i%20) * 20 * time.Microsecond)
		}
		a, b := <-result, <-result
		if t.Failed() {
			t.FailNow()
		}
		for _, d := range [][2]Assoc{{a, b}, {b, a}} {
			sendAll(t, d[0], numbered(100, 2, 50))
			got, ev, err := collect(d[1], 100)
			if err != nil || len(got) != 100 {
				t.Fatalf("%d: %d messages, %+v, %v", i, len(got), ev, err)
			}
			if len(ev) > 0 {
				t.Logf("%d: %+v", i, ev)
			}
		}
		for _, e := range []Endpoint{x.a, x.b} {
			e.Close()
		}
	}
}

// A reader that sleeps stops the sender with ErrFull; then everything arrives.
func TestKernelFull(t *testing.T) {
	watchLeaks(t)
	x := newKernelPair(t, Params{SendBuffer: 100000, RecvBuffer: 200000})
	defer x.a.Close()
	defer x.b.Close()
	a, b := x.connect()
	sent := 0
	data := make([]byte, 500)
	for full := 0; full < 20; {
		binary.BigEndian.PutUint64(data, uint64(sent))
		n, err := a.Send([]Message{{Stream: 1, Data: data}})
		sent += n
		if errors.Is(err, ErrFull) {
			full++
			time.Sleep(10 * time.Millisecond)
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if q := a.Status().SendQueued; q < 50000 {
		t.Errorf("only %d octets are said to wait", q)
	}
	got, ev, err := collect(b, sent)
	if err != nil || len(ev) > 0 {
		t.Fatal(len(got), ev, err)
	}
	for i, m := range got {
		if binary.BigEndian.Uint64(m.Data) != uint64(i) {
			t.Fatalf("message %d at place %d", binary.BigEndian.Uint64(m.Data), i)
		}
	}
	// An abort tells of what was accepted and is not delivered.
	for {
		if _, err := a.Send([]Message{{Stream: 1, Data: data}}); err != nil {
			break
		}
	}
	a.Abort("enough")
	_, ev, err = collect(a, 1)
	if !errors.Is(err, io.EOF) || len(ev) != 2 || ev[0].Kind != SendFailed || ev[1].Kind != Lost {
		t.Errorf("%+v, %v", ev, err)
	}
}

func TestKernelCounters(t *testing.T) {
	c := kernelTransport(t).Counters()
	if !strings.Contains(fmt.Sprint(c), "SctpOutSCTPPacks") {
		t.Error(c)
	}
}

// The kernel tells what the far end has taken, so a far end that reads nothing any more is found out.
func TestKernelStalled(t *testing.T) {
	watchLeaks(t)
	x := newKernelPair(t, Params{SendBuffer: 100000, RecvBuffer: 200000})
	defer x.a.Close()
	defer x.b.Close()
	a, b := x.connect()
	stalls(t, a, b, Message{Stream: 1, Data: make([]byte, 500)})
}
