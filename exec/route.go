package exec

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/status"
)

type routes interface {
	// Routes gives the route table, or with a point what covers it. With details it tells what each destination uses now.
	Routes(of *ss7.PC, details bool) status.RouteTable
	// Explain tells the fate of an MSU, by the function that carries MSUs. linkset or as is where the MSU would come from;
	// neither: it is from this node.
	Explain(m ss7.MSU, linkset, as string) (status.Explanation, error)
}

func routeCommands(h Host) []*cli.Statement {
	pc := cli.Arg("pc", configs.PointCode{}, "Point code, 3-8-3 or decimal, or a host name")
	table := kw("route", "The route table")
	return []*cli.Statement{
		showCS7(h, routeTable, printRoutes, table, cli.Opt(pc), cli.Opt(cli.Flag("detail", "detail", "With reasons"))),
		showCS7(h, explainRoute, printExplanation, table, kw("explain", "How an MSU would be routed, and why"), pc,
			cli.Any(cli.Seq(kw("sls", "Signalling link selection"), cli.Arg("sls", cli.Uint(0, 255), "SLS (default 0)")),
				cli.Seq(kw("from", "As if it came from a linkset"), cli.Arg("linkset", configs.LinksetName{}, "Linkset name")),
				cli.Seq(kw("from-as", "As if it came from an AS"), cli.Arg("as", configs.ASName, "AS name")),
				cli.Seq(kw("si", "Service indicator"), cli.Arg("si", cli.Uint(3, 15), "Number (default 3, SCCP)")),
				cli.Seq(kw("opc", "Originating point code"), cli.Arg("opc", configs.PointCode{}, "Point code")))),
		showCS7(h, ownCodes, printOwnCodes, kw("point-code", "Point codes of this node")),
		showCS7(h, maskOf, printMask, kw("mask", "The codes that a mask covers"),
			cli.Arg("dest", configs.DestRange{}, "PC/LEN")),
		showCS7(h, codeOf, printCode, kw("pc", "A point code in every notation"), pc),
	}
}

func routeTable(n Node, c *cli.Call) (status.RouteTable, error) {
	details := c.Args.Bool("detail")
	pc, one := c.Args["pc"].(ss7.PC)
	if !one {
		return n.Routes(nil, details), nil
	}
	t := n.Routes(&pc, details)
	x, err := n.Explain(ss7.MSU{DPC: pc, SI: ss7.SCCP}, "", "")
	t.Explanation = &x
	return t, err
}

func explainRoute(n Node, c *cli.Call) (status.Explanation, error) {
	m := ss7.MSU{DPC: c.Args["pc"].(ss7.PC), SLS: uint8(c.Args.Uint("sls", 0)),
		SI: ss7.SI(c.Args.Uint("si", uint64(ss7.SCCP)))}
	m.OPC, _ = c.Args["opc"].(ss7.PC)
	return n.Explain(m, c.Args.String("linkset", ""), c.Args.String("as", ""))
}

// printRoutes keeps the columns of the ITP.
func printRoutes(w io.Writer, _ *cli.Call, t status.RouteTable) {
	fmt.Fprintf(w, "Dynamic Routes %d of %d\n\n", t.Dynamic, t.DynamicMax)
	fmt.Fprintf(w, "Routing table = system Destinations = %d Routes = %d\n\n", t.Total, t.RoutesTotal)
	fmt.Fprintf(w, "%-22s %-4s %-19s %s\n", "Destination", "Prio", "Linkset Name", "Route")
	fmt.Fprintf(w, "---------------------- ---- ------------------- -------        \n")
	for i := range t.Destinations {
		d := &t.Destinations[i]
		dest, state := d.Destination, d.State
		for j := range d.Routes {
			r := &d.Routes[j]
			fmt.Fprintf(w, "%-16s %-5s %3d  %-19s %-7s %-7s\n", dest, state, r.Priority, r.Over, r.State, r.Dynamic)
			if r.Reason != "" {
				fmt.Fprintf(w, "       reason: %s\n", r.Reason)
			}
			dest, state = "", ""
		}
		if x := d.Congestion; x != nil {
			fmt.Fprintf(w, "       congested, level %d: %s\n", x.Level, x.Reason)
		}
		if d.Use != nil {
			printUse(w, d)
		}
	}
	for _, x := range t.Overloads {
		fmt.Fprintf(w, "%-16s congested, level %d: %s\n", x.Destination, x.Level, x.Reason)
	}
	if t.Explanation != nil {
		printExplanation(w, nil, *t.Explanation)
	}
}

