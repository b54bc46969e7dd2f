package sctp

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math/rand"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// tcpEnd opens a port of TCP at a loopback address.
func tcpEnd(t testing.TB, ip string, port uint16, p Params) Endpoint {
	t.Helper()
	e, err := TCP().Open(Addr{IPs: []netip.Addr{netip.MustParseAddr(ip)}, Port: port}, p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

// tcpPair is a connection between two ports.
func tcpPair(t testing.TB, p Params) (a, b Assoc) {
	t.Helper()
	x, y := tcpEnd(t, "127.0.0.1", 0, p), tcpEnd(t, "127.0.0.2", 0, p)
	return tcpJoin(t, x, y)
}

func tcpJoin(t testing.TB, x, y Endpoint) (a, b Assoc) {
	t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), 20*time.Second)
	defer stop()
	a, err := x.Dial(ctx, y.Local(), Params{})
	if err != nil {
		t.Fatal(err)
	}
	if b, err = y.Accept(ctx); err != nil {
		t.Fatal(err)
	}
	return a, b
}

// tcpMessage is a message with a common header, of type t of class c.
func tcpMessage(c, t byte, body string) []byte {
	m := append([]byte{1, 0, c, t, 0, 0, 0, 0}, body...)
	binary.BigEndian.PutUint32(m[4:], uint32(len(m)))
	return m
}

// headed puts what TCP does not carry into the messages, behind a common header. So the suite for all
// transports holds for this one.
type headed struct{ Assoc }

func (h headed) Send(msgs []Message) (int, error) {
	out := slices.Clone(msgs)
	for i := range out {
		if m := &out[i]; len(m.Data) > 0 && m.Stream < 17 {
			body := binary.BigEndian.AppendUint16(nil, m.Stream)
			body = binary.BigEndian.AppendUint32(body, m.PPID)
			if m.Unordered {
				body = append(body, 1)
			} else {
				body = append(body, 0)
			}
			m.Data, m.Stream = tcpMessage(1, 1, string(body)+string(m.Data)), 1
		}
	}
	return h.Assoc.Send(out)
}

func (h headed) Read(b *Batch) error {
	err := h.Assoc.Read(b)
	for i := range b.Items {
		if it := &b.Items[i]; it.Event == nil {
			d := it.Data[8:]
			it.Stream, it.PPID, it.Unordered, it.Data = binary.BigEndian.Uint16(d), binary.BigEndian.Uint32(d[2:]),
				d[6] == 1, d[7:]
		}
	}
	return err
}

func TestConformanceOfTCP(t *testing.T) {
	conformance(t, func(t *testing.T, p Params) joined {
		a, b := tcpPair(t, p)
		return joined{a: headed{a}, b: headed{b}, end: func() {}}
	}, inRealTime)
}

func TestTCPOverIPv6(t *testing.T) {
	if l, err := net.Listen("tcp6", "[::1]:0"); err != nil {
		t.Log("this machine has no IPv6:", err)
		return
	} else {
		l.Close()
	}
	x, y := tcpEnd(t, "::1", 0, Params{DSCP: 46}), tcpEnd(t, "::1", 0, Params{})
	a, b := tcpJoin(t, x, y)
	sendAll(t, a, []Message{{Stream: 1, Data: tcpMessage(1, 1, "data")}})
	if got, _, err := collect(b, 1); err != nil || a.Status().LastError != "" {
		t.Error(got, err, a.Status())
	}
	if _, err := x.Dial(t.Context(), Addr{IPs: []netip.Addr{netip.MustParseAddr("127.0.0.1")}, Port: 2905},
		Params{}); err == nil || !strings.Contains(err.Error(), "one is IPv4, the other IPv6") {
		t.Error(err)
	}
}

// What arrives has the stream that M3UA looks for.
func TestTCPStreams(t *testing.T) {
	a, b := tcpPair(t, Params{})
	sendAll(t, a, []Message{{Stream: 1, Data: tcpMessage(1, 1, "data")}, {Data: tcpMessage(3, 1, "")}})
	got, _, err := collect(b, 2)
	if err != nil || got[0].Stream != 1 || got[1].Stream != 0 || got[0].PPID != 0 || string(got[0].Data[8:]) != "data" {
		t.Error(got, err)
	}
}

