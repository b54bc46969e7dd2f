package sctp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gostp/gostp/internal/lock"
)

const (
	tcpStreams = 2               // messages are said to be on stream 0, or on 1 for DATA
	tcpChunk   = 1 << 16         // octets of the queue that are offered to the system at a time
	tcpLinger  = 5 * time.Second // how long the far end has to close too
	tcpPause   = 20 * time.Millisecond
)

// tcpAssoc is a TCP connection. The only goroutine of ours that runs for it is its reader. While the socket has
// no room, there is another one that waits for room.
type tcpAssoc struct {
	endpoint *tcpEndpoint
	conn     *net.TCPConn
	rc       syscall.RawConn
	key      netip.AddrPort // of the far end
	local    netip.AddrPort
	since    time.Time
	release  sync.Once
	gone     chan struct{} // closed when the descriptor is

	in   framer   // in, hold and over are the reader's own
	hold *holding // the memory that in takes beyond what it begins with
	over bool     // the last item was delivered

	sentMessages, sentOctets, recvMessages, recvOctets atomic.Uint64

	mu       lock.Mutex[lock.TCPConnection]
	params   Params
	patience time.Duration // how long a far end may be silent before it is given up
	burden   burden
	// queue holds, from head on, what was accepted and not yet given to the system.
	queue     []byte
	head      int
	waits     bool          // a goroutine waits for room
	drained   chan struct{} // closed when that goroutine has ended
	closing   bool          // no more messages are accepted
	ended     *Event        // how this end ended the connection
	failure   error         // the error of sending
	lastError string
	stall     stallWatch
	dropped   uint64 // how many octets of the queue the system took
	// now writes; wrote and err are its results.
	now   func(fd uintptr)
	wrote int
	err   error
}

func newTCPAssoc(e *tcpEndpoint, c *net.TCPConn, p Params) *tcpAssoc {
	port := func(a net.Addr) netip.AddrPort {
		at := a.(*net.TCPAddr).AddrPort()
		return netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
	}
	a := &tcpAssoc{endpoint: e, conn: c, key: port(c.RemoteAddr()), local: port(c.LocalAddr()), since: time.Now(),
		gone: make(chan struct{})}
	a.rc, _ = c.SyscallConn() // this never fails for a connection
	a.now = func(fd uintptr) { a.wrote, a.err = writeNow(fd, a.queue[a.head:]) }
	// Unless it is closed in order, the connection ends with a reset. This leaves nothing in TIME-WAIT, which
	// would keep this end from dialling again from the same port.
	_ = c.SetLinger(0)
	a.hold, a.burden = e.transport.holding(a.Abort), e.transport.burden()
	a.Set(p)
	return a
}

func (a *tcpAssoc) Local() Addr {
	return Addr{IPs: []netip.Addr{a.local.Addr()}, Port: a.local.Port()}
}
func (a *tcpAssoc) Remote() Addr { return Addr{IPs: []netip.Addr{a.key.Addr()}, Port: a.key.Port()} }

// Confirmed implements Assoc. There is one address, and the handshake of TCP has proved it.
func (a *tcpAssoc) Confirmed() []netip.Addr { return []netip.Addr{a.key.Addr()} }

func (a *tcpAssoc) name() string { return a.key.Addr().String() }

// SetPrimary implements Assoc. There is one address to choose.
func (a *tcpAssoc) SetPrimary(ip netip.Addr) error {
	if ip.Unmap() != a.key.Addr() {
		return fmt.Errorf("a TCP connection has one path, here to %s", a.key.Addr())
	}
	return nil
}

