package configs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"

	"github.com/gostp/gostp/cli"
)

// Read makes a model of a configuration file. What is sound is in it; every line
// that is not, and every fault of the whole, is an error.
func Read(text []byte) (*System, []error) {
	s := New()
	var errs []error
	source, faults := cli.Parse(bytes.NewReader(text), s, s, Global)
	for _, f := range faults {
		errs = append(errs, f)
	}
	for range 100 { // each round takes away at least one unsound object
		bad := s.problems()
		if len(bad) == 0 {
			return s, errs
		}
		for _, p := range bad {
			errs = append(errs, cli.Fault{Line: source[p.at], Text: p.text})
		}
		if !s.prune() {
			break
		}
	}
	return New(), append(errs, errors.New("what is left does not make a configuration; nothing of it is used"))
}

// prune takes away what Validate refuses most often, so that the rest can run.
func (s *System) prune() bool {
	before := s.size()
	turned := s.pruneInstances()
	for _, t := range s.RouteTables {
		t.Routes = keep(t.Routes, func(r *Route) bool { return s.leads(r) })
	}
	for _, p := range s.LocalPeers {
		turned = p.upright() || turned
	}
	seen := map[ends]bool{}
	for _, l := range s.Linksets {
		if s.strange(l) {
			l.Local, turned = nil, true
		}
		for _, k := range l.Links {
			turned = k.upright() || k.distinct() || turned
		}
		l.Links = keep(l.Links, func(k *Link) bool {
			free := k.IsM2UA() || s.LocalPeer(k.LocalPort) != nil
			for _, e := range k.ends() {
				free = free && !seen[e]
			}
			for _, e := range k.ends() {
				seen[e] = seen[e] || free
			}
			return free
		})
	}
	own := map[uint32]bool{}
	for _, pc := range s.Own() {
		own[uint32(pc)] = true
	}
	s.Linksets = keep(s.Linksets, func(l *Linkset) bool { return !own[uint32(l.Adjacent)] })
	s.pruneIP()
	turned = s.pruneM3UA() || turned
	turned = s.pruneM2UA() || turned
	turned = s.pruneSCCP() || turned
	return turned || s.size() != before
}

// upright takes a retransmit-timeout away whose greatest is below its least.
func (s *SCTP) upright() bool {
	if !s.inverted() {
		return false
	}
	s.RTOMin, s.RTOMax = 0, 0
	return true
}

// distinct takes addresses away that are there twice.
func (k *Link) distinct() bool {
	before := len(k.Remote)
	var out []netip.Addr
	for _, ip := range k.Remote {
		if !slices.Contains(out, ip) {
			out = append(out, ip)
		}
	}
	k.Remote = out
	return len(out) != before
}

func keep[E any](in []*E, ok func(*E) bool) []*E {
	var out []*E
	for _, e := range in {
		if ok(e) {
			out = append(out, e)
		}
	}
	return out
}

func (s *System) size() int {
	n := len(s.Linksets) + len(s.Instances)
	for _, l := range s.Linksets {
		n += len(l.Links)
	}
	return n + len(s.Routes()) + s.sizeIP() + s.sizeM3UA() + s.sizeM2UA()
}

// Write prints s as `show running-config` does.
func (s *System) Write(w io.Writer) error {
	var body bytes.Buffer
	all := []part{{s, only(func(x *cli.Statement) bool { return x != pcConversion })}}
	for _, i := range s.Instances {
		all = append(all, part{i, only(func(x *cli.Statement) bool { return x.Parted() && x != pcConversion })})
	}
	for _, i := range append([]*System{s}, s.Instances...) { // when the codes of all can be read
		all = append(all, part{i, only(func(x *cli.Statement) bool { return x == pcConversion })})
	}
	for _, p := range all {
		var given cli.Args
		if s.Multi {
			given = cli.Args{"instance": uint64(p.of.Number)}
		}
		if err := cli.Print(&body, p.of, p.of, p.lines, given); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "!\n%send\n", body.Bytes())
	return err
}

// part is some lines of an instance.
type part struct {
	of    *System
	lines *cli.Mode
}

// only is global configuration without what keep does not want.
func only(keep func(*cli.Statement) bool) *cli.Mode {
	m := *Global
	m.Statements = slices.DeleteFunc(slices.Clone(m.Statements), func(s *cli.Statement) bool { return !keep(s) })
	return &m
}
