package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
)

// App is what sessions command.
type App interface {
	Hostname() string
	// Env is the root of the running configuration; nobody writes through it.
	Env() any
	// Edit calls change on a clone of the running configuration and puts it in
	// force. An error leaves everything as it was.
	Edit(line string, change func(root any) error) error
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
	history []string
	height  int // terminal length; -1: that of the terminal

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
	name := s.app.Hostname()
	switch {
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

// offered are the statements of the current mode for a line, whose `no` or `do`
// in front is taken off words.
func (s *Session) offered(line *string, words *[]word) []*Statement {
	w := *words
	if !s.config {
		return s.exec()
	}
	if len(w) > 0 && w[0].text == "do" {
		*words = w[1:]
		return s.exec()
	}
	if len(w) > 0 && (w[0].text == "no" || w[0].text == "default") {
		*words = w[1:]
		return s.mode().Statements
	}
	return append(append([]*Statement(nil), s.mode().Statements...), s.configBuiltins()...)
}

// exec are the commands of the exec that this session may use.
func (s *Session) exec() []*Statement {
	var out []*Statement
	for _, c := range append(append([]*Statement(nil), s.tree.Exec...), s.builtin...) {
		if s.enabled || !c.privileged {
			out = append(out, c)
		}
	}
	return out
}

// Run carries out one line as typed. What fails is printed in IOS's manner and
// gives an error.
func (s *Session) Run(ctx context.Context, line string) error {
	line = strings.TrimRight(line, " \t\r\n")
	offset := len(s.Prompt())
	if len(line) > maxLine {
		return s.fail(fmt.Sprintf("The line has %d characters; at most %d.", len(line), maxLine))
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
	if m := prompted.FindString(strings.TrimLeft(line, " ")); m != "" {
		offset += strings.Index(line, m) + len(m)
		line = strings.TrimLeft(line, " ")[len(m):]
	}
	body := strings.TrimSpace(line)
	if body == "" || body[0] == '!' {
		return nil
	}
	s.remember(body)
	if s.config {
		return s.configure(ctx, line, offset)
	}
	return s.command(ctx, line, 0, offset)
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
func (s *Session) command(ctx context.Context, line string, from, offset int) error {
	head, filter, err := splitPipe(line)
	if err != nil {
		return s.fail(err.Error())
	}
	stmt, args, f := parse(s.app.Env(), s.exec(), head, from, false)
	if f.kind != fine {
		return s.mistake(f, line, offset, s.hint(head, from))
	}
	out := s.output()
	if filter != nil {
		filter.to = out
	}
	call := &Call{Session: s, Args: args, Env: s.app.Env(), Out: out, Context: ctx}
	if filter != nil {
		call.Out = filter
	}
	err = stmt.run(call)
	if filter != nil {
		filter.end()
	}
	if err != nil {
		return s.fail(err.Error())
	}
	return nil
}

// output is where a command writes: the terminal's pager if there is one.
func (s *Session) output() io.Writer {
	if p, ok := s.out.(interface{ page(int) io.Writer }); ok {
		return p.page(s.height)
	}
	return s.out
}

// hint helps with the usual mistakes of mode.
func (s *Session) hint(line string, from int) string {
	if _, _, f := parse(s.app.Env(), s.tree.Config.Statements, line, from, false); f.kind == fine {
		return "This is a configuration command: type `configure terminal` first."
	}
	if !s.enabled {
		for _, c := range s.tree.Exec {
			if _, _, f := parse(s.app.Env(), []*Statement{c}, line, from, false); f.kind == fine && c.privileged {
				return "This command is privileged: type `enable` first."
			}
		}
	}
	return ""
}

// configure carries out a line of a configuration mode: the innermost mode that
// knows it, from here outwards.
func (s *Session) configure(ctx context.Context, line string, offset int) error {
	words := split(line)
	if words[0].text == "do" && len(words) > 1 {
		return s.command(ctx, line, words[1].at, offset)
	}
	env := s.app.Env()
	if b, a, f := parse(env, s.configBuiltins(), line, 0, false); f.kind == fine {
		return b.run(&Call{Session: s, Args: a, Env: env, Out: s.out, Context: ctx})
	}
	no, from := negated(line)
	var worst fault
	for depth := len(s.path); depth >= 0; depth-- {
		m := s.tree.Config
		if depth > 0 {
			m = s.path[depth-1].stmt.mode
		}
		stmt, a, f := parse(env, m.Statements, line, from, no)
		if f.kind == fine {
			return s.change(line, stmt, a, no, depth)
		}
		if depth == len(s.path) || f.at > worst.at {
			worst = f
		}
	}
	hint := ""
	if _, _, f := parse(env, s.exec(), line, 0, false); f.kind == fine {
		hint = "This is an exec command: put `do` in front of it."
	}
	return s.mistake(worst, line, offset, hint)
}

// change applies a statement of the mode at depth of the path.
func (s *Session) change(line string, stmt *Statement, a Args, no bool, depth int) error {
	note := ""
	err := s.app.Edit(line, func(root any) error {
		obj := resolve(root, s.path[:depth])
		if obj == nil {
			s.path = nil
			return errors.New("what this mode configures does not exist any more; back in global configuration")
		}
		var err error
		note, err = stmt.do(root, obj, a, no)
		return err
	})
	if err != nil {
		return s.fail(err.Error())
	}
	if note != "" {
		fmt.Fprintln(s.out, "% "+note)
	}
	s.path = s.path[:min(depth, len(s.path))]
	if stmt.mode != nil && !no {
		s.path = append(s.path[:len(s.path):len(s.path)], place{stmt, pick(a, stmt.keys)})
	}
	return nil
}

// resolve finds the object of a mode in a configuration; nil if it is gone.
func resolve(obj any, path []place) any {
	for _, p := range path {
		if obj = p.stmt.child(obj, p.keys); obj == nil {
			return nil
		}
	}
	return obj
}

// fail prints why in IOS's manner.
func (s *Session) fail(why string) error {
	for _, l := range strings.Split(strings.TrimRight(why, "\n"), "\n") {
		fmt.Fprintln(s.out, "% "+l)
	}
	return ErrFailed
}

// mistake prints what is wrong with a line; offset is where it began on the screen.
func (s *Session) mistake(f fault, line string, offset int, hint string) error {
	switch f.kind {
	case incomplete:
		fmt.Fprintln(s.out, "% Incomplete command.")
		if len(f.expect) > 0 {
			fmt.Fprintln(s.out, "% Expected: "+strings.Join(f.expect, ", "))
		}
	case ambiguous:
		fmt.Fprintf(s.out, "%% Ambiguous command:  %q\n%% It may be: %s\n", oneLine(line), strings.Join(f.expect, ", "))
	default:
		fmt.Fprintf(s.out, "%s^\n%% Invalid input detected at '^' marker.\n", strings.Repeat(" ", offset+f.at))
		if f.reason != "" {
			fmt.Fprintln(s.out, "% "+f.reason)
		}
	}
	if hint != "" {
		fmt.Fprintln(s.out, "% "+hint)
	}
	return ErrFailed
}
