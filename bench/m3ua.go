package bench

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/gostp/gostp/m3ua"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// M3UAHeaders is what M3UA adds to a payload: common header, routing context, and tag
// and label of the protocol data. What follows is padded to four octets.
const M3UAHeaders = 8 + 8 + 4 + 12

// Routing contexts of the sources and the sinks, one for each pair from here on.
const (
	sourceRC = 1000
	sinkRC   = 2000
)

// Paths of an end's own layer: its gateway, and the way there.
const (
	gatewayPath ss7.PathID = iota + 1
	serverPath
)

// M3UA connects pairs of ASPs, each of an application server of its own, through the
// gateway at l.In and l.Out. With register they ask it for their routing keys, else it
// knows them: see GatewayConfig. si is that of the MSUs.
func M3UA(ctx context.Context, l Layout, si ss7.SI, register bool) (*Bench, error) {
	if l.direct() {
		return nil, errors.New("ASPs need a gateway between them")
	}
	l.Params.OutStreams, l.Params.InStreams = Flows+1, Flows+1 // stream 0 is not for DATA (RFC 4666 §1.4.7)
	return connect(ctx, l, M3UAHeaders, func(a sctp.Assoc, p *pair, far bool) end {
		e := &asp{reader: reader{a, p, l.Coalesce}, layer: m3ua.New(), streams: a.Status().OutStreams}
		own, rc := sourcePC+ss7.PC(p.id), uint32(sourceRC)
		if far {
			e.sink = &sink{p}
			own, rc = sinkPC+ss7.PC(p.id), sinkRC
		}
		e.msu = ss7.MSU{DPC: sinkPC + ss7.PC(p.id), OPC: own, NI: ss7.International, SI: si}
		e.timer = time.AfterFunc(time.Hour, e.tick)
		e.do(func(now time.Time, out []ss7.Action) []ss7.Action {
			out, err := e.layer.Configure(now, aspSide(own, rc+uint32(p.id), register), out)
			if err != nil {
				p.fail(err.Error())
			}
			return e.layer.Do(now, ss7.Event{Kind: ss7.CommUp, Path: gatewayPath}, out)
		})
		return e
	})
}

// aspSide is an ASP of one application server, whose only code is own.
func aspSide(own ss7.PC, rc uint32, register bool) m3ua.Config {
	server := m3ua.ASConfig{Away: true, Key: m3ua.Key{Terms: []m3ua.Term{{DPC: ss7.Range{PC: own, Len: ss7.ITU.Bits()}}}},
		ASConfig: xua.ASConfig{Path: serverPath, Name: "own", ID: rc, HasID: !register, Register: register, TR: xua.DefaultTR,
			Members: []xua.MemberConfig{{ASP: gatewayPath, Weight: 1}}}}
	return m3ua.Config{Networks: []m3ua.Network{{Variant: ss7.ITU}}, ASs: []m3ua.ASConfig{server},
		ASPs: []m3ua.ASPConfig{{ASPConfig: xua.ASPConfig{Path: gatewayPath, Name: "gateway", Role: xua.RoleASP, TAck: xua.DefaultTAck}}}}
}

// asp is one end: an ASP on its association.
type asp struct {
	reader
	sink    *sink
	streams uint16
	msu     ss7.MSU // of those that are sent; its payload is used again
	items   []sctp.Item

	mu      sync.Mutex // guards what follows
	layer   *m3ua.Layer
	gate    *m3ua.Gate
	actions []ss7.Action
	arena   []byte
	out     batch
	timer   *time.Timer
	closed  bool
	why     string // what the gateway or the layer said last
	told    uint64 // SCON that the gateway sent
}

func (e *asp) open() (bool, string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.gate != nil {
		if _, ok := e.gate.To(serverPath); ok {
			return true, ""
		}
	}
	if e.why == "" {
		return false, "the gateway does not answer"
	}
	return false, "its ASP is not active: " + e.why
}

// do has the layer do something and carries out what it answers.
func (e *asp) do(f func(now time.Time, out []ss7.Action) []ss7.Action) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return
	}
	e.actions = f(time.Now(), e.actions[:0])
	for i := range e.actions {
		a := &e.actions[i]
		switch {
		case a.Op == ss7.Send:
			if _, err := e.assoc.Send([]sctp.Message{{Stream: a.Stream, PPID: m3ua.PPID, Data: a.Wire}}); err != nil {
				e.p.fail(fmt.Sprintf("a message to the gateway could not be queued: %v", err))
			}
		case a.Op == ss7.Note:
			e.why = a.Event.Why
		case a.Op == ss7.Raise && a.Event.Kind == ss7.Status:
			e.told++
		}
	}
	e.gate = e.layer.Gate(gatewayPath)
	if next := e.layer.Deadline(); !next.IsZero() {
		e.timer.Reset(max(time.Until(next), time.Millisecond))
	}
}

func (e *asp) tick() { e.do(e.layer.Tick) }

func (e *asp) send(_ time.Time, n int, fill func([]byte) uint8, undo func(uint8)) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	label, ok := e.gate.To(serverPath)
	if !ok {
		return 0, errors.New("its ASP is not active: " + e.why)
	}
	if want := max(e.p.load.Size-M3UAHeaders, stampLen); len(e.msu.Payload) != want {
		e.msu.Payload = make([]byte, want)
	}
	return e.out.send(e.assoc, n, func(i int) (uint8, sctp.Message) {
		if i == 0 {
			e.arena = e.arena[:0]
		}
		e.msu.SLS = fill(e.msu.Payload)
		start := len(e.arena)
		e.arena = label.Append(e.arena, &e.msu)
		return e.msu.SLS, sctp.Message{Stream: m3ua.Stream(e.msu.SLS, e.streams), PPID: m3ua.PPID, Data: e.arena[start:len(e.arena):len(e.arena)]}
	}, undo)
}

func (e *asp) serve() {
	var d m3ua.Data
	each := func(yield func([]byte) bool) {
		for i := range e.items {
			it := &e.items[i]
			switch {
			case it.Event != nil:
			case m3ua.IsData(it.Data):
				if m3ua.ParseData(it.Data, &d) != nil {
					d.MSU.Payload = nil // foreign
				}
				if !yield(d.MSU.Payload) {
					return
				}
			default:
				e.do(func(now time.Time, out []ss7.Action) []ss7.Action {
					return e.layer.Recv(now, gatewayPath, it.Stream, it.PPID, it.Data, out)
				})
			}
		}
	}
	e.run(func(now time.Time, items []sctp.Item) {
		e.items = items
		if e.sink != nil {
			e.sink.batch(now, each)
			return
		}
		for range each { // DATA to a source has nowhere to go
		}
	})
}

func (e *asp) congested() uint64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.told
}

func (e *asp) close() {
	e.mu.Lock()
	e.closed = true
	e.timer.Stop()
	e.mu.Unlock()
	e.assoc.Abort("the measurement is over")
}
