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

// number is that of a timer in this node's variant; 0: it has none.
func (n *Network) number(id timerID) int {
	if n.cfg.Variant == ss7.ANSI {
		return numbers[id].ansi
	}
	return numbers[id].itu
}

// lasts is how long a timer runs.
func (n *Network) lasts(id timerID) time.Duration {
	return n.cfg.Timers.of(n.cfg.Variant, n.number(id))
}

// lasts is how long a timer of a linkset runs.
func (s *linkset) lasts(id timerID) time.Duration {
	if d := s.cfg.Timers[s.net.number(id)]; d != 0 {
		return d
	}
	return s.net.lasts(id)
}

// lasts is how long a timer of a link runs.
func (l *link) lasts(id timerID) time.Duration {
	if d := l.cfg.Timers[l.net.number(id)]; d != 0 {
		return d
	}
	return l.set.lasts(id)
}

func (l *link) key(id timerID) timerKey { return timerKey{id: id, link: l.cfg.Path} }

func (l *link) start(now time.Time, id timerID) { l.startFor(now, id, l.lasts(id)) }

// startFor runs timer id of l until now+d; with nothing configured for it, it does not run.
func (l *link) startFor(now time.Time, id timerID, d time.Duration) {
	if d <= 0 {
		l.stop(id)
		return
	}
	l.net.agenda.start(now, l.key(id), d)
}

func (l *link) stop(ids ...timerID) {
	for _, id := range ids {
		l.net.agenda.stop(l.key(id))
	}
}

func (l *link) stopAll() {
	for id := range linkTimers {
		l.stop(id)
	}
}

func (l *link) running(id timerID) bool { return l.net.agenda.running(l.key(id)) }

// ends is when timer id of l is over; zero if it does not run.
func (l *link) ends(id timerID) time.Time { return l.net.agenda.at[l.key(id)] }

func (s *linkset) key(id timerID) timerKey { return timerKey{id: id, set: s.cfg.Name} }

func (s *linkset) start(now time.Time, id timerID) { s.startFor(now, id, s.lasts(id)) }

func (s *linkset) startFor(now time.Time, id timerID, d time.Duration) {
	s.net.agenda.start(now, s.key(id), d)
}

func (s *linkset) stop(ids ...timerID) {
	for _, id := range ids {
		s.net.agenda.stop(s.key(id))
	}
}

func (s *linkset) running(id timerID) bool { return s.net.agenda.running(s.key(id)) }

func (d *destination) key(id timerID) timerKey { return timerKey{id: id, dest: d.Range} }

func (d *destination) start(now time.Time, id timerID) {
	d.net.agenda.start(now, d.key(id), d.net.lasts(id))
}

func (d *destination) stop(id timerID) { d.net.agenda.stop(d.key(id)) }

func (d *destination) running(id timerID) bool { return d.net.agenda.running(d.key(id)) }

// testKey is the timer after which the far end of a linkset or server is asked about d (T10).
func (d *destination) testKey(by string) timerKey {
	return timerKey{id: timerT10, dest: d.Range, set: by}
}

// start runs a timer of this node.
func (n *Network) start(now time.Time, id timerID) {
	n.agenda.start(now, timerKey{id: id}, n.lasts(id))
}

func (n *Network) stop(ids ...timerID) {
	for _, id := range ids {
		n.agenda.stop(timerKey{id: id})
	}
}
