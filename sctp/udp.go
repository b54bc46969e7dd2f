package sctp

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"

	"github.com/gostp/gostp/sctp/wire"
)

// EncapPort is the registered UDP port of SCTP in UDP (RFC 6951 §4).
const EncapPort = 9899

// udpNet is a Network of UDP sockets.
type udpNet struct{}

// UDP is the network in which SCTP packets travel in UDP (RFC 6951). It needs no privileges, and passes NAT and
// firewalls. Port 0 means EncapPort, here and in the addresses of packets.
func UDP() wire.Network { return udpNet{} }

func (udpNet) String() string { return "in UDP" }

func (udpNet) Open(local netip.AddrPort) (wire.Wire, error) {
	local = withPort(local)
	w, err := openUDP(local)
	switch {
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return nil, fmt.Errorf("%s is not an address of this machine", local.Addr())
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("UDP port %d at %s is used by another program; give this local-peer another `udp-port`, "+
			"and the far end's link the same", local.Port(), local.Addr())
	case err != nil:
		return nil, fmt.Errorf("UDP port %d at %s: %w", local.Port(), local.Addr(), err)
	}
	return w, nil
}

func (udpNet) Source(dst netip.Addr) netip.Addr { return source(dst) }

// source asks the system's routing by connecting a UDP socket, which sends nothing.
func source(dst netip.Addr) netip.Addr {
	c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(dst, EncapPort)))
	if err != nil {
		return netip.Addr{}
	}
	defer c.Close()
	return c.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap()
}

func withPort(a netip.AddrPort) netip.AddrPort {
	if a.Port() == 0 {
		return netip.AddrPortFrom(a.Addr(), EncapPort)
	}
	return a
}

// encapMTU gives what an interface carries, less the IP and UDP headers (RFC 6951 §5.3), as a multiple of 4.
func encapMTU(local netip.Addr, mtu int) int {
	if local.Is4() {
		return (mtu - 20 - 8) &^ 3
	}
	return (mtu - 40 - 8) &^ 3
}
