package mtp3

import (
	"fmt"
	"time"

	"github.com/gostp/gostp/ss7"
)

// recvManagement takes a network management message that came by l. One that Q.704 does not
// know is discarded, counted and never answered (§15).
func (l *link) recvManagement(now time.Time, msu *ss7.MSU, out []ss7.Action) []ss7.Action {
	n := l.net
	m, err := ParseManagement(n.cfg.Variant, msu.Payload)
	if err != nil {
		return n.ignore(out, "%v on %s", err, l.name())
	}
	if msu.NI != n.cfg.NI { // Decide lets what comes by a link that carries no traffic yet pass (§2.4.3)
		return n.ignore(out, "%v on %s with network indicator %v; this node has %v",
			m.Heading, l.name(), msu.NI, n.cfg.NI)
	}
	if !formOf(n.cfg.Variant).ansi || headings[m.Heading].body == nothing {
		m.SLC = n.cfg.Variant.SLC(msu)
	}
	out = l.set.heardFrom(now, msu.OPC, out)
	n.stats.SNMIn++
	n.stats.In[m.Heading]++
	out = append(out, n.message("from", msu.OPC, "by "+l.name(), m))
	if c, ok := l.claim(msu, m); ok {
		if out, ok = n.Believe(c, out); !ok {
			n.stats.SNMIgnored++
			return out
		}
	}
	if s := n.serverOf(msu); s != nil {
		return s.recvManagement(now, msu, m, out)
	}
	if recv := managing[m.Heading]; recv != nil {
		return recv(l, now, msu, m, out)
	}
	return n.ignore(out, "%v from %s on %s is not acted on", m.Heading, n.format(msu.OPC), l.name())
}

// managing lists what the link by which a network management message came does with it, by its
// heading.
var managing = map[Heading]func(*link, time.Time, *ss7.MSU, Management, []ss7.Action) []ss7.Action{
	COO: (*link).recvAboutLink, COA: (*link).recvAboutLink, XCO: (*link).recvAboutLink, XCA: (*link).recvAboutLink,
	ECO: (*link).recvAboutLink, ECA: (*link).recvAboutLink, CBD: (*link).recvAboutLink, CBA: (*link).recvAboutLink,
	LIN: (*link).recvAboutLink, LUN: (*link).recvAboutLink, LIA: (*link).recvAboutLink, LUA: (*link).recvAboutLink,
	LID: (*link).recvAboutLink, LFU: (*link).recvAboutLink, LLT: (*link).recvAboutLink, LRT: (*link).recvAboutLink,

	TFP: (*link).recvRoute, TFR: (*link).recvRoute, TFA: (*link).recvRoute,
	RST: (*link).recvRouteTest, RSR: (*link).recvRouteTest,
	TCP: (*link).recvCluster, TCR: (*link).recvCluster, TCA: (*link).recvCluster,
	RCP: (*link).recvClusterTest, RCR: (*link).recvClusterTest,
	TFC: (*link).recvTFC, RCT: (*link).recvRCT, UPU: (*link).recvUPU,
	TRA: (*link).recvTRA, TRW: (*link).recvTRW,
}

// recvRCT does nothing: a test of the way to this node has done its work by going all of it
// (§13.9.5).
func (l *link) recvRCT(_ time.Time, _ *ss7.MSU, _ Management, out []ss7.Action) []ss7.Action {
	return out
}

// recvAboutLink takes a message about another link, or in some cases about l itself.
func (l *link) recvAboutLink(now time.Time, msu *ss7.MSU, m Management, out []ss7.Action) []ss7.Action {
	n := l.net
	about := n.linkTo(msu.OPC, msu.DPC, m.SLC)
	switch {
	case about == nil:
		return n.ignore(out, "%v from %s for link %d, which is not there", m.Heading, n.format(msu.OPC), m.SLC)
	case m.Heading == CBD || m.Heading == CBA:
		return about.recvChangeback(now, l.cfg.Path, m, out)
	case headings[m.Heading].body == aboutLink && m.Heading != ECO && m.Heading != ECA:
		return about.recvInhibit(now, m.Heading, out)
	case about == l: // an order never comes by the link it names (§5.4.1)
		return n.ignore(out, "%v for %s came by that link itself", m.Heading, l.name())
	}
	return about.recvChangeover(now, l.cfg.Path, m, out)
}

// claim gives what has to be believed before a message is acted on. It must be the adjacent point
// that says it (§5.4.1, §13.2.1), else any neighbour could take down the links of another, prohibit
// its routes or restart it. What is said of congestion and of users must come from where that is.
// ok is false for a message that needs no belief: it has no effect, or it is an order about a link
// that is down, whose sender may know a way by which this end has no route back.
func (l *link) claim(msu *ss7.MSU, m Management) (c Claim, ok bool) {
	c = Claim{What: m.Heading.String(), Path: l.cfg.Path, By: msu.OPC, About: Nobody}
	switch m.Heading {
	case RCT:
		return c, false
	case TFC:
		c.About, c.Far = m.PC, true
		return c, true
	case UPU:
		c.About = m.PC
		return c, true
	case COO, COA, XCO, XCA, ECO, ECA:
		if about := l.net.linkTo(msu.OPC, msu.DPC, m.SLC); about != nil && about.state != Available {
			return c, false
		}
	}
	return c, l.net.isAdjacent(msu.OPC) // a message of another point is ignored for that, where it matters
}

