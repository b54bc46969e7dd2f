package m3ua

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// fakeRoutes is MTP3 as a list of destinations, the shorter codes first.
type fakeRoutes struct {
	dests  []Destination
	own    ss7.PC
	behind []ss7.PC
	views  map[ss7.PathID]Availability // AS that see every destination otherwise
}

// changes makes changes of destinations that all AS see alike.
func changes(dests []Destination) (all []Change) {
	for _, d := range dests {
		all = append(all, Change{Destination: d})
	}
	return all
}

func (f *fakeRoutes) State(r ss7.Range, as ss7.PathID) (Availability, uint8) {
	if s, ok := f.views[as]; ok {
		return s, 0
	}
	for _, d := range slices.Backward(f.dests) {
		if d.Range.Len <= r.Len && d.Range.Contains(r.PC, 14) {
			return d.State, d.Level
		}
	}
	return Unavailable, 0
}

func (f *fakeRoutes) Within(r ss7.Range, _ ss7.PathID, yield func(Destination) bool) {
	for _, d := range f.dests {
		if (d.Range.Len > r.Len || r.Len == 0 && d.Range.Len == 0) && r.Contains(d.Range.PC, 14) && !yield(d) {
			return
		}
	}
}

func (f *fakeRoutes) Behind(_ ss7.PathID, yield func(ss7.PC) bool) {
	for _, pc := range f.behind {
		if !yield(pc) {
			return
		}
	}
}

func (f *fakeRoutes) Reserved(dpc ss7.Range) (string, bool) {
	if dpc.Contains(f.own, 14) {
		return "it is a code of this node", false
	}
	for _, d := range f.dests {
		if d.Range == dpc {
			return "it has a configured route", false
		}
	}
	for _, d := range f.dests {
		if covers(d.Range, dpc, 14) {
			return "a summary route covers it", true
		}
	}
	return "", false
}

const (
	ownPC  = 2067
	isupSI = 1 << 5
	sccpSI = 1 << 3
)

func routes() *fakeRoutes {
	return &fakeRoutes{own: ownPC, dests: []Destination{
		{Range: ss7.Range{PC: 7 << 11, Len: 3}, State: Available},
		{Range: ss7.Range{PC: 7<<11 | 1<<3, Len: 11}, State: Unavailable},
		{Range: one(7<<11 | 1<<3 | 2), State: Available, Level: 2}, {Range: one(7<<11 | 9<<3), State: Restricted},
		{Range: one(7<<11 | 10<<3), State: Available}, {Range: one(5), State: Unavailable},
	}}
}

// gateway has ASPs 1 (AS A, RC 10, DPC 100), 2 (A and B, RC 11, DPC 101 ISUP), and 3
// (AS C of another network, with network appearance 7), up and active.
func gateway(t *testing.T, fix func(*Config)) *Layer {
	t.Helper()
	l := New()
	next := ss7.PathID(1000)
	c := Config{Networks: []Network{{ss7.ITU, routes()}, {ss7.ANSI, nil}},
		NewPath: func() ss7.PathID { next++; return next }}
	for p := range ss7.PathID(3) {
		c.ASPs = append(c.ASPs, ASPConfig{ASPConfig: xua.ASPConfig{Path: p + 1, Name: fmt.Sprint("P", p+1)}, Policy: AnyKey})
	}
	as := func(path ss7.PathID, name string, rc uint32, dpc ss7.PC, sis uint16, members ...ss7.PathID) ASConfig {
		s := ASConfig{ASConfig: xua.ASConfig{Path: path, Name: name, ID: rc, HasID: true, TR: xua.DefaultTR},
			Key: key(Term{DPC: one(dpc), SIs: sis})}
		for _, m := range members {
			s.Members = append(s.Members, xua.MemberConfig{ASP: m, Weight: 1})
		}
		return s
	}
	c.ASs = []ASConfig{as(100, "A", 10, 100, 0, 1, 2), as(101, "B", 11, 101, isupSI, 2), as(102, "C", 12, 1, 0, 3)}
	c.ASs[2].Network, c.ASs[2].NA, c.ASs[2].HasNA = 1, 7, true
	c.ASs[2].Key.Terms[0].DPC.Len = 24
	c.ASPs[2].Network = 1
	if fix != nil {
		fix(&c)
	}
	if _, err := l.Configure(epoch, c, nil); err != nil {
		t.Fatal(err)
	}
	for p := range ss7.PathID(3) {
		l.Do(epoch, ss7.Event{Kind: ss7.CommUp, Path: p + 1}, nil)
		l.rx(p+1, wire(xua.ASPUP))
		l.rx(p+1, wire(xua.ASPAC))
	}
	return l
}

