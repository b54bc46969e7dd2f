package bench

import (
	"context"
	"errors"
	"time"

	"github.com/gostp/gostp/drive"
	"github.com/gostp/gostp/internal/lock"
	"github.com/gostp/gostp/m3ua"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// M3UAHeaders is how many octets M3UA adds to a payload: common header, routing context, and tag and label of
// the protocol data. What follows is padded to four octets.
const M3UAHeaders = 8 + 8 + 4 + 12

// These are the routing contexts of the first source and the first sink. Each further pair has the next ones.
const (
	sourceRC = 1000
	sinkRC   = 2000
)

// M3UA connects pairs of ASPs through the gateway at l.In and l.Out. Each ASP has an application server of its
// own. With register, the ASPs ask the gateway for their routing keys; else the gateway knows them: see
// GatewayConfig. si is the service indicator of the MSUs.
func M3UA(ctx context.Context, l Layout, si ss7.SI, register bool) (*Bench, error) {
	if l.direct() {
		return nil, errors.New("ASPs need a gateway between them")
	}
	l.Params.OutStreams, l.Params.InStreams = Flows+1, Flows+1 // stream 0 is not for DATA (RFC 4666 §1.4.7)
	return connect(ctx, l, M3UAHeaders, func(a sctp.Assoc, p *pair, far bool) end {
		e := &asp{reader: reader{a, p, l.Coalesce}, streams: a.Status().OutStreams}
		own, rc := sourcePC+ss7.PC(p.id), uint32(sourceRC)
		if far {
			e.sink = &sink{p}
			own, rc = sinkPC+ss7.PC(p.id), sinkRC
		}
		e.msu = ss7.MSU{DPC: sinkPC + ss7.PC(p.id), OPC: own, NI: ss7.International, SI: si}
		conf := drive.ASPOf(ss7.ITU, own, rc+uint32(p.id))
		if as := &conf.ASs[0]; register {
			as.HasID, as.Register, as.TR = false, true, xua.DefaultTR
		}
		var err error
		if e.m3ua, err = drive.NewM3UA(conf, e.receive, e.event); err != nil {
			p.fail(err.Error())
		}
		e.m3ua.Attach(drive.Gateway, a)
		return e
	})
}

// asp is one end: an ASP on its association.
type asp struct {
	reader
	m3ua    *drive.M3UA
	sink    *sink
	streams uint16
	msu     ss7.MSU // the MSU that is sent; its payload is used again

	sending lock.Mutex[lock.BenchBatch] // guards what follows
	arena   []byte
	out     batch

	yield func(payload []byte) bool // the yield of the batch that is being read

	mu   lock.Mutex[lock.BenchPeer] // guards what follows
	why  string                     // what the gateway or the layer said last
	told uint64                     // how many SCON the gateway sent
}

func (e *asp) open() (bool, string) {
	if _, ok := e.m3ua.Label(drive.Gateway, drive.Server); ok {
		return true, ""
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.why == "" {
		return false, "the gateway does not answer"
	}
	return false, "its ASP is not active: " + e.why
}

// event handles what the layer says of the gateway.
func (e *asp) event(ev ss7.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch ev.Kind {
	case ss7.Status:
		e.told++
	case ss7.StateChange:
		e.why = ev.Why
	}
}

func (e *asp) send(_ time.Time, n int, fill func([]byte) uint8, undo func(uint8)) (int, error) {
	label, ok := e.m3ua.Label(drive.Gateway, drive.Server)
	if !ok {
		_, why := e.open()
		return 0, errors.New(why)
	}
	e.sending.Lock()
	defer e.sending.Unlock()
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
		return e.msu.SLS, sctp.Message{Stream: m3ua.Stream(e.msu.SLS, e.streams), PPID: m3ua.PPID,
			Data: e.arena[start:len(e.arena):len(e.arena)]}
	}, undo)
}

func (e *asp) serve() {
	e.run(func(now time.Time, items []sctp.Item) {
		each := func(yield func([]byte) bool) {
			e.yield = yield
			e.m3ua.Recv(drive.Gateway, items)
		}
		if e.sink != nil {
			e.sink.batch(now, each)
			return
		}
		for range each { // DATA that comes to a source has nowhere to go
		}
	})
}

func (e *asp) receive(_, _ ss7.PathID, m *ss7.MSU) { e.yield(m.Payload) }

func (e *asp) congested() uint64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.told
}

func (e *asp) close() { e.m3ua.Close("the measurement is over") }
