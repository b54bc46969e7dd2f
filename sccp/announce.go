package sccp

import (
	"slices"
	"time"

	"github.com/gostp/gostp/ss7"
)

// Concerned points are told when a subsystem changes (Q.714 §5.3.6), and subsystems elsewhere that are
// prohibited are tested (§5.3.4). When a large point fails, these are hundreds of messages at once. They go out
// in bursts that the queue of a link has room for. An announcement says what holds when its turn comes.
const (
	announceBurst = 32
	announcePace  = 20 * time.Millisecond
)

// announcement is a subsystem that a point is to be told of.
type announcement struct {
	to  ss7.PC
	ssn uint8
	pc  ss7.PC
}

// announcements holds the announcements that wait for their turn, and how much of the present burst is spent.
type announcements struct {
	queue []announcement
	in    map[announcement]bool
	next  time.Time // when the next burst may go
	spent int
}

// may tells whether one more message may go now, and counts it.
func (a *announcements) may(now time.Time) bool {
	if !now.Before(a.next) {
		a.spent, a.next = 0, now.Add(announcePace)
	}
	if a.spent >= announceBurst {
		return false
	}
	a.spent++
	return true
}

// broadcast tells all concerned points of a subsystem, except the point except and the point of the subsystem
// itself.
func (m *Management) broadcast(ssn uint8, pc, except ss7.PC, out []ss7.Action) []ss7.Action {
	for _, to := range m.cfg.Concerned {
		if to != except && to != pc {
			m.announce(to, ssn, pc)
		}
	}
	return m.announced(m.clock, out)
}

func (m *Management) announce(to ss7.PC, ssn uint8, pc ss7.PC) {
	x := announcement{to, ssn, pc}
	if m.owed.in == nil {
		m.owed.in = map[announcement]bool{}
	}
	if !m.owed.in[x] {
		m.owed.in[x] = true
		m.owed.queue = append(m.owed.queue, x)
	}
}

// announced sends as many announcements as may go now.
func (m *Management) announced(now time.Time, out []ss7.Action) []ss7.Action {
	for len(m.owed.queue) > 0 && m.owed.may(now) {
		x := m.owed.queue[0]
		m.owed.queue = m.owed.queue[1:]
		delete(m.owed.in, x)
		c := SSA
		if m.prohibits(x.pc, x.ssn) {
			c = SSP
		}
		if c == SSP && x.ssn == ssnManagement {
			continue // there is no SSP for a whole SCCP
		}
		out = m.send(x.to, Notice{Command: c, SSN: x.ssn, PC: x.pc}, out)
	}
	return out
}

// prohibits tells whether a subsystem, here or elsewhere, is prohibited now.
func (m *Management) prohibits(pc ss7.PC, ssn uint8) bool {
	if slices.Contains(m.cfg.Own, pc) {
		return ssn != ssnManagement && !m.local[ssn]
	}
	p := m.points[pc]
	return p != nil && p.find(ssn) >= 0
}
