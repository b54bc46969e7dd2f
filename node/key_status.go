package node

import (
	"fmt"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/m3ua"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/status"
)

// keyTerm gives a term of a routing key with its codes as text.
func keyTerm(t *m3ua.Term, f ss7.Notation) status.KeyTerm {
	out := status.KeyTerm{DPC: codeOrRange(f, t.DPC)}
	for s := range ss7.SI(16) {
		if t.SIs&(1<<s) != 0 {
			out.SIs = append(out.SIs, siWord(s))
		}
	}
	for _, o := range t.OPCs {
		out.OPCs = append(out.OPCs, codeOrRange(f, o))
	}
	for _, c := range t.Circuits {
		x := status.Circuits{First: c.First, Last: c.Last}
		if c.OPC.Len > 0 {
			x.OPC = codeOrRange(f, c.OPC)
		}
		out.Circuits = append(out.Circuits, x)
	}
	return out
}

// codeOrRange writes a range of one code as that code.
func codeOrRange(f ss7.Notation, r ss7.Range) string {
	if r.Len == f.Bits() {
		return f.Format(r.PC)
	}
	return f.FormatRange(r)
}

// siWord gives the configuration's word for a service indicator.
func siWord(s ss7.SI) string {
	if w := configs.UserPart(s).String(); w != "" {
		return w
	}
	return fmt.Sprint(uint8(s))
}
