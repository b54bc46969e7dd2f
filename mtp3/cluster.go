package mtp3

import (
	"time"

	"github.com/gostp/gostp/routing"
	"github.com/gostp/gostp/ss7"
)

// Clusters (T1.111.4 §13). ANSI has messages about all codes that share network and cluster; their
// affected code has member 0. TCP, TCR and TCA say of every member what TFP, TFR and TFA say of
// one. A member whose state is another is named in a message behind them, and is kept here as a
// dynamic destination: together these are the exclusion list of T1.111.4. Neighbours are told of a
// cluster that has a destination of its own, be it a route of 16 bits or a dynamic one.

const clusterBits = 16

// clusterOf is the cluster of pc.
func clusterOf(pc ss7.PC) ss7.Range { return ss7.Range{PC: pc &^ 0xff, Len: clusterBits} }

func isCluster(v *ss7.Variant, bits uint8) bool { return v == ss7.ANSI && bits == clusterBits }

func (n *Network) isCluster(r ss7.Range) bool { return isCluster(n.cfg.Variant, r.Len) }

// TransferHeading is the message that says state of a destination of so many bits.
func TransferHeading(state routing.RouteState, bits uint8, v *ss7.Variant) Heading {
	h := sayings[state]
	if isCluster(v, bits) {
		h = asCluster[h]
	}
	return h
}

// Said tells who has said that route j of destination i is not allowed, and by which message: the
// adjacent point by TFP or TFR, the gateway behind a server by DUNA or DRST (RFC 4666 §3.4).
func Said(t *routing.Table, i, j int, format func(ss7.PC) string) (who, message string) {
	d, state := &t.Dests[i], t.RouteState(i, j)
	set := &t.Linksets[d.Routes[j].Linkset]
	switch {
	case !set.Server:
		return format(set.Adjacent), TransferHeading(state, d.Range.Len, t.Variant).String()
	case state == routing.Restricted:
		return set.Name, advice[ss7.Restricted]
	}
	return set.Name, advice[ss7.Pause]
}

// asCluster gives the message about a cluster that says what h says of a member.
var asCluster = map[Heading]Heading{TFP: TCP, TFR: TCR, TFA: TCA, RST: RCP, RSR: RCR}

// about is the message with heading h, or the one for clusters, about r.
func (n *Network) about(h Heading, r ss7.Range) Management {
	if n.isCluster(r) {
		h = asCluster[h]
	}
	return Management{Heading: h, PC: r.PC}
}

// recvCluster handles TCP, TCR and TCA from the adjacent point opc: it concerns the cluster
// and every member that has a route over opc.
func (l *link) recvCluster(now time.Time, msu *ss7.MSU, m Management, out []ss7.Action) []ss7.Action {
	n, opc := l.net, msu.OPC
	said, r := saying[m.Heading], clusterOf(m.PC)
	if !n.isAdjacent(opc) {
		return n.ignore(out, "%v about %s from %s ignored: the sender is not adjacent", m.Heading, n.format(m.PC),
			n.format(opc))
	}
	over := func(ls int) bool { return n.leadsTo(ls, opc) }
	if _, there := n.plan.Exact(r); !there {
		i := n.plan.Covering(r)
		if i >= 0 && n.dests[i].differs(said, over) && n.dests[i].over(opc) && !n.addDynamic(i, r) {
			return n.ignore(out, "cluster %s is said to be %v by %s, but there are %d dynamic routes already", n.format(r.PC),
				said, n.format(opc), len(n.dynamic))
		}
	}
	i, there := n.plan.Exact(r)
	asked := there && n.dests[i].over(opc)
	var changed []*destination
	for i := range n.plan.Dests {
		d := n.plan.Dests[i].Range
		if d.Len < r.Len || !r.Contains(d.PC, n.cfg.Variant.Bits()) || d == n.single(opc) {
			continue
		}
		if n.dests[i].hear(now, opc, said, d == r || !asked) {
			changed = append(changed, n.dests[i])
		}
	}
	if len(changed) == 0 {
		return out
	}
	n.reroute(now, changed, said)
	return out
}

// recvClusterTest handles RCP and RCR. A node with routes to single members alone says nothing of
// the cluster.
func (l *link) recvClusterTest(now time.Time, msu *ss7.MSU, m Management, out []ss7.Action) []ss7.Action {
	n, opc := l.net, msu.OPC
	if !n.isAdjacent(opc) {
		return n.ignore(out, "%v about %s from %s, which is not adjacent", m.Heading, n.format(m.PC), n.format(opc))
	}
	r := clusterOf(m.PC)
	i, ok := n.plan.Exact(r)
	if !ok {
		i = n.plan.Covering(r)
	}
	if n.own.on || i < 0 {
		return out
	}
	s := l.setOf(opc)
	thinks := map[Heading]routing.RouteState{RCP: routing.Prohibited, RCR: routing.Restricted}[m.Heading]
	if is := s.advice(n.dests[i]); is != thinks {
		return s.correct(now, is, r, out)
	}
	return out
}

// tellClusters tells the adjacent point of s of clusters. That point takes what it hears for all
// members, so it is told of members with another state once more, behind the cluster.
func (s *linkset) tellClusters(now time.Time, out []ss7.Action) []ss7.Action {
	var changed map[ss7.PC]routing.RouteState
	out = s.tellKind(now, tellsCluster, func(d *destination, state routing.RouteState) {
		if changed == nil {
			changed = map[ss7.PC]routing.RouteState{}
		}
		changed[d.PC] = state
	}, out)
	if len(changed) == 0 {
		return out
	}
	for _, kind := range [...]subject{tellsCode, tellsPoint} {
		for _, d := range s.net.tellable[kind] {
			if state, ok := changed[clusterOf(d.PC).PC]; ok {
				s.setTold(d, state)
				s.owe(d)
			}
		}
	}
	return out
}
