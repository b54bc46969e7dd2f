package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
)

// Statement is a command, or a line of the configuration. Make it with Command,
// Field, List or Edit.
type Statement struct {
	syntax     Elem
	start      *state
	privileged bool

	run func(*Call) error           // a command
	ask func(*Call) (Answer, error) // a command that is a query

	// Configuration.
	apply    func(in *scope, obj any, a Args) error
	unset    func(in *scope, obj any, a Args) error
	check    func(env any, a Args) (string, error)
	again    func(env, e any, a Args) error
	needed   func(env, e any) error // why an element of the list must stay; nil: it need not
	lines    func(obj any) []any    // the objects that a line is written for
	fields   fields                 // of these objects
	names    []string               // of the arguments
	optional map[string][]string    // those that a line may leave out, with what goes with them
	// drop takes elements out of the list in obj, and tells how many; nil: it is no list.
	drop     func(obj any, gone func(e any) bool) int
	child    func(in *scope, obj any, a Args) any
	keys     []string
	mode     *Mode
	inverted bool
	reset    func(in *scope, obj any, a Args) error // the default form, where it is not the no form
	off      func(obj any) bool                     // the object's line is the no form
	part     *Elem                                  // the argument that is a Part; nil: none
	passed   bool                                   // the head of a block without use here
	opens    string                                 // the argument that begins a text without use here; empty: none
}

// scope is what a line is applied in.
type scope struct {
	env any
	// index finds the elements of long lists while a file is read; nil: they are
	// searched from the front.
	index map[listID]*listIndex
}

type listID struct {
	stmt *Statement
	obj  any // that holds the list
}

type listIndex struct {
	n  int // length of the list that at describes
	at map[any]int
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
	Line    string          // the command as it was typed, without what stands behind |
	Env     any             // root of the running configuration; read only
	Out     io.Writer       // through pipes and paging
	Context context.Context // ends on Ctrl-C
}

// Command is a command of the exec. An error that it returns is printed.
func Command(syntax Elem, run func(*Call) error) *Statement {
	s := newStatement(syntax)
	s.run = run
	return s
}

// Privileged makes a command wait for `enable`.
func (s *Statement) Privileged() *Statement { s.privileged = true; return s }

// Check runs f on what a line gave, before it is applied; f may change the
// arguments. A note is shown to the person who typed the line.
func (s *Statement) Check(f func(env any, a Args) (note string, err error)) *Statement {
	s.check = f
	return s
}

// Again has f look at each line of a List whose element e is there already; an error refuses the line.
func (s *Statement) Again(f func(env, e any, a Args) error) *Statement {
	s.again = f
	return s
}

// Needed has f say why an element of a List must stay. It is asked when a typed line would take e away.
func (s *Statement) Needed(f func(env, e any) error) *Statement {
	s.needed = f
	return s
}

// Inverted makes a Field a flag that is on by default. Its field is true while the flag is off, and then the
// no form is written.
func (s *Statement) Inverted() *Statement {
	set, unset := s.apply, s.unset
	s.apply, s.reset, s.inverted = unset, unset, true
	names := bound(s.syntax)
	s.unset = func(in *scope, obj any, a Args) error {
		for _, n := range names {
			a[n] = true
		}
		return set(in, obj, a)
	}
	return s
}

// Off gives the no form of a Field a meaning of its own: none, where zero means the default. The no form sets
// argument name to value, and is written. The default form makes the fields zero.
func (s *Statement) Off(name string, value any) *Statement {
	f, zero := s.fields, s.unset
	s.reset = zero
	s.unset = func(in *scope, obj any, a Args) error {
		if err := zero(in, obj, a); err != nil {
			return err
		}
		return f.set(obj, Args{name: value})
	}
	s.off = func(obj any) bool { v, _, ok := f.get(obj, name); return ok && v == value }
	return s
}

