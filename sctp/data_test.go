package sctp

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// §6.2, §5.1: when SACKs are sent.
func TestAcknowledgements(t *testing.T) {
	alone(t, Params{Heartbeat: -1}, func(p *peer) {
		p.connect()
		p.put(p.tag, p.data(0, 0, 3, "first"))
		if s := sackOf(t, p.want("the first at once", peerTag, ctSack)[0]); s.cum != p.tsn-1 {
			t.Errorf("%+v", s)
		}
		p.put(p.tag, p.data(0, 1, 3, "a"))
		p.want("the next waits", 0)
		p.put(p.tag, p.data(0, 2, 3, "b"))
		p.want("every second packet", peerTag, ctSack)
		p.put(p.tag, p.data(0, 3, 3, "c"))
		time.Sleep(DefaultParams().SackDelay + time.Millisecond)
		p.want("or after the delay", peerTag, ctSack)
		p.put(p.tag, p.data(0, 4, 3|flagI, "d"))
		p.want("RFC 7053: the I bit", peerTag, ctSack)
		lost := p.data(0, 5, 3, "e")
		p.put(p.tag, p.data(0, 6, 3, "f"))
		s := sackOf(t, p.want("§6.7: a gap at once", peerTag, ctSack)[0])
		if len(s.gaps) != 1 || s.gaps[0] != (gap{2, 2}) {
			t.Errorf("%+v", s)
		}
		p.put(p.tag, lost)
		if s = sackOf(t, p.want("§6.7: the gap closed", peerTag, ctSack)[0]); s.cum != p.tsn-1 || len(s.gaps) > 0 {
			t.Errorf("%+v", s)
		}
		p.put(p.tag, lost)
		c := p.want("a duplicate at once", peerTag, ctSack)[0]
		if n := binary.BigEndian.Uint16(c.value[10:]); n != 1 || binary.BigEndian.Uint32(c.value[12:]) != p.tsn-2 {
			t.Errorf("%d duplicates told, % x", n, c.value)
		}
		p.put(p.tag, p.data(99, 0, 3, "no such stream")) // §6.5
		p.put(p.tag, p.data(0, 7, 3, "g"))
		var kinds []uint8
		cs, _ := p.got()
		for _, c := range cs {
			kinds = append(kinds, c.typ)
		}
		if !bytes.Equal(kinds, []uint8{ctError, ctSack}) {
			t.Error(kinds)
		}
		if m, _, _ := collectNow(p.a); len(m) != 8 {
			t.Error(len(m), "messages")
		}
	})
}

// §7.2.4: three reports, then once again at once, and never twice without T3.
func TestFastRetransmit(t *testing.T) {
	alone(t, Params{Heartbeat: -1, Single: true}, func(p *peer) {
		p.connect()
		for i := range 8 {
			p.a.Send([]Message{{Stream: 0, Data: []byte{byte(i)}}})
		}
		p.got()
		report := func(last uint16) []chunk {
			p.put(p.tag, appendSack(nil, &sackChunk{cum: p.cum, window: 10000, gaps: []gap{{2, last}}}))
			cs, _ := p.got()
			return cs
		}
		if len(report(2))+len(report(3)) > 0 {
			t.Error("two reports are not three")
		}
		if len(report(3)) > 0 {
			t.Error("HTNA: a report that brings nothing new does not count")
		}
		cs := report(4)
		if len(cs) != 1 || cs[0].typ != ctData || binary.BigEndian.Uint32(cs[0].value) != p.cum+1 {
			t.Errorf("%v", cs)
		}
		if n := len(report(5)) + len(report(6)) + len(report(7)) + len(report(8)); n > 0 {
			t.Error("sent again without T3", n)
		}
		if s := p.a.Status(); s.Stats.FastRetransmits != 1 || s.Stats.Timeouts != 0 {
			t.Errorf("%+v", s.Stats)
		}
		time.Sleep(3 * time.Second)
		if cs, _ := p.got(); len(cs) == 0 || binary.BigEndian.Uint32(cs[0].value) != p.cum+1 {
			t.Error("T3 did not send it again", cs)
		}
	})
}

