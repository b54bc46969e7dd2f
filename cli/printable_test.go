package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
)

type evil struct{}

const escapes = "A\x1b[2J\r\u009b31m\u202e"

func (evil) Hostname() string                               { return escapes }
func (evil) Env() any                                       { return nil }
func (evil) Edit(string, func(any) error) ([]string, error) { return nil, errors.New(escapes) }

// What a command prints, why it fails, and the prompt reach the terminal as printable
// characters, whoever has put others into them.
func TestNothingUnprintableReachesATerminal(t *testing.T) {
	var out bytes.Buffer
	s := NewSession(evil{}, &Tree{Config: &Mode{Name: "config"}, Exec: []*Statement{
		Command(Kw("greet", ""), func(c *Call) error { fmt.Fprintln(c.Out, escapes); return errors.New(escapes) }),
	}}, &out)
	_ = s.Run(context.Background(), "greet")
	_ = s.Run(context.Background(), "greet | include A")
	s.unseen = true
	_ = s.Run(context.Background(), "gr"+escapes)
	got := out.String() + s.Prompt()
	if strings.ContainsAny(got, "\x1b\r\u009b\u202e") || strings.Count(got, `\x1b[2J`) < 4 {
		t.Errorf("%q", got)
	}
}

// A word of a line is printable, in a file too.
func TestWordsArePrintable(t *testing.T) {
	for _, typ := range []Type{Word(63), Rest(63)} {
		for _, bad := range []string{"A\x1b[2J", "A\u009b", "A\u202eB", "A\xff"} {
			if _, err := parseWord(typ, nil, bad); err == nil || !strings.Contains(err.Error(), "cannot be printed") {
				t.Errorf("%q: %v", bad, err)
			}
		}
		if _, err := parseWord(typ, nil, "Zürich-1"); err != nil {
			t.Error(err)
		}
	}
}
