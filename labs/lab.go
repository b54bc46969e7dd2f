package labs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gostp/gostp/capture"
	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/node"
)

// settleTime is how long a lab waits for links before a command of Run.
const settleTime = 8 * time.Second

// Options say which lab to start, and how.
type Options struct {
	File    string // topology; empty: the built-in four-country lab
	Blank   bool   // the built-in one, to be configured by hand
	Pcap    string // capture every wire into this file
	Version string
}

// Lab is a running network of nodes in this process.
type Lab struct {
	topology *Topology
	network  *Network
	wires    []*Wire
	members  []*member
	faults   []string
	captures []*recording
	next     *member // where the console goes after `connect`
}

// member is one node of a lab with its console.
type member struct {
	name    string
	node    *node.Node
	session *cli.Session // of Run; made when first used
}

// Start reads the topology, wires the nodes up and boots them.
func Start(opt Options) (*Lab, error) {
	dir, file := fs.FS(FS), DefaultTopology
	inFile := func(name string, _ []byte) node.Store {
		return node.FileStore(filepath.Join(filepath.Dir(opt.File), name))
	}
	switch {
	case opt.File != "":
		dir, file = os.DirFS(filepath.Dir(opt.File)), filepath.Base(opt.File)
	case opt.Blank:
		file = BlankTopology
	}
	t, err := LoadFS(dir, file)
	if err != nil {
		return nil, err
	}
	l := &Lab{topology: t, network: NewNetwork()}
	hosts := map[string]*Host{}
	for _, n := range t.Nodes {
		hosts[n.Name] = l.network.Host(n.Name)
	}
	for _, k := range t.Links {
		w, err := l.network.Connect(hosts[k.A.Node], k.A.Interface, hosts[k.B.Node], k.B.Interface)
		if err != nil {
			return nil, err
		}
		l.wires = append(l.wires, w)
	}
	if opt.Pcap != "" {
		if _, err := l.record(opt.Pcap, l.wires); err != nil {
			return nil, err
		}
	}
	for _, n := range t.Nodes {
		var text []byte
		store := node.MemoryStore("memory of this lab (lost when it ends)", nil)
		if n.StartupConfig != "" {
			if text, err = fs.ReadFile(dir, n.StartupConfig); err != nil {
				return nil, err
			}
			store = node.MemoryStore("memory of this lab (lost when it ends)", text)
			if opt.File != "" {
				store = inFile(n.StartupConfig, text)
			}
		}
		m := &member{name: n.Name, node: node.New(node.Options{Platform: newPlatform(hosts[n.Name]), Store: store, Version: opt.Version})}
		l.members = append(l.members, m)
		for _, e := range m.node.Boot() {
			l.faults = append(l.faults, fmt.Sprintf("%s: %s: %v", n.Name, n.StartupConfig, e))
		}
	}
	return l, nil
}

// Name is the topology's.
func (l *Lab) Name() string { return "Lab " + l.topology.Name }

// Faults are what is wrong with the startup configurations.
func (l *Lab) Faults() []string { return l.faults }

// NodeNames lists the nodes.
func (l *Lab) NodeNames() string {
	var out []string
	for _, m := range l.members {
		out = append(out, m.name)
	}
	return strings.Join(out, ", ")
}

// Close stops nodes and captures.
func (l *Lab) Close() error {
	for _, m := range l.members {
		m.node.Close()
	}
	var errs []error
	for _, r := range l.captures {
		errs = append(errs, r.stop())
	}
	return errors.Join(errs...)
}

func (l *Lab) member(name string) *member {
	for _, m := range l.members {
		if strings.EqualFold(m.name, name) {
			return m
		}
	}
	return nil
}

// Run carries out lines 'NODE: COMMAND' in order, as if typed at the consoles of
// the nodes in privileged exec, and prints prompts, commands and answers. It
// stops at the first that fails and returns false.
func (l *Lab) Run(ctx context.Context, lines []string, out io.Writer) bool {
	for _, line := range lines {
		name, command, ok := strings.Cut(line, ":")
		m := l.member(strings.TrimSpace(name))
		if !ok || m == nil {
			fmt.Fprintf(out, "%q: write 'NODE: COMMAND'; the nodes are %s\n", line, l.NodeNames())
			return false
		}
		command = strings.TrimSpace(command)
		if m.session == nil {
			m.session = cli.NewSession(m.node, l.tree(m), out)
			m.session.Enable()
		}
		if !strings.Contains(m.session.Prompt(), "(config") {
			l.settle(ctx)
		}
		fmt.Fprintf(out, "%s%s\n", m.session.Prompt(), command)
		if err := m.session.Run(ctx, command); err != nil {
			return false
		}
	}
	return true
}

// settle waits until every link that should work does, or until it has tried
// long enough; links that did not make it last time are not waited for again. The
// news of a change must have had time to travel, so one look is not enough.
func (l *Lab) settle(ctx context.Context) {
	deadline, calm := time.Now().Add(settleTime), 0
	for calm < 5 && time.Now().Before(deadline) && ctx.Err() == nil {
		time.Sleep(20 * time.Millisecond)
		calm++
		for _, m := range l.members {
			if m.node.Unsettled(settleTime) > 0 {
				calm = 0
			}
		}
	}
}

// Console serves a terminal: the first node's prompt, and after `connect` the
// others', until the input ends.
func (l *Lab) Console(ctx context.Context, rw io.ReadWriter, size func() (int, int)) error {
	type console struct {
		s   *cli.Session
		end func()
	}
	open := map[*member]console{}
	defer func() {
		for _, c := range open {
			c.end()
		}
	}()
	for m := l.members[0]; m != nil; {
		c, ok := open[m]
		if !ok {
			c.s = cli.NewSession(m.node, l.tree(m), rw)
			c.s.Enable()
			c.end = m.node.Log().Watch(true, c.s.Log)
			open[m] = c
		}
		l.next = nil
		if err := cli.Serve(ctx, rw, c.s, size); err != nil {
			return err
		}
		m = l.next
	}
	return nil
}

// recording is a running capture.
type recording struct {
	path string
	file io.Closer
	end  func()
	w    *capture.Writer
}

func (l *Lab) record(path string, wires []*Wire) (*recording, error) {
	w, file, err := capture.Create(path)
	if err != nil {
		return nil, err
	}
	r := &recording{path: path, file: file, w: w}
	r.end = l.network.Capture(w, wires...)
	l.captures = append(l.captures, r)
	return r, nil
}

func (r *recording) stop() error {
	r.end()
	return errors.Join(r.w.Err(), r.file.Close())
}
