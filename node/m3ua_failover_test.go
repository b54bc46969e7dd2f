package node

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gostp/gostp/m3ua"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// census judges numbered MSUs, wherever they arrive.
type census struct {
	mu         sync.Mutex
	by         map[string]int // messages by receiver
	seen       map[[2]uint32]int
	last       map[string]uint32 // by receiver, or of all together, and SLS
	misordered int
}

// at gives what receiver name does with a DATA message. apart: its order is judged by
// itself, because every receiver has every message.
func (y *census) at(name string, apart bool) func(*ss7.MSU) {
	order := ""
	if apart {
		order = name
	}
	return func(m *ss7.MSU) {
		if len(m.Payload) < 8 {
			return
		}
		y.mu.Lock()
		defer y.mu.Unlock()
		serial := binary.BigEndian.Uint32(m.Payload)
		y.by[name]++
		y.seen[[2]uint32{uint32(m.SLS), serial}]++
		k := fmt.Sprint(order, m.SLS)
		if last, ok := y.last[k]; ok && serial < last {
			y.misordered++
		}
		y.last[k] = max(y.last[k], serial)
	}
}

// Traffic of 1,000 MSUs a second from a link to an AS of two ASPs, one of which leaves in
// the middle and comes back. Every MSU is accounted for, and none overtakes another of its SLS:
// what was given to an association that died is lost, and nothing else.
func TestFailoverUnderTraffic(t *testing.T) {
	t.Parallel()
	faults := []struct {
		name       string
		fail, mend func(g *box, p *foreign)
		loses      bool // what its association held
	}{
		{"deactivated", func(_ *box, p *foreign) { p.send(0, bare(xua.ASPIA)) },
			func(_ *box, p *foreign) { p.send(0, bare(xua.ASPAC)) }, false},
		{"down", func(_ *box, p *foreign) { p.send(0, bare(xua.ASPDN)) },
			func(_ *box, p *foreign) { p.send(0, bare(xua.ASPUP)); p.send(0, bare(xua.ASPAC)) }, false},
		{"blocked", func(g *box, _ *foreign) { g.configure("cs7 asp P 2905 2905 m3ua", "block") },
			func(g *box, p *foreign) {
				g.configure("cs7 asp P 2905 2905 m3ua", "no block")
				p.send(0, bare(xua.ASPAC))
			}, false},
		{"killed", func(_ *box, p *foreign) { p.a.Abort("killed") }, nil, true},
		{"shut down", func(g *box, _ *foreign) { g.configure("cs7 asp P 2905 2905 m3ua", "shutdown") }, nil, true},
		{"frozen", func(_ *box, p *foreign) { p.freeze() }, nil, true},
	}
	for _, mode := range []string{"loadshare", "override", "broadcast"} {
		for _, c := range faults {
			t.Run(mode+", "+c.name, func(t *testing.T) {
				config := strings.Replace(crossroads, " remote-ip 10.0.0.5\n", " remote-ip 10.0.0.5\n timer heartbeat 1000\n", 1)
				config = strings.Replace(config, "cs7 as A m3ua\n asp P\n",
					"cs7 as A m3ua\n asp P\n asp Q\n traffic-mode "+mode+"\n", 1)
				withStations(t, strings.Replace(config, "cs7 as B m3ua\n asp Q\n routing-key 66 6.6.6 si sccp\n", "", 1),
					func(w *wires, g *box, n, _ *station) {
						y := &census{by: map[string]int{}, seen: map[[2]uint32]int{}, last: map[string]uint32{}}
						q, p := newForeign(t, w, "10.0.0.6"), newForeign(t, w, "10.0.0.5")
						defer p.e.Close()
						defer q.e.Close()
						for name, f := range map[string]*foreign{"P": p, "Q": q} {
							f.data = y.at(name, mode == "broadcast")
						}
						for _, f := range []*foreign{q, p} { // override: P, the later one, has the traffic
							f.send(0, bare(xua.ASPUP))
							f.send(0, bare(xua.ASPAC))
							time.Sleep(time.Second)
						}
						asps := *g.m3ua.byPath.Load() // also those that a change of configuration replaces
						const all = 6000
						done := make(chan bool)
						go func() { n.stream(itu("5.5.5"), all, time.Millisecond); done <- true }()
						time.Sleep(1500 * time.Millisecond)
						c.fail(g, p)
						time.Sleep(1500 * time.Millisecond)
						if mode == "override" && c.name != "killed" && c.name != "shut down" { // §4.3.4.3: Q must ask
							q.send(0, bare(xua.ASPAC))
						}
						if c.mend != nil {
							time.Sleep(time.Second)
							c.mend(g, p)
						}
						if mode == "override" && c.loses {
							q.send(0, bare(xua.ASPAC))
						}
						<-done
						time.Sleep(10 * time.Second)
						judgeFailover(t, g, asps, y, all, mode, c.loses)
					})
			})
		}
	}
}

