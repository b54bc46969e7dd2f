package node

import (
	"bytes"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/routing"
	"github.com/gostp/gostp/ss7"
)

// tableOf is a table in which the links 1 and 2 of a carrier are as given, and all traffic goes by the second.
func tableOf(in, out routing.Link) *routing.Table {
	var routes []routing.Route
	for _, pc := range []ss7.PC{16382, 16383} {
		routes = append(routes, routing.Route{Dest: ss7.Range{PC: pc, Len: 14}, Linkset: 1, Priority: 5})
	}
	in.Path, out.Path = 1, 2
	return routing.NewPlan(ss7.ITU, ss7.International, nil, routes).NewTable([]routing.Linkset{
		{Name: "in", Links: []routing.Link{in}}, {Name: "out", Links: []routing.Link{out}}})
}

func throughMSU(text string) *ss7.MSU {
	return &ss7.MSU{DPC: 16383, OPC: 5, SI: ss7.SCCP, NI: ss7.International, Payload: []byte(text)}
}

// A hold that a new table names too goes on with what waits there. What comes to it from a hold that is over keeps its
// turn, so it leaves before what has come since (Q.704 §5.4).
func TestHoldGoesOnInTheNextTable(t *testing.T) {
	c := newCarrier(t, 1, 60)
	n, now := c.in.node, time.Now()
	over, stays := &hold{node: n}, &hold{node: n}
	with := func(table *routing.Table) *view {
		v := *n.view.Load()
		v.table = table
		return &v
	}
	before := with(tableOf(routing.Link{Ready: true}, routing.Link{Hold: true}))
	before.holds = map[ss7.PathID]*hold{c.in.id.Hold(): over, c.out.id.Hold(): stays}
	n.view.Store(before)
	over.offer(now, throughMSU("first"), c.in.id, nil)
	stays.offer(now, throughMSU("second"), c.in.id, nil)
	over.offer(now, throughMSU("third"), c.in.id, nil)
	c.got.text = new(strings.Builder)

	next := with(tableOf(routing.Link{Ready: true}, routing.Link{Hold: true}))
	n.publish(next)
	if next.holds[c.out.id.Hold()] != stays || stays.count() != 3 || c.got.text.Len() > 0 {
		t.Fatalf("at the hold that stays wait %d MSUs; sent: %q", stays.count(), c.got.text)
	}
	n.publish(with(tableOf(routing.Link{Ready: true}, routing.Link{Ready: true})))
	at := 0
	for _, text := range []string{"first", "second", "third"} {
		next := strings.Index(c.got.text.String()[at:], text)
		if next < 0 {
			t.Fatalf("no %s MSU in its place: %q", text, c.got.text)
		}
		at += next
	}
}

// What came by a link before its test had passed, and whose link fails, is discarded and counted (Q.707 §2.2).
func TestEarlyMSUsOfALinkThatFails(t *testing.T) {
	c := newCarrier(t, 1, 60)
	n := c.in.node
	before := n.discards.by[mtp3.NotInService].Load()
	c.in.rx.Lock()
	for range 3 {
		if !c.in.stash(throughMSU("early")) {
			t.Error("there was no room")
		}
	}
	c.in.rx.Unlock()
	c.in.Tell(ss7.Event{Kind: ss7.CommLost, Why: "cut"})
	if got := n.discards.by[mtp3.NotInService].Load() - before; got != 3 || len(c.in.early) > 0 {
		t.Errorf("of three MSUs %d were counted, and %d still wait", got, len(c.in.early))
	}
}

// What waited for an ASP until T(r) ended is discarded for that reason if MTP3 has no other way for it. What MTP3 does
// not let pass for any other reason is discarded for that one.
func TestReasonOfWhatWaited(t *testing.T) {
	c := newCarrier(t, 1, 60)
	n := c.in.node
	v := *n.view.Load()
	v.table = tableOf(routing.Link{Ready: true}, routing.Link{})
	nowhere := throughMSU("no route")
	nowhere.DPC = 7
	h := &hold{node: n, waiting: []held{keep(throughMSU("an hour"), 0), keep(throughMSU("a day"), 0), keep(nowhere, 0)}}
	h.waiting[0].over, h.waiting[2].over = mtp3.PendingOver, mtp3.PendingOver
	n.settle(time.Now(), []*hold{h}, nil, &v)
	for _, r := range []mtp3.Reason{mtp3.PendingOver, mtp3.Inaccessible, mtp3.NoRoute} {
		if got := n.discards.by[r].Load(); got != 1 {
			t.Errorf("%v: %d", r, got)
		}
	}
}

