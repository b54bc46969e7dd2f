package configs

import (
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
	PC     ss7.PC   `cli:"pc"`
	Format Messages `cli:"format"`
}

// Conversion is an address conversion. NP and NAI are for its rules that have none.
type Conversion struct {
	Name  string `cli:"name"`
	NP    plus1  `cli:"np"`
	NAI   plus1  `cli:"nai"`
	Rules []*ConversionRule
}

// ConversionRule replaces a prefix. Remove is how many digits go; unset: those of In.
type ConversionRule struct {
	In     string `cli:"in"`
	Out    string `cli:"out"`
	NP     plus1  `cli:"np"`
	NAI    plus1  `cli:"nai"`
	ES     plus1  `cli:"es"`
	Remove plus1  `cli:"remove"`
}

// plus1 is a number that may be unset. It is kept as one more than the number; 0: unset.
type plus1 uint16

// Value is the number, or gtt.Keep.
func (p plus1) Value() int16 { return int16(p) - 1 }

// Where is one destination of a title. Exactly one of ToGroup, ToAS and ToPC is set.
type Where struct {
	ToGroup bool    `cli:"to-group"`
	ToAS    bool    `cli:"to-as"`
	ToPC    bool    `cli:"to-pc"`
	Group   string  `cli:"group"`
	AS      string  `cli:"as"`
	PC      ss7.PC  `cli:"pc"`
	On      RouteOn `cli:"on"`
	NTT     plus1   `cli:"ntt"`
	SSN     plus1   `cli:"ssn"`
}

// AppGroup is an application group.
type AppGroup struct {
	Name    string    `cli:"name"`
	Mode    *gtt.Mode `cli:"multiplicity"` // nil: gtt.Cost
	Limit   uint32    `cli:"limit"`
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
	PC           ss7.PC       `cli:"pc"`
	SSN          uint8        `cli:"ssn"`
	Solitary     bool         `cli:"solitary"`
	Multiplicity Multiplicity `cli:"multiplicity"`
	BackupPC     ss7.PC       `cli:"backup-pc"`
	BackupSSN    uint8        `cli:"backup-ssn"`
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

func (s *SCCP) hasGroup(name string) bool {
	return slices.ContainsFunc(s.Groups, func(g *AppGroup) bool { return g.Name == name })
}

func (s *SCCP) hasConversion(name string) bool {
	return name == "" || slices.ContainsFunc(s.Conversions, func(c *Conversion) bool { return c.Name == name })
}
