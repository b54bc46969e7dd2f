package main

import (
	"encoding/binary"
	"hash/crc32"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"
)

// message is user data that came.
type message struct {
	stream uint16
	data   []byte
}

// assoc is an association of the attacker, in UDP (RFC 6951). It has no more of SCTP than a far end on loopback
// needs: no retransmission, no congestion control. It says of itself what it is told to: its INIT lists any
// addresses, and its window has any size.
type assoc struct {
	sock         *net.UDPConn
	to           netip.AddrPort
	port, theirs uint16
	listed       []netip.Addr
	in           chan message
	aborted      chan struct{}

	mu         sync.Mutex
	window     uint32
	tag, their uint32
	tsn        uint32
	ssn        map[uint16]uint16
	cum        uint32
	early      map[uint32][]byte // DATA chunks that came before their turn
	begun      map[uint16][]byte // messages whose end has not come
	up, over   bool
}

const udpPort = 9899

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// dial sets up an association from an address and port to a port of another address, with an INIT that lists
// addresses. It gives nil if there is none within two seconds.
func (t *trial) dial(from netip.Addr, port uint16, to netip.Addr, theirs uint16, listed ...netip.Addr) *assoc {
	sock, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(from, 0)))
	t.need(err == nil, "no UDP socket: %v", err)
	a := &assoc{sock: sock, to: netip.AddrPortFrom(to, udpPort), port: port, theirs: theirs, listed: listed,
		in: make(chan message, 1<<14), aborted: make(chan struct{}), window: 1 << 20,
		tag: rand.Uint32() | 1, tsn: rand.Uint32() >> 1,
		ssn: map[uint16]uint16{}, early: map[uint32][]byte{}, begun: map[uint16][]byte{}}
	go a.read()
	t.later(a.vanish)
	for range 4 {
		a.init()
		if wait(500*time.Millisecond, a.isUp) {
			return a
		}
	}
	return nil
}

func (a *assoc) isUp() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.up
}

// isOver tells whether the far end has aborted the association.
func (a *assoc) isOver() bool {
	select {
	case <-a.aborted:
		return true
	default:
		return false
	}
}

// init sends INIT (RFC 9260 §3.3.2).
func (a *assoc) init() {
	a.mu.Lock()
	defer a.mu.Unlock()
	v := binary.BigEndian.AppendUint32(nil, a.tag)
	v = binary.BigEndian.AppendUint32(v, max(a.window, 1500))
	v = append(v, 0, 4, 0, 4)
	v = binary.BigEndian.AppendUint32(v, a.tsn)
	for _, ip := range a.listed {
		v = append(append(v, 0, 5, 0, 8), ip.AsSlice()...)
	}
	a.packet(0, chunk(1, 0, v))
}

