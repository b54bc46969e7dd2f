package exec

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/status"
)

type associations interface {
	// Associations gives the associations of the instance, and those that there should be.
	Associations() []status.AssociationUse
	// EndAssociation ends an association, and tells whether it was there.
	EndAssociation(id uint32, why string) bool
}

type transports interface {
	// SCTP gives the counters of transports, and the memory that associations share.
	SCTP() status.SCTP
	// ClearSCTP shows the counters of transports as if they began now.
	ClearSCTP()
}

// sctpCommands has `show sctp`, which is ours, and `show ip sctp`, which has the words of IOS.
func sctpCommands(h Host) []*cli.Statement {
	words := func(e ...cli.Elem) []cli.Elem {
		return append([]cli.Elem{cli.Opt(kw("ip", "IP")), kw("sctp", "SCTP")}, e...)
	}
	clearing := func(run func(*cli.Call) error, e ...cli.Elem) *cli.Statement {
		return cli.Command(cli.Seq(append([]cli.Elem{kw("clear", "Reset")}, words(e...)...)...), run).Privileged()
	}
	which := cli.Alt(cli.Arg("id", cli.Uint(1, 1<<32-1), "Number of an association"),
		cli.Seq(cli.Arg("name", configs.LinksetName{}, "Those of the links of a linkset, or that of an ASP"),
			cli.Opt(cli.Arg("slc", cli.Uint(0, 15), "Signalling link code"))))
	how := cli.Choice("how", kw("detail", "Everything"), kw("list", "A line each (default)"),
		kw("parameters", "Paths, and how the association is set up"), kw("statistics", "What it carried and lost"))
	return []*cli.Statement{
		showHost(func(c *cli.Call) ([]status.AssociationUse, error) { return associationsNamed(h, c) }, printAssociations,
			words(kw("association", "Associations"), cli.Any(how, which))...),
		showHost(func(*cli.Call) (status.SCTP, error) { return h.SCTP(), nil }, printSCTP,
			words(kw("statistics", "Counters of all of SCTP"))...),
		clearing(func(c *cli.Call) error { return clearAssociations(h, c) },
			kw("association", "End associations; new ones are set up"),
			cli.Alt(cli.Flag("all", "all", "All of them"), which)),
		clearing(func(*cli.Call) error { h.ClearSCTP(); return nil },
			kw("statistics", "Count the counters of `show sctp statistics` from now on")),
	}
}

// associationsNamed gives the associations that a command names, of all instances.
func associationsNamed(h Host, c *cli.Call) ([]status.AssociationUse, error) {
	out := []status.AssociationUse{}
	for _, n := range h.Instances() {
		for _, u := range n.Associations() {
			if isNamed(&u, c) {
				out = append(out, u)
			}
		}
	}
	if len(out) > 0 {
		return out, nil
	}
	return out, noneNamed(h, c)
}

// isNamed tells whether a command names an association.
func isNamed(u *status.AssociationUse, c *cli.Call) bool {
	id, slc, name := c.Args.Uint("id", 0), c.Args.Uint("slc", 16), c.Args.String("name", "")
	switch {
	case id != 0:
		return uint64(u.Association.ID) == id
	case name == "":
		return true
	case u.SLC != nil && u.Linkset == name:
		return slc == 16 || uint64(*u.SLC) == slc
	}
	return slc == 16 && u.ASP == name
}

// noneNamed says why a command names no association; nil: the command names none, and there is none.
func noneNamed(h Host, c *cli.Call) error {
	id, slc, name := c.Args.Uint("id", 0), c.Args.Uint("slc", 16), c.Args.String("name", "")
	all := h.Instances()
	s := all[0].Config()
	switch {
	case id != 0:
		return fmt.Errorf("there is no association %d; `show sctp association` lists them", id)
	case name != "" && slc == 16:
		return fmt.Errorf("no linkset and no ASP %s has an association of its own", name)
	case name != "" && s.Linkset(name) == nil && len(all) == 1:
		return fmt.Errorf("there is no linkset %s", name)
	case name != "":
		return fmt.Errorf("linkset %s has no link %d with an association of its own", name, slc)
	case s.PC == nil && len(s.Linksets) > 0:
		return fmt.Errorf("linksets start when this node has a code of its own: `cs7 point-code` in configuration mode")
	}
	return nil
}

const noAssociations = "There is no link and no ASP, so there is no association."

