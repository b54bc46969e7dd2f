package exec

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/tester"
)

type traces interface {
	// CodeTo is the code by which a point knows this node, which has one.
	CodeTo(ss7.PC) ss7.PC
	// SharedCode has a sentence for each adjacent code, on the way to a point, of several linksets.
	SharedCode(ss7.PC) []string
	// FirstStep is what becomes here of a message to the target of a trace, and what it leaves by.
	FirstStep(x tester.Trace, sls uint8) (tester.Step, ss7.PathID)
	// AskTrace sends the request of a trace to a node: by a path, or, if that is 0, as it is routed.
	// It fails if this node stops.
	AskTrace(x tester.Trace, sls uint8, to ss7.PC, path ss7.PathID) (Asked, bool)
	// Doubt names the link of a path, and says why what left by it since then may not have come
	// further; empty: it is no link, or its far end has everything.
	Doubt(path ss7.PathID, since time.Time) (link, why string)
}

// Asked is the request of a trace that is under way.
type Asked struct {
	Said     <-chan tester.Said
	Stopping <-chan struct{} // closed when this node stops
	End      func()          // forgets the request
}

func traceCommands(h Host) []*cli.Statement {
	words := configs.CS7(cli.Arg("pc", configs.PointCode{}, "Point code, 3-8-3 or decimal, or a host name"),
		cli.Any(cli.Seq(kw("sls", "The way of this SLS"), cli.Arg("sls", cli.Uint(0, 255), "SLS (default 0)")),
			cli.Seq(kw("timeout", "Wait for each node"),
				cli.Arg("timeout", cli.Uint(10, 60000), "Milliseconds (default 2000)")),
			cli.Seq(kw("opc", "From another code of this node"), cli.Arg("opc", configs.PointCode{}, "Point code"))))
	return []*cli.Statement{command(h, traceRoute,
		kw("trace", "Which node on the way to a point knows the way, and which has none back"), words)}
}

// trace is one as it is told.
type trace struct {
	n          Node
	w          io.Writer
	me, target ss7.PC
	sls        uint8
	wait       time.Duration
	begun      time.Time
	last       tester.Trace // the report of the furthest node
	awaited    ss7.PC
	home       int // how many nodes its request had visited when it came home; 0: it did not
	noUser     bool
	relayed    bool // the node before has told that there is none
	stopped    bool
}

func traceRoute(n Node, c *cli.Call) error {
	s := n.Config()
	if s.PC == nil {
		return ErrNoCode
	}
	target := c.Args["pc"].(ss7.PC)
	x := &trace{n: n, w: c.Out, me: n.CodeTo(target), target: target, sls: uint8(c.Args.Uint("sls", 0)),
		wait: timeoutOf(c)}
	if opc, ok := c.Args["opc"].(ss7.PC); ok {
		if !slices.Contains(s.Own(), opc) {
			return fmt.Errorf("%s is no code of this node; reports would not come back here", s.Notation().Format(opc))
		}
		x.me = opc
	}
	first := tester.Trace{Origin: x.me, Target: x.target, Visited: []ss7.PC{x.me}}
	step, path := n.FirstStep(first, x.sls)
	fmt.Fprintf(c.Out, "What each node says of its own routes, for SLS %d and SI 3; users' messages are not touched.\n",
		x.sls)
	for _, l := range n.SharedCode(target) {
		fmt.Fprintln(c.Out, l)
	}
	x.line(0, x.me, x.wayText(step, x.target), 0)
	if step.Verdict == tester.Delivered || step.Verdict == tester.Served {
		return nil
	}
	if step.Verdict != tester.Onward {
		return fmt.Errorf("this node does not know the way; `show cs7 route explain %s` says why", x.code(x.target))
	}
	x.follow(c.Context, step.Next, path, first)
	if x.silent() && !x.stopped && x.last.Turn == 0 && (x.awaited != x.target || x.relayed) {
		x.askTarget(c.Context, first)
	}
	return x.conclude()
}

// askTarget asks the target itself, since a node on the way is silent.
func (x *trace) askTarget(ctx context.Context, first tester.Trace) {
	if x.awaited != x.target {
		fmt.Fprintf(x.w, "What lies behind it is unknown; ")
	}
	fmt.Fprintf(x.w, "%s is asked itself, by the way that messages take:\n", x.code(x.target))
	was := x.last
	x.last = tester.Trace{}
	if x.follow(ctx, x.target, 0, first); x.last.Visited == nil {
		x.last = was
	}
}

// silent tells whether a node was asked and said nothing.
func (x *trace) silent() bool { return x.awaited != 0 && x.home == 0 }

// follow sends the request to next and tells what is heard until nothing more is to come.
func (x *trace) follow(ctx context.Context, next ss7.PC, path ss7.PathID, first tester.Trace) {
	known := x.relayed
	x.begun, x.awaited = time.Now(), next
	asked, ok := x.n.AskTrace(first, x.sls, next, path)
	if !ok {
		return
	}
	defer asked.End()
	for x.awaited != 0 {
		select {
		case s := <-asked.Said:
			if s.NoUser == 0 {
				if x.hear(s.Trace); x.relayed && !known {
					return
				}
			} else if x.noUser = s.NoUser == x.awaited; x.noUser {
				fmt.Fprintf(x.w, "     %-16s is there and has a way back, but nobody for SI 8 (UPU): it can tell no more\n",
					x.code(s.NoUser))
				return
			}
		case <-time.After(x.wait):
			x.tellSilence(next, path)
			return
		case <-ctx.Done():
			x.stopped = true
			return
		case <-asked.Stopping:
			x.stopped = true
			return
		}
	}
}

