package gtt

import (
	"strings"
	"testing"

	"github.com/gostp/gostp/ss7"
)

func TestSelect(t *testing.T) {
	map4 := Nature{4, 0, 1, 4}
	a, b, c := &Selector{Name: "any", Nature: map4}, &Selector{Name: "narrow", Nature: map4, Linkset: "L"},
		&Selector{Name: "tt", Nature: Nature{GTI: 2, TT: 9}}
	tab := NewTable([]*Selector{a, b, c}, nil, nil)
	for _, x := range []struct {
		n    Nature
		from string
		want *Selector
	}{{map4, "L", b}, {map4, "M", a}, {map4, "", a}, {Nature{GTI: 2, TT: 9}, "L", c}, {Nature{4, 0, 1, 3}, "L", nil},
		{Nature{GTI: 2}, "", nil}} {
		if got := tab.Select(x.n, x.from); got != x.want {
			t.Errorf("%v from %q: %v", x.n, x.from, got)
		}
	}
}

// E.212 to E.214, as it was pasted from a router.
func TestConversion(t *testing.T) {
	c := NewConversion("E212_E214", 6, Keep, []Rule{
		{In: digits("20201"), Out: digits("3097"), Remove: 5, NP: 7, NAI: 4, ES: Keep},
		{In: digits("262"), Out: digits("49"), Remove: 3, NP: Keep, NAI: Keep, ES: Keep},
	})
	for in, want := range map[string]string{"202011234567890": "30971234567890", "26201123": "4901123", "31012": "31012"} {
		d := digits(in)
		r := c.Apply(&d)
		if d != digits(want) || (r != nil) != (in != want) {
			t.Errorf("%s became %s", in, d)
		}
		if r == &c.Rules[0] {
			if np, nai, es := c.Numbers(r); np != 7 || nai != 4 || es != Keep {
				t.Error(np, nai, es)
			}
		} else if r != nil {
			if np, nai, _ := c.Numbers(r); np != 6 || nai != Keep {
				t.Error(np, nai)
			}
		}
	}
}

// out gives all members but these.
func out(members ...int) uint64 {
	u := ^uint64(0)
	for _, m := range members {
		u &^= 1 << (m - 1)
	}
	return u
}

func group(m Mode, limit uint32, costs ...uint8) *Group {
	g := &Group{Mode: m, Limit: limit, State: &GroupState{}}
	for i, c := range costs {
		g.Members = append(g.Members, Route{PC: ss7.PC(i + 1), Cost: c})
	}
	return g
}

func spread(g *Group, n int, sequenced bool, u uint64) map[ss7.PC]int {
	got := map[ss7.PC]int{}
	for i := range n {
		if r := g.Pick(uint32(i), sequenced, 1, u); r != nil {
			got[r.PC]++
		} else {
			got[0]++
		}
	}
	return got
}

func TestGroups(t *testing.T) {
	for name, c := range map[string]struct {
		g    *Group
		u    uint64
		want map[ss7.PC]int
	}{
		"cost":              {group(Cost, 0, 1, 2, 2), out(), map[ss7.PC]int{1: 1200}},
		"cost, primary out": {group(Cost, 0, 1, 2, 2), out(1), map[ss7.PC]int{2: 600, 3: 600}},
		"cost, all out":     {group(Cost, 0, 1, 2), out(1, 2), map[ss7.PC]int{0: 1200}},
		"limit":             {group(Cost, 500, 1, 2), out(), map[ss7.PC]int{1: 500, 2: 700}},
		"limit, no backup":  {group(Cost, 500, 1, 2), out(2), map[ss7.PC]int{1: 1200}},
		"share":             {group(Share, 0, 1, 2, 9), out(), map[ss7.PC]int{1: 400, 2: 400, 3: 400}},
		"wrr":               {group(WRR, 0, 1, 2, 3), out(), map[ss7.PC]int{1: 200, 2: 400, 3: 600}},
		"wrr, all zero":     {group(WRR, 0, 0, 0), out(), map[ss7.PC]int{0: 1200}},
	} {
		got := spread(c.g, 1200, false, c.u)
		for pc, n := range c.want {
			if got[pc] != n {
				t.Errorf("%s: %v, want %v", name, got, c.want)
				break
			}
		}
	}
}

