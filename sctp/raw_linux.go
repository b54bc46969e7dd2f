package sctp

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"os"

	"github.com/gostp/gostp/sctp/wire"

	"golang.org/x/sys/unix"
)

const protocolSCTP = 132

// rawNet is a Network of raw IP sockets.
type rawNet struct{}

// Raw is the network in which SCTP travels bare, as IP protocol 132. On the wire it is what a kernel's SCTP
// sends, so the far end needs no setting. The error says why this machine cannot do it.
//
// Where the kernel has SCTP of its own, it sees our packets too. It knows nothing of our associations and would
// abort them (RFC 9260 §8.4). There is no raw mode then.
func Raw() (wire.Network, error) {
	if kernelHasSCTP() {
		return nil, errors.New("the kernel's own SCTP is loaded and would abort associations over raw IP: use the " +
			"kernel's (`transport kernel`)")
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, protocolSCTP)
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		return nil, errors.New("raw IP needs root or CAP_NET_RAW (`setcap cap_net_raw+ep` on the program)")
	}
	if err != nil {
		return nil, fmt.Errorf("raw IP sockets: %w", err)
	}
	unix.Close(fd)
	return rawNet{}, nil
}

// kernelHasSCTP tells whether the protocol is registered. It does not open a socket to find out, because that
// would load the module.
func kernelHasSCTP() bool {
	b, _ := os.ReadFile("/proc/net/protocols")
	return bytes.Contains(b, []byte("\nSCTP"))
}

func (rawNet) String() string { return "over raw IP" }

// Locals gives the addresses of this machine.
func (rawNet) Locals() ([]netip.Addr, error) { return machineAddresses() }

func (rawNet) Open(local netip.AddrPort) (wire.Wire, error) {
	if local.Port() != 0 {
		return nil, fmt.Errorf("udp-port %d: SCTP over raw IP has no UDP port; take `udp-port` away or use `transport "+
			"udp`", local.Port())
	}
	own, err := claimAddress(local.Addr())
	if err != nil {
		return nil, err
	}
	w, err := openRaw(local)
	if err != nil {
		own.Close()
		return nil, err
	}
	return &rawWire{w, own}, nil
}

// rawWire is a raw socket, and the claim on its address.
type rawWire struct {
	*dgram
	claim *os.File
}

func (w *rawWire) Close() error {
	defer w.claim.Close()
	return w.dgram.Close()
}

// claimAddress claims an address for this program's SCTP over raw IP, as binding a UDP port does in UDP. The
// system lets any number of raw sockets have the address, and hands every packet to each of them. So a second
// program would get the packets of associations that it does not have, and would answer them (RFC 9260 §8.4).
// The claim is a name in the network namespace. It is free again when the descriptor is closed, and also when
// the program ends.
func claimAddress(ip netip.Addr) (*os.File, error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("raw IP at %s: %w", ip, err)
	}
	if err = unix.Bind(fd, &unix.SockaddrUnix{Name: "@gostp: SCTP over raw IP at " + ip.String()}); err != nil {
		unix.Close(fd)
	}
	switch {
	case errors.Is(err, unix.EADDRINUSE):
		return nil, fmt.Errorf("SCTP over raw IP at %s belongs to another program, which has all its ports: end that one "+
			"(`ss -xlp | grep gostp`, `ps`), or give this one another address", ip)
	case err != nil:
		return nil, fmt.Errorf("raw IP at %s: %w", ip, err)
	}
	return os.NewFile(uintptr(fd), "claim of "+ip.String()), nil
}

func openRaw(local netip.AddrPort) (*dgram, error) {
	fd, err := bound(unix.SOCK_RAW, protocolSCTP, local)
	switch {
	case errors.Is(err, unix.EADDRNOTAVAIL):
		return nil, fmt.Errorf("%s is not an address of this machine", local.Addr())
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		return nil, errors.New("raw IP needs root or CAP_NET_RAW")
	case err != nil:
		return nil, fmt.Errorf("raw IP at %s: %w", local.Addr(), err)
	}
	header := 20
	if local.Addr().Is6() {
		header = 40
	}
	return newDgram(fd, "sctp "+local.Addr().String(), local.Addr().Is4(), true, (interfaceMTU(local.Addr())-header)&^3)
}

func (rawNet) Source(dst netip.Addr) netip.Addr { return source(dst) }
