package exec

import (
	"fmt"
	"io"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/internal/printable"
	"github.com/gostp/gostp/status"
)

type level3 interface {
	// MTP3 gives what level 3 has carried and discarded.
	MTP3() status.MTP3
	// MTP3Timers gives the timers of level 3 that are in force where neither link nor linkset has its own.
	MTP3Timers() []status.Setting
	// History gives the last events of links, routes and network management, the oldest first.
	History() []status.Event
	// ForgetHistory empties the history.
	ForgetHistory()
	// Inhibit begins to inhibit a link (Q.704 §10), or to give it its traffic back. It does not wait
	// for the far end's answer.
	Inhibit(linkset string, slc uint8, on bool) error
}

func level3Commands(h Host) []*cli.Statement {
	words := kw("mtp3", "Level 3")
	inhibiting := func(word, help string, on bool) *cli.Statement {
		return command(h, func(n Node, c *cli.Call) error { return inhibit(n, c, on) },
			configs.CS7(kw(word, help), cli.Arg("linkset", configs.LinksetName{}, "Linkset name"),
				cli.Arg("slc", cli.Uint(0, 15), "Signalling link code"))).Privileged()
	}
	return []*cli.Statement{
		showCS7(h, mtp3, printMTP3, words, kw("statistics", "MSUs transferred, delivered and discarded, by reason")),
		showCS7(h, mtp3Timers, printMTP3Timers, words, kw("timers", "Timers of Q.704")),
		showCS7(h, management, printManagement, words,
			kw("errors", "Network management: messages by kind, what went wrong, what was not believed")),
		showCS7(h, history, printHistory, words,
			kw("event-history", "The last events of links, routes and network management, oldest first")),
		command(h, func(n Node, _ *cli.Call) error { n.ForgetHistory(); return nil }, kw("clear", "Reset"),
			configs.CS7(words, kw("event-history", "Forget the events so far"))).Privileged(),
		inhibiting("inhibit", "Take a link from traffic (Q.704 §10)", true),
		inhibiting("uninhibit", "Give an inhibited link its traffic back", false),
	}
}

func inhibit(n Node, c *cli.Call, on bool) error {
	err := n.Inhibit(c.Args.String("linkset", ""), uint8(c.Args.Uint("slc", 0)), on)
	if err == nil {
		fmt.Fprintln(c.Out, "The far end is asked; a log message tells its answer, `show cs7 linkset` the state.")
	}
	return err
}

func mtp3(n Node, _ *cli.Call) (status.MTP3, error)             { return n.MTP3(), nil }
func management(n Node, _ *cli.Call) (status.Management, error) { return n.MTP3().Management, nil }
func mtp3Timers(n Node, _ *cli.Call) ([]status.Setting, error)  { return n.MTP3Timers(), nil }
func history(n Node, _ *cli.Call) ([]status.Event, error)       { return n.History(), nil }

func printMTP3(w io.Writer, _ *cli.Call, s status.MTP3) {
	printCount(w, "MSUs transferred", s.Transferred)
	printCount(w, "MSUs delivered here", s.Delivered)
	for _, x := range s.Discarded {
		printCount(w, "MSUs discarded: "+x.Name, x.Value)
	}
	printCount(w, "associations refused: no link configured for the far end", s.Refused)
	t := &s.Tests
	fmt.Fprintf(w, "link tests: SLTM in %d, out %d; SLTA in %d, out %d; failed %d; "+
		"not answered, since not for this link %d; not understood %d\n",
		t.SLTMIn, t.SLTMOut, t.SLTAIn, t.SLTAOut, t.Failed, t.Unanswered, t.Unread)
	m := &s.Management
	fmt.Fprintf(w, "network management messages: in %d, out %d; without effect %d (`show cs7 mtp3 errors`)\n",
		m.In, m.Out, m.Ignored)
	fmt.Fprintf(w, "traces of others: answered %d, reports passed on %d, dropped because they came too fast %d\n",
		s.Traces.Answered, s.Traces.Passed, s.Traces.TooFast)
}

func printMTP3Timers(w io.Writer, _ *cli.Call, all []status.Setting) {
	fmt.Fprintf(w, "%-7s %9s %9s  %s\n", "Timer", "ms", "default", "For")
	for _, t := range all {
		fmt.Fprintf(w, "%-7s %9d %9d  %s\n", t.Name, t.ValueMS, t.DefaultMS, t.Purpose)
	}
}

func printManagement(w io.Writer, _ *cli.Call, m status.Management) {
	fmt.Fprintf(w, "Network management messages: in %d, out %d; without effect: %d\n", m.In, m.Out, m.Ignored)
	fmt.Fprintf(w, "Changeovers %d, without answer within T2 %d; forced reroutings %d, controlled %d; "+
		"dynamic routes refused %d; link tests failed %d\n",
		m.Changeovers, m.NoAnswer, m.Forced, m.Controlled, m.DynamicRefused, m.TestsFailed)
	for _, x := range m.Messages {
		fmt.Fprintf(w, "  %-4s in %-10d out %d\n", x.Name, x.In, x.Out)
	}
	x := &m.Circles
	fmt.Fprintf(w, "Messages that go round: suspected %d; probes sent %d, came back %d, did not %d; "+
		"circles proven %d, messages discarded in them %d\n",
		x.Suspected, x.Sent, x.Returned, x.Unanswered, x.Proven, x.Discarded)
	if len(m.Doubted) > 0 {
		fmt.Fprintln(w, "Not believed, because a point is spoken for by the way that leads there alone:")
	}
	for _, d := range m.Doubted {
		fmt.Fprintf(w, "  %-4s %-13d %s\n", d.Message, d.Count, d.Reason)
	}
}

func printHistory(w io.Writer, _ *cli.Call, all []status.Event) {
	if len(all) == 0 {
		fmt.Fprintln(w, "Nothing has happened yet.")
	}
	for _, x := range all {
		fmt.Fprintf(w, "%s: %s\n", printable.Stamp(x.Time), x.Text)
	}
}
