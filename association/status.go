package association

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

// View is an association, or why there is none.
type View struct {
	ID       uint32
	Status   *sctp.Status // nil: none
	Why      string
	attempts uint64
	last     ended
	Settings Settings
	local    sctp.Addr
	Remote   sctp.Addr
	tcp      bool // it is a TCP connection
}

func (r *Keeper) View() View {
	r.Mu.Lock()
	v := View{ID: r.assocID, Why: r.assocWhy, attempts: r.attempts, last: r.last, Settings: r.Settings}
	v.tcp = r.Port != nil && r.Port.Kind == configs.TCP
	a := r.Assoc
	r.Mu.Unlock()
	if a == nil {
		return v
	}
	s := a.Status()
	v.Status, v.local, v.Remote = &s, a.Local(), a.Remote()
	return v
}

// None says why there is no association, and how often one was tried.
func (v *View) None() string { return status.Tried(v.Why, v.attempts) }

// Snapshot is an association as a plain value.
func (v *View) Snapshot() *status.Association {
	out := &status.Association{State: "none", TCP: v.tcp, Reason: v.Why, Attempts: v.attempts, Paths: []status.Path{}}
	if !v.last.at.IsZero() {
		out.Before = &status.Ended{Began: v.last.at.Add(-v.last.lasted), Ended: v.last.at, Reason: v.last.why}
	}
	s := v.Status
	if s == nil {
		return out
	}
	out.ID, out.State, out.Reason, out.Since = v.ID, s.State, "", s.Since
	out.Local, out.LocalPort = texts(v.local.IPs), v.local.Port
	out.Remote, out.RemotePort = texts(v.Remote.IPs), v.Remote.Port
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

// Use is what is known of the association, and of what is configured for it.
func (r *Keeper) Use() status.AssociationUse {
	v := r.View()
	out := status.AssociationUse{Owner: r.Owner.Name(), Port: r.Ends.LocalPort, FarEnd: r.far(&v),
		WithWhom: r.FarEnd(), Association: v.Snapshot(), Settings: v.Settings.snapshot()}
	if v.Status == nil {
		return out
	}
	out.Carrier = r.Port.carrier()
	for _, ip := range r.Ends.Remote {
		paths := v.Status.Paths
		if len(paths) > 0 && !slices.ContainsFunc(paths, func(p sctp.PathStatus) bool { return p.Addr == ip }) {
			out.NotOffered = append(out.NotOffered, ip.String())
		}
	}
	return out
}

// far is the far end as it is, or as it is configured. A configured port of 0 is any port.
func (r *Keeper) far(v *View) string {
	switch w := &r.Ends; {
	case v.Status != nil && (len(w.Remote) == 0 || w.RemotePort == 0):
		return fmt.Sprintf("%s %d", v.Remote.IPs[0], v.Remote.Port)
	case len(w.Remote) == 0:
		return "any"
	case w.RemotePort == 0:
		return fmt.Sprintf("%s any", w.Remote[0])
	default:
		return fmt.Sprintf("%s %d", w.Remote[0], w.RemotePort)
	}
}

// snapshot is settings as plain values.
func (s *Settings) snapshot() status.AssociationSettings {
	p := &s.Params
	return status.AssociationSettings{InitTimeoutMS: p.RTOInitial.Milliseconds(), InitRetransmits: p.InitRetrans,
		InitDSCP: s.init, RTOMinMS: p.RTOMin.Milliseconds(), RTOMaxMS: p.RTOMax.Milliseconds(),
		SackMS: p.SackDelay.Milliseconds(), KeepaliveMS: max(0, p.Heartbeat.Milliseconds()),
		PathRetransmits: p.PathRetrans, AssocRetransmits: p.AssocRetrans, DSCP: p.DSCP, Bundling: !p.Single,
		ReceiveWindow: p.RecvBuffer, SendBuffer: p.SendBuffer, OutStreams: p.OutStreams, InStreams: p.InStreams}
}

// Snapshot is a port as a plain value, without its users.
func (p *Port) Snapshot() status.Port {
	cfg := p.config()
	e, why, _ := p.current()
	kind, _, _ := strings.Cut(p.Title, " ")
	out := status.Port{Kind: kind, Number: p.Number, Addresses: []string{}, Anywhere: cfg.Anywhere, Bound: e != nil,
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
