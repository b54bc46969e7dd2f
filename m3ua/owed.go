package m3ua

import (
	"slices"
	"time"

	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// An ASP must know of every destination that is lost or regained (RFC 4666 §4.5.1), and there
// may be many thousands. A burst goes to it at once; of the rest the Layer keeps which they
// are, not how they are: each later burst says what holds then. So no more waits in the queue
// of an association than a burst, and what that refused is said again in the same way.
const (
	perBurst   = perAnswer // point codes in one burst to one ASP
	burstPace  = 50 * time.Millisecond
	burstAgain = time.Second // after a message that its association did not take
)

// debt is a destination that an ASP is to be told of: as an active ASP of its network, or, as that
// sees it, of the AS only, if that is not 0.
type debt struct {
	network int
	only    ss7.PathID
	dest    ss7.Range
}

// debts are those of one ASP, in their order.
type debts struct {
	queue []debt
	in    map[debt]bool
	next  time.Time // when the next burst may go
	spent int       // point codes of the present one
}

// room tells how many codes may go now.
func (d *debts) room(now time.Time) int {
	if !now.Before(d.next) {
		d.spent, d.next = 0, now.Add(burstPace)
	}
	return perBurst - d.spent
}

func (d *debts) owe(x debt) {
	if d.in[x] {
		return
	}
	if d.in == nil {
		d.in = map[debt]bool{}
	}
	d.in[x] = true
	d.queue = append(d.queue, x)
}

// due is when something is to be said; zero: nothing is.
func (d *debts) due() time.Time {
	if len(d.queue) == 0 {
		return time.Time{}
	}
	return d.next
}

// tell says as much of dests to p as its burst has room for, and owes the rest: for the AS only,
// as these see them then, or if there are none for all of its AS alike.
func (l *Layer) tell(now time.Time, p *peer, lb label, network int, only []ss7.PathID, dests []Destination,
	out []ss7.Action) []ss7.Action {
	n := 0
	if len(p.debts.queue) == 0 {
		n = min(len(dests), p.debts.room(now))
	}
	p.debts.spent += n
	if only == nil {
		only = []ss7.PathID{0}
	}
	for _, as := range only {
		for _, d := range dests[n:] {
			p.debts.owe(debt{network, as, d.Range})
		}
	}
	return l.sendAll(p, lb, l.cfg.Networks[network].Variant.Bits(), dests[:n], out)
}

// settle says what is owed to p, as it is now, as far as there is room.
func (l *Layer) settle(now time.Time, p *peer, out []ss7.Action) []ss7.Action {
	for len(p.debts.queue) > 0 {
		room := p.debts.room(now)
		if room <= 0 {
			return out
		}
		first := p.debts.queue[0]
		var dests []Destination
		for _, x := range p.debts.queue {
			if len(dests) == room || x.network != first.network || x.only != first.only {
				break
			}
			delete(p.debts.in, x)
			dests = append(dests, Destination{Range: x.dest})
		}
		p.debts.queue = p.debts.queue[len(dests):]
		p.debts.spent += len(dests)
		if first.network >= len(l.cfg.Networks) || l.cfg.Networks[first.network].Routes == nil {
			continue
		}
		meant := func(s *ASConfig) bool {
			return s.Network == first.network && (first.only == 0 || s.Path == first.only)
		}
		lb, ok := l.concerned(p, meant)
		if !ok {
			continue // it is told anew when it becomes active
		}
		for i := range dests {
			dests[i].State, dests[i].Level = l.cfg.Networks[first.network].Routes.State(dests[i].Range, first.only)
		}
		out = l.sendAll(p, lb, l.cfg.Networks[first.network].Variant.Bits(), dests, out)
	}
	return out
}

// Owes tells whether any ASP is still to be told of something.
func (l *Layer) Owes() bool {
	return slices.ContainsFunc(l.order, func(p *peer) bool { return len(p.debts.queue) > 0 })
}

// Unsent is told a message about destinations that the association of a peer did not take;
// false if wire is another one. What it said is said again in a while, as it is then.
func (l *Layer) Unsent(now time.Time, path ss7.PathID, wire []byte) bool {
	p := l.peers[path]
	if p == nil || p.gate == nil {
		return false
	}
	m, e := Grammar.Parse(wire)
	if e != nil || m.Type>>8 != 2 {
		return false
	}
	rcs := m.Params.Uint32s(xua.TagRoutingContext)
	for _, code := range m.Params.Uint32s(xua.TagAffected) {
		for i := range p.gate.Entries {
			e := &p.gate.Entries[i]
			as := l.as(e.AS)
			if len(rcs) > 0 && e.HasRC && !slices.Contains(rcs, e.RC) || as == nil || m.Type == DUPU || m.Type == DAUD {
				continue
			}
			if r, ok := Range(code, l.cfg.Networks[as.Network].Variant.Bits()); ok {
				p.debts.owe(debt{network: as.Network, only: as.Path, dest: r})
			}
		}
	}
	if later := now.Add(burstAgain); len(p.debts.queue) > 0 && p.debts.next.Before(later) {
		p.debts.next, p.debts.spent = later, perBurst
	}
	return true
}
