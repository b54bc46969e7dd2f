package xua

import (
	"math/rand"
	"testing"
	"time"

	"github.com/gostp/gostp/ss7"
)

// Loadshare by SLS: while its ASP is active an SLS does not move, whatever else
// comes and goes; all go to active ASPs; shares follow the weights.
func TestSharesAreStable(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	for range 200 {
		n := 1 + r.Intn(6)
		l := setup(n, RoleSG, func(_ []ASPConfig, s []ASConfig) {
			s[0].Mode, s[0].SLS = Loadshare, []uint8{4, 8}[r.Intn(2)]
			for i := range s[0].Members {
				s[0].Members[i].Weight = uint8(r.Intn(4))
			}
		})
		for p := range n {
			l.up(ss7.PathID(p + 1))
		}
		active := map[ss7.PathID]bool{}
		before := l.Way(pathA)
		for range 40 {
			p := ss7.PathID(1 + r.Intn(n))
			if active[p] {
				l.rx(p, wire(ASPIA))
			} else {
				l.active(p)
			}
			left := p
			active[p] = !active[p]
			w := l.Way(pathA)
			for i, to := range w.slots {
				if !active[to] {
					t.Fatalf("SLS %d goes to %d, which is not active", i, to)
				}
				// Only an SLS whose ASP left, or whose home came, or whose home is away may move.
				if old := before.Pick(uint8(i), 0); old != 0 && old != to && active[old] && to != left &&
					deal(l.byAS[pathA].members, len(w.slots))[i] == old {
					t.Fatalf("SLS %d moved from its home %d to %d when %d came or went", i, old, to, left)
				}
			}
			before = w
		}
	}
}

func TestWeights(t *testing.T) {
	for _, mode := range []bool{false, true} {
		l := setup(3, RoleSG, func(_ []ASPConfig, s []ASConfig) {
			s[0].Mode, s[0].Robin, s[0].SLS = Loadshare, mode, 8
			s[0].Members = []MemberConfig{{1, 3}, {2, 1}, {3, 0}}
		})
		l.up(1, 2, 3)
		l.active(1, 2, 3)
		w := l.Way(pathA)
		got := map[ss7.PathID]int{}
		for i := range 256 {
			got[w.Pick(uint8(i), uint32(i))]++
		}
		if got[1] != 192 || got[2] != 64 || got[3] != 0 {
			t.Errorf("round robin %v: %v", mode, got)
		}
		l.rx(1, wire(ASPIA))
		l.rx(2, wire(ASPIA))
		if p := l.Way(pathA).Pick(7, 7); p != 3 {
			t.Errorf("the reserve is not used: %d", p)
		}
	}
}

// §4.3.4.3: "the SGP MUST tag the first DATA message broadcast in each traffic flow
// with a unique Correlation Id" whenever an ASP becomes active.
func TestBroadcast(t *testing.T) {
	l := setup(2, RoleSG, func(_ []ASPConfig, s []ASConfig) { s[0].Mode = Broadcast })
	l.up(1, 2)
	l.active(1)
	var f Flows
	seen := map[uint32]bool{}
	tag := func(sls uint8) bool {
		id, must := f.Tag(l.Way(pathA), sls)
		if must && seen[id] {
			t.Fatalf("identifier %d twice", id)
		}
		seen[id] = seen[id] || must
		return must
	}
	if !tag(1) || tag(1) || !tag(2) {
		t.Error("not the first of each flow")
	}
	l.active(2)
	if w := l.Way(pathA); len(w.All) != 2 || w.Pick(0, 0) != 0 {
		t.Errorf("%+v", w)
	}
	if !tag(1) || tag(1) || !tag(2) || !tag(3) {
		t.Error("not the first of each flow after another ASP joined")
	}
}

func TestHold(t *testing.T) {
	h := Hold{Max: 3, MaxOctets: 10}
	b := []byte{1, 2, 3}
	now := time.Unix(5, 0)
	for i := range 5 {
		b[0] = byte(i)
		if got := h.Add(now, &ss7.MSU{SLS: uint8(i), Payload: b}, 7, uint64(i)); got != (i < 3) {
			t.Errorf("message %d: %v", i, got)
		}
	}
	if n, since := h.Len(); n != 3 || since != now {
		t.Errorf("%d since %v", n, since)
	}
	for i, m := range h.Take() {
		if m.MSU.SLS != uint8(i) || m.MSU.Payload[0] != byte(i) || m.From != 7 || m.Turn != uint64(i) {
			t.Errorf("message %d: %+v", i, m)
		}
	}
	all, one := &ss7.MSU{Payload: make([]byte, 10)}, &ss7.MSU{Payload: make([]byte, 1)}
	if !h.Add(now, all, 0, 0) || h.Add(now, one, 0, 0) || !h.Filling() {
		t.Error("octets are not bounded")
	}
}

