package titles

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/sccp/gtt"
	"github.com/gostp/gostp/ss7"
)

// configured is a configuration of two selectors, the first with an entry of its own and a file.
func configured(t *testing.T, file string) *configs.System {
	t.Helper()
	r := configs.Examine([]byte("cs7 gtt application-group G\n pc 2.2.2 ssn 6 1 pcssn\n" +
		"cs7 gtt selector S tt 0 gti 4 np 1 nai 4\n gta 49 app-grp G\n" +
		"cs7 gtt selector T tt 1 gti 4 np 1 nai 4\n gta 1 pcssn 3.3.3 gt\n" +
		"cs7 gtt load " + file + "\n"))
	if len(r.Faults) > 0 {
		t.Fatal(r.Faults)
	}
	return r.System
}

func written(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "titles")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// found looks digits up, counts that, and says which digits matched and where they lead.
func found(t *testing.T, table *gtt.Table, selector int, digits string) (matched string, r *gtt.Result) {
	t.Helper()
	d, err := gtt.Parse(digits)
	if err != nil {
		t.Fatal(err)
	}
	s := table.Selectors[selector]
	to, length, place, ok := s.Index.Find(&d)
	if !ok {
		return "", nil
	}
	s.Counts[place].Add(1)
	return digits[:length], &s.Results[to]
}

// Entries of the file and those that are typed are one index; a typed one wins. What has not changed is
// taken over, and counters go on.
func TestFileAndTyped(t *testing.T) {
	path := written(t, "S,49,pcssn,3.3.3,gt\nS,4917,pcssn,3.3.3,gt\n")
	s := configured(t, path)
	var tables Tables
	if read, faults := tables.Load(s, false); !read || len(faults) > 0 {
		t.Fatal(read, faults)
	}
	table := tables.Compile(s)
	if at, r := found(t, table, 0, "4915"); at != "49" || r.Group == nil || r.Group.Name != "G" {
		t.Error(at, r)
	}
	if at, r := found(t, table, 0, "491777"); at != "4917" || r.Group != nil {
		t.Error(at, r)
	}
	if read, _ := tables.Load(s, false); read {
		t.Error("a file that is in use is read again")
	}
	s = s.Clone()
	last := s.Selectors[1]
	last.Entries = append(last.Entries, &configs.GTA{Digits: "2", Where: last.Entries[0].Where})
	next := tables.Compile(s)
	if next.Selectors[0].Index != table.Selectors[0].Index {
		t.Error("a selector that has not changed is compiled again")
	}
	used := uint64(0)
	next.Selectors[0].Entries(func(_ gtt.Digits, _ *gtt.Result, count uint64) { used += count })
	if used != 2 {
		t.Errorf("%d of 2 uses are still counted", used)
	}
	if _, r := found(t, next, 1, "22"); r == nil {
		t.Error("the new entry is not there")
	}
	text, entries := Write(next, ss7.ITU.Notation)
	if want := "S,49,app-grp,G\nS,4917,pcssn,3.3.3,gt\nT,1,pcssn,3.3.3,gt\nT,2,pcssn,3.3.3,gt\n"; entries != 4 ||
		string(text) != want {
		t.Errorf("%d entries:\n%s", entries, text)
	}
}

// A file with faults changes nothing, and each name that is not configured is told once.
func TestFaultyFile(t *testing.T) {
	path := written(t, "S,4917,pcssn,3.3.3,gt\n")
	s := configured(t, path)
	var tables Tables
	tables.Load(s, false)
	const faulty = "X,1,pcssn,3.3.3,gt\nX,2,pcssn,3.3.3,gt\nS,3,app-grp,NONE\nS,4,pcssn\n"
	if err := os.WriteFile(path, []byte(faulty), 0o600); err != nil {
		t.Fatal(err)
	}
	_, faults := tables.Load(s, true)
	var text strings.Builder
	for _, f := range faults {
		text.WriteString(f.Error() + "\n")
	}
	if got := text.String(); len(faults) != 3 || !strings.Contains(got, "entry 1: there is no selector X\n"+
		"entry 3 of selector S: there is no application-group NONE\n") {
		t.Errorf("%d faults:\n%s", len(faults), got)
	}
	if f := tables.File(); f.Name != path || f.Entries != 1 || len(f.Faults) != 3 {
		t.Errorf("%+v", f)
	}
	if at, _ := found(t, tables.Compile(s), 0, "49170"); at != "4917" {
		t.Errorf("the entry of the sound file is gone: %q", at)
	}
	if len(Check(s)) != 3 {
		t.Error(Check(s))
	}
	s.TableFile = ""
	if tables.Load(s, false); tables.File().Name != "" || Check(s) != nil {
		t.Error("there is a file where none is configured")
	}
}

