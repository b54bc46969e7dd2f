package bench

import (
	"math/bits"
	"time"
)

// subBits is the precision of a Histogram: there are 64 buckets for each power of two, so a value is told to
// 1.6 %.
const subBits = 6

// Histogram counts durations in buckets whose width grows with the value. The
// zero value is empty.
type Histogram struct {
	n       uint64
	max     time.Duration
	buckets [(64 - subBits) << subBits]uint64
}

// Add counts d; a negative one counts as zero.
func (h *Histogram) Add(d time.Duration) {
	d = max(d, 0)
	h.n++
	h.max = max(h.max, d)
	h.buckets[bucket(uint64(d))]++
}

// bucket gives the bucket of a value. Values below 128 have a bucket each. Above, the highest seven bits count.
func bucket(v uint64) int {
	shift := max(bits.Len64(v)-subBits-1, 0)
	return shift<<subBits + int(v>>shift)
}

// upper gives the largest value of a bucket.
func upper(b int) time.Duration {
	shift := max(b>>subBits-1, 0)
	return time.Duration(uint64(b-shift<<subBits+1)<<shift - 1)
}

// N gives how many values were added.
func (h *Histogram) N() uint64 { return h.n }

// Max gives the largest value, exactly.
func (h *Histogram) Max() time.Duration { return h.max }

// Quantile gives the value that a share q (0 to 1) of all values does not exceed. It is at most 1.6 % too high.
// An empty Histogram gives 0.
func (h *Histogram) Quantile(q float64) time.Duration {
	if h.n == 0 {
		return 0
	}
	rank := min(max(uint64(q*float64(h.n)+0.5), 1), h.n)
	var seen uint64
	for b := range h.buckets {
		if seen += h.buckets[b]; seen >= rank {
			return min(upper(b), h.max)
		}
	}
	return h.max
}

// Merge adds all of o.
func (h *Histogram) Merge(o *Histogram) {
	h.n += o.n
	h.max = max(h.max, o.max)
	for b, n := range o.buckets {
		h.buckets[b] += n
	}
}
