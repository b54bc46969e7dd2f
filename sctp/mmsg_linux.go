package sctp

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"
	"unsafe"

	"github.com/gostp/gostp/internal/lock"
	"github.com/gostp/gostp/sctp/wire"

	"golang.org/x/sys/unix"
)

// mmsghdr is struct mmsghdr of recvmmsg(2) and sendmmsg(2).
type mmsghdr struct {
	unix.Msghdr
	n uint32
}

const (
	rxMessages = 32    // messages of one recvmmsg; with receive offload each holds many packets
	rxSize     = 65536 // octets of one message: the most that IP can carry
	txMessages = 64    // messages of one sendmmsg
	// maxSegments packets, of maxSegmented octets in all, are the most that one message holds which the kernel
	// cuts (udp(7), UDP_SEGMENT).
	maxSegments  = 64
	maxSegmented = 65000
)

// dgram is a datagram socket on Go's poller that is read and written in batches. It serves both SCTP in UDP and
// SCTP over raw IP. One goroutine at a time may Read.
type dgram struct {
	file *os.File
	raw  syscall.RawConn
	ip4  bool // the socket's family
	bare bool // raw IP: reads of IPv4 carry the IP header
	mtu  int

	rx struct {
		hdrs [rxMessages]mmsghdr
		iov  [rxMessages]unix.Iovec
		from [rxMessages]unix.RawSockaddrInet6
		ctl  [rxMessages][64]byte
		buf  []byte
		call func(fd uintptr) bool
		n    int
		err  error
		next int // the first message that was not wholly handed out
		cut  int // how many of its octets were
	}

	mu lock.Mutex[lock.DatagramSend] // guards tx; nothing waits under it
	tx struct {
		hdrs    [txMessages]mmsghdr
		iov     []unix.Iovec
		to      [txMessages]unix.RawSockaddrInet6
		ctl     [txMessages][64]byte
		packets [txMessages]int // how many packets are in each message
		call    func(fd uintptr) bool
		from, n int
		sent    int // how many messages were sent
		err     error
		segment bool // the kernel cuts messages into packets (UDP_SEGMENT)
	}
}

// newDgram takes over a bound non-blocking socket.
func newDgram(fd int, name string, ip4, bare bool, mtu int) (*dgram, error) {
	d := &dgram{file: os.NewFile(uintptr(fd), name), ip4: ip4, bare: bare, mtu: mtu}
	raw, err := d.file.SyscallConn()
	if err != nil {
		d.file.Close()
		return nil, err
	}
	d.raw = raw
	bigBuffers(fd)
	// IP cuts what is longer than the path takes. SCTP makes its packets for the interface, without path MTU
	// discovery.
	if ip4 {
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_DONT)
	} else {
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_MTU_DISCOVER, unix.IPV6_PMTUDISC_DONT)
	}
	if !bare {
		// Without this option, as in old kernels, packets come one by one.
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_UDP, unix.UDP_GRO, 1)
		// A Linux kernel whose SCTP takes packets in UDP panics if a message comes uncut over loopback or a veth
		// (6.1, in sctp_rcv). So where the kernel has SCTP, each packet is a message of its own.
		d.tx.segment = !kernelHasSCTP() && unix.SetsockoptInt(fd, unix.IPPROTO_UDP, unix.UDP_SEGMENT, 0) == nil
	}
	d.rx.buf = make([]byte, rxMessages*rxSize)
	for i := range d.rx.hdrs {
		d.rx.iov[i].Base = &d.rx.buf[i*rxSize]
		d.rx.iov[i].SetLen(rxSize)
		h := &d.rx.hdrs[i]
		h.Name, h.Iov, h.Control = (*byte)(unsafe.Pointer(&d.rx.from[i])), &d.rx.iov[i], &d.rx.ctl[i][0]
		h.SetIovlen(1)
	}
	d.rx.call, d.tx.call = d.recv, d.send
	d.tx.iov = make([]unix.Iovec, 0, txMessages)
	return d, nil
}

// bigBuffers asks for room for a burst. An administrator may exceed the system's limit; others get up to that
// limit.
func bigBuffers(fd int) {
	const size = 8 << 20
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, size) != nil {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, size)
	}
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, size) != nil {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, size)
	}
}

// recv is called by the poller whenever the socket may be readable.
func (d *dgram) recv(fd uintptr) bool {
	r := &d.rx
	for i := range r.hdrs {
		r.hdrs[i].Namelen = unix.SizeofSockaddrInet6
		r.hdrs[i].SetControllen(len(r.ctl[i]))
	}
	n, _, e := unix.Syscall6(unix.SYS_RECVMMSG, fd, uintptr(unsafe.Pointer(&r.hdrs[0])), rxMessages, unix.MSG_DONTWAIT,
		0, 0)
	if e == unix.EAGAIN || e == unix.EINTR {
		return false
	}
	r.n, r.err = int(n), nil
	if e != 0 {
		r.n, r.err = 0, e
	}
	return true
}

