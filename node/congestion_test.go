package node

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/sctp/sctptest"
	"github.com/gostp/gostp/sctp/wire"
	"github.com/gostp/gostp/ss7"
)

// narrow are wires on which what some address sends takes time: rate octets a second,
// and what would wait longer than narrowWait is lost, as at a router's port.
type narrow struct {
	*wires
	mu   sync.Mutex
	rate map[netip.Addr]float64
	free map[netip.Addr]time.Time
}

const narrowWait = 200 * time.Millisecond

func newNarrow() *narrow {
	return &narrow{wires: newWires(), rate: map[netip.Addr]float64{}, free: map[netip.Addr]time.Time{}}
}

func (n *narrow) Open(local netip.AddrPort) (wire.Wire, error) {
	x, err := n.wires.Open(local)
	return &narrowWire{x, local.Addr(), n}, err
}

func (n *narrow) set(addr string, octets float64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.rate[netip.MustParseAddr(addr)] = octets
}

type narrowWire struct {
	wire.Wire
	at netip.Addr
	n  *narrow
}

func (w *narrowWire) Write(ps []wire.Packet) (int, error) {
	w.n.mu.Lock()
	defer w.n.mu.Unlock()
	rate := w.n.rate[w.at]
	if rate == 0 {
		return w.Wire.Write(ps)
	}
	now := time.Now()
	for _, p := range ps {
		at := w.n.free[w.at]
		if at.Before(now) {
			at = now
		}
		if at.Sub(now) > narrowWait {
			continue
		}
		at = at.Add(time.Duration(float64(len(p.Data)+20) / rate * float64(time.Second)))
		w.n.free[w.at] = at
		p.Data = append([]byte(nil), p.Data...)
		time.AfterFunc(at.Sub(now), func() { _, _ = w.Wire.Write([]wire.Packet{p}) })
	}
	return len(ps), nil
}

// onNarrow is two STPs joined by one link, on which the first may send so many octets a
// second, with a station each: 3.3.3 at the first, 4.4.4 at the second.
func onNarrow(t *testing.T, rate float64, levels bool, more string, f func(a, b *box, s1, s2 *station)) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		w := newNarrow()
		config := func(me, other int) string {
			c := strings.Replace(pairConfig(ss7.ITU, me, other), fmt.Sprintf(" link 1 sctp 10.%d.2.1 1026 1026\n", other),
				more, 1)
			if levels {
				c = strings.Replace(c, "cs7 point-code", "cs7 national-options multiple-congestion\ncs7 point-code", 1)
			}
			return c
		}
		platform := wiresPlatform{wires: w.wires, t: sctp.NewUser(w)}
		a, b := newBoxOn(t, platform, config(1, 2)), newBoxOn(t, platform, config(2, 1))
		defer a.Close()
		defer b.Close()
		time.Sleep(100 * time.Millisecond)
		s1 := newStation(ctx, t, w.wires, "10.1.0.9", "10.1.0.1", itu("3.3.3"), itu("1.1.1"))
		s2 := newStation(ctx, t, w.wires, "10.2.0.9", "10.2.0.1", itu("4.4.4"), itu("2.2.2"))
		defer func() {
			cancel()
			s1.group.Wait()
			s2.group.Wait()
		}()
		time.Sleep(20 * time.Second)
		w.set("10.1.1.1", rate)
		f(a, b, s1, s2)
	})
}

// flood sends MSUs of 48 octets at a rate, in four priorities by turns, and gives how many
// of each, and the most that were in the queue of a's link to b.
func flood(a *box, s1 *station, dpc ss7.PC, seconds, perSecond int, halfway func()) (sent [4]int, peak int) {
	for i := range seconds * perSecond {
		prio := uint8(i / 16 % 4)
		sent[prio]++
		payload := make([]byte, 48)
		binary.BigEndian.PutUint32(payload, uint32(i/16))
		binary.BigEndian.PutUint32(payload[4:], uint32(s1.pc))
		s1.send(ss7.MSU{DPC: dpc, SLS: uint8(i % 16), SI: ss7.SCCP, Prio: prio, Payload: payload})
		if time.Sleep(time.Second / time.Duration(perSecond)); i%100 == 0 {
			st, _ := a.links[linkKey{"PAIR", 0}].below()
			peak = max(peak, st.Unacked+st.Queued)
		}
		if i == seconds*perSecond/2 {
			halfway()
		}
	}
	return sent, peak
}

