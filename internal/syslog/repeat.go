package syslog

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gostp/gostp/internal/printable"
)

// An object that provokes more than repeatBurst lines of one kind, or later more than one in each repeatRefill, makes a
// storm. A storm is told when it begins, once in each repeatTell, and when repeatQuiet has passed without a line.
const (
	repeatBurst  = 6 // lines
	repeatSame   = 3 // a line that says the same as the one before it counts as so many
	repeatShapes = 8 // texts that say something new are written even in a storm: so many
	repeatRefill = time.Minute
	repeatTell   = time.Hour
	repeatQuiet  = 5 * time.Minute
	repeatsMost  = 4096 // objects and kinds that are told apart
)

// repeatKey names the lines that are counted together: those of one kind about one object.
type repeatKey struct {
	who string
	Kind
}

// repeat is what one object has provoked of one kind.
type repeat struct {
	left   float64   // lines that may still be written as they come
	last   time.Time // a line came
	text   string    // of that line
	shapes []string  // of what was written, see Shape

	storm  bool
	began  time.Time // the storm
	told   time.Time // of it, last
	untold int       // lines left out since told
	all    int       // lines left out since began
}

// repeats finds the lines that repeat. The mutex of the Log guards it.
type repeats struct {
	of   map[repeatKey]*repeat
	full time.Time // before this moment nothing can be forgotten; see forget
}

// add takes a line that comes now. It gives the text to write; not ok, the line is left out.
func (r *repeats) add(now time.Time, k repeatKey, text string) (write string, ok bool) {
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
	return x.add(now, text)
}

func (x *repeat) add(now time.Time, text string) (write string, ok bool) {
	if !x.storm {
		x.left = min(repeatBurst, x.left+float64(now.Sub(x.last))/float64(repeatRefill))
	}
	weight, news := 1.0, x.news(text)
	if !news && Shape(x.text) == Shape(text) {
		weight = repeatSame
	}
	x.last, x.text = now, text
	switch {
	case x.storm:
		x.untold++
		x.all++
		return text, news
	case x.left > weight:
		x.left -= weight
		return text, true
	}
	x.storm, x.began, x.told, x.untold, x.all = true, now, now, 0, 0
	return text + " (this repeats: from now on it is told once an hour, and when it is over)", true
}

// news tells whether nothing like text was written so far, and remembers it.
func (x *repeat) news(text string) bool {
	is := Shape(text)
	if len(x.shapes) == repeatShapes || slices.Contains(x.shapes, is) {
		return false
	}
	x.shapes = append(x.shapes, is)
	return true
}

// Shape is a text without its digits: the same event with another port or duration has the same shape.
func Shape(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return -1
		}
		return r
	}, text)
}

// calm tells whether x is no storm and has all its lines again: it may be forgotten.
func (x *repeat) calm(now time.Time) bool {
	return !x.storm && now.Sub(x.last) >= repeatBurst*repeatRefill
}

// forget makes room for another object, if it can. If not, it notes when the first object may be forgotten, so that
// thousands of lines about new objects do not each look at all the others.
func (r *repeats) forget(now time.Time) bool {
	if now.Before(r.full) {
		return false
	}
	r.full = now.Add(repeatBurst * repeatRefill)
	for k, x := range r.of {
		if x.calm(now) {
			delete(r.of, k)
		} else if at := x.last.Add(repeatBurst * repeatRefill); !x.storm && at.Before(r.full) {
			r.full = at
		}
	}
	return len(r.of) < repeatsMost
}

// due gives the lines about storms that are due, in the order of their text.
func (r *repeats) due(now time.Time) (out []overdue) {
	for k, x := range r.of {
		quiet := now.Sub(x.last)
		switch {
		case x.calm(now):
			delete(r.of, k)
		case !x.storm:
		case quiet >= repeatQuiet:
			out = append(out, overdue{k.Kind, fmt.Sprintf(
				"%s (it repeats no more: %d more times since %s, the last %s ago)",
				x.text, x.all, clock(x.began), printable.Ago(quiet))})
			delete(r.of, k)
		case now.Sub(x.told) >= repeatTell:
			out = append(out, overdue{k.Kind, fmt.Sprintf("%s (it still repeats: %d times in the last %s, %d since %s)",
				x.text, x.untold, printable.Ago(now.Sub(x.told)), x.all, clock(x.began))})
			x.told, x.untold = now, 0
		}
	}
	sortByText(out)
	return out
}

// clock is a moment within the text of a line.
func clock(t time.Time) string { return t.UTC().Format("Jan 02 15:04:05") }
