package node

import (
	"iter"
	"sync/atomic"

	"github.com/gostp/gostp/association"
	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/sctp"
)

// The owners of associations.
var (
	_ association.Owner = (*level2)(nil)
	_ association.Picky = (*level2)(nil)
	_ association.ASP   = (*m3uaASP)(nil)
	_ association.ASP   = (*m2uaASP)(nil)
)

// associations is what those of all instances share, and what waits until there are any.
type associations struct {
	association.Shared
	waiting atomic.Int64 // octets of what waits for ASPs
	full    atomic.Bool  // it was told that these are too many
}

// newAssociations gives associations what they need of the node.
func (n *Node) newAssociations() *association.Node {
	return &association.Node{
		Context: n.ctx, Log: n.log, Group: &n.group, Shared: &n.associations.Shared, Refused: &n.discards.unknownPeer,
		Config: n.Config, Transport: n.opt.Platform.Transport, Ground: n.groundWhy, Recheck: n.core.recheck,
		Short: n.Short, Stopping: n.stopping.Load, Keepers: n.keepers, Welcome: n.welcome,
		Protocol: func(s *configs.System, port uint16) *association.Protocol {
			if p := n.protocolAt(s, port); p != nil {
				return &p.names
			}
			return nil
		},
		Settled: func(look func()) {
			n.applying.Lock()
			defer n.applying.Unlock()
			look()
		},
	}
}

// keepers gives all that keep an association: links, and interfaces for ASPs, then ASPs.
func (n *Node) keepers() iter.Seq[*association.Keeper] {
	return func(yield func(*association.Keeper) bool) {
		for _, l := range n.level2s() {
			if !yield(&l.Keeper) {
				return
			}
		}
		for a := range n.everyASP() {
			if !yield(&a.Keeper) {
				return
			}
		}
	}
}

// reader makes carry, of an owner of an association, read with a transfer of its own until it is done.
func (n *Node) reader(carry func([]sctp.Item, *transfer) error) (func([]sctp.Item) error, func()) {
	t := new(transfer)
	done := n.readers.enter(t)
	return func(items []sctp.Item) error { return carry(items, t) }, done
}

// stalls are the alarms of far ends that take nothing. A link whose association was given up has an
// alarm of its own, with that reason.
func (n *Node) stalls() (out []mtp3.Alarm) {
	for r := range n.keepers() {
		_, isASP := r.Owner.(association.ASP)
		switch now, givenUp := r.StallAlarm(); {
		case now != "":
			out = append(out, mtp3.Alarm{Severity: mtp3.Warning, Object: "association of " + r.Owner.Name(), Why: now})
		case givenUp != "" && isASP:
			out = append(out, mtp3.Alarm{Severity: mtp3.Minor, Object: r.Owner.Name(), Why: givenUp + "; given up"})
		}
	}
	return out
}
