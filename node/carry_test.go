package node

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gostp/gostp/association"
	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/m2pa"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/sctp/sctptest"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/startup"
)

// drain is an association that takes everything.
type drain struct {
	sctp.Assoc
	sent int
	text *strings.Builder // gets what is sent, if it is not nil
}

func (d *drain) Send(ms []sctp.Message) (int, error) {
	d.sent += len(ms)
	for i := 0; d.text != nil && i < len(ms); i++ {
		d.text.Write(ms[i].Data)
	}
	return len(ms), nil
}

// carrier is two links of a real node with nothing under them: batches go in at
// one and come out at the other, so that only the node's own work is there.
type carrier struct {
	in, out *link
	items   []sctp.Item
	way     transfer
	fsn     uint32
	ack     []sctp.Item
	got     *drain
}

func newCarrier(tb testing.TB, size, payload int) *carrier {
	n := New(Options{Platform: onMemory(sctptest.NewMemory(1)), Store: startup.Memory("m", nil), Version: "test"})
	tb.Cleanup(n.Close)
	x := newTransit(tb, 10)
	c := &carrier{got: &drain{}, fsn: 1<<24 - 1}
	newLink := func(id ss7.PathID, m *m2pa.Link) *link {
		l := &link{level2: level2{Keeper: association.Keeper{Assoc: c.got}, node: n, id: id, kind: ss7.ITU}}
		l.user = l
		l.over(m)
		tb.Cleanup(l.loop.Stop)
		return l
	}
	c.in, c.out = newLink(1, x.in), newLink(2, x.out)
	n.view.Store(&view{table: x.table, paths: []*link{nil, c.in, c.out}, sccp: n.core.sccp.view(x.table)})
	for i := range size {
		m := ss7.MSU{DPC: 16383, OPC: 5, SLS: uint8(i), SI: ss7.SCCP, NI: ss7.International, Payload: make([]byte, payload)}
		w := m2pa.Append(nil, m2pa.Message{Type: m2pa.UserData, BSN: 1<<24 - 1, MSU: ss7.ITU.AppendMSU(nil, &m)})
		c.items = append(c.items, sctp.Item{Message: sctp.Message{Stream: 1, PPID: m2pa.PPID, Data: w}})
	}
	w := m2pa.Append(nil, m2pa.Message{Type: m2pa.UserData, FSN: 1<<24 - 1})
	c.ack = []sctp.Item{{Message: sctp.Message{Stream: 1, PPID: m2pa.PPID, Data: w}}}
	return c
}

// step carries one batch, and the acknowledgement that comes back.
func (c *carrier) step() {
	for i := range c.items {
		c.fsn = (c.fsn + 1) & (1<<24 - 1)
		d := c.items[i].Data
		binary.BigEndian.PutUint32(d[12:], c.fsn)
		binary.BigEndian.PutUint32(d[len(d)-8:], c.fsn) // no two are equal, as between users
	}
	c.in.carry(c.items, &c.way)
	binary.BigEndian.PutUint32(c.ack[0].Data[8:], c.fsn)
	c.out.carry(c.ack, &c.way)
}

// What a link gives back may come to a hold that is settled already. It goes on, and is neither kept for ever nor lost
// without a count.
func TestRetrievedAfterTheHoldIsSettled(t *testing.T) {
	c := newCarrier(t, 1, 60)
	n := c.in.node
	h := &hold{node: n, settled: n.view.Load()}
	m := ss7.MSU{DPC: 16383, OPC: 5, SI: ss7.SCCP, NI: ss7.International, Payload: []byte("given back")}
	sent := n.discards.transferred.Load()
	h.retrieved(time.Now(), []held{keep(&m, 0), keep(&m, 0)})
	if got := n.discards.transferred.Load() - sent; got != 2 || h.count() != 0 {
		t.Errorf("of two MSUs %d went on, and %d wait", got, h.count())
	}
}

// What a link gives back was sent before all that came to the hold since, so it leaves before that (Q.704 §5.5).
func TestRetrievedGoesFirst(t *testing.T) {
	c := newCarrier(t, 1, 60)
	n, now := c.in.node, time.Now()
	h := &hold{node: n}
	msu := func(text string) *ss7.MSU {
		return &ss7.MSU{DPC: 16383, OPC: 5, SI: ss7.SCCP, NI: ss7.International, Payload: []byte(text)}
	}
	h.offer(now, msu("came since"), c.in.id, nil)
	h.retrieved(now, []held{keep(msu("given back"), 0)})
	c.got.text = new(strings.Builder)
	n.settle(now, []*hold{h}, nil, n.view.Load())
	first, second := strings.Index(c.got.text.String(), "given back"), strings.Index(c.got.text.String(), "came since")
	if first < 0 || second < first {
		t.Errorf("sent: %q", c.got.text)
	}
}

