package sctp

import "slices"

// ackRun is a run of TSNs that gap blocks have acknowledged. It also says how often the hole in front of it was
// reported missing (§7.2.4).
type ackRun struct {
	tsnRun
	misses uint8
	done   bool // the chunks of the hole were sent again
}

// sackChunk takes an acknowledgement (§6.2.1).
func (a *assoc) sackChunk(c chunk) {
	if a.state != established && a.state != shutdownPending && a.state != shutdownReceived {
		a.count(cChunkState)
		return
	}
	if err := parseSack(c.value, &a.sack); err != nil {
		a.sack.gaps = a.sack.gaps[:0]
		a.count(cChunkBad)
		a.stats.Discarded++
		return
	}
	a.acknowledge(a.sack.cum, a.sack.gaps, a.sack.window)
}

// gain is how many octets one acknowledgement credits to a path. It proves that the path works (sure) if some
// of them went by that path alone: a chunk that was sent by two paths may have arrived by either (§8.2).
type gain struct {
	p    *path
	n    int
	sure bool
}

// acknowledge takes the chunks that have arrived off the ring, and finds those that have not.
func (a *assoc) acknowledge(cum uint32, gaps []gap, window uint32) {
	if before(cum, a.first-1) {
		a.count(cSackOld)
		a.stats.Discarded++
		return
	}
	if int(cum-(a.first-1)) > a.sent {
		a.violation("acknowledged what was never sent")
		return
	}
	a.sackHeard = true
	var few [4]gain
	gains := few[:0]
	front := a.frontPath()
	advanced := !before(cum, a.first)
	for !before(cum, a.first) {
		if gains = a.credit(gains, a.first, a.at(0)); !a.at(0).probe {
			a.moved = a.now
		}
		a.pop()
	}
	for len(a.acks) > 0 && before(a.acks[0].last, a.first) {
		a.acks = slices.Delete(a.acks, 0, 1)
	}
	if len(a.acks) > 0 && before(a.acks[0].first, a.first) {
		a.acks[0].first = a.first
	}
	top, newly := a.first-1, false
	for _, g := range gaps {
		gains, newly = a.gapBlock(gains, cum+uint32(g.first), cum+uint32(g.last), &top, newly)
	}
	a.reneged()
	a.peerWindow = window - min(window, uint32(a.outstanding))
	a.closedBy = window < uint32(a.fragmentSize())
	if a.recovering && !before(cum, a.recoverTo) {
		a.recovering = false
	}
	for _, g := range gains {
		a.grow(g.p, g.n)
		if g.sure {
			a.answered(g.p)
		}
		a.errors = 0
		if g.p.single = false; g.p.flight > 0 && (advanced || g.p != front) {
			g.p.t3 = a.now + g.p.rto // R3
		}
	}
	a.missed(top, newly, advanced)
	for _, p := range a.paths {
		if p.flight == 0 {
			p.t3 = 0 // R2
		}
	}
}

func (a *assoc) frontPath() *path {
	if a.sent == 0 {
		return nil
	}
	return a.at(0).path
}

func (s *sender) pop() {
	c := s.at(0)
	s.octets -= c.n
	if c.flags&(flagE|flagU) == flagE {
		s.out[c.stream].queued--
	}
	c.path = nil
	if s.head++; s.head == len(s.ring) {
		s.head = 0
	}
	s.n--
	s.sent--
	s.first++
}

// credit takes an acknowledged chunk out of what is under way, and measures the round trip.
func (a *assoc) credit(gains []gain, tsn uint32, c *outChunk) []gain {
	p := c.path
	switch c.fate {
	case gapped:
		return gains
	case again:
		a.resends--
	default:
		p.flight -= c.size()
		a.outstanding -= c.n
	}
	c.fate = gapped
	if p.timing && p.timed == tsn {
		p.timing = false
		if !c.resent {
			a.measured(p, a.now-p.timedAt)
		}
	}
	for i := range gains {
		if gains[i].p == p {
			gains[i].n += c.size()
			gains[i].sure = gains[i].sure || !c.moved
			return gains
		}
	}
	return append(gains, gain{p, c.size(), !c.moved})
}

