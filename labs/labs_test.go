package labs

import (
	"bytes"
	"context"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/gostp/gostp/sctp/wire"
)

const topologyHead = "name: x\ntopology:\n  nodes:\n    A: {kind: linux, startup-config: a.cfg}\n    B: {kind: " +
	"linux, binds: [\"b.cfg:/etc/gostp/startup-config:ro\"]}\n    C:\n  links:\n"

func TestTopology(t *testing.T) {
	dir := fstest.MapFS{"d/x.clab.yml": {Data: []byte(topologyHead +
		"    - endpoints: [\"A:eth1\", \"B:eth1\"]\n    - endpoints: [\"B:eth2\", \"C:eth1\"]\n      mtu: 9000\n")},
		"d/a.cfg": {}, "d/b.cfg": {}}
	x, err := LoadFS(dir, "d/x.clab.yml")
	if err != nil {
		t.Fatal(err)
	}
	if len(x.Nodes) != 3 || x.Nodes[0].StartupConfig != "d/a.cfg" || x.Nodes[1].StartupConfig != "d/b.cfg" ||
		x.Nodes[2].StartupConfig != "" || len(x.Links) != 2 || x.Links[1].A != (End{"B", "eth2"}) {
		t.Errorf("%+v", x)
	}
	delete(dir, "d/b.cfg")
	if _, err := LoadFS(dir, "d/x.clab.yml"); err == nil || !strings.Contains(err.Error(), "node B") {
		t.Errorf("missing file: %v", err)
	}
	for _, x := range [][2]string{
		{"", "f:1: a topology file is a mapping"},
		{"name: x\n", "`topology` with `nodes`"},
		{"topology: {nodes: {}}", "`nodes` is missing or empty"},
		{topologyHead + "    - endpoints: [\"A:eth1\", \"Z:eth1\"]\n", "f:8: endpoint \"Z:eth1\": there is no node Z"},
		{topologyHead + "    - endpoints: [\"A:eth1\"]\n", "f:8: a link has"},
		{topologyHead + "    - endpoints: [\"A:eth1\", \"B:eth1\"]\n    - endpoints: [\"A:eth1\", \"C:eth1\"]\n",
			"f:9: endpoint \"A:eth1\" has a link already"},
		{"topology: {nodes: {\"a b\": {}}}", "is no node name"},
		{"topology: {nodes: {A: {startup-config: ../../x}}}", "must lie beside or below"},
		{"a: [", "f: yaml"},
	} {
		text, want := x[0], x[1]
		if _, err := ParseTopology("f", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func FuzzTopology(f *testing.F) {
	f.Add([]byte(topologyHead))
	for _, p := range []string{DefaultTopology, BlankTopology} {
		b, _ := FS.ReadFile(p)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		x, err := ParseTopology("f", b)
		if err != nil {
			return
		}
		for _, l := range x.Links {
			if l.A.Node == "" || l.B.Interface == "" {
				t.Fatalf("%+v", l)
			}
		}
	})
}

// wires is two hosts on one wire with an address open at each.
func TestNetwork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := NewNetwork()
		a, b := n.Host("A"), n.Host("B")
		w, err := n.Connect(a, "eth1", b, "eth1")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := n.Connect(a, "eth1", b, "eth2"); err == nil {
			t.Error("two wires at one interface")
		}
		ip := func(s string) netip.AddrPort { return netip.AddrPortFrom(netip.MustParseAddr(s), 0) }
		if _, err := a.Open(ip("10.0.0.1")); err == nil || !strings.Contains(err.Error(), "no interface has an address") {
			t.Error(err)
		}
		configure := func(h *Host, addr string, shut bool) {
			h.Configure([]Interface{{Name: "eth1", Addrs: []netip.Prefix{netip.MustParsePrefix(addr)}, Shutdown: shut}}, nil)
		}
		configure(a, "10.0.0.1/24", false)
		configure(b, "10.0.0.2/24", false)
		if _, err := a.Open(ip("10.0.0.9")); err == nil || !strings.Contains(err.Error(), "it has eth1 10.0.0.1/24") {
			t.Error(err)
		}
		wa, _ := a.Open(ip("10.0.0.1"))
		wb, _ := b.Open(ip("10.0.0.2"))
		defer wa.Close()
		got := make(chan string, 100)
		go func() {
			ps := make([]wire.Packet, 8)
			for {
				n, err := wb.Read(ps)
				if err == net.ErrClosed {
					close(got)
					return
				}
				for _, p := range ps[:n] {
					got <- string(p.Data) + " from " + p.Addr.Addr().String()
				}
			}
		}()
		arrives := func(what string, want bool) {
			t.Helper()
			wa.Write([]wire.Packet{{Addr: ip("10.0.0.2"), Data: []byte(what)}})
			synctest.Wait()
			select {
			case g := <-got:
				if !want || g != what+" from 10.0.0.1" {
					t.Errorf("%s: %s", what, g)
				}
			default:
				if want {
					t.Errorf("%s did not arrive", what)
				}
			}
		}
		arrives("plain", true)
		w.SetUp(false)
		arrives("cut", false)
		if s := a.Interfaces()[0]; s.Up || s.Why != "the wire is cut" {
			t.Errorf("%+v", s)
		}
		w.SetUp(true)
		configure(b, "10.0.0.2/24", true)
		arrives("shut", false)
		configure(b, "10.0.0.3/24", false)
		arrives("another address", false)
		configure(b, "10.0.0.2/24", false)
		arrives("back", true)
		w.SetFaults(Faults{Loss: 1})
		arrives("lost", false)
		w.SetFaults(Faults{Delay: 50 * time.Millisecond})
		arrives("delayed", false)
		time.Sleep(50 * time.Millisecond)
		synctest.Wait()
		if g := <-got; g != "delayed from 10.0.0.1" {
			t.Error(g)
		}
		wb.Close()
		synctest.Wait()
	})
}

