package xua

import (
	"fmt"
	"slices"
	"time"

	"github.com/gostp/gostp/ss7"
)

// patience is how many requests are sent T(ack) apart. After these, or when the far end has refused one, they
// are patienceFactor times further apart.
const (
	patience       = 5
	patienceFactor = 5
)

// asks tells whether this end sends ASPUP and ASPAC.
func (a *asp) asks() bool {
	return a.cfg.Role == RoleASP || a.cfg.Role == RoleIPSPDouble || a.cfg.Role == RoleIPSP && a.cfg.Leads
}

// wants tells whether this end should be active in m.
func (m *member) wants() bool {
	return !m.asp.cfg.Block && !m.as.cfg.Shutdown && !m.waiting && !m.overridden
}

// need gives the request that would bring this end nearer to what the configuration wants in m; 0 if there is
// none.
func (m *member) need() Type {
	switch {
	case m.own == Active && !m.wants():
		return ASPIA
	case m.own == Inactive && m.wants():
		return ASPAC
	}
	return 0
}

// pursue sends the requests that bring this end one step nearer to what the configuration wants, and waits
// T(ack) for the answers (§4.3.4.1 to §4.3.4.4). A request that is not answered yet is not repeated before
// T(ack), whoever calls.
func (l *Layer) pursue(now time.Time, a *asp, out []ss7.Action) []ss7.Action {
	if a.leaving != "" {
		return out
	}
	if !a.comm || !a.asks() || a.cfg.Shutdown {
		a.timers.Stop(tAck)
		return out
	}
	n, open := len(out), a.upAsked
	switch {
	case a.ownUp:
		out, open = l.pursueAll(a, out)
	case !a.upAsked:
		a.upAsked = true
		start := len(l.arena)
		l.arena = Begin(l.arena, ASPUP)
		if a.cfg.HasID && a.cfg.Role == RoleASP {
			l.arena = AppendUint32(l.arena, TagASPID, a.cfg.ID)
		}
		out = l.send(a, start, out)
	}
	switch {
	case len(out) > n:
		l.await(now, a)
	case !open:
		a.timers.Stop(tAck)
	}
	return out
}

// pursueAll sends the requests that the AS of a need and that were not sent yet; a is up. open tells whether an
// answer is waited for.
func (l *Layer) pursueAll(a *asp, out []ss7.Action) (_ []ss7.Action, open bool) {
	ask := func(t Type, which func(*member) bool) {
		fresh := func(m *member) bool { return m.need() == t && m.asked != t && which(m) }
		out = l.request(a, t, fresh, out)
	}
	ask(ASPIA, func(*member) bool { return true })
	for mode := range Broadcast + 1 {
		ask(ASPAC, func(m *member) bool { return m.as.mode == mode })
	}
	a.mark()
	return out, slices.ContainsFunc(a.members, func(m *member) bool { return m.asked != 0 })
}

// mark notes that all requests that a needs are sent, or must wait for T(ack).
func (a *asp) mark() {
	a.upAsked = a.upAsked || !a.ownUp
	for _, m := range a.members {
		m.asked = m.need()
	}
}

// unanswered handles the end of T(ack).
func (l *Layer) unanswered(now time.Time, a *asp, out []ss7.Action) []ss7.Action {
	if a.leaving != "" {
		return l.leaveOn(now, a, false, out)
	}
	a.forget()
	return l.pursue(now, a, out)
}

// forget makes all requests that are not answered be sent again.
func (a *asp) forget() {
	a.upAsked = false
	for _, m := range a.members {
		m.asked = 0
	}
}

// withdrawAll ends the relation of all ASPs to s, under the names that s has now.
func (l *Layer) withdrawAll(now time.Time, s *as, why string, out []ss7.Action) []ss7.Action {
	for _, m := range s.members {
		out = l.withdraw(now, m, why, out)
	}
	return out
}

// withdraw ends the relation of the two ends in m, while m still has the routing context that the far end
// knows. As an ASP, this end says that it is inactive and takes its registration back (§4.3.4.4, §4.4.2). An
// ASP of ours is told that it is inactive (§4.7).
func (l *Layer) withdraw(now time.Time, m *member, why string, out []ss7.Action) []ss7.Action {
	a := m.asp
	if !a.comm || l.tags.Dereg == 0 || a.leaving != "" {
		return out
	}
	if a.asks() && a.ownUp {
		only := func(x *member) bool { return x == m }
		if m.own == Active || m.asked == ASPAC {
			m.asked, a.owes = 0, true
			out = l.request(a, ASPIA, only, out)
			out = l.setOwn(now, m, Inactive, why, out)
		}
		if m.granted {
			out = l.request(a, l.tags.Dereg, only, out)
		}
	}
	m.granted, m.waitWhy, m.waitTill = false, "", time.Time{}
	if m.far == Active && a.serves() && m.as.hasID {
		out = l.deactivate(now, m, why, out)
		out = l.ack(a, ASPIAAck, Message{}, []uint32{m.as.cfg.ID}, l.publish(out))
	}
	return out
}

