package cli

import (
	"fmt"
	"io"
	"slices"
)

// builtins are the exec commands of the engine itself.
func (s *Session) builtins() []*Statement {
	end := func(*Call) error { s.ended = true; return nil }
	enabled := func(on bool) func(*Call) error { return func(*Call) error { s.enabled = on; return nil } }
	return append([]*Statement{
		Command(Kw("enable", "Turn on privileged commands"), enabled(true)),
		Command(Kw("disable", "Turn off privileged commands"), enabled(false)).Privileged(),
		Command(Seq(Kw("configure", "Enter configuration mode"), Opt(Kw("terminal", "From this terminal"))),
			func(c *Call) error {
				fmt.Fprintln(c.Out, "Enter configuration commands, one per line.  End with CNTL/Z.")
				s.config = true
				return nil
			}).Privileged(),
		Command(Kw("exit", "Leave this console"), end),
		Command(Kw("logout", "Leave this console"), end),
		Command(Kw("quit", "Leave this console"), end),
		Query(Seq(Kw("show", "Show what is configured and what goes on"), Kw("history", "Lines typed here")),
			s.showHistory),
	}, s.terminalBuiltins()...)
}

// terminalBuiltins are the settings of the terminal.
func (s *Session) terminalBuiltins() []*Statement {
	terminal, monitor := Kw("terminal", "Settings of this terminal"), Kw("monitor", "Show log messages here")
	no := Kw("no", "Turn off")
	wanted := func(on bool) func(*Call) error { return func(*Call) error { s.SetMonitor(on); return nil } }
	return []*Statement{
		Command(Seq(terminal, Kw("length", "Lines before --More--"), Arg("lines", Uint(0, 512), "Lines; 0: never")),
			func(c *Call) error {
				s.height = int(c.Args.Uint("lines", 0))
				return nil
			}),
		Command(Seq(terminal, monitor), wanted(true)),
		Command(Seq(terminal, no, monitor), wanted(false)),
		Command(Seq(no, terminal, monitor), wanted(false)),
	}
}

// configBuiltins are the commands of every configuration mode.
func (s *Session) configBuiltins() []*Statement {
	return []*Statement{
		Command(Kw("end", "Back to the exec"), func(*Call) error { s.leaveConfig(); return nil }),
		Command(Kw("exit", "One level up"), func(*Call) error {
			if len(s.path) == 0 {
				s.leaveConfig()
			} else {
				s.path = s.path[:len(s.path)-1]
			}
			return nil
		}),
		Command(Kw("no", "Take a line back"), s.alone),
		Command(Kw("do", "An exec command"), s.alone),
	}
}

// alone is for `no` and `do` with nothing after them.
func (s *Session) alone(*Call) error {
	return s.mistake(fault{kind: incomplete}, "", "")
}

func (s *Session) leaveConfig() { s.config, s.path, s.text = false, nil, "" }

func (s *Session) showHistory(*Call) (Answer, error) {
	typed := slices.Clone(s.history)
	return Answer{typed, func(w io.Writer, lines any) {
		for _, l := range lines.([]string) {
			fmt.Fprintln(w, "  "+l)
		}
	}}, nil
}
