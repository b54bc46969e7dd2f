package sctp

import (
	"encoding/binary"
	"fmt"
	"net/netip"
)

// packet handles a packet whose first chunk is neither INIT nor COOKIE ECHO.
func (a *assoc) packet(h header, chunks []byte, w *sharedWire, src netip.AddrPort) {
	if len(chunks) < 4 || !a.tagFits(h, chunks, w, src) {
		return
	}
	p := a.path(src.Addr())
	if p == nil {
		if a.state == cookieWait && chunks[0] == ctInitAck {
			if c, _, err := nextChunk(chunks); err == nil {
				a.initAck(c, w, src)
			}
			return
		}
		a.count(cStranger)
		return
	}
	p.udp = src.Port()
	a.take(chunks, p, w)
}

// tagFits checks the verification tag. ABORT and SHUTDOWN COMPLETE with the T bit carry the tag that this end
// would send (§8.5, §8.5.1).
func (a *assoc) tagFits(h header, chunks []byte, w *sharedWire, src netip.AddrPort) bool {
	typ, t := chunks[0], chunks[1]&flagT != 0
	if typ == ctShutdownAck && (a.state == cookieWait || a.state == cookieEchoed) {
		w.send(header{h.dst, h.src, h.tag}, src, appendSimple(nil, ctShutdownComplete, flagT, nil)) // §8.5.1 E
		return false
	}
	want := a.localTag
	if t && (typ == ctAbort || typ == ctShutdownComplete) {
		want = a.peerTag
	}
	if h.tag != want || want == 0 {
		a.count(cTag)
		a.stats.Discarded++
		return false
	}
	return true
}

// take handles the chunks of a packet in order. The packet came by the wire w.
func (a *assoc) take(b []byte, p *path, w *sharedWire) {
	a.stats.RecvPackets++
	a.heard = a.now
	data := false
	a.fresh, a.again = false, false
	for len(b) > 0 && a.state != closed {
		c, rest, err := nextChunk(b)
		if err != nil {
			a.count(cChunkBad)
			a.stats.Discarded++
			break
		}
		b = rest
		if c.typ == ctData {
			data = true
			if !a.data(c) {
				break
			}
			continue
		}
		if !a.controlChunk(c, p, w) {
			break
		}
	}
	if data && a.state != closed {
		a.owe(p)
	}
}

// controlChunk handles a chunk other than DATA. It gives false if the rest of the packet must be ignored.
func (a *assoc) controlChunk(c chunk, p *path, w *sharedWire) bool {
	switch c.typ {
	case ctInitAck:
		a.initAck(c, w, p.dst())
	case ctCookieAck:
		if a.state == cookieEchoed {
			a.establish()
		} else {
			a.count(cChunkState) // §5.2.5
		}
	case ctSack:
		a.sackChunk(c)
	case ctHeartbeat:
		if a.state >= cookieEchoed && a.state < shutdownAckSent && headerLen+len(c.raw)+3 <= p.mtu {
			a.reply(p, w, a.peerTag, appendSimple(nil, ctHeartbeatAck, 0, c.value)) // to the address that it came from (§8.3)
		}
	case ctHeartbeatAck:
		a.beatAck(c)
	case ctAbort:
		a.aborted(c, p)
		return false
	case ctShutdown, ctShutdownAck, ctShutdownComplete:
		a.shutdownChunk(c, p)
	case ctError:
		a.errorChunk(c, p)
	case ctInit, ctCookieEcho:
		a.count(cInitBundled)
		a.stats.Discarded++ // these may not be bundled behind another chunk (§6.10)
		return false
	default:
		return a.unknownChunk(c)
	}
	return true
}

// report adds an ERROR cause to what goes out next, if the packet has room for it.
func (a *assoc) report(cause []byte) {
	if a.state >= established && len(a.control)+4+len(cause) <= a.fragmentSize()/2 {
		a.control = appendSimple(a.control, ctError, 0, cause)
	}
}

// unknownChunk does what the two highest bits of the chunk's type say (§3.2).
func (a *assoc) unknownChunk(c chunk) bool {
	a.count(cChunkUnknown)
	a.stats.Discarded++
	if c.typ&0x40 != 0 {
		a.report(appendParam(nil, causeUnknownChunk, c.raw[:min(len(c.raw), 512)]))
	}
	return c.typ&0x80 != 0
}

func appendBeat(dst []byte, nonce uint64) []byte {
	return appendSimple(dst, ctHeartbeat, 0, appendParam(nil, ptHeartbeatInfo, binary.BigEndian.AppendUint64(nil, nonce)))
}

// beatAck finds the path by which a HEARTBEAT went: the nonce in it was seen by the far end of that path alone.
func (a *assoc) beatAck(c chunk) {
	typ, value, _, _, err := nextParam(c.value)
	if err != nil || typ != ptHeartbeatInfo || len(value) != 8 || a.state < established {
		a.count(cChunkBad)
		return
	}
	for _, p := range a.paths {
		if p.nonce == 0 || p.nonce != binary.BigEndian.Uint64(value) {
			continue
		}
		p.nonce = 0
		a.measured(p, a.now-p.nonceAt)
		a.answered(p)
		if p.flight == 0 {
			p.cwnd = max(p.cwnd, p.chunks())
		}
		if a.sent == 0 || p == a.dataPath() && p.flight == 0 {
			a.errors = 0 // while data is under way, only its acknowledgement counts (§8.1)
		}
		if a.state < shutdownSent {
			a.scheduleBeat(p)
		} else {
			p.beatAt = 0
		}
		return
	}
}

// aborted handles an ABORT: the far end ended the association at once.
func (a *assoc) aborted(c chunk, p *path) {
	a.count(cAbortsIn)
	why := fmt.Sprintf("aborted by %v: %s", p.addr, causeText(c.value))
	if a.state == cookieWait || a.state == cookieEchoed {
		why = fmt.Sprintf("%v refused the association on port %d: %s", p.addr, a.port, causeText(c.value))
		if len(c.value) == 0 {
			why = fmt.Sprintf("%v refused the association: nothing is open there on port %d", p.addr, a.port)
		}
	}
	a.end(Lost, why)
}

func (a *assoc) errorChunk(c chunk, p *path) {
	a.lastError = fmt.Sprintf("%v reports: %s", p.addr, causeText(c.value))
	if typ, _, _, _, err := nextParam(c.value); err == nil && typ == causeStaleCookie {
		a.staleCookie()
		return
	}
	if a.state >= established && a.pendingEvents < 64 {
		a.event(Event{Kind: PeerError, Addr: p.addr, Why: a.lastError})
	}
}
