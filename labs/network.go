package labs

import (
	"encoding/binary"
	"fmt"
	"math/rand"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/gostp/gostp/capture"
	"github.com/gostp/gostp/internal/lock"
	"github.com/gostp/gostp/machine"
	"github.com/gostp/gostp/sctp/wire"
)

const wireMTU = 1500 // octets of an IP packet

// protocol is what an IP packet carries.
type protocol uint8

const (
	icmp4 protocol = 1
	icmp6 protocol = 58
	bare  protocol = 132 // SCTP
)

// Network has virtual point-to-point wires that carry IP packets between hosts of this process. One lock guards
// all of it, and nothing waits under it.
type Network struct {
	mu    lock.Mutex[lock.LabNetwork]
	rand  *rand.Rand
	hosts map[string]*Host
	taps  []*tap
}

type tap struct {
	w  *capture.Writer
	id map[*Wire]int
}

// NewNetwork makes an empty network.
func NewNetwork() *Network {
	return &Network{rand: rand.New(rand.NewSource(1)), hosts: map[string]*Host{}}
}

// Host finds or makes a host.
func (n *Network) Host(name string) *Host {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.hosts[name] == nil {
		n.hosts[name] = &Host{network: n, name: name, open: map[netip.Addr]*hostWire{}, echoes: map[echoKey]chan error{}}
	}
	return n.hosts[name]
}

// Wire joins two interfaces.
type Wire struct {
	network *Network
	ends    [2]*port
	up      bool
	faults  Faults
}

// Faults says what a wire does to packets. Loss is a share from 0 to 1.
type Faults struct {
	Loss  float64
	Delay time.Duration
}

// port is one end of a wire: an interface of a host.
type port struct {
	host       *Host
	name       string
	wire       *Wire
	config     Interface
	configured bool
	in, out    traffic
	lost       uint64
}

type traffic struct{ packets, octets uint64 }

func (t *traffic) add(octets int) { t.packets++; t.octets += uint64(octets) }

// Connect joins interface aIf of a to bIf of b.
func (n *Network) Connect(a *Host, aIf string, b *Host, bIf string) (*Wire, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	w := &Wire{network: n, up: true}
	for i, e := range []struct {
		h    *Host
		name string
	}{{a, aIf}, {b, bIf}} {
		p := e.h.port(e.name)
		if p.wire != nil {
			return nil, fmt.Errorf("interface %s of %s has a wire already", e.name, e.h.name)
		}
		p.wire = w
		w.ends[i] = p
	}
	return w, nil
}

// Name gives both ends: CountryA:eth1-CountryB:eth1.
func (w *Wire) Name() string {
	return w.ends[0].host.name + ":" + w.ends[0].name + "-" + w.ends[1].host.name + ":" + w.ends[1].name
}

// SetUp mends or cuts the wire.
func (w *Wire) SetUp(up bool) error {
	w.network.mu.Lock()
	defer w.network.mu.Unlock()
	w.up = up
	return nil
}

// Faults gives what the wire does to packets.
func (w *Wire) Faults() Faults {
	w.network.mu.Lock()
	defer w.network.mu.Unlock()
	return w.faults
}

// SetFaults changes what the wire does to packets.
func (w *Wire) SetFaults(f Faults) error {
	w.network.mu.Lock()
	defer w.network.mu.Unlock()
	w.faults = f
	return nil
}

// State puts the state of the wire into words.
func (w *Wire) State() string {
	w.network.mu.Lock()
	defer w.network.mu.Unlock()
	return wireState(w.up, w.faults)
}

func wireState(up bool, f Faults) string {
	if !up {
		return "CUT"
	}
	out := "up"
	if f.Loss > 0 {
		out += fmt.Sprintf(", loses %g%%", f.Loss*100)
	}
	if f.Delay > 0 {
		out += fmt.Sprintf(", delays %v", f.Delay)
	}
	return out
}

