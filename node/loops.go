package node

import (
	"time"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/sccp"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/tester"
)

// Loop protection (package mtpt) where it touches the way of an MSU.

// loopTitle is a called address, as it is coded, and the linkset or AS by which messages with it come.
type loopTitle struct{ linkset, title string }

// suspect has the core find out whether m, which came by path from, goes in a circle.
func (n *Node) suspect(from ss7.PathID, m *ss7.MSU) {
	if n.Config().LoopProtection == configs.IgnoreLoops {
		return
	}
	k := keep(m, from)
	n.core.do(func() { n.core.mtpt.Suspect(time.Now(), from, &k.msu) })
}

// leavesNode tells whether what leaves by path may come back: the path is that of a link, or of an AS that leads to
// gateways.
func (v *view) leavesNode(path ss7.PathID) bool {
	if path.IsHold() {
		return false
	}
	s := v.server(path)
	return v.link(path) != nil || s != nil && s.senders.Load() != nil
}

// probeBack takes an MSU of SI 8 that came by path from, if it is a probe of this node's own.
func (n *Node) probeBack(v *view, m *ss7.MSU, from ss7.PathID) bool {
	return m.SI == ss7.MTPT && from != 0 && n.ownProbe(v, m.Payload, from)
}

// titleProbeBack takes a message for SCCP of this node, if it is a probe of this node's own.
func (n *Node) titleProbeBack(v *view, m *ss7.MSU, from ss7.PathID) bool {
	if !n.core.mtpt.titleProbes.Load() {
		return false
	}
	msg, err := sccp.Parse(m.Payload)
	if err != nil {
		return false
	}
	return n.ownProbe(v, msg.Data, from)
}

// ownProbe takes what came by path from if it is a probe with a code of this node as its origin.
func (n *Node) ownProbe(v *view, payload []byte, from ss7.PathID) bool {
	number, origin, ok := tester.ParseProbe(payload)
	if !ok {
		return false
	}
	if _, _, own := v.table.Dest(origin); !own {
		return false
	}
	n.claimBack(number, from)
	return true
}

// probesMost is how many probes that came back may wait for the core: anybody can write one
// with a code of this node as its origin, as fast as a line carries them.
const probesMost = 64

// claimBack has the core find out whether it has sent the probe of a number.
func (n *Node) claimBack(number uint64, from ss7.PathID) {
	if n.core.mtpt.probesBack.Add(1) > probesMost {
		n.core.mtpt.probesBack.Add(-1)
		return
	}
	n.core.do(func() {
		n.core.mtpt.probesBack.Add(-1)
		n.core.mtpt.carry(n.core.mtpt.ProbeBack(time.Now(), number, from, nil))
	})
}

// passes tells whether m goes on although what goes round in its circle is discarded. The probe of another node does,
// so that the other node finds out whether the circle is still there.
func passes(v *view, d mtp3.Verdict, m *ss7.MSU, from ss7.PathID) bool {
	return d.Reason == mtp3.Looping && m.SI == ss7.MTPT && tester.IsProbe(m.Payload) &&
		!d.Path.IsHold() && v.table.Name(d.Path) != v.table.Name(from)
}

// barredTitle tells whether a message for a title is discarded because it goes round.
func (v *view) barredTitle(m *ss7.MSU, from ss7.PathID) bool {
	if v.loopTitles == nil {
		return false
	}
	msg, err := sccp.Parse(m.Payload)
	if err != nil {
		return false
	}
	return v.loopTitles[loopTitle{v.table.Name(from), string(msg.Called)}]
}
