package cli

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var rewrite = flag.Bool("rewrite", false, "write the screens of the transcripts anew")

// TestTranscripts replays testdata/*.txt. A line that begins with a prompt was
// typed; all else is what the screen must show. A line that ends in `?` shows help,
// one that ends in <TAB> completes. Each file begins in user exec.
func TestTranscripts(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.txt")
	if len(files) == 0 {
		t.Fatal("no transcripts")
	}
	for _, f := range files {
		t.Run(filepath.Base(f), func(t *testing.T) {
			want, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			got := replay(string(want))
			if *rewrite {
				if err := os.WriteFile(f, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if got != string(want) && !*rewrite {
				t.Errorf("the screen is\n%s", firstDifference(got, string(want)))
			}
		})
	}
}

func replay(text string) string {
	var out bytes.Buffer
	o := newOffice()
	s := NewSession(o, o.tree(nil), &out)
	for _, l := range lines(text) {
		m := prompted.FindString(l)
		if m == "" || strings.Contains(m, " ") && l == "" {
			continue
		}
		typed := l[len(strings.TrimRight(m, " ")):]
		out.WriteString(s.Prompt() + typed + "\n")
		if head, ok := strings.CutSuffix(typed, "?"); ok {
			out.WriteString(s.Help(head))
		} else if head, ok := strings.CutSuffix(typed, "<TAB>"); ok {
			line, _, ok := s.Complete(head, len(head))
			if !ok {
				line = "(bell)"
			}
			out.WriteString("[" + line + "]\n")
		} else {
			_ = s.Run(context.Background(), typed)
		}
	}
	return out.String()
}

func firstDifference(got, want string) string {
	g, w := lines(got), lines(want)
	for i := range g {
		if i >= len(w) || g[i] != w[i] {
			last := ""
			if i < len(w) {
				last = w[i]
			}
			return strings.Join(g[max(0, i-3):i+1], "\n") + "\ninstead of\n" + last
		}
	}
	return "shorter than expected: " + strings.Join(w[len(g):], "\n")
}
