package record

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"time"
	"unsafe"

	"github.com/gostp/gostp/ss7"
)

// document is a state as text: the objects to which pointers and maps lead, by their numbers. The root is object 0. A
// variant of SS7 is written as its name, since there is only one of each.
type document struct {
	Objects []json.RawMessage `json:"objects"`
}

// Freeze writes the value to which a pointer leads, with its hidden fields. A value that has a function or a channel in
// it cannot be written. Slices that shared memory do not share it afterwards.
func Freeze(pointer any) ([]byte, error) {
	f := &freezer{ids: map[place]int{}}
	f.id(reflect.ValueOf(pointer))
	var doc document
	for i := 0; i < len(f.todo); i++ {
		text, err := f.object(f.todo[i])
		if err != nil {
			return nil, err
		}
		doc.Objects = append(doc.Objects, text)
	}
	return json.Marshal(doc)
}

// place is where an object lies. A struct and its first field lie at the same address.
type place struct {
	at   unsafe.Pointer
	kind reflect.Type
}

type freezer struct {
	ids  map[place]int
	todo []reflect.Value // pointers and maps, by their numbers
}

var (
	timeType    = reflect.TypeFor[time.Time]()
	variantType = reflect.TypeFor[*ss7.Variant]()
)

// open makes a hidden field readable. The value must be addressable.
func open(v reflect.Value) reflect.Value {
	return reflect.NewAt(v.Type(), unsafe.Pointer(v.UnsafeAddr())).Elem()
}

// copied gives an addressable copy.
func copied(v reflect.Value) reflect.Value {
	c := reflect.New(v.Type()).Elem()
	c.Set(v)
	return c
}

func (f *freezer) value(dst []byte, v reflect.Value) ([]byte, error) {
	switch v.Kind() {
	case reflect.Bool:
		return strconv.AppendBool(dst, v.Bool()), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return strconv.AppendInt(dst, v.Int(), 10), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return strconv.AppendUint(dst, v.Uint(), 10), nil
	case reflect.Float32, reflect.Float64:
		return strconv.AppendFloat(dst, v.Float(), 'g', -1, 64), nil
	case reflect.String:
		text, err := json.Marshal(v.String())
		return append(dst, text...), err
	case reflect.Struct:
		return f.fields(dst, v)
	case reflect.Array:
		return f.list(dst, v)
	}
	if v.IsNil() {
		return append(dst, "null"...), nil
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Map:
		if v.Type() == variantType {
			return strconv.AppendQuote(dst, v.Interface().(*ss7.Variant).Name), nil
		}
		return strconv.AppendInt(dst, int64(f.id(v)), 10), nil
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return fmt.Appendf(dst, "%q", base64.StdEncoding.EncodeToString(v.Bytes())), nil
		}
		return f.list(dst, v)
	case reflect.Interface:
		dst = fmt.Appendf(dst, "{%q:", v.Elem().Type().String())
		dst, err := f.value(dst, copied(v.Elem()))
		return append(dst, '}'), err
	}
	return nil, fmt.Errorf("a %v cannot be written down", v.Type())
}

func (f *freezer) fields(dst []byte, v reflect.Value) ([]byte, error) {
	if v.Type() == timeType {
		if at := v.Interface().(time.Time); !at.IsZero() {
			return strconv.AppendInt(dst, at.UnixNano(), 10), nil
		}
		return append(dst, "null"...), nil
	}
	dst = append(dst, '{')
	for i := range v.NumField() {
		field := open(v.Field(i))
		if field.IsZero() {
			continue
		}
		dst = fmt.Appendf(dst, "%q:", v.Type().Field(i).Name)
		var err error
		if dst, err = f.value(dst, field); err != nil {
			return nil, fmt.Errorf("%s: %w", v.Type().Field(i).Name, err)
		}
		dst = append(dst, ',')
	}
	return append(bytes.TrimSuffix(dst, []byte{','}), '}'), nil
}

func (f *freezer) list(dst []byte, v reflect.Value) ([]byte, error) {
	dst = append(dst, '[')
	for i := range v.Len() {
		var err error
		if dst, err = f.value(dst, v.Index(i)); err != nil {
			return nil, err
		}
		dst = append(dst, ',')
	}
	return append(bytes.TrimSuffix(dst, []byte{','}), ']'), nil
}

// id gives the number of the object to which a pointer or map leads.
func (f *freezer) id(v reflect.Value) int {
	at := place{v.UnsafePointer(), v.Type()}
	if n, ok := f.ids[at]; ok {
		return n
	}
	f.ids[at] = len(f.todo)
	f.todo = append(f.todo, v)
	return f.ids[at]
}

// object writes the value to which a pointer or map leads. A map is a list of pairs.
func (f *freezer) object(v reflect.Value) ([]byte, error) {
	if v.Kind() == reflect.Pointer {
		return f.value(nil, v.Elem())
	}
	dst := []byte{'['}
	for key, value := range v.Seq2() {
		var err error
		if dst, err = f.value(append(dst, '['), copied(key)); err != nil {
			return nil, err
		}
		if dst, err = f.value(append(dst, ','), copied(value)); err != nil {
			return nil, err
		}
		dst = append(dst, "],"...)
	}
	return append(bytes.TrimSuffix(dst, []byte{','}), ']'), nil
}

// Thaw reads into a pointer what Freeze wrote. types has a value of each type that may stand in an interface.
func Thaw(text []byte, pointer any, types ...any) error {
	t, err := thawed(text, types)
	if err != nil {
		return err
	}
	root := reflect.ValueOf(pointer)
	t.made[0] = root
	return t.fill(root.Elem(), t.objects[0])
}

