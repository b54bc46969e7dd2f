package syslog

import (
	"fmt"
	"time"
)

// All far ends together can provoke a burst of lines of one kind, then a few a second.
const (
	limitBurst = 30
	limitRate  = 5               // lines a second
	limitQuiet = 2 * time.Second // after so long without a line of the kind, Settle tells what was left out
)

// limitKey names the lines that have a limit in common: those of one kind, or those of one kind about one object.
type limitKey struct {
	kind   string
	object uint32 // 0: whatever the object
}

// limit is a token bucket of lines.
type limit struct {
	tokens  float64
	at      time.Time // the tokens were counted
	leftOut int       // lines left out since one was written

	kind Kind   // of the last line that add took
	text string // the last line left out of which nothing has told yet
}

// limit gives the limit of a key, which begins full. The caller holds mu.
func (l *Log) limit(k limitKey, burst float64) *limit {
	x := l.limits[k]
	if x == nil {
		x = &limit{tokens: burst, at: time.Now()}
		l.limits[k] = x
	}
	return x
}

// take tells whether there is room for a line, and if so how many were left out before it.
func (x *limit) take(burst, rate float64) (ok bool, left int) {
	now := time.Now()
	x.tokens = min(burst, x.tokens+now.Sub(x.at).Seconds()*rate)
	x.at = now
	if x.tokens < 1 {
		x.leftOut++
		return false, 0
	}
	x.tokens--
	left, x.leftOut = x.leftOut, 0
	return true, left
}

// add takes a line of a kind that has a rate. It gives the text to write, which tells of lines left out before it; not
// ok, the line is left out.
func (x *limit) add(kind Kind, text string) (write string, ok bool) {
	ok, left := x.take(limitBurst, limitRate)
	x.kind, x.text = kind, ""
	if !ok {
		x.text = text
	}
	if left > 0 {
		text += fmt.Sprintf(" (%d like this left out before)", left)
	}
	return text, ok
}

// leftOut gives a line for each kind of which lines were left out and no more have come since: no next line tells of
// them. The caller holds mu.
func (l *Log) leftOut(now time.Time) (out []overdue) {
	for _, x := range l.limits {
		if x.text == "" || now.Sub(x.at) < limitQuiet {
			continue
		}
		out = append(out, overdue{x.kind,
			fmt.Sprintf("%s (the last of %d like this that were left out)", x.text, x.leftOut)})
		x.text, x.leftOut = "", 0
	}
	sortByText(out)
	return out
}
