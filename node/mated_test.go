package node

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/sctp/sctptest"
	"github.com/gostp/gostp/ss7"
)

// mated is a network with everything twice: stations 3.3.3 and 4.4.4 behind A (1.1.1)
// and B (2.2.2), which reach each other over the mated pair M (5.5.1) and N (5.5.2),
// shared equally, two links to each; M and N are joined, for when one loses A or B.
//
//	3.3.3 -- A == M == B -- 4.4.4
//	           \\ | //
//	              N
type mated struct {
	*pair
	t     *testing.T
	boxes map[string]*box
}

// wire k joins two nodes: 10.k.0.1 at the first, 10.k.0.2 at the second, port 1024+k.
type matedWire struct {
	k    int
	a, b string
	slc  int
}

var matedWires = []matedWire{
	{11, "A", "M", 0}, {12, "A", "M", 1}, {13, "A", "N", 0}, {14, "A", "N", 1},
	{21, "B", "M", 0}, {22, "B", "M", 1}, {23, "B", "N", 0}, {24, "B", "N", 1}, {31, "M", "N", 0},
}

var matedCodes = map[string]string{"A": "1.1.1", "B": "2.2.2", "M": "5.5.1", "N": "5.5.2"}

var matedRoutes = map[string]string{
	"A": ` update route 4.4.4/14 linkset M
 update route 4.4.4/14 linkset N
 update route 2.2.2/14 linkset M
 update route 2.2.2/14 linkset N
 update route 5.5.1/14 linkset N priority 7
 update route 5.5.2/14 linkset M priority 7
`,
	"B": ` update route 3.3.3/14 linkset M
 update route 3.3.3/14 linkset N
 update route 1.1.1/14 linkset M
 update route 1.1.1/14 linkset N
 update route 5.5.1/14 linkset N priority 7
 update route 5.5.2/14 linkset M priority 7
`,
	"M": ` update route 3.3.3/14 linkset A
 update route 3.3.3/14 linkset N priority 7
 update route 4.4.4/14 linkset B
 update route 4.4.4/14 linkset N priority 7
 update route 1.1.1/14 linkset N priority 7
 update route 2.2.2/14 linkset N priority 7
`,
	"N": ` update route 3.3.3/14 linkset A
 update route 3.3.3/14 linkset M priority 7
 update route 4.4.4/14 linkset B
 update route 4.4.4/14 linkset M priority 7
 update route 1.1.1/14 linkset M priority 7
 update route 2.2.2/14 linkset M priority 7
`,
}

func matedConfig(name string) string {
	var peers, sets strings.Builder
	peer := func(k, end int) {
		fmt.Fprintf(&peers, "cs7 local-peer %d\n local-ip 10.%d.0.%d\n", 1024+k, k, end)
	}
	if k := map[string]int{"A": 1, "B": 2}[name]; k != 0 {
		peer(k, 1)
		fmt.Fprintf(&sets, "cs7 linkset STATION %s\n link 0 sctp 10.%d.0.9 1024 %d passive\n",
			[]string{"", "3.3.3", "4.4.4"}[k], k, 1024+k)
	}
	last := ""
	for _, w := range matedWires {
		far, mine, its := w.b, 1, 2
		if w.b == name {
			far, mine, its = w.a, 2, 1
		} else if w.a != name {
			continue
		}
		peer(w.k, mine)
		if far != last {
			fmt.Fprintf(&sets, "cs7 linkset %s %s\n m2pa timer t4-normal 500\n", far, matedCodes[far])
			last = far
		}
		fmt.Fprintf(&sets, " link %d sctp 10.%d.0.%d %d %d\n", w.slc, w.k, its, 1024+w.k, 1024+w.k)
	}
	return "hostname " + name + "\ncs7 network-indicator international\ncs7 point-code " + matedCodes[name] + "\n" +
		peers.String() + sets.String() + "cs7 route-table system\n" + matedRoutes[name]
}

// onMated runs f when all links are up. Packets take 5 ms.
func onMated(t *testing.T, f func(m *mated)) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		w := newWires()
		w.SetFaults(sctptest.Faults{Delay: 5 * time.Millisecond})
		m := &mated{pair: &pair{w: w}, t: t, boxes: map[string]*box{}}
		for _, name := range []string{"A", "B", "M", "N"} {
			m.start(name)
		}
		m.a, m.b = m.boxes["A"], m.boxes["B"]
		defer func() {
			for _, b := range m.boxes {
				b.Close()
			}
			cancel()
			m.s1.group.Wait()
			m.s2.group.Wait()
		}()
		time.Sleep(100 * time.Millisecond)
		m.s1 = newStation(ctx, t, w, "10.1.0.9", "10.1.0.1:1025", itu("3.3.3"), itu("1.1.1"))
		m.s2 = newStation(ctx, t, w, "10.2.0.9", "10.2.0.1:1026", itu("4.4.4"), itu("2.2.2"))
		time.Sleep(20 * time.Second)
		f(m)
	})
}