// await starts T(ack). A far end that does not answer is asked less often.
func (l *Layer) await(now time.Time, a *asp) {
	d := a.cfg.TAck
	if a.tries >= patience {
		d *= patienceFactor
	}
	a.tries++
	a.timers.Start(tAck, now, d)
}

// request sends one message for the AS that which selects. It names their routing contexts. For AS that have
// none, there is a message without one.
func (l *Layer) request(a *asp, t Type, which func(*member) bool, out []ss7.Action) []ss7.Action {
	var ids []uint32
	var mode Mode
	bare := false
	for _, m := range a.members {
		if !which(m) {
			continue
		}
		mode = m.as.mode
		if m.as.hasID && !a.cfg.Slack.NoID {
			ids = append(ids, m.ownID())
		} else {
			bare = true
		}
	}
	for _, with := range [][]uint32{ids, nil} {
		if with == nil && !bare || with != nil && len(ids) == 0 {
			continue
		}
		start := len(l.arena)
		l.arena = Begin(l.arena, t)
		if t == ASPAC && mode != 0 {
			l.arena = AppendUint32(l.arena, TagTrafficMode, uint32(mode))
		}
		l.arena = AppendUint32s(l.arena, l.tags.ID, with)
		out = l.send(a, start, out)
		if with == nil {
			break
		}
	}
	return out
}

// recvAck handles an acknowledgement. One that nothing asked for moves this end all the same. Then this end
// sets out to go back (§4.3.4.1, §4.3.4.2, §4.3.4.4).
func (l *Layer) recvAck(now time.Time, a *asp, m Message, out []ss7.Action) []ss7.Action {
	if !a.asks() {
		return l.unexpected(now, a, m, out)
	}
	if a.leaving != "" {
		return l.leaveAcked(now, a, m, out)
	}
	a.owes = a.owes && m.Type != ASPIAAck
	asked := a.timers.Running(tAck)
	if asked {
		a.tries = 0
	}
	switch m.Type {
	case ASPUPAck:
		return l.upAcked(now, a, m, out)
	case ASPDNAck:
		why := "the far end sent ASPDN Ack"
		if a.cfg.Role == RoleIPSPDouble {
			a.ownUp = false
			for _, x := range a.members {
				out = l.set(now, x, x.far, Down, why, out)
			}
			a.why, a.since = why, now
		} else {
			out = l.fall(now, a, why, false, out)
		}
		return l.retry(now, a, asked, out)
	case ASPACAck:
		if !a.ownUp {
			return l.unexpected(now, a, m, out)
		}
		out = l.eachNamed(a, m, func(x *member, out []ss7.Action) []ss7.Action {
			x.asked = 0
			return l.setOwn(now, x, Active, "the far end acknowledged ASPAC", out)
		}, out)
		if asked {
			return l.pursue(now, a, out)
		}
	case ASPIAAck:
		out = l.eachNamed(a, m, func(x *member, out []ss7.Action) []ss7.Action {
			if x.own == Down {
				return out
			}
			x.asked = 0
			return l.setOwn(now, x, Inactive, "the far end sent ASPIA Ack", out)
		}, out)
		return l.retry(now, a, asked, out)
	}
	if l.arrived(a) {
		a.timers.Stop(tAck)
	}
	return out
}

func (l *Layer) upAcked(now time.Time, a *asp, m Message, out []ss7.Action) []ss7.Action {
	was := a.ownUp
	if was { // the far end takes this end for inactive; so this end asks again for what it had
		active := false
		for _, x := range a.members {
			active = active || x.own == Active
			if x.own == Active {
				out = l.setOwn(now, x, Inactive, "the far end sent ASPUP Ack again", out)
			}
		}
		if active {
			out = l.unexpected(now, a, m, l.publish(out))
		}
		return l.retry(now, a, false, out)
	}
	a.ownUp, a.upAsked = true, false
	a.farUp = a.farUp || a.both()
	a.why, a.since = "up", now
	out = append(out, note(a.cfg.Path, NoteASP, "ASP "+a.cfg.Name+" is up: the far end acknowledged ASPUP"))
	for _, x := range a.members {
		out = l.enter(now, x, out)
	}
	return l.pursue(now, a, out)
}

