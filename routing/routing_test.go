package routing

import (
	"fmt"
	"math/rand"
	"reflect"
	"testing"

	"github.com/gostp/gostp/ss7"
)

func pc(s string) ss7.PC {
	p, err := ss7.ITU.Notation.Parse(s)
	if err != nil {
		panic(err)
	}
	return p
}

func dest(s string) ss7.Range {
	r, _, err := ss7.ITU.Notation.ParseRange(s)
	if err != nil {
		panic(err)
	}
	return r
}

// sets makes linksets of so many links each, all ready; paths count up from 1.
func sets(links ...int) []Linkset {
	var out []Linkset
	p := ss7.PathID(0)
	for i, n := range links {
		s := Linkset{Name: fmt.Sprint("ls", i)}
		for slc := range n {
			p++
			s.Links = append(s.Links, Link{Path: p, SLC: uint8(slc), Ready: true})
		}
		out = append(out, s)
	}
	return out
}

func TestLongestMatchAndPriority(t *testing.T) {
	p := NewPlan(ss7.ITU, ss7.National, []ss7.PC{pc("1.2.3")}, []Route{
		{dest("0.0.0/0"), 0, 5}, {dest("7.0.0/3"), 1, 5}, {dest("7.7.1/14"), 2, 5}, {dest("7.7.1/14"), 1, 3},
		{dest("1.2.0/11"), 1, 5},
	})
	ls := sets(1, 1, 1)
	tab := p.NewTable(ls)
	for _, c := range []struct {
		pc   string
		path ss7.PathID
	}{{"2.0.0", 1}, {"7.1.1", 2}, {"7.7.1", 2}, {"1.2.4", 2}} {
		_, b, own := tab.Dest(pc(c.pc))
		if own || b == nil || tab.Slot(b, 0).Path != c.path {
			t.Errorf("%s goes by %+v, want path %d", c.pc, b, c.path)
		}
	}
	if _, _, own := tab.Dest(pc("1.2.3")); !own {
		t.Error("1.2.3 is not the node's own")
	}
	// The better route down, the other takes over; both down, the summary does.
	ls[1].Links[0].Ready = false
	tab = p.NewTable(ls)
	if i, b, _ := tab.Dest(pc("7.7.1")); b == nil || tab.Slot(b, 3).Path != 3 || tab.Via(i) != i {
		t.Errorf("7.7.1: %+v", b)
	}
	ls[2].Links[0].Ready = false
	tab = p.NewTable(ls)
	i, b, _ := tab.Dest(pc("7.7.1"))
	if b == nil || tab.Slot(b, 3).Path != 1 || tab.Dests[tab.Via(i)].Range != dest("0.0.0/0") {
		t.Errorf("7.7.1 without its own routes: %+v", b)
	}
	ls[0].Links[0].Ready = false
	if _, b, _ := p.NewTable(ls).Dest(pc("7.7.1")); b != nil {
		t.Errorf("7.7.1 with nothing left: %+v", b)
	}
}

// A summary does not lead to where the far end said that the code is prohibited.
func TestSummaryKeepsAwayFromProhibited(t *testing.T) {
	p := NewPlan(ss7.ITU, ss7.National, nil, []Route{{dest("7.7.1/14"), 0, 5}, {dest("7.0.0/3"), 0, 1},
		{dest("0.0.0/0"), 1, 5}, {dest("0.0.0/0"), 0, 1}})
	state := State{Linksets: sets(1, 1), Routes: make([]RouteState, p.Routes())}
	i, _ := p.Exact(dest("7.7.1/14"))
	state.Routes[p.Route(i, 0)] = Prohibited
	tab := p.Table(state)
	if _, b, _ := tab.Dest(pc("7.7.1")); b == nil || tab.Slot(b, 0).Path != 2 ||
		tab.Dests[tab.Via(i)].Range != dest("0.0.0/0") {
		t.Errorf("7.7.1: %+v", b)
	}
	if _, b, _ := tab.Dest(pc("7.7.2")); b == nil || tab.Slot(b, 0).Path != 1 {
		t.Errorf("its neighbour: %+v", b)
	}
	state.Linksets[1].Links[0].Ready = false
	if _, b, _ := p.Table(state).Dest(pc("7.7.1")); b != nil {
		t.Errorf("7.7.1 with nothing else: %+v", b)
	}
}