func wire(t xua.Type, ids ...uint32) []byte {
	return xua.End(xua.AppendUint32s(xua.Begin(nil, t), xua.TagRoutingContext, ids), 0)
}

func (l *Layer) rx(p ss7.PathID, b []byte) []ss7.Action {
	return clone(l.Recv(epoch, p, 0, PPID, b, nil))
}

func (l *Layer) ssnmRx(p ss7.PathID, s SSNM) string { return told(p, l.rx(p, AppendSSNM(nil, &s))) }

func clone(out []ss7.Action) []ss7.Action {
	for i := range out {
		out[i].Wire = bytes.Clone(out[i].Wire)
	}
	return out
}

// told gives, in words, what is sent to a path.
func told(p ss7.PathID, out []ss7.Action) string {
	var parts []string
	for _, a := range out {
		if a.Op == ss7.Send && a.Event.Path == p {
			parts = append(parts, words(a.Wire))
		}
	}
	return strings.Join(parts, ", ")
}

func words(b []byte) string {
	m, e := Grammar.Parse(b)
	if e != nil {
		return "BAD WIRE " + e.Why
	}
	s := m.Name
	if na, ok := m.Params.Uint32(tagNA); ok {
		s += fmt.Sprint(" NA ", na)
	}
	if v, ok := m.Params.Uint32(xua.TagErrorCode); ok {
		s += " " + xua.Code(v).String()
	}
	if v, ok := m.Params.Uint32(xua.TagStatus); ok {
		s += " " + xua.Status(v).String()
	}
	if rcs := m.Params.Uint32s(xua.TagRoutingContext); rcs != nil && m.Type>>8 != 9 {
		s += fmt.Sprint(" ", rcs)
	}
	for _, a := range m.Params.Uint32s(xua.TagAffected) {
		s += fmt.Sprintf(" %d/%d", a&0xffffff, a>>24)
	}
	if v, ok := m.Params.Uint32(tagCongestion); ok {
		s += fmt.Sprint(" level ", v)
	}
	if v, ok := m.Params.Uint32(tagUserCause); ok {
		s += fmt.Sprintf(" user %d cause %d", v&0xffff, v>>16)
	}
	if m.Type == REGRsp || m.Type == DEREGRsp {
		results, _ := ParseResults(m)
		for _, r := range results {
			s += fmt.Sprintf(" {%d: %d RC %d}", r.LocalID, r.Status, r.RC)
		}
	}
	return s
}

// §4.5.3: DAUD is answered for single codes, ranges, unknown and congested ones;
// SCON before DAVA; a range by what differs inside it.
func TestAudit(t *testing.T) {
	l := gateway(t, nil)
	for name, c := range map[string]struct {
		ask  []uint32
		want string
	}{
		"available":   {[]uint32{7 << 11}, "DAVA [10] 14336/0"},
		"unavailable": {[]uint32{5}, "DUNA [10] 5/0"},
		"restricted":  {[]uint32{7<<11 | 72}, "DRST [10] 14408/0"},
		"congested":   {[]uint32{7<<11 | 10}, "SCON [10] 14346/0 level 2, DAVA [10] 14346/0"},
		"unknown":     {[]uint32{6}, "DUNA [10] 6/0"},
		"list":        {[]uint32{5, 6, 7 << 11}, "DUNA [10] 5/0 6/0, DAVA [10] 14336/0"},
		"network": {[]uint32{11<<24 | 7<<11},
			"DAVA [10] 14336/11, DUNA [10] 14344/3, SCON [10] 14346/0 level 2, DAVA [10] 14346/0, DRST [10] 14408/0"},
		"everything": {[]uint32{14 << 24}, "DUNA [10] 0/14, DAVA [10] 14336/11, DUNA [10] 14344/3, SCON [10] 14346/0 " +
			"level 2, DAVA [10] 14346/0, DRST [10] 14408/0"},
		"mask 255": {[]uint32{255<<24 | 0xffffff}, "DUNA [10] 0/14, DAVA [10] 14336/11, DUNA [10] 14344/3, SCON [10] " +
			"14346/0 level 2, DAVA [10] 14346/0, DRST [10] 14408/0"},
		"24 bits wide": {[]uint32{1 << 14}, "ERR Invalid Parameter Value"},
	} {
		if got := l.ssnmRx(1, SSNM{Type: DAUD, RCs: []uint32{10}, Affected: c.ask}); got != c.want {
			t.Errorf("%s: %s\nwant %s", name, got, c.want)
		}
	}
}

