package node

import (
	"encoding/binary"
	"testing"

	"github.com/gostp/gostp/association"
	"github.com/gostp/gostp/internal/lock"
	"github.com/gostp/gostp/m3ua"
	"github.com/gostp/gostp/routing"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/sctp/sctptest"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/startup"
	"github.com/gostp/gostp/xua"
)

// adapted is two ASPs of a real node, each of an AS of its own, with nothing under
// them: DATA goes in at one and out at the other.
func adapted(tb testing.TB, size, payload int) (in *m3uaASP, items []sctp.Item, got *drain) {
	n := New(Options{Platform: onMemory(sctptest.NewMemory(1)), Store: startup.Memory("m", nil), Version: "test"})
	tb.Cleanup(n.Close)
	x := n.m3ua
	got = &drain{}
	tb.Cleanup(func() { clear(x.asps) }) // they have nothing to close
	const far ss7.PC = 10285
	l := m3ua.New()
	out, err := l.Configure(n.started, m3ua.Config{Networks: []m3ua.Network{{Variant: ss7.ITU}},
		ASPs: []m3ua.ASPConfig{{ASPConfig: xua.ASPConfig{Path: 1, Name: "in"}},
			{ASPConfig: xua.ASPConfig{Path: 2, Name: "out"}}},
		ASs: []m3ua.ASConfig{{ASConfig: xua.ASConfig{Path: 3, Name: "in", ID: 1, HasID: true,
			Members: []xua.MemberConfig{{ASP: 1, Weight: 1}}}},
			{ASConfig: xua.ASConfig{Path: 4, Name: "out", ID: 2, HasID: true,
				Members: []xua.MemberConfig{{ASP: 2, Weight: 1}}}, Key: m3ua.Key{
				Terms: []m3ua.Term{{DPC: ss7.Range{PC: far, Len: 14}}}}}}}, nil)
	if err != nil {
		tb.Fatal(err)
	}
	for p := ss7.PathID(1); p <= 2; p++ {
		out = l.Do(n.started, ss7.Event{Kind: ss7.CommUp, Path: p}, out)
		for _, t := range []xua.Type{xua.ASPUP, xua.ASPAC} {
			out = l.Recv(n.started, p, 0, m3ua.PPID, bare(t), out)
		}
		a := &m3uaASP{xuaASP: xuaASP{Keeper: association.Keeper{Assoc: got}, node: n, id: p, streams: 17}}
		lock.Give[lock.ASP](&a.Mu)
		a.setGate(l.Gate(p))
		x.asps[p] = a
	}
	servers := []*m3uaAS{nil, nil, nil, newM3UAAS(n, 3, "in"), newM3UAAS(n, 4, "out")}
	servers[3].way.Store(l.Way(3))
	servers[4].way.Store(l.Way(4))
	x.index()
	table := routing.NewPlan(ss7.ITU, ss7.International, nil, nil).NewTable([]routing.Linkset{
		{Name: "as in", Server: true, Links: []routing.Link{{Path: 3, Ready: true}}},
		{Name: "as out", Server: true, Links: []routing.Link{{Path: 4, Ready: true}}}})
	table.Keys = l.Selector(0)
	n.view.Store(&view{table: table, servers: servers})
	label := m3ua.Label{RC: 1, HasRC: true}
	for i := range size {
		m := ss7.MSU{DPC: far, OPC: 5, SLS: uint8(i & 15), SI: ss7.SCCP, NI: ss7.International,
			Payload: make([]byte, payload)}
		items = append(items, sctp.Item{Message: sctp.Message{Stream: 1, PPID: m3ua.PPID, Data: label.Append(nil, &m)}})
	}
	return x.asps[1], items, got
}

// differ makes each message another one than all before, as messages between users are: equal
// ones would be suspected of going in a circle.
func differ(items []sctp.Item, serial *uint32) {
	for i := range items {
		*serial++
		d := items[i].Data
		binary.BigEndian.PutUint32(d[len(d)-8:], *serial)
	}
}

func TestCarryDataAllocatesNothing(t *testing.T) {
	in, items, got := adapted(t, 64, 60)
	var way transfer
	serial := uint32(0)
	carry := func() {
		differ(items, &serial)
		in.carry(items, &way)
	}
	for range 10 {
		carry()
	}
	got.sent = 0
	const rounds = 100
	if n := testing.AllocsPerRun(rounds, carry); n != 0 {
		t.Errorf("%v allocations for 64 MSUs", n)
	}
	if got.sent < 64*rounds {
		t.Errorf("%d messages left the node, of %d", got.sent, 64*rounds)
	}
}

// BenchmarkCarryData is what a DATA message costs the node from one ASP to another,
// SCTP itself apart.
func BenchmarkCarryData(b *testing.B) {
	in, items, got := adapted(b, 64, 60)
	var way transfer
	serial := uint32(0)
	b.ReportAllocs()
	for b.Loop() {
		differ(items, &serial)
		in.carry(items, &way)
	}
	if got.sent < len(items)*b.N { // else it is a discard that was measured
		b.Errorf("%d messages left the node, of %d", got.sent, len(items)*b.N)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/64, "ns/MSU")
}
