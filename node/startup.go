package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/routing"
	"github.com/gostp/gostp/startup"
	"github.com/gostp/gostp/titles"
)

// Check reads a configuration file as a start does, and names what the start would name: what is left out, what is
// hardly meant, and what is wrong in the file of titles.
func Check(text []byte) *configs.Reading {
	r := examine(text)
	for _, s := range append([]*configs.System{r.System}, r.System.Instances...) {
		for _, f := range titles.Check(s) {
			r.Fault(cli.Place{Object: s, Arg: "gtt-file"}, s.TableFile+": "+f.Error())
		}
	}
	return r
}

// examine is configs.Examine with the warnings of this package.
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

// Startup gives the store of the startup configuration.
func (n *Node) Startup() startup.Store { return n.opt.Store }

// Saved tells the node that the startup configuration is what runs now.
func (n *Node) Saved() { n.setFaults(nil) }

// Reload starts the node's signalling anew from the startup configuration; the program and its
// terminals stay. Without force, it refuses where the running configuration would be lost.
func (n *Node) Reload(ctx context.Context, force bool) error {
	text, err := n.opt.Store.Load()
	if err != nil {
		return err
	}
	r := examine(text)
	if !force && !bytes.Equal(text, n.Running()) {
		var b bytes.Buffer
		if len(r.Faults) > 0 || r.System.Write(&b) != nil || !bytes.Equal(b.Bytes(), n.Running()) {
			return fmt.Errorf("the running configuration is not what %s holds: `write memory` first, or `reload force`",
				n.opt.Store.Name())
		}
	}
	if errs := r.System.Validate(); len(errs) > 0 { // before anything is stopped
		return errors.Join(errs...)
	}
	n.log.Add("SYS", 5, "RELOAD", "Reload requested")
	n.Leave(ctx)
	err = n.Apply(configs.New())
	n.setLeaving(routing.Allowed) // whatever became of it, the node stays
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
