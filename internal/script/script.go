// Package script plays conversations with a machine (ss7.Machine) that are written as text: what the machine is told,
// step by step, and what it answers. A test plays a script and compares the answers. With -update it writes them anew,
// and they are reviewed as a diff.
//
// A line that begins with # is a comment. A line that begins with a tab is an answer. Every other line is a step: words
// that are separated by blanks, or stand in quotes. The package knows these steps:
//
//	start TIME       the clock shows this time; without it a fixed one
//	at OFFSET STEP   the clock shows so much after the start, and a step is taken
//	tick             the machine is told that time has passed
//	wait DURATION    time passes, and the machine is told at each of its deadlines
//
// All other steps are the Subject's own. An answer is what the Subject says of an action. The machine's next deadline
// is written if it has changed.
package script

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/gostp/gostp/ss7"
)

// Subject is a machine, and the words of the steps that it understands.
type Subject interface {
	// Step takes a step and gives the machine's answer. It calls say with each other line that the script should have.
	Step(now time.Time, words []string, say func(line string)) ([]ss7.Action, error)
	Tick(now time.Time, out []ss7.Action) []ss7.Action
	Deadline() time.Time
	// Text is what the script says of an action; empty: nothing.
	Text(a *ss7.Action) string
}

// Epoch is what the clock of a script shows at first.
var Epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// mostTicks bounds the deadlines within one wait.
const mostTicks = 100_000

// player plays one script.
type player struct {
	subject  Subject
	out      strings.Builder
	begin    time.Time
	now      time.Time
	deadline time.Time
	silent   bool // deadlines are not told

	said    string        // the last answer within a wait
	from    time.Duration // when that answer came first, after the begin of the wait
	until   time.Duration
	repeats int
}

// Play plays a script and gives it back with the answers that the machine gave now.
func Play(text string, subject Subject) (string, error) {
	p := &player{subject: subject, begin: Epoch, now: Epoch}
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, "\t") {
			continue
		}
		p.out.WriteString(line + "\n")
		words, err := Words(line)
		if err == nil && len(words) > 0 && !strings.HasPrefix(line, "#") {
			err = p.step(words)
		}
		if err != nil {
			return p.out.String(), fmt.Errorf("line %d: %q: %w", n, line, err)
		}
	}
	return p.out.String(), nil
}

func (p *player) step(words []string) error {
	switch {
	case words[0] == "start" && len(words) == 2:
		at, err := time.Parse(time.RFC3339Nano, words[1])
		p.begin, p.now = at, at
		p.silent = true // a recording: the ticks are steps of their own
		return err
	case words[0] == "at" && len(words) > 2:
		d, err := time.ParseDuration(words[1])
		if err != nil {
			return err
		}
		p.now = p.begin.Add(d)
		return p.step(words[2:])
	case words[0] == "tick" && len(words) == 1:
		p.answer(p.subject.Tick(p.now, nil))
	case words[0] == "wait" && len(words) == 2:
		d, err := time.ParseDuration(words[1])
		if err != nil {
			return err
		}
		if err := p.wait(d); err != nil {
			return err
		}
	default:
		actions, err := p.subject.Step(p.now, words, p.say)
		if err != nil {
			return err
		}
		p.answer(actions)
	}
	p.tellDeadline()
	return nil
}

// wait lets time pass.
func (p *player) wait(d time.Duration) error {
	begin, end := p.now, p.now.Add(d)
	for range mostTicks {
		next := p.subject.Deadline()
		if next.IsZero() || next.After(end) {
			p.flush()
			p.now = end
			return nil
		}
		if next.After(p.now) {
			p.now = next
		}
		actions := p.subject.Tick(p.now, nil)
		for i := range actions {
			p.again(p.now.Sub(begin), p.subject.Text(&actions[i]))
		}
	}
	return errors.New("the machine has a new deadline again and again")
}

// again writes an answer within a wait. Answers that say the same as the one before are counted instead.
func (p *player) again(at time.Duration, text string) {
	switch {
	case text == "":
		return
	case text == p.said:
		p.repeats++
	default:
		p.flush()
		p.said, p.from, p.repeats = text, at, 1
	}
	p.until = at
}

func (p *player) flush() {
	switch {
	case p.said == "":
	case p.repeats == 1:
		p.say(fmt.Sprintf("+%v: %s", p.from, p.said))
	default:
		p.say(fmt.Sprintf("+%v to +%v, %d times: %s", p.from, p.until, p.repeats, p.said))
	}
	p.said = ""
}

func (p *player) answer(actions []ss7.Action) {
	for i := range actions {
		if text := p.subject.Text(&actions[i]); text != "" {
			p.say(text)
		}
	}
}

func (p *player) tellDeadline() {
	next := p.subject.Deadline()
	if p.silent || next.Equal(p.deadline) {
		return
	}
	p.deadline = next
	if next.IsZero() {
		p.say("no deadline")
	} else {
		p.say(fmt.Sprintf("deadline in %v", next.Sub(p.now)))
	}
}

// say writes an answer. A line break in it begins another.
func (p *player) say(text string) {
	for line := range strings.SplitSeq(text, "\n") {
		p.out.WriteString("\t" + line + "\n")
	}
}

// Words splits a line into words. A word with blanks in it stands in quotes. A word that begins with a brace is the
// last, and has all the rest of the line.
func Words(line string) (words []string, err error) {
	for line = strings.TrimLeft(line, " "); line != ""; line = strings.TrimLeft(line, " ") {
		if line[0] == '{' {
			return append(words, line), nil
		}
		if !strings.HasPrefix(line, `"`) {
			word, rest, _ := strings.Cut(line, " ")
			words, line = append(words, word), rest
			continue
		}
		quoted, err := strconv.QuotedPrefix(line)
		if err != nil {
			return nil, err
		}
		word, err := strconv.Unquote(quoted)
		if err != nil {
			return nil, err
		}
		words, line = append(words, word), line[len(quoted):]
	}
	return words, nil
}

// TB is what Test needs of a testing.T.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Each calls run with the name of every script in a folder. Most callers make each of them a test of its own.
func Each(t TB, folder string, run func(name, file string)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.script"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts in %s: %v", folder, err)
	}
	for _, file := range files {
		run(strings.TrimSuffix(filepath.Base(file), ".script"), file)
	}
}

// Test plays a script and compares the answers. With update it writes them instead.
func Test(t TB, file string, update bool, subject Subject) {
	t.Helper()
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v", err)
	}
	got, err := Play(string(want), subject)
	switch {
	case err != nil:
		t.Errorf("%s: %v", file, err)
	case got == string(want):
	case !update:
		t.Errorf("%s: %s", file, Difference(string(want), got))
	default:
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatalf("%v", err)
		}
	}
}

// Difference shows where two texts begin to differ.
func Difference(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	show := func(lines []string) string {
		return strings.Join(lines[max(0, min(i-4, len(lines))):min(len(lines), i+8)], "\n")
	}
	return fmt.Sprintf("from line %d on:\n%s\n--- want:\n%s", i+1, show(b), show(a))
}
