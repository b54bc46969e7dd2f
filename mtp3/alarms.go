package mtp3

import (
	"fmt"

	"github.com/gostp/gostp/ss7"
)

// Severity is how bad an alarm is (X.733 §8.1.2.3).
type Severity uint8

// The severities, the worst first.
const (
	Critical Severity = iota // no traffic at all
	Major                    // a linkset or a destination is lost
	Minor                    // something is lost that something else does instead
	Warning
)

func (s Severity) String() string { return [...]string{"Critical", "Major", "Minor", "Warning"}[s] }

// Alarm is something that is not as the configuration wants it. Object is unique among
// those of one moment.
type Alarm struct {
	Severity Severity
	Object   string
	Why      string
}

// Alarms gives what is wrong now: links, linksets, destinations, circular routes, a restart
// of the node.
// What is shut down is as it should be.
func (n *Network) Alarms() []Alarm {
	var out []Alarm
	up, wanted := false, false
	for _, s := range n.sets {
		up, wanted = up || s.ready, wanted || !s.cfg.Shutdown && len(s.links) > 0
		out = s.alarms(n, out)
	}
	switch {
	case wanted && !up:
		out = append(out, Alarm{Critical, "node", "it is isolated: no linkset is available"})
	case n.own.on:
		out = append(out, Alarm{Warning, "node", "it restarts: traffic waits for the neighbours (Q.704 §9.2)"})
	}
	for i := range n.plan.Dests {
		d := &n.plan.Dests[i]
		if r := d.Range; n.table.Bundle(i) == nil && !n.ownAdjacent(r) {
			why := "no route to it is available"
			if d.Dynamic {
				why = "every neighbour on the way to it prohibits it (TFP)"
			}
			out = append(out, Alarm{Major, "destination " + n.cfg.Variant.Notation.FormatRange(r), why})
		}
	}
	for _, c := range n.Circles() {
		out = append(out, Alarm{Major, "circular route to " + n.format(c.Dest) + " by linkset " + c.Linkset, c.Why})
	}
	return out
}

// ownAdjacent tells whether r is the adjacent point of a linkset that is shut down.
func (n *Network) ownAdjacent(r ss7.Range) bool {
	if r.Len != n.cfg.Variant.Bits() {
		return false
	}
	for _, s := range n.sets {
		if s.cfg.Adjacent == r.PC && s.cfg.Shutdown {
			return true
		}
	}
	return false
}

func (s *linkset) alarms(n *Network, out []Alarm) []Alarm {
	if s.cfg.Shutdown || len(s.links) == 0 {
		return out
	}
	switch {
	case !s.ready:
		out = append(out, Alarm{Major, "linkset " + s.cfg.Name, n.linksetWhy(s)})
	case s.restarting:
		out = append(out, Alarm{Warning, "linkset " + s.cfg.Name, "its adjacent point restarts: no TRA from it so far (Q.704 §9.3)"})
	}
	for _, l := range s.links {
		object := fmt.Sprintf("link %d of linkset %s", l.cfg.SLC, s.cfg.Name)
		switch {
		case l.cfg.Shutdown:
		case l.state != Available:
			out = append(out, Alarm{Minor, object, l.why})
		case l.localInhibit:
			out = append(out, Alarm{Warning, object, "inhibited from this end"})
		case l.remoteInhibit:
			out = append(out, Alarm{Warning, object, "inhibited from the far end"})
		case l.peerFault != "":
			out = append(out, Alarm{Warning, object, l.peerFault})
		}
	}
	return out
}
