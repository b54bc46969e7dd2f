package sctp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gostp/gostp/internal/lock"
)

// kernelEndpoint is a one-to-many socket, and the associations of its port.
type kernelEndpoint struct {
	door
	kernel *kernel
	local  Addr
	params Params
	notes  []string
	f      *os.File
	rc     syscall.RawConn
	loop   chan struct{} // closed when the goroutine of notifications has ended

	partings atomic.Int32 // how many partings are under way

	mu     lock.Mutex[lock.KernelEndpoint]
	assocs map[netip.AddrPort][]*kernelAssoc // under each address that the far end lists
	dials  map[netip.AddrPort]*kernelDial    // under each address that Dial was given
}

// kernelDial is a Dial under way.
type kernelDial struct {
	params Params
	udp    uint16
	assoc  int32 // the id of the association while it connects
	cancel context.CancelCauseFunc
	up     chan *kernelAssoc // gets the association, whichever end has established it
	failed chan string       // gets the far end's reason if it is not established
}

func (e *kernelEndpoint) Local() Addr { return e.local }

// Set gives later associations other settings. Addresses and the port stay. A setting that the kernel refuses
// stays as it was.
func (e *kernelEndpoint) Set(p Params) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.params = p.or(DefaultParams())
	_ = control(e.rc, func(fd int) error {
		e.notes = buffers(fd, e.params)
		return errors.Join(announce(fd, e.params), tune(fd, e.params))
	})
}

// Shut implements Endpoint. A socket that does not listen refuses associations, and can still connect.
func (e *kernelEndpoint) Shut() {
	e.door.Shut()
	_ = control(e.rc, func(fd int) error { return unix.Listen(fd, 0) }) // an error means that it is closed
}

// notifications reads the endpoint's socket, one message at a time. So what follows COMM_UP is not read here:
// it moves with the association.
func (e *kernelEndpoint) notifications() {
	defer close(e.loop)
	b := make([]byte, 4096)
	for {
		var n, flags int
		var err error
		if e.rc.Read(func(fd uintptr) bool {
			n, _, flags, _, err = unix.Recvmsg(int(fd), b, nil, unix.MSG_DONTWAIT)
			return !errors.Is(err, unix.EAGAIN)
		}) != nil {
			return // closed
		}
		if err != nil {
			time.Sleep(5 * time.Millisecond) // there is no memory, or an ICMP error came
			continue
		}
		if c, ok := parseAssocChange(b[:n]); ok && flags&msgNotification != 0 {
			e.change(&c)
		}
	}
}

// change handles an association that begins, or that could not begin.
func (e *kernelEndpoint) change(c *assocChange) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if c.state == changeUp {
		var fd int
		err := control(e.rc, func(l int) (err error) { fd, err = peelOff(l, c.assoc); return })
		if err == nil {
			e.admit(fd)
		} // without one it has ended already, or there is no descriptor: see below
		if errors.Is(err, unix.EMFILE) || errors.Is(err, unix.ENFILE) {
			e.kernel.lacks(err)
			_ = control(e.rc, func(l int) error { return sendAbort(l, c.assoc, "out of descriptors") })
		}
		return
	}
	if c.state != changeLost && c.state != changeCannot {
		return
	}
	for _, d := range e.dials {
		if d.assoc == c.assoc {
			select {
			case d.failed <- c.why():
			default:
			}
			return
		}
	}
}

// admit enters an established association, and gives it to the Dial that waits for it, else to Accept. The
// caller holds e.mu.
func (e *kernelEndpoint) admit(fd int) {
	a := newKernelAssoc(e, fd)
	if a == nil {
		return
	}
	if e.isShut() {
		go a.Abort("the port is closed")
		return
	}
	for _, k := range a.keys() {
		if d := e.dials[k]; d != nil && len(d.up) == 0 && a.has(k) {
			a.remote.UDP = d.udp
			a.adopt(d.params)
			e.enter(a)
			d.up <- a
			return
		}
	}
	if e.refuses.Load() {
		go a.Abort("the port takes no more associations")
		return
	}
	a.remote.UDP = e.local.UDP
	a.accepted = true
	// It may have come while the socket had the settings of a Dial to somewhere else.
	a.adopt(e.params)
	if !e.enqueue(a) {
		go a.Abort("too many associations wait to be accepted")
		return
	}
	e.enter(a)
}

// enter makes an association known. The caller holds e.mu.
func (e *kernelEndpoint) enter(a *kernelAssoc) {
	e.kernel.started.Add(1)
	for _, k := range a.keys() {
		e.assocs[k] = append(e.assocs[k], a)
	}
}

// forget undoes enter.
func (e *kernelEndpoint) forget(a *kernelAssoc) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, k := range a.keys() {
		left := slices.DeleteFunc(e.assocs[k], func(o *kernelAssoc) bool { return o == a })
		if e.assocs[k] = left; len(left) == 0 {
			delete(e.assocs, k)
		}
	}
}

func (e *kernelEndpoint) Close() error {
	e.mu.Lock()
	if !e.shut() {
		e.mu.Unlock()
		return nil
	}
	all := map[*kernelAssoc]bool{}
	for _, here := range e.assocs {
		for _, a := range here {
			all[a] = true
		}
	}
	for _, d := range e.dials {
		d.cancel(net.ErrClosed)
	}
	e.mu.Unlock()
	e.f.Close()
	<-e.loop
	for a := range all {
		a.Abort("the port is closed")
	}
	return nil
}

