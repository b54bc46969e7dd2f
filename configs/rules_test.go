package configs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"math/rand"
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/sccp/gtt"
	"github.com/gostp/gostp/ss7"
)

// full is a configuration with something of every kind, in which every rule holds.
const full = `hostname FULL
interface eth1
 ip address 10.0.0.1 255.255.255.0
 ip address 10.0.1.1 255.255.255.0 secondary
 ipv6 address 2001:db8::1/64
cs7 multi-instance
cs7 variant itu
cs7 point-code format 3 8 3
cs7 point-code 1.1.1
cs7 secondary-pc 1.1.2
cs7 host PEER 2.2.2
cs7 mtp3 timer t06 800
cs7 capability-pc 1.1.3
cs7 local-peer 3565
 local-ip 10.0.0.1
 local-ip 10.0.1.1
 retransmit-timeout 100 200
cs7 linkset B 2.2.2 local-pc 1.1.2
 timer t10 30000
 congestion level 1 onset 100 abate 50 discard 150
 congestion level 2 onset 300 abate 250
 link 0 sctp 10.9.0.2 3565 3565
  timer t01 800
  congestion level 1 onset 200 abate 150
 link 1 sctp 10.9.0.3 3565 3565
cs7 linkset G 2.2.3
 link 0 m2ua GW 7
cs7 m3ua 2905
 local-ip 10.0.0.1
cs7 m3ua 2906
 local-ip 10.0.0.1
 transport tcp
cs7 asp P 14001 2905 m3ua
 remote-ip 10.9.1.1
cs7 asp Q 14002 2905 m3ua
 remote-ip 10.9.1.1
cs7 asp T 0 2906 m3ua tcp
 remote-ip 10.9.1.2
cs7 asp I 2905 2905 m3ua
 remote-ip 10.9.1.3
 role ipsp double-exchange
cs7 as X m3ua
 asp P
 asp Q
 routing-key 10 3.3.3 si sccp opc 4.4.4
 routing-key 10 3.3.4 si isup opc 4.4.4 cic 1 30
cs7 as Y m3ua
 asp T
 routing-key 11 3.3.5
cs7 as Z m3ua
 asp I
 routing-key 12
 own-routing-context 5
cs7 m2ua 2904
 local-ip 10.0.0.1
cs7 asp GW 2904 2904 m2ua
 remote-ip 10.9.2.1
 role asp
cs7 asp U 0 2904 m2ua
 remote-ip 10.9.2.2
cs7 as IF m2ua
 asp U
 interface-identifier 1 sctp 10.9.3.1 3565 3565
  link-key 3 4
 interface-identifier 2 sctp 10.9.3.2 3565 3565
cs7 route-table system
 update route 5.5.0/11 linkset B
 update route 6.6.0/11 as Z
ip route 10.8.0.0 255.255.0.0 10.0.0.9
ipv6 route 2001:db8:8::/48 2001:db8::9
cs7 gtt address-conversion C
 update in-address 49 out-address 1
cs7 gtt application-group GRP
 pc 2.2.2 ssn 6 1 pcssn
cs7 gtt selector S tt 0 gti 4 np 1 nai 4
 pre-gtt-address-conversion C
 gta 49 app-grp GRP
 gta 50 pcssn 2.2.2 pcssn
cs7 gtt map 2.2.2 6 dominant 2.2.3 6
cs7 gtt concern-pclist WHO 2.2.2
cs7 sccp format 2.2.2 udt-only
cs7 instance 1 variant ansi
cs7 instance 1 point-code 200.1.1
cs7 instance 1 local-peer 3566
 local-ip 10.0.0.1
cs7 instance 1 linkset N 200.1.2
 link 0 sctp 10.9.4.1 3566 3566
cs7 instance 1 pc-conversion 200.9.9 instance 0 2.2.2
cs7 instance 0 pc-conversion 7.7.7 instance 1 200.1.2
`

// breach breaks one rule in the full configuration: by what stands in the place of a text (of
// an empty one: at the end), or by a change of the model, for what no text says.
type breach struct {
	rule     string // the beginning of its text
	from, to string
	change   func(*System)
	lost     string // lines of the full configuration that do not run without what breaks it
}

