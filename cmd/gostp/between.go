package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/gostp/gostp/bench"
)

// between is the program that a load crosses, a child of this one. It is nil if this program has started none.
type between struct {
	cmd   *exec.Cmd
	dir   string // where its configuration, socket and output are
	ended chan struct{}
	over  bool
}

// startBetween starts what --through asks for. If that ends before its time, cancel is called with the reason.
func (o *benchOptions) startBetween(l bench.Layout, cancel context.CancelCauseFunc) (*between, error) {
	var args []string
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	dir, err := own(os.TempDir(), "gostp-bench-")
	if err != nil {
		return nil, err
	}
	switch o.through {
	case viaNode, viaOsmoSTP:
		file := filepath.Join(dir, "bench.cfg")
		if err := os.WriteFile(file, []byte(o.config(l, o.through)), 0o600); err != nil {
			return nil, err
		}
		if o.through == viaOsmoSTP {
			self, args = "osmo-stp", []string{"-c", file}
			break
		}
		args = []string{"run", "--config", file, "--socket", filepath.Join(dir, "s")}
	case viaLoop, viaCalls:
		args = []string{"bench", "forward", "--local-ip", o.stp, "--transport", o.transport,
			"--single=" + strconv.FormatBool(o.single), "--single-call=" + strconv.FormatBool(o.through == viaCalls)}
	default:
		os.RemoveAll(dir)
		return nil, nil
	}
	args = append([]string{self}, args...)
	b := &between{dir: dir, ended: make(chan struct{})}
	if o.forwarderCPU >= 0 {
		args = append([]string{"taskset", "-c", strconv.Itoa(o.forwarderCPU)}, args...)
	}
	b.cmd = exec.Command(args[0], args[1:]...)
	if o.forwarderCPU >= 0 {
		b.cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	}
	out, err := os.Create(filepath.Join(dir, "output"))
	if err != nil {
		return nil, err
	}
	defer out.Close()
	b.cmd.Stdout, b.cmd.Stderr = out, out
	if err := b.cmd.Start(); err != nil {
		os.RemoveAll(dir)
		return nil, fmt.Errorf("what is between cannot be started: %w", err)
	}
	go func() {
		err := b.cmd.Wait()
		cancel(errors.Join(errors.New("what is between has ended"), err))
		close(b.ended)
	}()
	return b, nil
}

// tail gives the last that the child has said.
func (b *between) tail() string {
	if b == nil || b.over {
		return ""
	}
	text, err := os.ReadFile(filepath.Join(b.dir, "output"))
	if err != nil || len(text) == 0 {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return "\nwhat is between said last:\n  " + strings.Join(lines[max(0, len(lines)-8):], "\n  ")
}

// stop ends the child within seconds, and gives the processor time that it has used.
func (b *between) stop() time.Duration {
	if b == nil || b.over {
		return 0
	}
	b.over = true
	_ = b.cmd.Process.Signal(syscall.SIGTERM) // an error means that it has ended already
	select {
	case <-b.ended:
	case <-time.After(5 * time.Second):
		_ = b.cmd.Process.Kill()
		<-b.ended
	}
	os.RemoveAll(b.dir)
	return b.cmd.ProcessState.UserTime() + b.cmd.ProcessState.SystemTime()
}
