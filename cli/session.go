package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/gostp/gostp/internal/printable"
)

// App is what sessions command.
type App interface {
	Hostname() string
	// Env is the root of the running configuration; it is never written through.
	Env() any
	// Edit calls change on a clone of the running configuration and puts it in
	// force. An error leaves everything as it was. The notes are for who typed the line.
	Edit(line string, change func(root any) error) (notes []string, err error)
}

// ErrFailed is what Run returns for a line that failed; why was printed.
var ErrFailed = errors.New("the command failed")

// Session is one console: its mode, privilege and terminal settings. Its methods
// are called from one goroutine, except Log, Monitor and SetMonitor.
type Session struct {
	app     App
	tree    *Tree
	builtin []*Statement
	out     io.Writer

	enabled bool
	config  bool
	path    []place // of sub-modes, outermost first
	ended   bool
	left    bool
	text    string   // the delimiter of a text that is being passed over; empty: none is
	history []string // oldest first
	typed   string   // the line that runs, as it came
	offset  int      // column of the screen at which what is parsed of it began
	unseen  bool     // there is no terminal, on which a person would see what is sent
	script  bool     // a program sends the lines
	height  int      // terminal length; -1: that of the terminal

	mu      sync.Mutex
	monitor bool
	logs    chan string // to the terminal, while it is served
}

// place leads into a sub-mode; the object is found anew in each configuration.
type place struct {
	stmt *Statement
	keys Args
}

// NewSession makes a session in user exec.
func NewSession(app App, tree *Tree, out io.Writer) *Session {
	s := &Session{app: app, tree: tree, out: out, height: -1}
	s.builtin = s.builtins()
	return s
}

// Enable makes the session privileged.
func (s *Session) Enable() { s.enabled = true }

// Ended tells whether the session was left with exit.
func (s *Session) Ended() bool { return s.ended }

// Script tells the session that its lines come from a program. No person sees them as they are typed, or can be
// asked.
func (s *Session) Script() { s.script = true }

// Unattended tells whether the session's lines come from a program, or from what is no terminal.
func (s *Session) Unattended() bool { return s.unseen || s.script }

// Leave makes Serve return; the session can be served again.
func (s *Session) Leave() { s.left = true }

// Monitor tells whether log lines are wanted here.
func (s *Session) Monitor() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.monitor
}

// SetMonitor is `terminal monitor`.
func (s *Session) SetMonitor(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.monitor = on
}

// Log shows a line above the prompt if a terminal is served. It never waits; a
// terminal that is too slow misses lines.
func (s *Session) Log(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case s.logs <- text:
	default:
	}
}

// Prompt is the host name and the mode.
func (s *Session) Prompt() string {
	name := printable.Line(s.app.Hostname())
	switch {
	case s.text != "":
		return name + "(config-text)#"
	case s.config:
		return name + "(" + s.mode().Name + ")#"
	case s.enabled:
		return name + "#"
	}
	return name + ">"
}

func (s *Session) mode() *Mode {
	if n := len(s.path); n > 0 {
		return s.path[n-1].stmt.mode
	}
	return s.tree.Config
}

// reading is one way to read a line: what it may be, and where that begins.
type reading struct {
	stmts []*Statement
	env   any
	from  int
	form  form
	exec  bool
	depth int // of the mode: 0 is global configuration
}

// readings are the ways to read a line in the current mode, in the order in which
// they are tried: the innermost mode first.
func (s *Session) readings(line string) []reading {
	env := s.app.Env()
	if !s.config {
		return []reading{{stmts: s.exec(), env: env, exec: true}}
	}
	if from, ok := after(line, "do"); ok {
		return []reading{{stmts: s.exec(), env: env, from: from, exec: true}}
	}
	form, from := negated(line)
	var out []reading
	for depth := len(s.path); depth >= 0; depth-- {
		r := reading{stmts: s.tree.Config.Statements, env: env, from: from, form: form, depth: depth}
		if depth > 0 {
			r.stmts = s.path[depth-1].stmt.mode.Statements
			r.env = resolve(env, s.path[:depth]).env
		}
		if depth == len(s.path) && form == plainForm {
			r.stmts = slices.Concat(r.stmts, s.configBuiltins())
		}
		out = append(out, r)
	}
	return out
}

// exec are the commands of the exec that this session may use.
func (s *Session) exec() []*Statement {
	var out []*Statement
	for _, c := range slices.Concat(s.tree.Exec, s.builtin) {
		if s.enabled || !c.privileged {
			out = append(out, c)
		}
	}
	return out
}

