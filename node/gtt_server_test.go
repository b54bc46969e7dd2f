package node

import (
	"testing"
	"time"

	"github.com/gostp/gostp/sctp/sctptest"
)

// titlesToServer sends titles to an application server, to a group that prefers it
// to B, and to one that is not there.
var titlesToServer = []string{"cs7 gtt application-group G", "asname HLR 1 pcssn", "pc 2.2.2 2 pcssn", "exit",
	"cs7 gtt selector S tt 0 gti 4 np 1 nai 4", "gta 49 asname HLR pcssn ssn 6", "gta 50 app-grp G",
	"gta 51 asname GONE pcssn"}

// A title leads to an application server by its name: to an ASP while one is active,
// to nobody when none is, which the sender is told; a group then takes another member.
func TestTitleToServer(t *testing.T) {
	t.Parallel()
	servers(t, gatewayConfig, func(net *sctptest.Memory, a, b, h1, h2 *box) {
		a.configure(titlesToServer...)
		a.want("test cs7 gtt 49123", "leads to        asname HLR: available", "leaves as       UDT to 5.5.5",
			"route           as HLR, to asp H1")
		a.want("ping gt 49123", "Reached 5.5.5", "cause 4, unequipped user 14")
		a.want("ping gt 50123", "Reached 5.5.5")
		a.want("test cs7 gtt 51123", "leads to        asname GONE: no such application server",
			"NOT RELAYED: application server not active; the sender would be told cause 5")
		h1.configure("cs7 asp SG 2905 2905 m3ua", "shutdown")
		time.Sleep(time.Second)
		a.want("ping gt 49123", "Reached 5.5.5")
		h2.configure("cs7 asp SG 2905 2905 m3ua", "shutdown")
		time.Sleep(10 * time.Second) // beyond T(r)
		a.want("ping gt 49123", "Returned by this node: MTP failure")
		a.want("test cs7 gtt 50123", "  asname HLR           cost 1   application server not active", "* pc 2.2.2")
		a.want("ping gt 50123", "Reached 2.2.2")
		h2.configure("cs7 asp SG 2905 2905 m3ua", "no shutdown")
		time.Sleep(10 * time.Second)
		a.want("ping gt 50123", "Reached 5.5.5")
		a.want("show cs7 gtt measurements", "asname HLR           cost 1   messages 2: available",
			"selector S gta 49               asname HLR           messages 3",
			"selector S gta 50               app-grp G            messages 3")
		a.configure("cs7 gtt selector S tt 0 gti 4 np 1 nai 4", "gta 5 pcssn 2.2.2 pcssn", "no gta 51")
		a.want("ping gt 50123", "Reached 5.5.5")
		a.want("show cs7 gtt measurements", "selector S gta 49               asname HLR           messages 3",
			"selector S gta 50               app-grp G            messages 4")
	})
}
