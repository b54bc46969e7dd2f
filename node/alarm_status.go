package node

import (
	"time"

	"github.com/gostp/gostp/status"
)

// Alarms gives what is wrong with the instance now, the worst first and among equals the oldest.
func (n *Node) Alarms() (out []status.Alarm) {
	n.core.ask(func() {
		n.core.checkAlarms(time.Now())
		out = n.core.alarms.List()
	})
	for i := range out {
		out[i].Instance = n.number
	}
	return out
}

// AlarmHistory gives what was raised and cleared, the oldest first.
func (n *Node) AlarmHistory() (out []status.AlarmChange) {
	n.core.ask(func() {
		n.core.checkAlarms(time.Now())
		out = n.core.alarms.History()
	})
	for i := range out {
		out[i].Instance = n.number
	}
	return out
}
