// Package exec has the commands that a person types in the exec mode of the console: those that show what a node does,
// and those that have it do something. A command is told to which instance of the node it speaks, asks that for values
// of package status, and writes what a person reads. It knows nothing of the runtime behind the interface Node.
package exec

import (
	"io"
	"time"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/internal/printable"
	"github.com/gostp/gostp/internal/syslog"
	"github.com/gostp/gostp/status"
	"github.com/gostp/gostp/userpart"
)

// Node is one instance: a signalling point with its links, routes and users. All methods may be called from any
// goroutine. None of them waits for a far end unless it says so.
type Node interface {
	// Number is the number of the instance.
	Number() uint8
	// Config is the running configuration; nobody changes it.
	Config() *configs.System

	linksets
	routes
	level3
	aliases
	alarms
	pings
	traces
	ports
	servers
	associations
	translation
	parts
	recorder
}

// Host is the whole of a program's node: its instances, and what they share.
type Host interface {
	// Instances gives the instances, with instance 0 first.
	Instances() []Node
	// Version is what the program is, and since when it runs.
	Version() status.Version
	// Log is the event log.
	Log() *syslog.Log

	// Parts gives the user parts that have packages of their own.
	Parts() []userpart.Kind

	configuration
	copies
	transports
	ipStack
}

// Commands gives all commands for a host.
func Commands(h Host) []*cli.Statement {
	var all []*cli.Statement
	for _, commands := range []func(Host) []*cli.Statement{
		linksetCommands,
		routeCommands,
		level3Commands,
		aliasCommands,
		alarmCommands,
		portCommands,
		serverCommands,
		m2uaCommands,
		sctpCommands,
		sccpCommands,
		subsystemCommands,
		partCommands,
		systemCommands,
		configurationCommands,
		debugCommands,
		recordCommands,
		ipCommands,
		pingCommands,
		traceCommands,
	} {
		all = append(all, commands(h)...)
	}
	return all
}

func kw(word, help string) cli.Elem { return cli.Kw(word, help) }

// show makes a command of `show` and a syntax. get asks the node that the line names for a value, and print writes the
// value for a person.
func show[T any](h Host, get func(Node, *cli.Call) (T, error), print func(io.Writer, *cli.Call, T),
	syntax ...cli.Elem) *cli.Statement {
	return query(h, get, print, shown(syntax)...)
}

func shown(syntax []cli.Elem) []cli.Elem {
	return append([]cli.Elem{kw("show", "Show what is configured and what goes on")}, syntax...)
}

// query is show without the word `show`.
func query[T any](h Host, get func(Node, *cli.Call) (T, error), print func(io.Writer, *cli.Call, T),
	syntax ...cli.Elem) *cli.Statement {
	return cli.Query(cli.Seq(syntax...), func(c *cli.Call) (cli.Answer, error) {
		if c.Args.Bool("every") {
			return inEvery(h, c, get, print)
		}
		n, err := instance(h, c)
		if err != nil {
			return cli.Answer{}, err
		}
		return answer(c, print)(get(n, c))
	})
}

// answer makes an answer of the value that a query found.
func answer[T any](c *cli.Call, print func(io.Writer, *cli.Call, T)) func(T, error) (cli.Answer, error) {
	return func(v T, err error) (cli.Answer, error) {
		if err != nil {
			return cli.Answer{}, err
		}
		return cli.Answer{Value: v, Print: func(w io.Writer, v any) {
			x, _ := v.(T) // v is nil if T is an interface and the value is nil
			print(w, c, x)
		}}, nil
	}
}

// showCS7 is show with `cs7 [instance {N|all}]` before the syntax.
func showCS7[T any](h Host, get func(Node, *cli.Call) (T, error), print func(io.Writer, *cli.Call, T),
	syntax ...cli.Elem) *cli.Statement {
	return show(h, get, print, configs.AnyCS7(syntax...))
}

// showHost is show for what all instances share.
func showHost[T any](get func(*cli.Call) (T, error), print func(io.Writer, *cli.Call, T),
	syntax ...cli.Elem) *cli.Statement {
	return cli.Query(cli.Seq(shown(syntax)...), func(c *cli.Call) (cli.Answer, error) {
		return answer(c, print)(get(c))
	})
}

// command makes a command that has a node do something.
func command(h Host, run func(Node, *cli.Call) error, syntax ...cli.Elem) *cli.Statement {
	return cli.Command(cli.Seq(syntax...), func(c *cli.Call) error {
		n, err := instance(h, c)
		if err != nil {
			return err
		}
		return run(n, c)
	})
}

// since writes how long ago something was.
func since(t time.Time) string {
	if t.IsZero() {
		return "ever"
	}
	return printable.Ago(time.Since(t))
}
