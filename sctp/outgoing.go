package sctp

import (
	"net/netip"

	"github.com/gostp/gostp/internal/lock"
	"github.com/gostp/gostp/sctp/wire"
)

const burst = 64 // how many packets are written at once

// outgoing holds packets that were made and not yet handed to their wire, one behind the other in buf.
type outgoing struct {
	wire *sharedWire
	n    int
	ps   [burst]wire.Packet
	buf  []byte
}

// outgoings keeps the memory of a few outgoing to be used again: as many as send at a time.
type outgoings struct {
	mu   lock.Mutex[lock.PacketBuffers]
	free []*outgoing
}

func (x *outgoings) get() *outgoing {
	x.mu.Lock()
	defer x.mu.Unlock()
	n := len(x.free)
	if n == 0 {
		return &outgoing{buf: make([]byte, 0, burst*1504)}
	}
	o := x.free[n-1]
	x.free = x.free[:n-1]
	return o
}

func (x *outgoings) put(o *outgoing) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if len(x.free) < 16 {
		x.free = append(x.free, o)
	}
}

// open begins a packet of at most mtu octets on a wire, and gives the memory to append its chunks to. a.close
// ends the packet. Packets that were made for another wire go out first.
func (a *assoc) open(w *sharedWire, mtu int) []byte {
	o := a.out
	if o == nil {
		o = a.endpoint.user.packets.get()
		a.out = o
	}
	if o.n > 0 && (o.wire != w || o.n == burst || cap(o.buf)-len(o.buf) < mtu+4) {
		a.write()
	}
	if cap(o.buf) < mtu+4 {
		o.buf = make([]byte, 0, mtu+4)
	}
	o.wire = w
	at := len(o.buf)
	return append(o.buf[at:at], noHeader[:]...)
}

var noHeader [headerLen]byte

// close writes the header and the checksum of the packet b, and keeps it to be shipped.
func (a *assoc) close(b []byte, tag uint32, dst netip.AddrPort) {
	appendHeader(b[:0], header{a.endpoint.addr.Port, a.port, tag})
	seal(b)
	o := a.out
	if at := len(o.buf); cap(o.buf)-at >= len(b) {
		o.buf = o.buf[:at+len(b)] // b was made in place, unless it outgrew the MTU
	}
	o.ps[o.n] = wire.Packet{Addr: dst, DSCP: a.params.DSCP, Data: b[:len(b):len(b)]}
	o.n++
	a.stats.SentPackets++
}

func (a *assoc) write() {
	o := a.out
	o.wire.write(o.ps[:o.n])
	o.n, o.buf = 0, o.buf[:0]
}

// ship hands the packets that were made to the wire, which never waits.
func (a *assoc) ship() {
	if a.out == nil {
		return
	}
	if a.out.n > 0 {
		a.write()
	}
	a.out.wire = nil
	a.endpoint.user.packets.put(a.out)
	a.out = nil
}

// reply sends chunks in a packet of their own.
func (a *assoc) reply(p *path, w *sharedWire, tag uint32, chunks []byte) {
	a.close(append(a.open(w, p.mtu), chunks...), tag, p.dst())
}
