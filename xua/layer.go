package xua

import (
	"fmt"
	"slices"
	"time"

	"github.com/gostp/gostp/internal/deadline"
	"github.com/gostp/gostp/ss7"
)

// State is the state of an ASP in an AS (RFC 4666 §4.3.1).
type State uint8

// The states of an ASP.
const (
	Down State = iota
	Inactive
	Active
)

var stateNames = [...]string{"down", "inactive", "active"}

func (s State) String() string { return stateNames[s] }

// Timers of an ASP, and the one of an AS.
const (
	tAck = iota
	tBeat
	tDead
	tUp
)
const tR = 0

// asp is the far end of one association: an ASP, a gateway or an IPSP.
type asp struct {
	cfg     ASPConfig
	comm    bool   // there is an association
	farUp   bool   // the far end has sent ASPUP
	ownUp   bool   // our ASPUP was acknowledged
	upAsked bool   // our ASPUP was sent and is not answered
	leaving string // why this end takes leave of it; empty if it does not
	step    uint8  // the step of the leave-taking
	owes    bool   // its ASPIA Ack is missing, for an AS that was taken out of the configuration
	why     string
	since   time.Time
	id      uint32 // the ASP Identifier of its ASPUP
	hasID   bool
	members []*member
	timers  deadline.Set
	tries   int // requests since the last answer
	heard   time.Time
	beat    uint64
	errs    Rate
	dirty   dirt
	stats   Stats
	lastErr string
}

// dirt says how the picture of a far end must be made anew. A gain is published before the ways that lead to
// the far end, a loss after them.
type dirt uint8

const (
	clean dirt = iota
	gained
	lost
)

// member is an ASP in an AS. far is the state of the far end as an ASP of ours. own is our state as an ASP of
// the far end. In a single exchange, the two are one.
type member struct {
	asp        *asp
	as         *as
	weight     uint8
	far, own   State
	static     bool
	registered bool
	// overridden says that an alternate ASP has the traffic: instead of the far end in RoleSG, else instead of
	// this end, which waits until that ASP is gone.
	overridden bool
	waiting    bool // this end waits for a routing context from the gateway
	granted    bool // the gateway gave one
	company    bool // the gateway has told of another ASP in the AS
	asked      Type // the ASPAC or ASPIA that was sent and is not answered; 0 if there is none

	waitWhy  string    // what became of asking for a routing context
	waitTill time.Time // when the gateway is asked again; zero means not at all
}

// Stats counts the messages from and to a far end, by class and type.
type Stats struct {
	In, Out      [11][16]uint64
	ErrorsSpared uint64 // how many ERR were not sent because there were too many
	Refused      Refused
}

func count(c *[11][16]uint64, t Type) {
	if t>>8 < 11 && t&0xff < 16 {
		c[t>>8][t&0xff]++
	}
}

// These are kinds of events that a Layer raises beside those of ss7. They concern the ASP or the AS of Path.
const (
	// Republish says that there is a new picture of Path: of a way out, or of what an ASP may do.
	Republish = ss7.OwnKind + iota
	Activated // the ASP of Path became active in the AS of path Arg
)

// These are the Args of Notes with Kind StateChange that the loop turns into log lines.
const (
	NoteASP uint32 = iota + 1
	NoteAS
	NoteError // what a far end tells us of our faults, or we tell it of its own
)

// Layer has all far ends and application servers of one adaptation layer. See the package comment.
type Layer struct {
	tags    Tags
	grammar Grammar
	asps    []*asp
	ass     []*as
	byPath  map[ss7.PathID]*asp
	byAS    map[ss7.PathID]*as
	arena   []byte
	notices []notice
}

// notice is a NTFY that waits until the acknowledgement before it is sent (§4.3.4.5).
type notice struct {
	to     *asp
	as     *as
	status Status
	about  *asp // the ASP whose identifier it carries; nil if it carries none
}

// New makes a Layer without far ends and servers; Configure comes next.
func New(tags Tags, g Grammar) *Layer {
	return &Layer{tags: tags, grammar: g, byPath: map[ss7.PathID]*asp{}, byAS: map[ss7.PathID]*as{}}
}

// Begin forgets the messages of earlier calls, once their actions were carried out.
func (l *Layer) Begin(out []ss7.Action) []ss7.Action {
	if len(out) == 0 {
		l.arena = l.arena[:0]
	}
	return out
}