// ignore counts a message that is not acted on, and notes why.
func (n *Network) ignore(out []ss7.Action, format string, args ...any) []ss7.Action {
	n.stats.SNMIgnored++
	return append(out, discardf(format, args...))
}

func (n *Network) format(pc ss7.PC) string { return n.cfg.notation().Format(pc) }

func (n *Network) formatRange(r ss7.Range) string { return n.cfg.notation().FormatRange(r) }

// linkTo finds the link with an SLC to an adjacent point that knows this node by code; nil if there
// is none.
func (n *Network) linkTo(adjacent, code ss7.PC, slc uint8) *link {
	for _, s := range n.sets {
		if !s.meant(adjacent, code) {
			continue
		}
		for _, l := range s.links {
			if l.cfg.SLC == slc {
				return l
			}
		}
	}
	return nil
}

// wayTo finds a path to an adjacent point that is not link except: a link of its own
// linksets, or any route; 0 if there is none.
func (n *Network) wayTo(adjacent ss7.PC, except *link) ss7.PathID {
	for _, s := range n.sets {
		if s.cfg.Adjacent != adjacent {
			continue
		}
		for _, l := range s.links {
			if l != except && l.usable() {
				return l.cfg.Path
			}
		}
	}
	return n.wayRound(adjacent)
}

// wayRound finds a path to an adjacent point over another one; 0 if there is none.
func (n *Network) wayRound(adjacent ss7.PC) ss7.PathID {
	_, b, _ := n.table.Dest(adjacent)
	if b == nil {
		return 0
	}
	for _, slot := range b.Slots {
		if !slot.Path.IsHold() && !n.leadsTo(int(slot.Linkset), adjacent) && n.set(int(slot.Linkset)) != nil {
			return slot.Path
		}
	}
	for i := range n.sets {
		if n.sets[i].cfg.Adjacent == adjacent {
			d, _, _ := n.table.Dest(adjacent)
			if slot, ok := n.table.Avoid(d, 0, i); ok && !slot.Path.IsHold() && !n.leadsTo(int(slot.Linkset), adjacent) &&
				n.set(int(slot.Linkset)) != nil {
				return slot.Path
			}
		}
	}
	return 0
}

// sendAbout sends a message about link l to its far end by path; nothing if path is 0.
func (l *link) sendAbout(path ss7.PathID, m Management, out []ss7.Action) []ss7.Action {
	m.SLC = l.cfg.SLC
	return l.net.send(path, l.set.cfg.Adjacent, l.set.localPC(), l.cfg.SLC, m, out)
}

// managementPriority is the highest, where there are priorities (T1.111.4 §15).
const managementPriority = 3

func (n *Network) send(path ss7.PathID, dpc, opc ss7.PC, sls uint8, m Management, out []ss7.Action) []ss7.Action {
	if path == 0 {
		return out
	}
	n.stats.SNMOut++
	n.stats.Out[m.Heading]++
	by := ""
	if l := n.links[path]; l != nil {
		by = "by " + l.name()
	}
	out = append(out, n.message("to", dpc, by, m))
	msu := ss7.MSU{DPC: dpc, OPC: opc, SLS: sls, NI: n.cfg.NI, SI: ss7.SNM,
		Payload: AppendManagement(nil, n.cfg.Variant, m)}
	if n.cfg.Levels {
		msu.Prio = managementPriority
	}
	return append(out, ss7.Action{Op: ss7.Raise, Event: ss7.Event{Kind: ss7.Transfer, Path: path, MSU: msu}})
}

// sendAgain finds another way for a management message that a failed link gave back. The message
// may be an order about another link, so it must not wait until this link's traffic is diverted.
func (n *Network) sendAgain(now time.Time, failed *link, m *ss7.MSU, out []ss7.Action) []ss7.Action {
	path := ss7.PathID(0)
	if n.isAdjacent(m.DPC) {
		path = n.wayTo(m.DPC, failed)
	} else if _, b, _ := n.table.Dest(m.DPC); b != nil {
		path = n.table.Slot(b, m.SLS).Path
	}
	if path == 0 || path.IsHold() {
		n.lost(now, m)
		return out
	}
	return append(out, ss7.Action{Op: ss7.Raise, Event: ss7.Event{Kind: ss7.Transfer, Path: path, MSU: *m}})
}

// message makes the note of a message that comes or goes.
func (n *Network) message(way string, pc ss7.PC, by string, m Management) ss7.Action {
	text := fmt.Sprintf("%v %s %s %s", m.Heading, way, n.format(pc), by)
	switch headings[m.Heading].body {
	case affected, congestion:
		text += " about " + n.format(m.PC)
	case unavailableUser:
		text += fmt.Sprintf(" about %v at %s", m.User, n.format(m.PC))
	case sequence7, sequence24:
		text += fmt.Sprintf(" for link %d, last accepted %d", m.SLC, m.FSN)
	case changebackCode:
		text += fmt.Sprintf(" for link %d, code %d", m.SLC, m.Code)
	case aboutLink:
		text += fmt.Sprintf(" for link %d", m.SLC)
	}
	return note(NoteMessage, text)
}
