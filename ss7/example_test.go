package ss7_test

import (
	"fmt"

	"github.com/gostp/gostp/ss7"
)

// An MSU of an ITU network, as octets from its service information octet on and back.
func ExampleVariant_AppendMSU() {
	dpc, _ := ss7.ITU.Notation.Parse("2.100.1")
	opc, _ := ss7.ITU.Notation.Parse("3.200.2")
	m := ss7.MSU{DPC: dpc, OPC: opc, SLS: 5, NI: ss7.National, SI: ss7.ISUP, Payload: []byte{0x2a, 0x00, 0x01}}

	octets := ss7.ITU.AppendMSU(nil, &m)
	fmt.Printf("% x\n", octets)

	back, err := ss7.ITU.ParseMSU(octets)
	fmt.Println(ss7.ITU.Notation.Format(back.DPC), back.SI, back.SLS, err)
	// Output:
	// 85 21 93 90 57 2a 00 01
	// 2.100.1 ISUP 5 <nil>
}

// A code is written in the fields of its variant, or as one decimal number.
func ExampleNotation_Parse() {
	for _, text := range []string{"1.2.3", "2067", "9.0.0"} {
		pc, err := ss7.ITU.Notation.Parse(text)
		fmt.Println(pc, err)
	}
	// Output:
	// 2067 <nil>
	// 2067 <nil>
	// 0 "9.0.0" is not a point code 3-8-3 (0.0.0 to 7.255.7), or decimal 0 to 16383: field 1 is 0 to 7
}
