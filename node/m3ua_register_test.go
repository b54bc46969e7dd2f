package node

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gostp/gostp/sctp/sctptest"
)

// openGateway is node A with an AS that whoever registers its key serves.
const openGateway = `hostname A
cs7 network-indicator international
cs7 point-code 1.1.1
cs7 m3ua 2905
 local-ip 10.0.0.1
cs7 asp H1 2905 2905 m3ua
 remote-ip 10.0.0.5
cs7 as HLR m3ua
 routing-key 55 5.5.5
`

// registering is the ASP at 10.0.0.5, which asks for its routing context: 99 is what its
// configuration says, and nobody's.
var registering = strings.Replace(processConfig(5), " routing-key 55 5.5.5\n", " routing-key 99 5.5.5\n register\n", 1)

func registered(t *testing.T, gateway, process string, f func(net *sctptest.Memory, a, h *box)) {
	synctest.Test(t, func(t *testing.T) {
		net := sctptest.NewMemory(1)
		a, h := newBox(t, net, gateway), newBox(t, net, process)
		defer a.Close()
		defer h.Close()
		time.Sleep(20 * time.Second)
		f(net, a, h)
	})
}

// got is how many messages of a type came from an ASP.
func (b *box) got(asp, name string) (n int) {
	for _, line := range strings.Split(b.run("show cs7 asp "+asp+" statistics"), "\n") {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), name+" in "); ok {
			_, _ = fmt.Sscanf(rest, "%d,", &n)
		}
	}
	return n
}

// A node registers its key, keeps what it was given through changes of configuration that do
// not concern it, and takes it back when it leaves.
func TestRegistersAndLeaves(t *testing.T) {
	t.Parallel()
	registered(t, openGateway, registering, func(net *sctptest.Memory, a, h *box) {
		works := func(what string, regs int) {
			t.Helper()
			h.want("show cs7 as", "HLR          active 55 ")
			if got := a.run("ping cs7 5.5.5 count 4"); !strings.Contains(got, "100% successful") {
				t.Errorf("%s: %s%s", what, got, h.run("show cs7 as", "show cs7 asp"))
			}
			if n := a.got("H1", "REG REQ"); n != regs {
				t.Errorf("%s: %d REG REQs", what, n)
			}
		}
		works("at first", 1)
		h.configure("cs7 as HLR m3ua", "description something else")
		h.configure("hostname OTHER")
		works("after changes of other things", 1)

		h.configure("cs7 as HLR m3ua", "no asp SG")
		time.Sleep(time.Second)
		if ia, d := a.got("H1", "ASPIA"), a.got("H1", "DEREG REQ"); ia != 1 || d != 1 {
			t.Errorf("taken out of the AS: %d ASPIA, %d DEREG REQ", ia, d)
		}
		a.want("show cs7 as", "no ASP serves it")
		h.configure("cs7 as HLR m3ua", "asp SG")
		time.Sleep(time.Second)
		works("in it again", 2)

		h.configure("cs7 asp SG 2905 2905 m3ua", "shutdown")
		time.Sleep(time.Second)
		if ia, d, down := a.got("H1", "ASPIA"), a.got("H1", "DEREG REQ"),
			a.got("H1", "ASPDN"); ia != 2 || d != 2 || down != 1 {
			t.Errorf("shut down: %d ASPIA, %d DEREG REQ, %d ASPDN", ia, d, down)
		}
		h.configure("cs7 asp SG 2905 2905 m3ua", "no shutdown")
		time.Sleep(15 * time.Second)
		works("no longer shut down", 3)

		h.configure("cs7 as HLR m3ua", "no register")
		time.Sleep(time.Second)
		if d := a.got("H1", "DEREG REQ"); d != 3 {
			t.Errorf("no register: %d DEREG REQ", d)
		}
		h.want("show cs7 asp", "the far end says: No Configured AS for ASP") // 99 is nobody's
		h.configure("cs7 as HLR m3ua", "register")
		time.Sleep(time.Second)
		works("registered again", 4)

		h.configure("no cs7 route-table system", "no cs7 as HLR m3ua")
		time.Sleep(time.Second)
		if d := a.got("H1", "DEREG REQ"); d != 4 {
			t.Errorf("no as: %d DEREG REQ", d)
		}
		h.configure("no cs7 asp SG 2905 2905 m3ua")
		time.Sleep(time.Second)
		if down := a.got("H1", "ASPDN"); down != 2 {
			t.Errorf("no asp: %d ASPDN", down)
		}
	})
}

