package configs

import (
	"bytes"
	"fmt"
	"math/rand"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/ss7"
)

func text(t testing.TB, s *System) string {
	t.Helper()
	var b bytes.Buffer
	if err := s.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func read(t testing.TB, s string) *System {
	t.Helper()
	got, errs := Read([]byte(s))
	if len(errs) > 0 {
		t.Fatalf("%v\n%s", errs, s)
	}
	return got
}

// Every example and every lab reads without fault and prints back to the same model.
func TestFiles(t *testing.T) {
	var files []string
	for _, g := range []string{"examples/*.cfg", "../labs/*/configs/*.cfg"} {
		f, _ := filepath.Glob(g)
		files = append(files, f...)
	}
	if len(files) < 10 {
		t.Fatalf("only %d files found", len(files))
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		s, errs := Read(b)
		if len(errs) > 0 {
			t.Errorf("%s: %v", f, errs)
			continue
		}
		if again := read(t, text(t, s)); !reflect.DeepEqual(s, again) {
			t.Errorf("%s does not survive printing:\n%s", f, text(t, s))
		}
	}
}

// random makes a model that validates, with every field set at some time, of one or more
// instances.
func random(r *rand.Rand) *System {
	s := randomInstance(r)
	for n := range uint8(r.Intn(3)) {
		i := randomInstance(r)
		i.Hostname, i.QuietConsole, i.Transport, i.Interfaces, i.IPRoutes, i.IPv6Routes = "", false, 0, nil, nil, nil
		i.Description, i.Number, i.whole = "so that it is not empty", n+1, s
		before := *s
		s.Multi, s.Instances = true, append(s.Instances, i)
		if len(s.Validate()) > 0 { // two instances with the same port
			*s = before
			break
		}
	}
	return s
}

func oneOf[T any](r *rand.Rand, values ...T) T { return values[r.Intn(len(values))] }

func randomInstance(r *rand.Rand) *System {
	pick := func(words ...string) string { return words[r.Intn(len(words))] }
	ms := func(least, most int) time.Duration {
		if r.Intn(2) == 0 {
			return 0
		}
		return time.Duration(least+r.Intn(most-least+1)) * time.Millisecond
	}
	timers := func() Timers {
		return Timers{ms(1000, 350000), ms(1000, 150000), ms(1000, 60000), ms(500, 70000), ms(400, 5000), ms(1000, 10000),
			ms(200, 10000), ms(100, 10000)}
	}
	number := func(least, most int) int {
		if r.Intn(2) == 0 {
			return 0
		}
		return least + r.Intn(most-least+1)
	}
	mark := func(most int) (prec, dscp *uint8) {
		n := uint8(r.Intn(most + 1))
		switch r.Intn(3) {
		case 0:
			return &n, nil
		case 1:
			n *= 8
			return nil, &n
		}
		return nil, nil
	}
	off := func(d time.Duration) time.Duration {
		if r.Intn(3) == 0 {
			return Off
		}
		return d
	}
	settings := func() SCTP {
		s := SCTP{Window: uint32(number(5000, 20971520)), InStreams: uint16(number(2, 1024)),
			OutStreams: uint16(number(2, 1024)), InitTimeout: ms(100, 60000), InitRetrans: uint8(number(1, 20)),
			Keepalive: off(ms(100, 60000)), AssocRetrans: uint8(number(1, 20)), PathRetrans: uint8(number(1, 20)),
			RTOMin: ms(50, 1000), Sack: ms(1, 500), Bundling: off(ms(5, 1000)), QueueDepth: uint16(number(100, 20000))}
		if s.RTOMin != 0 {
			s.RTOMax = ms(1000, 60000)
		}
		s.Prec, s.DSCP = mark(7)
		s.InitPrec, s.InitDSCP = mark(7)
		return s
	}
	thresholds := func() (all []*Thresholds) {
		for level := range uint16(r.Intn(4)) {
			on := 1000*(level+1) + uint16(r.Intn(1000))
			all = append(all, &Thresholds{uint8(level + 1), on, on - 1 - uint16(r.Intn(500)), uint16(r.Intn(2)) * (on + 10)})
		}
		return all
	}
	next := ss7.PC(0)
	pc := func() ss7.PC { next++; return next * 5 % 16384 }
	s := &System{Hostname: pick("", "A", "Country-1"), QuietConsole: r.Intn(2) == 0,
		Variant: oneOf(r, 0, VariantOf(ss7.ITU)), NI: oneOf(r, nil, new(ss7.International), new(ss7.National)),
		Delimiter: oneOf(r, 0, Dash), Description: pick("", "a text | with  blanks"),
		Transport: oneOf(r, 0, Auto, Kernel, User, UDP), MTP3Timers: MTP3Timers{T17: ms(800, 60000)},
		NationalOptions: NationalOptions{r.Intn(2) == 0, r.Intn(2) == 0, false}, Tx: ms(100, 60000), Ty: ms(100, 60000),
		SLSShift: uint8(r.Intn(4)), SLTT1: ms(4000, 12000), SLTT2: ms(30000, 90000)}
	if r.Intn(2) == 0 {
		s.Widths = [][]uint8{{14}, {7, 7}, {4, 5, 5}, {3, 8, 3}}[r.Intn(4)]
	}
	if r.Intn(3) > 0 {
		own := pc()
		s.PC = &own
		for range r.Intn(3) {
			s.Secondaries = append(s.Secondaries, &Secondary{pc()})
		}
	}
	if r.Intn(2) == 0 {
		s.MaxDynamic = uint16(100 + r.Intn(901))
	}
	if r.Intn(2) == 0 {
		s.Strangers = uint16(1 + r.Intn(4096))
	}
	for i := range r.Intn(3) {
		s.Hosts = append(s.Hosts, &Host{fmt.Sprint("host", i), pc()})
		n := &Interface{Name: fmt.Sprint("eth", i), Description: pick("", "to the north"), Shutdown: r.Intn(2) == 0}
		if r.Intn(2) == 0 {
			n.Address, n.Mask = netip.AddrFrom4([4]byte{10, 0, byte(i), 1}), netip.MustParseAddr("255.255.255.0")
		}
		randomIP(r, n, i)
		s.Interfaces = append(s.Interfaces, n)
	}
	randomRoutes(r, s)
	for i := range 1 + r.Intn(3) {
		p := &LocalPeer{Port: uint16(1024 + i), Shutdown: r.Intn(2) == 0, UDPPort: uint16(r.Intn(2) * 9899),
			Transport: oneOf(r, 0, Auto, Kernel, User, UDP), AnyChecksum: r.Intn(2) == 0, SCTP: settings()}
		for k := range r.Intn(4) {
			p.IPs = append(p.IPs, &LocalIP{netip.AddrFrom4([4]byte{10, byte(k), byte(i), 1})})
		}
		s.LocalPeers = append(s.LocalPeers, p)
	}
	table := &RouteTable{Name: "system"}
	for i := range r.Intn(4) {
		l := &Linkset{Name: fmt.Sprint("To", i), Adjacent: pc(), Description: pick("", "x"), Shutdown: r.Intn(2) == 0,
			Timers: timers(), Congestion: thresholds()}
		for slc := range r.Intn(3) {
			l.Links = append(l.Links, &Link{SLC: uint8(slc),
				Remote:     []netip.Addr{netip.AddrFrom4([4]byte{10, 9, byte(i), byte(slc)})},
				RemotePort: uint16(1 + r.Intn(65535)), LocalPort: s.LocalPeers[r.Intn(len(s.LocalPeers))].Port,
				Passive: r.Intn(2) == 0, Shutdown: r.Intn(2) == 0, UDPPort: uint16(r.Intn(2) * 999),
				Timers: timers(), SCTP: settings(), Congestion: thresholds()})
			if k := l.Links[slc]; r.Intn(2) == 0 {
				k.Remote = append(k.Remote, netip.AddrFrom4([4]byte{10, 8, byte(i), byte(slc)}),
					netip.MustParseAddr(fmt.Sprintf("2001:db8::%d:%d", i, slc)))
			}
		}
		s.LoopProtection = oneOf(r, 0, DropLoops, IgnoreLoops)
		if own := s.Own(); len(own) > 0 && r.Intn(2) == 0 {
			l.Local = &own[r.Intn(len(own))]
		}
		s.Linksets = append(s.Linksets, l)
		for k := range r.Intn(4) {
			length := uint8(1 + k*4)
			dest := ss7.Range{PC: ss7.PC(r.Intn(1<<length)) << (14 - length), Len: length}
			table.Routes = append(table.Routes, &Route{Dest: dest, Linkset: l.Name, Priority: uint8(r.Intn(10))})
		}
	}
	if r.Intn(4) > 0 {
		s.RouteTables = append(s.RouteTables, table)
	} else {
		table.Routes = nil
	}
	return s
}

func TestPrintParsePrint(t *testing.T) {
	r := rand.New(rand.NewSource(5))
	for range 500 {
		s := random(r)
		if errs := s.Validate(); len(errs) > 0 {
			t.Fatalf("the generator made what does not validate: %v", errs)
		}
		once := text(t, s)
		again := read(t, once)
		if !reflect.DeepEqual(s, again) || text(t, again) != once {
			t.Fatalf("first:\n%s\nsecond:\n%s", once, text(t, again))
		}
		if !reflect.DeepEqual(s, s.Clone()) {
			t.Fatal("a clone differs")
		}
	}
}

// A clone shares no memory with the original that a line could change: every field of the
// model, found by reflection, is filled first.
func TestCloneIsDeep(t *testing.T) {
	s := &System{}
	fill(reflect.ValueOf(s).Elem(), 3)
	c := s.Clone()
	before := map[uintptr]string{}
	memory(reflect.ValueOf(s), "", func(at uintptr, path string) { before[at] = path })
	if len(before) < 100 {
		t.Fatalf("only %d places were looked at", len(before))
	}
	memory(reflect.ValueOf(c), "", func(at uintptr, path string) {
		if b, shared := before[at]; shared {
			t.Errorf("%s is the same memory in the clone, as %s", b, path)
		}
	})
}

// fill gives every slice and pointer below v one element; instances are nested once.
func fill(v reflect.Value, depth int) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(v.Field(i), depth)
			}
		}
	case reflect.Slice:
		if v.Type() == reflect.TypeFor[[]*System]() {
			if depth--; depth == 0 {
				return
			}
		}
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), depth)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), depth)
	}
}

