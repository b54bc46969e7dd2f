package sctp

import (
	"net/netip"
	"slices"
	"time"
)

// When this end gives up a far end for its silence, it sends an ABORT, which is lost like everything else. The
// far end would find out by its own HEARTBEAT: after half a minute, as most systems set it, and all this time
// it would be no use to its user. So the ABORT is repeated until the far end can have heard it.
const (
	partingFor   = 60 * time.Second
	partingEvery = time.Second
	partingsMost = 1024 // at an endpoint
)

// parting is an association that was given up, and whom to tell of it.
type parting struct {
	e     *endpoint
	h     header
	to    []*path
	until time.Time
}

// part tells a far end that its association with us is no more. The far end had set up that association, and
// this end has just given it up. An association that this end has set up is dialled anew, which tells the far
// end more. The caller holds a.mu.
func (a *assoc) part() {
	e := a.endpoint
	if a.dialled {
		return
	}
	if e.partings.Add(1) > partingsMost {
		e.partings.Add(-1)
		return
	}
	p := &parting{e: e, h: header{e.addr.Port, a.port, a.peerTag}, to: a.paths, until: time.Now().Add(partingFor)}
	time.AfterFunc(partingEvery, p.again)
}

// again sends ABORT by all paths. The ABORT carries the tag of the association that was given up, so it does no
// harm to an association that the far end has set up since (RFC 9260 §8.5.1).
func (p *parting) again() {
	back := func(x *path) bool { return p.e.find(x.addr, p.h.dst) != nil }
	if p.e.isShut() || time.Now().After(p.until) || slices.ContainsFunc(p.to, back) {
		p.e.partings.Add(-1)
		return
	}
	cause := appendParam(nil, causeUserAbort, []byte("it was given up for its silence"))
	for _, x := range p.to {
		x.wire.abort(p.h, netip.AddrPortFrom(x.addr, x.udp), 0, cause)
	}
	time.AfterFunc(partingEvery, p.again)
}
