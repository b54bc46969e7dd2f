package m2ua

import (
	"fmt"
	"time"

	"github.com/gostp/gostp/internal/deadline"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// LinkState is the state of a Link: what its ASP knows of a level 2 elsewhere.
type LinkState uint8

// The states.
const (
	NoGateway    LinkState = iota // this end is not active for the interface
	OutOfService                  // it is, and MTP3 does not want the link
	Auditing                      // asking the gateway how the link is (§1.5.7)
	Preparing                     // emergency or normal asked for, not confirmed yet
	Establishing                  // Establish Request sent
	InService
	LinkStates
)

var linkStateNames = [LinkStates]string{"NoGateway", "OutOfService", "Auditing", "Preparing", "Establishing", "InService"}

func (s LinkState) String() string { return linkStateNames[s] }

// LinkConfig is what a Link is set up with.
type LinkConfig struct {
	Label
	Answer    time.Duration // wait for a confirmation other than of Establish
	Establish time.Duration // between Establish Requests (§3.3.1.3)
}

// Default timers: RFC 3331 leaves them to the implementation. An alignment takes the
// gateway's level 2 some ten seconds.
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

// releases is how often a Release Request is sent that nothing confirms.
const releases = 3

// earlyMost is how much Data waits until MTP3 starts the link.
const earlyMost = 4096

// Link is the level 2 of one interface as its MTP3 sees it: told the same events as
// m2pa.Link, it raises the same, and the work is done at a gateway. CommUp and CommLost
// tell it whether this end is active for the interface.
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
	toldHaste  bool     // the gateway was told so
	outage     bool     // here, as MTP3 says
	remote     bool     // at the far end of the link
	fresh      bool     // active since a moment ago: another may have the link in service
	unwanted   bool     // MTP3 stopped the link and has not started it since
	early      [][]byte // Data that came before MTP3 started the link
	retain     bool     // out of service, and what the gateway has was not asked for yet
	askedBSN   bool
	retrieving bool
	forgone    string // what is given up by this retrieval, and why; empty: nothing
	released   int    // Release Requests since an answer
	level      uint32
	stats      LinkStats
}

// LinkStats counts what a Link does.
type LinkStats struct {
	MSUsIn, MSUsOut, OctetsIn, OctetsOut uint64
	In, Out                              [int(last&0xff) + 1]uint64 // messages by type
	NotInService                         uint64
	Refused                              xua.Refused
	TooLong, Retrieved, Failures         uint64
	EarlyLost                            uint64 // came before MTP3 started the link, and it never did
}

// NewLink makes a Link for path.
func NewLink(path ss7.PathID, cfg LinkConfig) *Link {
	return &Link{path: path, cfg: cfg, why: "not started"}
}

// SetConfig changes the settings; a timer takes effect when it next starts.
func (l *Link) SetConfig(cfg LinkConfig) { l.cfg = cfg }

// Deadline is when Tick is next due.
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
	case ss7.Drain: // what the far end has not acknowledged only the gateway knows: MTP3's timers keep the order
		return append(out, l.raise(ss7.Event{Kind: ss7.Drained}))
	default:
		return l.request(ev, out)
	}
	return out
}

// request passes on what level 2 is asked for and no state here depends on (§5.3.3, §5.3.7).
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

// send sends a message, if this end is active: §4.3.4.3 forbids it before.
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

// become enters a state; every change has its reason.
func (l *Link) become(now time.Time, s LinkState, why string, out []ss7.Action) []ss7.Action {
	l.state, l.why, l.since = s, why, now
	l.timers.Stop(tAnswer)
	l.timers.Stop(tEstablish)
	return append(out, ss7.Action{Op: ss7.Note, Event: ss7.Event{Kind: ss7.StateChange, Path: l.path, Arg: uint32(s), Why: why}})
}

// commUp: this end is active for the interface, perhaps in the place of another ASP
// that had the link in service, so the gateway is asked (§1.5.7).
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

// commLost: another may serve the interface now, or nobody. A start that waits goes on
// waiting; what was asked is answered by nobody else.
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

// giveUp answers MTP3 in the gateway's place: changeover waits for these.
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

// prepare tells the gateway whether there is haste, if it does not know (§5.3.1).
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

// release is repeated until the gateway confirms, some times.
func (l *Link) release(now time.Time, out []ss7.Action) []ss7.Action {
	l.released++
	l.timers.Start(tRelease, now, l.cfg.Answer)
	return l.send(Message{Type: ReleaseReq}, out)
}

// outOfService tells MTP3. What the gateway has of ours stays there for retrieval, and
// may grow until MTP3 asks for it.
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
		if ParseData(b, &d) == nil { // as it was when it came
			out = l.accept(&d, out)
		}
	}
	return out
}

func (l *Link) dropEarly() {
	l.stats.EarlyLost += uint64(len(l.early))
	l.early = nil
}

// retrieveBSNT asks the gateway for the sequence number of what it accepted last.
func (l *Link) retrieveBSNT(now time.Time, out []ss7.Action) []ss7.Action {
	l.askedBSN = true
	if l.state == NoGateway {
		return l.giveUp(out)
	}
	l.timers.Start(tRetrieve, now, l.cfg.Answer)
	return l.send(Message{Type: RetrievalReq, Action: ActionBSN}, out)
}

// retrieve asks for what the far end of the link has not accepted. Without its number
// only what was never sent may come back (Q.704 §5.6.1), which is to be had by clearing
// the retransmission buffer first (§5.3.6).
func (l *Link) retrieve(now time.Time, fsnc uint32, why string, out []ss7.Action) []ss7.Action {
	l.retrieving, l.retain, l.forgone = true, false, ""
	if fsnc >= ss7.NoFSN { // how much there is, the gateway knows
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

// unanswered: a gateway that confirms no state is not worth waiting for.
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
	if len(m.Payload) > maxPDU-16 {
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

// Refused counts the MSUs that were not taken for sending.
func (l *Link) Refused() (queueFull, notInService, shed uint64) {
	return l.stats.TooLong, l.stats.NotInService, 0
}

// Level is the congestion level that the gateway told last, 0 to 3 (§3.3.1.8).
func (l *Link) Level() uint32 { return l.level }

// LinkView is a Link as show commands print it.
type LinkView struct {
	State                              LinkState
	Interface                          Interface
	Why                                string
	Since                              time.Time
	LocalOutage, RemoteOutage, Started bool
	Congestion                         uint32
	Stats                              LinkStats
}

// Status is a picture of the link.
func (l *Link) Status() LinkView {
	return LinkView{l.state, l.cfg.Interface, l.why, l.since, l.outage, l.remote, l.started, l.level, l.stats}
}

// Messages gives the messages that came and went by type, but Data.
func (s *LinkStats) Messages() (out []xua.Exchanged) {
	for _, x := range exchanged(&s.In, &s.Out) {
		if x.Name != Grammar[DATA].Name {
			out = append(out, x)
		}
	}
	return out
}

// exchanged gives the counters of the messages of MAUP that came or went.
func exchanged(in, out *[int(last&0xff) + 1]uint64) (all []xua.Exchanged) {
	for i := range in {
		if in[i]+out[i] > 0 {
			name := Grammar[xua.Type(classMAUP<<8|i)].Name
			all = append(all, xua.Exchanged{Name: name, In: in[i], Out: out[i]})
		}
	}
	return all
}
