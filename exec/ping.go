package exec

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/internal/printable"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/status"
	"github.com/gostp/gostp/tester"
)

type pings interface {
	// Ping tests a signalling point and waits for the end of the test, or of the context. The origin
	// 0 is the code by which the point knows this node.
	Ping(context.Context, tester.Config) (status.Ping, error)
}

// ErrNoCode is the error of a command that only a node with a point code can carry out.
var ErrNoCode = errors.New("this node has no point code; `cs7 point-code` in configuration mode gives it one")

// errTest is the error of a test that has failed. What was printed says why.
var errTest = errors.New("test failed")

const pingHelp = "Test whether a signalling point, or an IP host, answers"

// option is the syntax of a word with an argument of the same name.
func option(word, help string, t cli.Type, arg string) cli.Elem {
	return cli.Seq(kw(word, help), cli.Arg(word, t, arg))
}

func pingCommands(h Host) []*cli.Statement {
	words := configs.CS7(cli.Arg("pc", configs.PointCode{}, "Point code, 3-8-3 or decimal, or a host name"),
		cli.Any(option("count", "How many messages", cli.Uint(1, 100000), "Messages (default 1)"),
			option("size", "How long each is", cli.Uint(tester.Overhead, tester.MaxSize),
				"Octets after the routing label (default 64)"),
			option("rate", "How many a second", cli.Uint(1, 10000), "Messages a second (default 10)"),
			option("sls", "Only this SLS", cli.Uint(0, 15), "SLS (default: each in turn, so that every link is used)"),
			option("timeout", "Wait for each answer", cli.Uint(10, 60000), "Milliseconds (default 2000)"),
			option("opc", "From another code of this node", configs.PointCode{}, "Point code")))
	return []*cli.Statement{
		cli.Query(cli.Seq(kw("ping", pingHelp), words), func(c *cli.Call) (cli.Answer, error) {
			n, err := instance(h, c)
			if err != nil {
				return cli.Answer{}, err
			}
			r, err := n.Ping(c.Context, pingOf(c))
			if err != nil {
				return cli.Answer{}, err
			}
			return cli.Answer{Value: r, Print: func(w io.Writer, v any) {
				r := v.(status.Ping)
				printPing(w, &r)
			}}, failed(&r)
		}),
		pingIPCommand(h),
	}
}

func pingOf(c *cli.Call) tester.Config {
	cfg := tester.Config{DPC: c.Args["pc"].(ss7.PC), SLS: -1, Count: int(c.Args.Uint("count", 1)),
		Size: int(c.Args.Uint("size", 64)), Interval: time.Second / time.Duration(c.Args.Uint("rate", 10)),
		Timeout: timeoutOf(c)}
	if c.Args.Has("sls") {
		cfg.SLS = int(c.Args.Uint("sls", 0))
	}
	cfg.OPC, _ = c.Args["opc"].(ss7.PC)
	return cfg
}

// failed gives errTest if a test has failed. A point that says that it has no user for the test has answered.
func failed(r *status.Ping) error {
	switch {
	case r.NoUser && r.Received == 0:
		return nil
	case r.Sent == 0 || r.Received < r.Sent || r.Duplicated > 0 || r.Misordered > 0:
		return errTest
	}
	return nil
}

// printPing writes the four lines of the ITP, and then what they leave open.
func printPing(w io.Writer, r *status.Ping) {
	line := func(mnemonic, format string, args ...any) {
		fmt.Fprintf(w, "%s: %%CS7PING-6-%s: Test Q.755 %s: %s\n", printable.Stamp(time.Now()),
			mnemonic, r.Destination, fmt.Sprintf(format, args...))
	}
	if r.Received > 0 {
		line("RTT", "MTP Traffic test rtt %d/%d/%d", r.MinMS, r.AvgMS, r.MaxMS)
	}
	line("STAT", "MTP Traffic test %d%% successful packets(%d/%d)", percent(r.Received, r.Sent), r.Received, r.Sent)
	line("RATES", "Receive rate(pps:kbps) %d:%d Sent rate(pps:kbps) %d:%d", r.InRate, r.InKbit, r.OutRate, r.OutKbit)
	line("TERM", "MTP Traffic test terminated.")
	printPingVerdict(w, r)
}

