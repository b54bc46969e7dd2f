package node

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/routing"
)

// Check reads a configuration file as a start does, and names what the start would name: what is
// left out, what is hardly meant, and what is wrong in the files of titles that it names.
func Check(text []byte) *configs.Reading {
	r := examine(text)
	for _, s := range append([]*configs.System{r.System}, r.System.Instances...) {
		if s.TableFile == "" {
			continue
		}
		_, _, faults := readGTT(s)
		for _, f := range faults {
			r.Fault(cli.Place{Object: s, Arg: "gtt-file"}, s.TableFile+": "+f.Error())
		}
	}
	return r
}

// examine is configs.Examine, with what this package warns of.
func examine(text []byte) *configs.Reading {
	r := configs.Examine(text)
	for _, w := range ownWarnings(r.System) {
		r.Warn(w)
	}
	return r
}

// Boot applies the startup configuration. What is sound runs; every fault is
// logged and returned.
func (n *Node) Boot() []error {
	text, err := n.opt.Store.Load()
	if err != nil {
		err = fmt.Errorf("startup configuration: %w", err)
		n.log.Add("SYS", 2, "STARTUP", err.Error())
		n.setFaults([]error{err})
		return []error{err}
	}
	return n.start(examine(text))
}

// start applies what was read of the startup configuration.
func (n *Node) start(r *configs.Reading) (errs []error) {
	for _, f := range r.Faults {
		n.log.Add("SYS", 3, "CONFIG", n.opt.Store.Name()+": "+f.Error())
		errs = append(errs, f)
	}
	for _, f := range r.Changes {
		n.log.Add("SYS", 4, "CONFIG", n.opt.Store.Name()+": "+f.Error())
	}
	if len(errs) > 0 {
		n.log.Add("SYS", 2, "STARTUP", fmt.Sprintf("%d faults in %s: what is sound runs; the file was not changed",
			len(errs),
			n.opt.Store.Name()))
	}
	if err := n.Apply(r.System); err != nil {
		errs = append(errs, err)
	}
	n.setFaults(errs)
	return errs
}

// showStartup prints the startup configuration. Under each line that is not taken stands why.
func (n *Node) showStartup(c *cli.Call) error {
	text, err := n.opt.Store.Load()
	if err != nil {
		return err
	}
	if len(text) == 0 {
		return fmt.Errorf("startup-config is not present: %s is empty; `write memory` makes it", n.opt.Store.Name())
	}
	fmt.Fprintf(c.Out, "Using %d bytes of %s\n", len(text), n.opt.Store.Name())
	faults := configs.Examine(text).Faults
	if len(faults) == 0 {
		_, err = c.Out.Write(text)
		return err
	}
	fmt.Fprintf(c.Out, "! %d faults: what they are about is left out. Each stands under its line.\n", len(faults))
	for i, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		fmt.Fprintln(c.Out, line)
		for ; len(faults) > 0 && faults[0].Line <= i+1; faults = faults[1:] {
			fmt.Fprintf(c.Out, "! left out: %s\n", faults[0].Error())
		}
	}
	for _, f := range faults {
		fmt.Fprintf(c.Out, "! left out: %s\n", f.Error())
	}
	return nil
}

func (n *Node) write(c *cli.Call) error {
	fmt.Fprintln(c.Out, "Building configuration...")
	if err := n.rescue(c); err != nil {
		return err
	}
	if err := n.opt.Store.Save(n.Running()); err != nil {
		return fmt.Errorf("not saved: %w", err)
	}
	n.setFaults(nil) // the file holds what runs
	fmt.Fprintf(c.Out, "[OK] %s\n", n.opt.Store.Name())
	return nil
}

// rescue says which lines of the startup configuration would be lost, because they were never
// taken, and keeps them. Where nobody sees what it says, the word `force` is wanted.
func (n *Node) rescue(c *cli.Call) error {
	name, force := n.opt.Store.Name(), c.Args.Bool("force")
	text, err := n.opt.Store.Load()
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
	fmt.Fprintf(c.Out, "%s has lines that were left out, and that would be lost:\n", name)
	printLost(c.Out, text, faults)
	if c.Session.Unattended() && !force {
		return fmt.Errorf("not saved: mend these lines, or `write memory force`, which keeps the old text beside %s",
			name)
	}
	where, err := n.opt.Store.Keep()
	if err != nil {
		return fmt.Errorf("not saved: the old text cannot be kept: %w", err)
	}
	fmt.Fprintf(c.Out, "The old text is kept in %s\n", where)
	return nil
}

// printLost prints the lines that faults are about.
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

// reload starts the node's signalling anew from the startup configuration; the
// program and its terminals stay.
func (n *Node) reload(c *cli.Call) error {
	text, err := n.opt.Store.Load()
	if err != nil {
		return err
	}
	r := examine(text)
	if !c.Args.Bool("force") && !bytes.Equal(text, n.Running()) {
		var b bytes.Buffer
		if len(r.Faults) > 0 || r.System.Write(&b) != nil || !bytes.Equal(b.Bytes(), n.Running()) {
			return fmt.Errorf("the running configuration is not what %s holds: `write memory` first, or `reload force`",
				n.opt.Store.Name())
		}
	}
	if errs := r.System.Validate(); len(errs) > 0 { // before anything is torn down
		return errors.Join(errs...)
	}
	n.log.Add("SYS", 5, "RELOAD", "Reload requested")
	n.Leave(c.Context)
	err = n.Apply(configs.New())
	n.setLeaving(routing.Allowed) // in any case: it stays
	if err != nil {
		return err
	}
	errs := n.start(r)
	n.log.Add("SYS", 5, "RESTART", "System restarted")
	if len(errs) > 0 {
		return fmt.Errorf("%d faults in %s: what is sound runs; `show startup-config` has each under its line",
			len(errs),
			n.opt.Store.Name())
	}
	return nil
}
