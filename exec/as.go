package exec

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/status"
)

type servers interface {
	// ASs gives the application servers of M3UA, in the order of the configuration.
	ASs() []status.AS
	// ASPs gives the ASPs and gateways of M3UA, in the order of the configuration.
	ASPs() []status.ASP
	// M3UA gives the ports of M3UA with their ASPs.
	M3UA() status.M3UA
	// M2UA gives everything of M2UA.
	M2UA() status.M2UA
}

func serverCommands(h Host) []*cli.Statement {
	as := cli.Arg("name", configs.ASName, "Only this AS")
	asp := cli.Arg("name", configs.ASPName, "Only this ASP")
	return []*cli.Statement{
		showCS7(h, asNamed, printASs, kw("as", "Application servers"),
			cli.Opt(cli.Choice("all", kw("all", "All of them (default)"), kw("active", "Those that are active"),
				kw("m3ua", "Those of M3UA"))),
			cli.Any(as, cli.Choice("how", kw("detail", "With ASPs and reasons"),
				kw("binding-table", "Which ASP each SLS goes to")))),
		showCS7(h, aspNamed, printASPs, kw("asp", "Application server processes"),
			cli.Any(asp, cli.Choice("how", kw("detail", "With reasons and associations"),
				kw("statistics", "Messages by type, and what was refused")))),
		command(h, clearASP, kw("clear", "Reset"),
			configs.CS7(kw("asp", "End the association of an ASP; it may set up a new one"),
				cli.Arg("name", configs.ASPName, "ASP"))).Privileged(),
	}
}

// active is the state of an AS or an ASP that takes traffic.
const active = "active"

// activeAlone tells whether a command leaves out AS that are not active.
func activeAlone(c *cli.Call) bool {
	return c.Args.String("all", "") == active && c.Args.String("how", "") != "binding-table"
}

// asNamed gives the AS that a command names. If it names none, it gives all AS, or all active ones.
func asNamed(n Node, c *cli.Call) ([]status.AS, error) {
	all, err := named(c, "as", n.ASs(), func(s *status.AS) string { return s.Name })
	if activeAlone(c) {
		all = slices.DeleteFunc(all, func(s status.AS) bool { return s.State != active })
	}
	return all, err
}

func aspNamed(n Node, c *cli.Call) ([]status.ASP, error) {
	return named(c, "asp", n.ASPs(), func(s *status.ASP) string { return s.Name })
}

// named gives the one of all that a command names. If the command names none, it gives all.
func named[E any](c *cli.Call, what string, all []E, name func(*E) string) ([]E, error) {
	want := c.Args.String("name", "")
	if want == "" {
		return all, nil
	}
	if i := slices.IndexFunc(all, func(e E) bool { return name(&e) == want }); i >= 0 {
		return all[i : i+1], nil
	}
	return nil, fmt.Errorf("there is no %s %s", what, want)
}

// printASs keeps the columns of the ITP. An AS that is not active has the reason in a line of its own.
func printASs(w io.Writer, c *cli.Call, all []status.AS) {
	how := c.Args.String("how", "")
	if len(all) == 0 && !activeAlone(c) {
		fmt.Fprintln(w, "No as is configured.")
		return
	}
	if how == "binding-table" {
		for i := range all {
			printBindings(w, &all[i])
		}
		return
	}
	fmt.Fprintf(w, "                    Routing    Routing Key                          Cic   Cic\n")
	fmt.Fprintf(w, "AS Name      State  Context    Dpc           Si   Opc           Ssn Min   Max\n")
	fmt.Fprintf(w, "------------ ------ ---------- ------------- ---- ------------- --- ----- -----\n")
	for i := range all {
		s := &all[i]
		printAS(w, s)
		if s.State != active {
			fmt.Fprintf(w, "       reason: %s\n", s.Reason)
		}
		if how == "detail" {
			printASDetail(w, s)
		}
	}
}

func printAS(w io.Writer, s *status.AS) {
	context := "-"
	if s.RoutingContext != nil {
		context = fmt.Sprint(*s.RoutingContext)
	}
	name, state := s.Name, s.State
	if len(s.RoutingKey) == 0 {
		fmt.Fprintf(w, "%-12s %-6s %-10s %s\n", name, state, context, "-")
	}
	for i := range s.RoutingKey {
		for _, line := range keyLines(&s.RoutingKey[i]) {
			fmt.Fprintf(w, "%-12s %-6s %-10s %s\n", name, state, context, strings.TrimRight(line, " "))
			name, state, context = "", "", ""
		}
	}
}

