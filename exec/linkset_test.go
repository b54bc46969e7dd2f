package exec

import (
	"bytes"
	"strings"
	"testing"

	"github.com/gostp/gostp/status"
)

// TestDiscardedCounts: what was received and discarded is told in all, and by reason.
func TestDiscardedCounts(t *testing.T) {
	for want, counts := range map[string][]status.Count{
		"  received and discarded: 0\n": {},
		"  received and discarded: 4: 1 too short for its header, 3 User Data out of sequence\n": {
			{Name: "too short for its header", Value: 1}, {Name: "User Data out of sequence", Value: 3}},
	} {
		var out bytes.Buffer
		printLevel2Counts(&out, "  ", &status.Level2Counts{Discarded: counts})
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, &out)
		}
	}
}
