package node

import (
	"strings"
	"testing"
	"time"
)

// byKeys makes links and interfaces of the chain known by link keys: the ASP names no
// interface, and the gateway no ASP of the application server.
func byKeys(config string) string {
	return strings.NewReplacer(
		"cs7 asp MGC1 2904 2904 m2ua\n", "cs7 asp MGC1 2904 2904 m2ua\n registration allowed\n",
		" asp MGC1\n asp MGC2\n", "",
		"10.2.1.1 1025 1025\n interface-identifier", "10.2.1.1 1025 1025\n  link-key 3 1\n interface-identifier",
		"10.2.2.1 1026 1026\n", "10.2.2.1 1026 1026\n  link-key 3 2\n",
		"m2ua SG 1\n", "link-key 3 1 m2ua SG\n", "m2ua SG 2\n", "link-key 3 2 m2ua SG\n",
	).Replace(config)
}

// RFC 3331 §4.4.1: an ASP that knows its links by their keys is given their identifiers,
// after each association anew, and says what the gateway refuses and why.
func TestM2UARegistration(t *testing.T) {
	t.Parallel()
	onChainFrom(t, 1, byKeys, func(c *chain) {
		mgc, sg := c.mgc[0], c.sg
		mgc.want("show running-config", " link 0 link-key 3 1 m2ua SG\n", " link 1 link-key 3 2 m2ua SG\n")
		sg.want("show running-config", "  link-key 3 2\n", " registration allowed\n")
		mgc.want("show cs7 linkset STP", "avail/links=2/2", "m2ua SG link-key 3 1")
		mgc.want("show cs7 m2ua", "link 1 of linkset STP: interface 2 (link-key 3 2) of gateway SG: InService")
		sg.want("show cs7 m2ua", "asp MGC1                active, registered")
		mgc.want("show cs7 m2ua statistics", "REG REQ in 0, out 1", "REG RSP in 1, out 0")
		c.clean(t, 500, func() {})

		mgc.pull()
		time.Sleep(30 * time.Second)
		mgc.want("show cs7 linkset STP", "avail/links=2/2")
		mgc.want("show cs7 m2ua statistics", "REG REQ in 0, out 2")

		change := func(b *box, lines ...string) {
			b.run(append(append([]string{"configure terminal"}, lines...), "end")...)
		}
		change(sg, "cs7 asp MGC1 2904 2904 m2ua", "no registration")
		mgc.pull()
		time.Sleep(30 * time.Second)
		mgc.want("show cs7 linkset STP", "avail/links=0/2",
			"link key 3/1: gateway SG refuses it: permission denied; asked again in 10s")
		mgc.want("show logging", "link 0 of linkset STP: link key 3/1: gateway SG refuses it: permission denied")
		sg.want("show logging", "registration of link key 3/1 by ASP MGC1 refused, permission denied: it has no "+
			"`registration allowed`")

		change(sg, "cs7 asp MGC1 2904 2904 m2ua", "registration allowed", "cs7 as EXCH m2ua",
			"interface-identifier 2 sctp 10.2.2.1 1026 1026", "link-key 3 9")
		time.Sleep(60 * time.Second)
		mgc.want("show cs7 linkset STP", "avail/links=1/2", "link key 3/2: gateway SG refuses it: link key not provisioned")
		change(mgc, "cs7 linkset STP 2.2.2", "link 1 link-key 3 9 m2ua SG")
		time.Sleep(60 * time.Second)
		mgc.want("show cs7 linkset STP", "avail/links=2/2")

		change(mgc, "cs7 linkset STP 2.2.2", "no link 1", "no link 0")
		time.Sleep(5 * time.Second)
		sg.want("show cs7 m2ua statistics", "DEREG REQ in 2, out 0")
		if out := sg.run("show cs7 m2ua"); strings.Contains(out, "registered") {
			t.Error("still registered:\n" + out)
		}
	})
}