// keyLines writes a term of a routing key, with a line for each OPC or range of circuits.
func keyLines(t *status.KeyTerm) (out []string) {
	si := strings.Join(t.SIs, ",")
	line := func(opc string, circuits ...any) {
		text := fmt.Sprintf("%-13s %-4s %-13s %3s ", t.DPC, si, opc, "")
		if len(circuits) == 2 {
			text += fmt.Sprintf("%5d %5d", circuits...)
		}
		out = append(out, text)
	}
	for _, c := range t.Circuits {
		line(c.OPC, c.First, c.Last)
	}
	for _, opc := range t.OPCs {
		line(opc)
	}
	if len(out) == 0 {
		line("")
	}
	return out
}

func printASDetail(w io.Writer, s *status.AS) {
	fmt.Fprintf(w, "  %s for %s: %s; active %d times\n", s.State, since(s.Since), s.Event, s.TimesActive)
	mode := s.TrafficMode
	switch {
	case mode == "unset":
		mode = "as the first ASP says"
	case s.RoundRobin:
		mode += " roundrobin, which does not keep the order"
	case mode == "loadshare":
		mode += " bindings (by SLS)"
	}
	fmt.Fprintf(w, "  traffic mode %s; recovery-timeout %d ms; minimum-active %d\n", mode, s.RecoveryMS, s.Minimum)
	if s.OwnRoutingContext != nil {
		fmt.Fprintf(w, "  own-routing-context %d: the far end's DATA carries it\n", *s.OwnRoutingContext)
	}
	if s.NetworkAppearance != nil {
		fmt.Fprintf(w, "  network appearance %d\n", *s.NetworkAppearance)
	}
	if s.Registered {
		fmt.Fprintln(w, "  registered by its ASPs; it goes with the last of them")
	}
	if s.Waiting > 0 {
		fmt.Fprintf(w, "  %d MSUs wait for an ASP, the oldest for %d ms\n",
			s.Waiting, time.Since(s.WaitingSince).Milliseconds())
	}
	for i := range s.ASPs {
		m := &s.ASPs[i]
		fmt.Fprintf(w, "  asp %-19s %s, weight %d%s\n", m.ASP, m.State, m.Weight, memberNotes(m))
	}
}

func memberNotes(m *status.Membership) (out string) {
	for _, x := range []struct {
		on   bool
		text string
	}{{m.Registered, "registered"}, {m.Overridden, "an alternate ASP is active"},
		{m.WaitsForKey, "waits for its routing context"}} {
		if x.on {
			out += ", " + x.text
		}
	}
	return out
}

// printBindings keeps Osmocom's columns.
func printBindings(w io.Writer, s *status.AS) {
	fmt.Fprintf(w, "AS %s: %s, traffic mode %s\n", s.Name, s.State, s.TrafficMode)
	switch {
	case s.Reason != "":
		fmt.Fprintf(w, "       reason: %s\n", s.Reason)
	case len(s.Slots) == 0:
		fmt.Fprintln(w, "Every MSU goes to every active ASP.")
	default:
		fmt.Fprintf(w, "Loadshare Seed  ASP\n--------------  ---------------\n")
		for sls, name := range s.Slots {
			fmt.Fprintf(w, "%-15d %s\n", sls, name)
		}
	}
}

func printASPs(w io.Writer, c *cli.Call, all []status.ASP) {
	how := c.Args.String("how", "")
	switch {
	case len(all) == 0:
		fmt.Fprintln(w, "No asp is configured.")
		return
	case how == "statistics":
		for i := range all {
			fmt.Fprintf(w, "ASP %s\n", all[i].Name)
			printASPCounts(w, &all[i].Counters)
		}
		return
	}
	fmt.Fprintf(w, "%53s%s\n", "", "Effect Primary")
	fmt.Fprintf(w, "%-12s  %-12s  %-8s  %-4s  %-8s %-15s %s\n",
		"ASP Name", "AS Name", "State", "Type", "Rmt Port", "Remote IP Addr", "SCTP")
	fmt.Fprintf(w, "------------  ------------  --------  ----  -------- --------------- ----------\n")
	for i := range all {
		s := &all[i]
		printASP(w, s)
		if s.Reason != "" {
			fmt.Fprintf(w, "       reason: %s\n", s.Reason)
		}
		if how == "detail" {
			printASPDetail(w, s)
		}
	}
}

