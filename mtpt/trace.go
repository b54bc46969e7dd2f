package mtpt

import (
	"slices"
	"time"

	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/routing"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/tester"
)

// TracesASecond is how many messages of others' traces a node answers or passes on in a second. What is more it drops.
const TracesASecond = 100

// tracing is the part's share in `trace cs7`: as a node on the way it answers, and what comes back it hands to the
// traces that this node has begun.
type tracing struct {
	running map[uint16]*running
	asked   []onWay // the newest last
	id      uint16  // of the trace begun last

	second                    int64 // since 1970
	spent                     int   // messages in that second, of TracesASecond
	answered, passed, tooFast uint64
}

// onWay is a point to which this node, on the way of a trace, has sent the request. If the point says that it has no
// user for SI 8, this node tells those before it.
type onWay struct {
	pc  ss7.PC
	at  time.Time
	in  ss7.MSU      // the request as it came, without payload
	rep tester.Trace // what this node has told those before it
}

// Bounds on such points: how many are remembered, and how long.
const (
	askedMost  = 64
	askedFresh = 10 * time.Second
)

// running is a trace that this node has begun.
type running struct {
	target ss7.PC
	said   func(tester.Said)
}

// may tells whether one more message is within TracesASecond.
func (t *tracing) may(now time.Time) bool {
	if s := now.Unix(); s != t.second {
		t.second, t.spent = s, 0
	}
	t.spent++
	if t.spent > TracesASecond {
		t.tooFast++
		return false
	}
	return true
}

// Trace sends the request x to a node: by a path, or, if that is 0, as it is routed. It gives the number by which
// EndTrace knows the trace. said is told what comes back; it must not wait.
func (p *Part) Trace(x tester.Trace, sls uint8, to ss7.PC, path ss7.PathID, said func(tester.Said),
	out []ss7.Action) (uint16, []ss7.Action) {
	t := &p.tracing
	for t.id++; t.running[t.id] != nil; t.id++ {
	}
	x.ID = t.id
	t.running[x.ID] = &running{x.Target, said}
	return x.ID, sendTrace(&ss7.MSU{DPC: x.Origin, SLS: sls, NI: p.sys.Network()}, path, to, x, out)
}

// EndTrace forgets a trace.
func (p *Part) EndTrace(id uint16) { delete(p.tracing.running, id) }

// lacksUser tells running traces that pc has no user for SI 8.
func (t *tracing) lacksUser(pc ss7.PC) {
	for _, r := range t.running {
		r.said(tester.Said{NoUser: pc})
	}
}

// receiveTrace takes a message of a trace that was delivered to this node.
func (p *Part) receiveTrace(now time.Time, ev *ss7.Event, out []ss7.Action) []ss7.Action {
	x, err := tester.ParseTrace(ev.MSU.Payload)
	if err != nil {
		return append(out, ss7.Action{Op: ss7.Note, Event: ss7.Event{Kind: ss7.Discard, Why: err.Error()}})
	}
	t := &p.tracing
	r := t.running[x.ID]
	mine := r != nil && r.target == x.Target && p.own(x.Origin) && x.Visited[0] == x.Origin
	switch {
	case x.Report && x.At == 0, !x.Report && x.Turn > 0 && x.Origin == ev.MSU.DPC:
		if mine {
			r.said(tester.Said{Trace: x})
		}
	case !t.may(now):
	case x.Report:
		if x.Visited[x.At] == ev.MSU.DPC {
			t.passed++
			x.At--
			return sendTrace(&ev.MSU, 0, x.Visited[x.At], x, out)
		}
	default:
		t.answered++
		return p.answerTrace(now, ev, x, out)
	}
	return out
}

// answerTrace adds this node to a request, tells those before it, and sends it on.
func (p *Part) answerTrace(now time.Time, ev *ss7.Event, x tester.Trace, out []ss7.Action) []ss7.Action {
	table := p.net.Table()
	here := uint8(len(x.Visited))
	if int(here) == tester.MostVisited || x.Visited[here-1] != ev.MSU.OPC {
		return out // the node before has told TooFar; or the sender is not the one that x says
	}
	x.Visited = append(x.Visited, ev.MSU.DPC)
	m := ss7.MSU{DPC: x.Target, OPC: x.Origin, SLS: ev.MSU.SLS, NI: ev.MSU.NI, SI: ss7.SCCP}
	var path ss7.PathID
	report := x
	if x.Turn > 0 {
		m.DPC, m.OPC = x.Origin, x.Target
		report.Onward, path = Onward(table, m, ev.Path, &x)
	} else {
		report.Onward, path = Onward(table, m, ev.Path, &x)
		if v := report.Onward.Verdict; v == tester.Delivered || v == tester.Served {
			x.Turn = here
			report.Turn = here
		}
		m.DPC, m.OPC = x.Origin, x.Target
		back := x
		back.Turn = here // what is before it may be visited again
		var way ss7.PathID
		if report.Back, way = Onward(table, m, 0, &back); x.Turn > 0 {
			path = way
		}
	}
	report.Report, report.At = true, here-1
	out = sendTrace(&ev.MSU, 0, x.Visited[here-1], report, out)
	step := report.Onward
	if x.Turn == here {
		step = report.Back
	}
	if step.Verdict == tester.Onward {
		in := ev.MSU
		in.Payload = nil
		p.tracing.remember(onWay{pc: step.Next, at: now, in: in, rep: report})
		return sendTrace(&ev.MSU, path, step.Next, x, out)
	}
	return out
}