func printAssociations(w io.Writer, c *cli.Call, all []status.AssociationUse) {
	how := c.Args.String("how", "list")
	if len(all) == 0 {
		fmt.Fprintln(w, noAssociations)
		return
	}
	if how == "list" {
		fmt.Fprintf(w, "%-4s %-14s %-9s %-5s %-28s %-22s %s\n", "ID", "State", "For", "Port", "Far end", "Used by", "Paths")
	}
	for i := range all {
		if how == "list" {
			printAssociationLine(w, &all[i])
		} else {
			printAssociation(w, &all[i], how)
		}
	}
}

// printAssociationLine writes an association as a line. Under it stands the reason for what is not well.
func printAssociationLine(w io.Writer, u *status.AssociationUse) {
	a := u.Association
	if a.None() {
		fmt.Fprintf(w, "%-4s %-14s %-9s %-5d %-28s %-22s %s\n", "-", "none", "-", u.Port, u.FarEnd, u.UsedBy, "-")
		fmt.Fprintf(w, "     reason: %s\n", noAssociation(a))
		return
	}
	count := 0
	for i := range a.Paths {
		if a.Paths[i].Active {
			count++
		}
	}
	fmt.Fprintf(w, "%-4d %-14s %-9s %-5d %-28s %-22s %d of %d active\n",
		a.ID, a.State, since(a.Since), u.Port, u.FarEnd, u.UsedBy, count, len(a.Paths))
	for i := range a.Paths {
		if p := &a.Paths[i]; !p.Active {
			fmt.Fprintf(w, "     path %s is inactive: %s\n", p.Address, p.Reason)
		}
	}
}

// printAssociation writes the part of an association that how names: detail, or a part of it.
func printAssociation(w io.Writer, u *status.AssociationUse, how string) {
	a := u.Association
	if a.None() {
		fmt.Fprintf(w, "%s: no association with %s\n  reason: %s\n", u.Owner, u.WithWhom, noAssociation(a))
	} else {
		fmt.Fprintf(w, "Association %d, %s: %s for %s\n", a.ID, u.Owner, a.State, since(a.Since))
		printEnds(w, u)
		if how != "statistics" {
			printPaths(w, a)
		}
		if how != "parameters" {
			printAssociationCounts(w, &a.Counters)
		}
		if a.LastError != "" {
			fmt.Fprintf(w, "  last error: %s\n", a.LastError)
		}
	}
	if how != "statistics" {
		printSettings(w, &u.Settings)
	}
	if a.Before != nil {
		fmt.Fprintf(w, "  %s\n", before(a.Before))
	}
}

func printEnds(w io.Writer, u *status.AssociationUse) {
	a := u.Association
	fmt.Fprintf(w, "  local %s port %d, remote %s port %d, tags %08x %08x\n", strings.Join(a.Local, ", "), a.LocalPort,
		strings.Join(a.Remote, ", "), a.RemotePort, a.LocalTag, a.RemoteTag)
	fmt.Fprintf(w, "  carried by %s; streams out %d, in %d\n", u.Carrier, a.OutStreams, a.InStreams)
	for _, ip := range u.NotOffered {
		fmt.Fprintf(w, "  %s is configured and no address of this association: the far end does not offer it\n", ip)
	}
}

// printPaths writes the paths of an association and what waits in its buffers.
func printPaths(w io.Writer, a *status.Association) {
	for i := range a.Paths {
		p := &a.Paths[i]
		fmt.Fprintf(w, "  path %s%s: %s\n", p.Address, from(p.Local), pathState(p))
		fmt.Fprintf(w, "    RTO %v, SRTT %v, cwnd %d, ssthresh %d, in flight %d, MTU %d; "+
			"errors %d, retransmissions %d, heartbeats %d\n",
			time.Duration(p.RTOMS)*time.Millisecond, time.Duration(p.SRTTUS)*time.Microsecond, p.CWND, p.SSThresh,
			p.InFlight, p.MTU, p.Errors, p.Resent, p.Heartbeats)
	}
	fmt.Fprintf(w, "  octets queued out %d, in %d; room at the far end %d\n", a.QueuedOut, a.QueuedIn, a.FarEndHasRoom)
}

