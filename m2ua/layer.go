package m2ua

import (
	"fmt"
	"slices"
	"time"

	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// ASPConfig configures a far end: an ASP of this gateway, or the gateway that this end is an ASP to.
type ASPConfig struct {
	xua.ASPConfig
	Slack    Slack
	Register bool // at a gateway: the ASP may register for interfaces that have a link key
}

// Slack is what an odd far end is forgiven. xua.Slack has what concerns states.
type Slack struct {
	AnyPPID bool // any payload protocol identifier will do
	// Nameless allows Data without an interface identifier, both ways, where there is just one interface.
	Nameless bool

	// NamelessAck allows Data Ack without one, where there is just one interface.
	NamelessAck bool
	// NamelessControl allows the same for all other messages about an interface.
	NamelessControl bool
	// ActionZero allows a retrieval with action 0: of messages if it has a sequence number, else of the BSN.
	ActionZero bool
}

// ASConfig configures an application server. At the gateway it has some interfaces that change hands together;
// at an ASP it has one interface of a gateway. The Layer sets its ID.
type ASConfig struct {
	xua.ASConfig
	Interfaces []InterfaceConfig
}

// InterfaceConfig configures one interface.
type InterfaceConfig struct {
	Label
	Path ss7.PathID // of its link
	Key  LinkKey    // the link key, if HasKey

	HasKey bool
}

// LinkKey names a link by its terminal and its data link (§3.3.4.1).
type LinkKey struct{ SDT, SDL uint16 }

// Config is what a Layer must know.
type Config struct {
	ASPs []ASPConfig
	ASs  []ASConfig
}

// farEnd is what M2UA keeps of a far end, beside what xua keeps.
type farEnd struct {
	cfg   ASPConfig
	gate  *Gate
	regs  xua.Rate
	keys  map[Interface]ss7.PathID // the interfaces registered in this association, with their AS
	regAt time.Time                // if this end is the ASP: when the gateway is next asked for interfaces
	stats Stats
}

// Stats counts what is not answered.
type Stats struct{ RegistrationsSpared uint64 }

// Layer is the M2UA of a node. See the package comment.
type Layer struct {
	xua.Shell
	x       *xua.Layer
	cfg     Config
	farEnds map[ss7.PathID]*farEnd
	order   []*farEnd
	arena   []byte

	// These concern links that are configured by a link key, by the path of the link.
	keyed   map[ss7.PathID]InterfaceConfig
	learned map[ss7.PathID]Interface // the interface that its gateway gave it last
	keyWhy  map[ss7.PathID]string    // why it has none
}

// New makes a Layer without far ends and AS; Configure comes next.
func New() *Layer {
	l := &Layer{x: xua.New(tags, Grammar), farEnds: map[ss7.PathID]*farEnd{},
		keyed: map[ss7.PathID]InterfaceConfig{}, learned: map[ss7.PathID]Interface{}, keyWhy: map[ss7.PathID]string{}}
	l.Shell = xua.NewShell(l.x, DATA, l.turn)
	return l
}

// turn implements xua.Turn.
func (l *Layer) turn(_ time.Time, out []ss7.Action, answer func([]ss7.Action) []ss7.Action) []ss7.Action {
	out = l.begin(out)
	n := len(out)
	return l.after(n, nil, answer(out))
}

// Configure makes far ends and AS what is configured now.
func (l *Layer) Configure(now time.Time, c Config, out []ss7.Action) []ss7.Action {
	out = l.begin(out)
	n := len(out)
	l.forget(&c)
	l.cfg = c
	l.order = l.order[:0]
	seen := map[ss7.PathID]bool{}
	var asps []xua.ASPConfig
	for i := range c.ASPs {
		p := l.farEnds[c.ASPs[i].Path]
		if p == nil {
			p = &farEnd{regs: xua.Rate{PerSecond: 10, Burst: 50}, keys: map[Interface]ss7.PathID{}}
			l.farEnds[c.ASPs[i].Path] = p
		}
		p.cfg = c.ASPs[i]
		seen[p.cfg.Path] = true
		l.order = append(l.order, p)
		asps = append(asps, p.cfg.ASPConfig)
	}
	var ass []xua.ASConfig
	for i := range c.ASs {
		s := &c.ASs[i]
		s.ID, s.HasID = uint32(s.Path), true
		l.learn(s)
		ass = append(ass, s.ASConfig)
	}
	out = l.x.Configure(now, asps, ass, out)
	for _, p := range l.order {
		p.gate = l.makeGate(p)
	}
	out = l.after(n, nil, l.deregister(out))
	for path, p := range l.farEnds {
		switch {
		case seen[path]:
		case l.x.Leaving(path):
			l.order = append(l.order, p)
		default:
			delete(l.farEnds, path)
		}
	}
	return l.register(now, out)
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
		clear(p.keys)
	}
	return l.register(now, l.after(n, nil, l.x.Do(now, ev, out)))
}

