package bench

import (
	"fmt"
	"io"
	"os"
	"time"
)

// Report is the outcome of a run.
type Report struct {
	What      string  `json:"what"`    // "m2pa", "m3ua" or "sctp"
	Through   string  `json:"through"` // what is between source and sink
	Transport string  `json:"transport"`
	Pairs     int     `json:"pairs"`
	Size      int     `json:"octets"` // of each SCTP message
	Single    bool    `json:"single"` // each message had a packet of its own
	Window    int     `json:"window,omitempty"`
	Rate      float64 `json:"rate,omitempty"` // the rate that was asked for

	// These count all messages of the run, from the first to the last.
	Sent       uint64 `json:"sent"`
	Received   uint64 `json:"received"` // duplicates apart
	Lost       uint64 `json:"lost"`
	Duplicated uint64 `json:"duplicated"`
	Misordered uint64 `json:"misordered"` // within their SLS
	Foreign    uint64 `json:"foreign"`    // messages that do not belong to this run
	Congested  uint64 `json:"congested"`  // SCON that M3UA sources were told

	// These were measured after the warm-up.
	Counted   uint64        `json:"counted"`
	Elapsed   time.Duration `json:"elapsed_ns"`
	PerSecond float64       `json:"per_second"`
	Delay     Quantiles     `json:"delay_us"`

	// PerPacket is how many messages the sources put into a packet. Packets without messages count too. It is 0 if
	// the transport does not tell.
	PerPacket float64 `json:"messages_per_packet,omitempty"`

	// SystemCall is the price of a system call that does nothing, before the run, in microseconds. It is 0.1 on
	// most machines, and up to hundreds of times that in a guest whose processes are traced. Figures of runs with
	// different prices do not compare.
	SystemCall float64 `json:"system_call_us"`

	// ForwarderCPU is the processor time of the program between source and sink, for each message of the whole
	// run. It includes the start of that program. It is 0 if there is none.
	ForwarderCPU float64 `json:"forwarder_cpu_us,omitempty"`
}

// Quantiles are those of the time until the sink has read a message, in microseconds. The time begins when the
// message was sent or, with a rate, when it should have been sent.
type Quantiles struct {
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p99_9"`
	Max  float64 `json:"max"`
}

func quantiles(h *Histogram) Quantiles {
	us := func(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
	return Quantiles{us(h.Quantile(0.5)), us(h.Quantile(0.9)), us(h.Quantile(0.99)), us(h.Quantile(0.999)), us(h.Max())}
}

// systemCall measures the price of a system call, in microseconds.
func systemCall() float64 {
	const calls = 1000
	start := time.Now()
	for range calls {
		os.Getppid()
	}
	return float64(time.Since(start)) / calls / float64(time.Microsecond)
}

// Fault says what is wrong with the outcome; "" if nothing is. With a rate, losses are a finding and not a
// fault, because more may be sent than can be carried.
func (r *Report) Fault() string {
	if r.Duplicated > 0 || r.Misordered > 0 || r.Lost > 0 && r.Window > 0 {
		return fmt.Sprintf("%d lost, %d duplicated, %d misordered of %d", r.Lost, r.Duplicated, r.Misordered, r.Sent)
	}
	if r.Received == 0 {
		return "nothing was received"
	}
	return ""
}

// Print writes r for a person.
func (r *Report) Print(w io.Writer) {
	mode := fmt.Sprintf("window %d", r.Window)
	if r.Window == 0 {
		mode = fmt.Sprintf("%.0f/s wanted", r.Rate)
	}
	bundles := ""
	if r.Single {
		bundles = ", a packet for each"
	}
	fmt.Fprintf(w, "%s, %s: %d pairs, %s, messages of %d octets%s; %s\n", r.What, r.Through, r.Pairs, mode, r.Size,
		bundles, r.Transport)
	fmt.Fprintf(w, "  %.0f messages/s (%d in %.2f s)\n", r.PerSecond, r.Counted, r.Elapsed.Seconds())
	fmt.Fprintf(w, "  sent %d, received %d, lost %d, duplicated %d, misordered %d, foreign %d\n", r.Sent, r.Received,
		r.Lost, r.Duplicated, r.Misordered, r.Foreign)
	if r.Congested > 0 {
		fmt.Fprintf(w, "  the sources were told of congestion (SCON) %d times\n", r.Congested)
	}
	if r.PerPacket > 0 {
		fmt.Fprintf(w, "  %.1f messages in a packet of the sources\n", r.PerPacket)
	}
	if r.Single && r.PerPacket > 1.05 {
		fmt.Fprintf(w, "  NOTE: a packet for each message was asked for; this transport bundles all the same\n")
	}
	d := r.Delay
	fmt.Fprintf(w, "  delay in us: half within %.0f, 90 %% %.0f, 99 %% %.0f, 99.9 %% %.0f, all %.0f\n", d.P50, d.P90,
		d.P99, d.P999, d.Max)
	fmt.Fprintf(w, "  a system call costs %.2f us on this machine\n", r.SystemCall)
	if r.ForwarderCPU > 0 {
		fmt.Fprintf(w, "  processor time of what is between: %.2f us for each message\n", r.ForwarderCPU)
	}
}
