package node

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// What counts as repeating: more lines than repeatBurst, or later more than one in each
// repeatRefill. It is told once in repeatTell, and is over after repeatQuiet without one.
const (
	repeatBurst  = 6 // lines; one that says the same as the one before counts as
	repeatSame   = 3
	repeatShapes = 8 // texts that say something new are written in spite of all: so many
	repeatRefill = time.Minute
	repeatTell   = time.Hour
	repeatQuiet  = 5 * time.Minute
	repeatsMost  = 4096 // objects and kinds that are told apart
)

// line is the kind of a line of the log.
type line struct {
	facility string
	severity int
	mnemonic string
}

// repeatKey is whose lines of which kind are counted together.
type repeatKey struct {
	who string
	line
}

// repeat is what one object has provoked of one kind.
type repeat struct {
	left        float64   // lines that may be written as they come
	last        time.Time // one came
	storm       bool      // it repeats, and is told once in a while
	began, told time.Time // the storm; told: it was, last
	count, all  int       // lines left out since told, and since began
	text        string    // the last one
	shapes      []string  // what was written, without its numbers
}

// repeats finds lines that repeat. The Log's mu guards it.
type repeats struct {
	of   map[repeatKey]*repeat
	full time.Time // before that nothing can be forgotten; see forget
}

// overdue is a line that is due.
type overdue struct {
	line
	text string
}

// add takes a line that comes now. It gives the text to be written, if any is.
func (r *repeats) add(now time.Time, k repeatKey, text string) (string, bool) {
	x := r.of[k]
	if x == nil {
		if r.of == nil {
			r.of = map[repeatKey]*repeat{}
		}
		if len(r.of) >= repeatsMost && !r.forget(now) {
			return text, true // the limit of the kind serves
		}
		x = &repeat{left: repeatBurst, last: now}
		r.of[k] = x
	}
	if !x.storm {
		x.left = min(repeatBurst, x.left+float64(now.Sub(x.last))/float64(repeatRefill))
	}
	weight, news := 1.0, x.news(text)
	if !news && shape(x.text) == shape(text) {
		weight = repeatSame
	}
	x.last, x.text = now, text
	switch {
	case x.storm:
		x.count++
		x.all++
		return text, news
	case x.left > weight:
		x.left -= weight
		return text, true
	}
	x.storm, x.began, x.told, x.count, x.all = true, now, now, 0, 0
	return fmt.Sprintf("%s (this repeats: from now on it is told once an hour, and when it is over)", text), true
}

// news tells whether nothing like text was written so far, and remembers it.
func (x *repeat) news(text string) bool {
	is := shape(text)
	if len(x.shapes) == repeatShapes || slices.Contains(x.shapes, is) {
		return false
	}
	x.shapes = append(x.shapes, is)
	return true
}

// shape is a text without its numbers, such as ports and durations.
func shape(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return -1
		}
		return r
	}, text)
}

// forget makes room: what is quiet and no storm will not be missed. If nothing can be
// forgotten, it notes when the first object will be, so that thousands of lines about new
// objects do not look at all the others each.
func (r *repeats) forget(now time.Time) bool {
	if now.Before(r.full) {
		return false
	}
	r.full = now.Add(repeatBurst * repeatRefill)
	for k, x := range r.of {
		if x.storm {
			continue
		}
		quiet := x.last.Add(repeatBurst * repeatRefill)
		if !now.Before(quiet) {
			delete(r.of, k)
		} else if quiet.Before(r.full) {
			r.full = quiet
		}
	}
	return len(r.of) < repeatsMost
}

// due gives the lines about storms that are due, in the order of what they are about.
func (r *repeats) due(now time.Time) (out []overdue) {
	for k, x := range r.of {
		quiet := now.Sub(x.last)
		switch {
		case !x.storm:
			if quiet >= repeatBurst*repeatRefill {
				delete(r.of, k)
			}
		case quiet >= repeatQuiet:
			out = append(out, overdue{k.line, fmt.Sprintf(
				"%s (it repeats no more: %d more times since %s, the last %s ago)",
				x.text, x.all, clockText(x.began), ago(quiet))})
			delete(r.of, k)
		case now.Sub(x.told) >= repeatTell:
			out = append(out, overdue{k.line, fmt.Sprintf("%s (it still repeats: %d times in the last %s, %d since %s)",
				x.text, x.count, ago(now.Sub(x.told)), x.all, clockText(x.began))})
			x.told, x.count = now, 0
		}
	}
	slices.SortFunc(out, func(a, b overdue) int { return cmp.Compare(a.text, b.text) })
	return out
}

// clockText is a moment within the text of a line.
func clockText(t time.Time) string { return t.UTC().Format("Jan 02 15:04:05") }
