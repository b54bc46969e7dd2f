package node

import (
	"fmt"
	"io"

	"github.com/gostp/gostp/internal/syslog"
	"github.com/gostp/gostp/mtp3"
)

// Print writes each line of the log to w, the node's standard output, until stop is called. While w takes no lines,
// there is an alarm.
func (n *Node) Print(w io.Writer) (stop func()) {
	o := n.log.Print(w, n.core.recheck)
	n.output.Store(o)
	return func() {
		o.Stop()
		n.output.CompareAndSwap(o, nil)
	}
}

// outputTroubles is the alarm of an output that nobody reads.
func (n *Node) outputTroubles() []mtp3.Alarm {
	o := n.output.Load()
	if o == nil {
		return nil
	}
	why, left := o.Trouble()
	if left == 0 {
		return nil
	}
	why = fmt.Sprintf("%s: %d lines of the log are left out of it; read it, or start the node with its output in "+
		"a file (`show logging` has the last %d)", why, left, syslog.Keep)
	return []mtp3.Alarm{{Severity: mtp3.Minor, Object: "standard output", Why: why}}
}
