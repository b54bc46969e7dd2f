package node

import (
	"fmt"
	"time"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/sccp"
	"github.com/gostp/gostp/ss7"
)

// subsystemCommands are those about the subsystems of this node.
func (n *Node) subsystemCommands() []*cli.Statement {
	words := kw("sccp", "Signalling connection control part")
	change := func(word, help, done string, f func(*sccp.Management, uint8, []ss7.Action) ([]ss7.Action, error)) *cli.Statement {
		return cli.Command(configs.CS7(words, kw(word, help), cli.Arg("ssn", cli.Uint(2, 254), "Subsystem number")), func(c *cli.Call) error {
			var err error
			n.core.ask(func() { n.core.actions, err = f(n.core.sccp.management, uint8(c.Args.Uint("ssn", 0)), n.core.actions) })
			if err == nil {
				fmt.Fprintln(c.Out, done)
			}
			return err
		}).Privileged()
	}
	set := func(allowed bool) func(*sccp.Management, uint8, []ss7.Action) ([]ss7.Action, error) {
		return func(m *sccp.Management, ssn uint8, out []ss7.Action) ([]ss7.Action, error) {
			return m.SetLocal(ssn, allowed, out)
		}
	}
	return []*cli.Statement{
		showCS7(n.showSubsystems, words, kw("subsystems", "Subsystems of this node, their states and other halves")),
		change("prohibit", "Take a subsystem of this node out of service, and tell who is concerned (SSP)", "It is prohibited; those of `cs7 gtt concern-pclist` and its other half are told.", set(false)),
		change("allow", "Put a subsystem of this node into service, and tell who is concerned (SSA)", "It is allowed; those of `cs7 gtt concern-pclist` and its other half are told.", set(true)),
		change("withdraw", "Ask the other half of a duplicated subsystem whether this one may go out of service (SOR)", "Its other half is asked; a log message tells its answer, `show cs7 sccp subsystems` the state.",
			func(m *sccp.Management, ssn uint8, out []ss7.Action) ([]ss7.Action, error) {
				return m.Withdraw(time.Now(), ssn, out)
			}),
	}
}

func (n *Node) showSubsystems(c *cli.Call) error {
	var locals []sccp.LocalState
	n.core.ask(func() { locals = n.core.sccp.management.Locals() })
	f := n.Config().Notation()
	if len(locals) == 0 {
		fmt.Fprintln(c.Out, "This node has no subsystem but SCCP management (1); `cs7 sccp local-ssn N` makes one.")
		return nil
	}
	fmt.Fprintf(c.Out, "%-4s %-9s %-20s %s\n", "SSN", "State", "Other half", "Why")
	for _, s := range locals {
		state, mate, why := "allowed", "-", ""
		if s.Mate != nil {
			mate = fmt.Sprintf("%s %d", f.Format(s.Mate.PC), s.Mate.SSN)
		}
		switch {
		case !s.Allowed:
			state, why = "prohib", "prohibited or withdrawn at the prompt; `cs7 sccp allow` puts it back"
		case !s.Asked.IsZero():
			why = fmt.Sprintf("to be withdrawn: its other half has %v more to grant it", time.Until(s.Asked).Round(time.Second))
		}
		fmt.Fprintf(c.Out, "%-4d %-9s %-20s %s\n", s.SSN, state, mate, why)
	}
	return nil
}
