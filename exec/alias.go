package exec

import (
	"fmt"
	"io"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/status"
)

type aliases interface {
	// Aliases gives the points of other instances that have an alias in this one.
	Aliases() status.Aliases
}

func aliasCommands(h Host) []*cli.Statement {
	get := func(n Node, _ *cli.Call) (status.Aliases, error) { return n.Aliases(), nil }
	return []*cli.Statement{
		showCS7(h, get, printAliases, kw("pc-conversion", "Aliases of points in other instances, and what crossed")),
	}
}

func printAliases(w io.Writer, _ *cli.Call, x status.Aliases) {
	if len(x.Aliases) == 0 {
		fmt.Fprintln(w, "No point of another instance has an alias in this one; "+
			"`cs7 instance N pc-conversion PC instance M PC` gives it one.")
		return
	}
	fmt.Fprintf(w, "%-20s %-5s %-8s %s\n-------------------- ----- -------- --------------------\n",
		"Alias", "State", "Instance", "Point Code there")
	for _, a := range x.Aliases {
		fmt.Fprintf(w, "%-20s %-5s %-8d %s\n", a.Alias, a.State, a.Instance, a.Code)
	}
	for _, c := range x.Crossings {
		fmt.Fprintf(w, "To instance %d: MSUs crossed %d, discarded: no alias there for the OPC %d, "+
			"for a code or title in SCCP %d\n", c.Instance, c.Crossed, c.NoAlias, c.NoInside)
	}
}