// §3.4.4: SCON may be about a range. MTP3 is told of single codes: of a small range those
// that a route leads to, of a large one the destinations that it has.
func TestCongestedRange(t *testing.T) {
	for name, c := range map[string]struct {
		affected []uint32
		want     int
		has      ss7.PC
	}{
		"one":          {[]uint32{7<<11 | 10}, 1, 7<<11 | 10},
		"all there":    {[]uint32{3<<24 | 7<<11 | 16}, 8, 7<<11 | 23},
		"some there":   {[]uint32{3<<24 | 7<<11 | 8}, 1, 7<<11 | 10},
		"none there":   {[]uint32{3<<24 | 6<<11}, 0, 0},
		"large":        {[]uint32{11<<24 | 7<<11}, 3, 7<<11 | 72},
		"one and some": {[]uint32{5, 3<<24 | 7<<11 | 16}, 9, 5},
	} {
		l := gateway(t, func(c *Config) {
			r := routes()
			r.dests[3].Range, r.dests[4].Range = one(7<<11|72), one(7<<11|80)
			c.Networks[0].Routes = r
		})
		var codes []ss7.PC
		for _, a := range l.rx(1, AppendSSNM(nil, &SSNM{Type: SCON, RCs: []uint32{10}, Affected: c.affected, Level: 1,
			HasLevel: true})) {
			if a.Op == ss7.Raise && a.Event.Kind == ss7.Status && a.Event.Dest.Len == 14 {
				codes = append(codes, a.Event.Dest.PC)
			}
		}
		if len(codes) != c.want || c.want > 0 && !slices.Contains(codes, c.has) {
			t.Errorf("%s: %v", name, codes)
		}
	}
	l := gateway(t, nil)
	for range 1000 { // a flood is spared
		l.rx(1, AppendSSNM(nil, &SSNM{Type: SCON, RCs: []uint32{10}, Affected: []uint32{11<<24 | 7<<11}}))
	}
	if st := l.PeerStats(1); st.AuditsSpared != 1000-20 {
		t.Errorf("%d spared", st.AuditsSpared)
	}
}

// A wide mask is answered within bounds, whatever there is inside it. A flood of such questions is not
// answered.
func TestAuditIsBounded(t *testing.T) {
	r := routes()
	for i := range 5000 {
		r.dests = append(r.dests, Destination{Range: one(ss7.PC(i + 6)), State: Availability(i % 2)})
	}
	l := gateway(t, func(c *Config) { c.Networks[0].Routes = r })
	ask := SSNM{Type: DAUD, RCs: []uint32{10}, Affected: []uint32{14 << 24}}
	out := l.rx(1, AppendSSNM(nil, &ask))
	codes := 0
	for _, a := range out {
		if a.Op == ss7.Send {
			m, _ := Grammar.Parse(a.Wire)
			codes += len(m.Params.Uint32s(xua.TagAffected))
		}
	}
	if codes > perAnswer+2 || // one is congested, one is in the ERR
		!strings.HasSuffix(told(1, out), "ERR Destination Status Unknown [10] 0/14") {
		t.Errorf("%d codes", codes)
	}
	for range 1000 {
		l.rx(1, AppendSSNM(nil, &ask))
	}
	if st := l.PeerStats(1); st.AuditsSpared != 1001-20 {
		t.Errorf("%d spared", st.AuditsSpared)
	}
}

