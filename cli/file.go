package cli

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// Fault is a line that could not be taken: which, and which word of it.
type Fault struct {
	Line, Col int // from 1
	Word      string
	Text      string // what is wrong, and what was expected
	In        any    // the object of the mode in which the line was read
}

func (f Fault) Error() string {
	switch {
	case f.Line == 0:
		return f.Text
	case f.Word == "":
		return fmt.Sprintf("line %d: %s", f.Line, f.Text)
	}
	return fmt.Sprintf("line %d, column %d, at %q: %s", f.Line, f.Col, f.Word, f.Text)
}

const maxLine = 1000

// prompted finds a prompt in front of a pasted command: CountryA(config-cs7-ls)#
// or CountryA#.
var prompted = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]{0,62}(\(config[a-z0-9-]*\))?[#>] ?`)

// noise is what a pasted screen has besides configuration.
var noise = regexp.MustCompile(`^(Building configuration|Current configuration ?:|Using \d+ (out )?of|` +
	`Last configuration change|version \d|Enter configuration commands|(?i:conf)\w* (?i:t)\w*$)`)

// Place is a value of a configuration: an object, and the name of one of its
// arguments; an empty name is the object itself.
type Place struct {
	Object any
	Arg    string
}

// Source says in which line of a file a place got its value.
type Source map[Place]int

// Parsed is what came of the lines of a file.
type Parsed struct {
	Source                 Source
	Faults, Notes, Changes []Fault
}

// Parse applies a configuration file to root. Every sound line is applied; every other line is a Fault. If a
// faulty line should have led into a mode, the lines under it are passed over and counted in its Fault.
// Notes are about what is passed over on purpose (PassedOver, PassedText). Changes are about lines that replace
// what an earlier line has said.
func Parse(r io.Reader, env, root any, top *Mode) *Parsed {
	f := &file{Parsed: Parsed{Source: Source{}}, index: map[listID]*listIndex{}, stack: []level{{top, root, env, -1,
		false}}}
	text, err := io.ReadAll(r)
	f.lines = strings.Split(string(text), "\n")
	for n := 1; n <= len(f.lines); n++ {
		f.take(n, f.lines[n-1])
		n = max(n, f.textEnd)
	}
	if err != nil {
		f.fault(len(f.lines), 0, "", "the file cannot be read on: "+err.Error())
	}
	f.endSkip()
	return &f.Parsed
}

// level is a mode that a line has led into. In a file whose blocks are indented, a line that stands no deeper
// than that line does not belong to the mode.
type level struct {
	mode *Mode
	obj  any
	env  any
	head int // how deep the line stands

	passed bool // the block means nothing here
}

type file struct {
	index map[listID]*listIndex
	Parsed
	stack    []level // modes from the outermost to the current one
	indented bool    // blocks of this file are
	skipping bool    // lines deeper than skip are passed over
	quiet    bool    // without a word: nothing was wrong with their head
	skip     int
	skipped  int
	lines    []string
	textEnd  int // the last line of a text that is passed over
}

func (f *file) take(n int, raw string) {
	line := strings.TrimRight(strings.TrimPrefix(raw, "\ufeff"), " \t\r")
	body := strings.TrimLeft(line, " \t")
	indent := len(line) - len(body)
	if m := prompted.FindString(body); m != "" {
		body, indent = body[len(m):], 0
	}
	if body == "end" {
		f.stack = f.stack[:1]
	}
	if body == "" || body[0] == '!' || body == "end" || noise.MatchString(body) {
		f.endSkip()
		return
	}
	f.indented = f.indented || indent > 0
	if f.skipping && indent > f.skip {
		f.skipped++
		return
	}
	f.endSkip()
	if shown, ok := f.stack[0].mode.beginsText(f.stack[0].env, body); ok {
		line, body = line[:len(line)-len(body)]+shown, shown
	}
	if body == "exit" {
		if len(f.stack) > 1 {
			f.stack = f.stack[:len(f.stack)-1]
		}
		return
	}
	f.statement(n, body, len(line)-len(body), indent, refusal(line))
}

// refusal is why a line is not taken, whatever it says; empty: it is.
func refusal(line string) string {
	if len(line) > maxLine {
		return fmt.Sprintf("the line has %d characters; at most %d", len(line), maxLine)
	}
	if i := strings.IndexFunc(line, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }); i >= 0 {
		return fmt.Sprintf("control character %#02x in the line", line[i])
	}
	return ""
}

