package sccp_test

import (
	"fmt"

	"github.com/gostp/gostp/sccp"
	"github.com/gostp/gostp/sccp/gtt"
	"github.com/gostp/gostp/ss7"
)

// A UDT is written and read again. Its called address is a global title, which another node translates.
func Example() {
	digits, _ := gtt.Parse("61401234567")
	title := sccp.AppendTitle(ss7.ITU, nil, &sccp.Title{Nature: gtt.Nature{GTI: 4, NP: 1, NAI: 4}, // Q.713 §3.4.2.3.4
		ES: 1, Digits: digits}) // an odd number of digits
	b, ok := sccp.Append(nil, &sccp.Message{
		Type:    sccp.UDT,
		Class:   sccp.ReturnOption, // a UDTS comes back if it cannot be delivered
		Called:  sccp.AppendAddress(ss7.ITU, nil, &sccp.Address{HasSSN: true, SSN: 6, GTI: 4, Title: title}),
		Calling: sccp.AppendAddress(ss7.ITU, nil, &sccp.Address{OnSSN: true, HasSSN: true, SSN: 8, HasPC: true, PC: 2067}),
		Data:    []byte("hello"),
	})
	if !ok {
		panic("the message is too long")
	}
	m, err := sccp.Parse(b)
	if err != nil {
		panic(err)
	}
	for _, octets := range [][]byte{m.Called, m.Calling} {
		a, err := sccp.ParseAddress(ss7.ITU, octets)
		if err != nil {
			panic(err)
		}
		fmt.Println(a.Text(ss7.ITU, ss7.ITU.Notation))
	}
	fmt.Printf("%v %q\n", m.Type, m.Data)
	// Output:
	// route on GT: gti 4 tt 0 np 1 nai 4 digits 61401234567, SSN 6
	// route on SSN: PC 1.2.3, SSN 8
	// UDT "hello"
}
