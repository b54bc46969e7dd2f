package titles

import (
	"fmt"
	"os"
	"time"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/sccp/gtt"
	"github.com/gostp/gostp/ss7"
)

// file is the file of entries that is in use.
type file struct {
	name    string
	tried   string            // the file of the last attempt
	indexes map[string]*index // by selector
	count   int
	took    time.Duration
	faults  []error // of that attempt
}

// File tells which file of entries is in use, and what was wrong with the file that was read last.
type File struct {
	Name    string // empty: none
	Entries int
	Took    time.Duration // to read it
	Faults  []error       // of the file that was read last and refused; none: it is in use
}

// File tells which file of entries is in use.
func (g *Tables) File() File {
	f := &g.file
	return File{Name: f.name, Entries: f.count, Took: f.took, Faults: f.faults}
}

// Load reads the file of entries if the configuration names another one than is in use, or than was tried last, or if
// again is set. It tells whether it has read one. A file with a fault changes nothing: the entries that were loaded
// stay.
func (g *Tables) Load(s *configs.System, again bool) (read bool, faults []error) {
	f := &g.file
	if s.TableFile == "" {
		*f = file{}
		return true, nil
	}
	if s.TableFile == f.name && s.TableFile == f.tried && !again {
		return false, nil
	}
	f.tried = s.TableFile
	start := time.Now()
	indexes, count, faults := readFile(s)
	if len(faults) > 0 {
		f.faults = faults
		return true, faults
	}
	*f = file{name: s.TableFile, tried: s.TableFile, indexes: indexes, count: count, took: time.Since(start)}
	return true, nil
}

// Check tells what is wrong with the file of entries that a configuration names.
func Check(s *configs.System) []error {
	if s.TableFile == "" {
		return nil
	}
	_, _, faults := readFile(s)
	return faults
}

// readFile reads and indexes the file of entries.
func readFile(s *configs.System) (out map[string]*index, count int, faults []error) {
	from, err := os.Open(s.TableFile)
	if err != nil {
		return nil, 0, []error{err}
	}
	defer from.Close()
	known := knownNames(s)
	lists := map[string]*builder{}
	var strange []error // entries that name what is not configured
	bad, err := gtt.Load(from, s.Notation(), func(e *gtt.Entry) {
		if fault := known.fault(e); fault != nil {
			strange = append(strange, fault)
		}
		p := lists[e.Selector]
		if p == nil {
			p = &builder{}
			lists[e.Selector] = p
		}
		p.add(e.Digits, place{group: e.Group, as: e.Route.AS, pc: e.Route.PC, toGT: e.Route.ToGT, ssn: e.Route.SSN,
			ntt: e.Route.NTT})
		count++
	})
	faults = append(bad, strange...)
	if err != nil {
		faults = append(faults, err)
	}
	if len(faults) > 0 {
		return nil, 0, faults
	}
	out = map[string]*index{}
	for name, p := range lists {
		out[name] = &index{p.index.Index(), p.places}
	}
	return out, count, nil
}

// names has the selectors and groups that are configured.
type names struct{ selectors, groups map[string]bool }

func knownNames(s *configs.System) names {
	k := names{map[string]bool{}, map[string]bool{"": true}}
	for _, x := range s.Selectors {
		k.selectors[x.Name] = true
	}
	for _, g := range s.Groups {
		k.groups[g.Name] = true
	}
	return k
}

// fault says which name of an entry is not configured, once for each name; nil: both are configured.
func (k names) fault(e *gtt.Entry) error {
	switch {
	case !k.selectors[e.Selector]:
		k.selectors[e.Selector] = true
		return fmt.Errorf("entry %s: there is no selector %s", e.Digits, e.Selector)
	case !k.groups[e.Group]:
		k.groups[e.Group] = true
		return fmt.Errorf("entry %s of selector %s: there is no application-group %s", e.Digits, e.Selector, e.Group)
	}
	return nil
}

// Write gives all entries of a table as the lines of a file, and says how many they are.
func Write(t *gtt.Table, f ss7.Notation) (text []byte, entries int) {
	for _, s := range t.Selectors {
		s.Index.Walk(func(d gtt.Digits, to uint32, _ int) {
			e := gtt.Entry{Selector: s.Name, Digits: d, Route: s.Results[to].Route}
			if g := s.Results[to].Group; g != nil {
				e.Group = g.Name
			}
			text = e.Append(text, f)
			entries++
		})
	}
	return text, entries
}
