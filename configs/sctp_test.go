package configs

import (
	"strings"
	"testing"
	"time"
)

// The lines of an ITP's local-peer, and what later lines make of earlier ones.
func TestSettingsOfAssociations(t *testing.T) {
	s := read(t, `cs7 point-code 1.1.1
cs7 transport udp
cs7 local-peer 3565
 local-ip 10.0.0.1
 local-ip 10.0.1.1
 transport kernel
 checksum any
 receive-window 64000
 max-inbound-streams 17
 init-timeout 1000
 init-retransmit 8
 init-ip-precedence 3
 keepalive 30000
 assoc-retransmit 10
 path-retransmit 4
 retransmit-timeout 3000
 cumulative-sack 200
 bundling
 tx-queue-depth 1000
 ip-precedence 5
cs7 local-peer 3566
 local-ip 10.0.0.1
cs7 linkset B 2.2.2
 link 0 sctp 10.9.0.1 10.9.1.1 3565 3565
  no keepalive
  no bundling
  ip-dscp 0
  retransmit-timeout 100 400
 link 1 sctp 10.9.0.1 3566 3566
  keepalive 400
  default keepalive
`)
	peer, other := s.LocalPeer(3565), s.LocalPeer(3566)
	if len(peer.IPs) != 2 || s.TransportOf(peer) != Kernel || s.TransportOf(other) != UDP || !peer.AnyChecksum {
		t.Error(text(t, s))
	}
	got := SCTPFor(peer, nil)
	if got.RTOMin != 3*time.Second || got.RTOMax != 3*time.Second || got.Bundling != bundlingWait || got.Mark() != 40 ||
		got.InitMark() != 24 || got.Keepalive != 30*time.Second {
		t.Errorf("local-peer: %+v", got)
	}
	k := s.Linksets[0].Links[0]
	got = SCTPFor(peer, k)
	if got.Keepalive != Off || got.Bundling != Off || got.Mark() != 0 || got.RTOMin != 100*time.Millisecond ||
		got.RTOMax != 400*time.Millisecond || got.AssocRetrans != 10 || len(k.Remote) != 2 {
		t.Errorf("link: %+v", got)
	}
	got = SCTPFor(other, s.Linksets[0].Links[1])
	if got != DefaultSCTP {
		t.Errorf("defaults: %+v", got)
	}
	for _, line := range []string{" no keepalive", " no bundling", " bundling 5", " retransmit-timeout 3000",
		" retransmit-timeout 100 400", " ip-dscp 0", " ip-precedence 5", "cs7 transport udp", " transport kernel",
		" checksum any"} {
		if !strings.Contains(text(t, s), line+"\n") {
			t.Errorf("no %q in\n%s", line, text(t, s))
		}
	}
}

func TestSettingsThatContradict(t *testing.T) {
	s, errs := Read([]byte(`cs7 local-peer 3565
 local-ip 10.0.0.1
 retransmit-timeout 400 100
cs7 linkset B 2.2.2
 link 0 sctp 10.9.0.1 10.9.0.1 3565 3565
 link 1 sctp 10.9.0.2 3565 3565
  retransmit-timeout 500 50
`))
	var all []string
	for _, e := range errs {
		all = append(all, e.Error())
	}
	for _, want := range []string{"line 3: local-peer 3565: retransmit-timeout 400 100: the first is the least",
		"line 5: linkset B link 0: address 10.9.0.1 of the far end is there twice",
		"line 7: linkset B link 1: retransmit-timeout 500 50"} {
		if !strings.Contains(strings.Join(all, "\n"), want) {
			t.Errorf("no %q in %q", want, all)
		}
	}
	if len(s.Linksets) != 1 || len(s.Linksets[0].Links) == 0 {
		t.Errorf("what is sound:\n%s", text(t, s))
	}
}

// A UDP port decides what is left open.
func TestTransportOfUDPPort(t *testing.T) {
	for text, want := range map[string]Transport{
		"cs7 local-peer 1024\n":                                    Auto,
		"cs7 local-peer 1024\n udp-port 9900\n":                    UDP,
		"cs7 local-peer 1024\n udp-port 9900\n transport kernel\n": Kernel,
		"cs7 local-peer 1024\ncs7 point-code 1.1.1\ncs7 linkset B 2.2.2\n link 0 sctp 10.0.0.1 1024 1024\n" +
			"  udp-port 9900\n": UDP,
	} {
		s, errs := Read([]byte(text))
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		if got := s.TransportOf(s.LocalPeer(1024)); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}
