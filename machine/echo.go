package machine

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// family has what differs between ICMP for IPv4 and for IPv6.
type family struct {
	raw, ping   string // networks of golang.org/x/net/icmp
	any         string
	header      int // octets of the IP header
	protocol    int
	ask, answer icmp.Type
}

var (
	family4 = family{"ip4:icmp", "udp4", "0.0.0.0", 20, 1, ipv4.ICMPTypeEcho, ipv4.ICMPTypeEchoReply}
	family6 = family{"ip6:ipv6-icmp", "udp6", "::", 40, 58, ipv6.ICMPTypeEchoRequest, ipv6.ICMPTypeEchoReply}
)

// echo sends one request and waits for its answer. A raw socket shows the errors that routers send back. A ping
// socket, which may need no privileges, does not.
func echo(ctx context.Context, e Echo) (time.Duration, error) {
	f := family4
	if e.Dst.Is6() {
		f = family6
	}
	c, dst, err := f.listen(e)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	data := make([]byte, max(0, e.Size-f.header-8))
	for i := range data {
		data[i] = byte(i)
	}
	b, err := (&icmp.Message{Type: f.ask, Body: &icmp.Echo{ID: int(e.ID), Seq: int(e.Seq), Data: data}}).Marshal(nil)
	if err != nil {
		return 0, err
	}
	start := time.Now()
	if _, err := c.WriteTo(b, dst); err != nil {
		return 0, sendError(err)
	}
	if err := c.SetReadDeadline(start.Add(e.Timeout)); err != nil {
		return 0, err
	}
	defer context.AfterFunc(ctx, func() { c.SetReadDeadline(time.Unix(1, 0)) })()
	return f.await(ctx, c, e, start)
}

func (f family) listen(e Echo) (*icmp.PacketConn, net.Addr, error) {
	src := f.any
	if e.Src.IsValid() {
		src = e.Src.String()
	}
	c, err := icmp.ListenPacket(f.raw, src)
	if err == nil {
		return c, &net.IPAddr{IP: e.Dst.AsSlice()}, nil
	}
	c, err2 := icmp.ListenPacket(f.ping, src)
	if err2 == nil {
		return c, &net.UDPAddr{IP: e.Dst.AsSlice()}, nil
	}
	if isPermission(err) {
		return nil, nil, errors.New("ICMP needs root, CAP_NET_RAW (`setcap cap_net_raw+ep` on the program), or this " +
			"user's group in the sysctl net.ipv4.ping_group_range")
	}
	return nil, nil, fmt.Errorf("no ICMP socket at %s: %w", src, err)
}

// await reads until something comes that is about this echo.
func (f family) await(ctx context.Context, c *icmp.PacketConn, e Echo, start time.Time) (time.Duration, error) {
	buf := make([]byte, 65536)
	_, isPing := c.LocalAddr().(*net.UDPAddr) // the kernel has chosen the identifier, and shows only our answers
	for {
		n, from, err := c.ReadFrom(buf)
		took := time.Since(start)
		if err != nil {
			if ctx.Err() != nil {
				return 0, ctx.Err()
			}
			if t, ok := err.(net.Error); ok && t.Timeout() {
				return 0, ErrEchoTimeout
			}
			return 0, sendError(err)
		}
		m, err := icmp.ParseMessage(f.protocol, buf[:n])
		if err != nil {
			continue
		}
		switch body := m.Body.(type) {
		case *icmp.Echo:
			if m.Type == f.answer && body.Seq == int(e.Seq) && (isPing || body.ID == int(e.ID)) && addrOf(from) == e.Dst {
				return took, nil
			}
		case *icmp.DstUnreach:
			if f.ours(body.Data, e) {
				if f.header == 20 && m.Code == 4 { // fragmentation needed (RFC 792)
					return 0, fmt.Errorf("%s: %w", addrOf(from), ErrEchoTooBig)
				}
				return 0, fmt.Errorf("%s says: %w", addrOf(from), ErrEchoUnreachable)
			}
		case *icmp.PacketTooBig:
			if f.ours(body.Data, e) {
				return 0, fmt.Errorf("%s: %w", addrOf(from), ErrEchoTooBig)
			}
		case *icmp.TimeExceeded:
			if f.ours(body.Data, e) {
				return 0, fmt.Errorf("the packet went in circles, says %s: %w", addrOf(from), ErrEchoUnreachable)
			}
		}
	}
}

// ours tells whether an error quotes this echo. It quotes the IP header, then at least eight octets of ICMP
// (RFC 792).
func (f family) ours(quoted []byte, e Echo) bool {
	at := f.header
	if f.header == 20 && len(quoted) > 0 {
		at = int(quoted[0]&15) * 4
	}
	return len(quoted) >= at+8 && binary.BigEndian.Uint16(quoted[at+4:]) == e.ID &&
		binary.BigEndian.Uint16(quoted[at+6:]) == e.Seq
}

func addrOf(a net.Addr) netip.Addr {
	var ip net.IP
	switch a := a.(type) {
	case *net.IPAddr:
		ip = a.IP
	case *net.UDPAddr:
		ip = a.IP
	}
	x, _ := netip.AddrFromSlice(ip)
	return x.Unmap()
}
