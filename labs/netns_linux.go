package labs

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"github.com/gostp/gostp/internal/console"
)

const (
	stateDir  = "/run/gostp"
	netnsDir  = "/run/netns" // where `ip netns` has its names
	bootTime  = 15 * time.Second
	graceTime = 5 * time.Second
)

// spaces is what a lab uses of the machine: network namespaces, and a folder for the sockets, logs and files
// that its processes share.
type spaces struct {
	name string // the name of the lab
	dir  string
	lock *os.File // held while the lab runs
	work chan func()
	home netns.NsHandle
	ns   map[string]netns.NsHandle // by node
}

var labName = regexp.MustCompile(`^[A-Za-z0-9_.][A-Za-z0-9_.-]{0,31}$`)

// StartNetns runs a lab as network namespaces joined by veths, with a process for each
// node. It needs root. What an earlier run of the same lab left behind is removed.
func StartNetns(opt Options) (l *Lab, err error) {
	src, err := opt.load()
	if err != nil {
		return nil, err
	}
	s, err := openSpaces(src.topology)
	if err != nil {
		return nil, err
	}
	l = newLab(src.topology)
	l.tap = s.tap
	l.teardown = func() error { l.closeWires(); return s.remove() }
	defer func() {
		if err != nil {
			err = errors.Join(err, l.Close())
		}
	}()
	if err := s.build(l); err != nil {
		return l, err
	}
	if opt.Pcap != "" {
		if err := l.record(opt.Pcap, true, l.wires); err != nil {
			return l, err
		}
	}
	m := membership{l.names, filepath.Join(s.dir, "lab.sock")}
	if err := m.write(filepath.Join(s.dir, "lab.json")); err != nil {
		return l, err
	}
	stop, err := l.serve(m.Socket)
	if err != nil {
		return l, err
	}
	l.teardown = func() error { stop(); l.closeWires(); return s.remove() }
	keys := &keyboard{}
	for _, n := range src.topology.Nodes {
		seat, err := s.spawn(n, src)
		if err != nil {
			return l, fmt.Errorf("node %s: %w", n.Name, err)
		}
		seat.keys = keys
		l.members = append(l.members, &member{n.Name, seat})
	}
	return l, l.await()
}

// Destroy removes what a lab that was killed has left behind.
func Destroy(opt Options) error {
	src, err := opt.load()
	if err != nil {
		return err
	}
	s, err := openSpaces(src.topology)
	if err != nil {
		return err
	}
	return s.remove()
}

