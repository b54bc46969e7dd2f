package sctp

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"
)

// path is one address of the far end, and what is known of the way there (§6.3, §7).
type path struct {
	addr netip.Addr
	udp  uint16      // the far end's encapsulation port, as learned (RFC 6951 §5.4)
	wire *sharedWire // the wire from which it is reached
	mtu  int

	srtt, rttvar, rto time.Duration
	cwnd, ssthresh    int
	acked             int // octets acknowledged towards the next growth of cwnd
	flight            int // octets of the chunks under way
	full              bool
	single            bool // after T3: one packet until something is acknowledged (§7.2.3)
	sentAt            instant
	t3                instant // deadline of T3-rtx
	timing            bool    // the round trip of the chunk timed is being measured
	timed             uint32  // the TSN of that chunk
	timedAt           instant

	confirmed, inactive bool
	errors              int // unanswered in a row
	why                 string
	nonce               uint64 // of the heartbeat under way; 0: none
	nonceAt             instant
	beatAt              instant // deadline of the next heartbeat, or of the answer to the last
	beats, resent       uint64
	heard               instant // when something was acknowledged or answered
}

func (a *assoc) newPath(ip netip.Addr, udp uint16, w *sharedWire) *path {
	if w == nil {
		w = a.endpoint.wireFor(ip)
	}
	p := &path{addr: ip, udp: udp, wire: w, mtu: w.wire.MTU(), rto: a.params.RTOInitial, ssthresh: 1 << 30, heard: a.now}
	p.open()
	return p
}

// open sets the congestion window to its initial size (§7.2.1, §7.2.5).
func (p *path) open() {
	p.cwnd, p.ssthresh, p.acked = min(4*p.chunks(), max(2*p.chunks(), 4404)), 1<<30, 0
}

// chunks gives the room that a packet has for chunks: PMDCS.
func (p *path) chunks() int { return p.mtu - headerLen }

func (p *path) dst() netip.AddrPort { return netip.AddrPortFrom(p.addr, p.udp) }

func (p *path) usable() bool { return p.confirmed && !p.inactive }

func (a *assoc) path(ip netip.Addr) *path {
	for _, p := range a.paths {
		if p.addr == ip {
			return p
		}
	}
	return nil
}

// dataPath gives the path for new data: the primary path while it answers. A path that missed an answer, even
// before it counts as failed, is left for one that missed none (RFC 7829 §3). When all paths have failed, each
// is tried in turn.
func (a *assoc) dataPath() *path {
	if a.primary.usable() && a.primary.errors == 0 {
		return a.primary
	}
	best := a.primary
	for _, p := range a.paths {
		if p.better(best) {
			best = p
		}
	}
	return best
}

func (p *path) better(q *path) bool {
	if p.confirmed != q.confirmed {
		return p.confirmed
	}
	if p.inactive != q.inactive {
		return !p.inactive
	}
	return p.errors < q.errors
}

// otherPath gives the path for data that was lost on p (§6.4): another active path, else p itself if it is
// active.
func (a *assoc) otherPath(p *path) *path {
	var best *path
	for _, q := range a.paths {
		if q != p && q.usable() && (best == nil || q.better(best)) {
			best = q
		}
	}
	if best != nil || p.usable() || a.dataPath() != p {
		return cmp.Or(best, a.dataPath())
	}
	for i := range a.paths { // no path answers: try each in turn
		if a.paths[i] == p {
			for k := 1; k < len(a.paths); k++ {
				if q := a.paths[(i+k)%len(a.paths)]; q.confirmed {
					return q
				}
			}
		}
	}
	return p
}

// measured takes a measured round trip into account (§6.3.1).
func (a *assoc) measured(p *path, r time.Duration) {
	if p.srtt == 0 {
		p.srtt, p.rttvar = r, r/2
	} else {
		p.rttvar += ((p.srtt - r).Abs() - p.rttvar) / 4
		p.srtt += (r - p.srtt) / 8
	}
	p.rto = min(max(p.srtt+4*p.rttvar, a.params.RTOMin), a.params.RTOMax)
}

// answered notes that p works. From now on its address is confirmed to be the far end's, unless another
// association was confirmed there before.
func (a *assoc) answered(p *path) {
	p.errors, p.heard = 0, a.now
	if !p.confirmed && !a.endpoint.claim(a, p.addr) {
		return
	}
	p.confirmed = true
	if p.inactive {
		p.inactive, p.why = false, ""
		a.event(Event{Kind: PathUp, Addr: p.addr, Why: fmt.Sprintf("%v answers again", p.addr)})
	}
}

