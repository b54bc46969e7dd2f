// Package sctptest is for tests of what runs over SCTP. It has a network within the process, with faults on
// demand, to be given to sctp.NewUser.
package sctptest

import (
	"fmt"
	"math/rand"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/gostp/gostp/internal/lock"
	"github.com/gostp/gostp/sctp/wire"
)

// Memory is a network inside the process, with faults on demand.
type Memory struct {
	mu     lock.Mutex[lock.TestNetwork]
	rand   *rand.Rand
	wires  map[netip.AddrPort]*memoryWire
	faults Faults
	cut    map[[2]netip.Addr]bool
	tap    func(src, dst netip.AddrPort, packet []byte)
}

// Faults says what a Memory does to packets. Shares are from 0 to 1.
type Faults struct {
	Loss, Duplicate, Reorder float64
	Delay                    time.Duration
	Cut                      bool // nothing arrives at all
}

// memoryQueue is how many packets a wire holds for its reader. More are lost.
const memoryQueue = 4096

// NewMemory makes a network. The seed determines its faults.
func NewMemory(seed int64) *Memory {
	return &Memory{rand: rand.New(rand.NewSource(seed)), wires: map[netip.AddrPort]*memoryWire{},
		cut: map[[2]netip.Addr]bool{}}
}

// SetFaults changes what happens to packets from now on.
func (m *Memory) SetFaults(f Faults) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.faults = f
}

// Cut cuts the way between two addresses in both directions, or mends it. If b is invalid, it concerns all that
// goes to or comes from a.
func (m *Memory) Cut(a, b netip.Addr, cut bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, way := range [][2]netip.Addr{{a, b}, {b, a}} {
		if cut {
			m.cut[way] = true
		} else {
			delete(m.cut, way)
		}
	}
}

// Tap calls f with every packet that is sent, before any fault.
func (m *Memory) Tap(f func(src, dst netip.AddrPort, packet []byte)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tap = f
}

// Put makes a packet arrive at dst, which must be open, as if it came from src. No fault happens to it.
func (m *Memory) Put(src, dst netip.AddrPort, packet []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.wires[dst].put(packet, src)
}

// Take reads what has arrived at a wire of a Memory. It is like Read, but does not wait.
func Take(w wire.Wire, ps []wire.Packet) (n int) {
	n, _ = w.(*memoryWire).take(ps)
	return n
}

type memoryPacket struct {
	b   []byte
	src netip.AddrPort
	due time.Time // when it arrives, if it is delayed
}

// memoryWire keeps packets that have arrived in queue until Read takes them. Packets that are delayed are in late,
// in the order in which they are due; the reader waits for the first of them, so that a packet needs no goroutine.
// The memory of packets that were read is in spare.
type memoryWire struct {
	m      *Memory
	at     netip.AddrPort
	ready  chan struct{} // one slot
	closed chan struct{}
	once   sync.Once

	mu                lock.Mutex[lock.TestWire]
	queue, late, read []memoryPacket
	spare             [][]byte
	timer             *time.Timer // the reader's, for the first of late
}

// Open implements wire.Network.
func (m *Memory) Open(local netip.AddrPort) (wire.Wire, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.wires[local] != nil {
		return nil, fmt.Errorf("%v is open already", local)
	}
	w := &memoryWire{m: m, at: local, ready: make(chan struct{}, 1), closed: make(chan struct{})}
	m.wires[local] = w
	return w, nil
}

// Source implements wire.Network. It gives no address, because any local address can reach every other.
func (m *Memory) Source(netip.Addr) netip.Addr { return netip.Addr{} }

func (w *memoryWire) Write(ps []wire.Packet) (int, error) {
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
	if f.Cut || to == nil || f.Loss > 0 && m.rand.Float64() < f.Loss ||
		len(m.cut) > 0 && m.isCut(w.at.Addr(), dst.Addr()) {
		return
	}
	copies := 1
	if f.Duplicate > 0 && m.rand.Float64() < f.Duplicate {
		copies = 2
	}
	for range copies {
		delay := f.Delay
		if f.Reorder > 0 && m.rand.Float64() < f.Reorder {
			delay += time.Duration(1+m.rand.Intn(20)) * time.Millisecond
		}
		if delay == 0 {
			to.put(b, w.at)
		} else {
			to.putLate(b, w.at, time.Now().Add(delay))
		}
	}
}

func (m *Memory) isCut(a, b netip.Addr) bool {
	return m.cut[[2]netip.Addr{a, b}] || m.cut[[2]netip.Addr{a, {}}] || m.cut[[2]netip.Addr{b, {}}]
}

// put copies a packet into the queue. It drops the packet if there is no room, as a network does.
func (w *memoryWire) put(b []byte, src netip.AddrPort) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.queue) == memoryQueue {
		return
	}
	w.queue = append(w.queue, memoryPacket{b: w.copied(b), src: src})
	w.wake()
}

// putLate copies a packet that arrives when it is due. Those that are due at once keep their order.
func (w *memoryWire) putLate(b []byte, src netip.AddrPort, due time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	i := len(w.late)
	for i > 0 && w.late[i-1].due.After(due) {
		i--
	}
	w.late = slices.Insert(w.late, i, memoryPacket{w.copied(b), src, due})
	if i == 0 { // otherwise the reader waits for an earlier one
		w.wake()
	}
}

// copied is a copy of a packet, in memory of one that was read if there is such memory. The caller holds mu.
func (w *memoryWire) copied(b []byte) []byte {
	var own []byte
	if n := len(w.spare); n > 0 {
		own, w.spare = w.spare[n-1], w.spare[:n-1]
	}
	return append(own[:0], b...)
}

// wake has the reader look again.
func (w *memoryWire) wake() {
	select {
	case w.ready <- struct{}{}:
	default:
	}
}

func (w *memoryWire) Read(ps []wire.Packet) (int, error) {
	for {
		n, next := w.take(ps)
		if n > 0 {
			return n, nil
		}
		select {
		case <-w.ready:
		case <-w.arrival(next):
		case <-w.closed:
			return 0, net.ErrClosed
		}
	}
}

// arrival fires when a packet is due; zero: never.
func (w *memoryWire) arrival(due time.Time) <-chan time.Time {
	switch {
	case due.IsZero():
		return nil
	case w.timer == nil:
		w.timer = time.NewTimer(time.Until(due))
	default:
		w.timer.Reset(time.Until(due))
	}
	return w.timer.C
}

// take gives the packets that have arrived, and when the next one does; zero: none is on its way.
func (w *memoryWire) take(ps []wire.Packet) (n int, next time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range w.read {
		w.spare = append(w.spare, p.b)
	}
	w.arrive()
	n = min(len(ps), len(w.queue))
	w.read = append(w.read[:0], w.queue[:n]...)
	w.queue = append(w.queue[:0], w.queue[n:]...)
	for i, p := range w.read {
		ps[i] = wire.Packet{Addr: p.src, Data: p.b}
	}
	if len(w.late) > 0 {
		next = w.late[0].due
	}
	return n, next
}

// arrive moves the packets that are due into the queue; what has no room there is lost. The caller holds mu.
func (w *memoryWire) arrive() {
	if len(w.late) == 0 {
		return
	}
	now, n := time.Now(), 0
	for ; n < len(w.late) && !w.late[n].due.After(now); n++ {
		if len(w.queue) < memoryQueue {
			w.queue = append(w.queue, w.late[n])
		}
	}
	w.late = slices.Delete(w.late, 0, n)
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
