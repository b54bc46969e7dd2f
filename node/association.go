package node

import (
	"iter"
	"sync/atomic"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/sctp"
)

// associations is what those of all instances share, and what waits until there are any.
type associations struct {
	assocShared
	waiting atomic.Int64 // octets of what waits for ASPs
	full    atomic.Bool  // it was told that these are too many
}

// newAssociations gives associations what they need of the node.
func (n *Node) newAssociations() *assocNode {
	return &assocNode{
		ctx: n.ctx, log: n.log, group: &n.group, all: &n.associations.assocShared, refused: &n.discards.unknownPeer,
		config: n.Config, transport: n.opt.Platform.Transport, ground: n.groundWhy, recheck: n.core.recheck,
		short: n.Short, stopping: n.stopping.Load, keepers: n.keepers, welcome: n.welcome,
		protocol: func(s *configs.System, port uint16) *assocProtocol {
			if p := n.protocolAt(s, port); p != nil {
				return &p.names
			}
			return nil
		},
		settled: func(look func()) {
			n.applying.Lock()
			defer n.applying.Unlock()
			look()
		},
	}
}

// keepers gives all that keep an association: links, and interfaces for ASPs, then ASPs.
func (n *Node) keepers() iter.Seq[*runner] {
	return func(yield func(*runner) bool) {
		for _, l := range n.level2s() {
			if !yield(&l.runner) {
				return
			}
		}
		for a := range n.everyASP() {
			if !yield(&a.runner) {
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
		_, isASP := r.owner.(assocASP)
		switch now, givenUp := r.stallAlarm(); {
		case now != "":
			out = append(out, mtp3.Alarm{Severity: mtp3.Warning, Object: "association of " + r.owner.name(), Why: now})
		case givenUp != "" && isASP:
			out = append(out, mtp3.Alarm{Severity: mtp3.Minor, Object: r.owner.name(), Why: givenUp + "; given up"})
		}
	}
	return out
}