// printUse writes what the MSUs for a destination leave by.
func printUse(w io.Writer, d *status.Destination) {
	for i := range d.Routes {
		if r := &d.Routes[i]; !r.Server {
			fmt.Fprintf(w, "    over %s: linkset %s, non-adjacent status %s\n", r.Over, r.Linkset, r.NonAdjacent)
		}
	}
	if len(d.Use.Spread) == 0 {
		fmt.Fprintf(w, "    inaccessible: %s\n", d.Use.Inaccessible)
		return
	}
	if d.Use.Via != "" {
		fmt.Fprintf(w, "    its own routes are down; uses those of %s\n", d.Use.Via)
	}
	var to []string
	for _, x := range d.Use.Spread {
		which := "all"
		if !x.All {
			var sls []string
			for _, n := range x.SLS {
				sls = append(sls, strconv.Itoa(n))
			}
			which = strings.Join(sls, " ")
		}
		to = append(to, fmt.Sprintf("%s (%s)", x.To, which))
	}
	fmt.Fprintf(w, "    SLS 0 to %d go to: %s\n", d.Use.SLSMax, strings.Join(to, ", "))
}

// over names the linkset or the server over which a route leads.
func over(name string, server bool) string {
	if server {
		return "to " + name
	}
	return "over linkset " + name
}

func printExplanation(w io.Writer, _ *cli.Call, x status.Explanation) {
	from, blocked := "", ""
	if x.From != "" {
		from = ", from " + x.From
	}
	if x.FromDown {
		blocked = " (" + x.From + " is down; nothing can come from it now)"
	}
	fmt.Fprintf(w, "%s (%d), SLS %d%s%s:\n", x.Destination, x.Decimal, x.SLS, from, blocked)
	if x.Match != nil {
		printMatch(w, x.Match)
	}
	switch x.Fate {
	case "delivered":
		fmt.Fprintln(w, "  is a code of this node: delivered here")
	case "waits":
		fmt.Fprintf(w, "  waits, towards linkset %s: a changeover, changeback or rerouting is under way\n", x.Linkset)
	case "forwarded":
		if x.Avoided {
			fmt.Fprintf(w, "  the first choice leads back over %s, where it came from; the next best is taken\n", x.From)
		}
		if x.Keyed {
			fmt.Fprintf(w, "  belongs to %s by its routing key\n", x.Linkset)
		}
		by := x.Linkset
		if x.Link != nil {
			by = fmt.Sprintf("linkset %s, link %d", x.Linkset, *x.Link)
		}
		fmt.Fprintf(w, "  leaves by %s%s\n", by, choiceText(x.ASPs))
	default:
		fmt.Fprintf(w, "  DISCARDED: %s\n", x.Reason)
		if x.Detail != "" {
			fmt.Fprintf(w, "  %s\n", x.Detail)
		}
	}
}

// choiceText goes on from the name of an application server with the ASPs that an MSU goes to.
func choiceText(x *status.ASPChoice) string {
	if x == nil {
		return ""
	}
	switch x.How {
	case "waits":
		return ": waits for an ASP"
	case "all":
		return fmt.Sprintf(", to all of %d ASPs", x.Count)
	case "in-turn":
		return fmt.Sprintf(", to %d ASPs in turn", x.Count)
	}
	return ", to asp " + x.Name
}

func printMatch(w io.Writer, m *status.Match) {
	fmt.Fprintf(w, "  longest match is %s (%s to %s)\n", m.Destination, m.First, m.Last)
	for _, r := range m.Routes {
		state := r.State
		switch r.State {
		case "PROHIBITED":
			state = fmt.Sprintf("PROHIBITED by %s (%s); it is asked again every T10", r.By, r.Message)
		case "RESTRICTED":
			state = fmt.Sprintf("RESTRICTED by %s (%s)", r.By, r.Message)
		}
		fmt.Fprintf(w, "    priority %d %s: %s\n", r.Priority, over(r.Over, r.Server), state)
	}
	if m.Via != "" {
		fmt.Fprintf(w, "  none of these works; %s covers it and does\n", m.Via)
	}
}