// raw is a connection whose far end is played by the test.
func raw(t *testing.T, p Params) (Assoc, net.Conn) {
	t.Helper()
	e := tcpEnd(t, "127.0.0.1", 0, p)
	c, err := net.Dial("tcp", netip.AddrPortFrom(e.Local().IPs[0], e.Local().Port).String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	a, err := e.Accept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return a, c
}

// emptyHanded is a listener of a program that has no descriptor left.
type emptyHanded struct{ errs []error }

func (e *emptyHanded) AcceptTCP() (*net.TCPConn, error) {
	if len(e.errs) == 0 {
		return nil, net.ErrClosed
	}
	err := e.errs[0]
	e.errs = e.errs[1:]
	return nil, &net.OpError{Op: "accept", Net: "tcp", Err: os.NewSyscallError("accept4", err)}
}

// A port goes on when there is no descriptor for a connection, and that is reported. It is not reported for a
// connection that was gone before it was taken.
func TestTCPWithoutDescriptors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		transport := TCP().(*tcp)
		told := make(chan string, 9)
		transport.OnLack(func(why string) { told <- why })
		e := &tcpEndpoint{transport: transport, closed: make(chan struct{})}
		e.listen(&emptyHanded{[]error{syscall.ECONNABORTED, syscall.EMFILE, syscall.ENFILE}})
		synctest.Wait()
		if len(told) != 2 {
			t.Fatalf("told %d times", len(told))
		}
		if why := <-told + <-told; !strings.Contains(why, "too many open files") {
			t.Error(why)
		}
	})
}

// Each way in which a connection ends has its reason; what came before is delivered.
func TestTCPEnds(t *testing.T) {
	good := tcpMessage(3, 1, "")
	for _, c := range []struct {
		name string
		tail string
		kind EventKind
		why  string
		rst  bool
		here bool // this end ends it
	}{
		{"closed", "", Closed, "closed by 127.0.0.1", false, false},
		{"reset", "", Lost, "reset by 127.0.0.1", true, false},
		{"in a header", "\x01\x00\x01", Lost, "in the middle of a message", false, false},
		{"in a message", string(tcpMessage(1, 1, "1234567890")[:10]), Lost, "in the middle of a message", false, false},
		{"length of 7", "\x01\x00\x01\x01\x00\x00\x00\x07", Lost, "garbled: a message header says a length of 7 octets, " +
			"and 8 to 131072 can be (header 01 00 01 01 00 00 00 07); connection closed", false, true},
		{"length of 4 GB", "\x01\x00\x01\x01\xff\xff\xff\xff", Lost, "a length of 4294967295 octets", false, true},
		{"another protocol", "GET / HTTP/1.1\r\n\r\n", Lost, "garbled", false, true},
	} {
		a, far := raw(t, Params{})
		if _, err := far.Write(append(append(slices.Clone(good), good...), c.tail...)); err != nil {
			t.Fatal(err)
		}
		if got, _, err := collect(a, 2); len(got) != 2 || err != nil {
			t.Fatal(c.name, len(got), err)
		}
		if c.rst {
			_ = far.(*net.TCPConn).SetLinger(0)
		}
		if !c.here {
			far.Close()
		}
		if e, _ := last(t, a); e.Kind != c.kind || !strings.Contains(e.Why, c.why) {
			t.Errorf("%s: %+v", c.name, e)
		}
		if _, err := a.Send([]Message{{Data: good}}); !errors.Is(err, net.ErrClosed) {
			t.Error(c.name, err)
		}
		if err := a.Read(NewBatch(1)); !errors.Is(err, io.EOF) {
			t.Error(c.name, err)
		}
		if s := a.Status(); s.State != "CLOSED" || s.Paths[0].Active {
			t.Errorf("%s: %+v", c.name, s)
		}
	}
}

// The system tells its error to the reader or to the writer, and the other hears of the end alone. The reason is that
// error, also when the writer has been told and the reader comes first. The test is the writer here, which waits for
// room until the reader hurries it.
func TestTCPEndsForReaderAndWriter(t *testing.T) {
	for _, c := range []struct {
		reader, writer error
		kind           EventKind
		why            string
	}{
		{io.EOF, syscall.ETIMEDOUT, Lost, "127.0.0.1 is silent, or takes nothing any more"},
		{syscall.ETIMEDOUT, syscall.EPIPE, Lost, "127.0.0.1 is silent, or takes nothing any more"},
		{syscall.ECONNRESET, syscall.EPIPE, Lost, "reset by 127.0.0.1"},
		{io.EOF, syscall.EPIPE, Lost, "reset by 127.0.0.1"},
		{io.EOF, os.ErrDeadlineExceeded, Closed, "closed by 127.0.0.1"}, // it was told nothing
	} {
		end, _ := raw(t, Params{})
		a := end.(*tcpAssoc)
		a.waits, a.drained = true, make(chan struct{})
		go func() {
			defer close(a.drained)
			var err error
			for err == nil {
				_, err = a.conn.Write(make([]byte, 1024))
			}
			a.mu.Lock()
			defer a.mu.Unlock()
			a.waits, a.failure = false, c.writer
		}()
		b := NewBatch(1)
		a.finish(b, c.reader)
		if e := b.Items[len(b.Items)-1].Event; e.Kind != c.kind || !strings.Contains(e.Why, c.why) {
			t.Errorf("the reader hears %v, the writer %v: %+v", c.reader, c.writer, e)
		}
	}
}

