package node

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gostp/gostp/sctp/sctptest"
)

// ipspConfig is node n of two, point-to-point; how follows `role ipsp`.
func ipspConfig(n int, how, side string) string {
	o := 3 - n
	return fmt.Sprintf(`hostname N%d
cs7 network-indicator international
cs7 point-code %d.%d.%d
cs7 m3ua 2905
 local-ip 10.0.0.%d
cs7 asp N%d 2905 2905 m3ua
 remote-ip 10.0.0.%d
 role ipsp%s
 sctp-role %s
cs7 as FAR m3ua
 asp N%d
 routing-key 7 %d.%d.%d
`, n, n, n, n, n, o, o, how, side, o, o, o, o)
}

// ipsps runs f with two nodes, of which the first is the SCTP client.
func ipsps(t *testing.T, how1, how2 string, f func(n [2]*box)) {
	synctest.Test(t, func(t *testing.T) {
		net := sctptest.NewMemory(1)
		n := [2]*box{newBox(t, net, ipspConfig(1, how1, "client")), newBox(t, net, ipspConfig(2, how2, "server"))}
		defer n[0].Close()
		defer n[1].Close()
		time.Sleep(20 * time.Second)
		f(n)
	})
}

// asked counts the ASPUPs and ASPACs that a node has sent.
func (b *box) asked(asp string) (up, active int) {
	for _, line := range strings.Split(b.run("show cs7 asp "+asp+" statistics"), "\n") {
		var in int
		if _, err := fmt.Sscanf(strings.TrimSpace(line), "ASPUP in %d, out %d", &in, &up); err == nil {
			continue
		}
		_, _ = fmt.Sscanf(strings.TrimSpace(line), "ASPAC in %d, out %d", &in, &active)
	}
	return up, active
}

// Point-to-point, each exchange, with either side of SCTP asking: traffic both ways, both
// directions' states shown, and each end may stop and go on.
func TestIPSP(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		how1, how2 string
		asks       [2]bool
	}{
		{"", "", [2]bool{true, false}}, // the SCTP client asks
		{" initiate", " respond", [2]bool{true, false}},
		{" respond", " initiate", [2]bool{false, true}},
		{" initiate", " initiate", [2]bool{true, true}},
		{" double-exchange", " double-exchange", [2]bool{true, true}},
	} {
		ipsps(t, c.how1, c.how2, func(n [2]*box) {
			name := c.how1 + " and" + c.how2
			ok := func(what string) {
				t.Helper()
				for i, b := range n {
					got := b.run(fmt.Sprintf("ping cs7 %[1]d.%[1]d.%[1]d count 16 rate 200", 2-i))
					if !strings.Contains(got, "100% successful packets(16/16)") {
						t.Errorf("%s, %s, from node %d: %s\n%s", name, what, i+1, got, b.run("show cs7 asp detail"))
					}
				}
			}
			ok("at first")
			for i, b := range n {
				if up, active := b.asked(fmt.Sprintf("N%d", 2-i)); (up > 0) != c.asks[i] || (active > 0) != c.asks[i] {
					t.Errorf("%s: node %d sent %d ASPUPs and %d ASPACs", name, i+1, up, active)
				}
				b.want("show cs7 asp detail", "FAR           active ")
			}
			for i, b := range n {
				far, own := n[1-i], fmt.Sprintf("cs7 asp N%d 2905 2905 m3ua", 2-i)
				b.configure(own, "block")
				time.Sleep(time.Second)
				b.want("show cs7 asp", "blocked by configuration")
				far.want("show cs7 as", "reason: ")
				b.configure(own, "no block")
				time.Sleep(15 * time.Second)
				ok(fmt.Sprintf("node %d let go", i+1))
				b.configure(own, "shutdown")
				time.Sleep(1500 * time.Millisecond)
				far.want("show cs7 asp", "down", "reason: no association: ")
				b.configure(own, "no shutdown")
				time.Sleep(15 * time.Second)
				ok(fmt.Sprintf("node %d is back", i+1))
			}
		})
	}
}

// In a double exchange each direction may have a routing context of its own (RFC 4666
// §5.6.2): ASPAC and DATA name the one that who asks, and who receives, has.
func TestOwnRoutingContext(t *testing.T) {
	t.Parallel()
	ipsps(t, " double-exchange", " double-exchange", func(n [2]*box) {
		n[0].configure("cs7 as FAR m3ua", "own-routing-context 8")
		time.Sleep(15 * time.Second)
		n[0].want("show cs7 asp detail", "far end active, this end inactive", "the far end says: No Configured AS for ASP")
		n[1].configure("cs7 as FAR m3ua", "no routing-key 7 1.1.1", "routing-key 8 1.1.1", "own-routing-context 7")
		time.Sleep(30 * time.Second)
		for i, b := range n {
			b.want(fmt.Sprintf("ping cs7 %[1]d.%[1]d.%[1]d count 16 rate 200", 2-i), "100% successful packets(16/16)")
			b.want("show cs7 asp", "FAR           active ")
			b.want("show cs7 as detail", fmt.Sprintf("own-routing-context %d", 8-i))
			if got := b.run("show cs7 asp statistics"); strings.Contains(got, "DATA refused: ") {
				t.Error(got)
			}
		}
	})
}

// Ends that do not agree say what is missing.
func TestIPSPMismatch(t *testing.T) {
	t.Parallel()
	ipsps(t, " respond", " respond", func(n [2]*box) {
		for _, b := range n {
			b.want("show cs7 asp", "down",
				"reason: association up; waiting for ASPUP; the far end is to ask (`role ipsp initiate` makes it this end)")
		}
		n[1].configure("cs7 asp N1 2905 2905 m3ua", "role ipsp initiate")
		time.Sleep(15 * time.Second)
		n[0].want("ping cs7 2.2.2", "100% successful")
	})
	ipsps(t, " double-exchange", " respond", func(n [2]*box) {
		n[0].want("show cs7 asp", "FAR           far end down, this end active  m3ua",
			"; the far end has not sent ASPUP: has it double-exchange too?")
		n[0].want("show cs7 as", "reason: ")
		n[1].configure("cs7 asp N1 2905 2905 m3ua", "role ipsp double-exchange")
		time.Sleep(15 * time.Second)
		n[0].want("ping cs7 2.2.2", "100% successful")
		n[1].want("show running-config", " role ipsp double-exchange\n")
	})
}
