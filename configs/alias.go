package configs

import (
	"slices"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/ss7"
)

// Alias is a code by which a point of another instance is known in this one.
type Alias struct {
	Code     ss7.PC `cli:"alias"`    // here
	Instance uint8  `cli:"other"`    // where the point is
	PC       ss7.PC `cli:"original"` // there
}

var pcConversion = cli.List(CS7(cli.Kw("pc-conversion", "A code here for a point of another instance"),
	cli.Arg("alias", PointCode{}, "Point code in this instance, which nothing else has"),
	cli.Kw("instance", "Where the point is"), cli.Arg("other", otherInstance{}, "Instance number"),
	cli.Arg("original", PointCode{}, "Its point code there")),
	[]string{"alias"}, func(s *System) *[]*Alias { return &s.Aliases }, nil)

var ignoreSCCP = cli.Field[System](CS7(cli.Flag("ignore-sccp-pcconv", "ignore-sccp-pcconv",
	"Messages to other instances go there although a code in their SCCP addresses has no pc-conversion: without that "+
		"code")))

// aliasRules: an alias stands for a point of another instance, and no point has two aliases here.
func (s *System) aliasRules(f *findings) {
	seen := map[Alias]bool{}
	for _, a := range s.Aliases {
		name := "pc-conversion " + s.Notation().Format(a.Code)
		switch other := s.node().Instance(a.Instance); other {
		case nil:
			f.bad(a, "", "%s: nothing is configured for instance %d", name, a.Instance)
		case s:
			f.bad(a, "", "%s: the point must be in another instance than %d", name, s.Number)
		default:
			s.pointRules(f, a, name, other)
			key := Alias{Instance: a.Instance, PC: a.PC}
			if seen[key] {
				f.bad(a, "", "%s: %s of instance %d has another alias in this instance already", name,
					other.Notation().Format(a.PC), a.Instance)
			}
			seen[key] = true
		}
	}
}

// aliasOfAliasRules: an alias leads to a point, not to another alias of it.
func (s *System) aliasOfAliasRules(f *findings) {
	for _, a := range s.Aliases {
		if other := s.node().Instance(a.Instance); other != nil && other.isAlias(a.PC) {
			f.bad(a, "", "pc-conversion %s: %s of instance %d is an alias itself", s.Notation().Format(a.Code),
				other.Notation().Format(a.PC), a.Instance)
		}
	}
}

// pointRules look at the two codes of an alias: its own, and that of the point in instance other.
func (s *System) pointRules(f *findings, a *Alias, name string, other *System) {
	adjacent := slices.IndexFunc(s.Linksets, func(l *Linkset) bool { return l.Adjacent == a.Code })
	switch {
	case a.Code >= 1<<s.V().Bits():
		f.bad(a, "", "%s: code %d does not fit the %d-bit codes of variant %s", name, a.Code, s.V().Bits(), s.V().Name)
	case a.PC >= 1<<other.V().Bits():
		f.bad(a, "", "%s: code %d does not fit the %d-bit codes of variant %s in instance %d", name, a.PC,
			other.V().Bits(), other.V().Name, a.Instance)
	case slices.Contains(s.Own(), a.Code):
		f.bad(a, "", "%s: that is a code of this node in this instance; an alias needs a code of its own", name)
	case adjacent >= 0:
		f.bad(a, "", "%s: that is the adjacent point of linkset %s; an alias needs a code of its own", name,
			s.Linksets[adjacent].Name)
	}
	for _, r := range s.Routes() {
		if r.Dest.PC == a.Code && r.Dest.Len == s.V().Bits() {
			f.bad(a, "", "%s: there is a route to %s; the way to an alias leads through its instance", name,
				s.Notation().FormatRange(r.Dest))
		}
	}
}

func (s *System) isAlias(pc ss7.PC) bool {
	for _, a := range s.Aliases {
		if a.Code == pc {
			return true
		}
	}
	return false
}
