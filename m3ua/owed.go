package m3ua

import (
	"slices"
	"time"

	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// An ASP must be told of every destination that is lost or regained (RFC 4666 §4.5.1), and these may be many
// thousands. One burst goes out at once. Of the rest, the Layer notes which destinations they are, not their
// states: each later burst says what holds then. So no more than a burst waits in the queue of an association.
// What that queue refused is said again in the same way.
const (
	perBurst   = perAnswer // point codes in one burst to one ASP
	burstPace  = 50 * time.Millisecond
	burstAgain = time.Second // the wait after a message that the association did not take
)

// debt is a destination that an ASP is still to be told of. If only is 0, it is told as an active ASP of its
// network; else as the AS only sees the destination.
type debt struct {
	network int
	only    ss7.PathID
	dest    ss7.Range
}

// debts holds the debts of one ASP, in their order.
type debts struct {
	queue []debt
	in    map[debt]bool
	next  time.Time // when the next burst may go
	spent int       // point codes in the present burst
}

// room gives how many codes may go now.
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

// due gives when something is to be said; zero if nothing is.
func (d *debts) due() time.Time {
	if len(d.queue) == 0 {
		return time.Time{}
	}
	return d.next
}

// tell tells p as much of dests as its burst has room for, and owes it the rest. If only is not empty, the
// destinations are told as these AS see them; else they are told alike for all AS of p.
func (l *Layer) tell(now time.Time, p *farEnd, lb label, network int, only []ss7.PathID, dests []Destination,
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

// settle tells p what is owed to it, in the state that holds now, as far as there is room.
func (l *Layer) settle(now time.Time, p *farEnd, out []ss7.Action) []ss7.Action {
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
			continue // it is told everything when it becomes active
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
	return slices.ContainsFunc(l.order, func(p *farEnd) bool { return len(p.debts.queue) > 0 })
}

// Unsent is called with a message that the association of a far end did not take. It gives false if the message
// is not about destinations. What the message said is said again after a while, as it is then.
func (l *Layer) Unsent(now time.Time, path ss7.PathID, wire []byte) bool {
	p := l.farEnds[path]
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
