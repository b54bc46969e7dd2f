package sctp

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
)

// EncapPort is the registered UDP port of SCTP in UDP (RFC 6951 §4).
const EncapPort = 9899

// udpNet is a Network of UDP sockets.
type udpNet struct{}

// UDP is the network in which SCTP packets travel in UDP (RFC 6951): no
// privileges, through NAT and firewalls. Port 0 means EncapPort.
func UDP() Network { return udpNet{} }

func (udpNet) Open(local netip.AddrPort) (Wire, error) {
	local = withPort(local)
	c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(local))
	switch {
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return nil, fmt.Errorf("%s is not an address of this machine", local.Addr())
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("UDP port %d at %s is used by another program; give this local-peer another `udp-port`, and the far end's link the same", local.Port(), local.Addr())
	case err != nil:
		return nil, fmt.Errorf("UDP port %d at %s: %w", local.Port(), local.Addr(), err)
	}
	// A burst must fit while the reader is busy; the system may grant less.
	_ = c.SetReadBuffer(4 << 20)
	_ = c.SetWriteBuffer(4 << 20)
	return &udpWire{c, local.Addr().Is4(), make([]byte, 65536)}, nil
}

func withPort(a netip.AddrPort) netip.AddrPort {
	if a.Port() == 0 {
		return netip.AddrPortFrom(a.Addr(), EncapPort)
	}
	return a
}

type udpWire struct {
	c    *net.UDPConn
	ipv4 bool
	buf  []byte
}

func (w *udpWire) Write(ps []Packet) (sent int, err error) {
	for _, p := range ps {
		if _, e := w.c.WriteToUDPAddrPort(p.Data, withPort(p.Addr)); e == nil {
			sent++
		} else if err == nil {
			err = e
		}
	}
	return sent, err
}

func (w *udpWire) Read(ps []Packet) (int, error) {
	n, src, err := w.c.ReadFromUDPAddrPort(w.buf)
	if err != nil {
		return 0, err
	}
	ps[0] = Packet{Addr: src, Data: w.buf[:n]}
	return 1, nil
}

// Source asks the system's routing.
func (udpNet) Source(dst netip.Addr) netip.Addr {
	c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(dst, EncapPort)))
	if err != nil {
		return netip.Addr{}
	}
	defer c.Close()
	return c.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap()
}

// MTU: an Ethernet frame less IP and UDP headers (RFC 6951 §5.3), a multiple of 4.
func (w *udpWire) MTU() int {
	if w.ipv4 {
		return 1500 - 20 - 8
	}
	return (1500 - 40 - 8) &^ 3
}

func (w *udpWire) Close() error { return w.c.Close() }
