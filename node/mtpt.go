package node

import (
	"crypto/rand"
	"encoding/binary"
	"sync/atomic"
	"time"

	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/mtpt"
	"github.com/gostp/gostp/routing"
	"github.com/gostp/gostp/sccp"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/tester"
)

// testUser is the MTP testing user part (package mtpt) in this node: it gives the part what that asks for.
type testUser struct {
	tenant
	*mtpt.Part

	titleProbes atomic.Bool  // probes of titles were sent
	probesBack  atomic.Int32 // that wait for the core
}

func newTestUser(c *core) *testUser {
	var seed [8]byte
	_, _ = rand.Read(seed[:])
	p := &testUser{}
	p.Part = mtpt.New(p, binary.BigEndian.Uint64(seed[:]))
	p.tenant = tenant{core: c, part: p.Part}
	return p
}

// tick implements resident.
func (p *testUser) tick(now time.Time) {
	p.tenant.tick(now)
	p.titleProbes.Store(p.Titles())
}

// Table implements mtpt.Network.
func (p *testUser) Table() *routing.Table { return p.core.node.view.Load().table }

// MayReturn implements mtpt.Network.
func (p *testUser) MayReturn(path ss7.PathID) bool { return p.core.node.view.Load().leavesNode(path) }

// Course implements mtpt.Network.
func (p *testUser) Course(m *ss7.MSU) string {
	if part, is := p.core.node.users.parts[m.SI&15].(translator); is {
		return part.course(m)
	}
	return ""
}

// Probe implements mtpt.Network.
func (p *testUser) Probe(x *tester.Probe, m *ss7.MSU) {
	v := p.core.node.view.Load()
	if x.Title == "" {
		like := x.MSU
		// Otherwise it went another way meanwhile.
		if d := mtp3.Decide(v.table, &like, x.From); d.Path != 0 && v.leavesNode(d.Path) {
			v.outlet(d.Path).offer(time.Now(), 0, m)
		}
		return
	}
	p.titleProbes.Store(true)
	linkset := ""
	if l := v.link(x.From); l != nil {
		linkset = l.linkset
	}
	if d, _ := v.sccp.Relay(m, linkset, time.Now().Unix(), nil); d.Fate == sccp.Forward && d.Path == 0 {
		p.core.originate(ss7.Event{Kind: ss7.Transfer, MSU: d.MSU})
	}
}

// Bar implements mtpt.Network.
func (p *testUser) Bar(circles []tester.Circle) {
	c := p.core
	var bars []mtp3.Barred
	var titles map[loopTitle]bool
	for i := range circles {
		x := &circles[i]
		if x.Title == "" {
			bars = append(bars, mtp3.Barred{Linkset: x.Linkset, DPC: x.DPC, SLS: x.SLS})
			continue
		}
		if titles == nil {
			titles = map[loopTitle]bool{}
		}
		titles[loopTitle{x.Linkset, x.Title}] = true
	}
	c.alarmed = true
	c.actions = c.network.Bar(time.Now(), bars, c.actions)
	v := *c.node.view.Load()
	v.loopTitles = titles
	c.node.publish(&v)
	c.perform()
}
