package node

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"time"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/machine"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/sctp"
)

// sctpCommands are ours, `show sctp`, and in the words of IOS, `show ip sctp`.
func (n *Node) sctpCommands() []*cli.Statement {
	words := func(e ...cli.Elem) []cli.Elem {
		return append([]cli.Elem{cli.Opt(kw("ip", "IP")), kw("sctp", "SCTP")}, e...)
	}
	clearing := func(run func(*cli.Call) error, e ...cli.Elem) *cli.Statement {
		return cli.Command(cli.Seq(append([]cli.Elem{kw("clear", "Reset")}, words(e...)...)...), run).Privileged()
	}
	which := cli.Alt(cli.Arg("id", cli.Uint(1, 1<<32-1), "Number of an association"),
		cli.Seq(cli.Arg("name", configs.LinksetName{}, "The association of a link of this linkset"), cli.Arg("slc", cli.Uint(0, 15), "Signalling link code")))
	how := cli.Choice("how", kw("detail", "Everything"), kw("list", "A line each (default)"),
		kw("parameters", "Paths, and how the association is set up"), kw("statistics", "What it carried and lost"))
	return []*cli.Statement{
		show(n.showAssociations, words(kw("association", "Associations"), cli.Any(how, which))...),
		show(n.showSCTPStatistics, words(kw("statistics", "Counters of all of SCTP"))...),
		clearing(n.clearAssociations, kw("association", "End associations; their links set up new ones"), cli.Alt(cli.Flag("all", "all", "All of them"), which)),
		clearing(n.clearSCTPStatistics, kw("statistics", "Count the counters of `show sctp statistics` from now on")),
	}
}

// assocView is a link's association, or why there is none.
type assocView struct {
	id       uint32
	status   *sctp.Status // nil: none
	why      string
	attempts uint64
	last     ended
	settings settings
	local    sctp.Addr
	remote   sctp.Addr
	tcp      bool // it is a TCP connection
}

func (l *runner) view() assocView {
	l.mu.Lock()
	v := assocView{id: l.assocID, why: l.assocWhy, attempts: l.attempts, last: l.last, settings: l.settings}
	v.tcp = l.peer != nil && l.peer.kind == machine.TCP
	a := l.assoc
	l.mu.Unlock()
	if a == nil {
		return v
	}
	s := a.Status()
	v.status, v.local, v.remote = &s, a.Local(), a.Remote()
	return v
}

// none says why there is no association, and how often one was tried.
func (v *assocView) none() string {
	switch v.attempts {
	case 0:
		return v.why
	case 1:
		return v.why + "; 1 attempt"
	}
	return fmt.Sprintf("%s; %d attempts", v.why, v.attempts)
}

// before tells of the association before this one; empty: there was none.
func (v *assocView) before() string {
	if v.last.at.IsZero() {
		return ""
	}
	return fmt.Sprintf("the association before lasted %s and ended %s ago: %s", ago(v.last.lasted), since(v.last.at), v.last.why)
}

// selected calls f for each association that the command names.
func (n *Node) selected(c *cli.Call, f func(k *link, v assocView)) error {
	id, slc, found := c.Args.Uint("id", 0), c.Args.Uint("slc", 16), false
	var err error
	for _, x := range n.all() {
		if x.number != 0 && len(x.Config().Linksets) == 0 || x.number == 0 && len(n.all()) > 1 && len(n.Config().Linksets) == 0 {
			continue
		}
		err = errors.Join(err, x.eachLink(c, func(k *link, l mtp3.LinkStatus) {
			v := k.view()
			if id != 0 && uint64(v.id) != id || slc < 16 && uint64(l.SLC) != slc {
				return
			}
			found = true
			f(k, v)
		}))
	}
	switch {
	case found:
		return nil
	case err != nil:
		return err
	case id != 0:
		return fmt.Errorf("there is no association %d; `show sctp association` lists them", id)
	case slc < 16:
		return fmt.Errorf("linkset %s has no link %d", c.Args.String("name", ""), slc)
	}
	fmt.Fprintln(c.Out, "There is no link, so there is no association.")
	return nil
}

