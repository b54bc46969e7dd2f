package sctp

import (
	"net/netip"

	"github.com/gostp/gostp/sctp/wire"
)

// demux finds the association that each packet of a batch is for. It keeps the lock of the association that the
// last packet was for, because the next packet is mostly for the same one. When the batch is done, every
// association that got a packet may send.
type demux struct {
	w       *sharedWire
	cur     *assoc // locked
	src     netip.AddrPort
	h       header
	touched []*assoc
}

// enter locks a, unless a is locked already.
func (d *demux) enter(a *assoc) {
	if d.cur == a {
		return
	}
	d.leave()
	a.mu.Lock()
	a.clock()
	d.cur = a
	if !a.touched {
		a.touched = true
		d.touched = append(d.touched, a)
	}
}

func (d *demux) leave() {
	if d.cur != nil {
		d.cur.ship()
		d.cur.mu.Unlock()
		d.cur = nil
	}
}

// flush makes every association that got a packet send, once.
func (d *demux) flush() {
	d.leave()
	for i, a := range d.touched {
		a.mu.Lock()
		a.touched = false
		a.clock()
		a.settle()
		a.mu.Unlock()
		d.touched[i] = nil
	}
	d.touched = d.touched[:0]
}

// packet handles one packet (§8.4, §8.5).
func (d *demux) packet(b []byte, src netip.AddrPort) {
	u := d.w.user
	h, chunks, err := parseHeader(b)
	if err != nil {
		u.count.add(cShort)
		return
	}
	src = netip.AddrPortFrom(src.Addr().Unmap(), src.Port())
	if a := d.cur; a != nil && d.src == src && d.h.src == h.src && d.h.dst == h.dst && a.state != closed &&
		chunks[0] != ctInit && chunks[0] != ctCookieEcho {
		if !a.endpoint.anySum.Load() && !sumFits(b) {
			u.count.add(cChecksum)
			return
		}
		a.packet(h, chunks, d.w, src)
		return
	}
	e := d.w.endpoint(h.dst)
	if (e == nil || !e.anySum.Load()) && !sumFits(b) {
		u.count.add(cChecksum) // such a packet may be anything, so nothing answers it (§6.8)
		return
	}
	first, rest, err := nextChunk(chunks)
	if err != nil {
		u.count.add(cChunkBad)
		return
	}
	if (first.typ == ctInit || first.typ == ctInitAck || first.typ == ctShutdownComplete) && len(rest) > 0 ||
		first.typ != ctInit && h.tag == 0 {
		u.count.add(cInitBundled) // §6.10, §8.5.1 A
		return
	}
	if e == nil {
		u.count.add(cNoPort)
		d.w.outOfTheBlue(h, chunks, first, src)
		return
	}
	d.src, d.h = src, h
	d.dispatch(e, h, first, chunks, src)
}

func (d *demux) dispatch(e *endpoint, h header, first chunk, chunks []byte, src netip.AddrPort) {
	a := e.find(src.Addr(), h.src)
	switch first.typ {
	case ctInit:
		d.leave()
		e.init(a, d.w, h, first, src)
		return
	case ctCookieEcho:
		d.leave()
		e.cookieEcho(d, a, h, first, chunks, src)
		return
	}
	if a == nil {
		a = e.findTag(h.tag, h.src)
	}
	if a != nil {
		d.enter(a)
		if a.state != closed {
			a.packet(h, chunks, d.w, src)
			return
		}
	}
	d.w.user.count.add(cOutOfBlue)
	d.w.outOfTheBlue(h, chunks, first, src)
}

// outOfTheBlue answers a packet that belongs to no association (§8.4).
func (w *sharedWire) outOfTheBlue(h header, chunks []byte, first chunk, src netip.AddrPort) {
	if !src.Addr().IsValid() || src.Addr().IsMulticast() || src.Addr().IsUnspecified() ||
		src.Addr() == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
		return // 1)
	}
	if first.typ == ctInit { // 3)
		if in, err := parseInit(first.value); err == nil && h.tag == 0 {
			w.abort(header{h.dst, h.src, in.tag}, src, 0, nil)
		}
		return
	}
	shutdownAck := false
	for b := chunks; len(b) > 0; {
		c, rest, err := nextChunk(b)
		if err != nil {
			break
		}
		b = rest
		switch c.typ {
		case ctAbort, ctShutdownComplete, ctCookieAck: // 2) 6) 7)
			return
		case ctError:
			if typ, _, _, _, err := nextParam(c.value); err == nil && typ == causeStaleCookie {
				return
			}
		case ctShutdownAck:
			shutdownAck = true
		}
	}
	if shutdownAck { // 5)
		w.send(header{h.dst, h.src, h.tag}, src, appendSimple(nil, ctShutdownComplete, flagT, nil))
		return
	}
	w.abort(header{h.dst, h.src, h.tag}, src, flagT, nil) // 8)
}

func (w *sharedWire) abort(h header, dst netip.AddrPort, flags uint8, causes []byte) {
	w.user.count.add(cAbortsOut)
	w.send(h, dst, appendSimple(nil, ctAbort, flags, causes))
}

// send makes and sends one packet that belongs to no association.
func (w *sharedWire) send(h header, dst netip.AddrPort, chunks []byte) {
	b := append(appendHeader(make([]byte, 0, headerLen+len(chunks)), h), chunks...)
	seal(b)
	w.write([]wire.Packet{{Addr: dst, Data: b}})
}
