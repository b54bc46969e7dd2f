package sctp

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// cookie is all that is known of an association while the far end proves that it
// exists: it travels to it and back, signed, and nothing is kept here (§5.1.3).
type cookie struct {
	made                time.Time
	life                time.Duration
	localTag, peerTag   uint32
	localTSN, peerTSN   uint32
	peerWindow          uint32
	peerOut, peerIn     uint16
	tieLocal, tiePeer   uint32 // of an association that exists already (§5.2.2)
	local, remote       netip.Addr
	localPort, peerPort uint16
}

const macLen = sha256.Size

// secret signs cookies; it lives as long as the stack.
type secret [32]byte

func newSecret() (s secret) {
	rand.Read(s[:])
	return s
}

func random32() uint32 {
	var b [4]byte
	for {
		rand.Read(b[:])
		if n := binary.BigEndian.Uint32(b[:]); n != 0 {
			return n
		}
	}
}

func (s *secret) seal(c *cookie) []byte {
	var b []byte
	b = binary.BigEndian.AppendUint64(b, uint64(c.made.UnixNano()))
	b = binary.BigEndian.AppendUint64(b, uint64(c.life))
	for _, x := range []uint32{c.localTag, c.peerTag, c.localTSN, c.peerTSN, c.peerWindow, c.tieLocal, c.tiePeer} {
		b = binary.BigEndian.AppendUint32(b, x)
	}
	for _, x := range []uint16{c.peerOut, c.peerIn, c.localPort, c.peerPort} {
		b = binary.BigEndian.AppendUint16(b, x)
	}
	l, r := c.local.As16(), c.remote.As16()
	b = append(append(b, l[:]...), r[:]...)
	mac := hmac.New(sha256.New, s[:])
	mac.Write(b)
	return mac.Sum(b)
}

var errCookie = errors.New("cookie was not made here")

// staleError says by how much a cookie was too old (§3.3.10.3).
type staleError struct{ by time.Duration }

func (e staleError) Error() string { return fmt.Sprintf("cookie is too old by %v", e.by) }

const cookieLen = 8 + 8 + 7*4 + 4*2 + 32 + macLen

// open checks the signature and the age of a cookie that came from remote to local.
func (s *secret) open(b []byte, now time.Time, local, remote netip.Addr, h header) (c cookie, err error) {
	if len(b) != cookieLen {
		return c, errCookie
	}
	body := b[:len(b)-macLen]
	mac := hmac.New(sha256.New, s[:])
	mac.Write(body)
	if !hmac.Equal(mac.Sum(nil), b[len(body):]) {
		return c, errCookie
	}
	c.made = time.Unix(0, int64(binary.BigEndian.Uint64(b)))
	c.life = time.Duration(binary.BigEndian.Uint64(b[8:]))
	for i, p := range []*uint32{&c.localTag, &c.peerTag, &c.localTSN, &c.peerTSN, &c.peerWindow, &c.tieLocal, &c.tiePeer} {
		*p = binary.BigEndian.Uint32(b[16+4*i:])
	}
	for i, p := range []*uint16{&c.peerOut, &c.peerIn, &c.localPort, &c.peerPort} {
		*p = binary.BigEndian.Uint16(b[44+2*i:])
	}
	c.local = netip.AddrFrom16([16]byte(b[52:68])).Unmap()
	c.remote = netip.AddrFrom16([16]byte(b[68:84])).Unmap()
	if c.local != local.Unmap() || c.remote != remote.Unmap() || c.localPort != h.dst || c.peerPort != h.src || c.localTag != h.tag {
		return c, errCookie
	}
	if age := now.Sub(c.made); age > c.life {
		return c, staleError{age - c.life}
	}
	return c, nil
}
