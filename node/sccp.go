package node

import (
	"encoding/binary"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/routing"
	"github.com/gostp/gostp/sccp"
	"github.com/gostp/gostp/sccp/gtt"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// sccpCounters counts what the relay decided.
type sccpCounters struct {
	in, out    [sccp.Types]atomic.Uint64
	translated atomic.Uint64
	delivered  atomic.Uint64
	returned   atomic.Uint64
	by         [sccp.Reasons]atomic.Uint64
}

// tableNetwork is the routing table and the application servers as SCCP sees them.
type tableNetwork struct {
	*routing.Table
	servers map[string]server
}

// server is an application server to which titles may lead.
type server struct {
	*m3uaAS
	pc *ss7.PC // nil: its routing key has none
}

// Accessible implements sccp.Network: it asks what MTP3 would do with a message of SCCP.
func (t tableNetwork) Accessible(pc ss7.PC) bool {
	if _, b, own := t.Dest(pc); own || b != nil {
		return true
	}
	if t.Keys == nil || len(t.Own) == 0 {
		return false
	}
	m := probes.Get().(*ss7.MSU)
	defer probes.Put(m)
	*m = ss7.MSU{DPC: pc, OPC: t.Own[0], NI: t.NI, SI: ss7.SCCP}
	return mtp3.Decide(t.Table, m, 0).Fate != mtp3.Discard
}

// probes are the MSUs with which Accessible asks; they are kept because a new one would be allocated each time.
var probes = sync.Pool{New: func() any { return new(ss7.MSU) }}

// Server implements sccp.Network. The state of a server is that of this moment.
func (t tableNetwork) Server(name string) (sccp.Server, bool) {
	s, ok := t.servers[name]
	if !ok {
		return sccp.Server{}, false
	}
	w := s.way.Load()
	out := sccp.Server{Path: s.id, Ready: w != nil && w.State == xua.ASActive}
	out.Waits = w != nil && w.State == xua.ASPending && s.ready()
	if s.pc != nil {
		out.PC, out.HasPC = *s.pc, true
	}
	return out, true
}

// maxPasses bounds how often one message is decided here: when it comes, when it is returned to this node's own user,
// and when it is delivered.
const maxPasses = 3

// relayer is the taker of SCCP. A message for another node leaves at once (SCRC, Q.714 §2).
type relayer struct{ node *Node }

func (r relayer) take(now time.Time, v *view, t *transfer, from ss7.PathID, m *ss7.MSU) mtp3.Reason {
	r.node.relay(now, v, t, from, m)
	return mtp3.NoReason
}

// relay decides a message for SCCP of this node, and adds to t what leaves.
func (n *Node) relay(now time.Time, v *view, t *transfer, from ss7.PathID, m *ss7.MSU) {
	linkset := ""
	if l := v.link(from); l != nil {
		linkset = l.linkset
	}
	if n.titleProbeBack(v, m, from) {
		return
	}
	if v.barredTitle(m, from) {
		n.discard(mtp3.Verdict{Reason: mtp3.Looping, Dest: -1}, m, from)
		return
	}
	for range maxPasses {
		var d sccp.Verdict
		d, t.arena = v.sccp.Relay(m, linkset, now.Unix(), t.arena)
		n.countSCCP(&d)
		switch d.Fate {
		case sccp.Drop:
			n.sccpDropped(&d, m, from)
			return
		case sccp.Deliver:
			n.deliverSCCP(from, t.arrival.by(), m, d.SSN)
			return
		}
		if d.Fate == sccp.Return && d.Path == 0 && d.MSU.DPC == m.OPC && v.table.IsServer(from) {
			if _, _, own := v.table.Dest(m.OPC); own {
				d.Path = from // an AS behind a code of this node
			}
		}
		if m = n.sendRelayed(now, v, t, &d); m == nil {
			return
		}
		linkset = "" // it is for this node again
	}
	n.sccp.by[sccp.Loop].Add(1)
}

// sendRelayed sends what the relay decided to send. It gives the message back if that is for this node again.
func (n *Node) sendRelayed(now time.Time, v *view, t *transfer, d *sccp.Verdict) *ss7.MSU {
	for more := true; more; more = d.Next() {
		t.relayed = append(t.relayed, d.MSU)
		m := &t.relayed[len(t.relayed)-1]
		to := mtp3.Verdict{Fate: mtp3.Forward, Path: d.Path}
		if d.Path == 0 {
			to = mtp3.Decide(v.table, m, 0)
		}
		switch to.Fate {
		case mtp3.Deliver:
			return m
		case mtp3.Discard:
			n.discard(to, m, 0)
			continue
		}
		n.sccp.out[m.Payload[0]].Add(1)
		if to.Path.IsHold() {
			v.holds[to.Path].offer(now, m, 0, nil)
			continue
		}
		t.group(v.outlet(to.Path), n, m)
	}
	return nil
}

func (n *Node) countSCCP(d *sccp.Verdict) {
	c := &n.sccp
	if d.Type < sccp.Types {
		c.in[d.Type].Add(1)
	}
	c.by[d.Reason].Add(1)
	if d.Selector != nil && d.Result != nil {
		d.Selector.Hits.Matched.Add(1)
		if d.Selector.Counts != nil {
			d.Selector.Counts[d.Place].Add(1)
		}
	} else if d.Selector != nil {
		d.Selector.Hits.Unmatched.Add(1)
	}
	if d.Route != nil && d.Route.Count != nil {
		d.Route.Count.Add(1)
	}
	if d.Route != nil && d.Fate == sccp.Forward {
		c.translated.Add(1)
	}
	if d.Fate == sccp.Return {
		c.returned.Add(1)
	}
}

// sccpDropped logs, at a bounded rate, why a message went no further.
func (n *Node) sccpDropped(d *sccp.Verdict, m *ss7.MSU, path ss7.PathID) {
	if !n.log.Allow("sccp", uint32(path), discardPace) {
		return
	}
	from := n.Config().Notation().Format(m.OPC)
	text := fmt.Sprintf("%v from %s discarded: %v", d.Type, from, d.Reason)
	n.log.AddFrom(text, "CS7SCCP", 4, "DISCARD", text)
}

// subsystem takes the messages for a subsystem number of this node, on the goroutine that has read them. The core and
// guests are subsystems.
type subsystem interface {
	// deliver takes a copy of m. ev has the rest: Arg is the subsystem number, Path the path by which m came, and Of the
	// path by which it came into the instance before this one. deliver counts a discard and is false if there is no room.
	deliver(m *ss7.MSU, ev ss7.Event) bool
}

// deliver implements subsystem.
func (c *core) deliver(m *ss7.MSU, ev ss7.Event) bool { return c.node.put(&c.data, m, ev) }

// deliverSCCP hands a message to a subsystem here.
func (n *Node) deliverSCCP(from, origin ss7.PathID, m *ss7.MSU, ssn uint8) {
	n.sccp.delivered.Add(1)
	n.users.subsystems[ssn].deliver(m, ss7.Event{Path: from, Of: origin, Arg: uint32(ssn)})
}

// subsystems is the part of SCCP that the core owns.
type subsystems struct {
	defaults   // sent does nothing: SCMG tries again by itself, and the relay tells a ping
	core       *core
	management *sccp.Management
	base       sccp.View // from the configuration
	pings      map[uint32]*sccpPing
	serial     uint32
	servers    map[string]server
	proving    atomic.Int32 // messages that wait until another instance has judged their sender
}

// sccpPing is one test that waits for the return of a message with its number, or for SSA.
type sccpPing struct {
	pc   ss7.PC // of a test by SST
	ssn  uint8
	sst  bool
	done chan sccpAnswer
}

// sccpAnswer is the answer to a test: which point gave it, and the cause of a return.
type sccpAnswer struct {
	from  ss7.PC
	cause sccp.Cause
}

func newSubsystems(c *core) *subsystems {
	s := &subsystems{core: c, management: sccp.NewManagement(), pings: map[uint32]*sccpPing{}}
	s.base = sccp.View{Variant: ss7.ITU, Table: gtt.NewTable(nil, nil, nil)}
	return s
}

// view makes what the relay looks at, for a routing table.
func (s *subsystems) view(t *routing.Table) *sccp.View {
	v := s.base
	v.Codes = t.Codes
	v.Network, v.Status = tableNetwork{t, s.servers}, s.management.Status()
	return &v
}

// refresh publishes a new view if the routing or the state of subsystems has changed.
func (c *core) refresh() {
	v := c.node.view.Load()
	t := c.network.Table()
	changed := v.table != t
	if changed {
		c.sccp.management.Known(t.Codes)
		c.sccp.management.Reach(tableNetwork{t, c.sccp.servers}.Accessible)
	}
	if changed || v.sccp.Status != c.sccp.management.Status() {
		next := *v
		next.table, next.sccp = t, c.sccp.view(t)
		c.node.publish(&next)
	}
	if changed {
		c.alarmed = true
		c.node.m3ua.destinationsChanged(t)
		for _, p := range c.node.users.all {
			p.rerouted()
		}
		c.abroad.look()
	}
}

// hear hands SCMG what MTP3 or M3UA says of a point: that its SCCP is not there, or that the way to it is congested.
// refresh tells SCMG which points can be reached.
func (p *subsystems) hear(now time.Time, ev *ss7.Event) {
	m := p.management
	switch {
	case ev.Kind == ss7.Status && ev.Arg > 0:
		p.core.actions = m.Congested(now, ev.Dest.PC, p.core.actions)
	case ev.Kind == ss7.UserPart:
		p.core.actions = m.UserPartUnavailable(now, ev.Dest.PC, ev.Arg == uint32(mtp3.UnequippedUser), p.core.actions)
	}
}

func (p *subsystems) tick(now time.Time) {
	p.core.actions = p.management.Tick(now, p.core.actions)
}

func (p *subsystems) deadline() time.Time { return p.management.Deadline() }

// across implements translator.
func (p *subsystems) across(b *border, here *configs.System) rewrite {
	x := sccp.Border{From: b.kind, To: b.far, Lenient: here.IgnoreSCCP, Code: b.code}
	return x.Convert
}

// course implements translator: it is a title that is translated here.
func (p *subsystems) course(m *ss7.MSU) string {
	msg, err := sccp.Parse(m.Payload)
	if err != nil {
		return ""
	}
	a, err := sccp.ParseAddress(p.core.node.Config().V(), msg.Called)
	if err != nil || a.OnSSN || a.GTI == 0 {
		return ""
	}
	return string(msg.Called)
}

// recv takes a message for a subsystem of this node.
func (p *subsystems) recv(now time.Time, ev *ss7.Event) {
	m, err := sccp.Parse(ev.MSU.Payload)
	if err != nil {
		return
	}
	switch ssn := uint8(ev.Arg); {
	case m.Type.Service():
		if len(m.Data) < 4 || !p.answered(binary.BigEndian.Uint32(m.Data), sccpAnswer{ev.MSU.OPC, sccp.Cause(m.Cause)}) {
			p.core.node.discards.add(mtp3.NoUser, 1)
		}
	case ssn == 1:
		if !p.believes(ev, m.Data) {
			return
		}
		if x := p.core.node.view.Load().crossing(ev.Path); x != nil && ev.Of != 0 {
			p.proveThere(x, *ev, m.Data)
			return
		}
		p.manage(now, ev, m.Data)
	default: // a subsystem that answers tests, and has no user behind it
		p.core.node.discards.add(mtp3.NoUser, 1)
	}
}

// manage has SCCP's management act on what is believed.
func (p *subsystems) manage(now time.Time, ev *ss7.Event, data []byte) {
	p.noticed(ev.MSU.OPC, data)
	p.core.actions = p.management.Recv(now, ev.MSU.DPC, ev.MSU.OPC, data, p.core.actions)
}

// mostProved bounds how many messages wait until another instance has judged their sender.
const mostProved = 256

// proveThere lets another instance judge whether the sender of ev is who it says it is. The sender is a point behind
// crossing x. The crossing itself proves nothing, because the message's OPC alone decides by which crossing it comes.
// The path by which the message came into the other instance does prove something.
func (p *subsystems) proveThere(x *crossing, ev ss7.Event, data []byte) {
	home := x.to
	own := slices.Contains(home.Config().Own(), x.pc) // that node itself has translated the message
	notice, err := sccp.ParseNotice(p.core.node.Config().V(), data)
	if own || err != nil {
		p.manage(time.Now(), &ev, data)
		return
	}
	if p.proving.Add(1) > mostProved {
		p.proving.Add(-1)
		p.core.node.discards.add(mtp3.UserQueueFull, 1)
		return
	}
	home.core.do(func() {
		h, ok := home.core, false
		claim := mtp3.Claim{What: notice.Command.String(), Path: ev.Of, By: x.pc, About: mtp3.Nobody}
		if h.actions, ok = h.network.Believe(claim, h.actions); !ok {
			p.proving.Add(-1)
			return
		}
		p.core.do(func() {
			p.proving.Add(-1)
			p.manage(time.Now(), &ev, data)
		})
	})
}

// believes tells whether SCCP's management may act on what came by a path in a point's name (docs/trust.md); the rule
// is MTP3's. A test (SST), and what the halves of a duplicated subsystem agree on (SOR, SOG), are about a code of this
// node; then only the sender is in question. A message that cannot be read is left to the management, which logs it.
func (p *subsystems) believes(ev *ss7.Event, data []byte) (ok bool) {
	n, err := sccp.ParseNotice(p.core.node.Config().V(), data)
	if err != nil {
		return true
	}
	claim := mtp3.Claim{What: n.Command.String(), Path: ev.Path, By: ev.MSU.OPC, About: n.PC}
	switch n.Command {
	case sccp.SST, sccp.SOR, sccp.SOG:
		if slices.Contains(p.core.node.Config().Own(), n.PC) {
			claim.About = mtp3.Nobody
		}
	}
	p.core.actions, ok = p.core.network.Believe(claim, p.core.actions)
	return ok
}

// noticed ends the tests that an SSA answers.
func (p *subsystems) noticed(opc ss7.PC, data []byte) {
	n, err := sccp.ParseNotice(p.core.node.Config().V(), data)
	if err != nil || n.Command != sccp.SSA {
		return
	}
	for id, x := range p.pings {
		if x.sst && x.pc == n.PC && x.ssn == n.SSN {
			p.answered(id, sccpAnswer{from: opc})
		}
	}
}

// answered ends a test; false: no test has that number.
func (p *subsystems) answered(id uint32, a sccpAnswer) bool {
	x := p.pings[id]
	if x == nil {
		return false
	}
	delete(p.pings, id)
	x.done <- a
	return true
}

// configure compiles the configuration of SCCP and puts it in force.
func (p *subsystems) configure(s *configs.System) {
	c, n := p.core, p.core.node
	n.loadTitles(s, false)
	base := sccp.View{Variant: s.V(), NI: s.Network(), Own: s.Own(), Convert: s.Convert,
		Table: n.titles.Compile(s), Formats: map[ss7.PC]sccp.Format{}}
	for _, f := range s.Formats {
		base.Formats[f.PC] = [...]sccp.Format{configs.UDTOnly: sccp.UDTOnly, configs.LongMessages: sccp.Long}[f.Format]
	}
	conf := sccp.Config{Variant: s.V(), Notation: s.Notation(), NI: s.Network(), Own: s.Own(),
		Mates: map[uint8]sccp.Mate{}}
	for _, x := range s.Subsystems {
		base.Local[x.SSN>>6] |= 1 << (x.SSN & 63)
		conf.Local = append(conf.Local, x.SSN)
	}
	for _, m := range s.Maps {
		conf.Watched = append(conf.Watched, m.PC)
		if m.Multiplicity != 0 {
			conf.Watched = append(conf.Watched, m.BackupPC)
			if slices.Contains(conf.Own, m.PC) {
				conf.Mates[m.SSN] = sccp.Mate{PC: m.BackupPC, SSN: m.BackupSSN}
			}
		}
	}
	for _, x := range s.Concerned {
		conf.Concerned = append(conf.Concerned, x.PC)
	}
	c.ask(func() {
		t := c.network.Table()
		p.base = base
		p.management.Configure(conf)
		p.management.Known(t.Codes)
		p.management.Reach(tableNetwork{t, p.servers}.Accessible)
		next := *n.view.Load()
		next.table, next.sccp = t, p.view(t)
		n.publish(&next)
	})
}
