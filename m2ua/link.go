package m2ua

import (
	"fmt"
	"time"

	"github.com/gostp/gostp/internal/deadline"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// LinkState is the state of a Link: what its ASP knows of a level 2 that is elsewhere.
type LinkState uint8

// The states.
const (
	NoGateway    LinkState = iota // this end is not active for the interface
	OutOfService                  // this end is active, and MTP3 does not want the link
	Auditing                      // the gateway was asked for the state of the link (§1.5.7)
	Preparing                     // emergency or normal alignment was asked for and is not confirmed yet
	Establishing                  // Establish Request was sent
	InService
	LinkStates
)

var linkStateNames = [LinkStates]string{"NoGateway", "OutOfService", "Auditing", "Preparing", "Establishing",
	"InService"}

func (s LinkState) String() string { return linkStateNames[s] }

// LinkConfig configures a Link.
type LinkConfig struct {
	Label
	Answer    time.Duration // how long a confirmation is waited for, except that of Establish
	Establish time.Duration // the time between Establish Requests (§3.3.1.3)
}

// RFC 3331 leaves the timers to the implementation. The gateway's level 2 takes some ten seconds for an
// alignment.
const (
	DefaultAnswer    = 2 * time.Second
	DefaultEstablish = 10 * time.Second
)

// Timers of a Link.
const (
	tAnswer    = iota // Auditing, Preparing
	tEstablish        // Establishing
	tRelease
	tRetrieve
)

// releases is how often a Release Request is sent if nothing confirms it.
const releases = 3

// earlyMost is how many Data messages wait until MTP3 starts the link.
const earlyMost = 4096

// Link is the level 2 of one interface, as its MTP3 sees it. It is told the same events as m2pa.Link and raises
// the same, but the work is done at a gateway. CommUp and CommLost tell it whether this end is active for the
// interface.
type Link struct {
	path   ss7.PathID
	cfg    LinkConfig
	timers deadline.Set
	arena  []byte

	state      LinkState
	why        string
	since      time.Time
	started    bool // MTP3 wants the link
	emergency  bool
	toldHaste  bool     // the gateway was told of the emergency
	outage     bool     // processor outage here, as MTP3 says
	remote     bool     // processor outage at the far end of the link
	fresh      bool     // this end has just become active: the link may be in service already
	unwanted   bool     // MTP3 has stopped the link and not started it since
	early      [][]byte // Data that came before MTP3 started the link
	retain     bool     // the link is out of service, and what the gateway holds was not asked for yet
	askedBSN   bool
	retrieving bool
	forgone    string // what this retrieval gives up, and why; empty if it gives up nothing
	released   int    // Release Requests since the last answer
	level      uint32
	stats      LinkStats
}

// LinkStats counts what a Link does.
type LinkStats struct {
	MSUsIn, MSUsOut, OctetsIn, OctetsOut uint64
	In, Out                              [int(last&0xff) + 1]uint64 // messages, by type
	NotInService                         uint64
	Refused                              xua.Refused
	TooLong, Retrieved, Failures         uint64
	EarlyLost                            uint64 // Data that came before MTP3 started the link, and MTP3 never did
}

// NewLink makes a Link for path.
func NewLink(path ss7.PathID, cfg LinkConfig) *Link {
	return &Link{path: path, cfg: cfg, why: "not started"}
}

// SetConfig changes the settings. A timer takes effect when it next starts.
func (l *Link) SetConfig(cfg LinkConfig) { l.cfg = cfg }

// Deadline gives when Tick is next due.
func (l *Link) Deadline() time.Time { return l.timers.Next() }

// Do is told what MTP3 wants, and whether this end is active for the interface.
func (l *Link) Do(now time.Time, ev ss7.Event, out []ss7.Action) []ss7.Action {
	out = l.begin(out)
	switch ev.Kind {
	case ss7.Transfer:
		return l.transfer(&ev.MSU, out)
	case ss7.CommUp:
		return l.commUp(now, out)
	case ss7.CommLost:
		return l.commLost(now, ev.Why, out)
	case ss7.Start:
		return l.start(now, out)
	case ss7.Stop:
		return l.stop(now, ev.Why, out)
	case ss7.Emergency:
		l.emergency = true
	case ss7.EmergencyCeases:
		l.emergency = false
	case ss7.RetrieveBSNT:
		return l.retrieveBSNT(now, out)
	case ss7.Retrieve:
		return l.retrieve(now, ev.Arg, ev.Why, out)
	// Only the gateway knows what the far end has not acknowledged, so MTP3's timers keep the order.
	case ss7.Drain:
		return append(out, l.raise(ss7.Event{Kind: ss7.Drained}))
	default:
		return l.request(ev, out)
	}
	return out
}

// request passes on what level 2 is asked for, if it does not depend on a state here (§5.3.3, §5.3.7).
func (l *Link) request(ev ss7.Event, out []ss7.Action) []ss7.Action {
	var s State
	switch ev.Kind {
	case ss7.LocalOutage:
		l.outage, s = true, OutageSet
	case ss7.LocalRecovered:
		l.outage, s = false, OutageClear
	case ss7.Flush:
		s = FlushBuffers
	case ss7.Continue:
		s = ContinueState
	case ss7.Congestion:
		s = CongestionAccept
		if ev.Arg == 0 {
			s = CongestionClear
		}
	default:
		return out
	}
	return l.send(Message{Type: StateReq, State: s}, out)
}

// begin forgets the wires of the calls before, once their actions were carried out.
func (l *Link) begin(out []ss7.Action) []ss7.Action {
	if len(out) == 0 {
		l.arena = l.arena[:0]
	}
	return out
}

// send sends a message if this end is active. Before that, §4.3.4.3 forbids it.
func (l *Link) send(m Message, out []ss7.Action) []ss7.Action {
	if l.state == NoGateway {
		return out
	}
	m.Interface = l.cfg.Interface
	start := len(l.arena)
	l.arena = Append(l.arena, &m, l.cfg.TTC)
	l.stats.Out[m.Type&0xff]++
	return append(out, ss7.Action{Op: ss7.Send, Wire: l.arena[start:len(l.arena):len(l.arena)]})
}

func (l *Link) raise(ev ss7.Event) ss7.Action {
	ev.Path = l.path
	return ss7.Action{Op: ss7.Raise, Event: ev}
}

func (l *Link) discard(why string) ss7.Action {
	return ss7.Action{Op: ss7.Note, Event: ss7.Event{Kind: ss7.Discard, Path: l.path, Why: why}}
}

// become enters a state. Every change has its reason.
func (l *Link) become(now time.Time, s LinkState, why string, out []ss7.Action) []ss7.Action {
	l.state, l.why, l.since = s, why, now
	l.timers.Stop(tAnswer)
	l.timers.Stop(tEstablish)
	return append(out, ss7.Action{Op: ss7.Note, Event: ss7.Event{Kind: ss7.StateChange, Path: l.path, Arg: uint32(s),
		Why: why}})
}

// commUp handles that this end is active for the interface. Perhaps it takes the place of another ASP that had
// the link in service, so the gateway is asked (§1.5.7).
func (l *Link) commUp(now time.Time, out []ss7.Action) []ss7.Action {
	if l.state != NoGateway {
		return out
	}
	l.toldHaste, l.retain, l.released, l.fresh = false, false, 0, true
	if !l.started {
		return l.become(now, OutOfService, "active at the gateway; not started", out)
	}
	return l.audit(now, out)
}

func (l *Link) audit(now time.Time, out []ss7.Action) []ss7.Action {
	l.fresh = false
	out = l.become(now, Auditing, "asking the gateway how the link is", out)
	l.timers.Start(tAnswer, now, l.cfg.Answer)
	return l.send(Message{Type: StateReq, State: Audit}, out)
}

// commLost handles that this end is not active any more. Another ASP may serve the interface now, or none. A
// start that waits goes on waiting. What the gateway was asked, nobody else answers.
func (l *Link) commLost(now time.Time, why string, out []ss7.Action) []ss7.Action {
	was := l.state
	if was == NoGateway {
		if why != "" {
			l.why, l.since = why, now
		}
		return out
	}
	l.timers.StopAll()
	l.dropEarly()
	out = l.become(now, NoGateway, why, out)
	l.retain, l.remote, l.level = false, false, 0
	if was == InService {
		l.stats.Failures++
		l.started = false
		out = append(out, l.raise(ss7.Event{Kind: ss7.OutOfService, Why: why}))
	}
	return l.giveUp(out)
}

// giveUp answers MTP3 in place of the gateway: changeover waits for these answers.
func (l *Link) giveUp(out []ss7.Action) []ss7.Action {
	l.timers.Stop(tRetrieve)
	if l.askedBSN {
		l.askedBSN = false
		out = append(out, l.raise(ss7.Event{Kind: ss7.BSNT, Arg: ss7.NoFSN}))
	}
	if l.retrieving {
		l.retrieving = false
		out = append(out, l.raise(ss7.Event{Kind: ss7.RetrievalComplete, Why: l.forgone}))
	}
	return out
}

func (l *Link) start(now time.Time, out []ss7.Action) []ss7.Action {
	l.started, l.unwanted = true, false
	if l.state != OutOfService {
		return out
	}
	l.timers.Stop(tRelease)
	if l.fresh {
		return l.audit(now, out)
	}
	return l.prepare(now, out)
}

// prepare tells the gateway whether there is an emergency, if the gateway does not know (§5.3.1).
func (l *Link) prepare(now time.Time, out []ss7.Action) []ss7.Action {
	l.retain = false
	if l.emergency == l.toldHaste {
		return l.establish(now, out)
	}
	out = l.become(now, Preparing, "waiting for the gateway to confirm emergency or normal alignment", out)
	l.timers.Start(tAnswer, now, l.cfg.Answer)
	s := EmergencyClear
	if l.emergency {
		s = EmergencySet
	}
	return l.send(Message{Type: StateReq, State: s}, out)
}

func (l *Link) establish(now time.Time, out []ss7.Action) []ss7.Action {
	out = l.become(now, Establishing, "waiting for the gateway to align the link", out)
	l.timers.Start(tEstablish, now, l.cfg.Establish)
	return l.send(Message{Type: EstablishReq}, out)
}

func (l *Link) stop(now time.Time, why string, out []ss7.Action) []ss7.Action {
	if why == "" {
		why = "stopped by this end"
	}
	l.started, l.unwanted = false, true
	l.dropEarly()
	if l.state == NoGateway || l.state == OutOfService {
		l.why = why
		return out
	}
	out = l.release(now, out)
	return l.outOfService(now, why, out)
}

// release sends a Release Request. It is repeated a few times until the gateway confirms.
func (l *Link) release(now time.Time, out []ss7.Action) []ss7.Action {
	l.released++
	l.timers.Start(tRelease, now, l.cfg.Answer)
	return l.send(Message{Type: ReleaseReq}, out)
}

// outOfService tells MTP3 that the link is out of service. What the gateway holds of ours stays there for
// retrieval, and may grow until MTP3 asks for it.
func (l *Link) outOfService(now time.Time, why string, out []ss7.Action) []ss7.Action {
	l.retain = l.state == InService
	l.started, l.remote, l.level = false, false, 0
	out = l.become(now, OutOfService, why, out)
	return append(out, l.raise(ss7.Event{Kind: ss7.OutOfService, Why: why}))
}

func (l *Link) inService(now time.Time, why string, out []ss7.Action) []ss7.Action {
	ev := ss7.Event{Kind: ss7.InService}
	if l.state == Auditing {
		ev.Arg = ss7.TakenOver
	}
	out = l.become(now, InService, why, out)
	out = append(out, l.raise(ev))
	early := l.early
	l.early = nil
	for _, b := range early {
		var d Data
		if ParseData(b, &d) == nil { // it parses, as it did when it came
			out = l.accept(&d, out)
		}
	}
	return out
}

func (l *Link) dropEarly() {
	l.stats.EarlyLost += uint64(len(l.early))
	l.early = nil
}

// retrieveBSNT asks the gateway for the sequence number of the last message that it accepted.
func (l *Link) retrieveBSNT(now time.Time, out []ss7.Action) []ss7.Action {
	l.askedBSN = true
	if l.state == NoGateway {
		return l.giveUp(out)
	}
	l.timers.Start(tRetrieve, now, l.cfg.Answer)
	return l.send(Message{Type: RetrievalReq, Action: ActionBSN}, out)
}

// retrieve asks for the messages that the far end of the link has not accepted. If the number of the last that
// it accepted is not known, only what was never sent may come back (Q.704 §5.6.1). To get that, the
// retransmission buffer is cleared first (§5.3.6).
func (l *Link) retrieve(now time.Time, fsnc uint32, why string, out []ss7.Action) []ss7.Action {
	l.retrieving, l.retain, l.forgone = true, false, ""
	if fsnc >= ss7.NoFSN { // only the gateway knows how much there is
		l.forgone = "what was sent and not acknowledged is given up at the gateway, since it may have arrived: " +
			"the number of the last that the far end accepted is not known"
		if why != "" {
			l.forgone += " (" + why + ")"
		}
	}
	if l.state == NoGateway {
		return l.giveUp(out)
	}
	l.timers.Start(tRetrieve, now, l.cfg.Answer)
	m := Message{Type: RetrievalReq, Action: ActionMessages}
	if fsnc < ss7.NoFSN {
		m.Sequence, m.HasSequence = fsnc, true
	} else {
		out = l.send(Message{Type: StateReq, State: ClearRTB}, out)
	}
	return l.send(m, out)
}

// Tick acts on every deadline that has passed.
func (l *Link) Tick(now time.Time, out []ss7.Action) []ss7.Action {
	out = l.begin(out)
	for id := l.timers.Expired(now); id >= 0; id = l.timers.Expired(now) {
		switch id {
		case tAnswer:
			out = l.unanswered(now, out)
		case tEstablish:
			l.timers.Start(tEstablish, now, l.cfg.Establish)
			out = l.send(Message{Type: EstablishReq}, out)
		case tRelease:
			if l.released < releases {
				out = l.release(now, out)
			}
		case tRetrieve:
			out = append(out, l.discard(fmt.Sprintf("the gateway did not finish a retrieval within %v", l.cfg.Answer)))
			out = l.giveUp(out)
		}
	}
	return out
}

// unanswered handles the end of a wait for a gateway. One that does not confirm a state is not worth waiting
// for.
func (l *Link) unanswered(now time.Time, out []ss7.Action) []ss7.Action {
	switch l.state {
	case Auditing:
		return l.prepare(now, out)
	case Preparing:
		l.toldHaste = l.emergency
		return l.establish(now, out)
	}
	return out
}

// Transfer is Do with an event of kind ss7.Transfer, for the caller that has many.
func (l *Link) Transfer(_ time.Time, m *ss7.MSU, out []ss7.Action) []ss7.Action {
	return l.transfer(m, l.begin(out))
}

func (l *Link) transfer(m *ss7.MSU, out []ss7.Action) []ss7.Action {
	if l.state != InService && !l.retain {
		l.stats.NotInService++
		return append(out, l.discard("the link is not in service"))
	}
	if !l.cfg.Fits(m) {
		l.stats.TooLong++
		return append(out, l.discard("the message is too long for M2UA"))
	}
	start := len(l.arena)
	l.arena = l.cfg.Append(l.arena, m)
	l.stats.MSUsOut++
	l.stats.Out[DATA&0xff]++
	l.stats.OctetsOut += uint64(1 + l.cfg.Variant.LabelLen() + len(m.Payload))
	return append(out, ss7.Action{Op: ss7.Send, Wire: l.arena[start:len(l.arena):len(l.arena)]})
}

// Refused counts the MSUs that were not accepted for sending.
func (l *Link) Refused() (queueFull, notInService, shed uint64) {
	return l.stats.TooLong, l.stats.NotInService, 0
}

// Level gives the congestion level that the gateway told last, 0 to 3 (§3.3.1.8).
func (l *Link) Level() uint32 { return l.level }

// LinkView is the state of a Link, for show commands.
type LinkView struct {
	State                              LinkState
	Interface                          Interface
	Why                                string
	Since                              time.Time
	LocalOutage, RemoteOutage, Started bool
	Congestion                         uint32
	Stats                              LinkStats
}

// Status gives the state of the link.
func (l *Link) Status() LinkView {
	return LinkView{l.state, l.cfg.Interface, l.why, l.since, l.outage, l.remote, l.started, l.level, l.stats}
}

// Messages gives the messages that came and went, by type, without Data.
func (s *LinkStats) Messages() (out []xua.Exchanged) {
	for _, x := range exchanged(&s.In, &s.Out) {
		if x.Name != Grammar[DATA].Name {
			out = append(out, x)
		}
	}
	return out
}

// exchanged gives the counters of the messages of MAUP that came and went.
func exchanged(in, out *[int(last&0xff) + 1]uint64) (all []xua.Exchanged) {
	for i := range in {
		if in[i]+out[i] > 0 {
			name := Grammar[xua.Type(classMAUP<<8|i)].Name
			all = append(all, xua.Exchanged{Name: name, In: in[i], Out: out[i]})
		}
	}
	return all
}
