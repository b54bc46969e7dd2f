package exec

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/status"
)

type linksets interface {
	// Linksets gives all linksets with their links, in the order of the configuration.
	Linksets() []status.Linkset
	// LinkTimers gives the timers that are in force for a link: those of level 3, and those of M2PA.
	LinkTimers(linkset string, slc uint8) (level3, m2pa []status.Setting)
}

func linksetCommands(h Host) []*cli.Statement {
	name := cli.Opt(cli.Arg("name", configs.LinksetName{}, "Only this linkset"))
	level2 := kw("m2pa", "Level 2")
	return []*cli.Statement{
		showCS7(h, linksetsAsked, printLinksets, kw("linkset", "Linksets and their links"), name,
			cli.Opt(cli.Choice("how", kw("detail", "With reasons, associations and level 2"), kw("statistics", "Counters"),
				kw("timers", "Timers of level 3, and who set them"), kw("utilization", "MSUs and octets a second")))),
		showCS7(h, linksNamed, printM2PAState, level2, kw("state", "State of each link, and why"), name),
		showCS7(h, m2paTimers, printM2PATimers, level2, kw("timers", "Timers of each link"), name),
		showCS7(h, linksNamed, printM2PAStatistics, level2, kw("statistics", "Counters of each link"), name),
	}
}

const noLinkset = "No linkset is configured."

// linksetsNamed gives the linkset that a command names, or all of them.
func linksetsNamed(n Node, c *cli.Call) ([]status.Linkset, error) {
	all, want := n.Linksets(), c.Args.String("name", "")
	for _, s := range all {
		if s.Name == want {
			return []status.Linkset{s}, nil
		}
	}
	switch s := n.Config(); {
	case want == "" && (len(all) > 0 || len(s.Linksets) == 0):
		return all, nil
	case s.PC == nil:
		return nil, errors.New("linksets start when this node has a code of its own: " +
			"`cs7 point-code` in configuration mode")
	}
	return nil, fmt.Errorf("there is no linkset %s", want)
}

// linksetsAsked is linksetsNamed, with the timers of level 3 if the command is about them.
func linksetsAsked(n Node, c *cli.Call) ([]status.Linkset, error) {
	sets, err := linksetsNamed(n, c)
	if c.Args.String("how", "") == "timers" {
		eachOf(sets, func(l *status.Link) { l.Timers, _ = n.LinkTimers(l.Linkset, l.SLC) })
	}
	return sets, err
}

// m2paTimers is linksNamed with the timers of M2PA.
func m2paTimers(n Node, c *cli.Call) ([]status.Linkset, error) {
	sets, err := linksNamed(n, c)
	eachOf(sets, func(l *status.Link) { _, l.M2PATimers = n.LinkTimers(l.Linkset, l.SLC) })
	return sets, err
}

func eachOf(sets []status.Linkset, f func(*status.Link)) {
	for i := range sets {
		for j := range sets[i].Links {
			f(&sets[i].Links[j])
		}
	}
}

// linksNamed is linksetsNamed with the links of M2PA alone.
func linksNamed(n Node, c *cli.Call) ([]status.Linkset, error) {
	sets, err := linksetsNamed(n, c)
	for i := range sets {
		sets[i].Links = slices.DeleteFunc(sets[i].Links, func(l status.Link) bool { return l.Kind != status.KindM2PA })
	}
	return sets, err
}

// eachLink calls f for each link of linksets, and says so if there is no linkset.
func eachLink(w io.Writer, all []status.Linkset, f func(*status.Link)) {
	if len(all) == 0 {
		fmt.Fprintln(w, noLinkset)
	}
	eachOf(all, f)
}

func printLinksets(w io.Writer, c *cli.Call, all []status.Linkset) {
	if len(all) == 0 {
		fmt.Fprintln(w, noLinkset)
	}
	for i := range all {
		if i > 0 {
			fmt.Fprintln(w)
		}
		s := &all[i]
		printLinkset(w, s)
		switch c.Args.String("how", "") {
		case "detail":
			printLinksetDetail(w, s)
		case "statistics":
			printLinksetStatistics(w, s)
		case "timers":
			printLinksetTimers(w, s)
		case "utilization":
			printUtilization(w, s)
		}
	}
}