// printASP writes a line for each AS of an ASP.
func printASP(w io.Writer, s *status.ASP) {
	association := s.Association.State
	if s.Association.TCP {
		association += " (tcp)"
	}
	line := func(as, state string) {
		fmt.Fprintf(w, "%-12s  %-12s  %-8s  %-4s  %-8d %-15s %s\n",
			s.Name, as, state, "m3ua", s.Port, cmp.Or(s.Address, "-"), association)
	}
	for _, m := range s.ASs {
		line(m.AS, m.State)
	}
	if len(s.ASs) == 0 {
		line("-", s.State)
	}
}

func printASPDetail(w io.Writer, s *status.ASP) {
	role := "this node is " + s.Role
	if s.Role == configs.RoleSG.String() {
		role = "this node is its gateway"
	}
	fmt.Fprintf(w, "  %s for %s: %s; %s\n", s.State, since(s.Since), s.Event, role)
	if s.Identifier != nil {
		fmt.Fprintf(w, "  asp-identifier %d\n", *s.Identifier)
	}
	if s.LastError != "" {
		fmt.Fprintf(w, "  last error: %s\n", s.LastError)
	}
	if !s.NextTry.IsZero() {
		fmt.Fprintf(w, "  waits for an answer; next request in %d ms\n", time.Until(s.NextTry).Milliseconds())
	}
	a := s.Association
	if a.None() {
		fmt.Fprintf(w, "  no association: %s\n", noAssociation(a))
	} else {
		over := ""
		if a.TCP {
			over = " over TCP"
		}
		fmt.Fprintf(w, "  association %d%s: %s for %s\n", a.ID, over, a.State, since(a.Since))
		printPaths(w, a)
	}
	if a.Before != nil {
		fmt.Fprintf(w, "  %s\n", before(a.Before))
	}
}

// printExchanged writes how much an ASP of any layer has sent and received.
func printExchanged(w io.Writer, s *status.ASPCounts, data string) {
	printMessages(w, "  ", s.Messages)
	fmt.Fprintf(w, "  refused: %s; errors not told because there were too many %d\n", sumOf(s.Refused), s.Spared)
	fmt.Fprintf(w, "  octets of %s in %d, out %d\n", data, s.OctetsIn, s.OctetsOut)
}

// printRefused writes how often data was refused, and why. Malformed data has reasons of its own.
func printRefused(w io.Writer, s *status.ASPCounts, data string) {
	for _, x := range s.DataRefused {
		if x.Name == "malformed" {
			fmt.Fprintf(w, "  %s refused: %s: %s\n", data, x.Name, sumOf(s.Malformed))
		} else {
			fmt.Fprintf(w, "  %s refused: %s: %d\n", data, x.Name, x.Value)
		}
	}
}

func printASPCounts(w io.Writer, s *status.ASPCounts) {
	printExchanged(w, s, "DATA")
	printRefused(w, s, "DATA")
	if s.OddSI > 0 {
		fmt.Fprintf(w, "  DATA with bits above the fourth in its service indicator, passed over: %d\n", s.OddSI)
	}
	fmt.Fprintf(w, "  not answered because there were too many: audits %d, registrations %d, "+
		"unreachable destinations %d; audits cut short %d\n",
		s.AuditsSpared, s.RegistrationsSpared, s.UnreachableSpared, s.AuditsCut)
}

func printMessages(w io.Writer, indent string, all []status.InOut) {
	for _, x := range all {
		fmt.Fprintf(w, "%s%s in %d, out %d\n", indent, x.Name, x.In, x.Out)
	}
}

// sumOf writes the sum of counters, and each of them.
func sumOf(all []status.Count) string {
	sum, by := uint64(0), []string{}
	for _, x := range all {
		sum += x.Value
		by = append(by, fmt.Sprintf("%s %d", x.Name, x.Value))
	}
	if sum == 0 {
		return "0"
	}
	return fmt.Sprintf("%d (%s)", sum, strings.Join(by, ", "))
}

// clearASP ends the association of an ASP of any layer.
func clearASP(n Node, c *cli.Call) error {
	name := c.Args.String("name", "")
	found, ended := false, false
	for _, u := range n.Associations() {
		if u.ASP == name {
			found = true
			ended = n.EndAssociation(u.Association.ID, "cleared by the operator") || ended
		}
	}
	switch {
	case !found:
		return fmt.Errorf("there is no asp %s", name)
	case !ended:
		return fmt.Errorf("asp %s has no association", name)
	}
	return nil
}
