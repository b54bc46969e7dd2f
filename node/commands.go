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
	all = append(all, n.pingIPCommand())
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

func kw(word, help string) cli.Elem { return cli.Kw(word, help) }

// show puts `show` in front of a syntax.
func show(run func(*cli.Call) error, e ...cli.Elem) *cli.Statement {
	return cli.Command(cli.Seq(append([]cli.Elem{kw("show", "Show what is configured and what goes on")}, e...)...), run)
}

// showCS7 puts `show cs7 [instance {N|all}]` in front of a syntax.
func showCS7(run func(*cli.Call) error, e ...cli.Elem) *cli.Statement {
	return show(run, configs.AnyCS7(e...))
}

// Running writes the running configuration.
func (n *Node) Running() []byte {
	var b bytes.Buffer
	if err := n.Config().Write(&b); err != nil {
		fmt.Fprintln(&b, "! "+err.Error())
	}
	return b.Bytes()
}

// since writes how long ago something was.
func since(t time.Time) string {
	if t.IsZero() {
		return "ever"
	}
	return printable.Ago(time.Since(t))
}
