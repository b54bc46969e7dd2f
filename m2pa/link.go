package m2pa

import (
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/gostp/gostp/internal/deadline"
	"github.com/gostp/gostp/ss7"
)

// State is the state of a Link: those of Q.703's link state control, with initial
// alignment control's folded in (figures 8 and 9).
type State uint8

// The states.
const (
	OutOfService State = iota
	NotAligned
	Aligned
	Proving
	AlignedReady    // proving done, waiting for the far end's Ready
	AlignedNotReady // the same, in local processor outage
	InService
	ProcessorOutage // local, remote or both
	States
)

var stateNames = [States]string{"OutOfService", "NotAligned", "Aligned", "Proving", "AlignedReady",
	"AlignedNotReady", "InService", "ProcessorOutage"}

func (s State) String() string { return stateNames[s] }

// Timers, named as in Q.703 §12.3.
const (
	t1 = iota
	t2
	t3
	t4
	t6
	t7
	tStatus  // repeat of a status
	tProving // repeat of proving
	tAck     // delayed acknowledgement
	timers
)

var timerNames = [timers]string{"T1", "T2", "T3", "T4", "T6", "T7", "status", "proving", "ack"}

// abortLimit is how often proving may be begun again in one alignment (M of Q.703 §7.3, §12.3).
const abortLimit = 5

// Link is one M2PA link. See the package comment.
type Link struct {
	path   ss7.PathID
	cfg    Config
	timers deadline.Set
	arena  []byte // wires of status messages and acknowledgements

	state State
	why   string
	since time.Time

	comm      bool // there is an association
	started   bool // MTP3 wants the link
	emergency bool
	peerEmergency,
	peerReady bool // the far end finished proving before us
	aborts int

	localOutage, remoteOutage bool
	recovering                bool // our outage is over; Ready not received yet
	localBusy, peerBusy       bool

	queue
	drain   int      // so many more acknowledgements, and MTP3 is told that the link is drained
	retain  bool     // out of service, and what is in the queue was not asked for yet
	lastRx  uint32   // FSN last accepted: BSNT
	held    [][]byte // User Data that must wait, unacknowledged
	unacked int      // accepted and not acknowledged by us
	badFSN  int      // consecutive messages out of sequence
	fault   string   // what the far end does wrongly, until it does it right; empty: nothing
	badBSN  int      // of the last three (Q.703 §5.3.1)
	goodBSN int
	level   uint32
	peak    int // most messages that were in the queue
	stats   Stats
}

// Stats counts what a Link does.
type Stats struct {
	MSUsIn, MSUsOut, OctetsIn, OctetsOut uint64
	AcksIn, AcksOut                      uint64
	StatusIn, StatusOut                  [statuses]uint64
	Expired                              [timers]uint64
	Discarded                            [Faults]uint64 // received
	QueueFull, NotInService, Shed        uint64         // to be sent and discarded; Shed: for its priority
	Retrieved                            uint64         // given back
	Unconfirmed                          uint64         // sent, and nobody knows whether they arrived
	Lost                                 uint64         // thrown away unsent
	Alignments, Failures                 uint64
}

// New makes a Link for path.
func New(path ss7.PathID, cfg Config) *Link {
	l := &Link{path: path, cfg: cfg, why: "not started"}
	l.reset()
	return l
}

// SetConfig changes the settings; a timer takes effect when it next starts.
func (l *Link) SetConfig(cfg Config) { l.cfg = cfg }

// Deadline is when Tick is next due.
func (l *Link) Deadline() time.Time { return l.timers.Next() }

// Do is told what MTP3 or the association wants.
func (l *Link) Do(now time.Time, ev ss7.Event, out []ss7.Action) []ss7.Action {
	out = l.begin(out)
	switch ev.Kind {
	case ss7.Transfer:
		return l.transfer(now, &ev.MSU, out)
	case ss7.Start:
		return l.start(now, out)
	case ss7.Stop:
		return l.stop(now, ev.Why, out)
	case ss7.Emergency:
		l.emergency = true
		return l.emergencyWhileProving(now, out)
	case ss7.EmergencyCeases:
		l.emergency = false
	case ss7.CommUp:
		return l.commUp(now, out)
	case ss7.CommLost:
		return l.commLost(now, ev.Why, out)
	case ss7.CommRestart:
		out = l.commLost(now, "the far end restarted SCTP", out)
		return l.commUp(now, out)
	case ss7.Congestion:
		return l.receiveCongestion(now, ev.Arg > 0, out)
	case ss7.LocalOutage:
		return l.beginOutage(now, out)
	case ss7.LocalRecovered:
		return l.endOutage(now, out)
	case ss7.Flush:
		l.flush()
	case ss7.Continue:
		return l.release(now, out)
	case ss7.RetrieveBSNT:
		return append(out, l.raise(ss7.Event{Kind: ss7.BSNT, Arg: l.lastRx}))
	case ss7.Retrieve:
		return l.retrieve(ev.Arg, ev.Why, out)
	case ss7.Drain:
		if l.n == 0 {
			return append(out, l.raise(ss7.Event{Kind: ss7.Drained}))
		}
		l.drain = l.n
	}
	return out
}

