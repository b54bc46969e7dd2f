package mtp3

import (
	"fmt"
	"time"

	"github.com/gostp/gostp/ss7"
)

// Management inhibiting (Q.704 §10). A person takes a link from traffic while it stays aligned and
// tested. Each end marks the link: as locally inhibited where the person sits, as remotely
// inhibited at the far end. A mark forbids sending; MSUs that come are taken.

// inhibition is the exchange between the two ends that is under way.
type inhibition struct {
	asked    Heading // LIN, LUN or LFU was sent and is not answered; 0: nothing
	attempts int     // two at most (§10.2)
}

// SetInhibit asks the far end of a link to let it be inhibited, or to have it back. The
// error says why it is not even asked.
func (n *Network) SetInhibit(now time.Time, set string, slc uint8, on bool, out []ss7.Action) ([]ss7.Action, error) {
	l := n.linkNamed(set, slc)
	switch {
	case l == nil:
		return out, fmt.Errorf("linkset %s has no link %d", set, slc)
	case on && l.localInhibit:
		return out, fmt.Errorf("%s is inhibited already", l.name())
	case !on && !l.localInhibit:
		return out, fmt.Errorf("%s is not inhibited here", l.name())
	case !on:
		return l.askInhibition(now, LUN, out), nil
	}
	if i := l.neededFor(); i >= 0 {
		return out, fmt.Errorf("%s cannot be inhibited: %s would become inaccessible", l.name(),
			n.formatRange(n.plan.Dests[i].Range))
	}
	if l.inhibitWay() == 0 {
		return out, fmt.Errorf("%s cannot be inhibited: there is no way to ask %s", l.name(), n.format(l.set.cfg.Adjacent))
	}
	return l.askInhibition(now, LIN, out), nil
}

func (n *Network) linkNamed(set string, slc uint8) *link {
	for _, s := range n.sets {
		for _, l := range s.links {
			if s.cfg.Name == set && l.cfg.SLC == slc {
				return l
			}
		}
	}
	return nil
}

// neededFor finds a destination that is accessible by l alone; -1: none (§10.2 a).
func (l *link) neededFor() int {
	n := l.net
	without := n.newTable(l, false)
	for i := range n.plan.Dests {
		if n.table.Bundle(i) != nil && without.Bundle(i) == nil {
			return i
		}
	}
	return -1
}

// inhibitWay is the way for a message about l: another link to the far end, else l itself, which
// inhibiting leaves to management. It leads over other points only if l has failed, because they
// may have no way back.
func (l *link) inhibitWay() ss7.PathID {
	n := l.net
	p := n.wayTo(l.set.cfg.Adjacent, l)
	if via := n.links[p]; (via == nil || via.set.cfg.Adjacent != l.set.cfg.Adjacent) && l.state == Available {
		return l.cfg.Path
	}
	return p
}

// inhibitTimers are those that wait for the answer to a message.
var inhibitTimers = map[Heading]timerID{LIN: timerT14, LUN: timerT12, LFU: timerT13}

// askInhibition sends LIN, LUN or LFU and waits for the answer.
func (l *link) askInhibition(now time.Time, h Heading, out []ss7.Action) []ss7.Action {
	if l.inhibition.asked != h {
		l.inhibition = inhibition{asked: h}
	}
	l.inhibition.attempts++
	l.stop(timerT12, timerT13, timerT14)
	l.start(now, inhibitTimers[h])
	way := l.inhibitWay()
	if h == LFU && l.state == Available { // down the link itself (§10.3.2 d)
		way = l.cfg.Path
	}
	return l.sendAbout(way, Management{Heading: h}, out)
}

func (l *link) inhibitionDone() {
	l.inhibition = inhibition{}
	l.stop(timerT12, timerT13, timerT14)
}

// inhibitTimer acts on the end of T12, T13, T14, T22 and T23.
func (l *link) inhibitTimer(now time.Time, id timerID, out []ss7.Action) []ss7.Action {
	switch id {
	case timerLocalInhibit: // does the far end still know? (§10.6)
		l.start(now, id)
		return l.sendAbout(l.inhibitWay(), Management{Heading: LLT}, out)
	case timerRemoteInhibit:
		l.start(now, id)
		return l.sendAbout(l.inhibitWay(), Management{Heading: LRT}, out)
	}
	h := l.inhibition.asked
	if l.inhibition.attempts < 2 {
		return l.askInhibition(now, h, out)
	}
	l.inhibitionDone()
	return append(out, notef(NoteLink, "Link %d of linkset %s: the far end did not answer %v", l.cfg.SLC, l.set.cfg.Name,
		h))
}