const (
	newLink   = "cs7 linkset W 2.2.7\n link 0 sctp 10.9.9.9 "
	newM2UA   = "cs7 as W m2ua\n "
	newAlias  = "cs7 instance 1 pc-conversion "
	conflict  = "cs7 instance 1 local-peer 3565\n local-ip 10.0.1.1\n"
	wrongSCTP = " retransmit-timeout 300 200"
)

var breaches = []breach{
	{rule: "this node has instance 0 alone", from: "cs7 multi-instance\n", lost: "cs7 multi-instance|instance " +
		"1|10.9.4.1"},
	{rule: "point-code format %v has %d bits", to: "cs7 point-code format 3 8 4", lost: "format 3 8 3"},
	{rule: "point-code format has %d fields", to: "cs7 point-code format 3 4 4 3", lost: "format 3 8 3"},
	{rule: "%s %d does not fit the", change: func(s *System) { s.Hosts = append(s.Hosts, &Host{"W", 1 << 14}) }},
	{rule: "secondary-pc needs a primary code", from: "cs7 point-code 1.1.1\n",
		lost: "point-code 1.1.1|secondary-pc 1.1.2|capability-pc 1.1.3|local-pc 1.1.2"},
	{rule: "point code %s is configured twice", to: "cs7 secondary-pc 1.1.1"},
	{rule: "linkset %s: %s is this node's own code", to: "cs7 linkset W 1.1.2"},
	{rule: "linkset %s: local-pc %s is no code", from: "local-pc 1.1.2", to: "local-pc 1.1.4", lost: "B 2.2.2 " +
		"local-pc 1.1.2"},
	{rule: "%stimer %s has no use here", to: "cs7 mtp3 timer t30 30000"},
	{rule: "%stimer %s (%s) is %d to %d ms", to: "cs7 instance 1 mtp3 timer t20 1000"},
	{rule: "national-options timed-congestion is for", to: "cs7 instance 1 national-options timed-congestion"},
	{rule: "%s: congestion level %d would end below", from: "onset 200 abate 150", to: "onset 200 abate 250",
		lost: "level 1 onset 200 abate 150"},
	{rule: "%s: congestion level %d begins above %d and would", from: "discard 150", to: "discard 90",
		lost: "level 1 onset 100 abate 50 discard 150"},
	{rule: "%s: congestion level %d would begin above %d, and", from: "onset 300 abate 250", to: "onset 90 abate 80",
		lost: "level 2 onset 300 abate 250"},
	{rule: "interface %s: %s cannot be", to: "interface eth2\n ip address 224.0.0.1 255.255.255.0"},
	{rule: "interface %s: address %s is on", to: "interface eth2\n ip address 10.0.1.1 255.255.255.0"},
	{rule: "interface %s: a secondary address needs", to: "interface eth2\n ip address 10.2.1.1 255.255.255.0 " +
		"secondary"},
	{rule: "ip route %s %s: the address has bits", to: "ip route 10.7.0.1 255.255.0.0 10.0.0.9"},
	{rule: "ipv6 route %s: the address has bits", to: "ipv6 route 2001:db8:8::1/48 2001:db8::9"},
	{rule: "local-peer %d: local-ip %s is there already", change: func(s *System) {
		s.LocalPeers[0].IPs = append(s.LocalPeers[0].IPs, &LocalIP{netip.MustParseAddr("10.0.0.1")})
	}},
	{rule: "%s: retransmit-timeout %s %s", to: "cs7 linkset B\n link 1\n " + wrongSCTP},
	{rule: "%s: retransmit-timeout %s %s", from: " retransmit-timeout 100 200", to: wrongSCTP,
		lost: "retransmit-timeout 100 200"},
	{rule: "%s: retransmit-timeout %s %s", to: "cs7 asp U 0 2904 m2ua\n" + wrongSCTP},
	{rule: "%s: retransmit-timeout %s %s", to: "cs7 as IF m2ua\n interface-identifier 1\n " + wrongSCTP},
	{rule: "m3ua %d: local-peer %d has that port", to: "cs7 m3ua 3565\n local-ip 10.0.5.1"},
	{rule: "m3ua %d: udp-port is SCTP's", to: "cs7 m3ua 2906\n udp-port 9899"},
	{rule: "m3ua %d: checksum is SCTP's", to: "cs7 m3ua 2906\n checksum any"},
	{rule: "m2ua %d: that port is one of", to: "cs7 m2ua 2905\n local-ip 10.0.5.1"},
	{rule: "port %d of %s belongs to instance", to: conflict},
	{rule: "port %d of %s belongs to instance", to: "cs7 instance 1 m3ua 2905\n local-ip 10.0.0.1"},
	{rule: "asp %s: remote port 0 is any", to: "cs7 asp W 0 2905 m3ua\n role asp"},
	{rule: "asp %s: remote port 0 is any", to: "cs7 asp W 0 2904 m2ua\n role asp"},
	{rule: "asp %s: only an ipsp has a choice", to: "cs7 asp P\n role sg respond"},
	{rule: "asp %s: port %d is a local-peer", to: "cs7 asp W 2905 3565 m3ua"},
	{rule: "asp %s: local port 0 is the first", change: func(s *System) {
		s.M3UAs, s.ASPs, s.ASs, s.RouteTables = nil, []*ASP{{Name: "W"}}, nil, nil
	}, lost: "m3ua|asp |remote-ip|role|as |routing-|route|transport tcp"},
	{rule: "asp %s: m3ua %d does not exist", to: "cs7 asp W 2905 2999 m3ua"},
	{rule: "asp %s: m3ua %d is a port of SCTP", to: "cs7 asp W 2905 2905 m3ua tcp"},
	{rule: "asp %s: m3ua %d is a port of TCP", to: "cs7 asp W 2905 2906 m3ua sctp"},
	{rule: "asp %s: udp-port is SCTP's", to: "cs7 asp T\n udp-port 9899"},
	{rule: "asp %s: there is an ASP of M3UA", to: "cs7 asp P 0 2904 m2ua"},
	{rule: "asp %s: m2ua %d does not exist", to: "cs7 asp W 0 2999 m2ua"},
	{rule: "%s: local-peer %d does not exist, but", to: newLink + "3565 3567"},
	{rule: "%s: local-peer %d does not exist: configure", to: newLink + "3567 3567"},
	{rule: "%s: local-peer %d does not exist: configure", to: newM2UA + "interface-identifier 9 sctp 10.9.9.9 3567 " +
		"3567"},
	{rule: "%s: address %s of the far end is there twice", to: newLink + "10.9.9.9 3565 3565"},
	{rule: "%s: %s has the same far end", to: "cs7 linkset W 2.2.7\n link 0 sctp 10.9.0.3 3565 3565"},
	{rule: "%s: %s has the same far end", to: newM2UA + "interface-identifier 9 sctp 10.9.0.3 3565 3565"},
	{rule: "%s: asp %s of M2UA does not exist", to: "cs7 linkset G\n link 1 m2ua NONE 8"},
	{rule: "%s: this node is the gateway of", to: "cs7 linkset G\n link 1 m2ua U 8"},
	{rule: "%s: %s has interface %s of asp", to: "cs7 linkset G\n link 1 m2ua GW 7"},
	{rule: "as %s: asp %s does not exist", to: "cs7 as X m3ua\n asp NONE"},
	{rule: "as %s: this node is %s to asp", to: "cs7 as X m3ua\n asp I"},
	{rule: "as %s: own-routing-context %d is that", to: "cs7 as W m3ua\n own-routing-context 5"},
	{rule: "as %s: own-routing-context is for a double", to: "cs7 as X m3ua\n own-routing-context 6"},
	{rule: "as %s: it has routing context", to: "cs7 as X m3ua\n routing-key 13 3.3.7"},
	{rule: "as %s: routing context %d is that of", to: "cs7 as W m3ua\n routing-key 10 3.3.7"},
	{rule: "as %s: cic %d %d", to: "cs7 as X m3ua\n routing-key 10 3.3.7 cic 30 1"},
	{rule: "as %s: a routing key needs a DPC", change: func(s *System) { s.AS("Z").Keys[0].SI = UserPart(ss7.ISUP) },
		lost: "routing-key 12"},
	{rule: "as %s: `register` cannot ask", to: "cs7 as W m3ua\n routing-key 20 3.3.7 opc 4.4.0/11\n register"},
	{rule: "as %s: DPC of %d bits", change: func(s *System) {
		s.AS("X").Keys = append(s.AS("X").Keys, &RoutingKey{RC: 10, DPC: &ss7.Range{Len: 24}})
	}},
	{rule: "routing keys of %s and %s clash", to: "cs7 as W m3ua\n routing-key 20 3.3.5"},
	{rule: "as %s: there is an AS of M3UA", to: "cs7 as X m2ua"},
	{rule: "as %s: asp %s of M2UA does not", to: "cs7 as IF m2ua\n asp NONE"},
	{rule: "as %s: asp %s is a gateway", to: "cs7 as IF m2ua\n asp GW"},
	{rule: "as %s: interface %s is in as", to: newM2UA + "interface-identifier 1 sctp 10.9.9.9 3565 3565"},
	{rule: "as %s: interface-identifier %s: interface", to: "cs7 as IF m2ua\n interface-identifier 2\n  link-key 3 4"},
	{rule: "route %d/%d does not fit", change: func(s *System) {
		s.RouteTables[0].Routes = append(s.RouteTables[0].Routes, &Route{Dest: ss7.Range{Len: 24}, Linkset: "B"})
	}},
	{rule: "route %s: that is a code of this node", to: "cs7 route-table system\n update route 1.1.2/14 linkset B"},
	{rule: "route %s: as %s does not exist", to: "cs7 route-table system\n update route 5.6.0/11 as NONE"},
	{rule: "route %s: linkset %s does not exist", to: "cs7 route-table system\n update route 5.6.0/11 linkset NONE"},
	{rule: "selector %s: selector %s has", to: "cs7 gtt selector W tt 0 gti 4 np 1 nai 4"},
	{rule: "selector %s: there is no address-conv",
		to: "cs7 gtt selector W tt 9\n post-gtt-address-conversion NONE"},
	{rule: "selector %s gta %s: there is no appl", to: "cs7 gtt selector S\n gta 51 app-grp NONE"},
	{rule: "application-group %s has %d members", change: func(s *System) {
		for i := range gtt.MaxMembers {
			g := s.Groups[0]
			g.Members = append(g.Members, &GroupMember{Where: Where{ToPC: true, PC: ss7.PC(5000 + i), On: OnGT},
				Cost: 1})
		}
	}},
	{rule: "gtt map %s %d: it is its own", to: "cs7 gtt map 2.2.7 7 shared 2.2.7 7"},
	{rule: "capability-pc needs a primary code", change: func(s *System) { s.PC, s.Secondaries = nil, nil },
		lost: "capability-pc 1.1.3|point-code 1.1.1|secondary-pc 1.1.2|local-pc 1.1.2"},
	{rule: "capability-pc %s is a code", to: "cs7 capability-pc 1.1.2"},
	{rule: "%s: nothing is configured for instance", change: func(s *System) {
		s.Aliases = append(s.Aliases, &Alias{Code: 99, Instance: 5, PC: 1})
	}},
	{rule: "%s: the point must be in another", to: newAlias + "200.9.8 instance 1 200.1.2"},
	{rule: "%s: code %d does not fit the %d-bit codes of variant %s", change: func(s *System) {
		s.Aliases = append(s.Aliases, &Alias{Code: 1 << 14, Instance: 1, PC: 7})
	}},
	{rule: "%s: code %d does not fit the %d-bit codes of variant %s in", change: func(s *System) {
		s.Instances[0].Aliases = append(s.Instances[0].Aliases, &Alias{Code: 7, PC: 1 << 14})
	}},
	{rule: "%s: that is a code of this node in", to: newAlias + "200.1.1 instance 0 5.5.5"},
	{rule: "%s: that is the adjacent point", to: newAlias + "200.1.2 instance 0 5.5.5"},
	{rule: "pc-conversion %s: %s of instance %d is an alias", to: newAlias + "200.9.8 instance 0 7.7.7"},
	{rule: "%s: there is a route to", from: "cs7 instance 0 pc-conversion",
		to: "cs7 instance 1 route-table system\n update route 200.9.9/24 linkset N\n exit\ncs7 instance 0 " +
			"pc-conversion",
		lost: "pc-conversion 200.9.9"},
	{rule: "%s: %s of instance %d has another alias", to: newAlias + "200.9.8 instance 0 2.2.2"},
}