// §6.2.1 D iii: a far end that throws away what it acknowledged gets it again.
func TestReneging(t *testing.T) {
	alone(t, Params{Heartbeat: -1, Single: true, AssocRetrans: 50}, func(p *peer) {
		p.connect()
		for i := range 4 {
			p.a.Send([]Message{{Stream: 0, Data: []byte{byte(i)}}})
		}
		p.got()
		p.put(p.tag, appendSack(nil, &sackChunk{cum: p.cum, window: 10000, gaps: []gap{{2, 4}}}))
		p.got()
		p.put(p.tag, appendSack(nil, &sackChunk{cum: p.cum + 1, window: 10000}))
		seen := map[uint32]bool{}
		cs, _ := p.got()
		for range 5 {
			for _, c := range cs {
				if c.typ == ctData {
					seen[binary.BigEndian.Uint32(c.value)-p.cum] = true
				}
			}
			time.Sleep(time.Second)
			cs, _ = p.got()
		}
		if !seen[2] || !seen[3] || !seen[4] {
			t.Error(seen)
		}
		p.put(p.tag, appendSack(nil, &sackChunk{cum: p.cum + 4, window: 10000}))
		if s := p.a.Status(); s.SendQueued != 0 || s.Paths[0].InFlight != 0 {
			t.Errorf("%+v", s)
		}
	})
}

// §6.1 A: a closed window is probed, ever more rarely, and the association stays alive.
func TestZeroWindowProbe(t *testing.T) {
	alone(t, Params{Heartbeat: -1}, func(p *peer) {
		p.connect()
		sack := func(cum, window uint32) {
			p.put(p.tag, appendSack(nil, &sackChunk{cum: cum, window: window}))
		}
		p.a.Send([]Message{{Data: []byte("a")}})
		p.got()
		sack(p.cum+1, 0)
		p.a.Send([]Message{{Data: []byte("b")}, {Data: []byte("c")}})
		p.want("nothing into a closed window", 0)
		n := 0
		for range 120 {
			time.Sleep(500 * time.Millisecond)
			cs, _ := p.got()
			for _, c := range cs {
				n++
				if c.typ != ctData || binary.BigEndian.Uint32(c.value) != p.cum+2 {
					t.Fatalf("%v", c)
				}
				sack(p.cum+1, 0)
			}
		}
		if s := p.a.Status(); n < 20 || n > 60 || s.State != "ESTABLISHED" || s.Paths[0].Errors > 0 {
			t.Errorf("%d probes in a minute, %+v", n, s)
		}
		sack(p.cum+2, 10000)
		p.want("the window is open", peerTag, ctData)
	})
}

// §9.2: who shuts down, who is told, and what is sent again.
func TestShutdownRules(t *testing.T) {
	alone(t, Params{Heartbeat: -1}, func(p *peer) { // we are told
		p.connect()
		p.a.Send([]Message{{Data: []byte("still to come")}})
		p.want("data", peerTag, ctData)
		p.put(p.tag, appendSimple(nil, ctShutdown, 0, binary.BigEndian.AppendUint32(nil, p.cum)))
		p.want("data is outstanding", 0)
		if n, err := p.a.Send([]Message{{Data: []byte("x")}}); n > 0 || err == nil {
			t.Error("sent while the far end shuts down")
		}
		_, ev, _ := collectNow(p.a)
		if len(ev) != 1 || ev[0].Kind != PeerShutdown {
			t.Errorf("%+v", ev)
		}
		p.put(p.tag, appendSimple(nil, ctShutdown, 0, binary.BigEndian.AppendUint32(nil, p.cum+1)))
		p.want("all is acknowledged", peerTag, ctShutdownAck)
		time.Sleep(time.Second)
		if cs, _ := p.got(); len(cs) == 0 || cs[0].typ != ctShutdownAck {
			t.Error("T2 did not send it again", cs)
		}
		p.put(0, appendInit(nil, ctInit, p.init()))
		p.want("INIT now: SHUTDOWN ACK again", peerTag, ctShutdownAck)
		p.put(p.tag, appendSimple(nil, ctShutdownComplete, 0, nil))
		_, ev, _ = collectNow(p.a)
		if len(ev) != 1 || ev[0].Kind != Closed {
			t.Errorf("%+v", ev)
		}
	})
	alone(t, Params{Heartbeat: -1}, func(p *peer) { // we begin
		p.connect()
		p.a.Send([]Message{{Data: []byte("last")}})
		p.a.Close()
		cs := p.want("data first", peerTag, ctData)
		_ = cs
		p.put(p.tag, appendSack(nil, &sackChunk{cum: p.cum + 1, window: 10000}))
		p.want("then SHUTDOWN", peerTag, ctShutdown)
		p.put(p.tag, p.data(0, 0, 3, "late"))
		if c := p.want("DATA: SHUTDOWN at once", peerTag, ctShutdown)[0]; binary.BigEndian.Uint32(c.value) != p.tsn-1 {
			t.Error(c)
		}
		p.put(p.tag, appendSimple(nil, ctShutdown, 0, binary.BigEndian.AppendUint32(nil, p.cum+1)))
		p.want("both at once", peerTag, ctShutdownAck)
		p.put(p.tag, appendSimple(nil, ctShutdownAck, 0, nil))
		if c := p.want("done", peerTag, ctShutdownComplete)[0]; c.flags&flagT != 0 {
			t.Error("T bit though the association was there")
		}
	})
	alone(t, Params{Heartbeat: -1}, func(p *peer) { // nobody answers
		p.connect()
		p.a.Close()
		_, ev, _ := collect(p.a, 1)
		if len(ev) != 1 || ev[0].Kind != Lost || !strings.Contains(ev[0].Why, "does not answer the shutdown") {
			t.Errorf("%+v", ev)
		}
	})
}

