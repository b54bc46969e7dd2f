package node

import (
	"context"
	"math/rand"
	"strings"
	"testing"
	"time"

	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/ss7"
)

// malice makes network management messages: half of them noise, half well formed, about
// points that exist, for links that exist, in the name of others.
type malice struct {
	*rand.Rand
	me, stp       ss7.PC
	victims       []ss7.PC
	noise, forged int
}

func (m *malice) pick() ss7.PC { return m.victims[m.Intn(len(m.victims))] }

var headings = []mtp3.Heading{mtp3.COO, mtp3.COA, mtp3.XCO, mtp3.XCA, mtp3.CBD, mtp3.CBA, mtp3.ECO, mtp3.ECA,
	mtp3.RCT, mtp3.TFC, mtp3.TFP, mtp3.TFR, mtp3.TFA,
	mtp3.RST, mtp3.RSR, mtp3.LIN, mtp3.LUN, mtp3.LIA, mtp3.LUA, mtp3.LID, mtp3.LFU, mtp3.LLT, mtp3.LRT, mtp3.TRA, mtp3.UPU}

func (m *malice) next() ss7.MSU {
	msu := ss7.MSU{DPC: m.stp, OPC: m.me, SLS: uint8(m.Intn(16)), NI: ss7.International, SI: ss7.SNM}
	if m.Intn(2) == 0 {
		m.noise++
		msu.Payload = make([]byte, m.Intn(7))
		m.Read(msu.Payload)
		return msu
	}
	if m.Intn(2) == 0 {
		m.forged++
		msu.OPC, msu.SLS = m.pick(), uint8(m.Intn(2))
	}
	x := mtp3.Management{Heading: headings[m.Intn(len(headings))], SLC: msu.SLS, FSN: m.Uint32() & 0xffffff,
		Code: uint8(m.Intn(8)), PC: m.pick(), Level: uint8(m.Intn(4)), User: ss7.SI(m.Intn(16)), Cause: uint8(m.Intn(4))}
	msu.Payload = mtp3.AppendManagement(nil, ss7.ITU, x)
	return msu
}

// A neighbour sends network management messages, 100,000 a minute, noise and forgeries.
// The traffic of others arrives whole and in order, their links and routes stay, and what
// the storm has made the node remember is bounded and goes away.
func TestManagementStorm(t *testing.T) {
	t.Parallel()
	const seconds, messages = 20, 33_333
	onPair(t, func(p *pair) {
		p.a.run("configure terminal", "cs7 local-peer 1030", "local-ip 10.1.6.1", "cs7 linkset HOSTILE 6.6.6",
			"link 0 sctp 10.1.6.9 1024 1030 passive",
			"cs7 route-table system", "update route 7.0.0/3 linkset HOSTILE", "end")
		ctx, cancel := context.WithCancel(context.Background())
		hostile := newStation(ctx, t, p.w, "10.1.6.9", "10.1.6.1:1030", itu("6.6.6"), itu("1.1.1"))
		defer hostile.group.Wait()
		defer cancel()
		time.Sleep(10 * time.Second)
		p.a.want("show cs7 linkset HOSTILE", "avail/links=1/1")
		m := &malice{Rand: rand.New(rand.NewSource(1)), me: hostile.pc, stp: hostile.stp,
			victims: []ss7.PC{p.s1.pc, p.s2.pc, itu("2.2.2"), itu("6.6.6"), itu("7.0.1"), itu("7.3.3"), itu("1.1.1")}}
		taken := func() (n uint64) {
			for _, r := range []mtp3.Reason{mtp3.UserQueueFull, mtp3.OwnOrigin, mtp3.Circular} {
				n += p.a.discards.by[r].Load()
			}
			return n + p.a.discards.delivered.Load()
		}
		var was, is mtp3.Stats
		p.a.core.ask(func() { was = p.a.core.network.Stats() })
		before := taken()
		p.both(t, seconds*1000, func() {
			for range messages {
				hostile.raw(m.next())
				time.Sleep(seconds * time.Second / messages)
			}
		})
		p.a.core.ask(func() { is = p.a.core.network.Stats() })
		arrived := taken() - before
		if arrived < messages || is.SNMIn-was.SNMIn < messages/2 {
			t.Errorf("%d of %d messages arrived, %d were understood", arrived, messages, is.SNMIn-was.SNMIn)
		}
		log := p.a.run("show logging")
		for _, bad := range []string{"linkset PAIR is unavailable", "linkset STATION is unavailable",
			"Linkset PAIR is unavailable", "4.4.4 is inaccessible", "3.3.3 is inaccessible", "2.2.2 is inaccessible",
			"linkset PAIR is inhibited"} {
			if strings.Contains(log, bad) {
				t.Errorf("%s:\n%s", bad, log)
			}
		}
		p.a.want("show cs7 linkset PAIR", "avail/links=2/2")
		time.Sleep(time.Minute)
		var overloads int
		p.a.core.ask(func() { overloads = len(p.a.core.network.Overloads()) })
		if overloads > 0 {
			t.Errorf("left over: %d congested destinations", overloads)
		}
		t.Logf("%d messages arrived, %d of them noise, %d in the name of others; %d were ignored",
			arrived, m.noise, m.forged, is.SNMIgnored-was.SNMIgnored)
	})
}

// raw sends m as it is, whoever it says it comes from.
func (s *station) raw(m ss7.MSU) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put(m)
}

// Two nodes that believe each other to be the way: an MSU goes to and fro no longer than
// once, and who watches is told where.
func TestCircularRouteIsTold(t *testing.T) {
	t.Parallel()
	onPair(t, func(p *pair) {
		p.a.run("configure terminal", "cs7 route-table system", "update route 5.0.0/3 linkset PAIR", "end")
		p.b.run("configure terminal", "cs7 route-table system", "update route 5.0.0/3 linkset PAIR", "end")
		p.s1.send(ss7.MSU{DPC: itu("5.1.1"), SI: ss7.SCCP, Payload: make([]byte, 8)})
		time.Sleep(time.Second)
		p.b.want("show logging", "%CS7MTP3-4-CIRCULAR: Circular route to 5.1.1: MSUs come in by linkset PAIR, which is "+
			"the only way there: the adjacent point 1.1.1 and this node send them to each other")
		time.Sleep(time.Minute)
		p.b.want("show logging", "Circular route to 5.1.1 is over: for 30s no MSU has come back by linkset PAIR")
	})
}
