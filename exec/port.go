package exec

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/status"
)

type ports interface {
	// LocalPeers gives the ports of M2PA with their links, by number.
	LocalPeers() []status.Port
}

func portCommands(h Host) []*cli.Statement {
	port := cli.Opt(cli.Arg("port", cli.Uint(1024, 49151), "Only this one"))
	return []*cli.Statement{
		showCS7(h, localPeers, printLocalPeers, kw("m2pa", "Level 2"),
			kw("peers", "Local peers and the far ends they talk to")),
		showCS7(h, localPeers, printLocalPeers,
			kw("local-peer", "SCTP ports of this node, what carries them, and their far ends"), port),
		showCS7(h, m3uaPorts, printM3UA, kw("m3ua", "Ports of ASPs"), port),
	}
}

func localPeers(n Node, c *cli.Call) ([]status.Port, error) {
	return numbered(c, "local-peer", n.LocalPeers())
}

// numbered gives the port that a command names, or all of them.
func numbered(c *cli.Call, what string, all []status.Port) ([]status.Port, error) {
	only := c.Args.Uint("port", 0)
	if only == 0 {
		return all, nil
	}
	all = slices.DeleteFunc(all, func(p status.Port) bool { return uint64(p.Number) != only })
	if len(all) == 0 {
		return nil, fmt.Errorf("there is no %s %d", what, only)
	}
	return all, nil
}

func printLocalPeers(w io.Writer, _ *cli.Call, all []status.Port) {
	if len(all) == 0 {
		fmt.Fprintln(w, "No local-peer is configured.")
	}
	for i := range all {
		p := &all[i]
		printPort(w, p)
		up := 0
		for _, u := range p.Users {
			if !u.Association.None() {
				up++
			}
		}
		fmt.Fprintf(w, "  associations: %d for %d links; accepted %d, refused %d that no link is configured for\n",
			up, len(p.Users), p.Accepted, p.Refused)
		for _, u := range p.Users {
			fmt.Fprintf(w, "  %s, %s: %s\n", u.FarEnd, u.Name, associationText(u.Association))
		}
	}
}

// associationText names an association, or says why there is none.
func associationText(a *status.Association) string {
	if a.None() {
		return noAssociation(a)
	}
	return fmt.Sprintf("association %d, %s", a.ID, a.State)
}

// printPort writes what ports of links and ports of ASPs have in common.
func printPort(w io.Writer, p *status.Port) {
	state := "bound"
	if !p.Bound {
		state = "NOT BOUND"
	}
	at := strings.Join(p.Addresses, ", ")
	switch {
	case p.Anywhere:
		at = "every address of this machine"
	case at == "":
		at = "none"
	}
	fmt.Fprintf(w, "%s %d at %s: %s for %s\n", p.Kind, p.Number, at, state, since(p.Since))
	if !p.Bound {
		fmt.Fprintf(w, "  reason: %s\n", p.Reason)
	}
	if p.Carrier != "" {
		fmt.Fprintf(w, "  transport: %s\n", p.Carrier)
	}
	if p.Unknown > 0 {
		fmt.Fprintf(w, "  %d of at most %d associations wait until it is known whose they are\n", p.Unknown, p.UnknownMax)
	}
}

func m3uaPorts(n Node, c *cli.Call) (status.M3UA, error) {
	v := n.M3UA()
	var err error
	v.Ports, err = numbered(c, "m3ua", v.Ports)
	return v, err
}

func printM3UA(w io.Writer, _ *cli.Call, v status.M3UA) {
	dynamic := false
	for i := range v.Ports {
		p := &v.Ports[i]
		dynamic = dynamic || p.Accepts == configs.AcceptAnybody.String()
		printPort(w, p)
		fmt.Fprintf(w, "  accept-asp-connections %s: accepted %d, refused %d\n", p.Accepts, p.Accepted, p.Refused)
		for _, u := range p.Users {
			fmt.Fprintf(w, "  asp %s, %s: %s, %s\n", u.Name, u.FarEnd, u.State, associationText(u.Association))
		}
	}
	switch {
	case len(v.Ports) == 0:
		fmt.Fprintln(w, "No m3ua is configured.")
	case v.Strangers > 0 || dynamic:
		fmt.Fprintf(w, "ASPs that are not configured: %d of %d (`cs7 xua max-unconfigured-asps`)\n",
			v.Strangers, v.StrangersMax)
	}
}
