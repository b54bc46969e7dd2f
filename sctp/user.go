package sctp

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"
)

// user is the userspace backend: RFC 9260 over wires of a Network, one path to
// each association. Not built: more paths, and delivery of one stream past a loss
// on another (messages are delivered in the order of their TSNs, which keeps each
// stream's order but lets streams wait for each other).
type user struct {
	net    Network
	secret secret

	mu    sync.Mutex
	wires map[netip.AddrPort]*sharedWire
}

// NewUser makes the userspace backend over net.
func NewUser(net Network) Transport {
	return &user{net: net, secret: newSecret(), wires: map[netip.AddrPort]*sharedWire{}}
}

func (*user) Name() string { return "userspace SCTP" }

func (*user) Counters() []Counter { return nil }

// sharedWire is a wire and the endpoints on it; its reader hands packets out.
type sharedWire struct {
	user *user
	at   netip.AddrPort
	wire Wire
	done chan struct{}

	mu        sync.Mutex
	endpoints map[uint16]*endpoint
}

// endpoint is a bound port.
type endpoint struct {
	user     *user
	wire     *sharedWire
	addr     Addr
	params   Params
	accepted chan *assoc
	closed   chan struct{}

	mu     sync.Mutex // held after an assoc's, never before
	assocs map[peerKey]*assoc
	dead   bool
}

type peerKey struct {
	ip   netip.Addr
	port uint16
}

func (u *user) Open(local Addr, p Params) (Endpoint, error) {
	if len(local.IPs) != 1 {
		return nil, fmt.Errorf("userspace SCTP takes one local address, not %d", len(local.IPs))
	}
	w, err := u.shared(netip.AddrPortFrom(local.IPs[0], local.UDP))
	if err != nil {
		return nil, err
	}
	e := &endpoint{user: u, wire: w, addr: local, params: p.or(DefaultParams()), accepted: make(chan *assoc, 64),
		closed: make(chan struct{}), assocs: map[peerKey]*assoc{}}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.endpoints[local.Port] != nil {
		return nil, fmt.Errorf("port %d at %s is open already", local.Port, local.IPs[0])
	}
	w.endpoints[local.Port] = e
	return e, nil
}

func (u *user) shared(at netip.AddrPort) (*sharedWire, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if w := u.wires[at]; w != nil {
		return w, nil
	}
	wire, err := u.net.Open(at)
	if err != nil {
		return nil, err
	}
	w := &sharedWire{user: u, at: at, wire: wire, endpoints: map[uint16]*endpoint{}, done: make(chan struct{})}
	u.wires[at] = w
	go w.read()
	return w, nil
}

// drop takes an endpoint off its wire, and closes the wire with the last.
func (w *sharedWire) drop(port uint16) {
	w.user.mu.Lock()
	w.mu.Lock()
	delete(w.endpoints, port)
	last := len(w.endpoints) == 0
	w.mu.Unlock()
	if last {
		delete(w.user.wires, w.at)
	}
	w.user.mu.Unlock()
	if last {
		w.wire.Close()
		<-w.done
	}
}

func (w *sharedWire) read() {
	defer close(w.done)
	ps := make([]Packet, 64)
	for {
		n, err := w.wire.Read(ps)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(10 * time.Millisecond) // an ICMP error on a UDP socket; SCTP's own timers judge
			continue
		}
		for _, p := range ps[:n] {
			w.packet(p.Data, p.Addr)
		}
	}
}

// packet finds whom a packet is for (§8.4, §8.5).
func (w *sharedWire) packet(b []byte, src netip.AddrPort) {
	h, chunks, err := parseHeader(b)
	if err != nil {
		return // no answer to what may be anything (§6.8)
	}
	first, _, err := nextChunk(chunks)
	if err != nil {
		return
	}
	src = netip.AddrPortFrom(src.Addr().Unmap(), src.Port())
	w.mu.Lock()
	e := w.endpoints[h.dst]
	w.mu.Unlock()
	if e == nil {
		w.outOfTheBlue(h, first, src)
		return
	}
	a := e.find(src.Addr(), h.src)
	switch {
	case first.typ == ctInit:
		e.init(a, h, first, src)
	case first.typ == ctCookieEcho:
		e.cookieEcho(a, h, first, chunks, src)
	case a != nil:
		a.packet(h, chunks, src)
	default:
		w.outOfTheBlue(h, first, src)
	}
}

// outOfTheBlue answers a packet that belongs to no association (§8.4).
func (w *sharedWire) outOfTheBlue(h header, c chunk, src netip.AddrPort) {
	switch c.typ {
	case ctAbort, ctShutdownComplete, ctCookieAck, ctError:
		return
	case ctInit:
		if in, err := parseInit(c.value); err == nil {
			w.send(header{h.dst, h.src, in.tag}, src, func(b []byte) []byte { return appendSimple(b, ctAbort, 0, nil) })
		}
	case ctShutdownAck:
		w.send(header{h.dst, h.src, h.tag}, src, func(b []byte) []byte { return appendSimple(b, ctShutdownComplete, flagT, nil) })
	default:
		w.send(header{h.dst, h.src, h.tag}, src, func(b []byte) []byte { return appendSimple(b, ctAbort, flagT, nil) })
	}
}

