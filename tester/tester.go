package tester

import (
	"cmp"
	"slices"
	"time"

	"github.com/gostp/gostp/ss7"
)

// Config is one test.
type Config struct {
	DPC, OPC ss7.PC
	NI       ss7.NI
	SLS      int // 0 to 15 (255); or -1 for each value in turn, so that every link is used
	Count    int // how many messages to send
	Size     int // octets of each message, Overhead to MaxSize
	Interval time.Duration
	Timeout  time.Duration // how long the answer to each message is waited for
}

// Report is what a test found.
type Report struct {
	Sent, Received         int
	Duplicated             int    // answers to a serial number that was answered before
	Misordered             int    // answers that came after one to a younger message of the same SLS
	Late                   int    // answers that came after the timeout
	Refused                int    // messages not sent because there was no route, or no room
	Why                    string // why the last one was refused
	NoUser                 bool   // a UPU came: the far end is there, and has no user for SI 8
	Flows                  []Flow // what was sent, by SLS and way
	Min, Avg, Max          time.Duration
	Elapsed                time.Duration
	SentOctets, RecvOctets int
}

// Flow is what one SLS sent by one way.
type Flow struct {
	SLS                     uint8
	Path                    ss7.PathID // the path by which the messages left; 0 if they did not leave
	Sent, Answered, Refused int
	Lost                    time.Time // when the first message left that is not answered; zero if there is none
}

// Test is a running test. It belongs to its Tester.
type Test struct {
	cfg    Config
	id     uint16
	start  time.Time
	next   time.Time     // when to send the next message
	sent   []sent        // the messages by serial number
	newest map[uint8]int // the highest serial number answered, by SLS
	total  time.Duration
	report Report
	done   func(Report)
}

type sent struct {
	at       time.Time
	sls      uint8
	path     ss7.PathID
	answered bool
	refused  bool
}

// Stats counts what the responder does.
type Stats struct {
	RequestsIn, RepliesOut, RepliesIn, Unknown, Stray uint64
}

// Tester is the user part. It is a Machine, except that tests are started by Start.
type Tester struct {
	tests  map[uint16]*Test
	serial uint16
	stats  Stats
}

// New makes a tester.
func New() *Tester { return &Tester{tests: map[uint16]*Test{}} }

// Stats gives the counters.
func (t *Tester) Stats() Stats { return t.stats }

// Start begins a test. done is called from Tick, Recv or Cancel when the test is over.
func (t *Tester) Start(now time.Time, cfg Config, done func(Report)) uint16 {
	for t.serial++; t.tests[t.serial] != nil; t.serial++ {
	}
	x := &Test{cfg: cfg, id: t.serial, start: now, next: now, newest: map[uint8]int{}, done: done}
	t.tests[x.id] = x
	return x.id
}

// Cancel ends a test with what it has found so far.
func (t *Tester) Cancel(now time.Time, id uint16) {
	if x := t.tests[id]; x != nil {
		t.finish(now, x)
	}
}

// Refused says that the message that was just raised for test id could not be sent.
func (t *Tester) Refused(id uint16, why string) {
	if x := t.tests[id]; x != nil {
		x.report.Refused++
		x.report.Why = why
		x.sent[len(x.sent)-1].refused = true // there is no answer to wait for
	}
}

// Left says by which path the message that was just raised for test id has left.
func (t *Tester) Left(id uint16, path ss7.PathID) {
	if x := t.tests[id]; x != nil {
		x.sent[len(x.sent)-1].path = path
	}
}

// NoUser says that pc has sent a UPU: it has no user for SI 8 (Q.704 §11.2.7). Nothing more will come from
// there. If something has come already, two nodes have the same code, and the test goes on.
func (t *Tester) NoUser(now time.Time, pc ss7.PC) {
	for _, x := range t.tests {
		if x.cfg.DPC != pc {
			continue
		}
		if x.report.NoUser = true; x.report.Received == 0 {
			t.finish(now, x)
		}
	}
}

// Recv handles an MSU with SI 8 that was delivered to this node. A request is answered to where it came from,
// from the code to which it was addressed.
func (t *Tester) Recv(now time.Time, m *ss7.MSU, out []ss7.Action) []ss7.Action {
	msg, err := Parse(m.Payload)
	if err != nil {
		t.stats.Unknown++
		return append(out, ss7.Action{Op: ss7.Note, Event: ss7.Event{Kind: ss7.Discard, Why: err.Error()}})
	}
	if !msg.Reply {
		t.stats.RequestsIn++
		t.stats.RepliesOut++
		msg.Reply = true
		back := ss7.MSU{DPC: m.OPC, OPC: m.DPC, SLS: m.SLS, NI: m.NI, Prio: m.Prio, SI: ss7.MTPT, Payload: Append(nil, msg)}
		return append(out, ss7.Action{Op: ss7.Raise, Event: ss7.Event{Kind: ss7.Transfer, MSU: back}})
	}
	t.stats.RepliesIn++
	x := t.tests[msg.Test]
	if x == nil || m.OPC != x.cfg.DPC || int(msg.Serial) >= len(x.sent) {
		t.stats.Stray++
		return out
	}
	x.answer(now, int(msg.Serial), msg.Size)
	t.settle(now, x)
	return out
}

