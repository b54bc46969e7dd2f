package sccp

import (
	"fmt"
	"time"

	"github.com/gostp/gostp/ss7"
)

// These timers belong to the congestion of other points as SCMG measures it (Q.714 §5.2.6 to §5.2.8). Their
// values lie in the middle of the ranges that the Recommendation leaves open.
const (
	maxLevel  = 8
	sublevels = 4
	attack    = 300 * time.Millisecond // Ta: what MTP repeats within this time counts once
	decay     = 5 * time.Second        // Td: after this time the restriction is a sublevel less
	ease      = 5 * time.Second        // Tcon: after this time, what SSC said is a level less
)

// congestion is what is known of the congestion of a point. mtp, made of RLM and RSLM, follows from MTP-STATUS.
// cls is what the SCCP of the point says itself: CLS.
type congestion struct {
	mtp     Level
	cls     uint8
	deaf    time.Time // Ta runs until then
	decayAt time.Time // Td runs until then; zero if it does not run
	easeAt  time.Time // Tcon runs until then; zero if it does not run
}

// restriction gives the restriction of traffic to the point: the harder of the two.
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

// up gives the level with one sublevel more; down gives it with one less.
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

// Congested handles an MTP-STATUS that says that the way to a point is congested (Q.714 §5.2.6).
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

// recvCongested handles SSC. It ignores one for a point whose SCCP is prohibited, because that point gets
// nothing anyway (§5.2.8).
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

// relent lowers the restrictions whose timers have run out.
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

// restricted publishes a new restriction, and notes when a restriction begins and when it ends.
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