// formats finds the rules: the texts that are given to some methods of findings.
func formats(t *testing.T, methods ...string) (out []string) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			c, ok := n.(*ast.CallExpr)
			if !ok || len(c.Args) < 3 {
				return true
			}
			if s, ok := c.Fun.(*ast.SelectorExpr); ok && slices.Contains(methods, s.Sel.Name) {
				if text := literal(c.Args[2]); text != "" && !slices.Contains(out, text) {
					out = append(out, text)
				}
			}
			return true
		})
	}
	return out
}

func literal(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		s, _ := strconv.Unquote(e.Value)
		return s
	case *ast.BinaryExpr:
		return literal(e.X) + literal(e.Y)
	}
	return ""
}

// TestRules breaks every rule alone in a full configuration and finds all the rest running.
func TestRules(t *testing.T) {
	whole := lines(text(t, read(t, full)))
	rules := formats(t, "bad")
	if len(rules) < 60 {
		t.Fatalf("only %d rules found", len(rules))
	}
	broken := map[string]bool{}
	for _, b := range breaches {
		t.Run(b.rule, func(t *testing.T) { b.try(t, whole, rules, broken) })
	}
	for _, r := range rules {
		if !broken[r] {
			t.Errorf("no configuration breaks the rule %q", r)
		}
	}
	t.Logf("%d rules, broken in %d ways", len(rules), len(breaches))
}

