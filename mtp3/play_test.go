package mtp3_test

import (
	"cmp"
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gostp/gostp/internal/script"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/ss7"
)

// TestScripts plays the conversations in testdata. The steps that a script may take, beside those of every script:
//
//	variant NAME                   itu, ansi, …; the first step, if there is need of it
//	linkset NAME ADJACENT PATH …   a linkset, and the paths of its links, whose SLCs are 0, 1, …
//	route DESTINATION LINKSET N    a route of priority N
//	restricted                     transfer restricted is said (Q.704 §13.4)
//	levels                         a national network, where congestion has levels (§11.2.4)
//	configure                      what the lines before it say is told to the Network
//	link PATH EVENT [ARG [WHY]]    the link tells an event
//	up PATH                        the link comes into service, its test is answered, and the neighbour says TRA
//	answer PATH                    the far end answers the link test
//	from PATH HEADING [PC [N]]     the neighbour at the far end of the link says something; N is a level or a user part
//	about PATH SLC HEADING [N]     the same of the link with that SLC of the same linkset
//	unreachable PATH PC            an MSU that came by the link could not go on to this point
//	overload PATH OPC DPC LEVEL    an MSU met congestion at the link by which it was to leave
//	inhibit LINKSET SLC            a person inhibits a link; uninhibit ends it
//	where PC                       where MSUs to this point go, by SLS
func TestScripts(t *testing.T) {
	t.Parallel()
	update := flag.Lookup("update").Value.String() == "true"
	script.Each(t, "testdata", func(name, file string) {
		t.Run(name, func(t *testing.T) { script.Test(t, file, update, newNetwork()) })
	})
}

func newNetwork() *network {
	cfg := mtp3.Config{Variant: ss7.ITU, NI: ss7.International, SLTT1: mtp3.DefaultSLTT1, SLTT2: time.Hour}
	n := &network{Network: mtp3.NewNetwork(), cfg: cfg, patterns: map[ss7.PathID][]byte{}}
	n.cfg.Own = []ss7.PC{n.must("1.2.3")}
	return n
}

// network is a Network in a script.
type network struct {
	*mtp3.Network
	cfg      mtp3.Config
	patterns map[ss7.PathID][]byte // of the last link test that it sent by a path
	now      time.Time
}

func (n *network) must(code string) ss7.PC {
	pc, err := n.cfg.Variant.Notation.Parse(code)
	if err != nil {
		panic(err)
	}
	return pc
}

// end is the point at the far end of a link, and the SLC by which it knows the link.
func (n *network) end(path ss7.PathID) (adjacent ss7.PC, slc uint8) {
	for _, s := range n.cfg.Linksets {
		if i := slices.IndexFunc(s.Links, func(l mtp3.LinkConfig) bool { return l.Path == path }); i >= 0 {
			return s.Adjacent, s.Links[i].SLC
		}
	}
	return 0, 0
}

func (n *network) Step(now time.Time, words []string, say func(string)) ([]ss7.Action, error) {
	n.now = now
	out, err := steps.Take(n, words, say)
	if why := mtp3.Behind(n.Network); why != "" {
		say(why)
	}
	return out, err
}

// Tick is the Network's.
func (n *network) Tick(now time.Time, out []ss7.Action) []ss7.Action {
	out = n.Network.Tick(now, out)
	if why := mtp3.Behind(n.Network); why != "" {
		out = append(out, ss7.Action{Op: ss7.Note, Event: ss7.Event{Why: why}})
	}
	return out
}