// tfcs are the TFCs about dest that the station got, and the shortest time in which so
// many as a burst has came.
func (s *station) tfcs(dest ss7.PC) (levels map[uint8]int, burst time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	levels, burst = map[uint8]int{}, time.Hour
	var at []time.Time
	for _, x := range s.management {
		if m, err := mtp3.ParseManagement(ss7.ITU, x.Payload); err == nil && m.Heading == mtp3.TFC && m.PC == dest &&
			x.DPC == s.pc {
			levels[m.Level]++
			at = append(at, x.at)
		}
	}
	for i := 2 * answerBurst; i < len(at); i++ {
		burst = min(burst, at[i].Sub(at[i-2*answerBurst]))
	}
	return levels, burst
}

// Q.704 §2.3.5, §3.8, §11.2, §13.6: three times what a link carries, in four priorities,
// for half a minute. The link stays; what is lost is counted, the least important first;
// the queue has its bound; the origin is told at its pace, and the end is told.
func TestOverload(t *testing.T) {
	t.Parallel()
	const levels = " congestion level 1 onset 100 abate 50 discard 200\n congestion level 2 onset 300 abate 150 " +
		"discard 400\n congestion level 3 onset 500 abate 350 discard 600\n"
	// An MSU of 48 octets is 85 on the wire and more: 1,000 a second.
	onNarrow(t, 90_000, true, levels, func(a, b *box, s1, s2 *station) {
		sent, peak := flood(a, s1, s2.pc, 30, 3000, func() {
			a.want("show cs7 linkset PAIR detail", "congested, level 3: ",
				" MSUs wait or are not acknowledged, more than 500; now ", "discards MSUs of a priority below ",
				"level 1 above 100, until below 50, discards priority 0 above 200; level 2 above 300")
			a.want("show cs7 route", "4.4.4/14         acces   5  PAIR                avail          \n       congested, "+
				"level 3: link 0 of linkset PAIR: ")
		})
		time.Sleep(20 * time.Second)
		got, total := [4]int{}, 0
		s2.mu.Lock()
		for _, g := range s2.got {
			got[g.serial&3]++
			total++
		}
		s2.mu.Unlock()
		counted := int(a.discards.by[mtp3.Shed].Load())
		if total+counted != 90000 {
			t.Errorf("of 90000 MSUs %d arrived and %d are counted", total, counted)
		}
		if got[3] != sent[3] || got[2] < 10*got[1] || got[1] <= got[0] || got[2] == sent[2] {
			t.Errorf("sent by priority %v, arrived %v", sent, got)
		}
		if peak < 500 || peak > 2000 {
			t.Errorf("up to %d in the queue", peak)
		}
		tfc, burst := s1.tfcs(s2.pc)
		n := tfc[1] + tfc[2] + tfc[3]
		if n < 1000 || n > 90000/answerEvery || tfc[0] > 0 || tfc[2] == 0 || burst < answerBurst*answerPace {
			t.Errorf("TFC by level %v, %d of them within %v", tfc, 2*answerBurst, burst)
		}
		a.want("show logging", "%CS7MTP3-5-CONGESTION: Link 0 of linkset PAIR is congested, level 1: 101 MSUs wait or are "+
			"not acknowledged, more than 100",
			"is congested, level 2, falling: ", "%CS7MTP3-5-CONGESTION: Link 0 of linkset PAIR is no longer congested: ",
			"fewer than 50")
		a.want("show cs7 linkset PAIR", "avail/links=1/1")
		if out := a.run("show logging"); strings.Contains(out, "PAIR is unavailable") {
			t.Error(out)
		}
		t.Logf("sent by priority %v, arrived %v, discarded %d, peak %d, TFC by level %v, %d within %v", sent, got,
			counted, peak, tfc, 2*answerBurst, burst)
	})
}

