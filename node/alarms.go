package node

import (
	"fmt"
	"slices"
	"time"

	"github.com/gostp/gostp/internal/lock"
	"github.com/gostp/gostp/internal/syslog"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/status"
)

const alarmHistory = 200 // raised and cleared ones kept

// alarms are what is wrong with the node, since when, and what was. The core finds out
// after each change.
type alarms struct {
	mu      lock.Mutex[lock.Alarms]
	active  map[string]alarm
	history []status.AlarmChange
}

type alarm struct {
	mtp3.Alarm
	since time.Time
	told  []string // reasons that stand in the history, without their numbers
}

// toldMost is how many reasons of one alarm the history has: one that changes for ever would
// push out all others.
const toldMost = 4

// check compares what is wrong now with what was.
func (a *alarms) check(now time.Time, is []mtp3.Alarm) {
	a.mu.Lock()
	defer a.mu.Unlock()
	found := make(map[string]bool, len(is))
	for _, x := range is {
		found[x.Object] = true
		old, known := a.active[x.Object]
		if known && old.Severity == x.Severity {
			if old.Why == x.Why {
				continue
			}
			if is := syslog.Shape(x.Why); !slices.Contains(old.told, is) && len(old.told) < toldMost {
				old.told = append(old.told, is)
				a.record(now, "CHANGED", x)
			}
			old.Why = x.Why
			a.active[x.Object] = old
			continue
		}
		if known {
			a.record(now, "CLEARED", old.Alarm)
		}
		if a.active == nil {
			a.active = map[string]alarm{}
		}
		a.active[x.Object] = alarm{x, now, []string{syslog.Shape(x.Why)}}
		a.record(now, "RAISED", x)
	}
	if len(found) == len(a.active) {
		return // every one of them is still there
	}
	var gone []string
	for object := range a.active {
		if !found[object] {
			gone = append(gone, object)
		}
	}
	slices.Sort(gone)
	for _, object := range gone {
		a.record(now, "CLEARED", a.active[object].Alarm)
		delete(a.active, object)
	}
}

func (a *alarms) record(now time.Time, what string, x mtp3.Alarm) {
	if len(a.history) >= alarmHistory {
		a.history = slices.Delete(a.history, 0, alarmHistory/4)
	}
	a.history = append(a.history, status.AlarmChange{Time: now, What: what, Severity: x.Severity.String(),
		Object: x.Object, Reason: x.Why})
}

// checkAlarms runs on the core's goroutine.
func (c *core) checkAlarms(now time.Time) {
	c.alarmed = false
	n := c.node
	is := c.network.Alarms(mtp3.Explain{Link: n.linkReason, Fault: n.linkFault, Server: c.serverDown()})
	is = append(is, c.mtpt.loopTroubles()...)
	n.alarms.check(now, append(is, n.troubles()...))
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

// serverDown remembers what it has said of an application server: many destinations may
// lie behind one.
func (c *core) serverDown() func(ss7.PathID) string {
	said := map[ss7.PathID]string{}
	return func(p ss7.PathID) string {
		if said[p] == "" {
			said[p] = c.node.serverDown(p)
		}
		return said[p]
	}
}

// startupTroubles are the faults of the startup configuration, until it is read or written
// without one.
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
