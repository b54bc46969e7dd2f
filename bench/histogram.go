package bench

import (
	"math/bits"
	"time"
)

// subBits is the precision of a Histogram: 64 buckets for each power of two, so
// that a value is told to 1.6 %.
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

// bucket: values below 128 have their own; above, the highest seven bits count.
func bucket(v uint64) int {
	shift := max(bits.Len64(v)-subBits-1, 0)
	return shift<<subBits + int(v>>shift)
}

// upper is the largest value of a bucket.
func upper(b int) time.Duration {
	shift := max(b>>subBits-1, 0)
	return time.Duration(uint64(b-shift<<subBits+1)<<shift - 1)
}

// N is how many were added.
func (h *Histogram) N() uint64 { return h.n }

// Max is the largest, exactly.
func (h *Histogram) Max() time.Duration { return h.max }

// Quantile gives the value that a share q (0 to 1) of all does not exceed, at most
// 1.6 % too high; 0 of an empty one.
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
