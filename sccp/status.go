package sccp

import "github.com/gostp/gostp/ss7"

// Status is what SCMG knows of subsystems elsewhere: which are prohibited. It
// never changes once it is published. A nil Status allows everything.
type Status struct{ points map[ss7.PC]*[4]uint64 }

// Prohibited tells whether a subsystem of a point is prohibited; subsystem 1
// stands for its whole SCCP.
func (s *Status) Prohibited(pc ss7.PC, ssn uint8) bool {
	if s == nil || len(s.points) == 0 {
		return false
	}
	p := s.points[pc]
	return p != nil && p[ssn>>6]>>(ssn&63)&1 != 0
}