// Recv is told one message that came on a stream. A status is taken on either
// stream (be liberal); data counts on any.
func (l *Link) Recv(now time.Time, _ uint16, b []byte, out []ss7.Action) []ss7.Action {
	out = l.begin(out)
	var m Message
	if err := m.parse(b); err != nil {
		return l.refuse(now, err, out)
	}
	if m.Type == UserData {
		return l.userData(now, &m, b, out)
	}
	l.stats.StatusIn[m.Status]++
	switch l.state {
	case OutOfService:
		return l.outOfService(now, m.Status, out)
	case NotAligned:
		return l.notAligned(now, m.Status, out)
	case Aligned:
		return l.aligned(now, m.Status, out)
	case Proving:
		return l.provingState(now, m.Status, out)
	case AlignedReady, AlignedNotReady:
		return l.alignedReady(now, m.Status, out)
	case InService:
		return l.inService(now, &m, out)
	case ProcessorOutage:
		return l.inOutage(now, &m, out)
	}
	return out
}

// Tick acts on every deadline that has passed.
func (l *Link) Tick(now time.Time, out []ss7.Action) []ss7.Action {
	out = l.begin(out)
	for id := l.timers.Expired(now); id >= 0; id = l.timers.Expired(now) {
		l.stats.Expired[id]++
		out = l.expired(now, id, out)
	}
	return out
}

func (l *Link) expired(now time.Time, id int, out []ss7.Action) []ss7.Action {
	switch id {
	case t1:
		return l.fail(now, fmt.Sprintf("aligned, but the far end was not ready within T1 (%v)", l.cfg.T1), out)
	case t2:
		return l.fail(now, fmt.Sprintf("alignment not possible: the far end did not answer within T2 (%v)", l.cfg.T2), out)
	case t3:
		return l.fail(now, fmt.Sprintf("alignment not possible: the far end did not begin proving within T3 (%v)",
			l.cfg.T3), out)
	case t4:
		return l.provingDone(now, out)
	case t6:
		return l.fail(now, fmt.Sprintf("the far end stayed busy for T6 (%v)", l.cfg.T6), out)
	case t7:
		return l.fail(now, fmt.Sprintf("the far end did not acknowledge within T7 (%v)", l.cfg.T7), out)
	case tStatus:
		return l.repeat(now, out)
	case tProving:
		return l.prove(now, out)
	case tAck:
		return l.ack(out)
	}
	return out
}

// refuse discards what cannot be parsed: RFC 4165 has no error message (§4.2.1).
func (l *Link) refuse(now time.Time, err error, out []ss7.Action) []ss7.Action {
	var e *ParseError
	if !errors.As(err, &e) { // all of them are
		e = &ParseError{Why: err.Error()}
	}
	out = append(out, l.drop(e.Fault, e.Why))
	if e.Alignment {
		// RFC 4165 §4.1.9: another version that wants to align is told Out of Service.
		return l.send(now, OutOfServiceStatus, StreamStatus, out)
	}
	return out
}

// begin forgets the wires of the calls before, once their actions were carried out.
func (l *Link) begin(out []ss7.Action) []ss7.Action {
	if len(out) == 0 {
		l.arena = l.arena[:0]
	}
	return out
}

// send makes a Link Status message.
func (l *Link) send(_ time.Time, s Status, stream uint16, out []ss7.Action) []ss7.Action {
	if !l.comm {
		return out
	}
	l.stats.StatusOut[s]++
	return l.wire(Message{Type: LinkStatus, BSN: l.bsn(), FSN: l.lastTx, Status: s}, stream, out)
}

func (l *Link) wire(m Message, stream uint16, out []ss7.Action) []ss7.Action {
	n := len(l.arena)
	l.arena = Append(l.arena, m)
	return append(out, ss7.Action{Op: ss7.Send, Stream: stream, Wire: l.arena[n:len(l.arena):len(l.arena)]})
}

func (l *Link) raise(ev ss7.Event) ss7.Action {
	ev.Path = l.path
	return ss7.Action{Op: ss7.Raise, Event: ev}
}

func (l *Link) discard(why string) ss7.Action {
	return ss7.Action{Op: ss7.Note, Event: ss7.Event{Kind: ss7.Discard, Path: l.path, Why: why}}
}

