package node

import (
	"time"

	"github.com/gostp/gostp/internal/meter"
)

// measure samples the counters of all links at intervals, until the node stops.
func (n *Node) measure() {
	tick := time.NewTicker(meter.Step)
	defer tick.Stop()
	for {
		select {
		case <-n.ctx.Done():
			return
		case now := <-tick.C:
			n.log.Settle()
			n.core.recheck() // the reason of what is wrong below level 3 may have changed
			for _, l := range n.view.Load().paths {
				if l != nil {
					st, _ := l.below()
					s := &st.Stats
					l.meter.Add(now, meter.Carried{MSUsIn: s.MSUsIn, MSUsOut: s.MSUsOut, OctetsIn: s.OctetsIn,
						OctetsOut: s.OctetsOut})
				}
			}
		}
	}
}
