package configs

import (
	"fmt"
	"strings"

	"github.com/gostp/gostp/cli"
)

// inUse makes a List refuse to take an element away while other objects need it, and name these.
func inUse(s *cli.Statement) *cli.Statement {
	return s.Needed(func(env, e any) error {
		what, by := system(env).users(e)
		if len(by) == 0 {
			return nil
		}
		const most = 5
		more := ""
		if n := len(by) - most; n > 0 {
			by, more = by[:most], fmt.Sprintf(" and %d more", n)
		}
		return fmt.Errorf("%s is in use by %s%s: take that away first", what, strings.Join(by, ", "), more)
	})
}

// users gives the name of an object of this instance, and what needs it.
func (s *System) users(e any) (what string, by []string) {
	switch e := e.(type) {
	case *LocalPeer:
		return fmt.Sprintf("local-peer %d", e.Port), s.linksAt(e.Port)
	case *M3UA:
		for _, a := range s.ASPs {
			if s.Placed(a).LocalPort == e.Port && len(a.LocalIPs) == 0 {
				by = append(by, "asp "+a.Name)
			}
		}
		return fmt.Sprintf("m3ua %d", e.Port), by
	case *M2UAPort:
		for _, a := range s.M2UAASPs {
			if a.LocalPort == e.Port {
				by = append(by, "asp "+a.Name)
			}
		}
		return fmt.Sprintf("m2ua %d", e.Port), by
	case *ASP:
		return "asp " + e.Name, s.served(e)
	case *AS:
		return "as " + e.Name, s.routesBy(func(r *Route) bool { return s.ToAS(r) && r.Linkset == e.Name })
	case *Linkset:
		return "linkset " + e.Name, s.routesBy(func(r *Route) bool { return !s.ToAS(r) && r.Linkset == e.Name })
	case *Conversion:
		for _, x := range s.Selectors {
			if x.Pre == e.Name || x.Post == e.Name {
				by = append(by, "selector "+x.Name)
			}
		}
		return "address-conversion " + e.Name, by
	case *AppGroup:
		for _, x := range s.Selectors {
			for _, g := range x.Entries {
				if g.ToGroup && g.Group == e.Name {
					by = append(by, "selector "+x.Name+" gta "+g.Digits)
				}
			}
		}
		return "application-group " + e.Name, by
	}
	return "", nil
}

func (s *System) linksAt(port uint16) (by []string) {
	for _, l := range s.Linksets {
		for _, k := range l.Links {
			if !k.IsM2UA() && k.LocalPort == port {
				by = append(by, linkName(l, k))
			}
		}
	}
	for _, a := range s.M2UAASs {
		for _, i := range a.Interfaces {
			if i.LocalPort == port {
				by = append(by, "as "+a.Name+" interface-identifier "+i.Interface)
			}
		}
	}
	return by
}

// served names the application servers and the links that need an ASP.
func (s *System) served(e *ASP) (by []string) {
	if s.ASP(e.Name) == e {
		for _, a := range s.ASs {
			for _, m := range a.Members {
				if m.ASP == e.Name {
					by = append(by, "as "+a.Name)
				}
			}
		}
		return by
	}
	for _, a := range s.M2UAASs {
		for _, m := range a.Members {
			if m.ASP == e.Name {
				by = append(by, "as "+a.Name)
			}
		}
	}
	for _, l := range s.Linksets {
		for _, k := range l.Links {
			if k.Gateway == e.Name {
				by = append(by, linkName(l, k))
			}
		}
	}
	return by
}

func (s *System) routesBy(is func(*Route) bool) (by []string) {
	for _, r := range s.Routes() {
		if is(r) {
			by = append(by, "route "+s.Notation().FormatRange(r.Dest))
		}
	}
	return by
}