// FuzzLayer plays far ends of all roles that say anything at any time: nothing panics,
// states agree with each other, and no message goes where there is no association.
func FuzzLayer(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 200, 3, 77}, uint8(0))
	f.Add([]byte{25, 30, 28, 60, 90, 33, 41}, uint8(1))
	f.Fuzz(func(t *testing.T, script []byte, kind uint8) {
		script = script[:min(len(script), 200)]
		l := setup(3, Role(kind%4), func(a []ASPConfig, s []ASConfig) {
			s[0].Mode, s[0].Need = Mode(kind/4%4), int(kind/16%3)
			a[0].Leads = true
			if a[0].Role != RoleASP { // gateways and ASPs do not mix in one AS
				a[1].Role = RoleSG
			}
		})
		comm := map[ss7.PathID]bool{}
		now := epoch
		for i, x := range script {
			p := ss7.PathID(1 + i%3)
			var out []ss7.Action
			switch n := int(x) % 32; {
			case n < len(allEvents) && p == 1 && allEvents[n] != "shutdown" && allEvents[n] != "block":
				switch allEvents[n] {
				case "CommUp", "CommRestart":
					comm[1] = true
				case "CommLost":
					comm[1] = false
				}
				out = event(l, allEvents[n])
			case n == 25:
				comm[p] = true
				out = l.comm(p)
			case n == 26:
				comm[p] = false
				out = l.lose(p)
			case n == 27:
				now = now.Add(time.Duration(x) * 10 * time.Millisecond)
				out = l.Tick(now, nil)
			case n == 28:
				out = l.rx(p, script)
			case n == 29:
				out = clone(l.settle(now, l.Leave(now, p, "fuzz", l.Begin(nil))))
			case n == 30:
				out = l.typed(func(a []ASPConfig, s []ASConfig) {
					a[0].Block, s[1].ID = x&32 != 0, 11+uint32(x>>6)
				})
			case n == 31:
				l.TakeMode(pathA, Mode(x>>6))
				out = clone(l.settle(now, l.Begin(nil)))
			default:
				types := []Type{ASPUP, ASPDN, ASPAC, ASPIA, ASPUPAck, ASPACAck, ASPIAAck, ASPDNAck, NTFY}
				out = l.rx(p, wire(types[(int(x)/32+i)%9], TagRoutingContext, []uint32{uint32(9 + x%4)}, TagStatus,
					uint32(NotifyPending)))
			}
			var ended []ss7.PathID
			for _, a := range out {
				if a.Op == ss7.Hangup {
					comm[a.Event.Path] = false
					ended = append(ended, a.Event.Path)
				}
				if a.Op == ss7.Send && !comm[a.Event.Path] {
					t.Fatalf("%s sent to %d, which has no association", show(a.Wire), a.Event.Path)
				}
				if a.Op == ss7.Send {
					if _, e := grammar.Parse(a.Wire); e != nil {
						t.Fatalf("%x: %v", a.Wire, e)
					}
				}
			}
			for _, p := range ended {
				l.lose(p)
			}
			l.consistent(t)
		}
	})
}

func (l *Layer) consistent(t *testing.T) {
	for _, s := range l.ass {
		active, up := s.census()
		if s.state == ASActive != (active > 0) && s.state != ASInactive || s.state == ASDown && up > 0 ||
			s.state == ASPending && !s.timers.Running(tR) {
			t.Fatalf("AS %s is %v with %d active and %d up", s.cfg.Name, s.state, active, up)
		}
		if s.way == nil || s.way.State != s.state || s.dirty {
			t.Fatalf("the way to %s is not the present one", s.cfg.Name)
		}
		for _, m := range s.members {
			if m.far != Down && !m.asp.farUp || m.own != Down && !m.asp.ownUp {
				t.Fatalf("%s in %s: %v %v, but not up", m.asp.cfg.Name, s.cfg.Name, m.far, m.own)
			}
			if s.mode == Override && active > 1 && s.served() {
				t.Fatalf("%d active in override", active)
			}
		}
	}
	if len(l.notices) > 0 {
		t.Fatal("notices left")
	}
}
