package sctp

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"
)

// dial sends the first INIT (§5.1 A).
func (a *assoc) dial(ips []netip.Addr, udp uint16) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.endpoint.enroll(a, ips) {
		select {
		case <-a.endpoint.closed:
			return net.ErrClosed
		default:
			return ErrExists
		}
	}
	a.clock()
	for _, ip := range ips {
		p := a.newPath(ip, udp, nil)
		p.confirmed = true // this end called it (§5.4)
		a.paths = append(a.paths, p)
	}
	a.primary = a.paths[0]
	a.become(cookieWait)
	a.sendInit(0)
	a.ship()
	a.rearm()
	return nil
}

// handshakePath gives each address that may be asked its turn.
func (a *assoc) handshakePath() *path {
	var may []*path
	for _, p := range a.paths {
		if p.confirmed {
			may = append(may, p)
		}
	}
	return may[a.tries%len(may)]
}

// handshakeWait gives the time-out, which doubles each time that all these addresses had their turn.
func (a *assoc) handshakeWait() time.Duration {
	return min(a.params.RTOInitial<<min(a.tries/len(a.paths), 20), a.params.RTOMax)
}

func (a *assoc) sendInit(preserve uint32) {
	p := a.handshakePath()
	c := initChunk{tag: a.localTag, window: uint32(a.params.RecvBuffer), tsn: a.nextTSN, out: a.params.OutStreams,
		in:    a.params.InStreams,
		addrs: a.endpoint.listed(p.addr), preserve: preserve}
	a.close(appendInit(a.open(p.wire, p.mtu), ctInit, c), 0, p.dst())
	a.start(timerT1, a.handshakeWait())
}

func (a *assoc) sendCookie() {
	p := a.handshakePath()
	a.reply(p, p.wire, a.peerTag, appendSimple(nil, ctCookieEcho, 0, a.cookie))
	a.start(timerT1, a.handshakeWait())
}

func (a *assoc) retryHandshake() {
	if a.tries++; a.tries >= a.params.InitRetrans {
		what := "INIT"
		if a.state == cookieEchoed {
			what = "COOKIE ECHO"
		}
		a.end(Lost, fmt.Sprintf("%s port %d does not answer: %d times %s", a.name(), a.port, a.tries, what))
		return
	}
	if a.state == cookieWait {
		a.sendInit(0)
	} else {
		a.sendCookie()
	}
}

// initFor adds to the cookie of an INIT what is known of the association that the INIT came for (§5.2.1,
// §5.2.2). If due is false, no INIT ACK is to be sent. If there is a cause, the INIT is refused with it.
func (a *assoc) initFor(k *cookie, p *Params, src netip.Addr) (due bool, cause []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var added []netip.Addr
	for _, ip := range k.addrs {
		if a.path(ip) == nil {
			added = append(added, ip)
		}
	}
	switch a.state {
	case closed:
		return true, nil
	case cookieWait:
		if a.path(src) == nil {
			return false, nil // an INIT ACK goes only to an address that this end called (§5.2.1 1)
		}
	case shutdownAckSent:
		a.clock()
		a.sendShutdown(a.path(src)) // the SHUTDOWN COMPLETE was lost (§9.2)
		a.ship()
		return false, nil
	default:
		if len(added) > 0 {
			var list []byte
			for _, ip := range added {
				list = appendAddr(list, ip)
			}
			return false, appendParam(nil, causeNewAddresses, list)
		}
		k.tie = a.tie
	}
	*p = a.params
	if a.state == cookieWait || a.state == cookieEchoed {
		k.localTag, k.localTSN = a.localTag, a.nextTSN // the same as in our own INIT
	}
	k.out, k.in = min(p.OutStreams, k.out), min(p.InStreams, k.in)
	return true, nil
}

