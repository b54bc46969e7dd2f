package node

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gostp/gostp/sccp"
	"github.com/gostp/gostp/sctp/sctptest"
)

// A gateway between an ITU and an ANSI network; a point in each of them.
const (
	configGateway = `hostname G
cs7 multi-instance
cs7 network-indicator international
cs7 point-code 1.1.1
cs7 local-peer 1024
 local-ip 10.0.0.1
cs7 linkset A 2.2.2
 link 0 sctp 10.0.0.2 1024 1024
cs7 instance 1 variant ansi
cs7 instance 1 point-code 200.1.1
cs7 instance 1 local-peer 1025
 local-ip 10.0.0.1
cs7 instance 1 linkset B 200.2.2
 link 0 sctp 10.0.0.3 1024 1025
cs7 instance 1 pc-conversion 201.5.5 instance 0 2.2.2
cs7 instance 1 pc-conversion 201.5.6 instance 0 1.1.1
cs7 pc-conversion 5.5.5 instance 1 200.2.2
cs7 pc-conversion 5.5.6 instance 1 200.1.1
`
	configITU = `hostname A
cs7 network-indicator international
cs7 point-code 2.2.2
cs7 local-peer 1024
 local-ip 10.0.0.2
cs7 linkset G 1.1.1
 link 0 sctp 10.0.0.1 1024 1024
cs7 route-table system
 update route 5.0.0/3 linkset G
`
	configANSI = `hostname B
cs7 variant ansi
cs7 point-code 200.2.2
cs7 local-peer 1024
 local-ip 10.0.0.3
cs7 linkset G 200.1.1
 link 0 sctp 10.0.0.1 1025 1024
cs7 route-table system
 update route 201.0.0/8 linkset G
`
)

// gateway runs f with a node in two networks and a neighbour in each.
func gateway(t *testing.T, f func(g, a, b *box)) {
	synctest.Test(t, func(t *testing.T) {
		net := sctptest.NewMemory(1)
		g, a, b := newBox(t, net, configGateway), newBox(t, net, configITU), newBox(t, net, configANSI)
		defer g.Close()
		defer a.Close()
		defer b.Close()
		time.Sleep(20 * time.Second)
		f(g, a, b)
	})
}

func TestAliases(t *testing.T) {
	t.Parallel()
	gateway(t, func(g, a, b *box) {
		a.want("ping cs7 5.5.5 count 32", "100% successful packets(32/32)")
		b.want("ping cs7 201.5.5 count 32", "100% successful packets(32/32)")
		a.want("ping cs7 5.5.6", "100% successful packets(1/1)")
		g.want("ping cs7 5.5.5", "100% successful packets(1/1)")
		g.want("ping cs7 instance 1 201.5.5", "100% successful packets(1/1)")
		g.want("show cs7 route", "5.5.5/14         acces   1  instance 1 200.2.2  avail   alias")
		g.want("show cs7 instance 1 route", "201.5.5/24       acces   1  instance 0 2.2.2    avail   alias")
		g.want("show cs7 route explain 5.5.5", "leaves by instance 1 200.2.2")
		g.want("show cs7 pc-conversion", "5.5.5                acces 1        200.2.2", "To instance 1: MSUs crossed ")
		g.want("show running-config", "cs7 instance 0 pc-conversion 5.5.5 instance 1 200.2.2\n",
			"cs7 instance 1 pc-conversion 201.5.5 instance 0 2.2.2\n")

		// The point is lost in its network: its alias is in the other one.
		b.Close()
		time.Sleep(10 * time.Second)
		a.want("show cs7 route", "5.5.5/14         INACC", "1.1.1 prohibits it (TFP)")
		g.want("show cs7 pc-conversion", "5.5.5                INACC 1        200.2.2", "5.5.6                acces 1")
		g.want("ping cs7 5.5.5", "% 5.5.5 is inaccessible", "instance 1 200.2.2 cannot be reached there")
	})
}

// What SCCP's management says from another instance is believed by the way that it came there: the
// crossing that it comes by follows from its OPC, which anybody there can write.
func TestForgedNamesDoNotCrossInstances(t *testing.T) {
	t.Parallel()
	gateway(t, func(g, a, b *box) {
		g.configure("cs7 linkset C 3.3.3")
		g.configure("cs7 instance 1 pc-conversion 201.5.7 instance 0 3.3.3")
		g.configure("cs7 instance 1 gtt selector S tt 0 gti 2", "gta 49 pcssn 201.5.5 pcssn ssn 8")
		ssp := func(opc string) {
			t.Helper()
			var x transfer
			defer g.readers.enter(&x)()
			m := notice(opc, sccp.Notice{Command: sccp.SSP, SSN: 8, PC: itu(opc)})
			m.DPC = itu("5.5.6")
			x.msus = append(x.msus, &m)
			g.route(time.Now(), &x, g.links[linkKey{"A", 0}].id)
			time.Sleep(100 * time.Millisecond)
		}
		leaves := func(want bool) {
			t.Helper()
			if got := g.run("test cs7 instance 1 gtt 49123 gti 2 tt 0"); strings.Contains(got, "leaves as ") != want {
				t.Errorf("leaves: want %v: %s", want, got)
			}
		}
		leaves(true)
		ssp("3.3.3")
		g.want("show cs7 mtp3 errors", "SSP")
		g.want("show cs7 instance 1 sccp statistics", "SSP                 0 ")
		ssp("2.2.2")
		leaves(false)
		g.want("show cs7 instance 1 sccp statistics", "SSP                 1 ")
	})
}
