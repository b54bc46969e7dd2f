package xua

import (
	"iter"
	"sync/atomic"
)

// codes is one more than the highest error code; 0 counts what no code stands for.
const codes = int(NoConfiguredAS) + 1

// Refused counts messages that are refused by the error code that says why, whether or not the far
// end was told.
type Refused [codes]uint64

// Add counts one.
func (r *Refused) Add(c Code) { r[index(c)]++ }

// SharedRefused is Refused for several goroutines.
type SharedRefused [codes]atomic.Uint64

// Add counts one.
func (r *SharedRefused) Add(c Code) { r[index(c)].Add(1) }

// Load gives the counts of this moment.
func (r *SharedRefused) Load() (out Refused) {
	for i := range r {
		out[i] = r[i].Load()
	}
	return out
}

func index(c Code) int {
	if int(c) < codes {
		return int(c)
	}
	return 0
}

// ByReason gives how many were refused for each reason, of those for which any was.
func (r *Refused) ByReason() iter.Seq2[string, uint64] {
	return func(yield func(string, uint64) bool) {
		for c, n := range r {
			name := "another protocol, or not to be answered"
			if c != 0 {
				name = Code(c).String()
			}
			if n > 0 && !yield(name, n) {
				return
			}
		}
	}
}
