package node

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gostp/gostp/sctp"
)

// gatewayConfig is node A, the gateway of AS HLR, with a linkset to B.
const gatewayConfig = configA + `cs7 m3ua 2905
 local-ip 10.0.0.1
cs7 asp H1 2905 2905 m3ua
 remote-ip 10.0.0.5
cs7 asp H2 2905 2905 m3ua
 remote-ip 10.0.0.6
cs7 as HLR m3ua
 asp H1
 asp H2
 routing-key 55 5.5.5
 traffic-mode loadshare
`

// behindConfig is node B, with a way back.
const behindConfig = configB + `cs7 route-table system
 update route 5.5.5/14 linkset A
`

// processConfig is an ASP of AS HLR: a node at 10.0.0.n.
func processConfig(n int) string {
	return fmt.Sprintf(`hostname H%d
cs7 network-indicator international
cs7 point-code 5.5.5
cs7 m3ua 2905
 local-ip 10.0.0.%d
cs7 asp SG 2905 2905 m3ua
 remote-ip 10.0.0.1
 role asp
cs7 as HLR m3ua
 asp SG
 routing-key 55 5.5.5
cs7 route-table system
 update route 0.0.0/0 as HLR
`, n-4, n)
}

// servers runs f with a gateway, a node behind it and two ASPs.
func servers(t *testing.T, gateway string, f func(net *sctp.Memory, a, b, h1, h2 *box)) {
	synctest.Test(t, func(t *testing.T) {
		net := sctp.NewMemory(1)
		a, b := newBox(t, net, gateway), newBox(t, net, behindConfig)
		h1, h2 := newBox(t, net, processConfig(5)), newBox(t, net, processConfig(6))
		for _, x := range []*box{a, b, h1, h2} {
			defer x.Close()
		}
		time.Sleep(20 * time.Second)
		f(net, a, b, h1, h2)
	})
}

// A ping from an ASP crosses the gateway to a linkset, and its answer comes back to the
// AS: to the ASP that the SLS goes to.
func TestGateway(t *testing.T) {
	servers(t, strings.Replace(gatewayConfig, " asp H2\n", "", 1), func(net *sctp.Memory, a, b, h1, h2 *box) {
		h1.want("ping cs7 2.2.2 count 32 rate 100", "100% successful packets(32/32)")
		a.want("show cs7 mtp3 statistics", "MSUs transferred")
	})
}