// Capture records every packet put on the wires, until stop is called.
func (n *Network) Capture(w *capture.Writer, wires ...*Wire) (stop func()) {
	t := &tap{w: w, id: map[*Wire]int{}}
	for _, x := range wires {
		if id, err := w.Interface(x.Name(), capture.LinkRaw); err == nil {
			t.id[x] = id
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.taps = append(n.taps, t)
	return func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.taps = slices.DeleteFunc(n.taps, func(x *tap) bool { return x == t })
	}
}

// Host is a machine of the network: it has interfaces with addresses, and what is open at these. It is the
// wire.Network of its node.
type Host struct {
	network *Network
	name    string
	ports   []*port
	open    map[netip.Addr]*hostWire
	routes  []machine.StaticRoute
	echoes  map[echoKey]chan error // requests that wait for an answer
	id      uint16                 // the identification of the next IP packet
}

// Interface is an interface as configured.
type Interface struct {
	Name     string // the topology's name for it
	Label    string // the configuration's name; empty if it is the same
	MTU      int    // 0 means 1500
	Addrs    []netip.Prefix
	Shutdown bool
}

// InterfaceState is an interface as it is.
type InterfaceState struct {
	Interface
	Up      bool
	Why     string // why it is not up
	In, Out traffic
	Lost    uint64 // packets lost
}

// port finds or makes an interface. The caller holds the network's lock.
func (h *Host) port(name string) *port {
	for _, p := range h.ports {
		if p.name == name {
			return p
		}
	}
	p := &port{host: h, name: name, config: Interface{Name: name}}
	h.ports = append(h.ports, p)
	slices.SortFunc(h.ports, func(a, b *port) int { return strings.Compare(a.name, b.name) })
	return p
}

// Configure sets interfaces and static routes. Interfaces that are not named lose their addresses.
func (h *Host) Configure(ifs []Interface, routes []machine.StaticRoute) {
	h.network.mu.Lock()
	defer h.network.mu.Unlock()
	for _, p := range h.ports {
		p.config, p.configured = Interface{Name: p.name}, false
	}
	for _, c := range ifs {
		p := h.port(c.Name)
		p.config, p.configured = c, true
	}
	h.ports = slices.DeleteFunc(h.ports, func(p *port) bool { return p.wire == nil && !p.configured })
	h.routes = routes
}

// Interfaces gives the state of the interfaces.
func (h *Host) Interfaces() []InterfaceState {
	h.network.mu.Lock()
	defer h.network.mu.Unlock()
	var out []InterfaceState
	for _, p := range h.ports {
		s := InterfaceState{Interface: p.config, In: p.in, Out: p.out, Lost: p.lost}
		s.Why = p.down()
		s.Up = s.Why == ""
		out = append(out, s)
	}
	return out
}

func (p *port) down() string {
	switch {
	case p.config.Shutdown:
		return "shut down by configuration"
	case machine.IsLoopback(p.name):
	case p.wire == nil:
		return "no wire of this lab ends here"
	case !p.wire.up:
		return "the wire is cut"
	}
	return ""
}

// hostWire is an open address of a host.
type hostWire struct {
	host   *Host
	addr   netip.Addr
	queue  chan delivered
	closed chan struct{}
}

type delivered struct {
	packet   []byte // what the IP packet carries
	src      netip.Addr
	protocol protocol
	size     int // octets of the IP packet
}

// Open implements wire.Network.
func (h *Host) Open(local netip.AddrPort) (wire.Wire, error) {
	h.network.mu.Lock()
	defer h.network.mu.Unlock()
	if local.Port() != 0 {
		return nil, fmt.Errorf("the wires of a lab carry SCTP bare; take `udp-port` away")
	}
	addr := local.Addr()
	if h.holder(addr) == nil {
		return nil, fmt.Errorf("%s is on no interface of this node; %s", addr, h.inventory())
	}
	if h.open[addr] != nil {
		return nil, fmt.Errorf("%s is open already", addr)
	}
	w := &hostWire{h, addr, make(chan delivered, 4096), make(chan struct{})}
	h.open[addr] = w
	return w, nil
}

func (h *Host) inventory() string {
	var out []string
	for _, p := range h.ports {
		for _, a := range p.config.Addrs {
			out = append(out, p.name+" "+a.String())
		}
	}
	if len(out) == 0 {
		return "no interface has an address: `interface eth1`, `ip address ...`"
	}
	return "it has " + strings.Join(out, ", ")
}

// holder finds the interface that has an address.
func (h *Host) holder(addr netip.Addr) *port {
	for _, p := range h.ports {
		for _, a := range p.config.Addrs {
			if a.Addr() == addr {
				return p
			}
		}
	}
	return nil
}

// Write sends packets, each by the interface whose network has the destination. Hosts do not forward.
func (w *hostWire) Write(ps []wire.Packet) (sent int, err error) {
	n := w.host.network
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, x := range ps {
		dst, b := x.Addr.Addr(), x.Data
		if w.host.holder(w.addr) == nil || !w.host.emit(w.addr, dst, bare, b) {
			err = fmt.Errorf("no interface leads to %s", dst)
			continue
		}
		sent++
	}
	return sent, err
}

// emit sends a packet by the interface that leads to dst, and tells whether there is such an interface. The
// caller holds the network's lock.
func (h *Host) emit(src, dst netip.Addr, proto protocol, b []byte) bool {
	p := h.towards(dst)
	if p == nil || p.down() != "" || p.wire == nil {
		return false
	}
	h.id++
	packet := appendIP(make([]byte, 0, 40+len(b)), src, dst, h.id, proto, b)
	p.send(packet, delivered{packet[len(packet)-len(b):], src, proto, len(packet)}, dst)
	return true
}

// send puts a packet on the wire. The caller holds the network's lock.
func (p *port) send(packet []byte, d delivered, dst netip.Addr) {
	n, w := p.host.network, p.wire
	p.out.add(len(packet))
	for _, t := range n.taps {
		if id, ok := t.id[w]; ok {
			_ = t.w.Packet(id, time.Now(), capture.Unknown, packet, "") // the writer remembers its error
		}
	}
	if n.rand.Float64() < w.faults.Loss {
		p.lost++
		return
	}
	far := w.ends[0]
	if far == p {
		far = w.ends[1]
	}
	if w.faults.Delay == 0 {
		far.receive(d, dst)
		return
	}
	time.AfterFunc(w.faults.Delay, func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		far.receive(d, dst)
	})
}

