package sctp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gostp/gostp/internal/lock"
)

// TCP is a Transport for hosts without SCTP. It serves the adaptation layers alone, because it tells their
// messages apart by the length in the common header. What SCTP has beyond TCP is missing: there is one path,
// one order, and no PPID (0 is told: unspecified). A message that arrives has the stream on which SCTP would
// have carried it: 1 for the transfer class (DATA), else 0. RFC 4666 §1.3.1 leaves room for TCP.
//
// Of Params it heeds InitRetrans and RTOInitial (how long an attempt lasts), Heartbeat, AssocRetrans and the
// bounds of RTO (when a silent far end is given up), SendBuffer and DSCP.
func TCP() Transport { return &tcp{} }

type tcp struct {
	sharing
	dialled, accepted, failed, garbled, lost atomic.Uint64
}

func (*tcp) Name() string { return "TCP" }

func (t *tcp) Counters() []Counter {
	return []Counter{{"connections set up by this end", t.dialled.Load()},
		{"connections set up by far ends", t.accepted.Load()}, {"attempts of this end that failed", t.failed.Load()},
		{"connections lost", t.lost.Load()}, {"connections closed here because of a garbled length", t.garbled.Load()}}
}

// Open listens at every address of local.
func (t *tcp) Open(local Addr, p Params) (Endpoint, error) {
	e := &tcpEndpoint{transport: t, local: local, params: p.or(DefaultParams()), accepted: make(chan *tcpAssoc),
		closed: make(chan struct{}), conns: map[netip.AddrPort]*tcpAssoc{}}
	for i, ip := range local.IPs {
		at := netip.AddrPortFrom(ip.Unmap(), e.local.Port)
		to := net.TCPAddrFromAddrPort(at)
		if ip == Anywhere {
			to.IP = nil // no address means both families, where the machine has both
		}
		l, err := net.ListenTCP("tcp", to)
		if err == nil {
			err = withFD(l, share)
		}
		if err != nil {
			e.Close()
			return nil, fmt.Errorf("TCP port %d of %s: %s", local.Port, ip, bindTrouble(err))
		}
		if i == 0 { // port 0 stands for any port, the same at every address
			e.local.Port = l.Addr().(*net.TCPAddr).AddrPort().Port()
		}
		e.listeners = append(e.listeners, l)
		e.group.Go(func() { e.listen(l) })
	}
	return e, nil
}

// withFD calls f with the descriptor of c.
func withFD(c syscall.Conn, f func(fd uintptr) error) error {
	rc, err := c.SyscallConn()
	if err != nil {
		return err
	}
	var inner error
	if err := rc.Control(func(fd uintptr) { inner = f(fd) }); err != nil {
		return err
	}
	return inner
}

func bindTrouble(err error) string {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return "in use by another program"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return "not an address of this machine"
	case errors.Is(err, syscall.EACCES):
		return "not permitted; ports below 1024 need root"
	}
	return err.Error()
}

// tcpEndpoint is the listening sockets of a port, and its connections by far end.
type tcpEndpoint struct {
	transport *tcp
	local     Addr
	listeners []*net.TCPListener
	accepted  chan *tcpAssoc
	closed    chan struct{}
	group     sync.WaitGroup // the goroutines that listen

	mu     lock.Mutex[lock.TCPEndpoint]
	params Params // of connections that are accepted
	conns  map[netip.AddrPort]*tcpAssoc
	over   bool
}

func (e *tcpEndpoint) Local() Addr { return e.local }

// Set changes how connections that are accepted from now on are set up.
func (e *tcpEndpoint) Set(p Params) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.params = p.or(DefaultParams())
}

// listen hands connections to Accept. At most one connection waits here for that; the others wait in the
// backlog of the system.
func (e *tcpEndpoint) listen(l interface{ AcceptTCP() (*net.TCPConn, error) }) {
	for {
		c, err := l.AcceptTCP()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil: // no descriptor is left, or the far end is gone already
			e.transport.lacks(err)
			select {
			case <-e.closed:
				return
			case <-time.After(50 * time.Millisecond):
			}
			continue
		}
		e.mu.Lock()
		p := e.params
		e.mu.Unlock()
		a := e.adopt(c, p)
		if a == nil {
			return
		}
		e.transport.accepted.Add(1)
		select {
		case e.accepted <- a:
		case <-e.closed:
			return // Close ends it
		}
	}
}

