package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/gostp/gostp/internal/printable"
	"github.com/gostp/gostp/labs"
)

func labCommand() *cobra.Command {
	var opt labs.Options
	var lines []string
	var space, destroy bool
	c := &cobra.Command{
		Use:   "lab [FILE.clab.yml]",
		Short: "A network of STPs from a containerlab topology, in this process or in namespaces",
		Long: "A network of STPs in this process, from a containerlab topology file. Without a file it is the\n" +
			"four-country lab, configured; `--blank` is the same network to be configured by hand.\n\n" +
			"With `--netns` (root, Linux) each node is a process in a network namespace of its own, gostp-LAB-NODE, and\n" +
			"the wires are veths: the kernel's IP, and `ip netns exec gostp-LAB-NODE COMMAND` for any other program. All\n" +
			"of it ends with the lab; what a lab that was killed left is removed by its next start, or by `--destroy`.",
		Example: "  gostp lab\n  gostp lab --run 'CountryA: show cs7 linkset' --run 'CountryA: ping cs7 7.8.1 count 10'\n " +
			" gostp lab --blank --pcap blank.pcapng",
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 1 {
				opt.File = args[0]
			}
			switch {
			case destroy && !space:
				return errors.New("--destroy goes with --netns: other labs leave nothing behind")
			case destroy:
				return labs.Destroy(opt)
			case space:
				return lab(labs.StartNetns, opt, lines)
			}
			return lab(labs.Start, opt, lines)
		},
	}
	c.Flags().StringArrayVar(&lines, "run", nil, "run 'NODE: COMMAND' instead of a prompt; repeatable, in order")
	c.Flags().StringVar(&opt.Pcap, "pcap", "", "capture every wire into this pcapng file")
	c.Flags().BoolVar(&opt.Blank, "blank", false, "the four-country lab with host names and IP addresses only")
	c.Flags().BoolVar(&space, "netns", false, "network namespaces, veths and a process for each node; needs root")
	c.Flags().BoolVar(&destroy, "destroy", false, "with --netns: only remove what the lab left behind when it was killed")
	return c
}

func lab(start func(labs.Options) (*labs.Lab, error), opt labs.Options, lines []string) (err error) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	defer stop()
	opt.Version = version()
	l, err := start(opt)
	if err != nil {
		return err
	}
	defer func() {
		if e := l.Close(); err == nil {
			err = e
		}
	}()
	for _, f := range l.Faults() {
		fmt.Fprintln(printable.NewWriter(os.Stderr), f)
	}
	if len(lines) > 0 {
		if !l.Run(ctx, lines, os.Stdout) {
			return exitCode(1)
		}
		return nil
	}
	rw := struct {
		io.Reader
		io.Writer
	}{os.Stdin, os.Stdout}
	if term.IsTerminal(int(os.Stdin.Fd())) {
		fmt.Printf("%s\nNodes: %s. `connect NODE` moves to another, `nodes` lists them, `?` helps anywhere, Ctrl-D ends "+
			"the lab.\n\n", l.Name(), l.NodeNames())
	}
	restore, err := raw()
	if err != nil {
		return err
	}
	defer restore()
	return l.Console(ctx, rw, size)
}
