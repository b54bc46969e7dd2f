package node

import (
	"testing"
	"time"

	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/ss7"
)

// fork is an STP with a summary over two neighbours, and a full code inside it over one.
const fork = `hostname STP
cs7 network-indicator international
cs7 point-code 1.1.1
cs7 local-peer 1024
 local-ip 10.0.0.1
cs7 linkset N 3.3.3
 link 0 sctp 10.0.0.9 1024 1024 passive
cs7 linkset M 4.4.4
 link 0 sctp 10.0.0.8 1024 1024 passive
cs7 route-table system
 update route 7.0.0/3 linkset N priority 1
 update route 7.0.0/3 linkset M priority 2
 update route 7.5.5/14 linkset N
`

// What a neighbour says of a member of a summary is a dynamic route at the prompt for as
// long as it holds; a full code uses the summary unless that is forbidden.
func TestDynamicRoutesAtThePrompt(t *testing.T) {
	t.Parallel()
	withStations(t, fork, func(_ *wires, g *box, n, m *station) {
		tell := func(s *station, h mtp3.Heading, about string) {
			s.manages("1.1.1", mtp3.Management{Heading: h, PC: itu(about)})
			time.Sleep(time.Second)
		}
		g.want("show cs7 route", "Dynamic Routes 0 of 1000")
		tell(n, mtp3.TFP, "7.1.1")
		g.want("show cs7 route 7.1.1", "Dynamic Routes 1 of 1000",
			"7.1.1/14         acces   1  N                   UNAVAIL dyn management",
			"reason: 3.3.3 prohibits it (TFP)", "                         2  M                   avail   dyn shadow",
			"leaves by linkset M, link 0")
		tell(m, mtp3.TFP, "7.1.1")
		g.want("show cs7 route 7.1.1", "INACC", "DISCARDED: destination inaccessible")
		g.want("show alarms", "destination 7.1.1/14")
		tell(n, mtp3.TFA, "7.1.1")
		g.want("show cs7 route 7.1.1", "N                   avail   dyn shadow", "M                   UNAVAIL dyn management")
		tell(m, mtp3.TFA, "7.1.1")
		g.want("show cs7 route", "Dynamic Routes 0 of 1000")

		tell(n, mtp3.TFP, "7.5.5")
		g.want("show cs7 route 7.5.5", "7.5.5/14         acces", "none of these works; 7.0.0/3 covers it and does")
		g.run("configure terminal", "cs7 summary-routing-exception", "end")
		g.want("show running-config", "cs7 summary-routing-exception")
		g.want("show cs7 route 7.5.5", "7.5.5/14         INACC",
			"7.0.0/3 covers it and works, but is no backup because of `cs7 summary-routing-exception`")
		n.send(ss7.MSU{DPC: itu("7.5.5"), SI: ss7.SCCP, Payload: make([]byte, 20)})
		time.Sleep(time.Second)
		if got := g.discards.by[mtp3.Inaccessible].Load(); got != 1 {
			t.Errorf("%d discarded as inaccessible", got)
		}
		g.run("configure terminal", "no cs7 summary-routing-exception", "end")
		g.want("show cs7 route explain 7.5.5", "leaves by linkset M, link 0")
	})
}
