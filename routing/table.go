package routing

import (
	"slices"

	"github.com/gostp/gostp/ss7"
)

// Link is a link of a linkset as routing sees it.
type Link struct {
	Path  ss7.PathID
	SLC   uint8
	Ready bool // may carry traffic
	Hold  bool // what belongs on it waits at Path.Hold() (changeover, changeback)
	Open  bool // what comes by it is taken even though it is not ready
}

// Linkset is a linkset as routing sees it: available as soon as one link is ready,
// or what belongs on one waits. An application server is one, of a single link.
type Linkset struct {
	Name     string
	Server   bool
	Adjacent ss7.PC
	Links    []Link
}

// Ready tells whether any link may carry traffic, or will in a moment.
func (s *Linkset) Ready() bool {
	for i := range s.Links {
		if s.Links[i].Ready || s.Links[i].Hold {
			return true
		}
	}
	return false
}

// RouteState is what the adjacent point of a route's linkset says of the
// destination (Q.704 §13).
type RouteState uint8

// A route is allowed (TFA) unless it was said to be restricted (TFR) or prohibited
// (TFP).
const (
	Allowed RouteState = iota
	Restricted
	Prohibited
)

var routeStates = [...]string{"allowed", "RESTRIC", "PROHIB"}

func (s RouteState) String() string { return routeStates[s] }

// State is what a Table adds to its Plan.
type State struct {
	Linksets []Linkset
	Routes   []RouteState       // by Plan.Route; nil: all allowed
	Held     map[int]ss7.PathID // destinations whose MSUs wait (controlled rerouting), and where
}

// Keys finds the application server that an MSU belongs to by more than its DPC.
type Keys interface {
	// Match gives the server's path and how many leading bits of the DPC its key names;
	// 0 if it belongs to none.
	Match(m *ss7.MSU) (as ss7.PathID, length uint8)
	// Users calls f, until it returns false, for each server whose key names dpc, with a bit for
	// each service indicator that the key has there, whatever it says of origins and circuits.
	Users(dpc ss7.PC, f func(as ss7.PathID, sis uint16) bool)
}

// Slot is where the MSUs of one SLS go.
type Slot struct {
	Path    ss7.PathID
	Linkset int32
}

// Bundle is a linkset, or several of equal priority (a combined linkset), with a
// slot for each SLS value.
type Bundle struct {
	Linksets []int
	Slots    []Slot
}

// ingress says which linkset a path belongs to.
type ingress struct {
	linkset int32 // -1: none
	ready   bool
	server  bool
}

// Table is a Plan together with the state of the linksets. Nobody changes it
// after it was made; a lookup writes nothing.
type Table struct {
	*Plan
	Linksets []Linkset
	Keys     Keys              // nil: none
	Barred   map[Bar][4]uint64 // what is discarded because it goes round for ever, by SLS, a bit each; nil: nothing
	Codes    map[ss7.PC]ss7.PC // points that know this node by another code than its first, and by which; nil: none

	routes  []RouteState // by Plan.Route; nil: all allowed
	current []*Bundle    // by destination; nil: inaccessible
	via     []int32      // by destination: the one whose routes it uses
	paths   []ingress    // by PathID
	holds   []ss7.PathID
	mask    uint8 // of the SLS
}

// NewTable makes the table of a plan for linksets in their present state, all
// routes allowed and nothing held.
func (p *Plan) NewTable(linksets []Linkset) *Table { return p.Table(State{Linksets: linksets}) }

// Table makes the table of a plan for a state, whose slices it keeps.
func (p *Plan) Table(s State) *Table {
	t := &Table{Plan: p, Linksets: s.Linksets, routes: s.Routes, mask: uint8(1<<p.Variant.SLSBits - 1)}
	t.current = make([]*Bundle, len(p.Dests))
	t.via = make([]int32, len(p.Dests))
	t.indexPaths()
	b := bundler{table: t, single: make([]*Bundle, len(s.Linksets)), ready: ready(s.Linksets)}
	for i := range p.Dests { // shorter masks first, so a parent is always done
		t.current[i], t.via[i] = b.best(&p.Dests[i], nil), int32(i)
		if t.current[i] == nil {
			t.current[i], t.via[i] = b.backup(i)
		}
	}
	t.hold(s.Held)
	return t
}

