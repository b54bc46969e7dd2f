package bench

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gostp/gostp/drive"
	"github.com/gostp/gostp/internal/lock"
	"github.com/gostp/gostp/loop"
	"github.com/gostp/gostp/m2ua"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// M2UAHeaders is how many octets M2UA and MTP3 add to a payload: common header, interface identifier, tag of
// the protocol data, SIO, routing label. What follows is padded to four octets.
const M2UAHeaders = 8 + 8 + 4 + 1 + 4

// M2UA connects pairs of an ASP and the far end of the M2PA link that a gateway offers to it; pair i has
// interface i. The ASPs are the sources and dial l.In. If down is true, they are the sinks and dial l.Out. See
// BackhaulConfig. si is the service indicator of the MSUs.
func M2UA(ctx context.Context, l Layout, si ss7.SI, down bool) (*Bench, error) {
	if l.direct() {
		return nil, errors.New("an ASP and an M2PA link need a gateway between them")
	}
	l.Params.OutStreams, l.Params.InStreams = 2, 2 // stream 0 is not for links (RFC 3331 §1.5.4.1)
	return connect(ctx, l, M2UAHeaders, func(a sctp.Assoc, p *pair, far bool) end {
		if far != down {
			return newLink(a, p, l.Coalesce, si, far)
		}
		return newBackhauled(a, p, l.Coalesce, si, far)
	})
}

// backhauled is an ASP with the one link that its gateway has for it.
type backhauled struct {
	reader
	sink *sink
	msu  ss7.MSU // the MSU that is sent; its payload is used again

	mu       lock.Mutex[lock.BenchPeer] // the loop's Lock: it guards what follows
	loop     loop.Loop
	order    lock.Mutex[lock.BenchOrder] // the loop's Order
	layer    *m2ua.Layer
	link     *m2ua.Link
	messages []sctp.Message
	moved    bool   // the layer has a new Way to its server
	why      string // what the gateway or the layer said last
}

func newBackhauled(a sctp.Assoc, p *pair, coalesce time.Duration, si ss7.SI, far bool) *backhauled {
	label := m2ua.Label{Interface: m2ua.Interface{ID: uint32(p.id)}, Variant: ss7.ITU}
	e := &backhauled{reader: reader{a, p, coalesce}, layer: m2ua.New()}
	e.link = m2ua.NewLink(drive.Server,
		m2ua.LinkConfig{Label: label, Answer: m2ua.DefaultAnswer, Establish: m2ua.DefaultEstablish})
	e.msu = ss7.MSU{DPC: sinkPC + ss7.PC(p.id), OPC: sourcePC + ss7.PC(p.id), NI: ss7.International, SI: si}
	if far {
		e.sink = &sink{p}
	}
	e.loop = loop.Loop{Machine: e, Hands: e, Lock: &e.mu, Order: &e.order, Pass: e.receive}
	e.loop.Run(func(now time.Time, out []ss7.Action) []ss7.Action {
		e.link.Do(now, ss7.Event{Kind: ss7.Emergency}, nil)
		e.link.Do(now, ss7.Event{Kind: ss7.Start}, nil)
		return e.layer.Configure(now, backhaulOf(label), out)
	})
	e.loop.Tell(ss7.Event{Kind: ss7.CommUp, Path: drive.Gateway})
	return e
}

// backhaulOf gives the configuration of an ASP with one interface.
func backhaulOf(label m2ua.Label) m2ua.Config {
	gateway := xua.ASPConfig{Path: drive.Gateway, Name: "gateway", Role: xua.RoleASP, TAck: xua.DefaultTAck}
	server := xua.ASConfig{Path: drive.Server, Name: "own", Members: []xua.MemberConfig{{ASP: drive.Gateway, Weight: 1}}}
	return m2ua.Config{ASPs: []m2ua.ASPConfig{{ASPConfig: gateway}}, ASs: []m2ua.ASConfig{{ASConfig: server,
		Interfaces: []m2ua.InterfaceConfig{{Label: label, Path: drive.Server}}}}}
}

func (e *backhauled) open() (bool, string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	st := e.link.Status()
	why := st.Why
	if e.why != "" && st.State == m2ua.NoGateway {
		why = e.why
	}
	return st.State == m2ua.InService, fmt.Sprintf("its link at the gateway is %v: %s", st.State, why)
}

// Do implements ss7.Machine: events are for the layer.
func (e *backhauled) Do(now time.Time, ev ss7.Event, out []ss7.Action) []ss7.Action {
	return e.layer.Do(now, ev, out)
}

// Tick implements ss7.Machine.
func (e *backhauled) Tick(now time.Time, out []ss7.Action) []ss7.Action {
	return e.link.Tick(now, e.layer.Tick(now, out))
}

// Deadline implements ss7.Machine.
func (e *backhauled) Deadline() time.Time {
	next := e.layer.Deadline()
	if d := e.link.Deadline(); next.IsZero() || !d.IsZero() && d.Before(next) {
		next = d
	}
	return next
}

// Send implements loop.Hands.
func (e *backhauled) Send(a *ss7.Action) {
	stream := uint16(0)
	if m2ua.IsMAUP(a.Wire) {
		stream = 1
	}
	e.messages = append(e.messages, sctp.Message{Stream: stream, PPID: m2ua.PPID, Data: a.Wire})
}

