package sctp

import (
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gostp/gostp/sctp/sctptest"
	"github.com/gostp/gostp/sctp/wire"
)

// 100,000 messages over a bad network: all come, each stream in order.
func TestBadNetwork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newPair(t, Params{AssocRetrans: 20})
		defer x.close()
		a, b := x.connect()
		x.net.SetFaults(sctptest.Faults{Loss: 0.02, Duplicate: 0.02, Reorder: 0.05, Delay: 50 * time.Millisecond})
		msgs := numbered(100_000, 8, 200)
		go sendAll(t, a, msgs)
		got, ev, err := collect(b, len(msgs))
		if err != nil || len(ev) > 0 {
			t.Fatal(len(got), ev, err)
		}
		inOrder(t, msgs, got)
	})
}

// The same over two paths, one of which is cut on the way and mended.
func TestBadNetworkOneOfTwoPathsCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net, a, b, end := homes(t, Params{AssocRetrans: 20})
		defer end()
		net.SetFaults(sctptest.Faults{Loss: 0.01, Duplicate: 0.01, Reorder: 0.02, Delay: 10 * time.Millisecond})
		time.Sleep(time.Second)
		time.AfterFunc(200*time.Millisecond, func() { cutPath(net, 0, true) })
		time.AfterFunc(20*time.Second, func() { cutPath(net, 0, false) })
		msgs := numbered(50_000, 8, 200)
		go sendAll(t, a, msgs)
		got, _, err := collect(b, len(msgs))
		if err != nil {
			t.Fatal(len(got), err)
		}
		inOrder(t, msgs, got)
	})
}

// A loss on one stream does not stall another (§6.6).
func TestStreamsAreIndependent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newPair(t, Params{})
		defer x.close()
		a, b := x.connect()
		time.Sleep(time.Second)
		x.net.SetFaults(sctptest.Faults{Cut: true})
		sendAll(t, a, []Message{{Stream: 1, Data: []byte("lost")}})
		x.net.SetFaults(sctptest.Faults{})
		sendAll(t, a, []Message{{Stream: 1, Data: []byte("waits")}, {Stream: 2, Data: []byte("free")},
			{Stream: 1, Unordered: true, Data: []byte("unordered")}})
		synctest.Wait()
		batch := NewBatch(8)
		want := [][]string{{"free", "unordered"}, {"lost", "waits"}}
		for _, w := range want {
			if err := b.Read(batch); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, it := range batch.Items {
				got = append(got, string(it.Data))
			}
			if fmt.Sprint(got) != fmt.Sprint(w) {
				t.Errorf("%q, want %q", got, w)
			}
		}
	})
}

// Nothing is left of associations that came and went.
func TestManyAssociationsLeaveNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newPair(t, Params{})
		defer x.close()
		for i := range 1000 {
			a, b := x.connect()
			switch i % 3 {
			case 0:
				a.Close()
			case 1:
				b.Abort("enough")
			default:
				sendAll(t, a, numbered(3, 1, 100))
				b.Close()
			}
			for _, y := range []Assoc{a, b} {
				if _, _, err := collect(y, 100); err == nil {
					t.Fatal("still there")
				}
			}
		}
		for _, e := range []*endpoint{x.a.(*endpoint), x.b.(*endpoint)} {
			if len(e.assocs)+len(e.tags)+len(e.waiting) > 0 {
				t.Error(len(e.assocs), len(e.tags), len(e.waiting))
			}
		}
	}) // synctest fails if a goroutine is left
}

// loop is two associations joined without wires: what one sends the other takes
// at once, in the caller's goroutine.
type loop struct {
	a, b   *assoc
	da, db *demux
	qa, qb []wire.Packet // to a, to b
}

type loopWire struct {
	to   *[]wire.Packet
	pool [][]byte
	mtu  int
}

func (w *loopWire) Write(ps []wire.Packet) (int, error) {
	for _, p := range ps {
		n := len(*w.to)
		if n == len(w.pool) {
			w.pool = append(w.pool, make([]byte, 0, w.mtu))
		}
		w.pool[n] = append(w.pool[n][:0], p.Data...)
		*w.to = append(*w.to, wire.Packet{Data: w.pool[n]})
	}
	return len(ps), nil
}
func (w *loopWire) Read([]wire.Packet) (int, error) { select {} }
func (w *loopWire) MTU() int                        { return w.mtu }
func (w *loopWire) Close() error                    { return nil }

