package xua

import (
	"fmt"
	"slices"
	"time"

	"github.com/gostp/gostp/internal/deadline"
	"github.com/gostp/gostp/ss7"
)

// ASState is the state of an application server (RFC 4666 §4.3.2).
type ASState uint8

// The states of an AS.
const (
	ASDown ASState = iota
	ASInactive
	ASActive
	ASPending
)

var asStateNames = [...]string{"down", "inactive", "active", "pending"}

func (s ASState) String() string { return asStateNames[s] }

// as is an application server.
type as struct {
	cfg     ASConfig
	hasID   bool
	mode    Mode
	passing bool // mode was told by an ASPAC: it ends when no ASP is active
	state   ASState
	why     string
	since   time.Time
	members []*member
	timers  deadline.Set
	dirty   bool
	way     *Way
	joins   uint32 // how often an ASP has become active
	latest  *member
	ups     uint64
}

func (l *Layer) newAS(now time.Time, c ASConfig) *as {
	s := &as{cfg: c, hasID: c.HasID, mode: c.Mode, why: "no ASP is up", since: now, dirty: true}
	l.byAS[c.Path] = s
	l.ass = append(l.ass, s)
	return s
}

func (l *Layer) removeAS(now time.Time, s *as, why string, out []ss7.Action) []ss7.Action {
	s.cfg.Dynamic = false
	for _, m := range slices.Clone(s.members) {
		out = l.leave(now, m, why, out)
	}
	delete(l.byAS, s.cfg.Path)
	l.ass = slices.DeleteFunc(l.ass, func(x *as) bool { return x == s })
	return append(out, republish(s.cfg.Path))
}

// join makes a a member of s, if it is none yet, in the state that a has.
func (l *Layer) join(now time.Time, a *asp, s *as, out []ss7.Action) (*member, []ss7.Action) {
	if m := a.in(s); m != nil {
		return m, out
	}
	m := &member{asp: a, as: s, weight: 1}
	a.members = append(a.members, m)
	s.members = append(s.members, m)
	a.dirty, s.dirty = max(a.dirty, gained), true
	return m, l.enter(now, m, out)
}

func (a *asp) in(s *as) *member {
	for _, m := range a.members {
		if m.as == s {
			return m
		}
	}
	return nil
}

// enter makes m, whose ASP is up, inactive. The ASP is told the state of its AS (§4.3.4.5).
func (l *Layer) enter(now time.Time, m *member, out []ss7.Action) []ss7.Action {
	far, own := m.far, m.own
	if m.asp.farUp && far == Down {
		far = Inactive
	}
	if m.asp.ownUp && own == Down {
		own = Inactive
	}
	if far == m.far && own == m.own {
		return out
	}
	was := m.as.state
	out = l.set(now, m, far, own, "its ASP "+m.asp.cfg.Name+" is up", out)
	if m.as.state == was && was != ASDown && m.far != Down {
		l.notify(m.asp, m.as, stateStatus[was], nil)
	}
	return out
}

// leave takes m out of its AS. A dynamic AS ends with its last member.
func (l *Layer) leave(now time.Time, m *member, why string, out []ss7.Action) []ss7.Action {
	out = l.set(now, m, Down, Down, why, out)
	m.asp.members = slices.DeleteFunc(m.asp.members, func(x *member) bool { return x == m })
	m.as.members = slices.DeleteFunc(m.as.members, func(x *member) bool { return x == m })
	m.asp.dirty, m.as.dirty = lost, true
	if m.as.latest == m {
		m.as.latest = nil
	}
	if m.as.cfg.Dynamic && len(m.as.members) == 0 {
		return l.removeAS(now, m.as, why, out)
	}
	return out
}

// activate makes m active. In override mode the others become inactive, and are told so (§4.3.4.3).
func (l *Layer) activate(now time.Time, m *member, out []ss7.Action) []ss7.Action {
	if m.far == Active {
		return out
	}
	if m.as.mode == Override {
		for _, o := range m.as.members {
			if o != m && o.far == Active {
				l.notify(o.asp, m.as, NotifyAlternate, m.asp)
				o.far = Inactive
				o.overridden = o.asp.cfg.Role == RoleSG
				if o.asp.both() {
					o.own = Inactive
				}
				o.asp.dirty = lost
			}
		}
	}
	m.as.latest = m
	own := m.own
	if m.asp.both() {
		own = Active
	}
	return l.set(now, m, Active, own, "ASP "+m.asp.cfg.Name+" is active", out)
}

