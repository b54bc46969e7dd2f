package configs

import (
	"fmt"
	"slices"

	"github.com/gostp/gostp/sccp/gtt"
	"github.com/gostp/gostp/ss7"
)

// SCCP is global title translation and what is known of subsystems.
type SCCP struct {
	Capabilities []*Capability
	Subsystems   []*Subsystem
	Convert      bool   `cli:"pak-conv"` // between XUDT and UDT
	TableFile    string `cli:"gtt-file"` // entries besides those of the selectors
	Formats      []*PointFormat
	Conversions  []*Conversion
	Groups       []*AppGroup
	Selectors    []*Selector
	Maps         []*Map
	Concerned    []*Concern
}

// Capability is a code that this node shares with its mate.
type Capability struct {
	PC ss7.PC `cli:"capability-pc"`
}

// Subsystem is one that this node answers tests for.
type Subsystem struct {
	SSN uint8 `cli:"local-ssn"`
}

// PointFormat is what a point takes, other than UDT and XUDT.
type PointFormat struct {
	PC     ss7.PC `cli:"pc"`
	Format string `cli:"format"` // udt-only, long
}

// Conversion is an address conversion; NP and NAI are for rules without.
type Conversion struct {
	Name  string `cli:"name"`
	NP    plus1  `cli:"np"`
	NAI   plus1  `cli:"nai"`
	Rules []*ConversionRule
}

// ConversionRule replaces a prefix. Remove is one more than how many digits go; 0:
// those of In.
type ConversionRule struct {
	In     string `cli:"in"`
	Out    string `cli:"out"`
	NP     plus1  `cli:"np"`
	NAI    plus1  `cli:"nai"`
	ES     plus1  `cli:"es"`
	Remove plus1  `cli:"remove"`
}

// plus1 is a number that may be unset: one more than it; 0: unset.
type plus1 uint16

// Value is the number, or gtt.Keep.
func (p plus1) Value() int16 { return int16(p) - 1 }

// Where is one destination of a title. Exactly one of ToGroup, ToAS and ToPC is set.
type Where struct {
	ToGroup bool   `cli:"to-group"`
	ToAS    bool   `cli:"to-as"`
	ToPC    bool   `cli:"to-pc"`
	Group   string `cli:"group"`
	AS      string `cli:"as"`
	PC      ss7.PC `cli:"pc"`
	On      string `cli:"on"` // gt, pcssn
	NTT     plus1  `cli:"ntt"`
	SSN     plus1  `cli:"ssn"`
}

// AppGroup is an application group.
type AppGroup struct {
	Name    string `cli:"name"`
	Mode    string `cli:"multiplicity"`
	Limit   uint32 `cli:"limit"`
	Members []*GroupMember
}

// GroupMember is a member of a group.
type GroupMember struct {
	Where
	Cost uint8 `cli:"cost"`
}

// Selector is the translator of one nature of address.
type Selector struct {
	Name    string `cli:"name"`
	TT      uint8  `cli:"tt"`
	GTI     uint8  `cli:"gti"` // 0: 2
	NP      plus1  `cli:"np"`
	NAI     plus1  `cli:"nai"`
	Linkset string `cli:"linkset"`
	Calling bool   `cli:"calling"`
	Pre     string `cli:"pre"`
	Post    string `cli:"post"`
	Entries []*GTA
}

// GTA is a global title address: a prefix and where it leads.
type GTA struct {
	Digits string `cli:"digits"`
	Where
}

// Map is a subsystem elsewhere and its mate.
type Map struct {
	PC           ss7.PC `cli:"pc"`
	SSN          uint8  `cli:"ssn"`
	Solitary     bool   `cli:"solitary"`
	Multiplicity string `cli:"multiplicity"` // dominant, shared
	BackupPC     ss7.PC `cli:"backup-pc"`
	BackupSSN    uint8  `cli:"backup-ssn"`
}

// Concern is a point that is told of changes.
type Concern struct {
	Name string `cli:"name"`
	PC   ss7.PC `cli:"pc"`
}

// Nature is what a selector stands for.
func (s *Selector) Nature() gtt.Nature {
	n := gtt.Nature{GTI: s.GTI, TT: s.TT, NP: uint8(max(0, s.NP.Value())), NAI: uint8(max(0, s.NAI.Value()))}
	if n.GTI == 0 {
		n.GTI = 2 // Without gti, np and nai a selector serves indicator 2.
	}
	return n
}

func (s *SCCP) cloneSCCP() {
	s.Capabilities, s.Subsystems = copies(s.Capabilities, nil), copies(s.Subsystems, nil)
	s.Formats, s.Maps, s.Concerned = copies(s.Formats, nil), copies(s.Maps, nil), copies(s.Concerned, nil)
	s.Conversions = copies(s.Conversions, func(c *Conversion) { c.Rules = copies(c.Rules, nil) })
	s.Groups = copies(s.Groups, func(g *AppGroup) { g.Members = copies(g.Members, nil) })
	s.Selectors = copies(s.Selectors, func(x *Selector) { x.Entries = copies(x.Entries, nil) })
}