var steps = script.Steps[*network]{
	"variant": {1, func(n *network, args []string, _ func(string)) ([]ss7.Action, error) {
		i := slices.IndexFunc(ss7.Variants, func(v *ss7.Variant) bool { return v.Name == args[0] })
		if i < 0 {
			return nil, fmt.Errorf("no such variant")
		}
		n.cfg.Variant = ss7.Variants[i]
		n.cfg.Own[0] = n.must("1.2.3")
		return nil, nil
	}},
	"linkset": {2, func(n *network, args []string, _ func(string)) ([]ss7.Action, error) {
		s := mtp3.LinksetConfig{Name: args[0], Adjacent: n.must(args[1])}
		for slc, path := range args[2:] {
			s.Links = append(s.Links, mtp3.LinkConfig{Path: path32(path), SLC: uint8(slc)})
		}
		n.cfg.Linksets = append(n.cfg.Linksets, s)
		return nil, nil
	}},
	"route": {3, func(n *network, args []string, _ func(string)) ([]ss7.Action, error) {
		r, _, err := n.cfg.Variant.Notation.ParseRange(args[0])
		n.cfg.Routes = append(n.cfg.Routes, mtp3.RouteConfig{Dest: r, Linkset: args[1], Priority: uint8(number(args[2]))})
		return nil, err
	}},
	"restricted": {0, func(n *network, _ []string, _ func(string)) ([]ss7.Action, error) {
		n.cfg.TFR = true
		return nil, nil
	}},
	"configure": {0, func(n *network, _ []string, _ func(string)) ([]ss7.Action, error) {
		return n.Configure(n.now, n.cfg, nil), nil
	}},
	"link": {2, func(n *network, args []string, _ func(string)) ([]ss7.Action, error) {
		words := []string{args[1], "path", args[0]}
		for i, arg := range args[2:] {
			words = append(words, []string{"arg", "why"}[i], arg)
		}
		ev, err := script.ParseEvent(words)
		return n.Do(n.now, ev, nil), err
	}},
	"up": {1, func(n *network, args []string, _ func(string)) ([]ss7.Action, error) {
		path := path32(args[0])
		out := n.Do(n.now, ss7.Event{Kind: ss7.InService, Path: path}, nil)
		for i := range out {
			n.Text(&out[i]) // it learns the pattern
		}
		out = n.answer(path, out)
		return n.from(path, mtp3.Management{Heading: mtp3.TRA}, 0, out), nil
	}},
	"answer": {1, func(n *network, args []string, _ func(string)) ([]ss7.Action, error) {
		return n.answer(path32(args[0]), nil), nil
	}},
	"from": {2, func(n *network, args []string, _ func(string)) ([]ss7.Action, error) {
		m, err := n.management(args[1], args[2:])
		return n.from(path32(args[0]), m, 0, nil), err
	}},
	"about": {3, func(n *network, args []string, _ func(string)) ([]ss7.Action, error) {
		m, err := n.management(args[2], nil)
		if len(args) > 3 {
			m.FSN, m.Code = uint32(number(args[3])), uint8(number(args[3]))
		}
		m.SLC = uint8(number(args[1]))
		return n.from(path32(args[0]), m, m.SLC, nil), err
	}},
	"unreachable": {2, func(n *network, args []string, _ func(string)) ([]ss7.Action, error) {
		path := path32(args[0])
		adjacent, _ := n.end(path)
		msu := ss7.MSU{DPC: n.must(args[1]), OPC: adjacent, SI: ss7.SCCP, NI: n.cfg.NI}
		d := mtp3.Decide(n.Table(), &msu, path)
		return n.Do(n.now, ss7.Event{Kind: ss7.Unreachable, Path: path, Arg: uint32(d.Reason), MSU: msu}, nil), nil
	}},
	"overload": {4, func(n *network, args []string, _ func(string)) ([]ss7.Action, error) {
		ev := ss7.Event{Kind: ss7.Congestion, Path: path32(args[0]), Arg: uint32(number(args[3]))}
		ev.MSU = ss7.MSU{OPC: n.must(args[1]), DPC: n.must(args[2]), SI: ss7.SCCP, NI: n.cfg.NI}
		return n.Do(n.now, ev, nil), nil
	}},
	"levels": {0, func(n *network, _ []string, _ func(string)) ([]ss7.Action, error) {
		n.cfg.Levels, n.cfg.NI = true, ss7.National
		return nil, nil
	}},
	"inhibit": {2, func(n *network, args []string, _ func(string)) ([]ss7.Action, error) {
		return n.inhibit(args, true)
	}},
	"uninhibit": {2, func(n *network, args []string, _ func(string)) ([]ss7.Action, error) {
		return n.inhibit(args, false)
	}},
	"where": {1, func(n *network, args []string, say func(string)) ([]ss7.Action, error) {
		say(n.where(n.must(args[0])))
		return nil, nil
	}},
}

func number(text string) uint64 {
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		panic(err)
	}
	return n
}

func path32(text string) ss7.PathID { return ss7.PathID(number(text)) }

func (n *network) inhibit(args []string, on bool) ([]ss7.Action, error) {
	return n.SetInhibit(n.now, args[0], uint8(number(args[1])), on, nil)
}