// gapBlock credits the chunks that a gap block newly acknowledges, which are those between the known runs. It
// raises top to the highest TSN that is newly acknowledged.
func (a *assoc) gapBlock(gains []gain, first, last uint32, top *uint32, newly bool) ([]gain, bool) {
	if end := a.first + uint32(a.sent) - 1; before(end, last) {
		last = end // beyond it nothing was ever sent
	}
	if before(first, a.first) || before(last, first) {
		return gains, newly
	}
	i, _ := slices.BinarySearchFunc(a.acks, first, func(r ackRun, tsn uint32) int { return int(int32(r.last - tsn)) })
	if i < len(a.acks) && !before(first, a.acks[i].first) && !before(a.acks[i].last, last) {
		return gains, newly // nothing new: the common case
	}
	j, from := i, first
	for ; j < len(a.acks) && !before(last, a.acks[j].first); j++ {
		gains = a.creditRun(gains, from, a.acks[j].first)
		if before(from, a.acks[j].last+1) {
			from = a.acks[j].last + 1
		}
	}
	if !before(last, from) {
		gains = a.creditRun(gains, from, last+1)
	}
	*top = last
	n := ackRun{tsnRun: tsnRun{first, last}}
	if j > i { // the block joins known runs
		if before(a.acks[i].first, first) {
			n.first = a.acks[i].first
		}
		if before(last, a.acks[j-1].last) {
			n.last = a.acks[j-1].last
		}
		n.misses, n.done = a.acks[i].misses, a.acks[i].done
	} else if i < len(a.acks) { // the block splits a hole
		n.misses, n.done = a.acks[i].misses, a.acks[i].done
	}
	if i > 0 && a.acks[i-1].last+1 == n.first {
		i--
		n.first, n.misses, n.done = a.acks[i].first, a.acks[i].misses, a.acks[i].done
	}
	if j < len(a.acks) && a.acks[j].first == n.last+1 {
		n.last = a.acks[j].last
		j++
	}
	if j > i {
		a.acks[i] = n
		a.acks = slices.Delete(a.acks, i+1, j)
	} else {
		a.acks = slices.Insert(a.acks, i, n)
	}
	return gains, true
}

func (a *assoc) creditRun(gains []gain, from, to uint32) []gain {
	for tsn := from; before(tsn, to); tsn++ {
		gains = a.credit(gains, tsn, a.chunk(tsn))
	}
	return gains
}

// reneged finds out that the far end threw away what it had acknowledged. The chunk after the cumulative TSN is
// missing at the far end, so a run of acknowledged chunks that begins with it holds no more (§6.2.1 D iii).
func (a *assoc) reneged() {
	if len(a.acks) == 0 || a.acks[0].first != a.first {
		return
	}
	r := a.acks[0]
	a.acks = slices.Delete(a.acks, 0, 1)
	for tsn := r.first; !before(r.last, tsn); tsn++ {
		if c := a.chunk(tsn); c.fate == gapped {
			c.fate = again
			a.resends++
		}
	}
	a.addLost(r.tsnRun)
}

// missed counts how often the chunks below the highest TSN newly acknowledged (HTNA) were reported missing, and
// sends again at once what was reported three times (§7.2.4). The chunks of a hole are always reported
// together, so the count is one for each hole.
func (a *assoc) missed(top uint32, newly, advanced bool) {
	all := a.recovering && advanced
	if !newly && !all {
		return
	}
	from := a.first
	for i := range a.acks {
		r := &a.acks[i]
		if !all && before(top, r.first) {
			break
		}
		if !r.done && before(from, r.first) {
			if r.misses++; r.misses >= 3 {
				r.done = true
				a.fastRetransmit(tsnRun{from, r.first - 1})
			}
		}
		from = r.last + 1
	}
}

func (a *assoc) fastRetransmit(hole tsnRun) {
	found := false
	for tsn := hole.first; !before(hole.last, tsn); tsn++ {
		c := a.chunk(tsn)
		if c.fate != flying || c.fast {
			continue
		}
		c.fast, found = true, true
		a.markLost(tsn, c)
		a.stats.FastRetransmits++
		a.count(cFastRetransmits)
		if p := c.path; !a.recovering {
			a.recovering, a.recoverTo, a.fastNow = true, a.first+uint32(a.sent)-1, true
			p.ssthresh = max(p.cwnd/2, 4*p.chunks())
			p.cwnd, p.acked = p.ssthresh, 0
		}
	}
	if found {
		a.addLost(hole)
	}
}