// retry goes on at once if the far end answered a request, else after T(ack): a gateway that has blocked this
// end must not be asked again without end.
func (l *Layer) retry(now time.Time, a *asp, asked bool, out []ss7.Action) []ss7.Action {
	if l.arrived(a) {
		a.timers.Stop(tAck)
		return out
	}
	if asked && a.ownUp {
		return l.pursue(now, a, out)
	}
	a.mark()
	l.await(now, a)
	return out
}

// arrived tells whether there is nothing left to ask for.
func (l *Layer) arrived(a *asp) bool {
	if !a.ownUp {
		return a.cfg.Shutdown
	}
	for _, m := range a.members {
		if m.wants() != (m.own == Active) && !m.waiting && !m.overridden {
			return false
		}
	}
	return true
}

func (l *Layer) setOwn(now time.Time, m *member, s State, why string, out []ss7.Action) []ss7.Action {
	if !m.asp.both() {
		return l.set(now, m, m.far, s, why, out)
	}
	if s == Active {
		return l.activate(now, m, out)
	}
	return l.set(now, m, s, s, why, out)
}

// eachNamed calls f for each AS that a message names, or for all if it has no routing contexts.
func (l *Layer) eachNamed(a *asp, m Message, f func(*member, []ss7.Action) []ss7.Action,
	out []ss7.Action) []ss7.Action {
	ids := m.Params.Uint32s(l.tags.ID)
	if len(ids) == 0 || len(ids) == 1 && ids[0] == 0 && l.zeroIsNone(a) {
		for _, x := range a.members {
			out = f(x, out)
		}
		return out
	}
	for _, id := range ids {
		for _, x := range a.members {
			if x.as.hasID && x.ownID() == id {
				out = f(x, out)
			}
		}
	}
	return out
}

// ownID gives the routing context by which this end is an ASP of the far end. What the far end sends us carries
// it (RFC 4666 §5.6.2).
func (m *member) ownID() uint32 {
	if m.as.cfg.HasOwn && m.asp.cfg.Role == RoleIPSPDouble {
		return m.as.cfg.OwnID
	}
	return m.as.cfg.ID
}

// recvNotify handles NTFY, which a gateway sends this end as an ASP. After an alternate ASP has taken over,
// this end waits until there is none, and then asks to be active again (§4.3.4.3).
func (l *Layer) recvNotify(now time.Time, a *asp, m Message, out []ss7.Action) []ss7.Action {
	status, _ := m.Params.Uint32(TagStatus)
	if !a.asks() {
		a.stats.Refused.Add(UnexpectedMessage)
		return out
	}
	out = append(out, note(a.cfg.Path, NoteASP, fmt.Sprintf("ASP %s is notified: %v", a.cfg.Name, Status(status))))
	if s := Status(status); s == NotifyActive || s == NotifyPending || s == NotifyFailure {
		out = l.eachNamed(a, m, func(x *member, out []ss7.Action) []ss7.Action {
			x.company = x.company || x.own != Active || s == NotifyFailure
			return out
		}, out)
	}
	switch Status(status) {
	case NotifyAlternate: // this end MUST consider itself inactive
		return l.eachNamed(a, m, func(x *member, out []ss7.Action) []ss7.Action {
			if x.own != Active {
				return out
			}
			x.overridden, x.company = true, true
			return l.setOwn(now, x, Inactive, "an alternate ASP is active", out)
		}, out)
	case NotifyPending, NotifyInactive, NotifyInsufficient:
		free := false
		out = l.eachNamed(a, m, func(x *member, out []ss7.Action) []ss7.Action {
			free = free || x.overridden
			x.overridden = false
			return out
		}, out)
		if free {
			return l.pursue(now, a, out)
		}
	}
	return out
}

// recvError handles ERR: it notes what the far end says of our fault. ERR is never answered (§3.8.1). A request
// that was refused is repeated, but not soon.
func (l *Layer) recvError(now time.Time, a *asp, m Message, out []ss7.Action) []ss7.Action {
	code, _ := m.Params.Uint32(TagErrorCode)
	a.lastErr = "the far end says: " + Code(code).String()
	if a.leaving != "" {
		return l.leaveOn(now, a, true, out)
	}
	if a.timers.Running(tAck) {
		a.tries = patience
		l.await(now, a)
	}
	if !a.errs.Take(now, 1) {
		return out
	}
	return append(out, note(a.cfg.Path, NoteError, fmt.Sprintf("ASP %s tells us %q", a.cfg.Name, Code(code))))
}
