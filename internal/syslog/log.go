// Package syslog is the event log of a node: it keeps the last lines in the form of IOS, hands each new line to
// consoles and outputs, and bounds what far ends can make it write. It knows no SS7.
//
// Three bounds protect a log that somebody has to read in the morning. What one object provokes again and again becomes
// a line when that begins, a line an hour with a count, and a line when it is over (AddFrom). All lines of one kind
// together have a rate (AddLimited). And what is costly even to look at, such as a discarded message, is looked at once
// in an interval for each object (Allow).
package syslog

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/gostp/gostp/internal/lock"
	"github.com/gostp/gostp/internal/printable"
)

// Keep is the number of lines that the buffer has room for.
const Keep = 1000

// Log is the event log, or a part of it with a label and bounds of its own (Labelled). Its methods may be called from
// any goroutine, and none of them waits for a reader of the log.
type Log struct {
	*buffer
	label string

	mu      lock.Mutex[lock.LogBounds] // guards what follows
	limits  map[limitKey]*limit
	repeats repeats
}

// buffer keeps the lines and knows who watches them. A Log and its labelled parts have one in common.
type buffer struct {
	mu       lock.Mutex[lock.LogBuffer] // guards what follows
	lines    []string                   // a ring, once it is full
	next     int                        // the place of the next line in it
	total    uint64                     // lines since the start
	quiet    bool                       // consoles get no lines
	debug    map[string]bool
	watchers map[int]watcher
	ids      int
}

type watcher struct {
	console bool // gets no lines while consoles are quiet
	f       func(string)
}

// New makes an empty log.
func New() *Log {
	return &Log{buffer: &buffer{watchers: map[int]watcher{}, debug: map[string]bool{}}, limits: map[limitKey]*limit{}}
}

// Labelled gives a log that writes into the same buffer, with a label before the text of each line. It has bounds of
// its own: a storm in one part hides nothing in another.
func (l *Log) Labelled(label string) *Log {
	return &Log{buffer: l.buffer, label: l.label + label, limits: map[limitKey]*limit{}}
}

// Kind is the kind of a line of the log: %FACILITY-SEVERITY-MNEMONIC.
type Kind struct {
	Facility string
	Severity int // 0 emergency, 1 alert, 2 critical, 3 error, 4 warning, 5 notification, 6 informational
	Mnemonic string
}

// Add logs %FACILITY-SEVERITY-MNEMONIC: text.
func (l *Log) Add(facility string, severity int, mnemonic, text string) {
	l.put(fmt.Sprintf("%s: %%%s-%d-%s: %s%s", printable.Stamp(time.Now()), facility, severity, mnemonic, l.label, text))
}

// AddFrom is Add for what a single object can provoke. who names the object: an ASP, a link or a destination. What
// it provokes again and again becomes one line when that begins, one an hour with a count, and one when it is over. The
// lines about other objects are not touched.
func (l *Log) AddFrom(who, facility string, severity int, mnemonic, text string) {
	l.mu.Lock()
	text, ok := l.repeats.add(time.Now(), repeatKey{who, Kind{facility, severity, mnemonic}}, text)
	l.mu.Unlock()
	if ok {
		l.AddLimited(facility, severity, mnemonic, text)
	}
}

// AddLimited is Add for what far ends can provoke where no single one of them is to be named: a burst of lines of each
// kind, then a few a second. The next line, or else Settle, tells how many were left out.
func (l *Log) AddLimited(facility string, severity int, mnemonic, text string) {
	l.mu.Lock()
	text, ok := l.limit(limitKey{facility + mnemonic, 0}, limitBurst).add(Kind{facility, severity, mnemonic}, text)
	l.mu.Unlock()
	if ok {
		l.Add(facility, severity, mnemonic, text)
	}
}

// Allow tells whether a line of this kind about this object is due: once in each interval, whatever other objects
// provoke. It allocates nothing, so that it can be asked for each discarded message.
func (l *Log) Allow(kind string, object uint32, interval time.Duration) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	ok, _ := l.limit(limitKey{kind, object}, 1).take(1, 1/interval.Seconds())
	return ok
}

// Settle writes what is due about lines that repeat or were left out, which no further line may come to tell. It is to
// be called every few seconds.
func (l *Log) Settle() {
	now := time.Now()
	l.mu.Lock()
	due := append(l.repeats.due(now), l.leftOut(now)...)
	l.mu.Unlock()
	for _, x := range due {
		l.Add(x.Facility, x.Severity, x.Mnemonic, x.text)
	}
}

// overdue is a line that is due without an event.
type overdue struct {
	Kind
	text string
}

func sortByText(lines []overdue) {
	slices.SortFunc(lines, func(a, b overdue) int { return cmp.Compare(a.text, b.text) })
}

// Debug logs text if the debugging of the topic is on.
func (l *Log) Debug(topic, text string) {
	l.buffer.mu.Lock()
	on := l.debug[topic]
	l.buffer.mu.Unlock()
	if on {
		l.put(printable.Stamp(time.Now()) + ": " + topic + ": " + l.label + text)
	}
}

// SetDebug turns the debugging of a topic on or off, in all parts of the log.
func (b *buffer) SetDebug(topic string, on bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.debug[topic] = on
}

// put keeps a line and hands it to the watchers. Whatever far ends and files have put into the text, it becomes one
// line of printable characters: it cannot forge another line.
func (b *buffer) put(line string) {
	line = printable.Line(line)
	b.mu.Lock()
	if len(b.lines) < Keep {
		b.lines = append(b.lines, line)
	} else {
		b.lines[b.next] = line
	}
	b.next = (b.next + 1) % Keep
	b.total++
	var to []func(string)
	for _, w := range b.watchers {
		if !w.console || !b.quiet {
			to = append(to, w.f)
		}
	}
	b.mu.Unlock()
	for _, f := range to {
		f(line)
	}
}

// SetConsole turns the lines on consoles on or off.
func (b *buffer) SetConsole(on bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.quiet = !on
}

// Watch calls f with each line from now on, until stop is called. console tells whether the lines are for a console,
// which SetConsole can make quiet. f must neither log nor wait.
func (b *buffer) Watch(console bool, f func(string)) (stop func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	id := b.ids
	b.ids++
	b.watchers[id] = watcher{console, f}
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.watchers, id)
	}
}

// Lines gives the lines that are kept, the oldest first, and the number of lines since the start.
func (b *buffer) Lines() (lines []string, total uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.lines) < Keep {
		return slices.Clone(b.lines), b.total
	}
	return slices.Concat(b.lines[b.next:], b.lines[:b.next]), b.total
}

// Clear empties the buffer.
func (b *buffer) Clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lines, b.next = nil, 0
}
