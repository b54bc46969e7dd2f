package sctp

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
)

// maxAddrs is how many addresses a far end may list; more are ignored.
const maxAddrs = 16

// initChunk is INIT or INIT ACK (§3.3.2, §3.3.3).
type initChunk struct {
	tag, window, tsn uint32
	out, in          uint16
	addrs            []netip.Addr // those that it lists; the source of the packet is one more
	cookie           []byte
	preserve         uint32 // how many ms longer the cookie should live
	unknown          []byte // whole parameters, each padded, to be reported back
	// cause is the error cause with which the INIT is refused; nil if it can be accepted.
	cause []byte
}

// parseInit reads INIT and INIT ACK. It returns an error for a chunk that is no INIT at all or has tag 0. What
// is to be refused with a reason has that reason in cause.
func parseInit(b []byte) (c initChunk, err error) {
	if len(b) < 16 {
		return c, fmt.Errorf("INIT of %d octets is too short", len(b))
	}
	c = initChunk{tag: binary.BigEndian.Uint32(b), window: binary.BigEndian.Uint32(b[4:]),
		out: binary.BigEndian.Uint16(b[8:]),
		in:  binary.BigEndian.Uint16(b[10:]), tsn: binary.BigEndian.Uint32(b[12:])}
	switch {
	case c.tag == 0:
		return c, fmt.Errorf("INIT with tag 0")
	case c.out == 0 || c.in == 0:
		c.cause = appendParam(nil, causeInvalidParam, nil)
		return c, nil
	case c.window < 1500:
		c.cause = appendParam(nil, causeProtocol, []byte("a_rwnd below 1500"))
		return c, nil
	}
	for b = b[16:]; len(b) > 0; {
		typ, value, raw, rest, err := nextParam(b)
		if err != nil {
			c.cause = appendParam(nil, causeProtocol, []byte(err.Error()))
			return c, nil
		}
		b = rest
		if !c.param(typ, value, raw) {
			break
		}
	}
	return c, nil
}

// param reads one parameter. It gives false if the rest of the chunk must be ignored (§3.2.1).
func (c *initChunk) param(typ uint16, value, raw []byte) bool {
	switch typ {
	case ptCookie:
		c.cookie = value
	case ptIPv4, ptIPv6:
		if ip, ok := netip.AddrFromSlice(value); ok && ip.Is4() == (typ == ptIPv4) && len(c.addrs) < maxAddrs &&
			!slices.Contains(c.addrs, ip.Unmap()) {
			c.addrs = append(c.addrs, ip.Unmap())
		}
	case ptPreservative:
		if len(value) == 4 {
			c.preserve = binary.BigEndian.Uint32(value)
		}
	case ptAddressTypes, ptUnrecognized:
	case ptHostName:
		c.cause = appendParam(nil, causeUnresolvedAddr, raw) // §5.1.2 B
		return false
	default:
		if typ&0x4000 != 0 && len(c.unknown)+len(raw) < 1024 {
			c.unknown = pad(append(c.unknown, raw...))
		}
		return typ&0x8000 != 0
	}
	return true
}

func appendInit(dst []byte, typ uint8, c initChunk) []byte {
	dst, at := openChunk(dst, typ, 0)
	dst = binary.BigEndian.AppendUint32(dst, c.tag)
	dst = binary.BigEndian.AppendUint32(dst, c.window)
	dst = binary.BigEndian.AppendUint16(dst, c.out)
	dst = binary.BigEndian.AppendUint16(dst, c.in)
	dst = binary.BigEndian.AppendUint32(dst, c.tsn)
	for _, ip := range c.addrs {
		dst = appendAddr(dst, ip)
	}
	if c.preserve > 0 {
		dst = appendParam(dst, ptPreservative, binary.BigEndian.AppendUint32(nil, c.preserve))
	}
	if c.cookie != nil {
		dst = appendParam(dst, ptCookie, c.cookie)
	}
	for b := c.unknown; len(b) >= 4; {
		_, _, raw, rest, err := nextParam(b)
		if err != nil {
			break
		}
		dst = appendParam(dst, ptUnrecognized, raw)
		b = rest
	}
	return closeChunk(dst, at)
}

func appendAddr(dst []byte, ip netip.Addr) []byte {
	if ip.Is4() {
		return appendParam(dst, ptIPv4, ip.AsSlice())
	}
	return appendParam(dst, ptIPv6, ip.AsSlice())
}

func pad(b []byte) []byte {
	for len(b)&3 != 0 {
		b = append(b, 0)
	}
	return b
}
