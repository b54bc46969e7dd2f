package m3ua

import (
	"slices"
	"time"

	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// Network is an SS7 network that AS belong to.
type Network struct {
	Variant *ss7.Variant
	Routes  Routes
}

// ASPConfig configures a far end.
type ASPConfig struct {
	xua.ASPConfig
	Slack   Slack
	Network int         // the network of what it registers
	Policy  Policy      // what it may register
	Allowed []ss7.Range // the destinations that it may register, with InRanges
	// Source says where a far end that is not configured comes from: that source has a share of the registrations.
	// It is empty if the far end is configured.
	Source string
}

// ASConfig configures an application server.
type ASConfig struct {
	xua.ASConfig
	Network int // index into Config.Networks
	NA      uint32
	HasNA   bool
	Key     Key
	Away    bool // it leads to gateways: its key says what these send here, and selects nothing
}

// Config is what a Layer must know.
type Config struct {
	Networks []Network
	ASPs     []ASPConfig
	ASs      []ASConfig
	NewPath  func() ss7.PathID // gives a path for an AS that is registered; 0 if there are no more
}

// These bound what far ends can make a Layer keep and do.
const (
	MaxDynamic    = 1024 // AS made by registration
	keptDynamic   = 128  // how many of these ASPs that are not configured leave to the others
	maxRegistered = 64   // memberships that one far end may register
	firstRC       = 1 << 20
)

// farEnd is what M3UA keeps of a far end, beside what xua keeps.
type farEnd struct {
	cfg    ASPConfig
	gate   *Gate
	audits xua.Rate // bounds the point codes that it asks for
	sweeps xua.Rate // bounds the ranges that it asks for
	news   xua.Rate // bounds the point codes whose state a gateway tells
	regs   xua.Rate
	told   [32]answered // what it was answered lately, which is not answered again
	next   int
	debts  debts
	regAt  time.Time // when REG REQ to it is repeated
	early  []early   // what it told of destinations while ASPAC to it was unanswered
	stats  Stats
}

type answered struct {
	pc ss7.PC
	si ss7.SI
	at time.Time
}

// Stats counts what is not answered.
type Stats struct {
	AuditsSpared, RegistrationsSpared, AnswersSpared, AuditsCut uint64
}

// Layer is the M3UA of a node. See the package comment.
type Layer struct {
	xua.Shell
	x         *xua.Layer
	cfg       Config
	farEnds   map[ss7.PathID]*farEnd
	order     []*farEnd
	ass       []*ASConfig
	selectors []*Selector
	arena     []byte
	nextRC    uint32
}

// New makes a Layer without far ends and AS; Configure comes next.
func New() *Layer {
	l := &Layer{x: xua.New(tags, Grammar), farEnds: map[ss7.PathID]*farEnd{}, nextRC: firstRC}
	l.Shell = xua.NewShell(l.x, DATA, l.turn)
	return l
}

// turn implements xua.Turn.
func (l *Layer) turn(now time.Time, out []ss7.Action, answer func([]ss7.Action) []ss7.Action) []ss7.Action {
	out = l.begin(out)
	n := len(out)
	return l.after(now, n, answer(out))
}

// Configure makes far ends and AS what is configured now. If two keys clash, it changes nothing and returns a
// *Clash.
func (l *Layer) Configure(now time.Time, c Config, out []ss7.Action) ([]ss7.Action, error) {
	out = l.begin(out)
	kept := []*ASConfig{}
	for _, s := range l.ass {
		if s.Dynamic {
			kept = append(kept, s)
		}
	}
	ass := make([]*ASConfig, len(c.ASs), len(c.ASs)+len(kept))
	for i := range c.ASs {
		ass[i] = &c.ASs[i]
	}
	if _, err := compileAll(c.Networks, ass); err != nil {
		return out, err
	}
	// What is configured takes the place of what was registered.
	type lost struct {
		path ss7.PathID
		why  string
	}
	var drop []lost
	kept = slices.DeleteFunc(kept, func(s *ASConfig) bool {
		why := displaced(s, ass, c.Networks)
		if why != "" {
			drop = append(drop, lost{s.Path, why})
		}
		return why != ""
	})
	ass = append(ass, kept...)
	sel, err := compileAll(c.Networks, ass)
	if err != nil {
		return out, err
	}
	for i := range c.ASs {
		l.keepGranted(&c.ASs[i])
	}
	l.cfg, l.ass, l.selectors = c, ass, sel
	l.setPeers(c.ASPs)
	xa := make([]xua.ASPConfig, len(c.ASPs))
	for i := range c.ASPs {
		xa[i] = c.ASPs[i].ASPConfig
	}
	xs := make([]xua.ASConfig, len(c.ASs))
	for i := range c.ASs {
		xs[i] = c.ASs[i].ASConfig
		xs[i].SLS = c.Networks[c.ASs[i].Network].Variant.SLSBits
	}
	n := len(out)
	for _, s := range drop {
		out = l.x.RemoveAS(now, s.path, s.why, out)
	}
	out = l.x.Configure(now, xa, xs, out)
	for _, p := range l.order {
		p.gate = l.makeGate(p)
	}
	return l.after(now, n, out), nil
}

// displaced says what in the configuration takes the place of a registered AS; "" if nothing does. A summary
// route does not, because what it covers may be registered already.
func displaced(s *ASConfig, ass []*ASConfig, nets []Network) string {
	if s.Network >= len(nets) {
		return "its network is gone"
	}
	net := &nets[s.Network]
	if clashes(s, ass, net.Variant.Bits()) {
		return "a configured routing key took its place"
	}
	for _, t := range s.Key.Terms {
		if net.Routes == nil {
			break
		}
		if why, summary := net.Routes.Reserved(t.DPC); why != "" && !summary {
			return why + " by configuration now"
		}
	}
	return ""
}

func clashes(s *ASConfig, ass []*ASConfig, bits uint8) bool {
	return slices.ContainsFunc(ass, func(o *ASConfig) bool {
		return o.Network == s.Network && o.Key.Overlaps(&s.Key, bits) && !o.Key.IsDefault() || o.HasID && o.ID == s.ID
	})
}

func compileAll(nets []Network, ass []*ASConfig) ([]*Selector, error) {
	out := make([]*Selector, len(nets))
	for i, n := range nets {
		var targets []Target
		for _, s := range ass {
			if s.Network == i && !s.Away {
				targets = append(targets, Target{AS: s.Path, Name: s.Name, Key: s.Key})
			}
		}
		sel, err := Compile(n.Variant, targets)
		if err != nil {
			return nil, err
		}
		out[i] = sel
	}
	return out, nil
}

func (l *Layer) setPeers(asps []ASPConfig) {
	l.order = l.order[:0]
	seen := map[ss7.PathID]bool{}
	for i := range asps {
		c := &asps[i]
		seen[c.Path] = true
		l.order = append(l.order, l.setPeer(c))
	}
	for path, p := range l.farEnds {
		switch {
		case seen[path]:
		case p.cfg.Stranger, l.x.Leaving(path): // no configuration names it
			l.order = append(l.order, p)
		default:
			delete(l.farEnds, path)
		}
	}
}

func (l *Layer) setPeer(c *ASPConfig) *farEnd {
	p := l.farEnds[c.Path]
	if p == nil {
		p = &farEnd{audits: xua.Rate{PerSecond: 1000, Burst: 2000}, sweeps: xua.Rate{PerSecond: 5, Burst: 20},
			news: xua.Rate{PerSecond: newsRate, Burst: newsBurst}, regs: xua.Rate{PerSecond: 10, Burst: 50}}
		l.farEnds[c.Path] = p
	}
	p.cfg = *c
	return p
}

// AddASP adds a far end that is not configured, whose association was accepted by policy, or changes its
// settings. It stays until RemoveASP.
func (l *Layer) AddASP(now time.Time, c ASPConfig, out []ss7.Action) []ss7.Action {
	out = l.begin(out)
	n := len(out)
	c.Stranger = true
	known := l.farEnds[c.Path] != nil
	if p := l.setPeer(&c); !known {
		l.order = append(l.order, p)
	}
	out = l.x.SetASP(now, c.ASPConfig, out)
	return l.after(now, n, l.x.Settle(now, append(out, republish(c.Path))))
}

// RemoveASP forgets a far end that was added.
func (l *Layer) RemoveASP(now time.Time, path ss7.PathID, why string, out []ss7.Action) []ss7.Action {
	out = l.begin(out)
	n := len(out)
	out = l.x.Settle(now, l.x.RemoveASP(now, path, why, out))
	l.order = slices.DeleteFunc(l.order, func(p *farEnd) bool { return p == l.farEnds[path] })
	delete(l.farEnds, path)
	return l.after(now, n, out)
}

func republish(p ss7.PathID) ss7.Action {
	return ss7.Action{Op: ss7.Raise, Event: ss7.Event{Kind: xua.Republish, Path: p}}
}

// begin forgets the messages of earlier calls, once their actions were carried out.
func (l *Layer) begin(out []ss7.Action) []ss7.Action {
	if len(out) == 0 {
		l.arena = l.arena[:0]
	}
	return l.x.Begin(out)
}

// Do handles CommUp, CommLost or CommRestart of an association.
func (l *Layer) Do(now time.Time, ev ss7.Event, out []ss7.Action) []ss7.Action {
	out = l.begin(out)
	n := len(out)
	if p := l.farEnds[ev.Path]; p != nil {
		p.early = nil
	}
	return l.after(now, n, l.x.Do(now, ev, out))
}

// Recv handles one message of a far end. It raises DATA as Transfer, with the Path of the AS by which it came.
// A Gate does the same without the Layer.
func (l *Layer) Recv(now time.Time, path ss7.PathID, stream uint16, ppid uint32, b []byte,
	out []ss7.Action) []ss7.Action {
	out = l.begin(out)
	p := l.farEnds[path]
	if p == nil {
		return out
	}
	n := len(out)
	if IsData(b) && p.gate != nil {
		var d Data
		as, _, e := p.gate.Recv(stream, ppid, b, &d)
		if e != nil {
			return l.Refuse(now, path, e, out)
		}
		l.x.Heard(now, path, DATA)
		return append(out, ss7.Action{Op: ss7.Raise, Event: ss7.Event{Kind: ss7.Transfer, Path: as, MSU: d.MSU}})
	}
	if p.gate != nil && !p.gate.PPIDFits(ppid) {
		return l.Refuse(now, path, wrongPPID("message", ppid), out)
	}
	m, e := Grammar.Parse(b)
	if e != nil {
		e.Silent = m.Type == xua.ERR && len(b) >= 8 // ERR is never answered (§3.8.1)
		return l.Refuse(now, path, e, out)
	}
	switch m.Type >> 8 {
	case 1:
		return out // the far end has no Gate: it has no state yet
	case 2:
		l.x.Heard(now, path, m.Type)
		out = l.recvSSNM(now, p, m, b, out)
	case 9:
		l.x.Heard(now, path, m.Type)
		out = l.recvRKM(now, p, m, b, out)
	default:
		out = l.x.Recv(now, path, m, out)
		if m.Type == xua.ERR {
			out = l.recvRefusal(now, p, m, out)
		}
	}
	return l.after(now, n, out)
}

// Refuse tells a far end of its fault, at a bounded rate.
func (l *Layer) Refuse(now time.Time, path ss7.PathID, e *xua.Error, out []ss7.Action) []ss7.Action {
	return l.x.Refuse(now, path, e, l.begin(out))
}

// Tick acts on every deadline that has passed.
func (l *Layer) Tick(now time.Time, out []ss7.Action) []ss7.Action {
	out = l.begin(out)
	n := len(out)
	for _, p := range l.order {
		out = l.settle(now, p, out)
	}
	return l.after(now, n, l.x.Tick(now, out))
}

// Deadline gives the earliest deadline.
func (l *Layer) Deadline() time.Time {
	first := l.x.Deadline()
	for _, p := range l.order {
		for _, t := range []time.Time{p.regAt, p.debts.due()} {
			if !t.IsZero() && (first.IsZero() || t.Before(first)) {
				first = t
			}
		}
	}
	return first
}

// after does what M3UA has to do about the actions of xua from out[n] on: it makes new Gates, tells a newly
// active ASP what it must know, and asks for registrations.
func (l *Layer) after(now time.Time, n int, out []ss7.Action) []ss7.Action {
	for i := n; i < len(out); i++ {
		a := &out[i]
		if a.Op != ss7.Raise {
			continue
		}
		switch a.Event.Kind {
		case xua.Republish:
			l.republished(a.Event.Path)
		case xua.Activated:
			path, server := a.Event.Path, ss7.PathID(a.Event.Arg)
			out = l.brief(now, path, server, out)
			if p := l.farEnds[path]; p != nil {
				out = l.begun(now, p, server, out)
			}
		}
	}
	for _, p := range l.order {
		out = l.register(now, p, out)
	}
	return out
}

func (l *Layer) republished(path ss7.PathID) {
	if p := l.farEnds[path]; p != nil {
		p.gate = l.makeGate(p)
		return
	}
	i := slices.IndexFunc(l.ass, func(s *ASConfig) bool { return s.Path == path })
	if i >= 0 && l.ass[i].Dynamic && l.x.Way(path) == nil {
		l.ass = slices.Delete(l.ass, i, i+1)
		l.recompile()
	}
}

// recompile makes the selectors anew. A registered key never clashes.
func (l *Layer) recompile() {
	if sel, err := compileAll(l.cfg.Networks, l.ass); err == nil {
		l.selectors = sel
	}
}

func (l *Layer) makeGate(p *farEnd) *Gate {
	c, servings := l.x.Serves(p.cfg.Path)
	g := &Gate{Name: c.Name, Slack: p.cfg.Slack}
	for _, s := range servings {
		as := l.as(s.AS)
		if as == nil {
			continue
		}
		label := Label{RC: s.ID, HasRC: s.HasID && !c.Slack.NoID, NA: as.NA, HasNA: as.HasNA}
		g.Entries = append(g.Entries, Entry{Label: label, Own: s.OwnID, HasOwn: s.OwnID != s.ID, AS: s.AS,
			Variant: l.cfg.Networks[as.Network].Variant, Receives: s.Receives, Sends: s.Sends})
	}
	return g
}

func (l *Layer) as(path ss7.PathID) *ASConfig {
	for _, s := range l.ass {
		if s.Path == path {
			return s
		}
	}
	return nil
}

// Gate gives the present picture of what a far end may do; nil if there is no such far end.
func (l *Layer) Gate(path ss7.PathID) *Gate {
	if p := l.farEnds[path]; p != nil {
		return p.gate
	}
	return nil
}

// Selector gives what finds AS by their keys in a network.
func (l *Layer) Selector(network int) *Selector { return l.selectors[network] }

// AS lists the AS that there are, including registered ones.
func (l *Layer) AS() []*ASConfig { return l.ass }

// PeerStats counts what a far end asked for too often to be answered.
func (l *Layer) PeerStats(path ss7.PathID) Stats {
	if p := l.farEnds[path]; p != nil {
		return p.stats
	}
	return Stats{}
}
