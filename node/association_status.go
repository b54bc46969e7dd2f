package node

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/status"
)

// assocView is an association, or why there is none.
type assocView struct {
	id       uint32
	status   *sctp.Status // nil: none
	why      string
	attempts uint64
	last     ended
	settings settings
	local    sctp.Addr
	remote   sctp.Addr
	tcp      bool // it is a TCP connection
}

func (l *runner) view() assocView {
	l.mu.Lock()
	v := assocView{id: l.assocID, why: l.assocWhy, attempts: l.attempts, last: l.last, settings: l.settings}
	v.tcp = l.port != nil && l.port.kind == configs.TCP
	a := l.assoc
	l.mu.Unlock()
	if a == nil {
		return v
	}
	s := a.Status()
	v.status, v.local, v.remote = &s, a.Local(), a.Remote()
	return v
}

// none says why there is no association, and how often one was tried.
func (v *assocView) none() string {
	switch v.attempts {
	case 0:
		return v.why
	case 1:
		return v.why + "; 1 attempt"
	}
	return fmt.Sprintf("%s; %d attempts", v.why, v.attempts)
}

// transport is the association below a link: its own, or that of its gateway.
func (l *level2) transport() *status.Association {
	v := l.bearer.assocView()
	return v.snapshot()
}

// snapshot is an association as a plain value.
func (v *assocView) snapshot() *status.Association {
	out := &status.Association{State: "none", TCP: v.tcp, Reason: v.why, Attempts: v.attempts, Paths: []status.Path{}}
	if !v.last.at.IsZero() {
		out.Before = &status.Ended{Began: v.last.at.Add(-v.last.lasted), Ended: v.last.at, Reason: v.last.why}
	}
	s := v.status
	if s == nil {
		return out
	}
	out.ID, out.State, out.Reason, out.Since = v.id, s.State, "", s.Since
	out.Local, out.LocalPort = texts(v.local.IPs), v.local.Port
	out.Remote, out.RemotePort = texts(v.remote.IPs), v.remote.Port
	out.LocalTag, out.RemoteTag, out.LastError = s.LocalTag, s.RemoteTag, s.LastError
	out.OutStreams, out.InStreams = s.OutStreams, s.InStreams
	out.QueuedOut, out.QueuedIn, out.FarEndHasRoom = s.SendQueued, s.RecvQueued, s.PeerWindow
	for i := range s.Paths {
		out.Paths = append(out.Paths, pathStatus(&s.Paths[i]))
	}
	x := &s.Stats
	out.Counters = status.AssociationCounts{MessagesIn: x.RecvMessages, MessagesOut: x.SentMessages,
		OctetsIn: x.RecvOctets, OctetsOut: x.SentOctets, PacketsIn: x.RecvPackets, PacketsOut: x.SentPackets,
		ChunksIn: x.RecvChunks, ChunksOut: x.SentChunks, Retransmits: x.Retransmits,
		FastRetransmits: x.FastRetransmits, Timeouts: x.Timeouts, Duplicates: x.Duplicates, Discarded: x.Discarded}
	return out
}

func pathStatus(p *sctp.PathStatus) status.Path {
	out := status.Path{Address: p.Addr.String(), Active: p.Active, Reason: p.Why, Primary: p.Primary,
		Confirmed: p.Confirmed, RTOMS: p.RTO.Round(time.Millisecond).Milliseconds(),
		SRTTUS: p.SRTT.Round(time.Microsecond).Microseconds(), CWND: p.CWND, SSThresh: p.SSThresh, InFlight: p.InFlight,
		MTU: p.MTU, Errors: p.Errors, Resent: p.Resent, Heartbeats: p.Heartbeats}
	if p.Local.IsValid() {
		out.Local = p.Local.String()
	}
	return out
}

func texts(ips []netip.Addr) []string {
	out := make([]string, 0, len(ips))
	for _, ip := range ips {
		out = append(out, ip.String())
	}
	return out
}