// What was sent before this end aborts is read before the far end hears of the abort: an ASP takes its leave
// and goes.
func TestTCPLeave(t *testing.T) {
	a, b := tcpPair(t, Params{})
	sendAll(t, a, []Message{{Data: tcpMessage(4, 2, "")}, {Data: tcpMessage(3, 2, "")}})
	a.Abort("the node stops")
	got, ev, err := collect(b, 3)
	if len(got) != 2 || !errors.Is(err, io.EOF) || len(ev) != 1 || ev[0].Kind != Lost ||
		ev[0].Why != "reset by 127.0.0.1" {
		t.Error(len(got), ev, err)
	}
}

// A far end that reads nothing holds up nobody. Send takes what fits and says when it is full, and the memory
// has a bound. Nothing that was accepted is lost once the far end reads.
func TestTCPSlowReader(t *testing.T) {
	const buffer = 1 << 18
	a, b := tcpPair(t, Params{SendBuffer: buffer})
	msg := []Message{{Stream: 1, Data: tcpMessage(1, 1, strings.Repeat("x", 1000))}}
	sent := 0
	for {
		n, err := a.Send(msg)
		sent += n
		if errors.Is(err, ErrFull) {
			break
		}
		if err != nil || sent > 1<<16 {
			t.Fatal(sent, err)
		}
	}
	x := a.(*tcpAssoc)
	x.mu.Lock()
	waiting, memory := len(x.queue)-x.head, cap(x.queue)
	x.mu.Unlock()
	if waiting > buffer || memory > 8*buffer {
		t.Errorf("%d octets wait in %d of memory", waiting, memory)
	}
	if s := a.Status(); s.SendQueued < waiting {
		t.Errorf("%d octets wait, and %d are shown", waiting, s.SendQueued)
	}
	got, _, err := collect(b, sent)
	if err != nil || len(got) != sent {
		t.Error(len(got), sent, err)
	}
	a.Abort("end")
}

// What is left when the connection goes is told.
func TestTCPUndelivered(t *testing.T) {
	a, _ := tcpPair(t, Params{SendBuffer: 1 << 18})
	msg := []Message{{Stream: 1, Data: tcpMessage(1, 1, strings.Repeat("x", 60000))}}
	for {
		if _, err := a.Send(msg); err != nil {
			break
		}
	}
	a.Abort("enough")
	_, ev, err := collect(a, 1)
	if !errors.Is(err, io.EOF) || len(ev) != 2 || ev[0].Kind != SendFailed ||
		!strings.Contains(ev[0].Why, "not delivered") || ev[1].Why != "aborted by this end: enough" {
		t.Error(ev, err)
	}
}

// A far end that lives and reads nothing any more is given up. What it did not take is told.
func TestTCPFrozen(t *testing.T) {
	if !sharesPorts {
		t.Log("only Linux is told how patient to be")
		return
	}
	a, _ := tcpPair(t, Params{SendBuffer: 1 << 18, RTOMin: 50 * time.Millisecond, RTOMax: 50 * time.Millisecond})
	msg := []Message{{Stream: 1, Data: tcpMessage(1, 1, strings.Repeat("x", 60000))}}
	for {
		if _, err := a.Send(msg); err != nil {
			break
		}
	}
	e, before := last(t, a)
	if e.Kind != Lost || !strings.Contains(e.Why, "127.0.0.2 is silent, or takes nothing any more") ||
		kinds(before, SendFailed) != 1 {
		t.Error(e, before)
	}
}