// markLost takes a chunk out of what is under way; addLost must follow.
func (a *assoc) markLost(tsn uint32, c *outChunk) {
	p := c.path
	c.fate = again
	a.resends++
	p.flight -= c.size()
	a.outstanding -= c.n
	a.peerWindow += uint32(c.n) // §6.2.1 C
	if p.timing && !before(p.timed, tsn) {
		p.timing = false // §6.3.1 C5
	}
}

// addLost notes a run of TSNs that has chunks to be sent again. Runs in the list may overlap.
func (s *sender) addLost(r tsnRun) {
	i, _ := slices.BinarySearchFunc(s.lost, r.first, func(x tsnRun, tsn uint32) int { return int(int32(x.first - tsn)) })
	s.lost = slices.Insert(s.lost, i, r)
}

// grow opens the congestion window of a path (§7.2.1, §7.2.2).
func (a *assoc) grow(p *path, n int) {
	if p.cwnd <= p.ssthresh {
		if p.full && !a.recovering {
			p.cwnd += min(n, 2*p.chunks())
		}
		return
	}
	p.acked += n
	switch {
	case p.acked >= p.cwnd && p.full && !a.recovering:
		p.acked -= p.cwnd
		p.cwnd += p.chunks()
	case p.acked > p.cwnd:
		p.acked = p.cwnd
	}
	if p.flight == 0 {
		p.acked = 0
	}
}

// timeout handles the end of T3-rtx: all that is under way on the path counts as lost (§6.3.3, §7.2.3).
func (a *assoc) timeout(p *path) {
	a.stats.Timeouts++
	a.count(cT3)
	probing := a.closedBy && a.sackHeard
	a.sackHeard = false
	if !probing {
		p.ssthresh = max(p.cwnd/2, 4*p.chunks())
		p.cwnd, p.acked, p.single, a.recovering = p.chunks(), 0, true, false
	}
	a.believeLastSack()
	a.loseAll(p)
	if probing { // a far end that says that it has no room is alive (§6.1 A)
		p.rto = min(2*p.rto, a.params.RTOMax)
		return
	}
	if !a.strike(p, "retransmissions", true) {
		return
	}
	if p.nonce == 0 && a.dataPath() != p {
		// Data leaves this path now. A heartbeat finds out when it works again.
		p.beatAt = a.now + 1
	}
}

// believeLastSack forgets the gap reports that the last SACK did not repeat: the far end may have thrown away
// the chunks they told of.
func (a *assoc) believeLastSack() {
	cum, g := a.sack.cum, a.sack.gaps
	for _, r := range a.acks {
		for tsn := r.first; !before(r.last, tsn); tsn++ {
			for len(g) > 0 && before(cum+uint32(g[0].last), tsn) {
				g = g[1:]
			}
			c := a.chunk(tsn)
			if c.fate == gapped && (len(g) == 0 || before(tsn, cum+uint32(g[0].first))) {
				c.fate, c.timedOut = again, true
				a.resends++
				a.addLost(tsnRun{tsn, tsn})
			}
		}
	}
	a.acks = a.acks[:0]
	for i := 0; i < a.sent; i++ {
		if a.at(i).fate != gapped {
			continue
		}
		r := ackRun{tsnRun: tsnRun{a.first + uint32(i), a.first + uint32(i)}}
		for ; i+1 < a.sent && a.at(i+1).fate == gapped; i++ {
			r.last++
		}
		a.acks = append(a.acks, r)
	}
}

// loseAll marks all that is under way on a path.
func (a *assoc) loseAll(p *path) {
	var run tsnRun
	some := false
	for i := range a.sent {
		c := a.at(i)
		if c.path != p || c.fate != flying {
			continue
		}
		tsn := a.first + uint32(i)
		a.markLost(tsn, c)
		c.timedOut, c.fast = true, false
		if some && run.last+1 == tsn {
			run.last = tsn
			continue
		}
		if some {
			a.addLost(run)
		}
		run, some = tsnRun{tsn, tsn}, true
	}
	if some {
		a.addLost(run)
	}
}
