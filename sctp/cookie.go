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

	"github.com/gostp/gostp/internal/lock"
)

// cookie is all that is known of an association while the far end has yet to prove that it exists. It travels
// to the far end and back, signed, and nothing is kept here (§5.1.3).
type cookie struct {
	made              time.Time
	life              time.Duration
	localTag, peerTag uint32
	localTSN, peerTSN uint32
	peerWindow        uint32
	out, in           uint16 // streams, as agreed
	tie               uint64 // both tie-tags of an association that exists already (§5.2.2), else 0
	localPort         uint16
	peerPort          uint16
	home              netip.Addr   // the first address of the endpoint that made the cookie
	addrs             []netip.Addr // of the far end; the INIT came from the first
}

// secret is the key that signs cookies. It changes every hour. Cookies that the key before has signed are still
// valid (§5.1.3).
type secret struct {
	mu       lock.Mutex[lock.CookieSecret]
	now, old [32]byte
	since    time.Time
}

func (s *secret) keys(at time.Time) (now, old [32]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.since.IsZero() || at.Sub(s.since) > time.Hour {
		s.old, s.since = s.now, at
		rand.Read(s.now[:])
	}
	return s.now, s.old
}

// random32 gives a random number other than 0 (§5.3.1).
func random32() uint32 {
	for {
		if n := uint32(random64()); n != 0 {
			return n
		}
	}
}

func random64() uint64 {
	var b [8]byte
	rand.Read(b[:])
	return binary.BigEndian.Uint64(b[:])
}

const (
	macLen      = sha256.Size
	cookieFixed = 8 + 8 + 5*4 + 4*2 + 8 + 16
)

func sign(key [32]byte, b, dst []byte) []byte {
	mac := hmac.New(sha256.New, key[:])
	mac.Write(b)
	return mac.Sum(dst)
}

func (s *secret) seal(c *cookie) []byte {
	b := make([]byte, 0, cookieFixed+16*len(c.addrs)+macLen)
	b = binary.BigEndian.AppendUint64(b, uint64(c.made.UnixNano()))
	b = binary.BigEndian.AppendUint64(b, uint64(c.life))
	for _, x := range []uint32{c.localTag, c.peerTag, c.localTSN, c.peerTSN, c.peerWindow} {
		b = binary.BigEndian.AppendUint32(b, x)
	}
	for _, x := range []uint16{c.out, c.in, c.localPort, c.peerPort} {
		b = binary.BigEndian.AppendUint16(b, x)
	}
	b = binary.BigEndian.AppendUint64(b, c.tie)
	for _, ip := range append([]netip.Addr{c.home}, c.addrs...) {
		a := ip.As16()
		b = append(b, a[:]...)
	}
	now, _ := s.keys(c.made)
	return sign(now, b, b)
}

var errCookie = errors.New("cookie was not made here")

// staleError says by how much a cookie was too old (§3.3.10.3).
type staleError struct{ by time.Duration }

func (e staleError) Error() string { return fmt.Sprintf("cookie is too old by %v", e.by) }

// open checks the signature, ports and tag of a cookie, then its age. It returns a stale cookie together with a
// staleError, because a cookie that belongs to an existing association is valid at any age (§5.1.5, §5.2.4).
func (s *secret) open(b []byte, at time.Time, h header) (c cookie, err error) {
	if len(b) < cookieFixed+16+macLen || (len(b)-cookieFixed-macLen)%16 != 0 || len(b) > 2048 {
		return c, errCookie
	}
	body, mac := b[:len(b)-macLen], b[len(b)-macLen:]
	now, old := s.keys(at)
	if !hmac.Equal(sign(now, body, nil), mac) && !hmac.Equal(sign(old, body, nil), mac) {
		return c, errCookie
	}
	c.made = time.Unix(0, int64(binary.BigEndian.Uint64(b)))
	c.life = time.Duration(binary.BigEndian.Uint64(b[8:]))
	for i, p := range []*uint32{&c.localTag, &c.peerTag, &c.localTSN, &c.peerTSN, &c.peerWindow} {
		*p = binary.BigEndian.Uint32(b[16+4*i:])
	}
	for i, p := range []*uint16{&c.out, &c.in, &c.localPort, &c.peerPort} {
		*p = binary.BigEndian.Uint16(b[36+2*i:])
	}
	c.tie = binary.BigEndian.Uint64(b[44:])
	c.home = netip.AddrFrom16([16]byte(b[52:68])).Unmap()
	for a := body[cookieFixed:]; len(a) > 0; a = a[16:] {
		c.addrs = append(c.addrs, netip.AddrFrom16([16]byte(a)).Unmap())
	}
	if c.localPort != h.dst || c.peerPort != h.src || c.localTag != h.tag {
		return c, errCookie
	}
	if age := at.Sub(c.made); age > c.life {
		return c, staleError{age - c.life}
	}
	return c, nil
}
