package mtp3

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/gostp/gostp/ss7"
)

// Who is believed. A point code in a label, or in a message of M3UA, proves nothing: whoever
// has a link or an association here can write any code there. What this node knows is the way
// by which a message came, and so the rule for whatever is said of a point is one: it is
// believed by the way that leads there. Network management (Q.704 §13), what gateways and
// application servers say (RFC 4666 §3.4), and the management of SCCP (Q.714 §5) are all
// judged here, before anybody acts on them.

// Nobody stands in a Claim for a point that it does not name.
const Nobody ss7.PC = 1<<32 - 1

// Claim is something that somebody says of a point.
type Claim struct {
	What  string     // the name of the message: TFP, SSP, SCON
	Path  ss7.PathID // by which it came, a link's or a server's; 0: this node says it itself
	By    ss7.PC     // in whose name; Nobody: in that of the far end of Path, as in M3UA
	About ss7.PC     // Nobody: the claim is about its sender alone
	Far   bool       // every STP on the way to About may say it, also one that has no route here (Q.704 §13.6)
}

// Doubt is why a claim is not believed; each has a counter.
type Doubt uint8

// The doubts.
const (
	NoDoubt    Doubt = iota
	OwnName          // it has a code of this node for its sender
	OtherWay         // no route to its sender leads by the way it came
	NotThere         // no route to the point that it is about leads by the way it came
	ThirdParty       // it is about another point than its sender, which is no neighbour on the way there
)

var doubts = [...]string{
	NoDoubt:    "it is believed",
	OwnName:    "it is in the name of this node itself",
	OtherWay:   "no route to that point leads over %s, so it cannot be who says so",
	NotThere:   "no route to the point that it is about leads over %s",
	ThirdParty: "only the point itself, or a neighbour on the way there, may say so",
}

// Doubted is what is counted of claims that are not believed.
type Doubted struct {
	What string
	Why  Doubt
	N    uint64
}

// Text says for a person why such claims are not believed.
func (d *Doubted) Text() string {
	if d.Why == OtherWay || d.Why == NotThere {
		return fmt.Sprintf(doubts[d.Why], "the way it came by")
	}
	return doubts[d.Why]
}

type doubtKey struct {
	what string
	why  Doubt
}

// Doubted lists what was not believed, by message and reason.
func (n *Network) Doubted() (all []Doubted) {
	for k, v := range maps.All(n.doubted) {
		all = append(all, Doubted{k.what, k.why, v})
	}
	slices.SortFunc(all, func(a, b Doubted) int {
		return cmp.Or(cmp.Compare(a.What, b.What), cmp.Compare(a.Why, b.Why))
	})
	return all
}

// Believe tells whether c is believed. A claim that is not is counted, and a note says why.
func (n *Network) Believe(c Claim, out []ss7.Action) ([]ss7.Action, bool) {
	why := n.judge(c)
	if why == NoDoubt {
		return out, true
	}
	n.doubted[doubtKey{c.What, why}]++
	return append(out, discardf("%s ignored: %s", n.claimText(c), n.doubtText(c, why))), false
}

func (n *Network) claimText(c Claim) string {
	text := c.What
	if c.About != Nobody && c.About != c.By {
		text += " about " + n.format(c.About)
	}
	if c.By != Nobody {
		text += " from " + n.format(c.By)
	}
	if l := n.links[c.Path]; l != nil {
		return text + " on " + l.name()
	}
	return text + " by " + n.wayName(c.Path)
}

func (n *Network) doubtText(c Claim, why Doubt) string {
	if why == OtherWay || why == NotThere {
		return fmt.Sprintf(doubts[why], n.wayName(c.Path))
	}
	return doubts[why]
}

// wayName is the linkset or server of a path, for a person.
func (n *Network) wayName(path ss7.PathID) string {
	if l := n.links[path]; l != nil {
		return "linkset " + l.set.cfg.Name
	}
	if s := n.server(path); s != nil {
		return s.cfg.Name
	}
	return "a way that is gone"
}

// judge is the rule.
func (n *Network) judge(c Claim) Doubt {
	if c.Path == 0 {
		return NoDoubt
	}
	if c.By != Nobody && !n.leads(c.Path, c.By) {
		switch i, own := n.plan.Find(c.By); {
		case own:
			return OwnName
		case !c.Far || i >= 0:
			return OtherWay
		}
	}
	switch {
	case c.About == Nobody || c.About == c.By:
		return NoDoubt
	case !n.leads(c.Path, c.About):
		return NotThere
	case c.By != Nobody && !c.Far && !n.beyond(c):
		return ThirdParty
	}
	return NoDoubt
}

// leads tells whether a route to pc goes by path, in use now or not: by the linkset or server
// of that path, or by another linkset to the same adjacent point.
func (n *Network) leads(path ss7.PathID, pc ss7.PC) bool {
	if s := n.server(path); s != nil {
		return s.has(pc, n.cfg.Variant.Bits()) || n.routed(pc, func(i int) bool { return n.nameOf(i) == s.cfg.Name })
	}
	l := n.links[path]
	return l != nil && n.routed(pc, func(i int) bool { return n.leadsTo(i, l.set.cfg.Adjacent) })
}

// routed tells whether the destination of pc, or a summary that is its backup, has a route
// over a linkset or server for which over holds.
func (n *Network) routed(pc ss7.PC, over func(int) bool) bool {
	for i, _ := n.plan.Find(pc); i >= 0; i = n.plan.Dests[i].Parent {
		for _, r := range n.plan.Dests[i].Routes {
			if over(r.Linkset) {
				return true
			}
		}
		if !n.plan.Backed(i) {
			break
		}
	}
	return false
}

// beyond tells whether the point that a claim is about lies behind its sender: an adjacent
// point with a route over it, or a code that the server has by which the claim came.
func (n *Network) beyond(c Claim) bool {
	if s := n.server(c.Path); s != nil {
		return s.has(c.By, n.cfg.Variant.Bits())
	}
	return n.routed(c.About, func(i int) bool { return n.leadsTo(i, c.By) })
}