// holder is who has an association, or would have one: a link, an interface that this node
// offers, an ASP.
type holder struct {
	*runner
	linkset string // of a link
	slc     uint8
	title   string // in a column
}

// holders are those of this instance in their order: links, interfaces offered by M2UA, ASPs
// of M3UA, ASPs of M2UA, each kind by name.
func (n *Node) holders() []holder {
	var out, more []holder
	n.applying.Lock()
	for key, l := range n.links {
		if !l.cfg.IsM2UA() { // its association is its gateway's
			out = append(out, holder{&l.runner, key.linkset, key.slc, fmt.Sprintf("%s %d", key.linkset, key.slc)})
		}
	}
	n.applying.Unlock()
	slices.SortFunc(out, func(a, b holder) int {
		return cmp.Or(strings.Compare(a.linkset, b.linkset), cmp.Compare(a.slc, b.slc))
	})
	for _, i := range *n.m2ua.interfaces.Load() {
		more = append(more, holder{runner: &i.link.runner, title: "interface " + i.name})
	}
	for a := range n.everyASP() {
		more = append(more, holder{runner: &a.runner, title: a.topic + " ASP " + a.title})
	}
	slices.SortFunc(more, func(a, b holder) int { return strings.Compare(a.title, b.title) })
	return append(out, more...)
}

// Associations gives a picture of the associations, and of those that there should be.
func (n *Node) Associations() []status.AssociationUse {
	out := []status.AssociationUse{}
	for _, k := range n.holders() {
		out = append(out, k.snapshot())
	}
	return out
}

func (k *holder) snapshot() status.AssociationUse {
	v := k.view()
	out := status.AssociationUse{Instance: k.node.number, Owner: k.owner.name(), UsedBy: k.node.at() + k.title,
		Linkset: k.linkset, Port: k.where.localPort, FarEnd: k.far(&v), WithWhom: k.farEnd(), Association: v.snapshot(),
		Settings: v.settings.snapshot()}
	if k.linkset != "" {
		out.SLC = &k.slc
	}
	if v.status == nil {
		return out
	}
	out.Carrier = k.port.carrier()
	for _, ip := range k.where.remote {
		paths := v.status.Paths
		if len(paths) > 0 && !slices.ContainsFunc(paths, func(p sctp.PathStatus) bool { return p.Addr == ip }) {
			out.NotOffered = append(out.NotOffered, ip.String())
		}
	}
	return out
}

// far is the far end as it is, or as it is configured: a port of 0 is any.
func (k *holder) far(v *assocView) string {
	switch w := &k.where; {
	case v.status != nil && (len(w.remote) == 0 || w.remotePort == 0):
		return fmt.Sprintf("%s %d", v.remote.IPs[0], v.remote.Port)
	case len(w.remote) == 0:
		return "any"
	case w.remotePort == 0:
		return fmt.Sprintf("%s any", w.remote[0])
	default:
		return fmt.Sprintf("%s %d", w.remote[0], w.remotePort)
	}
}

// snapshot is settings as plain values.
func (s *settings) snapshot() status.AssociationSettings {
	p := &s.params
	return status.AssociationSettings{InitTimeoutMS: p.RTOInitial.Milliseconds(), InitRetransmits: p.InitRetrans,
		InitDSCP: s.init, RTOMinMS: p.RTOMin.Milliseconds(), RTOMaxMS: p.RTOMax.Milliseconds(),
		SackMS: p.SackDelay.Milliseconds(), KeepaliveMS: max(0, p.Heartbeat.Milliseconds()),
		PathRetransmits: p.PathRetrans, AssocRetransmits: p.AssocRetrans, DSCP: p.DSCP, Bundling: !p.Single,
		ReceiveWindow: p.RecvBuffer, SendBuffer: p.SendBuffer, OutStreams: p.OutStreams, InStreams: p.InStreams}
}

// EndAssociation ends an association, and tells whether it was there.
func (n *Node) EndAssociation(id uint32, why string) bool {
	for _, k := range n.holders() {
		if v := k.view(); v.status != nil && v.id == id {
			return k.abort(why)
		}
	}
	return false
}