// With makes the table of state s, which is that of t but for the routes and holds of some
// destinations, and costs little more than these. It gives, in order, those that may be
// reached in another way: the ones named, and the members of summaries among them.
func (t *Table) With(s State, dests []int) (*Table, []int) {
	dests = t.below(dests)
	for i := range s.Held {
		if t.Dests[i].Range.Len < t.Variant.Bits() { // t knows no more how it is reached by whom it covers
			next := t.Plan.Table(s)
			next.Keys, next.Barred, next.Codes = t.Keys, t.Barred, t.Codes
			return next, dests
		}
	}
	next := *t
	next.routes, next.holds = s.Routes, nil
	next.current = slices.Clone(t.current)
	b := bundler{table: &next, single: make([]*Bundle, len(s.Linksets)), ready: ready(s.Linksets)}
	for _, i := range dests {
		way, via := b.best(&t.Dests[i], nil), int32(i)
		if way == nil {
			way, via = b.backup(i)
		}
		if next.current[i] = way; via == next.via[i] {
			continue
		}
		if &next.via[0] == &t.via[0] {
			next.via = slices.Clone(t.via)
		}
		next.via[i] = via
	}
	for i := range s.Linksets {
		for _, l := range s.Linksets[i].Links {
			if l.Hold {
				next.holds = append(next.holds, l.Path.Hold())
			}
		}
	}
	next.hold(s.Held)
	return &next, dests
}

// below gives, in order, dests and all that they are a backup of.
func (t *Table) below(dests []int) []int {
	dests = slices.Clone(dests)
	slices.Sort(dests)
	dests = slices.Compact(dests)
	if !slices.ContainsFunc(dests, func(i int) bool { return t.Dests[i].Range.Len < t.Variant.Bits() }) {
		return dests
	}
	in := make([]bool, len(t.Dests))
	for _, i := range dests {
		in[i] = true
	}
	var all []int
	for i := dests[0]; i < len(in); i++ { // a parent stands before its members
		if in[i] = in[i] || t.Backed(i) && in[t.Dests[i].Parent]; in[i] {
			all = append(all, i)
		}
	}
	return all
}

// CopyRoutes writes the states of all routes to dst, by Plan.Route.
func (t *Table) CopyRoutes(dst []RouteState) { copy(dst, t.routes) }

// hold lets the MSUs of destinations wait.
func (t *Table) hold(held map[int]ss7.PathID) {
	for i, hold := range held {
		if b := t.current[i]; b != nil {
			t.current[i] = b.held(hold)
			t.holds = append(t.holds, hold)
		}
	}
	slices.Sort(t.holds) // not as the map had them: equal states make equal tables
}

func ready(sets []Linkset) []bool {
	all := make([]bool, len(sets))
	for i := range sets {
		all[i] = sets[i].Ready()
	}
	return all
}

// held is b with everything waiting.
func (b *Bundle) held(hold ss7.PathID) *Bundle {
	h := &Bundle{Linksets: b.Linksets, Slots: make([]Slot, len(b.Slots))}
	for i, s := range b.Slots {
		h.Slots[i] = Slot{hold, s.Linkset}
	}
	return h
}

// Holds are the paths at which MSUs wait: all that the table's slots name.
func (t *Table) Holds() []ss7.PathID { return t.holds }

// RouteState is what is said of route r of destination d.
func (t *Table) RouteState(d, r int) RouteState {
	if t.routes == nil {
		return Allowed
	}
	return t.routes[t.Route(d, r)]
}

// Shadow tells whether route r of dynamic destination d is as the summary's: the far end
// of its linkset said nothing of this member alone.
func (t *Table) Shadow(d, r int) bool {
	return t.RouteState(d, r) == t.RouteState(t.Dests[d].Parent, r)
}

