package mtp3

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gostp/gostp/routing"
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

// Explain tells Alarms what lies below MTP3. A function that is nil says nothing.
type Explain struct {
	// Link is the reason why a link carries nothing, of the lowest layer that has one.
	Link func(*LinkStatus) string
	// Fault is what is wrong with a link that carries traffic all the same; empty: nothing.
	Fault func(*LinkStatus) string
	// Server is the reason why an application server takes nothing.
	Server func(ss7.PathID) string
}

// Alarms gives what is wrong now with links, linksets, destinations and the node itself. An object
// that is shut down is as it should be.
func (n *Network) Alarms(explain Explain) []Alarm {
	var out []Alarm
	up, wanted := false, false
	for _, s := range n.sets {
		up, wanted = up || s.ready, wanted || !s.cfg.Shutdown && len(s.links) > 0
		out = s.alarms(n, explain, out)
	}
	out = n.sharedCodes(out)
	switch {
	case wanted && !up:
		out = append(out, Alarm{Critical, "node", "it is isolated: no linkset is available"})
	case n.own.on:
		out = append(out, Alarm{Warning, "node", "it restarts: traffic waits for the neighbours (Q.704 §9.2)"})
	}
	reasons := reasons{n, explain, map[reasonKey]string{}}
	for i, d := range n.dests {
		if n.table.Bundle(i) != nil || n.ownAdjacent(d.Range) {
			continue
		}
		if d.object == "" {
			d.object = "destination " + n.formatRange(d.Range)
		}
		out = append(out, Alarm{Major, d.object, reasons.noRoute(i)})
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

// sharedCodes names linksets that lead to one adjacent point. Q.704 §2.3 knows one linkset
// between two points: what the far end says of a route by one of them is kept for that one.
func (n *Network) sharedCodes(out []Alarm) []Alarm {
	for i, s := range n.sets {
		if s.cfg.Shutdown || slices.ContainsFunc(n.sets[:i], s.rivals) {
			continue // the first of them has told
		}
		names := []string{s.cfg.Name}
		for _, o := range n.sets[i+1:] {
			if s.rivals(o) {
				names = append(names, o.cfg.Name)
			}
		}
		if len(names) > 1 {
			out = append(out, Alarm{Warning, "adjacent point " + n.format(s.cfg.Adjacent), fmt.Sprintf(
				"linksets %s all lead to it: two points cannot have one code, and links to one point belong in one "+
					"linkset",
				strings.Join(names, ", "))})
		}
	}
	return out
}

// rivals tells whether s and o are in use and lead to one adjacent point.
func (s *linkset) rivals(o *linkset) bool {
	return o.cfg.Adjacent == s.cfg.Adjacent && !o.cfg.Shutdown && !s.cfg.Shutdown
}

// reasons says why routes do not serve. It remembers what it has said, because thousands of
// destinations may have lost the same route.
type reasons struct {
	*Network
	explain Explain
	said    map[reasonKey]string
}

// reasonKey is what the reason of a route depends on.
type reasonKey struct {
	linkset int
	heard   routing.RouteState
	bits    uint8 // of the destination: clusters have messages of their own
}

// noRoute says for each route of a destination why it does not serve.
func (x *reasons) noRoute(dest int) string {
	text := "no route to it is available: "
	for j := range x.plan.Dests[dest].Routes {
		if j > 0 {
			text += "; "
		}
		text += x.route(dest, j)
	}
	return text
}

// route says why route j of a destination does not serve.
func (x *reasons) route(dest, j int) string {
	d := &x.plan.Dests[dest]
	k := reasonKey{d.Routes[j].Linkset, x.table.RouteState(dest, j), d.Range.Len}
	if text, ok := x.said[k]; ok {
		return text
	}
	set := &x.table.Linksets[k.linkset]
	text := "linkset " + set.Name + " carries no traffic yet"
	switch {
	case set.Server && (!set.Ready() || k.heard != routing.Prohibited):
		text = serverWhy(set, x.explain)
	case !set.Ready():
		text = "linkset " + set.Name + x.downText(set.Name)
	case k.heard == routing.Prohibited:
		who, message := Said(x.table, dest, j, x.format)
		text = fmt.Sprintf("%s prohibits it (%s)", who, message)
	}
	x.said[k] = text
	return text
}

// downText ends the sentence about a linkset that carries nothing. One that is meant to carry
// something has an alarm with the reason; of the others nothing else tells.
func (n *Network) downText(name string) string {
	for _, s := range n.sets {
		switch {
		case s.cfg.Name != name:
		case s.cfg.Shutdown:
			return " is shut down by configuration"
		case len(s.links) == 0:
			return " has no links"
		}
	}
	return " is down"
}

func serverWhy(set *routing.Linkset, explain Explain) string {
	if explain.Server == nil || len(set.Links) == 0 {
		return set.Name + " takes nothing"
	}
	return explain.Server(set.Links[0].Path)
}

func (s *linkset) alarms(n *Network, explain Explain, out []Alarm) []Alarm {
	if s.cfg.Shutdown || len(s.links) == 0 {
		return out
	}
	status := s.status()
	switch {
	case !s.ready:
		out = append(out, Alarm{Major, "linkset " + s.cfg.Name, status.Reason(explain.Link)})
	case s.restarting:
		out = append(out, Alarm{Warning, "linkset " + s.cfg.Name,
			"its adjacent point restarts: no TRA from it so far (Q.704 §9.3)"})
	}
	for i, l := range s.links {
		object := fmt.Sprintf("link %d of linkset %s", l.cfg.SLC, s.cfg.Name)
		switch {
		case l.cfg.Shutdown:
		case !status.Links[i].Usable():
			severity := Warning // it was taken from traffic on purpose
			if l.state != Available {
				severity = Minor
			}
			out = append(out, Alarm{severity, object, status.Links[i].reason(explain.Link)})
		case l.peerFault != "":
			out = append(out, Alarm{Warning, object, l.peerFault})
		case explain.Fault != nil && explain.Fault(&status.Links[i]) != "":
			out = append(out, Alarm{Warning, object, explain.Fault(&status.Links[i])})
		}
	}
	return out
}

// reason is that of a link which carries nothing; explain may be nil.
func (l *LinkStatus) reason(explain func(*LinkStatus) string) string {
	if explain == nil {
		return l.Why
	}
	return explain(l)
}

// Reason says why a linkset is as it is. explain gives the reason of a link that carries
// nothing; nil: what level 3 knows.
func (s *LinksetStatus) Reason(explain func(*LinkStatus) string) string {
	if s.Shutdown {
		return "shut down by configuration"
	}
	if len(s.Links) == 0 {
		return "it has no links"
	}
	ready, wanted := 0, -1
	for i := range s.Links {
		l := &s.Links[i]
		if l.Usable() {
			ready++
		}
		if wanted < 0 && l.State != Shutdown {
			wanted = i
		}
	}
	if ready > 0 {
		return fmt.Sprintf("%d of %d links available", ready, len(s.Links))
	}
	l := &s.Links[max(0, wanted)] // one that is shut down is not what to mend
	text := fmt.Sprintf("link %d: %s", l.SLC, l.reason(explain))
	if len(s.Links) == 1 {
		return text
	}
	return fmt.Sprintf("none of %d links available; %s", len(s.Links), text)
}
