package node

import (
	"context"
	"encoding/binary"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/loop"
	"github.com/gostp/gostp/m2pa"
	"github.com/gostp/gostp/machine"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/sctp/sctptest"
	"github.com/gostp/gostp/ss7"
)

// wires is a memory network whose addresses can be cut off one by one.
type wires struct{ *sctptest.Memory }

func newWires() *wires { return &wires{sctptest.NewMemory(1)} }

func (w *wires) setCut(addr string, cut bool) { w.Cut(netip.MustParseAddr(addr), netip.Addr{}, cut) }

type wiresPlatform struct {
	machine.NoIP
	*wires
	t sctp.Transport
}

func onWires(w *wires) wiresPlatform { return wiresPlatform{wires: w, t: sctp.NewUser(w)} }

func (p wiresPlatform) Transport(configs.Transport) (sctp.Transport, string, error) {
	return p.t, "wires", nil
}

// boxOn is a node on w.
func boxOn(t *testing.T, w *wires, config string) *box {
	return newBoxOn(t, onWires(w), config)
}

// station is a signalling end point with one M2PA link to an STP, which the test
// plays: it answers link tests, sends what it is told to and keeps what it receives.
type station struct {
	t       *testing.T
	pc, stp ss7.PC
	kind    *ss7.Variant
	mu      sync.Mutex // the loop's Order
	loop    loop.Loop
	link    *m2pa.Link
	up      bool // its own link test was answered, or that of the STP
	got     []received
	user    func(m *ss7.MSU) // takes what is for a user, if set; it must not wait

	level2 sync.Mutex // the loop's Lock: it guards assoc and mangle
	assoc  sctp.Assoc
	mangle func(wire []byte) // changes what the link sends, if set

	management []told // network management that came
	group      sync.WaitGroup
}

type told struct {
	at time.Time
	ss7.MSU
}

type received struct {
	at            time.Time
	sls           uint8
	serial, flow  uint32
	dpc, opc      ss7.PC
	payloadLength int
}

func newStation(ctx context.Context, t *testing.T, w *wires, ip, stp string, pc, stpPC ss7.PC) *station {
	return newStationOf(ctx, t, w, ss7.ITU, ip, stp, pc, stpPC)
}

func newStationOf(ctx context.Context, t *testing.T, w *wires, kind *ss7.Variant, ip, stp string, pc,
	stpPC ss7.PC) *station {
	return newStationBy(ctx, t, sctp.NewUser(w), kind, ip, stp, pc, stpPC)
}

// newStationBy is one over any transport.
func newStationBy(ctx context.Context, t *testing.T, tr sctp.Transport, kind *ss7.Variant, ip, stp string,
	pc, stpPC ss7.PC) *station {
	at, err := netip.ParseAddrPort(stp)
	if err != nil {
		at = netip.AddrPortFrom(netip.MustParseAddr(stp), 1024)
	}
	own := sctp.Addr{IPs: []netip.Addr{netip.MustParseAddr(ip)}, Port: 1024}
	e, err := tr.Open(own, sctp.Params{OutStreams: 2, InStreams: 2})
	if err != nil {
		t.Fatal(err)
	}
	s := &station{t: t, pc: pc, stp: stpPC, kind: kind}
	conf := m2pa.DefaultConfig()
	conf.Variant = kind
	s.link = m2pa.New(1, conf)
	s.loop = loop.Loop{Machine: s.link, Hands: s, Lock: &s.level2, Order: &s.mu, Pass: s.pass}
	s.group.Go(func() {
		for ctx.Err() == nil {
			s.serve(ctx, e, sctp.Addr{IPs: []netip.Addr{at.Addr()}, Port: at.Port()})
			select {
			case <-ctx.Done():
			case <-time.After(100 * time.Millisecond):
			}
		}
	})
	s.group.Go(func() {
		<-ctx.Done()
		s.loop.Stop()
		e.Close()
	})
	return s
}