type thawer struct {
	objects []any
	made    map[int]reflect.Value
	types   map[string]reflect.Type
}

func thawed(text []byte, types []any) (*thawer, error) {
	t := &thawer{made: map[int]reflect.Value{}, types: map[string]reflect.Type{}}
	for _, v := range types {
		t.types[reflect.TypeOf(v).String()] = reflect.TypeOf(v)
	}
	var doc struct {
		Objects []any `json:"objects"`
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	err := decoder.Decode(&doc)
	if t.objects = doc.Objects; err == nil && len(t.objects) == 0 {
		err = errForm
	}
	return t, err
}

// held gives the content of an interface, without its type.
func (t *thawer) held(x any) any {
	if m, ok := x.(map[string]any); ok && len(m) == 1 {
		for _, x := range m {
			return x
		}
	}
	return x
}

var errForm = errors.New("the text does not fit the type")

// fill sets v, which is settable, to what x says.
func (t *thawer) fill(v reflect.Value, x any) error {
	if x == nil {
		v.SetZero()
		return nil
	}
	var err error
	switch v.Kind() {
	case reflect.Bool:
		b, ok := x.(bool)
		if v.SetBool(b); !ok {
			err = errForm
		}
	case reflect.String:
		s, ok := x.(string)
		if v.SetString(s); !ok {
			err = errForm
		}
	case reflect.Struct:
		err = t.fillFields(v, x)
	case reflect.Array, reflect.Slice:
		err = t.fillList(v, x)
	case reflect.Pointer, reflect.Map:
		err = t.refer(v, x)
	case reflect.Interface:
		err = t.hold(v, x)
	default:
		err = number(v, x)
	}
	if err != nil {
		return fmt.Errorf("%v: %w", v.Type(), err)
	}
	return nil
}

func number(v reflect.Value, x any) error {
	n, ok := x.(json.Number)
	if !ok {
		return errForm
	}
	switch {
	case v.CanInt():
		i, err := strconv.ParseInt(n.String(), 10, v.Type().Bits())
		v.SetInt(i)
		return err
	case v.CanUint():
		u, err := strconv.ParseUint(n.String(), 10, v.Type().Bits())
		v.SetUint(u)
		return err
	case v.CanFloat():
		f, err := n.Float64()
		v.SetFloat(f)
		return err
	}
	return errForm
}

func (t *thawer) fillFields(v reflect.Value, x any) error {
	if v.Type() == timeType {
		n, ok := x.(json.Number)
		if !ok {
			return errForm
		}
		nanos, err := n.Int64()
		v.Set(reflect.ValueOf(time.Unix(0, nanos).UTC()))
		return err
	}
	all, ok := x.(map[string]any)
	if !ok {
		return errForm
	}
	for name, x := range all {
		field := v.FieldByName(name)
		if !field.IsValid() {
			return fmt.Errorf("there is no field %s: the recording is of another version", name)
		}
		if err := t.fill(open(field), x); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func (t *thawer) fillList(v reflect.Value, x any) error {
	if text, ok := x.(string); ok && v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8 {
		b, err := base64.StdEncoding.DecodeString(text)
		v.SetBytes(b)
		return err
	}
	all, ok := x.([]any)
	if !ok || v.Kind() == reflect.Array && len(all) != v.Len() {
		return errForm
	}
	if v.Kind() == reflect.Slice {
		v.Set(reflect.MakeSlice(v.Type(), len(all), len(all)))
	}
	for i, x := range all {
		if err := t.fill(v.Index(i), x); err != nil {
			return err
		}
	}
	return nil
}

// refer lets v lead to an object, which is made the first time.
func (t *thawer) refer(v reflect.Value, x any) error {
	if name, ok := x.(string); ok && v.Type() == variantType {
		i := slices.IndexFunc(ss7.Variants, func(s *ss7.Variant) bool { return s.Name == name })
		if i < 0 {
			return fmt.Errorf("no variant is called %s", name)
		}
		v.Set(reflect.ValueOf(ss7.Variants[i]))
		return nil
	}
	n, ok := x.(json.Number)
	if !ok {
		return errForm
	}
	id, err := strconv.Atoi(n.String())
	if err != nil || id < 0 || id >= len(t.objects) {
		return errForm
	}
	if made, ok := t.made[id]; ok {
		if made.Type() != v.Type() {
			return errForm
		}
		v.Set(made)
		return nil
	}
	if v.Kind() == reflect.Pointer {
		t.made[id] = reflect.New(v.Type().Elem())
		v.Set(t.made[id])
		return t.fill(v.Elem(), t.objects[id])
	}
	t.made[id] = reflect.MakeMap(v.Type())
	v.Set(t.made[id])
	return t.fillMap(v, t.objects[id])
}

func (t *thawer) fillMap(v reflect.Value, x any) error {
	pairs, ok := x.([]any)
	if !ok {
		return errForm
	}
	for _, x := range pairs {
		pair, ok := x.([]any)
		if !ok || len(pair) != 2 {
			return errForm
		}
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		if err := t.fill(key, pair[0]); err != nil {
			return err
		}
		if err := t.fill(value, pair[1]); err != nil {
			return err
		}
		v.SetMapIndex(key, value)
	}
	return nil
}

// hold fills an interface with a value of the type that the text names.
func (t *thawer) hold(v reflect.Value, x any) error {
	all, ok := x.(map[string]any)
	if !ok || len(all) != 1 {
		return errForm
	}
	for name, x := range all {
		kind, ok := t.types[name]
		if !ok {
			return fmt.Errorf("no type %s is known here", name)
		}
		value := reflect.New(kind).Elem()
		if err := t.fill(value, x); err != nil {
			return err
		}
		v.Set(value)
	}
	return nil
}