// Set implements Assoc. A silent far end is given up after as long as SCTP would retransmit.
func (a *tcpAssoc) Set(p Params) {
	p = p.or(DefaultParams())
	give := max(backedOff(p.RTOMin, p.RTOMax, p.AssocRetrans), p.Stall)
	every := max(p.Heartbeat, time.Second) // systems count in seconds
	err := a.conn.SetKeepAliveConfig(net.KeepAliveConfig{Enable: p.Heartbeat >= 0, Idle: every, Interval: every,
		Count: p.AssocRetrans + 1})
	if err == nil {
		err = tuneTCP(a.conn, p.DSCP, give)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.params, a.patience = p, give
	if err != nil && !errors.Is(err, net.ErrClosed) {
		a.lastError = "settings that the system refuses: " + err.Error()
	}
}

// Read implements Assoc. It waits in Go's poller. What comes is not copied, so Data is valid only until the
// next Read, with whatever batch.
func (a *tcpAssoc) Read(b *Batch) error {
	b.Items = b.Items[:0]
	if a.over {
		return io.EOF
	}
	for {
		if err := a.cut(b); len(b.Items) > 0 {
			return nil
		} else if err != nil {
			a.endpoint.transport.garbled.Add(1)
			a.end(Event{Kind: Lost, Why: err.Error() + "; connection closed"})
			a.finish(b, err)
			return nil
		}
		room := a.room()
		if room == nil {
			a.end(Event{Kind: Lost, Why: "aborted by this end: " + noMemory})
			a.finish(b, net.ErrClosed)
			return nil
		}
		n, err := a.conn.Read(room)
		a.in.filled(n)
		if err != nil {
			a.finish(b, err)
			return nil
		}
	}
}

// noMemory is why an association ends when there is no room in the Budget for its message.
const noMemory = "there is no memory for its message: those that are not whole use up what there is"

// room gives the memory that the framer has for what comes next. When there is none for a long message, some
// other association is about to be aborted and frees its memory. Until then nothing is read, which closes TCP's
// window. room gives nil if there is still none afterwards.
func (a *tcpAssoc) room() []byte {
	for range tcpLinger / tcpPause {
		if room := a.in.room(a.hold); room != nil {
			return room
		}
		select {
		case <-a.gone:
			return nil
		case <-time.After(tcpPause):
		}
	}
	return nil
}

// cut fills b with the messages that are there.
func (a *tcpAssoc) cut(b *Batch) (err error) {
	octets := 0
	for len(b.Items) < max(cap(b.Items), 1) {
		var m []byte
		if m, err = a.in.next(); m == nil {
			break
		}
		octets += len(m)
		b.Items = append(b.Items, Item{Message: Message{Stream: streamOf(m), Data: m}})
	}
	a.recvMessages.Add(uint64(len(b.Items)))
	a.recvOctets.Add(uint64(octets))
	return err
}

// streamOf gives the stream on which SCTP would carry a message: the transfer class does not go on stream 0
// (RFC 4666 §1.4.7).
func streamOf(m []byte) uint16 {
	if m[2] == 1 {
		return 1
	}
	return 0
}

// finish gives the last items and frees the descriptor.
func (a *tcpAssoc) finish(b *Batch, err error) {
	a.mu.Lock()
	a.awaitWriter()
	left, ev := len(a.queue)-a.head, a.ended
	// The system tells its error once, to the reader or to the writer. The other hears of the end alone (EOF, EPIPE).
	if a.failure != nil && (errors.Is(err, io.EOF) || !errors.Is(a.failure, syscall.EPIPE)) {
		err = a.failure
	}
	switch {
	case ev != nil:
	case a.closing && errors.Is(err, io.EOF):
		ev = &Event{Kind: Closed, Why: "shut down by this end"}
	default:
		ev = a.outcome(err)
	}
	a.closing, a.lastError = true, ev.Why
	a.burden.close()
	a.mu.Unlock()
	if left > 0 {
		b.Items = append(b.Items, Item{Event: &Event{Kind: SendFailed,
			Why: fmt.Sprintf("%d octets that were accepted are not delivered: the connection ended", left)}})
	}
	b.Items = append(b.Items, Item{Event: ev})
	a.over = true
	a.in = framer{}
	a.hold.empty()
	if ev.Kind == Closed {
		_ = a.conn.SetLinger(-1) // the far end waits for our FIN
	} else {
		a.endpoint.transport.lost.Add(1)
	}
	a.free()
}

// awaitWriter waits until the goroutine that writes has ended, if there is one. The system may have told it already
// why the connection ended, and then tells a reader of the end alone. The caller holds mu, which is free meanwhile.
func (a *tcpAssoc) awaitWriter() {
	if !a.waits || a.failure != nil {
		return
	}
	ended := a.drained
	a.mu.Unlock()
	_ = a.conn.SetWriteDeadline(time.Now()) // an error means that it ends by itself
	<-ended
	a.mu.Lock()
	if errors.Is(a.failure, os.ErrDeadlineExceeded) {
		a.failure = nil // that was the deadline
	}
}

// outcome says what the end of a connection means, when this end did not end it. The caller holds mu.
func (a *tcpAssoc) outcome(err error) *Event {
	switch {
	case errors.Is(err, io.EOF) && a.in.partial():
		return &Event{Kind: Lost, Why: fmt.Sprintf("closed by %s in the middle of a message", a.name())}
	case errors.Is(err, io.EOF):
		return &Event{Kind: Closed, Why: "closed by " + a.name()}
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return &Event{Kind: Lost, Why: "reset by " + a.name()}
	case errors.Is(err, syscall.ETIMEDOUT), errors.Is(err, os.ErrDeadlineExceeded):
		return &Event{Kind: Lost, Why: fmt.Sprintf(
			"%s is silent, or takes nothing any more: no room for data and no acknowledgement in %v", a.name(), a.patience)}
	}
	return &Event{Kind: Lost, Why: fmt.Sprintf("the TCP connection with %s failed: %v", a.name(), err)}
}

// free closes the descriptor.
func (a *tcpAssoc) free() {
	a.release.Do(func() {
		a.conn.Close()
		a.endpoint.forget(a)
		close(a.gone)
	})
}

// Send implements Assoc. It gives the messages to the system in one call. What the system has no room for waits
// in our queue, up to Params.SendBuffer octets.
func (a *tcpAssoc) Send(msgs []Message) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closing || a.failure != nil {
		return 0, net.ErrClosed
	}
	sent, octets := 0, 0
	var err error
	for i := range msgs {
		d := msgs[i].Data
		if err = sendable(&msgs[i]); err != nil {
			break
		}
		waiting := len(a.queue) - a.head
		if waiting > 0 && waiting+len(d) > a.params.SendBuffer || a.burden.full(waiting+len(d)) {
			err = ErrFull
			break
		}
		a.queue = append(a.queue, d...)
		sent++
		octets += len(d)
	}
	a.sentMessages.Add(uint64(sent))
	a.sentOctets.Add(uint64(octets))
	if !a.waits {
		a.flush()
	}
	a.burden.reckon(len(a.queue) - a.head)
	return sent, err
}

