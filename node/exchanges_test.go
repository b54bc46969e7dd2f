package node

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gostp/gostp/m3ua"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/sctp/sctptest"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// player is an ASP of which the test writes every octet and hears every message, in words.
type player struct {
	t  *testing.T
	a  sctp.Assoc
	mu sync.Mutex

	words []string // heard and not taken yet
	ended bool
}

// play sets up an association to 10.0.0.1 and listens to it.
func play(t *testing.T, net *sctptest.Memory, ip string) *player {
	t.Helper()
	p := &player{t: t, a: dialStranger(t, net, ip).a}
	go p.listen()
	return p
}

func (p *player) listen() {
	b := sctp.NewBatch(16)
	for {
		err := p.a.Read(b)
		p.mu.Lock()
		for _, it := range b.Items {
			if err == nil && it.Event == nil {
				p.words = append(p.words, inWords(it.Data))
			}
		}
		p.ended = p.ended || err != nil
		p.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// inWords names a message and what the tests look at: mode, codes, routing contexts.
func inWords(b []byte) string {
	m, e := m3ua.Grammar.Parse(b)
	if e != nil {
		return "garbage: " + e.Why
	}
	s := m.Name
	if v, ok := m.Params.Uint32(xua.TagErrorCode); ok {
		s += " " + xua.Code(v).String()
	}
	if v, ok := m.Params.Uint32(xua.TagStatus); ok {
		s += " " + xua.Status(v).String()
	}
	for _, rc := range m.Params.Uint32s(xua.TagRoutingContext) {
		s += fmt.Sprint(" [", rc, "]")
	}
	for _, pc := range m.Params.Uint32s(xua.TagAffected) {
		s += fmt.Sprint(" ", pc&0xffffff)
	}
	switch m.Type {
	case m3ua.REGRsp:
		results, _ := m3ua.ParseResults(m)
		for _, r := range results {
			s += fmt.Sprintf(" %d: %d [%d]", r.LocalID, r.Status, r.RC)
		}
	case m3ua.DATA:
		var d m3ua.Data
		_ = m3ua.ParseData(b, &d)
		s += fmt.Sprintf(" %d to %d %x", d.MSU.OPC, d.MSU.DPC, d.MSU.Payload)
	}
	return s
}

// say sends a message and gives what is heard before long; DATA goes by stream 1.
func (p *player) say(b []byte) string {
	p.t.Helper()
	stream := uint16(0)
	if m3ua.IsData(b) {
		stream = 1
	}
	if _, err := p.a.Send([]sctp.Message{{Stream: stream, PPID: m3ua.PPID, Data: b}}); err != nil {
		p.t.Errorf("cannot be sent: %v", err)
	}
	return p.hears()
}

// hears gives what was heard since it was last asked.
func (p *player) hears() string {
	time.Sleep(100 * time.Millisecond)
	p.mu.Lock()
	defer p.mu.Unlock()
	all := p.words
	p.words = nil
	if p.ended {
		all = append(all, "end")
	}
	return strings.Join(all, ", ")
}

// chooses is a REG REQ as an ASP writes it that knows the routing context it wants.
func chooses(rc, mode uint32, dpc ss7.PC) []byte {
	k := m3ua.Key{Terms: []m3ua.Term{{DPC: ss7.Range{PC: dpc, Len: 14}}}}
	r := m3ua.Registration{LocalID: rc, RC: rc, HasRC: true, Mode: mode, Key: k}
	return m3ua.AppendRegistrations(nil, []m3ua.Registration{r}, 14)
}

func naming(t xua.Type, rcs ...uint32) []byte {
	return xua.End(xua.AppendUint32s(xua.Begin(nil, t), xua.TagRoutingContext, rcs), 0)
}

// exchangeLab is the STP of a lab of two exchanges that nobody has configured.
const exchangeLab = `cs7 instance 0
 network-indicator national
 point-code 0.0.5
 xua rkm routing-key-allocation dynamic-permitted
 listen m3ua 2905
  accept-asp-connections dynamic-permitted
  local-ip 10.0.0.1
`

// scene is what happens to a node by itself.
type scene = func(t *testing.T, net *sctptest.Memory, a *box)

// strangers runs f with a node by itself.
func strangers(t *testing.T, config string, f scene) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		net := sctptest.NewMemory(1)
		a := newBox(t, net, config)
		defer a.Close()
		time.Sleep(time.Second)
		f(t, net, a)
	})
}

// iam is an Initial Address of circuit 1, as an exchange sends it to the other.
func iam(rc uint32, opc, dpc ss7.PC) []byte {
	l := m3ua.Label{RC: rc, HasRC: true}
	m := ss7.MSU{OPC: opc, DPC: dpc, SI: ss7.ISUP, NI: ss7.National, SLS: 1, Payload: []byte{1, 0, 1, 0x11, 0x48}}
	return l.Append(nil, &m)
}

