package mtp3

import (
	"time"

	"github.com/gostp/gostp/ss7"
)

// Timers are T1 to T34 of Q.704 §16.8 and T1.111.4 by their number; zero: the
// variant's default. T7 and T9 are not used over IP.
type Timers [35]time.Duration

// TimerRange says what a timer is for, and its range and default; Max is zero where
// the variant has no such timer.
type TimerRange struct {
	Role              string
	Min, Max, Default time.Duration
}

const ms = time.Millisecond

// The values of Cisco's GSP MIB, which lie in the ranges of Q.704 §16.8 where that
// gives any. From T18 on the numbers mean other things in ANSI.
var timerRanges = map[int]TimerRange{
	1:  {"delay to keep the sequence at changeover", 500 * ms, 1200 * ms, 800 * ms},
	2:  {"wait for changeover acknowledgement", 700 * ms, 2000 * ms, 1400 * ms},
	3:  {"delay to keep the sequence at changeback", 500 * ms, 1200 * ms, 800 * ms},
	4:  {"wait for changeback acknowledgement, first attempt", 500 * ms, 1200 * ms, 800 * ms},
	5:  {"wait for changeback acknowledgement, second attempt", 500 * ms, 1200 * ms, 800 * ms},
	6:  {"delay to keep the sequence at controlled rerouting", 500 * ms, 1200 * ms, 800 * ms},
	8:  {"no transfer prohibited by the response method", 800 * ms, 1200 * ms, 1000 * ms},
	10: {"repeat route set test", 30000 * ms, 60000 * ms, 45000 * ms},
	11: {"before transfer restricted is sent", 30000 * ms, 90000 * ms, 60000 * ms},
	12: {"wait for uninhibit acknowledgement", 800 * ms, 1500 * ms, 1150 * ms},
	13: {"wait for an answer to force uninhibit", 800 * ms, 1500 * ms, 1150 * ms},
	14: {"wait for inhibit acknowledgement", 2000 * ms, 3000 * ms, 2500 * ms},
	15: {"before the route set congestion test", 2000 * ms, 3000 * ms, 2500 * ms},
	16: {"wait for an answer to the route set congestion test", 1400 * ms, 2000 * ms, 1700 * ms},
	17: {"from a failed alignment to the next", 800 * ms, 60000 * ms, 1150 * ms},
	18: {"restart: wait for links and messages", 1000 * ms, 31000 * ms, 30000 * ms},
	19: {"no second restart message to the same point", 67000 * ms, 69000 * ms, 68000 * ms},
	20: {"restart of this node", 1000 * ms, 61000 * ms, 60000 * ms},
	21: {"restart of an adjacent point", 1000 * ms, 65000 * ms, 64000 * ms},
	22: {"local inhibit test", 80000 * ms, 360000 * ms, 300000 * ms},
	23: {"remote inhibit test", 80000 * ms, 360000 * ms, 300000 * ms},
}

// TimerRangeOf gives a timer's range for a variant; false if it has none.
func TimerRangeOf(_ *ss7.Variant, number int) (TimerRange, bool) {
	r, ok := timerRanges[number]
	return r, ok
}

// timer is how long T number runs.
func (n *Network) timer(number int) time.Duration {
	if d := n.cfg.Timers[number]; d != 0 {
		return d
	}
	return timerRanges[number].Default
}
