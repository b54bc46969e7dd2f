package cli

import (
	"bufio"
	"io"
	"reflect"
	"strings"
)

// Print writes the configuration root as lines of mode top, with sub-modes indented by
// one blank a level. A "!" stands around each block of a sub-mode and between lines
// that begin with different words. Types format their values in env. Each line of mode top that may
// have an argument of given is written with it. The error is that of w.
func Print(w io.Writer, env, root any, top *Mode, given Args) error {
	b := bufio.NewWriter(w)
	p := printer{w: b, env: env, given: given, separated: true}
	p.mode(root, top, 0)
	if !p.separated {
		b.WriteString("!\n")
	}
	return b.Flush()
}

type printer struct {
	w         *bufio.Writer
	env       any
	given     Args
	group     string // first word of the last line of the outermost mode
	separated bool   // the last line was a "!", or there was none
}

func (p *printer) mode(obj any, m *Mode, depth int) {
	for _, s := range m.Statements {
		if s.lines == nil {
			continue
		}
		for _, o := range s.lines(obj) {
			block := s.mode != nil && depth == 0
			line := s.line(p.env, o, p.given)
			group, _, _ := strings.Cut(line, " ")
			if depth == 0 && !p.separated && (block || group != p.group) {
				p.w.WriteString("!\n")
			}
			if depth == 0 {
				p.group = group
			}
			p.w.WriteString(strings.Repeat(" ", depth))
			if s.inverted || s.off != nil && s.off(o) {
				p.w.WriteString("no ")
			}
			p.w.WriteString(line + "\n")
			p.separated = false
			if s.mode != nil {
				p.mode(o, s.mode, depth+1)
			}
			if block {
				p.w.WriteString("!\n")
				p.separated = true
			}
		}
	}
}

// line writes the statement for the object whose fields it binds.
func (s *Statement) line(env, obj any, given Args) string {
	if s.off != nil && s.off(obj) {
		return strings.Join(keywords(s.syntax), " ")
	}
	words, _ := s.emit(env, s.syntax, func(name string) (any, bool, bool) {
		if v, zero, ok := s.fields.get(obj, name); ok {
			return v, zero, ok
		}
		return given.get(name)
	})
	return strings.Join(words, " ")
}

// keywords are those in front of the first argument.
func keywords(e Elem) (out []string) {
	if e.kind == kwElem {
		return []string{e.word}
	}
	for _, sub := range e.subs {
		if sub.kind != kwElem {
			break
		}
		out = append(out, sub.word)
	}
	return out
}

// text writes the statement for arguments.
func (s *Statement) text(env any, a Args) string {
	words, _ := s.emit(env, s.syntax, a.get)
	return strings.Join(words, " ")
}

func (a Args) get(name string) (v any, zero, ok bool) {
	v, ok = a[name]
	return v, !ok, ok
}

// emit writes a syntax as words: keywords as they are, arguments by their values. It leaves out optional
// parts without a value, or with the default. ok is false if a part that must be there has no value. An
// inverted flag is written although it is off.
func (s *Statement) emit(env any, e Elem, get func(string) (v any, zero, ok bool)) (out []string, ok bool) {
	switch e.kind {
	case kwElem:
		return []string{e.word}, true
	case flagElem:
		_, zero, ok := get(e.name)
		return []string{e.word}, ok && !zero
	case choiceElem:
		v, zero, ok := get(e.name)
		if !ok || zero {
			return nil, false
		}
		return []string{e.wordOf(v)}, true
	case argElem:
		v, _, ok := get(e.name)
		if !ok || v == nil {
			return nil, false
		}
		return []string{e.typ.Format(env, v)}, true
	case repElem:
		v, _, _ := get(e.name)
		list, _ := v.([]any)
		for _, x := range list {
			out = append(out, e.typ.Format(env, x))
		}
		return out, len(list) > 0
	case seqElem:
		for _, sub := range e.subs {
			words, ok := s.emit(env, sub, get)
			out = append(out, words...)
			if !ok {
				return out, false
			}
			if x, is := sub.typ.(Lens); is {
				v, _, _ := get(sub.name)
				env = x.Through(env, v)
			}
		}
		return out, true
	case altElem:
		for _, sub := range e.subs {
			if words, ok := s.emit(env, sub, get); ok {
				return words, true
			}
		}
		return nil, false
	default: // optElem, anyElem
		parts := e.subs
		if e.kind == optElem {
			parts = []Elem{Seq(e.subs...)}
		}
		for _, sub := range parts {
			if set(sub, get) {
				words, _ := s.emit(env, sub, get)
				out = append(out, words...)
			}
		}
		return out, true
	}
}

// wordOf is the word of a choice for what it has bound.
func (e *Elem) wordOf(v any) string {
	for _, w := range e.subs {
		if w.value == v {
			return w.word
		}
	}
	return reflect.ValueOf(v).String()
}

// set tells whether an optional part has a value other than its default.
func set(e Elem, get func(string) (any, bool, bool)) bool {
	for _, n := range bound(e) {
		if _, zero, ok := get(n); ok && !zero {
			return true
		}
	}
	return false
}
