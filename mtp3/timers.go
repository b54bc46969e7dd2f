package mtp3

import (
	"time"

	"github.com/gostp/gostp/ss7"
)

// Timers are T1 to T34 of Q.704 §16.8 and T1.111.4 by their number; zero: the
// variant's default. T7 and T9 are not used over IP.
type Timers [35]time.Duration

// Timer is one of Q.704 §16.8's.
type Timer struct {
	Number  int
	Role    string
	Value   time.Duration
	Default time.Duration
}

const ms = time.Millisecond

type role struct {
	text  string
	value time.Duration
}

// The defaults of Cisco's GSP MIB, which lie in the ranges of Q.704 §16.8. Here are
// those that something runs on; T18, and T22 of ANSI, are shorter, because links over IP
// come up together and a neighbour that is missing need not hold everybody up.
var timers = map[int]role{
	1:  {"delay to keep the sequence at changeover", 800 * ms},
	2:  {"wait for changeover acknowledgement", 1400 * ms},
	3:  {"delay to keep the sequence at changeback", 800 * ms},
	4:  {"wait for changeback acknowledgement, first attempt", 800 * ms},
	5:  {"wait for changeback acknowledgement, second attempt", 800 * ms},
	6:  {"delay to keep the sequence at controlled rerouting", 800 * ms},
	8:  {"no transfer prohibited by the response method", 1000 * ms},
	10: {"repeat route set test", 45000 * ms},
	11: {"on a worse route before transfer restricted is sent", 60000 * ms},
	12: {"wait for uninhibit acknowledgement", 1150 * ms},
	13: {"wait for an answer to force uninhibit", 1150 * ms},
	14: {"wait for inhibit acknowledgement", 2500 * ms},
	15: {"wait to start the route set congestion test", 2500 * ms},
	16: {"wait for congestion status update", 1700 * ms},
	17: {"from a failed alignment to the next", 1150 * ms},
	18: {"restart of this node: wait for its neighbours", 2000 * ms},
	19: {"no second restart message to the same point", 68000 * ms},
	20: {"restart of this node in all", 60000 * ms},
	21: {"restart of an adjacent point", 64000 * ms},
	22: {"local inhibit test", 300000 * ms},
	23: {"remote inhibit test", 300000 * ms},
}

// ansiTimers are those that mean other things in ANSI, which is all from T18 on
// (T1.111.4 §16.7).
var ansiTimers = map[int]role{
	20: {"local inhibit test", 105000 * ms},
	21: {"remote inhibit test", 105000 * ms},
	22: {"restart of this node: wait for links", 2000 * ms},
	23: {"restart of this node: wait for traffic restart allowed", 30000 * ms},
	25: {"restart of an adjacent point: wait for traffic restart allowed", 30000 * ms},
	26: {"restart of this node: repeat traffic restart waiting", 12000 * ms},
	27: {"least unavailability for a restart of this node", 4000 * ms},
	28: {"restart of an adjacent point: wait for its first word", 30000 * ms},
	29: {"no second traffic restart allowed to the same point", 63000 * ms},
	30: {"no second list of what is prohibited to the same point", 33000 * ms},
}

// roleOf is what T number is for in a variant; empty: nothing runs on it.
func roleOf(v *ss7.Variant, number int) role {
	if v == ss7.ANSI && number >= 18 {
		return ansiTimers[number]
	}
	return timers[number]
}

// TimerList gives all timers of a variant as they run, by number.
func (t *Timers) TimerList(v *ss7.Variant) []Timer {
	var out []Timer
	for number := range t {
		if x := roleOf(v, number); x.text != "" {
			out = append(out, Timer{number, x.text, t.of(v, number), x.value})
		}
	}
	return out
}

func (t *Timers) of(v *ss7.Variant, number int) time.Duration {
	if t[number] != 0 {
		return t[number]
	}
	return roleOf(v, number).value
}

// numbered picks the number that a timer has in this node's variant, where ANSI has
// another one.
func (n *Network) numbered(itu, ansi int) int {
	if n.cfg.Variant == ss7.ANSI {
		return ansi
	}
	return itu
}

// timer is how long T number runs.
func (n *Network) timer(number int) time.Duration { return n.cfg.Timers.of(n.cfg.Variant, number) }

// timer is how long T number of a linkset runs.
func (s *linkset) timer(number int) time.Duration {
	if d := s.cfg.Timers[number]; d != 0 {
		return d
	}
	return s.net.timer(number)
}

// timer is how long T number of a link runs.
func (l *link) timer(number int) time.Duration {
	if d := l.cfg.Timers[number]; d != 0 {
		return d
	}
	return l.set.timer(number)
}