// memory tells the address of all that v points to through exported fields, and its path there.
func memory(v reflect.Value, path string, tell func(at uintptr, path string)) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				memory(v.Field(i), path+"."+f.Name, tell)
			}
		}
	case reflect.Slice:
		if v.Len() > 0 {
			tell(v.Pointer(), path)
		}
		for i := range v.Len() {
			if v.Index(i).Kind() == reflect.Pointer {
				tell(v.Index(i).Pointer(), path+"[]")
			}
			memory(v.Index(i), path+"[]", tell)
		}
	case reflect.Pointer:
		// A pointer in a field is an optional value: a line replaces it, and never writes through it.
		if !v.IsNil() {
			memory(v.Elem(), path, tell)
		}
	}
}

func TestFaultsNameTheirLine(t *testing.T) {
	file := `hostname X
cs7 variant itu
cs7 point-code 1.2.3
cs7 local-peer 1024
 local-ip 10.0.0.1
cs7 linkset L 1.2.3
cs7 linkset M 4.5.6
 link 0 sctp 10.0.0.2 1024 1025
 link 16 sctp 10.0.0.2 1024 1024
cs7 route-table system
 update route 7.0.0/3 linkset NONE
 update route 7.0.0 linkset M
 no update route 1.1.1/14 linkset M
what is this
`
	s, errs := Read([]byte(file))
	var got []string
	for _, e := range errs {
		got = append(got, e.Error())
	}
	all := strings.Join(got, "\n")
	for _, want := range []string{
		`line 6: linkset L: 1.2.3 is this node's own code`,
		`line 8: linkset M link 0: local-peer 1025 does not exist, but local-peer 1024 does: are the ports swapped?`,
		`line 9, column 7, at "16": "16" is not a number from 0 to 15`,
		`line 11: route 7.0.0/3: linkset NONE does not exist`,
		`line 12, column 21, at "linkset": "linkset" is not a mask`,
		`line 13`,
		`line 14, column 1, at "what"`,
	} {
		if !strings.Contains(all, want) {
			t.Errorf("no fault %q in:\n%s", want, all)
		}
	}
	if s.Hostname != "X" || s.Linkset("M") == nil || s.Linkset("L") != nil || len(s.Validate()) > 0 {
		t.Errorf("what is sound: %s", text(t, s))
	}
}