func (s *SCCP) hasGroup(name string) bool {
	return slices.ContainsFunc(s.Groups, func(g *AppGroup) bool { return g.Name == name })
}

func (s *SCCP) hasConversion(name string) bool {
	return name == "" || slices.ContainsFunc(s.Conversions, func(c *Conversion) bool { return c.Name == name })
}

func (s *System) checkSCCP(bad complain) {
	bits := s.V().Bits()
	fits := func(obj any, what string, pc ss7.PC) {
		if pc >= 1<<bits {
			bad(obj, "", "%s: code %d does not fit the %d-bit codes of variant %s: remove it before changing the variant", what, pc, bits, s.V().Name)
		}
	}
	seen := map[string]string{}
	for _, x := range s.Selectors {
		key := fmt.Sprint(x.Nature(), x.Linkset)
		if other := seen[key]; other != "" {
			bad(x, "", "selector %s: selector %s has the same tt, gti, np and nai", x.Name, other)
		}
		seen[key] = x.Name
		for _, c := range []string{x.Pre, x.Post} {
			if !s.hasConversion(c) {
				bad(x, "", "selector %s: there is no address-conversion %s", x.Name, c)
			}
		}
		for _, e := range x.Entries {
			fits(e, "gta "+e.Digits, e.PC)
			if e.ToGroup && !s.hasGroup(e.Group) {
				bad(e, "", "selector %s gta %s: there is no application-group %s; configure it first", x.Name, e.Digits, e.Group)
			}
		}
	}
	for _, g := range s.Groups {
		if len(g.Members) > gtt.MaxMembers {
			bad(g, "", "application-group %s has %d members; at most %d", g.Name, len(g.Members), gtt.MaxMembers)
		}
		for _, m := range g.Members {
			fits(m, "application-group "+g.Name, m.PC)
		}
	}
	for _, m := range s.Maps {
		fits(m, "gtt map", max(m.PC, m.BackupPC))
		if m.Multiplicity != "" && m.PC == m.BackupPC && m.SSN == m.BackupSSN {
			bad(m, "", "gtt map %s %d: it is its own backup", s.Notation().Format(m.PC), m.SSN)
		}
	}
	for _, c := range s.Concerned {
		fits(c, "concern-pclist "+c.Name, c.PC)
	}
	for _, f := range s.Formats {
		fits(f, "sccp format", f.PC)
	}
	own := s.Own()
	for i, c := range s.Capabilities {
		fits(c, "capability-pc", c.PC)
		if s.PC == nil {
			bad(c, "", "capability-pc needs a primary code: configure `cs7 point-code` first")
		} else if at := len(own) - len(s.Capabilities) + i; slices.Contains(own[:at], c.PC) {
			bad(c, "", "capability-pc %s is a code of this node already", s.Notation().Format(c.PC))
		}
	}
}

// pruneSCCP takes away what cannot run; it tells whether there was any.
func (s *System) pruneSCCP() bool {
	before := s.sizeSCCP()
	bits := s.V().Bits()
	fits := func(pc ss7.PC) bool { return pc < 1<<bits }
	seen := map[string]bool{}
	s.Selectors = keep(s.Selectors, func(x *Selector) bool {
		key := fmt.Sprint(x.Nature(), x.Linkset)
		ok := !seen[key] && s.hasConversion(x.Pre) && s.hasConversion(x.Post)
		seen[key] = true
		return ok
	})
	for _, x := range s.Selectors {
		x.Entries = keep(x.Entries, func(e *GTA) bool { return fits(e.PC) && (!e.ToGroup || s.hasGroup(e.Group)) })
	}
	for _, g := range s.Groups {
		g.Members = keep(g.Members, func(m *GroupMember) bool { return fits(m.PC) })
	}
	s.Groups = keep(s.Groups, func(g *AppGroup) bool { return len(g.Members) <= gtt.MaxMembers })
	s.Maps = keep(s.Maps, func(m *Map) bool {
		return fits(max(m.PC, m.BackupPC)) && (m.Multiplicity == "" || m.PC != m.BackupPC || m.SSN != m.BackupSSN)
	})
	s.Concerned = keep(s.Concerned, func(c *Concern) bool { return fits(c.PC) })
	s.Formats = keep(s.Formats, func(f *PointFormat) bool { return fits(f.PC) })
	own := map[ss7.PC]bool{}
	if s.PC != nil {
		own[*s.PC] = true
		for _, x := range s.Secondaries {
			own[x.PC] = true
		}
	}
	s.Capabilities = keep(s.Capabilities, func(c *Capability) bool {
		ok := s.PC != nil && fits(c.PC) && !own[c.PC]
		own[c.PC] = true
		return ok
	})
	return s.sizeSCCP() != before
}

func (s *SCCP) sizeSCCP() int {
	n := len(s.Selectors) + len(s.Groups) + len(s.Maps) + len(s.Concerned) + len(s.Formats) + len(s.Capabilities)
	for _, x := range s.Selectors {
		n += len(x.Entries)
	}
	for _, g := range s.Groups {
		n += len(g.Members)
	}
	return n
}