// §3.4, §4.3.1: who may say what about what.
func TestSSNMRefused(t *testing.T) {
	l := gateway(t, nil)
	pcs := []uint32{5}
	for name, c := range map[string]struct {
		from ss7.PathID
		s    SSNM
		want string
	}{
		"DUNA from an ASP": {1, SSNM{Type: DUNA, Affected: pcs}, "ERR Unexpected Message"},
		"RC of others":     {1, SSNM{Type: DAUD, RCs: []uint32{11}, Affected: pcs}, "ERR Invalid Routing Context [11]"},
		"NA of others": {1, SSNM{Type: DAUD, RCs: []uint32{10}, NA: 7, HasNA: true, Affected: pcs},
			"ERR NA 7 Invalid Network Appearance"},
		"RC 0": {1, SSNM{Type: DAUD, RCs: []uint32{0}, Affected: pcs}, "ERR Invalid Routing Context [0]"},
	} {
		if got := l.ssnmRx(c.from, c.s); got != c.want {
			t.Errorf("%s: %s", name, got)
		}
	}
	l.rx(1, wire(xua.ASPIA))
	if got := l.ssnmRx(1, SSNM{Type: DAUD, Affected: pcs}); got != "ERR Unexpected Message" {
		t.Errorf("inactive: %s", got)
	}
	l = gateway(t, func(c *Config) { c.ASPs[0].Slack.SSNMInactive = true })
	l.rx(1, wire(xua.ASPIA))
	if got := l.ssnmRx(1, SSNM{Type: DAUD, Affected: pcs}); got != "DUNA 5/0" {
		t.Errorf("inactive, forgiven: %s", got)
	}
}

// §4.5.1: the ASPs that it concerns are told: those active in the network, by the routing contexts for which
// they are active, and not those whose own state it is.
func TestTell(t *testing.T) {
	l := gateway(t, nil)
	dests := changes([]Destination{{Range: one(5)}, {Range: one(6)}, {Range: one(7), State: Restricted},
		{Range: one(8), State: Available, Level: 1}})
	out := clone(l.Tell(epoch, 0, dests, nil))
	for p, want := range map[ss7.PathID]string{1: "DUNA [10] 5/0 6/0, DRST [10] 7/0, SCON [10] 8/0 level 1, DAVA [10] 8/0",
		2: "DUNA [10 11] 5/0 6/0, DRST [10 11] 7/0, SCON [10 11] 8/0 level 1, DAVA [10 11] 8/0", 3: ""} {
		if got := told(p, out); got != want {
			t.Errorf("%d: %s", p, got)
		}
	}
	out = clone(l.Tell(epoch, 1, make([]Change, 1), nil))
	if got := told(3, out); got != "DUNA NA 7 [12] 0/24" || told(1, out) != "" {
		t.Errorf("network 1: %s", got)
	}
	own := Change{Destination: dests[0].Destination, Views: []View{{AS: 100, Silent: true}}}
	out = clone(l.Tell(epoch, 0, []Change{own}, nil))
	if told(1, out) != "" || told(2, out) != "DUNA [11] 5/0" {
		t.Errorf("its own state: %s, %s", told(1, out), told(2, out))
	}
	user := ss7.Event{Kind: ss7.UserPart, Dest: one(5), Arg: 2, Path: 100, MSU: ss7.MSU{SI: ss7.ISUP, OPC: 77}}
	for _, c := range []struct {
		ev   ss7.Event
		want [2]string // of the ASPs 1 (AS A) and 2 (AS A and B)
	}{
		{user, [2]string{"DUPU [10] 5/0 user 5 cause 2", "DUPU [10] 5/0 user 5 cause 2"}},
		{ss7.Event{Kind: ss7.Status, Path: 101, Arg: 2, Dest: one(5)}, [2]string{"", "SCON [11] 5/0 level 2"}},
		{ss7.Event{Kind: ss7.Status, Path: 101, Dest: one(5)}, [2]string{"", "SCON [11] 5/0 level 0"}},
		{ss7.Event{Kind: ss7.Status, Arg: 1, Dest: one(5), MSU: ss7.MSU{OPC: 101}}, [2]string{"", "SCON [11] 5/0 level 1"}},
		{ss7.Event{Kind: ss7.Status, Arg: 1, Dest: one(5), MSU: ss7.MSU{OPC: 77}}, [2]string{"", ""}},
	} {
		out = clone(l.TellUsers(epoch, 0, c.ev, nil))
		if got := [2]string{told(1, out), told(2, out)}; got != c.want || told(3, out) != "" {
			t.Errorf("%v of %d: %q", c.ev.Kind, c.ev.Path, got)
		}
	}
	l.rx(2, wire(xua.ASPIA))
	if got := told(2, l.Tell(epoch, 0, dests, nil)); got != "" {
		t.Errorf("inactive: %s", got)
	}
}