// Both ends may set the connection up, each from the port that it listens at, and again at
// once after any end of it; nobody else gets the port.
func TestTCPPorts(t *testing.T) {
	if !sharesPorts {
		t.Log("connections go out from any port here")
		return
	}
	x, y := tcpEnd(t, "127.0.0.1", 0, Params{}), tcpEnd(t, "127.0.0.2", 0, Params{})
	if _, err := TCP().Open(x.Local(), Params{}); err == nil ||
		!strings.Contains(err.Error(), "in use by another program") {
		t.Error(err)
	}
	if _, err := TCP().Open(Addr{IPs: []netip.Addr{netip.MustParseAddr("192.0.2.1")}, Port: 2905},
		Params{}); err == nil || !strings.Contains(err.Error(), "not an address of this machine") {
		t.Error(err)
	}
	for i, end := range []func(a, b Assoc){
		func(a, b Assoc) { a.Abort("this end") },
		func(a, b Assoc) { b.Abort("that end") },
		func(a, b Assoc) { b.Close() },
		func(a, b Assoc) { x.Close() },
	} {
		a, b := tcpJoin(t, x, y)
		if a.Local().Port != x.Local().Port || b.Remote().Port != x.Local().Port {
			t.Error(a.Local(), b.Remote())
		}
		if _, err := x.Dial(t.Context(), y.Local(), Params{}); !errors.Is(err, ErrExists) {
			t.Error(i, err)
		}
		if _, err := y.Dial(t.Context(), x.Local(), Params{}); !errors.Is(err, ErrExists) {
			t.Error(i, err)
		}
		end(a, b)
		last(t, a)
		last(t, b)
	}
	if _, err := y.Dial(t.Context(), x.Local(), Params{}); err == nil ||
		!strings.Contains(err.Error(), "nobody listens there") {
		t.Error(err)
	}
	if _, err := x.Accept(t.Context()); !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
}

// A message over TCP costs no memory of its own, either way.
func TestTCPAllocations(t *testing.T) {
	a, b := tcpPair(t, Params{})
	msgs := make([]Message, 64)
	for i := range msgs {
		msgs[i] = Message{Stream: 1, Data: tcpMessage(1, 1, strings.Repeat("x", 90))}
	}
	batch := NewBatch(64)
	if n := testing.AllocsPerRun(200, func() {
		if n, err := a.Send(msgs); n != len(msgs) || err != nil {
			t.Fatal(n, err)
		}
		for got := 0; got < len(msgs); got += len(batch.Items) {
			if err := b.Read(batch); err != nil {
				t.Fatal(err)
			}
		}
	}); n > 1 {
		t.Errorf("%v allocations for %d messages", n, len(msgs))
	}
}

// FuzzFramer feeds octets in pieces of any size: the messages are what was fed, cut
// where their headers say, until the first length that cannot be.
func FuzzFramer(f *testing.F) {
	f.Add(append(tcpMessage(1, 1, "abc"), tcpMessage(3, 1, "")...), int64(1))
	f.Add([]byte("\x01\x00\x01\x01\x00\x00\x00\x07 and more"), int64(2))
	f.Add(tcpMessage(1, 1, strings.Repeat("y", 300)), int64(3))
	f.Fuzz(func(t *testing.T, b []byte, seed int64) {
		r, fr := rand.New(rand.NewSource(seed)), framer{}
		hold := new(sharing).holding(func(string) {})
		var got []byte
		var failed error
		for rest := b; len(rest) > 0 && failed == nil; {
			room := fr.room(hold)
			if len(room) == 0 || len(fr.buf) > tcpMaxMessage {
				t.Fatalf("room for %d octets in %d", len(room), len(fr.buf))
			}
			n := copy(room[:1+r.Intn(len(room))], rest)
			fr.filled(n)
			rest = rest[n:]
			for failed == nil {
				var m []byte
				if m, failed = fr.next(); m == nil {
					break
				}
				if n, err := frameLength(m); err != nil || n != len(m) {
					t.Fatalf("a message of %d octets: %d, %v", len(m), n, err)
				}
				got = append(got, m...)
			}
		}
		if !bytes.HasPrefix(b, got) {
			t.Fatal("messages are not what was fed")
		}
		left := b[len(got):]
		if len(left) < tcpHeader {
			if failed != nil {
				t.Fatal(failed)
			}
			return
		}
		if n, err := frameLength(left); (err == nil) != (failed == nil) || err == nil && n <= len(left) {
			t.Fatalf("stopped before a message of %d octets (%v): %v", n, err, failed)
		}
	})
}

// BenchmarkTCP is one message of 100 octets from Send to Read, in batches of 64.
func BenchmarkTCP(b *testing.B) {
	x, y := tcpPair(b, Params{})
	msgs := make([]Message, 64)
	for i := range msgs {
		msgs[i] = Message{Stream: 1, Data: tcpMessage(1, 1, strings.Repeat("x", 92))}
	}
	batch := NewBatch(64)
	b.ReportAllocs()
	for i := 0; i < b.N; i += len(msgs) {
		if n, err := x.Send(msgs); n != len(msgs) || err != nil {
			b.Fatal(n, err)
		}
		for got := 0; got < len(msgs); got += len(batch.Items) {
			if err := y.Read(batch); err != nil {
				b.Fatal(err)
			}
		}
	}
}
