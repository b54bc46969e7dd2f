package m2ua

import (
	"fmt"
	"time"

	"github.com/gostp/gostp/internal/deadline"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// TerminalConfig configures a Terminal.
type TerminalConfig struct {
	Label
	Levels bool          // the network has congestion levels 1 to 3; else only 0 and 3 are told (§3.3.1.8)
	Pace   time.Duration // the time between Congestion Indications
}

// DefaultPace bounds the frequency of Congestion Indications, as §3.3.1.8 wants.
const DefaultPace = 100 * time.Millisecond

const tPace = 0

// Terminal stands between the level 2 of a link at the gateway and the ASPs that serve its interface. Do is
// told what level 2 raises, and also CommUp and CommLost when the application server begins and ceases to take
// traffic. Recv handles what an ASP sends. The Terminal answers with Sends, to the ASP Event.Path or to all
// active ones if that is zero, and with Raises, which say what level 2 is to do. MSUs do not pass through it.
type Terminal struct {
	cfg    TerminalConfig
	timers deadline.Set
	arena  []byte

	served    bool // the application server takes traffic
	started   bool // level 2 was started, and has not failed since
	inService bool
	remote    bool         // there is a processor outage at the far end
	outage    bool         // level 2 was told of an outage here, by an ASP or because none is there
	locked    bool         // the link is shut down here: no ASP may establish it
	releasing bool         // an ASP waits to hear that the link is out of service
	clearRTB  bool         // an ASP does not want back what was sent already
	askers    []ss7.PathID // the ASPs that asked for the BSN, in their order
	takers    []ss7.PathID // the ASPs that asked for messages, in their order
	level     uint32       // the congestion level of level 2
	toldLevel uint32
	why       string
	since     time.Time
	stats     TerminalStats
}

// TerminalStats counts messages by type.
type TerminalStats struct {
	In, Out             [int(last&0xff) + 1]uint64
	Retrieved, Failures uint64
	Outages             uint64 // outages because there was no ASP
	CongestionHeldBack  uint64
	Refused             xua.Refused
}

// NewTerminal makes a Terminal.
func NewTerminal(cfg TerminalConfig) *Terminal {
	return &Terminal{cfg: cfg, why: "no ASP has asked for the link"}
}

// SetConfig changes the settings.
func (t *Terminal) SetConfig(cfg TerminalConfig) { t.cfg = cfg }

// Deadline gives when Tick is next due.
func (t *Terminal) Deadline() time.Time { return t.timers.Next() }

// Do is told what level 2 raises, and whether there are ASPs. Stop and Start tell it whether the link is shut
// down here.
func (t *Terminal) Do(now time.Time, ev ss7.Event, out []ss7.Action) []ss7.Action {
	out = t.begin(out)
	switch ev.Kind {
	case ss7.CommUp:
		return t.servedAgain(now, out)
	case ss7.CommLost:
		return t.abandoned(now, ev.Why, out)
	case ss7.Stop:
		return t.lock(now, ev.Why, out)
	case ss7.Start:
		t.locked = false
		return t.become(now, "no ASP has asked for the link since it was shut down", out)
	case ss7.InService:
		return t.up(now, out)
	case ss7.OutOfService:
		return t.down(now, ev.Why, out)
	case ss7.RemoteOutage, ss7.RemoteRecovered:
		t.remote = ev.Kind == ss7.RemoteOutage
		m := Message{Type: StateInd, Event: RemoteOutageExit}
		if t.remote {
			m.Event = RemoteOutageEnter
		}
		return t.tell(0, m, out)
	case ss7.Congestion:
		t.level = ev.Arg
		return t.tellLevel(now, out)
	case ss7.BSNT, ss7.Retrieved, ss7.RetrievalComplete:
		return t.retrieved(&ev, out)
	}
	return out
}

// retrieved passes what level 2 answers on to the ASP that asked. If several ASPs share a link, each changes
// over and asks. The messages that waited go back to the first.
func (t *Terminal) retrieved(ev *ss7.Event, out []ss7.Action) []ss7.Action {
	from := &t.takers
	if ev.Kind == ss7.BSNT {
		from = &t.askers
	}
	if len(*from) == 0 {
		return out
	}
	to := (*from)[0]
	if ev.Kind == ss7.Retrieved {
		t.stats.Retrieved++
		return t.tell(to, Message{Type: RetrievalInd, PDU: t.cfg.Variant.AppendMSU(nil, &ev.MSU)}, out)
	}
	*from = (*from)[1:]
	if ev.Kind == ss7.BSNT {
		return t.tell(to, Message{Type: RetrievalCfm, Action: ActionBSN, Sequence: ev.Arg, HasSequence: true}, out)
	}
	return t.tell(to, Message{Type: RetrievalComplete}, out)
}

func (t *Terminal) begin(out []ss7.Action) []ss7.Action {
	if len(out) == 0 {
		t.arena = t.arena[:0]
	}
	return out
}

// tell sends a message to one ASP, or to all that are active.
func (t *Terminal) tell(to ss7.PathID, m Message, out []ss7.Action) []ss7.Action {
	m.Interface = t.cfg.Interface
	start := len(t.arena)
	t.arena = Append(t.arena, &m, t.cfg.TTC)
	t.stats.Out[m.Type&0xff]++
	return append(out, ss7.Action{Op: ss7.Send, Wire: t.arena[start:len(t.arena):len(t.arena)],
		Event: ss7.Event{Path: to}})
}

func (t *Terminal) order(k ss7.Kind, why string) ss7.Action {
	return ss7.Action{Op: ss7.Raise, Event: ss7.Event{Kind: k, Why: why}}
}

func (t *Terminal) become(now time.Time, why string, out []ss7.Action) []ss7.Action {
	t.why, t.since = why, now
	return append(out, ss7.Action{Op: ss7.Note, Event: ss7.Event{Kind: ss7.StateChange, Why: why}})
}

// servedAgain handles that there is an ASP again, whose MTP3 may go on. What has waited at level 2 since the
// outage began is out of date, because the far end has diverted its traffic.
func (t *Terminal) servedAgain(now time.Time, out []ss7.Action) []ss7.Action {
	t.served = true
	if !t.outage {
		return out
	}
	t.outage = false
	out = t.become(now, "an ASP is there again; the processor outage ends", out)
	return append(out, t.order(ss7.Flush, ""), t.order(ss7.LocalRecovered, ""))
}

// abandoned handles that there is no ASP any more. So MTP3 is gone, which is a processor outage here (§1.5.5,
// Q.703 §8). The link stays aligned for the next ASP.
func (t *Terminal) abandoned(now time.Time, why string, out []ss7.Action) []ss7.Action {
	t.served = false
	if !t.inService || t.outage {
		return out
	}
	return t.beginOutage(now, why, out)
}

func (t *Terminal) beginOutage(now time.Time, why string, out []ss7.Action) []ss7.Action {
	t.outage = true
	t.stats.Outages++
	out = t.become(now, "processor outage here: "+why, out)
	return append(out, t.order(ss7.LocalOutage, why))
}

// lock takes the link out of service. ASPs are told of a failure.
func (t *Terminal) lock(now time.Time, why string, out []ss7.Action) []ss7.Action {
	t.locked = true
	if !t.started && !t.inService {
		return t.become(now, why, out)
	}
	return append(out, t.order(ss7.Stop, why))
}

func (t *Terminal) up(now time.Time, out []ss7.Action) []ss7.Action {
	t.inService, t.remote = true, false
	out = t.become(now, "level 2 is in service", out)
	out = t.tell(0, Message{Type: EstablishCfm}, out)
	if !t.served && !t.outage {
		return t.beginOutage(now, "no ASP is active", out)
	}
	return out
}

func (t *Terminal) down(now time.Time, why string, out []ss7.Action) []ss7.Action {
	was := t.started || t.inService
	t.started, t.inService, t.remote = false, false, false
	t.level, t.toldLevel = 0, 0
	t.timers.StopAll()
	out = t.become(now, why, out)
	if t.outage { // the next alignment begins without an outage
		t.outage = false
		out = append(out, t.order(ss7.LocalRecovered, ""))
	}
	switch {
	case t.releasing:
		t.releasing = false
		return t.tell(0, Message{Type: ReleaseCfm}, out)
	case was:
		t.stats.Failures++
		return t.tell(0, Message{Type: ReleaseInd}, out)
	}
	return out
}

// tellLevel tells ASPs of a change of the congestion level, not too often (§3.3.1.8).
func (t *Terminal) tellLevel(now time.Time, out []ss7.Action) []ss7.Action {
	level := t.reported()
	if level == t.toldLevel {
		return out
	}
	if t.timers.Running(tPace) {
		t.stats.CongestionHeldBack++
		return out
	}
	t.toldLevel = level
	t.timers.Start(tPace, now, t.cfg.Pace)
	return t.tell(0, Message{Type: CongestionInd, Congestion: level}, out)
}

// reported gives the congestion level in the network's own terms.
func (t *Terminal) reported() uint32 {
	if t.cfg.Levels || t.level == 0 {
		return t.level
	}
	return 3
}

// Tick acts on every deadline that has passed.
func (t *Terminal) Tick(now time.Time, out []ss7.Action) []ss7.Action {
	out = t.begin(out)
	for t.timers.Expired(now) >= 0 {
		out = t.tellLevel(now, out)
	}
	return out
}

// Recv handles one message, other than Data, of the active ASP from. The error is what that ASP must be told.
func (t *Terminal) Recv(now time.Time, from ss7.PathID, b []byte, out []ss7.Action) ([]ss7.Action, *xua.Error) {
	out = t.begin(out)
	m, e := Parse(b)
	if e != nil {
		t.stats.Refused.Add(e.Code)
		return out, e
	}
	t.stats.In[m.Type&0xff]++
	switch m.Type {
	case EstablishReq:
		return t.establish(now, from, out), nil
	case ReleaseReq:
		return t.release(now, from, out), nil
	case StateReq:
		return t.state(from, m.State, out), nil
	case RetrievalReq:
		return t.retrieve(from, &m, out), nil
	case DataAck:
		return out, nil
	}
	t.stats.Refused.Add(xua.UnexpectedMessage)
	return out, &xua.Error{Code: xua.UnexpectedMessage, Why: Grammar[m.Type].Name + ", which only a gateway sends",
		Diag: xua.Head(b)}
}

// establish handles Establish Request. If the link is in service already, it is only confirmed (§3.3.1.3).
func (t *Terminal) establish(now time.Time, from ss7.PathID, out []ss7.Action) []ss7.Action {
	t.releasing = false
	if t.locked {
		return t.tell(from, Message{Type: ReleaseInd}, out)
	}
	if t.inService {
		return t.tell(from, Message{Type: EstablishCfm}, out)
	}
	if t.started {
		return out // the ASP repeats itself; alignment goes on
	}
	t.started = true
	out = t.become(now, "aligning, as an ASP asked", out)
	return append(out, t.order(ss7.Start, ""))
}

func (t *Terminal) release(now time.Time, from ss7.PathID, out []ss7.Action) []ss7.Action {
	const why = "an ASP released the link"
	if t.inService {
		t.releasing = true
		return append(out, t.order(ss7.Stop, why))
	}
	t.started = false
	out = append(t.become(now, why, out), t.order(ss7.Stop, why))
	return t.tell(from, Message{Type: ReleaseCfm}, out)
}

// state does what a State Request asks, and confirms it (§3.3.1.5, §3.3.1.6).
func (t *Terminal) state(from ss7.PathID, s State, out []ss7.Action) []ss7.Action {
	orders := [states]ss7.Event{OutageSet: {Kind: ss7.LocalOutage}, OutageClear: {Kind: ss7.LocalRecovered},
		EmergencySet: {Kind: ss7.Emergency}, EmergencyClear: {Kind: ss7.EmergencyCeases}, FlushBuffers: {Kind: ss7.Flush},
		ContinueState:   {Kind: ss7.Continue},
		CongestionClear: {Kind: ss7.Congestion}, CongestionAccept: {Kind: ss7.Congestion, Arg: 1},
		CongestionDiscard: {Kind: ss7.Congestion, Arg: 1}}
	switch s {
	case Audit:
		out = t.audit(from, out)
	case ClearRTB:
		t.clearRTB = true
	case OutageSet, OutageClear:
		t.outage = s == OutageSet
	}
	if ev := orders[s]; ev.Kind != ss7.None {
		ev.Why = fmt.Sprintf("an ASP asked for %v", s)
		out = append(out, ss7.Action{Op: ss7.Raise, Event: ev})
	}
	return t.tell(from, Message{Type: StateCfm, State: s}, out)
}

// audit tells the state of the link (§5.3.8).
func (t *Terminal) audit(from ss7.PathID, out []ss7.Action) []ss7.Action {
	if !t.inService {
		return t.tell(from, Message{Type: ReleaseInd}, out)
	}
	out = t.tell(from, Message{Type: EstablishCfm}, out)
	if level := t.reported(); level > 0 {
		out = t.tell(from, Message{Type: CongestionInd, Congestion: level}, out)
	}
	if t.remote {
		out = t.tell(from, Message{Type: StateInd, Event: RemoteOutageEnter}, out)
	}
	if t.outage {
		out = t.tell(from, Message{Type: StateInd, Event: LocalOutageEnter}, out)
	}
	return out
}

// retrieve passes on what changeover asks for. The numbers are those of level 2, with 24 bits in M2PA. The MTP3
// at the ASP exchanges them with the far end of the link, whose level 2 counts the same way. A number of 7 bits
// is completed there.
func (t *Terminal) retrieve(from ss7.PathID, m *Message, out []ss7.Action) []ss7.Action {
	if m.Action == ActionBSN {
		t.askers = append(t.askers, from)
		return append(out, t.order(ss7.RetrieveBSNT, ""))
	}
	t.takers = append(t.takers, from)
	fsnc := uint32(ss7.NoFSN)
	if m.HasSequence && !t.clearRTB && m.Sequence < ss7.NoFSN {
		fsnc = m.Sequence
		// The ASP's MTP3 may have the number from a COO. Then it is only 7 bits of it.
		if fsnc < 128 {
			fsnc |= ss7.ShortFSN
		}
	}
	t.clearRTB = false
	out = t.tell(from, Message{Type: RetrievalCfm, Action: ActionMessages}, out)
	return append(out, ss7.Action{Op: ss7.Raise, Event: ss7.Event{Kind: ss7.Retrieve, Arg: fsnc}})
}

// TerminalView is the state of a Terminal, for show commands.
type TerminalView struct {
	Interface                                  Interface
	Served, Started, InService, Remote, Outage bool
	Level                                      uint32
	Why                                        string
	Since                                      time.Time
	Stats                                      TerminalStats
}

// Status gives the state of the terminal.
func (t *Terminal) Status() TerminalView {
	return TerminalView{t.cfg.Interface, t.served, t.started, t.inService, t.remote, t.outage, t.level, t.why, t.since,
		t.stats}
}

// Messages gives the messages that came and went, by type.
func (s *TerminalStats) Messages() []xua.Exchanged { return exchanged(&s.In, &s.Out) }
