package node

import (
	"cmp"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/internal/printable"
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
		cli.Seq(cli.Arg("name", configs.LinksetName{}, "Those of the links of a linkset, or that of an ASP"),
			cli.Opt(cli.Arg("slc", cli.Uint(0, 15), "Signalling link code"))))
	how := cli.Choice("how", kw("detail", "Everything"), kw("list", "A line each (default)"),
		kw("parameters", "Paths, and how the association is set up"), kw("statistics", "What it carried and lost"))
	return []*cli.Statement{
		show(n.showAssociations, words(kw("association", "Associations"), cli.Any(how, which))...),
		show(n.showSCTPStatistics, words(kw("statistics", "Counters of all of SCTP"))...),
		clearing(n.clearAssociations, kw("association", "End associations; new ones are set up"),
			cli.Alt(cli.Flag("all", "all", "All of them"), which)),
		clearing(n.clearSCTPStatistics, kw("statistics", "Count the counters of `show sctp statistics` from now on")),
	}
}

// assocView is an association, or why there is none.
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
	v.tcp = l.port != nil && l.port.kind == configs.TCP
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
	return fmt.Sprintf("the association before lasted %s and ended %s ago: %s",
		printable.Ago(v.last.lasted), since(v.last.at), v.last.why)
}

// holder is who has an association, or would have one: a link, an interface that this node
// offers, an ASP.
type holder struct {
	*runner
	linkset string // of a link
	slc     uint8
	title   string // in a column
}

// holders are those of this instance in their order: links, interfaces offered by M2UA, ASPs
// of M3UA, peers of M2UA, each kind by name.
func (n *Node) holders() []holder {
	var out, more []holder
	n.applying.Lock()
	for key, l := range n.links {
		if !l.cfg.IsM2UA() { // its association is its gateway's
			out = append(out, holder{&l.runner, key.linkset, key.slc, fmt.Sprintf("%s %d", key.linkset, key.slc)})
		}
	}
	n.applying.Unlock()
	slices.SortFunc(out, func(a, b holder) int {
		return cmp.Or(strings.Compare(a.linkset, b.linkset), cmp.Compare(a.slc, b.slc))
	})
	for _, i := range *n.m2ua.ifaces.Load() {
		more = append(more, holder{runner: &i.link.runner, title: "interface " + i.name})
	}
	for _, a := range *n.m3ua.byPath.Load() {
		if a != nil {
			more = append(more, holder{runner: &a.runner, title: "m3ua ASP " + a.title})
		}
	}
	for _, a := range *n.m2ua.byPath.Load() {
		more = append(more, holder{runner: &a.runner, title: "m2ua ASP " + a.title})
	}
	slices.SortFunc(more, func(a, b holder) int { return strings.Compare(a.title, b.title) })
	return append(out, more...)
}

// selected calls f for each association that the command names.
func (n *Node) selected(c *cli.Call, f func(k *holder, v assocView)) error {
	id, slc, name := c.Args.Uint("id", 0), c.Args.Uint("slc", 16), c.Args.String("name", "")
	found := false
	for _, x := range n.all() {
		for _, k := range x.holders() {
			v := k.view()
			link := k.linkset == name && (slc == 16 || uint64(k.slc) == slc)
			if id != 0 && uint64(v.id) != id || name != "" && !link && (slc < 16 || k.owner.name() != "ASP "+name) {
				continue
			}
			found = true
			f(&k, v)
		}
	}
	switch {
	case found:
		return nil
	case id != 0:
		return fmt.Errorf("there is no association %d; `show sctp association` lists them", id)
	case name != "" && slc == 16:
		return fmt.Errorf("no linkset and no ASP %s has an association of its own", name)
	case name != "" && n.Config().Linkset(name) == nil && len(n.all()) == 1:
		return fmt.Errorf("there is no linkset %s", name)
	case name != "":
		return fmt.Errorf("linkset %s has no link %d with an association of its own", name, slc)
	case n.Config().PC == nil && len(n.Config().Linksets) > 0:
		return fmt.Errorf("linksets start when this node has a code of its own: `cs7 point-code` in configuration mode")
	}
	fmt.Fprintln(c.Out, "There is no link and no ASP, so there is no association.")
	return nil
}