// Field is one line about the object of the mode. What the line binds goes into fields
// of O. The no form makes them zero, and zero is not written.
func Field[O any](syntax Elem) *Statement {
	s := newStatement(syntax)
	f := fieldsOf[O]()
	s.fields = f
	names := f.all(syntax)
	s.apply = func(_ *scope, obj any, a Args) error {
		f.clear(obj, names) // what this line leaves out is no longer set
		return f.set(obj, a)
	}
	s.unset = func(_ *scope, obj any, _ Args) error { f.clear(obj, names); return nil }
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
	s := newStatement(syntax)
	s.keys, s.mode = keys, mode
	f := fieldsOf[E]()
	s.fields = f
	f.all(syntax)
	s.apply = func(in *scope, obj any, a Args) error {
		list := items(obj.(*O))
		if i := find(s, in, obj, *list, a); i >= 0 {
			return f.set((*list)[i], a)
		}
		e := new(E)
		if err := f.set(e, a); err != nil {
			return err
		}
		*list = append(*list, e)
		in.appended(s, obj, e, len(*list))
		return nil
	}
	s.unset = func(in *scope, obj any, a Args) error {
		list := items(obj.(*O))
		i := find(s, in, obj, *list, a)
		if i < 0 {
			return fmt.Errorf("there is no such line to remove: %s", s.text(in.env, pick(a, keys)))
		}
		*list = append((*list)[:i:i], (*list)[i+1:]...)
		delete(in.index, listID{s, obj})
		return nil
	}
	s.lines = func(obj any) []any {
		var out []any
		for _, e := range *items(obj.(*O)) {
			out = append(out, e)
		}
		return out
	}
	s.drop = func(obj any, gone func(any) bool) int {
		list := items(obj.(*O))
		before := len(*list)
		*list = slices.DeleteFunc(*list, func(e *E) bool { return gone(e) })
		n := before - len(*list)
		if len(*list) == 0 {
			*list = nil
		}
		return n
	}
	s.child = func(in *scope, obj any, a Args) any {
		list := items(obj.(*O))
		if i := find(s, in, obj, *list, a); i >= 0 {
			return (*list)[i]
		}
		return nil
	}
	return s
}

// find gives the place of the element that has the keys of a; -1 if there is none.
func find[E any](s *Statement, in *scope, obj any, list []*E, a Args) int {
	probe := new(E)
	if s.fields.set(probe, pick(a, s.keys)) != nil {
		return -1
	}
	if in.index != nil {
		if key, ok := s.fields.key(probe, s.keys); ok {
			if i, ok := in.indexOf(s, obj, len(list), func(i int) any { return list[i] }).at[key]; ok {
				return i
			}
			return -1
		}
	}
	return slices.IndexFunc(list, func(e *E) bool { return s.fields.same(e, probe, s.keys) })
}

// indexOf gives the index of a list, made anew if the list was changed by others.
func (in *scope) indexOf(s *Statement, obj any, n int, element func(int) any) *listIndex {
	id := listID{s, obj}
	x := in.index[id]
	if x != nil && x.n == n {
		return x
	}
	x = &listIndex{n, make(map[any]int, n)}
	for i := n - 1; i >= 0; i-- {
		if key, ok := s.fields.key(element(i), s.keys); ok {
			x.at[key] = i
		}
	}
	in.index[id] = x
	return x
}

// appended keeps the index of a list that grew to n elements.
func (in *scope) appended(s *Statement, obj, element any, n int) {
	x := in.index[listID{s, obj}]
	if x == nil {
		return
	}
	if key, ok := s.fields.key(element, s.keys); ok {
		x.at[key], x.n = n-1, n
	}
}

// Edit is a configuration command with an effect of its own, which is never
// written and has no no form.
func Edit[O any](syntax Elem, apply func(env any, o *O, a Args) error) *Statement {
	s := newStatement(syntax)
	s.apply = func(in *scope, obj any, a Args) error {
		clear(in.index) // it may change any list
		return apply(in.env, obj.(*O), a)
	}
	return s
}

// Into is the mode that a line leads into; nil: it leads into none.
func (s *Statement) Into() *Mode { return s.mode }

// Parted tells whether a line may say what part of the configuration it is about.
func (s *Statement) Parted() bool { return s.part != nil }

// within gives the object that a line is about and the scope in which it is applied. They are those of the
// mode, or of the part of the configuration that the line names. The object is nil if that part is not there.
func (s *Statement) within(in *scope, obj any, a Args, make bool) (*scope, any) {
	if s.part == nil || !a.Has(s.part.name) {
		return in, obj
	}
	obj = s.part.typ.(Part).Of(obj, a[s.part.name], make)
	return &scope{obj, in.index}, obj
}

// leading are the arguments that lead back into the mode of an element.
func (s *Statement) leading() []string {
	if s.part == nil {
		return s.keys
	}
	return append(slices.Clone(s.keys), s.part.name)
}

// partOf finds the argument of a syntax that is a Part; nil: none.
func partOf(e *Elem) *Elem {
	if _, ok := e.typ.(Part); ok {
		return e
	}
	for i := range e.subs {
		if p := partOf(&e.subs[i]); p != nil {
			return p
		}
	}
	return nil
}

// newStatement compiles a syntax.
func newStatement(syntax Elem) *Statement {
	return &Statement{syntax: syntax, start: compile(syntax), part: partOf(&syntax), names: bound(syntax),
		optional: optionals(syntax, nil, map[string][]string{})}
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
