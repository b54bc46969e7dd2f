package node

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/internal/syslog"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/ss7"
)

// historyKeep is how many lines `show cs7 mtp3 event-history` has.
const historyKeep = 500

func (n *Node) mtp3Commands() []*cli.Statement {
	level3 := kw("mtp3", "Level 3")
	inhibit := func(word, help string, on bool) *cli.Statement {
		return cli.Command(configs.CS7(kw(word, help), cli.Arg("linkset", configs.LinksetName{}, "Linkset name"), cli.Arg("slc", cli.Uint(0, 15), "Signalling link code")),
			func(c *cli.Call) error { return n.inhibit(c, on) }).Privileged()
	}
	return []*cli.Statement{
		showCS7(n.showMTP3Timers, level3, kw("timers", "Timers of Q.704")),
		showCS7(n.showMTP3Messages, level3,
			kw("errors", "Network management: messages by kind, what went wrong, what was not believed")),
		showCS7(n.showMTP3History, level3, kw("event-history", "The last events of links, routes and network management, oldest first")),
		cli.Command(cli.Seq(kw("clear", "Reset"), configs.CS7(level3, kw("event-history", "Forget the events so far"))), func(*cli.Call) error {
			n.core.ask(func() { n.core.history = nil })
			return nil
		}).Privileged(),
		inhibit("inhibit", "Take a link from traffic (Q.704 §10)", true),
		inhibit("uninhibit", "Give an inhibited link its traffic back", false),
	}
}

func (n *Node) inhibit(c *cli.Call, on bool) error {
	var err error
	n.core.ask(func() {
		n.core.actions, err = n.core.network.SetInhibit(time.Now(), c.Args.String("linkset", ""), uint8(c.Args.Uint("slc", 0)), on, n.core.actions)
	})
	if err == nil {
		fmt.Fprintln(c.Out, "The far end is asked; a log message tells its answer, `show cs7 linkset` the state.")
	}
	return err
}

func (n *Node) showMTP3Timers(c *cli.Call) error {
	conf := n.networkConfig(n.Config())
	fmt.Fprintf(c.Out, "%-7s %9s %9s  %s\n", "Timer", "ms", "default", "For")
	for _, t := range conf.Timers.TimerList(conf.Variant) {
		fmt.Fprintf(c.Out, "T%-6s %9d %9d  %s\n", fmt.Sprintf("%02d", t.Number), t.Value.Milliseconds(), t.Default.Milliseconds(), t.Role)
	}
	fmt.Fprintf(c.Out, "%-7s %9d %9d  %s\n", "SLT-T1", conf.SLTT1.Milliseconds(), mtp3.DefaultSLTT1.Milliseconds(), "wait for the answer to a link test")
	fmt.Fprintf(c.Out, "%-7s %9d %9d  %s\n", "SLT-T2", conf.SLTT2.Milliseconds(), mtp3.DefaultSLTT2.Milliseconds(), "between periodic link tests")
	if conf.Timed {
		for _, t := range []struct {
			name, role string
			value      time.Duration
		}{{"Tx", "queue above the threshold: to the next level of congestion", conf.Tx}, {"Ty", "queue below the threshold: to the level below", conf.Ty}} {
			fmt.Fprintf(c.Out, "%-7s %9d %9d  %s\n", t.name, or(t.value, mtp3.DefaultTxTy).Milliseconds(), mtp3.DefaultTxTy.Milliseconds(), t.role)
		}
	}
	return nil
}

func (n *Node) showMTP3Messages(c *cli.Call) error {
	var s mtp3.Stats
	var in, out map[mtp3.Heading]uint64
	var doubted []mtp3.Doubted
	n.core.ask(func() {
		s, doubted = n.core.network.Stats(), n.core.network.Doubted()
		in, out = maps.Clone(s.In), maps.Clone(s.Out)
	})
	fmt.Fprintf(c.Out, "Network management messages: in %d, out %d; without effect: %d\n",
		s.SNMIn, s.SNMOut, s.SNMIgnored)
	fmt.Fprintf(c.Out, "Changeovers %d, without answer within T2 %d; forced reroutings %d, controlled %d; dynamic routes refused %d; link tests failed %d\n",
		s.Changeovers, s.T2Expired, s.Forced, s.Controlled, s.DynamicRefused, s.TestsFailed)
	all := maps.Clone(in)
	maps.Copy(all, out)
	heads := slices.SortedFunc(maps.Keys(all), func(a, b mtp3.Heading) int { return cmp.Or(cmp.Compare(a&15, b&15), cmp.Compare(a, b)) })
	for _, h := range heads {
		fmt.Fprintf(c.Out, "  %-4v in %-10d out %d\n", h, in[h], out[h])
	}
	n.printLoops(c.Out)
	for i, d := range doubted {
		if i == 0 {
			fmt.Fprintln(c.Out, "Not believed, because a point is spoken for by the way that leads there alone:")
		}
		fmt.Fprintf(c.Out, "  %-4s %-13d %s\n", d.What, d.N, d.Text())
	}
	return nil
}

func (n *Node) showMTP3History(c *cli.Call) error {
	var lines []string
	n.core.ask(func() { lines = slices.Clone(n.core.history) })
	if len(lines) == 0 {
		fmt.Fprintln(c.Out, "Nothing has happened yet.")
	}
	for _, l := range lines {
		fmt.Fprintln(c.Out, l)
	}
	return nil
}

// remember keeps an event for the history; it runs on the core's goroutine.
func (c *core) remember(ev ss7.Event) {
	if len(c.history) >= historyKeep {
		c.history = append(c.history[:0], c.history[len(c.history)-historyKeep/2:]...)
	}
	c.history = append(c.history, syslog.Stamp(time.Now())+": "+ev.Why)
}