func (n *Node) showAssociations(c *cli.Call) error {
	how := c.Args.String("how", "list")
	if how == "list" {
		// The heading comes with the first line, so that an error stands alone.
		head := fmt.Sprintf("%-4s %-14s %-9s %-5s %-28s %-22s %s\n", "ID", "State", "For", "Port", "Far end",
			"Used by", "Paths")
		return n.selected(c, func(k *holder, v assocView) {
			fmt.Fprint(c.Out, head)
			head = ""
			printLine(c.Out, k, &v)
		})
	}
	return n.selected(c, func(k *holder, v assocView) { printAssociation(c.Out, k, &v, how) })
}

// printAssociation writes what how asks for: detail, or a part of it.
func printAssociation(w io.Writer, k *holder, v *assocView, how string) {
	if v.status == nil {
		fmt.Fprintf(w, "%s: no association with %s\n  reason: %s\n", k.owner.name(), k.farEnd(), v.none())
	} else {
		fmt.Fprintf(w, "Association %d, %s: %s for %s\n", v.id, k.owner.name(), v.status.State, since(v.status.Since))
		printEnds(w, k, v)
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
}

// printLine writes an association as a line, with a reason under what is not well.
func printLine(w io.Writer, k *holder, v *assocView) {
	far, at, port := k.far(v), k.node.at()+k.title, k.where.localPort
	if v.status == nil {
		fmt.Fprintf(w, "%-4s %-14s %-9s %-5d %-28s %-22s %s\n", "-", "none", "-", port, far, at, "-")
		fmt.Fprintf(w, "     reason: %s\n", v.none())
		return
	}
	active := 0
	for _, p := range v.status.Paths {
		if p.Active {
			active++
		}
	}
	fmt.Fprintf(w, "%-4d %-14s %-9s %-5d %-28s %-22s %d of %d active\n", v.id, v.status.State,
		since(v.status.Since), port, far, at, active, len(v.status.Paths))
	for _, p := range v.status.Paths {
		if !p.Active {
			fmt.Fprintf(w, "     path %s is inactive: %s\n", p.Addr, p.Why)
		}
	}
}

// far is the far end as it is, or as it is configured: a port of 0 is any.
func (k *holder) far(v *assocView) string {
	switch w := &k.where; {
	case v.status != nil && (len(w.remote) == 0 || w.remotePort == 0):
		return fmt.Sprintf("%s %d", v.remote.IPs[0], v.remote.Port)
	case len(w.remote) == 0:
		return "any"
	case w.remotePort == 0:
		return fmt.Sprintf("%s any", w.remote[0])
	default:
		return fmt.Sprintf("%s %d", w.remote[0], w.remotePort)
	}
}

func printEnds(w io.Writer, k *holder, v *assocView) {
	s := v.status
	fmt.Fprintf(w, "  local %s port %d, remote %s port %d, tags %08x %08x\n", list(v.local.IPs), v.local.Port, list(v.remote.IPs), v.remote.Port, s.LocalTag, s.RemoteTag)
	fmt.Fprintf(w, "  carried by %s; streams out %d, in %d\n", k.port.carrier(), s.OutStreams, s.InStreams)
	for _, ip := range k.where.remote {
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

func (n *Node) clearAssociations(c *cli.Call) error {
	count, none, who := 0, "", "their links set up new ones"
	err := n.selected(c, func(k *holder, v assocView) {
		if k.abort("cleared at the console") {
			if count++; k.linkset == "" {
				who = "new ones are set up as it is configured"
			}
		} else {
			none = fmt.Sprintf("%s has no association: %s", k.owner.name(), v.none())
		}
	})
	switch {
	case err != nil:
		return err
	case count == 0 && none != "":
		return fmt.Errorf("%s", none)
	}
	fmt.Fprintf(c.Out, "Associations ended: %d; %s.\n", count, who)
	return nil
}
