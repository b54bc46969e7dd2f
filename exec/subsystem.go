package exec

import (
	"fmt"
	"io"
	"time"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/status"
)

// subsystemCommands has the commands about subsystems of this node.
func subsystemCommands(h Host) []*cli.Statement {
	words := kw("sccp", "Signalling connection control part")
	change := func(word, help, done string, f func(n Node, ssn uint8) error) *cli.Statement {
		return command(h, func(n Node, c *cli.Call) error {
			err := f(n, uint8(c.Args.Uint("ssn", 0)))
			if err == nil {
				fmt.Fprintln(c.Out, done)
			}
			return err
		}, configs.CS7(words, kw(word, help), cli.Arg("ssn", cli.Uint(2, 254), "Subsystem number"))).Privileged()
	}
	return []*cli.Statement{
		showCS7(h, func(n Node, _ *cli.Call) ([]status.Subsystem, error) { return n.Subsystems(), nil }, printSubsystems,
			words, kw("subsystems", "Subsystems of this node, their states and other halves")),
		change("prohibit", "Take a subsystem of this node out of service, and tell who is concerned (SSP)",
			"It is prohibited; those of `cs7 gtt concern-pclist` and its other half are told.",
			func(n Node, ssn uint8) error { return n.SetSubsystem(ssn, false) }),
		change("allow", "Put a subsystem of this node into service, and tell who is concerned (SSA)",
			"It is allowed; those of `cs7 gtt concern-pclist` and its other half are told.",
			func(n Node, ssn uint8) error { return n.SetSubsystem(ssn, true) }),
		change("withdraw",
			"Ask the other half of a duplicated subsystem whether this one may go out of service (SOR)",
			"Its other half is asked; a log message tells its answer, `show cs7 sccp subsystems` the state.",
			Node.WithdrawSubsystem),
	}
}

func printSubsystems(w io.Writer, _ *cli.Call, all []status.Subsystem) {
	if len(all) == 0 {
		fmt.Fprintln(w, "This node has no subsystem but SCCP management (1); `cs7 sccp local-ssn N` makes one.")
		return
	}
	fmt.Fprintf(w, "%-4s %-9s %-20s %s\n", "SSN", "State", "Other half", "Why")
	for _, s := range all {
		mate, why := "-", s.Reason
		if s.MatePC != "" {
			mate = fmt.Sprintf("%s %d", s.MatePC, s.MateSSN)
		}
		if !s.GrantUntil.IsZero() {
			why = fmt.Sprintf("to be withdrawn: its other half has %v more to grant it",
				time.Until(s.GrantUntil).Round(time.Second))
		}
		fmt.Fprintf(w, "%-4d %-9s %-20s %s\n", s.SSN, s.State, mate, why)
	}
}