// sendable refuses a message that would garble the stream.
func sendable(m *Message) error {
	if d := m.Data; m.Stream >= tcpStreams || len(d) < tcpHeader || len(d) > tcpMaxMessage ||
		int(binary.BigEndian.Uint32(d[4:])) != len(d) {
		return fmt.Errorf("message of %d octets for stream %d of %d cannot be sent over TCP: a common header with its "+
			"length comes first", len(d), m.Stream, tcpStreams)
	}
	return nil
}

// flush writes what waits. If the system has no room for all of it, a goroutine waits for room. The caller
// holds mu.
func (a *tcpAssoc) flush() {
	if a.head == len(a.queue) {
		return
	}
	if a.rc.Control(a.now) != nil {
		a.failure = net.ErrClosed
		return
	}
	a.drop(a.wrote)
	if a.err != nil {
		a.failure = a.err
	} else if a.head < len(a.queue) {
		a.waits, a.drained = true, make(chan struct{})
		go a.drain(a.drained)
	}
}

// drop forgets n octets of the queue. The caller holds mu.
func (a *tcpAssoc) drop(n int) {
	a.head += n
	a.dropped += uint64(n)
	a.burden.reckon(len(a.queue) - a.head)
	switch left := len(a.queue) - a.head; {
	case left == 0 && cap(a.queue) > keepTCP:
		a.queue, a.head = nil, 0
	case left == 0:
		a.queue, a.head = a.queue[:0], 0
	case a.head > keepTCP && a.head > left: // the larger part is done
		a.queue, a.head = a.queue[:copy(a.queue, a.queue[a.head:])], 0
	}
}

