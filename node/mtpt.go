package node

import (
	"sync/atomic"
	"time"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/tester"
)

// mtpt is the MTP testing user part (Q.755, SI 8): the tests of `ping cs7`, the messages of
// `trace cs7`, and the probes that find endless circles (loops.go).
type mtpt struct {
	defaults
	core    *core
	tester  *tester.Tester
	prober  *tester.Prober
	tracing *tracing

	titleProbes atomic.Bool  // probes of titles were sent
	probesBack  atomic.Int32 // that wait for the core

	// protection is the setting of loop-protection that is carried out; Node.applying guards it.
	protection configs.LoopProtection
}

func newMTPT(c *core) *mtpt {
	return &mtpt{core: c, tester: tester.New(), prober: newProber(), tracing: newTracing(),
		protection: configs.New().LoopProtection}
}

func (p *mtpt) recv(now time.Time, ev *ss7.Event) {
	switch {
	case tester.IsTrace(ev.MSU.Payload):
		p.recvTrace(now, ev)
	case tester.IsProbe(ev.MSU.Payload): // another node's: that it came as far as this is the answer
	default:
		p.core.actions = p.tester.Recv(now, &ev.MSU, p.core.actions)
	}
}

func (p *mtpt) hear(now time.Time, ev *ss7.Event) {
	if ev.Kind == ss7.UserPart {
		p.tracing.lacksUser(ev.Dest.PC)
		p.relayNoUser(now, ev.Dest.PC)
		p.tester.NoUser(now, ev.Dest.PC)
	}
}

// sent tells the test that a message belongs to, which is the event's argument, by which way it
// left; or why it did not. An answer belongs to no test here.
func (p *mtpt) sent(ev *ss7.Event, d mtp3.Verdict) {
	test := uint16(ev.Arg)
	switch {
	case d.Fate == mtp3.Discard && test != 0:
		p.tester.Refused(test, d.Reason.String())
	case d.Fate == mtp3.Discard:
		n := p.core.node
		far := n.Config().Notation().Format(ev.MSU.DPC)
		n.log.AddFrom(far, "CS7PING", 4, "NOREPLY",
			"test message from "+far+" cannot be answered: "+d.Reason.String()+" "+far)
	case test != 0:
		p.tester.Left(test, d.Path)
	}
}

func (p *mtpt) configure(s *configs.System) {
	if s.LoopProtection == p.protection {
		return
	}
	p.protection = s.LoopProtection
	p.core.ask(p.configureLoops)
}

func (p *mtpt) tick(now time.Time) {
	p.core.actions = p.tester.Tick(now, p.core.actions)
	p.core.perform()
	p.tickLoops(now)
}

func (p *mtpt) deadline() time.Time { return earliest(p.tester.Deadline(), p.prober.Deadline()) }

// earliest gives the first of these moments; the zero time is none.
func earliest(all ...time.Time) (first time.Time) {
	for _, t := range all {
		if first.IsZero() || !t.IsZero() && t.Before(first) {
			first = t
		}
	}
	return first
}
