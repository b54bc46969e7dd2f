package node

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gostp/gostp/exec"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/mtpt"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/status"
	"github.com/gostp/gostp/tester"
)

// Ping tests a signalling point, and waits for the end of the test or of ctx.
func (n *Node) Ping(ctx context.Context, cfg tester.Config) (status.Ping, error) {
	s := n.Config()
	switch {
	case s.PC == nil:
		return status.Ping{}, exec.ErrNoCode
	case cfg.OPC == 0:
		cfg.OPC = n.CodeTo(cfg.DPC)
	case !slices.Contains(s.Own(), cfg.OPC):
		return status.Ping{}, fmt.Errorf("%s is no code of this node; answers would not come back here",
			s.Notation().Format(cfg.OPC))
	}
	cfg.NI = s.Network()
	if why := n.CannotReach(cfg); why != "" {
		return status.Ping{}, errors.New(why)
	}
	r, ok := n.test(ctx, cfg)
	if !ok {
		return status.Ping{}, errors.New("the node is stopping")
	}
	return mtpt.Outcome(n, s.Notation(), cfg, &r), nil
}

// CannotReach implements mtpt.Oracle.
func (n *Node) CannotReach(cfg tester.Config) string {
	t := n.view.Load().table
	m := ss7.MSU{DPC: cfg.DPC, OPC: cfg.OPC, NI: cfg.NI, SI: ss7.MTPT}
	f := n.Config().Notation()
	switch d := mtp3.Decide(t, &m, 0); d.Reason {
	case mtp3.NoRoute:
		return "No route to " + f.Format(cfg.DPC) + ": " + n.nearest(t, cfg.DPC)
	case mtp3.NoKey:
		return f.Format(cfg.DPC) + " is an application server's: " + d.Reason.String()
	case mtp3.Inaccessible:
		if d.Keyed {
			return f.Format(cfg.DPC) + " is inaccessible: " + n.serverDown(d.Path)
		}
		return fmt.Sprintf("%s is inaccessible: %s covers it, but %s", f.Format(cfg.DPC),
			f.FormatRange(t.Dests[d.Dest].Range), n.whyDown(t, int(d.Dest)))
	}
	return ""
}

// RoutesDown implements mtpt.Oracle.
func (n *Node) RoutesDown(cfg tester.Config) string {
	t := n.view.Load().table
	d := mtp3.Decide(t, &ss7.MSU{DPC: cfg.DPC, OPC: cfg.OPC, NI: cfg.NI, SI: ss7.MTPT}, 0)
	if d.Reason != mtp3.Inaccessible || d.Keyed {
		return ""
	}
	return n.whyDown(t, int(d.Dest))
}

// test has the core run one test, and waits for its end. If ctx ends first, the test ends with what it has found.
func (n *Node) test(ctx context.Context, cfg tester.Config) (tester.Report, bool) {
	done := make(chan tester.Report, 1)
	var id uint16
	if !n.core.ask(func() { id = n.core.mtpt.Ping(time.Now(), cfg, func(r tester.Report) { done <- r }) }) {
		return tester.Report{}, false
	}
	select {
	case r := <-done:
		return r, true
	case <-n.ctx.Done():
		return tester.Report{}, false
	case <-ctx.Done():
		n.core.do(func() { n.core.mtpt.Cancel(time.Now(), id) })
	}
	select {
	case r := <-done:
		return r, true
	case <-n.ctx.Done():
		return tester.Report{}, false
	}
}