// The same where there are no priorities: one level, nothing is discarded until the queue
// is full, and it is a long one: the far end acknowledges what it gets, so the link stays.
func TestOverloadInternational(t *testing.T) {
	t.Parallel()
	onNarrow(t, 90_000, false, "", func(a, b *box, s1, s2 *station) {
		_, peak := flood(a, s1, s2.pc, 48, 3000, func() {
			a.want("show cs7 linkset PAIR", "congested, level 1: 4097 MSUs wait or are not acknowledged, more than 4096; now ")
		})
		time.Sleep(30 * time.Second)
		s2.mu.Lock()
		total := len(s2.got)
		s2.mu.Unlock()
		full := int(a.discards.by[mtp3.QueueFull].Load())
		if total+full != 144000 || full == 0 {
			t.Errorf("of 144000 MSUs %d arrived and %d are counted", total, full)
		}
		if peak > 8192+256 { // management has room of its own
			t.Errorf("up to %d in the queue", peak)
		}
		tfc, burst := s1.tfcs(s2.pc)
		if tfc[0] < 1000 || len(tfc) != 1 || burst < answerBurst*answerPace {
			t.Errorf("TFC by level %v, %d of them within %v", tfc, 2*answerBurst, burst)
		}
		if _, _, misordered := s2.judge(s1.pc, 0); misordered > 0 {
			t.Errorf("%d misordered", misordered)
		}
		a.want("show cs7 linkset PAIR", "avail/links=1/1")
		if out := a.run("show logging"); strings.Contains(out, "PAIR is unavailable") ||
			!strings.Contains(out, "Link 0 of linkset PAIR is no longer congested") {
			t.Error(out)
		}
		t.Logf("arrived %d, discarded %d, peak %d, TFC %v, %d within %v", total, full, peak, tfc, 2*answerBurst, burst)
	})
}

// §13.7, §13.9 across nodes: an STP is told TFC, tests the way to the destination, and
// finds after a while that nobody answers.
func TestTFCAndItsTest(t *testing.T) {
	t.Parallel()
	onNarrow(t, 0, true, "", func(a, b *box, s1, s2 *station) {
		tfc := mtp3.AppendManagement(nil, ss7.ITU, mtp3.Management{Heading: mtp3.TFC, PC: s2.pc, Level: 2})
		s2.send(ss7.MSU{DPC: itu("1.1.1"), SI: ss7.SNM, Payload: tfc, Prio: 3})
		time.Sleep(time.Second)
		a.want("show cs7 route", "4.4.4/14         acces   5  PAIR                avail          \n       congested, "+
			"level 2: TFC from 4.4.4")
		a.want("show logging", "%CS7MTP3-5-CONGESTION: Destination 4.4.4 is congested, level 2: TFC from 4.4.4")
		time.Sleep(5 * time.Second)
		var tests []uint8
		s2.mu.Lock()
		for _, m := range s2.management {
			if m.Payload[0] == byte(mtp3.RCT) && m.OPC == itu("1.1.1") {
				tests = append(tests, m.Prio)
			}
		}
		s2.mu.Unlock()
		if fmt.Sprint(tests) != "[1 0]" {
			t.Errorf("priorities of the tests: %v", tests)
		}
		a.want("show logging", "Destination 4.4.4 is congested, level 1, falling: no TFC answered the test (RCT) within "+
			"T16 (1.7s)", "Destination 4.4.4 is no longer congested: ")
		a.want("show cs7 mtp3 errors", "  TFC  in 1          out 0", "  RCT  in 0          out 2")
		if out := a.run("show cs7 route"); strings.Contains(out, "congested") {
			t.Error(out)
		}
	})
}

