package node

import (
	"fmt"
	"io"
	"time"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/internal/printable"
	"github.com/gostp/gostp/mtp3"
)

func (n *Node) linkCommands() []*cli.Statement {
	name := cli.Opt(cli.Arg("name", configs.LinksetName{}, "Only this linkset"))
	return []*cli.Statement{
		showCS7(n.showLinksets, kw("linkset", "Linksets and their links"), name,
			cli.Opt(cli.Choice("how", kw("detail", "With reasons, associations and level 2"), kw("statistics", "Counters"),
				kw("timers", "Timers of level 3, and who set them"), kw("utilization", "MSUs and octets a second")))),
		showCS7(n.showM2PAState, kw("m2pa", "Level 2"), kw("state", "State of each link, and why"), name),
		showCS7(n.showM2PATimers, kw("m2pa", "Level 2"), kw("timers", "Timers of each link"), name),
		showCS7(n.showM2PAStatistics, kw("m2pa", "Level 2"), kw("statistics", "Counters of each link"), name),
		showCS7(n.showPeers, kw("m2pa", "Level 2"), kw("peers", "Local peers and the far ends they talk to")),
		showCS7(n.showPeers, kw("local-peer", "SCTP ports of this node, what carries them, and their far ends"), cli.Opt(cli.Arg("port", cli.Uint(1024, 49151), "Only this one"))),
	}
}

// eachLinkset calls f for the linkset the command names, or for all of them.
func (n *Node) eachLinkset(c *cli.Call, f func(mtp3.LinksetStatus)) error {
	var all []mtp3.LinksetStatus
	n.core.ask(func() { all = n.core.network.Status() })
	want, found := c.Args.String("name", ""), false
	for _, s := range all {
		if want == "" || s.Name == want {
			f(s)
			found = true
		}
	}
	if found || want == "" && len(n.Config().Linksets) == 0 {
		if len(all) == 0 {
			fmt.Fprintln(c.Out, "No linkset is configured.")
		}
		return nil
	}
	if n.Config().PC == nil {
		return fmt.Errorf("linksets start when this node has a code of its own: `cs7 point-code` in configuration mode")
	}
	return fmt.Errorf("there is no linkset %s", want)
}

func (n *Node) showLinksets(c *cli.Call) error {
	how, first := c.Args.String("how", ""), true
	return n.eachLinkset(c, func(s mtp3.LinksetStatus) {
		if !first {
			fmt.Fprintln(c.Out)
		}
		first = false
		n.printLinkset(c.Out, s)
		switch how {
		case "detail":
			n.printDetail(c.Out, s)
		case "statistics":
			n.printStatistics(c.Out, s)
		case "timers":
			n.printTimers(c.Out, s)
		case "utilization":
			n.printUtilization(c.Out, s)
		}
	})
}

// printLinkset keeps Cisco's columns to the character; people parse them. What
// is not available has its reason in a line of its own.
func (n *Node) printLinkset(w io.Writer, s mtp3.LinksetStatus) {
	ready := 0
	for _, l := range s.Links {
		if l.Usable() {
			ready++
		}
	}
	state := "UNAVAIL"
	if s.Shutdown {
		state = "shutdown"
	} else if s.Ready {
		state = "avail"
	}
	fmt.Fprintf(w, "lsn=%-19s apc=%-13s state=%-9s avail/links=%d/%d\n", s.Name, n.Config().Notation().Format(s.Adjacent), state, ready, len(s.Links))
	fmt.Fprintf(w, "  SLC  Interface                    Service   PeerState         Inhib\n")
	for _, l := range s.Links {
		k := n.link(l)
		if k == nil {
			continue
		}
		st, assoc, _ := k.status()
		peer := st.State.String()
		if assoc == nil {
			peer = "NoAssociation"
		}
		fmt.Fprintf(w, "  %02d   %-28s %-9s %-17s %s\n", l.SLC, ends(&k.cfg), service(l), peer, inhibited(l))
		if !l.Usable() {
			fmt.Fprintf(w, "       reason: %s\n", n.linkReason(&l))
		} else if fault := n.linkFault(&l); fault != "" {
			fmt.Fprintf(w, "       fault: %s\n", fault)
		}
		if l.Congestion > 0 {
			fmt.Fprintf(w, "       congested, level %d: %s; now %d\n", l.Congestion, l.CongestionWhy, st.Unacked+st.Queued)
			if st.DiscardLevel > 0 {
				fmt.Fprintf(w, "       discards MSUs of a priority below %d\n", st.DiscardLevel)
			}
		}
	}
	if len(s.Links) == 0 {
		fmt.Fprintln(w, "       reason: the linkset has no links; `link SLC sctp ...` in its configuration makes one")
	}
}

func ends(k *configs.Link) string {
	if k.IsM2UA() {
		return fmt.Sprintf("m2ua %s %s", k.Gateway, k.InterfaceText())
	}
	return fmt.Sprintf("%s %d %d", k.Remote[0], k.RemotePort, k.LocalPort)
}

// inhibited is the last column: who took the link from traffic.
func inhibited(l mtp3.LinkStatus) string {
	switch {
	case l.LocalInhibit && l.RemoteInhibit:
		return "LOC/REM"
	case l.LocalInhibit:
		return "LOC"
	case l.RemoteInhibit:
		return "REM"
	}
	return "-----"
}

func service(l mtp3.LinkStatus) string {
	switch s := l.State; {
	case l.Usable():
		return "avail"
	case s == mtp3.Shutdown:
		return "shutdown"
	case s == mtp3.Failed:
		return "FAILED"
	}
	return "UNAVAIL"
}

