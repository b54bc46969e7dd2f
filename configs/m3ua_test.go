package configs

import (
	"bytes"
	"strings"
	"testing"
)

const m3uaText = `cs7 point-code 1.1.1
cs7 xua rkm routing-key-allocation dynamic-permitted
!
cs7 m3ua 2905
 local-ip 10.0.5.1
 accept-asp-connections dynamic-permitted
!
cs7 m3ua 2908
 local-ip 10.0.5.1
 transport tcp
!
cs7 asp HLR-A 14001 2905 m3ua
 remote-ip 10.0.9.2
 rkm allow 1.2.0/11
 slack no-notify
 slack data-on-stream-0
 block
!
cs7 asp UP 2905 2906 m3ua
 local-ip 10.0.5.1
 remote-ip 10.0.9.3
 role ipsp double-exchange
 asp-identifier 0
 timer heartbeat 1000
!
cs7 asp POOR 0 2907 m3ua tcp
 local-ip 10.0.5.1
 remote-ip 10.0.9.4
 sctp-role server
!
cs7 as HLR m3ua
 asp HLR-A weight 0
 routing-key 100 2.2.2 si sccp
 routing-key 100 2.2.0/11 si isup opc 1.1.0/11 cic 1 30
 routing-key 100 0.0.0/0
 traffic-mode loadshare roundrobin
 recovery-timeout 500
 network-appearance 0
!
cs7 as UPS m3ua
 asp UP
 routing-key 0
 own-routing-context 9
!
cs7 route-table system
 update route 3.0.0/3 as HLR
 update route 0.0.0/0 linkset UPS priority 7
!
end
`

// What is written is what was read.
func TestM3UARoundTrip(t *testing.T) {
	s, errs := Read([]byte(m3uaText))
	for _, e := range errs {
		t.Error(e)
	}
	var b bytes.Buffer
	if err := s.Write(&b); err != nil {
		t.Fatal(err)
	}
	var c bytes.Buffer
	if err := s.Clone().Write(&c); err != nil || c.String() != b.String() {
		t.Error("a clone differs", err)
	}
	got := b.String()
	if i := strings.Index(got, "cs7 point-code"); i < 0 || got[i:] != m3uaText {
		t.Errorf("got:\n%s\nwant:\n%s", got, m3uaText)
	}
}

// Each fault says what and where; what is sound runs.
func TestM3UAFaults(t *testing.T) {
	for _, c := range []struct{ from, to, want string }{
		{"14001 2905 m3ua", "2905 14001 m3ua", "asp HLR-A: m3ua 14001 does not exist: " +
			"configure `cs7 m3ua 14001` first. The order is `cs7 asp NAME REMOTE-PORT LOCAL-PORT m3ua`"},
		{" asp UP\n", " asp UPP\n", "as UPS: asp UPP does not exist; there is HLR-A UP POOR"},
		{" asp UP\n", " asp UP\n asp HLR-A\n", "as UPS: this node is sg to asp HLR-A and ipsp double-exchange to the one " +
			"before; ASPs of an AS need one role"},
		{"routing-key 0\n", "routing-key 100\n", "as UPS: routing context 100 is that of as HLR. ASPs name an AS " +
			"by its routing context, so each AS needs its own, and 0 is no exception: choose another, here and at the ASPs"},
		{"100 2.2.2 si", "101 2.2.2 si", "as HLR: it has routing context 101 already; all lines of a routing key have the " +
			"same"},
		{"traffic-mode loadshare roundrobin", "register", "as HLR: `register` cannot ask for a masked OPC (RFC 4666 " +
			"§3.6.1 has single ones only); list them, or give the gateway the key by configuration and take `register` out"},
		{"opc 1.1.0/11", "opc 1.1.0/11 7.255.0", "the OPC 1.1.0/11 has a mask already"},
		{"opc 1.1.0/11", "opc 1.1.0 7.0.7",
			`"7.0.7" is not a mask; write PC/LEN, as in 1.2.0/11, or PC MASK, as in 1.2.0 7.255.0`},
		{"cic 1 30", "cic 30 1", "as HLR: cic 30 1: the first must not be greater than the last"},
		{"3.0.0/3 as HLR", "3.0.0/3 as HLX", "route 3.0.0/3: as HLX does not exist"},
		{"asp UP 2905", "asp UP 0", "asp UP: remote port 0 is any, which only the far end can choose; give its port, or " +
			"let it set up the association (`sctp-role server`)"},
		{"!\ncs7 asp HLR-A", "!\ncs7 local-peer 2905\n local-ip 10.0.5.1\n!\ncs7 asp HLR-A",
			"m3ua 2905: local-peer 2905 has that port; M2PA and M3UA need a port each"},
		{"timer heartbeat 1000\n", "timer heartbeat 1000\n retransmit-timeout 900 800\n",
			"asp UP: retransmit-timeout 900 800: the first is the least, the second the greatest; swap them"},
		{" recovery-timeout 500\n", " recovery-timeout 500\n own-routing-context 3\n",
			"as HLR: own-routing-context is for a double exchange, and asp HLR-A is of `role sg`"},
		{" role ipsp double-exchange\n", " role asp respond\n", "asp UP: only an ipsp has a choice of exchanges; take " +
			"`respond` out"},
		{"14001 2905 m3ua", "14001 2905 m3ua tcp", "asp HLR-A: m3ua 2905 is a port of SCTP; `transport tcp` under it " +
			"makes it one of TCP, or give the ASP another port"},
		{"14001 2905 m3ua", "14001 2908 m3ua sctp", "asp HLR-A: m3ua 2908 is a port of TCP; `no transport` under it makes " +
			"it one of SCTP, or give the ASP another port"},
		{"2907 m3ua tcp\n", "2907 m3ua tcp\n udp-port 9899\n", "asp POOR: udp-port is SCTP's, and m3ua 2907 is a port of " +
			"TCP; take it out"},
		{" transport tcp\n", " transport tcp\n checksum any\n", "m3ua 2908: checksum is SCTP's, and its transport " +
			"is tcp; take it out"},
	} {
		text := strings.Replace(m3uaText, c.from, c.to, 1)
		s, errs := Read([]byte(text))
		found := false
		for _, e := range errs {
			found = found || strings.HasSuffix(e.Error(), c.want)
		}
		if !found {
			t.Errorf("%q: %q is not in %v", c.to, c.want, errs)
		}
		if v := s.Validate(); len(v) > 0 {
			t.Errorf("%q: what is left is unsound: %v", c.to, v)
		}
		if s.PC == nil {
			t.Errorf("%q: nothing is left", c.to)
		}
	}
}