func TestIPHeader(t *testing.T) {
	p := appendIP(nil, netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2"), 7, bare, []byte{1, 2, 3})
	if len(p) != 23 || checksum(p[:20]) != 0 || p[9] != byte(bare) {
		t.Errorf("%x", p)
	}
}

// run starts a lab in virtual time and gives what its commands print.
func run(t *testing.T, opt Options, lines ...string) (string, bool) {
	t.Helper()
	var out bytes.Buffer
	ok := false
	synctest.Test(t, func(t *testing.T) {
		l, err := Start(opt)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range l.Faults() {
			t.Error(f)
		}
		ok = l.Run(context.Background(), lines, &out)
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return out.String(), ok
}

// Every country reaches every other, over whatever it takes.
func TestFourCountries(t *testing.T) {
	var lines []string
	for from, pc := range map[string]string{"CountryA": "1.2.3", "CountryB": "4.5.6", "CountryC": "7.7.1",
		"CountryD": "7.8.1"} {
		for _, to := range []string{"1.2.3", "4.5.6", "7.7.1", "7.8.1"} {
			if to != pc {
				lines = append(lines, from+": ping cs7 "+to+" count 3 rate 100")
			}
		}
	}
	if out, ok := run(t, Options{}, lines...); !ok || strings.Count(out, "100% successful packets(3/3)") != 12 {
		t.Error(out)
	}
}

// B's wire to D is cut: D is still reached by way of C.
func TestAlternativeRoute(t *testing.T) {
	out, ok := run(t, Options{}, "CountryB: ping cs7 7.8.1", "CountryB: wire down CountryB:eth3",
		"CountryB: ping cs7 7.8.1 count 40 rate 5 timeout 500")
	if ok || !strings.Contains(out, "wire CountryB:eth3-CountryD:eth1: CUT") {
		t.Error(out)
	}
	out, ok = run(t, Options{}, "CountryB: configure terminal", "CountryB: cs7 linkset ToCountryD",
		"CountryB: shutdown", "CountryB: end",
		"CountryD: configure terminal", "CountryD: no cs7 route-table system", "CountryD: cs7 route-table system",
		"CountryD: update route 0.0.0/0 linkset ToCountryC", "CountryD: end",
		"CountryB: show cs7 route explain 7.8.1", "CountryB: ping cs7 7.8.1")
	if !ok || !strings.Contains(out, "leaves by linkset ToCountryC") {
		t.Error(out)
	}
}

// A neighbour whose only way back is the link that is to be inhibited is asked by that link. Its refusal is
// told.
func TestInhibitTheOnlyLink(t *testing.T) {
	out, ok := run(t, Options{}, "CountryB: cs7 inhibit ToCountryC 0", "CountryB: ping cs7 7.7.1 count 10 rate 10",
		"CountryB: show logging")
	if !ok || !strings.Contains(out,
		"Link 0 of linkset ToCountryC: the far end does not let it be inhibited: it needs the link to reach something") {
		t.Error(out)
	}
}

func TestRunStopsAtWhatFails(t *testing.T) {
	out, ok := run(t, Options{}, "CountryA: show nonsense", "CountryA: show version")
	if ok || strings.Contains(out, "uptime") || !strings.Contains(out, "Invalid input detected") {
		t.Error(out)
	}
	if out, ok := run(t, Options{}, "Atlantis: show version"); ok || !strings.Contains(out, "the nodes are CountryA") {
		t.Error(out)
	}
}

func TestLossyWires(t *testing.T) {
	out, ok := run(t, Options{}, "CountryA: wire loss 5% CountryA:eth1", "CountryA: wire delay 20",
		"CountryA: ping cs7 4.5.6 count 100 rate 50 timeout 5000", "CountryA: nodes")
	if !ok || !strings.Contains(out, "up, loses 5%") {
		t.Error(out)
	}
}

func TestOwnLabFromFiles(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, FS); err != nil {
		t.Fatal(err)
	}
	cfg := filepath.Join(dir, "four-countries/configs/CountryA.cfg")
	if err := os.WriteFile(cfg, []byte("hostname CountryA\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	pcap := filepath.Join(dir, "x.pcapng")
	out, ok := run(t, Options{File: filepath.Join(dir, DefaultTopology), Pcap: pcap}, "CountryB: ping cs7 7.8.1",
		"CountryA: configure terminal", "CountryA: cs7 point-code 1.1.1", "CountryA: end", "CountryA: write memory",
		"CountryA: capture start "+filepath.Join(dir, "y.pcapng")+" CountryB:eth2", "CountryA: capture stop",
		"CountryB: ping cs7 7.8.1 count 100 rate 1000")
	if b, _ := os.ReadFile(cfg); !ok || !strings.Contains(string(b), "cs7 point-code 1.1.1") {
		t.Errorf("%s\n%s", out, b)
	}
	if st, err := os.Stat(pcap); err != nil || st.Size() < 25000 { // `capture stop` leaves it alone
		t.Errorf("%v %v", st, err)
	}
	if strings.Contains(out, "x.pcapng is closed") || !strings.Contains(out, "y.pcapng is closed") {
		t.Error(out)
	}
	if out, _ := run(t, Options{File: filepath.Join(dir, DefaultTopology), Pcap: pcap},
		"CountryA: capture stop"); !strings.Contains(
		out, "% no capture is running but that of --pcap") {
		t.Error(out)
	}
}