func printAssociationCounts(w io.Writer, s *status.AssociationCounts) {
	fmt.Fprintf(w, "  %-22s %12s %12s\n", "", "in", "out")
	for _, x := range []status.InOut{
		{Name: "messages", In: s.MessagesIn, Out: s.MessagesOut},
		{Name: "octets of messages", In: s.OctetsIn, Out: s.OctetsOut},
		{Name: "packets", In: s.PacketsIn, Out: s.PacketsOut},
		{Name: "DATA chunks", In: s.ChunksIn, Out: s.ChunksOut},
	} {
		fmt.Fprintf(w, "  %-22s %12d %12d\n", x.Name, x.In, x.Out)
	}
	fmt.Fprintf(w, "  sent again %d, of these fast %d; time-outs %d; received again %d; discarded as wrong %d\n",
		s.Retransmits, s.FastRetransmits, s.Timeouts, s.Duplicates, s.Discarded)
}

// printSettings writes the settings of an association, in the words of the configuration.
func printSettings(w io.Writer, s *status.AssociationSettings) {
	keep, bundle := fmt.Sprintf("%d ms", s.KeepaliveMS), "on"
	if s.KeepaliveMS == 0 {
		keep = "off"
	}
	if !s.Bundling {
		bundle = "off"
	}
	fmt.Fprintf(w, "  init-timeout %d ms, init-retransmit %d, init-ip-dscp %d, retransmit-timeout %d to %d ms, "+
		"cumulative-sack %d ms\n",
		s.InitTimeoutMS, s.InitRetransmits, s.InitDSCP, s.RTOMinMS, s.RTOMaxMS, s.SackMS)
	fmt.Fprintf(w, "  keepalive %s, path-retransmit %d, assoc-retransmit %d, ip-dscp %d, bundling %s\n",
		keep, s.PathRetransmits, s.AssocRetransmits, s.DSCP, bundle)
	fmt.Fprintf(w, "  receive-window %d octets, send buffer %d octets; of the next association: streams out %d, in %d\n",
		s.ReceiveWindow, s.SendBuffer, s.OutStreams, s.InStreams)
}

func printSCTP(w io.Writer, _ *cli.Call, v status.SCTP) {
	if len(v.Transports) == 0 {
		fmt.Fprintln(w, "No local-peer has an SCTP under it, so there is nothing to count.")
		return
	}
	if !v.Cleared.IsZero() {
		fmt.Fprintf(w, "Counted since %s ago, when they were cleared\n", since(v.Cleared))
	}
	m := &v.Memory
	fmt.Fprintln(w, "Memory of all associations, beyond the share of each")
	fmt.Fprintf(w, "  messages that are not whole  %d of %d octets; %d associations ended for it\n"+
		"  what waits for far ends      %d of %d octets; %d messages refused for it\n"+
		"  what waits for ASPs          %d of %d octets\n"+
		"  what waits for users here    %d of %d MSUs\n",
		m.Fragments, m.FragmentsMax, m.Ended, m.Outgoing, m.OutgoingMax, m.Refused, m.ForASPs, m.ForASPsMax,
		m.ForLocal, m.ForLocalMax)
	for _, t := range v.Transports {
		ports := make([]string, len(t.Ports))
		for i, p := range t.Ports {
			ports[i] = fmt.Sprint(p)
		}
		fmt.Fprintf(w, "%s, under local-peer %s\n", t.Name, strings.Join(ports, ", "))
		printCounters(w, t.Counters)
	}
	if len(v.Transports) > 1 {
		fmt.Fprintln(w, "All together")
		printCounters(w, v.Sum)
	}
}

func printCounters(w io.Writer, all []status.Count) {
	if len(all) == 0 {
		fmt.Fprintln(w, "  it does not count")
	}
	width := 0
	for _, x := range all {
		width = max(width, len(x.Name))
	}
	for _, x := range all {
		fmt.Fprintf(w, "  %-*s  %d\n", width, x.Name, x.Value)
	}
}

func clearAssociations(h Host, c *cli.Call) error {
	count, none, who := 0, "", "their links set up new ones"
	for _, n := range h.Instances() {
		for _, u := range n.Associations() {
			if !isNamed(&u, c) {
				continue
			}
			if !n.EndAssociation(u.Association.ID, "cleared at the console") {
				none = fmt.Sprintf("%s has no association: %s", u.Owner, noAssociation(u.Association))
				continue
			}
			if count++; u.SLC == nil {
				who = "new ones are set up as it is configured"
			}
		}
	}
	switch {
	case count > 0:
		fmt.Fprintf(c.Out, "Associations ended: %d; %s.\n", count, who)
		return nil
	case none != "":
		return fmt.Errorf("%s", none)
	}
	if err := noneNamed(h, c); err != nil {
		return err
	}
	fmt.Fprintf(c.Out, "%s\nAssociations ended: 0; %s.\n", noAssociations, who)
	return nil
}
