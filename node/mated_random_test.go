package node

import (
	"fmt"
	"math/rand"
	"strings"
	"testing"
	"time"
)

// Whatever links do, as long as one of each linkset lives nothing is lost.
func TestRandomFaultsUnderTraffic(t *testing.T) {
	t.Parallel()
	seeds := int64(2)
	if testing.Short() {
		seeds = 1
	}
	for seed := range seeds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			onMated(t, func(m *mated) {
				r := rand.New(rand.NewSource(seed))
				var story []string
				got := m.during(30*time.Second, func() {
					start := time.Now()
					for time.Since(start) < 20*time.Second {
						units := [][]int{{11}, {12}, {13}, {14}, {21}, {22}, {23}, {24}}
						k := units[r.Intn(len(units))]
						story = append(story, fmt.Sprintf("%v cut %v", time.Since(start), k))
						m.cut(true, k...)
						time.Sleep(time.Duration(r.Intn(4000)) * time.Millisecond)
						m.cut(false, k...)
						time.Sleep(time.Duration(r.Intn(4000)) * time.Millisecond)
					}
				})
				t.Logf("seed %d: %+v", seed, got)
				if got.lost+got.duplicated+got.misordered > 0 {
					t.Errorf("seed %d: %+v\n%s", seed, got, strings.Join(story, "\n"))
					_, why := m.discarded()
					t.Log(why)
				}
			})
		})
	}
}