func (m *mated) start(name string) { m.boxes[name] = boxOn(m.t, m.w, matedConfig(name)) }

// restart stops a node, and starts it after a while.
func (m *mated) restart(name string) {
	m.boxes[name].Close()
	time.Sleep(5 * time.Second)
	m.start(name)
	time.Sleep(30 * time.Second)
	m.boxes["A"].want("show cs7 linkset "+name, "avail/links=2/2")
}

// cut cuts wires, or mends them.
func (m *mated) cut(cut bool, wires ...int) {
	for _, k := range wires {
		m.w.setCut(fmt.Sprintf("10.%d.0.1", k), cut)
	}
}

// power takes all wires of a node away and the node with them, or brings both back.
func (m *mated) power(name string, on bool) {
	if !on {
		m.cut(true, wiresOf(name)...)
		m.boxes[name].Close()
		return
	}
	m.start(name)
	m.cut(false, wiresOf(name)...)
}

func wiresOf(name string) (out []int) {
	for _, w := range matedWires {
		if w.a == name || w.b == name {
			out = append(out, w.k)
		}
	}
	return out
}

// say makes a node send a neighbour what it would not say by itself.
func (m *mated) say(from, to string, h mtp3.Heading, about string) {
	n := m.boxes[from]
	payload := mtp3.AppendManagement(nil, ss7.ITU, mtp3.Management{Heading: h, PC: itu(about)})
	n.core.ask(func() {
		n.core.originate(ss7.Event{Kind: ss7.Transfer, MSU: ss7.MSU{DPC: itu(matedCodes[to]), OPC: itu(matedCodes[from]),
			NI: ss7.International, SI: ss7.SNM, Payload: payload}})
	})
}

// tally is what became of the messages of a case.
type tally struct {
	sent, lost, duplicated, misordered int
	gap                                time.Duration // without any message of one SLS, at most
}

// during streams 1,000 MSUs a second each way for d while f happens.
func (m *mated) during(d time.Duration, f func()) (sum tally) {
	n := int(d / time.Millisecond)
	done := make(chan bool, 2)
	m.s1.got, m.s2.got = nil, nil
	go func() { m.s1.stream(m.s2.pc, n, time.Millisecond); done <- true }()
	go func() { m.s2.stream(m.s1.pc, n, time.Millisecond); done <- true }()
	f()
	<-done
	<-done
	time.Sleep(5 * time.Second)
	for _, x := range []struct{ from, to *station }{{m.s1, m.s2}, {m.s2, m.s1}} {
		lost, duplicated, misordered := x.to.judge(x.from.pc, n)
		sum = tally{sum.sent + n, sum.lost + lost, sum.duplicated + duplicated, sum.misordered + misordered,
			max(sum.gap, x.to.longestGapOfSLS())}
	}
	return sum
}

// longestGapOfSLS is the longest time without a message of one SLS.
func (s *station) longestGapOfSLS() (gap time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := map[uint8]time.Time{}
	for _, g := range s.got {
		if t, ok := last[g.sls]; ok {
			gap = max(gap, g.at.Sub(t))
		}
		last[g.sls] = g.at
	}
	return gap
}

// discarded sums what all nodes have discarded, by reason.
func (m *mated) discarded() (n int, reasons []string) {
	for name, b := range m.boxes {
		for r := mtp3.NoReason + 1; r < mtp3.Reasons; r++ {
			if c := b.discards.by[r].Load(); c > 0 {
				n += int(c)
				reasons = append(reasons, fmt.Sprintf("%s: %d %v", name, c, r))
			}
		}
	}
	slices.Sort(reasons)
	return n, reasons
}

