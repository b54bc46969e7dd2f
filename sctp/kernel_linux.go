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

// kernel is the backend over Linux's own SCTP, on Go's poller. It uses github.com/ishidawataru/sctp to bind and
// connect several addresses. Messages do not go through that library, but in batches past it.
//
// An endpoint is a one-to-many socket (RFC 6458 §3) that listens and connects. Each association is peeled off
// it (§9.2) once it is established. These findings, on Linux 6.1, are the reasons:
//
//   - Linux refuses SCTP_ABORT and SCTP_EOF on one-to-one sockets (EINVAL), so those cannot tell the far end why they
//     abort.
//   - A one-to-one socket that listens and others that connect can share a port only by a trick (SO_REUSEPORT, set
//     after the listening). Here the port has one socket.
//   - When both ends dial each other at once, from the ports that they listen on, one association results (RFC 9260
//     §5.2.1), and each end gets one COMM_UP.
//   - Linux refuses to connect while there is an association between the same addresses and ports: with EISCONN while
//     it is on this socket, with EADDRNOTAVAIL once it was peeled off. The latter lasts beyond its close, until the
//     shutdown is over.
//   - What was received in the meantime moves with an association that is peeled off.
//   - The restart of a far end is told on the socket of the old association; there is nothing to accept.
//   - A socket that was peeled off has no end of file. The messages that were not delivered (SEND_FAILED) come after
//     COMM_LOST or SHUTDOWN_COMP, all at once.
//   - The reason why a handshake failed is told as the number of an error cause. It is 0 both when nobody answered and
//     for an ABORT without a cause.
type kernel struct {
	sharing
	started, refused, aborted atomic.Uint64
}

// Kernel is the transport over the SCTP of the Linux kernel. The error says why it cannot be had.
func Kernel() (Transport, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, unix.IPPROTO_SCTP)
	switch {
	case errors.Is(err, unix.EPROTONOSUPPORT), errors.Is(err, unix.ESOCKTNOSUPPORT), errors.Is(err, unix.EAFNOSUPPORT):
		return nil, errors.New("this Linux kernel has no SCTP, or its module is not loaded: try `modprobe sctp` as root " +
			"(Ubuntu: package linux-modules-extra, Fedora and RHEL: kernel-modules-extra)")
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		return nil, fmt.Errorf("this process may not open SCTP sockets (%w): a container's seccomp profile or SELinux "+
			"forbids it", err)
	case err != nil:
		return nil, fmt.Errorf("the kernel's SCTP cannot be used: %w", err)
	}
	unix.Close(fd)
	return &kernel{}, nil
}

func (*kernel) Name() string { return "kernel SCTP" }

// Counters gives our own counters, then those of the network namespace (RFC 3873, and more).
func (k *kernel) Counters() []Counter {
	out := []Counter{{"associations established by this program", k.started.Load()},
		{"dials that failed", k.refused.Load()}, {"associations aborted by this program", k.aborted.Load()}}
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
	e := &kernelEndpoint{kernel: k, local: local, params: p.or(DefaultParams()), door: newDoor(),
		assocs: map[netip.AddrPort][]*kernelAssoc{}, dials: map[netip.AddrPort]*kernelDial{}}
	if err := e.bind(); err != nil {
		return nil, err
	}
	e.loop = make(chan struct{})
	go e.notifications()
	return e, nil
}

// control calls f with the descriptor, which nobody can close meanwhile.
func control(rc syscall.RawConn, f func(fd int) error) error {
	var err error
	if e := rc.Control(func(fd uintptr) { err = f(int(fd)) }); e != nil {
		return net.ErrClosed
	}
	return err
}

// bind makes the endpoint's socket.
func (e *kernelEndpoint) bind() error {
	family := unix.AF_INET
	for _, ip := range e.local.IPs {
		if !ip.Unmap().Is4() {
			family = unix.AF_INET6
		}
	}
	const kind = unix.SOCK_SEQPACKET | unix.SOCK_CLOEXEC | unix.SOCK_NONBLOCK
	fd, err := unix.Socket(family, kind, unix.IPPROTO_SCTP)
	if err != nil && e.local.anywhere() { // this machine has no IPv6
		e.local.IPs = []netip.Addr{netip.IPv4Unspecified()}
		fd, err = unix.Socket(unix.AF_INET, kind, unix.IPPROTO_SCTP)
	}
	if err != nil {
		return fmt.Errorf("no SCTP socket: %w", err)
	}
	e.notes, err = prepare(fd, e.params)
	if err == nil {
		err = encapsulate(fd, e.local.UDP, e.local.UDP)
	}
	if err == nil {
		if err = lksctp.SCTPBind(fd, toLibrary(e.local), lksctp.SCTP_BINDX_ADD_ADDR); err == nil {
			err = unix.Listen(fd, 1024)
		}
		if err != nil {
			err = explainBind(e.local, err)
		}
	}
	if err != nil {
		unix.Close(fd)
		return err
	}
	if e.local.Port == 0 {
		e.local.Port = portOf(fd)
	}
	e.f = os.NewFile(uintptr(fd), "sctp")
	e.rc, err = e.f.SyscallConn()
	return err
}

func explainBind(a Addr, err error) error {
	switch {
	case errors.Is(err, unix.EADDRINUSE):
		return fmt.Errorf("SCTP at %s is open already, here or in another program", inWords(a))
	case errors.Is(err, unix.EADDRNOTAVAIL):
		return fmt.Errorf("SCTP at %s: not (all) addresses of this machine", inWords(a))
	case errors.Is(err, unix.ENOSYS):
		return fmt.Errorf("SCTP at %s: the kernel cannot sign cookies: try `modprobe hmac` and `modprobe sha1_generic`",
			inWords(a))
	case errors.Is(err, unix.EACCES):
		return fmt.Errorf("SCTP port %d is below 1024 and needs CAP_NET_BIND_SERVICE", a.Port)
	}
	return fmt.Errorf("SCTP at %s: %w", inWords(a), err)
}

func toLibrary(a Addr) *lksctp.SCTPAddr {
	out := &lksctp.SCTPAddr{Port: int(a.Port)}
	for _, ip := range a.IPs {
		out.IPAddrs = append(out.IPAddrs, net.IPAddr{IP: ip.Unmap().AsSlice(), Zone: ip.Zone()})
	}
	return out
}

// fromLibrary converts an address of the library; nil gives the zero Addr. Linux tells the interface of each
// IPv6 address that an association was accepted from. The interface belongs to the address only if that is
// link-local.
func fromLibrary(a *lksctp.SCTPAddr) (out Addr) {
	if a == nil {
		return out
	}
	out.Port = uint16(a.Port)
	for _, ip := range a.IPAddrs {
		if x, ok := netip.AddrFromSlice(ip.IP); ok {
			if x = x.Unmap(); x.IsLinkLocalUnicast() {
				x = x.WithZone(ip.Zone)
			}
			out.IPs = append(out.IPs, x)
		}
	}
	return out
}

// withZone gives an address as a has it: with its interface, if it is link-local.
func (a Addr) withZone(ip netip.Addr) netip.Addr {
	for _, x := range a.IPs {
		if x.WithZone("") == ip {
			return x
		}
	}
	return ip
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
