package sctp

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"

	lksctp "github.com/ishidawataru/sctp"
	"golang.org/x/sys/unix"
)

// kernel is the backend over Linux's own SCTP: one-to-one sockets (RFC 6458 §4),
// non-blocking, on Go's poller. github.com/ishidawataru/sctp binds and connects
// several addresses; messages go past it, in batches.
//
// How an endpoint listens on a port and dials from it, found on Linux 6.1:
//
//   - A port may be bound again if every other socket on it has SO_REUSEADDR and none
//     of them listens, or if both have SO_REUSEPORT. The listener is bound
//     without SO_REUSEPORT, so that a second program is refused the port, and gets it
//     once it listens; sockets that dial have it from the start.
//   - A listening socket takes only an INIT that belongs to no association. While our
//     own INIT is under way that of the far end finds the dialling socket, and one
//     association results, on that socket (RFC 9260 §5.2.1).
//   - Linux refuses to connect (EADDRNOTAVAIL) while any socket has an association
//     between the same addresses and ports, also one that nobody has accepted yet.
//   - A peer that restarts is told on the old socket; there is nothing to accept.
type kernel struct {
	started, refused, aborted atomic.Uint64
}

// Kernel is SCTP by the Linux kernel. The error says why it cannot be had.
func Kernel() (Transport, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, unix.IPPROTO_SCTP)
	switch {
	case errors.Is(err, unix.EPROTONOSUPPORT), errors.Is(err, unix.ESOCKTNOSUPPORT), errors.Is(err, unix.EAFNOSUPPORT):
		return nil, errors.New("this Linux kernel has no SCTP, or its module is not loaded: try `modprobe sctp` as root (Ubuntu: package linux-modules-extra, Fedora and RHEL: kernel-modules-extra)")
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		return nil, fmt.Errorf("this process may not open SCTP sockets (%w): a container's seccomp profile or SELinux forbids it", err)
	case err != nil:
		return nil, fmt.Errorf("the kernel's SCTP cannot be used: %w", err)
	}
	unix.Close(fd)
	return &kernel{}, nil
}

func (*kernel) Name() string { return "kernel SCTP" }

// Counters are our own, then those of the network namespace (RFC 3873, and more).
func (k *kernel) Counters() []Counter {
	out := []Counter{{"associations established by this program", k.started.Load()}, {"dials that failed", k.refused.Load()}, {"associations aborted by this program", k.aborted.Load()}}
	f, err := os.Open("/proc/net/sctp/snmp")
	if err != nil {
		return out
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		name, value, _ := strings.Cut(s.Text(), "\t")
		if v, err := strconv.ParseUint(strings.TrimSpace(value), 10, 64); err == nil {
			out = append(out, Counter{strings.TrimSpace(name), v})
		}
	}
	return out
}

func (k *kernel) Open(local Addr, p Params) (Endpoint, error) {
	if len(local.IPs) == 0 {
		return nil, fmt.Errorf("port %d needs a local address", local.Port)
	}
	e := &kernelEndpoint{kernel: k, local: local, params: p.or(DefaultParams()), accepted: make(chan *kernelAssoc, 1024),
		closed: make(chan struct{}), assocs: map[netip.AddrPort]*kernelAssoc{}, dials: map[netip.AddrPort]*kernelDial{}}
	f, _, err := e.socket(e.params, local.UDP, false)
	if err != nil {
		return nil, err
	}
	rc, err := f.SyscallConn()
	if err != nil {
		f.Close()
		return nil, err
	}
	if err := control(rc, func(fd int) error {
		if err := unix.Listen(fd, 1024); err != nil {
			return explainBind(local, err)
		}
		return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
	}); err != nil {
		f.Close()
		return nil, err
	}
	if local.Port == 0 {
		_ = control(rc, func(fd int) error {
			e.local.Port = portOf(fd)
			return nil
		})
	}
	e.listener, e.loop = f, make(chan struct{})
	go e.accept(rc)
	return e, nil
}

// control calls f with a descriptor that cannot be closed meanwhile.
func control(rc syscall.RawConn, f func(fd int) error) error {
	var err error
	if e := rc.Control(func(fd uintptr) { err = f(int(fd)) }); e != nil {
		return net.ErrClosed
	}
	return err
}

// socket makes a socket that is bound to the endpoint's addresses.
func (e *kernelEndpoint) socket(p Params, udp uint16, dials bool) (*os.File, []string, error) {
	family := unix.AF_INET
	for _, ip := range e.local.IPs {
		if !ip.Unmap().Is4() {
			family = unix.AF_INET6
		}
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.IPPROTO_SCTP)
	if err != nil {
		return nil, nil, fmt.Errorf("no SCTP socket: %w", err)
	}
	notes, err := prepare(fd, p)
	if err == nil && dials {
		err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
	}
	if err == nil {
		err = encapsulate(fd, e.local.UDP, udp)
	}
	if err == nil {
		if err = lksctp.SCTPBind(fd, toLibrary(e.local), lksctp.SCTP_BINDX_ADD_ADDR); err != nil {
			err = explainBind(e.local, err)
		}
	}
	if err != nil {
		unix.Close(fd)
		return nil, nil, err
	}
	return os.NewFile(uintptr(fd), "sctp"), notes, nil
}

func explainBind(a Addr, err error) error {
	ips := make([]string, len(a.IPs))
	for i, ip := range a.IPs {
		ips[i] = ip.String()
	}
	at := strings.Join(ips, ", ")
	switch {
	case errors.Is(err, unix.EADDRINUSE):
		return fmt.Errorf("SCTP port %d at %s is open already, here or in another program", a.Port, at)
	case errors.Is(err, unix.EADDRNOTAVAIL):
		return fmt.Errorf("%s: not (all) addresses of this machine", at)
	case errors.Is(err, unix.EACCES):
		return fmt.Errorf("SCTP port %d is below 1024 and needs CAP_NET_BIND_SERVICE", a.Port)
	}
	return fmt.Errorf("SCTP port %d at %s: %w", a.Port, at, err)
}

func toLibrary(a Addr) *lksctp.SCTPAddr {
	out := &lksctp.SCTPAddr{Port: int(a.Port)}
	for _, ip := range a.IPs {
		out.IPAddrs = append(out.IPAddrs, net.IPAddr{IP: ip.Unmap().AsSlice(), Zone: ip.Zone()})
	}
	return out
}

// fromLibrary takes what the library says of a socket; nil gives the zero Addr.
func fromLibrary(a *lksctp.SCTPAddr) (out Addr) {
	if a == nil {
		return out
	}
	out.Port = uint16(a.Port)
	for _, ip := range a.IPAddrs {
		if x, ok := netip.AddrFromSlice(ip.IP); ok {
			out.IPs = append(out.IPs, x.Unmap().WithZone(ip.Zone))
		}
	}
	return out
}

func portOf(fd int) uint16 {
	sa, err := unix.Getsockname(fd)
	if err != nil {
		return 0
	}
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return uint16(sa.Port)
	case *unix.SockaddrInet6:
		return uint16(sa.Port)
	}
	return 0
}
