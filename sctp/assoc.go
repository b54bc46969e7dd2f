package sctp

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"sync"
	"time"

	"github.com/gostp/gostp/internal/deadline"
)

// state is that of RFC 9260 §4.
type state uint8

const (
	closed state = iota
	cookieWait
	cookieEchoed
	established
	shutdownPending
	shutdownSent
	shutdownReceived
	shutdownAckSent
)

var stateNames = [...]string{"CLOSED", "COOKIE-WAIT", "COOKIE-ECHOED", "ESTABLISHED", "SHUTDOWN-PENDING", "SHUTDOWN-SENT", "SHUTDOWN-RECEIVED", "SHUTDOWN-ACK-SENT"}

// Timers of RFC 9260.
const (
	timerT1   = iota // INIT, COOKIE ECHO
	timerT2          // SHUTDOWN, SHUTDOWN ACK
	timerT3          // DATA
	timerT5          // the whole shutdown
	timerSack        // delayed acknowledgement (§6.2)
	timerBeat        // the next HEARTBEAT, or the answer to the last
)

// assoc is one association. mu guards everything after it and is held while
// packets are made and handed to the wire, which does not wait.
type assoc struct {
	endpoint *endpoint
	key      peerKey
	params   Params
	up, down chan struct{} // closed when established, when ended
	readable chan struct{} // one slot

	mu        sync.Mutex
	state     state
	since     time.Time
	why       string // it ended
	udp       uint16 // encapsulation port of the peer, learned (RFC 6951 §5.4)
	localTag  uint32
	peerTag   uint32
	out, in   uint16 // streams
	cookie    []byte
	tries     int // of T1, T2
	timers    deadline.Set
	timer     *time.Timer
	armed     time.Time
	packetBuf []byte
	out1      [1]Packet
	control   []byte // chunks to go out with the next packet
	stats     Stats
	lastError string

	sender
	receiver
	path path
}

// path is the one path of an association (§6.3, §7).
type path struct {
	srtt, rttvar, rto time.Duration
	cwnd, ssthresh    uint32
	acked             uint32 // octets, towards the next growth of cwnd
	errors            int    // consecutive
	beat              uint64 // what the outstanding heartbeat carries; 0: none
	beatAt            time.Time
	beats             uint64
	silent            time.Time // since when nothing was answered
	mtu               int
}

func newAssoc(e *endpoint, key peerKey, udp uint16, p Params) *assoc {
	a := &assoc{endpoint: e, key: key, udp: udp, params: p, up: make(chan struct{}), down: make(chan struct{}), readable: make(chan struct{}, 1)}
	a.path.mtu = e.wire.wire.MTU()
	a.path.rto = p.RTOInitial
	a.packetBuf = make([]byte, 0, a.path.mtu+4)
	a.timer = time.AfterFunc(time.Hour, a.tick)
	a.timer.Stop()
	return a
}

func (a *assoc) Local() Addr { return a.endpoint.addr }

// SetPrimary has nothing to choose from on one path.
func (a *assoc) SetPrimary(ip netip.Addr) error {
	if ip != a.key.ip {
		return fmt.Errorf("%v is no address of the far end", ip)
	}
	return nil
}

func (a *assoc) Remote() Addr {
	a.mu.Lock()
	defer a.mu.Unlock()
	return Addr{IPs: []netip.Addr{a.key.ip}, Port: a.key.port, UDP: a.udp}
}

func (a *assoc) become(s state) {
	a.state = s
	if s == established {
		a.since = time.Now()
	}
}

// Set changes the settings of a living association; streams and buffers stay.
func (a *assoc) Set(p Params) {
	a.mu.Lock()
	defer a.mu.Unlock()
	p = p.or(DefaultParams())
	p.OutStreams, p.InStreams, p.RecvBuffer, p.SendBuffer = a.params.OutStreams, a.params.InStreams, a.params.RecvBuffer, a.params.SendBuffer
	a.params = p
}

// failure is why Dial failed.
func (a *assoc) failure() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return errors.New(a.why)
}

// dial sends the first INIT (§5.1 A).
func (a *assoc) dial() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.become(cookieWait)
	a.sendInit()
	a.rearm()
}

func (a *assoc) sendInit() {
	c := initChunk{tag: a.localTag, window: uint32(a.params.RecvBuffer), tsn: a.nextTSN, out: a.params.OutStreams, in: a.params.InStreams}
	a.emit(header{a.endpoint.addr.Port, a.key.port, 0}, appendInit(a.packetStart(), ctInit, c))
	a.timers.Start(timerT1, time.Now(), a.path.rto)
}