// RFC 7053 §4: the last chunk before a shutdown asks for its SACK at once.
func TestImmediateSackIsAsked(t *testing.T) {
	alone(t, Params{Heartbeat: -1}, func(p *peer) {
		p.connect()
		for range 20 {
			p.a.Send([]Message{{Data: make([]byte, 1000)}})
		}
		cs, _ := p.got()
		if len(cs) == 0 || cs[len(cs)-1].flags&flagI == 0 || cs[0].flags&flagI != 0 {
			t.Errorf("the last before the window closed of %d has not the I bit, or all have", len(cs))
		}
	})
}

// A far end within its window, or not, cannot take more memory than it was given.
func TestHostileFloods(t *testing.T) {
	const buffer = 100_000
	for name, chunk := range map[string]func(p *peer, i int) []byte{
		"messages of one octet": func(p *peer, i int) []byte { return p.data(0, uint16(i), 3, "x") },
		"gaps": func(p *peer, i int) []byte {
			p.tsn++
			return p.data(0, uint16(i), 3, "xxxx")
		},
		"a message without end": func(p *peer, i int) []byte {
			f := uint8(0)
			if i == 0 {
				f = flagB
			}
			return p.data(0, 0, f, strings.Repeat("x", 1000))
		},
		"fragments that begin and never end": func(p *peer, i int) []byte {
			p.tsn++
			return p.data(0, uint16(i), flagB, "x")
		},
		"SSNs far ahead": func(p *peer, i int) []byte { return p.data(1, uint16(2*i+1), 3, "xx") },
		"duplicates": func(p *peer, i int) []byte {
			p.tsn = 1000
			return p.data(0, 0, 3, "x")
		},
	} {
		t.Run(name, func(t *testing.T) {
			alone(t, Params{RecvBuffer: buffer, Heartbeat: -1}, func(p *peer) {
				p.connect()
				for i := 0; i < 20_000; {
					var b []byte
					for ; len(b) < 1000; i++ {
						b = append(b, chunk(p, i)...)
					}
					p.put(p.tag, b)
					p.got()
					p.a.mu.Lock()
					held := cap(p.a.in.arena) + 56*cap(p.a.in.queue) + p.a.charge
					if max := 12*buffer + 4*maxMessage; held > max || len(p.a.runs) > maxRuns {
						t.Fatalf("%d octets held, %d runs", held, len(p.a.runs))
					}
					p.a.mu.Unlock()
				}
			})
		})
	}
}

// Chunks in any order, and twice, come out whole and in the order of their streams.
func TestAnyOrder(t *testing.T) {
	for seed := range int64(20) {
		alone(t, Params{Heartbeat: -1}, func(p *peer) {
			p.connect()
			r := rand.New(rand.NewSource(seed))
			var chunks [][]byte
			var want []string
			for i := range 200 {
				stream := uint16(i % 3)
				n := 1 + r.Intn(4)
				text := ""
				for k := range n {
					f, s := uint8(0), fmt.Sprintf("%d.%d;", i, k)
					if k == 0 {
						f |= flagB
					}
					if k == n-1 {
						f |= flagE
					}
					text += s
					chunks = append(chunks, p.data(stream, uint16(i/3), f, s))
				}
				want = append(want, text)
			}
			first := chunks[0]
			rest := append(chunks[1:], chunks[1:50]...)
			r.Shuffle(len(rest), func(i, j int) { rest[i], rest[j] = rest[j], rest[i] })
			for _, c := range append(rest, first) {
				p.put(p.tag, c)
				p.got()
			}
			m, _, _ := collectNow(p.a)
			next := []int{0, 1, 2}
			for _, x := range m {
				if string(x.Data) != want[next[x.Stream]] {
					t.Fatalf("seed %d: stream %d: %q, want %q", seed, x.Stream, x.Data, want[next[x.Stream]])
				}
				next[x.Stream] += 3
			}
			if len(m) != len(want) {
				t.Fatalf("seed %d: %d of %d", seed, len(m), len(want))
			}
			if p.a.charge != 0 || len(p.a.parts)+len(p.a.waiting)+len(p.a.runs) > 0 {
				t.Errorf("seed %d: %d octets still held", seed, p.a.charge)
			}
		})
	}
}

