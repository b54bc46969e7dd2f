package bench

import (
	"time"

	"github.com/gostp/gostp/sctp"
)

// sink counts what arrives for a pair.
type sink struct{ p *pair }

// batch judges the payloads that each gives, then sends what the window has room for. The goroutine that counts
// also sends, so that no other one has to be woken.
func (s *sink) batch(now time.Time, each func(yield func(payload []byte) bool)) {
	p := s.p
	at := now.Sub(p.epoch)
	var n uint64
	p.mu.Lock()
	for b := range each {
		if p.take(at, b) {
			n++
		}
	}
	p.mu.Unlock()
	if n > 0 {
		p.received.Add(n)
		p.refill(now)
	}
}

// reader reads batches of an association until it ends.
type reader struct {
	assoc    sctp.Assoc
	p        *pair
	coalesce time.Duration
}

func (r *reader) stats() sctp.Stats { return r.assoc.Status().Stats }

// run gives each batch to f, and tells the pair why the association ended.
func (r *reader) run(f func(now time.Time, items []sctp.Item)) {
	b := sctp.NewBatch(batchSize)
	why := "the association ended"
	for {
		if err := r.assoc.Read(b); err != nil {
			r.p.fail(why)
			return
		}
		for i := range b.Items {
			if e := b.Items[i].Event; e != nil && (e.Kind == sctp.Lost || e.Kind == sctp.Closed) {
				why = "the association ended: " + e.Why
			}
		}
		f(time.Now(), b.Items)
		if r.coalesce > 0 && len(b.Items) < batchSize {
			rest(r.coalesce)
		}
	}
}
