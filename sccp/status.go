package sccp

import (
	"sync/atomic"

	"github.com/gostp/gostp/ss7"
)

// Status is what SCMG knows of other points: which subsystems are prohibited, and how far traffic there is
// restricted. It never changes once it is published. A nil Status allows everything.
type Status struct {
	points map[ss7.PC]*remote
	// turn counts the messages at the edge of a restriction. It lives on from one Status to the next.
	turn *atomic.Uint32
}

type remote struct {
	prohibited [4]uint64
	level      Level
}

// Level is a restriction level RL and its sublevel RSL (Q.714 §2.6). Messages of less importance than RL are
// not sent. Of those with importance RL, RSL in four are not sent.
type Level struct{ RL, RSL uint8 }

func (l Level) less(m Level) bool { return l.RL < m.RL || l.RL == m.RL && l.RSL < m.RSL }

// Prohibited tells whether a subsystem of a point is prohibited. Subsystem 1 stands for its whole SCCP.
func (s *Status) Prohibited(pc ss7.PC, ssn uint8) bool {
	if s == nil || len(s.points) == 0 {
		return false
	}
	p := s.points[pc]
	return p != nil && p.prohibited[ssn>>6]>>(ssn&63)&1 != 0
}

// Restricts tells whether a message of some importance is not to be sent to a point.
func (s *Status) Restricts(pc ss7.PC, importance uint8) bool {
	if s == nil || len(s.points) == 0 {
		return false
	}
	p := s.points[pc]
	if p == nil || p.level == (Level{}) || importance > p.level.RL {
		return false
	}
	return importance < p.level.RL || uint8(s.turn.Add(1)%4) < p.level.RSL
}

// importances gives, for each type, the importance that a message has if it does not say one, and the highest
// that it may say (Q.714 table 2).
var importances = [Types]struct{ usual, most uint8 }{CR: {2, 4}, CC: {3, 4}, CREF: {2, 4}, RLSD: {6, 6},
	RLC: {4, 4}, DT1: {4, 6}, DT2: {4, 6}, AK: {6, 6},
	UDT: {4, 6}, UDTS: {3, 3}, ED: {7, 7}, EA: {7, 7}, RSR: {6, 6}, RSC: {6, 6}, ERR: {7, 7}, IT: {6, 6}, XUDT: {4, 6},
	XUDTS: {3, 3}, LUDT: {4, 6}, LUDTS: {3, 3}}

// Importance gives how much a message matters under congestion, from 0 to 7 (Q.714 §2.6).
func (m *Message) Importance() uint8 {
	i := importances[m.Type]
	if v := m.Option(paramImportance); len(v) == 1 {
		return min(v[0]&7, i.most)
	}
	return i.usual
}