// Read implements Wire.
func (d *dgram) Read(ps []wire.Packet) (int, error) {
	r := &d.rx
	for {
		if r.next == r.n {
			r.next, r.cut, r.n = 0, 0, 0
			if err := d.raw.Read(r.call); err != nil {
				return 0, net.ErrClosed
			}
			if r.err != nil {
				return 0, r.err
			}
		}
		n := 0
		for n < len(ps) && r.next < r.n {
			if d.take(&ps[n]) {
				n++
			}
		}
		if n > 0 {
			return n, nil
		}
	}
}

// take hands out the next packet of what was read. It gives false if that was no packet.
func (d *dgram) take(p *wire.Packet) bool {
	r := &d.rx
	i := r.next
	h := &r.hdrs[i]
	whole := r.buf[i*rxSize : i*rxSize+int(h.n)]
	size := len(whole)
	if s := segmentSize(r.ctl[i][:h.Controllen]); s > 0 {
		size = s
	}
	b := whole[r.cut:min(r.cut+size, len(whole))]
	if r.cut += len(b); r.cut >= len(whole) {
		r.next, r.cut = r.next+1, 0
	}
	if d.bare && d.ip4 {
		if len(b) < 20 || len(b) < int(b[0]&15)*4 {
			return false
		}
		b = b[int(b[0]&15)*4:]
	}
	p.Addr, p.Data = fromSockaddr(&r.from[i], d.bare), b
	return len(b) > 0
}

// segmentSize finds what UDP_GRO says of a message: the length of the packets in it.
func segmentSize(ctl []byte) int {
	for len(ctl) >= unix.SizeofCmsghdr {
		h := (*unix.Cmsghdr)(unsafe.Pointer(&ctl[0]))
		if int(h.Len) < unix.SizeofCmsghdr || int(h.Len) > len(ctl) {
			return 0
		}
		if h.Level == unix.IPPROTO_UDP && h.Type == unix.UDP_GRO && int(h.Len) >= unix.CmsgLen(2) {
			return int(binary.NativeEndian.Uint16(ctl[unix.CmsgLen(0):]))
		}
		ctl = ctl[min(len(ctl), unix.CmsgSpace(int(h.Len)-unix.CmsgLen(0))):]
	}
	return 0
}

// Write implements Wire.
func (d *dgram) Write(ps []wire.Packet) (sent int, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for len(ps) > 0 {
		used, n, e := d.batch(ps)
		sent += n
		if e != nil && err == nil {
			err = e
		}
		ps = ps[used:]
	}
	return sent, err
}

// batch makes one system call with as many packets as fit in it. It gives how many packets it used, and how
// many of these went out.
func (d *dgram) batch(ps []wire.Packet) (used, sent int, err error) {
	t := &d.tx
	t.iov = t.iov[:0]
	if cap(t.iov) < len(ps) {
		t.iov = make([]unix.Iovec, 0, len(ps)) // it must not move later: messages point into it
	}
	m := 0
	for used < len(ps) && m < txMessages {
		used += d.message(m, ps[used:])
		m++
	}
	for t.from, t.n = 0, m; t.from < t.n; {
		if e := d.raw.Write(t.call); e != nil {
			return used, sent, net.ErrClosed
		}
		for i := range t.sent {
			sent += t.packets[t.from+i]
		}
		t.from += t.sent
		if t.err == nil {
			continue
		}
		if t.segment && t.packets[t.from] > 1 {
			// The interface cannot cut. From now on each packet is a message.
			t.segment = false
			u, n, e := d.batch(ps[sent:used])
			return sent + u, sent + n, e
		}
		err = t.err
		t.from++ // this message is lost
	}
	return used, sent, err
}

