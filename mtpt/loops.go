package mtpt

import (
	"fmt"
	"time"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/sccp"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/tester"
)

// Loop protection: the part is told which messages come again and again (tester.Sampler finds them). It probes whether
// such messages go round for ever (tester.Prober) and tells it; with `cs7 loop-protection drop` it has what comes in by
// a proven circle discarded.

// Suspect has the part find out whether m, which came by path from, goes in a circle: it probes the course of m, if
// that could lead back here. m is the part's to keep.
func (p *Part) Suspect(now time.Time, from ss7.PathID, m *ss7.MSU) {
	table := p.net.Table()
	x := tester.Probe{MSU: *m, From: from, Course: tester.Course{DPC: m.DPC, Linkset: table.Name(from)}}
	switch d := mtp3.Decide(table, m, from); {
	case d.Fate == mtp3.Forward && p.net.MayReturn(d.Path):
	case d.Fate == mtp3.Deliver:
		if x.Title = p.net.Course(m); x.Title == "" {
			return
		}
	default:
		return
	}
	if x := p.prober.Suspect(now, x); x != nil {
		p.sendProbe(x)
	}
}

// sendProbe sends a probe by the way that the suspected message took.
func (p *Part) sendProbe(x *tester.Probe) {
	if p.sys.PC == nil {
		return
	}
	m := ss7.MSU{DPC: x.DPC, OPC: *p.sys.PC, SLS: x.MSU.SLS, NI: p.sys.Network(), Prio: x.MSU.Prio, SI: ss7.MTPT,
		Payload: tester.AppendProbe(nil, x.Number, *p.sys.PC)}
	if x.Title != "" && !p.toTitle(x, &m) {
		return
	}
	p.net.Probe(x, &m)
}

// probeHops is the hop counter of a title's probe. A probe that its origin does not recognise any more must not go
// round for ever itself.
const probeHops = 12

// toTitle makes m, a probe, a message of SCCP to the title of x; false: it has none that can be read.
func (p *Part) toTitle(x *tester.Probe, m *ss7.MSU) bool {
	kind := p.sys.V()
	called, err := sccp.ParseAddress(kind, []byte(x.Title))
	if err != nil {
		return false
	}
	if called.HasSSN {
		called.SSN = sccp.TestSSN // where it is not a circle, nobody takes it
	}
	calling := sccp.TestAddress(*p.sys.PC)
	m.SI = ss7.SCCP
	m.Payload, _ = sccp.Append(nil, &sccp.Message{Type: sccp.XUDT, Hops: probeHops,
		Called:  sccp.AppendAddress(kind, nil, &called),
		Calling: sccp.AppendAddress(kind, nil, &calling), Data: m.Payload})
	return true
}

// ProbeBack is told of a probe with a code of this node as its origin that came back by path from. It may be forged.
func (p *Part) ProbeBack(now time.Time, number uint64, from ss7.PathID, out []ss7.Action) []ss7.Action {
	before := p.prober.Changes()
	if found := p.prober.Returned(now, p.net.Table().Name(from), number); found != nil {
		out = append(out, circular("M"+p.loopText(found)[1:]))
	}
	if p.prober.Changes() != before {
		p.bar()
	}
	return out
}

// Titles tells whether probes of titles may come back.
func (p *Part) Titles() bool { return p.prober.Titles() }

// tickProbes sends the probes that are due, and ends circles in which nothing comes back.
func (p *Part) tickProbes(now time.Time, out []ss7.Action) []ss7.Action {
	probes, over := p.prober.Tick(now)
	for _, x := range probes {
		p.sendProbe(x)
	}
	for i := range over {
		out = append(out, p.over(&over[i], fmt.Sprintf("the last probe came back %v ago",
			now.Sub(over[i].Last).Round(time.Second))))
	}
	if len(over) > 0 {
		p.bar()
	}
	return out
}

// protect carries out another setting of loop-protection.
func (p *Part) protect(out []ss7.Action) []ss7.Action {
	if p.sys.LoopProtection == configs.IgnoreLoops {
		over := p.prober.Forget()
		for i := range over {
			out = append(out, p.over(&over[i], "loop-protection is off"))
		}
	}
	p.bar()
	return out
}

// bar puts in force what is discarded.
func (p *Part) bar() {
	var circles []tester.Circle
	if p.sys.LoopProtection == configs.DropLoops {
		circles = p.prober.Circles()
	}
	p.net.Bar(circles)
}

// over is the note that nothing goes round any more in the circle x.
func (p *Part) over(x *tester.Circle, why string) ss7.Action {
	return circular(fmt.Sprintf("Messages to %s by %s go round no more: %s", p.courseText(&x.Course), x.Linkset, why))
}

func circular(text string) ss7.Action {
	return ss7.Action{Op: ss7.Note, Event: ss7.Event{Kind: ss7.StateChange, Arg: mtp3.NoteCircular, Why: text}}
}

// courseText is the point or the title of a course.
func (p *Part) courseText(x *tester.Course) string {
	kind, f := p.sys.V(), p.sys.Notation()
	if x.Title == "" {
		return f.Format(x.DPC)
	}
	a, err := sccp.ParseAddress(kind, []byte(x.Title))
	if err != nil {
		return "a title at " + f.Format(x.DPC)
	}
	return "the title " + a.Text(kind, f) + " at " + f.Format(x.DPC)
}

// loopText says what is proven, and what to do.
func (p *Part) loopText(x *tester.Circle) string {
	to := p.courseText(&x.Course)
	text := x.Text(to)
	if p.sys.LoopProtection == configs.DropLoops {
		text += "; what comes by there is discarded"
	} else {
		text += "; `cs7 loop-protection drop` would discard what comes by there"
	}
	if x.Title == "" {
		return text + fmt.Sprintf(". `trace cs7 %s` shows the nodes: one of them has a route that leads back", to)
	}
	return text + ". One of the nodes that translate it has an entry that leads back"
}

// Alarms are those of proven circles.
func (p *Part) Alarms() (out []mtp3.Alarm) {
	circles := p.prober.Circles()
	for i := range circles {
		x := &circles[i]
		object := "endless circle to " + p.courseText(&x.Course) + " by " + x.Linkset
		out = append(out, mtp3.Alarm{Severity: mtp3.Major, Object: object, Why: p.loopText(x)})
	}
	return out
}
