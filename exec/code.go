package exec

import (
	"fmt"
	"io"
	"strings"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/status"
)

func ownCodes(n Node, _ *cli.Call) ([]status.OwnCode, error) {
	s := n.Config()
	if s.PC == nil {
		return nil, nil
	}
	var out []status.OwnCode
	for i, pc := range s.Own() {
		kind := "local"
		switch {
		case i > len(s.Secondaries):
			kind = "capability"
		case i > 0:
			kind = "secondary"
		}
		out = append(out, status.OwnCode{Instance: n.Number(), Code: s.Notation().Format(pc), Kind: kind, State: "active"})
	}
	return out, nil
}

func printOwnCodes(w io.Writer, c *cli.Call, all []status.OwnCode) {
	if len(all) == 0 {
		fmt.Fprintln(w, "This node has no point code; `cs7 point-code` in configuration mode gives it one.")
		return
	}
	if !c.Args.Bool("every") { // the heading is there
		fmt.Fprintf(w, "Instance Number %d\n", all[0].Instance)
	}
	fmt.Fprintf(w, "%-20s%-16s%-21s%-10s\n%s\n", "CS7 Point Code", "Type", "Status", "Cong", strings.Repeat("-", 67))
	for _, x := range all {
		fmt.Fprintf(w, "%-20s%-16s%-21s%-10d\n", x.Code, x.Kind, x.State, x.Congestion)
	}
}

func maskOf(n Node, c *cli.Call) (status.Mask, error) {
	s := n.Config()
	f, bits := s.Notation(), s.V().Bits()
	r, _ := c.Args["dest"].(ss7.Range).Clean(bits)
	last := r.Last(bits)
	full := ss7.Range{Len: bits}.Last(bits) | (1<<bits - 1)
	return status.Mask{Destination: f.FormatRange(r), First: f.Format(r.PC), Last: f.Format(last),
		FirstNumber: uint32(r.PC), LastNumber: uint32(last), Codes: uint32(last - r.PC + 1),
		Mask: f.Format(full &^ (last - r.PC))}, nil
}

func printMask(w io.Writer, _ *cli.Call, m status.Mask) {
	fmt.Fprintf(w, "%s covers %s to %s: %d codes (decimal %d to %d)\n",
		m.Destination, m.First, m.Last, m.Codes, m.FirstNumber, m.LastNumber)
	fmt.Fprintf(w, "mask in point-code form: %s\n", m.Mask)
}

func codeOf(n Node, c *cli.Call) (status.Code, error) {
	pc, s := c.Args["pc"].(ss7.PC), n.Config()
	out := status.Code{Code: s.Notation().Format(pc), Decimal: uint32(pc), Variant: s.V().Name,
		Hosts: []string{}, Own: []string{}, Linksets: []string{}}
	for _, h := range s.Hosts {
		if h.PC == pc {
			out.Hosts = append(out.Hosts, h.Name)
		}
	}
	for i, own := range s.Own() {
		if own == pc {
			out.Own = append(out.Own, []string{"the code of this node", "another code of this node"}[min(i, 1)])
		}
	}
	for _, l := range s.Linksets {
		if l.Adjacent == pc {
			out.Linksets = append(out.Linksets, l.Name)
		}
	}
	return out, nil
}

func printCode(w io.Writer, _ *cli.Call, x status.Code) {
	fmt.Fprintf(w, "%s = decimal %d = hexadecimal 0x%x (variant %s)\n", x.Code, x.Decimal, x.Decimal, x.Variant)
	for _, name := range x.Hosts {
		fmt.Fprintf(w, "host name %s\n", name)
	}
	for _, what := range x.Own {
		fmt.Fprintln(w, what)
	}
	for _, name := range x.Linksets {
		fmt.Fprintf(w, "adjacent by linkset %s\n", name)
	}
}
