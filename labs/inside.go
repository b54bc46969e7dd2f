package labs

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"github.com/gostp/gostp/capture"
	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/node"
	"github.com/gostp/gostp/startup"
)

// Start runs a lab inside this process: nodes joined by virtual wires.
func Start(opt Options) (*Lab, error) {
	src, err := opt.load()
	if err != nil {
		return nil, err
	}
	t := src.topology
	l, network := newLab(t), NewNetwork()
	l.tap = func(w *capture.Writer, wires []cable) (func(), error) {
		var own []*Wire
		for _, x := range wires {
			own = append(own, x.(*Wire))
		}
		return network.Capture(w, own...), nil
	}
	for _, k := range t.Links {
		w, err := network.Connect(network.Host(k.A.Node), k.A.Interface, network.Host(k.B.Node), k.B.Interface)
		if err != nil {
			return nil, err
		}
		l.wires = append(l.wires, w)
	}
	if opt.Pcap != "" {
		if err := l.record(opt.Pcap, true, l.wires); err != nil {
			return nil, err
		}
	}
	commands := l.commands()
	for _, n := range t.Nodes {
		store, err := src.store(n)
		if err != nil {
			return nil, err
		}
		s := &inside{node: node.New(node.Options{Platform: newPlatform(network.Host(n.Name)), Store: store,
			Version: opt.Version, Commands: commands})}
		l.members = append(l.members, &member{n.Name, s})
		for _, e := range s.node.Boot() {
			l.faults = append(l.faults, fmt.Sprintf("%s: %s: %v", n.Name, n.StartupConfig, e))
		}
	}
	return l, nil
}

// store gives the store of a node's startup configuration: its file, or memory if the file is built in.
func (s *source) store(n Node) (startup.Store, error) {
	var text []byte
	if n.StartupConfig != "" {
		if s.onDisk != "" {
			return startup.File(filepath.Join(s.onDisk, n.StartupConfig)), nil
		}
		var err error
		if text, err = fs.ReadFile(s.dir, n.StartupConfig); err != nil {
			return nil, err
		}
	}
	return startup.Memory("memory of this lab (lost when it ends)", text), nil
}

// inside is the seat of a node in this process.
type inside struct {
	node    *node.Node
	session *cli.Session // the session of Run; made when first used
	console *cli.Session // the session of Serve
	end     func()       // ends the log lines of console
}

func (s *inside) open(out io.Writer) *cli.Session {
	c := cli.NewSession(s.node, s.node.Tree(), out)
	c.Enable()
	return c
}

func (s *inside) Prompt() (string, error) {
	if s.session == nil {
		return s.node.Hostname() + "#", nil
	}
	return s.session.Prompt(), nil
}

func (s *inside) Run(ctx context.Context, line string, out io.Writer) error {
	if s.session == nil {
		s.session = s.open(out)
	}
	return s.session.Run(ctx, line)
}

func (s *inside) Serve(ctx context.Context, rw io.ReadWriter, size func() (int, int)) error {
	if s.console == nil {
		s.console = s.open(rw)
		s.end = s.node.Log().Watch(true, s.console.Log)
	}
	return cli.Serve(ctx, rw, s.console, size)
}

func (s *inside) Status() (status, error) { return statusOf(s.node), nil }

func statusOf(n *node.Node) status {
	s := status{pc: "no point code", unsettled: n.Unsettled(settleTime)}
	if c := n.Config(); c.PC != nil {
		s.pc = c.Notation().Format(*c.PC)
	}
	s.up, s.all = n.Links()
	return s
}

func (s *inside) Close() error {
	if s.end != nil {
		s.end()
	}
	s.node.Close()
	return nil
}
