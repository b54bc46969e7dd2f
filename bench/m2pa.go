package bench

import (
	"context"
	"fmt"
	"time"

	"github.com/gostp/gostp/drive"
	"github.com/gostp/gostp/m2pa"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/ss7"
)

// M2PAHeaders is how many octets M2PA and MTP3 add: headers, priority, SIO, routing label.
const M2PAHeaders = 16 + 1 + 1 + 4

// M2PA connects pairs of M2PA links. Their ends play the nodes adjacent to an STP; if no STP is in between,
// each is the far end of the other. si is the service indicator of the MSUs.
func M2PA(ctx context.Context, l Layout, si ss7.SI) (*Bench, error) {
	l.Params.OutStreams, l.Params.InStreams = 2, 2 // RFC 4165 §1.5.2
	return connect(ctx, l, M2PAHeaders, func(a sctp.Assoc, p *pair, far bool) end {
		return newLink(a, p, l.Coalesce, si, far)
	})
}

// newLink makes an end of an M2PA link and starts it. If far is true, the end is a sink.
func newLink(a sctp.Assoc, p *pair, coalesce time.Duration, si ss7.SI, far bool) *link {
	e := &link{reader: reader{a, p, coalesce}}
	e.msu = ss7.MSU{DPC: sinkPC + ss7.PC(p.id), OPC: sourcePC + ss7.PC(p.id), NI: ss7.International, SI: si}
	if far {
		e.sink = &sink{p}
	}
	e.link = drive.NewLink(m2paConfig(), e.receive, func(ev ss7.Event) {
		if ev.Kind == ss7.OutOfService {
			p.fail("its M2PA link failed: " + ev.Why)
		}
	})
	e.link.Tell(ss7.Event{Kind: ss7.Emergency}) // proving then takes half a second, not eight
	e.link.Tell(ss7.Event{Kind: ss7.Start})
	e.link.Attach(a)
	return e
}

// m2paConfig gives a configuration with a queue that no window fills.
func m2paConfig() m2pa.Config {
	c := m2pa.DefaultConfig()
	c.QueueMax = 1 << 16
	c.Onset = [3]int{c.QueueMax, c.QueueMax, c.QueueMax}
	return c
}

// link is one end of an M2PA link.
type link struct {
	reader
	link   *drive.Link
	sink   *sink
	msu    ss7.MSU // the MSU that is sent; its payload is used again
	tested bool    // the far end has tested the link, so it is an MTP3
}

func (e *link) open() (bool, string) {
	st := e.link.Status()
	return st.State == m2pa.InService, fmt.Sprintf("its M2PA link is %v: %s", st.State, st.Why)
}

func (e *link) send(_ time.Time, n int, fill func([]byte) uint8, _ func(uint8)) (int, error) {
	st := e.link.Status()
	if st.State != m2pa.InService {
		return 0, fmt.Errorf("its M2PA link is %v: %s", st.State, st.Why)
	}
	// No more messages wait in SCTP than half the send buffer has room for, so that SCTP never refuses what M2PA
	// has numbered.
	n = min(n, sendRoom/max(e.p.load.Size, 1)-st.Unacked-st.Queued)
	if want := max(e.p.load.Size-M2PAHeaders, stampLen); len(e.msu.Payload) != want {
		e.msu.Payload = make([]byte, want)
	}
	for total := 0; total < n; total += batchSize {
		e.link.SendAll(func(yield func(*ss7.MSU) bool) {
			for range min(n-total, batchSize) {
				e.msu.SLS = fill(e.msu.Payload)
				if !yield(&e.msu) {
					return
				}
			}
		})
	}
	return max(n, 0), nil
}

// sendRoom is half of the send buffer of sctp.DefaultParams, in octets.
const sendRoom = 2 << 20

func (e *link) serve() {
	e.run(func(_ time.Time, items []sctp.Item) { e.link.Recv(items) })
}

// receive handles MSUs. If the end is no sink, only MSUs of network management have somewhere to go.
func (e *link) receive(now time.Time, msus []*ss7.MSU) {
	each := func(yield func([]byte) bool) {
		for _, m := range msus {
			if m.SI.OfMTP3() {
				e.management(m)
			} else if !yield(m.Payload) {
				return
			}
		}
	}
	if e.sink != nil {
		e.sink.batch(now, each)
		return
	}
	for range each {
	}
}

// management answers a link test (Q.707 §2.2). Once, it tells a far end that tests that this node has no
// restart to wait for (TRA, Q.704 §9.4, heading 0x17).
func (e *link) management(m *ss7.MSU) {
	t, err := mtp3.ParseLinkTest(m.Payload)
	if m.SI == ss7.SNM || err != nil || t.Ack {
		return
	}
	back := ss7.MSU{DPC: m.OPC, OPC: m.DPC, SLS: m.SLS, NI: m.NI, SI: m.SI}
	back.Payload = mtp3.AppendLinkTest(nil, mtp3.LinkTest{Ack: true, Pattern: t.Pattern, SLC: t.SLC})
	e.link.Send(&back)
	if !e.tested {
		e.tested = true
		back.SI, back.SLS, back.Payload = ss7.SNM, 0, []byte{0x17}
		e.link.Send(&back)
	}
}

func (e *link) close() { e.link.Close("the measurement is over") }
