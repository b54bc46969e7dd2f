package node

import (
	"encoding/binary"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// RFC 4666 §4.3.2: what waits in AS-PENDING is discarded at the end of T(r) only if there is no
// alternative. Traffic goes on while the AS's only ASP, or its only gateway, leaves and does not come
// back; every MSU arrives by the other way, none twice, none before an earlier one of its SLS.
func TestWhatWaitedForAnASPGoesAnotherWay(t *testing.T) {
	t.Parallel()
	second := strings.Replace(crossroads, "routing-key 66 6.6.6 si sccp", "routing-key 66 6.6.6", 1)
	behind := " update route 5.5.5/14 linkset M priority 9\n"
	gateway := strings.Replace(behindGateway, " update route 7.7.7/14 as GW\n",
		" update route 5.5.5/14 as GW\n"+behind, 1)
	keyed := strings.Replace(crossroads, "routing-key 55 5.5.5", "routing-key 55 5.5.5 si sccp", 1)
	const all, pace = 5000, time.Millisecond
	for _, c := range []struct {
		name, config, to string
		all              int
		pace             time.Duration
		leave            func(p *foreign)
	}{
		{"a second AS", second + " update route 5.7.7/14 as A priority 1\n update route 5.7.7/14 as B priority 2\n",
			"5.7.7", all, pace, nil},
		{"a combined route", second + " update route 5.7.7/14 as A\n update route 5.7.7/14 as B\n",
			"5.7.7", all, pace, nil},
		{"a linkset behind a key", crossroads + behind, "5.5.5", all, pace, nil},
		{"a linkset behind a key of more than a code", keyed + " update route 5.5.5/14 linkset M\n",
			"5.5.5", all, pace, nil},
		{"a summary behind a key", crossroads + " update route 5.5.0/11 linkset M\n", "5.5.5", all, pace, nil},
		{"more than can wait", crossroads + behind, "5.5.5", 40000, 50 * time.Microsecond, nil},
		{"role asp: its gateway says ASPIA Ack", gateway, "5.5.5", all, pace,
			func(p *foreign) { p.send(0, bare(xua.ASPIAAck)) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			withStations(t, c.config, func(w *wires, g *box, n, m *station) {
				y := &census{by: map[string]int{}, seen: map[[2]uint32]int{}, last: map[string]uint32{}}
				p := newForeign(t, w, "10.0.0.5")
				defer p.e.Close()
				p.data, m.user = y.at("P", false), y.at("M", false)
				ends := []*foreign{p}
				if g.m3ua.aspNamed("Q") != nil {
					q := newForeign(t, w, "10.0.0.6")
					defer q.e.Close()
					q.data = y.at("Q", false)
					ends = append(ends, q)
				}
				for _, f := range ends {
					f.send(0, bare(xua.ASPUP))
					f.send(0, bare(xua.ASPAC))
				}
				time.Sleep(5 * time.Second)
				done := make(chan bool)
				go func() { n.stream(itu(c.to), c.all, c.pace); done <- true }()
				time.Sleep(time.Duration(c.all) / 5 * c.pace)
				if c.leave != nil {
					c.leave(p)
				} else {
					p.send(0, bare(xua.ASPIA))
				}
				<-done
				time.Sleep(10 * time.Second)
				y.mu.Lock()
				defer y.mu.Unlock()
				twice := 0
				for _, times := range y.seen {
					twice += times - 1
				}
				t.Logf("P %d, Q %d, M %d", y.by["P"], y.by["Q"], y.by["M"])
				lost, one := c.all-len(y.seen), y.by["P"] == 0 || y.by["Q"]+y.by["M"] == 0
				if one || lost+twice+y.misordered > 0 {
					t.Errorf("lost %d, twice %d, misordered %d", lost, twice, y.misordered)
					t.Log(g.run("show logging"), g.run("show cs7 mtp3 statistics"), g.run("show cs7 as detail"))
				}
			})
		})
	}
}

// Without another way what waits is discarded when T(r) ends, and counted as that and as nothing
// else: before there is no more room, too.
func TestWhatWaitedForAnASPHasNoOtherWay(t *testing.T) {
	t.Parallel()
	withStations(t, crossroads, func(w *wires, g *box, n, _ *station) {
		p := newForeign(t, w, "10.0.0.5")
		defer p.e.Close()
		p.send(0, bare(xua.ASPUP))
		p.send(0, bare(xua.ASPAC))
		time.Sleep(time.Second)
		p.send(0, bare(xua.ASPIA))
		synctest.Wait()
		n.stream(itu("5.5.5"), holdMessages+500, 100*time.Microsecond)
		time.Sleep(5 * time.Second)
		over, full := g.discards.by[mtp3.PendingOver].Load(), g.discards.by[mtp3.PendingFull].Load()
		if over != holdMessages || full != 500 {
			t.Errorf("waited and discarded %d, not taken %d", over, full)
		}
	})
}

// At a gateway of M2UA only the far end's MTP3 has other ways. It is told, by a link in processor
// outage, when what waits for an ASP has soon no more room, and not at the end of T(r) alone.
func TestInterfaceSaysThatNoMoreCanWait(t *testing.T) {
	t.Parallel()
	patient := func(config string) string {
		return strings.Replace(config, "cs7 as EXCH m2ua\n", "cs7 as EXCH m2ua\n recovery-timeout 60000\n", 1)
	}
	onChainFrom(t, 1, patient, func(c *chain) {
		c.mgc[0].configure("cs7 asp SG 2904 2904 m2ua", "block")
		time.Sleep(10 * time.Second)
		c.stp.want("show cs7 linkset MGC", "avail/links=2/2")
		c.far.stream(itu("5.5.5"), 24000, 200*time.Microsecond) // by two links
		time.Sleep(time.Second)
		c.stp.want("show cs7 linkset MGC", "avail/links=0/2", "ProcessorOutage")
		if full := c.sg.discards.by[mtp3.PendingFull].Load(); full > 0 {
			t.Errorf("%d MSUs found no room", full)
		}
		c.mgc[0].configure("cs7 asp SG 2904 2904 m2ua", "no block")
		time.Sleep(20 * time.Second)
		c.stp.want("show cs7 linkset MGC", "avail/links=2/2")
		c.clean(t, 1000, func() {})
	})
}

// An association has ended, and the layer has not heard of it yet: what is for its ASP waits for the
// way that comes in a moment, and is neither lost nor sent before what was there.
func TestWhatIsForAnAssociationThatJustEndedIsNotLost(t *testing.T) {
	t.Parallel()
	onSharers(t, "", func(g *box, _ *station, _, _ *foreign, y *census) {
		a := g.m3ua.aspNamed("P")
		var s *m3uaAS
		for _, x := range g.m3ua.servers {
			if x.name == "A" {
				s = x
			}
		}
		const all = 320
		a.Assoc.Abort("gone") // and at once, before anybody reads that:
		for i := range all {
			payload := append(binary.BigEndian.AppendUint32(nil, uint32(i/16)), make([]byte, 40)...)
			m := ss7.MSU{DPC: itu("5.5.5"), OPC: itu("3.3.3"), SI: ss7.SCCP, SLS: uint8(i % 16), Payload: payload}
			s.offer(time.Now(), 0, &m)
		}
		time.Sleep(5 * time.Second)
		y.mu.Lock()
		defer y.mu.Unlock()
		if y.by["Q"] != all || y.misordered > 0 || g.discards.by[mtp3.LinkGone].Load() > 0 {
			t.Errorf("%d of %d have arrived, %d misordered", y.by["Q"], all, y.misordered)
		}
	})
}

// An AS that comes back while readers of the older table are awaited, and goes once more, still holds its MSUs until
// there is a table without it.
func TestAnASGoesTwiceAtOnce(t *testing.T) {
	t.Parallel()
	n := New(Options{Platform: onWires(newWires()), Version: "test"})
	n.Close() // so that the core does nothing of its own
	s := newM3UAAS(n, n.ids.take(), "A")
	active := &xua.Way{State: xua.ASActive, Mode: xua.Override}
	v := n.view.Load()
	s.publish(active)
	s.publish(nil)
	n.settle(time.Now(), nil, []*as{&s.as}, v)
	s.publish(active)
	s.publish(nil)
	s.left(v)
	s.offer(time.Now(), 0, &ss7.MSU{SI: ss7.SCCP, Payload: []byte("hello")})
	if waiting, _ := s.waiting(); waiting != 1 {
		t.Errorf("%d MSUs wait", waiting)
	}
	n.settle(time.Now(), nil, []*as{&s.as}, v)
	s.left(v)
	if s.departure != (departure{}) {
		t.Errorf("the departure goes on: %+v", s.departure)
	}
}
