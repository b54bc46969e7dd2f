package keys

import (
	"math/rand"
	"testing"

	"github.com/gostp/gostp/ss7"
)

// The compiled Selector agrees with a scan of all rules.
func TestSelectorTwin(t *testing.T) {
	r := rand.New(rand.NewSource(3))
	for range 200 {
		var targets []Target
		for i := range 1 + r.Intn(12) {
			dpc := ss7.Range{PC: ss7.PC(r.Intn(64)), Len: uint8(8 + r.Intn(7))}
			term := Term{DPC: dpc, SIs: uint16(r.Intn(3)) * 0x28}
			term.DPC, _ = term.DPC.Clean(14)
			if r.Intn(2) == 0 {
				o, _ := ss7.Range{PC: ss7.PC(r.Intn(4)), Len: uint8(11 + r.Intn(4))}.Clean(14)
				term.OPCs = []ss7.Range{o}
			}
			next := append(targets, Target{AS: ss7.PathID(i + 1), Key: Key{Terms: []Term{term}}})
			if _, err := Compile(ss7.ITU, next); err == nil {
				targets = next
			}
		}
		s, _ := Compile(ss7.ITU, targets)
		for range 200 {
			m := ss7.MSU{DPC: ss7.PC(r.Intn(64)), OPC: ss7.PC(r.Intn(4)), SI: ss7.SI(3 + r.Intn(4))}
			var best *rule
			for i := range targets {
				for _, x := range targets[i].rules() {
					fits := x.dpc.Contains(m.DPC, 14) && x.opc.Contains(m.OPC, 14) && x.sis&(1<<m.SI) != 0
					if fits && (best == nil || compare(x, *best) < 0) {
						best = &x
					}
				}
			}
			want := ss7.PathID(0)
			if best != nil {
				want = best.as
			}
			if got := s.Find(&m); got != want {
				t.Fatalf("%+v: %d, want %d", m, got, want)
			}
		}
	}
}

// Every term that claims what an earlier AS has is named, with its place, and no other.
func TestClashesNameEveryTerm(t *testing.T) {
	one := func(pc ss7.PC) Term { return Term{DPC: ss7.Range{PC: pc, Len: 14}} }
	found := Clashes(ss7.ITU, []Target{{1, "red", Key{Terms: []Term{one(1), one(2)}}},
		{2, "blue", Key{Terms: []Term{one(3), one(2)}}}, {3, "green", Key{Terms: []Term{one(1), one(4)}}}})
	want := map[string]int{"green": 0, "blue": 1}
	for _, c := range found {
		if term, ok := want[c.B]; !ok || c.A != "red" || c.Term != term {
			t.Error(c, c.Term)
		}
		delete(want, c.B)
	}
	if len(want) > 0 || len(found) != 2 {
		t.Error(found)
	}
	dash := ss7.ITU.Notation
	dash.Delimiter = '-'
	if got := found[0].What(dash); got != "DPC 0-0-2/14" {
		t.Error(got)
	}
}
