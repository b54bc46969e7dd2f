package mtp3

import (
	"strings"
	"testing"

	"github.com/gostp/gostp/ss7"
)

// §11.2.3, §13.6: origins of what goes over a congested link are told, with a level
// where the network has any; a change of level is told to people.
func TestCongestion(t *testing.T) {
	s := newStar(t)
	s.want("onset", s.level2(ss7.Congestion, 1, 1), "Link 0 of linkset B is congested, level 1")
	s.want("worse", s.level2(ss7.Congestion, 1, 2), "Link 0 of linkset B is congested, level 2")
	s.want("better", s.level2(ss7.Congestion, 1, 1), "Link 0 of linkset B is congested, level 1, falling")
	hit := func(opc string) []ss7.Action {
		return s.Do(s.now, ss7.Event{Kind: ss7.Congestion, Path: 1, Arg: 1, MSU: ss7.MSU{DPC: pc("7.7.1"), OPC: pc(opc), SI: ss7.SCCP}}, nil)
	}
	s.wantSent("an MSU from D", hit("6.6.6"), "3 TFC 7.7.1")
	s.wantSent("one from nowhere", hit("2.2.2"))
	s.wantSent("one from here", hit("1.2.3"))
	s.wantSent("one from over the congested link", hit("4.5.6"))
	out := hit("6.6.6")
	if m, err := ParseManagement(ss7.ITU, out[len(out)-1].Event.MSU.Payload); err != nil || m.Level != 0 {
		t.Errorf("a level in an international network: %+v", m)
	}
	s.cfg.Levels = true
	out = hit("6.6.6")
	if m, err := ParseManagement(ss7.ITU, out[len(out)-1].Event.MSU.Payload); err != nil || m.Level != 1 {
		t.Errorf("no level in a national network: %+v", m)
	}
	s.want("abatement", s.level2(ss7.Congestion, 1, 0), "Link 0 of linkset B is no longer congested")
	if out := s.from(3, Management{Heading: TFC, PC: pc("7.7.1"), Level: 1}); !strings.Contains(out[len(out)-1].Event.Why, "The way to 7.7.1 is congested") {
		t.Errorf("TFC: %+v", out)
	}
	s.wantSent("RCT", s.from(3, Management{Heading: RCT}))
}