// deactivate makes m inactive if it was active.
func (l *Layer) deactivate(now time.Time, m *member, why string, out []ss7.Action) []ss7.Action {
	if m.far != Active {
		return out
	}
	own := m.own
	if m.asp.both() {
		own = Inactive
	}
	return l.set(now, m, Inactive, own, why, out)
}

// set changes the states of m, and then that of its AS.
func (l *Layer) set(now time.Time, m *member, far, own State, why string, out []ss7.Action) []ss7.Action {
	if m.far == far && m.own == own {
		return out
	}
	sent, received := m.sends(), m.receives()
	if m.own != own {
		m.asked = 0
	}
	m.far, m.own = far, own
	if own == Down { // a registration ends with ASPDN, and with the association
		m.overridden, m.granted, m.waiting = false, false, m.as.cfg.Register && m.asp.cfg.Role == RoleASP
		m.waitWhy, m.waitTill, m.company = "", time.Time{}, false
	}
	m.as.dirty = true
	if sent && !m.sends() || received && !m.receives() {
		m.asp.dirty = lost
	} else {
		m.asp.dirty = max(m.asp.dirty, gained)
	}
	joined := m.sends() && !sent
	out = l.evaluate(now, m.as, m, why, out)
	m.as.unlearn()
	if joined {
		m.as.joins++
		m.as.latest = m
		out = append(out, ss7.Action{Op: ss7.Raise, Event: ss7.Event{Kind: Activated, Path: m.asp.cfg.Path,
			Arg: uint32(m.as.cfg.Path)}})
	}
	return out
}

// sends tells whether traffic may go to the ASP; receives tells whether traffic may come from it.
func (m *member) sends() bool {
	if m.asp.leaving != "" {
		return false
	}
	if m.asp.cfg.Role == RoleASP {
		return m.own == Active
	}
	return m.far == Active
}

func (m *member) receives() bool {
	if m.asp.cfg.Role == RoleASP || m.asp.cfg.Role == RoleIPSPDouble {
		return m.own == Active
	}
	return m.far == Active
}

// up tells whether m counts among the ASPs that are not down.
func (m *member) up() bool { return m.asp.leaving == "" && (m.far != Down || m.own != Down) }

var stateStatus = [...]Status{ASInactive: NotifyInactive, ASActive: NotifyActive, ASPending: NotifyPending}

// evaluate moves an AS to its next state after one of its ASPs, by, has changed (§4.3.2, figure 4).
func (l *Layer) evaluate(now time.Time, s *as, by *member, why string, out []ss7.Action) []ss7.Action {
	active, up := s.census()
	switch s.state {
	case ASDown, ASInactive:
		switch {
		case active >= s.need():
			return l.becomeAS(now, s, ASActive, why, by, out)
		case s.state == ASDown && up > 0:
			return l.becomeAS(now, s, ASInactive, why, by, out)
		case s.state == ASInactive && up == 0:
			return l.becomeAS(now, s, ASDown, why, by, out)
		}
	case ASActive:
		if active == 0 {
			if s.cfg.TR > 0 && !s.cfg.Shutdown && s.served() {
				return l.becomeAS(now, s, ASPending, "no ASP is active: "+why, by, out)
			}
			return l.idle(now, s, why, by, out)
		}
		if active < s.cfg.Need && s.mode != Override && !by.sends() {
			l.insufficient(s)
		}
	case ASPending: // one active ASP is enough (PN2AC)
		if active > 0 {
			return l.becomeAS(now, s, ASActive, why, by, out)
		}
	}
	return out
}

// need gives how many ASPs must be active to make the AS active (§4.3.2). Where the far ends are gateways, one
// is enough.
func (s *as) need() int {
	if s.mode == Override || s.cfg.Smooth || !s.served() {
		return 1
	}
	return max(1, s.cfg.Need)
}

