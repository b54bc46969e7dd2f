package node

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gostp/gostp/machine"
	"github.com/gostp/gostp/sctp/sctptest"
	"github.com/gostp/gostp/startup"
)

// scripted is a platform that shows what a test says, and echoes by script.
type scripted struct {
	memoryPlatform
	interfaces []machine.InterfaceState
	routes     []machine.RouteState
	echoes     []error
	asked      []machine.Echo
}

func (s *scripted) Interfaces() []machine.InterfaceState  { return s.interfaces }
func (s *scripted) Routes() ([]machine.RouteState, error) { return slices.Clone(s.routes), nil }
func (s *scripted) Echo(_ context.Context, e machine.Echo) (time.Duration, error) {
	s.asked = append(s.asked, e)
	err := s.echoes[(len(s.asked)-1)%len(s.echoes)]
	return time.Duration(len(s.asked)) * time.Millisecond, err
}

// at types lines at a node on p and gives what they print.
func (s *scripted) at(t *testing.T, config string, lines ...string) (out string) {
	synctest.Test(t, func(t *testing.T) {
		s.memoryPlatform = onMemory(sctptest.NewMemory(1))
		n := New(Options{Platform: s, Store: startup.Memory("m", []byte(config)), Version: "test"})
		defer n.Close()
		n.Boot()
		var b strings.Builder
		c, end := n.NewSession(&b, false)
		defer end()
		c.Enable()
		for _, l := range lines {
			c.Run(t.Context(), l)
		}
		out = b.String()
	})
	return out
}

func TestShowIPLayouts(t *testing.T) {
	t.Parallel()
	p := netip.MustParsePrefix
	s := &scripted{interfaces: []machine.InterfaceState{
		{
			Name: "GigabitEthernet0/1", Device: "eth1", Up: true, Method: "manual", MTU: 1500, Hardware: "02:00:00:00:00:01",
			Addresses: []netip.Prefix{p("10.0.5.1/24"), p("10.0.9.1/24"), p("2001:db8::1/64")},
			Counters: machine.InterfaceCounters{
				InPackets: 1, InOctets: 2, InErrors: 3, InDrops: 4, OutPackets: 5, OutOctets: 6, OutErrors: 7, OutDrops: 8,
			},
		},
		{Name: "eth2", Device: "eth2", Shutdown: true, Why: "shut down by configuration", Method: "unset"},
	}, routes: []machine.RouteState{
		{Code: 'C', Dest: p("10.0.5.0/24"), Interface: "GigabitEthernet0/1"},
		{
			Code: 'S', Dest: p("10.1.0.0/16"), Via: netip.MustParseAddr("10.0.5.2"), Interface: "GigabitEthernet0/1",
			Distance: 7,
		},
		{
			Code: 'K', Dest: p("0.0.0.0/0"), Via: netip.MustParseAddr("10.0.5.254"), Interface: "GigabitEthernet0/1",
			Metric: 100,
		},
		{Code: 'C', Dest: p("2001:db8::/64"), Interface: "GigabitEthernet0/1", Metric: 256},
	}}
	for command, want := range map[string]string{
		"show ip interface brief": `Interface                  IP-Address      OK? Method Status                Protocol
GigabitEthernet0/1         10.0.5.1        YES manual up                    up
  is eth1 of this machine
eth2                       unassigned      YES unset  administratively down down
  reason: shut down by configuration
`,
		"show ip int gi0/1": `GigabitEthernet0/1 is up, line protocol is up
  is eth1 of this machine
  Internet address is 10.0.5.1/24
  Secondary address 10.0.9.1/24
  MTU is 1500 bytes
`,
		"show ipv6 interface brief": `GigabitEthernet0/1         [up/up]
    2001:db8::1
  is eth1 of this machine
eth2                       [administratively down/down]
    unassigned
  reason: shut down by configuration
`,
		"show interfaces eth1": `GigabitEthernet0/1 is up, line protocol is up
  is eth1 of this machine
  Description: to the north
  Hardware is Ethernet, address is 02:00:00:00:00:01
  Internet address is 10.0.5.1/24
  Internet address is 10.0.9.1/24
  Internet address is 2001:db8::1/64
  MTU 1500 bytes
     1 packets input, 2 bytes, 3 errors, 4 dropped
     5 packets output, 6 bytes, 7 errors, 8 dropped
`,
		"show ip route": `Codes: C - connected, S - static, K - the machine's own
       * - candidate default

Gateway of last resort is 10.0.5.254 to network 0.0.0.0

K*   0.0.0.0/0 [0/100] via 10.0.5.254, GigabitEthernet0/1
C    10.0.5.0/24 is directly connected, GigabitEthernet0/1
S    10.1.0.0/16 [7/0] via 10.0.5.2, GigabitEthernet0/1
`,
		"show ipv6 route | include 2001": "C    2001:db8::/64 is directly connected, GigabitEthernet0/1\n",
	} {
		if got := s.at(t, "interface Gi0/1\n description to the north\n", command); got != want {
			t.Errorf("%s:\n%s", command, got)
		}
	}
}

func TestPingIP(t *testing.T) {
	t.Parallel()
	s := &scripted{echoes: []error{nil, nil, nil, nil, nil}}
	if got := s.at(t, "", "ping 10.0.5.2"); got != `Type escape sequence to abort.
Sending 5, 100-byte ICMP Echos to 10.0.5.2, timeout is 2 seconds:
!!!!!
Success rate is 100 percent (5/5), round-trip min/avg/max = 1/3/5 ms
` {
		t.Error(got)
	}
	if e := s.asked[4]; e.Seq != 4 || e.Size != 100 || e.Timeout != 2*time.Second || e.ID != s.asked[0].ID ||
		e.Src.IsValid() {
		t.Errorf("%+v", e)
	}
	s = &scripted{echoes: []error{
		machine.ErrEchoTimeout, fmt.Errorf("10.0.0.254 says: %w", machine.ErrEchoUnreachable), machine.ErrEchoTooBig, nil,
	}}
	got := s.at(t, "", "ping ip 10.9.9.9 repeat 72 size 1400 timeout 1 source 10.0.5.1")
	if !strings.Contains(got, "Sending 72, 1400-byte ICMP Echos to 10.9.9.9, timeout is 1 seconds:\nPacket sent with a "+
		"source address of 10.0.5.1\n"+strings.Repeat(".UM!", 17)+".U\nM!\nSuccess rate is 25 percent (18/72)") ||
		!strings.Contains(got, "10.9.9.9: 10.0.0.254 says: unreachable\n") || !strings.Contains(got, "% test failed") {
		t.Error(got)
	}
	if got := (&scripted{echoes: []error{fmt.Errorf("ICMP needs root")}}).at(t, "",
		"ping ::1"); !strings.HasSuffix(got, "% ICMP needs root\n") {
		t.Error(got)
	}
	if got := s.at(t, "", "ping 1.2.3"); !strings.Contains(got, "a point code is tested with `ping cs7 1.2.3`") {
		t.Error(got)
	}
}
