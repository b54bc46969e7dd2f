package xua

import (
	"fmt"
	"strings"
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

// String writes how many in all, and of these by code.
func (r Refused) String() string {
	sum, by := uint64(0), []string{}
	for c, n := range r {
		if sum += n; n > 0 {
			name := "another protocol, or not to be answered"
			if c != 0 {
				name = Code(c).String()
			}
			by = append(by, fmt.Sprintf("%s %d", name, n))
		}
	}
	if sum == 0 {
		return "0"
	}
	return fmt.Sprintf("%d (%s)", sum, strings.Join(by, ", "))
}