// Recv handles one message of a far end that is not about an interface.
func (l *Layer) Recv(now time.Time, path ss7.PathID, ppid uint32, b []byte, out []ss7.Action) []ss7.Action {
	out = l.begin(out)
	p := l.farEnds[path]
	if p == nil {
		return out
	}
	if !p.gate.PPIDFits(ppid) {
		return l.Refuse(now, path, wrongPPID(ppid), out)
	}
	m, e := Grammar.Parse(b)
	if e != nil {
		e.Silent = m.Type == xua.ERR && len(b) >= 8 // ERR is never answered (§3.3.3.1)
		return l.Refuse(now, path, e, out)
	}
	n := len(out)
	if m.Type>>8 == classIIM {
		l.x.Heard(now, path, m.Type)
		out, e = l.recvRegistration(now, p, m, b, out)
		out = l.after(n, nil, out)
		if e != nil { // its ERR has interface identifiers already, which are not to be translated
			out = l.x.Refuse(now, path, e, out)
		}
		return l.register(now, out)
	}
	named, e := l.inward(p, &m)
	if e != nil {
		e.Diag = xua.Head(b)
		return l.Refuse(now, path, e, out)
	}
	if m.Type == xua.ASPAC || m.Type == xua.ASPIA {
		if p.cfg.Role == xua.RoleSG && l.x.Up(path) {
			out = l.refuseUnknown(now, path, m.Name, named, out)
		}
		if named != nil && len(named.numbers) == 0 {
			return out
		}
	}
	n = len(out) // a refusal has interface identifiers already
	return l.register(now, l.after(n, named, l.x.Recv(now, path, m, out)))
}

// refuseUnknown sends an ERR for each interface identifier that the far end does not serve (§4.3.4.3).
func (l *Layer) refuseUnknown(now time.Time, path ss7.PathID, what string, named *names,
	out []ss7.Action) []ss7.Action {
	if named == nil {
		return out
	}
	for i := range named.unknown {
		u := &named.unknown[i]
		e := &xua.Error{Code: invalidIID,
			Why: fmt.Sprintf("%s for interface identifier %v: this ASP serves no such interface", what, u), Raw: u.append(nil)}
		out = l.x.Refuse(now, path, e, out)
	}
	return out
}

// Refuse tells a far end of its fault, at a bounded rate.
func (l *Layer) Refuse(now time.Time, path ss7.PathID, e *xua.Error, out []ss7.Action) []ss7.Action {
	return l.x.Refuse(now, path, e, l.begin(out))
}

// RemoveASP forgets a far end of which leave was taken.
func (l *Layer) RemoveASP(now time.Time, path ss7.PathID, why string, out []ss7.Action) []ss7.Action {
	out = l.begin(out)
	n := len(out)
	out = l.after(n, nil, l.x.Settle(now, l.x.RemoveASP(now, path, why, out)))
	l.order = slices.DeleteFunc(l.order, func(p *farEnd) bool { return p == l.farEnds[path] })
	delete(l.farEnds, path)
	return out
}

// Tick acts on every deadline that has passed.
func (l *Layer) Tick(now time.Time, out []ss7.Action) []ss7.Action {
	out = l.begin(out)
	n := len(out)
	return l.register(now, l.after(n, nil, l.x.Tick(now, out)))
}

// Deadline gives the earliest deadline.
func (l *Layer) Deadline() time.Time {
	first := l.x.Deadline()
	for _, p := range l.order {
		if !p.regAt.IsZero() && (first.IsZero() || p.regAt.Before(first)) {
			first = p.regAt
		}
	}
	return first
}

// after does what M2UA has to do about the actions of xua from out[n] on: it makes new Gates, and writes
// interface identifiers in place of numbers.
func (l *Layer) after(n int, named *names, out []ss7.Action) []ss7.Action {
	for i := n; i < len(out); i++ {
		a := &out[i]
		switch {
		case a.Op == ss7.Send:
			var second []byte
			if a.Wire, second = l.outward(a.Wire, named); second != nil {
				l.x.Sent(a.Event.Path, xua.Type(second[2])<<8|xua.Type(second[3]))
				out = slices.Insert(out, i+1, ss7.Action{Op: ss7.Send, Wire: second, Event: ss7.Event{Path: a.Event.Path}})
				i++
			}
		case a.Op == ss7.Raise && a.Event.Kind == xua.Republish:
			if p := l.farEnds[a.Event.Path]; p != nil {
				p.gate = l.makeGate(p)
			}
		}
	}
	return out
}

func (l *Layer) as(path ss7.PathID) *ASConfig {
	i := slices.IndexFunc(l.cfg.ASs, func(s ASConfig) bool { return s.Path == path })
	if i < 0 {
		return nil
	}
	return &l.cfg.ASs[i]
}

// Gate gives the present picture of what a far end may do; nil if there is no such far end.
func (l *Layer) Gate(path ss7.PathID) *Gate {
	if p := l.farEnds[path]; p != nil {
		return p.gate
	}
	return nil
}

// AS lists the AS that there are.
func (l *Layer) AS() []ASConfig { return l.cfg.ASs }

// PeerStats counts what a far end asked for too often to be answered.
func (l *Layer) PeerStats(path ss7.PathID) Stats {
	if p := l.farEnds[path]; p != nil {
		return p.stats
	}
	return Stats{}
}