// packetStart gives the packet buffer with room for the header.
func (a *assoc) packetStart() []byte { return append(a.packetBuf[:0], make([]byte, headerLen)...) }

// emit puts the header in front of what follows it in b, and sends.
func (a *assoc) emit(h header, b []byte) {
	appendHeader(b[:0], h)
	seal(b)
	a.stats.SentPackets++
	a.packetBuf = b[:0]
	a.out1[0] = Packet{Addr: netip.AddrPortFrom(a.key.ip, a.udp), Data: b}
	_, _ = a.endpoint.wire.wire.Write(a.out1[:]) // a packet not sent is a packet lost
}

// reply sends chunks at once in a packet of their own.
func (a *assoc) reply(chunks []byte) {
	a.emit(header{a.endpoint.addr.Port, a.key.port, a.peerTag}, append(a.packetStart(), chunks...))
}

// fillCookie adds what exists to the cookie of an INIT that came for it (§5.2.1,
// §5.2.2); false: no INIT ACK is due.
func (a *assoc) fillCookie(k *cookie) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch a.state {
	case closed:
		return true
	case cookieWait, cookieEchoed:
		k.localTag, k.localTSN = a.localTag, a.nextTSN // the same tag as in our own INIT
		if a.state == cookieEchoed {
			k.tieLocal, k.tiePeer = a.localTag, a.peerTag
		}
	case shutdownAckSent:
		a.reply(appendSimple(nil, ctShutdownAck, 0, nil)) // §9.2
		return false
	default:
		k.tieLocal, k.tiePeer = a.localTag, a.peerTag
	}
	return true
}

// adopt takes the far end's side of the association from a cookie or INIT ACK.
func (a *assoc) adopt(tag, tsn, window uint32, out, in uint16) {
	a.peerTag, a.peerWindow = tag, window
	a.out, a.in = min(a.params.OutStreams, in), min(a.params.InStreams, out)
	a.cum, a.highest = tsn-1, tsn-1
	a.ssn = make([]uint16, a.out)
	a.path.cwnd = uint32(min(4*a.path.mtu, max(2*a.path.mtu, 4380))) // §7.2.1
	a.path.ssthresh = window
}

// accept establishes an association of a cookie that came back (§5.1 D).
func (a *assoc) accept(k *cookie, h header, chunks []byte, src netip.AddrPort) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.adopt(k.peerTag, k.peerTSN, k.peerWindow, k.peerOut, k.peerIn)
	a.establish()
	a.cookieAck(h, chunks, src)
}

func (a *assoc) establish() {
	a.timers.Stop(timerT1)
	a.become(established)
	a.tries, a.path.errors, a.path.rto = 0, 0, a.params.RTOInitial
	a.cookie = nil
	a.timers.Start(timerBeat, time.Now(), a.params.Heartbeat)
	select {
	case <-a.up:
	default:
		close(a.up)
	}
}

// cookieAck answers a COOKIE ECHO and takes the chunks that came with it.
func (a *assoc) cookieAck(h header, chunks []byte, src netip.AddrPort) {
	a.control = appendSimple(a.control, ctCookieAck, 0, nil)
	if _, rest, err := nextChunk(chunks); err == nil && len(rest) > 0 {
		a.take(h, rest, src)
	}
	a.flush()
	a.rearm()
}

// cookieEcho says what a cookie means for an association that exists: the table
// of §5.2.4.
func (a *assoc) cookieEcho(k *cookie, h header, chunks []byte, src netip.AddrPort) {
	a.mu.Lock()
	defer a.mu.Unlock()
	local, peer := k.localTag == a.localTag, k.peerTag == a.peerTag && a.peerTag != 0
	switch {
	case a.state == closed:
		return
	case local && peer: // D: ours came and went; it is established now if it was not
		if a.state == cookieWait || a.state == cookieEchoed {
			a.establish()
		}
	case local: // B: both dialled at once
		if a.state != cookieWait && a.state != cookieEchoed {
			return
		}
		a.adopt(k.peerTag, k.peerTSN, k.peerWindow, k.peerOut, k.peerIn)
		a.establish()
	case !peer && k.tieLocal == a.localTag && k.tiePeer == a.peerTag && a.peerTag != 0: // A: it restarted
		if a.state == shutdownAckSent {
			a.reply(appendSimple(nil, ctShutdownAck, 0, nil))
			return
		}
		a.restart(k)
	default: // C, and what fits nothing
		a.stats.Discarded++
		return
	}
	a.udp = src.Port()
	a.cookieAck(h, chunks, src)
}