func judgeFailover(t *testing.T, g *box, asps []*m3uaASP, y *census, all int, mode string, loses bool) {
	t.Helper()
	y.mu.Lock()
	defer y.mu.Unlock()
	lost := all - len(y.seen)
	out, discarded := 0, 0
	for _, a := range asps {
		if a != nil {
			out += int(a.out.Load())
		}
	}
	for r := range mtp3.Reasons {
		discarded += int(g.discards.by[r].Load())
	}
	arrived := y.by["P"] + y.by["Q"]
	t.Logf("lost %d (%d counted as discarded, %d in an association that ended), misordered %d; P %d, Q %d",
		lost, discarded, out-arrived, y.misordered, y.by["P"], y.by["Q"])
	switch {
	case y.misordered > 0:
		t.Error("misordered", y.misordered)
	case !loses && lost > 0:
		t.Error("lost", lost)
	case mode != "broadcast" && lost != discarded+out-arrived:
		t.Errorf("%d of %d lost are not accounted for", lost-discarded-(out-arrived), lost)
	case mode == "broadcast" && lost > 0:
		t.Error("lost though the other ASP has everything:", lost)
	}
	if t.Failed() {
		t.Log(g.run("show logging"), g.run("show cs7 as detail"), g.run("show cs7 mtp3 statistics"))
	}
}

// An ASP sends without end to another that does not read: what is accepted is delivered or
// counted, and the sender is told, and told when it is over.
func TestOverloadOfAnASP(t *testing.T) {
	// It measures the heap, so no other test may run beside it.
	withStations(t, crossroads, func(w *wires, g *box, n, m *station) {
		y := &census{by: map[string]int{}, seen: map[[2]uint32]int{}, last: map[string]uint32{}}
		p, q := newForeign(t, w, "10.0.0.5"), newForeign(t, w, "10.0.0.6")
		defer p.e.Close()
		defer q.e.Close()
		q.data = y.at("Q", false)
		for _, f := range []*foreign{p, q} {
			f.send(0, bare(xua.ASPUP))
			f.send(0, bare(xua.ASPAC))
		}
		time.Sleep(time.Second)
		p.take()
		q.freeze()
		heap := func() uint64 {
			var s runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&s)
			return s.HeapAlloc
		}
		before := heap()
		const all = 80000
		l := m3ua.Label{RC: 55, HasRC: true}
		for i := range all {
			b := binary.BigEndian.AppendUint32(nil, uint32(i/16))
			m := ss7.MSU{DPC: itu("6.6.6"), OPC: itu("5.5.5"), SI: ss7.SCCP, NI: ss7.International, SLS: uint8(i % 16),
				Payload: append(b, make([]byte, 400)...)}
			p.send(1+uint16(i%16), l.Append(nil, &m))
		}
		time.Sleep(5 * time.Second)
		// What waits is bounded by queues, not by what was sent: 35 MB.
		if grown := int64(heap()) - int64(before); grown > 28<<20 {
			t.Errorf("the heap has grown by %d octets", grown)
		}
		if got := p.take(); !strings.HasPrefix(got, "SCON 6.6.6/14 level 1") ||
			!strings.HasSuffix(got, "SCON 6.6.6/14 level 0") {
			t.Errorf("the sender hears %.100q", got)
		}
		g.want("show logging", "as B is congested, level 1: an ASP takes no more")
		in, out := g.m3ua.aspNamed("P").in.Load(), g.m3ua.aspNamed("Q").out.Load()
		full := g.discards.by[mtp3.QueueFull].Load()
		if in != all || in != out+full || full == 0 {
			t.Errorf("sent %d, accepted %d, on their way %d, discarded %d", all, in, out, full)
		}
		q.thaw()
		time.Sleep(20 * time.Second)
		y.mu.Lock()
		defer y.mu.Unlock()
		if y.by["Q"] != int(out) || y.misordered > 0 {
			t.Errorf("%d of %d have arrived, %d misordered", y.by["Q"], out, y.misordered)
		}
		g.want("show logging", "as B is no longer congested")
	})
}

// A node that stops takes leave as an ASP: its gateway moves the traffic before the
// association ends.
func TestLeave(t *testing.T) {
	t.Parallel()
	withStations(t, behindGateway, func(w *wires, h *box, n, m *station) {
		f := newForeign(t, w, "10.0.0.5")
		defer f.e.Close()
		time.Sleep(time.Second)
		f.mu.Lock()
		f.all = nil
		f.mu.Unlock()
		h.Close()
		time.Sleep(time.Second)
		f.mu.Lock()
		defer f.mu.Unlock()
		if got := strings.Join(f.all, " "); got != "ASPIA ASPDN" {
			t.Error(got)
		}
	})
}
