package mtp3

import "time"

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

// The defaults of Cisco's GSP MIB, which lie in the ranges of Q.704 §16.8. Here are
// those that something runs on; T18 is shorter, because links over IP come up together
// and a neighbour that is missing need not hold everybody up. From T18 on the numbers
// mean other things in ANSI.
var timers = map[int]struct {
	role  string
	value time.Duration
}{
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

// TimerList gives all timers as they run, by number.
func (t *Timers) TimerList() []Timer {
	var out []Timer
	for number := range t {
		if x, ok := timers[number]; ok {
			out = append(out, Timer{number, x.role, t.of(number), x.value})
		}
	}
	return out
}

func (t *Timers) of(number int) time.Duration {
	if t[number] != 0 {
		return t[number]
	}
	return timers[number].value
}

// timer is how long T number runs.
func (n *Network) timer(number int) time.Duration { return n.cfg.Timers.of(number) }

// timer is how long T number of a linkset runs.
func (s *linkset) timer(n *Network, number int) time.Duration {
	if d := s.cfg.Timers[number]; d != 0 {
		return d
	}
	return n.timer(number)
}

// timer is how long T number of a link runs.
func (l *link) timer(n *Network, number int) time.Duration {
	if d := l.cfg.Timers[number]; d != 0 {
		return d
	}
	return l.set.timer(n, number)
}
