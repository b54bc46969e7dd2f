package cli

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"strings"
	"testing"
)

func parseSite(text string) (*Site, []Fault) {
	s := &Site{}
	return s, Parse(strings.NewReader(text), s, s, siteMode).Faults
}

func printSite(t *testing.T, s *Site) string {
	t.Helper()
	var b bytes.Buffer
	if err := Print(&b, s, s, siteMode, nil); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func randomSite(r *rand.Rand) *Site {
	word := func() string { return string(rune('a'+r.IntN(26))) + fmt.Sprint(r.IntN(100)) }
	text := func() string { return []string{"", "one", "two | three", "é ?  !"}[r.IntN(4)] }
	addr := func() netip.Addr { return netip.AddrFrom4([4]byte{10, 0, byte(r.IntN(256)), byte(r.IntN(256))}) }
	s := &Site{Hostname: word(), Contact: text(), Kind: kindOf(r.IntN(3)), Quiet: r.IntN(2) == 0}
	if r.IntN(2) == 0 {
		s.Offset = new(uint8)
		*s.Offset = uint8(r.IntN(24))
	}
	s.Wait = []pause{0, -1, 10e6, 4999e6}[r.IntN(4)]
	for range r.IntN(3) {
		s.Servers = append(s.Servers, addr())
		s.Levels = append(s.Levels, level8(r.IntN(101)))
	}
	for i := range r.IntN(4) {
		s.Hosts = append(s.Hosts, &HostName{fmt.Sprintf("h%d", i), addr()})
		p := &Port{Name: fmt.Sprintf("p%d", i), Speed: uint32(r.IntN(3)), Passive: r.IntN(2) == 0, Text: text(),
			Down: r.IntN(2) == 0}
		if r.IntN(2) == 0 {
			p.Addr = addr()
		}
		for j := range r.IntN(3) {
			p.Vlans = append(p.Vlans, &Vlan{ID: uint16(j + 1), Cost: r.IntN(2), Text: text(),
				Tag: []string{"", "tagged", "untagged"}[r.IntN(3)]})
		}
		s.Ports = append(s.Ports, p)
	}
	return s
}

// TestWhatIsPrintedIsReadBack is the law of the running configuration.
func TestWhatIsPrintedIsReadBack(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	for range 500 {
		s := randomSite(r)
		text := printSite(t, s)
		back, faults := parseSite(text)
		if len(faults) > 0 {
			t.Fatalf("%v\n%s", faults, text)
		}
		if !reflect.DeepEqual(s, back) {
			t.Fatalf("%+v became %+v through\n%s", s, back, text)
		}
		if again := printSite(t, back); again != text {
			t.Fatalf("\n%s\nbecame\n%s", text, again)
		}
	}
}

// TestLayoutIsNoMatter reads the same lines without indentation, pasted from a
// screen with its prompts, and with CRLF.
func TestLayoutIsNoMatter(t *testing.T) {
	plain := "port one\n description the port\n vlan 5\n  description five\nhost a 10.0.0.1\nport two\n"
	want, faults := parseSite(plain)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	for _, text := range []string{
		strings.ReplaceAll(plain, "\n", "\r\n"),
		"port one\ndescription the port\nvlan 5\ndescription five\nhost a 10.0.0.1\nport two\n",
		"port one\nno description\nvlan 5\ndescription five\nexit\ndescription the port\nexit\nhost a 10.0.0.1\nport two\n" +
			"end\n",
		"Router#conf t\nEnter configuration commands, one per line.  End with CNTL/Z.\nRouter(config)#port one\n" +
			"Router(config-port)#description the port\n" +
			"Router(config-port)#vlan 5\nRouter(config-port-vlan)#description five\nRouter(config-port-vlan)#host a " +
			"10.0.0.1\nRouter(config)#port two\nRouter(config-port)#\nRouter(config-port)#end\n",
		"Building configuration...\n\nCurrent configuration : 321 bytes\n!\n! a comment\n" + plain + "end\n",
	} {
		got, faults := parseSite(text)
		if len(faults) > 0 || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %v, %+v", text, faults, got)
		}
	}
}

func TestFaults(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"hostname a\nhots b\n",
			`line 2, column 1, at "hots": not understood; expected clock, forget, host, hostname, levels, logging, ` +
				`port, servers, site`},
		{"port one\n vlan 5000\n", `line 2, column 7, at "5000": "5000" is not a number from 1 to 4094`},
		{"  site kind blue", `line 1, column 13, at "blue": not understood; expected core, edge`},
		{"Router(config)#site kind blue", `line 1, column 26, at "blue": not understood; expected core, edge`},
		{"port", "line 1: the line is incomplete; expected WORD"},
		{"h a", `line 1, column 1, at "h": ambiguous: host, hostname`},
		{"host localhost 10.0.0.1", "line 1: localhost is taken"},
		{"hostname \x07", "line 1: control character 0x07 in the line"},
		{"hostname " + strings.Repeat("x", 1000), "line 1: the line has 1009 characters; at most 1000"},
		{"no port one", "line 1: there is no such line to remove: port one"},
		{"port one two\n shutdown\n vlan 5\nhostname a",
			`line 1, column 10, at "two": not understood; expected passive, speed; lines passed over under it: 2`},
	} {
		_, faults := parseSite(c.text)
		if len(faults) != 1 || faults[0].Error() != c.want {
			t.Errorf("%q: %v\ninstead of\n%s", c.text, faults, c.want)
		}
	}
}

