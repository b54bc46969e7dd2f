package routing

import (
	"testing"

	"github.com/gostp/gostp/ss7"
)

// An STP that gets every second SLS alone uses all of its links when it turns the SLS,
// and still spreads all SLS values evenly.
func TestShift(t *testing.T) {
	for shift := range uint8(4) {
		p := NewPlan(ss7.ITU, ss7.National, nil, []Route{{dest("7.0.0/3"), 0, 5}})
		p.Shift = shift
		_, b, _ := p.NewTable(sets(2)).Dest(pc("7.1.1"))
		all, even := map[ss7.PathID]int{}, map[ss7.PathID]int{}
		for sls, s := range b.Slots {
			all[s.Path]++
			if sls%2 == 0 {
				even[s.Path]++
			}
		}
		if all[1] != 8 || all[2] != 8 {
			t.Errorf("shift %d: %v", shift, all)
		}
		if want := min(int(shift), 1) + 1; len(even) != want {
			t.Errorf("shift %d: even SLS values use %d links, want %d", shift, len(even), want)
		}
	}
}
