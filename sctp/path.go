package sctp

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"
)

// path is one address of the far end and what is known of the way to it (§6.3, §7).
type path struct {
	addr netip.Addr
	udp  uint16      // encapsulation port of the far end, learned (RFC 6951 §5.4)
	wire *sharedWire // what it is reached from
	mtu  int

	srtt, rttvar, rto time.Duration
	cwnd, ssthresh    int
	acked             int // octets, towards the next growth of cwnd
	flight            int // octets of chunks under way
	full              bool
	single            bool // after T3: one packet until something is acknowledged (§7.2.3)
	sentAt            instant
	t3                instant // deadline
	timing            bool    // timed is being measured
	timed             uint32  // TSN
	timedAt           instant

	confirmed, inactive bool
	errors              int // consecutive
	why                 string
	nonce               uint64 // of the heartbeat under way; 0: none
	nonceAt             instant
	beatAt              instant // deadline: next heartbeat, or the answer to the last
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

// open sets the congestion window to its beginning (§7.2.1, §7.2.5).
func (p *path) open() {
	p.cwnd, p.ssthresh, p.acked = min(4*p.chunks(), max(2*p.chunks(), 4404)), 1<<30, 0
}

// chunks is the room for chunks in a packet: PMDCS.
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

// dataPath is where new data goes: the primary path while it answers. One that
// missed an answer is left for one that did not before it counts as failed (RFC
// 7829 §3), and where all have failed each is tried in turn.
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

// otherPath is where what was lost on p goes (§6.4): another path if one is active, else p
// itself while it is.
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
	for i := range a.paths { // none answers: try each in turn
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

// measured takes a round trip (§6.3.1).
func (a *assoc) measured(p *path, r time.Duration) {
	if p.srtt == 0 {
		p.srtt, p.rttvar = r, r/2
	} else {
		p.rttvar += ((p.srtt - r).Abs() - p.rttvar) / 4
		p.srtt += (r - p.srtt) / 8
	}
	p.rto = min(max(p.srtt+4*p.rttvar, a.params.RTOMin), a.params.RTOMax)
}

// answered: p works. From now on its address is the far end's, unless another association
// was confirmed there before.
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

// strike counts something unanswered on a path (§8.2); counted: it is the one that
// data takes, so it counts against the association too (§8.1). It backs the
// time-out off and gives false if that was the end.
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

// verb puts the name of the far end before one or many.
func (a *assoc) verb(one, many string) string {
	if len(a.paths) > 1 {
		return a.name() + " " + many
	}
	return a.name() + " " + one
}

// reroute tries the next of our addresses for a path that keeps failing; a new
// way knows nothing of its congestion (§7.2.5.2).
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

// heartbeat is called when a HEARTBEAT is due on p, or its last was not answered
// in time (§8.3). Data under way does the same service.
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

// beat sends a HEARTBEAT whose answer nobody can give who has not seen it (§5.4).
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

// scheduleBeat sets when the next HEARTBEAT is due: after the interval, the
// path's time-out and up to half of that more or less (§8.3).
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