// mark changes the marks of l and shifts its traffic; with time, not with the far end
// (§10.2): level 2 goes on.
func (l *link) mark(now time.Time, local, remote bool, out []ss7.Action) []ss7.Action {
	was := l.usable()
	if local != l.localInhibit || remote != l.remoteInhibit {
		l.localInhibit, l.remoteInhibit = local, remote
		text := "is no longer inhibited"
		switch {
		case local && remote:
			text = "is inhibited from both ends"
		case local:
			text = "is inhibited from this end"
		case remote:
			text = "is inhibited from the far end"
		}
		out = append(out, notef(NoteLink, "Link %d of linkset %s %s", l.cfg.SLC, l.set.cfg.Name, text))
	}
	l.keep(now, timerLocalInhibit, local)
	l.keep(now, timerRemoteInhibit, remote)
	return l.shift(now, was, out)
}

// keep runs timer id for as long as on is true.
func (l *link) keep(now time.Time, id timerID, on bool) {
	if !on {
		l.stop(id)
	} else if !l.running(id) {
		l.start(now, id)
	}
}

// recvInhibit takes a message about inhibiting l (§10.2 to §10.6). Stray answers have no effect
// (§10.4).
func (l *link) recvInhibit(now time.Time, h Heading, out []ss7.Action) []ss7.Action {
	switch h {
	case LIN:
		return l.recvLIN(now, out)
	case LUN:
		l.inhibitionDone() // it answers a force uninhibit, if there was one
		out = l.sendAbout(l.inhibitWay(), Management{Heading: LUA}, out)
		return l.mark(now, l.localInhibit, false, out)
	case LIA, LID, LUA:
		return l.recvInhibitAnswer(now, h, out)
	case LFU:
		if l.inhibition.asked == LUN { // it is on its way
			return out
		}
		return l.askInhibition(now, LUN, out)
	case LLT:
		if !l.remoteInhibit {
			return l.askInhibition(now, LFU, out)
		}
	case LRT:
		if !l.localInhibit {
			return l.askInhibition(now, LUN, out)
		}
	}
	return out
}

// recvLIN lets the far end inhibit l, unless something is accessible by l alone.
func (l *link) recvLIN(now time.Time, out []ss7.Action) []ss7.Action {
	if !l.remoteInhibit && l.neededFor() >= 0 {
		return l.sendAbout(l.inhibitWay(), Management{Heading: LID}, out)
	}
	way := l.inhibitWay()
	if l.usable() { // §10.2 d
		way = l.cfg.Path
	}
	out = l.sendAbout(way, Management{Heading: LIA}, out)
	return l.mark(now, l.localInhibit, true, out)
}

// recvInhibitAnswer takes the answer to what was asked.
func (l *link) recvInhibitAnswer(now time.Time, h Heading, out []ss7.Action) []ss7.Action {
	asked := l.inhibition.asked
	if h == LUA && asked != LUN || h != LUA && asked != LIN {
		return out
	}
	l.inhibitionDone()
	if h == LID {
		return append(out, notef(NoteLink, "Link %d of linkset %s: the far end does not let it be inhibited: "+
			"it needs the link to reach something", l.cfg.SLC, l.set.cfg.Name))
	}
	return l.mark(now, h == LIA, l.remoteInhibit, out)
}

// rescue uninhibits links that could reach d, which has just become inaccessible (§10.3.2).
func (d *destination) rescue(now time.Time, out []ss7.Action) []ss7.Action {
	for _, r := range d.routes() {
		s := d.net.set(r.Linkset)
		if s == nil {
			continue
		}
		for _, l := range s.links {
			if l.state != Available || l.inhibition.asked != 0 {
				continue
			}
			if l.localInhibit {
				out = l.askInhibition(now, LUN, out)
			} else if l.remoteInhibit {
				out = l.askInhibition(now, LFU, out)
			}
		}
	}
	return out
}
