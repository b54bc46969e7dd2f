package node

import (
	"bytes"
	"fmt"
	"io"
	"time"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/exec"
	"github.com/gostp/gostp/internal/printable"
)

// Hostname is half of cli.App.
func (n *Node) Hostname() string { return n.Config().Name() }

// Env is half of cli.App: the running configuration.
func (n *Node) Env() any { return n.Config() }

// Tree is every command of this node.
func (n *Node) Tree() *cli.Tree {
	all := append(exec.Commands(n), n.dispatch(n.commands())...)
	all = append(all, n.systemCommands()...)
	all = append(all, n.alarmCommands()...)
	all = append(all, n.ipCommands()...)
	all = append(all, n.opt.Commands...)
	return &cli.Tree{Exec: all, Config: configs.Global}
}

// commands are those of an instance.
func (n *Node) commands() []*cli.Statement {
	var all []*cli.Statement
	for _, p := range n.users.all {
		all = append(all, p.commands()...)
	}
	return all
}

// NewSession makes a console of this node. Log lines reach it if it is the
// console, or after `terminal monitor`.
func (n *Node) NewSession(out io.Writer, console bool) (s *cli.Session, end func()) {
	s = cli.NewSession(n, n.Tree(), out)
	end = n.log.Watch(console, func(line string) {
		if console || s.Monitor() {
			s.Log(line)
		}
	})
	return s, end
}

// applied runs f, a part of a command, while nothing else is applied. What it prints is printed
// afterwards: a console that takes nothing holds nobody up.
func (n *Node) applied(c *cli.Call, f func(w io.Writer) error) error {
	var out bytes.Buffer
	n.applying.Lock()
	err := f(&out)
	n.applying.Unlock()
	_, _ = c.Out.Write(out.Bytes()) // the session finds out by itself that its terminal has gone
	return err
}

func kw(word, help string) cli.Elem { return cli.Kw(word, help) }

// show puts `show` in front of a syntax.
func show(run func(*cli.Call) error, e ...cli.Elem) *cli.Statement {
	return cli.Command(cli.Seq(append([]cli.Elem{kw("show", "Show what is configured and what goes on")}, e...)...), run)
}

// showCS7 puts `show cs7 [instance {N|all}]` in front of a syntax.
func showCS7(run func(*cli.Call) error, e ...cli.Elem) *cli.Statement {
	return show(run, configs.AnyCS7(e...))
}

func (n *Node) systemCommands() []*cli.Statement {
	anyway := cli.Opt(cli.Flag("force", "force", "Even if lines of the old text were never taken; it is kept"))
	return []*cli.Statement{
		show(n.showRunning, kw("running-config", "What this node runs")).Privileged(),
		show(n.showStartup, kw("startup-config", "What it starts with")).Privileged(),
		show(func(c *cli.Call) error {
			fmt.Fprintln(c.Out, time.Now().UTC().Format("*15:04:05.000 UTC Mon Jan 2 2006"))
			return nil
		}, kw("clock", "Time of day")),
		show(n.showLog, kw("logging", "The last log messages")),
		cli.Command(cli.Seq(kw("clear", "Reset"), kw("logging", "Empty the log buffer")), func(*cli.Call) error { n.log.Clear(); return nil }).Privileged(),
		cli.Command(cli.Seq(kw("write", "Save the configuration"),
			cli.Opt(kw("memory", "To the startup configuration"), anyway)), n.write).Privileged(),
		cli.Command(cli.Seq(kw("copy", "Copy a configuration"), kw("running-config", "From what runs"),
			kw("startup-config", "To the startup configuration"), anyway), n.write).Privileged(),
		cli.Command(cli.Seq(kw("reload", "Start anew from the startup configuration"), cli.Opt(cli.Flag("force", "force", "Even if the running configuration is not saved"))), n.reload).Privileged(),
		n.debugCommand(kw("debug", "Show what goes on inside"), true),
		n.debugCommand(kw("undebug", "Stop debugging"), false),
		n.debugCommand(cli.Seq(kw("no", "Turn off"), kw("debug", "Debugging")), false),
		n.paklogCommand(kw("debug", "Show what goes on inside"), true),
		n.paklogCommand(kw("undebug", "Stop debugging"), false),
		n.paklogCommand(cli.Seq(kw("no", "Turn off"), kw("debug", "Debugging")), false),
		show(n.showAccessLists, kw("cs7", "Signalling System No. 7"), kw("access-lists", "Access lists with their matches, and where copies of MSUs go")),
	}
}

// topics are what can be debugged; each is the topic of Log.Debug.
var topics = []string{"m2pa", "m2ua", "mtp3", "m3ua", "sctp"}

func (n *Node) debugCommand(word cli.Elem, on bool) *cli.Statement {
	associations := kw("sctp", "Associations: attempts, ends, events")
	return cli.Command(cli.Seq(word, cli.Alt(
		cli.Seq(kw("cs7", "Signalling System No. 7"), cli.Choice("topic", kw("m2pa", "Level 2: states and discarded messages"), kw("mtp3", "Level 3: network management messages"),
			kw("m2ua", "Links at gateways and interfaces for ASPs: states, errors, refused messages"),
			kw("m3ua", "ASPs and AS: states, errors, refused messages, destinations"), associations)),
		cli.Seq(cli.Opt(kw("ip", "IP")), cli.Choice("topic", associations)),
		kw("all", "Everything"))),
		func(c *cli.Call) error {
			if c.Args.String("topic", "") == "" && !on { // all
				_ = n.applied(c, func(w io.Writer) error {
					if n.paklog != nil {
						n.stopPaklog()
						fmt.Fprintln(w, paklogOff)
					}
					return nil
				})
			}
			for _, t := range topics {
				if only := c.Args.String("topic", t); only == t {
					n.log.SetDebug(t, on)
					fmt.Fprintf(c.Out, "%s debugging is %s\n", map[string]string{"m2pa": "CS7 M2PA", "m2ua": "CS7 M2UA", "mtp3": "CS7 MTP3", "m3ua": "CS7 M3UA", "sctp": "SCTP"}[t], map[bool]string{true: "on", false: "off"}[on])
				}
			}
			return nil
		}).Privileged()
}

// Running writes the running configuration.
func (n *Node) Running() []byte {
	var b bytes.Buffer
	if err := n.Config().Write(&b); err != nil {
		fmt.Fprintln(&b, "! "+err.Error())
	}
	return b.Bytes()
}

func (n *Node) showRunning(c *cli.Call) error {
	text := n.Running()
	fmt.Fprintf(c.Out, "Building configuration...\n\nCurrent configuration : %d bytes\n%s", len(text), text)
	return nil
}

// since writes how long ago something was.
func since(t time.Time) string {
	if t.IsZero() {
		return "ever"
	}
	return printable.Ago(time.Since(t))
}

func (n *Node) showLog(c *cli.Call) error {
	lines, total := n.log.Lines()
	fmt.Fprintf(c.Out, "Log buffer: %d messages in all, the last %d follow\n\n", total, len(lines))
	for _, l := range lines {
		fmt.Fprintln(c.Out, l)
	}
	return nil
}