// printLinkset keeps the columns of Cisco to the character, because people parse them. A linkset or link that is not
// available has the reason in a line of its own.
func printLinkset(w io.Writer, s *status.Linkset) {
	fmt.Fprintf(w, "lsn=%-19s apc=%-13s state=%-9s avail/links=%d/%d\n", s.Name, s.Adjacent, s.State, s.Available, s.Total)
	fmt.Fprintf(w, "  SLC  Interface                    Service   PeerState         Inhib\n")
	for i := range s.Links {
		l := &s.Links[i]
		inhibited := l.Inhibited
		if inhibited == "" {
			inhibited = "-----"
		}
		fmt.Fprintf(w, "  %02d   %-28s %-9s %-17s %s\n", l.SLC, l.Ends, l.Service, l.PeerState, inhibited)
		if l.Reason != "" {
			fmt.Fprintf(w, "       reason: %s\n", l.Reason)
		} else if l.Fault != "" {
			fmt.Fprintf(w, "       fault: %s\n", l.Fault)
		}
		if x := &l.Congestion; x.Level > 0 {
			fmt.Fprintf(w, "       congested, level %d: %s; now %d\n", x.Level, x.Reason, x.Queue)
			if x.DiscardLevel > 0 {
				fmt.Fprintf(w, "       discards MSUs of a priority below %d\n", x.DiscardLevel)
			}
		}
	}
	if s.Total == 0 {
		fmt.Fprintln(w, "       reason: the linkset has no links; `link SLC sctp ...` in its configuration makes one")
	}
}

func printLinksetDetail(w io.Writer, s *status.Linkset) {
	fmt.Fprintf(w, "  Linkset: %s, for %s\n", s.Reason, since(s.Since))
	for i := range s.Links {
		l := &s.Links[i]
		fmt.Fprintf(w, "  Link %d\n", l.SLC)
		fmt.Fprintf(w, "    Level 3: %s for %s: %s\n", l.Level3.State, since(l.Level3.Since), l.Level3.Reason)
		if l.Level3.FarFault != "" {
			fmt.Fprintf(w, "    Far end: %s\n", l.Level3.FarFault)
		}
		if l.Level3.Diversion != "" {
			fmt.Fprintf(w, "    Diversion: %s; %d MSUs wait\n", l.Level3.Diversion, l.Level3.Waiting)
		}
		if next := l.Level3.NextAlignment; !next.IsZero() {
			fmt.Fprintf(w, "    Next alignment in %s\n", time.Until(next).Round(100*time.Millisecond))
		}
		fmt.Fprintf(w, "    Level 2: %s for %s: %s\n", l.Level2.State, since(l.Level2.Since), l.Level2.Reason)
		if x := &l.Level2; l.Kind == status.KindM2PA {
			fmt.Fprintf(w, "    Sequence numbers: sent %d, acknowledged %d, received %d; "+
				"%d waiting for acknowledgement, %d to be sent\n", x.FSN, x.Acknowledged, x.BSN, x.Unacked, x.Queued)
			printQueue(w, l)
		}
		printTransport(w, l.Association)
	}
}

// printQueue writes the transmit queue of a link, its thresholds, and what they have cost.
func printQueue(w io.Writer, l *status.Link) {
	x := &l.Congestion
	if len(x.Thresholds) == 0 {
		return // the link has just left the configuration
	}
	fmt.Fprintf(w, "    Transmit queue: %d of %d MSUs, at most %d so far; "+
		"discarded: queue full %d, of too low a priority %d\n",
		x.Queue, x.QueueMax, x.QueuePeak, l.Counters.QueueFull, l.Counters.Shed)
	fmt.Fprintf(w, "    Congestion: level %d", x.Level)
	if x.Level > 0 {
		fmt.Fprintf(w, " (%s)", x.Reason)
	}
	for i, t := range x.Thresholds {
		fmt.Fprintf(w, "; level %d above %d, until below %d", t.Level, t.Onset, t.Abate)
		if x.Priorities {
			fmt.Fprintf(w, ", discards priority %d above %d", i, t.Discard)
		}
	}
	fmt.Fprintln(w)
}

func printLinksetStatistics(w io.Writer, s *status.Linkset) {
	fmt.Fprintf(w, "  SLC  MSUs in      MSUs out     Octets in      Octets out     In service  Times up\n")
	for i := range s.Links {
		l := &s.Links[i]
		up := "-"
		if l.Level3.State == "avail" {
			up = since(l.Level3.Since)
		}
		x := &l.Counters
		fmt.Fprintf(w, "  %02d   %-12d %-12d %-14d %-14d %-11s %d\n",
			l.SLC, x.MSUsIn, x.MSUsOut, x.OctetsIn, x.OctetsOut, up, l.Level3.TimesUp)
	}
}

// printLinksetTimers writes the level 3 timers of each link, and who set each of them.
func printLinksetTimers(w io.Writer, s *status.Linkset) {
	for i := range s.Links {
		l := &s.Links[i]
		if len(l.Timers) > 0 {
			fmt.Fprintf(w, "  Link %d\n    %-7s %9s  %-8s %s\n", l.SLC, "Timer", "ms", "Set by", "For")
		}
		for _, t := range l.Timers {
			fmt.Fprintf(w, "    %-7s %9d  %-8s %s\n", t.Name, t.ValueMS, t.SetBy, t.Purpose)
		}
	}
}

