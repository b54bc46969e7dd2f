package sctp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"

	lksctp "github.com/ishidawataru/sctp"
	"golang.org/x/sys/unix"
)

// kernelEndpoint is a listening socket and the associations of its port.
type kernelEndpoint struct {
	kernel   *kernel
	local    Addr
	params   Params
	listener *os.File
	accepted chan *kernelAssoc
	closed   chan struct{}
	loop     chan struct{} // closed when the accepting goroutine has ended

	mu     sync.Mutex
	assocs map[netip.AddrPort]*kernelAssoc // under each address of the far end
	dials  map[netip.AddrPort]*kernelDial
	dead   bool
}

// kernelDial is a Dial under way.
type kernelDial struct {
	cancel context.CancelCauseFunc
	// other gets an association with the same far end that was accepted meanwhile: its
	// handshake began before ours.
	other chan *kernelAssoc
}

func (e *kernelEndpoint) Local() Addr { return e.local }

// accept takes sockets off the listener until that is closed.
func (e *kernelEndpoint) accept(rc syscall.RawConn) {
	defer close(e.loop)
	for {
		var fd int
		var err error
		if rc.Read(func(l uintptr) bool {
			fd, _, err = unix.Accept4(int(l), unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
			return !errors.Is(err, unix.EAGAIN)
		}) != nil {
			return // closed
		}
		if err != nil {
			// ECONNABORTED: it ended before it was accepted. EMFILE and the like: the
			// far end waits in the backlog until there is a descriptor.
			time.Sleep(5 * time.Millisecond)
			continue
		}
		e.admit(fd)
	}
}

// admit enters an accepted socket.
func (e *kernelEndpoint) admit(fd int) {
	remote, err := lksctp.NewSCTPConn(fd, nil).SCTPRemoteAddr(0)
	if err != nil || len(remote.IPAddrs) == 0 {
		unix.Close(fd) // it has ended already
		return
	}
	a, err := newKernelAssoc(e, os.NewFile(uintptr(fd), "sctp"), fromLibrary(remote), e.params, nil)
	if err != nil {
		return
	}
	e.mu.Lock()
	if e.dead {
		e.mu.Unlock()
		a.Abort("the port is closed")
		return
	}
	for _, k := range a.keys() {
		if d := e.dials[k]; d != nil {
			select {
			case d.other <- a:
				e.mu.Unlock()
				return
			default: // a second one, which Accept may have
			}
		}
	}
	select {
	case e.accepted <- a:
		e.enter(a)
		e.mu.Unlock()
	default:
		e.mu.Unlock()
		a.Abort("too many associations wait to be accepted")
	}
}

// enter makes an association known. The caller holds e.mu.
func (e *kernelEndpoint) enter(a *kernelAssoc) {
	e.kernel.started.Add(1)
	for _, k := range a.keys() {
		e.assocs[k] = a
	}
}

// forget is enter undone.
func (e *kernelEndpoint) forget(a *kernelAssoc) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, k := range a.keys() {
		if e.assocs[k] == a {
			delete(e.assocs, k)
		}
	}
}