func chunk(typ, flags byte, v []byte) []byte {
	b := append([]byte{typ, flags}, byte((len(v)+4)>>8), byte(len(v)+4))
	b = append(b, v...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

// packet sends chunks. The caller holds mu.
func (a *assoc) packet(tag uint32, chunks []byte) {
	b := binary.BigEndian.AppendUint16(nil, a.port)
	b = binary.BigEndian.AppendUint16(b, a.theirs)
	b = binary.BigEndian.AppendUint32(b, tag)
	b = append(append(b, 0, 0, 0, 0), chunks...)
	binary.LittleEndian.PutUint32(b[8:], crc32.Checksum(b, castagnoli))
	_, _ = a.sock.WriteToUDPAddrPort(b, a.to) // what is lost stays lost
}

// send sends a message on a stream.
func (a *assoc) send(stream uint16, ppid uint32, data []byte) { a.piece(stream, ppid, 3, data) }

// piece sends a DATA chunk. Flag 2 begins a message, flag 1 ends it.
func (a *assoc) piece(stream uint16, ppid uint32, flags byte, data []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	v := binary.BigEndian.AppendUint32(nil, a.tsn)
	v = binary.BigEndian.AppendUint16(v, stream)
	v = binary.BigEndian.AppendUint16(v, a.ssn[stream])
	v = append(binary.BigEndian.AppendUint32(v, ppid), data...)
	a.tsn++
	if flags&1 != 0 {
		a.ssn[stream]++
	}
	a.packet(a.their, chunk(0, flags, v))
}

// shut tells the far end that there is no room, and goes on telling it.
func (a *assoc) shut() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.window = 0
	a.sack()
}

func (a *assoc) sack() {
	v := binary.BigEndian.AppendUint32(nil, a.cum)
	v = binary.BigEndian.AppendUint32(v, a.window)
	a.packet(a.their, chunk(3, 0, append(v, 0, 0, 0, 0)))
}

// abort ends the association with an ABORT, vanish without a word.
func (a *assoc) abort() {
	a.mu.Lock()
	a.packet(a.their, chunk(6, 0, nil))
	a.mu.Unlock()
	a.vanish()
}

func (a *assoc) vanish() { a.sock.Close() }

func (a *assoc) read() {
	b := make([]byte, 1<<16)
	for {
		n, err := a.sock.Read(b)
		if err != nil {
			return
		}
		if n < 16 {
			continue
		}
		from, to, tag := binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:]), binary.BigEndian.Uint32(b[4:])
		if from == a.theirs && to == a.port && tag == a.tag {
			a.take(b[12:n])
		}
	}
}

func (a *assoc) take(b []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	data := false
	for len(b) >= 4 {
		n := int(binary.BigEndian.Uint16(b[2:]))
		if n < 4 || n > len(b) {
			return
		}
		data = a.one(b[0], b[1], b[4:n]) || data
		b = b[min((n+3)&^3, len(b)):]
	}
	if data {
		a.sack()
	}
}

// one handles a chunk, and tells whether that was DATA. The caller holds mu.
func (a *assoc) one(typ, flags byte, v []byte) (data bool) {
	switch {
	case typ == 2 && len(v) >= 16 && !a.up: // INIT ACK
		a.their, a.cum = binary.BigEndian.Uint32(v), binary.BigEndian.Uint32(v[12:])-1
		for p := v[16:]; len(p) >= 4; {
			n := int(binary.BigEndian.Uint16(p[2:]))
			if n < 4 || n > len(p) {
				return false
			}
			if p[0] == 0 && p[1] == 7 {
				a.packet(a.their, chunk(10, 0, p[4:n]))
			}
			p = p[min((n+3)&^3, len(p)):]
		}
	case typ == 11: // COOKIE ACK
		a.up = true
	case typ == 4: // HEARTBEAT
		a.packet(a.their, chunk(5, 0, v))
	case typ == 7: // SHUTDOWN
		a.packet(a.their, chunk(8, 0, nil))
		a.finish()
	case typ == 6 && a.up: // before that, the port may not be bound yet
		a.finish()
	case typ == 0 && len(v) >= 12:
		if a.window > 0 {
			a.data(flags, v)
		}
		return true
	}
	return false
}

func (a *assoc) finish() {
	if !a.over {
		a.over = true
		close(a.aborted)
	}
}

// data handles a DATA chunk when it is its turn.
func (a *assoc) data(flags byte, v []byte) {
	tsn := binary.BigEndian.Uint32(v)
	if int32(tsn-a.cum) <= 0 {
		return
	}
	a.early[tsn] = append([]byte{flags}, v...)
	for {
		d := a.early[a.cum+1]
		if d == nil {
			return
		}
		a.cum++
		delete(a.early, a.cum)
		stream := binary.BigEndian.Uint16(d[5:])
		a.begun[stream] = append(a.begun[stream], d[13:]...)
		if d[0]&1 == 0 {
			continue
		}
		select {
		case a.in <- message{stream, a.begun[stream]}:
		default: // nobody reads what is sent to an attacker
		}
		delete(a.begun, stream)
	}
}