// printPingVerdict says, by cause, what became of the messages that had no answer.
func printPingVerdict(w io.Writer, r *status.Ping) {
	far := r.Destination
	switch {
	case r.NoUser && r.Received == 0:
		fmt.Fprintf(w, "%s is there and has a way back: it says that it has no user for SI 8 (UPU). Only this program "+
			"answers the test; `ping sccp %s` asks for its SCCP.\n", far, far)
	case r.NoUser:
		fmt.Fprintf(w, "%s answers, and says that it has no user for SI 8 (UPU): two points may have this code.\n", far)
	}
	if x := r.Refusal; x != nil {
		which := ""
		if len(x.SLS) > 0 {
			which = " (" + slsText(x.SLS) + ")"
		}
		fmt.Fprintf(w, "%d of %d%s could not be sent: %s\n", r.Refused, r.Sent, which, x.Reason)
		if x.Now != "" {
			fmt.Fprintf(w, "%s.\n", x.Now)
		}
	}
	if lost := r.Sent - r.Received - r.Refused; lost > 0 && (!r.NoUser || r.Received > 0) {
		printLosses(w, r, lost)
	}
	for _, x := range []struct {
		n    int
		what string
	}{{r.Duplicated, "answered more than once"}, {r.Misordered, "came back out of order within their SLS"},
		{r.Late, "came back after the timeout"}} {
		if x.n > 0 {
			fmt.Fprintf(w, "%d %s.\n", x.n, x.what)
		}
	}
	for _, l := range r.Warnings {
		fmt.Fprintln(w, l)
	}
}

// printLosses writes what was lost, by way and SLS, with what is known of each way.
func printLosses(w io.Writer, r *status.Ping, lost int) {
	if r.Received == 0 {
		fmt.Fprintf(w, "Nothing came back within %v.\n", time.Duration(r.TimeoutMS)*time.Millisecond)
	} else {
		fmt.Fprintf(w, "%d of %d lost.\n", lost, r.Sent)
	}
	beyond := false
	for _, x := range r.Losses {
		beyond = beyond || x.Beyond
		fmt.Fprintf(w, "  %d with %s, sent by %s: %s\n", x.Count, slsText(x.SLS), x.SentBy, x.Reason)
	}
	if len(r.AllAnswered) > 0 {
		fmt.Fprintf(w, "  %s: all answered.\n", slsText(r.AllAnswered))
	}
	switch {
	case r.NoRouteNow != "":
		fmt.Fprintf(w, "Meanwhile no route to %s works any more: %s.\n", r.Destination, r.NoRouteNow)
	case beyond && r.Received == 0:
		fmt.Fprintf(w, "Whether %s exists and takes such tests, and whether it and the nodes on the way have a "+
			"route to %s, is not known here: `trace cs7 %s` asks each node.\n", r.Destination, r.Origin, r.Destination)
	}
}

// slsText names SLS values: SLS 0 to 7, 9.
func slsText(sls []int) string {
	sls = slices.Clone(sls)
	slices.Sort(sls)
	var out []string
	for i := 0; i < len(sls); {
		j := i
		for j+1 < len(sls) && sls[j+1] == sls[j]+1 {
			j++
		}
		switch first := strconv.Itoa(sls[i]); {
		case j-i > 1:
			out = append(out, fmt.Sprintf("%s to %d", first, sls[j]))
			i = j + 1
		default:
			out = append(out, first)
			i++
		}
	}
	return "SLS " + strings.Join(out, ", ")
}

func percent(part, whole int) int {
	if whole == 0 {
		return 0
	}
	return part * 100 / whole
}
