package node

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/mtpt"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/status"
)

// MTP3 gives the counters of level 3.
func (n *Node) MTP3() status.MTP3 {
	d := &n.discards
	out := status.MTP3{Transferred: d.transferred.Load(), Delivered: d.delivered.Load(), Refused: d.unknownPeer.Load(),
		Discarded: []status.Count{}}
	for r := mtp3.NoReason + 1; r < mtp3.Reasons; r++ {
		out.Discarded = append(out.Discarded, status.Count{Name: r.String(), Value: d.by[r].Load()})
	}
	var s mtp3.Stats
	var doubted []mtp3.Doubted
	var tests mtpt.Stats
	n.core.ask(func() {
		s, doubted = n.core.network.Stats(), n.core.network.Doubted()
		s.In, s.Out = maps.Clone(s.In), maps.Clone(s.Out)
		tests = n.core.mtpt.Stats()
	})
	out.Traces = status.Traces{Answered: tests.Answered, Passed: tests.Passed, TooFast: tests.TooFast}
	out.Tests = status.LinkTests{SLTMIn: s.SLTMIn, SLTMOut: s.SLTMOut, SLTAIn: s.SLTAIn, SLTAOut: s.SLTAOut,
		Failed: s.TestsFailed, Unanswered: s.TestsUnanswered, Unread: s.TestsUnread}
	out.Management = managementStatus(&s, doubted)
	probes := &tests.Probes
	out.Management.Circles = status.Circles{Suspected: probes.Suspected, Sent: probes.Sent, Returned: probes.Returned,
		Unanswered: probes.Unanswered, Proven: probes.Circles, Discarded: d.by[mtp3.Looping].Load()}
	return out
}

func managementStatus(s *mtp3.Stats, doubted []mtp3.Doubted) status.Management {
	out := status.Management{In: s.SNMIn, Out: s.SNMOut, Ignored: s.SNMIgnored, Changeovers: s.Changeovers,
		NoAnswer: s.T2Expired, Forced: s.Forced, Controlled: s.Controlled, DynamicRefused: s.DynamicRefused,
		TestsFailed: s.TestsFailed, Messages: []status.InOut{}, Doubted: []status.Doubted{}}
	all := maps.Clone(s.In)
	maps.Copy(all, s.Out)
	for _, h := range slices.SortedFunc(maps.Keys(all), func(a, b mtp3.Heading) int {
		return cmp.Or(cmp.Compare(a&15, b&15), cmp.Compare(a, b)) // H0 before H1 (Q.704 §15.3)
	}) {
		out.Messages = append(out.Messages, status.InOut{Name: h.String(), In: s.In[h], Out: s.Out[h]})
	}
	for _, d := range doubted {
		out.Doubted = append(out.Doubted, status.Doubted{Message: d.What, Count: d.N, Reason: d.Text()})
	}
	return out
}

// MTP3Timers gives the timers of level 3 that the node has.
func (n *Node) MTP3Timers() (out []status.Setting) {
	add := func(name string, value, usual time.Duration, purpose string) {
		out = append(out, status.Setting{Name: name, ValueMS: value.Milliseconds(), DefaultMS: usual.Milliseconds(),
			Purpose: purpose})
	}
	conf := n.networkConfig(n.Config())
	for _, t := range conf.Timers.TimerList(conf.Variant) {
		add(fmt.Sprintf("T%02d", t.Number), t.Value, t.Default, t.Role)
	}
	add("SLT-T1", conf.SLTT1, mtp3.DefaultSLTT1, "wait for the answer to a link test")
	add("SLT-T2", conf.SLTT2, mtp3.DefaultSLTT2, "between periodic link tests")
	if conf.Timed {
		add("Tx", or(conf.Tx, mtp3.DefaultTxTy), mtp3.DefaultTxTy,
			"queue above the threshold: to the next level of congestion")
		add("Ty", or(conf.Ty, mtp3.DefaultTxTy), mtp3.DefaultTxTy, "queue below the threshold: to the level below")
	}
	return out
}

// historyKeep is how many events History has.
const historyKeep = 500

// remember keeps an event for the history. It runs on the core's goroutine.
func (c *core) remember(ev ss7.Event) {
	if len(c.history) >= historyKeep {
		c.history = append(c.history[:0], c.history[len(c.history)-historyKeep/2:]...)
	}
	c.history = append(c.history, status.Event{Time: time.Now(), Text: ev.Why})
}

// History gives the last events of links, routes and network management, the oldest first.
func (n *Node) History() (events []status.Event) {
	n.core.ask(func() { events = slices.Clone(n.core.history) })
	return events
}

// ForgetHistory empties the history.
func (n *Node) ForgetHistory() { n.core.ask(func() { n.core.history = nil }) }

// Inhibit begins to inhibit a link, or to uninhibit it.
func (n *Node) Inhibit(linkset string, slc uint8, on bool) (err error) {
	n.core.ask(func() {
		n.core.actions, err = n.core.network.SetInhibit(time.Now(), linkset, slc, on, n.core.actions)
	})
	return err
}
