package node

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gostp/gostp/sctp/sctptest"
	"github.com/gostp/gostp/xua"
)

// registers brings up an ASP that nobody configured, at an address, for a routing context.
func registers(t *testing.T, net *sctptest.Memory, ip string, rc uint32) *player {
	t.Helper()
	p := play(t, net, ip)
	p.say(bare(xua.ASPUP))
	p.say(chooses(rc, 2, 1<<11|1<<3|1))
	if got := p.say(naming(xua.ASPAC, rc)); !strings.Contains(got, fmt.Sprintf("ASPAC Ack [%d]", rc)) {
		t.Fatalf("it is not active: %q", got)
	}
	return p
}

// No line of configuration concerns an ASP that nobody configured: it stays active, and is
// answered, whatever else is typed.
func TestStrangersStayThroughConfiguration(t *testing.T) {
	t.Parallel()
	strangers(t, exchangeLab, func(t *testing.T, net *sctptest.Memory, a *box) {
		p := registers(t, net, "10.0.0.200", 7)
		for i := range 50 {
			a.configure(fmt.Sprintf("hostname A%d", i))
			a.configure(fmt.Sprintf("cs7 asp OTHER%d 2905 2905 m3ua", i), fmt.Sprintf("remote-ip 10.9.0.%d", i+1))
			key := fmt.Sprintf("routing-key %d 2.%d.1", 100+i, i)
			a.configure(fmt.Sprintf("cs7 as AS%d m3ua", i), fmt.Sprintf("asp OTHER%d", i), key)
		}
		a.configure("cs7 m3ua 2905", "keepalive 2000")
		if got := p.hears(); strings.Contains(got, "end") || strings.Contains(got, "ASP") {
			t.Errorf("it hears %q", got)
		}
		if got := p.say(naming(xua.ASPIA, 7)); !strings.HasPrefix(got, "ASPIA Ack [7]") {
			t.Errorf("it is answered %q", got)
		}
		a.want("show cs7 asp", "asp-dyn-")
	})
}

// An ASP that becomes a configured one, by its address or by its identifier, is told so, and
// so is one whose port takes it no longer; each comes again as who it is, or is refused.
func TestStrangerThatIsConfiguredComesAgain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		up     []byte
		lines  []string
		logged string
		again  string // what the next ASPUP is answered with
	}{
		"by address": {bare(xua.ASPUP), []string{"cs7 asp MSC 0 2905 m3ua", "remote-ip 10.0.0.200"},
			"is ended: ASP MSC is configured at its address now", "ASPUP Ack"},
		"by identifier": {identified(9), []string{"cs7 asp MSC 0 2905 m3ua", "asp-identifier 9"},
			"is ended: ASP MSC is configured with its asp-identifier 9 now", "ASPUP Ack"},
		"not accepted": {bare(xua.ASPUP), []string{"cs7 m3ua 2905", "no accept-asp-connections"},
			"is ended: m3ua 2905 accepts only ASPs that are configured now", "end"},
		"bound anew": {bare(xua.ASPUP), []string{"cs7 m3ua 2905", "local-ip 10.0.0.4"},
			"is ended: m3ua 2905 is bound anew", "ASPUP Ack"},
	} {
		strangers(t, exchangeLab, func(t *testing.T, net *sctptest.Memory, a *box) {
			dial := atOneHost(t, net)
			p := dial()
			if got := p.say(c.up); got != "ASPUP Ack" {
				t.Errorf("%s: %q", name, got)
			}
			a.configure(c.lines...)
			if got := p.hears(); !strings.HasPrefix(got, "ASPDN Ack") || !strings.HasSuffix(got, "end") {
				t.Errorf("%s: it hears %q", name, got)
			}
			a.want("show logging", "the association of ASP asp-dyn-", c.logged)
			time.Sleep(5 * time.Second)
			p = dial()
			if c.again == "end" {
				if got := p.hears(); got != "end" {
					t.Errorf("%s: again: %q", name, got)
				}
				return
			}
			if got := p.say(c.up); !strings.HasPrefix(got, c.again) {
				t.Errorf("%s: again: %q", name, got)
			}
			if strings.Contains(c.logged, "MSC") {
				a.want("show logging", "of ASP MSC is up with 10.0.0.200 port 40002")
			}
		})
	}
}

// What is configured when a far end says who it is decides, not what was when its association began.
func TestConfigurationChangesBeforeAFarEndIsKnown(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		lines           []string
		up              []byte
		answer, outcome string
	}{
		"strangers are not accepted any more": {[]string{"cs7 m3ua 2905", "no accept-asp-connections"}, bare(xua.ASPUP),
			"ERR ASP Identifier Required, end", "association refused: ASP Up has no ASP Identifier"},
		"it is configured by its address": {[]string{"cs7 asp BSC 0 2905 m3ua", "remote-ip 10.0.0.200"}, bare(xua.ASPUP),
			"ASPUP Ack", "of ASP BSC is up with 10.0.0.200"},
		"it is configured by its identifier": {[]string{"cs7 asp BSC 0 2905 m3ua", "asp-identifier 8"}, identified(8),
			"ASPUP Ack", "of ASP BSC is up with 10.0.0.200"},
		"it is not configured any more": {[]string{"no cs7 asp MSC"}, identified(9),
			"ASPUP Ack", "of ASP asp-dyn-"},
	} {
		strangers(t, exchangeLab, func(t *testing.T, net *sctptest.Memory, a *box) {
			a.configure("cs7 asp MSC 0 2905 m3ua", "asp-identifier 9")
			p := atOneHost(t, net)()
			time.Sleep(time.Second)
			a.configure(c.lines...)
			if got := p.say(c.up); got != c.answer {
				t.Errorf("%s: it hears %q", name, got)
			}
			a.want("show logging", c.outcome)
		})
	}
}

