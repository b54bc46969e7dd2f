package configs

import (
	"fmt"
	"slices"

	"github.com/gostp/gostp/sccp/gtt"
)

func (s *System) selectorRules(f *findings) {
	seen := map[string]string{}
	for _, x := range s.Selectors {
		key := fmt.Sprint(x.Nature(), x.Linkset)
		if other := seen[key]; other != "" {
			f.bad(x, "", "selector %s: selector %s has the same tt, gti, np and nai", x.Name, other)
			continue
		}
		seen[key] = x.Name
		for _, c := range []string{x.Pre, x.Post} {
			if !s.hasConversion(c) {
				f.bad(x, "", "selector %s: there is no address-conversion %s", x.Name, c)
			}
		}
		for _, e := range x.Entries {
			s.fits(f, e, "", "gta "+e.Digits+": code", e.PC)
			if e.ToGroup && !s.hasGroup(e.Group) {
				f.bad(e, "", "selector %s gta %s: there is no application-group %s; configure it first", x.Name,
					e.Digits, e.Group)
			}
		}
	}
}

func (s *System) groupRules(f *findings) {
	for _, g := range s.Groups {
		for i, m := range g.Members {
			if i >= gtt.MaxMembers {
				f.bad(m, "", "application-group %s has %d members; at most %d", g.Name, len(g.Members), gtt.MaxMembers)
			}
			s.fits(f, m, "", "application-group "+g.Name+": code", m.PC)
		}
	}
}

// mateRules are about subsystems elsewhere, and points that are told of them.
func (s *System) mateRules(f *findings) {
	for _, m := range s.Maps {
		s.fits(f, m, "", "gtt map: code", max(m.PC, m.BackupPC))
		if m.Multiplicity != 0 && m.PC == m.BackupPC && m.SSN == m.BackupSSN {
			f.bad(m, "", "gtt map %s %d: it is its own backup", s.Notation().Format(m.PC), m.SSN)
		}
	}
	for _, c := range s.Concerned {
		s.fits(f, c, "", "concern-pclist "+c.Name+": code", c.PC)
	}
	for _, x := range s.Formats {
		s.fits(f, x, "", "sccp format: code", x.PC)
	}
}

func (s *System) capabilityRules(f *findings) {
	own := s.Own()
	for i, c := range s.Capabilities {
		s.fits(f, c, "", "capability-pc: code", c.PC)
		if s.PC == nil {
			f.bad(c, "", "capability-pc needs a primary code: configure `cs7 point-code` first")
		} else if at := len(own) - len(s.Capabilities) + i; slices.Contains(own[:at], c.PC) {
			f.bad(c, "", "capability-pc %s is a code of this node already", s.Notation().Format(c.PC))
		}
	}
}
