package configs

import (
	"fmt"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/ss7"
)

// Alias is a code by which a point of another instance is known in this one.
type Alias struct {
	Code     ss7.PC `cli:"alias"`    // here
	Instance uint8  `cli:"other"`    // where the point is
	PC       ss7.PC `cli:"original"` // there
}

var pcConversion = cli.List(CS7(cli.Kw("pc-conversion", "A code here for a point of another instance"), cli.Arg("alias", PointCode{}, "Point code in this instance, which nothing else has"),
	cli.Kw("instance", "Where the point is"), cli.Arg("other", otherInstance{}, "Instance number"), cli.Arg("original", PointCode{}, "Its point code there")),
	[]string{"alias"}, func(s *System) *[]*Alias { return &s.Aliases }, nil)

var ignoreSCCP = cli.Field[System](CS7(cli.Flag("ignore-sccp-pcconv", "ignore-sccp-pcconv",
	"Messages to other instances go there although a code in their SCCP addresses has no pc-conversion: without that code")))

// aliasProblems are what is wrong with the aliases of an instance: each is of one point
// elsewhere, a point has one alias, and an alias is of no alias.
func (s *System) aliasProblems() (out []problem) {
	f := s.Notation()
	seen := map[Alias]bool{}
	own := map[ss7.PC]bool{}
	for _, pc := range s.Own() {
		own[pc] = true
	}
	adjacent := map[ss7.PC]string{}
	for _, l := range s.Linksets {
		adjacent[l.Adjacent] = l.Name
	}
	for _, a := range s.Aliases {
		name := "pc-conversion " + f.Format(a.Code)
		if s.whole != nil {
			name = fmt.Sprintf("instance %d: %s", s.Number, name)
		}
		bad := func(format string, args ...any) {
			out = append(out, problem{cli.Place{Object: a}, name + ": " + fmt.Sprintf(format, args...)})
		}
		other := s.node().Instance(a.Instance)
		switch {
		case other == nil:
			bad("nothing is configured for instance %d", a.Instance)
			continue
		case other == s:
			bad("the point must be in another instance than %d", s.Number)
			continue
		case a.Code >= 1<<s.V().Bits():
			bad("code %d does not fit the %d-bit codes of variant %s", a.Code, s.V().Bits(), s.V().Name)
		case a.PC >= 1<<other.V().Bits():
			bad("code %d does not fit the %d-bit codes of variant %s in instance %d", a.PC, other.V().Bits(), other.V().Name, a.Instance)
		case own[a.Code]:
			bad("that is a code of this node in this instance; an alias needs a code of its own")
		case adjacent[a.Code] != "":
			bad("that is the adjacent point of linkset %s; an alias needs a code of its own", adjacent[a.Code])
		case other.isAlias(a.PC):
			bad("%s of instance %d is an alias itself", other.Notation().Format(a.PC), a.Instance)
		}
		for _, r := range s.Routes() {
			if r.Dest.PC == a.Code && r.Dest.Len == s.V().Bits() {
				bad("there is a route to %s; the way to an alias leads through its instance", f.FormatRange(r.Dest))
			}
		}
		key := Alias{Instance: a.Instance, PC: a.PC}
		if seen[key] {
			bad("%s of instance %d has another alias in this instance already", other.Notation().Format(a.PC), a.Instance)
		}
		seen[key] = true
	}
	return out
}

func (s *System) isAlias(pc ss7.PC) bool {
	for _, a := range s.Aliases {
		if a.Code == pc {
			return true
		}
	}
	return false
}
