package cli

import (
	"fmt"
	"reflect"
)

// Elem is one element of a syntax. Make it with the functions below.
type Elem struct {
	kind   kind
	word   string // keyword
	name   string // of the argument that it binds; may be empty for a keyword
	help   string
	typ    Type
	subs   []Elem
	unkept bool // a Check reads the argument, and no field keeps it
	value  any  // what a keyword of a Choice stands for; nil: its word
}

type kind uint8

const (
	kwElem     kind = iota
	flagElem        // keyword that binds true
	choiceElem      // subs are keywords; binds the value or the word of one
	argElem
	repElem // argument, once or more; binds []any
	seqElem
	optElem
	altElem
	anyElem
)

// Kw is a keyword.
func Kw(word, help string) Elem { return Elem{kind: kwElem, word: word, help: help} }

// Arg is an argument.
func Arg(name string, t Type, help string) Elem {
	return Elem{kind: argElem, name: name, typ: t, help: help}
}

// Unkept is an argument that no field keeps, because the statement's Check reads it, or because its type
// takes one value only.
func Unkept(e Elem) Elem {
	e.unkept = true
	return e
}

// Flag is a keyword that binds name to true.
func Flag(name, word, help string) Elem {
	return Elem{kind: flagElem, name: name, word: word, help: help}
}

// Value is a keyword of a Choice that stands for v: v is what the line binds, what the field keeps
// and what the program compares. The word is v's own, so that it is spelt in one place.
func Value(v fmt.Stringer, help string) Elem {
	return Elem{kind: kwElem, word: v.String(), help: help, value: v}
}

// Choice is exactly one of some keywords; it binds name to the keyword's Value, or to its word.
func Choice(name string, words ...Elem) Elem {
	seen := map[string]bool{}
	for _, w := range words {
		if w.word == "" || seen[w.word] || reflect.TypeOf(w.value) != reflect.TypeOf(words[0].value) {
			panic(fmt.Sprintf("cli: choice %s: %q is no word of its own, or a value of another type", name, w.word))
		}
		seen[w.word] = true
	}
	return Elem{kind: choiceElem, name: name, subs: words}
}

// fits tells whether a field of type t can keep what a Choice binds.
func (e *Elem) fits(t reflect.Type) bool {
	if v := e.subs[0].value; v != nil {
		return t == reflect.TypeOf(v)
	}
	return t.Kind() == reflect.String
}

// Rep is an argument given once or more often; it binds name to a []any.
func Rep(name string, t Type, help string) Elem {
	return Elem{kind: repElem, name: name, typ: t, help: help}
}

// Seq is one element after another.
func Seq(e ...Elem) Elem { return Elem{kind: seqElem, subs: e} }

// Opt is a sequence that may be left out.
func Opt(e ...Elem) Elem { return Elem{kind: optElem, subs: e} }

// Alt is exactly one of its elements.
func Alt(e ...Elem) Elem { return Elem{kind: altElem, subs: e} }

// Any is each of its elements at most once, in any order. Each may be left out, whether it is an Opt or not.
func Any(e ...Elem) Elem {
	any := Elem{kind: anyElem}
	for _, sub := range e {
		switch sub.kind {
		case optElem: // an empty way through would multiply the orders to follow
			any.subs = append(any.subs, Seq(sub.subs...))
		case anyElem:
			any.subs = append(any.subs, sub.subs...)
		default:
			any.subs = append(any.subs, sub)
		}
	}
	return any
}

// Parts are the elements of a sequence, or of one that may be left out.
func (e Elem) Parts() []Elem { return e.subs }

// state is a place in a compiled syntax: what may come next.
type state struct {
	edges  []edge
	free   []free // ways on without a word
	accept bool
}

// edge takes one word, or the rest of the line.
type edge struct {
	elem *Elem
	bind string // argument to bind; empty: none
	to   *state
}

// free leads on without a word. A mark may be passed once only: it keeps each
// element of Any to one use.
type free struct {
	to   *state
	mark *int
}

// compile makes the automaton of e and gives its first state.
func compile(e Elem) *state {
	end := &state{accept: true}
	return e.build(end)
}

// build gives a state from which e leads to next.
func (e Elem) build(next *state) *state {
	switch e.kind {
	case kwElem, flagElem, argElem:
		return &state{edges: []edge{{&e, e.name, next}}}
	case choiceElem:
		s := &state{}
		for i := range e.subs {
			s.edges = append(s.edges, edge{&e.subs[i], e.name, next})
		}
		return s
	case repElem:
		more := &state{}
		more.edges = []edge{{&e, e.name, more}}
		more.free = []free{{to: next}}
		return &state{edges: []edge{{&e, e.name, more}}}
	case seqElem:
		return chain(e.subs, next)
	case optElem:
		return &state{free: []free{{to: chain(e.subs, next)}, {to: next}}}
	case altElem:
		s := &state{}
		for _, sub := range e.subs {
			s.free = append(s.free, free{to: sub.build(next)})
		}
		return s
	default: // anyElem
		hub := &state{free: []free{{to: next}}}
		for _, sub := range e.subs {
			hub.free = append(hub.free, free{sub.build(hub), new(int)})
		}
		return hub
	}
}

func chain(elems []Elem, next *state) *state {
	for i := len(elems) - 1; i >= 0; i-- {
		next = elems[i].build(next)
	}
	return next
}
