package node

import (
	"time"

	"github.com/gostp/gostp/internal/meter"
)

// measure samples all links until the node stops.
func (n *Node) measure() {
	tick := time.NewTicker(meter.Step)
	defer tick.Stop()
	for {
		select {
		case <-n.ctx.Done():
			return
		case now := <-tick.C:
			n.log.Settle()
			n.core.recheck() // what is below level 3 may have another reason by now
			for _, l := range n.view.Load().paths {
				if l != nil {
					st, _, _ := l.status()
					s := &st.Stats
					l.meter.Add(now, meter.Carried{MSUsIn: s.MSUsIn, MSUsOut: s.MSUsOut, OctetsIn: s.OctetsIn,
						OctetsOut: s.OctetsOut})
				}
			}
		}
	}
}
