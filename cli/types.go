package cli

import (
	"fmt"
	"net/netip"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Type is a kind of argument. env is the root of the running configuration.
type Type interface {
	Hint() string                            // what `?` shows: <0-15>, WORD, A.B.C.D
	Parse(env any, word string) (any, error) // the error says what was expected
	Format(env any, v any) string            // back to the word; v has the type of the field that keeps it
}

// Completer is a Type that can list its values, such as names that exist.
type Completer interface {
	Values(env any) []string
}

// Lens is a Type whose value says how the rest of its line is to be read and written.
type Lens interface {
	Type
	// Through gives the env for what follows a value v.
	Through(env any, v any) any
}

// Part is a Lens whose value names a part of the configuration. In the rest of the line, and in the mode that
// the line leads into, that part takes the place of the root.
type Part interface {
	Lens
	// Of gives the part. If it is not there, Of makes it, or gives nil if make is false.
	Of(root any, v any, make bool) any
}

type uintType struct{ min, max uint64 }

// Uint is a number from min to max; its value is a uint64.
func Uint(min, max uint64) Type { return uintType{min, max} }

func (t uintType) Hint() string { return fmt.Sprintf("<%d-%d>", t.min, t.max) }

func (t uintType) Parse(_ any, word string) (any, error) {
	n, err := strconv.ParseUint(word, 10, 64)
	if err != nil || n < t.min || n > t.max {
		return nil, fmt.Errorf("%q is not a number from %d to %d", word, t.min, t.max)
	}
	return n, nil
}

// Format takes any kind of integer, because the field that keeps the value may have a smaller type, or a
// named type whose String differs from what is typed.
func (uintType) Format(_ any, v any) string {
	x := reflect.ValueOf(v)
	if x.CanInt() {
		return strconv.FormatInt(x.Int(), 10)
	}
	return strconv.FormatUint(x.Uint(), 10)
}

type wordType struct{ max int }

// Word is a string without blanks, at most max characters.
func Word(max int) Type { return wordType{max} }

func (wordType) Hint() string { return "WORD" }

func (t wordType) Parse(_ any, word string) (any, error) {
	if n := utf8.RuneCountInString(word); n > t.max {
		return nil, fmt.Errorf("%q has %d characters; at most %d", word, n, t.max)
	}
	return word, nil
}

func (wordType) Format(_ any, v any) string { return reflect.ValueOf(v).String() }

type restType struct{ max int }

// Rest is the rest of the line as it stands, at most max characters.
func Rest(max int) Type { return restType{max} }

func (restType) Hint() string { return "LINE" }

func (t restType) Parse(_ any, text string) (any, error) {
	if n := utf8.RuneCountInString(text); n > t.max {
		return nil, fmt.Errorf("the text has %d characters; at most %d", n, t.max)
	}
	return text, nil
}

func (restType) Format(_ any, v any) string { return reflect.ValueOf(v).String() }

type ipType struct{}

// IP is an IPv4 or IPv6 address without zone; its value is a netip.Addr.
func IP() Type { return ipType{} }

func (ipType) Hint() string { return "A.B.C.D or X:X::X" }

func (ipType) Parse(_ any, word string) (any, error) {
	a, err := netip.ParseAddr(word)
	if err != nil || a.Zone() != "" {
		return nil, fmt.Errorf("%q is not an IP address", word)
	}
	return a, nil
}

func (ipType) Format(_ any, v any) string { return v.(netip.Addr).String() }

type millisType struct{ uintType }

// Millis is a duration written in milliseconds; its value is a time.Duration.
func Millis(min, max uint64) Type { return millisType{uintType{min, max}} }

func (t millisType) Parse(env any, word string) (any, error) {
	n, err := t.uintType.Parse(env, word)
	if err != nil {
		return nil, fmt.Errorf("%w milliseconds", err)
	}
	return time.Duration(n.(uint64)) * time.Millisecond, nil
}

func (millisType) Format(_ any, v any) string {
	return strconv.FormatInt(reflect.ValueOf(v).Int()/int64(time.Millisecond), 10)
}

type secondsType struct{ uintType }

// Seconds is a whole number of seconds of min to max; its value is a time.Duration.
func Seconds(min, max uint64) Type { return secondsType{uintType{min, max}} }

func (t secondsType) Parse(env any, word string) (any, error) {
	n, err := t.uintType.Parse(env, word)
	if err != nil {
		return nil, fmt.Errorf("%w seconds", err)
	}
	return time.Duration(n.(uint64)) * time.Second, nil
}

func (secondsType) Format(_ any, v any) string {
	return strconv.FormatInt(reflect.ValueOf(v).Int()/int64(time.Second), 10)
}

// Args is what a line gave, by name of argument.
type Args map[string]any

// Has tells whether the line gave name.
func (a Args) Has(name string) bool { _, ok := a[name]; return ok }

// Default gives the arguments in d that the line left out the values that they have there.
func (a Args) Default(d Args) {
	for name, v := range d {
		if !a.Has(name) {
			a[name] = v
		}
	}
}

// Get gives argument name, or the zero T if the line left it out. The type of the argument in the syntax must
// make a T.
func Get[T any](a Args, name string) (v T) {
	if a.Has(name) {
		v = a[name].(T)
	}
	return v
}

// Uint gives a number, def if there is none.
func (a Args) Uint(name string, def uint64) uint64 {
	if n, ok := a[name].(uint64); ok {
		return n
	}
	return def
}

// String gives a string, def if there is none.
func (a Args) String(name, def string) string {
	if s, ok := a[name].(string); ok {
		return s
	}
	return def
}

// Duration gives a time, def if there is none.
func (a Args) Duration(name string, def time.Duration) time.Duration {
	if d, ok := a[name].(time.Duration); ok {
		return d
	}
	return def
}

// Bool tells whether a flag was given.
func (a Args) Bool(name string) bool { b, _ := a[name].(bool); return b }

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
