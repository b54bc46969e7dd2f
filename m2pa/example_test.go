package m2pa_test

import (
	"fmt"
	"time"

	"github.com/gostp/gostp/m2pa"
	"github.com/gostp/gostp/ss7"
)

// Two ends of a link, each a pure machine: what one sends the other is told. The program
// keeps the clock and carries out the actions; here it is a loop without any network.
func ExampleLink() {
	now := time.Unix(0, 0)
	ends := [2]*m2pa.Link{m2pa.New(1, m2pa.DefaultConfig()), m2pa.New(2, m2pa.DefaultConfig())}
	var perform func(end int, actions []ss7.Action)
	perform = func(end int, actions []ss7.Action) {
		for _, a := range actions {
			switch a.Op {
			case ss7.Send:
				// Wire is valid until the machine is told something else.
				perform(1-end, ends[1-end].Recv(now, a.Stream, append([]byte(nil), a.Wire...), nil))
			case ss7.Raise:
				if a.Event.Kind == ss7.Transfer {
					fmt.Printf("end %d received % x\n", end, a.Event.MSU.Payload)
				}
			}
		}
	}
	for _, kind := range []ss7.Kind{ss7.CommUp, ss7.Start} { // the association is up; MTP3 wants the link
		for end, link := range ends {
			perform(end, link.Do(now, ss7.Event{Kind: kind}, nil))
		}
	}
	for ends[0].Status().State != m2pa.InService { // alignment and proving take their time
		now = now.Add(10 * time.Millisecond)
		for end, link := range ends {
			perform(end, link.Tick(now, nil))
		}
	}
	m := ss7.MSU{DPC: 2067, OPC: 2068, SI: ss7.ISUP, Payload: []byte{1, 0, 13}}
	perform(0, ends[0].Transfer(now, &m, nil))
	fmt.Println("the link is", ends[1].Status().State)
	// Output:
	// end 1 received 01 00 0d
	// the link is InService
}
