package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// errGiveUp is the panic of a case that cannot go on. The reason was noted before.
var errGiveUp = errors.New("the case cannot go on")

// trial is a case that runs: its nodes, its addresses, and what did not hold.
type trial struct {
	gostp, over string
	net         string // the first three octets of its addresses
	dir         string

	mu     sync.Mutex
	wrongs []string
	ends   []func() // what to call at the end, the last first
	nodes  []*node
}

func (t *trial) begin() {
	dir, err := os.MkdirTemp("", "attack-")
	if err != nil {
		panic(err)
	}
	t.dir = dir
	t.later(func() {
		if os.Getenv("KEEP") == "" {
			os.RemoveAll(dir)
		}
	})
}

// later makes f be called when the case is over.
func (t *trial) later(f func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ends = append(t.ends, f)
}

// end stops all that the case has started. Calls for what has ended already do nothing.
func (t *trial) end() {
	for {
		t.mu.Lock()
		n := len(t.ends)
		if n == 0 {
			t.mu.Unlock()
			return
		}
		f := t.ends[n-1]
		t.ends = t.ends[:n-1]
		t.mu.Unlock()
		f()
	}
}

func (t *trial) wrong(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.wrongs = append(t.wrongs, fmt.Sprintf(format, args...))
}

// must notes what does not hold.
func (t *trial) must(ok bool, format string, args ...any) {
	if !ok {
		t.wrong(format, args...)
	}
}

// need is must for something that the rest of the case needs.
func (t *trial) need(ok bool, format string, args ...any) {
	if !ok {
		t.wrong(format, args...)
		panic(errGiveUp)
	}
}

// at gives an address of the case.
func (t *trial) at(host int) netip.Addr {
	return netip.MustParseAddr(fmt.Sprintf("%s.%d", t.net, host))
}

// node is a running program.
type node struct {
	t              *trial
	cmd            *exec.Cmd
	gone           chan struct{}
	socket, stdout string // files of these names
}

// start runs a node with a configuration, in which NET stands for the first three octets of the case's
// addresses. Its output goes to a file, or to out if that is not nil.
func (t *trial) start(config string, out *os.File, limit ...string) *node {
	name := fmt.Sprintf("n%d", len(t.nodes))
	n := &node{t: t, gone: make(chan struct{})}
	file := filepath.Join(t.dir, name+".cfg")
	n.socket, n.stdout = filepath.Join(t.dir, name+".sock"), filepath.Join(t.dir, name+".log")
	config = strings.ReplaceAll(strings.ReplaceAll(config, "NET", t.net), "TRANSPORT", t.over)
	if t.over == "kernel" {
		config = strings.ReplaceAll(config, " local-ip", " udp-port 9899\n local-ip")
	}
	t.need(os.WriteFile(file, []byte(config), 0o600) == nil, "the configuration cannot be written")
	args := append(limit, t.gostp, "run", "--config", file, "--socket", n.socket)
	n.cmd = exec.Command(args[0], args[1:]...)
	log, err := os.Create(n.stdout)
	t.need(err == nil, "no file for the log: %v", err)
	defer log.Close()
	n.cmd.Stdout, n.cmd.Stderr = log, log
	if out != nil {
		n.cmd.Stdout = out
	}
	t.need(n.cmd.Start() == nil, "%s cannot be run", t.gostp)
	go func() { n.cmd.Wait(); close(n.gone) }()
	t.later(n.stop)
	t.nodes = append(t.nodes, n)
	ready := wait(10*time.Second, func() bool { _, err := os.Stat(n.socket); return err == nil || n.ended() })
	t.need(ready && !n.ended(), "the node does not start: %s", n.log())
	return n
}

func (n *node) ended() bool {
	select {
	case <-n.gone:
		return true
	default:
		return false
	}
}

// stop ends the node: by SIGTERM twice, then by SIGKILL.
func (n *node) stop() {
	for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGTERM, syscall.SIGKILL} {
		if n.ended() {
			return
		}
		_ = n.cmd.Process.Signal(s) // it may have ended
		wait(time.Second, n.ended)
	}
}

// alive checks what every case needs: no node has ended or panicked.
func (t *trial) alive() {
	for _, n := range t.nodes {
		t.must(!n.ended(), "the node has ended")
		t.must(!strings.Contains(n.log(), "PANIC"), "the node panicked")
	}
}

func (n *node) log() string {
	b, err := os.ReadFile(n.stdout)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// exec runs commands on the node. If they do not end in five seconds, the text says so.
func (n *node) exec(commands ...string) string {
	ctx, stop := context.WithTimeout(context.Background(), 5*time.Second)
	defer stop()
	c := exec.CommandContext(ctx, n.t.gostp, append([]string{"exec", "--socket", n.socket}, commands...)...)
	c.WaitDelay = time.Second
	out, err := c.CombinedOutput()
	if ctx.Err() != nil {
		return fmt.Sprintf("%s[no end of the answer in 5 s]", out)
	}
	if err != nil {
		return fmt.Sprintf("%s[%v]", out, err)
	}
	return string(out)
}

// answers tells whether the console answers.
func (n *node) answers() bool { return strings.Contains(n.exec("show version"), "gostp") }

// resident gives the memory of the node in octets.
func (n *node) resident() int {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", n.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	var size, pages int
	_, _ = fmt.Sscan(string(b), &size, &pages) // zero says that it cannot be read
	return pages * os.Getpagesize()
}

// wait calls f again and again until it gives true.
func wait(most time.Duration, f func() bool) bool {
	for end := time.Now().Add(most); ; time.Sleep(20 * time.Millisecond) {
		if f() {
			return true
		}
		if time.Now().After(end) {
			return false
		}
	}
}
