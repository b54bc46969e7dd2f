package sctp

import (
	"encoding/binary"
	"fmt"
	"math/rand"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/gostp/gostp/sctp/sctptest"
)

// hoarders is an endpoint in virtual time with some associations that share a Budget.
func hoarders(t *testing.T, octets, n int, f func(b *Budget, all []*assoc)) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBudget(octets)
		u := NewUser(sctptest.NewMemory(1)).(*user)
		u.Share(b, NewBacklog(DefaultBacklog))
		open, err := u.Open(addrA, Params{})
		if err != nil {
			t.Fatal(err)
		}
		defer open.Close()
		var all []*assoc
		for i := range n {
			ip := netip.AddrFrom4([4]byte{10, 9, 0, byte(i + 1)})
			all = append(all, open.(*endpoint).fakeWith(ip, [2]uint32{uint32(2*i + 1), 7}, [2]uint32{100, 1}))
		}
		f(b, all)
		for _, a := range all {
			a.Abort("the test is over")
		}
		if s := b.State(); s.Held != 0 || s.Holders != 0 {
			t.Errorf("all associations have ended, and %d octets are held by %d", s.Held, s.Holders)
		}
	})
}

// feed makes DATA of a stream arrive.
func (a *assoc) feed(flags byte, tsn uint32, ssn uint16, n int) {
	v := binary.BigEndian.AppendUint32(nil, tsn)
	v = append(binary.BigEndian.AppendUint16(append(v, 0, 0), ssn), 0, 0, 0, 3)
	c, _, err := nextChunk(appendSimple(nil, ctData, flags, append(v, make([]byte, n)...)))
	if err != nil {
		panic(err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.clock()
	if a.state != closed {
		a.data(c)
	}
}

// Far ends that leave out a message and send others after it together hold no more than the budget. The
// association that holds the most ends. One that needs little gets it, whatever others hold.
func TestHoardersShareABudget(t *testing.T) {
	const octets = 1 << 20
	hoarders(t, octets, 9, func(b *Budget, all []*assoc) {
		why := make(chan string, 20)
		b.OnShortage(func(text string) { why <- text })
		honest := all[8]
		for i := range 40 {
			for _, a := range all[:8] {
				a.feed(flagB|flagE, uint32(2+i), uint16(1+i), 10000)
			}
			if held := b.State().Held; held > octets {
				t.Fatalf("%d octets are held", held)
			}
			synctest.Wait()
		}
		for i := range 4 { // a message of four fragments
			honest.feed([]byte{flagB, 0, 0, flagE}[i], uint32(1+i), 0, 10000)
		}
		batch := NewBatch(1)
		if err := honest.Read(batch); err != nil || len(batch.Items[0].Data) != 40000 {
			t.Errorf("the message of an honest far end: %v, %d octets", err, len(batch.Items[0].Data))
		}
		ended := 0
		for _, a := range all[:8] {
			if s := a.Status(); s.State == "CLOSED" {
				ended++
				if !strings.Contains(s.LastError, "octets of messages that are not whole, and all have 1048576") {
					t.Error(s.LastError)
				}
			}
		}
		if s := b.State(); ended == 0 || ended == 8 || int(s.Ended) != ended || len(why) != ended {
			t.Errorf("%d of 8 have ended; %+v; told %d times", ended, s, len(why))
		}
	})
}

// The octets counted are the octets held, whatever comes in whatever order.
func TestBudgetCountsWhatIsHeld(t *testing.T) {
	for seed := range int64(20) {
		r := rand.New(rand.NewSource(seed))
		hoarders(t, 100_000, 2, func(b *Budget, all []*assoc) {
			for range 3000 {
				a := all[r.Intn(2)]
				a.feed(byte(r.Intn(8)), 1+uint32(r.Intn(400)), uint16(r.Intn(60)), 1+r.Intn(3000))
				sum := 0
				for _, a := range all {
					a.mu.Lock()
					for _, p := range a.parts {
						sum += len(p.data) + overhead
					}
					for _, p := range a.waiting {
						for ; p != nil; p = p.next {
							sum += len(p.data) + overhead
						}
					}
					a.mu.Unlock()
				}
				if held := b.State().Held; held != sum {
					t.Fatalf("seed %d: %d octets are held, and %d counted", seed, sum, held)
				}
			}
		})
	}
}

// A burst leaves no memory behind.
func TestBurstIsForgotten(t *testing.T) {
	hoarders(t, DefaultBudget, 1, func(_ *Budget, all []*assoc) {
		a, batch := all[0], NewBatch(64)
		for i := range 400 {
			a.feed(flagB|flagE, uint32(2+i), uint16(1+i), 10000)
		}
		a.feed(flagB|flagE, 1, 0, 1)
		for range 401/64 + 1 {
			if err := a.Read(batch); err != nil {
				t.Fatal(err)
			}
		}
		for i := range uint32(2) {
			a.feed(flagB|flagE, 402+i, uint16(401+i), 1)
			if err := a.Read(batch); err != nil {
				t.Fatal(err)
			}
		}
		a.mu.Lock()
		defer a.mu.Unlock()
		free := 0
		for p := a.free; p != nil; p = p.next {
			free += cap(p.data)
		}
		if kept := cap(a.in.arena) + cap(a.reading.arena) + cap(batch.buf) + free; kept > 1<<20 {
			t.Errorf("%d octets of memory are kept", kept)
		}
	})
}

// The beginnings of long messages over TCP share the same memory. A message for which there is none waits, and
// goes on when another connection ends.
func TestTCPSharesTheBudget(t *testing.T) {
	b := NewBudget(150_000)
	tr := TCP().(*tcp)
	tr.Share(b, NewBacklog(DefaultBacklog))
	why := make(chan string, 1)
	b.OnShortage(func(text string) { why <- text })
	var holds []*holding
	ends := make(chan int, 3)
	frame := binary.BigEndian.AppendUint32([]byte{1, 0, 1, 1}, 1<<17)
	for i := range 2 {
		h := tr.holding(func(string) { ends <- i })
		f := framer{}
		copy(f.room(h), frame)
		f.filled(len(frame))
		holds = append(holds, h)
		if room := f.room(h); (room == nil) != (i == 1) {
			t.Errorf("connection %d: room for %d octets, %+v", i, len(room), b.State())
		}
	}
	if first := <-ends; first != 0 || !strings.Contains(<-why, "it holds 98304 octets") {
		t.Error("who holds the most was not ended:", first)
	}
	holds[0].empty()
	if s := b.State(); fmt.Sprint(s) != "{0 150000 0 1}" {
		t.Errorf("%+v", s)
	}
	f := framer{}
	copy(f.room(holds[1]), frame)
	f.filled(len(frame))
	if f.room(holds[1]) == nil {
		t.Error("there is memory again, and no room")
	}
	f.filled(1<<17 - len(frame))
	if m, err := f.next(); len(m) != 1<<17 || err != nil {
		t.Fatal(len(m), err)
	}
	if f.room(holds[1]); b.State().Held != 0 {
		t.Errorf("the message is whole: %+v", b.State())
	}
}