// statement tries the innermost mode first, then the outer ones. If a line fits none or is refused, the mode that
// comes nearest to understanding it becomes the current one: the line may be the head of a block, and the lines of
// that block must not go to the block before.
func (f *file) statement(n int, body string, offset, indent int, refused string) {
	var worst fault
	form, from := negated(body)
	for n := len(f.stack) - 1; f.stack[n].passed && f.indented && indent <= f.stack[n].head; n-- {
		f.stack = f.stack[:n] // a word of that block may begin as the next one's does
	}
	nearest, first := 0, f.within(indent)
	for i := len(f.stack) - 1; i >= 0; i-- {
		l := f.stack[i]
		s, a, flt := parse(l.env, l.mode.Statements, body, from, form != plainForm)
		if flt.kind == fine && refused != "" {
			worst, nearest = flt, i
			break
		}
		if flt.kind == fine {
			f.stack = f.stack[:i+1]
			old := f.said(s, l, a, form)
			note, err := s.do(&scope{l.env, f.index}, l.obj, a, form)
			if err != nil {
				f.skip, f.skipping, f.skipped = indent, true, 0
				f.fault(n, offset, "", err.Error())
				f.Faults[len(f.Faults)-1].In = l.obj
				return
			}
			if s.passed || s.opens != "" {
				f.Notes = append(f.Notes, Fault{Line: n, Text: note})
			}
			f.passText(n, s, a, form)
			f.changed(n, s, old)
			f.applied(n, indent, s, l, a, form)
			return
		}
		if i == len(f.stack)-1 || worse(flt, worst) || i == first && !worse(worst, flt) {
			worst, nearest = flt, i
		}
	}
	top := f.stack[0]
	f.stack = f.stack[:nearest+1]
	f.skip, f.skipping, f.skipped = indent, true, 0
	text, word := worst.describe(), worst.word
	if refused != "" {
		text, word = refused, ""
	} else if worst.at == firstWord(body, from) {
		if where := under(top.env, top.mode, body, from, form != plainForm); where != "" {
			text += ". " + where
		}
	}
	f.fault(n, offset+worst.at, word, text)
	f.Faults[len(f.Faults)-1].In = f.stack[nearest].obj
}

// passText passes over the lines of the text that line n begins. A text that never ends is a fault; the
// lines after it are read, for they are the configuration.
func (f *file) passText(n int, s *Statement, a Args, form form) {
	end, open := s.openText(a, form)
	if !open {
		return
	}
	for i, line := range f.lines[n:] {
		if endsText(line, end) {
			f.textEnd = n + i + 1
			return
		}
	}
	f.fault(n, 0, "", fmt.Sprintf("the text that begins here has no end: %s does not come again. The lines after it "+
		"are read as configuration", end))
}

// saying is what an earlier line of the file has said of an object.
type saying struct {
	of, env any
	text    string
	line    int // 0: none has
}

// said finds what an earlier line of the file has said of what this line is about.
func (f *file) said(s *Statement, l level, a Args, form form) (x saying) {
	if form != plainForm || s.lines == nil {
		return x
	}
	in, obj := s.within(&scope{l.env, f.index}, l.obj, a, false)
	if obj != nil && s.child != nil {
		obj = s.child(in, obj, a)
	}
	if obj == nil || s.fields.zero(obj, s.names) {
		return x
	}
	x.of, x.env, x.text = obj, in.env, s.line(in.env, obj, nil)
	for _, name := range s.names {
		if !slices.Contains(s.keys, name) { // a line with the keys alone says nothing new
			x.line = max(x.line, f.Source[Place{obj, name}])
		}
	}
	if x.line == 0 {
		x.line = f.Source[Place{obj, ""}]
	}
	return x
}

// changed notes that line n replaces what an earlier line has said.
func (f *file) changed(n int, s *Statement, old saying) {
	if old.line > 0 && s.line(old.env, old.of, nil) != old.text {
		f.Changes = append(f.Changes, Fault{Line: n, Text: fmt.Sprintf("this line takes the place of line %d, `%s`",
			old.line,
			old.text)})
	}
}

// within is the innermost mode to which a line can belong that is indented by indent.
func (f *file) within(indent int) int {
	i := len(f.stack) - 1
	for f.indented && i > 0 && indent <= f.stack[i].head {
		i--
	}
	return i
}

// worse tells whether fault a says more about a line than b, the fault of a mode that was tried before.
func worse(a, b fault) bool {
	return a.at > b.at || a.at == b.at && a.kind == ambiguous && b.kind == invalid
}

