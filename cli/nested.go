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

// No gives an Enter or Edit statement a no form.
func (s *Statement) No(undo func(obj any, a Args) error) *Statement {
	s.unset = func(in *scope, obj any, a Args) error {
		clear(in.index) // it may change any list
		return undo(obj, a)
	}
	return s
}

// Without is for a mode in which some first words go without saying. It gives the statements whose syntax
// begins with prefix, without these words.
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
