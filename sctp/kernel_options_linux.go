package sctp

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// These are socket options of level SOL_SCTP and what they carry: <linux/sctp.h>, RFC 6458 §8. They are defined
// here because github.com/ishidawataru/sctp has few of them, and because its states and its SCTP_EOF are not
// Linux's.
const (
	solSCTP = 132

	optRTOInfo        = 0
	optAssocInfo      = 1
	optInitMsg        = 2
	optNoDelay        = 3
	optPrimary        = 6
	optPeerAddrParams = 9
	optEvents         = 11
	optStatus         = 14
	optPeerAddrInfo   = 15
	optDelayedSack    = 16
	optRecvRcvInfo    = 32
	optAssocStats     = 112
	optPeelOff        = 102
	optPeelOffFlags   = 122
	optConnect        = 111
	optEncapPort      = 132
)

// octetsOfAddr is the size of struct sockaddr_storage.
const octetsOfAddr = 128

// In what follows, a blank first field is the id of the association. A socket with one association leaves it
// zero.

type rtoInfo struct {
	_                 int32
	initial, max, min uint32 // ms
}

type assocInfo struct {
	_          int32
	maxRetrans uint16
	_          uint16
	_          [2]uint32
	cookieLife uint32 // ms
}

type initMsg struct{ out, maxIn, attempts, maxTimeo uint16 }

type sackInfo struct {
	_           int32
	delay, freq uint32 // ms, packets
}

// peerAddrParams is packed in C: what follows maxRetrans is not aligned. The zero address means all addresses.
type peerAddrParams struct {
	_          int32
	_          [octetsOfAddr]byte
	hbInterval uint32 // ms
	maxRetrans uint16
	_          [8]byte // MTU, delay of SACK
	flags      [4]byte
	_          [4]byte // IPv6 flow label
	dscp       uint8
	_          uint8
}

const (
	hbEnable  = 1 << 0
	hbDisable = 1 << 1
	hbDSCP    = 1 << 9
)

type primaryAddr struct {
	_    int32
	addr [octetsOfAddr]byte
}

type peerAddrInfo struct {
	_                    int32
	addr                 [octetsOfAddr]byte
	state                int32
	cwnd, srtt, rto, mtu uint32 // octets, ms, ms, octets
}

type assocStatus struct {
	_, state int32
	window   uint32
	unacked  uint16 // DATA chunks that were sent
	_        uint16 // and those that wait to be read
	in, out  uint16
	_        uint32 // largest fragment
	primary  peerAddrInfo
}

// kernelStates are the states of sctp_status. github.com/ishidawataru/sctp counts them from zero where Linux
// counts from one.
var kernelStates = []string{"EMPTY", "CLOSED", "COOKIE-WAIT", "COOKIE-ECHOED", "ESTABLISHED", "SHUTDOWN-PENDING",
	"SHUTDOWN-SENT", "SHUTDOWN-RECEIVED", "SHUTDOWN-ACK-SENT"}

type assocStats struct {
	_                                          [8 + octetsOfAddr]byte
	_                                          [3]uint64 // largest RTO, SACKs in and out
	outPackets, inPackets, resent, _           uint64
	duplicates, _                              uint64
	outUnordered, inUnordered, outData, inData uint64
	_                                          [2]uint64 // control chunks
}

type encapPort struct {
	_    [8 + octetsOfAddr]byte
	port [2]byte // network order
	_    [6]byte
}

func setOpt[T any](fd int, level, name int, v *T) error {
	_, _, e := unix.Syscall6(unix.SYS_SETSOCKOPT, uintptr(fd), uintptr(level), uintptr(name),
		uintptr(unsafe.Pointer(v)), unsafe.Sizeof(*v), 0)
	if e != 0 {
		return e
	}
	return nil
}

func getOpt[T any](fd int, level, name int, v *T) error {
	n := uint32(unsafe.Sizeof(*v))
	_, _, e := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), uintptr(level), uintptr(name),
		uintptr(unsafe.Pointer(v)), uintptr(unsafe.Pointer(&n)), 0)
	if e != 0 {
		return e
	}
	return nil
}

func ms(d time.Duration) uint32 { return uint32(max(d.Milliseconds(), 1)) }

