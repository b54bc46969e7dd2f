package node

import (
	"fmt"
	"slices"
	"time"

	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/ss7"
)

// checkAlarms tells the board of alarms all that is wrong now. It runs on the core's goroutine.
func (c *core) checkAlarms(now time.Time) {
	c.alarmed = false
	n := c.node
	is := c.network.Alarms(mtp3.Explain{Link: n.linkReason, Fault: n.linkFault, Server: c.serverDown()})
	is = append(is, c.mtpt.Alarms()...)
	c.alarms.Update(now, append(is, n.troubles()...))
}

// troubles are the alarms about what is not MTP3's. A part of the node with a state that
// an operator must know adds a function here, which reads that state and never waits, and
// calls core.recheck when the state changes.
func (n *Node) troubles() []mtp3.Alarm {
	return slices.Concat(n.portTroubles(), n.interfaceTroubles(), n.startupTroubles(), n.titlesTroubles(),
		n.outputTroubles(), n.shortages.troubles(), n.stalls(), n.warningTroubles())
}

// recheck has the core look for alarms soon.
func (c *core) recheck() { c.do(func() { c.alarmed = true }) }

// serverDown gives a function that says why an application server takes no MSUs. The function remembers what it has
// said of a server, because many destinations may lie behind one.
func (c *core) serverDown() func(ss7.PathID) string {
	said := map[ss7.PathID]string{}
	return func(p ss7.PathID) string {
		if said[p] == "" {
			said[p] = c.node.serverDown(p)
		}
		return said[p]
	}
}

// startupTroubles are the faults of the startup configuration, until it is read or written without a fault.
func (n *Node) startupTroubles() (out []mtp3.Alarm) {
	faults := n.faults.Load()
	if faults == nil {
		return nil
	}
	for i, f := range *faults {
		if i == startupShown {
			f = fmt.Sprintf("%d faults more; `gostp check` lists them all", len(*faults)-i)
		}
		object := fmt.Sprintf("startup configuration, fault %d", i+1)
		out = append(out, mtp3.Alarm{Severity: mtp3.Major, Object: object, Why: f})
		if i == startupShown {
			break
		}
	}
	return out
}

// warningTroubles are the warnings about the configuration.
func (n *Node) warningTroubles() (out []mtp3.Alarm) {
	all := n.warned.Load()
	if all == nil {
		return nil
	}
	for _, w := range *all {
		if !w.Elsewhere {
			out = append(out, mtp3.Alarm{Severity: mtp3.Warning, Object: "configuration of " + w.Subject, Why: w.Text})
		}
	}
	return out
}

// startupShown is how many faults of the startup configuration have an alarm each.
const startupShown = 10

// setFaults remembers what is wrong with the startup configuration.
func (n *Node) setFaults(errs []error) {
	var texts []string
	for _, e := range errs {
		texts = append(texts, e.Error())
	}
	n.faults.Store(&texts)
	n.core.recheck()
}
