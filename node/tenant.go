package node

import (
	"time"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/userpart"
)

// tenant is a user part that has a package of its own and lives on the core's goroutine, since what it asks for takes
// effect in MTP3 at once. Unlike a guest it is not told of destinations (ss7.Pause, ss7.Resume).
type tenant struct {
	core *core
	part userpart.Part
}

// carry adds what the part has answered to what the core carries out. The part was not given core.actions to add to:
// the core may carry those out while the part asks it for something.
func (p *tenant) carry(out []ss7.Action) { p.core.actions = append(p.core.actions, out...) }

// recv implements resident.
func (p *tenant) recv(now time.Time, ev *ss7.Event) { p.carry(p.part.Do(now, *ev, nil)) }

// hear implements userPart.
func (p *tenant) hear(now time.Time, ev *ss7.Event) { p.carry(p.part.Do(now, *ev, nil)) }

// rerouted implements userPart.
func (p *tenant) rerouted() {}

// configure implements userPart.
func (p *tenant) configure(s *configs.System) {
	p.core.ask(func() { p.carry(p.part.Configure(time.Now(), s, nil)) })
}

// sent implements resident.
func (p *tenant) sent(ev *ss7.Event, d mtp3.Verdict) {
	if d.Fate == mtp3.Discard {
		p.recv(time.Now(), &ss7.Event{Kind: ss7.Discard, Arg: ev.Arg, MSU: ev.MSU, Why: d.Reason.String()})
	} else if s, is := p.part.(userpart.Sender); is {
		s.Left(ev, d.Path)
	}
}

// tick implements resident.
func (p *tenant) tick(now time.Time) { p.carry(p.part.Tick(now, nil)) }

// deadline implements resident.
func (p *tenant) deadline() time.Time { return p.part.Deadline() }