// What waits leaves before any reader routes by the new view, or what comes since would overtake it (Q.704 §5.4); and
// who publishes goes on only when no reader routes by the old one.
func TestPublishIsInOrder(t *testing.T) {
	c := newCarrier(t, 1, 60)
	n, before := c.in.node, c.in.node.view.Load()
	h := &hold{node: n}
	m := ss7.MSU{DPC: 16383, OPC: 5, SI: ss7.SCCP, NI: ss7.International, Payload: []byte("waits")}
	h.offer(time.Now(), &m, c.in.id, nil)
	now, then := *before, *before
	now.holds = map[ss7.PathID]*hold{c.out.id.Hold(): h}
	table := *before.table
	then.table = &table
	n.view.Store(&now)
	sent := false
	c.out.Assoc = &looking{drain: c.got, look: func() { sent = n.view.Load() == &now }}
	var reader transfer
	defer n.readers.enter(&reader)()
	reader.routing.Lock()
	done := make(chan bool)
	go func() {
		n.publish(&then)
		close(done)
	}()
	for n.view.Load() != &then {
		time.Sleep(time.Millisecond)
	}
	if !sent {
		t.Error("what waited was not sent before the new view was in force")
	}
	select {
	case <-done:
		t.Error("a reader still routes by the old view")
	case <-time.After(50 * time.Millisecond):
	}
	reader.routing.Unlock()
	<-done
}

// looking is an association that has a look when something is sent.
type looking struct {
	*drain
	look func()
}

func (l *looking) Send(ms []sctp.Message) (int, error) {
	l.look()
	return l.drain.Send(ms)
}

// The core settles the hold when it hears that the retrieval is over. So the hold has the retrieved MSUs before that,
// or they would leave behind those that waited (Q.704 §5.5). A settled hold shows when it gets them.
func TestHoldHasTheRetrievedBeforeTheCoreHears(t *testing.T) {
	c := newCarrier(t, 1, 60)
	n := c.in.node
	busy, done := make(chan bool), make(chan bool)
	n.core.do(func() { close(busy); <-done })
	<-busy
	defer close(done)
	v := *n.view.Load()
	v.holds = map[ss7.PathID]*hold{c.in.id.Hold(): {node: n, settled: n.view.Load()}}
	n.view.Store(&v)
	m := ss7.MSU{DPC: 16383, OPC: 5, SI: ss7.SCCP, NI: ss7.International, Payload: []byte("given back")}
	c.in.offer(time.Now(), 0, &m)
	c.in.Tell(ss7.Event{Kind: ss7.CommLost, Why: "cut"})
	tasks := func() int { // that wait for the core
		n.core.mu.Lock()
		defer n.core.mu.Unlock()
		return len(n.core.queue)
	}
	before, then := tasks(), -1
	c.out.Assoc = &looking{drain: c.got, look: func() { then = tasks() }}
	c.in.Tell(ss7.Event{Kind: ss7.Retrieve, Arg: 1<<24 - 1})
	if then != before || tasks() != before+1 {
		t.Errorf("%d tasks waited for the core, %d when the hold got the MSU, and %d wait now", before, then, tasks())
	}
}

func TestCarryAllocatesNothing(t *testing.T) {
	c := newCarrier(t, 64, 60)
	for range 10 {
		c.step()
	}
	c.got.sent = 0
	const rounds = 100
	if n := testing.AllocsPerRun(rounds, c.step); n != 0 {
		t.Errorf("%v allocations for 64 MSUs", n)
	}
	if c.got.sent < 64*rounds {
		t.Errorf("%d messages left the node, of %d", c.got.sent, 64*rounds)
	}
}

// BenchmarkCarry is what an MSU costs the node from one association to the next,
// SCTP itself apart, by the size of the batches it comes in.
func BenchmarkCarry(b *testing.B) {
	for _, size := range []int{1, 8, 64} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			c := newCarrier(b, size, 60)
			b.ReportAllocs()
			for b.Loop() {
				c.step()
			}
			if c.got.sent < size*b.N { // else it is a discard that was measured
				b.Errorf("%d messages left the node, of %d", c.got.sent, size*b.N)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(size), "ns/MSU")
		})
	}
}

// A gateway that gives back MSUs without end fills no more than a hold has room for.
func TestAGatewayGivesBackWithoutEnd(t *testing.T) {
	t.Parallel()
	n := New(Options{Platform: onWires(newWires()), Version: "test"})
	n.Close()
	l := n.newLinkAtGateway(n.ids.take(), linkKey{"N", 0}, configs.Link{}, ss7.ITU)
	const more = 10
	n.discards.transferred.Add(holdMost + more) // when the link took them
	ev := ss7.Event{Kind: ss7.Retrieved, MSU: ss7.MSU{SI: ss7.SCCP, Payload: []byte("given back")}}
	l.Mu.Lock()
	for range holdMost + more {
		l.raised(&ev)
	}
	back := l.back
	l.Mu.Unlock()
	if full := n.discards.by[mtp3.HoldFull].Load(); len(back) != holdMost || full != more {
		t.Errorf("%d MSUs wait, and for %d there was no room", len(back), full)
	}
	l.handBack(back, ss7.Event{Kind: ss7.RetrievalComplete, Path: l.id})
	if sent := n.discards.transferred.Load(); sent != 0 {
		t.Errorf("%d MSUs count as sent", sent)
	}
}
