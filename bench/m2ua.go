package bench

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/gostp/gostp/m2ua"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// M2UAHeaders is what M2UA and MTP3 add to a payload: common header, interface identifier,
// tag of the protocol data, SIO, routing label. What follows is padded to four octets.
const M2UAHeaders = 8 + 8 + 4 + 1 + 4

// M2UA connects pairs of an ASP and the far end of the M2PA link that a gateway offers
// it, pair i by interface i: the ASPs are the sources and dial l.In, or, down, the sinks and
// dial l.Out. See BackhaulConfig. si is that of the MSUs.
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
	msu  ss7.MSU // of those that are sent; its payload is used again
	got  []ss7.Action

	mu       sync.Mutex // guards what follows
	layer    *m2ua.Layer
	link     *m2ua.Link
	actions  []ss7.Action
	messages []sctp.Message
	timer    *time.Timer
	closed   bool
	why      string // what the gateway or the layer said last
}

func newBackhauled(a sctp.Assoc, p *pair, coalesce time.Duration, si ss7.SI, far bool) *backhauled {
	label := m2ua.Label{Interface: m2ua.Interface{ID: uint32(p.id)}, Variant: ss7.ITU}
	e := &backhauled{reader: reader{a, p, coalesce}, layer: m2ua.New(),
		link: m2ua.NewLink(serverPath, m2ua.LinkConfig{Label: label, Answer: m2ua.DefaultAnswer, Establish: m2ua.DefaultEstablish})}
	e.msu = ss7.MSU{DPC: sinkPC + ss7.PC(p.id), OPC: sourcePC + ss7.PC(p.id), NI: ss7.International, SI: si}
	if far {
		e.sink = &sink{p}
	}
	e.timer = time.AfterFunc(time.Hour, e.tick)
	conf := m2ua.Config{ASPs: []m2ua.ASPConfig{{ASPConfig: xua.ASPConfig{Path: gatewayPath, Name: "gateway", Role: xua.RoleASP, TAck: xua.DefaultTAck}}},
		ASs: []m2ua.ASConfig{{ASConfig: xua.ASConfig{Path: serverPath, Name: "own", Members: []xua.MemberConfig{{ASP: gatewayPath, Weight: 1}}},
			Interfaces: []m2ua.InterfaceConfig{{Label: label, Path: serverPath}}}}}
	e.mu.Lock()
	defer e.mu.Unlock()
	now := time.Now()
	e.link.Do(now, ss7.Event{Kind: ss7.Emergency}, nil)
	e.link.Do(now, ss7.Event{Kind: ss7.Start}, nil)
	e.perform(now, e.layer.Configure(now, conf, e.actions[:0]))
	e.perform(now, e.layer.Do(now, ss7.Event{Kind: ss7.CommUp, Path: gatewayPath}, e.actions[:0]))
	return e
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

func (e *backhauled) tick() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return
	}
	now := time.Now()
	e.perform(now, e.layer.Tick(now, e.actions[:0]))
	e.perform(now, e.link.Tick(now, e.actions[:0]))
}

// perform carries out what the layer or the link answered. The caller holds mu.
func (e *backhauled) perform(now time.Time, actions []ss7.Action) {
	e.messages = e.messages[:0]
	stands := false
	for i := range actions {
		a := &actions[i]
		switch {
		case a.Op == ss7.Send:
			stream := uint16(0)
			if m2ua.IsMAUP(a.Wire) {
				stream = 1
			}
			e.messages = append(e.messages, sctp.Message{Stream: stream, PPID: m2ua.PPID, Data: a.Wire})
		case a.Op == ss7.Note && a.Event.Path == gatewayPath:
			e.why = a.Event.Why
		case a.Op == ss7.Raise && a.Event.Kind == ss7.Republish && a.Event.Path == serverPath:
			stands = true
		case a.Op == ss7.Raise && a.Event.Kind == ss7.OutOfService:
			e.p.fail("its link at the gateway failed: " + a.Event.Why)
		}
	}
	if len(e.messages) > 0 {
		if n, err := e.assoc.Send(e.messages); n < len(e.messages) {
			e.p.fail(fmt.Sprintf("%d of %d messages could not be queued: %v", len(e.messages)-n, len(e.messages), err))
		}
	}
	if stands {
		ev := ss7.Event{Kind: ss7.CommLost, Why: "this end is not active at the gateway"}
		if w := e.layer.Way(serverPath); w != nil && w.State == xua.ASActive {
			ev = ss7.Event{Kind: ss7.CommUp}
		}
		e.perform(now, e.link.Do(now, ev, nil))
	}
	e.arm(now)
}

// arm sets the timer to the next deadline; one that fires early finds nothing due.
func (e *backhauled) arm(now time.Time) {
	next := e.layer.Deadline()
	if d := e.link.Deadline(); next.IsZero() || !d.IsZero() && d.Before(next) {
		next = d
	}
	if !e.closed && !next.IsZero() {
		e.timer.Reset(max(next.Sub(now), time.Millisecond))
	}
}

func (e *backhauled) send(now time.Time, n int, fill func([]byte) uint8, _ func(uint8)) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if st := e.link.Status(); st.State != m2ua.InService {
		return 0, fmt.Errorf("its link at the gateway is %v: %s", st.State, st.Why)
	}
	if want := max(e.p.load.Size-M2UAHeaders, stampLen); len(e.msu.Payload) != want {
		e.msu.Payload = make([]byte, want)
	}
	// Half the send buffer's worth at most waits in SCTP, so that nothing is refused.
	n = min(n, (sendRoom-e.assoc.Status().SendQueued)/max(e.p.load.Size, 1))
	total := 0
	for total < n {
		e.actions = e.actions[:0]
		for range min(n-total, batchSize) {
			e.msu.SLS = fill(e.msu.Payload)
			e.actions = e.link.Transfer(now, &e.msu, e.actions)
			total++
		}
		e.perform(now, e.actions)
	}
	return total, nil
}

func (e *backhauled) serve() {
	each := func(yield func([]byte) bool) {
		for i := range e.got {
			a := &e.got[i]
			if a.Op == ss7.Raise && a.Event.Kind == ss7.Transfer && !yield(a.Event.MSU.Payload) {
				return
			}
		}
	}
	e.run(func(now time.Time, items []sctp.Item) {
		e.mu.Lock()
		e.got = e.got[:0]
		done := 0 // of got: what the layer says may have the link write anew where these are written
		for i := range items {
			switch it := &items[i]; {
			case it.Event != nil:
			case m2ua.IsMAUP(it.Data):
				e.got = e.link.Recv(now, it.Stream, it.Data, e.got)
			default:
				e.perform(now, e.got[done:])
				done = len(e.got)
				e.perform(now, e.layer.Recv(now, gatewayPath, it.PPID, it.Data, nil))
			}
		}
		e.perform(now, e.got[done:])
		e.mu.Unlock()
		if e.sink != nil {
			e.sink.batch(now, each)
		}
	})
}

func (e *backhauled) close() {
	e.mu.Lock()
	e.closed = true
	e.timer.Stop()
	e.mu.Unlock()
	e.assoc.Abort("the measurement is over")
}

// BackhaulConfig is the configuration of a gostp that is the gateway of M2UA: at l.In for the
// sources and at l.Out for the sinks, at one of which ASPs are. transport is as in STPConfig.
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
		fmt.Fprintf(&w, "cs7 as as%d m2ua\n asp asp%d\n interface-identifier %d sctp %s %d %d passive\n", i, i, i, links.ip, links.port+i, link.Port)
	}
	fmt.Fprintf(&w, "!\nend\n")
	return w.String()
}