// lines are those of a configuration, written the same for a node with and without instances.
func lines(text string) []string {
	return strings.Split(strings.ReplaceAll(text, "cs7 instance 0 ", "cs7 "), "\n")
}

func (b *breach) try(t *testing.T, whole, rules []string, broken map[string]bool) {
	file := full + b.to + "\n"
	if b.from != "" {
		file = strings.Replace(full, b.from, b.to, 1)
	}
	if b.change == nil && file == full {
		t.Fatal("nothing is broken")
	}
	s := New()
	if b.change != nil {
		s = read(t, full)
		b.change(s)
	} else if p := cli.Parse(strings.NewReader(file), s, s, Global); len(p.Faults) > 0 {
		t.Fatal("lines that are not understood:", p.Faults)
	}
	found, mended := s.mend()
	if len(found) == 0 || !mended || len(s.Validate()) > 0 {
		t.Fatalf("found %v, mended %v, still %v", found, mended, s.Validate())
	}
	hit := ""
	for _, p := range found {
		if strings.HasPrefix(p.rule, b.rule) && len(p.rule) >= len(hit) {
			hit = p.rule
		}
		if b.lost == "" && p.rule != hit {
			t.Errorf("another rule is broken, too: %s", p.text)
		}
	}
	if hit == "" || !slices.Contains(rules, hit) {
		t.Fatalf("%v, not %q", found, b.rule)
	}
	broken[hit] = true
	runs := lines(text(t, s))
	for _, line := range whole {
		if strings.Trim(line, "!") == "" || slices.Contains(runs, line) {
			continue
		}
		allowed := slices.ContainsFunc(strings.Split(b.lost, "|"), func(l string) bool {
			return l != "" && strings.Contains(line, l)
		})
		if !allowed {
			t.Errorf("does not run any more: %s", line)
		}
	}
	b.line(t, file)
}

