package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gostp/gostp/internal/printable"
)

// word is a word of a line and where it stands.
type word struct {
	text string
	at   int
}

func split(line string) []word {
	var out []word
	for i := 0; i < len(line); {
		if line[i] == ' ' || line[i] == '\t' {
			i++
			continue
		}
		j := i
		for j < len(line) && line[j] != ' ' && line[j] != '\t' {
			j++
		}
		out = append(out, word{line[i:j], i})
		i = j
	}
	return out
}

// wordsFrom are the words of a line that begin at from or later.
func wordsFrom(line string, from int) []word {
	words := split(line)
	for len(words) > 0 && words[0].at < from {
		words = words[1:]
	}
	return words
}

// binding is a list of what was bound so far, newest first.
type binding struct {
	name  string
	value any
	rep   bool
	prev  *binding
}

func (b *binding) args() Args {
	a := Args{}
	for ; b != nil; b = b.prev {
		if b.rep {
			list, _ := a[b.name].([]any)
			a[b.name] = append([]any{b.value}, list...)
		} else if !a.Has(b.name) {
			a[b.name] = b.value
		}
	}
	return a
}

// thread is one way in which the words so far fit a statement.
type thread struct {
	stmt  *Statement
	at    *state
	bound *binding
	marks []*int
	last  *Elem // that took a word
	rest  bool  // it took the rest of the line
	env   any   // what the arguments that follow are read with
}

// spread follows the ways on that need no word.
func (t thread) spread(out []thread) []thread {
	out = append(out, t)
	for _, f := range t.at.free {
		next := t
		next.at = f.to
		if f.mark != nil {
			if slices.Contains(t.marks, f.mark) {
				continue
			}
			next.marks = append(slices.Clone(t.marks), f.mark)
		}
		out = next.spread(out)
	}
	return out
}

// faultKind says how a line is wrong.
type faultKind uint8

const (
	fine faultKind = iota
	invalid
	incomplete
	ambiguous
)

// fault is why a line does not fit: at is the offset of the first bad word.
type fault struct {
	kind   faultKind
	at     int
	word   string
	reason string   // of the argument's type
	expect []string // what could have stood there
}

// walk takes words one after another. It gives the threads that fit all of them,
// or the fault.
func walk(env any, stmts []*Statement, line string, words []word) ([]thread, fault) {
	var threads []thread
	for _, s := range stmts {
		threads = thread{stmt: s, at: s.start, env: env}.spread(threads)
	}
	var done []thread // took the rest of the line
	for _, w := range words {
		next, f := step(threads, line, w)
		if f.kind != fine {
			if len(done) > 0 {
				return done, fault{}
			}
			return nil, f
		}
		threads = threads[:0:0]
		for _, t := range next {
			if t.rest {
				done = append(done, t)
			} else {
				threads = append(threads, t)
			}
		}
	}
	return append(threads, done...), fault{}
}

// step takes one word. Exact keywords win over abbreviated ones, keywords over
// arguments.
func step(threads []thread, line string, w word) ([]thread, fault) {
	var exact, prefix, args []thread
	var names []string
	reason := ""
	for _, t := range threads {
		for i := range t.at.edges {
			e := &t.at.edges[i]
			if e.elem.typ == nil {
				switch {
				case strings.EqualFold(e.elem.word, w.text):
					exact = t.take(e, keyword(e), false).spread(exact)
				case prefixed(e.elem.word, w.text):
					prefix = t.take(e, keyword(e), false).spread(prefix)
					if !slices.Contains(names, e.elem.word) {
						names = append(names, e.elem.word)
					}
				}
				continue
			}
			text, isRest := w.text, false
			if _, isRest = e.elem.typ.(restType); isRest {
				text = strings.TrimRight(line[w.at:], " \t")
			}
			v, err := parseWord(e.elem.typ, t.env, text)
			if err != nil {
				if reason == "" {
					reason = err.Error()
				}
				continue
			}
			next := t.take(e, v, e.elem.kind == repElem)
			next.rest = isRest
			if x, ok := e.elem.typ.(Lens); ok {
				next.env = x.Through(t.env, v)
			}
			args = next.spread(args)
		}
	}
	switch {
	case len(exact) > 0:
		return exact, fault{}
	case len(names) == 1:
		return prefix, fault{}
	case len(names) > 1:
		slices.Sort(names)
		return nil, fault{kind: ambiguous, at: w.at, word: w.text, expect: names}
	case len(args) > 0:
		return args, fault{}
	}
	return nil, fault{kind: invalid, at: w.at, word: w.text, reason: reason, expect: expected(threads)}
}

// prefixed tells whether a keyword begins with what was typed.
func prefixed(keyword, typed string) bool {
	return len(typed) <= len(keyword) && strings.EqualFold(keyword[:len(typed)], typed)
}

func keyword(e *edge) any {
	switch {
	case e.elem.kind == flagElem:
		return true
	case e.elem.value != nil:
		return e.elem.value
	}
	return e.elem.word
}

func (t thread) take(e *edge, v any, rep bool) thread {
	t.at, t.last = e.to, e.elem
	if e.bind != "" {
		t.bound = &binding{e.bind, v, rep, t.bound}
	}
	return t
}

func expected(threads []thread) []string {
	var out []string
	for _, t := range threads {
		for _, e := range t.at.edges {
			h := e.elem.word
			if e.elem.typ != nil {
				h = e.elem.typ.Hint()
			}
			if !slices.Contains(out, h) {
				out = append(out, h)
			}
		}
	}
	slices.Sort(out)
	return out
}

// parseWord reads an argument. It refuses control characters in every name and text, so that what is shown
// later cannot command a terminal, wherever the line came from.
func parseWord(typ Type, env any, text string) (any, error) {
	if !printable.Is(text) {
		return nil, fmt.Errorf("%q has a character that cannot be printed", text)
	}
	return typ.Parse(env, text)
}

// parse fits a whole line to one of stmts. In the no form a statement fits as soon
// as what identifies it was given.
func parse(env any, stmts []*Statement, line string, from int, no bool) (*Statement, Args, fault) {
	threads, f := walk(env, stmts, line, wordsFrom(line, from))
	if f.kind != fine {
		return nil, nil, f
	}
	for _, t := range threads {
		// The keys alone lead back into the mode of an element that exists.
		if t.at.accept || no && t.stmt.named(t) || t.stmt.mode != nil && t.stmt.leadsBack(t) {
			return t.stmt, t.bound.args(), fault{}
		}
	}
	return nil, nil, fault{kind: incomplete, at: len(line), expect: expected(threads)}
}

// leadsBack tells whether a thread has the keys of a list element and nothing else. A line that goes on after
// the keys and then stops short is not whole: it would change half of the element.
func (s *Statement) leadsBack(t thread) bool {
	return s.named(t) && len(t.bound.args()) == len(pick(t.bound.args(), s.leading()))
}

// named tells whether a thread has what the no form needs: the keys of a list
// element, or all keywords before the first value of a field.
func (s *Statement) named(t thread) bool {
	if s.unset == nil {
		return false
	}
	if len(s.keys) > 0 {
		a := t.bound.args()
		for _, k := range s.keys {
			if !a.Has(k) {
				return false
			}
		}
		return true
	}
	// An argument without a field, such as the number of an instance, does not count: it
	// only says where the line belongs.
	for _, e := range t.at.edges {
		if _, ok := s.fields[e.bind]; ok && e.elem.kind != flagElem {
			return true
		}
	}
	return false
}