// remember keeps a, for askedFresh at most.
func (t *tracing) remember(a onWay) {
	t.asked = slices.DeleteFunc(t.asked, func(o onWay) bool { return a.at.Sub(o.at) > askedFresh })
	if len(t.asked) >= askedMost {
		t.asked = slices.Delete(t.asked, 0, 1)
	}
	t.asked = append(t.asked, a)
}

// relayNoUser tells those whose traces this node has sent on to pc that pc has no user for SI 8. The UPU comes to this
// node because the request that pc got had this node's code as its OPC (Q.704 §11.2.7). Each is told once.
func (p *Part) relayNoUser(now time.Time, pc ss7.PC, out []ss7.Action) []ss7.Action {
	t := &p.tracing
	t.asked = slices.DeleteFunc(t.asked, func(a onWay) bool {
		if a.pc != pc {
			return false
		}
		if now.Sub(a.at) > askedFresh {
			return true
		}
		step := &a.rep.Onward
		if a.rep.Turn > 0 && int(a.rep.Turn) == len(a.rep.Visited)-1 {
			step = &a.rep.Back
		}
		*step = tester.Step{Verdict: tester.NoUser, Next: pc}
		out = sendTrace(&a.in, 0, a.rep.Visited[a.rep.At], a.rep, out)
		return true
	})
	return out
}

// Onward is what becomes of m at a node with table t, by the decision that every MSU is carried by, and the path by
// which m leaves. x is the trace that asks: a node that it has visited is a circle.
func Onward(t *routing.Table, m ss7.MSU, from ss7.PathID, x *tester.Trace) (tester.Step, ss7.PathID) {
	d := mtp3.Decide(t, &m, from)
	switch {
	case d.Fate == mtp3.Deliver:
		return tester.Step{Verdict: tester.Delivered}, 0
	case d.Fate == mtp3.Forward && t.Linksets[d.Linkset].Server:
		return tester.Step{Verdict: tester.Served}, d.Path
	case d.Fate == mtp3.Forward && d.Path.IsHold():
		return tester.Step{Verdict: tester.Waits}, 0
	case d.Fate == mtp3.Forward:
		next := t.Linksets[d.Linkset].Adjacent
		switch {
		case next != m.DPC && slices.Contains(x.Visited[x.Turn:], next):
			return tester.Step{Verdict: tester.Circular, Next: next}, 0
		case len(x.Visited) == tester.MostVisited:
			return tester.Step{Verdict: tester.TooFar}, 0
		}
		return tester.Step{Verdict: tester.Onward, Next: next}, d.Path
	}
	switch d.Reason {
	case mtp3.NoRoute, mtp3.NoKey:
		return tester.Step{Verdict: tester.NoRoute}, 0
	case mtp3.Inaccessible:
		return tester.Step{Verdict: tester.Inaccessible}, 0
	case mtp3.Circular, mtp3.OwnOrigin:
		return tester.Step{Verdict: tester.Circular}, 0
	}
	return tester.Step{Verdict: tester.Discarded}, 0
}

// sendTrace sends x to a point: by the link of path, or, if that is 0, as it is routed. Its OPC is the code that in was
// for.
func sendTrace(in *ss7.MSU, path ss7.PathID, to ss7.PC, x tester.Trace, out []ss7.Action) []ss7.Action {
	m := ss7.MSU{DPC: to, OPC: in.DPC, SLS: in.SLS, NI: in.NI, Prio: in.Prio, SI: ss7.MTPT,
		Payload: tester.AppendTrace(nil, x)}
	ev := ss7.Event{Kind: ss7.Transfer, Path: path, MSU: m}
	return append(out, ss7.Action{Op: ss7.Raise, Event: ev})
}
