package configs

import (
	"fmt"
	"strings"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/ss7"
)

func system(env any) *System {
	if s, ok := env.(*System); ok && s != nil {
		return s
	}
	return New()
}

// PointCode is an argument that is a point code, in the node's notation, as a
// decimal number, or by a name given with `cs7 host`. Its value is an ss7.PC.
type PointCode struct{}

// Hint implements cli.Type.
func (PointCode) Hint() string { return "PC" }

// Parse implements cli.Type.
func (PointCode) Parse(env any, word string) (any, error) {
	s := system(env)
	for _, h := range s.Hosts {
		if h.Name == word {
			return h.PC, nil
		}
	}
	pc, err := s.Notation().Parse(word)
	return pc, err
}

// Format implements cli.Type.
func (PointCode) Format(env any, v any) string { return system(env).Notation().Format(v.(ss7.PC)) }

// Values implements cli.Completer.
func (PointCode) Values(env any) []string {
	var out []string
	for _, h := range system(env).Hosts {
		out = append(out, h.Name)
	}
	return out
}

// DestRange is an argument PC/LEN. Its value is an ss7.Range as it was written: the command clears bits beyond LEN,
// and tells of it.
type DestRange struct{}

// Hint implements cli.Type.
func (DestRange) Hint() string { return "PC/LEN" }

// Parse implements cli.Type.
func (DestRange) Parse(env any, word string) (any, error) {
	if !strings.Contains(word, "/") {
		return nil, fmt.Errorf("%q has no mask length: write PC/LEN, as in %s/%d", word, word, system(env).V().Bits())
	}
	n := system(env).Notation()
	r, loose, err := n.ParseRange(word)
	if loose {
		code, _, _ := strings.Cut(word, "/")
		r.PC, err = n.Parse(code)
	}
	return r, err
}

// Format implements cli.Type.
func (DestRange) Format(env any, v any) string {
	return system(env).Notation().FormatRange(v.(ss7.Range))
}

// pcMask is a mask in point-code form; its value is the length, uint64.
type pcMask struct{}

func (pcMask) Hint() string { return "MASK" }
func (pcMask) Parse(env any, word string) (any, error) {
	n := system(env).Notation()
	l, err := n.ParseMask(word)
	if err != nil {
		return nil, fmt.Errorf("%q is not a mask; write PC/LEN, as in 1.2.0/11, or PC MASK, as in 1.2.0 %s", word,
			n.Format(1<<n.Bits()-8))
	}
	return uint64(l), nil
}
func (pcMask) Format(env any, v any) string { return fmt.Sprint(v) }

// LinksetName is an argument that names a linkset; its value is a string. Whether there is such a linkset is for
// the rules to say.
type LinksetName struct{}

// Hint implements cli.Type.
func (LinksetName) Hint() string { return "WORD" }

// Parse implements cli.Type.
func (LinksetName) Parse(_ any, word string) (any, error) {
	return shortName("a linkset name", word)
}

// shortName takes a name that is not longer than the columns of `show` have room for; what says whose it is.
func shortName(what, word string) (any, error) {
	if len(word) > 19 {
		return nil, fmt.Errorf("%s has at most 19 characters, %q has %d: shorten it, here and in the lines that name it",
			what, word, len(word))
	}
	return word, nil
}

// Format implements cli.Type.
func (LinksetName) Format(_ any, v any) string { return v.(string) }

// newName is a name for a line that may make what it names. It hides the Values of its Type, so that no existing
// name is proposed.
type newName struct{ cli.Type }

// Values implements cli.Completer.
func (LinksetName) Values(env any) []string {
	var out []string
	for _, l := range system(env).Linksets {
		out = append(out, l.Name)
	}
	return out
}

var _ = []cli.Type{PointCode{}, DestRange{}, pcMask{}, instance{}, LinksetName{}}
