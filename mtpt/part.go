// Package mtpt is the MTP testing user part (Q.755, service indicator 8) of a node, over the messages and the engines
// of package tester: it runs the tests of `ping cs7`, answers the messages of `trace cs7` as a node on the way, and
// proves with probes that messages go round for ever.
//
// The part is a machine. What it must know of the node around it, it asks of a Network, in values.
package mtpt

import (
	"slices"
	"time"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/routing"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/tester"
	"github.com/gostp/gostp/userpart"
)

// Network is what the part asks of its node while the part is told something.
type Network interface {
	// Table is the routing table in force, which nobody changes.
	Table() *routing.Table
	// MayReturn tells whether an MSU that leaves by a path may come back: the path is a link, or that of an application
	// server that leads to gateways.
	MayReturn(ss7.PathID) bool
	// Course gives the title of m, as it is coded in there, if a user part of this node translates it and sends m on;
	// empty: none does.
	Course(m *ss7.MSU) string
	// Probe sends m, the message of the probe x: by the path that the suspected message would take now, or, if x is
	// about a title, as SCCP sends on what is for that title.
	Probe(x *tester.Probe, m *ss7.MSU)
	// Bar has what goes round in these circles discarded from now on, and nothing else.
	Bar([]tester.Circle)
}

// NoteNoReply is the argument of the note that an answer could not be sent.
const NoteNoReply uint32 = 0x200

// Part is the user part of one instance.
type Part struct {
	net     Network
	sys     *configs.System
	tester  *tester.Tester
	prober  *tester.Prober
	tracing tracing
}

var _ userpart.Sender = (*Part)(nil)

// New makes a part. seed, which nobody else should know, makes the numbers of its probes.
func New(net Network, seed uint64) *Part {
	return &Part{net: net, sys: configs.New(), tester: tester.New(), prober: tester.NewProber(seed),
		tracing: tracing{running: map[uint16]*running{}}}
}

// Stats counts what the part does for others, and what its probes did.
type Stats struct {
	Probes                    tester.ProberStats
	Answered, Passed, TooFast uint64 // messages of others' traces
}

// Stats gives the counters.
func (p *Part) Stats() Stats {
	t := &p.tracing
	return Stats{p.prober.Stats, t.answered, t.passed, t.tooFast}
}

// Configure implements userpart.Part.
func (p *Part) Configure(_ time.Time, s *configs.System, out []ss7.Action) []ss7.Action {
	was := p.sys.LoopProtection
	if p.sys = s; s.LoopProtection != was {
		out = p.protect(out)
	}
	return out
}

// Do implements ss7.Machine.
func (p *Part) Do(now time.Time, ev ss7.Event, out []ss7.Action) []ss7.Action {
	switch ev.Kind {
	case ss7.Transfer:
		return p.receive(now, &ev, out)
	case ss7.UserPart:
		p.tracing.lacksUser(ev.Dest.PC)
		out = p.relayNoUser(now, ev.Dest.PC, out)
		p.tester.NoUser(now, ev.Dest.PC)
	case ss7.Discard:
		return p.refused(&ev, out)
	}
	return out
}

func (p *Part) receive(now time.Time, ev *ss7.Event, out []ss7.Action) []ss7.Action {
	switch {
	case tester.IsTrace(ev.MSU.Payload):
		return p.receiveTrace(now, ev, out)
	case tester.IsProbe(ev.MSU.Payload): // another node's: that it came as far as this is the answer
		return out
	}
	return p.tester.Recv(now, &ev.MSU, out)
}

// refused is told that an MSU of this part went no further than this node: that of a test, whose number is the
// event's argument, or an answer.
func (p *Part) refused(ev *ss7.Event, out []ss7.Action) []ss7.Action {
	if ev.Arg != 0 {
		p.tester.Refused(uint16(ev.Arg), ev.Why)
		return out
	}
	far := p.sys.Notation().Format(ev.MSU.DPC)
	return append(out, ss7.Action{Op: ss7.Note, Event: ss7.Event{Kind: ss7.Discard, Arg: NoteNoReply,
		Dest: ss7.Range{PC: ev.MSU.DPC}, Why: "test message from " + far + " cannot be answered: " + ev.Why + " " + far}})
}

// Left implements userpart.Sender: a test learns by which path its message left.
func (p *Part) Left(ev *ss7.Event, path ss7.PathID) {
	if ev.Arg != 0 {
		p.tester.Left(uint16(ev.Arg), path)
	}
}

// Tick implements ss7.Machine.
func (p *Part) Tick(now time.Time, out []ss7.Action) []ss7.Action {
	return p.tickProbes(now, p.tester.Tick(now, out))
}

// Deadline implements ss7.Machine.
func (p *Part) Deadline() time.Time {
	a, b := p.tester.Deadline(), p.prober.Deadline()
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// Ping begins a test and gives its number. done is told what the test found when it is over; it must not wait.
func (p *Part) Ping(now time.Time, cfg tester.Config, done func(tester.Report)) uint16 {
	return p.tester.Start(now, cfg, done)
}

// Cancel ends a test with what it has found so far.
func (p *Part) Cancel(now time.Time, test uint16) { p.tester.Cancel(now, test) }

// own tells whether a code is one of this node.
func (p *Part) own(pc ss7.PC) bool { return slices.Contains(p.sys.Own(), pc) }