// Of each origin the first and every eighth MSU are answered, a burst at once and then at
// a pace; not network management, but its test.
func TestOriginsArePaced(t *testing.T) {
	t.Parallel()
	var o origins
	at := time.Unix(1, 0)
	var answered []int
	for i := range 25 {
		if o.count(at, 1, 2) {
			answered = append(answered, i)
		}
	}
	if fmt.Sprint(answered) != "[0 8 16 24]" {
		t.Errorf("answered: %v", answered)
	}
	if !o.count(at, 3, 2) {
		t.Error("the first of another origin is not answered")
	}
	n := 0
	for i := range ss7.PC(10000) { // ever other origins
		if o.count(at.Add(time.Duration(i)*100*time.Microsecond), i, 2) {
			n++
		}
	}
	if n < 500 || n > 500+answerBurst {
		t.Errorf("%d answers in a second", n)
	}
	network(t, func(_ *sctptest.Memory, a, _ *box) {
		l := a.links[linkKey{"B", 0}]
		hints := func(msus ...*ss7.MSU) int {
			l.Mu.Lock()
			defer l.Mu.Unlock()
			l.origins = origins{}
			before := l.origins.next
			l.congested(time.Now(), 1, msus)
			if l.origins.next == before {
				return 0
			}
			return 1
		}
		for _, c := range []struct {
			name string
			m    ss7.MSU
			want int
		}{
			{"user traffic", ss7.MSU{OPC: 9, DPC: 8, SI: ss7.SCCP}, 1},
			{"TFC", ss7.MSU{OPC: 9, DPC: 8, SI: ss7.SNM, Payload: []byte{byte(mtp3.TFC), 0, 0}}, 0},
			{"RCT", ss7.MSU{OPC: 9, DPC: 8, SI: ss7.SNM, Payload: []byte{byte(mtp3.RCT)}}, 1},
			{"empty management", ss7.MSU{OPC: 9, DPC: 8, SI: ss7.SNM}, 0},
			{"a link test", ss7.MSU{OPC: 9, DPC: 8, SI: ss7.SNT, Payload: []byte{byte(mtp3.RCT)}}, 0},
		} {
			if got := hints(&c.m); got != c.want {
				t.Errorf("%s: %d answers", c.name, got)
			}
		}
	})
}

// §11.2.7: who sends to a user that is not here is told so, once a second.
func TestUserPartUnavailable(t *testing.T) {
	t.Parallel()
	onNarrow(t, 0, false, "", func(a, b *box, s1, s2 *station) {
		for range 250 {
			s1.send(ss7.MSU{DPC: itu("2.2.2"), SI: ss7.ISUP, Payload: make([]byte, 8)})
			time.Sleep(10 * time.Millisecond)
		}
		n := 0
		s1.mu.Lock()
		defer s1.mu.Unlock()
		for _, x := range s1.management {
			if m, err := mtp3.ParseManagement(ss7.ITU, x.Payload); err == nil && m.Heading == mtp3.UPU {
				n++
				if m.User != ss7.ISUP || m.Cause != mtp3.UnequippedUser || m.PC != itu("2.2.2") || x.OPC != itu("2.2.2") {
					t.Errorf("%+v from %d", m, x.OPC)
				}
			}
		}
		if n != 3 {
			t.Errorf("%d UPU in 2.5 s", n)
		}
	})
}

// Thresholds at the prompt: what they say together is checked, and a link in service takes
// them at once.
func TestThresholdsAtThePrompt(t *testing.T) {
	t.Parallel()
	network(t, func(_ *sctptest.Memory, a, b *box) {
		a.run("configure terminal", "cs7 linkset B 2.2.2")
		a.want("congestion level 1 onset 100 abate 100", "abate must be less than onset")
		a.want("congestion level 1 onset 100 abate 50 discard 99", "discard must not be less than onset")
		a.run("congestion level 1 onset 100 abate 50", "link 1 sctp 10.0.0.2 1025 1024",
			"congestion level 1 onset 9000 abate 10", "end")
		a.want("show running-config", " congestion level 1 onset 100 abate 50\n",
			"  congestion level 1 onset 9000 abate 10\n")
		a.want("show cs7 linkset detail", "Congestion: level 0; level 1 above 100, until below 50\n",
			"Congestion: level 0; level 1 above 9000, until below 10\n")
		a.want("show logging", "%CS7SCTP-4-CONFIG: linkset B link 1: congestion level 1 begins above 9000 messages, but "+
			"the transmit queue has 8192 (`tx-queue-depth`): it is full first")
		a.run("configure terminal", "cs7 national-options multiple-congestion", "end")
		a.want("show cs7 linkset detail", "Congestion: level 0; level 1 above 100, until below 50, discards priority 0 "+
			"above 5120; level 2 above 6144, until below 5120, discards priority 1 above 6656; level 3")
		a.run("configure terminal", "cs7 linkset B 2.2.2", "no congestion level 1", "end")
		a.want("show cs7 linkset detail", "level 1 above 4096, until below 2048")
		if out := a.run("show cs7 linkset"); strings.Count(out, "avail     InService") != 2 {
			t.Error(out)
		}
	})
}