// strike counts something that stays unanswered on a path (§8.2), and doubles the path's time-out. If counted
// is true, it counts against the association too, because data takes this path (§8.1). strike gives false if
// that has ended the association.
func (a *assoc) strike(p *path, what string, counted bool) bool {
	p.rto = min(2*p.rto, a.params.RTOMax)
	if !p.inactive {
		p.errors++
	}
	if p.errors > a.params.PathRetrans && !p.inactive {
		p.inactive = true
		p.why = fmt.Sprintf("%d %s unanswered in %v", p.errors, what, (a.now - p.heard).Round(100*time.Millisecond))
		a.event(Event{Kind: PathDown, Addr: p.addr, Why: fmt.Sprintf("%v does not answer: %s", p.addr, p.why)})
	}
	if p.inactive {
		a.reroute(p)
	}
	if !counted {
		return true
	}
	if a.errors++; a.errors == 1 {
		a.failing = a.now
	}
	if a.errors > a.params.AssocRetrans {
		why := fmt.Sprintf("%s silent for %v: %d %s in a row unanswered", a.verb("is", "are"),
			(a.now - a.heard).Round(100*time.Millisecond), a.errors, what)
		if a.heard > a.failing {
			why = fmt.Sprintf("%s there but acknowledged nothing for %v: %d %s in a row unanswered", a.verb("is", "are"),
				(a.now - a.failing).Round(100*time.Millisecond), a.errors, what)
		}
		a.abort(appendParam(nil, causeUserAbort, []byte("too many retransmissions")), why)
		a.part()
		return false
	}
	return true
}

// verb gives the name of the far end and the verb that goes with one or with many addresses.
func (a *assoc) verb(one, many string) string {
	if len(a.paths) > 1 {
		return a.name() + " " + many
	}
	return a.name() + " " + one
}

// reroute tries the next one of our addresses for a path that keeps failing. Nothing is known of the congestion
// on the new way (§7.2.5.2).
func (a *assoc) reroute(p *path) {
	ws := a.endpoint.wires
	at := 0
	for i, w := range ws {
		if w == p.wire {
			at = i
		}
	}
	for i := 1; i < len(ws); i++ {
		if w := ws[(at+i)%len(ws)]; w.addr().Is4() == p.addr.Is4() && w.addr().IsLoopback() == p.addr.IsLoopback() {
			p.wire, p.mtu = w, w.wire.MTU()
			p.open()
			return
		}
	}
}

// heartbeat is called when a HEARTBEAT is due on p, or when the last one was not answered in time (§8.3). Data
// under way makes a HEARTBEAT needless.
func (a *assoc) heartbeat(p *path) {
	if p.nonce != 0 {
		p.nonce = 0
		a.count(cBeatsLost)
		if !a.strike(p, "heartbeats", p == a.dataPath() && len(a.paths) > 0) {
			return
		}
		if p.inactive && a.dataPath() != p {
			a.scheduleBeat(p)
			return
		}
	} else if p.confirmed && (p.flight > 0 || p.sentAt != 0 && a.now-p.sentAt < a.params.Heartbeat) {
		a.scheduleBeat(p)
		return
	}
	a.beat(p)
}

// beat sends a HEARTBEAT with a nonce: only a far end that has seen it can answer it (§5.4).
func (a *assoc) beat(p *path) {
	nonce := a.beginBeat(p)
	b := a.open(p.wire, p.mtu)
	a.close(appendBeat(b, nonce), a.peerTag, p.dst())
}

// beginBeat notes that a HEARTBEAT goes out on p, and gives the nonce for it.
func (a *assoc) beginBeat(p *path) uint64 {
	p.nonce, p.nonceAt = random64()|1, a.now
	p.beats++
	p.beatAt = a.now + p.rto
	return p.nonce
}

// scheduleBeat sets when the next HEARTBEAT is due: after the interval and the path's time-out, of which a
// random share of up to one half is added or taken away (§8.3).
func (a *assoc) scheduleBeat(p *path) {
	switch {
	case p.nonce != 0:
	case a.params.Heartbeat < 0:
		p.beatAt = 0
	default:
		p.beatAt = a.now + a.params.Heartbeat + p.rto/2 + rand.N(p.rto)
	}
}

func (p *path) status(primary bool, s state) PathStatus {
	out := PathStatus{Addr: p.addr, Local: p.wire.addr(), Primary: primary, Active: !p.inactive && s >= established,
		Confirmed: p.confirmed, Why: p.why,
		SRTT: p.srtt, RTO: p.rto, CWND: uint32(p.cwnd), SSThresh: uint32(p.ssthresh), InFlight: p.flight,
		Errors: p.errors, MTU: p.mtu,
		Heartbeats: p.beats, Resent: p.resent}
	if !p.confirmed && out.Why == "" {
		out.Why = "has not answered a HEARTBEAT yet"
	}
	return out
}
