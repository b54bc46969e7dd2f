package node

import (
	"net/netip"

	"github.com/gostp/gostp/status"
)

// transport is the association below a link: its own, or that of its gateway.
func (l *link) transport() *status.Association {
	v := l.view()
	if g := l.gateway.Load(); g != nil {
		v = g.view()
	}
	return v.snapshot()
}

// snapshot is an association as a plain value.
func (v *assocView) snapshot() *status.Association {
	out := &status.Association{State: "none", Reason: v.why, Attempts: v.attempts, Paths: []status.Path{}}
	if !v.last.at.IsZero() {
		out.Before = &status.Ended{Began: v.last.at.Add(-v.last.lasted), Ended: v.last.at, Reason: v.last.why}
	}
	s := v.status
	if s == nil {
		return out
	}
	out.ID, out.State, out.Reason, out.LastError, out.Since = v.id, s.State, "", s.LastError, s.Since
	out.OutStreams, out.InStreams = s.OutStreams, s.InStreams
	for i := range s.Paths {
		p := &s.Paths[i]
		out.Paths = append(out.Paths, status.Path{Address: p.Addr.String(), Local: addressText(p.Local), Active: p.Active,
			Reason: p.Why, Primary: p.Primary, Confirmed: p.Confirmed})
	}
	return out
}

// addressText is an address as text; empty: there is none.
func addressText(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}
