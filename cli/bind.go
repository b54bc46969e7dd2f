package cli

import (
	"fmt"
	"math"
	"reflect"
	"sync"
)

// fields are the tagged fields of a struct type, by their tags.
type fields map[string]field

// field is one of them.
type field struct {
	index []int        // path to it from the struct
	holds reflect.Type // its type, or what it points to
}

// known are the fields of the types met so far. Each of many statements asks for them; finding them anew each
// time would be most of what a program does when it starts.
var known sync.Map // reflect.Type: fields

func fieldsOf[T any]() fields {
	t := reflect.TypeFor[T]()
	if f, ok := known.Load(t); ok {
		return f.(fields)
	}
	f := fields{}
	for _, sf := range reflect.VisibleFields(t) {
		if tag, ok := sf.Tag.Lookup("cli"); ok {
			holds := sf.Type
			if holds.Kind() == reflect.Pointer {
				holds = holds.Elem()
			}
			f[tag] = field{sf.Index, holds}
		}
	}
	known.Store(t, f)
	return f
}

// all gives the names that a syntax binds. Each must have a field, or be Unkept: a misspelt
// one would be accepted, stored nowhere and printed nowhere.
func (f fields) all(syntax Elem) []string {
	if _, ok := f[syntax.name]; syntax.name != "" && !ok && !syntax.unkept {
		if _, part := syntax.typ.(Part); !part { // it names a part of the configuration, and is no value in it
			panic("cli: argument " + syntax.name + " has no field")
		}
	}
	if x, ok := f[syntax.name]; ok && syntax.kind == choiceElem && !syntax.fits(x.holds) {
		panic(fmt.Sprintf("cli: a %v does not keep the values of choice %s", x.holds, syntax.name))
	}
	for _, e := range syntax.subs {
		f.all(e)
	}
	return bound(syntax)
}

func (f fields) at(obj any, name string) (reflect.Value, bool) {
	x, ok := f[name]
	if !ok {
		return reflect.Value{}, false
	}
	return reflect.ValueOf(obj).Elem().FieldByIndex(x.index), true
}

// set puts arguments into the fields of their names. It passes over an argument without a field, such as one that
// is Unkept, or a Part.
func (f fields) set(obj any, a Args) error {
	for name, v := range a {
		if field, ok := f.at(obj, name); ok {
			if err := assign(field, v); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return nil
}

func assign(field reflect.Value, v any) error {
	if list, ok := v.([]any); ok && field.Kind() == reflect.Slice {
		out := reflect.MakeSlice(field.Type(), len(list), len(list))
		for i, e := range list {
			if err := assign(out.Index(i), e); err != nil {
				return err
			}
		}
		field.Set(out)
		return nil
	}
	if field.Kind() == reflect.Pointer {
		p := reflect.New(field.Type().Elem())
		if err := assign(p.Elem(), v); err != nil {
			return err
		}
		field.Set(p)
		return nil
	}
	x := reflect.ValueOf(v)
	if !x.IsValid() {
		return fmt.Errorf("nothing does not fit a %s", field.Type())
	}
	if !x.CanConvert(field.Type()) || x.Kind() == reflect.Uint64 && field.Kind() == reflect.String {
		return fmt.Errorf("a %T does not fit a %s", v, field.Type())
	}
	if n, ok := v.(uint64); ok && (field.CanUint() && field.OverflowUint(n) ||
		field.CanInt() && (n > math.MaxInt64 || field.OverflowInt(int64(n)))) {
		return fmt.Errorf("%d does not fit", n)
	}
	field.Set(x.Convert(field.Type()))
	return nil
}

// get gives the value of a field, that of a pointer's target for a pointer. zero tells whether the field is
// unset, ok whether there is such a field.
func (f fields) get(obj any, name string) (v any, zero, ok bool) {
	field, ok := f.at(obj, name)
	if !ok {
		return nil, true, false
	}
	if field.Kind() == reflect.Pointer {
		if field.IsNil() {
			return nil, true, true
		}
		return field.Elem().Interface(), false, true
	}
	if field.Kind() == reflect.Slice {
		var out []any
		for i := range field.Len() {
			out = append(out, field.Index(i).Interface())
		}
		return out, field.Len() == 0, true
	}
	return field.Interface(), field.IsZero(), true
}

func (f fields) clear(obj any, names []string) {
	for _, n := range names {
		if field, ok := f.at(obj, n); ok {
			field.SetZero()
		}
	}
}

func (f fields) zero(obj any, names []string) bool {
	for _, n := range names {
		if field, ok := f.at(obj, n); ok && !field.IsZero() {
			return false
		}
	}
	return true
}

// key is what tells elements of a list apart, as a map key. ok is false where a
// field cannot be one.
func (f fields) key(obj any, names []string) (key any, ok bool) {
	out := reflect.New(reflect.ArrayOf(len(names), reflect.TypeFor[any]())).Elem()
	for i, n := range names {
		field, ok := f.at(obj, n)
		if !ok || field.Kind() == reflect.Pointer || !field.Comparable() {
			return nil, false
		}
		out.Index(i).Set(field)
	}
	return out.Interface(), true
}

// same tells whether two structs agree in the fields of names.
func (f fields) same(a, b any, names []string) bool {
	for _, n := range names {
		x, ok := f.at(a, n)
		y, _ := f.at(b, n)
		if !ok || !equal(x, y) {
			return false
		}
	}
	return true
}

func equal(x, y reflect.Value) bool {
	if x.Kind() != reflect.Pointer && x.Comparable() && y.Comparable() {
		return x.Equal(y)
	}
	return reflect.DeepEqual(x.Interface(), y.Interface())
}