func TestNearest(t *testing.T) {
	p := NewPlan(ss7.ITU, ss7.National, nil, []Route{{dest("4.5.6/14"), 0, 1}, {dest("7.0.0/11"), 0, 5}})
	if i := p.Nearest(pc("7.8.1")); p.Dests[i].Range != dest("7.0.0/11") {
		t.Errorf("nearest to 7.8.1 is %v", p.Dests[i].Range)
	}
	if i := NewPlan(ss7.ITU, ss7.National, nil, nil).Nearest(1); i != -1 {
		t.Error("there is a nearest of none")
	}
}

// All sixteen SLS values spread evenly over every shape of combined linkset.
func TestSpreadIsEven(t *testing.T) {
	for _, shape := range [][]int{{1}, {2}, {4}, {16}, {1, 1}, {2, 2}, {4, 4}, {2, 2, 2, 2}, {8, 8}} {
		ls := sets(shape...)
		var routes []Route
		for i := range ls {
			routes = append(routes, Route{dest("7.0.0/3"), i, 5})
		}
		tab := NewPlan(ss7.ITU, ss7.National, nil, routes).NewTable(ls)
		_, b, _ := tab.Dest(pc("7.1.1"))
		count, links := map[ss7.PathID]int{}, 0
		for _, s := range b.Slots {
			count[s.Path]++
		}
		for _, n := range shape {
			links += n
		}
		for p, n := range count {
			if n != 16/links {
				t.Errorf("shape %v: path %d has %d of 16 SLS values", shape, p, n)
			}
		}
		if len(count) != links {
			t.Errorf("shape %v: %d of %d links used", shape, len(count), links)
		}
	}
}

// When a link fails, only its own SLS values move; they move to working links.
func TestFailureMovesOnlyItsOwn(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	for range 300 {
		ls := sets(1+r.Intn(4), r.Intn(4), 1+r.Intn(4))
		var routes []Route
		for i := range ls {
			routes = append(routes, Route{dest("7.0.0/3"), i, 5})
		}
		p := NewPlan(ss7.ITU, ss7.National, nil, routes)
		_, before, _ := p.NewTable(ls).Dest(pc("7.1.1"))
		set := &ls[[]int{0, 2}[r.Intn(2)]]
		gone := &set.Links[r.Intn(len(set.Links))]
		gone.Ready = false
		_, after, _ := p.NewTable(ls).Dest(pc("7.1.1"))
		for sls := range 16 {
			if before.Slots[sls].Path != gone.Path && before.Slots[sls] != after.Slots[sls] {
				t.Fatalf("SLS %d moved from %v to %v though %d failed", sls, before.Slots[sls], after.Slots[sls], gone.Path)
			}
			if after.Slots[sls].Path == gone.Path || after.Slots[sls].Path == 0 {
				t.Fatalf("SLS %d goes by %v though %d failed", sls, after.Slots[sls], gone.Path)
			}
		}
	}
}

// The compiled table agrees with a scan of the list of routes, for every variant.
func TestTwin(t *testing.T) {
	r := rand.New(rand.NewSource(2))
	for _, v := range ss7.Variants {
		bits := v.Bits()
		for range 50 {
			ls := sets(1, 1, 1, 1)
			for i := range ls {
				ls[i].Links[0].Ready = r.Intn(3) > 0
			}
			var routes []Route
			for range 1 + r.Intn(40) {
				l := uint8(r.Intn(int(bits) + 1))
				at := ss7.PC(r.Uint32()) & (1<<bits - 1)
				if r.Intn(2) == 0 {
					at &= 0xff // so that ranges overlap
				}
				clean := at >> (bits - l) << (bits - l)
				routes = append(routes, Route{ss7.Range{PC: clean, Len: l}, r.Intn(4), uint8(1 + r.Intn(3))})
			}
			own := []ss7.PC{ss7.PC(r.Intn(256))}
			tab := NewPlan(v, ss7.National, own, routes).NewTable(ls)
			copied := append([]Linkset(nil), tab.Linksets...)
			for range 300 {
				pc := ss7.PC(r.Uint32()) & (1<<bits - 1)
				if r.Intn(2) == 0 {
					pc &= 0xff
				}
				_, b, isOwn := tab.Dest(pc)
				want, wantOwn := scan(routes, ls, own, pc, bits)
				var got []int
				if b != nil {
					got = b.Linksets
				}
				if isOwn != wantOwn || !isOwn && !sameSet(got, want) {
					t.Fatalf("%s %d: %v %v, want %v %v; routes %v", v.Name, pc, got, isOwn, want, wantOwn, routes)
				}
			}
			if !reflect.DeepEqual(copied, tab.Linksets) {
				t.Fatal("lookups changed the table")
			}
		}
	}
}

