package node

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gostp/gostp/sctp/sctptest"
)

var keyword = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)

// values are what a test types for the arguments that `?` shows by a hint.
var values = map[string]string{"WORD": "B", "PC": "2.2.2", "PC/LEN": "2.2.0/11", "INTERFACE": "eth0", "<0-7>": "0",
	"<1024-49151>": "1024", "<1-4294967295>": "1", "<0-15>": "0", "<3-15>": "3", "<0-255>": "5"}

// typed finds every command that begins with line in what `?` shows: each word that may come next
// is followed, each argument is given a value, and no word comes twice.
func (b *box) typed(line string) (out []string) {
	for row := range strings.Lines(b.session.Help(line)) {
		word, _, _ := strings.Cut(strings.TrimSpace(row), "  ")
		switch {
		case word == "<cr>":
			out = append(out, strings.TrimSpace(line))
			continue
		case word == "|" || slices.Contains(strings.Fields(line), word):
			continue
		case !keyword.MatchString(word):
			value, known := values[word]
			if !known {
				b.t.Errorf("%s: no value for the argument %s", line, word)
			}
			if value == "" || slices.Contains(strings.Fields(line), value) {
				continue
			}
			word = value
		}
		out = append(out, b.typed(line+word+" ")...)
	}
	return out
}

// TestEveryShowAsJSON types each `show` that there is with `| json`.
func TestEveryShowAsJSON(t *testing.T) {
	network(t, func(_ *sctptest.Memory, a, _ *box) {
		for _, line := range a.typed("show ") {
			text := a.run(line + " | json")
			if strings.Contains(text, "shows no values") {
				t.Log(line)
				continue
			}
			var v any
			if err := json.Unmarshal([]byte(text), &v); err != nil || v == nil || strings.Contains(text, ": null") {
				t.Errorf("%s | json: %v in\n%s", line, err, text)
			}
		}
		if err := a.session.Run(context.Background(), "show cs7 linkset X | json"); err == nil {
			t.Error("a query that finds nothing does not fail")
		}
		a.want("show cs7 linkset X | json", "{\n  \"error\": \"there is no linkset X\"\n}\n")
	})
}
