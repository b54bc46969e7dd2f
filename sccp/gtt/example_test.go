package gtt_test

import (
	"fmt"

	"github.com/gostp/gostp/sccp/gtt"
)

// The digits of an international number lead to a place: the longest prefix decides.
func ExampleTable() {
	prefix := func(digits string, to uint32) gtt.Prefix {
		d, err := gtt.Parse(digits)
		if err != nil {
			panic(err)
		}
		return gtt.Prefix{Digits: d, To: to}
	}
	e164 := gtt.Nature{GTI: 4, TT: 0, NP: 1, NAI: 4} // Q.713 §3.4.2.3.4
	table := gtt.NewTable([]*gtt.Selector{{
		Name:   "e164",
		Nature: e164,
		Index:  gtt.NewIndex([]gtt.Prefix{prefix("61", 0), prefix("6140", 1)}),
		Results: []gtt.Result{
			{Route: gtt.Route{PC: 2067, ToGT: true, SSN: gtt.Keep, NTT: gtt.Keep}}, // translated again there
			{Route: gtt.Route{PC: 2068, SSN: 6, NTT: gtt.Keep}},                    // the HLR
		},
		Hits: &gtt.Hits{},
	}}, nil, nil)

	for _, number := range []string{"61299999999", "61401234567", "491711234567"} {
		digits, _ := gtt.Parse(number)
		result, length, _ := table.Select(e164, "").Find(&digits)
		if result == nil {
			fmt.Println(number, "has no translation")
			continue
		}
		fmt.Printf("%s goes to %d by its first %d digits\n", number, result.Route.PC, length)
	}
	// Output:
	// 61299999999 goes to 2067 by its first 2 digits
	// 61401234567 goes to 2068 by its first 4 digits
	// 491711234567 has no translation
}
