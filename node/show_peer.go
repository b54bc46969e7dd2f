package node

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/sctp"
)

func (n *Node) peerCommands() []*cli.Statement {
	port := cli.Arg("port", cli.Uint(1024, 49151), "Only this one")
	return []*cli.Statement{
		showCS7(n.showPeers, kw("m2pa", "Level 2"), kw("peers", "Local peers and the far ends they talk to")),
		showCS7(n.showPeers, kw("local-peer", "SCTP ports of this node, what carries them, and their far ends"),
			cli.Opt(port)),
	}
}

// allCarriers are the local-peers of all instances.
func (n *Node) allCarriers() (out []*localPort) {
	for _, i := range n.all() {
		out = append(out, i.carriers()...)
	}
	return out
}

// carriers are the local-peers by port.
func (n *Node) carriers() []*localPort {
	n.applying.Lock()
	defer n.applying.Unlock()
	var out []*localPort
	for _, p := range n.localPorts {
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b *localPort) int { return int(a.number) - int(b.number) })
	return out
}

// printTransports is the part of `show version` about SCTP.
func (n *Node) printTransports(w io.Writer) {
	all := n.allCarriers()
	for _, p := range all {
		if c := p.carrier(); c != "" && p.kind == configs.TCP {
			fmt.Fprintf(w, "%s is without SCTP: %s\n", p.title, c)
		} else if c != "" {
			fmt.Fprintf(w, "SCTP of %s is %s\n", p.title, c)
		} else if _, why, _ := p.current(); why != "" {
			fmt.Fprintf(w, "SCTP of %s: %s\n", p.title, why)
		}
	}
	if len(all) > 0 {
		return
	}
	kind := n.Config().TransportOf(&configs.LocalPeer{})
	if t, why, err := n.opt.Platform.Transport(kind); err != nil {
		fmt.Fprintf(w, "There is no SCTP: %v\n", err)
	} else {
		fmt.Fprintf(w, "SCTP is %s (%s: %s)\n", t.Name(), kind, why)
	}
}

func (n *Node) showPeers(c *cli.Call) error {
	only, found := c.Args.Uint("port", 0), false
	for _, p := range n.carriers() {
		if n.Config().LocalPeer(p.number) == nil {
			continue
		}
		if only == 0 || uint64(p.number) == only {
			found = true
			n.printPeer(c.Out, p)
		}
	}
	switch {
	case !found && only != 0:
		return fmt.Errorf("there is no local-peer %d", only)
	case !found:
		fmt.Fprintln(c.Out, "No local-peer is configured.")
	}
	return nil
}

// printPort is about a port of links or of ASPs.
func (n *Node) printPort(w io.Writer, p *localPort) {
	cfg, carrier := p.config(), p.carrier()
	e, why, _ := p.current()
	state := "bound"
	if e == nil {
		state = "NOT BOUND"
	}
	fmt.Fprintf(w, "%s at %s: %s for %s\n", p.title, orNone(addresses(&cfg)), state, since(p.stateSince()))
	if e == nil {
		fmt.Fprintf(w, "  reason: %s\n", why)
	}
	if carrier != "" {
		fmt.Fprintf(w, "  transport: %s\n", carrier)
	}
	if n := p.lobby.count(); n > 0 {
		fmt.Fprintf(w, "  %d of at most %d associations wait until it is known whose they are\n", n, lobbyRoom)
	}
}

func (n *Node) printPeer(w io.Writer, p *localPort) {
	n.printPort(w, p)
	var lines []string
	up := 0
	for _, l := range n.linksOf(p) {
		v := l.view()
		state := v.none()
		if v.status != nil {
			up++
			state = fmt.Sprintf("association %d, %s", v.id, v.status.State)
		}
		lines = append(lines, fmt.Sprintf("  %s, %s: %s\n", l.farEnd(), l.name(), state))
	}
	fmt.Fprintf(w, "  associations: %d for %d links; accepted %d, refused %d that no link is configured for\n", up, len(lines), p.accepted.Load(), p.refused.Load())
	fmt.Fprint(w, strings.Join(lines, ""))
}

// linksOf are the links at a local-peer, in the order of linkset and code.
func (n *Node) linksOf(p *localPort) []*link {
	n.applying.Lock()
	defer n.applying.Unlock()
	var out []*link
	for _, l := range n.links {
		if l.port == p {
			out = append(out, l)
		}
	}
	slices.SortFunc(out, func(a, b *link) int {
		if c := strings.Compare(a.linkset, b.linkset); c != 0 {
			return c
		}
		return int(a.cfg.SLC) - int(b.cfg.SLC)
	})
	return out
}

// counted are the counters of one transport, and who uses it.
type counted struct {
	transport sctp.Transport
	ports     []string
	counters  []sctp.Counter
}

// counters reads each transport in use, less what it had when it was cleared.
func (n *Node) counters() (out []counted, clearedAt time.Time) {
	for _, p := range n.allCarriers() {
		t := p.over()
		if t == nil {
			continue
		}
		port := fmt.Sprint(p.number)
		if i := slices.IndexFunc(out, func(c counted) bool { return c.transport == t }); i >= 0 {
			out[i].ports = append(out[i].ports, port)
			continue
		}
		out = append(out, counted{t, []string{port}, slices.Clone(t.Counters())})
	}
	n.applying.Lock()
	defer n.applying.Unlock()
	for _, c := range out {
		base := n.baseline[c.transport]
		for i := range c.counters {
			if x := &c.counters[i]; base[x.Name] <= x.Value {
				x.Value -= base[x.Name]
			}
		}
	}
	return out, n.cleared
}

func (n *Node) showSCTPStatistics(c *cli.Call) error {
	all, cleared := n.counters()
	if len(all) == 0 {
		fmt.Fprintln(c.Out, "No local-peer has an SCTP under it, so there is nothing to count.")
		return nil
	}
	if !cleared.IsZero() {
		fmt.Fprintf(c.Out, "Counted since %s ago, when they were cleared\n", since(cleared))
	}
	n.printMemory(c.Out)
	var sum []sctp.Counter
	for _, t := range all {
		fmt.Fprintf(c.Out, "%s, under local-peer %s\n", t.transport.Name(), strings.Join(t.ports, ", "))
		printCounters(c.Out, t.counters)
		for _, x := range t.counters {
			if i := slices.IndexFunc(sum, func(y sctp.Counter) bool { return y.Name == x.Name }); i >= 0 {
				sum[i].Value += x.Value
			} else {
				sum = append(sum, x)
			}
		}
	}
	if len(all) > 1 {
		fmt.Fprintln(c.Out, "All together")
		printCounters(c.Out, sum)
	}
	return nil
}

func printCounters(w io.Writer, cs []sctp.Counter) {
	if len(cs) == 0 {
		fmt.Fprintln(w, "  it does not count")
	}
	width := 0
	for _, x := range cs {
		width = max(width, len(x.Name))
	}
	for _, x := range cs {
		fmt.Fprintf(w, "  %-*s  %d\n", width, x.Name, x.Value)
	}
}

// clearSCTPStatistics remembers what was counted so far: the transports, which are
// the machine's and may serve others, go on counting.
func (n *Node) clearSCTPStatistics(*cli.Call) error {
	base := map[sctp.Transport]map[string]uint64{}
	for _, p := range n.allCarriers() {
		if t := p.over(); t != nil {
			base[t] = map[string]uint64{}
			for _, x := range t.Counters() {
				base[t][x.Name] = x.Value
			}
		}
	}
	n.applying.Lock()
	defer n.applying.Unlock()
	n.baseline, n.cleared = base, time.Now()
	return nil
}