// A gateway that refuses is asked again where that may help; what it said is shown.
func TestRegistrationRefused(t *testing.T) {
	t.Parallel()
	registered(t, openGateway, registering, func(net *sctptest.Memory, a, h *box) {
		h.configure("cs7 as HLR m3ua", "no routing-key 99 5.5.5", "routing-key 99 5.5.6")
		time.Sleep(10 * time.Second)
		why := "the gateway SG does not register its routing key: routing key not currently provisioned; it is asked " +
			"again in 50 s"
		h.want("show cs7 as", "HLR          inacti", why)
		h.want("show cs7 asp", "inactive", why)
		h.want("show logging", "AS HLR: the gateway SG does not register its routing key: routing key not currently "+
			"provisioned")
		if d := a.got("H1", "DEREG REQ"); d != 1 {
			t.Errorf("%d DEREG REQs: the key before stays", d)
		}
		h.configure("cs7 as HLR m3ua", "routing-key 99 5.5.7") // another key is asked for at once
		time.Sleep(time.Second)
		if n := a.got("H1", "REG REQ"); n != 3 {
			t.Errorf("%d REG REQs", n)
		}
		h.configure("cs7 as HLR m3ua", "no routing-key 99 5.5.7")
		time.Sleep(time.Second)
		a.configure("cs7 as NEW m3ua", "routing-key 66 5.5.6")
		time.Sleep(70 * time.Second)
		h.want("show cs7 as", "HLR          active 66 ")
		if n := a.got("H1", "REG REQ"); n != 5 {
			t.Errorf("%d REG REQs", n)
		}
	})
	off := openGateway + "cs7 asp H1 2905 2905 m3ua\n rkm off\n"
	registered(t, off, registering, func(net *sctptest.Memory, a, h *box) {
		why := "the gateway SG does not register its routing key: it takes no registrations (Unsupported Message Class); " +
			"configure the key there, and take `register` out here; it is not asked again before"
		time.Sleep(5 * time.Minute)
		h.want("show cs7 as", why)
		h.want("show cs7 asp", why)
		if n := a.got("H1", "REG REQ"); n != 1 {
			t.Errorf("%d REG REQs", n)
		}
		a.configure("cs7 asp H1 2905 2905 m3ua", "no rkm off")
		h.want("clear cs7 asp SG", "")
		time.Sleep(15 * time.Second)
		h.want("show cs7 as", "HLR          active 55 ")
	})
}

// A gateway that does not answer is asked again and again, and gateways that give
// different routing contexts cannot share an AS.
func TestRegistrationOfTwoGateways(t *testing.T) {
	t.Parallel()
	two := strings.Replace(registering, "cs7 as HLR",
		"cs7 asp SG2 2905 2905 m3ua\n remote-ip 10.0.0.2\n role asp\ncs7 as HLR", 1)
	two = strings.Replace(two, " asp SG\n", " asp SG\n asp SG2\n", 1)
	registered(t, openGateway, two, func(net *sctptest.Memory, a, h *box) {
		h.want("show cs7 as", "HLR          active 55 ")
		other := strings.NewReplacer("hostname A", "hostname B", "1.1.1", "1.1.2", "10.0.0.1", "10.0.0.2", "key 55",
			"key 77").Replace(openGateway)
		b := newBox(t, net, other)
		defer b.Close()
		time.Sleep(15 * time.Second)
		h.want("show cs7 as", "HLR          active 55 ")
		h.want("show cs7 asp SG2", "inactive", "the gateway SG2 does not register its routing key: it gives routing "+
			"context 77, and another gateway of the AS gave 55; gateways that do not agree need an AS each")
		if d := b.got("H1", "DEREG REQ"); d != 1 {
			t.Errorf("%d DEREG REQs", d)
		}
		b.configure("cs7 as HLR m3ua", "no routing-key 77 5.5.5", "routing-key 55 5.5.5")
		h.want("clear cs7 asp SG2", "")
		time.Sleep(15 * time.Second)
		h.want("show cs7 as detail", "asp SG                  active", "asp SG2                 active")
	})
}

// A gateway whose configuration gives an AS another routing context takes leave of its ASPs
// under the one that they know.
func TestRoutingContextChanges(t *testing.T) {
	t.Parallel()
	servers(t, gatewayConfig, func(net *sctptest.Memory, a, b, h1, h2 *box) {
		a.configure("cs7 as HLR m3ua", "no routing-key 55 5.5.5", "routing-key 56 5.5.5")
		time.Sleep(15 * time.Second)
		h1.want("show cs7 as", "HLR          inacti", "reason: the far end sent ASPIA Ack")
		h1.want("show cs7 asp", "the far end says: No Configured AS for ASP")
		for _, h := range []*box{h1, h2} {
			h.configure("cs7 as HLR m3ua", "no routing-key 55 5.5.5", "routing-key 56 5.5.5")
		}
		time.Sleep(15 * time.Second)
		h1.want("show cs7 as", "HLR          active 56 ")
		b.want("ping cs7 5.5.5 count 16 rate 200", "100% successful packets(16/16)")
	})
}
