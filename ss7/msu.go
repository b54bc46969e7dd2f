package ss7

import "fmt"

// NI is the network indicator, 2 bits (Q.704 §14.2.2).
type NI uint8

// The four network indicators of Q.704 §14.2.2.
const (
	International NI = iota
	SpareNetwork
	National
	ReservedNational
)

var niNames = [...]string{"international", "spare", "national", "reserved"}

func (n NI) String() string {
	if int(n) < len(niNames) {
		return niNames[n]
	}
	return fmt.Sprintf("NI %d", uint8(n))
}

// SI is the service indicator, 4 bits (Q.704 §14.2.1).
type SI uint8

// Service indicators that have a name in this program (Q.704 §14.2.1).
const (
	SNM  SI = 0 // signalling network management
	SNT  SI = 1 // signalling network testing and maintenance
	SNTS SI = 2 // special testing and maintenance (ANSI)
	SCCP SI = 3
	TUP  SI = 4
	ISUP SI = 5
	MTPT SI = 8 // MTP testing user part (Q.755)
)

var siNames = map[SI]string{SNM: "SNM", SNT: "SNT", SNTS: "SNT special", SCCP: "SCCP", TUP: "TUP", ISUP: "ISUP",
	MTPT: "MTP test"}

// OfMTP3 tells whether it is that of MTP3's own messages, between adjacent nodes as a rule, and not of a user part.
func (s SI) OfMTP3() bool { return s <= SNTS }

func (s SI) String() string {
	if n, ok := siNames[s]; ok {
		return n
	}
	return fmt.Sprintf("SI %d", uint8(s))
}

// MSU is one message signal unit as MTP3 sees it: service information octet and
// routing label taken apart, the rest borrowed. A callee that keeps an MSU beyond the call
// must copy Payload.
type MSU struct {
	DPC, OPC PC
	SLS      uint8 // signalling link selection; the SLC in messages about one link (Q.704 §15.2)
	NI       NI
	Prio     uint8 // 0..3; spare bits of the SIO in international ITU networks (Q.704 §14.2.2)
	SI       SI
	Payload  []byte // what follows the routing label, borrowed
}
