package configs

import (
	"fmt"
	"slices"
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
	T25 time.Duration `cli:"t25"`
	T26 time.Duration `cli:"t26"`
	T27 time.Duration `cli:"t27"`
	T28 time.Duration `cli:"t28"`
	T29 time.Duration `cli:"t29"`
	T30 time.Duration `cli:"t30"`
}

// ByNumber gives the timers by their numbers; zero: not set.
func (t *MTP3Timers) ByNumber() map[int]time.Duration {
	return map[int]time.Duration{1: t.T01, 2: t.T02, 3: t.T03, 4: t.T04, 5: t.T05, 6: t.T06, 8: t.T08, 10: t.T10,
		11: t.T11, 12: t.T12, 13: t.T13, 14: t.T14, 15: t.T15, 16: t.T16, 17: t.T17, 18: t.T18, 19: t.T19, 20: t.T20,
		21: t.T21, 22: t.T22, 23: t.T23, 25: t.T25, 26: t.T26, 27: t.T27, 28: t.T28, 29: t.T29, 30: t.T30}
}

// timerUse is what a timer is for in a variant, its range in milliseconds, and where it may be set. If most
// is 0, nothing runs on it in that variant.
type timerUse struct {
	help        string
	least, most uint64
	scope       timerScope
}

// mtp3TimerUses are the timers of level 3 with the ranges of Cisco's GSP MIB. Up to T17 they
// are the same everywhere. The range of T17 is widened for links that start slowly; the ranges of
// restarts are widened so that a neighbour that is missing, or never says TRA, costs less time.
var mtp3TimerUses = []struct {
	number    int
	itu, ansi timerUse
}{
	{number: 1, itu: timerUse{"Delay to keep the sequence at changeover", 500, 1200, perLink}},
	{number: 2, itu: timerUse{"Wait for changeover acknowledgement", 700, 2000, perLink}},
	{number: 3, itu: timerUse{"Delay to keep the sequence at changeback", 500, 1200, perLink}},
	{number: 4, itu: timerUse{"Wait for changeback acknowledgement, first attempt", 500, 1200, perLink}},
	{number: 5, itu: timerUse{"Wait for changeback acknowledgement, second attempt", 500, 1200, perLink}},
	{number: 6, itu: timerUse{"Delay to keep the sequence at controlled rerouting", 500, 1200, perNode}},
	{number: 8, itu: timerUse{"No transfer prohibited by the response method", 800, 1200, perNode}},
	{number: 10, itu: timerUse{"Repeat route set test", 30000, 60000, perLinkset}},
	{number: 11, itu: timerUse{"On a worse route before transfer restricted is sent (national-options tfr)",
		30000, 90000, perNode}},
	{number: 12, itu: timerUse{"Wait for uninhibit acknowledgement", 800, 1500, perLink}},
	{number: 13, itu: timerUse{"Wait for an answer to force uninhibit", 800, 1500, perLink}},
	{number: 14, itu: timerUse{"Wait for inhibit acknowledgement", 2000, 3000, perLink}},
	{number: 15, itu: timerUse{"Wait to start the route set congestion test", 2000, 3000, perNode}},
	{number: 16, itu: timerUse{"Wait for congestion status update", 1400, 2000, perNode}},
	{number: 17, itu: timerUse{"From a failed alignment to the next", 800, 60000, perLink}},
	{number: 18,
		itu:  timerUse{"Restart of this node: wait for its neighbours", 1000, 31000, perNode},
		ansi: timerUse{"Nothing runs on it (transfer restricted by the response method)", 2000, 20000, perNode}},
	{number: 19,
		itu:  timerUse{"No second restart message to the same point", 67000, 69000, perLinkset},
		ansi: timerUse{"Nothing runs on it (referral of a failed link to a craftsman)", 480000, 600000, perLink}},
	{number: 20,
		itu:  timerUse{"Restart of this node in all", 1000, 61000, perNode},
		ansi: timerUse{"Local inhibit test", 90000, 120000, perLink}},
	{number: 21,
		itu:  timerUse{"Restart of an adjacent point", 1000, 65000, perLinkset},
		ansi: timerUse{"Remote inhibit test", 90000, 120000, perLink}},
	{number: 22,
		itu:  timerUse{"Local inhibit test", 80000, 360000, perLink},
		ansi: timerUse{"Restart of this node: wait for links", 1000, 60000, perNode}},
	{number: 23,
		itu:  timerUse{"Remote inhibit test", 80000, 360000, perLink},
		ansi: timerUse{"Restart of this node: wait for traffic restart allowed", 9000, 60000, perNode}},
	{number: 25, ansi: timerUse{"Restart of an adjacent point: wait for traffic restart allowed",
		30000, 35000, perLinkset}},
	{number: 26, ansi: timerUse{"Restart of this node: repeat traffic restart waiting", 12000, 15000, perLinkset}},
	{number: 27, ansi: timerUse{"Least unavailability for a restart of this node", 2000, 50000, perNode}},
	{number: 28, ansi: timerUse{"Restart of an adjacent point: wait for its first word", 3000, 35000, perLinkset}},
	{number: 29, ansi: timerUse{"No second traffic restart allowed to the same point", 60000, 65000, perLinkset}},
	{number: 30, ansi: timerUse{"No second list of what is prohibited to the same point", 30000, 35000, perLinkset}},
}

