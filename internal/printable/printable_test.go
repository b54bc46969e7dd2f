package printable

import (
	"bytes"
	"strings"
	"testing"
	"unicode"
)

func TestLine(t *testing.T) {
	for in, want := range map[string]string{
		"":                     "",
		"link 0 of linkset B":  "link 0 of linkset B",
		"Zürich 東京 ▶":          "Zürich 東京 ▶",
		"a\x1b[2Jb":            `a\x1b[2Jb`,
		"a\r\nb\tc":            `a\r\nb\tc`,
		"a\x00\x7f\xff":        `a\x00\x7f\xff`,
		"8-bit \u009b31m":      `8-bit \u009b31m`,
		"turned \u202e around": `turned \u202e around`,
		"\ufffd":               "\ufffd",
	} {
		if got := Line(in); got != want {
			t.Errorf("%q: %q, not %q", in, got, want)
		}
	}
}

func TestName(t *testing.T) {
	for in, want := range map[string]string{"E1-0_a.b": "E1-0_a.b", "E is down": `"E is down"`, "E\n*Jan": `"E\n*Jan"`,
		"É": `"É"`} {
		if got := Name(in); got != want {
			t.Errorf("%q: %s, not %s", in, got, want)
		}
	}
}

// Whatever the pieces in which it comes, text is passed on with nothing but printable
// characters, line ends and tabs.
func FuzzWriter(f *testing.F) {
	f.Add("plain\n\tlines\n", 3)
	f.Add("東京\x1b[2J\u009b\xff\xe6", 2)
	f.Fuzz(func(t *testing.T, s string, size int) {
		var out bytes.Buffer
		w := NewWriter(&out)
		for rest := s; rest != ""; {
			n := min(len(rest), max(1, size))
			if k, err := w.Write([]byte(rest[:n])); k != n || err != nil {
				t.Fatal(k, err)
			}
			rest = rest[n:]
		}
		got := out.String()
		bad := func(r rune) bool { return !unicode.IsPrint(r) && r != '\n' && r != '\t' }
		if i := strings.IndexFunc(got, bad); i >= 0 {
			t.Errorf("%q at %d of %q", got[i:], i, got)
		}
		if Is(s) && got != s {
			t.Errorf("%q became %q", s, got)
		}
	})
}