// prepare sets, on a new socket, all that its associations begin with. The notes say what the kernel did not
// grant.
func prepare(fd int, p Params) (notes []string, err error) {
	on := int32(1)
	// data, association, address, send failure, peer error, shutdown, partial delivery
	events := [8]byte{0, 1, 1, 1, 1, 1, 1, 0}
	err = errors.Join(
		setOpt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, &on),
		setOpt(fd, solSCTP, optNoDelay, &on),
		setOpt(fd, solSCTP, optEvents, &events),
		setOpt(fd, solSCTP, optRecvRcvInfo, &on),
		announce(fd, p),
		tune(fd, p),
	)
	return buffers(fd, p), err
}

// announce sets what an INIT says, and how often it is sent.
func announce(fd int, p Params) error {
	init := initMsg{out: p.OutStreams, maxIn: p.InStreams, maxTimeo: uint16(min(ms(p.RTOMax), 65535)),
		attempts: uint16(max(p.InitRetrans-1, 1))} // Linux does not count the first one
	return named("SCTP_INITMSG", setOpt(fd, solSCTP, optInitMsg, &init))
}

// peelOff gives an association a socket of its own.
func peelOff(fd int, assoc int32) (int, error) {
	arg := struct {
		assoc, fd int32
		flags     uint32
	}{assoc, -1, unix.SOCK_NONBLOCK | unix.SOCK_CLOEXEC}
	err := getOpt(fd, solSCTP, optPeelOffFlags, &arg)
	if err == unix.ENOPROTOOPT { // before Linux 4.13
		old := [2]int32{assoc, -1}
		if err = getOpt(fd, solSCTP, optPeelOff, &old); err == nil {
			arg.fd = old[1]
			unix.CloseOnExec(int(arg.fd))
			err = unix.SetNonblock(int(arg.fd), true)
		}
	}
	return int(arg.fd), err
}

// connect sends an INIT and gives the id of the association that is to be. The library's SCTPConnect gives no
// id while the association is not established.
func connect(fd int, to Addr) (assoc int32, err error) {
	b := toLibrary(to).ToRawSockAddrBuf()
	arg := struct {
		assoc, octets int32
		addrs         *byte
	}{0, int32(len(b)), &b[0]}
	if err = getOpt(fd, solSCTP, optConnect, &arg); err == unix.EINPROGRESS {
		err = nil
	}
	return arg.assoc, err
}

// tune sets what may change while an association lives.
func tune(fd int, p Params) error {
	rto := rtoInfo{initial: ms(p.RTOInitial), max: ms(p.RTOMax), min: ms(p.RTOMin)}
	assoc := assocInfo{maxRetrans: uint16(p.AssocRetrans), cookieLife: ms(p.CookieLife)}
	sack := sackInfo{delay: min(ms(p.SackDelay), 500), freq: 2}
	path := peerAddrParams{hbInterval: ms(p.Heartbeat), maxRetrans: uint16(p.PathRetrans), dscp: p.DSCP << 2}
	flags := uint32(hbEnable | hbDSCP)
	if p.Heartbeat < 0 {
		path.hbInterval, flags = 0, hbDisable|hbDSCP
	}
	path.flags = *(*[4]byte)(unsafe.Pointer(&flags))
	tos := int32(p.DSCP) << 2
	_ = setOpt(fd, unix.IPPROTO_IPV6, unix.IPV6_TCLASS, &tos) // an IPv4 socket has none
	return errors.Join(
		named("SCTP_RTOINFO", setOpt(fd, solSCTP, optRTOInfo, &rto)),
		named("SCTP_PEER_ADDR_PARAMS", setOpt(fd, solSCTP, optPeerAddrParams, &path)),
		// On a living association Linux refuses more than the sum of its paths'.
		named("SCTP_ASSOCINFO", except(unix.EINVAL, setOpt(fd, solSCTP, optAssocInfo, &assoc))),
		named("SCTP_DELAYED_SACK", setOpt(fd, solSCTP, optDelayedSack, &sack)),
		named("IP_TOS", except(unix.ENOPROTOOPT, setOpt(fd, unix.IPPROTO_IP, unix.IP_TOS, &tos))),
	)
}

