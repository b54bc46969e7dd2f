// Package meter tells at what rate something was carried in the last minutes.
package meter

import (
	"math"
	"time"

	"github.com/gostp/gostp/internal/lock"
	"github.com/gostp/gostp/status"
)

// Step is how often a Meter wants a sample.
const Step = 10 * time.Second

// keep is how many steps a Meter remembers: five minutes.
const keep = 30

// Carried are counters of a link (Q.752 table 2): MSUs and octets, received and sent.
type Carried struct {
	MSUsIn, MSUsOut, OctetsIn, OctetsOut uint64
}

// Meter is what a link has carried in the last minutes.
type Meter struct {
	mu      lock.Mutex[lock.Meter]
	samples []sample // oldest first
	peak    status.Rates
}

type sample struct {
	at time.Time
	Carried
}

// since gives the rates between two samples, to a thousandth; zero if there is no time between them,
// or if what counts began anew.
func (x *sample) since(old *sample) status.Rates {
	d := x.at.Sub(old.at).Seconds()
	rate := func(now, then, unit uint64) float64 {
		if d <= 0 || now < then {
			return 0
		}
		return math.Round(float64((now-then)*unit)/d) / 1000
	}
	const msu, octet = 1000, 8 // in thousandths of an MSU, and of a kilobit
	return status.Rates{MSUsIn: rate(x.MSUsIn, old.MSUsIn, msu), MSUsOut: rate(x.MSUsOut, old.MSUsOut, msu),
		KbitIn: rate(x.OctetsIn, old.OctetsIn, octet), KbitOut: rate(x.OctetsOut, old.OctetsOut, octet)}
}

// Add takes the counters of a moment.
func (m *Meter) Add(at time.Time, c Carried) {
	m.mu.Lock()
	defer m.mu.Unlock()
	x := sample{at, c}
	if n := len(m.samples); n > 0 {
		r := x.since(&m.samples[n-1])
		p := &m.peak
		p.MSUsIn, p.MSUsOut = max(p.MSUsIn, r.MSUsIn), max(p.MSUsOut, r.MSUsOut)
		p.KbitIn, p.KbitOut = max(p.KbitIn, r.KbitIn), max(p.KbitOut, r.KbitOut)
	}
	if len(m.samples) > keep {
		m.samples = append(m.samples[:0], m.samples[1:]...)
	}
	m.samples = append(m.samples, x)
}

// Utilization gives the rates of the last step, of all steps remembered, and the highest of a step.
func (m *Meter) Utilization() status.Utilization {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := status.Utilization{Peak10s: m.peak}
	if n := len(m.samples); n > 1 {
		last := &m.samples[n-1]
		out.Last10s, out.Last5min = last.since(&m.samples[n-2]), last.since(&m.samples[0])
	}
	return out
}
