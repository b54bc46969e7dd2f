package node

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"testing"

	"github.com/gostp/gostp/capture"
)

// captured is one user message of SCTP in a capture.
type captured struct {
	from, to netip.AddrPort
	ppid     uint32
	data     []byte
}

// readCapture gives the messages of a pcap or pcapng file in their order: whole DATA
// chunks over IPv4, each once.
func readCapture(t *testing.T, path string) (out []captured) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	err = eachPacket(b, func(link uint32, p []byte) {
		switch {
		case link == 1 && len(p) > 14 && binary.BigEndian.Uint16(p[12:]) == 0x0800:
			p = p[14:]
		case link != capture.LinkRaw:
			return
		}
		if n := 20; len(p) > n && p[0]>>4 == 4 && p[9] == 132 {
			n = int(p[0]&15) * 4
			if total := int(binary.BigEndian.Uint16(p[2:])); total >= n && total <= len(p) {
				out = appendChunks(out, p[12:20], p[n:total], seen)
			}
		}
	})
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return out
}

// eachPacket gives the packets of a file with the type of their link.
func eachPacket(b []byte, f func(link uint32, p []byte)) error {
	if len(b) < 24 {
		return fmt.Errorf("%d octets are no capture", len(b))
	}
	le, be := binary.ByteOrder(binary.LittleEndian), binary.ByteOrder(binary.BigEndian)
	switch binary.LittleEndian.Uint32(b) {
	case 0xa1b2c3d4, 0xa1b23c4d:
		return eachRecord(le, b, f)
	case 0xd4c3b2a1, 0x4d3cb2a1:
		return eachRecord(be, b, f)
	case 0x0a0d0d0a:
		if le.Uint32(b[8:]) == 0x1a2b3c4d {
			return eachBlock(le, b, f)
		}
		return eachBlock(be, b, f)
	}
	return fmt.Errorf("neither pcap nor pcapng")
}

func eachRecord(o binary.ByteOrder, b []byte, f func(link uint32, p []byte)) error {
	link := o.Uint32(b[20:])
	for b = b[24:]; len(b) >= 16; {
		n := int(o.Uint32(b[8:]))
		if n > len(b)-16 {
			return fmt.Errorf("a record of %d octets is cut off", n)
		}
		f(link, b[16:16+n])
		b = b[16+n:]
	}
	return nil
}

func eachBlock(o binary.ByteOrder, b []byte, f func(link uint32, p []byte)) error {
	var links []uint32
	for len(b) >= 12 {
		n := int(o.Uint32(b[4:]))
		if n < 12 || n > len(b) {
			return fmt.Errorf("a block of %d octets is cut off", n)
		}
		switch body := b[8 : n-4]; o.Uint32(b) {
		case 1:
			links = append(links, uint32(o.Uint16(body)))
		case 6:
			id, size := int(o.Uint32(body)), int(o.Uint32(body[12:]))
			if id >= len(links) || 20+size > len(body) {
				return fmt.Errorf("a packet of %d octets on interface %d", size, id)
			}
			f(links[id], body[20:20+size])
		}
		b = b[n:]
	}
	return nil
}

// appendChunks takes an SCTP packet apart; ips are the addresses of its IP header.
func appendChunks(out []captured, ips, p []byte, seen map[string]bool) []captured {
	if len(p) < 12 {
		return out
	}
	c := captured{from: netip.AddrPortFrom(netip.AddrFrom4([4]byte(ips)), binary.BigEndian.Uint16(p)),
		to: netip.AddrPortFrom(netip.AddrFrom4([4]byte(ips[4:])), binary.BigEndian.Uint16(p[2:]))}
	for q := p[12:]; len(q) >= 4; {
		n := int(binary.BigEndian.Uint16(q[2:]))
		if n < 4 || n > len(q) {
			return out
		}
		if whole := q[1]&3 == 3; q[0] == 0 && n > 16 && whole { // DATA
			// a TSN alone may be anything in a capture that was made up
			key := fmt.Sprintf("%v %v %x %x", c.from, c.to, p[4:8], q[4:n])
			if !seen[key] {
				seen[key] = true
				c.ppid, c.data = binary.BigEndian.Uint32(q[12:]), append([]byte(nil), q[16:n]...)
				out = append(out, c)
			}
		}
		q = q[min((n+3)&^3, len(q)):]
	}
	return out
}