func (t *Table) indexPaths() {
	var top ss7.PathID
	for i := range t.Linksets {
		for _, l := range t.Linksets[i].Links {
			top = max(top, l.Path)
			if l.Hold {
				t.holds = append(t.holds, l.Path.Hold())
			}
		}
	}
	t.paths = make([]ingress, top+1)
	for i := range t.paths {
		t.paths[i].linkset = -1
	}
	for i := range t.Linksets {
		for _, l := range t.Linksets[i].Links {
			t.paths[l.Path] = ingress{int32(i), l.Ready || l.Open, t.Linksets[i].Server}
		}
	}
}

// bundler makes each distinct bundle once.
type bundler struct {
	table    *Table
	ready    []bool
	single   []*Bundle          // of one linkset
	combined map[string]*Bundle // of several
	key      []byte
	all, up  []int
}

// backup gives the way to destination i, which has none of its own, and by whose routes that is. A summary that
// covers a full code is its backup (Cisco's GRT MIB, cgrtDestStatus). What covers i has its way already.
func (b *bundler) backup(i int) (*Bundle, int32) {
	if !b.table.Backed(i) {
		return nil, int32(i)
	}
	return b.covering(&b.table.Dests[i])
}

// covering gives the bundle of the longest summary that covers d and works, and which it
// is. Linksets whose far end said that d is prohibited stay out of it there too.
func (b *bundler) covering(d *Destination) (*Bundle, int32) {
	t := b.table
	var not []int
	for r := range d.Routes {
		if t.routes != nil && t.routes[d.first+r] == Prohibited {
			not = append(not, d.Routes[r].Linkset)
		}
	}
	if not == nil {
		return t.current[d.Parent], t.via[d.Parent]
	}
	for p := d.Parent; p >= 0; p = t.Dests[p].Parent {
		if x := b.best(&t.Dests[p], not); x != nil {
			return x, int32(p)
		}
	}
	return nil, t.via[d.Parent]
}

// best gives the bundle of the best priority that has a usable route, but for linksets in
// not. Among routes of equal priority those not restricted are taken if there are any
// (Q.704 §13.4.3).
func (b *bundler) best(d *Destination, not []int) *Bundle {
	for i := 0; i < len(d.Routes); {
		j := i
		b.all, b.up = b.all[:0], b.up[:0]
		best := Prohibited
		for ; j < len(d.Routes) && d.Routes[j].Priority == d.Routes[i].Priority; j++ {
			ls := d.Routes[j].Linkset
			if len(b.table.Linksets[ls].Links) == 0 || slices.Contains(not, ls) {
				continue
			}
			b.all = append(b.all, ls)
			s := Allowed
			if b.table.routes != nil {
				s = b.table.routes[d.first+j]
			}
			if !b.ready[ls] || s == Prohibited || s > best {
				continue
			}
			if s < best {
				best, b.up = s, b.up[:0]
			}
			b.up = append(b.up, ls)
		}
		switch {
		case len(b.up) > 0 && len(b.all) == 1:
			return b.one(b.up[0])
		case len(b.up) > 0:
			return b.several()
		}
		i = j
	}
	return nil
}

func (b *bundler) one(ls int) *Bundle {
	if b.single[ls] == nil {
		b.single[ls] = b.table.spread([]int{ls}, []int{ls})
	}
	return b.single[ls]
}

// several is the combined linkset of b.all, of which b.up may be used.
func (b *bundler) several() *Bundle {
	b.key = b.key[:0]
	for i, of := range [2][]int{b.all, b.up} {
		for _, ls := range of {
			b.key = append(b.key, byte(ls), byte(ls>>8), byte(ls>>16), byte(i))
		}
	}
	if c, ok := b.combined[string(b.key)]; ok {
		return c
	}
	if b.combined == nil {
		b.combined = map[string]*Bundle{}
	}
	c := b.table.spread(slices.Clone(b.all), slices.Clone(b.up))
	b.combined[string(b.key)] = c
	return c
}

// Dest finds where pc goes: the destination's index in Dests (-1: none), the
// bundle to use (nil: inaccessible), and whether pc is the node's own.
func (t *Table) Dest(pc ss7.PC) (i int, b *Bundle, own bool) {
	switch e := t.index.find(pc); e {
	case none:
		return -1, nil, false
	case ownCode:
		return -1, nil, true
	default:
		return int(e), t.current[e], false
	}
}