// TestBlockOfABadHead checks that the lines under a bad head do not fall into the
// block before it, even without indentation.
func TestBlockOfABadHead(t *testing.T) {
	s, faults := parseSite("port one\ndescription first\nport two speed fast\ndescription second\nshutdown\nport three\n")
	if len(faults) != 3 || len(s.Ports) != 2 || s.Ports[0].Text != "first" || s.Ports[0].Down {
		t.Errorf("%v %+v", faults, s.Ports[0])
	}
	for _, head := range []string{"port t\x1bwo", "port \x00", "port two speed " + strings.Repeat("1", 1000)} {
		for _, indent := range []string{"", " "} {
			under := strings.Join([]string{"", "description second", "shutdown"}, "\n"+indent)
			s, faults := parseSite("port one\n" + indent + "description first\n" + head + under + "\nport three\n")
			if len(faults) == 0 || len(s.Ports) != 2 || s.Ports[0].Text != "first" || s.Ports[0].Down {
				t.Errorf("%q: %v %+v", head, faults, s.Ports[0])
			}
		}
	}
}

// TestLongLists would take minutes if each line searched the list from the front.
func TestLongLists(t *testing.T) {
	var b strings.Builder
	const n = 20_000
	for i := range n {
		fmt.Fprintf(&b, "port %d speed %d\n", i, i+1)
	}
	b.WriteString("no port 500\nport 77 speed 5\nport 500\n")
	s, faults := parseSite(b.String())
	if len(faults) > 0 || len(s.Ports) != n || s.Ports[77].Speed != 5 || s.Ports[n-1].Name != "500" {
		t.Errorf("%d ports, %v", len(s.Ports), faults)
	}
}

func TestRemovedUnderASession(t *testing.T) {
	o := newOffice()
	var a, b bytes.Buffer
	one, two := NewSession(o, o.tree(nil), &a), NewSession(o, o.tree(nil), &b)
	one.Enable()
	two.Enable()
	run := func(s *Session, lines ...string) (err error) {
		for _, l := range lines {
			err = s.Run(context.Background(), l)
		}
		return err
	}
	if err := run(one, "conf t", "port one", "vlan 5"); err != nil {
		t.Fatal(err)
	}
	if err := run(two, "conf t", "port one", "no vlan 5"); err != nil {
		t.Fatal(err)
	}
	a.Reset()
	if err := run(one, "description x"); err != ErrFailed || one.Prompt() != "Router(config-port)#" ||
		a.String() != "% vlan 5 no longer exists; this session is in mode config-port again\n" {
		t.Errorf("%v, %s, %q", err, one.Prompt(), a.String())
	}
}

func FuzzParse(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 5 {
		s := randomSite(r)
		var b bytes.Buffer
		_ = Print(&b, s, s, siteMode, nil)
		f.Add(b.Bytes())
	}
	f.Add([]byte("port a\n vlan 1 cost 2 tag\nno port a\nRouter(config)#h\x00\xff\nend\n\n exit\n no no\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		s := &Site{}
		Parse(bytes.NewReader(text), s, s, siteMode)
		first := printSite(t, s)
		back, faults := parseSite(first)
		if len(faults) > 0 {
			t.Fatalf("%v in\n%s", faults, first)
		}
		if again := printSite(t, back); again != first {
			t.Fatalf("\n%s\nbecame\n%s", first, again)
		}
	})
}

func FuzzRun(f *testing.F) {
	for _, l := range []string{"enable\nconf t\nport a\nvlan 5 cost 1\nno port a\ndo show run | i a", "show p\x1b?|",
		"Router#Router(config)#", "no \xff é ^", "do do do", "terminal length 9\nshow numbers 9 | section ("} {
		f.Add(l, 3)
	}
	f.Fuzz(func(t *testing.T, text string, pos int) {
		o := newOffice()
		s := NewSession(o, o.tree(nil), &bytes.Buffer{})
		for l := range strings.SplitSeq(text, "\n") {
			s.Help(l)
			if n := len(l); pos >= 0 && pos <= n {
				s.Help(l[:pos])
				if line, at, _ := s.Complete(l, pos); at < 0 || at > len(line) {
					t.Fatalf("completed %q at %d to %q at %d", l, pos, line, at)
				}
			}
			_ = s.Run(context.Background(), l)
		}
	})
}

func BenchmarkRun(b *testing.B) {
	o := newOffice()
	s := NewSession(o, o.tree(nil), &bytes.Buffer{})
	s.Enable()
	_ = s.Run(context.Background(), "configure terminal")
	for b.Loop() {
		_ = s.Run(context.Background(), "port one speed 100")
	}
}
