package labs

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"net/netip"
	"slices"
	"time"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/machine"
	"github.com/gostp/gostp/sctp"
)

// platform makes a lab's host the machine below a node.
type platform struct {
	*Host
	transport sctp.Transport
}

func newPlatform(h *Host) platform { return platform{h, sctp.NewUser(h)} }

// Transport gives our own SCTP over the wires of the lab, whatever kind of SCTP is asked for.
func (p platform) Transport(kind configs.Transport) (sctp.Transport, string, error) {
	if kind == configs.TCP {
		return nil, "", errors.New("the wires of a lab carry no TCP; in `gostp lab --netns` there is some")
	}
	return p.transport, "the wires of a lab carry userspace SCTP", nil
}

// Configure implements node.Platform. GigabitEthernet0/1 is the host's eth1.
func (p platform) Configure(ip machine.IP, _ func(string)) {
	var out []Interface
	for _, i := range ip.Interfaces {
		c := Interface{Name: i.Name, Label: i.Name, Addrs: i.Addresses, MTU: i.MTU, Shutdown: i.Shutdown}
		if !machine.IsLoopback(i.Name) {
			if d, err := machine.DeviceOf(i, p.devices()); err == nil {
				c.Name = d
			}
		}
		out = append(out, c)
	}
	p.Host.Configure(out, ip.Routes)
}

// devices gives the interfaces on which wires of the topology end.
func (h *Host) devices() []string {
	h.network.mu.Lock()
	defer h.network.mu.Unlock()
	var out []string
	for _, p := range h.ports {
		if p.wire != nil {
			out = append(out, p.name)
		}
	}
	return out
}

func (p platform) Interfaces() []machine.InterfaceState {
	var out []machine.InterfaceState
	for _, i := range p.Host.Interfaces() {
		s := machine.InterfaceState{
			Name: cmp.Or(i.Label, i.Name), Device: i.Name, Addresses: i.Addrs, Shutdown: i.Shutdown, Up: i.Up, Why: i.Why,
			Method: "manual", MTU: cmp.Or(i.MTU, wireMTU),
		}
		s.Counters = machine.InterfaceCounters{
			InPackets: i.In.packets, InOctets: i.In.octets, InDrops: i.Lost,
			OutPackets: i.Out.packets, OutOctets: i.Out.octets,
		}
		if len(i.Addrs) == 0 {
			s.Method = "unset"
		}
		out = append(out, s)
	}
	return out
}

// Routes implements node.Platform.
func (p platform) Routes() ([]machine.RouteState, error) {
	h := p.Host
	h.network.mu.Lock()
	defer h.network.mu.Unlock()
	var out []machine.RouteState
	for _, x := range h.ports {
		for _, a := range x.config.Addrs {
			if x.down() == "" {
				out = append(out, machine.RouteState{
					Code: 'C', Dest: a.Masked(), Interface: cmp.Or(x.config.Label, x.name),
				})
			}
		}
	}
	for _, r := range h.routes {
		if x := h.connected(r.Via); x != nil && x.down() == "" {
			out = append(out, machine.RouteState{
				Code: 'S', Dest: r.Dest, Via: r.Via, Interface: cmp.Or(x.config.Label, x.name), Distance: int(r.Distance),
			})
		}
	}
	return out, nil
}

// Source implements wire.Network.
func (h *Host) Source(dst netip.Addr) netip.Addr {
	h.network.mu.Lock()
	defer h.network.mu.Unlock()
	return h.source(dst)
}

// source gives the address from which packets to dst leave. The caller holds the network's lock.
func (h *Host) source(dst netip.Addr) netip.Addr {
	if h.holder(dst) != nil {
		return dst
	}
	p := h.towards(dst)
	if p == nil {
		return netip.Addr{}
	}
	var any netip.Addr // the unspecified address of the right version
	for _, a := range p.config.Addrs {
		if a.Masked().Contains(dst) {
			return a.Addr()
		}
		if !any.IsValid() && a.Addr().Is4() == dst.Is4() {
			any = a.Addr()
		}
	}
	return any
}