// Raise implements loop.Hands.
func (e *backhauled) Raise(ev *ss7.Event) {
	switch {
	case ev.Kind == xua.Republish && ev.Path == drive.Server:
		e.moved = true
	case ev.Kind == ss7.OutOfService:
		e.p.fail("its link at the gateway failed: " + ev.Why)
	}
}

// Hangup implements loop.Hands. A measurement goes on until its association ends by itself.
func (e *backhauled) Hangup(*ss7.Event) {}

// Note implements loop.Hands.
func (e *backhauled) Note(ev *ss7.Event) {
	if ev.Path == drive.Gateway {
		e.why = ev.Why
	}
}

// Done implements loop.Hands. When the messages of the turn are gone, the link is told what the layer says of
// its Way.
func (e *backhauled) Done() (rest func()) {
	e.flush()
	if e.moved {
		e.moved = false
		ev := ss7.Event{Kind: ss7.CommLost, Why: "this end is not active at the gateway"}
		if w := e.layer.Way(drive.Server); w != nil && w.State == xua.ASActive {
			ev = ss7.Event{Kind: ss7.CommUp}
		}
		loop.Carry(e, e.link.Do(time.Now(), ev, nil))
		e.flush()
	}
	return nil
}

// flush sends the messages. The caller holds mu.
func (e *backhauled) flush() {
	messages := e.messages
	e.messages = messages[:0]
	if len(messages) == 0 {
		return
	}
	if n, err := e.assoc.Send(messages); n < len(messages) {
		e.p.fail(fmt.Sprintf("%d of %d messages could not be queued: %v", len(messages)-n, len(messages), err))
	}
}

func (e *backhauled) send(_ time.Time, n int, fill func([]byte) uint8, _ func(uint8)) (int, error) {
	if ok, why := e.open(); !ok {
		return 0, errors.New(why)
	}
	if want := max(e.p.load.Size-M2UAHeaders, stampLen); len(e.msu.Payload) != want {
		e.msu.Payload = make([]byte, want)
	}
	// No more messages wait in SCTP than half the send buffer has room for, so that nothing is refused.
	n = min(n, (sendRoom-e.assoc.Status().SendQueued)/max(e.p.load.Size, 1))
	for total := 0; total < n; total += batchSize {
		e.loop.Run(func(now time.Time, out []ss7.Action) []ss7.Action {
			for range min(n-total, batchSize) {
				e.msu.SLS = fill(e.msu.Payload)
				out = e.link.Transfer(now, &e.msu, out)
			}
			return out
		})
	}
	return max(n, 0), nil
}

// serve gives the link the messages of the interface, and the layer everything else, in the order in which they
// came.
func (e *backhauled) serve() {
	e.run(func(_ time.Time, items []sctp.Item) {
		for len(items) > 0 {
			n, link := 1, about(&items[0])
			for n < len(items) && link && about(&items[n]) {
				n++
			}
			if some := items[:n]; some[0].Event == nil {
				e.loop.Take(func(now time.Time, out []ss7.Action) []ss7.Action { return e.recv(now, some, link, out) })
			}
			items = items[n:]
		}
	})
}

// about tells whether an item is a message of the interface.
func about(it *sctp.Item) bool { return it.Event == nil && m2ua.IsMAUP(it.Data) }

func (e *backhauled) recv(now time.Time, items []sctp.Item, link bool, out []ss7.Action) []ss7.Action {
	if !link {
		return e.layer.Recv(now, drive.Gateway, items[0].PPID, items[0].Data, out)
	}
	for i := range items {
		out = e.link.Recv(now, items[i].Stream, items[i].Data, out)
	}
	return out
}

func (e *backhauled) receive(now time.Time, msus []*ss7.MSU) {
	if e.sink == nil {
		return
	}
	e.sink.batch(now, func(yield func([]byte) bool) {
		for _, m := range msus {
			if !yield(m.Payload) {
				return
			}
		}
	})
}

func (e *backhauled) close() {
	e.loop.Stop()
	e.assoc.Abort("the measurement is over")
}

// BackhaulConfig gives the configuration of a gostp that is a gateway of M2UA. The gateway is at l.In for the
// sources and at l.Out for the sinks; ASPs are at one of these. transport is as in STPConfig.
func BackhaulConfig(l Layout, transport string, down bool) string {
	var w strings.Builder
	sides := l.sides()
	asps, links, asp, link := sides[0], sides[1], l.In, l.Out
	if down {
		asps, links, asp, link = sides[1], sides[0], l.Out, l.In
	}
	fmt.Fprintf(&w, "hostname bench\n!\ncs7 variant itu\n")
	for _, port := range []struct {
		what string
		at   sctp.Addr
	}{{"local-peer", link}, {"m2ua", asp}} {
		fmt.Fprintf(&w, "!\ncs7 %s %d\n", port.what, port.at.Port)
		if transport != "" {
			fmt.Fprintf(&w, " transport %s\n", transport)
		}
		for _, ip := range port.at.IPs {
			fmt.Fprintf(&w, " local-ip %s\n", ip)
		}
	}
	for i := range l.Pairs {
		fmt.Fprintf(&w, "!\ncs7 asp asp%d %d %d m2ua\n remote-ip %s\n", i, asps.port+i, asp.Port, asps.ip)
		fmt.Fprintf(&w, "cs7 as as%d m2ua\n asp asp%d\n interface-identifier %d sctp %s %d %d passive\n", i, i, i,
			links.ip, links.port+i, link.Port)
	}
	fmt.Fprintf(&w, "!\nend\n")
	return w.String()
}