// Run carries out one line as typed. What fails is printed in IOS's manner and
// gives ErrFailed. ctx ends a command that runs long.
func (s *Session) Run(ctx context.Context, line string) error {
	line = strings.TrimRight(line, " \t\r\n")
	s.typed = line
	if s.text != "" {
		if endsText(line, s.text) {
			s.text = ""
		}
		return nil
	}
	if len(line) > maxLine {
		return s.fail(fmt.Sprintf("The line has %d characters; at most %d.", len(line), maxLine))
	}
	if shown, ok := s.tree.Config.beginsText(s.app.Env(), line); ok && s.config {
		line = shown
	}
	line = strings.Map(func(r rune) rune {
		if r == '\t' {
			return ' '
		}
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, line)
	s.offset = utf8.RuneCountInString(s.Prompt())
	if m := prompted.FindString(strings.TrimLeft(line, " ")); m != "" {
		cut := strings.Index(line, m) + len(m)
		s.offset += cut
		line = line[cut:]
	}
	body := strings.TrimSpace(line)
	if body == "" || body[0] == '!' || s.config && noise.MatchString(body) {
		return nil
	}
	s.remember(body)
	if s.config {
		return s.configure(ctx, line)
	}
	return s.command(ctx, line, 0)
}

func (s *Session) remember(line string) {
	if n := len(s.history); n == 0 || s.history[n-1] != line {
		s.history = append(s.history, line)
	}
	if len(s.history) > 100 {
		s.history = s.history[1:]
	}
}

// command carries out an exec command, which begins at from in line.
func (s *Session) command(ctx context.Context, line string, from int) error {
	head, filter, f := splitPipe(line)
	if f.kind != fine {
		return s.mistake(f, line, "")
	}
	env := s.app.Env()
	stmt, args, f := parse(env, s.exec(), head, from, false)
	if f.kind != fine {
		return s.mistake(f, line, s.hint(head, from, f))
	}
	call := &Call{Session: s, Args: args, Line: strings.TrimSpace(head[from:]), Env: env, Out: s.output(), Context: ctx}
	err := stmt.through(call, filter)
	if errors.Is(err, errNoQuery) {
		return s.mistake(fault{kind: invalid, at: strings.IndexByte(line, '|'), reason: err.Error()}, line, "")
	}
	if err == nil || errors.Is(err, ErrFailed) { // what failed so was printed
		return err
	}
	return s.fail(err.Error())
}

// Ask carries out a query, typed as in the exec and without a pipe, for a program that wants the
// value itself.
func (s *Session) Ask(ctx context.Context, line string) (Answer, error) {
	env := s.app.Env()
	stmt, args, f := parse(env, s.exec(), line, 0, false)
	switch {
	case f.kind != fine:
		return Answer{}, fmt.Errorf("%q is no command of this session", line)
	case stmt.ask == nil:
		return Answer{}, errNoQuery
	}
	return stmt.ask(&Call{Session: s, Args: args, Line: line, Env: env, Out: io.Discard, Context: ctx})
}

// output is where a command writes: the terminal's pager if there is one. What a command shows of far ends
// and files cannot command the terminal.
func (s *Session) output() io.Writer {
	if p, ok := s.out.(interface{ page(int) io.Writer }); ok {
		return printable.NewWriter(p.page(s.height))
	}
	return printable.NewWriter(s.out)
}

// hint helps with the usual mistakes of mode; f is why line is no exec command.
func (s *Session) hint(line string, from int, f fault) string {
	env := s.app.Env()
	fits := func(stmts []*Statement) bool {
		_, _, other := parse(env, stmts, line, from, false)
		return other.kind == fine || f.kind == invalid && other.at > f.at
	}
	words := wordsFrom(line, from)
	if len(words) == 0 {
		return ""
	}
	if !s.enabled && fits(slices.Concat(s.tree.Exec, s.builtin)) {
		return "This command is privileged: type `enable` first."
	}
	form, start := negated(line[from:])
	_, _, other := parse(env, s.tree.Config.Statements, line, from+start, form != plainForm)
	if f.at == words[0].at && (other.kind == fine || other.at > f.at) && !s.config {
		return fmt.Sprintf("`%s` is a configuration command: type `configure terminal` first.", words[0].text)
	}
	return ""
}

// configure carries out a line of a configuration mode: the innermost mode that
// knows it, from here outwards.
func (s *Session) configure(ctx context.Context, line string) error {
	if from, ok := after(line, "do"); ok {
		return s.command(ctx, line, from)
	}
	env := s.app.Env()
	var worst fault
	for i, r := range s.readings(line) {
		stmt, a, f := parse(r.env, r.stmts, line, r.from, r.form != plainForm)
		if f.kind == fine && stmt.run != nil {
			return stmt.run(&Call{Session: s, Args: a, Env: r.env, Out: printable.NewWriter(s.out), Context: ctx})
		}
		if f.kind == fine {
			return s.change(line, stmt, a, r.form, r.depth)
		}
		if i == 0 || worse(f, worst) {
			worst = f
		}
	}
	hint := ""
	head, _, _ := strings.Cut(line, "|")
	_, _, f := parse(env, s.exec(), head, 0, false)
	if worst.at == wordsFrom(line, 0)[0].at && (f.kind == fine || f.at > worst.at) {
		hint = "This is an exec command: put `do` in front of it."
	} else if form, from := negated(line); worst.at == firstWord(line, from) {
		hint = under(env, s.tree.Config, line, from, form != plainForm)
	}
	return s.mistake(worst, line, hint)
}

// firstWord is where the first word of a line stands from from on; -1: there is none.
func firstWord(line string, from int) int {
	if words := wordsFrom(line, from); len(words) > 0 {
		return words[0].at
	}
	return -1
}

// change applies a statement of the mode at depth of the path.
func (s *Session) change(line string, stmt *Statement, a Args, form form, depth int) error {
	note := ""
	warnings, err := s.app.Edit(line, func(root any) error {
		at := resolve(root, s.path[:depth])
		if at.found < depth {
			return s.lost(root)
		}
		var err error
		note, err = stmt.do(&scope{env: at.env}, at.obj, a, form)
		return err
	})
	if err != nil {
		return s.fail(err.Error())
	}
	if note != "" {
		s.say(note)
	}
	for _, w := range warnings {
		s.say("Warning: " + w)
	}
	if end, open := stmt.openText(a, form); open {
		s.text = end
		s.say(fmt.Sprintf("The lines that follow belong to the text, until one with %s.", end))
	}
	s.path = s.path[:min(depth, len(s.path))]
	if stmt.mode != nil && form == plainForm {
		s.path = append(s.path[:len(s.path):len(s.path)], place{stmt, pick(a, stmt.leading())})
	}
	return nil
}

// lost leaves a mode whose object another session has removed. It runs inside
// App.Edit, so it must not call the App.
func (s *Session) lost(root any) error {
	at := resolve(root, s.path)
	gone := s.path[at.found]
	s.path = s.path[:at.found]
	return fmt.Errorf("%s no longer exists; this session is in mode %s again", gone.stmt.text(at.env, gone.keys),
		s.mode().Name)
}

// resolved is where a path leads: to its object, or, if an object of the path is gone,
// as far as it was found.
type resolved struct {
	obj, env any
	found    int
}

// resolve follows a path from the root of a configuration.
func resolve(root any, path []place) resolved {
	at := resolved{obj: root, env: root}
	for i, p := range path {
		in, obj := p.stmt.within(&scope{env: at.env}, at.obj, p.keys, false)
		if obj == nil {
			return at
		}
		next := p.stmt.child(in, obj, p.keys)
		if next == nil {
			return at
		}
		at = resolved{next, in.env, i + 1}
	}
	return at
}

// fail prints why in IOS's manner.
func (s *Session) fail(why string) error {
	s.show()
	s.say(why)
	return ErrFailed
}

// say prints lines in the manner of a message.
func (s *Session) say(text string) {
	for l := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		_, _ = fmt.Fprintln(s.out, "% "+printable.Line(l))
	}
}

// show repeats a line that failed if no terminal shows what was sent.
func (s *Session) show() {
	if s.unseen {
		_, _ = fmt.Fprintln(s.out, s.Prompt()+printable.Line(s.typed))
	}
}

// mistake prints what is wrong with a line.
func (s *Session) mistake(f fault, line, hint string) error {
	if s.script {
		s.unseen = true // what is wrong with the line points at a place in it
		defer func() { s.unseen = false }()
	}
	s.show()
	switch f.kind {
	case incomplete:
		s.say("Incomplete command.")
		if len(f.expect) > 0 {
			s.say("Expected: " + strings.Join(f.expect, ", "))
		}
	case ambiguous:
		s.say("Ambiguous command:  \"" + oneLine(line) + "\"")
		s.say("It may be: " + strings.Join(f.expect, ", "))
	default:
		// The line stands behind the prompt on the screen.
		column := s.offset + utf8.RuneCountInString(line[:f.at])
		_, _ = fmt.Fprintln(s.out, strings.Repeat(" ", column)+"^")
		s.say("Invalid input detected at '^' marker.")
		if f.reason != "" {
			s.say(f.reason)
		}
	}
	if hint != "" {
		s.say(hint)
	}
	return ErrFailed
}
