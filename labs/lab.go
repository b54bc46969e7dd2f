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
	"sync/atomic"
	"time"

	"github.com/gostp/gostp/capture"
	"github.com/gostp/gostp/internal/lock"
)

// settleTime is how long a lab waits for links before a command of Run.
const settleTime = 8 * time.Second

// Options say which lab to start, and how.
type Options struct {
	File    string // the topology; if empty, the built-in lab of four countries
	Blank   bool   // the built-in lab, to be configured by hand
	Pcap    string // capture every wire into this file
	Version string
}

// Lab is a running network of nodes.
type Lab struct {
	topology *Topology
	names    names
	wires    []cable
	members  []*member
	faults   []string
	tap      func(w *capture.Writer, wires []cable) (stop func(), err error)
	teardown func() error // after the nodes have ended

	mu       lock.Mutex[lock.LabCaptures] // guards captures
	captures []*recording
	next     atomic.Pointer[member] // the node to which the console goes after `connect`
}

// member is one node of a lab.
type member struct {
	name string
	seat seat
}

// seat is how a lab controls a node, in whatever process that runs.
type seat interface {
	// Run carries out a line as if typed in one privileged session of the node, and prints what that prints. The
	// error says only that the line failed.
	Run(ctx context.Context, line string, out io.Writer) error
	// Prompt gives the prompt of that session.
	Prompt() (string, error)
	// Serve serves a terminal until it is left.
	Serve(ctx context.Context, rw io.ReadWriter, size func() (int, int)) error
	Status() (status, error)
	Close() error
}

// status is a node at a glance.
type status struct {
	pc        string
	up, all   int // links
	unsettled int // links that should be available and are still trying
}

// cable is a wire of the topology, as commands see it.
type cable interface {
	Name() string // both ends: CountryA:eth1-CountryB:eth1
	State() string
	SetUp(bool) error
	Faults() Faults
	SetFaults(Faults) error
}

// source says where the files of a lab come from: the topology and, relative to dir, the startup
// configurations.
type source struct {
	dir      fs.FS
	topology *Topology
	onDisk   string // the folder of dir; empty if the lab is built in
}

func (o Options) load() (*source, error) {
	s := &source{dir: FS}
	file := DefaultTopology
	switch {
	case o.File != "":
		s.onDisk, file = filepath.Dir(o.File), filepath.Base(o.File)
		s.dir = os.DirFS(s.onDisk)
	case o.Blank:
		file = BlankTopology
	}
	t, err := LoadFS(s.dir, file)
	s.topology = t
	return s, err
}

// newLab makes a lab of a topology, without wires and nodes yet.
func newLab(t *Topology) *Lab {
	l := &Lab{topology: t, teardown: func() error { return nil }}
	for _, n := range t.Nodes {
		l.names.Nodes = append(l.names.Nodes, n.Name)
	}
	for _, k := range t.Links {
		l.names.Wires = append(l.names.Wires, k.name())
	}
	return l
}

// Name gives the name of the topology.
func (l *Lab) Name() string { return "Lab " + l.topology.Name }

// Faults gives what is wrong with the startup configurations.
func (l *Lab) Faults() []string { return l.faults }

// NodeNames lists the nodes.
func (l *Lab) NodeNames() string { return strings.Join(l.names.Nodes, ", ") }

// Close stops nodes and captures, and takes down what was built for them.
func (l *Lab) Close() error {
	var errs []error
	for _, m := range l.members {
		errs = append(errs, m.seat.Close())
	}
	l.mu.Lock()
	for _, r := range l.captures {
		errs = append(errs, r.stop())
	}
	l.captures = nil
	l.mu.Unlock()
	return errors.Join(append(errs, l.teardown())...)
}

func (l *Lab) member(name string) *member {
	for _, m := range l.members {
		if strings.EqualFold(m.name, name) {
			return m
		}
	}
	return nil
}

// Run carries out lines 'NODE: COMMAND' in order, as if typed at the consoles of the nodes in privileged exec.
// It prints prompts, commands and answers. It stops at the first line that fails, and then gives false.
func (l *Lab) Run(ctx context.Context, lines []string, out io.Writer) bool {
	for _, line := range lines {
		name, command, ok := strings.Cut(line, ":")
		m := l.member(strings.TrimSpace(name))
		if !ok || m == nil {
			fmt.Fprintf(out, "%q: write 'NODE: COMMAND'; the nodes are %s\n", line, l.NodeNames())
			return false
		}
		command = strings.TrimSpace(command)
		prompt, err := m.seat.Prompt()
		if err == nil && !strings.Contains(prompt, "(config") {
			err = l.settle(ctx)
		}
		if err != nil {
			fmt.Fprintf(out, "%s: %v\n", m.name, err)
			return false
		}
		fmt.Fprintf(out, "%s%s\n", prompt, command)
		if m.seat.Run(ctx, command, out) != nil {
			return false
		}
	}
	return true
}

// settle waits until every link that should work does, or until it has tried long enough. It does not wait
// again for links that did not make it the last time. One look is not enough, because the news of a change must
// have had time to travel.
func (l *Lab) settle(ctx context.Context) error {
	deadline, calm := time.Now().Add(settleTime), 0
	for calm < 5 && time.Now().Before(deadline) && ctx.Err() == nil {
		time.Sleep(20 * time.Millisecond)
		calm++
		for _, m := range l.members {
			s, err := m.seat.Status()
			if err != nil {
				return fmt.Errorf("node %s: %w", m.name, err)
			}
			if s.unsettled > 0 {
				calm = 0
			}
		}
	}
	return ctx.Err()
}

// Console serves a terminal until its input ends: with the first node's prompt, and after `connect` with those
// of others.
func (l *Lab) Console(ctx context.Context, rw io.ReadWriter, size func() (int, int)) error {
	for m := l.members[0]; m != nil; m = l.next.Load() {
		l.next.Store(nil)
		if err := m.seat.Serve(ctx, rw, size); err != nil {
			return err
		}
	}
	return nil
}

// recording is a running capture.
type recording struct {
	path  string
	lasts bool // it lasts as long as the lab
	file  io.Closer
	end   func()
	w     *capture.Writer
}

// record begins a capture. `capture stop` does not end one that lasts.
func (l *Lab) record(path string, lasts bool, wires []cable) error {
	w, file, err := capture.Create(path)
	if err != nil {
		return err
	}
	end, err := l.tap(w, wires)
	if err != nil {
		return errors.Join(err, file.Close())
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.captures = append(l.captures, &recording{path, lasts, file, end, w})
	return nil
}

func (r *recording) stop() error {
	r.end()
	return errors.Join(r.w.Err(), r.file.Close())
}