// A file that is read again replaces the entries of the one before. The counters of what is still there go on: those of
// selectors, of entries, and of members; and a group keeps whose turn it is.
func TestReloadKeepsCounters(t *testing.T) {
	path := written(t, "S,4917,pcssn,3.3.3,gt\nS,4918,pcssn,3.3.3,gt\nS,5,pcssn,2.2.2,gt\n")
	s := configured(t, path)
	var tables Tables
	tables.Load(s, false)
	before := tables.Compile(s)
	for _, digits := range []string{"49171", "49181", "49182", "51", "52", "53"} {
		found(t, before, 0, digits)
	}
	before.Selectors[0].Hits.Matched.Add(6)
	before.Groups[0].Members[0].Count.Add(7)
	const text = "S,4916,pcssn,3.3.3,gt\nS,4918,pcssn,2.2.2,gt\nS,5,pcssn,3.3.3,gt\nS,55,pcssn,3.3.3,gt\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if read, faults := tables.Load(s, true); !read || len(faults) > 0 {
		t.Fatal(read, faults)
	}
	next := tables.Compile(s)
	if at, _ := found(t, next, 0, "49179"); at != "49" {
		t.Errorf("an entry that is no longer in the file is found: %s", at)
	}
	used := map[string]uint64{}
	next.Selectors[0].Entries(func(d gtt.Digits, _ *gtt.Result, n uint64) { used[d.String()] = n })
	want := map[string]uint64{"49": 1, "4916": 0, "4918": 2, "5": 3, "55": 0}
	if !maps.Equal(used, want) || next.Selectors[0].Hits.Matched.Load() != 6 {
		t.Errorf("%v, want %v; %d in all", used, want, next.Selectors[0].Hits.Matched.Load())
	}
	if next.Groups[0].Members[0].Count.Load() != 7 || next.Groups[0].State != before.Groups[0].State {
		t.Error("the group has begun anew")
	}
}

// A file that was mended has no faults any more.
func TestMendedFile(t *testing.T) {
	path := written(t, "X,1,pcssn,3.3.3,gt\n")
	s := configured(t, path)
	var tables Tables
	tables.Load(s, false)
	if err := os.WriteFile(path, []byte("S,1,pcssn,3.3.3,gt\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, faults := tables.Load(s, true); len(faults)+len(tables.File().Faults) > 0 || tables.File().Entries != 1 {
		t.Errorf("%v, %+v", faults, tables.File())
	}
}

// What is configured beside the entries of a selector holds although the entries are taken over, and a subsystem has
// the backup that is configured.
func TestChangesBesideEntries(t *testing.T) {
	s := configured(t, written(t, "S,4917,pcssn,3.3.3,gt\n"))
	var tables Tables
	tables.Compile(s)
	s = s.Clone()
	s.Selectors[1].TT = 9
	pc := func(code string) ss7.PC {
		p, err := ss7.ITU.Notation.Parse(code)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	s.Maps = []*configs.Map{
		{PC: pc("2.2.2"), SSN: 6, Multiplicity: configs.Dominant, BackupPC: pc("3.3.3"), BackupSSN: 7},
		{PC: pc("2.2.2"), SSN: 8, Multiplicity: configs.Shared, BackupPC: pc("3.3.3"), BackupSSN: 9},
		{PC: pc("2.2.2"), SSN: 10}}
	table := tables.Compile(s)
	if n := table.Selectors[1].Nature; n.TT != 9 {
		t.Errorf("the nature is still %v", n)
	}
	for _, want := range []struct {
		ssn, backup uint8
		shared      bool
	}{{6, 7, false}, {8, 9, true}} {
		m := table.Mate(gtt.Application{PC: pc("2.2.2"), SSN: want.ssn})
		if m == nil || m.Shared != want.shared || m.Backup != (gtt.Application{PC: pc("3.3.3"), SSN: want.backup}) {
			t.Errorf("subsystem %d: %+v", want.ssn, m)
		}
	}
	if m := table.Mate(gtt.Application{PC: pc("2.2.2"), SSN: 10}); m != nil {
		t.Errorf("a solitary subsystem has a mate: %+v", m)
	}
}

// A file with faults was tried, and then the one that is in use is configured again: nothing is wrong any more.
func TestFaultsGoWithTheirFile(t *testing.T) {
	sound := written(t, "S,4917,pcssn,3.3.3,gt\n")
	s := configured(t, sound)
	var tables Tables
	tables.Load(s, false)
	s.TableFile = written(t, "X,1,pcssn,3.3.3,gt\n")
	if _, faults := tables.Load(s, false); len(faults) != 1 {
		t.Error(faults)
	}
	s.TableFile = sound
	if read, faults := tables.Load(s, false); !read || len(faults) > 0 {
		t.Error(read, faults)
	}
	if f := tables.File(); f.Name != sound || f.Entries != 1 || len(f.Faults) > 0 {
		t.Errorf("%+v", f)
	}
	if read, _ := tables.Load(s, false); read {
		t.Error("a file that is in use is read again")
	}
}
