// Table routes by point code and translates global titles, without any network: it prints where messages would go.
package main

import (
	"fmt"

	"github.com/gostp/gostp/routing"
	"github.com/gostp/gostp/sccp/gtt"
	"github.com/gostp/gostp/ss7"
)

func main() {
	routes()
	titles()
}

// routes has two linksets to one destination; the better one carries while it works.
func routes() {
	const direct, around = 0, 1 // places in the list of linksets
	there := ss7.Range{PC: 2067, Len: ss7.ITU.Bits()}
	plan := routing.NewPlan(ss7.ITU, ss7.International, []ss7.PC{1}, []routing.Route{
		{Dest: there, Linkset: direct, Priority: 1},
		{Dest: there, Linkset: around, Priority: 2},
	})
	for _, works := range []bool{true, false} {
		table := plan.NewTable([]routing.Linkset{
			{Name: "Direct", Adjacent: 2067, Links: []routing.Link{{Path: 11, Ready: works}}},
			{Name: "Around", Adjacent: 2068, Links: []routing.Link{{Path: 21, Ready: true}}},
		})
		_, bundle, _ := table.Dest(2067)
		fmt.Printf("Direct works: %v; an MSU for 2067 leaves by path %d\n", works, table.Slot(bundle, 3).Path)
	}
}

// titles translates international numbers by their longest known prefix.
func titles() {
	e164 := gtt.Nature{GTI: 4, TT: 0, NP: 1, NAI: 4} // Q.713 §3.4.2.3.4
	table := gtt.NewTable([]*gtt.Selector{{
		Name:   "e164",
		Nature: e164,
		Index:  gtt.NewIndex([]gtt.Prefix{{Digits: digits("61"), To: 0}, {Digits: digits("6140"), To: 1}}),
		Results: []gtt.Result{
			{Route: gtt.Route{PC: 2067, ToGT: true, SSN: gtt.Keep, NTT: gtt.Keep}}, // translated again there
			{Route: gtt.Route{PC: 2068, SSN: 6, NTT: gtt.Keep}},                    // the HLR
		},
		Hits: &gtt.Hits{},
	}}, nil, nil)
	for _, number := range []string{"61299999999", "61401234567", "491711234567"} {
		d := digits(number)
		if result, length, _ := table.Select(e164, "").Find(&d); result != nil {
			fmt.Printf("%s goes to %d by its first %d digits\n", number, result.Route.PC, length)
		} else {
			fmt.Println(number, "has no translation")
		}
	}
}

func digits(text string) gtt.Digits {
	d, err := gtt.Parse(text)
	if err != nil {
		panic(err)
	}
	return d
}