func printUtilization(w io.Writer, s *status.Linkset) {
	fmt.Fprintf(w, "  SLC  Over         MSU/s in   MSU/s out  kbit/s in  kbit/s out\n")
	for i := range s.Links {
		l := &s.Links[i]
		slc := fmt.Sprintf("%02d", l.SLC)
		for _, x := range []struct {
			over string
			r    *status.Rates
		}{{"10 s", &l.Rates.Last10s}, {"5 min", &l.Rates.Last5min}, {"peak of 10 s", &l.Rates.Peak10s}} {
			fmt.Fprintf(w, "  %-4s %-12s %-10.1f %-10.1f %-10.1f %.1f\n",
				slc, x.over, x.r.MSUsIn, x.r.MSUsOut, x.r.KbitIn, x.r.KbitOut)
			slc = ""
		}
	}
}

func printM2PAState(w io.Writer, _ *cli.Call, all []status.Linkset) {
	fmt.Fprintf(w, "%-19s %-3s %-16s %-10s %s\n", "Linkset", "SLC", "State", "For", "Reason of the last change")
	eachLink(w, all, func(l *status.Link) {
		x := &l.Level2
		why := x.Reason
		if x.NoAssociation != "" {
			why += "; " + x.NoAssociation
		}
		fmt.Fprintf(w, "%-19s %02d  %-16s %-10s %s\n", l.Linkset, l.SLC, x.State, since(x.Since), why)
		for _, also := range []struct {
			on   bool
			text string
		}{{x.FarBusy, "far end is busy"}, {x.LocalBusy, "this end is busy"}, {x.LocalOutage, "processor outage here"},
			{x.FarOutage, "processor outage at the far end"}, {x.Emergency, "emergency proving"}} {
			if also.on {
				fmt.Fprintf(w, "%24s%s\n", "", also.text)
			}
		}
	})
}

// printM2PATimers keeps the layout of the ITP, in which "RFC" is the version of M2PA.
func printM2PATimers(w io.Writer, _ *cli.Call, all []status.Linkset) {
	eachLink(w, all, func(l *status.Link) {
		if len(l.M2PATimers) > 0 {
			fmt.Fprintf(w, "CS7 M2PA Timers for RFC    (%s : %d)\n", l.FarEnd, l.FarPort)
		}
		for _, t := range l.M2PATimers {
			name := fmt.Sprintf("%-4s (%s)", t.Name, t.Purpose)
			fmt.Fprintf(w, "%-24s : %-8d ms\n", name, t.ValueMS)
		}
	})
}

func printM2PAStatistics(w io.Writer, _ *cli.Call, all []status.Linkset) {
	eachLink(w, all, func(l *status.Link) {
		fmt.Fprintf(w, "Linkset %s link %d\n", l.Linkset, l.SLC)
		printLevel2Counts(w, "  ", &l.Counters)
	})
}

// printLevel2Counts writes the counters of M2PA.
func printLevel2Counts(w io.Writer, indent string, s *status.Level2Counts) {
	fmt.Fprintf(w, "%sMSUs in %d (%d octets), out %d (%d octets)\n", indent, s.MSUsIn, s.OctetsIn, s.MSUsOut, s.OctetsOut)
	fmt.Fprintf(w, "%sempty acknowledgements in %d, out %d\n", indent, s.AcksIn, s.AcksOut)
	fmt.Fprintf(w, "%salignments %d, failures %d\n", indent, s.Alignments, s.Failures)
	sum, by := uint64(0), []string{}
	for _, x := range s.Discarded {
		sum += x.Value
		by = append(by, fmt.Sprintf("%d %s", x.Value, x.Name))
	}
	if sum == 0 {
		fmt.Fprintf(w, "%sreceived and discarded: 0\n", indent)
	} else {
		fmt.Fprintf(w, "%sreceived and discarded: %d: %s\n", indent, sum, strings.Join(by, ", "))
	}
	fmt.Fprintf(w, "%snot sent: queue full %d, priority below the discard level %d, link not in service %d, "+
		"lost with the link %d\n", indent, s.QueueFull, s.Shed, s.NotInService, s.Lost)
	fmt.Fprintf(w, "%swhen the link failed: retrieved %d, sent and never confirmed %d\n",
		indent, s.Retrieved, s.Unconfirmed)
	printMessages(w, indent, s.Messages)
	for _, x := range s.Expired {
		fmt.Fprintf(w, "%s%s expired %d times\n", indent, x.Name, x.Value)
	}
}