// A configuration in Osmocom's nesting means the same and is written flat.
func TestOsmocomNesting(t *testing.T) {
	text := `cs7 instance 0
 network-indicator national
 point-code 0.1.0
 xua rkm routing-key-allocation dynamic-permitted
 asp HLR-A 14001 2905 m3ua
  remote-ip 10.0.9.2
  role sg
  sctp-role server
 asp POOR 0 2906 m3ua tcp
  remote-ip 10.0.9.3
  transport-role server
 asp RICH 0 2905 m3ua sctp
  remote-ip 10.0.9.3
 as HLR m3ua
  asp HLR-A
  routing-key 100 2.2.2
  traffic-mode override
 route-table system
  update route 3.0.0 7.0.0 linkset HLR
 listen m3ua 2905 sctp
  accept-asp-connections dynamic-permitted
  local-ip 127.0.0.1
 listen m3ua 2906 tcp
  local-ip 127.0.0.1
`
	s, errs := Read([]byte(text))
	for _, e := range errs {
		t.Error(e)
	}
	var b bytes.Buffer
	if err := s.Write(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"cs7 point-code 0.1.0\n", "cs7 m3ua 2905\n local-ip 127.0.0.1\n " +
		"accept-asp-connections dynamic-permitted\n", "cs7 as HLR m3ua\n asp HLR-A\n routing-key 100 2.2.2\n traffic-mode " +
		"override\n",
		" update route 3.0.0/3 linkset HLR\n", "cs7 m3ua 2906\n local-ip 127.0.0.1\n transport tcp\n",
		"cs7 asp POOR 0 2906 m3ua tcp\n remote-ip 10.0.9.3\n sctp-role server\n"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in:\n%s", want, b.String())
		}
	}
}

// ITP's form, `opc PC MASK`, means the same as PC/LEN, and is written as that.
func TestOPCMask(t *testing.T) {
	for written, want := range map[string]string{"1.1.0 7.255.0": "opc 1.1.0/11", "1.1.5 7.255.7": "opc 1.1.5 cic",
		"1.1.5 7.255.0": "opc 1.1.0/11", "1.1.5 0.0.0": "opc 0.0.0/0"} {
		s, errs := Read([]byte(strings.Replace(m3uaText, "1.1.0/11", written, 1)))
		var b bytes.Buffer
		if err := s.Write(&b); err != nil || len(errs) > 0 {
			t.Errorf("%s: %v, %v", written, err, errs)
		}
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in:\n%s", want, b.String())
		}
	}
}
