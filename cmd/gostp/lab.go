package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/gostp/gostp/labs"
)

func labCommand() *cobra.Command {
	var opt labs.Options
	var lines []string
	c := &cobra.Command{
		Use:   "lab [FILE.clab.yml]",
		Short: "A network of STPs in this process, from a containerlab topology",
		Long: "A network of STPs in this process, from a containerlab topology file. Without a file it is the\n" +
			"four-country lab, configured; `--blank` is the same network to be configured by hand.",
		Example: "  gostp lab\n  gostp lab --run 'CountryA: show cs7 linkset' --run 'CountryA: ping cs7 7.8.1 count 10'\n  gostp lab --blank --pcap blank.pcapng",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 1 {
				opt.File = args[0]
			}
			return lab(opt, lines)
		},
	}
	c.Flags().StringArrayVar(&lines, "run", nil, "run 'NODE: COMMAND' instead of a prompt; repeatable, in order")
	c.Flags().StringVar(&opt.Pcap, "pcap", "", "capture every wire into this pcapng file")
	c.Flags().BoolVar(&opt.Blank, "blank", false, "the four-country lab with host names and IP addresses only")
	return c
}

func lab(opt labs.Options, lines []string) (err error) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	opt.Version = version()
	l, err := labs.Start(opt)
	if err != nil {
		return err
	}
	defer func() {
		if e := l.Close(); err == nil {
			err = e
		}
	}()
	for _, f := range l.Faults() {
		fmt.Fprintln(os.Stderr, f)
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
		fmt.Printf("%s\nNodes: %s. `connect NODE` moves to another, `nodes` lists them, `?` helps anywhere, Ctrl-D ends the lab.\n\n", l.Name(), l.NodeNames())
	}
	restore, err := raw()
	if err != nil {
		return err
	}
	defer restore()
	return l.Console(ctx, rw, size)
}
