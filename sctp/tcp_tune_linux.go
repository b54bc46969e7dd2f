package sctp

import (
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// sharesPorts says that connections may go out from a port that is listened at.
const sharesPorts = true

// share allows sockets of this user to have the same port, if they all allow it. For a listening socket it is
// called after the bind, so that no other socket can listen there.
func share(fd uintptr) error {
	if err := unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
		return err
	}
	return unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
}

// tuneTCP sets the mark of packets, and how long data may stay unacknowledged, or find no room at the far end,
// before the system ends the connection.
func tuneTCP(c *net.TCPConn, dscp uint8, give time.Duration) error {
	return withFD(c, func(fd uintptr) error {
		if err := unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(give.Milliseconds())); err != nil {
			return err
		}
		if c.LocalAddr().(*net.TCPAddr).AddrPort().Addr().Unmap().Is4() {
			return unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_TOS, int(dscp)<<2)
		}
		return unix.SetsockoptInt(int(fd), unix.IPPROTO_IPV6, unix.IPV6_TCLASS, int(dscp)<<2)
	})
}

// unackedTCP gives how many octets the far end has acknowledged in all, how many wait for it in the system, and
// whether its window has no room.
func unackedTCP(c *net.TCPConn) (acked uint64, waits int, closed bool) {
	_ = withFD(c, func(fd uintptr) error {
		i, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		if err != nil {
			return err
		}
		acked, closed = i.Bytes_acked, i.Snd_wnd == 0
		waits, err = unix.IoctlGetInt(int(fd), unix.SIOCOUTQ)
		return err
	})
	return acked, waits, closed
}

// readTCP asks the system for the state of the connection.
func readTCP(c *net.TCPConn, s *Status, p *PathStatus) {
	_ = withFD(c, func(fd uintptr) error {
		i, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		if err != nil {
			return err
		}
		micro := func(us uint32) time.Duration { return time.Duration(us) * time.Microsecond }
		p.SRTT, p.RTO, p.MTU = micro(i.Rtt), micro(i.Rto), int(i.Pmtu)
		p.CWND, p.SSThresh = i.Snd_cwnd*i.Snd_mss, i.Snd_ssthresh*i.Snd_mss
		if i.Snd_ssthresh >= 1<<31-1 { // TCP_INFINITE_SSTHRESH
			p.SSThresh = 0
		}
		p.InFlight, p.Errors, p.Resent = int(i.Unacked*i.Snd_mss), int(i.Retransmits), uint64(i.Total_retrans)
		s.PeerWindow = i.Snd_wnd
		s.Stats.SentPackets, s.Stats.RecvPackets, s.Stats.Retransmits = uint64(i.Segs_out), uint64(i.Segs_in),
			uint64(i.Total_retrans)
		if n, err := unix.IoctlGetInt(int(fd), unix.SIOCOUTQ); err == nil {
			s.SendQueued += n
		}
		if n, err := unix.IoctlGetInt(int(fd), unix.SIOCINQ); err == nil {
			s.RecvQueued += n
		}
		return nil
	})
}