// A line of a link that is not whole says that, and no port 0 is looked for. It changes no half
// of a link that is there; its keys alone lead back to it, over M2PA and M2UA.
func TestLineOfALinkIsWhole(t *testing.T) {
	const head = "cs7 point-code 1.2.3\ncs7 local-peer 1024\n local-ip 10.0.0.1\ncs7 m2ua 2904\n local-ip 10.0.0.1\n" +
		"cs7 asp SG 2904 2904 m2ua\n remote-ip 10.0.0.9\n role asp\ncs7 linkset M 4.5.6\n"
	const m2pa, m2ua = " link 0 sctp 10.0.0.2 1024 1024\n", " link 0 m2ua SG 1\n"
	const first, part = "there is no link 0 yet; to make it, the line must be complete", "the line is incomplete"
	for _, c := range []struct{ before, line, fault string }{
		{"", "link 0", first},
		{"", "link 0 sctp", first},
		{"", "link 0 m2ua", first},
		{"", "link 0 sctp 10.0.0.2", part},
		{"", "link 0 sctp 10.0.0.2 1024", part},
		{m2pa, "link 0 sctp 10.0.0.3", part},
		{m2ua, "link 0 m2ua SG", part},
		{m2pa, "link 0", ""},
		{m2ua, "link 0", ""},
	} {
		want, _ := Read([]byte(head + c.before))
		s, errs := Read([]byte(head + c.before + " " + c.line + "\n"))
		sound := c.fault == ""
		if sound != (len(errs) == 0) || !sound && !strings.Contains(errs[0].Error(), c.fault) {
			t.Errorf("%q after %q: %v", c.line, c.before, errs)
		}
		if text(t, s) != text(t, want) {
			t.Errorf("%q after %q changes:\n%s", c.line, c.before, text(t, s))
		}
	}
}

