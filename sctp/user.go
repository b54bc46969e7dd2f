package sctp

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/gostp/gostp/internal/lock"
	"github.com/gostp/gostp/sctp/wire"
)

// user is the userspace backend: RFC 9260 over the wires of a Network. Each local address has one wire, which
// all endpoints at that address share. The reader of a wire hands a batch of packets to their associations.
// Then it lets each of these send, once, what the batch called for: SACKs, answers, and data that the windows
// allow now.
type user struct {
	sharing
	net     wire.Network
	secret  secret
	count   counters
	packets outgoings

	mu    lock.Mutex[lock.Wires]
	wires map[netip.AddrPort]*sharedWire
}

// NewUser makes the userspace backend over a network.
func NewUser(net wire.Network) Transport {
	return &user{net: net, wires: map[netip.AddrPort]*sharedWire{}}
}

func (u *user) Name() string {
	if n, ok := u.net.(fmt.Stringer); ok {
		return "userspace SCTP " + n.String()
	}
	return "userspace SCTP"
}

func (u *user) Counters() []Counter { return u.count.list() }

// sharedWire is a wire, and the endpoints that use it.
type sharedWire struct {
	user *user
	at   netip.AddrPort
	wire wire.Wire
	done chan struct{}

	mu        lock.RWMutex[lock.Wire]
	endpoints map[uint16]*endpoint
}

func (w *sharedWire) addr() netip.Addr { return w.at.Addr() }

func (w *sharedWire) endpoint(port uint16) *endpoint {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return w.endpoints[port]
}

// write sends packets and counts them. What the network does not take is lost, as packets may be.
func (w *sharedWire) write(ps []wire.Packet) {
	n, _ := w.wire.Write(ps)
	w.user.count[cPacketsOut].Add(uint64(n))
	w.user.count[cNotSent].Add(uint64(len(ps) - n))
}

func (u *user) Open(local Addr, p Params) (Endpoint, error) {
	if len(local.IPs) == 0 {
		return nil, errors.New("userspace SCTP needs a local address: give the local-peer a `local-ip`")
	}
	local, err := placed(u.net, local)
	if err != nil {
		return nil, err
	}
	e := &endpoint{user: u, addr: local, params: p.or(DefaultParams()), door: newDoor(),
		assocs: map[peerKey]*assoc{}, tags: map[uint32]*assoc{}}
	e.anySum.Store(p.AnyChecksum)
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, ip := range local.IPs {
		w, err := u.shared(netip.AddrPortFrom(ip.Unmap(), local.UDP))
		if err == nil && w.endpoint(local.Port) != nil {
			err = fmt.Errorf("port %d at %s is open already", local.Port, ip)
		}
		if w != nil && !slices.Contains(e.wires, w) {
			e.wires = append(e.wires, w)
		}
		if err != nil {
			u.leave(e)
			return nil, err
		}
	}
	for _, w := range e.wires { // the endpoint is complete: packets may come
		w.mu.Lock()
		w.endpoints[local.Port] = e
		w.mu.Unlock()
	}
	return e, nil
}

// shared gives the wire of a local address. The caller holds u.mu.
func (u *user) shared(at netip.AddrPort) (*sharedWire, error) {
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

// leave takes an endpoint off its wires, and closes the wires that have no endpoint any more. The caller holds
// u.mu.
func (u *user) leave(e *endpoint) (ended []*sharedWire) {
	for _, w := range e.wires {
		w.mu.Lock()
		if w.endpoints[e.addr.Port] == e {
			delete(w.endpoints, e.addr.Port)
		}
		last := len(w.endpoints) == 0
		w.mu.Unlock()
		if last && u.wires[w.at] == w {
			delete(u.wires, w.at)
			w.wire.Close()
			ended = append(ended, w)
		}
	}
	return ended
}

// read is the one goroutine of a wire.
func (w *sharedWire) read() {
	defer close(w.done)
	d := &demux{w: w}
	ps := make([]wire.Packet, 64)
	for {
		n, err := w.wire.Read(ps)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(10 * time.Millisecond) // an ICMP error came to a UDP socket; SCTP's own timers judge
			continue
		}
		w.user.count[cPacketsIn].Add(uint64(n))
		for i := range ps[:n] {
			d.packet(ps[i].Data, ps[i].Addr)
		}
		d.flush()
	}
}
