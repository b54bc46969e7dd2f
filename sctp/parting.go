package sctp

import (
	"net/netip"
	"slices"
	"time"
)

// A far end that is given up for its silence has been told so by an ABORT that was lost with
// everything else. It finds out by its own HEARTBEAT, after half a minute as most systems set
// it, and its user is away for as long. So it is told again until it can have heard.
const (
	partingFor   = 60 * time.Second
	partingEvery = time.Second
	partingsMost = 1024 // at an endpoint
)

// parting is an association that was given up, and whom to tell.
type parting struct {
	e     *endpoint
	h     header
	to    []*path
	until time.Time
}

// part tells the far end of an association that it has set up and that has just ended here. One
// that this end has set up is dialled anew, which tells it more. The caller holds a.mu.
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

// again sends ABORT by all paths. It carries the tag of what was given up: an association
// that the far end has set up since does not heed it (RFC 9260 §8.5.1).
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