// A linkset whose far end is to know this node by a code that is not here runs without it,
// and the line says how the code is given.
func TestLocalCodeOfALinksetIsOurs(t *testing.T) {
	file := "cs7 point-code 1.2.3\ncs7 secondary-pc 1.2.4\n" +
		"cs7 linkset L 4.5.6 local-pc 1.2.4\ncs7 linkset M 4.5.7 local-pc 1.2.5\n"
	s, errs := Read([]byte(file))
	want := "line 4: linkset M: local-pc 1.2.5 is no code of this node; `cs7 secondary-pc 1.2.5` makes it one"
	if len(errs) != 1 || errs[0].Error() != want {
		t.Errorf("%v, want %s", errs, want)
	}
	if l := s.Linkset("L"); l == nil || l.Local == nil || *l.Local != s.Secondaries[0].PC {
		t.Errorf("%+v", l)
	}
	if l := s.Linkset("M"); l == nil || l.Local != nil {
		t.Errorf("%+v", l)
	}
}

// What a person may paste besides plain lines.
func TestPasted(t *testing.T) {
	s := read(t, "Building configuration...\r\n\r\nCurrent configuration : 99 bytes\r\n!\r\nCountryA(config)#cs7 "+
		"variant itu\r\nCountryA(config)#cs7 instance 0 point-code 2067\r\n"+
		"CountryA(config)#cs7 local-peer 1024\r\nCountryA(config-cs7-lp)#local-ip 10.0.5.1\r\nCountryA(config)#cs7 "+
		"linkset ToCountryB 4.5.6\r\nCountryA(config-cs7-ls)#link 0 sctp 10.0.5.2 1024 1024\r\n"+
		"CountryA(config)# cs7 route-table system\r\nCountryA(config-cs7-rt)#update route 7.0.0 7.0.0 linkset "+
		"ToCountryB\r\nCountryA(config-cs7-rt)#update route 7.7.1 7.255.7 linkset ToCountryB priority 3\r\n"+
		"CountryA(config-cs7-rt)#remove route 7.7.1 7.255.7\r\nend\r\n")
	if *s.PC != 2067 || len(s.Linksets[0].Links) != 1 || len(s.Routes()) != 1 || s.Routes()[0].Dest.Len != 3 {
		t.Error(text(t, s))
	}
}

