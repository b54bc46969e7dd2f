package node

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gostp/gostp/association"
	"github.com/gostp/gostp/m2ua"
	"github.com/gostp/gostp/m3ua"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/sctp/sctptest"
	"github.com/gostp/gostp/xua"
)

// everyKind is a node at which a far end at 10.0.0.200 is configured, in each kind: for ASPs
// at any port, for a link at port 5000.
const everyKind = `hostname A
cs7 network-indicator international
cs7 point-code 1.1.1
cs7 local-peer 2904
 local-ip 10.0.0.1
cs7 linkset B 2.2.2
 link 0 sctp 10.0.0.200 5000 2904 passive
cs7 m3ua 2905
 local-ip 10.0.0.1
cs7 asp H1 0 2905 m3ua
 remote-ip 10.0.0.200
cs7 as HLR m3ua
 asp H1
 routing-key 55 5.5.5
cs7 m2ua 2906
 local-ip 10.0.0.1
cs7 local-peer 2907
 local-ip 10.0.0.1
cs7 asp MGC 0 2906 m2ua
 remote-ip 10.0.0.200
cs7 as EXCH m2ua
 asp MGC
 interface-identifier 1 sctp 10.0.0.9 2907 2907
`

// far is a far end with addresses and a port of its own.
func far(t *testing.T, net *sctptest.Memory, port uint16, ips ...string) sctp.Endpoint {
	t.Helper()
	at := sctp.Addr{Port: port}
	for _, ip := range ips {
		at.IPs = append(at.IPs, netip.MustParseAddr(ip))
	}
	e, err := sctp.NewUser(net).Open(at, sctp.Params{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

// calls sets up an association to a port of 10.0.0.1 and listens to it.
func calls(t *testing.T, e sctp.Endpoint, port uint16) *player {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	a, err := e.Dial(ctx, sctp.Addr{IPs: []netip.Addr{netip.MustParseAddr("10.0.0.1")}, Port: port}, sctp.Params{})
	if err != nil {
		t.Fatal(err)
	}
	p := &player{t: t, a: a}
	go p.listen()
	return p
}

// rises says ASPUP, in the protocol of its port.
func (p *player) rises(m2 bool, b []byte) string {
	p.t.Helper()
	ppid := uint32(m3ua.PPID)
	if m2 {
		ppid = m2ua.PPID
	}
	if _, err := p.a.Send([]sctp.Message{{PPID: ppid, Data: b}}); err != nil {
		p.t.Error(err)
	}
	return p.hears()
}

// kinds are the ports of everyKind, and who is configured there.
var kinds = map[uint16]string{2904: "link 0 of linkset B", 2905: "ASP H1", 2906: "ASP MGC"}

// Whoever lists the address of a configured far end is not the one (RFC 9260 §5.4): nobody
// answers there for it, so its association is ended with the reason, and is not waited for again.
func TestListedAddressIdentifiesNobody(t *testing.T) {
	t.Parallel()
	for port, who := range kinds {
		strangers(t, everyKind, func(t *testing.T, net *sctptest.Memory, a *box) {
			net.Cut(netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.200"), true)
			e := far(t, net, 5000, "10.0.0.3", "10.0.0.200")
			p := calls(t, e, port)
			if got := p.say(bare(xua.ASPUP)); got != "" {
				t.Errorf("%s: a stranger hears %q", who, got)
			}
			time.Sleep(association.ProofWait)
			if got := p.hears(); got != "end" {
				t.Errorf("%s: %q", who, got)
			}
			a.want("show logging", "refused: it lists an address of "+who+", from which nothing has answered within 5s")
			if got := a.run("show logging"); strings.Contains(got, " of "+who+" is up with") {
				t.Errorf("%s: the stranger was served: %s", who, got)
			}
			p = calls(t, e, port)
			if got := p.hears(); got != "end" {
				t.Errorf("%s: again: %q", who, got)
			}
			a.want("show logging", "it lists an address of "+who+", as did one before in vain")
		})
	}
}

// A far end that has proved to be at a configured address is the one, from whichever of its
// addresses it set its association up.
func TestFarEndIsKnownByAnyProvedAddress(t *testing.T) {
	t.Parallel()
	for port, who := range kinds {
		strangers(t, everyKind, func(t *testing.T, net *sctptest.Memory, a *box) {
			p := calls(t, far(t, net, 5000, "10.0.0.3", "10.0.0.200"), port)
			time.Sleep(2 * time.Second) // a HEARTBEAT asks 10.0.0.200
			a.want("show logging", " of "+who+" is up with 10.0.0.3, 10.0.0.200 port 5000")
			if port != 2904 {
				if got := p.rises(port == 2906, bare(xua.ASPUP)); !strings.HasPrefix(got, "ASPUP Ack") {
					t.Errorf("%s hears %q", who, got)
				}
			}
		})
		two := strings.ReplaceAll(everyKind, "10.0.0.200", "10.0.0.200 10.0.0.3")
		two = strings.ReplaceAll(two, "remote-ip 10.0.0.200 10.0.0.3", "remote-ip 10.0.0.200\n remote-ip 10.0.0.3")
		strangers(t, two, func(t *testing.T, net *sctptest.Memory, a *box) {
			net.Cut(netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.200"), true)
			calls(t, far(t, net, 5000, "10.0.0.3", "10.0.0.200"), port)
			time.Sleep(time.Second)
			a.want("show logging", " of "+who+" is up with 10.0.0.3, 10.0.0.200 port 5000")
		})
	}
}

// A second association of a far end is not parked in silence: it is served if the first ends
// soon, else it is ended, which is logged.
func TestSecondAssociationDoesNotLurk(t *testing.T) {
	t.Parallel()
	for _, port := range []uint16{2905, 2906} {
		who := kinds[port]
		strangers(t, everyKind, func(t *testing.T, net *sctptest.Memory, a *box) {
			host := sctp.NewUser(net)
			dial := func(from uint16) *player {
				at := sctp.Addr{IPs: []netip.Addr{netip.MustParseAddr("10.0.0.200")}, Port: from}
				e, err := host.Open(at, sctp.Params{})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { e.Close() })
				return calls(t, e, port)
			}
			first := dial(5000)
			time.Sleep(time.Second)
			lurker := dial(5001)
			time.Sleep(100 * time.Millisecond)
			a.want("show logging", "a second association for "+who+", with 10.0.0.200 port 5001, waits 10s at most")
			if got := lurker.rises(port == 2906, bare(xua.ASPUP)); got != "" {
				t.Errorf("%s: %q", who, got)
			}
			time.Sleep(association.Unserved)
			if got := lurker.hears(); got != "end" {
				t.Errorf("%s: after 10 s: %q", who, got)
			}
			a.want("show logging", "association refused: "+who+" has another association for [10.0.0.200] port 5001")
			if got := first.rises(port == 2906, bare(xua.ASPUP)); !strings.HasPrefix(got, "ASPUP Ack") {
				t.Errorf("%s: the first hears %q", who, got)
			}
			next := dial(5002)
			first.a.Abort("gone")
			time.Sleep(2 * time.Second)
			if got := next.rises(port == 2906, bare(xua.ASPUP)); !strings.HasPrefix(got, "ASPUP Ack") {
				t.Errorf("%s: the next hears %q", who, got)
			}
		})
	}
}

// twoAtOne are two ASPs at one address and any port, of M3UA or of M2UA.
func twoAtOne(m2 bool, under string) string {
	kind, keys := "m3ua", [2]string{" routing-key 10 2.2.2\n", " routing-key 11 3.3.3\n"}
	text := "hostname A\ncs7 network-indicator international\ncs7 point-code 1.1.1\n"
	if m2 {
		kind = "m2ua"
		for i := range keys {
			keys[i] = fmt.Sprintf(" interface-identifier %d sctp 10.0.0.9 %d 2907\n", i+1, 3000+i)
		}
		text += "cs7 local-peer 2907\n local-ip 10.0.0.1\n"
	}
	text += "cs7 " + kind + " 2905\n local-ip 10.0.0.1\n"
	for i, name := range []string{"MSC", "BSC"} {
		text += fmt.Sprintf("cs7 asp %s 0 2905 %s\n remote-ip 10.0.0.200\n", name, kind)
		if under != "" {
			text += fmt.Sprintf(" %s %d\n", under, i+1)
		}
		text += fmt.Sprintf("cs7 as OF-%s %s\n asp %s\n%s", name, kind, name, keys[i])
	}
	return text
}

// atOneHost dials from a host, 10.0.0.200 or another, whose programs have ports that its
// system chose.
func atOneHost(t *testing.T, net *sctptest.Memory, ips ...string) func() *player {
	host, at := sctp.NewUser(net), sctp.Addr{Port: 40000}
	for _, ip := range append(ips, "10.0.0.200")[:max(1, len(ips))] {
		at.IPs = append(at.IPs, netip.MustParseAddr(ip))
	}
	return func() *player {
		at.Port++
		e, err := host.Open(at, sctp.Params{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { e.Close() })
		return calls(t, e, 2905)
	}
}

func identified(id uint32) []byte {
	return xua.End(xua.AppendUint32(xua.Begin(nil, xua.ASPUP), xua.TagASPID, id), 0)
}

// Two ASPs at one address are told apart by the routing context that each asks for, in either
// order, and a third association is told that there is no third.
func TestASPsAtOneAddressByRoutingContext(t *testing.T) {
	t.Parallel()
	for _, order := range [][2]uint32{{10, 11}, {11, 10}} {
		strangers(t, twoAtOne(false, ""), func(t *testing.T, net *sctptest.Memory, a *box) {
			dial := atOneHost(t, net)
			for _, rc := range order {
				p := dial()
				if got := p.say(bare(xua.ASPUP)); got != "ASPUP Ack" && !strings.HasPrefix(got, "ASPUP Ack, NTFY") {
					t.Errorf("%v: ASPUP: %q", order, got)
				}
				got, ack := p.say(naming(xua.ASPAC, rc)), fmt.Sprintf("ASPAC Ack [%d]", rc)
				if !strings.Contains(got, ack) || strings.Contains(got, "ASPUP") {
					t.Errorf("%v: ASPAC: %q", order, got)
				}
			}
			a.want("show cs7 as", "OF-MSC       active", "OF-BSC       active")
			p := dial()
			if got := p.say(bare(xua.ASPUP)); !strings.HasSuffix(got, "end") || !strings.HasPrefix(got, "ERR") {
				t.Errorf("the third hears %q", got)
			}
			a.want("show logging", "refused: each has an association already: ASP MSC, ASP BSC for [10.0.0.200]")
		})
	}
}

// They are told apart by the identifier in ASPUP, in either order, of M3UA and of M2UA; who
// tells that of nobody is refused with the reason.
func TestASPsAtOneAddressByIdentifier(t *testing.T) {
	t.Parallel()
	for _, m2 := range []bool{false, true} {
		for _, order := range [][2]uint32{{1, 2}, {2, 1}} {
			strangers(t, twoAtOne(m2, "asp-identifier"), func(t *testing.T, net *sctptest.Memory, a *box) {
				dial := atOneHost(t, net)
				for _, id := range order {
					if got := dial().rises(m2, identified(id)); !strings.HasPrefix(got, "ASPUP Ack") {
						t.Errorf("M2UA %v, %v: %q", m2, order, got)
					}
					name := []string{"", "MSC", "BSC"}[id]
					a.want("show logging", fmt.Sprintf("of ASP %s is up with 10.0.0.200 port", name))
				}
				if got := dial().rises(m2, identified(7)); got != "ERR Invalid ASP Identifier, end" {
					t.Errorf("M2UA %v: a third: %q", m2, got)
				}
				a.want("show logging", "refused: no asp with asp-identifier 7 is configured for [10.0.0.200]")
			})
		}
	}
}

// Where nothing tells them apart, the first that is free has the association; so also if no
// routing context comes, as of an ASP that waits for NTFY.
func TestFirstFreeASPAtOneAddress(t *testing.T) {
	t.Parallel()
	for _, m2 := range []bool{false, true} {
		strangers(t, twoAtOne(m2, ""), func(t *testing.T, net *sctptest.Memory, a *box) {
			p := atOneHost(t, net)()
			if got := p.rises(m2, bare(xua.ASPUP)); got != "ASPUP Ack" {
				t.Errorf("M2UA %v: %q", m2, got)
			}
			time.Sleep(association.ContextWait)
			if got := p.hears(); !strings.HasPrefix(got, "NTFY AS-INACTIVE") {
				t.Errorf("M2UA %v: %q", m2, got)
			}
			if got := p.rises(m2, bare(xua.ASPAC)); !strings.HasPrefix(got, "ASPAC Ack") {
				t.Errorf("M2UA %v: %q", m2, got)
			}
			a.want("show logging", "of ASP MSC is up with")
		})
		one := strings.Replace(twoAtOne(m2, ""), " asp MSC\n", " asp MSC\n asp BSC\n", 1)
		one = one[:strings.LastIndex(one, "cs7 as ")]
		asp := one[:strings.LastIndex(one, "cs7 asp BSC")] // its line comes before the AS that names it
		one = strings.Replace(asp, "cs7 as ", one[len(asp):]+"cs7 as ", 1)
		strangers(t, one, func(t *testing.T, net *sctptest.Memory, a *box) {
			dial := atOneHost(t, net)
			for _, name := range []string{"MSC", "BSC"} { // of one AS: there is nothing to wait for
				if got := dial().rises(m2, bare(xua.ASPUP)); !strings.HasPrefix(got, "ASPUP Ack, NTFY") {
					t.Errorf("M2UA %v, %s: %q", m2, name, got)
				}
				a.want("show logging", "of ASP "+name+" is up with")
			}
		})
	}
}

// A standby names its routing context, or interface, long after it was taken for another ASP that
// serves nothing of it: its association goes on as that of the one that does. So does one that is
// called for while another holds its place by a guess.
func TestStandbyIsKnownByWhatItNamesLater(t *testing.T) {
	t.Parallel()
	activate := func(m2 bool, n uint32) []byte {
		if m2 {
			return xua.End(xua.AppendUint32(xua.Begin(nil, xua.ASPAC), 1, n), 0)
		}
		return naming(xua.ASPAC, 9+n)
	}
	for _, m2 := range []bool{false, true} {
		strangers(t, twoAtOne(m2, ""), func(t *testing.T, net *sctptest.Memory, a *box) {
			dial := atOneHost(t, net)
			wait := func(p *player) {
				if got := p.rises(m2, bare(xua.ASPUP)); got != "ASPUP Ack" {
					t.Errorf("M2UA %v: %q", m2, got)
				}
				time.Sleep(association.ContextWait + time.Second)
				p.hears()
			}
			speak := func(p *player, n uint32) {
				if got := p.rises(m2, activate(m2, n)); !strings.Contains(got, "ASPAC Ack") ||
					strings.Contains(got, "ERR") || strings.Contains(got, "ASPUP") {
					t.Errorf("M2UA %v: ASPAC %d: %q", m2, n, got)
				}
			}
			bsc := dial()
			wait(bsc)
			a.want("show logging", "of ASP MSC is up with")
			speak(bsc, 2)
			a.want("show logging", "it goes on as that of ASP BSC, which serves what it names",
				"of ASP BSC is up with")
			msc := dial()
			wait(msc)
			speak(msc, 1)
			bsc.a.Abort("gone")
			time.Sleep(2 * time.Second)

			// The place of MSC is held by a guess, until MSC is there.
			msc.a.Abort("gone")
			time.Sleep(2 * time.Second)
			bsc = dial()
			wait(bsc)
			msc = dial()
			if got := msc.rises(m2, bare(xua.ASPUP)); got != "ASPUP Ack" {
				t.Errorf("M2UA %v: MSC: %q", m2, got)
			}
			if got := msc.rises(m2, activate(m2, 1)); strings.Contains(got, "ERR") {
				t.Errorf("M2UA %v: MSC: %q", m2, got)
			}
			time.Sleep(2 * time.Second)
			if got := bsc.hears(); !strings.HasSuffix(got, "end") {
				t.Errorf("M2UA %v: who was taken for it hears %q", m2, got)
			}
			a.want("show logging", "it was taken for ASP MSC because it named nothing, and another names what that "+
				"one serves")
			for _, s := range a.asps() {
				if got, _ := s.Association(); s.title == "MSC" && got == nil {
					t.Errorf("M2UA %v: MSC has no association", m2)
				}
			}
		})
	}
}

// asps are the ASPs at port 2905.
func (b *box) asps() []*xuaASP {
	return slices.DeleteFunc(slices.Collect(b.everyASP()), func(a *xuaASP) bool { return a.Ends.LocalPort != 2905 })
}

// ASPs of M2UA at one address are told apart by the interface that each asks for.
func TestASPsAtOneAddressByInterface(t *testing.T) {
	t.Parallel()
	for _, order := range [][2]uint32{{1, 2}, {2, 1}} {
		strangers(t, twoAtOne(true, ""), func(t *testing.T, net *sctptest.Memory, a *box) {
			dial := atOneHost(t, net)
			for _, id := range order {
				p := dial()
				if got := p.rises(true, bare(xua.ASPUP)); !strings.HasPrefix(got, "ASPUP Ack") {
					t.Errorf("%v: ASPUP: %q", order, got)
				}
				ac := xua.End(xua.AppendUint32(xua.Begin(nil, xua.ASPAC), 1, id), 0)
				if got := p.rises(true, ac); !strings.Contains(got, "ASPAC Ack") || strings.Contains(got, "ERR") {
					t.Errorf("%v: ASPAC: %q", order, got)
				}
			}
			a.want("show logging", "of ASP MSC is up with", "of ASP BSC is up with")
		})
	}
}

// A far end that restarts before it is known who it is begins anew, and is acknowledged once.
func TestFarEndRestartsBeforeItIsKnown(t *testing.T) {
	t.Parallel()
	strangers(t, twoAtOne(false, ""), func(t *testing.T, net *sctptest.Memory, a *box) {
		cut := func(on bool) { net.Cut(netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.200"), on) }
		e := far(t, net, 4000, "10.0.0.200")
		if got := calls(t, e, 2905).say(bare(xua.ASPUP)); got != "ASPUP Ack" {
			t.Errorf("%q", got)
		}
		cut(true) // its ABORT is lost
		e.Close()
		cut(false)
		time.Sleep(association.ContextWait - time.Second)
		p := calls(t, far(t, net, 4000, "10.0.0.200"), 2905)
		time.Sleep(2 * time.Second)
		if got := p.say(bare(xua.ASPUP)); got != "ASPUP Ack" {
			t.Errorf("again: %q", got)
		}
		got := p.say(naming(xua.ASPAC, 11))
		if !strings.Contains(got, "ASPAC Ack [11]") || strings.Contains(got, "ASPUP") {
			t.Errorf("ASPAC: %q", got)
		}
		a.want("show cs7 as", "OF-BSC       active")
	})
}

// A far end that is not told apart yet when all that it may be need other associations is told the true reason.
func TestASPsNeedOtherAssociationsBeforeOneIsKnown(t *testing.T) {
	t.Parallel()
	strangers(t, twoAtOne(false, ""), func(t *testing.T, net *sctptest.Memory, a *box) {
		p := atOneHost(t, net)()
		if got := p.say(bare(xua.ASPUP)); got != "ASPUP Ack" {
			t.Errorf("%q", got)
		}
		a.configure("cs7 asp MSC 0 2905 m3ua", "remote-ip 10.0.0.201", "cs7 asp BSC 0 2905 m3ua", "remote-ip 10.0.0.201")
		time.Sleep(association.ContextWait)
		if got := p.hears(); got != "end" {
			t.Errorf("it hears %q", got)
		}
		a.want("show logging", "refused: ASP MSC, ASP BSC is configured otherwise now, and the association is refused")
	})
}

// So is one that names what another ASP serves, long after that has been configured otherwise.
func TestStandbyNamesWhatAnASPServedBefore(t *testing.T) {
	t.Parallel()
	strangers(t, twoAtOne(false, ""), func(t *testing.T, net *sctptest.Memory, a *box) {
		p := atOneHost(t, net)()
		p.say(bare(xua.ASPUP))
		time.Sleep(association.ContextWait)
		a.want("show logging", "of ASP MSC is up with")
		a.configure("cs7 asp BSC 0 2905 m3ua", "remote-ip 10.0.0.201")
		if got := p.say(naming(xua.ASPAC, 11)); !strings.HasSuffix(got, "end") {
			t.Errorf("it hears %q", got)
		}
		a.want("show logging", "of ASP MSC ended after 4s: it is of ASP BSC, which is configured otherwise now")
	})
}

// Who says nothing at all is not kept.
func TestSilentFarEndIsNotKept(t *testing.T) {
	t.Parallel()
	strangers(t, twoAtOne(false, ""), func(t *testing.T, net *sctptest.Memory, a *box) {
		p := atOneHost(t, net)()
		time.Sleep(association.SpeakWait)
		if got := p.hears(); got != "end" {
			t.Errorf("%q", got)
		}
		a.want("show logging", "association refused: no ASP Up came within 10s for [10.0.0.200]")
	})
}

// The associations that wait at a port to be known are bounded, in all and by their source.
func TestLobbyIsBounded(t *testing.T) {
	t.Parallel()
	strangers(t, twoAtOne(false, ""), func(t *testing.T, net *sctptest.Memory, a *box) {
		dial := atOneHost(t, net)
		for i := range association.LobbyShare + 1 {
			want := ""
			if i == association.LobbyShare {
				want = "end"
			}
			if got := dial().hears(); got != want {
				t.Errorf("association %d: %q", i, got)
			}
		}
		a.want("show cs7 m3ua", "16 of at most 128 associations wait until it is known whose they are")
		a.want("show logging", "refused: 16 associations from 10.0.0.200 wait already until it is known whose they are")
	})
}