// line finds each fault of the file named with its line.
func (b *breach) line(t *testing.T, file string) {
	if b.change != nil {
		return
	}
	r := Examine([]byte(file))
	if len(r.Faults) == 0 {
		t.Error("no fault")
	}
	for _, f := range r.Faults {
		if f.Line == 0 {
			t.Errorf("no line: %v", f)
		}
	}
}

// An instance that cannot be is told with the first line that names it, whatever that says.
func TestInstanceThatIsLeftOutHasALine(t *testing.T) {
	for _, line := range []string{"local-peer 3566", "linkset N 1.1.2", "pc-conversion 5.5.5 instance 0 2.2.2",
		"point-code 1.1.1"} {
		r := Examine([]byte("hostname X\ncs7 instance 1 " + line + "\ncs7 instance 1 local-peer 3567\n"))
		if len(r.Faults) != 1 || r.Faults[0].Line != 2 {
			t.Errorf("%s: %v", line, r.Faults)
		}
	}
}

// A notation that cannot be is left out before codes are read in it: they would be others.
func TestCodesAreNotReadInANotationThatIsLeftOut(t *testing.T) {
	r := Examine([]byte("cs7 point-code format 3 8 4\ncs7 point-code 1.1.1\ncs7 linkset B 2.2.2\n"))
	if len(r.Faults) != 1 || r.Faults[0].Line != 1 || r.System.PC == nil || *r.System.PC != 1<<11|1<<3|1 {
		t.Errorf("%v\n%s", r.Faults, text(t, r.System))
	}
}

