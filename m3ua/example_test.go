package m3ua_test

import (
	"fmt"

	"github.com/gostp/gostp/m3ua"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// DATA is written for an AS, and read at the far end, whose Gate says what the sender may send. Package drive has an
// ASP and a gateway that do this over associations.
func Example() {
	label := m3ua.Label{RC: 55, HasRC: true}
	wire := label.Append(nil, &ss7.MSU{DPC: 2067, OPC: 5, SI: ss7.SCCP, NI: ss7.International, SLS: 3,
		Payload: []byte("hello")})

	const server ss7.PathID = 9
	gate := m3ua.Gate{Name: "far end", Entries: []m3ua.Entry{{Label: label, AS: server, Variant: ss7.ITU, Receives: true}}}
	var d m3ua.Data
	as, refusal, err := gate.Recv(1, m3ua.PPID, wire, &d)
	fmt.Println(as == server, refusal == m3ua.Taken, err == nil)
	fmt.Printf("from %d to %d: %q\n", d.MSU.OPC, d.MSU.DPC, d.MSU.Payload)

	// A routing context that the sender does not serve is refused, and the error says what to answer.
	other := m3ua.Label{RC: 56, HasRC: true}
	_, _, err = gate.Recv(1, m3ua.PPID, other.Append(nil, &d.MSU), &d)
	fmt.Println(err.Code == xua.InvalidRoutingContext, err.Why)
	// Output:
	// true true true
	// from 5 to 2067: "hello"
	// true DATA with routing context 56
}
