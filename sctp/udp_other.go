//go:build !linux

package sctp

import (
	"net"
	"net/netip"

	"github.com/gostp/gostp/sctp/wire"
)

func openUDP(local netip.AddrPort) (wire.Wire, error) {
	c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(local))
	if err != nil {
		return nil, err
	}
	// A burst must fit in the buffer while the reader is busy. The system may grant less.
	_ = c.SetReadBuffer(4 << 20)
	_ = c.SetWriteBuffer(4 << 20)
	return &udpConn{c, make([]byte, 65536), encapMTU(local.Addr(), 1500)}, nil
}

// udpConn reads and writes one packet a call.
type udpConn struct {
	c   *net.UDPConn
	buf []byte
	mtu int
}

func (w *udpConn) Write(ps []wire.Packet) (sent int, err error) {
	for _, p := range ps {
		if _, e := w.c.WriteToUDPAddrPort(p.Data, withPort(p.Addr)); e == nil {
			sent++
		} else if err == nil {
			err = e
		}
	}
	return sent, err
}

func (w *udpConn) Read(ps []wire.Packet) (int, error) {
	n, src, err := w.c.ReadFromUDPAddrPort(w.buf)
	if err != nil {
		return 0, err
	}
	ps[0] = wire.Packet{Addr: netip.AddrPortFrom(src.Addr().Unmap(), src.Port()), Data: w.buf[:n]}
	return 1, nil
}

func (w *udpConn) MTU() int     { return w.mtu }
func (w *udpConn) Close() error { return w.c.Close() }