func (n *Node) showAssociations(c *cli.Call) error {
	how := c.Args.String("how", "list")
	if how == "list" {
		// The heading comes with the first line, so that an error stands alone.
		head := fmt.Sprintf("%-4s %-14s %-9s %-5s %-28s %-22s %s\n", "ID", "State", "For", "Port", "Far end", "Link", "Paths")
		return n.selected(c, func(k *link, v assocView) {
			fmt.Fprint(c.Out, head)
			head = ""
			printLine(c.Out, k, &v)
		})
	}
	return n.selected(c, func(k *link, v assocView) {
		w := c.Out
		if v.status == nil {
			fmt.Fprintf(w, "%s: no association with %s\n  reason: %s\n", k.name(), k.farEnd(), v.none())
		} else {
			fmt.Fprintf(w, "Association %d, %s: %s for %s\n", v.id, k.name(), v.status.State, since(v.status.Since))
			printEnds(w, k, &v)
			if how != "statistics" {
				for i := range v.status.Paths {
					printPath(w, &v.status.Paths[i])
				}
				printBuffers(w, v.status)
			}
			if how != "parameters" {
				printCounts(w, v.status)
			}
			if v.status.LastError != "" {
				fmt.Fprintf(w, "  last error: %s\n", v.status.LastError)
			}
		}
		if how != "statistics" {
			printSettings(w, &v.settings)
		}
		if b := v.before(); b != "" {
			fmt.Fprintf(w, "  %s\n", b)
		}
	})
}

// printLine writes an association as a line, with a reason under what is not well.
func printLine(w io.Writer, k *link, v *assocView) {
	far := fmt.Sprintf("%s %d", k.cfg.Remote[0], k.cfg.RemotePort)
	at := fmt.Sprintf("%s%s %d", k.node.at(), k.linkset, k.cfg.SLC)
	if v.status == nil {
		fmt.Fprintf(w, "%-4s %-14s %-9s %-5d %-28s %-22s %s\n", "-", "none", "-", k.cfg.LocalPort, far, at, "-")
		fmt.Fprintf(w, "     reason: %s\n", v.none())
		return
	}
	active := 0
	for _, p := range v.status.Paths {
		if p.Active {
			active++
		}
	}
	fmt.Fprintf(w, "%-4d %-14s %-9s %-5d %-28s %-22s %d of %d active\n", v.id, v.status.State, since(v.status.Since), k.cfg.LocalPort, far, at, active, len(v.status.Paths))
	for _, p := range v.status.Paths {
		if !p.Active {
			fmt.Fprintf(w, "     path %s is inactive: %s\n", p.Addr, p.Why)
		}
	}
}

func printEnds(w io.Writer, k *link, v *assocView) {
	s := v.status
	fmt.Fprintf(w, "  local %s port %d, remote %s port %d, tags %08x %08x\n", list(v.local.IPs), v.local.Port, list(v.remote.IPs), v.remote.Port, s.LocalTag, s.RemoteTag)
	fmt.Fprintf(w, "  carried by %s; streams out %d, in %d\n", k.peer.carrier(), s.OutStreams, s.InStreams)
	for _, ip := range k.cfg.Remote {
		if len(s.Paths) > 0 && !slices.ContainsFunc(s.Paths, func(p sctp.PathStatus) bool { return p.Addr == ip }) {
			fmt.Fprintf(w, "  %s is configured and no address of this association: the far end does not offer it\n", ip)
		}
	}
}

// pathState says all there is about whether a path serves.
func pathState(p *sctp.PathStatus) string {
	state := "active"
	if !p.Active {
		state = "INACTIVE"
		if p.Why != "" {
			state += " (" + p.Why + ")"
		}
	}
	if p.Primary {
		state += ", primary"
	}
	if !p.Confirmed {
		state += ", unconfirmed: no answer to a HEARTBEAT yet"
	}
	return state
}

func from(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return " from " + a.String()
}

