package mtp3

import (
	"fmt"
	"time"

	"github.com/gostp/gostp/ss7"
)

// recvManagement takes a network management message that came by link via. One that
// Q.704 does not know is discarded, counted and never answered (§15).
func (n *Network) recvManagement(now time.Time, via *link, m *ss7.MSU, out []ss7.Action) []ss7.Action {
	x, err := ParseManagement(n.cfg.Variant, m.Payload)
	if err != nil {
		return n.ignore(out, "%v on %s", err, via.name())
	}
	if m.NI != n.cfg.NI { // Decide lets what comes by a link that carries no traffic yet pass (Q.704 §2.4.3)
		return n.ignore(out, "%v on %s with network indicator %v; this node has %v",
			x.Heading, via.name(), m.NI, n.cfg.NI)
	}
	if !formOf(n.cfg.Variant).ansi || headings[x.Heading].body == nothing {
		x.SLC = n.cfg.Variant.SLC(m)
	}
	if s := via.set; !s.ready && s.cfg.Adjacent == m.OPC {
		s.early = true // the test has passed there, and not yet here
		if s.stale {   // now, or what it says anew would be forgotten with that
			s.forget()
			out = n.follow(now, out)
		}
	}
	n.stats.SNMIn++
	n.stats.In[x.Heading]++
	out = append(out, n.message("from", m.OPC, "by "+via.name(), x))
	if c, ok := n.claim(via, m, x); ok {
		if out, ok = n.Believe(c, out); !ok {
			n.stats.SNMIgnored++
			return out
		}
	}
	if s := n.serverOf(m); s != nil {
		return s.toServer(now, m, x, out)
	}
	switch x.Heading {
	case COO, COA, XCO, XCA, ECO, ECA, CBD, CBA, LIN, LUN, LIA, LUA, LID, LFU, LLT, LRT:
		l := n.linkTo(m.OPC, m.DPC, x.SLC)
		if l == nil {
			return n.ignore(out, "%v from %s for link %d, which is not there", x.Heading, n.format(m.OPC), x.SLC)
		}
		if x.Heading == CBD || x.Heading == CBA {
			return l.recvChangeback(now, via.cfg.Path, x, out)
		}
		if headings[x.Heading].body == aboutLink && x.Heading != ECO && x.Heading != ECA {
			return l.recvInhibit(now, x.Heading, out)
		}
		if l == via { // an order never comes by the link it names (§5.4.1)
			return n.ignore(out, "%v for %s came by that link itself", x.Heading, l.name())
		}
		return l.recvChangeover(now, via.cfg.Path, x, out)
	case TFP, TFR, TFA:
		return n.recvRoute(now, m.OPC, x, out)
	case RST, RSR:
		return n.recvRouteTest(now, via, m.OPC, x, out)
	case TFC:
		return n.recvTFC(now, m, x, out)
	case RCT:
		return out // it has done its work by going all the way (§13.9.5)
	case UPU:
		return n.recvUPU(m, x, out)
	case TRA:
		return n.recvTRA(now, m.OPC, m.DPC, out)
	case TRW:
		return n.recvTRW(now, m.OPC, m.DPC, out)
	case TCP, TCR, TCA:
		return n.recvCluster(now, m.OPC, x, out)
	case RCP, RCR:
		return n.recvClusterTest(now, via, m.OPC, x, out)
	}
	return n.ignore(out, "%v from %s on %s is not acted on", x.Heading, n.format(m.OPC), via.name())
}

// claim is what has to be believed before a message is acted on: that an adjacent point is
// who says so (§5.4.1, §13.2.1), else any neighbour could take down the links of another,
// prohibit its routes or restart it; and that what is said of congestion and users comes from
// there. False: the message has no effect, or none but the one meant, as an order about a
// link that is down, whose sender may know a way that this end has no route back by.
func (n *Network) claim(via *link, msu *ss7.MSU, m Management) (c Claim, ok bool) {
	c = Claim{What: m.Heading.String(), Path: via.cfg.Path, By: msu.OPC, About: Nobody}
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
		if l := n.linkTo(msu.OPC, msu.DPC, m.SLC); l != nil && l.state != Available {
			return c, false
		}
	}
	return c, n.isAdjacent(msu.OPC) // from others it is ignored for that, where it matters
}

// ignore counts and tells what is not acted on.
func (n *Network) ignore(out []ss7.Action, format string, args ...any) []ss7.Action {
	n.stats.SNMIgnored++
	return append(out, discardf(format, args...))
}

func (n *Network) format(pc ss7.PC) string { return n.cfg.notation().Format(pc) }

func (n *Network) formatRange(r ss7.Range) string { return n.cfg.notation().FormatRange(r) }

// linkTo finds the link with an SLC to an adjacent point, which knows this node by code; nil
// if there is none.
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

// sendAgain finds another way for a management message that a failed link gave back:
// it may be the order for another link, which must not wait for this one's traffic.
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

// message tells of a message that comes or goes.
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