// Configure makes far ends and servers what is configured now. What was registered stays while its far end
// does. Strangers, which no configuration names, stay too.
func (l *Layer) Configure(now time.Time, asps []ASPConfig, ass []ASConfig, out []ss7.Action) []ss7.Action {
	out = l.Begin(out)
	for _, s := range slices.Clone(l.ass) {
		if !s.cfg.Dynamic && !slices.ContainsFunc(ass, func(c ASConfig) bool { return c.Path == s.cfg.Path }) {
			out = l.withdrawAll(now, s, "it was taken out of the configuration", out)
			out = l.removeAS(now, s, "it was taken out of the configuration", out)
		}
	}
	for _, a := range slices.Clone(l.asps) {
		if a.cfg.Stranger || a.leaving != "" {
			continue
		}
		if !slices.ContainsFunc(asps, func(c ASPConfig) bool { return c.Path == a.cfg.Path }) {
			out = l.RemoveASP(now, a.cfg.Path, "it was taken out of the configuration", out)
		}
	}
	for _, c := range asps {
		out = l.SetASP(now, c, out)
	}
	for _, c := range ass {
		out = l.setAS(now, c, out)
	}
	for _, a := range l.asps {
		out = l.pursue(now, a, out)
	}
	return l.settle(now, out)
}

// SetASP adds a far end, or changes its settings.
func (l *Layer) SetASP(now time.Time, c ASPConfig, out []ss7.Action) []ss7.Action {
	if c.TAck <= 0 {
		c.TAck = DefaultTAck
	}
	a := l.byPath[c.Path]
	if a == nil {
		a = &asp{cfg: c, why: "no association yet", since: now, errs: Rate{PerSecond: 100, Burst: 200}}
		l.byPath[c.Path] = a
		l.asps = append(l.asps, a)
		return out
	}
	was := a.cfg
	a.cfg = c
	a.dirty = max(a.dirty, gained)
	switch {
	case c.Shutdown && !was.Shutdown:
		out = l.Leave(now, a.cfg.Path, "shut down", out)
	case c.Block && !was.Block:
		out = l.blockASP(now, a, out)
	}
	if c.TBeat != was.TBeat && a.comm {
		l.startBeat(now, a)
	}
	if c.HasID != was.HasID || c.ID != was.ID {
		a.upAsked = false // an ASPUP that was refused may be accepted with another identifier
	}
	if c.Block != was.Block && !l.arrived(a) {
		return l.pursue(now, a, out)
	}
	return out
}

// RemoveASP forgets a far end.
func (l *Layer) RemoveASP(now time.Time, path ss7.PathID, why string, out []ss7.Action) []ss7.Action {
	a := l.byPath[path]
	if a == nil {
		return out
	}
	out = l.commLost(now, a, why, out)
	for _, m := range slices.Clone(a.members) {
		out = l.leave(now, m, why, out)
	}
	delete(l.byPath, path)
	l.asps = slices.DeleteFunc(l.asps, func(x *asp) bool { return x == a })
	return append(out, republish(path))
}

func (l *Layer) setAS(now time.Time, c ASConfig, out []ss7.Action) []ss7.Action {
	s := l.byAS[c.Path]
	if s == nil {
		s = l.newAS(now, c)
	}
	was := s.cfg
	if was.HasID != c.HasID || was.ID != c.ID || was.HasOwn != c.HasOwn || was.OwnID != c.OwnID ||
		was.Register != c.Register {
		out = l.withdrawAll(now, s, "its routing context or key was changed", out)
		s.hasID = c.HasID
	}
	s.cfg, s.dirty = c, true
	if c.Mode != 0 || was.Mode != 0 {
		s.mode, s.passing = c.Mode, false
	}
	if c.Mode != was.Mode {
		for _, m := range s.members {
			m.asked = 0
		}
	}
	for _, m := range slices.Clone(s.members) {
		named := func(x MemberConfig) bool { return x.ASP == m.asp.cfg.Path }
		if m.static && m.asp.leaving == "" && !slices.ContainsFunc(c.Members, named) {
			out = l.withdraw(now, m, "it was taken out of the configuration", out)
			out = l.leave(now, m, "it was taken out of the configuration", out)
		}
	}
	for _, x := range c.Members {
		if a := l.byPath[x.ASP]; a != nil {
			var m *member
			m, out = l.join(now, a, s, out)
			m.static, m.weight = true, x.Weight
			m.waiting = c.Register && a.cfg.Role == RoleASP && !m.granted
		}
	}
	if c.Shutdown && !was.Shutdown {
		for _, m := range s.members {
			out = l.deactivate(now, m, "the AS was shut down", out)
		}
	}
	return out
}

// settle publishes what changed and sends the notices that wait.
func (l *Layer) settle(_ time.Time, out []ss7.Action) []ss7.Action {
	return l.tell(l.publish(out))
}

// publish makes new pictures: first what far ends gain, then the ways, then what far ends lose.
func (l *Layer) publish(out []ss7.Action) []ss7.Action {
	out = l.publishASPs(gained, out)
	for _, s := range l.ass {
		if s.dirty {
			s.dirty = false
			s.way = s.makeWay()
			out = append(out, republish(s.cfg.Path))
		}
	}
	return l.publishASPs(lost, out)
}

