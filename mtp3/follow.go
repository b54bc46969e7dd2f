package mtp3

import (
	"fmt"
	"slices"
	"time"

	"github.com/gostp/gostp/routing"
	"github.com/gostp/gostp/ss7"
)

// What follows from a change. The table, and what neighbours are told, is made of state. Whoever
// changes that state says what was touched; follow does what follows from it, and costs what was
// touched. It comes at the end of every event, and earlier where messages must go out behind what
// it does.

// touched is what has changed since follow was there last.
type touched struct {
	all   bool           // the configuration: every destination is looked at
	table bool           // links, linksets, servers: every destination may be reached by another way
	dests []*destination // what is said of these, or whether they are held
	tell  bool           // what neighbours are to be told
}

func (t *touched) none() bool { return !t.all && !t.table && !t.tell && len(t.dests) == 0 }

func (n *Network) touchAll() {
	n.touched.all = true
	for _, s := range n.sets {
		s.oweAll()
	}
}

func (n *Network) touchTable() { n.touched.table = true }

func (n *Network) touchTelling() { n.touched.tell = true }

func (d *destination) touch() {
	n := d.net
	if !d.touched {
		d.touched = true
		n.touched.dests = append(n.touched.dests, d)
	}
}

// owe has every neighbour checked: it may have to be told something else of d, or of codes of
// servers that d covers.
func (d *destination) owe() {
	n := d.net
	for _, s := range n.sets {
		s.owe(d)
		if d.Len < n.cfg.Variant.Bits() {
			s.due[tellsPoint].all()
		}
	}
}

// oweAll does the same for all destinations.
func (n *Network) oweAll() {
	n.touchTelling()
	for _, s := range n.sets {
		s.oweAll()
	}
}

// followLinks is follow after a change of links.
func (n *Network) followLinks(now time.Time, out []ss7.Action) []ss7.Action {
	n.touchTable()
	return n.follow(now, out)
}

// follow puts a new table in force, notes every linkset and destination whose state is
// another than before, and tells the neighbours.
func (n *Network) follow(now time.Time, out []ss7.Action) []ss7.Action {
	if n.touched.none() {
		return out
	}
	if n.touched.all || n.touched.table {
		out = n.checkLinksets(now, out)
	}
	out = n.checkRestart(now, out)
	what := n.touched
	n.touched = touched{}
	for _, d := range n.retable(&what) {
		out = d.follow(now, out)
	}
	if len(n.warned) > 0 {
		out = n.abated(out)
	}
	out = n.sayTRA(now, n.tell(now, out))
	n.prune(&what)
	return n.heardEarly(now, out)
}

// checkLinksets notes linksets that have become available or unavailable.
func (n *Network) checkLinksets(now time.Time, out []ss7.Action) []ss7.Action {
	for _, s := range n.sets {
		ready := s.usable()
		if ready == s.ready {
			s.forgetStale()
			continue
		}
		s.ready, s.since, s.why = ready, now, s.reason()
		if ready {
			s.beginRestart(now)
		} else {
			s.stale = true
			s.forgetStale()
			s.restarting, s.early, s.earlyTRA = false, false, false
		}
		text := fmt.Sprintf("Linkset %s is %s: %s", s.cfg.Name, upDown(ready), s.why)
		out = append(out, note(NoteLinkset, text))
	}
	return out
}

// retable puts the table of the present state in force. It gives the destinations that are
// reached in another way than before, or were touched, in the order of the plan.
func (n *Network) retable(what *touched) (changed []*destination) {
	switch {
	case what.all || what.table || n.plan != n.table.Plan:
		n.table = n.newTable(nil, false)
		for _, d := range n.dests {
			if what.all || d.touched || d.elsewhere() {
				changed = append(changed, d)
			}
		}
	case len(what.dests) > 0:
		var places []int
		n.table, places = n.tableWith(what.dests)
		for _, i := range places {
			changed = append(changed, n.dests[i])
		}
	}
	for _, d := range what.dests {
		d.touched = false
	}
	return changed
}

