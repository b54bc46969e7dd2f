package node

import (
	"fmt"
	"slices"
	"time"

	"github.com/gostp/gostp/m2ua"
	"github.com/gostp/gostp/m3ua"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/status"
	"github.com/gostp/gostp/xua"
)

// ASPs gives the ASPs and gateways of M3UA, in the order of the configuration.
func (n *Node) ASPs() []status.ASP {
	asps, _ := n.m3ua.status()
	return aspsStatus(asps, &n.m3ua.xuaASPs, &m3uaProtocol, func(a *m3uaASP, c *status.ASPCounts) {
		c.DataRefused = refusals(m3ua.Taken+1, m3ua.Refusals, func(r m3ua.Refusal) uint64 { return a.refused[r].Load() })
		c.OddSI = a.oddSI.Load()
		k := n.m3ua.counts(a.id)
		c.AuditsSpared, c.AuditsCut = k.AuditsSpared, k.AuditsCut
		c.RegistrationsSpared, c.UnreachableSpared = k.RegistrationsSpared, k.AnswersSpared
	})
}

// m2uaASPs gives the ASPs and gateways of M2UA, in the order of the configuration.
func (n *Node) m2uaASPs(asps []xua.ASPStatus) []status.ASP {
	return aspsStatus(asps, &n.m2ua.xuaASPs, &m2uaProtocol, func(a *m2uaASP, c *status.ASPCounts) {
		c.DataRefused = refusals(m2ua.Taken+1, m2ua.Refusals, func(r m2ua.Refusal) uint64 { return a.refused[r].Load() })
		c.RegistrationsSpared = n.m2ua.counts(a.id).RegistrationsSpared
		if k, waiting := a.ackView(); k != (ackStats{}) || waiting > 0 {
			c.Acks = &status.Acks{Acknowledged: k.acknowledged, Waiting: waiting, Unknown: k.unknown,
				Forgotten: k.forgotten, Left: k.left, SentAgain: k.sentAgain}
		}
	})
}

// aspsStatus gives the ASPs of a layer. more adds what ASPs of its protocol alone count.
func aspsStatus[A layerASP](all []xua.ASPStatus, among *xuaASPs[A], p *xuaProtocol,
	more func(a A, c *status.ASPCounts)) []status.ASP {
	out := []status.ASP{}
	var gone A
	for i := range all {
		a := among.asp(all[i].Config.Path)
		if a == gone {
			continue
		}
		x := aspStatus(&all[i], a.shared(), p.names.Grammar)
		more(a, &x.Counters)
		out = append(out, x)
	}
	return out
}

// aspStatus gives what ASPs of all layers have in common.
func aspStatus(s *xua.ASPStatus, a *xuaASP, g xua.Grammar) status.ASP {
	v := a.View()
	out := status.ASP{Name: s.Config.Name, Gateway: s.Config.Role == xua.RoleASP, Role: s.Config.Role.String(),
		State: s.State.String(), Since: s.Since, Event: s.Why, LastError: s.LastError, NextTry: s.NextTry,
		ASs: memberships(s.AS), FarEnd: a.FarEnd(), Port: a.Ends.RemotePort, Association: v.Snapshot(),
		Counters: status.ASPCounts{Messages: exchanged(s.Stats.Messages(g)), Refused: byReason(s.Stats.Refused),
			Spared: s.Stats.ErrorsSpared, OctetsIn: a.inOctets.Load(), OctetsOut: a.outOctets.Load(),
			Malformed: byReason(a.malformed.Load())}}
	if s.HasID {
		out.Identifier = &s.ID
	}
	if len(a.Ends.Remote) > 0 {
		out.Address = a.Ends.Remote[0].String()
	}
	none := ""
	if v.Status == nil {
		none = v.None()
	} else if out.Port = v.Remote.Port; len(v.Remote.IPs) > 0 {
		out.Address = v.Remote.IPs[0].String()
	}
	if len(out.ASs) == 0 || slices.ContainsFunc(out.ASs, func(m status.Membership) bool { return !m.Active }) {
		out.Reason = aspReason(s, none)
	}
	return out
}

// aspReason gives the reason of the lowest layer, because that has to be mended first. assocWhy says why there is no
// association; empty: there is one.
func aspReason(s *xua.ASPStatus, assocWhy string) string {
	why := s.Why
	switch {
	case s.Config.Shutdown:
		return "shut down by configuration"
	case assocWhy != "":
		return "no association: " + assocWhy
	case s.Config.Block:
		why += "; blocked by configuration"
	case s.Comm && s.State == xua.Inactive && s.Config.Role == xua.RoleSG:
		why += "; waiting for ASPAC"
	case s.Comm && s.State == xua.Down && s.Config.Role == xua.RoleIPSP && !s.Config.Leads:
		why += "; the far end is to ask (`role ipsp initiate` makes it this end)"
	case s.Config.Role == xua.RoleIPSPDouble && slices.ContainsFunc(s.AS, neverUp):
		why += "; the far end has not sent ASPUP: has it double-exchange too?"
	}
	if len(s.AS) == 0 {
		why += "; it serves no AS"
	}
	why += unregistered(s.AS)
	if s.LastError != "" {
		why += "; " + s.LastError
	}
	return why
}

// neverUp tells whether, of a double exchange, this end's half alone is active.
func neverUp(m xua.MemberStatus) bool { return m.Own == xua.Active && m.Peer == xua.Down }

// ASs gives the application servers of M3UA, in the order of the configuration.
func (n *Node) ASs() []status.AS {
	all, keys := n.m3ua.statusWithKeys()
	out := make([]status.AS, 0, len(all))
	for i := range all {
		out = append(out, n.asStatus(&all[i], keys[all[i].Config.Path]))
	}
	return out
}

