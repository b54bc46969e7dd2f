package lock

import "testing"

// The order is one list: no rank stands in it twice.
func TestOrderHasEachRankOnce(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range Order {
		if seen[r.String()] {
			t.Errorf("%v stands in Order twice", r)
		}
		seen[r.String()] = true
	}
}
