package mtpt

import (
	"slices"
	"time"

	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/status"
	"github.com/gostp/gostp/tester"
)

// Oracle is what the node knows of paths and destinations, in words. Any goroutine may ask.
type Oracle interface {
	// CannotReach says what stands in the way of the messages of a test now; empty: nothing that is known here.
	CannotReach(cfg tester.Config) string
	// RoutesDown says why no route works to the destination of a test now; empty: one does, or no route is in question.
	RoutesDown(cfg tester.Config) string
	// Lost says what is known of a path by which messages were lost that left since then. beyond: they were lost behind
	// it, as far as is known.
	Lost(path ss7.PathID, since time.Time) (name, why string, beyond bool)
	// SharedCode has a sentence for each adjacent code, on the way to a point, to which two linksets lead.
	SharedCode(pc ss7.PC) []string
}

// Outcome is what a test has found, with what is known of the messages that were lost.
func Outcome(o Oracle, f ss7.Notation, cfg tester.Config, r *tester.Report) status.Ping {
	out := status.Ping{Destination: f.Format(cfg.DPC), Origin: f.Format(cfg.OPC), TimeoutMS: cfg.Timeout.Milliseconds(),
		Sent: r.Sent, Received: r.Received, Refused: r.Refused,
		Duplicated: r.Duplicated, Misordered: r.Misordered, Late: r.Late, NoUser: r.NoUser,
		MinMS: r.Min.Milliseconds(), AvgMS: r.Avg.Milliseconds(), MaxMS: r.Max.Milliseconds()}
	seconds := max(1, r.Elapsed.Seconds())
	a := func(count int) int { return int(float64(count)/seconds + 0.5) }
	kbit := func(octets int) int { return int(float64(octets) * 8 / 1000 / seconds) }
	out.InRate, out.InKbit = a(r.Received), kbit(r.RecvOctets)
	out.OutRate, out.OutKbit = a(r.Sent), kbit(r.SentOctets)
	verdict(o, &out, cfg, r)
	out.Warnings = append([]string{}, o.SharedCode(cfg.DPC)...)
	return out
}

// lostBy is about the lost messages that left by one path.
type lostBy struct {
	path  ss7.PathID
	sls   []int
	count int
	since time.Time // when the first of them left
}

// verdict adds to out, by cause, what became of the messages that nothing answered.
func verdict(o Oracle, out *status.Ping, cfg tester.Config, r *tester.Report) {
	out.Losses, out.AllAnswered = []status.Loss{}, []int{}
	if r.Refused > 0 {
		out.Refusal = &status.Refusal{Reason: r.Why, Now: o.CannotReach(cfg), SLS: refusedSLS(r)}
	}
	if lost := r.Sent - r.Received - r.Refused; lost <= 0 || r.NoUser && r.Received == 0 {
		return
	}
	beyond := false
	for _, x := range lostFlows(r.Flows) {
		way, why, far := o.Lost(x.path, x.since)
		beyond = beyond || far
		out.Losses = append(out.Losses, status.Loss{Count: x.count, SLS: x.sls, SentBy: way, Reason: why, Beyond: far})
	}
	for _, x := range r.Flows {
		if x.Answered > 0 && x.Lost.IsZero() && !slices.Contains(out.AllAnswered, int(x.SLS)) {
			out.AllAnswered = append(out.AllAnswered, int(x.SLS))
		}
	}
	if beyond {
		out.NoRouteNow = o.RoutesDown(cfg)
	}
}

// refusedSLS are the SLS values whose messages could not be sent; nil: this is so of all of them.
func refusedSLS(r *tester.Report) (sls []int) {
	some := false
	for _, f := range r.Flows {
		if f.Refused > 0 && !slices.Contains(sls, int(f.SLS)) {
			sls = append(sls, int(f.SLS))
		}
		some = some || f.Refused < f.Sent
	}
	if !some {
		return nil
	}
	return sls
}

// lostFlows groups the flows with lost messages by path.
func lostFlows(flows []tester.Flow) (out []lostBy) {
	for _, f := range flows {
		if f.Lost.IsZero() {
			continue
		}
		i := slices.IndexFunc(out, func(x lostBy) bool { return x.path == f.Path })
		if i < 0 {
			i = len(out)
			out = append(out, lostBy{path: f.Path, since: f.Lost})
		}
		x := &out[i]
		x.sls = append(x.sls, int(f.SLS))
		x.count += f.Sent - f.Answered - f.Refused
		if f.Lost.Before(x.since) {
			x.since = f.Lost
		}
	}
	return out
}