func (n *Node) link(l mtp3.LinkStatus) *link { return n.view.Load().link(l.Path) }

func (n *Node) printDetail(w io.Writer, s mtp3.LinksetStatus) {
	fmt.Fprintf(w, "  Linkset: %s, for %s\n", s.Reason(n.linkReason), since(s.Since))
	for _, l := range s.Links {
		k := n.link(l)
		if k == nil {
			continue
		}
		st, _, _ := k.status()
		fmt.Fprintf(w, "  Link %d\n", l.SLC)
		fmt.Fprintf(w, "    Level 3: %s for %s: %s\n", l.State, since(l.Since), l.Why)
		if l.PeerFault != "" {
			fmt.Fprintf(w, "    Far end: %s\n", l.PeerFault)
		}
		if h := n.view.Load().holds[l.Path.Hold()]; h != nil {
			fmt.Fprintf(w, "    Diversion: %v; %d MSUs wait\n", l.Diversion, h.count())
		}
		if !l.NextTry.IsZero() {
			fmt.Fprintf(w, "    Next alignment in %s\n", time.Until(l.NextTry).Round(100*time.Millisecond))
		}
		fmt.Fprintf(w, "    Level 2: %v for %s: %s\n", st.State, since(st.Since), st.Why)
		if !k.cfg.IsM2UA() {
			fmt.Fprintf(w, "    Sequence numbers: sent %d, acknowledged %d, received %d; %d waiting for acknowledgement, %d to be sent\n",
				st.FSN, st.LastAcked, st.BSN, st.Unacked, st.Queued)
			n.printCongestion(w, s.Name, l, st)
		}
		k.printSCTP(w)
	}
}

func since(t time.Time) string {
	if t.IsZero() {
		return "ever"
	}
	return printable.Ago(time.Since(t))
}

func (n *Node) printStatistics(w io.Writer, s mtp3.LinksetStatus) {
	fmt.Fprintf(w, "  SLC  MSUs in      MSUs out     Octets in      Octets out     In service  Times up\n")
	for _, l := range s.Links {
		k := n.link(l)
		if k == nil {
			continue
		}
		st, _, _ := k.status()
		up := "-"
		if l.State == mtp3.Available {
			up = since(l.Since)
		}
		fmt.Fprintf(w, "  %02d   %-12d %-12d %-14d %-14d %-11s %d\n", l.SLC, st.Stats.MSUsIn, st.Stats.MSUsOut, st.Stats.OctetsIn, st.Stats.OctetsOut, up, l.Ups)
	}
}

// eachLink calls f for each link that has an association of its own.
func (n *Node) eachLink(c *cli.Call, f func(k *link, l mtp3.LinkStatus)) error {
	return n.eachLinkset(c, func(s mtp3.LinksetStatus) {
		for _, l := range s.Links {
			if k := n.link(l); k != nil && !k.cfg.IsM2UA() {
				f(k, l)
			}
		}
	})
}

func (n *Node) showM2PAState(c *cli.Call) error {
	fmt.Fprintf(c.Out, "%-19s %-3s %-16s %-10s %s\n", "Linkset", "SLC", "State", "For", "Reason of the last change")
	return n.eachLink(c, func(k *link, l mtp3.LinkStatus) {
		st, _, why := k.status()
		if why != "" {
			st.Why += "; " + why
		}
		fmt.Fprintf(c.Out, "%-19s %02d  %-16s %-10s %s\n", k.linkset, l.SLC, st.State, since(st.Since), st.Why)
		for _, x := range []struct {
			on   bool
			text string
		}{{st.PeerBusy, "far end is busy"}, {st.LocalBusy, "this end is busy"}, {st.LocalOutage, "processor outage here"}, {st.RemoteOutage, "processor outage at the far end"}, {st.Emergency, "emergency proving"}} {
			if x.on {
				fmt.Fprintf(c.Out, "%24s%s\n", "", x.text)
			}
		}
	})
}

// showM2PATimers keeps the layout of the ITP; "RFC" is the version of M2PA.
func (n *Node) showM2PATimers(c *cli.Call) error {
	sys := n.Config()
	return n.eachLink(c, func(k *link, l mtp3.LinkStatus) {
		set := sys.Linkset(k.linkset)
		cfg := findLink(sys, linkKey{k.linkset, l.SLC})
		if set == nil || cfg == nil {
			return
		}
		peer := sys.LocalPeer(cfg.LocalPort)
		t := linkConfig(sys, set, peer, cfg)
		fmt.Fprintf(c.Out, "CS7 M2PA Timers for RFC    (%s : %d)\n", k.cfg.Remote[0], k.cfg.RemotePort)
		for _, x := range []struct {
			name string
			d    time.Duration
		}{{"T1   (alignment ready)", t.T1}, {"T2   (not aligned)", t.T2}, {"T3   (aligned)", t.T3}, {"T4   (emergency proving)", t.T4e},
			{"T4   (normal proving)", t.T4n}, {"T6   (remote congestion)", t.T6}, {"T7   (excess ack delay)", t.T7}, {"Lssu (lssu interval)", t.Status}} {
			fmt.Fprintf(c.Out, "%-24s : %-8d ms\n", x.name, x.d.Milliseconds())
		}
	})
}

func (n *Node) showM2PAStatistics(c *cli.Call) error {
	return n.eachLink(c, func(k *link, l mtp3.LinkStatus) {
		st, _, _ := k.status()
		fmt.Fprintf(c.Out, "Linkset %s link %d\n", k.linkset, l.SLC)
		for _, line := range st.Stats.Lines() {
			fmt.Fprintf(c.Out, "  %s\n", line)
		}
	})
}