var matedCases = []struct {
	name string
	d    time.Duration
	most int // that may be lost
	f    func(m *mated)
}{
	{"nothing happens", 5 * time.Second, 0, func(*mated) {}},
	{"a link of two fails and returns", 14 * time.Second, 0, func(m *mated) {
		m.cut(true, 11)
		time.Sleep(5 * time.Second)
		m.cut(false, 11)
		time.Sleep(8 * time.Second)
		m.boxes["A"].want("show cs7 linkset M", "avail/links=2/2")
	}},
	{"a linkset of two fails and returns", 16 * time.Second, 0, func(m *mated) {
		m.cut(true, 11, 12)
		time.Sleep(5 * time.Second)
		m.boxes["A"].want("show cs7 linkset M", "avail/links=0/2")
		m.cut(false, 11, 12)
		time.Sleep(9 * time.Second)
		m.boxes["A"].want("show cs7 linkset M", "avail/links=2/2")
	}},
	{"a linkset behind the neighbour fails and returns", 16 * time.Second, 0, func(m *mated) {
		m.cut(true, 21, 22)
		time.Sleep(5 * time.Second)
		m.cut(false, 21, 22)
		time.Sleep(9 * time.Second)
	}},
	{"a neighbour sends TFP, later TFA", 6 * time.Second, 0, func(m *mated) {
		m.say("M", "A", mtp3.TFP, "4.4.4")
		time.Sleep(3 * time.Second)
		m.boxes["A"].want("show cs7 route 4.4.4", "5.5.1 prohibits it (TFP)")
		m.say("M", "A", mtp3.TFA, "4.4.4")
		time.Sleep(3 * time.Second)
	}},
	{"a neighbour sends TFR, later TFA", 6 * time.Second, 0, func(m *mated) {
		m.say("M", "A", mtp3.TFR, "4.4.4")
		time.Sleep(3 * time.Second)
		m.say("M", "A", mtp3.TFA, "4.4.4")
		time.Sleep(3 * time.Second)
	}},
	{"links flap", 20 * time.Second, 0, func(m *mated) {
		for range 3 {
			m.cut(true, 11, 23)
			time.Sleep(2500 * time.Millisecond)
			m.cut(false, 11, 23)
			time.Sleep(2 * time.Second)
		}
	}},
	{"an STP is stopped in good order, and started", 22 * time.Second, 0, func(m *mated) {
		m.boxes["M"].run("configure terminal", "cs7 national-options tfr", "end")
		m.boxes["M"].Leave(m.t.Context())
		m.restart("M")
	}},
	{"an STP that routes by summaries is stopped in good order", 8 * time.Second, 0, func(m *mated) {
		// Each line counts at once: at no time is there no route.
		m.boxes["M"].run("configure terminal", "cs7 route-table system", "update route 3.3.0/11 linkset A",
			"update route 4.4.0/11 linkset B",
			"no update route 3.3.3/14 linkset N", "no update route 4.4.4/14 linkset N", "no update route 3.3.3/14 linkset A",
			"no update route 4.4.4/14 linkset B", "end")
		time.Sleep(time.Second)
		m.boxes["M"].Leave(m.t.Context())
		m.boxes["M"].want("show logging", "No more traffic comes")
		m.boxes["M"].Close()
	}},
	{"an STP is stopped at once, and started", 22 * time.Second, 100, func(m *mated) { m.restart("M") }},
	{"the two STPs of the pair lose power in turn", 45 * time.Second, 5000, func(m *mated) {
		for _, name := range []string{"M", "N"} {
			m.power(name, false)
			time.Sleep(6 * time.Second)
			m.power(name, true)
			time.Sleep(15 * time.Second)
			m.boxes["A"].want("show cs7 linkset "+name, "avail/links=2/2")
		}
	}},
}

// The lab under traffic: what breaks, and what becomes of 1,000 MSUs a second each
// way. Whatever the case, nothing is doubled and nothing overtakes. Where both ends of
// a link live and can talk, nothing is lost; where a node dies, what it had taken dies
// with it, and what the nodes before it cannot know to have arrived is not sent again
// (Q.704 §5.6.2).
func TestUnderTraffic(t *testing.T) {
	t.Parallel()
	for _, c := range matedCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			onMated(t, func(m *mated) {
				got := m.during(c.d, func() {
					time.Sleep(time.Second)
					c.f(m)
				})
				t.Logf("%-50s %6d sent, %5d lost, %d duplicated, %d misordered; longest pause of an SLS %v", c.name, got.sent,
					got.lost, got.duplicated, got.misordered, got.gap.Round(time.Millisecond))
				if got.lost > c.most || got.duplicated+got.misordered > 0 {
					t.Errorf("more than %d lost, or order not kept", c.most)
				}
				if _, why := m.discarded(); len(why) > 0 {
					t.Log(why)
				}
				if t.Failed() {
					for _, name := range []string{"A", "B", "M", "N"} {
						t.Log(name, m.boxes[name].run("show cs7 mtp3 event-history"))
					}
				}
			})
		})
	}
}
