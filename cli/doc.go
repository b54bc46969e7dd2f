// Package cli is a command-line engine with the manners of IOS that knows nothing
// of what it commands. Statements are declared once (statement.go): from the
// declaration come parsing, `?`, completion, range checks, the `no` form, the line
// of the running configuration, and the reading of files.
//
// A statement is a syntax, built from elements (syntax.go) and matched as a small
// non-deterministic automaton over words (match.go). What it binds goes by
// reflection into struct fields tagged `cli:"name"` (bind.go). A Session holds the
// mode and runs lines (session.go, builtin.go); Serve joins it to a terminal
// (terminal.go), of which input.go is the near side: it reads ahead, so that Ctrl-C
// reaches a running command and pasted lines wait for it. A command's output goes
// through its `|` filter (pipe.go) and then the pager (pager.go).
//
// One goroutine owns a Session. Only Log, Monitor and SetMonitor may be called from
// others.
//
// The terminal is golang.org/x/term's. chzyer/readline v1.5.1 was the first choice.
// Under the race detector, writing above the prompt (Instance.Stdout) races there
// with the goroutine that edits the line: it redraws the line buffer without the
// lock of its owner. Its Ctrl-Z suspends the whole process, and its window-change
// callback is one for the process. x/term takes any io.ReadWriter, shows every key
// to a callback (so `?` needs no Enter) and redraws the prompt when something is
// written above it.
package cli
