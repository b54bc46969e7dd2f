// Package cli is a command-line engine with the manners of IOS that knows nothing
// of what it commands. Statements are declared once (statement.go): from the
// declaration come parsing, `?`, completion, range checks, the `no` form, the line
// of the running configuration, and the reading of files.
//
// A statement is a syntax, built from elements (syntax.go) and matched as a small
// non-deterministic automaton over words (match.go). What it binds goes by
// reflection into struct fields tagged `cli:"name"` (bind.go). A Session holds the
// mode and runs lines (session.go, builtin.go); Serve joins it to a terminal
// (terminal.go, pager.go).
//
// The terminal is golang.org/x/term's. chzyer/readline was the first choice: it
// keeps process-wide state (standard input, window-change signals) and wants a
// goroutine's lines to go through its own writers, which several sessions over
// sockets do not fit; x/term takes any io.ReadWriter, shows every key to a callback
// (so `?` needs no Enter) and redraws the prompt when something is written above it.
package cli