func named(option string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", option, err)
	}
	return nil
}

func except(e unix.Errno, err error) error {
	if err == e {
		return nil
	}
	return err
}

// buffers asks for room. Linux charges the receive buffer with the length of a message and 232 octets more, but
// it advertises a window of user data. If the buffer is too small, Linux drops what it had invited, and
// recovers one message a second.
func buffers(fd int, p Params) (notes []string) {
	for _, b := range []struct {
		what         string
		force, plain int
		want         int
		sysctl       string
	}{
		{"receive", unix.SO_RCVBUFFORCE, unix.SO_RCVBUF, p.RecvBuffer, "net.core.rmem_max"},
		{"send", unix.SO_SNDBUFFORCE, unix.SO_SNDBUF, p.SendBuffer, "net.core.wmem_max"},
	} {
		want := int32(b.want)
		if setOpt(fd, unix.SOL_SOCKET, b.force, &want) == nil {
			continue
		}
		_ = setOpt(fd, unix.SOL_SOCKET, b.plain, &want) // the kernel takes any value, and caps it
		var got int32
		if err := getOpt(fd, unix.SOL_SOCKET, b.plain, &got); err == nil && int(got/2) < b.want { // Linux doubles
			notes = append(notes, fmt.Sprintf("the kernel grants a %s buffer of %d octets, not %d: bursts will stall; set "+
				"`sysctl -w %s=%d`", b.what, got/2, b.want, b.sysctl, b.want))
		}
	}
	return notes
}

// encapsulate makes the associations of the socket travel in UDP (RFC 6951).
func encapsulate(fd int, local, remote uint16) error {
	if local == 0 && remote == 0 {
		return nil
	}
	b, err := os.ReadFile("/proc/sys/net/sctp/udp_port")
	if err != nil {
		return errors.New("this kernel's SCTP cannot travel in UDP: Linux 5.11 or later can")
	}
	if is, _ := strconv.Atoi(strings.TrimSpace(string(b))); local != 0 && is != int(local) {
		return fmt.Errorf("the kernel's SCTP listens on UDP port %d, not %d: set `sysctl -w net.sctp.udp_port=%d` (one "+
			"for the whole network namespace)", is, local, local)
	}
	if remote == 0 {
		remote = local
	}
	return named("SCTP_REMOTE_UDP_ENCAPS_PORT", setOpt(fd, solSCTP, optEncapPort,
		&encapPort{port: [2]byte{byte(remote >> 8), byte(remote)}}))
}

// toStorage writes a struct sockaddr_in or sockaddr_in6.
func toStorage(b *[octetsOfAddr]byte, ip netip.Addr, port uint16) {
	if ip.Is4() {
		s := (*unix.RawSockaddrInet4)(unsafe.Pointer(b))
		*s = unix.RawSockaddrInet4{Family: unix.AF_INET, Port: netOrder16(port), Addr: ip.As4()}
		return
	}
	s := (*unix.RawSockaddrInet6)(unsafe.Pointer(b))
	*s = unix.RawSockaddrInet6{Family: unix.AF_INET6, Port: netOrder16(port), Addr: ip.As16()}
}

// fromStorage reads a struct sockaddr_in or sockaddr_in6. The address is invalid if there is neither.
func fromStorage(b []byte) (ip netip.Addr, port uint16) {
	if len(b) < 16 {
		return
	}
	port = uint16(b[2])<<8 | uint16(b[3])
	switch family := *(*uint16)(unsafe.Pointer(&b[0])); {
	case family == unix.AF_INET:
		ip = netip.AddrFrom4([4]byte(b[4:8]))
	case family == unix.AF_INET6 && len(b) >= 24:
		ip = netip.AddrFrom16([16]byte(b[8:24])).Unmap()
	}
	return
}

// netOrder16 converts a number between the byte order of this machine and network order.
func netOrder16(v uint16) uint16 {
	b := [2]byte{byte(v >> 8), byte(v)}
	return *(*uint16)(unsafe.Pointer(&b))
}

func netOrder32(v uint32) uint32 {
	b := [4]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)}
	return *(*uint32)(unsafe.Pointer(&b))
}