// In sequence the choice depends on the seed alone, and only the seeds of a
// member that fails move.
func TestSequence(t *testing.T) {
	for _, m := range []Mode{Cost, Share, CgPA, WRR} {
		g := group(m, 0, 1, 1, 1, 1)
		moved := 0
		for seed := range uint32(1000) {
			a, b := g.Pick(seed, true, 1, out()), g.Pick(seed, true, 9, out(3))
			if again := g.Pick(seed, true, 2, out()); again != a {
				t.Fatalf("%v: seed %d went to %d, then to %d", m, seed, a.PC, again.PC)
			}
			if a.PC != 3 && a != b {
				t.Fatalf("%v: seed %d moved from %d to %d though 3 failed", m, seed, a.PC, b.PC)
			}
			if a != b {
				moved++
			}
		}
		if moved < 150 || moved > 350 {
			t.Errorf("%v: %d of 1000 moved", m, moved)
		}
	}
}

// load gives all entries of a file.
func load(text string) (entries []Entry, faults []error, err error) {
	faults, err = Load(strings.NewReader(text), ss7.ITU.Notation, func(e *Entry) { entries = append(entries, *e) })
	return entries, faults, err
}

func TestFile(t *testing.T) {
	const good = `S,49,pcssn,2.2.2,gt
S,4917,pcssn,2.2.3,pcssn,ssn 6
T,,app-grp,HLRS
T,1F,asname,AS1,gt,ssn 0,ntt 7
`
	entries, faults, err := load("# a table\r\n\n! more\n" + good)
	if err != nil || len(faults) > 0 || len(entries) != 4 {
		t.Fatal(entries, faults, err)
	}
	var again []byte
	for i := range entries {
		again = entries[i].Append(again, ss7.ITU.Notation)
	}
	if string(again) != good {
		t.Errorf("%s", again)
	}
	bad := []string{"S,49", "S,4x,pcssn,2.2.2,gt", "S,4,pcssn,9.9.9,gt", "S,4,pcssn,2.2.2", "S,4,pcssn,2.2.2,gt,ssn 1",
		"S,4,pcssn,2.2.2,pcssn,ntt 3",
		"S,4,where,2.2.2,gt", ",4,pcssn,2.2.2,gt", "S,4,app-grp,", "S,4,asname,,gt", "S,4,pcssn,2.2.2,gt,ssn 256",
		"S,4,app-grp,G,gt", "a,b,c,d,e,f,g,h,i,j"}
	entries, faults, _ = load(strings.Join(bad, "\n"))
	if len(entries) != 0 || len(faults) != len(bad) {
		t.Errorf("%d entries, %d of %d faults: %v", len(entries), len(faults), len(bad), faults)
	}
	if !strings.HasPrefix(faults[3].Error(), "line 4: after the destination comes gt or pcssn") {
		t.Error(faults[3])
	}
	entries, faults, err = load("S,49,pcssn,2.2.2,gt\n" + strings.Repeat("\x00", 1<<17) + good)
	if len(entries) != 1 || len(faults) > 0 || err == nil ||
		err.Error() != "line 2: more than 65535 characters; no line after it is read" {
		t.Error(entries, faults, err)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add("S,49,pcssn,2.2.2,gt,ssn 6\nT,,app-grp,G\n")
	f.Fuzz(func(t *testing.T, s string) {
		entries, _, _ := load(s)
		var text []byte
		for i := range entries {
			text = entries[i].Append(text, ss7.ITU.Notation)
		}
		again, faults, err := load(string(text))
		if err != nil || len(faults) > 0 || len(again) != len(entries) {
			t.Fatalf("%q: %v %v", text, faults, err)
		}
		for i := range again {
			if again[i] != entries[i] {
				t.Fatalf("%+v became %+v", entries[i], again[i])
			}
		}
	})
}
