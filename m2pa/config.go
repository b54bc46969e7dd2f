package m2pa

import (
	"time"

	"github.com/gostp/gostp/ss7"
)

// Config is what a Link is set up with. Timers are those of Q.703 §12.3.
type Config struct {
	Variant *ss7.Variant
	T1      time.Duration // aligned, waiting for Ready
	T2      time.Duration // not aligned
	T3      time.Duration // aligned, waiting for proving
	T4n     time.Duration // normal proving
	T4e     time.Duration // emergency proving
	T6      time.Duration // far end busy
	T7      time.Duration // far end does not acknowledge
	Proving time.Duration // between proving messages
	Status  time.Duration // between repeats of a status that nothing answers

	AckDelay time.Duration // an acknowledgement waits so long for data to travel with
	AckEvery int           // but no longer than so many messages

	QueueMax int // messages sent and not acknowledged, and waiting to be sent

	// Congestion thresholds in messages of the queue, levels 1 to 3 (Q.704 §3.8):
	// a level is reached above Onset and left below Abate. Discard counts only with
	// Priorities.
	Onset, Abate, Discard [3]int

	// Priorities says that MSUs have priorities, and that congestion has three levels (ANSI,
	// some national networks): above the Discard threshold of level n, MSUs of a priority
	// below n are not sent (Q.704 §2.3.5.2, §3.8.2.3). Elsewhere there is one level, and
	// all are sent until the queue is full.
	Priorities bool

	// Shared says that several users share the link, and find out one after the other that it has ended.
	// MSUs that come after a retrieval then wait for the next one; without Shared they are refused.
	Shared bool
}

// DefaultConfig is Q.703's timers where they fit IP, and the values that Cisco's
// ITP shows for M2PA where Q.703 leaves a range. T7 lies above the SCTP
// retransmission time-out plus delayed acknowledgement, or one lost packet would
// fail the link.
func DefaultConfig() Config {
	return Config{
		Variant: ss7.ITU,
		T1:      45 * time.Second, T2: 60 * time.Second,
		T3: 2 * time.Second, T4n: 8 * time.Second, T4e: 500 * time.Millisecond,
		T6: 4 * time.Second, T7: 2 * time.Second, Proving: 100 * time.Millisecond, Status: time.Second,
		AckDelay: 20 * time.Millisecond, AckEvery: 16,
		QueueMax: 8192, Onset: [3]int{4096, 6144, 7168}, Abate: [3]int{2048, 5120, 6656}, Discard: [3]int{5120, 6656, 7680},
	}
}