// Of 30,000 chunks under way many are lost, in the worst order. This costs time in proportion: what the
// processing of SACKs looks at is counted.
func TestManyOutstanding(t *testing.T) {
	l := newLoop(false)
	defer l.a.Abort("end")
	defer l.b.Abort("end")
	l.a.mu.Lock()
	l.a.paths[0].cwnd = 1 << 26
	l.a.peerWindow = 1 << 26
	l.a.params.SendBuffer = 1 << 26
	l.a.mu.Unlock()
	msgs := batchOf(100, 20)
	for l.a.sent < maxSpan-200 {
		l.a.Send(msgs)
	}
	l.qb = l.qb[:0]
	first := l.a.first
	gaps := []gap{}
	for i := range 600 { // every 50th is missing
		gaps = append(gaps, gap{uint16(i*50 + 2), uint16(i*50 + 50)})
		l.a.mu.Lock()
		l.a.acknowledge(first-1, gaps[max(0, i-300):], 1<<26)
		l.a.mu.Unlock()
	}
	l.a.mu.Lock()
	if len(l.a.acks) != 600 || l.a.stats.FastRetransmits != 598 {
		t.Error(len(l.a.acks), l.a.stats.FastRetransmits)
	}
	l.a.mu.Unlock()
}

// The stack can take random packets for long, and still works afterwards.
func TestRandomPackets(t *testing.T) {
	for seed := range int64(8) {
		synctest.Test(t, func(t *testing.T) {
			x := newPair(t, Params{})
			defer x.close()
			a, b := x.connect()
			w, _ := x.net.Open(netipPort(Addr{IPs: ips("10.0.0.77")}))
			defer w.Close()
			storm(rand.New(rand.NewSource(seed)), x, a.(*assoc))
			b.Send(numbered(1, 1, 1)) // it may be over: some of the packets are forbidden
			time.Sleep(20 * time.Second)
			if s := a.Status().State; s != "ESTABLISHED" && s != "CLOSED" {
				t.Error(s)
			}
		})
	}
}

// storm puts random chunks with the right tag into a.
func storm(r *rand.Rand, x *pair, a *assoc) {
	types := []uint8{0, 0, 0, 1, 2, 3, 3, 3, 4, 5, 9, 10, 11, 14, 0x3f, 0x7f, 0xbf, 0xff}
	for range 2000 {
		a.mu.Lock()
		tag, cum, first := a.localTag, a.cum, a.first
		a.mu.Unlock()
		b := appendHeader(nil, header{1024, 1024, tag})
		for range 1 + r.Intn(4) {
			typ := types[r.Intn(len(types))]
			v := make([]byte, r.Intn(40))
			r.Read(v)
			if len(v) >= 12 && typ == ctData {
				binary.BigEndian.PutUint32(v, cum+uint32(r.Intn(8)))
				v[4], v[6] = 0, 0
			}
			if len(v) >= 12 && typ == ctSack {
				binary.BigEndian.PutUint32(v, first-1+uint32(r.Intn(2)))
			}
			b = appendSimple(b, typ, uint8(r.Intn(16)), v)
		}
		seal(b)
		x.net.Put(netipPort(addrB), netipPort(addrA), b)
		if r.Intn(10) == 0 {
			a.Send([]Message{{Stream: uint16(r.Intn(17)), Data: make([]byte, 1+r.Intn(3000))}})
		}
		synctest.Wait()
	}
}

// appendSack writes a SACK chunk; an association writes its own from what it holds (assoc.appendSack).
func appendSack(dst []byte, s *sackChunk) []byte {
	dst, at := openChunk(dst, ctSack, 0)
	dst = binary.BigEndian.AppendUint32(dst, s.cum)
	dst = binary.BigEndian.AppendUint32(dst, s.window)
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(s.gaps)))
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(s.duplicates)))
	for _, g := range s.gaps {
		dst = binary.BigEndian.AppendUint16(dst, g.first)
		dst = binary.BigEndian.AppendUint16(dst, g.last)
	}
	for _, d := range s.duplicates {
		dst = binary.BigEndian.AppendUint32(dst, d)
	}
	return closeChunk(dst, at)
}
