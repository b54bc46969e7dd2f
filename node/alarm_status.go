package node

import (
	"cmp"
	"slices"
	"time"

	"github.com/gostp/gostp/status"
)

// Alarms gives what is wrong with the instance now, the worst and then the oldest first.
func (n *Node) Alarms() []status.Alarm {
	n.core.ask(func() { n.core.checkAlarms(time.Now()) })
	out := []status.Alarm{}
	for _, x := range n.alarms.list() {
		out = append(out, status.Alarm{Instance: n.number, Severity: x.Severity.String(), Since: x.since,
			Object: x.Object, Reason: x.Why})
	}
	return out
}

// list gives the alarms, the worst and then the oldest first.
func (a *alarms) list() []alarm {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []alarm
	for _, x := range a.active {
		out = append(out, x)
	}
	slices.SortFunc(out, func(x, y alarm) int {
		return cmp.Or(cmp.Compare(x.Severity, y.Severity), x.since.Compare(y.since), cmp.Compare(x.Object, y.Object))
	})
	return out
}

// AlarmHistory gives what was raised and cleared, oldest first.
func (n *Node) AlarmHistory() []status.AlarmChange {
	n.core.ask(func() { n.core.checkAlarms(time.Now()) })
	n.alarms.mu.Lock()
	out := slices.Clone(n.alarms.history)
	n.alarms.mu.Unlock()
	for i := range out {
		out[i].Instance = n.number
	}
	return out
}
