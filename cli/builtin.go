package cli

import (
	"fmt"
	"io"
	"slices"
)

// builtins are the exec commands of the engine itself.
func (s *Session) builtins() []*Statement {
	end := func(*Call) error { s.ended = true; return nil }
	terminal := Kw("terminal", "Settings of this terminal")
	return []*Statement{
		Command(Kw("enable", "Turn on privileged commands"), func(*Call) error { s.enabled = true; return nil }),
		Command(Kw("disable", "Turn off privileged commands"), func(*Call) error { s.enabled = false; return nil }).Privileged(),
		Command(Seq(Kw("configure", "Enter configuration mode"), Opt(Kw("terminal", "From this terminal"))), func(c *Call) error {
			fmt.Fprintln(c.Out, "Enter configuration commands, one per line.  End with CNTL/Z.")
			s.config = true
			return nil
		}).Privileged(),
		Command(Kw("exit", "Leave this console"), end),
		Command(Kw("logout", "Leave this console"), end),
		Command(Kw("quit", "Leave this console"), end),
		Query(Seq(Kw("show", "Show what is configured and what goes on"), Kw("history", "Lines typed here")), s.showHistory),
		Command(Seq(terminal, Kw("length", "Lines before --More--"), Arg("lines", Uint(0, 512), "Lines; 0: never")), func(c *Call) error {
			s.height = int(c.Args.Uint("lines", 0))
			return nil
		}),
		Command(Seq(terminal, Kw("monitor", "Show log messages here")), func(*Call) error { s.SetMonitor(true); return nil }),
		Command(Seq(terminal, Kw("no", "Turn off"), Kw("monitor", "Show log messages here")), func(*Call) error { s.SetMonitor(false); return nil }),
		Command(Seq(Kw("no", "Turn off"), terminal, Kw("monitor", "Show log messages here")), func(*Call) error { s.SetMonitor(false); return nil }),
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
	return Answer{typed, func(w io.Writer) {
		for _, l := range typed {
			fmt.Fprintln(w, "  "+l)
		}
	}}, nil
}
