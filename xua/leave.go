package xua

import (
	"slices"
	"time"

	"github.com/gostp/gostp/ss7"
)

// These are the steps by which this end, as an ASP, takes leave of a gateway. Each waits for its answer.
const (
	stepStay uint8 = iota
	stepInactive
	stepDeregister
	stepDown
)

// Quit takes leave of all far ends, because this end stops.
func (l *Layer) Quit(now time.Time, out []ss7.Action) []ss7.Action {
	for _, a := range slices.Clone(l.asps) {
		out = l.Leave(now, a.cfg.Path, "shut down", out)
	}
	return out
}

// Leave takes leave of one far end, and then ends its association. A gateway is left in steps: ASPIA, then what
// was registered is taken back, then ASPDN (RFC 4666 §4.3.4.4, §4.4.2, §4.3.4.2). Each step waits for its
// answer. If one does not come within T(ack), the rest is said without waiting. Leaving tells whether this goes
// on. From here on no traffic goes to the gateway. Traffic that it sends before it has acknowledged ASPIA is
// still accepted.
func (l *Layer) Leave(now time.Time, path ss7.PathID, why string, out []ss7.Action) []ss7.Action {
	a := l.byPath[path]
	if a == nil || !a.comm || a.leaving != "" {
		return out
	}
	if !a.asks() || !a.ownUp {
		return l.lockOut(now, a, why, out)
	}
	a.leaving, a.step, a.dirty = why, stepStay, lost
	for _, m := range a.members {
		m.as.dirty = true
		out = l.evaluate(now, m.as, m, why, out)
	}
	return l.leaveOn(now, a, true, l.publish(out))
}

// Leaving tells whether this end is taking leave of a far end.
func (l *Layer) Leaving(path ss7.PathID) bool {
	a := l.byPath[path]
	return a != nil && a.leaving != ""
}

// Company tells whether an AS of this end has another ASP, as far as its gateways have told or its traffic mode
// says. That ASP goes on with what this end leaves.
func (l *Layer) Company(server ss7.PathID) bool {
	s := l.byAS[server]
	return s != nil && (s.mode > Override || slices.ContainsFunc(s.members, func(m *member) bool { return m.company }))
}

// Leavers counts the far ends that this end is taking leave of.
func (l *Layer) Leavers() (n int) {
	for _, a := range l.asps {
		if a.leaving != "" {
			n++
		}
	}
	return n
}

// Answered is called by the layer above when a gateway has answered DEREG REQ.
func (l *Layer) Answered(now time.Time, path ss7.PathID, out []ss7.Action) []ss7.Action {
	if a := l.byPath[path]; a != nil && a.leaving != "" && a.step == stepDeregister {
		return l.leaveOn(now, a, true, out)
	}
	return out
}

// leaveOn takes the next step that has something to say. Without wait, it takes all steps that are left.
func (l *Layer) leaveOn(now time.Time, a *asp, wait bool, out []ss7.Action) []ss7.Action {
	for {
		n := len(out)
		a.step++
		switch {
		case a.step == stepInactive: // this includes an AS whose ASPAC is still unanswered
			out = l.request(a, ASPIA, func(m *member) bool { return m.own == Active || m.asked == ASPAC }, out)
			for _, m := range a.members {
				m.asked = 0
				if m.own == Active {
					m.asked = ASPIA
				}
			}
		case a.step == stepDeregister && l.tags.Dereg != 0:
			out = l.request(a, l.tags.Dereg, func(m *member) bool { return m.granted }, out)
		case a.step == stepDown:
			start := len(l.arena)
			l.arena = Begin(l.arena, ASPDN)
			out = l.send(a, start, out)
		case a.step > stepDown:
			return l.lockOut(now, a, a.leaving, out)
		}
		if wait && (len(out) > n || a.step == stepInactive && a.owes) {
			a.timers.Start(tAck, now, a.cfg.TAck)
			return out
		}
	}
}

// leaveAcked handles an acknowledgement while this end takes leave.
func (l *Layer) leaveAcked(now time.Time, a *asp, m Message, out []ss7.Action) []ss7.Action {
	switch m.Type {
	case ASPIAAck:
		a.owes = false
		out = l.eachNamed(a, m, func(x *member, out []ss7.Action) []ss7.Action {
			x.asked = 0
			if x.own == Down {
				return out
			}
			return l.setOwn(now, x, Inactive, a.leaving, out)
		}, out)
		open := slices.ContainsFunc(a.members, func(x *member) bool { return x.asked == ASPIA })
		if a.step == stepInactive && !open {
			return l.leaveOn(now, a, true, out)
		}
	case ASPDNAck: // this is the end, whatever was said before it
		a.step = stepDown
		return l.leaveOn(now, a, true, out)
	}
	return out
}

// lockOut takes an ASP down because this end wants it, and ends its association (§4.7).
func (l *Layer) lockOut(now time.Time, a *asp, why string, out []ss7.Action) []ss7.Action {
	if !a.comm {
		a.why = "shut down here"
		return out
	}
	told := a.serves() && a.farUp
	out = l.fall(now, a, "shut down here", false, out)
	out = l.publish(out)
	a.timers.StopAll()
	if told {
		out = l.ack(a, ASPDNAck, Message{}, nil, out)
	}
	return append(out, ss7.Action{Op: ss7.Hangup, Event: ss7.Event{Path: a.cfg.Path, Why: why}})
}
