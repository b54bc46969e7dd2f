package routing_test

import (
	"fmt"

	"github.com/gostp/gostp/routing"
	"github.com/gostp/gostp/ss7"
)

// Two linksets to one destination: the better one carries while it works. A table is never
// changed; each state of the links has its own, made from one plan.
func Example() {
	const direct, around = 0, 1 // places in the list of linksets
	there := ss7.Range{PC: 2067, Len: ss7.ITU.Bits()}
	plan := routing.NewPlan(ss7.ITU, ss7.International, []ss7.PC{1}, []routing.Route{
		{Dest: there, Linkset: direct, Priority: 1},
		{Dest: there, Linkset: around, Priority: 2},
	})
	linksets := func(directWorks bool) []routing.Linkset {
		return []routing.Linkset{
			{Name: "Direct", Adjacent: 2067, Links: []routing.Link{{Path: 11, Ready: directWorks}}},
			{Name: "Around", Adjacent: 2068, Links: []routing.Link{{Path: 21, Ready: true}}},
		}
	}
	for _, works := range []bool{true, false} {
		table := plan.NewTable(linksets(works))
		_, bundle, _ := table.Dest(2067)
		fmt.Println("SLS 3 leaves by path", table.Slot(bundle, 3).Path)
	}
	// Output:
	// SLS 3 leaves by path 11
	// SLS 3 leaves by path 21
}
