package cli

import "slices"

// Enter is a line that leads into a mode about the same object; it is never written.
func Enter[O any](syntax Elem, mode *Mode) *Statement {
	s := newStatement(syntax)
	s.mode = mode
	s.apply = func(*scope, any, Args) error { return nil }
	s.child = func(_ *scope, obj any, _ Args) any { return obj.(*O) }
	return s
}

// No gives an Enter statement a no form, which takes back what is in the mode.
func (s *Statement) No(clear func(obj any) error) *Statement {
	s.unset = func(_ *scope, obj any, _ Args) error { return clear(obj) }
	return s
}

// Without gives the statements of all whose syntax begins as prefix does, with the rest
// of their syntax, for a mode in which prefix goes without saying.
func Without(all []*Statement, prefix ...Elem) []*Statement {
	var out []*Statement
	for _, s := range all {
		n := len(prefix)
		if s.syntax.kind != seqElem || len(s.syntax.subs) <= n || !slices.EqualFunc(s.syntax.subs[:n], prefix, alike) {
			continue
		}
		c := *s
		c.syntax.subs = s.syntax.subs[n:]
		c.start, c.part = compile(c.syntax), partOf(&c.syntax)
		out = append(out, &c)
	}
	return out
}

func alike(a, b Elem) bool {
	return a.kind == b.kind && a.word == b.word && a.name == b.name && slices.EqualFunc(a.subs, b.subs, alike)
}
