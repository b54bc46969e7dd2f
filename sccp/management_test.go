package sccp

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gostp/gostp/ss7"
)

func TestNotices(t *testing.T) {
	for _, c := range []struct {
		v   *ss7.Variant
		hex string
		n   Notice
	}{
		{ss7.ITU, "0206231300", Notice{Command: SSP, SSN: 6, PC: 4899}}, // checked with Wireshark
		{ss7.ITU, "060123130003", Notice{Command: SSC, SSN: 1, PC: 4899, Congestion: 3}},
		{ss7.ITU, "0101231302", Notice{Command: SSA, SSN: 1, PC: 4899, Multiple: 2}},
		{ss7.ITU, "0308231300", Notice{Command: SST, SSN: 8, PC: 4899}},
		{ss7.ITU, "0408231300", Notice{Command: SOR, SSN: 8, PC: 4899}},
		{ss7.ITU, "0508231300", Notice{Command: SOG, SSN: 8, PC: 4899}},
		{ss7.ANSI, "010803020100", Notice{Command: SSA, SSN: 8, PC: 0x010203}},
	} {
		b := octets(c.hex)
		if n, err := ParseNotice(c.v, b); err != nil || n != c.n {
			t.Errorf("%s: %+v %v", c.hex, n, err)
		}
		if got := AppendNotice(c.v, nil, c.n); !bytes.Equal(got, b) {
			t.Errorf("%+v: %x", c.n, got)
		}
		for i := range b {
			if n, err := ParseNotice(c.v, b[:i]); err == nil {
				t.Errorf("%x was taken as %+v", b[:i], n)
			}
		}
	}
	for _, bad := range []string{"0006231300", "0706132300", "fd06132300"} {
		if n, err := ParseNotice(ss7.ITU, octets(bad)); err == nil {
			t.Errorf("%s was taken as %+v", bad, n)
		}
	}
}

func FuzzNotice(f *testing.F) {
	f.Add(octets("060113230003"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, v := range ss7.Variants {
			n, err := ParseNotice(v, b)
			if err != nil {
				continue
			}
			if again, err := ParseNotice(v, AppendNotice(v, nil, n)); err != nil || again != n {
				t.Fatalf("%+v became %+v, %v", n, again, err)
			}
		}
	})
}

// script is a Management with a clock of its own.
type script struct {
	*Management
	now time.Time
}

func newScript() *script {
	s := &script{NewManagement(), time.Unix(1000, 0)}
	s.Configure(Config{Variant: ss7.ITU, Own: []ss7.PC{me}, Local: []uint8{8, 9}, Concerned: []ss7.PC{stp, origin},
		Watched: []ss7.PC{hlr}})
	return s
}

// sent writes what goes out, such as "SSA 8 of 100 to 200".
func sent(t *testing.T, out []ss7.Action) (lines []string) {
	t.Helper()
	for _, a := range out {
		if a.Op != ss7.Raise {
			continue
		}
		m, err := Parse(a.Event.MSU.Payload)
		if err != nil || m.Type != UDT || m.Class != 0 || !bytes.Equal(m.Called, octets("4201")) ||
			!bytes.Equal(m.Calling, octets("4201")) {
			t.Fatalf("%x: %v", a.Event.MSU.Payload, err)
		}
		n, err := ParseNotice(ss7.ITU, m.Data)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, fmt.Sprintf("%v %d of %d to %d", n.Command, n.SSN, n.PC, a.Event.MSU.DPC))
	}
	return lines
}

func (s *script) recv(t *testing.T, from ss7.PC, n Notice) []string {
	t.Helper()
	return sent(t, s.Recv(s.now, me, from, AppendNotice(ss7.ITU, nil, n), nil))
}

func (s *script) wait(t *testing.T, d time.Duration) []string {
	t.Helper()
	s.now = s.now.Add(d)
	return sent(t, s.Tick(s.now, nil))
}

