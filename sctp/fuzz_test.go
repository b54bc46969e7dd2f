package sctp

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"github.com/gostp/gostp/sctp/sctptest"
)

// FuzzPacket puts arbitrary chunks into a living association: whatever comes, it
// neither panics nor hangs, and the far end can still dial anew.
func FuzzPacket(f *testing.F) {
	f.Add(appendData(nil, &dataChunk{flags: 3, tsn: 5, data: []byte("abc")}))
	f.Add(appendInit(nil, ctInit, initChunk{tag: 1, window: 9999, tsn: 7, out: 2, in: 2}))
	f.Add(appendSack(nil, &sackChunk{cum: 3, window: 1000, gaps: []gap{{2, 3}}, duplicates: []uint32{9}}))
	f.Add(appendSimple(appendSimple(nil, ctShutdown, 0, []byte{0, 0, 0, 1}), ctShutdownAck, 0, nil))
	f.Add(appendSimple(nil, ctHeartbeat, 0, appendParam(nil, 1, []byte("12345678"))))
	f.Fuzz(func(t *testing.T, chunks []byte) {
		m := sctptest.NewMemory(1)
		e, err := NewUser(m).Open(addrA, Params{})
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		ep := e.(*endpoint)
		a := ep.fake(addrB.IPs[0])
		a.Send([]Message{{Data: []byte("one")}, {Stream: 1, Data: bytes.Repeat([]byte("two"), 1000)}})
		d := &demux{w: ep.wires[0]}
		for _, tag := range []uint32{11, 0, 22} {
			p := append(appendHeader(nil, header{1024, 1024, tag}), chunks...)
			seal(p)
			d.packet(p, netip.AddrPortFrom(addrB.IPs[0], 0))
			d.flush()
		}
		a.Abort("done")
	})
}

// FuzzStack puts a stream of packets into a living association, as its far end
// could: the TSN and the acknowledgement of each are near the truth. Memory stays
// within bounds and what is counted stays consistent.
func FuzzStack(f *testing.F) {
	f.Add([]byte{0, 3, 1, 20, 3, 0, 0, 4, 0, 2, 3, 60, 0, 1, 2, 8})
	f.Add([]byte{0, 3, 9, 4, 0, 3, 8, 4, 0, 3, 7, 4, 3, 0, 2, 1, 7, 0, 0, 0})
	f.Add([]byte{0, 2, 1, 9, 0, 1, 2, 9, 0, 0, 1, 9, 5, 0, 0, 0})
	f.Fuzz(func(t *testing.T, script []byte) {
		const buffer = 20000
		e, err := NewUser(sctptest.NewMemory(1)).Open(addrA, Params{RecvBuffer: buffer, SendBuffer: buffer})
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		ep := e.(*endpoint)
		a := ep.fake(addrB.IPs[0])
		d := &demux{w: ep.wires[0]}
		batch := NewBatch(8)
		for ; len(script) >= 4 && a.Status().State != "CLOSED"; script = script[4:] {
			op, flags, near, size := script[0], script[1], script[2], int(script[3])
			a.mu.Lock()
			cum, first := a.cum, a.first
			ready := a.unread > 0
			a.mu.Unlock()
			b := appendHeader(nil, header{1024, 1024, 11})
			switch op % 8 {
			case 0, 1:
				b = appendData(b, &dataChunk{flags: flags & 15, tsn: cum + uint32(near%16), stream: uint16(flags >> 6),
					ssn: uint16(near), data: make([]byte, size)})
			case 2, 3:
				b = appendSack(b, &sackChunk{cum: first - 1 + uint32(near%4), window: uint32(size) << 8,
					gaps: []gap{{1 + uint16(flags%8), 1 + uint16(flags%8) + uint16(near%8)}}})
			case 4:
				a.Send([]Message{{Stream: uint16(near % 17), Unordered: flags&1 != 0, Data: make([]byte, 1+10*size)}})
				continue
			case 5:
				if ready {
					a.Read(batch)
				}
				continue
			case 6:
				a.mu.Lock()
				a.base = a.base.Add(-time.Duration(size) * 20 * time.Millisecond)
				a.mu.Unlock()
				a.tick()
				continue
			default:
				b = appendSimple(b, flags, near, binary.BigEndian.AppendUint32(nil, cum+uint32(size)))
			}
			seal(b)
			d.packet(b, netip.AddrPortFrom(addrB.IPs[0], 0))
			d.flush()
			a.check(t, buffer)
		}
		a.Abort("done")
	})
}

// check holds the counts of an association against what they count.
func (a *assoc) check(t *testing.T, buffer int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.state == closed {
		return
	}
	flight, outstanding, resends, octets := 0, 0, 0, 0
	for i := range a.n {
		c := a.at(i)
		octets += c.n
		switch c.fate {
		case flying:
			flight += c.size()
			outstanding += c.n
		case again:
			resends++
		}
	}
	if p := a.paths[0]; p.flight != flight || a.outstanding != outstanding || a.resends != resends || a.octets != octets {
		t.Fatalf("flight %d is %d, outstanding %d is %d, resends %d is %d, octets %d is %d", p.flight, flight,
			a.outstanding, outstanding, a.resends, resends, a.octets, octets)
	}
	if p := a.paths[0]; flight > 0 && p.t3 == 0 {
		t.Fatal("data is under way and T3 does not run")
	}
	held := a.unread
	for _, p := range a.parts {
		held += len(p.data)
	}
	for _, p := range a.waiting {
		for ; p != nil; p = p.next {
			held += len(p.data)
		}
	}
	if a.charge < held || a.charge > 3*buffer+2*maxMessage+overhead*maxEvents {
		t.Fatalf("%d octets held, %d charged", held, a.charge)
	}
}

// FuzzParsers: no parser fails on anything, and what is written is read back.
func FuzzParsers(f *testing.F) {
	f.Add(appendInit(nil, ctInit, initChunk{tag: 1, window: 9999, tsn: 7, out: 2, in: 2,
		addrs: ips("10.0.0.1", "2001:db8::1"), preserve: 5, cookie: []byte("abc")})[4:])
	f.Add(appendSack(nil, &sackChunk{cum: 3, window: 1000, gaps: []gap{{2, 3}}, duplicates: []uint32{9}})[4:])
	f.Add(appendParam(nil, causeNewAddresses, appendAddr(nil, addrA.IPs[0])))
	var s secret
	f.Fuzz(func(t *testing.T, b []byte) {
		if in, err := parseInit(b); err == nil && in.cause == nil {
			again, err := parseInit(appendInit(nil, ctInit, in)[4:])
			if err != nil || again.tag != in.tag || len(again.addrs) != len(in.addrs) ||
				!bytes.Equal(again.cookie, in.cookie) || again.preserve != in.preserve {
				t.Fatalf("%+v read back as %+v, %v", in, again, err)
			}
		}
		var sack sackChunk
		if err := parseSack(b, &sack); err == nil {
			for _, g := range sack.gaps {
				if g.first == 0 || g.last < g.first {
					t.Fatal(g)
				}
			}
		}
		if causeText(b) == "" {
			t.Fatal("an ABORT without words")
		}
		if _, err := s.open(b, time.Unix(0, 0), header{}); err == nil {
			t.Fatal("a cookie that was not made here was taken")
		}
	})
}