// Bar names MSUs to a point that come in by a linkset.
type Bar struct {
	Linkset int32
	DPC     ss7.PC
}

// IsBarred tells whether MSUs of an SLS to a point are discarded if they come in by a linkset.
func (t *Table) IsBarred(linkset int, dpc ss7.PC, sls uint8) bool {
	set := t.Barred[Bar{int32(linkset), dpc}]
	return set[sls>>6]>>(sls&63)&1 != 0
}

// Code gives the code by which pc knows this node, which has one.
func (t *Table) Code(pc ss7.PC) ss7.PC {
	if c, ok := t.Codes[pc]; ok {
		return c
	}
	return t.Own[0]
}

// Slot gives where the MSUs of an SLS go.
func (t *Table) Slot(b *Bundle, sls uint8) Slot { return b.Slots[sls&t.mask] }

// Via tells whose routes destination i uses: itself, or the summary that covers it.
func (t *Table) Via(i int) int { return int(t.via[i]) }

// Dynamic is how many destinations are dynamic.
func (t *Table) Dynamic() (n int) {
	for i := range t.Dests {
		if t.Dests[i].Dynamic {
			n++
		}
	}
	return n
}

// Len is how many destinations there are.
func (t *Table) Len() int { return len(t.current) }

// Bundle gives what destination i uses now; nil if it is inaccessible.
func (t *Table) Bundle(i int) *Bundle { return t.current[i] }

// From gives the linkset of a path, -1 if it has none, and whether the path may
// carry traffic.
func (t *Table) From(p ss7.PathID) (linkset int, ready bool) {
	if int(p) >= len(t.paths) {
		return -1, false
	}
	return int(t.paths[p].linkset), t.paths[p].ready
}

// Name gives the name of the linkset or application server of a path; empty: it has none.
func (t *Table) Name(p ss7.PathID) string {
	if i, _ := t.From(p); i >= 0 {
		return t.Linksets[i].Name
	}
	return ""
}

// IsServer tells whether a path is that of an application server: what comes by it
// was admitted by the server's own state.
func (t *Table) IsServer(p ss7.PathID) bool { return int(p) < len(t.paths) && t.paths[p].server }

// Avoid gives the best slot for destination i that does not lead over linkset
// ls, by whatever priority or covering summary; false if there is none. It is
// for the rare MSU that came from where it would be sent.
func (t *Table) Avoid(i int, sls uint8, ls int) (Slot, bool) {
	for ; i >= 0; i = t.Dests[i].Parent {
		routes := t.Dests[i].Routes
		for a := 0; a < len(routes); {
			b := a
			var up []int
			for ; b < len(routes) && routes[b].Priority == routes[a].Priority; b++ {
				if r := routes[b].Linkset; r != ls && t.Linksets[r].Ready() && t.RouteState(i, b) != Prohibited {
					up = append(up, r)
				}
			}
			if len(up) > 0 {
				return t.Slot(t.spread(up, up), sls), true
			}
			a = b
		}
		if !t.Backed(i) {
			break
		}
	}
	return Slot{}, false
}

// Beside is the state of destination i for who is behind linkset ls: as it is without the
// ways over ls. Prohibited: there is no other.
func (t *Table) Beside(i, ls int) RouteState {
	for ; i >= 0; i = t.Dests[i].Parent {
		best, routes := Prohibited, t.Dests[i].Routes
		for r := range routes {
			if r > 0 && best != Prohibited && routes[r].Priority != routes[r-1].Priority {
				break
			}
			if l := routes[r].Linkset; l != ls && t.Linksets[l].Ready() {
				best = min(best, t.RouteState(i, r))
			}
		}
		if best != Prohibited || !t.Backed(i) {
			return best
		}
	}
	return Prohibited
}

// Sole tells whether every route to destination i itself leads over linkset ls.
func (t *Table) Sole(i, ls int) bool {
	return !slices.ContainsFunc(t.Dests[i].Routes, func(r Route) bool { return r.Linkset != ls })
}