// Two exchanges that nobody has configured register with routing contexts of their own, in
// override mode, come up and talk. A second ASP of one takes over from the first, as
// override has it.
func TestTwoExchanges(t *testing.T) {
	t.Parallel()
	strangers(t, exchangeLab, func(t *testing.T, net *sctptest.Memory, a *box) {
		one, two := play(t, net, "10.0.0.11"), play(t, net, "10.0.0.12")
		for i, p := range []*player{one, two} {
			rc := uint32(i + 1)
			for _, x := range []struct {
				b    []byte
				want string
			}{{bare(xua.ASPUP), "ASPUP Ack"},
				{chooses(rc, 1, ss7.PC(rc)), "REG RSP %d: 0 [%[1]d], NTFY AS-INACTIVE [%[1]d]"},
				{naming(xua.ASPAC, rc), "ASPAC Ack [%d], NTFY AS-ACTIVE [%[1]d]"}} {
				want := x.want
				if strings.Contains(want, "%") {
					want = fmt.Sprintf(want, rc)
				}
				if got := p.say(x.b); !strings.HasPrefix(got, want) {
					t.Errorf("exchange %d hears %q, want %q", rc, got, want)
				}
			}
		}
		one.hears() // that the other can be reached
		one.say(iam(1, 1, 2))
		if got := two.hears(); got != "DATA [2] 1 to 2 0100011148" {
			t.Errorf("the second hears %q", got)
		}
		two.say(iam(2, 2, 1))
		if got := one.hears(); got != "DATA [1] 2 to 1 0100011148" {
			t.Errorf("the first hears %q", got)
		}
		spare := play(t, net, "10.0.0.13")
		spare.say(bare(xua.ASPUP))
		if got := spare.say(chooses(1, 1, 1)); got != "REG RSP 1: 0 [1], NTFY AS-ACTIVE [1]" {
			t.Errorf("a second ASP hears %q", got)
		}
		spare.say(naming(xua.ASPAC, 1))
		if got := one.hears(); got != "NTFY alternate ASP active [1]" {
			t.Errorf("the first, overridden, hears %q", got)
		}
		two.say(iam(2, 2, 1))
		if got := spare.hears(); got != "DATA [1] 2 to 1 0100011148" {
			t.Errorf("the alternate hears %q", got)
		}
		if got := two.say(chooses(2, 2, 2)); got != "REG RSP 2: 10 [0]" {
			t.Errorf("its key in another mode: %q", got)
		}
		if got := two.say(chooses(1, 1, 3)); got != "REG RSP 1: 11 [0]" {
			t.Errorf("the routing context of another: %q", got)
		}
		a.want("show logging", "routing context 1 is AS as-rkm-1, with another key; it needs another number")
	})
}

// Where ASPs are configured, a routing context of their own choice wants a line, and the log
// says which.
func TestChosenContextNamesItsRemedy(t *testing.T) {
	t.Parallel()
	const dynamic = "cs7 xua rkm routing-key-allocation dynamic-permitted\n"
	fixed := strings.Replace(openGateway, "cs7 m3ua", dynamic+"cs7 m3ua", 1)
	strangers(t, fixed, func(t *testing.T, net *sctptest.Memory, a *box) {
		p := play(t, net, "10.0.0.5")
		p.say(bare(xua.ASPUP))
		if got := p.say(chooses(9, 0, 300)); got != "REG RSP 9: 11 [0]" {
			t.Error(got)
		}
		a.want("show logging", "routing context 9 has no key that could be changed",
			"`slack chosen-routing-context` under its asp takes it")
		a.configure("cs7 as HLR m3ua", "traffic-mode loadshare")
		if got := p.say(chooses(55, 1, 5<<11|5<<3|5)); got != "REG RSP 55: 10 [0]" {
			t.Error(got)
		}
		a.want("show logging", "AS HLR has traffic mode loadshare, and it asks for override; "+
			"without `traffic-mode` the AS takes that of the first REG REQ")
		a.configure("cs7 asp H1 2905 2905 m3ua", "slack chosen-routing-context")
		if got := p.say(chooses(9, 0, 300)); !strings.HasPrefix(got, "REG RSP 9: 0 [9]") {
			t.Error(got)
		}
	})
	// Where anybody may come, a configured ASP chooses too.
	const at = " local-ip 10.0.0.1\n"
	anybody := strings.Replace(fixed, at, at+" accept-asp-connections dynamic-permitted\n", 1)
	strangers(t, anybody, func(t *testing.T, net *sctptest.Memory, a *box) {
		p := play(t, net, "10.0.0.5")
		p.say(bare(xua.ASPUP))
		if got := p.say(chooses(9, 0, 300)); !strings.HasPrefix(got, "REG RSP 9: 0 [9]") {
			t.Error(got)
		}
		a.want("show cs7 asp", "H1            as-rkm-9      inactive")
	})
}

