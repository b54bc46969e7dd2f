package node

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/sccp"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/tester"
)

// Loop protection: readers sample what comes again and again (tester.Sampler), the core probes
// whether such messages go round for ever (tester.Prober), tells it, and with `cs7
// loop-protection drop` has MTP3 and SCCP discard what comes in by a proven circle.

// loopTitle names messages to a title that come by a linkset or AS.
type loopTitle struct{ linkset, title string }

func newProber() *tester.Prober {
	var seed [8]byte
	_, _ = rand.Read(seed[:])
	return tester.NewProber(binary.BigEndian.Uint64(seed[:]))
}

// suspect has the core find out whether m, which came by path from, goes in a circle.
func (n *Node) suspect(from ss7.PathID, m *ss7.MSU) {
	if n.Config().LoopProtection == configs.IgnoreLoops {
		return
	}
	k := keep(m, from)
	n.core.do(func() { n.core.mtpt.suspect(from, &k.msu) })
}

// wayName is what configuration and table call the linkset or server of a path.
func (v *view) wayName(p ss7.PathID) string {
	if i, _ := v.table.From(p); i >= 0 {
		return v.table.Linksets[i].Name
	}
	return ""
}

// suspect probes the course of a message, if that could lead back here.
func (p *mtpt) suspect(from ss7.PathID, m *ss7.MSU) {
	v := p.core.node.view.Load()
	s := tester.Probe{MSU: *m, From: from}
	s.Course = tester.Course{DPC: m.DPC, Linkset: v.wayName(from)}
	switch d := mtp3.Decide(v.table, m, from); {
	case d.Fate == mtp3.Forward && v.leavesNode(d.Path):
	case d.Fate == mtp3.Deliver:
		part, ok := p.core.node.users.parts[m.SI&15].(translator)
		if !ok {
			return
		}
		if s.Title = part.course(m); s.Title == "" {
			return
		}
	default:
		return
	}
	if x := p.prober.Suspect(time.Now(), s); x != nil {
		p.sendProbe(x)
	}
}

// leavesNode tells whether what goes by path may come back: it is a link, or an AS that leads
// to gateways.
func (v *view) leavesNode(path ss7.PathID) bool {
	if path.IsHold() {
		return false
	}
	s := v.server(path)
	return v.link(path) != nil || s != nil && s.senders.Load() != nil
}

// sendProbe sends a probe by the way that the suspected message took.
func (p *mtpt) sendProbe(x *tester.Probe) {
	sys, v := p.core.node.Config(), p.core.node.view.Load()
	if sys.PC == nil {
		return
	}
	payload := tester.AppendProbe(nil, x.Number, *sys.PC)
	m := ss7.MSU{DPC: x.DPC, OPC: *sys.PC, SLS: x.MSU.SLS, NI: sys.Network(), Prio: x.MSU.Prio, SI: ss7.MTPT,
		Payload: payload}
	if x.Title == "" {
		like := x.MSU
		d := mtp3.Decide(v.table, &like, x.From)
		if d.Path == 0 || !v.leavesNode(d.Path) {
			return // it went another way meanwhile
		}
		v.outlet(d.Path).offer(time.Now(), 0, &m)
		return
	}
	p.titleProbes.Store(true)
	called, err := sccp.ParseAddress(sys.V(), []byte(x.Title))
	if err != nil {
		return
	}
	if called.HasSSN {
		called.SSN = ssnTest // where it is not a circle, nobody takes it
	}
	own := ownAddress(sys)
	m.DPC, m.SI = x.DPC, ss7.SCCP
	m.Payload, _ = sccp.Append(nil, &sccp.Message{Type: sccp.XUDT, Hops: probeHops,
		Called:  sccp.AppendAddress(sys.V(), nil, &called),
		Calling: sccp.AppendAddress(sys.V(), nil, &own), Data: payload})
	linkset := ""
	if l := v.link(x.From); l != nil {
		linkset = l.linkset
	}
	d, _ := v.sccp.Relay(&m, linkset, time.Now().Unix(), nil)
	if d.Fate == sccp.Forward && d.Path == 0 {
		p.core.originate(ss7.Event{Kind: ss7.Transfer, MSU: d.MSU})
	}
}

// probeHops is the hop counter of a title's probe: one that its origin does not recognise any
// more must not go round for ever itself.
const probeHops = 12

// probeBack takes an MSU of SI 8 that came by path from, if it is a probe of this node's own.
func (n *Node) probeBack(v *view, m *ss7.MSU, from ss7.PathID) bool {
	return m.SI == ss7.MTPT && from != 0 && n.ownProbe(v, m.Payload, from)
}

// titleProbeBack takes a message for SCCP of this node, if it is a probe of this node's own.
func (n *Node) titleProbeBack(v *view, m *ss7.MSU, from ss7.PathID) bool {
	if !n.core.mtpt.titleProbes.Load() {
		return false
	}
	msg, err := sccp.Parse(m.Payload)
	if err != nil {
		return false
	}
	return n.ownProbe(v, msg.Data, from)
}

// ownProbe takes what came by path from if it is a probe with a code of this node as its origin.
func (n *Node) ownProbe(v *view, payload []byte, from ss7.PathID) bool {
	number, origin, ok := tester.ParseProbe(payload)
	if !ok {
		return false
	}
	if _, _, own := v.table.Dest(origin); !own {
		return false
	}
	n.claimBack(number, from)
	return true
}