// openSpaces takes the lab's folder for this process, and removes what is left of an earlier run.
func openSpaces(t *Topology) (*spaces, error) {
	if os.Geteuid() != 0 {
		return nil, errors.New("--netns makes network namespaces, which needs root: `sudo gostp lab --netns ...`; without " +
			"--netns the lab runs in one process and needs none")
	}
	if !labName.MatchString(t.Name) {
		return nil, fmt.Errorf("the topology's name %q must be letters, digits, dot, underscore and dash, at most 32, to "+
			"name its namespaces", t.Name)
	}
	s := &spaces{name: t.Name, dir: filepath.Join(stateDir, t.Name), ns: map[string]netns.NsHandle{}, home: netns.None()}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, err
	}
	var err error
	if s.lock, err = os.OpenFile(filepath.Join(s.dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return nil, err
	}
	if err := unix.Flock(int(s.lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		pid, _ := os.ReadFile(s.lock.Name())
		s.lock.Close()
		return nil, fmt.Errorf("lab %s runs already, as process %s: end that one first", t.Name, bytes.TrimSpace(pid))
	}
	if err := s.clean(); err != nil {
		s.lock.Close()
		return nil, err
	}
	if err := s.lock.Truncate(0); err != nil {
		return nil, err
	}
	_, err = s.lock.WriteAt([]byte(strconv.Itoa(os.Getpid())), 0)
	return s, err
}

// space gives the name of a node's namespace. Names of nodes have no dash, so the lab a-b cannot be taken for
// node b of the lab a.
func (s *spaces) space(node string) string { return "gostp-" + s.name + "-" + node }

// clean ends the processes and removes the namespaces of an earlier run. The veths go with the namespaces.
func (s *spaces) clean() error {
	left, err := filepath.Glob(filepath.Join(netnsDir, s.space("*")))
	if err != nil {
		return err
	}
	var errs []error
	for _, path := range left {
		node := strings.TrimPrefix(filepath.Base(path), s.space(""))
		if strings.Contains(node, "-") {
			continue // it belongs to another lab
		}
		s.endLeftover(node, path)
		errs = append(errs, netns.DeleteNamed(filepath.Base(path)))
	}
	files, _ := filepath.Glob(filepath.Join(s.dir, "*"))
	for _, f := range files {
		if f != s.lock.Name() {
			errs = append(errs, os.RemoveAll(f))
		}
	}
	return errors.Join(errs...)
}

// endLeftover kills a node's process of an earlier run, if it is still in its namespace.
// It should have died with the lab (see spawn).
func (s *spaces) endLeftover(node, space string) {
	text, err := os.ReadFile(filepath.Join(s.dir, node+".pid"))
	pid, e := strconv.Atoi(string(text))
	if err != nil || e != nil || pid <= 1 {
		return
	}
	var here, there unix.Stat_t
	if unix.Stat(space, &here) == nil && unix.Stat(fmt.Sprintf("/proc/%d/ns/net", pid), &there) == nil &&
		here.Ino == there.Ino && here.Dev == there.Dev {
		_ = unix.Kill(pid, unix.SIGKILL)
	}
}

// build makes the namespaces and the wires between them.
func (s *spaces) build(l *Lab) error {
	s.work = make(chan func())
	go func() {
		// A namespace belongs to a thread. This thread is kept as long as the lab, because processes die with the
		// thread that started them. It is not used for anything else later.
		runtime.LockOSThread()
		for f := range s.work {
			f()
		}
	}()
	return s.do(func() error {
		var err error
		if s.home, err = netns.Get(); err != nil {
			return err
		}
		defer netns.Set(s.home)
		for _, n := range l.topology.Nodes {
			ns, err := netns.NewNamed(s.space(n.Name))
			if err != nil {
				return fmt.Errorf("namespace %s: %w", s.space(n.Name), err)
			}
			s.ns[n.Name] = ns
			lo, err := netlink.LinkByName("lo")
			if err == nil {
				err = netlink.LinkSetUp(lo)
			}
			if err != nil {
				return fmt.Errorf("namespace %s: %w", s.space(n.Name), err)
			}
		}
		for _, k := range l.topology.Links {
			w, err := s.wire(k)
			if err != nil {
				return fmt.Errorf("wire %s: %w", k.name(), err)
			}
			l.wires = append(l.wires, w)
		}
		return nil
	})
}

// do runs f on the lab's own thread, which may change its namespace, and waits.
func (s *spaces) do(f func() error) error {
	done := make(chan error)
	s.work <- func() { done <- f() }
	return <-done
}

// enter runs f in a node's namespace, on the lab's own thread.
func (s *spaces) enter(node string, f func() error) error {
	return s.do(func() error { return s.within(node, f) })
}

// within is enter for a caller that is on that thread already.
func (s *spaces) within(node string, f func() error) error {
	if err := netns.Set(s.ns[node]); err != nil {
		return err
	}
	return errors.Join(f(), netns.Set(s.home))
}

// spawn starts a node's process in its namespace.
func (s *spaces) spawn(n Node, src *source) (*remote, error) {
	config, err := s.config(n, src)
	if err != nil {
		return nil, err
	}
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(s.dir, n.Name+".log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	socket := filepath.Join(s.dir, n.Name+".sock")
	c := exec.Command(program, "run", "--config", config, "--socket", socket, "--lab", filepath.Join(s.dir, "lab.json"))
	c.Stdout, c.Stderr = log, log
	// The process has a group of its own: Ctrl-C at the lab's terminal is for the lab. It dies with the lab, even
	// if the lab is killed.
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := s.enter(n.Name, c.Start); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(s.dir, n.Name+".pid"), []byte(strconv.Itoa(c.Process.Pid)), 0o600); err != nil {
		return nil, err
	}
	over := make(chan struct{})
	go func() { _ = c.Wait(); close(over) }()
	return &remote{socket: socket,
		ended: func() error {
			select {
			case <-over:
				return fmt.Errorf("its process has ended (%v); it said:\n%s", c.ProcessState, tail(log.Name()))
			default:
				return nil
			}
		},
		kill: func() error {
			_ = c.Process.Signal(syscall.SIGTERM)
			select {
			case <-over:
			case <-time.After(graceTime):
				_ = c.Process.Kill()
				<-over
			}
			return nil
		}}, nil
}

// tail gives the end of a log.
func tail(file string) string {
	b, _ := os.ReadFile(file)
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	return strings.Join(lines[max(0, len(lines)-8):], "\n")
}

// config gives the file of a node's startup configuration: its own, or, for a built-in lab, a copy that lasts
// as long as the lab.
func (s *spaces) config(n Node, src *source) (string, error) {
	if n.StartupConfig != "" && src.onDisk != "" {
		return filepath.Abs(filepath.Join(src.onDisk, n.StartupConfig))
	}
	var text []byte
	if n.StartupConfig != "" {
		var err error
		if text, err = fs.ReadFile(src.dir, n.StartupConfig); err != nil {
			return "", err
		}
	}
	file := filepath.Join(s.dir, n.Name+".cfg")
	return file, os.WriteFile(file, text, 0o600)
}

// await waits until every node answers, and asks each for the faults of its startup
// configuration.
func (l *Lab) await() error {
	deadline := time.Now().Add(bootTime)
	for _, m := range l.members {
		for {
			_, err := m.seat.Status()
			if err == nil {
				break
			}
			if e := m.seat.(*remote).ended(); e != nil || time.Now().After(deadline) {
				return fmt.Errorf("node %s: %w", m.name, errors.Join(e, err))
			}
			time.Sleep(20 * time.Millisecond)
		}
		var out strings.Builder
		if _, err := console.Exec(m.seat.(*remote).socket, []string{"show logging | include %SYS-3-CONFIG"},
			&out); err != nil {
			return fmt.Errorf("node %s: %w", m.name, err)
		}
		for line := range strings.Lines(out.String()) {
			_, fault, _ := strings.Cut(strings.TrimSpace(line), "%SYS-3-CONFIG: ")
			l.faults = append(l.faults, m.name+": "+fault)
		}
	}
	return nil
}

func (l *Lab) closeWires() {
	for _, w := range l.wires {
		w.(*vethWire).close()
	}
}

// remove takes down what openSpaces and build made.
func (s *spaces) remove() error {
	var errs []error
	for node, ns := range s.ns {
		ns.Close()
		errs = append(errs, netns.DeleteNamed(s.space(node)))
	}
	if s.work != nil {
		close(s.work)
	}
	if s.home.IsOpen() {
		s.home.Close()
	}
	errs = append(errs, os.RemoveAll(s.dir))
	s.lock.Close()
	_ = os.Remove(stateDir) // unless another lab is in it
	return errors.Join(slices.DeleteFunc(errs, func(err error) bool { return err == nil })...)
}
