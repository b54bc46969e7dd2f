// Package clauses helps the tests of the adaptation layers with the clauses of their RFCs. It checks that each MUST has
// a test, and has the tests of what all these RFCs say about messages and parameters.
package clauses

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gostp/gostp/xua"
)

// Clause is a MUST or SHALL, and the names of the tests that would fail without it,
// separated by spaces.
type Clause = struct{ Number, Must, Tests string }

var function = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)

// Check fails where a clause of the text has no test, or one that is in none of the folders.
func Check(t *testing.T, text string, clauses []Clause, folders ...string) {
	t.Helper()
	there := map[string]bool{}
	for _, folder := range folders {
		files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
		if err != nil || len(files) == 0 {
			t.Fatal(folder, err)
		}
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range function.FindAllSubmatch(b, -1) {
				there[string(m[1])] = true
			}
		}
	}
	for _, c := range clauses {
		if c.Tests == "" {
			t.Errorf("%s §%s, %s: no test", text, c.Number, c.Must)
		}
		for _, name := range strings.Fields(c.Tests) {
			if !there[name] {
				t.Errorf("%s §%s, %s: there is no %s", text, c.Number, c.Must, name)
			}
		}
	}
}

// Length fails if the length in a message is not its length with padding, or if a message with a greater length is
// taken.
func Length(t *testing.T, g xua.Grammar, messages [][]byte) {
	t.Helper()
	for _, b := range messages {
		if n := binary.BigEndian.Uint32(b[4:]); int(n) != len(b) || n%4 != 0 {
			t.Errorf("%x: length %d of %d", b, n, len(b))
		}
		longer := slices.Clone(b)
		binary.BigEndian.PutUint32(longer[4:], uint32(len(b)+4))
		if _, e := g.Parse(longer); e == nil {
			t.Errorf("%x is taken", longer)
		}
	}
}

// Padding fails if a parameter is padded with more than three octets or with anything but zeros, or if other padding
// makes a difference.
func Padding(t *testing.T, g xua.Grammar, messages [][]byte) {
	t.Helper()
	for _, b := range messages {
		want, e := g.Parse(b)
		if e != nil {
			t.Errorf("%x: %v", b, e)
			continue
		}
		noisy := slices.Clone(b)
		for at := 8; at < len(b); {
			n := int(binary.BigEndian.Uint16(b[at+2:]))
			end := at + (n+3)&^3
			if n < 4 || end > len(b) || !slices.Equal(b[at+n:end], make([]byte, end-at-n)) {
				t.Fatalf("%x: parameter at %d", b, at)
			}
			for k := at + n; k < end; k++ {
				noisy[k] = 0xff
			}
			at = end
		}
		if got, e := g.Parse(noisy); e != nil || !same(got.Params, want.Params) {
			t.Errorf("%x: with other padding %v", b, e)
		}
	}
}

func same(a, b xua.Params) bool {
	for {
		t1, v1, r1, ok1 := a.Cut()
		t2, v2, r2, ok2 := b.Cut()
		if ok1 != ok2 || t1 != t2 || !slices.Equal(v1, v2) {
			return false
		}
		if !ok1 {
			return true
		}
		a, b = r1, r2
	}
}
