package bench

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// The quantiles against a sorted list: never too low, at most 1.6 % too high.
func TestHistogram(t *testing.T) {
	var h, rest Histogram
	if h.Quantile(0.5) != 0 || h.Max() != 0 {
		t.Error("an empty one has values")
	}
	rng := rand.New(rand.NewPCG(1, 2))
	var all []time.Duration
	for i := range 10000 {
		d := time.Duration(rng.Uint64() >> (1 + rng.UintN(62)))
		all = append(all, d)
		if i%2 == 0 {
			h.Add(d)
		} else {
			rest.Add(d)
		}
	}
	h.Merge(&rest)
	slices.Sort(all)
	for _, q := range []float64{0.0001, 0.1, 0.5, 0.9, 0.99, 0.999, 1} {
		want := all[max(int(q*float64(len(all))+0.5), 1)-1]
		if got := h.Quantile(q); got < want || float64(got) > float64(want)*1.016 {
			t.Errorf("quantile %v: %d, exactly %d", q, got, want)
		}
	}
	if h.N() != 10000 || h.Max() != all[len(all)-1] {
		t.Error(h.N(), h.Max())
	}
	for _, d := range []time.Duration{0, 1, 127, 128, 1<<62 + 1} {
		if b := bucket(uint64(d)); upper(b) < d || b > 0 && upper(b-1) >= d {
			t.Errorf("%d is not in its bucket, %d to %d", d, upper(b-1), upper(b))
		}
	}
	h.Add(-time.Second)
	if h.Quantile(0.00001) != 0 {
		t.Error("a negative delay is not zero")
	}
}

func TestFlow(t *testing.T) {
	for name, c := range map[string]struct {
		in                                     []uint64
		sent                                   uint64
		received, lost, duplicated, misordered uint64
	}{
		"all in order":           {[]uint64{0, 1, 2, 3}, 4, 4, 0, 0, 0},
		"nothing came":           {nil, 3, 0, 3, 0, 0},
		"the first lost":         {[]uint64{1, 2}, 3, 2, 1, 0, 0},
		"lost in the middle":     {[]uint64{0, 1, 5, 6}, 7, 4, 3, 0, 0},
		"the last lost":          {[]uint64{0, 1}, 5, 2, 3, 0, 0},
		"repeated at once":       {[]uint64{0, 1, 1, 2}, 3, 3, 0, 1, 0},
		"repeated late":          {[]uint64{0, 1, 2, 0}, 3, 3, 0, 1, 0},
		"two changed places":     {[]uint64{0, 2, 1, 3}, 4, 4, 0, 0, 1},
		"late and then repeated": {[]uint64{0, 2, 1, 1, 3}, 4, 4, 0, 1, 1},
		"late from within a gap": {[]uint64{0, 6, 3, 2, 4, 1}, 7, 6, 1, 0, 4},
	} {
		var f Flow
		for _, n := range c.in {
			f.See(n)
		}
		if f.Received != c.received || f.Lost(c.sent) != c.lost || f.Duplicated != c.duplicated ||
			f.Misordered != c.misordered {
			t.Errorf("%s: received %d, lost %d, duplicated %d, misordered %d", name, f.Received, f.Lost(c.sent),
				f.Duplicated, f.Misordered)
		}
	}
}

// A Flow against one that remembers every number.
func TestFlowTwin(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		const sent = 200
		var f Flow
		seen := map[uint64]bool{}
		var highest, duplicated, misordered uint64
		for range rng.IntN(400) {
			n := rng.Uint64N(sent)
			switch {
			case seen[n]:
				duplicated++
			case len(seen) > 0 && n < highest:
				misordered++
			}
			seen[n] = true
			highest = max(highest, n)
			f.See(n)
		}
		if got := uint64(len(seen)); f.Received != got || f.Lost(sent) != sent-got || f.Duplicated != duplicated ||
			f.Misordered != misordered {
			t.Fatalf("%+v; received %d, duplicated %d, misordered %d", f, got, duplicated, misordered)
		}
	}
}

// What is forgotten stays lost: sent is received and lost together.
func TestFlowForgets(t *testing.T) {
	var f Flow
	const gaps = gapLimit + 100
	for i := range uint64(gaps) {
		f.See(2*i + 1)
	}
	f.See(0)
	f.See(2 * gaps)
	f.See(2 * (gaps - 1)) // remembered
	if f.Lost(2*gaps+1) != gaps-1 || f.Received != gaps+2 || f.Duplicated != 1 || f.Misordered != 1 {
		t.Errorf("received %d, lost %d, duplicated %d, misordered %d", f.Received, f.Lost(2*gaps+1), f.Duplicated,
			f.Misordered)
	}
}
