package node

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gostp/gostp/sctp/sctptest"
)

// configTwo is a node in two networks whose codes are the same.
const configTwo = `hostname G
cs7 multi-instance
cs7 network-indicator international
cs7 point-code 1.1.1
cs7 local-peer 1024
 local-ip 10.0.0.1
cs7 linkset B 2.2.2
 link 0 sctp 10.0.0.2 1024 1024
cs7 route-table system
 update route 2.2.3/14 linkset B
cs7 instance 1 network-indicator national
cs7 instance 1 point-code 1.1.1
cs7 instance 1 local-peer 1025
 local-ip 10.0.0.1
cs7 instance 1 linkset B 2.2.2
 link 0 sctp 10.0.0.3 1024 1025
`

// configFar is a neighbour of instance 0, at 10.0.0.2, or, with other words, of another.
const configFar = `hostname F
cs7 network-indicator international
cs7 point-code 2.2.2
cs7 secondary-pc 2.2.3
cs7 local-peer 1024
 local-ip 10.0.0.2
cs7 linkset A 1.1.1
 link 0 sctp 10.0.0.1 1024 1024
`

var configFar1 = strings.NewReplacer("international", "national", "10.0.0.2", "10.0.0.3", "sctp 10.0.0.1 1024 1024",
	"sctp 10.0.0.1 1025 1024").Replace(configFar)

func TestTwoInstances(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		net := sctptest.NewMemory(1)
		g, a, b := newBox(t, net, configTwo), newBox(t, net, configFar), newBox(t, net, configFar1)
		defer g.Close()
		defer a.Close()
		defer b.Close()
		time.Sleep(15 * time.Second)
		g.want("show cs7 linkset", "apc=2.2.2         state=avail     avail/links=1/1", "10.0.0.2 1024 1024")
		g.want("show cs7 instance 1 linkset", "apc=2.2.2         state=avail     avail/links=1/1", "10.0.0.3 1024 1025")
		g.want("show cs7 instance all linkset", "Instance Number 0\nlsn=B", "Instance Number 1\nlsn=B")
		g.want("ping cs7 2.2.2", "100% successful packets(1/1)")
		g.want("ping cs7 instance 1 2.2.2", "100% successful packets(1/1)")
		a.want("ping cs7 1.1.1", "100% successful packets(1/1)")
		b.want("ping cs7 1.1.1", "100% successful packets(1/1)")
		g.want("ping cs7 2.2.3", "100% successful packets(1/1)")
		g.want("ping cs7 instance 1 2.2.3", "% No route to 2.2.3")
		g.want("show cs7 instance 2 linkset", "% nothing is configured for instance 2")
		g.want("show sctp association", " B 0 ", " instance 1 B 0 ")

		b.Close()
		time.Sleep(10 * time.Second)
		g.want("ping cs7 instance 1 2.2.2", "% 2.2.2 is inaccessible")
		g.want("ping cs7 2.2.2", "100% successful packets(1/1)")
		g.want("show alarms", "instance 1 linkset B")
		g.want("show logging", "%CS7MTP3-5-DESTSTATUS: Instance 1: Destination 2.2.2 is inaccessible")

		g.want("show running-config", "cs7 multi-instance\ncs7 instance 0 network-indicator international\ncs7 instance 0 "+
			"point-code 1.1.1\n", "cs7 instance 1 linkset B 2.2.2\n link 0 sctp 10.0.0.3 1024 1025\n")
		if got := g.session.Help("show cs7 instance "); !strings.Contains(got, "<0-7>  Instance number") ||
			!strings.Contains(got, "all    Every instance") {
			t.Errorf("help: %s", got)
		}
		g.run("configure terminal", "cs7 instance 2", "variant ansi", "point-code 200.1.1", "linkset FAR 200.1.2",
			"description in its mode", "exit")
		if p := g.session.Prompt(); p != "G(config-cs7)#" {
			t.Errorf("prompt %s", p)
		}
		g.run("end")
		if line, _, _ := g.session.Complete("show cs7 instance 2 linkset F", 29); line != "show cs7 instance 2 linkset FAR " {
			t.Errorf("completed to %q", line)
		}
		g.want("show cs7 instance 2 pc 200.1.1", "200.1.1")
		g.want("show running-config", "cs7 instance 2 variant ansi\ncs7 instance 2 point-code 200.1.1\n!\ncs7 instance 2 "+
			"linkset FAR 200.1.2\n description in its mode\n")
		g.run("configure terminal", "no cs7 instance 2", "no cs7 instance 1", "end")
		if got := g.run("show running-config"); strings.Contains(got, "instance 1") || strings.Contains(got, "instance 2") {
			t.Errorf("an instance is still in:\n%s", got)
		}
		g.want("show cs7 instance 1 linkset", "% nothing is configured for instance 1")
		g.want("show alarms", "No alarms.")
		g.want("ping cs7 2.2.2", "100% successful packets(1/1)")
	})
}