func same(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, ", ") != strings.Join(want, ", ") {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// Every command, for every kind of subsystem, in each state of a point elsewhere.
func TestManagementMatrix(t *testing.T) {
	prepare := map[string]func(*script){
		"allowed": func(*script) {},
		"prohibited": func(s *script) {
			s.Recv(s.now, me, hlr, AppendNotice(ss7.ITU, nil, Notice{Command: SSP, SSN: 6, PC: hlr}), nil)
		},
		"SCCP gone":      func(s *script) { s.UserPartUnavailable(s.now, hlr, false, nil) },
		"inaccessible":   func(s *script) { s.Reach(func(pc ss7.PC) bool { return pc != hlr }) },
		"SCCP not there": func(s *script) { s.UserPartUnavailable(s.now, hlr, true, nil) },
	}
	// What is prohibited afterwards (6, or 1 for all of SCCP), and what goes out.
	for _, c := range []struct {
		state string
		from  ss7.PC
		n     Notice
		after string
		sent  []string
	}{
		{"allowed", hlr, Notice{Command: SSP, SSN: 6, PC: hlr}, "6", []string{"SSP 6 of 300 to 400", "SSP 6 of 300 to 200"}},
		{"allowed", stp, Notice{Command: SSP, SSN: 6, PC: hlr}, "6", nil}, // only hearsay: not passed on
		{"allowed", hlr, Notice{Command: SSP, SSN: 1, PC: hlr}, "", nil},
		{"allowed", hlr, Notice{Command: SSA, SSN: 6, PC: hlr}, "", nil},
		{"allowed", hlr, Notice{Command: SSA, SSN: 1, PC: hlr}, "", nil},
		{"allowed", hlr, Notice{Command: SSC, SSN: 6, PC: hlr, Congestion: 3}, "", nil},
		{"prohibited", hlr, Notice{Command: SSP, SSN: 6, PC: hlr}, "6", nil},
		{"prohibited", hlr, Notice{Command: SSA, SSN: 6, PC: hlr}, "",
			[]string{"SSA 6 of 300 to 400", "SSA 6 of 300 to 200"}},
		{"prohibited", hlr, Notice{Command: SSA, SSN: 7, PC: hlr}, "6", nil},
		{"prohibited", hlr, Notice{Command: SSA, SSN: 1, PC: hlr}, "",
			[]string{"SSA 1 of 300 to 400", "SSA 1 of 300 to 200"}},
		{"SCCP gone", hlr, Notice{Command: SSA, SSN: 1, PC: hlr}, "", []string{"SSA 1 of 300 to 400", "SSA 1 of 300 to 200"}},
		{"SCCP gone", hlr, Notice{Command: SSA, SSN: 6, PC: hlr}, "1", nil},
		{"SCCP not there", hlr, Notice{Command: SSA, SSN: 1, PC: hlr}, "",
			[]string{"SSA 1 of 300 to 400", "SSA 1 of 300 to 200"}},
		{"inaccessible", hlr, Notice{Command: SSP, SSN: 6, PC: hlr}, "", nil},
		{"inaccessible", hlr, Notice{Command: SSA, SSN: 1, PC: hlr}, "", nil},
		{"allowed", hlr, Notice{Command: SST, SSN: 1, PC: me}, "", []string{"SSA 1 of 100 to 300"}},
		{"allowed", hlr, Notice{Command: SST, SSN: 8, PC: me}, "", []string{"SSA 8 of 100 to 300"}},
		{"allowed", hlr, Notice{Command: SST, SSN: 10, PC: me}, "", nil}, // not there: no answer
		{"allowed", hlr, Notice{Command: SST, SSN: 8, PC: stp}, "", nil},
		{"allowed", hlr, Notice{Command: SOR, SSN: 8, PC: hlr}, "", []string{"SOG 8 of 300 to 300"}},
		{"allowed", hlr, Notice{Command: SOR, SSN: 10, PC: hlr}, "", nil},
		{"allowed", hlr, Notice{Command: SOG, SSN: 8, PC: hlr}, "", nil},
	} {
		s := newScript()
		prepare[c.state](s)
		got := s.recv(t, c.from, c.n)
		name := fmt.Sprintf("%s, %v %d of %d from %d", c.state, c.n.Command, c.n.SSN, c.n.PC, c.from)
		same(t, name, got, c.sent...)
		after := ""
		for _, ssn := range []uint8{1, 6} {
			if s.Status().Prohibited(hlr, ssn) {
				after += fmt.Sprint(ssn)
			}
		}
		if after != c.after {
			t.Errorf("%s: %q prohibited, want %q", name, after, c.after)
		}
	}
}

// Tests grow rarer, stop when the subsystem or the point is back, and stand still
// while it cannot be reached.
func TestStatusTests(t *testing.T) {
	s := newScript()
	s.recv(t, hlr, Notice{Command: SSP, SSN: 6, PC: hlr})
	same(t, "too early", s.wait(t, 9*time.Second))
	same(t, "first", s.wait(t, time.Second), "SST 6 of 300 to 300")
	same(t, "second, too early", s.wait(t, 19*time.Second))
	same(t, "second", s.wait(t, time.Second), "SST 6 of 300 to 300")
	for range 10 {
		s.wait(t, time.Hour)
	}
	if d := s.Deadline().Sub(s.now); d != DefaultStatInfoMax {
		t.Errorf("%v to the next test", d)
	}
	s.Reach(func(pc ss7.PC) bool { return pc != hlr })
	if !s.Deadline().IsZero() {
		t.Error("a test is due though the point cannot be reached")
	}
	s.Reach(func(ss7.PC) bool { return true })
	if s.Status().Prohibited(hlr, 6) {
		t.Error("prohibited though the point is back")
	}
	// A whole SCCP: back by itself if nobody contradicts during a test.
	s.UserPartUnavailable(s.now, hlr, false, nil)
	same(t, "SCCP tested", s.wait(t, 10*time.Second), "SST 1 of 300 to 300")
	same(t, "nothing said", s.wait(t, 20*time.Second))
	if s.Status().Prohibited(hlr, 1) || !s.Deadline().IsZero() {
		t.Error("SCCP is not taken to be back")
	}
	s.UserPartUnavailable(s.now, hlr, true, nil)
	if !s.Status().Prohibited(hlr, 1) || !s.Deadline().IsZero() {
		t.Error("one that is not equipped is tested")
	}
}

func TestLocalSubsystem(t *testing.T) {
	s := newScript()
	set := func(ssn uint8, allowed bool) []string {
		out, err := s.SetLocal(ssn, allowed, nil)
		if (err != nil) != (ssn == 77) {
			t.Error(ssn, err)
		}
		return sent(t, out)
	}
	same(t, "prohibit", set(8, false), "SSP 8 of 100 to 400", "SSP 8 of 100 to 200")
	same(t, "again", set(8, false))
	same(t, "tested", s.recv(t, hlr, Notice{Command: SST, SSN: 8, PC: me}))
	same(t, "allow", set(8, true), "SSA 8 of 100 to 400", "SSA 8 of 100 to 200")
	same(t, "unknown", set(77, true))
}

// Q.714 §5.3.5: one half of a duplicated subsystem leaves when the other half grants it, and not before. While
// one half asks, it grants nothing itself.
func TestCoordinatedChange(t *testing.T) {
	start := func() *script {
		s := newScript()
		c := s.cfg
		c.Mates = map[uint8]Mate{8: {hlr, 8}}
		s.Configure(c)
		return s
	}
	withdraw := func(s *script, ssn uint8, want string) []string {
		out, err := s.Withdraw(s.now, ssn, nil)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("withdraw %d: %v, want %q", ssn, err, want)
		}
		return sent(t, out)
	}
	s := start()
	same(t, "asked", withdraw(s, 8, ""), "SOR 8 of 100 to 300")
	same(t, "SOG of another", s.recv(t, stp, Notice{Command: SOG, SSN: 8, PC: me}))
	same(t, "SOG about another", s.recv(t, hlr, Notice{Command: SOG, SSN: 9, PC: me}))
	same(t, "both want to leave", s.recv(t, hlr, Notice{Command: SOR, SSN: 8, PC: hlr}))
	same(t, "tested while it waits", s.recv(t, hlr, Notice{Command: SST, SSN: 8, PC: me}), "SSA 8 of 100 to 300")
	same(t, "granted", s.recv(t, hlr, Notice{Command: SOG, SSN: 8, PC: me}), "SSP 8 of 100 to 400",
		"SSP 8 of 100 to 200", "SSP 8 of 100 to 300")
	same(t, "tested", s.recv(t, hlr, Notice{Command: SST, SSN: 8, PC: me}))
	same(t, "granted twice", s.recv(t, hlr, Notice{Command: SOG, SSN: 8, PC: me}))
	same(t, "again", withdraw(s, 8, "prohibited already"))
	same(t, "asked by the other half, which would be the last", s.recv(t, hlr, Notice{Command: SOR, SSN: 8, PC: hlr}))

	s = start()
	withdraw(s, 8, "")
	same(t, "not yet", s.wait(t, DefaultCoordinate-1))
	same(t, "denied by silence", s.wait(t, 1))
	if l := s.Locals()[0]; !l.Allowed || !l.Asked.IsZero() || l.Mate == nil || !s.Deadline().IsZero() {
		t.Errorf("%+v", l)
	}
	same(t, "too late", s.recv(t, hlr, Notice{Command: SOG, SSN: 8, PC: me}))

	s = start()
	withdraw(s, 9, "nobody can take over for subsystem 9: `cs7 gtt map")
	withdraw(s, 77, "there is no subsystem 77 here")
	s.Recv(s.now, me, hlr, AppendNotice(ss7.ITU, nil, Notice{Command: SSP, SSN: 8, PC: hlr}), nil)
	withdraw(s, 8, "nobody could take over")
	s.Reach(func(ss7.PC) bool { return false })
	withdraw(s, 8, "nobody could take over")
}

// A published Status never changes, and strangers cannot make this node remember
// without bound.
func TestStatusIsImmutable(t *testing.T) {
	s := newScript()
	s.recv(t, hlr, Notice{Command: SSP, SSN: 6, PC: hlr})
	first := s.Status()
	before := reflect.ValueOf(*first.points[hlr]).Interface()
	for pc := range ss7.PC(16384) {
		s.recv(t, pc, Notice{Command: SSP, SSN: uint8(pc), PC: pc})
		if pc > 5000 && len(s.points) > maxPoints {
			t.Fatal(len(s.points))
		}
		if pc == 6000 {
			break
		}
	}
	if len(first.points) != 1 || before != *first.points[hlr] {
		t.Error("a published Status changed")
	}
}