func (n *network) answer(path ss7.PathID, out []ss7.Action) []ss7.Action {
	test := mtp3.LinkTest{Ack: true, Pattern: n.patterns[path]}
	adjacent, slc := n.end(path)
	m := ss7.MSU{DPC: n.cfg.Own[0], OPC: adjacent, SI: ss7.SNT, NI: n.cfg.NI, SLS: slc}
	m.Payload = mtp3.AppendLinkTest(nil, test)
	return n.Do(n.now, ss7.Event{Kind: ss7.Transfer, Path: path, MSU: m}, out)
}

// management makes a message; what it has beside its heading is a point, and a level or a number.
func (n *network) management(heading string, args []string) (m mtp3.Management, err error) {
	for h := range 256 {
		if mtp3.Heading(h).String() == heading {
			m.Heading = mtp3.Heading(h)
		}
	}
	if m.Heading == 0 {
		return m, fmt.Errorf("no message is called %s", heading)
	}
	if len(args) > 0 {
		m.PC, err = n.cfg.Variant.Notation.Parse(args[0])
	}
	if len(args) > 1 {
		m.Level, m.User = uint8(number(args[1])), ss7.SI(number(args[1]))
	}
	return m, err
}

// from is a message of the neighbour at the far end of a link; slc is the link that it is about.
func (n *network) from(path ss7.PathID, m mtp3.Management, slc uint8, out []ss7.Action) []ss7.Action {
	adjacent, _ := n.end(path)
	msu := ss7.MSU{DPC: n.cfg.Own[0], OPC: adjacent, SI: ss7.SNM, NI: n.cfg.NI, SLS: slc}
	msu.Payload = mtp3.AppendManagement(nil, n.cfg.Variant, m)
	return n.Do(n.now, ss7.Event{Kind: ss7.Transfer, Path: path, MSU: msu}, out)
}

// where says by which path MSUs to a point go, and for how many SLS values.
func (n *network) where(pc ss7.PC) string {
	count := map[string]int{}
	for sls := range uint8(16) {
		d := mtp3.Decide(n.Table(), &ss7.MSU{DPC: pc, NI: n.cfg.NI, SI: ss7.SCCP, SLS: sls}, 0)
		switch {
		case d.Fate == mtp3.Discard:
			count[fmt.Sprint("nowhere: ", d.Reason)]++
		case d.Path.IsHold():
			count["they wait"]++
		default:
			count[fmt.Sprintf("by link %d", d.Path)]++
		}
	}
	var lines []string
	for text, times := range count {
		lines = append(lines, fmt.Sprintf("%d of 16 SLS: %s", times, text))
	}
	slices.SortFunc(lines, func(a, b string) int {
		return cmp.Compare(a[strings.Index(a, ":"):], b[strings.Index(b, ":"):])
	})
	return strings.Join(lines, "\n")
}

// Text implements script.Subject.
func (n *network) Text(a *ss7.Action) string {
	ev := &a.Event
	switch {
	case a.Op == ss7.Note && ev.Arg == mtp3.NoteMessage:
		return "" // the message itself is told
	case a.Op == ss7.Note:
		return "note: " + ev.Why
	case ev.Kind != ss7.Transfer:
		return "raise " + string(script.AppendEvent(nil, ev))
	}
	return fmt.Sprintf("send by link %d: %s", ev.Path, n.message(ev))
}

// message is an MSU in words.
func (n *network) message(ev *ss7.Event) string {
	to := n.cfg.Variant.Notation.Format(ev.MSU.DPC)
	switch ev.MSU.SI {
	case ss7.SNT, ss7.SNTS:
		test, err := mtp3.ParseLinkTest(ev.MSU.Payload)
		switch {
		case err != nil:
			return err.Error()
		case test.Ack:
			return "SLTA to " + to
		}
		n.patterns[ev.Path] = slices.Clone(test.Pattern)
		return "SLTM to " + to
	case ss7.SNM:
		m, err := mtp3.ParseManagement(n.cfg.Variant, ev.MSU.Payload)
		if err != nil {
			return err.Error()
		}
		text := m.Heading.String()
		if m.PC != 0 {
			text += " " + n.cfg.Variant.Notation.Format(m.PC)
		}
		if number := m.FSN + uint32(m.Code) + uint32(m.Level); number != 0 {
			text += fmt.Sprint(" ", number)
		}
		return fmt.Sprintf("%s to %s about link %d", text, to, ev.MSU.SLS)
	}
	return fmt.Sprintf("SI %d to %s: %x", ev.MSU.SI, to, ev.MSU.Payload)
}
