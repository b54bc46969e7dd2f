package sctp

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"github.com/gostp/gostp/internal/lock"
)

// endpoint is a bound port at one or more local addresses.
type endpoint struct {
	door
	user   *user
	wires  []*sharedWire // one for each of addr.IPs
	addr   Addr
	anySum atomic.Bool

	partings atomic.Int32 // how many partings are under way

	mu     lock.RWMutex[lock.Endpoint] // taken after the lock of an assoc, never before
	assocs map[peerKey]*assoc          // by the confirmed addresses of their far ends (§5.4)
	tags   map[uint32]*assoc           // by our verification tag
	params Params
}

type peerKey struct {
	ip   netip.Addr
	port uint16
}

func (e *endpoint) find(ip netip.Addr, port uint16) *assoc {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.assocs[peerKey{ip, port}]
}

// findAny finds the association that an INIT, or its cookie, belongs to: by any of the addresses that the INIT
// lists (§5.1.2 D).
func (e *endpoint) findAny(addrs []netip.Addr, port uint16) *assoc {
	e.mu.RLock()
	defer e.mu.RUnlock()
	for _, ip := range addrs {
		if a := e.assocs[peerKey{ip, port}]; a != nil {
			return a
		}
	}
	return nil
}

// findTag finds an association by the verification tag that this end gave out. Only the far end of that
// association knows it. So it identifies a packet from an address that is not confirmed, and an INIT ACK from
// another address than the one that this end called (§5.1.2 D).
func (e *endpoint) findTag(tag uint32, port uint16) *assoc {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if a := e.tags[tag]; a != nil && a.port == port {
		return a
	}
	return nil
}

// enroll makes the endpoint find a by its tag and by addrs, which are confirmed, and by no other address. It
// gives false if another association has one of them. An address that a far end merely lists does not count, or
// else a far end could list the address of another one and keep that one out. The caller holds a.mu.
func (e *endpoint) enroll(a *assoc, addrs []netip.Addr) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.isShut() || e.tags[a.localTag] != nil && e.tags[a.localTag] != a {
		return false
	}
	for _, ip := range addrs {
		if o := e.assocs[peerKey{ip, a.port}]; o != nil && o != a {
			return false
		}
	}
	e.forget(a)
	for _, ip := range addrs {
		e.assocs[peerKey{ip, a.port}] = a
	}
	a.enrolled, a.enrolledTag = slices.Clone(addrs), a.localTag
	e.tags[a.localTag] = a
	return true
}

// claim makes the endpoint find a by one more address, which has just been confirmed. It gives false if another
// association was confirmed at that address before. The caller holds a.mu.
func (e *endpoint) claim(a *assoc, ip netip.Addr) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	k := peerKey{ip, a.port}
	if o := e.assocs[k]; o != nil && o != a || e.tags[a.enrolledTag] != a {
		return false
	}
	if e.assocs[k] == nil {
		e.assocs[k] = a
		a.enrolled = append(a.enrolled, ip)
	}
	return true
}

func (e *endpoint) forget(a *assoc) {
	for _, ip := range a.enrolled {
		if k := (peerKey{ip, a.port}); e.assocs[k] == a {
			delete(e.assocs, k)
		}
	}
	if e.tags[a.enrolledTag] == a {
		delete(e.tags, a.enrolledTag)
	}
	a.enrolled = nil
}

// remove forgets an association that has ended.
func (e *endpoint) remove(a *assoc) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.forget(a)
}

// listed gives the addresses of ours that INIT and INIT ACK list. A single address is not listed, which makes
// NAT easier (§3.3.2.1.1).
func (e *endpoint) listed(to netip.Addr) (out []netip.Addr) {
	if len(e.wires) < 2 {
		return nil
	}
	for _, w := range e.wires {
		if ip := w.addr(); ip.IsLoopback() == to.IsLoopback() && !ip.IsUnspecified() {
			out = append(out, ip)
		}
	}
	return out
}

// usable puts the source of an INIT in front of the addresses that the INIT lists, and leaves out those that
// this end cannot send to.
func (e *endpoint) usable(src netip.Addr, listed []netip.Addr) []netip.Addr {
	out := []netip.Addr{src}
	for _, ip := range listed {
		if ip.IsMulticast() || ip.IsUnspecified() || ip.IsLoopback() != src.IsLoopback() || slices.Contains(out, ip) ||
			e.wireFor(ip) == nil {
			continue
		}
		out = append(out, ip)
	}
	return out
}

// wireFor gives the wire from which to reach ip: the one that the network's own routing says if that is one of
// ours, else the one whose local address is most like ip. It gives nil if no wire has that family.
func (e *endpoint) wireFor(ip netip.Addr) *sharedWire {
	var best *sharedWire
	like := -1
	src := e.user.net.Source(ip).Unmap()
	for _, w := range e.wires {
		if w.addr() == src {
			return w
		}
		if w.addr().Is4() != ip.Is4() {
			continue
		}
		if n := common(w.addr(), ip); n > like {
			best, like = w, n
		}
	}
	return best
}

// common counts the leading bits that two addresses of a family have in common.
func common(a, b netip.Addr) int {
	n := 0
	for n < a.BitLen() {
		p, err := a.Prefix(n + 1)
		if err != nil || !p.Contains(b) {
			break
		}
		n++
	}
	return n
}

