package configs

import (
	"time"

	"github.com/gostp/gostp/cli"
)

// MTP3Timers are the timers of Q.704 §16.8 by their number; zero: the default.
type MTP3Timers struct {
	T01 time.Duration `cli:"t01"`
	T02 time.Duration `cli:"t02"`
	T03 time.Duration `cli:"t03"`
	T04 time.Duration `cli:"t04"`
	T05 time.Duration `cli:"t05"`
	T06 time.Duration `cli:"t06"`
	T08 time.Duration `cli:"t08"`
	T10 time.Duration `cli:"t10"`
	T11 time.Duration `cli:"t11"`
	T12 time.Duration `cli:"t12"`
	T13 time.Duration `cli:"t13"`
	T14 time.Duration `cli:"t14"`
	T15 time.Duration `cli:"t15"`
	T16 time.Duration `cli:"t16"`
	T17 time.Duration `cli:"t17"`
	T18 time.Duration `cli:"t18"`
	T19 time.Duration `cli:"t19"`
	T20 time.Duration `cli:"t20"`
	T21 time.Duration `cli:"t21"`
	T22 time.Duration `cli:"t22"`
	T23 time.Duration `cli:"t23"`
}

// ByNumber gives the timers that are set.
func (t *MTP3Timers) ByNumber() map[int]time.Duration {
	return map[int]time.Duration{1: t.T01, 2: t.T02, 3: t.T03, 4: t.T04, 5: t.T05, 6: t.T06, 8: t.T08, 10: t.T10, 11: t.T11, 12: t.T12,
		13: t.T13, 14: t.T14, 15: t.T15, 16: t.T16, 17: t.T17, 18: t.T18, 19: t.T19, 20: t.T20, 21: t.T21, 22: t.T22, 23: t.T23}
}

// mtp3TimerRanges are the ITU ranges of Cisco's GSP MIB, T17's widened for links that start
// slowly, T18's to T21's so that who is missing or never says TRA need not be waited for
// so long.
var mtp3TimerRanges = []struct {
	name, help  string
	least, most uint64
	scope       timerScope
}{
	{"t01", "Delay to keep the sequence at changeover", 500, 1200, perLink},
	{"t02", "Wait for changeover acknowledgement", 700, 2000, perLink},
	{"t03", "Delay to keep the sequence at changeback", 500, 1200, perLink},
	{"t04", "Wait for changeback acknowledgement, first attempt", 500, 1200, perLink},
	{"t05", "Wait for changeback acknowledgement, second attempt", 500, 1200, perLink},
	{"t06", "Delay to keep the sequence at controlled rerouting", 500, 1200, perNode},
	{"t08", "No transfer prohibited by the response method", 800, 1200, perNode},
	{"t10", "Repeat route set test", 30000, 60000, perLinkset},
	{"t11", "On a worse route before transfer restricted is sent (national-options tfr)", 30000, 90000, perNode},
	{"t12", "Wait for uninhibit acknowledgement", 800, 1500, perLink},
	{"t13", "Wait for an answer to force uninhibit", 800, 1500, perLink},
	{"t14", "Wait for inhibit acknowledgement", 2000, 3000, perLink},
	{"t15", "Wait to start the route set congestion test", 2000, 3000, perNode},
	{"t16", "Wait for congestion status update", 1400, 2000, perNode},
	{"t17", "From a failed alignment to the next", 800, 60000, perLink},
	{"t18", "Restart of this node: wait for its neighbours", 1000, 31000, perNode},
	{"t19", "No second restart message to the same point", 67000, 69000, perLinkset},
	{"t20", "Restart of this node in all", 1000, 61000, perNode},
	{"t21", "Restart of an adjacent point", 1000, 65000, perLinkset},
	{"t22", "Local inhibit test", 80000, 360000, perLink},
	{"t23", "Remote inhibit test", 80000, 360000, perLink},
}

// timerScope is the narrowest thing that may have a timer of its own.
type timerScope int

const (
	perNode timerScope = iota
	perLinkset
	perLink
)

// mtp3Timers gives the timer statements of the node, which are the defaults of its linksets.
func mtp3Timers() []*cli.Statement {
	out := timersOf[System](perNode, func(e ...cli.Elem) cli.Elem {
		return CS7(append([]cli.Elem{cli.Kw("mtp3", "Message transfer part, level 3")}, e...)...)
	})
	for _, t := range []struct {
		name, help  string
		least, most uint64
	}{
		{"slt-t1", "Wait for the answer to a link test (Q.707 T1)", 4000, 12000},
		{"slt-t2", "Between periodic link tests (Q.707 T2)", 30000, 90000},
	} {
		out = append(out, cli.Field[System](CS7(cli.Kw("mtp3", "Message transfer part, level 3"), cli.Kw("timer", "A timer"),
			cli.Kw(t.name, t.help), cli.Arg(t.name, cli.Millis(t.least, t.most), "Milliseconds"))))
	}
	return out
}

// timersOf gives the statements of the timers that an object of this scope may have.
func timersOf[O any](scope timerScope, with func(...cli.Elem) cli.Elem) []*cli.Statement {
	var out []*cli.Statement
	for _, t := range mtp3TimerRanges {
		if t.scope >= scope {
			out = append(out, cli.Field[O](with(cli.Kw("timer", "A timer of level 3"), cli.Kw(t.name, t.help), cli.Arg(t.name, cli.Millis(t.least, t.most), "Milliseconds"))))
		}
	}
	return out
}

// slsShift lets an STP behind another one choose by other bits than that one did: else half
// of its links would stay idle (Q.704 §4.4.1).
func slsShift() *cli.Statement {
	return cli.Field[System](CS7(cli.Kw("sls-shift", "Turn the SLS before it chooses linkset and link, not in the message"),
		cli.Arg("sls-shift", cli.Uint(0, 3), "Bits to the right (default 0)")))
}

func restrictedOption() *cli.Statement {
	return cli.Field[System](CS7(cli.Kw("national-options", "What Q.704 leaves to national networks"),
		cli.Flag("tfr", "tfr", "Tell neighbours which destinations we reach by a worse route only (transfer restricted, after T11)")))
}