// tellSilence tells that the node asked says nothing, and what is known of the link that the
// request left by, if it may not have come further.
func (x *trace) tellSilence(next ss7.PC, path ss7.PathID) {
	if x.home > 0 {
		return
	}
	fmt.Fprintf(x.w, "     %-16s says nothing within %v\n", x.code(x.awaited), x.wait)
	if x.awaited != next {
		return
	}
	if link, why := x.n.Doubt(path, x.begun); why != "" {
		fmt.Fprintf(x.w, "     it was sent by %s: %s\n", link, why)
	}
}

// hear tells the report of one node, or that the request came home, which may be before the
// last reports. A report that comes behind that of a further node is told no more.
func (x *trace) hear(r tester.Trace) {
	at := len(r.Visited) - 1
	switch {
	case !r.Report:
		x.home = len(r.Visited)
	case r.Onward.Verdict == tester.NoUser || r.Back.Verdict == tester.NoUser:
		step := r.Onward
		if step.Verdict != tester.NoUser {
			step = r.Back
		}
		if step.Next == x.awaited {
			x.relayed = true
			fmt.Fprintf(x.w, "     %-16s is there, but has nobody for SI 8, as it tells %s (UPU): it can tell no more"+
				"\n", x.code(step.Next), x.code(r.Visited[at]))
		}
	case at >= len(x.last.Visited):
		x.report(r, at)
	}
	if x.home > 0 && len(x.last.Visited) >= x.home {
		x.awaited = 0
		x.line(x.home, x.me, "back here", time.Since(x.begun))
	}
}

func (x *trace) report(r tester.Trace, at int) {
	x.last, x.awaited = r, 0
	step := r.Onward
	text := fmt.Sprintf("%-24s back to %s: %s", x.wayText(r.Onward, x.target), x.code(x.me), x.wayText(r.Back, x.me))
	switch {
	case int(r.Turn) == at:
		step = r.Back
	case r.Turn > 0:
		text = "back to " + x.code(x.me) + ": " + x.wayText(r.Onward, x.me)
	}
	x.line(at, r.Visited[at], text, time.Since(x.begun))
	if step.Verdict == tester.Onward {
		x.awaited = step.Next
	}
}

func (x *trace) line(at int, pc ss7.PC, text string, after time.Duration) {
	ms := ""
	if after > 0 {
		ms = fmt.Sprintf("  %d ms", after.Milliseconds())
	}
	fmt.Fprintf(x.w, "%3d  %-16s %s%s\n", at, x.code(pc), text, ms)
}

func (x *trace) code(pc ss7.PC) string { return x.n.Config().Notation().Format(pc) }

var verdictTexts = map[tester.Verdict]string{
	tester.Delivered:    "is here",
	tester.Served:       "an AS here has it",
	tester.NoRoute:      "NO ROUTE",
	tester.Inaccessible: "NO ROUTE WORKS",
	tester.Circular:     "CIRCLE: only the way it came",
	tester.Waits:        "waits: a rerouting is under way",
	tester.TooFar:       "too far: enough nodes were visited",
	tester.Discarded:    "DISCARDED",
	tester.NoUser:       "has no user for SI 8",
}

func (x *trace) wayText(s tester.Step, to ss7.PC) string {
	switch {
	case s.Verdict == tester.Onward && s.Next == to:
		return "directly"
	case s.Verdict == tester.Onward:
		return "by " + x.code(s.Next)
	case s.Verdict == tester.Circular && s.Next != 0:
		return "CIRCLE: by " + x.code(s.Next) + " again"
	}
	return verdictTexts[s.Verdict]
}

// conclude says what was found; the error names the node at fault.
func (x *trace) conclude() error {
	target, me := x.code(x.target), x.code(x.me)
	turned := x.last.Turn > 0
	switch {
	case x.stopped:
		return errors.New("interrupted")
	case x.home > 0:
		fmt.Fprintf(x.w, "Both ways are there: each node on the way knows %s, each on the way back knows %s.\n", target, me)
		return nil
	case x.silent() && turned:
		return fmt.Errorf("%s is reached, and its answers get as far as %s; of %s nothing is known",
			target, x.code(x.last.Visited[len(x.last.Visited)-1]), x.code(x.awaited))
	case x.silent() && x.noUser && x.awaited == x.target:
		fmt.Fprintf(x.w, "%s is reached, and has a way back.\n", target)
		return nil
	case x.silent() && x.relayed && x.awaited == x.target:
		return fmt.Errorf("%s is reached; of a way back to %s nothing is known: what it says did not come here",
			target, me)
	case x.silent():
		return fmt.Errorf("%s is not heard. It may be no node of this kind, which alone know this trace, "+
			"or stand behind one; or it is down, or has no way back to %s", target, me)
	}
	at := x.code(x.last.Visited[len(x.last.Visited)-1])
	step, to := x.last.Onward, target
	if turned {
		to = me
		if int(x.last.Turn) == len(x.last.Visited)-1 {
			step = x.last.Back
		}
		fmt.Fprintf(x.w, "What is sent to %s arrives there; answers to it do not arrive here.\n", target)
	}
	switch step.Verdict {
	case tester.NoRoute:
		return fmt.Errorf("%s has no route to %s: give it one (`cs7 route-table system`, "+
			"`update route %s/%d linkset NAME`)", at, to, to, x.n.Config().V().Bits())
	case tester.Inaccessible:
		return fmt.Errorf("%s has routes to %s, but none of them works now: see `show cs7 route %s` there", at, to, to)
	case tester.Circular:
		return fmt.Errorf("%s sends what is for %s where it came from: routes form a circle", at, to)
	}
	return fmt.Errorf("at %s the way to %s ends: %s", at, to, verdictTexts[step.Verdict])
}