func (e *kernelEndpoint) Accept(ctx context.Context) (Assoc, error) {
	select {
	case <-e.closed:
		return nil, net.ErrClosed
	default:
	}
	select {
	case a := <-e.accepted:
		return a, nil
	case <-e.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (e *kernelEndpoint) Close() error {
	e.mu.Lock()
	if e.dead {
		e.mu.Unlock()
		return nil
	}
	e.dead = true
	close(e.closed)
	all := map[*kernelAssoc]bool{}
	for _, a := range e.assocs {
		all[a] = true
	}
	for _, d := range e.dials {
		d.cancel(net.ErrClosed)
	}
	e.mu.Unlock()
	e.listener.Close()
	<-e.loop
	for a := range all {
		a.Abort("the port is closed")
	}
	return nil
}

func (e *kernelEndpoint) Dial(ctx context.Context, remote Addr, p Params) (Assoc, error) {
	p = p.or(e.params)
	if len(remote.IPs) == 0 {
		return nil, errors.New("there is no address to dial")
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	d := &kernelDial{cancel: cancel, other: make(chan *kernelAssoc, 1)}
	keys := keysOf(remote)
	if err := e.begin(d, keys); err != nil {
		return nil, err
	}
	a, err := e.establish(ctx, d, remote, p)
	e.mu.Lock()
	for _, k := range keys {
		delete(e.dials, k)
	}
	var other *kernelAssoc
	select {
	case other = <-d.other:
		if err != nil && ctx.Err() == nil {
			a, other, err = other, nil, nil // the far end was first
		}
	default:
	}
	dead := e.dead
	if err == nil && !dead {
		e.enter(a)
	}
	e.mu.Unlock()
	if other != nil {
		other.Abort("superseded") // its tags are no longer known to the far end, if ours was taken for a restart
	}
	if err != nil {
		e.kernel.refused.Add(1)
		return nil, err
	}
	if dead {
		a.Abort("the port is closed")
		return nil, net.ErrClosed
	}
	return a, nil
}

// establish connects. Linux refuses with EADDRNOTAVAIL while it has an association
// of these addresses and ports: one that waits in the listener's backlog, then it is
// ours, or one that is still shutting down, then it is tried again.
func (e *kernelEndpoint) establish(ctx context.Context, d *kernelDial, remote Addr, p Params) (*kernelAssoc, error) {
	for try := 0; ; try++ {
		a, err := e.connect(ctx, remote, p)
		if !errors.Is(err, unix.EADDRNOTAVAIL) {
			return a, err
		}
		select {
		case a := <-d.other:
			return a, nil
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(p.RTOMin):
		}
		if try >= 10*p.InitRetrans {
			return nil, fmt.Errorf("an association with %v, port %d, that was closed before has not ended yet", remote.IPs[0], remote.Port)
		}
	}
}

// begin reserves the far end's addresses for a Dial.
func (e *kernelEndpoint) begin(d *kernelDial, keys []netip.AddrPort) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.dead {
		return net.ErrClosed
	}
	for _, k := range keys {
		if a := e.assocs[k]; e.dials[k] != nil || a != nil && a.alive() {
			return ErrExists
		}
	}
	for _, k := range keys {
		e.dials[k] = d
	}
	return nil
}

func keysOf(a Addr) (out []netip.AddrPort) {
	for _, ip := range a.IPs {
		out = append(out, netip.AddrPortFrom(ip.Unmap(), a.Port))
	}
	return out
}

// connect establishes an association on a socket of its own.
func (e *kernelEndpoint) connect(ctx context.Context, remote Addr, p Params) (*kernelAssoc, error) {
	f, notes, err := e.socket(p, remote.UDP, true)
	if err != nil {
		return nil, err
	}
	rc, err := f.SyscallConn()
	if err == nil {
		err = control(rc, func(fd int) error {
			_, err := lksctp.SCTPConnect(fd, toLibrary(remote))
			return err
		})
	}
	if errors.Is(err, unix.EINPROGRESS) {
		stop := context.AfterFunc(ctx, func() { _ = f.SetWriteDeadline(time.Unix(1, 0)) })
		err = handshake(rc)
		stop()
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
	}
	if err != nil {
		why := ""
		if errors.Is(err, unix.ECONNREFUSED) || errors.Is(err, unix.ECONNRESET) {
			why = refusal(rc)
		}
		_ = control(rc, lingerNot) // should it have come about meanwhile
		f.Close()
		return nil, explainDial(remote, p, err, why)
	}
	return newKernelAssoc(e, f, remote, p, notes)
}

// handshake waits for the end of a handshake. Until it is established Linux tells no
// status of a one-to-one socket; that it failed is the socket's error.
func handshake(rc syscall.RawConn) (err error) {
	waited := rc.Write(func(fd uintptr) bool {
		var st assocStatus
		if getOpt(int(fd), solSCTP, optStatus, &st) == nil {
			return st.state >= stateEstablished
		}
		n, e := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_ERROR)
		switch {
		case e != nil:
			err = e
		case n != 0:
			err = unix.Errno(n)
		default:
			return false
		}
		return true
	})
	if waited != nil {
		return waited
	}
	return err
}

// refusal is the reason in an ABORT that ended a handshake, if it had one.
func refusal(rc syscall.RawConn) (why string) {
	_ = control(rc, func(fd int) error {
		b := make([]byte, 2048)
		for range 4 {
			n, _, flags, _, err := unix.Recvmsg(fd, b, nil, unix.MSG_DONTWAIT)
			if err != nil || n == 0 {
				return nil
			}
			if flags&msgNotification == 0 {
				continue
			}
			if c, ok := parseAssocChange(b[:n]); ok && len(c.info) > 0 {
				why = causeText(c.info)
			}
		}
		return nil
	})
	return why
}

func explainDial(remote Addr, p Params, err error, why string) error {
	to := remote.IPs[0].String()
	for _, ip := range remote.IPs[1:] {
		to += ", " + ip.String()
	}
	switch {
	case errors.Is(err, unix.ECONNREFUSED) && why == "":
		return fmt.Errorf("%s refused the association: nothing is open there on port %d", to, remote.Port)
	case errors.Is(err, unix.ECONNREFUSED), errors.Is(err, unix.ECONNRESET):
		return fmt.Errorf("%s refused the association on port %d: %s", to, remote.Port, why)
	case errors.Is(err, unix.ETIMEDOUT):
		return fmt.Errorf("%s does not answer: %d times INIT", to, max(p.InitRetrans, 2))
	case errors.Is(err, unix.ENETUNREACH), errors.Is(err, unix.EHOSTUNREACH):
		return fmt.Errorf("no route leads to %s", to)
	case errors.Is(err, unix.EISCONN):
		return ErrExists
	case errors.Is(err, unix.EINVAL), errors.Is(err, unix.EAFNOSUPPORT):
		return fmt.Errorf("%s cannot be reached from this port's addresses: %w", to, err)
	}
	return err
}
