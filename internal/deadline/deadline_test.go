package deadline

import (
	"math/rand"
	"testing"
	"time"
)

// The set agrees with a plain map on any order of starts, stops and ticks.
func TestAgainstMap(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	var s Set
	twin := map[int]time.Time{}
	now := time.Unix(1000, 0)
	for range 20000 {
		id := r.Intn(16)
		switch r.Intn(4) {
		case 0, 1:
			d := time.Duration(r.Intn(50)-5) * time.Millisecond
			s.Start(id, now, d)
			delete(twin, id)
			if d > 0 {
				twin[id] = now.Add(d)
			}
		case 2:
			s.Stop(id)
			delete(twin, id)
		case 3:
			now = now.Add(time.Duration(r.Intn(10)) * time.Millisecond)
			for x := s.Expired(now); x >= 0; x = s.Expired(now) {
				if at, ok := twin[x]; !ok || at.After(now) {
					t.Fatalf("timer %d expired; it ends at %v, now %v", x, at, now)
				}
				delete(twin, x)
			}
		}
		var first time.Time
		for x, at := range twin {
			if !s.Running(x) || s.At(x) != at {
				t.Fatalf("timer %d: %v, want %v", x, s.At(x), at)
			}
			if first.IsZero() || at.Before(first) {
				first = at
			}
		}
		if s.Next() != first {
			t.Fatalf("next %v, want %v", s.Next(), first)
		}
	}
}