// elsewhere tells whether d is reached by other linksets than before.
func (d *destination) elsewhere() bool {
	b := d.net.table.Bundle(d.index)
	return (b != nil) != d.accessible() || b != nil && !slices.Equal(b.Linksets, d.ways)
}

// follow notes how d is reached now.
func (d *destination) follow(now time.Time, out []ss7.Action) []ss7.Action {
	n := d.net
	was := d.accessible()
	d.ways = nil
	if b := n.table.Bundle(d.index); b != nil {
		d.ways = b.Linksets
	}
	if is := d.accessible(); is != was {
		state := "accessible"
		if !is {
			state = "inaccessible"
			out = d.rescue(now, out)
		}
		about := note(NoteDestination, "Destination "+n.format(d.PC)+" is "+state)
		about.Event.Dest = d.Range
		out = append(out, about)
	}
	d.watchRestricted(now)
	d.owe()
	return out
}

// newTable makes the table of the present state. If as is not nil, that link is taken to be ready,
// or not.
func (n *Network) newTable(as *link, ready bool) *routing.Table {
	t := n.plan.Table(n.routingState(as, ready))
	t.Keys, t.Codes, t.Barred = n.cfg.Keys, n.codes(), n.bars()
	return t
}

// nextTable makes the table of the present state, and puts it in force nowhere. It makes anew what
// was touched.
func (n *Network) nextTable() *routing.Table {
	if n.touched.all || n.touched.table || n.plan != n.table.Plan {
		return n.newTable(nil, false)
	}
	t, _ := n.tableWith(n.touched.dests)
	return t
}

// tableWith makes the present table anew for some destinations, and gives the places of all
// that this concerns.
func (n *Network) tableWith(dests []*destination) (*routing.Table, []int) {
	state := routing.State{Linksets: n.table.Linksets, Held: n.holds()}
	var places []int
	for _, d := range dests {
		if d.index >= 0 {
			places = append(places, d.index)
		}
	}
	if n.hearsays > 0 {
		state.Routes = make([]routing.RouteState, n.plan.Routes())
		n.table.CopyRoutes(state.Routes)
		for _, i := range places {
			n.dests[i].fillRoutes(state.Routes)
		}
	}
	return n.table.With(state, places)
}

// routingState gives the state of all links and routes as routing sees it. If as is not nil, that
// link is taken to be ready, or not.
func (n *Network) routingState(as *link, ready bool) routing.State {
	sets := make([]routing.Linkset, len(n.sets))
	for i, s := range n.sets {
		sets[i] = routing.Linkset{Name: s.cfg.Name, Adjacent: s.cfg.Adjacent}
		sets[i].Links = make([]routing.Link, 0, len(s.links))
		for _, l := range s.links {
			p := routing.Link{Path: l.cfg.Path, SLC: l.cfg.SLC, Hold: l.div.state != Undiverted, Open: l.open}
			p.Ready = l.usable() && !p.Hold && !s.restarting && !n.own.on && !l.div.parked
			if l == as {
				p.Ready, p.Hold = ready, false
			}
			sets[i].Links = append(sets[i].Links, p)
		}
	}
	state := routing.State{Linksets: n.appendServers(sets), Held: n.holds()}
	if n.hearsays > 0 {
		state.Routes = make([]routing.RouteState, n.plan.Routes())
		for _, d := range n.dests {
			if len(d.heard) > 0 {
				d.fillRoutes(state.Routes)
			}
		}
	}
	return state
}

// fillRoutes sets the states of the routes to d.
func (d *destination) fillRoutes(states []routing.RouteState) {
	n := d.net
	for r, route := range n.plan.Dests[d.index].Routes {
		states[n.plan.Route(d.index, r)] = d.said(n.nameOf(route.Linkset))
	}
}

// holds gives the destinations whose MSUs wait for controlled rerouting, and where; nil if
// there are none.
func (n *Network) holds() (by map[int]ss7.PathID) {
	for _, d := range n.held {
		if d.index < 0 {
			continue
		}
		if by == nil {
			by = map[int]ss7.PathID{}
		}
		by[d.index] = d.hold
	}
	return by
}