// send makes and sends one packet that belongs to no association.
func (w *sharedWire) send(h header, dst netip.AddrPort, chunks func([]byte) []byte) {
	b := chunks(appendHeader(make([]byte, 0, 256), h))
	seal(b)
	_, _ = w.wire.Write([]Packet{{Addr: dst, Data: b}}) // lost packets are SCTP's daily bread
}

func (e *endpoint) find(ip netip.Addr, port uint16) *assoc {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.assocs[peerKey{ip, port}]
}

// remove forgets an association that has ended.
func (e *endpoint) remove(a *assoc) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.assocs[a.key] == a {
		delete(e.assocs, a.key)
	}
}

// init answers an INIT with all that is needed to know of it inside a cookie, and
// keeps nothing (§5.1 B, §5.2.1, §5.2.2).
func (e *endpoint) init(a *assoc, h header, c chunk, src netip.AddrPort) {
	if h.tag != 0 {
		return // §8.5.1
	}
	in, err := parseInit(c.value)
	if err != nil || in.reject != "" {
		if in.tag != 0 {
			e.wire.send(header{h.dst, h.src, in.tag}, src, func(b []byte) []byte {
				return appendSimple(b, ctAbort, 0, appendParam(nil, causeInvalidParam, nil))
			})
		}
		return
	}
	p := e.params
	k := cookie{made: time.Now(), life: p.CookieLife, localTag: random32(), peerTag: in.tag, localTSN: random32(), peerTSN: in.tsn,
		peerWindow: in.window, peerOut: in.out, peerIn: in.in, local: e.addr.IPs[0], remote: src.Addr(), localPort: h.dst, peerPort: h.src}
	if a != nil && !a.fillCookie(&k) {
		return
	}
	ack := initChunk{tag: k.localTag, window: uint32(p.RecvBuffer), tsn: k.localTSN, out: p.OutStreams, in: p.InStreams,
		cookie: e.user.secret.seal(&k), unknown: in.unknown}
	e.wire.send(header{h.dst, h.src, in.tag}, src, func(b []byte) []byte { return appendInit(b, ctInitAck, ack) })
}

// cookieEcho makes an association of a cookie, or finds what it means for one
// that exists (§5.1 D, §5.2.4).
func (e *endpoint) cookieEcho(a *assoc, h header, c chunk, chunks []byte, src netip.AddrPort) {
	k, err := e.user.secret.open(c.value, time.Now(), e.addr.IPs[0], src.Addr(), h)
	var stale staleError
	if errors.As(err, &stale) {
		us := binary.BigEndian.AppendUint32(nil, uint32(min(stale.by.Microseconds(), 1<<32-1)))
		e.wire.send(header{h.dst, h.src, k.peerTag}, src, func(b []byte) []byte {
			return appendSimple(b, ctError, 0, appendParam(nil, causeStaleCookie, us))
		})
		return
	}
	if err != nil {
		return
	}
	if a != nil {
		a.cookieEcho(&k, h, chunks, src)
		return
	}
	a = newAssoc(e, peerKey{src.Addr(), h.src}, src.Port(), e.params)
	a.localTag, a.nextTSN = k.localTag, k.localTSN
	e.mu.Lock()
	if e.dead || e.assocs[a.key] != nil {
		e.mu.Unlock()
		return
	}
	select {
	case e.accepted <- a:
		e.assocs[a.key] = a
		e.mu.Unlock()
	default:
		e.mu.Unlock()
		e.wire.send(header{h.dst, h.src, k.peerTag}, src, func(b []byte) []byte {
			return appendSimple(b, ctAbort, 0, appendParam(nil, causeUserAbort, []byte("too many associations wait to be accepted")))
		})
		return
	}
	a.accept(&k, h, chunks, src)
}

func (e *endpoint) Local() Addr { return e.addr }

func (e *endpoint) Accept(ctx context.Context) (Assoc, error) {
	select {
	case a := <-e.accepted:
		return a, nil
	case <-e.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (e *endpoint) Dial(ctx context.Context, remote Addr, p Params) (Assoc, error) {
	if len(remote.IPs) != 1 {
		return nil, fmt.Errorf("userspace SCTP takes one remote address, not %d", len(remote.IPs))
	}
	key := peerKey{remote.IPs[0].Unmap(), remote.Port}
	a := newAssoc(e, key, remote.UDP, p.or(e.params))
	a.localTag, a.nextTSN = random32(), random32()
	e.mu.Lock()
	if e.dead {
		e.mu.Unlock()
		return nil, net.ErrClosed
	}
	if e.assocs[key] != nil {
		e.mu.Unlock()
		return nil, ErrExists
	}
	e.assocs[key] = a
	e.mu.Unlock()
	a.dial()
	select {
	case <-a.up:
		return a, nil
	case <-a.down:
		return nil, a.failure()
	case <-ctx.Done():
		a.Abort("no longer wanted")
		return nil, ctx.Err()
	}
}

func (e *endpoint) Close() error {
	e.mu.Lock()
	if e.dead {
		e.mu.Unlock()
		return nil
	}
	e.dead = true
	close(e.closed)
	var all []*assoc
	for _, a := range e.assocs {
		all = append(all, a)
	}
	e.mu.Unlock()
	for _, a := range all {
		a.Abort("the port is closed")
	}
	e.wire.drop(e.addr.Port)
	return nil
}