// probesMost is how many probes that came back may wait for the core: anybody can write one
// with a code of this node as its origin, as fast as a line carries them.
const probesMost = 64

// claimBack has the core look whether a probe is one that it has sent.
func (n *Node) claimBack(number uint64, from ss7.PathID) {
	if n.core.mtpt.probesBack.Add(1) > probesMost {
		n.core.mtpt.probesBack.Add(-1)
		return
	}
	n.core.do(func() {
		n.core.mtpt.probesBack.Add(-1)
		n.core.mtpt.probeBack(number, from)
	})
}

// passes tells whether m goes on although what goes in its circle is discarded: the probe of
// another node, which finds out in this way whether the circle is still there.
func passes(v *view, d mtp3.Verdict, m *ss7.MSU, from ss7.PathID) bool {
	return d.Reason == mtp3.Looping && m.SI == ss7.MTPT && tester.IsProbe(m.Payload) &&
		!d.Path.IsHold() && v.wayName(d.Path) != v.wayName(from)
}

// probeBack: a probe has come back by a path.
func (p *mtpt) probeBack(number uint64, from ss7.PathID) {
	before := p.prober.Changes()
	found := p.prober.Returned(time.Now(), p.core.node.view.Load().wayName(from), number)
	if found != nil {
		p.core.Note(&ss7.Event{Kind: ss7.StateChange, Arg: mtp3.NoteCircular, Why: "M" + p.loopText(found)[1:]})
	}
	if p.prober.Changes() != before {
		p.loopsChanged()
	}
}

// tickLoops sends what probes are due and ends circles in which nothing comes back.
func (p *mtpt) tickLoops(now time.Time) {
	probes, over := p.prober.Tick(now)
	p.titleProbes.Store(p.prober.Titles())
	for _, x := range probes {
		p.sendProbe(x)
	}
	for i := range over {
		p.loopOver(&over[i], fmt.Sprintf("the last probe came back %v ago", now.Sub(over[i].Last).Round(time.Second)))
	}
	if len(over) > 0 {
		p.loopsChanged()
	}
}

func (p *mtpt) loopOver(x *tester.Circle, why string) {
	text := fmt.Sprintf("Messages to %s by %s go round no more: %s", p.courseText(&x.Course), x.Linkset, why)
	p.core.Note(&ss7.Event{Kind: ss7.StateChange, Arg: mtp3.NoteCircular, Why: text})
}

// configureLoops takes a new setting of loop-protection.
func (p *mtpt) configureLoops() {
	if p.core.node.Config().LoopProtection == configs.IgnoreLoops {
		over := p.prober.Forget()
		for i := range over {
			p.loopOver(&over[i], "loop-protection is off")
		}
	}
	p.loopsChanged()
}

// loopsChanged puts in force what is discarded.
func (p *mtpt) loopsChanged() {
	circles := p.prober.Circles()
	var bars []mtp3.Barred
	var titles map[loopTitle]bool
	for i := range circles {
		x := &circles[i]
		switch {
		case p.core.node.Config().LoopProtection != configs.DropLoops:
		case x.Title == "":
			bars = append(bars, mtp3.Barred{Linkset: x.Linkset, DPC: x.DPC, SLS: x.SLS})
		default:
			if titles == nil {
				titles = map[loopTitle]bool{}
			}
			titles[loopTitle{x.Linkset, x.Title}] = true
		}
	}
	p.core.alarmed = true
	p.core.actions = p.core.network.Bar(time.Now(), bars, p.core.actions)
	v := *p.core.node.view.Load()
	v.loopTitles = titles
	p.core.node.publish(&v)
	p.core.perform()
}

// barredTitle tells whether a message for a title is discarded because it goes round.
func (v *view) barredTitle(m *ss7.MSU, from ss7.PathID) bool {
	if v.loopTitles == nil {
		return false
	}
	msg, err := sccp.Parse(m.Payload)
	if err != nil {
		return false
	}
	return v.loopTitles[loopTitle{v.wayName(from), string(msg.Called)}]
}

// courseText is the point or the title of a course.
func (p *mtpt) courseText(x *tester.Course) string {
	f := p.core.node.Config().Notation()
	if x.Title == "" {
		return f.Format(x.DPC)
	}
	kind := p.core.node.Config().V()
	a, err := sccp.ParseAddress(kind, []byte(x.Title))
	if err != nil {
		return "a title at " + f.Format(x.DPC)
	}
	return "the title " + a.Text(kind, f) + " at " + f.Format(x.DPC)
}

// loopText says what is proven, and what to do.
func (p *mtpt) loopText(x *tester.Circle) string {
	to := p.courseText(&x.Course)
	text := x.Text(to)
	if p.core.node.Config().LoopProtection == configs.DropLoops {
		text += "; what comes by there is discarded"
	} else {
		text += "; `cs7 loop-protection drop` would discard what comes by there"
	}
	if x.Title == "" {
		return text + fmt.Sprintf(". `trace cs7 %s` shows the nodes: one of them has a route that leads back", to)
	}
	return text + ". One of the nodes that translate it has an entry that leads back"
}

// loopTroubles are the alarms of proven circles. It runs on the core.
func (p *mtpt) loopTroubles() (out []mtp3.Alarm) {
	circles := p.prober.Circles()
	for i := range circles {
		x := &circles[i]
		object := "endless circle to " + p.courseText(&x.Course) + " by " + x.Linkset
		out = append(out, mtp3.Alarm{Severity: mtp3.Major, Object: object, Why: p.loopText(x)})
	}
	return out
}