// init answers an INIT. All that is to be known of it goes into the cookie of the answer, and nothing is kept
// here (§5.1 B, §5.2.1, §5.2.2).
func (e *endpoint) init(a *assoc, w *sharedWire, h header, c chunk, src netip.AddrPort) {
	in, err := parseInit(c.value)
	if h.tag != 0 || err != nil {
		e.user.count.add(cInitBad) // §8.5.1 A; §3.3.2: silently
		return
	}
	refuse := func(cause []byte) {
		e.user.count.add(cInitRefused)
		w.abort(header{h.dst, h.src, in.tag}, src, 0, cause)
	}
	if in.cause != nil {
		refuse(in.cause)
		return
	}
	if a == nil {
		a = e.findAny(in.addrs, h.src)
	}
	if a == nil && e.refuses.Load() {
		refuse(nil)
		return
	}
	p := e.settings()
	k := cookie{made: time.Now(), life: p.CookieLife + min(time.Duration(in.preserve)*time.Millisecond, p.CookieLife),
		localTag: random32(),
		peerTag:  in.tag, localTSN: random32(), peerTSN: in.tsn, peerWindow: in.window, out: min(p.OutStreams, in.in),
		in:        min(p.InStreams, in.out),
		localPort: h.dst, peerPort: h.src, home: e.wires[0].addr(), addrs: e.usable(src.Addr(), in.addrs)}
	if a != nil {
		due, cause := a.initFor(&k, &p, src.Addr())
		if cause != nil {
			refuse(cause)
		}
		if !due {
			return
		}
	}
	ack := initChunk{tag: k.localTag, window: uint32(p.RecvBuffer), tsn: k.localTSN, out: p.OutStreams, in: p.InStreams,
		addrs: e.listed(src.Addr()), cookie: e.user.secret.seal(&k), unknown: in.unknown}
	w.send(header{h.dst, h.src, in.tag}, src, appendInit(nil, ctInitAck, ack))
}

// cookieEcho makes an association out of a cookie, or finds what the cookie means for an association that
// exists (§5.1 D, §5.2.4).
func (e *endpoint) cookieEcho(d *demux, a *assoc, h header, c chunk, chunks []byte, src netip.AddrPort) {
	k, err := e.user.secret.open(c.value, time.Now(), h)
	var stale staleError
	isStale := errors.As(err, &stale)
	if err != nil && !isStale || k.home != e.wires[0].addr() || !slices.Contains(k.addrs, src.Addr()) {
		e.user.count.add(cCookieBad)
		return
	}
	if a == nil {
		a = e.findTag(k.localTag, h.src)
	}
	if a == nil {
		a = e.findAny(k.addrs, h.src)
	}
	if a != nil {
		d.enter(a)
		if a.state != closed {
			if isStale && (k.localTag != a.localTag || k.peerTag != a.peerTag) {
				d.w.stale(h, &k, stale, src)
				return
			}
			a.cookieEcho(&k, h, chunks, d.w, src)
			return
		}
		d.leave()
	}
	if isStale {
		d.w.stale(h, &k, stale, src)
		return
	}
	if e.refuses.Load() {
		e.user.count.add(cInitRefused)
		d.w.abort(header{h.dst, h.src, k.peerTag}, src, 0, nil)
		return
	}
	a = newAssoc(e, h.src, e.settings())
	a.localTag, a.nextTSN = k.localTag, k.localTSN
	d.enter(a)
	if !e.enroll(a, k.addrs[:1]) {
		e.user.count.add(cCookieOdd)
		a.timer.Stop()
		return
	}
	if !e.enqueue(a) {
		e.user.count.add(cBacklog)
		e.remove(a)
		d.w.abort(header{h.dst, h.src, k.peerTag}, src, 0, appendParam(nil, causeNoResource, nil))
		return
	}
	a.accept(&k, h, chunks, d.w, src)
}

// stale answers a cookie that is too old (§5.1.5 4).
func (w *sharedWire) stale(h header, k *cookie, s staleError, src netip.AddrPort) {
	w.user.count.add(cCookieStale)
	us := binary.BigEndian.AppendUint32(nil, uint32(min(s.by.Microseconds()+1, 1<<32-1)))
	w.send(header{h.dst, h.src, k.peerTag}, src, appendSimple(nil, ctError, 0, appendParam(nil, causeStaleCookie, us)))
}

func (e *endpoint) Local() Addr { return e.addr }

// Set changes how later associations are set up. Zero fields take the defaults.
func (e *endpoint) Set(p Params) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.params = p.or(DefaultParams())
	e.anySum.Store(p.AnyChecksum)
}

func (e *endpoint) settings() Params {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.params
}

func (e *endpoint) Dial(ctx context.Context, remote Addr, p Params) (Assoc, error) {
	a := newAssoc(e, remote.Port, p.or(e.settings()))
	a.localTag, a.nextTSN, a.dialled = random32(), random32(), true
	var ips []netip.Addr
	for _, ip := range remote.IPs {
		if ip = ip.Unmap(); !slices.Contains(ips, ip) && len(ips) < maxAddrs && e.wireFor(ip) != nil {
			ips = append(ips, ip)
		}
	}
	if len(ips) == 0 {
		return nil, fmt.Errorf("no local address of %s can reach %s: they are of different families",
			addrList(e.addr.IPs), addrList(remote.IPs))
	}
	if err := a.dial(ips, remote.UDP); err != nil {
		return nil, err
	}
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
	if !e.shut() {
		e.mu.Unlock()
		return nil
	}
	all := make([]*assoc, 0, len(e.tags))
	for _, a := range e.tags {
		all = append(all, a)
	}
	e.mu.Unlock()
	for _, a := range all {
		a.Abort("the port is closed")
	}
	e.user.mu.Lock()
	ended := e.user.leave(e)
	e.user.mu.Unlock()
	for _, w := range ended {
		<-w.done
	}
	return nil
}
