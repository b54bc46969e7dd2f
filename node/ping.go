package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/internal/printable"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/tester"
)

// errPing is what a test that lost anything ends with; it has told why already.
var errPing = errors.New("test failed")

func (n *Node) pingCommand() *cli.Statement {
	opt := func(word, help string, t cli.Type, arg string) cli.Elem {
		return cli.Seq(kw(word, help), cli.Arg(word, t, arg))
	}
	return cli.Command(cli.Seq(kw("ping", "Test whether a signalling point, or an IP host, answers"), configs.CS7(cli.Arg("pc", configs.PointCode{}, "Point code, 3-8-3 or decimal, or a host name")),
		cli.Any(opt("count", "How many messages", cli.Uint(1, 100000), "Messages (default 1)"),
			opt("size", "How long each is", cli.Uint(tester.Overhead, tester.MaxSize), "Octets after the routing label (default 64)"),
			opt("rate", "How many a second", cli.Uint(1, 10000), "Messages a second (default 10)"),
			opt("sls", "Only this SLS", cli.Uint(0, 15), "SLS (default: each in turn, so that every link is used)"),
			opt("timeout", "Wait for each answer", cli.Uint(10, 60000), "Milliseconds (default 2000)"),
			opt("opc", "From another code of this node", configs.PointCode{}, "Point code"))), n.ping)
}

func (n *Node) ping(c *cli.Call) error {
	s := n.Config()
	if s.PC == nil {
		return fmt.Errorf("this node has no point code; `cs7 point-code` in configuration mode gives it one")
	}
	pc := c.Args["pc"].(ss7.PC)
	cfg := tester.Config{DPC: pc, OPC: n.view.Load().code(s, pc), NI: s.Network(), SLS: -1,
		Count: int(c.Args.Uint("count", 1)), Size: int(c.Args.Uint("size", 64)),
		Interval: time.Second / time.Duration(c.Args.Uint("rate", 10)), Timeout: time.Duration(c.Args.Uint("timeout", 2000)) * time.Millisecond}
	if c.Args.Has("sls") {
		cfg.SLS = int(c.Args.Uint("sls", 0))
	}
	if opc, ok := c.Args["opc"].(ss7.PC); ok {
		if !slices.Contains(s.Own(), opc) {
			return fmt.Errorf("%s is no code of this node; answers would not come back here", s.Notation().Format(opc))
		}
		cfg.OPC = opc
	}
	if why := n.cannotReach(cfg); why != "" {
		return errors.New(why)
	}
	r, ok := n.test(c.Context, cfg)
	if !ok {
		return errors.New("the node is stopping")
	}
	n.printTest(c.Out, cfg, r)
	if r.NoUser && r.Received == 0 { // an answer, though not the test's
		return nil
	}
	if r.Sent == 0 || r.Received < r.Sent || r.Duplicated > 0 || r.Misordered > 0 {
		return errPing
	}
	return nil
}

// cannotReach says what is known without sending anything.
func (n *Node) cannotReach(cfg tester.Config) string {
	t := n.view.Load().table
	m := ss7.MSU{DPC: cfg.DPC, OPC: cfg.OPC, NI: cfg.NI, SI: ss7.MTPT}
	f := n.Config().Notation()
	switch d := mtp3.Decide(t, &m, 0); d.Reason {
	case mtp3.NoRoute:
		return "No route to " + f.Format(cfg.DPC) + ": " + n.nearest(t, cfg.DPC)
	case mtp3.NoKey:
		return f.Format(cfg.DPC) + " is an application server's: " + d.Reason.String()
	case mtp3.Inaccessible:
		if d.Keyed {
			return f.Format(cfg.DPC) + " is inaccessible: " + n.serverDown(d.Path)
		}
		return fmt.Sprintf("%s is inaccessible: %s covers it, but %s", f.Format(cfg.DPC), f.FormatRange(t.Dests[d.Dest].Range), n.whyDown(t, int(d.Dest)))
	}
	return ""
}

// test runs one test on the core's goroutine and waits for it or for ctx.
func (n *Node) test(ctx context.Context, cfg tester.Config) (tester.Report, bool) {
	done := make(chan tester.Report, 1)
	var id uint16
	if !n.core.ask(func() { id = n.core.mtpt.tester.Start(time.Now(), cfg, func(r tester.Report) { done <- r }) }) {
		return tester.Report{}, false
	}
	select {
	case r := <-done:
		return r, true
	case <-n.ctx.Done():
		return tester.Report{}, false
	case <-ctx.Done():
		n.core.do(func() { n.core.mtpt.tester.Cancel(time.Now(), id) })
	}
	select {
	case r := <-done:
		return r, true
	case <-n.ctx.Done():
		return tester.Report{}, false
	}
}

// printTest writes the four lines of the ITP, then what they leave open.
func (n *Node) printTest(w io.Writer, cfg tester.Config, r tester.Report) {
	pc := n.Config().Notation().Format(cfg.DPC)
	line := func(mnemonic, format string, args ...any) {
		fmt.Fprintf(w, "%s: %%CS7PING-6-%s: Test Q.755 %s: %s\n", printable.Stamp(time.Now()),
			mnemonic, pc, fmt.Sprintf(format, args...))
	}
	if r.Received > 0 {
		line("RTT", "MTP Traffic test rtt %d/%d/%d", r.Min.Milliseconds(), r.Avg.Milliseconds(), r.Max.Milliseconds())
	}
	line("STAT", "MTP Traffic test %d%% successful packets(%d/%d)", percent(r.Received, r.Sent), r.Received, r.Sent)
	seconds := max(1, r.Elapsed.Seconds())
	rate := func(packets, octets int) string {
		return fmt.Sprintf("%d:%d", int(float64(packets)/seconds+0.5), int(float64(octets)*8/1000/seconds))
	}
	line("RATES", "Receive rate(pps:kbps) %s Sent rate(pps:kbps) %s", rate(r.Received, r.RecvOctets), rate(r.Sent, r.SentOctets))
	line("TERM", "MTP Traffic test terminated.")
	n.explainTest(w, cfg, r, pc)
}

func percent(part, whole int) int {
	if whole == 0 {
		return 0
	}
	return part * 100 / whole
}