// A port of M3UA whose address is not understood stays shut: without one it would be at every
// address of the machine.
func TestPortWithAnAddressThatIsNotUnderstoodStaysShut(t *testing.T) {
	for _, address := range []string{"10.0.0.300", "10.0.0.3\x1b", "10.0.0.3" + strings.Repeat(" ", 2<<20) + "x"} {
		r := Examine([]byte("cs7 m3ua 2905\n local-ip " + address + "\n accept-asp-connections dynamic-permitted\n" +
			"cs7 m3ua 2906\n"))
		if len(r.System.M3UAs) != 1 || r.System.M3UAs[0].Port != 2906 || len(r.Faults) != 2 {
			t.Errorf("%v\n%s", r.Faults, text(t, r.System))
		}
	}
}

// Every caution is told with its line, and what it is about runs.
func TestCautions(t *testing.T) {
	const asp = " remote-ip 10.9.8.1\n"
	two := func(kind, a, b string) string {
		return "cs7 asp W 0 " + kind + "\n" + asp + a + "cs7 asp V 0 " + kind + "\n" + asp + b
	}
	at := func(a, b string) string { return strings.ReplaceAll(two("2905 m3ua", a, b), " 0 2905", " 2907 2905") }
	const m3, m2 = "2905 m3ua", "2904 m2ua"
	in := func(as, kind, asp string) string { return "cs7 as " + as + " " + kind + "\n asp " + asp + "\n" }
	texts, soft := formats(t, "warn", "lacks"), cautions
	told := map[string]bool{}
	for _, c := range []struct{ add, want string }{
		{"cs7 local-peer 3570", "local-peer 3570 has no local-ip and is not bound"},
		{"cs7 local-peer 3570\n shutdown", ""},
		{"cs7 m2ua 2999", "m2ua 2999 has no local-ip and is not bound"},
		{"cs7 m3ua 2999", ""},
		{"cs7 instance 1 m3ua 3565", "instance 1: instance 0 has port 3565 too, and one of the two is at every address"},
		{"cs7 linkset W 2.2.2", "linkset W leads to 2.2.2, and so does linkset B"},
		{"cs7 asp W 0 2905 m3ua", "asp W has neither a remote-ip nor an asp-identifier to know it by"},
		{"cs7 asp W 0 2905 m3ua\n asp-identifier 3", ""},
		{"cs7 asp W 2905 2905 m3ua\n role asp", "asp W has no remote-ip to set up its association to"},
		{"cs7 asp W 0 2906 m3ua\n" + asp, "asp W is over TCP, for m3ua 2906 is a port of TCP"},
		{"cs7 asp W 0 2906 m3ua tcp\n" + asp, ""},
		{"cs7 asp W 14001 0 m3ua\n" + asp, ""},
		{"cs7 asp W 14002 0 m3ua\n remote-ip 10.9.1.1", "asp W and asp Q cannot be told apart: both are at 10.9.1.1 " +
			"port 14002"},
		{at("", "") + in("A", "m3ua", "W") + in("B", "m3ua", "V"), "asp V and asp W cannot have an association each: " +
			"both are between 10.9.8.1 port 2907 and local port 2905"},
		{at(" role asp\n", " role asp\n"), "asp V and asp W cannot have an association each"},
		{at(" asp-identifier 1\n", " asp-identifier 2\n"), "asp V and asp W cannot have an association each"},
		{at(" role asp\n", " role asp\n shutdown\n"), ""},
		{at(" role asp\n local-ip 10.0.0.1\n", " role asp\n local-ip 10.0.0.2\n"), ""},
		{two(m3, "", ""), "asp V and asp W cannot be told apart: both are at 10.9.8.1 port 0 (any), local port 2905"},
		{two(m2, "", ""), "asp V and asp W cannot be told apart: both are at 10.9.8.1 port 0 (any), local port 2904"},
		{two(m3, " asp-identifier 1\n", ""), "asp V and asp W cannot be told apart"},
		{two(m3, " asp-identifier 1\n", " asp-identifier 2\n"), ""},
		{two(m2, " asp-identifier 1\n", " asp-identifier 2\n"), ""},
		{two(m3, "", "") + in("A", "m3ua", "W") + in("B", "m3ua", "V"), ""},
		{two(m3, "", "") + in("A", "m3ua", "W") + in("A", "m3ua", "V"), ""},
		{two(m3, "", " block\n") + in("A", "m3ua", "W") + in("A", "m3ua", "V"), "asp V and asp W cannot be told apart"},
		{two(m3, "", "") + in("A", "m3ua", "W") + in("A", "m3ua", "V") + in("B", "m3ua", "V"), "asp V and asp W " +
			"cannot be"},
		{two(m2, "", "") + in("A", "m2ua", "W") + in("B", "m2ua", "V"), ""},
	} {
		r := Examine([]byte(full + c.add + "\n"))
		if len(r.Faults) > 0 {
			t.Fatal(c.add, r.Faults)
		}
		if c.want == "" && len(r.Warnings) == 0 {
			continue
		}
		if len(r.Warnings) != 1 || c.want == "" || !strings.HasPrefix(r.Warnings[0].Text,
			c.want) || r.Warnings[0].Line < 90 {
			t.Errorf("%s\ngives %v, want %q", c.add, r.Warnings, c.want)
		}
		for _, i := range r.System.every() {
			for _, p := range i.find(soft...) {
				told[p.rule] = true
			}
		}
	}
	for _, x := range texts {
		if !told[x] {
			t.Errorf("nothing raises the caution %q", x)
		}
	}
}

