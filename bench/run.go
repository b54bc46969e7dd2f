package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/gostp/gostp/sctp"
)

// batchSize is how many messages are read or sent at once.
const batchSize = 64

// Load says what is sent.
type Load struct {
	Size     int           // octets of each SCTP message, with the headers of M2PA and MTP3
	Window   int           // messages under way in each pair; 0 means that Rate counts
	Rate     float64       // messages a second, all pairs together
	Count    uint64        // stop after so many, all pairs together; 0 means that Duration counts
	Warmup   time.Duration // the time before counting begins; none with Count
	Duration time.Duration // the time of counting; with Count, the longest that it may take
	Tick     time.Duration // the time between bursts of Rate; 0 means 1 ms
	Coalesce time.Duration // the rest of a reader that has read all there is; 0 means none
	Stall    time.Duration // the run ends if nothing arrives for so long; 0 means 3 s
	Progress io.Writer     // gets a line a second; nil means none
}

// Check finds what cannot be. headers is how many octets of a message stand before the stamp: M2PAHeaders,
// M3UAHeaders, or 0 for a bare message.
func (l *Load) Check(headers int) error {
	switch {
	case l.Size < headers+stampLen || l.Size > 4096:
		return fmt.Errorf("messages of %d octets: %d to 4096 are possible", l.Size, headers+stampLen)
	case l.Window <= 0 && l.Rate <= 0:
		return errors.New("neither a window nor a rate: nothing would be sent")
	case l.Window > 0 && l.Rate > 0:
		return errors.New("a window and a rate exclude each other")
	case l.Duration <= 0:
		return errors.New("a run needs a duration")
	}
	return nil
}

// Run loads the pairs of b, and judges what arrives. An error means that the run did not come to its end. The
// Report tells of losses all the same.
func (b *Bench) Run(ctx context.Context, load Load) (*Report, error) {
	if err := load.Check(b.headers); err != nil {
		return nil, err
	}
	if load.Tick <= 0 {
		load.Tick = time.Millisecond
	}
	if load.Stall <= 0 {
		load.Stall = 3 * time.Second
	}
	price := systemCall()
	*b.load = load
	if load.Count > 0 {
		b.share(load.Count)
		b.load.Warmup = 0
	}
	for _, p := range b.pairs {
		p.running.Store(true)
	}
	done := make(chan struct{})
	for _, p := range b.pairs {
		if load.Rate > 0 {
			go func() { p.pace(load.Rate/float64(len(b.pairs)), load.Tick); done <- struct{}{} }()
		} else {
			p.refill(time.Now())
		}
	}
	r, err := b.watch(ctx)
	for _, p := range b.pairs {
		p.running.Store(false)
	}
	if load.Rate > 0 {
		for range b.pairs {
			<-done
		}
	}
	b.drain()
	b.judge(r)
	r.SystemCall = price
	return r, err
}

// share deals count out to the pairs.
func (b *Bench) share(count uint64) {
	n := uint64(len(b.pairs))
	for i, p := range b.pairs {
		p.quota = count / n
		if uint64(i) < count%n {
			p.quota++
		}
	}
	// A pair without a share would have no bound.
	for len(b.pairs) > 0 && b.pairs[len(b.pairs)-1].quota == 0 {
		b.pairs = b.pairs[:len(b.pairs)-1]
	}
}

// sums gives what was sent and what arrived so far.
func (b *Bench) sums() (sent, received uint64) {
	for _, p := range b.pairs {
		sent += p.total.Load()
		received += p.received.Load()
	}
	return sent, received
}

// watch waits for the end of a run and measures its middle.
func (b *Bench) watch(ctx context.Context) (*Report, error) {
	r := &Report{}
	start := time.Now()
	var begun time.Time // when counting began
	var base, told uint64
	second, moved := start, start
	_, last := b.sums()
	for {
		time.Sleep(10 * time.Millisecond)
		now := time.Now()
		for _, p := range b.pairs {
			p.refill(now) // a full queue may have left a window unfilled
		}
		sent, received := b.sums()
		if begun.IsZero() && now.Sub(start) >= b.load.Warmup {
			begun, base = now, received
			if b.load.Count > 0 {
				begun, base = start, 0
			} else {
				b.forget()
			}
		}
		if !begun.IsZero() {
			r.Elapsed, r.Counted = now.Sub(begun), received-base
		}
		if b.load.Progress != nil && now.Sub(second) >= time.Second {
			fmt.Fprintf(b.load.Progress, "%4.0f s  %d messages/s, %d under way\n", now.Sub(start).Seconds(), received-told,
				int64(sent-received))
			second, told = now, received
		}
		if received != last {
			last, moved = received, now
		}
		switch {
		case ctx.Err() != nil:
			return r, context.Cause(ctx)
		case b.load.Count > 0 && received >= b.load.Count:
			return r, nil
		case b.broken() != "":
			return r, errors.New(b.broken())
		case sent > received && now.Sub(moved) > b.load.Stall:
			return r, fmt.Errorf("nothing has arrived for %v; %d messages are under way", b.load.Stall, sent-received)
		case !begun.IsZero() && now.Sub(begun) >= b.load.Duration:
			if b.load.Count > 0 {
				return r, fmt.Errorf("%d of %d messages have arrived within %v", received, b.load.Count, b.load.Duration)
			}
			return r, nil
		}
	}
}

// forget drops the delays of the warm-up.
func (b *Bench) forget() {
	for _, p := range b.pairs {
		p.mu.Lock()
		p.delays = Histogram{}
		p.mu.Unlock()
	}
}

func (b *Bench) broken() string {
	for _, p := range b.pairs {
		if why := p.lost.Load(); why != nil {
			return fmt.Sprintf("pair %d: %s", p.id, *why)
		}
	}
	return ""
}

// drain waits until all that was sent has arrived, or nothing more comes.
func (b *Bench) drain() {
	moved := time.Now()
	_, last := b.sums()
	for time.Since(moved) < b.load.Stall {
		sent, received := b.sums()
		if received >= sent || b.broken() != "" {
			return
		}
		if received != last {
			last, moved = received, time.Now()
		}
		time.Sleep(time.Millisecond)
	}
}

// judge adds up the flows.
func (b *Bench) judge(r *Report) {
	var delays Histogram
	var total sctp.Stats
	for _, p := range b.pairs {
		st := p.src.stats()
		total.SentMessages += st.SentMessages
		total.SentPackets += st.SentPackets
		if c, ok := p.src.(interface{ congested() uint64 }); ok {
			r.Congested += c.congested()
		}
		p.sending.Lock()
		p.mu.Lock()
		for f := range p.flows {
			x := &p.flows[f]
			r.Sent += p.sent[f]
			r.Received += x.Received
			r.Lost += x.Lost(p.sent[f])
			r.Duplicated += x.Duplicated
			r.Misordered += x.Misordered
		}
		r.Foreign += p.foreign
		delays.Merge(&p.delays)
		p.mu.Unlock()
		p.sending.Unlock()
	}
	r.Pairs, r.Size, r.Window, r.Rate, r.Transport = len(b.pairs), b.load.Size, b.load.Window, b.load.Rate, b.transport
	if r.Elapsed > 0 {
		r.PerSecond = float64(r.Counted) / r.Elapsed.Seconds()
	}
	if total.SentPackets > 0 {
		r.PerPacket = float64(total.SentMessages) / float64(total.SentPackets)
	}
	r.Delay = quantiles(&delays)
}
