package sctp

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/gostp/gostp/sctp/wire"
)

// tunPeer is a far end made by hand, beside the kernel's SCTP.
type tunPeer struct {
	t   *testing.T
	n   tunNet
	w   *tunWire
	tag uint32 // the kernel's
}

func newTunPeer(t *testing.T) *tunPeer {
	n := tunNet{t, netip.MustParseAddr("10.77.0.1"), netip.MustParseAddr("10.77.0.2")}
	w, err := n.Open(netip.AddrPort{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return &tunPeer{t: t, n: n, w: w.(*tunWire)}
}

// put sends a packet whose source is src, its own or forged.
func (p *tunPeer) put(src netip.Addr, tag uint32, chunks []byte) {
	b := append(appendHeader(nil, header{2905, 2905, tag}), chunks...)
	seal(b)
	w := &tunWire{n: tunNet{t: p.t, far: src}, f: p.w.f}
	if _, err := w.Write([]wire.Packet{{Addr: netip.AddrPortFrom(p.n.near, 0), Data: b}}); err != nil {
		p.t.Fatal(err)
	}
}

// want reads until a packet's first chunk is of a type.
func (p *tunPeer) want(typ uint8) chunk {
	ps := make([]wire.Packet, 1)
	for {
		if _, err := p.w.Read(ps); err != nil {
			p.t.Fatal(err)
		}
		_, chunks, err := parseHeader(ps[0].Data)
		if err != nil {
			p.t.Fatal(err)
		}
		if c, _, err := nextChunk(slices.Clone(chunks)); err == nil && c.typ == typ {
			return c
		}
	}
}

// cookie asks for a cookie, and lists addresses.
func (p *tunPeer) cookie(listed []netip.Addr) []byte {
	in := initChunk{tag: 77, window: 100000, tsn: 1000, out: 5, in: 5, addrs: listed}
	p.put(p.n.far, 0, appendInit(nil, ctInit, in))
	ack, err := parseInit(p.want(ctInitAck).value)
	if err != nil || ack.cookie == nil {
		p.t.Fatal(ack, err)
	}
	p.tag = ack.tag
	return ack.cookie
}

// When a far end sets up an association over the kernel's SCTP, the address that INIT ACK went to is confirmed.
// An address that it only lists is not, even if the cookie comes back with that address as its source (RFC 9260
// §5.4).
func TestKernelConfirmedAddresses(t *testing.T) {
	farSide(t)
	for _, forged := range []bool{false, true} {
		p := newTunPeer(t)
		e := openKernel(t, quick, 2905, p.n.near, nearIPs[0])
		src := p.n.far
		cookie := p.cookie(farIPs[:1])
		if forged {
			src = farIPs[0]
		}
		p.put(src, p.tag, appendSimple(nil, ctCookieEcho, 0, cookie))
		a, err := e.Accept(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if r, c := a.Remote().IPs, a.Confirmed(); len(r) != 2 || !slices.Equal(c, []netip.Addr{p.n.far}) {
			t.Errorf("forged %v: lists %v, confirmed %v", forged, r, c)
		}
		time.Sleep(time.Second) // heartbeats are not answered
		if c := a.Confirmed(); !slices.Equal(c, []netip.Addr{p.n.far}) {
			t.Errorf("forged %v: confirmed %v", forged, c)
		}
		a.Abort("not who it says")
		if c := a.Confirmed(); !slices.Equal(c, []netip.Addr{p.n.far}) {
			t.Errorf("forged %v, ended: confirmed %v", forged, c)
		}
		p.w.Close()
		e.Close()
	}
}

// Addresses that answer are confirmed, whichever end calls.
func TestKernelConfirmsWhatAnswers(t *testing.T) {
	farSide(t)
	startFar(t, "dial")
	e := openKernel(t, quick, 2905, nearIPs...)
	a, err := e.Accept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for len(a.Confirmed()) < 2 {
		time.Sleep(20 * time.Millisecond)
	}
	if c := a.Confirmed(); !slices.Contains(farIPs, c[0]) || c[0] == c[1] {
		t.Error(c)
	}
}

func TestKernelShutPort(t *testing.T) {
	late := openKernel(t, quick, 2906, loopB)
	shutRefuses(t, openKernel(t, quick, 2905, loopA), openKernel(t, quick, 2905, loopB), late)
}