// Whatever is missing, there twice, or in another's place: what is read holds to all rules, and is
// read from what it prints as it is.
func TestScrambledFilesLeaveWhatIsSound(t *testing.T) {
	r := rand.New(rand.NewSource(11))
	blocks := strings.Split(strings.ReplaceAll(strings.TrimSpace(full), "\n ", "\x00 "), "\n")
	for range 60 {
		var file []string
		for _, b := range blocks {
			lines := strings.Split(b, "\x00")
			switch r.Intn(12) {
			case 0: // the block is missing
				continue
			case 1: // a line is
				k := r.Intn(len(lines))
				lines = slices.Delete(slices.Clone(lines), k, k+1)
			case 2: // there twice, with another number
				other := strings.Replace(b, strconv.Itoa(r.Intn(10)), strconv.Itoa(r.Intn(10)), 1)
				lines = append(slices.Clone(lines), strings.Split(other, "\x00")...)
			case 3: // in another's place
				lines = append(slices.Clone(lines), strings.Split(blocks[r.Intn(len(blocks))], "\x00")...)
			}
			file = append(file, lines...)
		}
		text1 := strings.Join(file, "\n") + "\n"
		s, _ := Read([]byte(text1))
		if errs := s.Validate(); len(errs) > 0 {
			t.Fatalf("what was read does not validate: %v\n%s", errs, text1)
		}
		once := text(t, s)
		if again, errs := Read([]byte(once)); len(errs) > 0 || text(t, again) != once {
			t.Fatalf("printing is not stable: %v\n%s\n%s", errs, once, text1)
		}
	}
}

// An ASP whose line about what it may register is not understood may register nothing: without
// the ranges that the line gives it could register whatever is nobody's.
func TestRegistrationThatIsNotUnderstoodIsOff(t *testing.T) {
	const head = "cs7 xua rkm routing-key-allocation dynamic-permitted\ncs7 m3ua 2905\n local-ip 10.0.0.1\n" +
		"cs7 asp P 0 2905 m3ua\n remote-ip 10.0.0.5\n"
	r := Examine([]byte(head + " rkm allow 1.1.0/99\n description x\n"))
	if len(r.Faults) != 2 || len(r.System.ASPs) != 1 || r.System.ASPs[0].RKM != RKMOff {
		t.Errorf("%v\n%s", r.Faults, text(t, r.System))
	}
	if r := Examine([]byte(head + " descripshun x\n")); len(r.Faults) != 1 || r.System.ASPs[0].RKM != 0 {
		t.Errorf("%v\n%s", r.Faults, text(t, r.System))
	}
}
