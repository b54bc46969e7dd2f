package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Answer is what a query found: a value, which `| json` encodes, and a function that writes such a
// value in words for a person.
type Answer struct {
	Value any
	Print func(w io.Writer, value any)
}

// Query is a command that shows a value. An error that comes without an answer stands in its
// place; an answer that comes with an error is shown, and then the command fails.
func Query(syntax Elem, ask func(*Call) (Answer, error)) *Statement {
	s := newStatement(syntax)
	s.ask = ask
	s.run = func(c *Call) error {
		a, err := ask(c)
		if a.Print != nil {
			a.Print(c.Out, a.Value)
		}
		return err
	}
	return s
}

// IsQuery tells whether a command shows a value, so that `| json` may follow it.
func (s *Statement) IsQuery() bool { return s.ask != nil }

// encode runs a query and writes its value as JSON: one value in every case, an object with the
// text of the error where the query failed.
func (s *Statement) encode(c *Call) error {
	a, err := s.ask(c)
	v := a.Value
	switch {
	case err == nil:
	case a.Print == nil:
		v = failure{err.Error()}
		fallthrough
	default:
		err = ErrFailed
	}
	return errors.Join(err, writeJSON(c.Out, v))
}

// failure is what `| json` shows instead of a value.
type failure struct {
	Error string `json:"error"`
}

// writeJSON writes a value for programs and people: indented, and with each character that a
// terminal would not print written as JSON escapes it.
func writeJSON(w io.Writer, v any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(NotNull(v)); err != nil {
		return err
	}
	_, err := w.Write(escape(b.Bytes()))
	return err
}

// NotNull gives a copy of a value in which an empty list stands for each list that is nil, which JSON would not write
// as a list. So neither the node nor a user part of others has to think of that.
func NotNull(v any) any {
	if v == nil {
		return nil
	}
	return notNull(reflect.ValueOf(v)).Interface()
}

func notNull(v reflect.Value) reflect.Value {
	switch v.Kind() {
	case reflect.Slice:
		out := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		for i := range v.Len() {
			out.Index(i).Set(notNull(v.Index(i)))
		}
		return out
	case reflect.Struct:
		out := reflect.New(v.Type()).Elem()
		out.Set(v)
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() { // JSON has these alone
				out.Field(i).Set(notNull(v.Field(i)))
			}
		}
		return out
	case reflect.Pointer:
		if v.IsNil() {
			return v
		}
		out := reflect.New(v.Type().Elem())
		out.Elem().Set(notNull(v.Elem()))
		return out
	case reflect.Interface:
		if v.IsNil() {
			return v
		}
		return notNull(v.Elem())
	}
	return v
}

// escape writes what cannot be printed, which in JSON stands in strings alone, as \uXXXX.
func escape(text []byte) []byte {
	var out []byte
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		switch {
		case r == '\n' || unicode.IsPrint(r) && r != utf8.RuneError:
			out = append(out, text[:n]...)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		text = text[n:]
	}
	return out
}