// restart begins anew inside the association; the reader is told between the old
// data and the new (§5.2.4.1).
func (a *assoc) restart(k *cookie) {
	a.sender.reset()
	a.receiver.reset()
	a.timers.StopAll()
	a.localTag, a.nextTSN = k.localTag, k.localTSN
	a.control = a.control[:0]
	a.adopt(k.peerTag, k.peerTSN, k.peerWindow, k.peerOut, k.peerIn)
	a.establish()
	a.event(Event{Kind: Restart, Addr: a.key.ip, Why: fmt.Sprintf("the far end %v restarted", a.key.ip)})
}

// packet takes a packet whose first chunk is neither INIT nor COOKIE ECHO.
func (a *assoc) packet(h header, chunks []byte, src netip.AddrPort) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.state == closed || !a.tagFits(h, chunks) {
		a.stats.Discarded++
		return
	}
	a.udp = src.Port()
	a.take(h, chunks, src)
	a.flush()
	a.rearm()
}

// tagFits checks the verification tag; ABORT and SHUTDOWN COMPLETE with the T bit
// carry the one that we would send (§8.5.1).
func (a *assoc) tagFits(h header, chunks []byte) bool {
	c, _, err := nextChunk(chunks)
	if err != nil {
		return false
	}
	if (c.typ == ctAbort || c.typ == ctShutdownComplete) && c.flags&flagT != 0 {
		return a.peerTag != 0 && h.tag == a.peerTag
	}
	return h.tag == a.localTag
}

// take handles the chunks of a packet in order.
func (a *assoc) take(_ header, b []byte, _ netip.AddrPort) {
	a.stats.RecvPackets++
	data := false
	for len(b) > 0 && a.state != closed {
		c, rest, err := nextChunk(b)
		if err != nil {
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
		if !a.controlChunk(c) {
			break
		}
	}
	if data && a.state != closed {
		a.owe()
	}
}

// controlChunk handles a chunk other than DATA; false: leave the rest of the packet.
func (a *assoc) controlChunk(c chunk) bool {
	switch c.typ {
	case ctInitAck:
		a.initAck(c)
	case ctCookieAck:
		if a.state == cookieEchoed {
			a.establish()
		}
	case ctSack:
		a.sackChunk(c)
	case ctHeartbeat:
		a.control = appendSimple(a.control, ctHeartbeatAck, 0, c.value)
	case ctHeartbeatAck:
		a.beatAck(c)
	case ctAbort:
		a.aborted(c)
		return false
	case ctShutdown, ctShutdownAck, ctShutdownComplete:
		a.shutdownChunk(c)
	case ctError:
		a.errorChunk(c)
	case ctInit, ctCookieEcho:
		a.stats.Discarded++ // may not be bundled behind another chunk (§6.10)
		return false
	default:
		return a.unknownChunk(c)
	}
	return true
}

// unknownChunk does what the two highest bits of the type say (§3.2).
func (a *assoc) unknownChunk(c chunk) bool {
	a.stats.Discarded++
	if c.typ&0x40 != 0 && a.state >= established {
		raw := c.raw[:min(len(c.raw), 512)]
		a.control = appendSimple(a.control, ctError, 0, appendParam(nil, causeUnknownChunk, raw))
	}
	return c.typ&0x80 != 0
}

// initAck goes on with the handshake (§5.1 C).
func (a *assoc) initAck(c chunk) {
	if a.state != cookieWait {
		return // §5.2.3
	}
	in, err := parseInit(c.value)
	if err != nil || in.cookie == nil {
		a.end(Lost, fmt.Sprintf("%v port %d answered INIT with what is no INIT ACK with a cookie", a.key.ip, a.key.port))
		return
	}
	a.adopt(in.tag, in.tsn, in.window, in.out, in.in)
	a.cookie = append([]byte(nil), in.cookie...)
	a.become(cookieEchoed)
	a.tries = 0
	a.reply(appendSimple(nil, ctCookieEcho, 0, a.cookie))
	a.timers.Start(timerT1, time.Now(), a.path.rto)
}

// aborted: the far end ended it at once.
func (a *assoc) aborted(c chunk) {
	why := fmt.Sprintf("aborted by %v: %s", a.key.ip, causeText(c.value))
	if a.state == cookieWait || a.state == cookieEchoed {
		why = fmt.Sprintf("%v refused the association on port %d: %s", a.key.ip, a.key.port, causeText(c.value))
		if len(c.value) == 0 {
			why = fmt.Sprintf("%v refused the association: nothing is open there on port %d", a.key.ip, a.key.port)
		}
	}
	a.end(Lost, why)
}

func (a *assoc) errorChunk(c chunk) {
	a.lastError = "the far end reports: " + causeText(c.value)
	if len(c.value) >= 4 && a.state == cookieEchoed && c.value[1] == causeStaleCookie {
		// Begin anew (§5.2.6), within the same number of tries.
		a.become(cookieWait)
		a.peerTag = 0
		a.sendInit()
		return
	}
	if a.state >= established {
		a.event(Event{Kind: PeerError, Addr: a.key.ip, Why: a.lastError})
	}
}

// end closes the association; the reader gets the event after all data.
func (a *assoc) end(kind EventKind, why string) {
	if a.state == closed {
		return
	}
	was := a.state
	a.become(closed)
	a.why = why
	a.timers.StopAll()
	a.timer.Stop()
	a.armed = time.Time{}
	a.endpoint.remove(a)
	if was >= established {
		a.event(Event{Kind: kind, Addr: a.key.ip, Why: why})
	}
	a.sender.reset()
	close(a.down)
	a.wake()
}

// Abort tells the far end why and ends at once.
func (a *assoc) Abort(reason string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.state == closed {
		return
	}
	if a.peerTag != 0 {
		a.reply(appendSimple(nil, ctAbort, 0, appendParam(nil, causeUserAbort, []byte(reason))))
	}
	a.end(Lost, "aborted by this end: "+reason)
}

// tick is called by the timer.
func (a *assoc) tick() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.armed = time.Time{}
	now := time.Now()
	for id := a.timers.Expired(now); id >= 0 && a.state != closed; id = a.timers.Expired(now) {
		a.expired(now, id)
	}
	if a.state != closed {
		a.flush()
		a.rearm()
	}
}