// message makes message m out of the first packets of ps that can share one: those to the same place and of the
// same size, of which the last may be shorter.
func (d *dgram) message(m int, ps []wire.Packet) (n int) {
	t := &d.tx
	first, size := &ps[0], 0
	start := len(t.iov)
	for n < len(ps) && n < maxSegments {
		p := &ps[n]
		if n > 0 && (!t.segment || p.Addr != first.Addr || p.DSCP != first.DSCP || len(p.Data) > len(first.Data) ||
			size+len(p.Data) > maxSegmented) {
			break
		}
		t.iov = append(t.iov, unix.Iovec{Base: unsafe.SliceData(p.Data)})
		t.iov[len(t.iov)-1].SetLen(len(p.Data))
		size += len(p.Data)
		n++
		if len(p.Data) < len(first.Data) {
			break // a shorter packet must be the last
		}
	}
	t.packets[m] = n
	h := &t.hdrs[m]
	*h = mmsghdr{}
	h.Name, h.Namelen = (*byte)(unsafe.Pointer(&t.to[m])), toSockaddr(&t.to[m], d.far(first.Addr), d.ip4)
	h.Iov = &t.iov[start]
	h.SetIovlen(n)
	ctl := t.ctl[m][:0]
	if n > 1 {
		ctl = appendCmsg(ctl, unix.IPPROTO_UDP, unix.UDP_SEGMENT, 2)
		binary.NativeEndian.PutUint16(ctl[unix.CmsgLen(0):], uint16(len(first.Data)))
	}
	if first.DSCP != 0 {
		at := len(ctl)
		if d.ip4 {
			ctl = appendCmsg(ctl, unix.IPPROTO_IP, unix.IP_TOS, 4)
		} else {
			ctl = appendCmsg(ctl, unix.IPPROTO_IPV6, unix.IPV6_TCLASS, 4)
		}
		binary.NativeEndian.PutUint32(ctl[at+unix.CmsgLen(0):], uint32(first.DSCP)<<2)
	}
	if len(ctl) > 0 {
		h.Control = &ctl[0]
		h.SetControllen(len(ctl))
	}
	return n
}

// far gives the address with the registered UDP port, if it has none.
func (d *dgram) far(a netip.AddrPort) netip.AddrPort {
	if d.bare {
		return a
	}
	return withPort(a)
}

// appendCmsg appends a control message with room for n octets, all zero. dst must have the capacity.
func appendCmsg(dst []byte, level, typ int32, n int) []byte {
	at := len(dst)
	dst = dst[:at+unix.CmsgSpace(n)]
	clear(dst[at:])
	h := (*unix.Cmsghdr)(unsafe.Pointer(&dst[at]))
	h.Level, h.Type = level, typ
	h.SetLen(unix.CmsgLen(n))
	return dst
}

// send is called once. What the socket does not take is lost.
func (d *dgram) send(fd uintptr) bool {
	t := &d.tx
	n, _, e := unix.Syscall6(unix.SYS_SENDMMSG, fd, uintptr(unsafe.Pointer(&t.hdrs[t.from])), uintptr(t.n-t.from),
		unix.MSG_DONTWAIT, 0, 0)
	t.sent, t.err = int(n), nil
	if e != 0 {
		t.sent, t.err = 0, e
	}
	return true
}

// MTU implements Wire.
func (d *dgram) MTU() int { return d.mtu }

// Close implements Wire.
func (d *dgram) Close() error { return d.file.Close() }

func fromSockaddr(s *unix.RawSockaddrInet6, bare bool) netip.AddrPort {
	var ip netip.Addr
	if s.Family == unix.AF_INET {
		ip = netip.AddrFrom4((*unix.RawSockaddrInet4)(unsafe.Pointer(s)).Addr)
	} else {
		ip = netip.AddrFrom16(s.Addr).Unmap()
	}
	if bare {
		return netip.AddrPortFrom(ip, 0)
	}
	// The port is in network order, and at the same place for both families.
	return netip.AddrPortFrom(ip, s.Port<<8|s.Port>>8)
}

func toSockaddr(s *unix.RawSockaddrInet6, a netip.AddrPort, ip4 bool) uint32 {
	port := a.Port()<<8 | a.Port()>>8
	if ip4 {
		*(*unix.RawSockaddrInet4)(unsafe.Pointer(s)) = unix.RawSockaddrInet4{Family: unix.AF_INET, Port: port,
			Addr: a.Addr().Unmap().As4()}
		return unix.SizeofSockaddrInet4
	}
	*s = unix.RawSockaddrInet6{Family: unix.AF_INET6, Port: port, Addr: a.Addr().As16()}
	return unix.SizeofSockaddrInet6
}

// interfaceMTU gives the MTU of the interface that has ip, but at most that of Ethernet: what lies behind the
// interface seldom carries more.
func interfaceMTU(ip netip.Addr) int {
	const ethernet = 1500
	all, _ := net.Interfaces()
	for _, i := range all {
		addrs, _ := i.Addrs()
		for _, a := range addrs {
			if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr() == ip {
				return min(i.MTU, ethernet)
			}
		}
	}
	return ethernet
}

// bound makes a non-blocking socket, of the family of local, and binds it there.
func bound(typ, proto int, local netip.AddrPort) (fd int, err error) {
	fam := unix.AF_INET6
	var sa unix.Sockaddr = &unix.SockaddrInet6{Port: int(local.Port()), Addr: local.Addr().As16()}
	if local.Addr().Is4() {
		fam, sa = unix.AF_INET, &unix.SockaddrInet4{Port: int(local.Port()), Addr: local.Addr().As4()}
	}
	fd, err = unix.Socket(fam, typ|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, proto)
	if err != nil {
		return -1, fmt.Errorf("socket: %w", err)
	}
	if fam == unix.AF_INET6 {
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 1)
	}
	if err := unix.Bind(fd, sa); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}
