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
	crossings := slices.DeleteFunc(slices.Clone(v.crossings), func(x *crossing) bool { return x == nil })
	if len(crossings) == 0 {
		fmt.Fprintln(c.Out, "No point of another instance has an alias in this one; `cs7 instance N pc-conversion PC instance M PC` gives it one.")
		return nil
	}
	slices.SortFunc(crossings, func(a, b *crossing) int { return cmp.Compare(a.alias, b.alias) })
	fmt.Fprintf(c.Out, "%-20s %-5s %-8s %s\n-------------------- ----- -------- --------------------\n", "Alias", "State", "Instance", "Point Code there")
	var borders []*border
	for _, x := range crossings {
		state := "acces"
		if _, b, _ := v.table.Dest(x.alias); b == nil {
			state = "INACC"
		}
		here, there := n.Config().Notation(), x.to.Config().Notation()
		fmt.Fprintf(c.Out, "%-20s %-5s %-8d %s\n", here.Format(x.alias), state, x.to.number, there.Format(x.pc))
		if !slices.ContainsFunc(borders, func(b *border) bool { return b.to == x.to }) {
			borders = append(borders, x.border)
		}
	}
	for _, b := range borders {
		fmt.Fprintf(c.Out, "To instance %d: MSUs crossed %d, discarded: no alias there for the OPC %d, for a code or title in SCCP %d\n",
			b.to.number, b.count.crossed.Load(), b.count.noAlias.Load(), b.count.noInside.Load())
	}
	return nil
}