// become enters a state; every change has its reason.
func (l *Link) become(now time.Time, s State, why string, out []ss7.Action) []ss7.Action {
	l.state, l.why, l.since = s, why, now
	return append(out, ss7.Action{Op: ss7.Note, Event: ss7.Event{Kind: ss7.StateChange, Path: l.path, Arg: uint32(s),
		Why: why}})
}

// start begins alignment, now or when the association is there (RFC 4165 §4.1.3).
func (l *Link) start(now time.Time, out []ss7.Action) []ss7.Action {
	l.started = true
	if l.state != OutOfService {
		return out
	}
	if !l.comm {
		l.why, l.since = "waiting for the SCTP association", now
		return out
	}
	return l.align(now, out)
}

func (l *Link) stop(now time.Time, why string, out []ss7.Action) []ss7.Action {
	if why == "" {
		why = "stopped by this end"
	}
	l.started = false
	if l.state == OutOfService {
		l.why = why
		return out
	}
	l.timers.StopAll()
	out = l.send(now, OutOfServiceStatus, StreamStatus, out)
	return l.outOfServiceNow(now, why, out)
}

// outOfServiceNow tells MTP3. MSUs that wait in the queue, and those that still come from a sender that does not
// know of it yet, are kept until MTP3 retrieves them or starts the link again.
func (l *Link) outOfServiceNow(now time.Time, why string, out []ss7.Action) []ss7.Action {
	l.retain = l.state == InService || l.state == ProcessorOutage
	out = l.become(now, OutOfService, why, out)
	return append(out, l.raise(ss7.Event{Kind: ss7.OutOfService, Why: why}))
}

// fail takes the link out of service: the far end is told, MTP3 is told why and
// will start it again. The queues stay for retrieval (§4.2.3).
func (l *Link) fail(now time.Time, why string, out []ss7.Action) []ss7.Action {
	l.stats.Failures++
	l.timers.StopAll()
	l.started = false
	out = l.send(now, OutOfServiceStatus, StreamStatus, out)
	return l.outOfServiceNow(now, why, out)
}

// commUp: the state of the link is unknown to the far end, so it is told once
// (§4.1.2), and alignment begins if MTP3 waits for it.
func (l *Link) commUp(now time.Time, out []ss7.Action) []ss7.Action {
	if l.comm {
		return out
	}
	l.comm = true
	out = l.send(now, OutOfServiceStatus, StreamStatus, out)
	if l.started {
		return l.align(now, out)
	}
	l.why = "association up; not started"
	return out
}

// commLost: §4.1.7. A start that waits goes on waiting.
func (l *Link) commLost(now time.Time, why string, out []ss7.Action) []ss7.Action {
	l.comm = false
	if l.state == OutOfService {
		if l.started {
			l.why, l.since = "waiting for the SCTP association", now
		}
		return out
	}
	l.stats.Failures++
	l.timers.StopAll()
	l.started = false
	why = "SCTP: " + why
	return l.outOfServiceNow(now, why, out)
}

// View is a Link as show commands print it.
type View struct {
	State                                          State
	Why                                            string
	Since                                          time.Time
	FSN, BSN, LastAcked                            uint32 // last sent; last accepted; last acknowledged by the far end
	Unacked, Queued                                int
	PeerBusy, LocalBusy, LocalOutage, RemoteOutage bool
	Emergency                                      bool
	CongestionLevel                                uint32
	DiscardLevel                                   uint8 // MSUs of a lower priority are not sent
	Peak                                           int   // most messages in the queue so far
	Stats                                          Stats
	// Oldest is when what waits longest for an acknowledgement was sent; zero: nothing waits.
	Oldest time.Time
	// Fault is what the far end does wrongly since it last did it right; empty: nothing.
	Fault string
}

// Status is a picture of the link.
func (l *Link) Status() View {
	var oldest time.Time
	if l.sent > 0 {
		oldest = l.at(0).at
	}
	return View{l.state, l.why, l.since, l.lastTx, l.lastRx, l.lastAcked, l.sent, l.n - l.sent,
		l.peerBusy, l.localBusy, l.localOutage, l.remoteOutage, l.emergency, l.level, l.discardLevel(), l.peak, l.stats,
		oldest, l.fault}
}

// Refused counts the MSUs that were not taken for sending: the queue was full, the
// link not in service, or the MSU's priority below the discard level.
func (l *Link) Refused() (queueFull, notInService, shed uint64) {
	return l.stats.QueueFull, l.stats.NotInService, l.stats.Shed
}

// Level is the congestion level, 0 to 3 (Q.704 §3.8).
func (l *Link) Level() uint32 { return l.level }

// Expirations gives each timer of Q.703 and RFC 4165 that has run out, and how often.
func (s *Stats) Expirations() iter.Seq2[string, uint64] {
	return func(yield func(string, uint64) bool) {
		for id, n := range s.Expired[:tStatus] {
			if n > 0 && !yield(timerNames[id], n) {
				return
			}
		}
	}
}
