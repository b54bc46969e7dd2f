package exec

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/startup"
	"github.com/gostp/gostp/status"
)

type configuration interface {
	// Running gives the text of the running configuration.
	Running() []byte
	// Startup gives the store of the startup configuration.
	Startup() startup.Store
	// Saved tells the node that the startup configuration is what runs now.
	Saved()
	// Reload starts the signalling anew from the startup configuration. The program and its terminals stay. Without force,
	// it refuses if the running configuration would be lost. It waits until the far ends have been told.
	Reload(ctx context.Context, force bool) error
}

func configurationCommands(h Host) []*cli.Statement {
	anyway := cli.Opt(cli.Flag("force", "force", "Even if lines of the old text were never taken; it is kept"))
	save := func(c *cli.Call) error { return write(h, c) }
	return []*cli.Statement{
		showHost(func(*cli.Call) (status.Lines, error) { return status.Lines{Lines: lines(h.Running())}, nil },
			printRunning, kw("running-config", "What this node runs")).Privileged(),
		showHost(func(*cli.Call) (status.Startup, error) { return startupConfig(h.Startup()) }, printStartup,
			kw("startup-config", "What it starts with")).Privileged(),
		cli.Command(cli.Seq(kw("write", "Save the configuration"),
			cli.Opt(kw("memory", "To the startup configuration"), anyway)), save).Privileged(),
		cli.Command(cli.Seq(kw("copy", "Copy a configuration"), kw("running-config", "From what runs"),
			kw("startup-config", "To the startup configuration"), anyway), save).Privileged(),
		cli.Command(cli.Seq(kw("reload", "Start anew from the startup configuration"),
			cli.Opt(cli.Flag("force", "force", "Even if the running configuration is not saved"))),
			func(c *cli.Call) error { return h.Reload(c.Context, c.Args.Bool("force")) }).Privileged(),
	}
}

// lines gives the lines of a text.
func lines(text []byte) []string { return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") }

func printRunning(w io.Writer, _ *cli.Call, v status.Lines) {
	text := strings.Join(v.Lines, "\n") + "\n"
	fmt.Fprintf(w, "Building configuration...\n\nCurrent configuration : %d bytes\n%s", len(text), text)
}

// startupConfig reads the startup configuration and what is wrong with it.
func startupConfig(s startup.Store) (status.Startup, error) {
	text, err := s.Load()
	if err != nil {
		return status.Startup{}, err
	}
	if len(text) == 0 {
		return status.Startup{}, fmt.Errorf("startup-config is not present: %s is empty; `write memory` makes it",
			s.Name())
	}
	faults := configs.Examine(text).Faults
	out := status.Startup{Name: s.Name(), Bytes: len(text), Faults: len(faults)}
	for i, line := range lines(text) {
		x := status.StartupLine{Text: line}
		for ; len(faults) > 0 && faults[0].Line <= i+1; faults = faults[1:] {
			x.LeftOut = append(x.LeftOut, faults[0].Error())
		}
		out.Lines = append(out.Lines, x)
	}
	for _, f := range faults {
		out.Others = append(out.Others, f.Error())
	}
	return out, nil
}

// printStartup writes the startup configuration. Under a line that is left out stands the reason.
func printStartup(w io.Writer, _ *cli.Call, v status.Startup) {
	fmt.Fprintf(w, "Using %d bytes of %s\n", v.Bytes, v.Name)
	if v.Faults > 0 {
		fmt.Fprintf(w, "! %d faults: what they are about is left out. Each stands under its line.\n", v.Faults)
	}
	for _, line := range v.Lines {
		fmt.Fprintln(w, line.Text)
		for _, why := range line.LeftOut {
			fmt.Fprintf(w, "! left out: %s\n", why)
		}
	}
	for _, why := range v.Others {
		fmt.Fprintf(w, "! left out: %s\n", why)
	}
}

// write saves the running configuration.
func write(h Host, c *cli.Call) error {
	s := h.Startup()
	fmt.Fprintln(c.Out, "Building configuration...")
	if err := rescue(s, c); err != nil {
		return err
	}
	if err := s.Save(h.Running()); err != nil {
		return fmt.Errorf("not saved: %w", err)
	}
	h.Saved()
	fmt.Fprintf(c.Out, "[OK] %s\n", s.Name())
	return nil
}

// rescue says which lines of the startup configuration would be lost because they were never taken, and keeps the old
// text. Where no person sees what it says, it wants the word `force`.
func rescue(s startup.Store, c *cli.Call) error {
	force := c.Args.Bool("force")
	text, err := s.Load()
	if err != nil {
		if force {
			return nil
		}
		return fmt.Errorf("not saved: %w; nobody knows what would be lost. `write memory force` writes all the same",
			err)
	}
	faults := configs.Examine(text).Faults
	if len(faults) == 0 {
		return nil
	}
	fmt.Fprintf(c.Out, "%s has lines that were left out, and that would be lost:\n", s.Name())
	printLost(c.Out, text, faults)
	if c.Session.Unattended() && !force {
		return fmt.Errorf("not saved: mend these lines, or `write memory force`, which keeps the old text beside %s",
			s.Name())
	}
	where, err := s.Keep()
	if err != nil {
		return fmt.Errorf("not saved: the old text cannot be kept: %w", err)
	}
	fmt.Fprintf(c.Out, "The old text is kept in %s\n", where)
	return nil
}

// printLost writes the lines that faults are about.
func printLost(w io.Writer, text []byte, faults []cli.Fault) {
	lines := bytes.Split(text, []byte("\n"))
	last := 0
	for _, f := range faults {
		if f.Line > last && f.Line <= len(lines) {
			last = f.Line
			fmt.Fprintf(w, "  line %d: %s\n", f.Line, bytes.TrimSpace(lines[f.Line-1]))
		}
	}
}
