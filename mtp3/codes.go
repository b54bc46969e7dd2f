package mtp3

import (
	"fmt"
	"slices"
	"time"

	"github.com/gostp/gostp/ss7"
)

// The code by which a neighbour knows this node. A node that took over the links of another
// exchange has that exchange's code too, and the neighbours there know no other one: an SLTM, TRA
// or TFP with another OPC comes from a stranger, as they see it. A linkset's code is the one that
// is configured (local-pc), else the one to which the far end addresses its own link tests, else
// the node's first.

// codeWait is how long the first test of a link waits for the far end's own, where that
// alone can tell by which of several codes the far end knows this node.
const codeWait = time.Second

// localPC is the code by which the far end of a linkset knows this node.
func (s *linkset) localPC() ss7.PC {
	n := s.net
	switch {
	case s.cfg.Local != nil:
		return *s.cfg.Local
	case s.tested && n.isOwn(s.code):
		return s.code
	}
	return n.cfg.Own[0]
}

// codeFor is the code by which a point knows this node: the linkset's if it is adjacent.
func (n *Network) codeFor(pc ss7.PC) ss7.PC {
	if i := slices.IndexFunc(n.sets, func(s *linkset) bool { return s.cfg.Adjacent == pc }); i >= 0 {
		return n.sets[i].localPC()
	}
	return n.cfg.Own[0]
}

// codes are the adjacent points that know this node by another code than its first; nil
// if there are none.
func (n *Network) codes() (by map[ss7.PC]ss7.PC) {
	if len(n.cfg.Own) == 0 {
		return nil
	}
	for _, s := range n.sets {
		if c := s.localPC(); c != n.cfg.Own[0] && s.firstTo() {
			if by == nil {
				by = map[ss7.PC]ss7.PC{}
			}
			by[s.cfg.Adjacent] = c
		}
	}
	return by
}

// firstTo tells whether s is the first linkset of all to its adjacent point.
func (s *linkset) firstTo() bool {
	i := slices.IndexFunc(s.net.sets, func(o *linkset) bool { return o.cfg.Adjacent == s.cfg.Adjacent })
	return s.net.sets[i] == s
}

// meant tells whether a message from opc to code is about linkset s: with two linksets to
// one adjacent point, the one whose code it is.
func (s *linkset) meant(opc, code ss7.PC) bool {
	if s.cfg.Adjacent != opc {
		return false
	}
	return s.localPC() == code || !slices.ContainsFunc(s.net.sets, func(o *linkset) bool {
		return o.cfg.Adjacent == opc && o.localPC() == code
	})
}

// way finds a path to the far end of s: a link of its own, else as wayTo does.
func (s *linkset) way() ss7.PathID {
	if i := slices.IndexFunc(s.links, (*link).usable); i >= 0 {
		return s.links[i].cfg.Path
	}
	return s.net.wayTo(s.cfg.Adjacent, nil)
}

// send sends m to the far end of s, from the code by which that knows this node.
func (s *linkset) send(m Management, out []ss7.Action) []ss7.Action {
	return s.net.send(s.way(), s.cfg.Adjacent, s.localPC(), 0, m, out)
}

// firstTest begins to test a link that has come into service. Where only the far end's test can
// tell which code is known there, the first test waits for that.
func (l *link) firstTest(now time.Time, out []ss7.Action) []ss7.Action {
	if len(l.net.cfg.Own) == 1 || l.set.cfg.Local != nil || l.set.tested {
		return l.startTest(now, out)
	}
	l.startFor(now, timerCode, codeWait)
	return out
}

// addressed takes the code to which the adjacent point has addressed its own test of l (Q.707
// §2.2). What this node told it from another code was not believed there, and is told again.
func (l *link) addressed(now time.Time, code ss7.PC, out []ss7.Action) []ss7.Action {
	n := l.net
	s := l.set
	before := s.localPC()
	s.code, s.tested = code, true
	for _, x := range s.links {
		if x.running(timerCode) {
			x.stop(timerCode)
			out = x.startTest(now, out)
		}
	}
	is := s.localPC()
	if is == before {
		return out
	}
	text := fmt.Sprintf("Linkset %s: the far end knows this node by its code %s, which is used there from now on",
		s.cfg.Name, n.format(is))
	out = append(out, note(NoteLinkset, text))
	for _, x := range s.links {
		if x.running(timerSLTA) && x.testOPC != is {
			x.startFor(now, timerSLTA, n.cfg.SLTT1)
			out = x.askAgain(out)
		}
	}
	s.sayAgain()
	n.touchTable()
	return out
}

// localPCs are the codes by which the far ends of all linksets know this node, if it has one.
func (n *Network) localPCs() (codes []ss7.PC) {
	if len(n.cfg.Own) > 0 {
		for _, s := range n.sets {
			codes = append(codes, s.localPC())
		}
	}
	return codes
}

// sayAgain has the far end of s told everything again: what it was told came from another code than
// the one by which it knows this node now.
func (s *linkset) sayAgain() {
	s.tellAnew()
	s.sentTRA = false
}