func (e *kernelEndpoint) Dial(ctx context.Context, remote Addr, p Params) (Assoc, error) {
	if len(remote.IPs) == 0 {
		return nil, errors.New("there is no address to dial")
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	d := &kernelDial{params: p.or(e.settings()), udp: remote.UDP, cancel: cancel, up: make(chan *kernelAssoc, 1),
		failed: make(chan string, 1)}
	keys := keysOf(remote)
	if err := e.begin(d, keys); err != nil {
		return nil, err
	}
	a, err := e.establish(ctx, d, remote)
	e.mu.Lock()
	for _, k := range keys {
		delete(e.dials, k)
	}
	if err != nil {
		// An error means that it is not under way.
		_ = control(e.rc, func(fd int) error { return sendAbort(fd, d.assoc, "no longer wanted") })
		select {
		case late := <-d.up:
			a = late
		default:
		}
	}
	e.mu.Unlock()
	if err != nil {
		if a != nil {
			a.Abort("no longer wanted")
		}
		e.kernel.refused.Add(1)
		return nil, err
	}
	return a, nil
}

func (e *kernelEndpoint) settings() Params {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.params
}

// begin reserves the far end's addresses for a Dial.
func (e *kernelEndpoint) begin(d *kernelDial, keys []netip.AddrPort) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.isShut() {
		return net.ErrClosed
	}
	for _, k := range keys {
		one := func(a *kernelAssoc) bool { return a.has(k) && a.alive() }
		if e.dials[k] != nil || slices.ContainsFunc(e.assocs[k], one) {
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

// establish connects and waits for the association. While Linux has an association between these addresses and
// ports, establish tries again: COMM_UP may be about to tell of that one, or it is still shutting down.
func (e *kernelEndpoint) establish(ctx context.Context, d *kernelDial, remote Addr) (*kernelAssoc, error) {
	for try := 0; ; try++ {
		started := time.Now()
		err := e.connect(d, remote)
		var again <-chan time.Time
		switch {
		case errors.Is(err, unix.EADDRNOTAVAIL), errors.Is(err, unix.EISCONN), errors.Is(err, unix.EALREADY):
			if try >= 10*d.params.InitRetrans {
				return nil, fmt.Errorf("an earlier association with %s has not ended yet", inWords(remote))
			}
			again = time.After(d.params.RTOMin)
		case err != nil:
			return nil, explainConnect(remote, err)
		}
		select {
		case a := <-d.up:
			return a, nil
		case why := <-d.failed:
			return nil, explainRefusal(remote, why, time.Since(started) >= patience(d.params, len(remote.IPs)), d.params)
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-again:
		}
	}
}

// connect sends the first INIT. What the INIT says is a setting of the socket, which is set back before the
// next Dial connects.
func (e *kernelEndpoint) connect(d *kernelDial, remote Addr) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return control(e.rc, func(fd int) error {
		if d.params != e.params || remote.UDP != e.local.UDP {
			defer func() {
				// The socket has taken these settings before.
				_ = errors.Join(announce(fd, e.params), tune(fd, e.params), encapsulate(fd, 0, e.local.UDP))
			}()
			if err := errors.Join(announce(fd, d.params), tune(fd, d.params),
				encapsulate(fd, e.local.UDP, remote.UDP)); err != nil {
				return err
			}
		}
		var err error
		d.assoc, err = connect(fd, remote)
		return err
	})
}

// patience gives the shortest time in which p.InitRetrans INITs can go unanswered. The time-out doubles, up to
// its maximum, each time that all addresses had their turn.
func patience(p Params, addresses int) (all time.Duration) {
	t := p.RTOInitial
	for i := range max(p.InitRetrans, 2) {
		if i > 0 && i%addresses == 0 {
			t = min(2*t, p.RTOMax)
		}
		all += t
	}
	return all * 9 / 10 // the kernel counts in ticks of up to 10 ms
}

// inWords gives an address for texts: "10.0.0.1, 10.0.0.2 port 2905".
func inWords(a Addr) string {
	return fmt.Sprintf("%s port %d", addrList(a.IPs), a.Port)
}

var errRefused = errors.New("refused the association")

func explainRefusal(remote Addr, why string, silent bool, p Params) error {
	switch {
	case why != "":
		return fmt.Errorf("%s %w: %s", inWords(remote), errRefused, why)
	case silent:
		return fmt.Errorf("%s does not answer: %d times INIT", inWords(remote), max(p.InitRetrans, 2))
	}
	return fmt.Errorf("%v %w: nothing is open there on port %d", remote.IPs[0], errRefused, remote.Port)
}

func explainConnect(remote Addr, err error) error {
	switch {
	case errors.Is(err, unix.ENETUNREACH), errors.Is(err, unix.EHOSTUNREACH):
		return fmt.Errorf("no route leads to %s from this port's addresses", inWords(remote))
	case errors.Is(err, unix.EINVAL), errors.Is(err, unix.EAFNOSUPPORT):
		return fmt.Errorf("%s cannot be reached from this port's addresses: %w", inWords(remote), err)
	}
	return err
}
