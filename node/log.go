package node

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/gostp/gostp/internal/printable"
	"github.com/gostp/gostp/ss7"
)

// logKeep is how many lines `show logging` has.
const logKeep = 1000

// limit is how many lines of one kind all peers together can provoke: a burst, then a few
// a second.
const (
	limitBurst = 30
	limitRate  = 5               // a second
	limitQuiet = 2 * time.Second // without a line of the kind; then what was left out is told
)

// Log keeps the last lines, in IOS form, and hands each to those who watch.
type Log struct {
	up    *Log // what writes the lines; nil: this one does
	label string

	mu       sync.Mutex
	lines    []string // ring
	next     int
	total    uint64
	console  bool
	watchers map[int]watcher
	ids      int
	buckets  map[bucketKey]*bucket
	repeats  repeats
	debug    map[string]bool
}

type watcher struct {
	console bool // quiet under `no logging console`
	f       func(string)
}

// bucketKey is a kind of lines, of all or about one path.
type bucketKey struct {
	kind string
	path ss7.PathID
}

type bucket struct {
	tokens     float64
	at         time.Time
	suppressed int

	line line   // of AddLimited
	text string // the last one that was left out and not told
}

// NewLog makes an empty log.
func NewLog() *Log {
	return &Log{console: true, watchers: map[int]watcher{}, buckets: map[bucketKey]*bucket{}, debug: map[string]bool{}}
}

// Labelled gives a log with limits of its own, whose lines are lines of l with a label in
// front of their text.
func (l *Log) Labelled(label string) *Log {
	return &Log{up: l, label: label, buckets: map[bucketKey]*bucket{}}
}

// Stamp writes a time as IOS does: *Jan 01 06:28:53.699, in UTC.
func Stamp(t time.Time) string { return "*" + t.UTC().Format("Jan 02 15:04:05.000") }

// Add logs %FACILITY-SEVERITY-MNEMONIC: text.
func (l *Log) Add(facility string, severity int, mnemonic, text string) {
	if l.up != nil {
		l.up.Add(facility, severity, mnemonic, l.label+text)
		return
	}
	l.put(fmt.Sprintf("%s: %%%s-%d-%s: %s", Stamp(time.Now()), facility, severity, mnemonic, text))
}

// put keeps a line, and hands it out, as one line of printable characters: what far ends and
// files have put into it cannot make another.
func (l *Log) put(line string) {
	line = printable.Line(line)
	l.mu.Lock()
	if len(l.lines) < logKeep {
		l.lines = append(l.lines, line)
	} else {
		l.lines[l.next] = line
	}
	l.next = (l.next + 1) % logKeep
	l.total++
	var to []func(string)
	for _, w := range l.watchers {
		if !w.console || l.console {
			to = append(to, w.f)
		}
	}
	l.mu.Unlock()
	for _, f := range to {
		f(line)
	}
}

// AddFrom is Add for what one object can provoke: who names it, a peer, a link or a
// destination. What it provokes again and again becomes one line when that begins, one an
// hour with a count, and one when it is over; the lines of others are not touched.
func (l *Log) AddFrom(who, facility string, severity int, mnemonic, text string) {
	l.mu.Lock()
	text, ok := l.repeats.add(time.Now(), repeatKey{who, line{facility, severity, mnemonic}}, text)
	l.mu.Unlock()
	if ok {
		l.AddLimited(facility, severity, mnemonic, text)
	}
}

// Settle writes what is due of lines that repeat. It is to be called every few seconds.
func (l *Log) Settle() {
	l.mu.Lock()
	now := time.Now()
	due := append(l.repeats.due(now), l.leftOut(now)...)
	l.mu.Unlock()
	for _, x := range due {
		l.Add(x.facility, x.severity, x.mnemonic, x.text)
	}
}

// leftOut gives a line for each kind of which lines were left out and then no more came: no
// next line would tell of them. The caller holds mu.
func (l *Log) leftOut(now time.Time) (out []overdue) {
	for _, b := range l.buckets {
		if b.text == "" || now.Sub(b.at) < limitQuiet {
			continue
		}
		out = append(out, overdue{b.line,
			fmt.Sprintf("%s (the last of %d like this that were left out)", b.text, b.suppressed)})
		b.text, b.suppressed = "", 0
	}
	slices.SortFunc(out, func(x, y overdue) int { return cmp.Compare(x.text, y.text) })
	return out
}

// AddLimited is Add for what peers can provoke and no single one is to be named for: at most
// a burst and then a few lines a second of each kind; what is left out is told with the next
// line, or by Settle.
func (l *Log) AddLimited(facility string, severity int, mnemonic, text string) {
	l.mu.Lock()
	b := l.bucket(bucketKey{facility + mnemonic, 0}, limitBurst)
	ok, left := b.take(limitBurst, limitRate)
	b.line, b.text = line{facility, severity, mnemonic}, ""
	if !ok {
		b.text = text
	}
	l.mu.Unlock()
	if !ok {
		return
	}
	if left > 0 {
		text += fmt.Sprintf(" (%d like this left out before)", left)
	}
	l.Add(facility, severity, mnemonic, text)
}

// Allow tells whether it is time to look at a line of this kind about an object, which path
// names: once each interval, whatever others provoke. It allocates nothing.
func (l *Log) Allow(kind string, path ss7.PathID, interval time.Duration) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	ok, _ := l.bucket(bucketKey{kind, path}, 1).take(1, 1/interval.Seconds())
	return ok
}

// bucket gives the bucket of a key, which begins full. The caller holds mu.
func (l *Log) bucket(k bucketKey, burst float64) *bucket {
	b := l.buckets[k]
	if b == nil {
		b = &bucket{tokens: burst, at: time.Now()}
		l.buckets[k] = b
	}
	return b
}

// take tells whether there is room for a line, and if so how many were left out before it.
func (b *bucket) take(burst, rate float64) (ok bool, left int) {
	now := time.Now()
	b.tokens = min(burst, b.tokens+now.Sub(b.at).Seconds()*rate)
	b.at = now
	if b.tokens < 1 {
		b.suppressed++
		return false, 0
	}
	b.tokens--
	left, b.suppressed = b.suppressed, 0
	return true, left
}

// SetDebug turns the debug lines of a topic on or off.
func (l *Log) SetDebug(topic string, on bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.debug[topic] = on
}

// Debug logs text if the topic's debugging is on.
func (l *Log) Debug(topic, text string) {
	if l.up != nil {
		l.up.Debug(topic, l.label+text)
		return
	}
	l.mu.Lock()
	on := l.debug[topic]
	l.mu.Unlock()
	if on {
		l.put(Stamp(time.Now()) + ": " + topic + ": " + text)
	}
}

// SetConsole turns console lines on or off.
func (l *Log) SetConsole(on bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.console = on
}

// Watch calls f with each line from now on, for the console or for a monitor,
// until stop is called. f must not log and must not wait.
func (l *Log) Watch(console bool, f func(string)) (stop func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	id := l.ids
	l.ids++
	l.watchers[id] = watcher{console, f}
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.watchers, id)
	}
}

// Lines gives what is kept, oldest first, and how many there were in all.
func (l *Log) Lines() ([]string, uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.lines) < logKeep {
		return append([]string(nil), l.lines...), l.total
	}
	return append(append([]string(nil), l.lines[l.next:]...), l.lines[:l.next]...), l.total
}

// Clear empties it.
func (l *Log) Clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines, l.next = nil, 0
}