func (x *Test) answer(now time.Time, serial, size int) {
	s := &x.sent[serial]
	rtt := now.Sub(s.at)
	switch {
	case s.answered:
		x.report.Duplicated++
		return
	case rtt > x.cfg.Timeout:
		x.report.Late++
		return
	}
	s.answered = true
	r := &x.report
	if newest, ok := x.newest[s.sls]; ok && serial < newest {
		r.Misordered++
	} else {
		x.newest[s.sls] = serial
	}
	if r.Received == 0 || rtt < r.Min {
		r.Min = rtt
	}
	r.Max = max(r.Max, rtt)
	r.Received++
	r.RecvOctets += size
	x.total += rtt
}

// Tick sends what is due, and ends the tests whose last answer is overdue.
func (t *Tester) Tick(now time.Time, out []ss7.Action) []ss7.Action {
	for _, x := range t.tests {
		if len(x.sent) < x.cfg.Count && !x.next.After(now) {
			out = t.send(now, x, out)
		}
		t.settle(now, x)
	}
	return out
}

// send raises one message. The owner calls Refused if it could not go.
func (t *Tester) send(now time.Time, x *Test, out []ss7.Action) []ss7.Action {
	sls := uint8(x.cfg.SLS)
	if x.cfg.SLS < 0 {
		sls = uint8(len(x.sent) % 16)
	}
	msg := Message{Test: x.id, Serial: uint32(len(x.sent)), Size: x.cfg.Size}
	x.sent = append(x.sent, sent{at: now, sls: sls})
	x.next = x.next.Add(x.cfg.Interval)
	x.report.Sent++
	x.report.SentOctets += x.cfg.Size
	m := ss7.MSU{DPC: x.cfg.DPC, OPC: x.cfg.OPC, SLS: sls, NI: x.cfg.NI, SI: ss7.MTPT, Payload: Append(nil, msg)}
	return append(out, ss7.Action{Op: ss7.Raise, Event: ss7.Event{Kind: ss7.Transfer, Arg: uint32(x.id), MSU: m}})
}

// settle ends x when everything was sent, and was answered or has timed out.
func (t *Tester) settle(now time.Time, x *Test) {
	if len(x.sent) == x.cfg.Count && !x.due().After(now) {
		t.finish(now, x)
	}
}

// due gives when the test ends if nothing more is answered. A time in the past means at once.
func (x *Test) due() time.Time {
	for i := len(x.sent) - 1; i >= 0; i-- {
		if !x.sent[i].answered && !x.sent[i].refused {
			return x.sent[i].at.Add(x.cfg.Timeout)
		}
	}
	return x.start
}

func (t *Tester) finish(now time.Time, x *Test) {
	delete(t.tests, x.id)
	x.report.Elapsed = now.Sub(x.start)
	if x.report.Received > 0 {
		x.report.Avg = x.total / time.Duration(x.report.Received)
	}
	x.report.Flows = x.flows()
	x.done(x.report)
}

// flows sums up what was sent.
func (x *Test) flows() (out []Flow) {
	for _, s := range x.sent {
		i := slices.IndexFunc(out, func(f Flow) bool { return f.SLS == s.sls && f.Path == s.path })
		if i < 0 {
			i = len(out)
			out = append(out, Flow{SLS: s.sls, Path: s.path})
		}
		f := &out[i]
		f.Sent++
		switch {
		case s.answered:
			f.Answered++
		case s.refused:
			f.Refused++
		case f.Lost.IsZero():
			f.Lost = s.at
		}
	}
	slices.SortStableFunc(out, func(a, b Flow) int { return cmp.Compare(a.SLS, b.SLS) })
	return out
}

// Deadline gives when the next message or time-out is due.
func (t *Tester) Deadline() time.Time {
	var first time.Time
	for _, x := range t.tests {
		at := x.next
		if len(x.sent) == x.cfg.Count {
			at = x.due()
		}
		if first.IsZero() || at.Before(first) {
			first = at
		}
	}
	return first
}
