package m3ua

import (
	"encoding/hex"
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gostp/gostp/internal/script"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

var update = flag.Bool("update", false, "write the answers of the scripts anew")

// TestScripts plays the conversations in testdata. The steps of a script, beside those of every script:
//
//	asp PATH NAME ROLE           a far end; ROLE is this end's: sg, asp, ipsp
//	as PATH NAME RC DPC MODE ASP …   an application server, and the paths of its ASPs
//	need N                       so many ASPs must be active in the last AS before it is
//	configure                    what the lines before it say is told to the Layer
//	up PATH                      the association is there; lost PATH WHY: it is gone
//	from PATH MESSAGE [RC …]     the far end says something: ASPUP, ASPAC, ASPIA, ASPDN, BEAT, their Acks, DAUD …;
//	                             of DAUD, DUNA, DAVA, DRST, SCON the numbers are point codes
//	hex PATH HEX                 a message as it stands
//	tell STATE CODE …            destinations are available, unavailable or restricted from now on
//	block PATH                   a person has the ASP inactive
//	ways PATH                    what the way to an AS is just now
func TestScripts(t *testing.T) {
	t.Parallel()
	script.Each(t, "testdata", func(name, file string) {
		t.Run(name, func(t *testing.T) { script.Test(t, file, *update, newPlayer()) })
	})
}

// player is a Layer in a script.
type player struct {
	*Layer
	cfg Config
	now time.Time
}

func newPlayer() *player {
	p := &player{Layer: New()}
	next := ss7.PathID(1000)
	p.cfg.Networks = []Network{{ss7.ITU, routes()}}
	p.cfg.NewPath = func() ss7.PathID { next++; return next }
	return p
}

// Step implements script.Subject.
func (p *player) Step(now time.Time, words []string, say func(string)) ([]ss7.Action, error) {
	p.now = now
	return steps.Take(p, words, say)
}

var steps = script.Steps[*player]{
	"asp": {3, func(p *player, args []string, _ func(string)) ([]ss7.Action, error) {
		c := xua.ASPConfig{Path: path(args[0]), Name: args[1], TAck: xua.DefaultTAck}
		for c.Role = xua.RoleSG; c.Role.String() != args[2]; c.Role++ {
			if c.Role == xua.RoleIPSPDouble {
				return nil, fmt.Errorf("no such role")
			}
		}
		c.Leads = c.Role == xua.RoleIPSP
		p.cfg.ASPs = append(p.cfg.ASPs, ASPConfig{ASPConfig: c})
		return nil, nil
	}},
	"as": {5, func(p *player, args []string, _ func(string)) ([]ss7.Action, error) {
		c := ASConfig{Key: key(Term{DPC: one(ss7.PC(number(args[3])))})}
		c.Path, c.Name, c.ID, c.HasID, c.TR = path(args[0]), args[1], uint32(number(args[2])), true, xua.DefaultTR
		for c.Mode.String() != args[4] && c.Mode < xua.Broadcast {
			c.Mode++
		}
		for _, asp := range args[5:] {
			c.Members = append(c.Members, xua.MemberConfig{ASP: path(asp), Weight: 1})
			i := slices.IndexFunc(p.cfg.ASPs, func(a ASPConfig) bool { return a.Path == path(asp) })
			c.Away = p.cfg.ASPs[i].Role == xua.RoleASP
		}
		p.cfg.ASs = append(p.cfg.ASs, c)
		return nil, nil
	}},
	"need": {1, func(p *player, args []string, _ func(string)) ([]ss7.Action, error) {
		p.cfg.ASs[len(p.cfg.ASs)-1].Need = int(number(args[0]))
		return nil, nil
	}},
	"configure": {0, func(p *player, _ []string, _ func(string)) ([]ss7.Action, error) {
		return p.Configure(p.now, p.cfg, nil)
	}},
	"block": {1, func(p *player, args []string, _ func(string)) ([]ss7.Action, error) {
		for i := range p.cfg.ASPs {
			if p.cfg.ASPs[i].Path == path(args[0]) {
				p.cfg.ASPs[i].Block = true
			}
		}
		return p.Configure(p.now, p.cfg, nil)
	}},
	"up": {1, func(p *player, args []string, _ func(string)) ([]ss7.Action, error) {
		return p.Do(p.now, ss7.Event{Kind: ss7.CommUp, Path: path(args[0])}, nil), nil
	}},
	"lost": {2, func(p *player, args []string, _ func(string)) ([]ss7.Action, error) {
		return p.Do(p.now, ss7.Event{Kind: ss7.CommLost, Path: path(args[0]), Why: args[1]}, nil), nil
	}},
	"from": {2, func(p *player, args []string, _ func(string)) ([]ss7.Action, error) {
		b, err := message(args[1], args[2:])
		return p.Recv(p.now, path(args[0]), 0, PPID, b, nil), err
	}},
	"hex": {2, func(p *player, args []string, _ func(string)) ([]ss7.Action, error) {
		b, err := hex.DecodeString(strings.Join(args[1:], ""))
		return p.Recv(p.now, path(args[0]), 0, PPID, b, nil), err
	}},
	"tell": {2, func(p *player, args []string, _ func(string)) ([]ss7.Action, error) {
		states := map[string]Availability{"available": Available, "unavailable": Unavailable, "restricted": Restricted}
		state, ok := states[args[0]]
		if !ok {
			return nil, fmt.Errorf("no such state")
		}
		var all []Destination
		for _, code := range args[1:] {
			all = append(all, Destination{Range: one(ss7.PC(number(code))), State: state})
		}
		return p.Tell(p.now, 0, changes(all), nil), nil
	}},
	"ways": {1, func(p *player, args []string, say func(string)) ([]ss7.Action, error) {
		w := p.Way(path(args[0]))
		say(fmt.Sprintf("%v, %v: all SLS by %v", w.State, w.Mode, w.Slots()))
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

func path(text string) ss7.PathID { return ss7.PathID(number(text)) }

// message makes a message of the far end by its name.
func message(name string, numbers []string) ([]byte, error) {
	var all []uint32
	for _, n := range numbers {
		all = append(all, uint32(number(n)))
	}
	for t, spec := range Grammar {
		switch {
		case spec.Name != name:
		case t>>8 == 2:
			return AppendSSNM(nil, &SSNM{Type: t, Affected: all}), nil
		case len(all) == 0:
			return xua.End(xua.Begin(nil, t), 0), nil
		default:
			return wire(t, all...), nil
		}
	}
	return nil, fmt.Errorf("no message is called %s", name)
}

// Text implements script.Subject.
func (p *player) Text(a *ss7.Action) string {
	ev := &a.Event
	switch {
	case a.Op == ss7.Send:
		return fmt.Sprintf("send to %d: %s", ev.Path, words(a.Wire))
	case a.Op == ss7.Hangup:
		return fmt.Sprintf("end the association of %d: %s", ev.Path, ev.Why)
	case a.Op == ss7.Note && ev.Kind == ss7.StateChange:
		return "note: " + ev.Why
	case a.Op == ss7.Note:
		return "note: " + string(script.AppendEvent(nil, ev))
	case ev.Kind == xua.Republish:
		return "" // a new picture, which "ways" tells
	case ev.Kind == xua.Activated:
		return fmt.Sprintf("raise Activated path %d arg %d", ev.Path, ev.Arg)
	}
	return "raise " + string(script.AppendEvent(nil, ev))
}
