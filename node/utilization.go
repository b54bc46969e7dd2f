package node

import (
	"time"

	"github.com/gostp/gostp/internal/lock"
	"github.com/gostp/gostp/m2pa"
)

const (
	meterStep = 10 * time.Second
	meterKeep = 30 // steps: five minutes
)

// meter is what a link has carried in the last minutes (Q.752 table 2: MSUs and octets
// sent and received).
type meter struct {
	mu      lock.Mutex[lock.Meter]
	samples []sample // oldest first
	peak    rates
}

type sample struct {
	at      time.Time
	carried [4]uint64 // MSUs in, out, octets in, out
}

// rates are a second's worth, as sample's.
type rates [4]float64

func sampleOf(at time.Time, s *m2pa.Stats) sample {
	return sample{at, [4]uint64{s.MSUsIn, s.MSUsOut, s.OctetsIn, s.OctetsOut}}
}

// since gives the rates between two samples; zero if there is no time between them.
func (x sample) since(old sample) (r rates) {
	d := x.at.Sub(old.at).Seconds()
	for i := range r {
		if d > 0 && x.carried[i] >= old.carried[i] {
			r[i] = float64(x.carried[i]-old.carried[i]) / d
		}
	}
	return r
}

func (m *meter) add(x sample) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if n := len(m.samples); n > 0 {
		for i, r := range x.since(m.samples[n-1]) {
			m.peak[i] = max(m.peak[i], r)
		}
	}
	if len(m.samples) > meterKeep {
		m.samples = append(m.samples[:0], m.samples[1:]...)
	}
	m.samples = append(m.samples, x)
}

// view gives the rates of the last step, of all steps kept, and the highest of a step.
func (m *meter) view() (last, all, peak rates) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if n := len(m.samples); n > 1 {
		last, all = m.samples[n-1].since(m.samples[n-2]), m.samples[n-1].since(m.samples[0])
	}
	return last, all, m.peak
}

// measure samples all links until the node stops.
func (n *Node) measure() {
	tick := time.NewTicker(meterStep)
	defer tick.Stop()
	for {
		select {
		case <-n.ctx.Done():
			return
		case now := <-tick.C:
			n.log.Settle()
			n.core.recheck() // what is below level 3 may have another reason by now
			for _, l := range n.view.Load().paths {
				if l != nil {
					st, _, _ := l.status()
					l.meter.add(sampleOf(now, &st.Stats))
				}
			}
		}
	}
}