// keepTCP is how many octets of memory an empty queue keeps.
const keepTCP = 256 << 10

// drain waits for room until nothing waits for it.
func (a *tcpAssoc) drain(ended chan struct{}) {
	defer close(ended)
	chunk := make([]byte, 0, tcpChunk)
	for {
		a.mu.Lock()
		chunk = append(chunk[:0], a.queue[a.head:min(len(a.queue), a.head+tcpChunk)]...)
		if len(chunk) == 0 || a.failure != nil || a.ended != nil {
			a.waits = false
			if a.closing && a.ended == nil {
				_ = a.conn.CloseWrite() // an error means that it has ended already
			}
			a.mu.Unlock()
			return
		}
		a.mu.Unlock()
		n, err := a.conn.Write(chunk)
		a.mu.Lock()
		a.drop(n)
		if err != nil && a.failure == nil {
			a.failure = err
		}
		a.mu.Unlock()
	}
}

// Close implements Assoc. It sends what waits, then says that no more will come.
func (a *tcpAssoc) Close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closing {
		return
	}
	a.closing = true
	if !a.waits {
		_ = a.conn.CloseWrite() // an error means that it has ended already
	}
	go a.settle()
}

// settle ends a connection that was closed here and that the far end keeps open, or that has no reader any
// more.
func (a *tcpAssoc) settle() {
	t := time.NewTimer(tcpLinger)
	defer t.Stop()
	for {
		select {
		case <-a.gone:
			return
		case <-t.C:
		}
		if a.queued() == 0 {
			break
		}
		t.Reset(tcpLinger) // if the far end takes nothing, the system gives it up
	}
	a.end(Event{Kind: Closed, Why: "shut down by this end"})
	a.free()
}

func (a *tcpAssoc) queued() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.failure != nil {
		return 0
	}
	return len(a.queue) - a.head
}

// end notes that this end ended the connection. It gives true to the first caller, whose event counts.
func (a *tcpAssoc) end(ev Event) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ended != nil {
		return false
	}
	a.ended, a.closing = &ev, true
	return true
}

// Abort implements Assoc. It resets the connection; TCP has no way to tell the far end why.
func (a *tcpAssoc) Abort(reason string) {
	if a.end(Event{Kind: Lost, Why: "aborted by this end: " + reason}) {
		a.free()
	}
}

// Stalled implements Assoc. It asks the system what the far end has acknowledged. Where the system does not
// tell, what it takes from our queue counts as what the far end takes.
func (a *tcpAssoc) Stalled() Stall {
	acked, waits, closed := unackedTCP(a.conn)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closing || a.failure != nil {
		return Stall{}
	}
	return a.stall.look(time.Now(), acked+a.dropped, waits+len(a.queue)-a.head, closed)
}

// Status implements Assoc. It asks the system.
func (a *tcpAssoc) Status() Status {
	p := PathStatus{Addr: a.key.Addr(), Local: a.local.Addr(), Primary: true, Active: true, Confirmed: true}
	a.mu.Lock()
	s := Status{State: "ESTABLISHED", Since: a.since, OutStreams: tcpStreams, InStreams: tcpStreams,
		LastError: a.lastError, SendQueued: len(a.queue) - a.head}
	if a.closing {
		s.State, p.Active, p.Why = "CLOSED", false, a.lastError
	}
	a.mu.Unlock()
	readTCP(a.conn, &s, &p)
	s.Paths = []PathStatus{p}
	s.Stats.SentMessages, s.Stats.RecvMessages = a.sentMessages.Load(), a.recvMessages.Load()
	s.Stats.SentOctets, s.Stats.RecvOctets = a.sentOctets.Load(), a.recvOctets.Load()
	return s
}
