package sctp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// dialFar connects as soon as the far process listens.
func dialFar(t *testing.T, e Endpoint) Assoc {
	t.Helper()
	for range 500 {
		a, err := e.Dial(t.Context(), farAddr, Params{})
		if err == nil {
			return a
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("the far process does not listen")
	return nil
}

// echoed is what came back: events in order, and numbers that must be 0, 1, 2, ...
type echoed struct {
	t      *testing.T
	a      Assoc
	sent   uint64
	next   uint64
	events []Event
	b      *Batch
	err    error
}

func (x *echoed) send(n int) {
	x.t.Helper()
	for range n {
		sendAll(x.t, x.a, []Message{{Stream: 1, PPID: 5, Data: binary.BigEndian.AppendUint64(make([]byte, 0, 100), x.sent)}})
		x.sent++
	}
}

// read takes what there is until done says so, or the end.
func (x *echoed) read(done func() bool) {
	x.t.Helper()
	for !done() {
		if x.err = x.a.Read(x.b); x.err != nil {
			return
		}
		for _, it := range x.b.Items {
			if it.Event != nil {
				x.events = append(x.events, *it.Event)
			} else if n := binary.BigEndian.Uint64(it.Data); n != x.next {
				x.t.Fatalf("number %d came in place of %d", n, x.next)
			} else {
				x.next++
			}
		}
	}
}

func (x *echoed) all() bool { return x.next == x.sent }

func (x *echoed) saw(k EventKind, ip int) func() bool {
	return func() bool {
		return slices.ContainsFunc(x.events, func(e Event) bool { return e.Kind == k && (ip < 0 || e.Addr == farIPs[ip]) })
	}
}

func farEcho(t *testing.T) *echoed {
	watchLeaks(t)
	farSide(t)
	return &echoed{t: t, b: NewBatch(64)}
}

func pathOf(a Assoc, n int) PathStatus {
	for _, p := range a.Status().Paths {
		if p.Addr == farIPs[n] {
			return p
		}
	}
	return PathStatus{}
}

// One path of two dies under traffic and returns; then an address is taken away; then
// both paths die.
func TestKernelPaths(t *testing.T) {
	x := farEcho(t)
	startFar(t, "accept")
	e := openKernel(t, quick, 2905, nearIPs...)
	defer e.Close()
	x.a = dialFar(t, e)
	if r := x.a.Remote(); len(r.IPs) != 2 {
		t.Fatalf("%+v", r)
	}
	for !pathOf(x.a, 1).Confirmed {
		time.Sleep(20 * time.Millisecond)
	}
	if err := x.a.SetPrimary(farIPs[0]); err != nil {
		t.Error(err)
	}
	if err := x.a.SetPrimary(nearIPs[0]); err == nil || !strings.Contains(err.Error(),
		"is not an address of this association") {
		t.Error(err)
	}
	x.send(200)
	x.read(x.all)
	cut(t, 1, true)
	x.send(500)
	x.read(x.all)
	x.read(x.saw(PathDown, 0))
	if p := pathOf(x.a, 0); p.Active || p.Why == "" || !pathOf(x.a, 1).Active {
		t.Errorf("%+v", x.a.Status().Paths)
	}
	cut(t, 1, false)
	x.read(x.saw(PathUp, 0))
	if !pathOf(x.a, 0).Active {
		t.Errorf("%+v", x.a.Status().Paths)
	}
	x.events = nil
	sh(t, "ip -n gostpfar addr del 10.201.1.2/24 dev gv1")
	x.send(500)
	x.read(x.all)
	x.read(x.saw(PathDown, 0))
	sh(t, "ip -n gostpfar addr add 10.201.1.2/24 dev gv1")
	x.read(x.saw(PathUp, 0))
	cut(t, 1, true)
	cut(t, 2, true)
	x.send(1)
	x.read(func() bool { return false })
	last := x.events[len(x.events)-1]
	if !errors.Is(x.err, io.EOF) || last.Kind != Lost || !strings.Contains(last.Why, "silent") ||
		!x.saw(SendFailed, -1)() {
		t.Errorf("%+v, %v", x.events, x.err)
	}
	cut(t, 1, false)
	cut(t, 2, false)
	x = &echoed{t: t, b: x.b, a: dialFar(t, e)}
	x.send(10)
	x.read(x.all)
}

// A far end that dies without a word and comes again is a Restart of the old association. What follows is new.
func TestKernelRestart(t *testing.T) {
	x := farEcho(t)
	// A far end that remembers nothing answers a HEARTBEAT with ABORT; its INIT must be first.
	e := openKernel(t, Params{Heartbeat: -1}, 2905, nearIPs...)
	defer e.Close()
	old := startFar(t, "dial")
	var err error
	if x.a, err = e.Accept(t.Context()); err != nil {
		t.Fatal(err)
	}
	x.send(10)
	x.read(x.all)
	for range 3 {
		cut(t, 1, true)
		cut(t, 2, true)
		old.kill()
		// The far kernel gives up on a dead process's association after some seconds:
		// a new namespace is a far end that remembers nothing.
		sh(t, "ip netns del gostpfar; ip link del gv1 2>/dev/null; ip link del gv2 2>/dev/null; true")
		farSideAgain(t)
		x.events = nil
		old = startFar(t, "dial")
		x.read(x.saw(Restart, -1))
		x.send(20)
		x.read(x.all)
	}
	if s := x.a.Status(); s.State != "ESTABLISHED" || !strings.Contains(s.LastError, "restarted") {
		t.Errorf("%+v", s)
	}
	old.kill() // now its kernel can say so
	x.read(func() bool { return false })
	if last := x.events[len(x.events)-1]; !errors.Is(x.err, io.EOF) || last.Kind != Closed && last.Kind != Lost {
		t.Errorf("%+v, %v", x.events, x.err)
	}
}

func farSideAgain(t *testing.T) {
	sh(t, "ip netns add gostpfar && ip -n gostpfar link set lo up")
	for n := 1; n <= 2; n++ {
		sh(t, fmt.Sprintf("ip link add gv%[1]d type veth peer name gv%[1]d netns gostpfar && ip addr add "+
			"10.201.%[1]d.1/24 dev gv%[1]d && ip link set gv%[1]d up && "+
			"ip -n gostpfar addr add 10.201.%[1]d.2/24 dev gv%[1]d && ip -n gostpfar link set gv%[1]d up", n))
	}
}

// A far end that is frozen for ten seconds: the kernel answers for it, its window
// closes, our queue fills, Send says so and never blocks; then everything arrives.
func TestKernelFrozen(t *testing.T) {
	x := farEcho(t)
	f := startFar(t, "accept")
	p := quick
	p.SendBuffer = 200000
	e := openKernel(t, p, 2905, nearIPs...)
	defer e.Close()
	x.a = dialFar(t, e)
	x.send(10)
	x.read(x.all)
	f.signal(syscall.SIGSTOP)
	data := make([]byte, 1000)
	full := 0
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); {
		binary.BigEndian.PutUint64(data, x.sent)
		switch n, err := x.a.Send([]Message{{Stream: 1, Data: data}}); {
		case n == 1:
			x.sent++
		case errors.Is(err, ErrFull):
			full++
			time.Sleep(time.Millisecond)
		default:
			t.Fatal(err)
		}
	}
	if full == 0 || x.a.Status().SendQueued < 200000 {
		t.Errorf("%d times full, %d octets wait", full, x.a.Status().SendQueued)
	}
	f.signal(syscall.SIGCONT)
	x.read(x.all)
	if slices.ContainsFunc(x.events, func(e Event) bool { return e.Kind == Lost || e.Kind == SendFailed }) {
		t.Errorf("%+v", x.events)
	}
}

func TestKernelThousand(t *testing.T) {
	watchLeaks(t)
	x := newKernelPair(t, Params{})
	defer x.a.Close()
	defer x.b.Close()
	var as, bs []Assoc
	// A port has one association with a port of the far end: each dials from its own.
	for i := range 1000 {
		e := openKernel(t, Params{RecvBuffer: 65536, SendBuffer: 65536}, uint16(10000+i), loopA)
		defer e.Close()
		a, err := e.Dial(t.Context(), x.b.Local(), Params{})
		if err != nil {
			t.Fatal(i, err)
		}
		b, err := x.b.Accept(t.Context())
		if err != nil {
			t.Fatal(i, err)
		}
		as, bs = append(as, a), append(bs, b)
	}
	for i, a := range as {
		sendAll(t, a, numbered(3, 1, 100))
		if got, _, err := collect(bs[i], 3); len(got) != 3 || err != nil {
			t.Fatal(len(got), err)
		}
	}
	for i, a := range as {
		if i%2 == 0 {
			a.Close()
			ends(t, bs[i], Closed, "by the far end")
			ends(t, a, Closed, "by this end")
		} else {
			a.Abort("down")
			ends(t, bs[i], Lost, "down")
		}
	}
}

// Cycles of connecting and resetting, by either end, leave nothing behind.
func TestKernelCycles(t *testing.T) {
	watchLeaks(t)
	n, _ := strconv.Atoi(os.Getenv("CYCLES"))
	n = max(n, 200)
	x := newKernelPair(t, quick)
	defer x.a.Close()
	defer x.b.Close()
	var before, after runtime.MemStats
	for i := range n {
		if i == n/10 {
			runtime.GC()
			runtime.ReadMemStats(&before)
		}
		a, b := x.connect()
		if i%2 == 0 {
			a, b = b, a
		}
		a.Abort("again")
		ends(t, b, Lost, "again")
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if int64(after.HeapAlloc)-int64(before.HeapAlloc) > 4<<20 {
		t.Errorf("heap of %d octets after a tenth, %d at the end", before.HeapAlloc, after.HeapAlloc)
	}
}