// While an instance settles holds it has their locks, and the other one may settle holds towards it. So what crosses
// leaves when the core comes to it, and not before.
func TestSettledMSUsCrossLater(t *testing.T) {
	here, there := newCarrier(t, 1, 60), newCarrier(t, 1, 60)
	n := here.in.node
	there.got.text = new(strings.Builder)
	x := &crossing{border: &border{from: n, to: there.in.node, kind: ss7.ITU, far: ss7.ITU, ni: ss7.International,
		origins: map[ss7.PC]alias{5: {pc: 6, path: 1}}, count: &borderCount{}}, id: 3, pc: 16383}
	busy, done := make(chan bool), make(chan bool)
	n.core.do(func() { close(busy); <-done })
	<-busy
	m := throughMSU("crosses")
	t1 := transfer{settled: &settled{}}
	t1.send(n, time.Now(), &group{to: x, msus: []*ss7.MSU{m}})
	if there.got.text.Len() > 0 {
		t.Error("it has crossed at once")
	}
	copy(m.Payload, bytes.Repeat([]byte("-"), len(m.Payload))) // whose it is uses the memory again
	close(done)
	n.core.ask(func() {})
	if !strings.Contains(there.got.text.String(), "crosses") {
		t.Errorf("sent: %q", there.got.text)
	}
}

// What waits has bounds: at a hold, where the rest is discarded and counted, and at a link whose test has not passed.
func TestWhatWaitsIsBounded(t *testing.T) {
	c := newCarrier(t, 1, 60)
	n, m := c.in.node, throughMSU("one more")
	h := &hold{node: n, waiting: make([]held, holdMost-1)}
	for range 2 {
		h.offer(time.Now(), m, c.in.id, nil)
	}
	if full := n.discards.by[mtp3.HoldFull].Load(); h.count() != holdMost || full != 1 {
		t.Errorf("%d MSUs wait, and for %d there was no room", h.count(), full)
	}
	c.in.rx.Lock()
	defer c.in.rx.Unlock()
	c.in.early = make([]held, earlyMost-1)
	if !c.in.stash(m) || c.in.stash(m) {
		t.Errorf("%d MSUs wait for the link's test", len(c.in.early))
	}
	c.in.early = nil
}

// What came by a link before its test had passed goes on as soon as a table has the link, and not before (Q.707 §2.2).
func TestEarlyMSUsGoOn(t *testing.T) {
	c := newCarrier(t, 1, 60)
	n := c.in.node
	c.got.text = new(strings.Builder)
	for _, ready := range []bool{false, true} {
		v := *n.view.Load()
		v.table = tableOf(routing.Link{Ready: ready}, routing.Link{Ready: true})
		n.publish(&v)
		if !ready {
			c.in.rx.Lock()
			c.in.arrived(time.Now(), &transfer{msus: []*ss7.MSU{throughMSU("early")}})
			c.in.rx.Unlock()
		}
		if got := strings.Contains(c.got.text.String(), "early"); got != ready {
			t.Errorf("the link is open: %v, and it was sent: %v", ready, got)
		}
	}
}

// A reader that has left is waited for no more.
func TestReadersLeave(t *testing.T) {
	t.Parallel()
	var r readers
	var one transfer
	leave := r.enter(&one)
	if len(r.all) != 1 {
		t.Error("nobody has entered")
	}
	if leave(); len(r.all) != 0 {
		t.Error("it is still there")
	}
}

// Who awaits readers also awaits what the timer of a link or the core has made a link route.
func TestLinksAreAwaited(t *testing.T) {
	c := newCarrier(t, 1, 60)
	n := c.in.node
	var free atomic.Bool
	done := make(chan bool)
	c.in.rx.Lock()
	go func() {
		n.awaitAll(n.view.Load())
		done <- free.Load()
	}()
	time.Sleep(20 * time.Millisecond) // enough for who does not wait
	free.Store(true)
	c.in.rx.Unlock()
	if !<-done {
		t.Error("a link still routed")
	}
}

// Readers are awaited too when all that changes is that an AS has gone: they may still bring it MSUs.
func TestReadersAreAwaitedWhenAnASGoes(t *testing.T) {
	c := newCarrier(t, 1, 60)
	n := c.in.node
	n.departures.add(&newM3UAAS(n, 7, "A").as)
	next := *n.view.Load()
	table := *next.table
	next.table = &table
	var reader transfer
	defer n.readers.enter(&reader)()
	var free atomic.Bool
	done := make(chan bool)
	reader.routing.Lock()
	go func() {
		n.publish(&next)
		done <- free.Load()
	}()
	time.Sleep(20 * time.Millisecond) // enough for who does not wait
	free.Store(true)
	reader.routing.Unlock()
	if !<-done {
		t.Error("a reader still routed by the older view")
	}
}