// adopt takes over what a cookie says of the far end. The first address of the cookie is confirmed: the INIT
// ACK went there, so a far end that brings the cookie back is there. That the cookie comes from another of its
// addresses proves nothing, since the source of a packet can be forged (§5.4).
func (a *assoc) adopt(k *cookie, w *sharedWire, src netip.AddrPort) bool {
	proven := k.addrs[:1:1]
	for _, ip := range k.addrs[1:] {
		if p := a.path(ip); p != nil && p.confirmed {
			proven = append(proven, ip)
		}
	}
	if !a.endpoint.enroll(a, proven) {
		return false
	}
	udp := src.Port()
	var paths []*path
	for _, ip := range k.addrs {
		p := a.path(ip)
		if p == nil {
			var over *sharedWire
			if ip == src.Addr() && a.endpoint.user.net.Source(ip).Unmap() != a.endpoint.wireFor(ip).addr() {
				over = w // the wire by which the packet came is surely one that leads there
			}
			p = a.newPath(ip, udp, over)
		}
		p.udp = udp
		paths = append(paths, p)
	}
	a.paths = paths
	if !slices.Contains(paths, a.primary) {
		a.primary = paths[0]
	}
	paths[0].confirmed = true
	a.peerTag, a.peerWindow = k.peerTag, k.peerWindow
	a.outs, a.ins = k.out, k.in
	a.sender.begin(int(a.outs), a.nextTSN)
	a.receiver.begin(int(a.ins), k.peerTSN)
	return true
}

// accept establishes an association out of a cookie that came back (§5.1 D).
func (a *assoc) accept(k *cookie, h header, chunks []byte, w *sharedWire, src netip.AddrPort) {
	if !a.adopt(k, w, src) {
		a.endpoint.remove(a)
		return
	}
	a.establish()
	a.cookieAck(h, chunks, w, src)
}

func (a *assoc) establish() {
	a.timers[timerT1] = 0
	a.become(established)
	a.count(cEstablished)
	a.tries, a.errors, a.heard = 0, 0, a.now
	a.cookie = nil
	for _, p := range a.paths {
		p.heard, p.errors, p.inactive = a.now, 0, false
		if p.confirmed {
			a.scheduleBeat(p)
		} else {
			p.beatAt = a.now + 1 // verify this address at once (§5.4)
		}
	}
	select {
	case <-a.up:
	default:
		close(a.up)
	}
}

// cookieAck answers a COOKIE ECHO, and handles the chunks that came with it.
func (a *assoc) cookieAck(_ header, chunks []byte, w *sharedWire, src netip.AddrPort) {
	p := a.path(src.Addr())
	ack := appendSimple(nil, ctCookieAck, 0, nil)
	if !p.confirmed { // it MUST be bundled with a HEARTBEAT (§5.4)
		ack = appendBeat(ack, a.beginBeat(p))
	}
	a.reply(p, w, a.peerTag, ack)
	if _, rest, err := nextChunk(chunks); err == nil && len(rest) > 0 {
		a.take(rest, p, w)
	}
}

// cookieEcho handles a cookie for an association that exists, by the table of §5.2.4.
func (a *assoc) cookieEcho(k *cookie, h header, chunks []byte, w *sharedWire, src netip.AddrPort) {
	local, peer := k.localTag == a.localTag, k.peerTag == a.peerTag && a.peerTag != 0
	forming := a.state == cookieWait || a.state == cookieEchoed
	switch {
	case local && peer: // D: a duplicate; it also establishes an association that was not yet
		if a.state == cookieEchoed {
			a.establish()
		}
	case local && forming: // B: both ends dialled at once
		if !a.adopt(k, w, src) {
			a.count(cCookieOdd)
			return
		}
		a.establish()
	case local && a.state < shutdownSent: // B, late: only the tag is new
		a.peerTag = k.peerTag
	case !local && !peer && k.tie == a.tie: // A: the far end restarted
		if a.state == shutdownAckSent {
			p := a.path(src.Addr())
			a.sendShutdown(p)
			a.reply(p, w, k.peerTag, appendSimple(nil, ctError, 0, appendParam(nil, causeShuttingDown, nil)))
			return
		}
		if !a.restart(k, w, src) {
			return
		}
	default: // C, and cookies that fit none of the cases
		a.count(cCookieOdd)
		a.stats.Discarded++
		return
	}
	if p := a.path(src.Addr()); p != nil {
		p.udp = src.Port()
		a.cookieAck(h, chunks, w, src)
	}
}