func (p *port) receive(d delivered, dst netip.Addr) {
	if d.protocol != bare && p.down() == "" && p.host.holder(dst) != nil {
		p.in.add(d.size)
		p.host.takeICMP(d, dst)
		return
	}
	to := p.host.open[dst]
	if d.protocol != bare || p.down() != "" || to == nil || p.host.holder(dst) == nil {
		p.lost++
		return
	}
	select {
	case to.queue <- d:
		p.in.add(d.size)
	default:
		p.lost++
	}
}

// Read implements wire.Wire.
func (w *hostWire) Read(ps []wire.Packet) (int, error) {
	select {
	case d := <-w.queue:
		ps[0] = wire.Packet{Addr: netip.AddrPortFrom(d.src, 0), Data: d.packet}
	case <-w.closed:
		return 0, net.ErrClosed
	}
	for n := 1; n < len(ps); n++ {
		select {
		case d := <-w.queue:
			ps[n] = wire.Packet{Addr: netip.AddrPortFrom(d.src, 0), Data: d.packet}
		default:
			return n, nil
		}
	}
	return len(ps), nil
}

func (w *hostWire) MTU() int {
	if w.addr.Is4() {
		return wireMTU - 20
	}
	return wireMTU - 40
}

func (w *hostWire) Close() error {
	w.host.network.mu.Lock()
	defer w.host.network.mu.Unlock()
	if w.host.open[w.addr] == w {
		delete(w.host.open, w.addr)
		close(w.closed)
	}
	return nil
}

// appendIP writes an IP packet with a correct header.
func appendIP(dst []byte, from, to netip.Addr, id uint16, proto protocol, payload []byte) []byte {
	if !from.Is4() {
		dst = append(dst, 0x60, 0, 0, 0)
		dst = binary.BigEndian.AppendUint16(dst, uint16(len(payload)))
		dst = append(dst, byte(proto), 64)
		f, t := from.As16(), to.As16()
		return append(append(append(dst, f[:]...), t[:]...), payload...)
	}
	at := len(dst)
	dst = append(dst, 0x45, 0)
	dst = binary.BigEndian.AppendUint16(dst, uint16(20+len(payload)))
	dst = binary.BigEndian.AppendUint16(dst, id)
	dst = append(dst, 0x40, 0, 64, byte(proto), 0, 0) // do not fragment, TTL 64, checksum to come
	f, t := from.As4(), to.As4()
	dst = append(append(dst, f[:]...), t[:]...)
	binary.BigEndian.PutUint16(dst[at+10:], checksum(dst[at:at+20]))
	return append(dst, payload...)
}

// checksum gives the Internet checksum (RFC 1071).
func checksum(b []byte) uint16 {
	var sum uint32
	for ; len(b) > 1; b = b[2:] {
		sum += uint32(binary.BigEndian.Uint16(b))
	}
	if len(b) == 1 {
		sum += uint32(b[0]) << 8
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}