// idleTimers are the timers that nothing runs on here, whatever the variant, and why. Their lines are
// taken because the configurations of other machines have them.
var idleTimers = []struct {
	number int
	why    string
}{
	{7, "there is no data link to be connected over IP"},
	{9, "Q.704 does not use it"},
	{24, "M2PA ends a processor outage by itself, and a restart is told in no time"},
	{31, "M2PA's T6 finds false congestion"},
	{32, "T17 and level 2 damp oscillation"},
	{33, "T17 and level 2 damp oscillation"},
	{34, "T17 and level 2 damp oscillation"},
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
		return CS7(append([]cli.Elem{level3}, e...)...)
	})
	for _, t := range []struct {
		name, help  string
		least, most uint64
	}{
		{"slt-t1", "Wait for the answer to a link test (Q.707 T1)", 4000, 12000},
		{"slt-t2", "Between periodic link tests (Q.707 T2)", 30000, 90000},
	} {
		out = append(out, cli.Field[System](CS7(level3, cli.Kw("timer", "A timer"), cli.Kw(t.name, t.help),
			cli.Arg(t.name, cli.Millis(t.least, t.most), "Milliseconds"))))
	}
	return out
}

var level3 = cli.Kw("mtp3", "Message transfer part, level 3")

// timersOf gives the statements of the timers that an object of this scope may have. They allow what any
// variant does, because the line that says the variant may come later; timerRules look at the range then.
func timersOf[O any](scope timerScope, with func(...cli.Elem) cli.Elem) []*cli.Statement {
	var out []*cli.Statement
	for _, t := range mtp3TimerUses {
		uses := []timerUse{t.itu, t.ansi}
		if t.number >= ansiFrom {
			uses[0].help, uses[1].help = "ITU: "+uses[0].help, "ANSI: "+uses[1].help
		}
		uses = slices.DeleteFunc(uses, func(u timerUse) bool { return u.most == 0 || u.scope < scope })
		if len(uses) == 0 {
			continue
		}
		u := uses[0]
		if len(uses) == 2 {
			u.help += "; " + uses[1].help
			u.least, u.most = min(u.least, uses[1].least), max(u.most, uses[1].most)
		}
		name := timerName(t.number)
		out = append(out, cli.Field[O](with(cli.Kw("timer", "A timer of level 3"), cli.Kw(name, u.help),
			cli.Arg(name, cli.Millis(u.least, u.most), "Milliseconds"))))
	}
	for _, t := range idleTimers {
		name := timerName(t.number)
		out = append(out, cli.Ignored(with(cli.Kw("timer", "A timer of level 3"),
			cli.Kw(name, "Taken; nothing runs on it: "+t.why), cli.Arg(name, cli.Millis(0, 600000), "Milliseconds"))).
			Check(func(any, cli.Args) (string, error) { return "nothing runs on timer " + name + ": " + t.why, nil }))
	}
	return out
}

func timerName(number int) string { return fmt.Sprintf("t%02d", number) }

// ansiFrom is the first timer that means another thing in ANSI (T1.111.4 §16.7).
const ansiFrom = 18

// slsShift lets an STP that stands behind another one choose by other bits of the SLS. If it chose by the same
// bits, half of its links would stay idle (Q.704 §4.4.1).
func slsShift() *cli.Statement {
	return cli.Field[System](CS7(
		cli.Kw("sls-shift", "Turn the SLS before it chooses linkset and link, not in the message"),
		cli.Arg("sls-shift", cli.Uint(0, 3), "Bits to the right (default 0)")))
}

func restrictedOption() *cli.Statement {
	return cli.Field[System](CS7(nationalOptions, cli.Flag("tfr", "tfr",
		"Tell neighbours which destinations we reach by a worse route only (transfer restricted, after T11)")))
}
