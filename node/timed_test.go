package node

import (
	"strings"
	"testing"

	"github.com/gostp/gostp/sctp/sctptest"
)

// Levels by time at the prompt; they and levels by priority exclude each other. The levels
// themselves, under load, with TFC to the origin.
func TestTimedCongestion(t *testing.T) {
	t.Parallel()
	network(t, func(_ *sctptest.Memory, a, b *box) {
		a.run("configure terminal", "cs7 national-options timed-congestion", "cs7 mtp3 timer tx 500", "end")
		a.want("show running-config", "cs7 national-options timed-congestion", "cs7 mtp3 timer tx 500")
		a.want("show cs7 mtp3 timers", "Tx            500      1000  queue above the threshold",
			"Ty           1000      1000  queue below")
		out := a.run("configure terminal", "cs7 national-options multiple-congestion", "end")
		if !strings.Contains(out, "timed-congestion is for networks without priorities") {
			t.Error(out)
		}
	})
	onNarrow(t, 90_000, false, "", func(a, b *box, s1, s2 *station) {
		a.run("configure terminal", "cs7 national-options timed-congestion", "cs7 linkset PAIR 2.2.2",
			"congestion level 1 onset 100 abate 50", "end")
		flood(a, s1, s2.pc, 6, 3000, func() {})
		a.want("show logging", "Link 0 of linkset PAIR is congested, level 1: ",
			"level 2: its queue stays above the threshold for Tx (1s)", "level 3: its queue stays")
		if levels, _ := s1.tfcs(s2.pc); levels[1] == 0 || levels[2] == 0 || levels[3] == 0 || levels[0] > 0 {
			t.Errorf("TFC by level: %v", levels)
		}
	})
}