func (l *Layer) publishASPs(d dirt, out []ss7.Action) []ss7.Action {
	for _, a := range l.asps {
		if a.dirty == d {
			a.dirty = clean
			out = append(out, republish(a.cfg.Path))
		}
	}
	return out
}

func republish(p ss7.PathID) ss7.Action {
	return ss7.Action{Op: ss7.Raise, Event: ss7.Event{Kind: Republish, Path: p}}
}

func note(path ss7.PathID, what uint32, why string) ss7.Action {
	return ss7.Action{Op: ss7.Note, Event: ss7.Event{Kind: ss7.StateChange, Path: path, Arg: what, Why: why}}
}

// Do handles what happens to an association: CommUp, CommLost, CommRestart.
func (l *Layer) Do(now time.Time, ev ss7.Event, out []ss7.Action) []ss7.Action {
	out = l.Begin(out)
	a := l.byPath[ev.Path]
	if a == nil {
		return out
	}
	switch ev.Kind {
	case ss7.CommUp:
		out = l.commUp(now, a, out)
	case ss7.CommLost:
		out = l.commLost(now, a, ev.Why, out)
	case ss7.CommRestart:
		if a.leaving != "" {
			out = l.hangUp(now, a, a.leaving, out)
			break
		}
		out = l.commLost(now, a, "the far end restarted SCTP", out)
		out = l.commUp(now, a, out)
	}
	return l.settle(now, out)
}

func (l *Layer) commUp(now time.Time, a *asp, out []ss7.Action) []ss7.Action {
	if a.comm {
		return out
	}
	a.comm, a.heard, a.tries = true, now, 0
	a.why, a.since = "association up; waiting for ASPUP", now
	l.startBeat(now, a)
	a.timers.Start(tUp, now, a.cfg.TUp)
	return l.pursue(now, a, out)
}

func (l *Layer) commLost(now time.Time, a *asp, why string, out []ss7.Action) []ss7.Action {
	if !a.comm {
		return out
	}
	a.comm, a.leaving, a.owes = false, "", false
	a.timers.StopAll()
	a.forget()
	return l.fall(now, a, "association lost: "+why, true, out)
}

// fall takes an ASP down in all AS and in both directions. If that is a failure, the other ASPs of these AS are
// told of it (§3.8.2).
func (l *Layer) fall(now time.Time, a *asp, why string, failure bool, out []ss7.Action) []ss7.Action {
	was := a.farUp || a.ownUp
	a.farUp, a.ownUp = false, false
	if a.comm {
		a.timers.Start(tUp, now, a.cfg.TUp)
	}
	a.why, a.since = why, now
	if was {
		out = append(out, note(a.cfg.Path, NoteASP, "ASP "+a.cfg.Name+" is down: "+why))
	}
	for _, m := range slices.Clone(a.members) {
		if failure && (m.far != Down || m.own != Down) {
			for _, o := range m.as.members {
				if o != m && o.far != Down {
					l.notify(o.asp, m.as, NotifyFailure, a)
				}
			}
		}
		out = l.set(now, m, Down, Down, why, out)
	}
	return l.deregister(now, a, why, out)
}

// Tick acts on every deadline that has passed.
func (l *Layer) Tick(now time.Time, out []ss7.Action) []ss7.Action {
	out = l.Begin(out)
	for _, a := range slices.Clone(l.asps) {
		for id := a.timers.Expired(now); id >= 0; id = a.timers.Expired(now) {
			switch id {
			case tAck:
				out = l.unanswered(now, a, out)
			case tBeat:
				out = l.sendBeat(now, a, out)
			case tDead:
				out = l.checkAlive(now, a, out)
			case tUp:
				out = l.hangUp(now, a, fmt.Sprintf("the far end has not said ASPUP for %v", a.cfg.TUp), out)
			}
		}
	}
	for _, s := range slices.Clone(l.ass) {
		if s.timers.Expired(now) >= 0 {
			out = l.recoveryOver(now, s, out)
		}
	}
	return l.settle(now, out)
}

// Deadline gives the earliest deadline of all far ends and servers.
func (l *Layer) Deadline() time.Time {
	var first time.Time
	sooner := func(t time.Time) {
		if !t.IsZero() && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	for _, a := range l.asps {
		sooner(a.timers.Next())
	}
	for _, s := range l.ass {
		sooner(s.timers.Next())
	}
	return first
}

// Rate bounds what a far end can provoke. It is a bucket of Burst that fills at PerSecond. The zero value
// allows nothing.
type Rate struct {
	PerSecond, Burst float64
	have             float64
	at               time.Time
}

// Take takes n out of the bucket. It gives false if they are not there.
func (r *Rate) Take(now time.Time, n int) bool {
	if r.at.IsZero() {
		r.have = r.Burst
	} else {
		r.have = min(r.Burst, r.have+now.Sub(r.at).Seconds()*r.PerSecond)
	}
	r.at = now
	if r.have < float64(n) {
		return false
	}
	r.have -= float64(n)
	return true
}