func printPath(w io.Writer, p *sctp.PathStatus) {
	fmt.Fprintf(w, "  path %s%s: %s\n", p.Addr, from(p.Local), pathState(p))
	fmt.Fprintf(w, "    RTO %v, SRTT %v, cwnd %d, ssthresh %d, in flight %d, MTU %d; errors %d, retransmissions %d, heartbeats %d\n",
		p.RTO.Round(time.Millisecond), p.SRTT.Round(time.Microsecond), p.CWND, p.SSThresh, p.InFlight, p.MTU, p.Errors, p.Resent, p.Heartbeats)
}

func printBuffers(w io.Writer, s *sctp.Status) {
	fmt.Fprintf(w, "  octets queued out %d, in %d; room at the far end %d\n", s.SendQueued, s.RecvQueued, s.PeerWindow)
}

func printCounts(w io.Writer, st *sctp.Status) {
	s := &st.Stats
	fmt.Fprintf(w, "  %-22s %12s %12s\n", "", "in", "out")
	for _, x := range []struct {
		name    string
		in, out uint64
	}{{"messages", s.RecvMessages, s.SentMessages}, {"octets of messages", s.RecvOctets, s.SentOctets}, {"packets", s.RecvPackets, s.SentPackets}, {"DATA chunks", s.RecvChunks, s.SentChunks}} {
		fmt.Fprintf(w, "  %-22s %12d %12d\n", x.name, x.in, x.out)
	}
	fmt.Fprintf(w, "  sent again %d, of these fast %d; time-outs %d; received again %d; discarded as wrong %d\n",
		s.Retransmits, s.FastRetransmits, s.Timeouts, s.Duplicates, s.Discarded)
}

// printSettings writes what the association is set up with; the words are those of
// the configuration.
func printSettings(w io.Writer, s *settings) {
	p := &s.params
	keep, bundle := fmt.Sprintf("%d ms", p.Heartbeat.Milliseconds()), "on"
	if p.Heartbeat < 0 {
		keep = "off"
	}
	if p.Single {
		bundle = "off"
	}
	fmt.Fprintf(w, "  init-timeout %d ms, init-retransmit %d, init-ip-dscp %d, retransmit-timeout %d to %d ms, cumulative-sack %d ms\n",
		p.RTOInitial.Milliseconds(), p.InitRetrans, s.init, p.RTOMin.Milliseconds(), p.RTOMax.Milliseconds(), p.SackDelay.Milliseconds())
	fmt.Fprintf(w, "  keepalive %s, path-retransmit %d, assoc-retransmit %d, ip-dscp %d, bundling %s\n", keep, p.PathRetrans, p.AssocRetrans, p.DSCP, bundle)
	fmt.Fprintf(w, "  receive-window %d octets, send buffer %d octets; of the next association: streams out %d, in %d\n", p.RecvBuffer, p.SendBuffer, p.OutStreams, p.InStreams)
}

// printSCTP is the part of `show cs7 linkset detail` below level 2.
func (l *link) printSCTP(w io.Writer) {
	v := l.view()
	if g := l.gateway.Load(); g != nil {
		v = g.view()
	}
	if v.status == nil {
		fmt.Fprintf(w, "    SCTP: no association: %s\n", v.none())
	} else {
		fmt.Fprintf(w, "    SCTP: association %d, %s for %s, %d streams out, %d in\n", v.id, v.status.State, since(v.status.Since), v.status.OutStreams, v.status.InStreams)
		for i := range v.status.Paths {
			if p := &v.status.Paths[i]; len(v.status.Paths) > 1 || !p.Active {
				fmt.Fprintf(w, "      path %s%s: %s\n", p.Addr, from(p.Local), pathState(p))
			}
		}
	}
	if b := v.before(); b != "" {
		fmt.Fprintf(w, "      %s\n", b)
	}
}

func (n *Node) clearAssociations(c *cli.Call) error {
	count, none := 0, ""
	err := n.selected(c, func(k *link, v assocView) {
		if k.abort("cleared at the console") {
			count++
		} else {
			none = fmt.Sprintf("%s has no association: %s", k.name(), v.none())
		}
	})
	switch {
	case err != nil:
		return err
	case count == 0 && none != "":
		return fmt.Errorf("%s", none)
	}
	fmt.Fprintf(c.Out, "Associations ended: %d; their links set up new ones.\n", count)
	return nil
}
