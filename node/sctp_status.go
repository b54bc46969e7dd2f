package node

import (
	"slices"
	"time"

	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/status"
)

// SCTP gives the counters of all transports in use, less what they had when they were cleared, and the memory that
// associations share.
func (n *Node) SCTP() status.SCTP {
	out := status.SCTP{Memory: n.sharedMemory(), Transports: []status.TransportUsed{}, Sum: []status.Count{}}
	var transports []sctp.Transport
	var counters [][]sctp.Counter
	for _, p := range n.allCarriers() {
		t := p.Over()
		if t == nil {
			continue
		}
		i := slices.Index(transports, t)
		if i < 0 {
			i = len(transports)
			transports, counters = append(transports, t), append(counters, t.Counters())
			out.Transports = append(out.Transports, status.TransportUsed{Name: t.Name(), Counters: []status.Count{}})
		}
		out.Transports[i].Ports = append(out.Transports[i].Ports, p.Number)
	}
	n.applying.Lock()
	defer n.applying.Unlock()
	out.Cleared = n.cleared
	for i, t := range transports {
		for _, c := range counters[i] {
			if base := n.baseline[t][c.Name]; base <= c.Value {
				c.Value -= base
			}
			x := status.Count(c)
			out.Transports[i].Counters = append(out.Transports[i].Counters, x)
			out.Sum = sum(out.Sum, x)
		}
	}
	return out
}

// sum adds a counter to the one of the same name.
func sum(all []status.Count, c status.Count) []status.Count {
	if i := slices.IndexFunc(all, func(x status.Count) bool { return x.Name == c.Name }); i >= 0 {
		all[i].Value += c.Value
		return all
	}
	return append(all, c)
}

func (n *Node) sharedMemory() status.SharedMemory {
	in, out := n.associations.Memory.State(), n.associations.Backlog.State()
	return status.SharedMemory{Fragments: in.Held, FragmentsMax: in.Most, Ended: in.Ended, Outgoing: out.Held,
		OutgoingMax: out.Most, Refused: out.Refused, ForASPs: n.associations.waiting.Load(), ForASPsMax: waitMost,
		ForLocal: n.users.waiting(), ForLocalMax: inboxAll}
}

// ClearSCTP lets the counters of transports be shown as if they began now. The transports are the machine's and may
// serve others, so they go on counting; the node remembers what they have counted so far.
func (n *Node) ClearSCTP() {
	base := map[sctp.Transport]map[string]uint64{}
	for _, p := range n.allCarriers() {
		if t := p.Over(); t != nil {
			base[t] = map[string]uint64{}
			for _, x := range t.Counters() {
				base[t][x.Name] = x.Value
			}
		}
	}
	n.applying.Lock()
	defer n.applying.Unlock()
	n.baseline, n.cleared = base, time.Now()
}
