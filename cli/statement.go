package cli

import (
	"context"
	"fmt"
	"io"
)

// Statement is a command, or a line of the configuration. Make it with Command,
// Field, List or Edit.
type Statement struct {
	syntax     Elem
	start      *state
	privileged bool

	run func(*Call) error // a command

	// Configuration.
	apply    func(env, obj any, a Args) error
	unset    func(env, obj any, a Args) error
	check    func(env any, a Args) (string, error)
	lines    func(obj any) []any // the objects that a line is written for
	fields   fields              // of these objects
	child    func(obj any, a Args) any
	keys     []string
	mode     *Mode
	inverted bool
}

// Mode is a configuration mode: its name as the prompt shows it, and its
// statements in the order in which the configuration writes them.
type Mode struct {
	Name       string
	Statements []*Statement
}

// Tree is all that can be typed: commands of the exec, and global configuration.
type Tree struct {
	Exec   []*Statement
	Config *Mode
}

// Call is one run of a command.
type Call struct {
	Session *Session
	Args    Args
	Env     any             // root of the running configuration; read only
	Out     io.Writer       // through pipes and paging
	Context context.Context // ends on Ctrl-C
}

// Command is a command of the exec. An error that it returns is printed.
func Command(syntax Elem, run func(*Call) error) *Statement {
	return &Statement{syntax: syntax, start: compile(syntax), run: run}
}

// Privileged makes a command wait for `enable`.
func (s *Statement) Privileged() *Statement { s.privileged = true; return s }

// Check runs f on what a line gave, before it is applied; f may change the
// arguments. A note is shown to the person who typed the line.
func (s *Statement) Check(f func(env any, a Args) (note string, err error)) *Statement {
	s.check = f
	return s
}

// Inverted makes a flag whose default is on: its field is true when it is off, and
// then the no form is written.
func (s *Statement) Inverted() *Statement {
	set, unset := s.apply, s.unset
	s.apply, s.unset, s.inverted = unset, set, true
	names := bound(s.syntax)
	s.unset = func(env, obj any, a Args) error {
		for _, n := range names {
			a[n] = true
		}
		return set(env, obj, a)
	}
	return s
}

// Field is one line about the object of the mode: what it binds goes into fields
// of O. The no form makes them zero, and zero is not written.
func Field[O any](syntax Elem) *Statement {
	s := &Statement{syntax: syntax, start: compile(syntax)}
	f := fieldsOf[O]()
	s.fields = f
	names := bound(syntax)
	s.apply = func(_, obj any, a Args) error { return f.set(obj, a) }
	s.unset = func(_, obj any, _ Args) error { f.clear(obj, names); return nil }
	s.lines = func(obj any) []any {
		if f.zero(obj, names) {
			return nil
		}
		return []any{obj}
	}
	return s
}

// List is a line for each element of a slice of O. A line with the keys of an
// element changes it; another makes a new one; the no form removes it. With a mode
// the line leads into it.
func List[O, E any](syntax Elem, keys []string, items func(*O) *[]*E, mode *Mode) *Statement {
	s := &Statement{syntax: syntax, start: compile(syntax), keys: keys, mode: mode}
	f := fieldsOf[E]()
	s.fields = f
	find := func(obj any, a Args) (int, *[]*E) {
		list := items(obj.(*O))
		probe := new(E)
		f.set(probe, pick(a, keys))
		for i, e := range *list {
			if f.same(e, probe, keys) {
				return i, list
			}
		}
		return -1, list
	}
	s.apply = func(_, obj any, a Args) error {
		i, list := find(obj, a)
		if i >= 0 {
			return f.set((*list)[i], a)
		}
		e := new(E)
		if err := f.set(e, a); err != nil {
			return err
		}
		*list = append(*list, e)
		return nil
	}
	s.unset = func(env, obj any, a Args) error {
		i, list := find(obj, a)
		if i < 0 {
			return fmt.Errorf("there is no such line to remove: %s", s.text(env, pick(a, keys)))
		}
		*list = append((*list)[:i:i], (*list)[i+1:]...)
		return nil
	}
	s.lines = func(obj any) []any {
		var out []any
		for _, e := range *items(obj.(*O)) {
			out = append(out, e)
		}
		return out
	}
	s.child = func(obj any, a Args) any {
		if i, list := find(obj, a); i >= 0 {
			return (*list)[i]
		}
		return nil
	}
	return s
}

// Edit is a configuration command with an effect of its own, which is never
// written and has no no form.
func Edit[O any](syntax Elem, apply func(env any, o *O, a Args) error) *Statement {
	return &Statement{syntax: syntax, start: compile(syntax),
		apply: func(env, obj any, a Args) error { return apply(env, obj.(*O), a) }}
}

func pick(a Args, keys []string) Args {
	out := Args{}
	for _, k := range keys {
		if v, ok := a[k]; ok {
			out[k] = v
		}
	}
	return out
}

// bound lists the names that a syntax binds.
func bound(e Elem) []string {
	var out []string
	if e.name != "" {
		out = append(out, e.name)
	}
	for _, s := range e.subs {
		out = append(out, bound(s)...)
	}
	return out
}