func TestVariantChange(t *testing.T) {
	s := read(t, "cs7 variant ansi\ncs7 point-code 1.200.3\ncs7 linkset X 200.1.1\n")
	if s.Notation().Format(*s.PC) != "1.200.3" {
		t.Error(text(t, s))
	}
	s.Variant = VariantOf(ss7.ITU)
	errs := s.Validate()
	if len(errs) == 0 || !strings.Contains(errs[0].Error(), "remove it before changing the variant") {
		t.Error(errs)
	}
}

// A line behind a block at the same depth is read as one of the block if the block's mode knows its word: `shutdown` of
// an AS behind its interfaces would shut the last interface. So blocks stand behind all other lines of their mode. The
// lines of an instance are written flat, as Global's are.
func TestBlocksStandLast(t *testing.T) {
	seen := map[*cli.Mode]bool{Global: true}
	var look func(m *cli.Mode)
	look = func(m *cli.Mode) {
		block := false
		for i, s := range m.Statements {
			into := s.Into()
			if block && into == nil && m != Global && m.Name != "config-cs7" {
				t.Errorf("mode %s: statement %d stands behind a block", m.Name, i+1)
			}
			block = block || into != nil
			if into != nil && !seen[into] {
				seen[into] = true
				look(into)
			}
		}
	}
	look(Global)
	if len(seen) < 10 {
		t.Errorf("only %d modes were seen", len(seen))
	}
	const as = "cs7 as EXCH m2ua\n shutdown\n interface-identifier 1 sctp 10.2.1.2 1025 1025\n"
	once := text(t, read(t, "cs7 local-peer 1025\n local-ip 10.2.1.1\n"+as))
	if again := text(t, read(t, once)); again != once || !strings.Contains(once, as) {
		t.Errorf("read again it is another configuration:\n%s\n%s", once, again)
	}
}

func FuzzRead(f *testing.F) {
	files, _ := filepath.Glob("../labs/*/configs/*.cfg")
	for _, n := range files {
		if b, err := os.ReadFile(n); err == nil {
			f.Add(b)
		}
	}
	f.Add([]byte(instances))
	f.Add([]byte("cs7 variant ansi\nno cs7 variant\ncs7 point-code format 8 8 8\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, _ := Read(b)
		if errs := s.Validate(); len(errs) > 0 {
			t.Fatalf("what was read does not validate: %v", errs)
		}
		once := text(t, s)
		again, errs := Read([]byte(once))
		if len(errs) > 0 || text(t, again) != once {
			t.Fatalf("printing is not stable: %v\n%s\n%s", errs, once, text(t, again))
		}
	})
}

func TestLooseRange(t *testing.T) {
	a := cli.Args{"dest": ss7.Range{PC: 7<<11 | 7<<3 | 1, Len: 3}}
	note, err := routeDest(New(), a)
	if err != nil || note != "7.7.1/3 has bits beyond its mask; taken as 7.0.0/3, which is 7.0.0 to 7.255.7" ||
		a["dest"] != (ss7.Range{PC: 7 << 11, Len: 3}) {
		t.Errorf("%q %v %v", note, err, a)
	}
}
