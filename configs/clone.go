package configs

import (
	"reflect"
	"sync"
)

// Clone copies the whole model, so that a change to the copy is not seen in s. What is to be copied
// follows from the types: every slice, and every object that a slice points to. A pointer in a field
// is an optional value: a line replaces it and never writes through it, so the copy shares it.
func (s *System) Clone() *System {
	c := *s
	ofSystem().give(reflect.ValueOf(&c).Elem())
	for _, i := range c.Instances {
		i.whole = &c
	}
	return &c
}

// owned is where the values of a type of struct have memory of their own.
type owned struct {
	lists   []list
	structs []inner
}

// list is a field that is a slice.
type list struct {
	field    int
	pointers bool   // to the elements
	of       *owned // of the elements; nil: they have none
}

// inner is a field that is a struct with memory.
type inner struct {
	field int
	of    *owned
}

var ofSystem = sync.OnceValue(func() *owned {
	return ownedBy(reflect.TypeFor[System](), map[reflect.Type]*owned{})
})

// ownedBy looks through a type of struct; known are those that have been looked through, or are being.
func ownedBy(t reflect.Type, known map[reflect.Type]*owned) *owned {
	if m, ok := known[t]; ok {
		return m
	}
	m := &owned{}
	known[t] = m
	for i := range t.NumField() {
		f := t.Field(i)
		switch {
		case !f.IsExported():
		case f.Type.Kind() == reflect.Struct:
			if of := ownedBy(f.Type, known); !of.none() {
				m.structs = append(m.structs, inner{i, of})
			}
		case f.Type.Kind() == reflect.Slice:
			l := list{field: i}
			if e := f.Type.Elem(); e.Kind() == reflect.Pointer {
				l.pointers, l.of = true, ownedBy(e.Elem(), known)
			}
			m.lists = append(m.lists, l)
		case f.Type.Kind() == reflect.Map || f.Type.Kind() == reflect.Interface || f.Type.Kind() == reflect.Array:
			panic("configs: the model has a field that Clone does not copy: " + f.Name)
		}
	}
	return m
}

func (m *owned) none() bool { return len(m.lists) == 0 && len(m.structs) == 0 }

// give gives v, a copy that shares the memory of another value, memory of its own.
func (m *owned) give(v reflect.Value) {
	for _, p := range m.structs {
		p.of.give(v.Field(p.field))
	}
	for _, l := range m.lists {
		if f := v.Field(l.field); !f.IsNil() {
			f.Set(l.copy(f))
		}
	}
}

// copy copies a list. Its elements get one piece of memory together.
func (l *list) copy(from reflect.Value) reflect.Value {
	n := from.Len()
	to := reflect.MakeSlice(from.Type(), n, n)
	if !l.pointers {
		reflect.Copy(to, from)
		return to
	}
	elements := reflect.MakeSlice(reflect.SliceOf(from.Type().Elem().Elem()), n, n)
	for i := range n {
		e := elements.Index(i)
		e.Set(from.Index(i).Elem())
		to.Index(i).Set(e.Addr())
		l.of.give(e)
	}
	return to
}
