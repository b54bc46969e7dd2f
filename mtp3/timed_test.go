package mtp3

import (
	"slices"
	"testing"
	"time"
)

// §3.8.2.3, §11.2.5: without priorities a level rises for each Tx above the threshold and
// falls for each Ty below it; TFC has it, and what TFC says falls each T15.
func TestTimedCongestion(t *testing.T) {
	s := newStar(t)
	s.cfg.Timed, s.cfg.Tx, s.cfg.Ty = true, 500*time.Millisecond, 2*time.Second
	s.want("onset", s.queue(1, 1), "Link 0 of linkset B is congested, level 1: for the test")
	s.want("before Tx", s.tick(499*time.Millisecond))
	s.want("Tx", s.tick(time.Millisecond), "Link 0 of linkset B is congested, level 2: its queue stays above the "+
		"threshold for Tx (500ms)")
	if got := tfcs(s.over("6.6.6", "7.7.1", 1)); !slices.Equal(got, []uint8{2}) {
		t.Errorf("levels of TFC: %v", got)
	}
	s.want("below", s.queue(1, 0))
	s.want("before Ty", s.tick(1999*time.Millisecond))
	s.want("Ty", s.tick(time.Millisecond), "Link 0 of linkset B is congested, level 1, falling: its queue was below the "+
		"threshold for Ty (2s)")
	s.want("above again: Tx from here on", s.queue(1, 1))
	s.tick(500 * time.Millisecond)
	s.want("Tx", s.tick(500*time.Millisecond),
		"Link 0 of linkset B is congested, level 3: its queue stays above the threshold for Tx (500ms)")
	s.want("no further", s.tick(10*time.Second))
	s.queue(1, 0)
	s.tick(2 * time.Second)
	s.tick(2 * time.Second)
	s.want("over", s.tick(2*time.Second), "Link 0 of linkset B is no longer congested: its queue was below the "+
		"threshold for Ty (2s)")
	s.want("for good", s.tick(10*time.Second))
	s.queue(1, 1)
	s.fail(1)
	if l := s.links[1]; l.congestion != 0 || l.full {
		t.Errorf("a link that failed: level %d", l.congestion)
	}

	out := s.from(1, Management{Heading: TFC, PC: s.pc("7.7.1"), Level: 2})
	s.wantStatus("TFC", out, "1.2.3 at 0: 7.7.1/14 2")
	s.wantStatus("T15", s.tick(2500*time.Millisecond), "1.2.3 at 0: 7.7.1/14 1")
	out = s.tick(2500 * time.Millisecond)
	s.wantStatus("T15 again", out, "1.2.3 at 0: 7.7.1/14 0")
	s.wantSent("no RCT", out)
}
