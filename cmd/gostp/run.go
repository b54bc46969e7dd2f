package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/internal/console"
	"github.com/gostp/gostp/internal/printable"
	"github.com/gostp/gostp/labs"
	"github.com/gostp/gostp/machine"
	"github.com/gostp/gostp/node"
	"github.com/gostp/gostp/startup"
)

const defaultSocket = "/tmp/gostp.sock"

func runCommand() *cobra.Command {
	var file, socket, lab string
	c := &cobra.Command{
		Use:   "run --config FILE",
		Short: "Run one node on this machine's addresses",
		Long: `Run one node on this machine's addresses. It takes the kernel's SCTP where there is one, else its own:
over raw IP as root, which is the same on the wire, else in UDP (RFC 6951). 'cs7 transport' in the
configuration decides, 'show version' tells which it is and why; ports of M3UA may be of TCP.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return run(file, socket, lab) },
	}
	c.Flags().StringVar(&file, "config", "", "startup configuration `FILE`; the console command 'write memory' "+
		"writes it")
	c.Flags().StringVar(&socket, "socket", defaultSocket, "unix socket `PATH` for gostp attach and gostp exec")
	c.Flags().StringVar(&lab, "lab", "", "the lab that this node is part of")
	c.Flags().MarkHidden("lab") // `gostp lab --netns` sets it
	c.MarkFlagRequired("config")
	return c
}

func run(file, socket, lab string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends it at once
	// A reader of the output that goes away must not end the node.
	signal.Ignore(syscall.SIGPIPE)
	listener, err := console.Listen(socket)
	if err != nil {
		return err
	}
	defer os.Remove(socket)
	var n *node.Node
	opt := node.Options{Platform: machine.This(), Store: startup.File(file), Version: version()}
	if lab != "" {
		if opt.Commands, err = labs.Member(lab, func() *node.Node { return n }); err != nil {
			return err
		}
	}
	n = node.New(opt)
	defer n.Close()
	tty := term.IsTerminal(int(os.Stdin.Fd())) && term.IsTerminal(int(os.Stdout.Fd()))
	if !tty {
		defer n.Print(os.Stdout)()
	}
	boot(n, file, tty)
	served := make(chan struct{})
	go func() {
		defer close(served)
		open := func(out io.Writer) (*cli.Session, func()) { return n.NewSession(out, false) }
		console.Serve(ctx, listener, open, n.Short)
	}()
	// Perhaps nobody reads the output. A node does not wait for that.
	go fmt.Fprintf(os.Stderr, "gostp %s runs %s; `gostp attach --socket %s` for a terminal, SIGTERM to stop\n",
		version(), file, socket)
	if tty {
		err = terminal(ctx, func(rw io.ReadWriter) (*cli.Session, func()) { return n.NewSession(rw, true) })
	} else {
		<-ctx.Done()
	}
	if tty {
		fmt.Fprintln(os.Stderr, "Neighbours are told to send another way; Ctrl-C stops at once")
	}
	n.Retire(context.Background())
	listener.Close()
	<-served
	return err
}

// boot starts what the file says. It says on stderr what is wrong with the file, because a person who starts a
// node by hand, or wonders why a service is empty, looks there.
func boot(n *node.Node, file string, tty bool) {
	errs := n.Boot()
	said := printable.NewWriter(os.Stderr)
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		why := file + " does not exist: the node begins without a configuration, and 'write memory' makes the file"
		n.Log().Add("SYS", 4, "STARTUP", why)
		fmt.Fprintln(said, "gostp: "+why)
	}
	if tty || len(errs) == 1 {
		for _, e := range errs {
			fmt.Fprintf(said, "gostp: %s: %v\n", file, e)
		}
	} else if len(errs) > 0 {
		fmt.Fprintf(said, "gostp: %s: %d faults, each in the log; what is sound runs\n", file, len(errs))
	}
}

// terminal serves one session on this process's terminal, in raw mode.
func terminal(ctx context.Context, open func(io.ReadWriter) (*cli.Session, func())) error {
	rw := struct {
		io.Reader
		io.Writer
	}{os.Stdin, os.Stdout}
	s, end := open(rw)
	defer end()
	restore, err := raw()
	if err != nil {
		return err
	}
	defer restore()
	done := make(chan error, 1)
	go func() { done <- cli.Serve(ctx, rw, s, size) }()
	select {
	case err = <-done:
		return err
	case <-ctx.Done():
	}
	select { // a terminal that is stopped (Ctrl-S) takes nothing, and must not keep the node
	case err = <-done:
	case <-time.After(time.Second):
	}
	return err
}

func raw() (restore func(), err error) {
	fd := int(os.Stdin.Fd())
	if !term.IsTerminal(fd) {
		return func() {}, nil
	}
	old, err := term.MakeRaw(fd)
	if err != nil {
		return nil, fmt.Errorf("the terminal cannot be set to raw mode: %w", err)
	}
	return func() { term.Restore(fd, old) }, nil
}

func size() (int, int) {
	w, h, err := term.GetSize(int(os.Stdout.Fd()))
	if err != nil || w <= 0 || h <= 0 {
		return 80, 24
	}
	return w, h
}

func attachCommand() *cobra.Command {
	var socket string
	c := &cobra.Command{
		Use:   "attach",
		Short: "A terminal on a running node",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			// Before the terminal turns raw, so that the error is readable.
			if c, err := net.Dial("unix", socket); err != nil {
				return fmt.Errorf("no gostp answers at %s: is `gostp run --socket %s` running?", socket, socket)
			} else {
				c.Close()
			}
			restore, err := raw()
			if err != nil {
				return err
			}
			defer restore()
			w, h := size()
			return console.Attach(socket, os.Stdin, os.Stdout, w, h)
		},
	}
	c.Flags().StringVar(&socket, "socket", defaultSocket, "unix socket of the node")
	return c
}

func execCommand() *cobra.Command {
	var socket string
	c := &cobra.Command{
		Use:   "exec 'COMMAND' ...",
		Short: "Run commands on a running node; exits non-zero when one fails",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, lines []string) error {
			code, err := console.Exec(socket, lines, os.Stdout)
			if err != nil {
				return err
			}
			if code != 0 {
				return exitCode(code)
			}
			return nil
		},
	}
	c.Flags().StringVar(&socket, "socket", defaultSocket, "unix socket of the node")
	return c
}

func checkCommand() *cobra.Command {
	strict := false
	c := &cobra.Command{
		Use:   "check FILE ...",
		Short: "Check configuration files; every fault and every warning with its line",
		Long: `Check configuration files; every fault and every warning with its line. A fault is what a start
leaves out, or what is wrong in a file of titles (cs7 gtt load); with one the exit code is 1. A
warning is about what runs and is hardly meant; with --strict it counts as a fault.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, files []string) error {
			bad := 0
			for _, f := range files {
				text, err := startup.Read(f)
				if err != nil {
					return err
				}
				r := node.Check(text)
				print := func(mark string, faults []cli.Fault) {
					for _, x := range faults {
						x.Text = mark + x.Text
						fmt.Fprintf(printable.NewWriter(c.OutOrStdout()), "%s: %v\n", filepath.Clean(f), x)
					}
				}
				print("", r.Faults)
				print("warning: ", r.Warnings)
				print("note: ", r.Notes)
				bad += len(r.Faults)
				if strict {
					bad += len(r.Warnings)
				}
				if len(r.Faults)+len(r.Warnings) == 0 {
					fmt.Fprintf(c.OutOrStdout(), "%s: sound\n", filepath.Clean(f))
				}
			}
			if bad > 0 {
				return exitCode(1)
			}
			return nil
		},
	}
	c.Flags().BoolVar(&strict, "strict", false, "exit with 1 for warnings too")
	return c
}