// A configured ASP that is shut down has no association, also where anybody else may have one.
func TestShutdownASPIsNoStranger(t *testing.T) {
	t.Parallel()
	ways := map[string]string{"by address": "remote-ip 10.0.0.200", "by identifier": "asp-identifier 9"}
	for name, under := range ways {
		strangers(t, exchangeLab, func(t *testing.T, net *sctptest.Memory, a *box) {
			a.configure("cs7 asp MSC 0 2905 m3ua", under)
			dial := atOneHost(t, net)
			p := dial()
			if got := p.say(identified(9)); !strings.HasPrefix(got, "ASPUP Ack") {
				t.Errorf("%s: %q", name, got)
			}
			a.configure("cs7 asp MSC 0 2905 m3ua", "shutdown")
			if got := p.hears(); !strings.HasPrefix(got, "ASPDN Ack") || !strings.HasSuffix(got, "end") {
				t.Errorf("%s: it hears %q", name, got)
			}
			time.Sleep(2 * time.Second)
			p = dial()
			got, want := p.hears(), "end"
			if name == "by identifier" {
				got, want = p.say(identified(9)), "ERR Refused - Management Blocking, end"
			}
			if got != want {
				t.Errorf("%s: again: %q", name, got)
			}
			a.want("show logging", "association refused: ASP MSC is shut down by configuration")
			if got := a.run("show cs7 asp"); strings.Contains(got, "asp-dyn") {
				t.Errorf("%s: it is there as a stranger: %s", name, got)
			}
		})
	}
}

// An ASP that is known by its identifier alone is told from strangers at a port that takes
// both; its identifier does not open the place of an ASP that has an address.
func TestIdentifierBesideStrangers(t *testing.T) {
	t.Parallel()
	strangers(t, exchangeLab, func(t *testing.T, net *sctptest.Memory, a *box) {
		a.configure("cs7 asp MSC 0 2905 m3ua", "asp-identifier 9")
		a.configure("cs7 asp BSC 0 2905 m3ua", "remote-ip 10.0.0.77", "asp-identifier 8")
		for ip, id := range map[string]uint32{"10.0.0.200": 9, "10.0.0.201": 8, "10.0.0.202": 7} {
			if got := play(t, net, ip).say(identified(id)); got != "ASPUP Ack" {
				t.Errorf("%d: %q", id, got)
			}
		}
		if got := play(t, net, "10.0.0.203").say(bare(xua.ASPUP)); got != "ASPUP Ack" {
			t.Errorf("without one: %q", got)
		}
		a.want("show logging", "of ASP MSC is up with 10.0.0.200 port 2905")
		got := a.run("show logging")
		if strings.Contains(got, "of ASP BSC is up") || strings.Count(got, "of ASP asp-dyn-") < 3 {
			t.Error(got)
		}
	})
}

// How many ASPs that are not configured a node takes is a line of its configuration; that no
// more are taken is told to the far end, logged, shown, and an alarm while it lasts.
func TestPlacesForStrangersAreConfigured(t *testing.T) {
	t.Parallel()
	strangers(t, exchangeLab, func(t *testing.T, net *sctptest.Memory, a *box) {
		a.want("show cs7 m3ua", "ASPs that are not configured: 0 of 256 (`cs7 xua max-unconfigured-asps`)")
		a.configure("cs7 xua max-unconfigured-asps 2")
		a.want("show running-config", " xua max-unconfigured-asps 2\n")
		var there []*player
		for i := range 2 {
			there = append(there, play(t, net, fmt.Sprintf("10.0.0.%d", 20+i)))
			if got := there[i].say(bare(xua.ASPUP)); got != "ASPUP Ack" {
				t.Errorf("%d: %q", i, got)
			}
		}
		a.want("show alarms", "No alarms.")
		if got := play(t, net, "10.0.0.30").hears(); got != "end" {
			t.Errorf("one too many: %q", got)
		}
		full := "there is room for 2 associations that are not configured, and they are all there"
		a.want("show logging", "association refused: "+full)
		a.want("show logging", "%SYS-3-RESOURCE: places for ASPs that are not configured: "+full)
		a.want("show alarms", "Major", "places for ASPs that are not configured", full)
		a.want("show cs7 m3ua", "ASPs that are not configured: 2 of 2")
		there[0].a.Abort("enough")
		time.Sleep(time.Second)
		a.want("show alarms", "No alarms.")
		if got := play(t, net, "10.0.0.31").say(bare(xua.ASPUP)); got != "ASPUP Ack" {
			t.Errorf("in its place: %q", got)
		}
		a.configure("no cs7 xua max-unconfigured-asps")
		if got := a.run("show running-config"); strings.Contains(got, "unconfigured") {
			t.Error(got)
		}
	})
}
