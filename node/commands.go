package node

import (
	"bytes"
	"fmt"
	"io"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/exec"
)

// Hostname implements cli.App.
func (n *Node) Hostname() string { return n.Config().Name() }

// Env implements cli.App: it gives the running configuration.
func (n *Node) Env() any { return n.Config() }

// Tree gives every command of this node.
func (n *Node) Tree() *cli.Tree {
	return &cli.Tree{Exec: append(exec.Commands(n), n.opt.Commands...), Config: configs.Global}
}

// NewSession makes a session of a console. Lines of the log reach it if it is the console itself, or after `terminal
// monitor`.
func (n *Node) NewSession(out io.Writer, console bool) (s *cli.Session, end func()) {
	s = cli.NewSession(n, n.Tree(), out)
	end = n.log.Watch(console, func(line string) {
		if console || s.Monitor() {
			s.Log(line)
		}
	})
	return s, end
}

// Running writes the running configuration.
func (n *Node) Running() []byte {
	var b bytes.Buffer
	if err := n.Config().Write(&b); err != nil {
		fmt.Fprintln(&b, "! "+err.Error())
	}
	return b.Bytes()
}
