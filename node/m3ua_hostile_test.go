package node

import (
	"context"
	"encoding/binary"
	"errors"
	"math/rand"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gostp/gostp/m3ua"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/sctp/sctptest"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// stranger is an ASP of which the test writes every octet.
type stranger struct {
	t *testing.T
	e sctp.Endpoint
	a sctp.Assoc
	b *sctp.Batch
}

func dialStranger(t *testing.T, net *sctptest.Memory, ip string) *stranger {
	t.Helper()
	at := func(ip string) sctp.Addr { return sctp.Addr{IPs: []netip.Addr{netip.MustParseAddr(ip)}, Port: 2905} }
	e, err := sctp.NewUser(net).Open(at(ip), sctp.Params{OutStreams: 17, InStreams: 17})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	a, err := e.Dial(ctx, at("10.0.0.1"), sctp.Params{OutStreams: 17, InStreams: 17})
	if err != nil {
		t.Fatal(err)
	}
	return &stranger{t, e, a, sctp.NewBatch(64)}
}

func (s *stranger) send(stream uint16, b []byte) {
	for range 1000 { // a full send buffer is waited for, or the message would never be put to the node
		if _, err := s.a.Send([]sctp.Message{{Stream: stream, PPID: m3ua.PPID, Data: b}}); !errors.Is(err, sctp.ErrFull) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// heard gives the names of the messages that came so far.
func (s *stranger) heard() string {
	time.Sleep(200 * time.Millisecond)
	var out []string
	for {
		got := make(chan error, 1)
		go func() { got <- s.a.Read(s.b) }()
		synctest.Wait()
		select {
		case err := <-got:
			if err != nil {
				return strings.Join(append(out, "end"), " ")
			}
		default:
			s.a.Abort("enough")
			<-got
			return strings.Join(out, " ")
		}
		for _, it := range s.b.Items {
			if it.Event != nil {
				continue
			}
			m, _ := m3ua.Grammar.Parse(it.Data)
			name := m.Name
			if code, ok := m.Params.Uint32(xua.TagErrorCode); ok {
				name += "(" + xua.Code(code).String() + ")"
			}
			out = append(out, name)
		}
	}
}

func bare(t xua.Type) []byte { return xua.End(xua.Begin(nil, t), 0) }

func data(rc uint32, sls uint8, size int) []byte {
	l := m3ua.Label{RC: rc, HasRC: true}
	return l.Append(nil, &ss7.MSU{DPC: 4114, OPC: 10285, SI: ss7.SCCP, NI: ss7.International, SLS: sls,
		Payload: make([]byte, size)})
}

// What stops or stalls other gateways is answered, counted, and leaves this one running.
func TestHostileInputs(t *testing.T) {
	t.Parallel()
	short := xua.AppendBytes(xua.Begin(nil, m3ua.DATA), xua.TagRoutingContext, []byte{0, 0, 55})
	noNA := append(xua.Begin(nil, m3ua.DATA), 2, 0, 0, 4)
	wide := binary.BigEndian.AppendUint32(append(xua.Begin(nil, m3ua.DAUD), 0, 18, 0, 8), 255<<24|1<<14-1)
	for name, b := range map[string][]byte{"SLS of 16 and more": data(55, 200, 20),
		"short routing context":    xua.End(short, 0),
		"empty network appearance": xua.End(noNA, 0), "over-long DATA": data(55, 0, 60000),
		"DAUD with a wide mask": xua.End(wide, 0), "a header alone": bare(m3ua.DATA),
		"another's routing context": data(99, 0, 20), "a version of tomorrow": {9, 0, 3, 1, 0, 0, 0, 8},
		"no whole header": {1, 0, 1}} {
		servers(t, gatewayConfig, func(net *sctptest.Memory, a, b2, h1, h2 *box) {
			h1.Close()
			s := dialStranger(a.t, net, "10.0.0.5")
			s.send(0, bare(xua.ASPUP))
			s.send(0, bare(xua.ASPAC))
			for range 1000 {
				s.send(1, b)
			}
			s.send(0, xua.End(xua.AppendBytes(xua.Begin(nil, xua.BEAT), xua.TagHeartbeat, []byte("here?")), 0))
			got := s.heard()
			if !strings.HasPrefix(got, "ASPUP Ack NTFY ASPAC Ack") || !strings.Contains(got, "BEAT Ack") {
				t.Errorf("%s: %q", name, got)
			}
			time.Sleep(5 * time.Second)
			b2.want("ping cs7 5.5.5 count 16 rate 100", "100% successful packets(16/16)")
		})
	}
}

// Random messages, sound ones cut and changed, for a while.
func TestNoise(t *testing.T) {
	t.Parallel()
	servers(t, strings.Replace(gatewayConfig, "cs7 asp H1",
		" accept-asp-connections dynamic-permitted\ncs7 xua rkm routing-key-allocation dynamic-permitted\ncs7 asp H1", 1),
		func(net *sctptest.Memory, a, b, h1, h2 *box) {
			r := rand.New(rand.NewSource(1))
			seeds := [][]byte{bare(xua.ASPUP), bare(xua.ASPAC), bare(xua.ASPIA), bare(xua.ASPDN), data(55, 1, 30),
				bare(m3ua.DAUD), registration(700, 7), registration(4114, 8)}
			for range 20 {
				s := dialStranger(a.t, net, "10.0.0.77")
				for range 500 {
					m := append([]byte(nil), seeds[r.Intn(len(seeds))]...)
					for range r.Intn(3) {
						m[r.Intn(len(m))] = byte(r.Intn(256))
					}
					s.send(uint16(r.Intn(17)), m[:len(m)-r.Intn(2)*r.Intn(len(m))])
				}
				time.Sleep(time.Second)
				s.e.Close()
				time.Sleep(time.Second)
			}
			time.Sleep(5 * time.Second)
			a.want("show cs7 m3ua", "accept-asp-connections dynamic-permitted: accepted 22")
			if got := a.run("show cs7 as"); strings.Contains(got, "as-rkm") {
				t.Error("a registration outlived its peer:", got)
			}
			b.want("ping cs7 5.5.5 count 16 rate 100", "100% successful packets(16/16)")
			if got := a.run("show logging"); strings.Contains(got, "PANIC") {
				t.Error(got)
			}
		})
}

func registration(dpc ss7.PC, local uint32) []byte {
	k := m3ua.Key{Terms: []m3ua.Term{{DPC: ss7.Range{PC: dpc, Len: 14}}}}
	return m3ua.AppendRegistrations(nil, []m3ua.Registration{{LocalID: local, Key: k}}, 14)
}

// Anybody may connect and register a destination that is free, and nothing else.
func TestDynamicRegistration(t *testing.T) {
	t.Parallel()
	servers(t, strings.Replace(gatewayConfig, "cs7 asp H1",
		" accept-asp-connections dynamic-permitted\ncs7 xua rkm routing-key-allocation dynamic-permitted\ncs7 asp H1", 1),
		func(net *sctptest.Memory, a, b, h1, h2 *box) {
			s := dialStranger(a.t, net, "10.0.0.77")
			s.send(0, bare(xua.ASPUP))
			s.send(0, registration(4114, 1))  // 2.2.2, adjacent by linkset B
			s.send(0, registration(2057, 2))  // 1.1.1, the node's own
			s.send(0, registration(10285, 3)) // 5.5.5, the key of HLR
			s.send(0, registration(10286, 4)) // 5.5.6, nobody's
			s.send(0, bare(xua.ASPAC))
			time.Sleep(time.Second)
			a.want("show cs7 as detail", "as-rkm-1048577", "5.5.6", "registered by its ASPs; it goes with the last of them")
			a.want("show cs7 asp", "asp-dyn-", "as-rkm-1048577  active")
			a.want("show cs7 route explain 5.5.6", "belongs to as as-rkm-1048577 by its routing key", "to asp asp-dyn-")
			for _, why := range []string{"2.2.2 is adjacent by linkset B", "1.1.1 is a code of this node",
				"AS HLR takes only the ASPs that are configured"} {
				a.want("show logging", why)
			}
			if got := s.heard(); strings.Count(got, "REG RSP") != 4 {
				t.Error(got)
			}
			time.Sleep(5 * time.Second)
			a.want("show cs7 route explain 5.5.6", "DISCARDED: no route")
			if got := a.run("show cs7 as", "show cs7 asp"); strings.Contains(got, "rkm") || strings.Contains(got, "dyn") {
				t.Error(got)
			}
		})
}

// An ASP without an address is known by its ASP identifier.
func TestIdentifiedASP(t *testing.T) {
	t.Parallel()
	config := strings.Replace(gatewayConfig, "remote-ip 10.0.0.5", "asp-identifier 7", 1)
	servers(t, config, func(net *sctptest.Memory, a, b, h1, h2 *box) {
		a.want("show cs7 asp H1", "reason: no association: ")
		h1.configure("cs7 asp SG 2905 2905 m3ua", "asp-identifier 7")
		h1.run("clear cs7 asp SG")
		time.Sleep(20 * time.Second)
		a.want("show cs7 asp H1", "H1            HLR           active    m3ua  2905     10.0.0.5        ESTABLISHED")
		b.want("ping cs7 5.5.5 count 32 rate 100", "100% successful packets(32/32)")
		h1.Close()
		time.Sleep(time.Second)
		a.want("show cs7 asp H1", "down", "reason: no association")
		b.want("ping cs7 5.5.5 count 32 rate 100", "100% successful packets(32/32)")
	})
}