// serve dials and plays the link until the association ends.
func (s *station) serve(ctx context.Context, e sctp.Endpoint, stp sctp.Addr) {
	a, err := e.Dial(ctx, stp, sctp.Params{})
	if err != nil {
		return
	}
	s.mu.Lock()
	s.up = false
	s.mu.Unlock()
	s.level2.Lock()
	s.assoc = a
	s.level2.Unlock()
	for _, k := range []ss7.Kind{ss7.Emergency, ss7.Start, ss7.CommUp} {
		s.tell(ss7.Event{Kind: k})
	}
	batch := sctp.NewBatch(64)
	for a.Read(batch) == nil {
		s.loop.Take(func(now time.Time, out []ss7.Action) []ss7.Action {
			for _, it := range batch.Items {
				if it.Event == nil {
					out = s.link.Recv(now, it.Stream, it.Data, out)
				}
			}
			return out
		})
	}
	s.tell(ss7.Event{Kind: ss7.CommLost, Why: "ended"})
}

func (s *station) tell(ev ss7.Event) { s.loop.Tell(ev) }

// Send implements loop.Hands: it sends what the link wants to, as mangle changes it.
func (s *station) Send(a *ss7.Action) {
	if s.assoc == nil {
		return
	}
	if s.mangle != nil {
		s.mangle(a.Wire)
	}
	_, _ = s.assoc.Send([]sctp.Message{{Stream: a.Stream, PPID: m2pa.PPID, Data: a.Wire}})
}

// A station plays on whatever its link says.
func (s *station) Raise(*ss7.Event)    {}
func (s *station) Hangup(*ss7.Event)   {}
func (s *station) Note(*ss7.Event)     {}
func (s *station) Done() (rest func()) { return nil }

func (s *station) pass(_ time.Time, msus []*ss7.MSU) {
	for _, m := range msus {
		s.receive(m)
	}
}

func (s *station) receive(m *ss7.MSU) {
	switch m.SI {
	case ss7.SNT, ss7.SNTS:
		if lt, err := mtp3.ParseLinkTest(m.Payload); err == nil && !lt.Ack {
			lt.Ack = true
			back := ss7.MSU{DPC: s.stp, OPC: s.pc, SLS: m.SLS, NI: m.NI, SI: m.SI}
			back.Payload = mtp3.AppendLinkTest(nil, lt)
			s.put(back)
			if !s.up {
				s.put(ss7.MSU{DPC: s.stp, OPC: s.pc, NI: m.NI, SI: ss7.SNM, Payload: []byte{byte(mtp3.TRA)}})
			}
			s.up = true
		}
	case ss7.SNM:
		kept := *m
		kept.Payload = slices.Clone(m.Payload)
		s.management = append(s.management, told{time.Now(), kept})
	default:
		if s.user != nil {
			s.user(m)
		} else if len(m.Payload) >= 8 {
			s.got = append(s.got, received{time.Now(), m.SLS, binary.BigEndian.Uint32(m.Payload),
				binary.BigEndian.Uint32(m.Payload[4:]), m.DPC, m.OPC, len(m.Payload)})
		}
	}
}

func (s *station) put(m ss7.MSU) {
	s.loop.Run(func(now time.Time, out []ss7.Action) []ss7.Action { return s.link.Transfer(now, &m, out) })
}

func (s *station) send(m ss7.MSU) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m.OPC, m.NI = s.pc, ss7.International
	s.put(m)
}

// stream sends n MSUs to dpc, one each interval, SLS by SLS, numbered within each.
func (s *station) stream(dpc ss7.PC, n int, interval time.Duration) {
	for i := range n {
		b := binary.BigEndian.AppendUint32(nil, uint32(i/16))
		b = binary.BigEndian.AppendUint32(b, uint32(s.pc))
		s.send(ss7.MSU{DPC: dpc, SLS: uint8(i % 16), SI: ss7.SCCP, Payload: append(b, make([]byte, 40)...)})
		time.Sleep(interval)
	}
}

// judge counts what is missing, twice there, or behind a later one of its SLS among
// n messages streamed by from.
func (s *station) judge(from ss7.PC, n int) (lost, duplicated, misordered int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen, last := map[[2]uint32]int{}, map[uint8]uint32{}
	for _, g := range s.got {
		if g.flow != uint32(from) {
			continue
		}
		k := [2]uint32{uint32(g.sls), g.serial}
		if seen[k]++; seen[k] > 1 {
			duplicated++
		}
		if l, ok := last[g.sls]; ok && g.serial < l {
			misordered++
		}
		last[g.sls] = max(last[g.sls], g.serial)
	}
	return n - len(seen), duplicated, misordered
}

// longestGap is the longest time without any message, between the first and the last.
func (s *station) longestGap() (gap time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := 1; i < len(s.got); i++ {
		gap = max(gap, s.got[i].at.Sub(s.got[i-1].at))
	}
	return gap
}