// rearm sets the one timer to the earliest deadline; one that moved away is let
// fire and armed again.
func (a *assoc) rearm() {
	next := a.timers.Next()
	if a.state == closed || next.IsZero() || !a.armed.IsZero() && !next.Before(a.armed) {
		return
	}
	a.armed = next
	a.timer.Reset(time.Until(next))
}

func (a *assoc) expired(now time.Time, id int) {
	switch id {
	case timerT1:
		a.retryHandshake(now)
	case timerT2:
		a.retryShutdown(now)
	case timerT3:
		a.timeout(now)
	case timerT5:
		a.reply(appendSimple(nil, ctAbort, 0, nil))
		a.end(Lost, fmt.Sprintf("%v did not finish the shutdown", a.key.ip))
	case timerSack:
		a.sackNow = true
	case timerBeat:
		a.heartbeat(now)
	}
}

func (a *assoc) retryHandshake(now time.Time) {
	if a.tries++; a.tries >= a.params.InitRetrans {
		what := "INIT"
		if a.state == cookieEchoed {
			what = "COOKIE ECHO"
		}
		a.end(Lost, fmt.Sprintf("%v port %d does not answer: %d times %s", a.key.ip, a.key.port, a.tries, what))
		return
	}
	a.path.rto = min(2*a.path.rto, a.params.RTOMax)
	if a.state == cookieWait {
		a.sendInit()
		return
	}
	a.reply(appendSimple(nil, ctCookieEcho, 0, a.cookie))
	a.timers.Start(timerT1, now, a.path.rto)
}

// wake lets a waiting Read look.
func (a *assoc) wake() {
	select {
	case a.readable <- struct{}{}:
	default:
	}
}

// Read waits for messages and events.
func (a *assoc) Read(b *Batch) error {
	for {
		a.mu.Lock()
		n := a.fill(b)
		if n > 0 {
			a.windowUpdate()
			a.rearm()
			a.mu.Unlock()
			return nil
		}
		over := a.state == closed
		a.mu.Unlock()
		if over {
			return io.EOF
		}
		select {
		case <-a.readable:
		case <-a.down:
		}
	}
}

// Status is a picture for show commands.
func (a *assoc) Status() Status {
	a.mu.Lock()
	defer a.mu.Unlock()
	p := &a.path
	return Status{State: stateNames[a.state], Since: a.since, LocalTag: a.localTag, RemoteTag: a.peerTag, OutStreams: a.out, InStreams: a.in,
		SendQueued: a.octets, RecvQueued: len(a.arena), PeerWindow: a.peerWindow, LastError: a.lastError, Stats: a.stats,
		Paths: []PathStatus{{Addr: a.key.ip, Primary: true, Active: p.errors <= a.params.PathRetrans && a.state >= established, SRTT: p.srtt, RTO: p.rto,
			CWND: p.cwnd, SSThresh: p.ssthresh, InFlight: a.flight, Errors: p.errors, MTU: p.mtu, Heartbeats: p.beats}}}
}
