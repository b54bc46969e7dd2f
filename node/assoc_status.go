package node

import (
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

func (r *runner) view() assocView {
	r.mu.Lock()
	v := assocView{id: r.assocID, why: r.assocWhy, attempts: r.attempts, last: r.last, settings: r.settings}
	v.tcp = r.port != nil && r.port.kind == configs.TCP
	a := r.assoc
	r.mu.Unlock()
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

// use is what is known of the association and of what it is to be.
func (r *runner) use() status.AssociationUse {
	v := r.view()
	out := status.AssociationUse{Owner: r.owner.name(), Port: r.where.localPort, FarEnd: r.far(&v),
		WithWhom: r.farEnd(), Association: v.snapshot(), Settings: v.settings.snapshot()}
	if v.status == nil {
		return out
	}
	out.Carrier = r.port.carrier()
	for _, ip := range r.where.remote {
		paths := v.status.Paths
		if len(paths) > 0 && !slices.ContainsFunc(paths, func(p sctp.PathStatus) bool { return p.Addr == ip }) {
			out.NotOffered = append(out.NotOffered, ip.String())
		}
	}
	return out
}

// far is the far end as it is, or as it is configured: a port of 0 is any.
func (r *runner) far(v *assocView) string {
	switch w := &r.where; {
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

// snapshot is a port without its users.
func (p *localPort) snapshot() status.Port {
	cfg := p.config()
	e, why, _ := p.current()
	kind, _, _ := strings.Cut(p.title, " ")
	out := status.Port{Kind: kind, Number: p.number, Addresses: []string{}, Anywhere: cfg.Anywhere, Bound: e != nil,
		Since: p.stateSince(), Carrier: p.carrier(), Unknown: p.lobby.count(), UnknownMax: lobbyRoom,
		Accepted: p.accepted.Load(), Refused: p.refused.Load(), Users: []status.PortUser{}}
	for _, a := range cfg.IPs {
		out.Addresses = append(out.Addresses, a.IP.String())
	}
	if e == nil {
		out.Reason = why
	}
	return out
}
