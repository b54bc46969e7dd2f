package routing

import (
	"math/rand"
	"reflect"
	"slices"
	"testing"

	"github.com/gostp/gostp/ss7"
)

// A table that With made for some destinations is the one that Table makes of the same state,
// and those that it does not name are reached as before.
func TestWithIsTheSameTable(t *testing.T) {
	r := rand.New(rand.NewSource(3))
	for range 300 {
		ls := sets(1, 2, 1)
		var routes []Route
		for range 12 {
			l := []uint8{14, 14, 13, 11, 0}[r.Intn(5)]
			pc := ss7.PC(0x300+r.Intn(8)) >> (14 - l) << (14 - l)
			routes = append(routes, Route{ss7.Range{PC: pc, Len: l}, r.Intn(3), uint8(1 + r.Intn(3))})
		}
		p := NewPlan(ss7.ITU, ss7.National, nil, routes)
		p.Apart = r.Intn(4) == 0
		p = p.With(ss7.Range{PC: ss7.PC(0x300 + r.Intn(8)), Len: 14})
		ls[1].Links[0].Hold = r.Intn(2) == 0
		state := State{Linksets: ls, Routes: make([]RouteState, p.Routes())}
		tab := p.Table(state)
		tab.Codes = map[ss7.PC]ss7.PC{7: 8}
		for range 20 {
			next := State{Linksets: ls, Routes: slices.Clone(state.Routes), Held: map[int]ss7.PathID{}}
			for i, hold := range state.Held {
				next.Held[i] = hold
			}
			var changed []int
			for range r.Intn(3) {
				i := r.Intn(len(p.Dests))
				changed = append(changed, i)
				for k := range p.Dests[i].Routes {
					next.Routes[p.Route(i, k)] = RouteState(r.Intn(3))
				}
				if delete(next.Held, i); r.Intn(4) == 0 {
					next.Held[i] = ss7.HoldBit | ss7.PathID(100+i)
				}
			}
			want := p.Table(next)
			want.Codes = tab.Codes
			got, places := tab.With(next, changed)
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("%+v\n%+v\nchanged %v", got, want, changed)
			}
			for i := range p.Dests {
				if !slices.Contains(places, i) && !reflect.DeepEqual(got.Bundle(i), tab.Bundle(i)) {
					t.Fatalf("destination %d changed, and is not in %v", i, places)
				}
			}
			tab, state = got, next
		}
	}
}
