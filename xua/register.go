package xua

import (
	"slices"
	"time"

	"github.com/gostp/gostp/ss7"
)

// This file has what routing key management does to far ends and servers (RFC 4666 §4.4).

// AddAS makes an AS by registration. It ends with its last ASP.
func (l *Layer) AddAS(now time.Time, c ASConfig) {
	c.Dynamic = true
	l.newAS(now, c)
}

// Share tells whether a source may have one more of something that all strangers share. The source has held of
// them already, and free are left. A source may have at most a quarter of what is free, so that a few sources
// cannot use up all.
func Share(held, free int) bool { return free > 0 && held < max(1, free/4) }

// TakeMode gives an AS the traffic mode that a registration asks for, if the AS has no mode, or has the same
// one from an ASPAC (§4.4.1, §3.6.1). The mode stays until no ASP of the AS is up.
func (l *Layer) TakeMode(server ss7.PathID, m Mode) {
	if s := l.byAS[server]; s != nil && m != 0 && (s.mode == 0 || s.mode == m) {
		s.mode, s.passing, s.dirty = m, false, true
	}
}

// Register makes a far end an ASP of an AS, until it deregisters or goes down.
func (l *Layer) Register(now time.Time, path, server ss7.PathID, out []ss7.Action) []ss7.Action {
	a, s := l.byPath[path], l.byAS[server]
	if a == nil || s == nil {
		return out
	}
	m, out := l.join(now, a, s, out)
	m.registered = true
	return out
}

// Member tells whether a far end is an ASP of an AS, whether it registered for that, and its state.
func (l *Layer) Member(path, server ss7.PathID) (is, registered bool, state State) {
	a, s := l.byPath[path], l.byAS[server]
	if a == nil || s == nil {
		return false, false, Down
	}
	m := a.in(s)
	if m == nil {
		return false, false, Down
	}
	return true, m.registered, m.far
}

// Deregister undoes Register. An ASP that is configured stays one.
func (l *Layer) Deregister(now time.Time, path, server ss7.PathID, out []ss7.Action) []ss7.Action {
	a, s := l.byPath[path], l.byAS[server]
	if a == nil || s == nil {
		return out
	}
	m := a.in(s)
	if m == nil || !m.registered {
		return out
	}
	m.registered = false
	if m.static {
		return out
	}
	return l.leave(now, m, "it was deregistered", out)
}

// deregister drops all registrations of a far end (§4.3.4.1, §4.3.4.2).
func (l *Layer) deregister(now time.Time, a *asp, why string, out []ss7.Action) []ss7.Action {
	for _, m := range slices.Clone(a.members) {
		if !m.registered {
			continue
		}
		m.registered = false
		if !m.static {
			out = l.leave(now, m, why, out)
		}
	}
	return out
}

// Granted notes the routing context that a gateway gave an AS. This end then goes on to become active there. It
// gives false if another gateway of the AS has given another one.
func (l *Layer) Granted(now time.Time, path, server ss7.PathID, id uint32, out []ss7.Action) (bool, []ss7.Action) {
	a, s := l.byPath[path], l.byAS[server]
	if a == nil || s == nil || a.in(s) == nil {
		return true, out
	}
	if s.hasID && s.cfg.ID != id && slices.ContainsFunc(s.members, func(m *member) bool { return m.granted }) {
		return false, out
	}
	s.cfg.ID, s.cfg.HasID, s.hasID, s.dirty = id, true, true, true
	m := a.in(s)
	m.granted, m.waiting, m.waitWhy, m.waitTill = true, false, "", time.Time{}
	for _, m := range s.members {
		m.asp.dirty = max(m.asp.dirty, gained)
	}
	return true, l.pursue(now, a, out)
}

// Waits notes what became of asking a gateway for the routing context of an AS, and when the gateway is asked
// again. If that is zero, it is not asked before the association or the configuration changes.
func (l *Layer) Waits(path, server ss7.PathID, why string, till time.Time) {
	if a, s := l.byPath[path], l.byAS[server]; a != nil && s != nil {
		if m := a.in(s); m != nil {
			m.waitWhy, m.waitTill = why, till
		}
	}
}

// Unregistered lists the AS for which a gateway that is up has given no routing context.
func (l *Layer) Unregistered(path ss7.PathID) []ss7.PathID {
	a := l.byPath[path]
	if a == nil || !a.ownUp || a.leaving != "" {
		return nil
	}
	var out []ss7.PathID
	for _, m := range a.members {
		if m.waiting {
			out = append(out, m.as.cfg.Path)
		}
	}
	return out
}

// AskAnew forgets what Waits noted of an AS.
func (l *Layer) AskAnew(server ss7.PathID) {
	if s := l.byAS[server]; s != nil {
		for _, m := range s.members {
			m.waitWhy, m.waitTill = "", time.Time{}
		}
	}
}

// Asking tells whether an ASPAC for an AS, sent to a far end, is unanswered.
func (l *Layer) Asking(path, server ss7.PathID) bool {
	a, s := l.byPath[path], l.byAS[server]
	if a == nil || s == nil {
		return false
	}
	m := a.in(s)
	return m != nil && m.asked == ASPAC
}

// Asked gives what Waits noted of an AS that is unregistered. If why is empty, the gateway was not asked yet.
func (l *Layer) Asked(path, server ss7.PathID) (why string, till time.Time) {
	if a, s := l.byPath[path], l.byAS[server]; a != nil && s != nil {
		if m := a.in(s); m != nil {
			return m.waitWhy, m.waitTill
		}
	}
	return "", till
}

// Settle publishes what Register and Deregister changed and sends what follows.
func (l *Layer) Settle(now time.Time, out []ss7.Action) []ss7.Action { return l.settle(now, out) }

// Up tells whether a far end has sent ASPUP.
func (l *Layer) Up(path ss7.PathID) bool {
	a := l.byPath[path]
	return a != nil && a.farUp
}

// Mode gives the traffic mode that an AS has at present; 0 if it has none yet.
func (l *Layer) Mode(server ss7.PathID) Mode {
	if s := l.byAS[server]; s != nil {
		return s.mode
	}
	return 0
}

// RemoveAS takes an AS away. Its ASPs are told that they are inactive there (§4.7).
func (l *Layer) RemoveAS(now time.Time, server ss7.PathID, why string, out []ss7.Action) []ss7.Action {
	if s := l.byAS[server]; s != nil {
		return l.removeAS(now, s, why, l.withdrawAll(now, s, why, out))
	}
	return out
}

// Sent counts a message that a layer above sends to a far end. It gives false if there is no association.
func (l *Layer) Sent(path ss7.PathID, t Type) bool {
	a := l.byPath[path]
	if a == nil || !a.comm {
		return false
	}
	count(&a.stats.Out, t)
	return true
}