// scan is the slow twin: the working linksets of best priority of the longest
// matching range that has any.
func scan(routes []Route, ls []Linkset, own []ss7.PC, pc ss7.PC, bits uint8) ([]int, bool) {
	for _, o := range own {
		if o == pc {
			return nil, true
		}
	}
	for l := int(bits); l >= 0; l-- {
		last := map[int]uint8{} // a later route over the same linkset replaces the earlier
		for _, r := range routes {
			if int(r.Dest.Len) == l && r.Dest.Contains(pc, bits) {
				last[r.Linkset] = r.Priority
			}
		}
		best, found := uint8(255), []int(nil)
		for s, p := range last {
			if !ls[s].Ready() || p > best {
				continue
			}
			if p < best {
				best, found = p, nil
			}
			found = append(found, s)
		}
		if found != nil {
			return found, false
		}
	}
	return nil, false
}

func sameSet(a, b []int) bool {
	if len(a) != len(b) {
		return false
	}
	for _, x := range a {
		ok := false
		for _, y := range b {
			ok = ok || x == y
		}
		if !ok {
			return false
		}
	}
	return true
}

func TestAvoid(t *testing.T) {
	p := NewPlan(ss7.ITU, ss7.National, nil, []Route{{dest("7.7.1/14"), 0, 1}, {dest("7.7.1/14"), 1, 5},
		{dest("0.0.0/0"), 2, 5}})
	ls := sets(1, 1, 1)
	tab := p.NewTable(ls)
	i, _, _ := tab.Dest(pc("7.7.1"))
	if s, ok := tab.Avoid(i, 0, 0); !ok || s.Path != 2 {
		t.Errorf("avoiding ls0: %v %v", s, ok)
	}
	ls[1].Links[0].Ready = false
	tab = p.NewTable(ls)
	if s, ok := tab.Avoid(i, 0, 0); !ok || s.Path != 3 {
		t.Errorf("avoiding ls0 without ls1: %v %v", s, ok)
	}
	j, _, _ := tab.Dest(pc("6.0.0"))
	if s, ok := tab.Avoid(j, 0, 2); ok {
		t.Errorf("avoiding the only way: %v", s)
	}
}

func plan(n int) (*Plan, []Linkset) {
	ls := sets(4, 4)
	var routes []Route
	for i := range n {
		routes = append(routes, Route{ss7.Range{PC: ss7.PC(i), Len: 14}, i % 2, 5},
			Route{ss7.Range{PC: ss7.PC(i), Len: 14}, 1 - i%2, 6})
	}
	return NewPlan(ss7.ITU, ss7.National, nil, routes), ls
}

func BenchmarkLookup(b *testing.B) {
	for _, n := range []int{10, 16384} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			p, ls := plan(n)
			tab := p.NewTable(ls)
			b.ReportAllocs()
			x := ss7.PC(0)
			for b.Loop() {
				_, bundle, _ := tab.Dest(x % ss7.PC(n))
				if tab.Slot(bundle, uint8(x)).Path == 0 {
					b.Fatal("no path")
				}
				x++
			}
		})
	}
}

// BenchmarkFlap is what a link that comes or goes costs.
func BenchmarkFlap(b *testing.B) {
	for _, n := range []int{10, 16384} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			p, ls := plan(n)
			b.ReportAllocs()
			for b.Loop() {
				p.NewTable(ls)
			}
		})
	}
}