// restart begins anew inside the association. The reader is told of it between the old data and the new
// (§5.2.4.1).
func (a *assoc) restart(k *cookie, w *sharedWire, src netip.AddrPort) bool {
	for _, ip := range k.addrs {
		if a.path(ip) == nil {
			a.count(cCookieOdd)
			return false
		}
	}
	lost := a.undelivered()
	a.sender.reset()
	a.receiver.reset()
	a.timers = [timerCount]instant{}
	a.localTag, a.nextTSN = k.localTag, k.localTSN
	a.control = a.control[:0]
	a.tie = random64() | 1
	a.paths, a.primary = nil, nil
	if !a.adopt(k, w, src) {
		a.end(Lost, "the far end restarted, and its addresses are taken by another association")
		return false
	}
	a.establish()
	a.count(cRestarts)
	why := fmt.Sprintf("the far end %s restarted", a.name())
	if lost > 0 {
		why += fmt.Sprintf("; %d messages for it may be lost", lost)
	}
	a.event(Event{Kind: Restart, Addr: src.Addr(), Why: why})
	return true
}

// initAck handles an INIT ACK, and goes on with the handshake (§5.1 C).
func (a *assoc) initAck(c chunk, w *sharedWire, src netip.AddrPort) {
	if a.state != cookieWait {
		a.count(cChunkState) // §5.2.3
		return
	}
	in, err := parseInit(c.value)
	p := a.newPath(src.Addr(), src.Port(), w)
	refuse := func(cause []byte, what string) {
		if in.tag != 0 {
			a.reply(p, w, in.tag, appendSimple(nil, ctAbort, 0, cause))
		} else {
			a.reply(p, w, a.localTag, appendSimple(nil, ctAbort, flagT, cause)) // §3.3.3
		}
		a.count(cAbortsOut)
		a.end(Lost, fmt.Sprintf("%v port %d answered INIT with a chunk that is no INIT ACK: %s", src.Addr(), a.port, what))
	}
	switch {
	case err != nil:
		refuse(nil, err.Error())
		return
	case in.cause != nil:
		refuse(in.cause, causeText(in.cause))
		return
	case in.cookie == nil:
		refuse(appendParam(nil, causeMissingParam, []byte{0, 0, 0, 1, 0, ptCookie}), "it has no cookie")
		return
	}
	k := cookie{peerTag: in.tag, peerTSN: in.tsn, peerWindow: in.window, out: min(a.params.OutStreams, in.in),
		in:    min(a.params.InStreams, in.out),
		addrs: a.endpoint.usable(src.Addr(), in.addrs)}
	asked := a.handshakePath()
	if !a.adopt(&k, w, src) {
		refuse(appendParam(nil, causeNoResource, nil), "it lists an address of another association")
		return
	}
	if asked.addr != src.Addr() || a.primary.addr != src.Addr() {
		a.primary = a.paths[0] // the one that answered
	}
	a.cookie = slices.Clone(in.cookie)
	a.become(cookieEchoed)
	a.tries, a.echoed = 0, a.now
	a.sendCookie()
	if len(in.unknown) > 0 {
		// §3.2.2, after COOKIE ACK
		a.control = appendSimple(a.control, ctError, 0, appendParam(nil, causeUnknownParams, in.unknown))
	}
}

// staleCookie begins anew with a cookie that lives longer (§5.2.6 3), within the
// same number of tries.
func (a *assoc) staleCookie() {
	if a.state != cookieEchoed {
		return
	}
	a.become(cookieWait)
	a.peerTag = 0
	a.control = a.control[:0]
	if a.tries++; a.tries >= a.params.InitRetrans {
		a.end(Lost, fmt.Sprintf("%s says that our cookie is too old, %d times", a.name(), a.tries))
		return
	}
	a.sendInit(uint32((a.now - a.echoed + time.Second).Milliseconds()))
}
