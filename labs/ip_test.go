package labs

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const ipTopology = "name: ip\ntopology:\n  nodes:\n    A: {startup-config: a.cfg}\n    B: {startup-config: b.cfg}\n " +
	" links:\n    - endpoints: [\"A:eth1\", \"B:eth2\"]\n"

const ipA = `hostname A
interface GigabitEthernet0/1
 ip address 10.0.0.1 255.255.255.0
 ipv6 address 2001:db8::1/64
interface FastEthernet0/3
 ip address 10.3.0.1 255.255.255.0
ip route 10.255.0.0 255.255.0.0 10.0.0.2
ip route 10.254.0.0 255.255.0.0 10.77.0.1
ipv6 route 2001:db8:ff::/48 2001:db8::2
cs7 point-code 1.1.1
cs7 local-peer 3565
 local-ip 2001:db8::1
cs7 linkset B 2.2.2
 link 0 sctp 2001:db8::2 3565 3565
`

const ipB = `hostname B
interface Loopback0
 ip address 10.255.0.2 255.255.255.255
 ipv6 address 2001:db8:ff::2/128
interface eth2
 ip address 10.0.0.2 255.255.255.0
 ip address 10.9.0.2 255.255.255.0 secondary
 ipv6 address 2001:db8::2/64
ip route 10.1.0.0 255.255.0.0 10.0.0.1
cs7 point-code 2.2.2
cs7 local-peer 3565
 local-ip 2001:db8::2
cs7 linkset A 1.1.1
 link 0 sctp 2001:db8::1 3565 3565
`

// ipLab writes the two-node lab of this file and gives its topology.
func ipLab(t *testing.T) string {
	dir := t.TempDir()
	for name, text := range map[string]string{"ip.clab.yml": ipTopology, "a.cfg": ipA, "b.cfg": ipB} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "ip.clab.yml")
}

func TestIPInALab(t *testing.T) {
	file := ipLab(t)
	pcap := filepath.Join(t.TempDir(), "x.pcapng")
	out, ok := run(t, Options{File: file, Pcap: pcap}, "A: ping 10.0.0.2", "A: ping ip 10.255.0.2 repeat 3 size 1500",
		"A: ping 2001:db8::2 repeat 2", "A: ping ipv6 2001:db8:ff::2 source gi0/1",
		"A: ping 10.0.0.1 repeat 1", "B: ping 10.0.0.1 source 10.9.0.2 repeat 1 timeout 1", "A: show ip interface brief")
	// B's secondary address has no way back from A.
	if ok || !strings.Contains(out,
		"Packet sent with a source address of 10.9.0.2\n.\nSuccess rate is 0 percent (0/1)\n") ||
		strings.Count(out, "Success rate is 100 percent (5/5), round-trip min/avg/max = 0/0/0 ms") != 2 ||
		strings.Count(out, "!!!\nSuccess rate is 100 percent (3/3)") != 1 {
		t.Error(out)
	}
	out, ok = run(t, Options{File: file}, "A: ping cs7 2.2.2 count 3", "A: show ip interface brief",
		"A: show ipv6 interface brief", "A: show ip route", "B: show ip interface Loopback0", "A: wire down A:eth1",
		"A: ping 10.0.0.2")
	for _, want := range []string{"100% successful packets(3/3)", // over IPv6
		"GigabitEthernet0/1         10.0.0.1        YES manual up                    up\n  is eth1 of this machine\n",
		"FastEthernet0/3            10.3.0.1        YES manual down                  down\n  is eth3 of this machine\n  " +
			"reason: no wire of this lab ends here\n",
		"GigabitEthernet0/1         [up/up]\n    2001:db8::1\n",
		"S    10.255.0.0/16 [1/0] via 10.0.0.2, GigabitEthernet0/1\n",
		"10.254.0.0/16 via 10.77.0.1 is configured and not set",
		"Loopback0 is up, line protocol is up\n  Internet address is 10.255.0.2/32\n",
		"Interface GigabitEthernet0/1: the wire is cut"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in:\n%s", want, out)
		}
	}
	if ok {
		t.Error("a ping over a cut wire succeeds")
	}
	if st, err := os.Stat(pcap); err != nil || st.Size() < 2000 {
		t.Error(st, err)
	}
}

func TestUnreachable(t *testing.T) {
	for line, want := range map[string]string{"A: ping 10.250.0.1": "UUUUU\nSuccess rate is 0 percent (0/5)\n",
		"A: ping 10.0.0.2 size 1501 repeat 1": "M\nSuccess",
		"A: ping 10.0.0.2 source 1.2.3.4":     "% 1.2.3.4 is not an address of this node",
		"A: ping 10.0.0.2 source ::1":         "different versions",
		"A: ping 10.0.0.2 source eth9":        "% there is no interface eth9",
		"A: ping 2.2.2":                       "ping cs7 2.2.2",
		"A: show ip interface eth9":           "% there is no interface eth9; there are"} {
		if out, ok := run(t, Options{File: ipLab(t)}, line); ok || !strings.Contains(out, want) {
			t.Errorf("%s: %s", line, out)
		}
	}
}

func TestICMPChecksums(t *testing.T) {
	four := sealICMP([]byte{8, 0, 9, 9, 0, 1, 0, 2, 3}, netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2"))
	if checksum(four) != 0 {
		t.Errorf("%x", four)
	}
	// By hand: two addresses ::1, length 8, next header 58 (RFC 8200 §8.1), and the message.
	six := sealICMP([]byte{128, 0, 0, 0, 0x12, 0x34, 0, 1}, netip.MustParseAddr("::1"), netip.MustParseAddr("::1"))
	if got := binary.BigEndian.Uint16(six[2:]); got != ^uint16(0x8000+0x1234+1+1+1+8+58) {
		t.Errorf("%x", six)
	}
	if !bytes.Equal(four[4:], []byte{0, 1, 0, 2, 3}) {
		t.Error("the data was changed")
	}
}
