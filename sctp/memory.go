package sctp

import (
	"fmt"
	"math/rand"
	"net"
	"net/netip"
	"sync"
	"time"
)

// Memory is a Network inside the process with faults on demand, for tests.
type Memory struct {
	mu     sync.Mutex
	rand   *rand.Rand
	wires  map[netip.AddrPort]*memoryWire
	faults Faults
	tap    func(src, dst netip.AddrPort, packet []byte)
}

// Faults are what a Memory does to packets. Shares are from 0 to 1.
type Faults struct {
	Loss, Duplicate, Reorder float64
	Delay                    time.Duration
	Cut                      bool // nothing arrives at all
}

// NewMemory makes a network whose faults follow from seed.
func NewMemory(seed int64) *Memory {
	return &Memory{rand: rand.New(rand.NewSource(seed)), wires: map[netip.AddrPort]*memoryWire{}}
}

// SetFaults changes what happens to packets from now on.
func (m *Memory) SetFaults(f Faults) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.faults = f
}

// Tap calls f with every packet that is sent, before any fault.
func (m *Memory) Tap(f func(src, dst netip.AddrPort, packet []byte)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tap = f
}

type memoryPacket struct {
	b   []byte
	src netip.AddrPort
}

type memoryWire struct {
	m      *Memory
	at     netip.AddrPort
	queue  chan memoryPacket
	closed chan struct{}
	once   sync.Once
}

// Open implements Network.
func (m *Memory) Open(local netip.AddrPort) (Wire, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.wires[local] != nil {
		return nil, fmt.Errorf("%v is open already", local)
	}
	w := &memoryWire{m: m, at: local, queue: make(chan memoryPacket, 4096), closed: make(chan struct{})}
	m.wires[local] = w
	return w, nil
}

// Source: every address can reach every other from where it is.
func (m *Memory) Source(netip.Addr) netip.Addr { return netip.Addr{} }

func (w *memoryWire) Write(ps []Packet) (int, error) {
	w.m.mu.Lock()
	defer w.m.mu.Unlock()
	for _, p := range ps {
		w.send(p.Addr, p.Data)
	}
	return len(ps), nil
}

// send carries out the faults. The caller holds the network's lock.
func (w *memoryWire) send(dst netip.AddrPort, b []byte) {
	m := w.m
	if m.tap != nil {
		m.tap(w.at, dst, b)
	}
	f, to := m.faults, m.wires[dst]
	if f.Cut || to == nil || m.rand.Float64() < f.Loss {
		return
	}
	copies := 1
	if m.rand.Float64() < f.Duplicate {
		copies = 2
	}
	for range copies {
		p := memoryPacket{append([]byte(nil), b...), w.at}
		delay := f.Delay
		if m.rand.Float64() < f.Reorder {
			delay += time.Duration(1+m.rand.Intn(20)) * time.Millisecond
		}
		if delay == 0 {
			to.put(p)
		} else {
			time.AfterFunc(delay, func() { to.put(p) })
		}
	}
}

// put drops what does not fit, as a network does.
func (w *memoryWire) put(p memoryPacket) {
	select {
	case w.queue <- p:
	default:
	}
}

func (w *memoryWire) Read(ps []Packet) (int, error) {
	select {
	case p := <-w.queue:
		ps[0] = Packet{Addr: p.src, Data: p.b}
	case <-w.closed:
		return 0, net.ErrClosed
	}
	for n := 1; n < len(ps); n++ {
		select {
		case p := <-w.queue:
			ps[n] = Packet{Addr: p.src, Data: p.b}
		default:
			return n, nil
		}
	}
	return len(ps), nil
}

func (*memoryWire) MTU() int { return 1480 }

func (w *memoryWire) Close() error {
	w.once.Do(func() {
		close(w.closed)
		w.m.mu.Lock()
		delete(w.m.wires, w.at)
		w.m.mu.Unlock()
	})
	return nil
}
