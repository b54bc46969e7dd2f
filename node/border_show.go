package node

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/gostp/gostp/cli"
)

// showAliases lists the aliases in this instance, and what has crossed to each other one.
func (n *Node) showAliases(c *cli.Call) error {
	v := n.view.Load()
	gates := slices.DeleteFunc(slices.Clone(v.gates), func(g *gate) bool { return g == nil })
	if len(gates) == 0 {
		fmt.Fprintln(c.Out, "No point of another instance has an alias in this one; `cs7 instance N pc-conversion PC instance M PC` gives it one.")
		return nil
	}
	slices.SortFunc(gates, func(a, b *gate) int { return cmp.Compare(a.alias, b.alias) })
	fmt.Fprintf(c.Out, "%-20s %-5s %-8s %s\n-------------------- ----- -------- --------------------\n", "Alias", "State", "Instance", "Point Code there")
	var borders []*border
	for _, g := range gates {
		state := "acces"
		if _, b, _ := v.table.Dest(g.alias); b == nil {
			state = "INACC"
		}
		fmt.Fprintf(c.Out, "%-20s %-5s %-8d %s\n", n.Config().Notation().Format(g.alias), state, g.to.number, g.to.Config().Notation().Format(g.pc))
		if !slices.ContainsFunc(borders, func(b *border) bool { return b.to == g.to }) {
			borders = append(borders, g.border)
		}
	}
	for _, b := range borders {
		fmt.Fprintf(c.Out, "To instance %d: MSUs crossed %d, discarded: no alias there for the OPC %d, for a code or title in SCCP %d\n",
			b.to.number, b.count.crossed.Load(), b.count.noAlias.Load(), b.count.noInside.Load())
	}
	return nil
}
