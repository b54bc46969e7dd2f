package sccp

import (
	"fmt"
	"time"

	"github.com/gostp/gostp/ss7"
)

// Congestion of other points as SCMG measures it (Q.714 §5.2.6 to §5.2.8), with timers
// from the middle of the ranges that the Recommendation leaves open.
const (
	maxLevel  = 8
	sublevels = 4
	attack    = 300 * time.Millisecond // Ta: what MTP says again within counts once
	decay     = 5 * time.Second        // Td: a sublevel less
	ease      = 5 * time.Second        // Tcon: a level less of what SSC said
)

// congestion of a point: what follows from MTP-STATUS, RLM and RSLM, and what its SCCP
// says itself, CLS.
type congestion struct {
	mtp     Level
	cls     uint8
	deaf    time.Time // Ta runs until then
	decayAt time.Time // Td; zero: it does not run
	easeAt  time.Time // Tcon
}

// restriction is that of traffic to the point: the harder of the two.
func (c *congestion) restriction() Level {
	said := Level{RL: c.cls}
	if c.mtp.less(said) {
		return said
	}
	return c.mtp
}

func (c *congestion) deadline() time.Time {
	if c.decayAt.IsZero() || !c.easeAt.IsZero() && c.easeAt.Before(c.decayAt) {
		return c.easeAt
	}
	return c.decayAt
}

// up is a sublevel more, down one less.
func (l Level) up() Level {
	l.RSL++
	if l.RL == maxLevel {
		return Level{RL: maxLevel}
	}
	if l.RSL == sublevels {
		return Level{RL: l.RL + 1}
	}
	return l
}

func (l Level) down() Level {
	switch {
	case l.RSL > 0:
		l.RSL--
	case l.RL > 0:
		l = Level{l.RL - 1, sublevels - 1}
	}
	return l
}

// Congested is told MTP-STATUS: the way to a point is congested (Q.714 §5.2.6).
func (m *Management) Congested(now time.Time, pc ss7.PC, out []ss7.Action) []ss7.Action {
	p := m.point(pc)
	if p == nil || p.down || now.Before(p.congestion.deaf) {
		return out
	}
	c := &p.congestion
	was := c.restriction()
	c.deaf, c.decayAt = now.Add(attack), now.Add(decay)
	c.mtp = c.mtp.up()
	return m.restricted(pc, p, was, out)
}

// recvCongested is told SSC. A point whose SCCP is prohibited gets nothing anyway
// (§5.2.8).
func (m *Management) recvCongested(now time.Time, n Notice, out []ss7.Action) []ss7.Action {
	p := m.point(n.PC)
	if p == nil || p.down || n.SSN != ssnManagement || p.find(ssnManagement) >= 0 {
		return append(out, m.note(NoteIgnored, fmt.Sprintf("SSC for subsystem %d at %s ignored: only a whole SCCP that is "+
			"allowed can be congested", n.SSN, m.name(n.PC))))
	}
	c := &p.congestion
	was := c.restriction()
	if level := min(n.Congestion, maxLevel); level >= c.cls && level > 0 {
		c.cls, c.easeAt = level, now.Add(ease)
	}
	return m.restricted(n.PC, p, was, out)
}

// relent lowers what is due.
func (m *Management) relent(now time.Time, pc ss7.PC, p *point, out []ss7.Action) []ss7.Action {
	c := &p.congestion
	was := c.restriction()
	if !c.decayAt.IsZero() && !c.decayAt.After(now) {
		c.mtp, c.decayAt = c.mtp.down(), now.Add(decay)
		if c.mtp == (Level{}) {
			c.decayAt = time.Time{}
		}
	}
	if !c.easeAt.IsZero() && !c.easeAt.After(now) {
		c.cls, c.easeAt = c.cls-1, now.Add(ease)
		if c.cls == 0 {
			c.easeAt = time.Time{}
		}
	}
	return m.restricted(pc, p, was, out)
}

// restricted publishes a new restriction and tells of it when it begins and ends.
func (m *Management) restricted(pc ss7.PC, p *point, was Level, out []ss7.Action) []ss7.Action {
	is := p.congestion.restriction()
	if is == was {
		return out
	}
	m.publish()
	switch {
	case was == Level{}:
		return append(out, m.note(NoteSubsystem, fmt.Sprintf("Traffic to %s is restricted: it is congested, level %d.%d",
			m.name(pc), is.RL, is.RSL)))
	case is == Level{}:
		return append(out, m.note(NoteSubsystem, fmt.Sprintf("Traffic to %s is no longer restricted", m.name(pc))))
	}
	return out
}
