package bench

import (
	"encoding/binary"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/gostp/gostp/internal/lock"
	"github.com/gostp/gostp/sctp"
)

// A stamp stands at the head of every payload: run, kind, flow, number, time.
const stampLen = 24

const (
	kindData  = iota
	kindProbe // asks whether the way is open; it is not counted
)

// Flows is how many flows a pair has: the SLS values of ITU.
const Flows = 16

// source sends messages of one pair.
type source interface {
	// send makes and sends up to n messages, and gives how many were taken. fill writes the payload of the next
	// one and gives its flow. undo is called for each message that was filled and not taken, the last first.
	send(now time.Time, n int, fill func(payload []byte) (flow uint8), undo func(flow uint8)) (int, error)
	// open tells whether the way to the far end stands, or why not.
	open() (bool, string)
	stats() sctp.Stats // the statistics of its association
}

// pair is one source, its sink, and what both must know.
type pair struct {
	id    uint16
	run   uint32
	epoch time.Time
	load  *Load
	src   source
	quota uint64 // how many messages to send in all; 0 means no bound

	sending lock.Mutex[lock.BenchSending] // guards what follows
	sent    [Flows]uint64
	turn    uint8
	stamp   time.Duration // the time in the stamps of the messages that are being made
	probe   bool
	fill    func([]byte) uint8
	undo    func(uint8)

	total    atomic.Uint64 // how many were sent
	received atomic.Uint64 // how many were counted at the sink, whatever they were
	running  atomic.Bool
	probed   atomic.Bool
	lost     atomic.Pointer[string] // why the way is not open any more

	mu      lock.Mutex[lock.BenchCount] // guards what follows, which the sink's reader keeps
	flows   [Flows]Flow
	delays  Histogram
	foreign uint64 // messages that do not belong to the run
}

func newPair(id int, load *Load, epoch time.Time) *pair {
	p := &pair{id: uint16(id), run: rand.Uint32(), epoch: epoch, load: load}
	p.fill, p.undo = p.write, p.unwrite // made once here, else each batch would allocate them
	return p
}

// write writes a stamp and gives the flow. The caller holds sending.
func (p *pair) write(b []byte) uint8 {
	f := p.turn
	binary.BigEndian.PutUint32(b, p.run)
	b[4], b[5] = kindData, f
	binary.BigEndian.PutUint16(b[6:], p.id)
	binary.BigEndian.PutUint64(b[8:], p.sent[f])
	binary.BigEndian.PutUint64(b[16:], uint64(p.stamp))
	if p.probe {
		b[4] = kindProbe
		return f
	}
	p.sent[f]++
	p.turn = (f + 1) % Flows
	return f
}

func (p *pair) unwrite(f uint8) {
	if !p.probe {
		p.sent[f]--
		p.turn = f
	}
}

// sendProbe asks whether the way is open.
func (p *pair) sendProbe() {
	p.sending.Lock()
	defer p.sending.Unlock()
	p.probe = true
	_, _ = p.src.send(time.Now(), 1, p.fill, p.undo) // if this one does not leave, the next one will
	p.probe = false
}

// left gives how many of n messages may still be sent under the quota.
func (p *pair) left(n int) int {
	if p.quota == 0 {
		return n
	}
	return int(min(uint64(n), p.quota-p.total.Load()))
}

// refill sends what the window has room for.
func (p *pair) refill(now time.Time) {
	if !p.running.Load() || p.load.Window == 0 || !p.sending.TryLock() {
		return // the goroutine that sends now, or the next batch, sees the room that there is
	}
	defer p.sending.Unlock()
	n := p.left(p.load.Window - int(p.total.Load()-p.received.Load()))
	if n <= 0 {
		return
	}
	p.stamp = now.Sub(p.epoch)
	p.put(now, n)
}

// put sends up to n messages. The caller holds sending.
func (p *pair) put(now time.Time, n int) int {
	n, err := p.src.send(now, n, p.fill, p.undo)
	p.total.Add(uint64(n))
	if err != nil {
		p.fail(err.Error())
	}
	return n
}

func (p *pair) fail(why string) { p.lost.CompareAndSwap(nil, &why) }

// take judges one message at the sink. The caller holds mu.
func (p *pair) take(now time.Duration, b []byte) (counted bool) {
	if len(b) < stampLen || binary.BigEndian.Uint32(b) != p.run || binary.BigEndian.Uint16(b[6:]) != p.id ||
		b[5] >= Flows {
		p.foreign++
		return false
	}
	if b[4] == kindProbe {
		p.probed.Store(true)
		return false
	}
	p.flows[b[5]].See(binary.BigEndian.Uint64(b[8:]))
	p.delays.Add(now - time.Duration(binary.BigEndian.Uint64(b[16:])))
	return true
}

// pace sends by the clock until the pair no longer runs: rate messages a second, in bursts that are a tick
// apart. Each message is stamped with the time at which it should have gone. So the delays include a stall of
// the tool, or of a full queue.
func (p *pair) pace(rate float64, tick time.Duration) {
	tick = max(tick, time.Duration(float64(time.Second)/rate))
	burst := rate * tick.Seconds()
	start := time.Now()
	for k := 0; p.running.Load(); {
		now := time.Now()
		for ; !start.Add(time.Duration(k) * tick).After(now); k++ {
			at := start.Add(time.Duration(k) * tick)
			p.burst(at.Sub(p.epoch), int(float64(k+1)*burst)-int(float64(k)*burst))
		}
		time.Sleep(time.Until(start.Add(time.Duration(k) * tick)))
	}
}

func (p *pair) burst(stamp time.Duration, n int) {
	for n = p.left(n); n > 0 && p.running.Load(); {
		p.sending.Lock()
		p.stamp = stamp
		sent := p.put(time.Now(), min(n, batchSize))
		p.sending.Unlock()
		if n -= sent; sent == 0 {
			time.Sleep(time.Millisecond) // the queue is full
		}
	}
}