// §4.5.1: an ASP that becomes active is told what it cannot reach.
func TestBrief(t *testing.T) {
	l := gateway(t, nil)
	l.rx(1, wire(xua.ASPIA))
	if got := told(1, l.rx(1, wire(xua.ASPAC, 10))); got !=
		"ASPAC Ack [10], DUNA [10] 14344/3 5/0, SCON [10] 14346/0 level 2, DAVA [10] 14346/0, DRST [10] 14408/0" {
		t.Error(got)
	}
}

// §3.4.1: an MSU that cannot go on is answered, not again and again.
func TestUnreachable(t *testing.T) {
	l := gateway(t, nil)
	m := ss7.MSU{DPC: 5, SI: ss7.SCCP}
	if got := told(1, l.Unreachable(epoch, 1, 100, &m, Destination{}, false, 0, nil)); got != "DUNA [10] 5/0" {
		t.Error(got)
	}
	if out := l.Unreachable(epoch, 1, 100, &m, Destination{}, false, 0, nil); len(out) != 0 {
		t.Error("again at once")
	}
	lacksUser := told(1, l.Unreachable(epoch, 1, 100, &m, Destination{}, true, 1, nil))
	if got := lacksUser; got != "DUPU [10] 5/0 user 3 cause 1" {
		t.Error(got)
	}
	full := Destination{State: Available, Level: 3}
	congested := told(1, l.Unreachable(epoch.Add(2*time.Second), 1, 100, &m, full, false, 0, nil))
	if got := congested; got != "SCON [10] 5/0 level 3" {
		t.Error(got)
	}
}

// From an ASP, congestion is raised. From a gateway of ours, everything is.
func TestSSNMRaised(t *testing.T) {
	l := gateway(t, nil)
	out := l.rx(1, AppendSSNM(nil, &SSNM{Type: SCON, Affected: []uint32{100}, Concerned: 9, HasConcerned: true,
		Level: 2, HasLevel: true}))
	if len(out) != 1 || out[0].Event.Kind != ss7.Status || out[0].Event.Arg != 2 || out[0].Event.Dest != one(100) ||
		out[0].Event.MSU.OPC != 9 || out[0].Event.Path != 100 {
		t.Errorf("%+v", out)
	}
	l = behind(t, false)
	for typ, kind := range ssnmKinds {
		s := SSNM{Type: typ, Affected: []uint32{3<<24 | 8}, User: 3, Cause: 2}
		if typ == DUPU || typ == SCON {
			s.Affected = []uint32{8}
		}
		out := l.rx(1, AppendSSNM(nil, &s))
		if len(out) != 1 || out[0].Event.Kind != kind || out[0].Event.Dest.PC != 8 {
			t.Errorf("%v: %+v", kind, out)
		}
	}
	if got := l.ssnmRx(1, SSNM{Type: DAUD, Affected: []uint32{8}}); got != "ERR Unexpected Message" {
		t.Errorf("DAUD from a gateway: %s", got)
	}
}