func (n *Node) asStatus(s *xua.ASStatus, key m3ua.ASConfig) status.AS {
	c := &s.Config
	out := status.AS{Name: c.Name, State: s.State.String(), Since: s.Since, Event: s.Why, TimesActive: s.Ups,
		Registered: c.Dynamic, TrafficMode: s.Mode.String(), RoundRobin: c.Robin, RecoveryMS: c.TR.Milliseconds(),
		Minimum: max(1, c.Need), ASPs: memberships(s.ASPs), RoutingKey: []status.KeyTerm{}}
	if c.HasID {
		out.RoutingContext = &c.ID
	}
	if c.HasOwn {
		out.OwnRoutingContext = &c.OwnID
	}
	if key.HasNA {
		out.NetworkAppearance = &key.NA
	}
	for i := range key.Key.Terms {
		out.RoutingKey = append(out.RoutingKey, keyTerm(&key.Key.Terms[i], n.Config().Notation()))
	}
	if v := n.view.Load(); int(c.Path) < len(v.servers) && v.servers[c.Path] != nil {
		if held, at := v.servers[c.Path].waiting(); held > 0 {
			out.Waiting, out.WaitingSince = held, at
		}
	}
	if s.State != xua.ASActive || s.Way == nil {
		out.Reason = asReason(s)
	} else {
		out.Slots = n.slots(s.Way)
	}
	return out
}

// slots gives the ASP to which each SLS goes; a broadcast has none.
func (n *Node) slots(w *xua.Way) (out []string) {
	if w.Mode == xua.Broadcast {
		return nil
	}
	for _, p := range w.Slots() {
		name := "-"
		if a := n.m3ua.asp(p); a != nil {
			name = a.title
		}
		out = append(out, name)
	}
	return out
}

// asReason says why an AS is not active, and what to do about it.
func asReason(s *xua.ASStatus) string {
	switch {
	case s.Config.Shutdown:
		return "shut down by configuration"
	case len(s.ASPs) == 0:
		return "no ASP serves it; `asp NAME` in its configuration names one"
	}
	why := s.Why
	if s.State == xua.ASPending {
		why += fmt.Sprintf("; traffic waits for an ASP, %d ms more", time.Until(s.Expires).Milliseconds())
	}
	return why + unregistered(s.ASPs)
}

// unregistered says what became of requests to gateways for routing contexts; empty: no ASP waits for one.
func unregistered(ms []xua.MemberStatus) (out string) {
	for _, m := range ms {
		switch {
		case m.WaitWhy == "":
		case m.WaitTill.IsZero():
			out += "; " + m.WaitWhy + "; it is not asked again before its association or the configuration changes"
		default:
			out += fmt.Sprintf("; %s; it is asked again in %d s", m.WaitWhy, int(time.Until(m.WaitTill).Seconds()))
		}
	}
	return out
}

func memberships(all []xua.MemberStatus) []status.Membership {
	out := make([]status.Membership, 0, len(all))
	for i := range all {
		m := &all[i]
		x := status.Membership{AS: m.AS, ASP: m.ASP, State: max(m.Peer, m.Own).String(), Weight: m.Weight,
			Active:     max(m.Peer, m.Own) == xua.Active && (!m.Double || m.Peer == m.Own),
			Registered: m.Registered, Overridden: m.Overridden, WaitsForKey: m.WaitsForKey}
		if m.Double && m.Peer != m.Own {
			x.State = fmt.Sprintf("far end %s, this end %s", m.Peer, m.Own)
		}
		out = append(out, x)
	}
	return out
}

// aspChoice tells to which ASPs an SLS goes, if path is an AS's.
func (n *Node) aspChoice(path ss7.PathID, sls uint8) *status.ASPChoice {
	v := n.view.Load()
	if int(path) >= len(v.servers) || v.servers[path] == nil {
		return nil
	}
	w := v.servers[path].way.Load()
	switch {
	case !takes(w):
		return nil
	case w.State == xua.ASPending:
		return &status.ASPChoice{How: "waits"}
	case w.Mode == xua.Broadcast:
		return &status.ASPChoice{How: "all", Count: len(w.All)}
	case w.Robin:
		return &status.ASPChoice{How: "in-turn", Count: len(w.All)}
	}
	if a := n.m3ua.asp(w.Pick(sls, 0)); a != nil {
		return &status.ASPChoice{How: "one", Name: a.title, Count: 1}
	}
	return nil
}

func (x *m3uaLayer) counts(p ss7.PathID) m3ua.Stats {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.layer.PeerStats(p)
}

func (x *m2uaLayer) counts(p ss7.PathID) m2ua.Stats {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.layer.PeerStats(p)
}

// exchanged gives counters of messages as plain values.
func exchanged(all []xua.Exchanged) []status.InOut {
	out := make([]status.InOut, 0, len(all))
	for _, x := range all {
		out = append(out, status.InOut(x))
	}
	return out
}

// byReason gives counters of refused messages as plain values.
func byReason(r xua.Refused) []status.Count {
	out := []status.Count{}
	for name, count := range r.ByReason() {
		out = append(out, status.Count{Name: name, Value: count})
	}
	return out
}

// refusals gives the counters of refused data that are not zero, by reason.
func refusals[R interface {
	~uint8
	String() string
}](first, end R, count func(R) uint64) []status.Count {
	out := []status.Count{}
	for r := first; r < end; r++ {
		if c := count(r); c > 0 {
			out = append(out, status.Count{Name: r.String(), Value: c})
		}
	}
	return out
}