// towards finds the interface that leads to dst: the one whose network has dst, or that of the best static
// route's next hop. Hosts do not forward for each other.
func (h *Host) towards(dst netip.Addr) *port {
	if p := h.connected(dst); p != nil {
		return p
	}
	var out *port
	var best machine.StaticRoute
	for _, r := range h.routes {
		p := h.connected(r.Via)
		better := out == nil || r.Dest.Bits() > best.Dest.Bits() ||
			r.Dest.Bits() == best.Dest.Bits() && r.Distance < best.Distance
		if r.Dest.Contains(dst) && p != nil && p.down() == "" && better {
			out, best = p, r
		}
	}
	return out
}

func (h *Host) connected(dst netip.Addr) *port {
	for _, p := range h.ports {
		for _, a := range p.config.Addrs {
			if a.Masked().Contains(dst) && a.Addr() != dst {
				return p
			}
		}
	}
	return nil
}

// echoKey identifies an echo request and its answer.
type echoKey struct{ id, seq uint16 }

// ICMP types (RFC 792, RFC 4443 §4).
const (
	echoRequest4, echoReply4 = 8, 0
	echoRequest6, echoReply6 = 128, 129
)

// Echo implements node.Platform by an ICMP packet on a virtual wire.
func (h *Host) Echo(ctx context.Context, e machine.Echo) (time.Duration, error) {
	key, answer := echoKey{e.ID, e.Seq}, make(chan error, 1)
	start := time.Now()
	if err := h.ask(e, key, answer); err != nil {
		return 0, err
	}
	defer func() {
		h.network.mu.Lock()
		delete(h.echoes, key)
		h.network.mu.Unlock()
	}()
	t := time.NewTimer(e.Timeout)
	defer t.Stop()
	select {
	case err := <-answer:
		return time.Since(start), err
	case <-t.C:
		return 0, machine.ErrEchoTimeout
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

func (h *Host) ask(e machine.Echo, key echoKey, answer chan error) error {
	h.network.mu.Lock()
	defer h.network.mu.Unlock()
	src := e.Src
	if !src.IsValid() {
		src = h.source(e.Dst)
	}
	switch p := h.towards(e.Dst); {
	case src.IsValid() && h.holder(src) == nil:
		return errors.New(src.String() + " is not an address of this node")
	case h.holder(e.Dst) != nil:
		answer <- nil
		return nil
	case !src.IsValid() || p == nil:
		return machine.ErrEchoUnreachable
	case e.Size > wireMTU: // the wires of a lab do not fragment
		return machine.ErrEchoTooBig
	}
	typ, proto, header := byte(echoRequest4), icmp4, 20
	if e.Dst.Is6() {
		typ, proto, header = echoRequest6, icmp6, 40
	}
	b := []byte{typ, 0, 0, 0}
	b = binary.BigEndian.AppendUint16(b, e.ID)
	b = binary.BigEndian.AppendUint16(b, e.Seq)
	for i := len(b); i < e.Size-header; i++ {
		b = append(b, byte(i))
	}
	h.echoes[key] = answer
	h.emit(src, e.Dst, proto, sealICMP(b, src, e.Dst)) // what cannot be sent is lost, as on any wire
	return nil
}

// takeICMP answers echo requests, and hands answers to the requests that wait for them. The caller holds the
// network's lock.
func (h *Host) takeICMP(d delivered, dst netip.Addr) {
	if len(d.packet) < 8 {
		return
	}
	switch d.packet[0] {
	case echoRequest4, echoRequest6:
		b := slices.Clone(d.packet)
		b[0] = echoReply4
		if d.protocol == icmp6 {
			b[0] = echoReply6
		}
		h.emit(dst, d.src, d.protocol, sealICMP(b, dst, d.src))
	case echoReply4, echoReply6:
		key := echoKey{binary.BigEndian.Uint16(d.packet[4:]), binary.BigEndian.Uint16(d.packet[6:])}
		if c := h.echoes[key]; c != nil {
			delete(h.echoes, key)
			c <- nil
		}
	}
}

// sealICMP writes the checksum. For IPv6 it covers the pseudo-header too (RFC 8200 §8.1).
func sealICMP(b []byte, src, dst netip.Addr) []byte {
	b[2], b[3] = 0, 0
	all := b
	if src.Is6() {
		s, d := src.As16(), dst.As16()
		all = binary.BigEndian.AppendUint32(slices.Concat(s[:], d[:]), uint32(len(b)))
		all = append(append(all, 0, 0, 0, byte(icmp6)), b...)
	}
	binary.BigEndian.PutUint16(b[2:], checksum(all))
	return b
}