// behind is this node as the ASP of a gateway at path 1.
func behind(t *testing.T, register bool) *Layer {
	l := New()
	s := ASConfig{ASConfig: xua.ASConfig{Path: 100, Name: "A", ID: 10, HasID: !register, Register: register,
		Members: []xua.MemberConfig{{ASP: 1, Weight: 1}}}, Key: key(Term{DPC: one(300)})}
	c := Config{Networks: []Network{{ss7.ITU, routes()}}, ASPs: []ASPConfig{
		{ASPConfig: xua.ASPConfig{Path: 1, Name: "SG", Role: xua.RoleASP}}}, ASs: []ASConfig{s}}
	if _, err := l.Configure(epoch, c, nil); err != nil {
		t.Fatal(err)
	}
	l.Do(epoch, ss7.Event{Kind: ss7.CommUp, Path: 1}, nil)
	if !register {
		l.rx(1, wire(xua.ASPUPAck))
		l.rx(1, wire(xua.ASPACAck))
	}
	return l
}

// FuzzHostileASP plays an ASP that says anything, to a gateway with two ASPs that behave. Nothing panics, every
// answer can be parsed, answers stay within bounds, and the traffic of the others stays theirs.
func FuzzHostileASP(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15})
	f.Add(AppendRegistrations(nil, []Registration{{LocalID: 1, Key: key(Term{DPC: one(300)})}}, 14))
	f.Add(AppendSSNM(nil, &SSNM{Type: DAUD, Affected: []uint32{14 << 24}}))
	f.Fuzz(func(t *testing.T, script []byte) {
		script = script[:min(len(script), 400)]
		l := gateway(t, func(c *Config) { c.ASs[0].Members = c.ASs[0].Members[1:] }) // ASP 1 has no AS
		now := epoch
		for i, x := range script {
			var b []byte
			rest := script[i:]
			arg := uint32(x) >> 4
			switch x & 15 {
			case 0:
				b = wire(xua.ASPUP)
			case 1:
				b = wire(xua.ASPDN)
			case 2, 3:
				b = wire(xua.ASPAC, 9+arg, firstRC+arg)
			case 4:
				b = wire(xua.ASPIA, firstRC+arg)
			case 5, 6:
				b = AppendRegistrations(nil, []Registration{{LocalID: arg, Mode: arg & 3,
					Key: key(Term{DPC: ss7.Range{PC: ss7.PC(98 + arg), Len: 14}, SIs: uint16(arg&1) << 3})}}, 14)
			case 7:
				b = wire(DEREGReq, firstRC+arg)
			case 8:
				b = AppendSSNM(nil, &SSNM{Type: DUNA + xua.Type(arg%6), Affected: []uint32{arg<<24 | 96},
					RCs: []uint32{firstRC + 1}})
			case 9:
				b = (&Label{RC: firstRC + 1, HasRC: true}).Append(nil, &ss7.MSU{DPC: ss7.PC(arg), SI: ss7.SI(arg), SLS: x,
					Payload: rest})
			case 10:
				b = append(xua.Begin(nil, xua.Type(x)<<8|xua.Type(arg)), rest...)
			case 11:
				b = xua.End(append(xua.Begin(nil, []xua.Type{REGReq, DAUD, xua.ASPAC, DATA, SCON, xua.ERR, REGRsp,
					xua.ASPUPAck}[arg%8]), rest...), 0)
			case 12:
				b = rest
			case 13:
				now = now.Add(time.Duration(arg) * time.Second)
				l.Tick(now, nil)
				continue
			case 14:
				l.Do(now, ss7.Event{Kind: []ss7.Kind{ss7.CommLost, ss7.CommUp, ss7.CommRestart}[arg%3], Path: 1, Why: "fuzz"}, nil)
				continue
			default:
				b = wire(xua.BEAT)
			}
			out := l.Recv(now, 1, uint16(arg), PPID, b, nil)
			sent := 0
			for _, a := range out {
				if a.Op != ss7.Send {
					continue
				}
				if sent++; a.Event.Path != 1 {
					t.Fatalf("%x makes us send %s to ASP %d", b, words(a.Wire), a.Event.Path)
				}
				if w := words(a.Wire); strings.HasPrefix(w, "BAD") {
					t.Fatalf("%x is answered %x: %s", b, a.Wire, w)
				}
			}
			if sent > 64 {
				t.Fatalf("%x has %d answers", b, sent)
			}
			for _, theirs := range []struct {
				m  ss7.MSU
				as ss7.PathID
			}{{ss7.MSU{DPC: 100, SI: 3}, 100}, {ss7.MSU{DPC: 101, SI: 5}, 101}} {
				if as := l.Selector(0).Find(&theirs.m); as != theirs.as || l.Way(as).Pick(0, 0) != 2 {
					t.Fatalf("after %x, DPC %d goes to %d", b, theirs.m.DPC, as)
				}
			}
		}
	})
}