// A stranger registers nothing that a summary route leads to; the default route reserves
// nothing, unless it is said.
func TestSummaryRoutesReserve(t *testing.T) {
	t.Parallel()
	config := exchangeLab + ` asp GW 2905 2905 m3ua
  remote-ip 10.0.0.99
 as GW m3ua
  asp GW
  routing-key 77 0.9.7
 route-table system
  update route 0.7.0/11 as GW
  update route 0.0.0/0 as GW
`
	strangers(t, config, func(t *testing.T, net *sctptest.Memory, a *box) {
		p := play(t, net, "10.0.0.11")
		p.say(bare(xua.ASPUP))
		if got := p.say(chooses(1, 0, 7<<3|1)); got != "REG RSP 1: 5 [0]" {
			t.Errorf("covered by 0.7.0/11: %s", got)
		}
		a.want("show logging", "0.7.1/14 is covered by the route to 0.7.0/11, which reserves what it covers; "+
			"`rkm allow` under its asp gives it a range")
		if got := p.say(chooses(2, 0, 8<<3|1)); !strings.HasPrefix(got, "REG RSP 2: 0 [2]") {
			t.Errorf("covered by 0.0.0/0 alone: %s", got)
		}
		a.configure("cs7 xua rkm default-route reserved")
		p = play(t, net, "10.0.0.12")
		p.say(bare(xua.ASPUP))
		if got := p.say(chooses(3, 0, 8<<3|2)); got != "REG RSP 3: 5 [0]" {
			t.Errorf("reserved by 0.0.0/0: %s", got)
		}
		a.want("show running-config", " xua rkm default-route reserved\n")
	})
}

// A stranger that never says ASPUP is let go of after a minute; and one source has its share
// of the places, so that it cannot lock others out.
func TestPlacesForStrangersAreShared(t *testing.T) {
	t.Parallel()
	strangers(t, exchangeLab, func(t *testing.T, net *sctptest.Memory, a *box) {
		host := sctp.NewUser(net)
		at := func(ip string, port uint16) sctp.Addr {
			return sctp.Addr{IPs: []netip.Addr{netip.MustParseAddr(ip)}, Port: port}
		}
		var camper *player
		held := 0
		for port := range 60 {
			c, err := host.Open(at("10.0.0.66", uint16(3000+port)), sctp.Params{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { c.Close() })
			ctx, stop := context.WithTimeout(t.Context(), time.Second)
			x, err := c.Dial(ctx, at("10.0.0.1", 2905), sctp.Params{})
			stop()
			if err != nil {
				continue
			}
			p := &player{t: t, a: x}
			go p.listen()
			if camper = p; p.hears() == "" {
				held++
			}
		}
		if held == 0 || held > a.Config().MaxStrangers()/4 {
			t.Errorf("one source holds %d places", held)
		}
		a.want("show logging", "10.0.0.66 has 51 of the 256 places for associations that are not configured, "+
			"the share of one source")
		other := play(t, net, "10.0.0.11")
		if got := other.say(bare(xua.ASPUP)); got != "ASPUP Ack" {
			t.Errorf("another source hears %q", got)
		}
		time.Sleep(2 * time.Minute)
		if got := camper.hears(); got != "end" {
			t.Errorf("a stranger that never said ASPUP hears %q", got)
		}
		if got := other.say(bare(xua.ASPUP)); got != "ASPUP Ack" {
			t.Errorf("one that did hears %q", got)
		}
		a.want("show logging", "the far end has not said ASPUP for 1m0s")
		if got := a.run("show cs7 asp"); strings.Count(got, "asp-dyn-") != 1 {
			t.Error(got)
		}
	})
}

// A far end that has agreed on one stream has no other for DATA (RFC 4666 §1.4.7); one that has
// others is refused stream 0, and the log says what takes it.
func TestDataOnTheOnlyStream(t *testing.T) {
	t.Parallel()
	for streams, want := range map[uint16]string{1: "DATA [2] 1 to 2 0100011148", 2: ""} {
		strangers(t, exchangeLab, func(t *testing.T, net *sctptest.Memory, a *box) {
			at := func(ip string) sctp.Addr {
				return sctp.Addr{IPs: []netip.Addr{netip.MustParseAddr(ip)}, Port: 2905}
			}
			few := sctp.Params{OutStreams: streams, InStreams: streams}
			e, err := sctp.NewUser(net).Open(at("10.0.0.11"), few)
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			x, err := e.Dial(t.Context(), at("10.0.0.1"), few)
			if err != nil {
				t.Fatal(err)
			}
			one, two := &player{t: t, a: x}, play(t, net, "10.0.0.12")
			go one.listen()
			for i, p := range []*player{one, two} {
				rc := uint32(i + 1)
				p.say(bare(xua.ASPUP))
				p.say(chooses(rc, 1, ss7.PC(rc)))
				p.say(naming(xua.ASPAC, rc))
			}
			two.hears()
			_, _ = one.a.Send([]sctp.Message{{PPID: m3ua.PPID, Data: iam(1, 1, 2)}})
			if got := two.hears(); got != want {
				t.Errorf("%d streams: %q", streams, got)
			}
			if got := one.hears(); strings.Contains(got, "Invalid Stream") != (want == "") {
				t.Errorf("%d streams: the sender hears %q", streams, got)
			}
			if want == "" {
				a.want("show logging", "DATA on stream 0, and there are others (RFC 4666 §1.4.7); "+
					"`slack data-on-stream-0` under its asp takes it")
			}
		})
	}
}
