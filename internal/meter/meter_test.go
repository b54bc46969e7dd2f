package meter

import (
	"testing"
	"time"

	"github.com/gostp/gostp/status"
)

// TestUtilization: the last step, the mean of all steps remembered, and the highest step; counters
// that begin anew are no rate.
func TestUtilization(t *testing.T) {
	var m Meter
	at, c := time.Unix(1000, 0), Carried{}
	if got := m.Utilization(); got != (status.Utilization{}) {
		t.Errorf("without a sample: %+v", got)
	}
	for _, n := range []uint64{0, 100, 500, 0, 200} {
		c.MSUsIn += n
		c.OctetsOut += n * 125
		m.Add(at, c)
		at = at.Add(Step)
	}
	rates := func(in, kbit float64) status.Rates { return status.Rates{MSUsIn: in, KbitOut: kbit} }
	want := status.Utilization{Last10s: rates(20, 20), Last5min: rates(20, 20), Peak10s: rates(50, 50)}
	if got := m.Utilization(); got != want {
		t.Errorf("%+v, not %+v", got, want)
	}
	for range 2 * keep {
		m.Add(at, c)
		at = at.Add(Step)
	}
	got := m.Utilization()
	if got.Last5min != (status.Rates{}) || got.Peak10s != rates(50, 50) || len(m.samples) != keep+1 {
		t.Errorf("after ten idle minutes: %+v of %d samples", got, len(m.samples))
	}
	m.Add(at, Carried{})
	if got := m.Utilization(); got.Last10s != (status.Rates{}) {
		t.Errorf("after a new beginning: %+v", got)
	}
	m.Add(at.Add(3*time.Second), Carried{MSUsIn: 1, OctetsIn: 10})
	if got := m.Utilization().Last10s; got != (status.Rates{MSUsIn: 0.333, KbitIn: 0.027}) {
		t.Errorf("1 MSU of 10 octets in 3 s: %+v", got)
	}
}
