package node

import (
	"cmp"
	"slices"

	"github.com/gostp/gostp/status"
)

// Aliases gives the aliases in this instance, and how much has crossed to each other instance.
func (n *Node) Aliases() status.Aliases {
	v := n.view.Load()
	crossings := slices.DeleteFunc(slices.Clone(v.crossings), func(x *crossing) bool { return x == nil })
	slices.SortFunc(crossings, func(a, b *crossing) int { return cmp.Compare(a.alias, b.alias) })
	out := status.Aliases{Aliases: []status.Alias{}, Crossings: []status.Crossing{}}
	for _, x := range crossings {
		state := "acces"
		if _, b, _ := v.table.Dest(x.alias); b == nil {
			state = "INACC"
		}
		here, there := n.Config().Notation(), x.to.Config().Notation()
		out.Aliases = append(out.Aliases, status.Alias{Alias: here.Format(x.alias), State: state, Instance: x.to.number,
			Code: there.Format(x.pc)})
		if !slices.ContainsFunc(out.Crossings, func(c status.Crossing) bool { return c.Instance == x.to.number }) {
			count := x.border.count
			out.Crossings = append(out.Crossings, status.Crossing{Instance: x.to.number, Crossed: count.crossed.Load(),
				NoAlias: count.noAlias.Load(), NoInside: count.noInside.Load()})
		}
	}
	return out
}
