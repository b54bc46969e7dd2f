package xua

import (
	"iter"
	"sync/atomic"
)

// codes is one more than the highest error code. Index 0 counts what no code stands for.
const codes = int(NoConfiguredAS) + 1

// Refused counts refused messages by the error code that says why, whether or not the far end was told.
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

// ByReason gives each reason for which messages were refused, and how many were.
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