func newLoop(single bool) *loop {
	l := &loop{}
	end := func(local Addr, peer Addr, out *[]wire.Packet, tags [2]uint32, tsns [2]uint32) (*assoc, *demux) {
		u := NewUser(nil).(*user)
		u.net = sctptest.NewMemory(1)
		w := &sharedWire{user: u, at: netip.AddrPortFrom(local.IPs[0], 0), wire: &loopWire{to: out, mtu: 1480},
			endpoints: map[uint16]*endpoint{}}
		p := DefaultParams()
		p.Single, p.Heartbeat = single, -1
		p.RTOInitial, p.RTOMin, p.RTOMax = time.Hour, time.Hour, time.Hour // no time is to pass here
		e := &endpoint{user: u, addr: local, params: p, wires: []*sharedWire{w}, assocs: map[peerKey]*assoc{},
			tags: map[uint32]*assoc{}, door: newDoor()}
		w.endpoints[local.Port] = e
		return e.fakeWith(peer.IPs[0], tags, tsns), &demux{w: w}
	}
	l.a, l.da = end(addrA, addrB, &l.qb, [2]uint32{11, 22}, [2]uint32{100, 500})
	l.b, l.db = end(addrB, addrA, &l.qa, [2]uint32{22, 11}, [2]uint32{500, 100})
	return l
}

// run moves packets until none is left.
func (l *loop) run() {
	for len(l.qa)+len(l.qb) > 0 {
		for len(l.qb) > 0 {
			l.db.batch(&l.qb, addrA)
		}
		for len(l.qa) > 0 {
			l.da.batch(&l.qa, addrB)
		}
	}
}

func (d *demux) batch(q *[]wire.Packet, from Addr) {
	src := netipPort(from)
	for _, p := range *q {
		d.packet(p.Data, src)
	}
	*q = (*q)[:0]
	d.flush()
}

func (l *loop) send(msgs []Message, in *Batch) (got int) {
	for len(msgs) > 0 {
		n, _ := l.a.Send(msgs)
		msgs = msgs[n:]
		l.run()
		for l.b.unread > 0 {
			if l.b.Read(in) != nil {
				return
			}
			got += len(in.Items)
		}
	}
	return
}

func batchOf(n, size int) []Message {
	msgs := make([]Message, n)
	for i := range msgs {
		msgs[i] = Message{Stream: uint16(i % 4), PPID: 5, Data: make([]byte, size)}
	}
	return msgs
}

// A message costs no allocation on its way out and in.
func TestNoAllocations(t *testing.T) {
	for _, single := range []bool{false, true} {
		l := newLoop(single)
		msgs, in := batchOf(64, 100), NewBatch(64)
		for range 200 {
			l.send(msgs, in)
		}
		if n := testing.AllocsPerRun(200, func() {
			if got := l.send(msgs, in); got != len(msgs) {
				t.Fatal(got)
			}
		}); n >= 1 {
			t.Errorf("single %v: %v allocations for %d messages", single, n, len(msgs))
		}
		l.a.Abort("end")
		l.b.Abort("end")
	}
}

// BenchmarkMessage is the cost of one message of 100 octets: sent, packed, checked,
// unpacked, delivered, read and acknowledged; both ends in one goroutine.
func BenchmarkMessage(b *testing.B) {
	for _, single := range []bool{false, true} {
		b.Run(map[bool]string{false: "bundled", true: "single"}[single], func(b *testing.B) {
			l := newLoop(single)
			msgs, in := batchOf(64, 100), NewBatch(64)
			b.ReportAllocs()
			for n := 0; n < b.N; n += len(msgs) {
				l.send(msgs, in)
			}
			l.a.Abort("end")
			l.b.Abort("end")
		})
	}
}

func BenchmarkForward(b *testing.B) {
	for _, batch := range []int{1, 64} {
		b.Run(fmt.Sprint("batch", batch), func(b *testing.B) {
			m := sctptest.NewMemory(1)
			ea, _ := NewUser(m).Open(addrA, Params{})
			eb, _ := NewUser(m).Open(addrB, Params{})
			defer ea.Close()
			defer eb.Close()
			x, err := ea.Dial(b.Context(), addrB, Params{})
			if err != nil {
				b.Fatal(err)
			}
			y, _ := eb.Accept(b.Context())
			msgs := make([]Message, batch)
			for i := range msgs {
				msgs[i] = Message{Stream: 1, PPID: 5, Data: make([]byte, 100)}
			}
			b.ReportAllocs()
			go func() {
				for sent := 0; sent < b.N; {
					n, err := x.Send(msgs[:min(batch, b.N-sent)])
					sent += n
					if err != nil {
						time.Sleep(100 * time.Microsecond)
					}
				}
			}()
			in, got := NewBatch(64), 0
			b.ResetTimer()
			for got < b.N {
				if err := y.Read(in); err != nil {
					b.Fatal(err)
				}
				got += len(in.Items)
			}
		})
	}
}