// adopt makes c an association of e. It gives nil if e is closed.
func (e *tcpEndpoint) adopt(c *net.TCPConn, p Params) *tcpAssoc {
	a := newTCPAssoc(e, c, p)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.over {
		c.Close()
		return nil
	}
	e.conns[a.key] = a
	return a
}

func (e *tcpEndpoint) forget(a *tcpAssoc) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.conns[a.key] == a {
		delete(e.conns, a.key)
	}
}

// Shut implements Endpoint.
func (e *tcpEndpoint) Shut() {
	for _, l := range e.listeners {
		l.Close()
	}
}

func (e *tcpEndpoint) Accept(ctx context.Context) (Assoc, error) {
	select {
	case a := <-e.accepted:
		return a, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-e.closed:
		return nil, net.ErrClosed
	}
}

// Dial tries the addresses of remote in turn: a TCP connection has one path.
func (e *tcpEndpoint) Dial(ctx context.Context, remote Addr, p Params) (Assoc, error) {
	e.mu.Lock()
	p = p.or(e.params)
	e.mu.Unlock()
	ctx, stop := context.WithTimeout(ctx, backedOff(p.RTOInitial, p.RTOMax, p.InitRetrans))
	defer stop()
	err := errors.New("the far end has no address")
	for _, ip := range remote.IPs {
		var a *tcpAssoc
		if a, err = e.dial(ctx, netip.AddrPortFrom(ip.Unmap(), remote.Port), p); err == nil {
			e.transport.dialled.Add(1)
			return a, nil
		}
	}
	e.transport.failed.Add(1)
	return nil, err
}

// dial connects from the port that it listens at, where the system can do that: the far end may know this end
// by that port.
func (e *tcpEndpoint) dial(ctx context.Context, to netip.AddrPort, p Params) (*tcpAssoc, error) {
	if e.has(to) {
		return nil, ErrExists
	}
	ip, ok := e.local.from(to.Addr())
	if !ok {
		return nil, fmt.Errorf("%s cannot be reached from %v: one is IPv4, the other IPv6", to.Addr(), e.local.IPs)
	}
	from := netip.AddrPortFrom(ip, 0)
	if sharesPorts {
		from = netip.AddrPortFrom(from.Addr(), e.local.Port)
	}
	d := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(from), Control: func(_, _ string, c syscall.RawConn) error {
		var err error
		if e := c.Control(func(fd uintptr) { err = share(fd) }); e != nil {
			return e
		}
		return err
	}}
	c, err := d.DialContext(ctx, "tcp", to.String())
	if err != nil {
		return nil, e.dialTrouble(err, from, to)
	}
	a := e.adopt(c.(*net.TCPConn), p)
	if a == nil {
		return nil, net.ErrClosed
	}
	return a, nil
}

func (e *tcpEndpoint) has(to netip.AddrPort) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.conns[to] != nil
}

func (e *tcpEndpoint) dialTrouble(err error, from, to netip.AddrPort) error {
	far := fmt.Sprintf("%s port %d", to.Addr(), to.Port())
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("%s refuses the TCP connection: nobody listens there", far)
	case errors.Is(err, syscall.ECONNRESET):
		return fmt.Errorf("%s resets the TCP connection at once: it may not know this end", far)
	case errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, syscall.ETIMEDOUT):
		return fmt.Errorf("%s does not answer to TCP", far)
	case errors.Is(err, syscall.EADDRINUSE), errors.Is(err, syscall.EADDRNOTAVAIL):
		if e.has(to) {
			return ErrExists
		}
		return fmt.Errorf("the system still keeps the TCP connection before, from port %d to %s (TIME-WAIT, a minute at "+
			"most)", from.Port(), far)
	}
	return fmt.Errorf("%s cannot be reached: %w", far, err)
}

// backedOff gives the time that a first attempt and the given number of later ones last together. Each waits
// twice as long as the one before, from first up to most.
func backedOff(first, most time.Duration, times int) (sum time.Duration) {
	for range times + 1 {
		sum += min(first, most)
		first = min(2*first, most)
	}
	return sum
}

func (e *tcpEndpoint) Close() error {
	e.mu.Lock()
	if e.over {
		e.mu.Unlock()
		return nil
	}
	e.over = true
	var all []*tcpAssoc
	for _, a := range e.conns {
		all = append(all, a)
	}
	e.mu.Unlock()
	close(e.closed)
	for _, l := range e.listeners {
		l.Close()
	}
	for _, a := range all {
		a.Abort("the port was closed")
	}
	e.group.Wait()
	return nil
}
