package node

import (
	"github.com/gostp/gostp/exec"
	"github.com/gostp/gostp/mtpt"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/tester"
)

// CodeTo is the code by which a point knows this node.
func (n *Node) CodeTo(pc ss7.PC) ss7.PC { return n.view.Load().code(n.Config(), pc) }

// FirstStep is what becomes of a message of SI 3 from the origin of x to its target.
func (n *Node) FirstStep(x tester.Trace, sls uint8) (tester.Step, ss7.PathID) {
	m := ss7.MSU{DPC: x.Target, OPC: x.Origin, SLS: sls, NI: n.Config().Network(), SI: ss7.SCCP}
	return mtpt.Onward(n.view.Load().table, m, 0, &x)
}

// AskTrace sends the request x to a node, by path, or, if that is 0, as it is routed.
func (n *Node) AskTrace(x tester.Trace, sls uint8, to ss7.PC, path ss7.PathID) (exec.Asked, bool) {
	// The core never waits to hand over what comes back: more than fits comes only if somebody floods the trace.
	heard := make(chan tester.Said, 2*tester.MostVisited)
	said := func(s tester.Said) {
		select {
		case heard <- s:
		default:
		}
	}
	var id uint16
	p := n.core.mtpt
	if !n.core.ask(func() {
		var out []ss7.Action
		id, out = p.Trace(x, sls, to, path, said, nil)
		p.carry(out)
	}) {
		return exec.Asked{}, false
	}
	forget := func() { n.core.do(func() { p.EndTrace(id) }) }
	return exec.Asked{Said: heard, Stopping: n.ctx.Done(), End: forget}, true
}