// applied notes which line the values came from, and follows a line that leads into a mode. indent is how
// far the line is indented.
func (f *file) applied(n, indent int, s *Statement, l level, a Args, form form) {
	if form != plainForm {
		return
	}
	if s.passed {
		f.stack = append(f.stack, level{s.mode, l.obj, l.env, indent, true})
		f.skip, f.skipping, f.quiet, f.skipped = indent, true, true, 0
		return
	}
	in, obj := s.within(&scope{l.env, f.index}, l.obj, a, false)
	if s.part != nil && a.Has(s.part.name) { // the part begins with the first line that names it
		if at := (Place{obj, s.part.name}); f.Source[at] == 0 {
			f.Source[at] = n
		}
	}
	if s.child != nil {
		obj = s.child(in, obj, a)
		f.Source[Place{obj, ""}] = n
	}
	for name := range a {
		f.Source[Place{obj, name}] = n
	}
	if s.mode != nil {
		f.stack = append(f.stack, level{s.mode, obj, in.env, indent, false})
	}
}

func (f *file) fault(n, at int, w, text string) {
	f.Faults = append(f.Faults, Fault{Line: n, Col: at + 1, Word: w, Text: text})
}

func (f *file) endSkip() {
	if f.skipping && f.skipped > 0 && !f.quiet {
		last := &f.Faults[len(f.Faults)-1]
		last.Text += fmt.Sprintf("; lines passed over under it: %d", f.skipped)
	}
	f.skipping, f.quiet, f.skipped = false, false, 0
}

// describe says what is wrong with a word in a sentence.
func (f fault) describe() string {
	expect := "expected " + strings.Join(f.expect, ", ")
	switch f.kind {
	case incomplete:
		return "the line is incomplete; " + expect
	case ambiguous:
		return "ambiguous: " + strings.Join(f.expect, ", ")
	}
	if f.reason != "" {
		return f.reason
	}
	return "not understood; " + expect
}

// form is how a configuration line is given.
type form uint8

const (
	plainForm   form = iota
	noForm           // `no` in front: the opposite, or taken away
	defaultForm      // `default` in front: as if it had never been said
)

// negated finds the `no` or `default` in front of a line.
func negated(line string) (f form, from int) {
	if from, no := after(line, "no"); no {
		return noForm, from
	}
	if from, def := after(line, "default"); def {
		return defaultForm, from
	}
	return plainForm, 0
}

// after finds a word in front of a line, with a blank behind it, and what follows.
func after(line, first string) (from int, ok bool) {
	rest := strings.TrimLeft(line, " \t")
	from = len(line) - len(rest) + len(first)
	if len(rest) <= len(first) || !strings.EqualFold(rest[:len(first)], first) ||
		!strings.ContainsAny(rest[len(first):][:1], " \t") {
		return 0, false
	}
	return from + 1, true
}

// do applies a configuration statement in one of its forms.
func (s *Statement) do(in *scope, obj any, a Args, form form) (note string, err error) {
	in, obj = s.within(in, obj, a, form == plainForm)
	if obj == nil {
		return "", fmt.Errorf("there is no %s %s", s.part.name, s.part.typ.Format(in.env, a[s.part.name]))
	}
	if form == plainForm && s.mode != nil && s.child(in, obj, a) == nil {
		// This comes before check, which may give what is missing the value of nothing.
		if words, whole := s.emit(in.env, s.syntax, a.get); !whole {
			return "", fmt.Errorf("there is no %s yet; to make it, the line must be complete", strings.Join(words, " "))
		}
	}
	if s.check != nil {
		if note, err = s.check(in.env, a); err != nil {
			return "", err
		}
	}
	if err := s.objection(in, obj, a, form); err != nil {
		return "", err
	}
	switch {
	case form != plainForm && s.unset == nil:
		return "", fmt.Errorf("this command has no `no` form")
	case form == defaultForm && s.reset != nil:
		return note, s.reset(in, obj, a)
	case form != plainForm:
		return note, s.unset(in, obj, a)
	}
	return note, s.apply(in, obj, a)
}

// objection is why a line cannot change, or take away, the element that it names.
func (s *Statement) objection(in *scope, obj any, a Args, form form) error {
	again := s.again != nil && form == plainForm
	needed := s.needed != nil && form != plainForm && in.index == nil // in a file what needs it may go later
	if !again && !needed {
		return nil
	}
	e := s.child(in, obj, a)
	switch {
	case e == nil:
		return nil
	case again:
		return s.again(in.env, e, a)
	}
	return s.needed(in.env, e)
}
