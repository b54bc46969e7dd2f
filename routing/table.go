package routing

import (
	"github.com/gostp/gostp/ss7"
)

// Link is a link of a linkset as routing sees it.
type Link struct {
	Path  ss7.PathID
	SLC   uint8
	Ready bool // may carry traffic
}

// Linkset is a linkset as routing sees it: available as soon as one link is ready.
// An application server is one, of a single link.
type Linkset struct {
	Name     string
	Server   bool
	Adjacent ss7.PC
	Links    []Link
}

// Ready tells whether any link may carry traffic.
func (s *Linkset) Ready() bool {
	for i := range s.Links {
		if s.Links[i].Ready {
			return true
		}
	}
	return false
}

// Keys finds the application server that an MSU belongs to by more than its DPC.
type Keys interface {
	// Match gives the server's path and how many leading bits of the DPC its key names;
	// 0 if it belongs to none.
	Match(m *ss7.MSU) (as ss7.PathID, length uint8)
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
	Keys     Keys // nil: none

	current []*Bundle // by destination; nil: inaccessible
	via     []int32   // by destination: the one whose routes it uses
	paths   []ingress // by PathID
	mask    uint8     // of the SLS
}

// NewTable makes the table of a plan for linksets in their present state.
func (p *Plan) NewTable(linksets []Linkset) *Table {
	t := &Table{Plan: p, Linksets: linksets, mask: uint8(1<<p.Variant.SLSBits - 1)}
	t.current = make([]*Bundle, len(p.Dests))
	t.via = make([]int32, len(p.Dests))
	t.indexPaths()
	ready := make([]bool, len(linksets))
	for i := range linksets {
		ready[i] = linksets[i].Ready()
	}
	b := bundler{table: t, single: make([]*Bundle, len(linksets))}
	for i := range p.Dests { // shorter masks first, so a parent is always done
		d := &p.Dests[i]
		t.via[i] = int32(i)
		t.current[i] = b.best(d.Routes, ready)
		// A summary that covers a full code is its backup (Cisco's GRT MIB, cgrtDestStatus).
		if t.current[i] == nil && d.Parent >= 0 {
			t.current[i], t.via[i] = t.current[d.Parent], t.via[d.Parent]
		}
	}
	return t
}

func (t *Table) indexPaths() {
	var top ss7.PathID
	for i := range t.Linksets {
		for _, l := range t.Linksets[i].Links {
			top = max(top, l.Path)
		}
	}
	t.paths = make([]ingress, top+1)
	for i := range t.paths {
		t.paths[i].linkset = -1
	}
	for i := range t.Linksets {
		for _, l := range t.Linksets[i].Links {
			t.paths[l.Path] = ingress{int32(i), l.Ready, t.Linksets[i].Server}
		}
	}
}

// bundler makes each distinct bundle once.
type bundler struct {
	table    *Table
	single   []*Bundle          // of one linkset
	combined map[string]*Bundle // of several
	key      []byte
}

// best gives the bundle of the best priority that has a linkset in working order.
func (b *bundler) best(routes []Route, ready []bool) *Bundle {
	for i := 0; i < len(routes); {
		j, any := i, false
		for ; j < len(routes) && routes[j].Priority == routes[i].Priority; j++ {
			any = any || ready[routes[j].Linkset]
		}
		switch {
		case any && j == i+1:
			return b.one(routes[i].Linkset)
		case any:
			return b.several(routes[i:j], ready)
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

func (b *bundler) several(routes []Route, ready []bool) *Bundle {
	b.key = b.key[:0]
	for _, r := range routes {
		b.key = append(b.key, byte(r.Linkset), byte(r.Linkset>>8), byte(r.Linkset>>16))
	}
	if c, ok := b.combined[string(b.key)]; ok {
		return c
	}
	all, up := make([]int, 0, len(routes)), make([]int, 0, len(routes))
	for _, r := range routes {
		if len(b.table.Linksets[r.Linkset].Links) > 0 {
			all = append(all, r.Linkset)
		}
		if ready[r.Linkset] {
			up = append(up, r.Linkset)
		}
	}
	if b.combined == nil {
		b.combined = map[string]*Bundle{}
	}
	c := b.table.spread(all, up)
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

// Slot gives where the MSUs of an SLS go.
func (t *Table) Slot(b *Bundle, sls uint8) Slot { return b.Slots[sls&t.mask] }

// Via tells whose routes destination i uses: itself, or the summary that covers it.
func (t *Table) Via(i int) int { return int(t.via[i]) }

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
				if r := routes[b].Linkset; r != ls && t.Linksets[r].Ready() {
					up = append(up, r)
				}
			}
			if len(up) > 0 {
				return t.Slot(t.spread(up, up), sls), true
			}
			a = b
		}
	}
	return Slot{}, false
}