func (s *as) census() (active, up int) {
	for _, m := range s.members {
		if m.sends() {
			active++
		}
		if m.up() {
			up++
		}
	}
	return active, up
}

// served tells whether the AS is served by ASPs, and is not a way to it by gateways. Only then may an ASP come
// back in place of another.
func (s *as) served() bool {
	return slices.ContainsFunc(s.members, func(m *member) bool { return m.asp.serves() })
}

func (l *Layer) idle(now time.Time, s *as, why string, by *member, out []ss7.Action) []ss7.Action {
	if _, up := s.census(); up > 0 {
		return l.becomeAS(now, s, ASInactive, why, by, out)
	}
	return l.becomeAS(now, s, ASDown, why, by, out)
}

// recoveryOver handles the end of T(r): no ASP has become active.
func (l *Layer) recoveryOver(now time.Time, s *as, out []ss7.Action) []ss7.Action {
	if s.state != ASPending {
		return out
	}
	return l.idle(now, s, fmt.Sprintf("no ASP became active within T(r) (%v)", s.cfg.TR), nil, out)
}

// unlearn forgets a traffic mode that an ASPAC told, once no ASP is active. The next ASP decides again
// (§4.3.4.3), also for the traffic that waits until then.
func (s *as) unlearn() {
	if active, _ := s.census(); s.passing && active == 0 {
		s.mode, s.passing, s.dirty = 0, false, true
	}
}

// becomeAS enters a state, and notifies all ASPs that are not down (§4.3.4.5).
func (l *Layer) becomeAS(now time.Time, s *as, state ASState, why string, by *member, out []ss7.Action) []ss7.Action {
	s.timers.StopAll()
	s.state, s.why, s.since, s.dirty = state, why, now, true
	switch state {
	case ASActive:
		s.ups++
	case ASPending:
		s.timers.Start(tR, now, s.cfg.TR)
	case ASDown:
		if s.cfg.Mode == 0 {
			s.mode, s.passing = 0, false // the first ASP that comes decides again
		}
	}
	var failed *asp
	if by != nil && by.far == Down && state == ASPending {
		failed = by.asp
	}
	for _, m := range s.members {
		if m.overridden && state != ASActive && m.asp.cfg.Role == RoleSG {
			m.overridden = false
			m.asp.dirty = max(m.asp.dirty, gained)
		}
		if state != ASDown && m.far != Down {
			l.notify(m.asp, s, stateStatus[state], failed)
		}
	}
	if state == ASActive {
		if active, _ := s.census(); active < s.cfg.Need && s.mode != Override {
			l.insufficient(s)
		}
	}
	return append(out, note(s.cfg.Path, NoteAS, fmt.Sprintf("AS %s is %v: %s", s.cfg.Name, state, why)))
}

// insufficient asks the inactive ASPs for help (§3.8.2).
func (l *Layer) insufficient(s *as) {
	for _, m := range s.members {
		if m.far == Inactive {
			l.notify(m.asp, s, NotifyInsufficient, nil)
		}
	}
}

func (l *Layer) notify(to *asp, s *as, status Status, about *asp) {
	if to.serves() && !to.cfg.Slack.NoNotify {
		l.notices = append(l.notices, notice{to, s, status, about})
	}
}

// tell sends the notices that wait, to those ASPs that are still there.
func (l *Layer) tell(out []ss7.Action) []ss7.Action {
	for _, n := range l.notices {
		if !n.to.farUp || n.to.leaving != "" {
			continue
		}
		start := len(l.arena)
		l.arena = AppendUint32(Begin(l.arena, NTFY), TagStatus, uint32(n.status))
		if n.about != nil && (n.about.hasID || n.about.cfg.HasID) {
			id := n.about.cfg.ID
			if n.about.hasID {
				id = n.about.id
			}
			l.arena = AppendUint32(l.arena, TagASPID, id)
		}
		if n.as.hasID && !n.to.cfg.Slack.NoID {
			l.arena = AppendUint32(l.arena, l.tags.ID, n.as.cfg.ID)
		}
		out = l.send(n.to, start, out)
	}
	l.notices = l.notices[:0]
	return out
}