// §3.4.1: an AS that is a way to a destination hears of its state without that way, and only for that AS. Equal
// states go into one message, unless a range of another state would take them back.
func TestEachASHearsWhatItSees(t *testing.T) {
	l := gateway(t, nil)
	at := func(pc ss7.PC, s Availability) Destination { return Destination{Range: one(pc), State: s} }
	sees := func(d Destination, v ...View) Change { return Change{Destination: d, Views: v} }
	check := func(what string, changes []Change, want1, want2 string) {
		t.Helper()
		out := clone(l.Tell(epoch, 0, changes, nil))
		if got := []string{told(1, out), told(2, out)}; !slices.Equal(got, []string{want1, want2}) {
			t.Errorf("%s: %q", what, got)
		}
	}
	check("A sees another state", []Change{sees(at(5, Available), View{AS: 100}), sees(at(6, Available))},
		"DUNA [10] 5/0, DAVA [10] 6/0", "DAVA [11] 5/0 6/0, DUNA [10] 5/0, DAVA [10] 6/0")
	check("B sees the same", []Change{sees(at(5, Available), View{AS: 101, State: Available})},
		"DAVA [10] 5/0", "DAVA [10 11] 5/0")
	check("A alone hears", []Change{{Destination: at(5, Available), Silent: true, Views: []View{{AS: 100}}}},
		"DUNA [10] 5/0", "DUNA [10] 5/0")
	check("states that alternate", []Change{sees(at(5, Unavailable)), sees(at(6, Available)), sees(at(7, Unavailable))},
		"DUNA [10] 5/0 7/0, DAVA [10] 6/0", "DUNA [10 11] 5/0 7/0, DAVA [10 11] 6/0")
	summary := Destination{Range: ss7.Range{PC: 8, Len: 11}, State: Available}
	check("a member behind its summary", []Change{sees(at(5, Unavailable)), sees(summary), sees(at(9, Unavailable))},
		"DUNA [10] 5/0, DAVA [10] 8/3, DUNA [10] 9/0", "DUNA [10 11] 5/0, DAVA [10 11] 8/3, DUNA [10 11] 9/0")

	// What waits for a later burst is said as each AS sees it then.
	l.cfg.Networks[0].Routes.(*fakeRoutes).views = map[ss7.PathID]Availability{100: Restricted, 0: Unavailable}
	l.farEnds[2].debts.spent = perBurst
	check("no room", []Change{sees(at(5, Available), View{AS: 100})}, "DUNA [10] 5/0", "")
	if got := told(2, l.Tick(epoch.Add(burstPace), nil)); got != "DUNA [11] 5/0, DRST [10] 5/0" {
		t.Errorf("the next burst: %s", got)
	}
}

// §3.4.4: an ASP of several AS that names none of them speaks for the AS whose code it is about.
func TestSCONWithoutContextIsOfTheASThatHasTheCode(t *testing.T) {
	l := gateway(t, nil)
	for _, c := range []struct {
		about ss7.PC
		want  []ss7.PathID
	}{{100, []ss7.PathID{100}}, {101, []ss7.PathID{101}}, {5, []ss7.PathID{100, 101}}} {
		var of []ss7.PathID
		scon := SSNM{Type: SCON, Affected: []uint32{uint32(c.about)}, Level: 1, HasLevel: true}
		for _, a := range l.rx(2, AppendSSNM(nil, &scon)) {
			if a.Op == ss7.Raise && a.Event.Kind == ss7.Status {
				of = append(of, a.Event.Path)
			}
		}
		if !slices.Equal(of, c.want) {
			t.Errorf("%d: %v, want %v", c.about, of, c.want)
		}
	}
}
