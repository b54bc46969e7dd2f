package node

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/m2pa"
	"github.com/gostp/gostp/m2ua"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/status"
	"github.com/gostp/gostp/xua"
)

// Each value of a level 2 stands under its own name in the status of its link.
func TestLevel2StatusHasEachValue(t *testing.T) {
	t.Parallel()
	at, state := time.Unix(1000, 0), m2pa.InService
	v := m2pa.View{State: state, Why: "why", Since: at, FSN: 1, BSN: 2, LastAcked: 3, Unacked: 4, Queued: 5}
	want := status.Level2{State: state.String(), Reason: "why", Since: at, NoAssociation: "none", FSN: 1, BSN: 2,
		Acknowledged: 3, Unacked: 4, Queued: 5}
	if got := level2Status(&v, "none"); got != want {
		t.Errorf("\n%+v\nnot\n%+v", got, want)
	}
	for _, x := range []struct {
		is   m2pa.View
		want status.Level2
	}{
		{m2pa.View{PeerBusy: true}, status.Level2{FarBusy: true}},
		{m2pa.View{LocalBusy: true}, status.Level2{LocalBusy: true}},
		{m2pa.View{LocalOutage: true}, status.Level2{LocalOutage: true}},
		{m2pa.View{RemoteOutage: true}, status.Level2{FarOutage: true}},
		{m2pa.View{Emergency: true}, status.Level2{Emergency: true}},
	} {
		x.want.State = x.is.State.String()
		if got := level2Status(&x.is, ""); got != x.want {
			t.Errorf("\n%+v\nnot\n%+v", got, x.want)
		}
	}
	for _, x := range []struct{ local, far bool }{{true, false}, {false, true}} {
		v := m2paView(m2ua.LinkView{State: m2ua.InService, LocalOutage: x.local, RemoteOutage: x.far})
		if v.LocalOutage != x.local || v.RemoteOutage != x.far || v.State != m2pa.ProcessorOutage {
			t.Errorf("a link at a gateway with the outages %+v: %+v", x, v)
		}
	}
	g := m2paView(m2ua.LinkView{State: m2ua.Auditing, Why: "why", Since: at, Congestion: 1,
		Stats: m2ua.LinkStats{MSUsIn: 2, MSUsOut: 3, OctetsIn: 4, OctetsOut: 5}})
	is := m2pa.View{State: m2pa.NotAligned, Why: "why", Since: at, CongestionLevel: 1,
		Stats: m2pa.Stats{MSUsIn: 2, MSUsOut: 3, OctetsIn: 4, OctetsOut: 5}}
	if !reflect.DeepEqual(g, is) {
		t.Errorf("\n%+v\nnot\n%+v", g, is)
	}
}

// No counter of M2PA is missing in the status of a link, and each has its own value.
func TestLevel2CountsHaveEachCounter(t *testing.T) {
	t.Parallel()
	var s m2pa.Stats
	in := reflect.ValueOf(&s).Elem()
	var names []string
	for i := range in.NumField() {
		if f := in.Field(i); f.Kind() == reflect.Uint64 {
			f.SetUint(uint64(i + 1))
			names = append(names, in.Type().Field(i).Name)
		}
	}
	s.StatusIn[m2pa.Ready], s.StatusOut[m2pa.Ready] = 70, 80
	counts := level2Counts(&s)
	out := reflect.ValueOf(counts)
	for _, name := range names {
		if f := out.FieldByName(name); !f.IsValid() || f.Uint() != in.FieldByName(name).Uint() {
			t.Errorf("the counter %s is not as it was: %+v", name, counts)
		}
	}
	if want := []status.InOut{{Name: m2pa.Ready.String(), In: 70, Out: 80}}; !slices.Equal(counts.Messages, want) {
		t.Errorf("%+v, want %+v", counts.Messages, want)
	}
}

// A link says by which end it is inhibited.
func TestInhibitedBy(t *testing.T) {
	t.Parallel()
	for want, l := range map[string]mtp3.LinkStatus{"": {}, "LOC": {LocalInhibit: true}, "REM": {RemoteInhibit: true},
		"LOC/REM": {LocalInhibit: true, RemoteInhibit: true}} {
		if got := inhibited(&l); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// fixedView is a bearer whose level 2 is as a test says.
type fixedView struct {
	bearer
	v m2pa.View
}

func (b *fixedView) view() m2pa.View { return b.v }

// A link is shown as level 3 sees it, with what waits for the end of its diversion, its queue and what is wrong below.
func TestLinkPictureHasEachValue(t *testing.T) {
	t.Parallel()
	c := newCarrier(t, 1, 60)
	n := c.in.node
	c.out.cfg.Remote = []netip.Addr{netip.MustParseAddr("10.0.0.9")}
	c.out.Assoc = nil
	c.out.bearer = &fixedView{c.out.bearer, m2pa.View{State: m2pa.InService, Unacked: 1, Queued: 2, Peak: 4,
		DiscardLevel: 3, Fault: "it repeats itself"}}
	since, next := time.Unix(1000, 0), time.Unix(2000, 0)
	l := mtp3.LinkStatus{Path: c.out.id, SLC: 5, State: mtp3.Available, Why: "why", PeerFault: "it tests another link",
		Since: since, Ups: 6, NextTry: next, Diversion: mtp3.Changeback, Congestion: 7, CongestionWhy: "too much"}
	v := *n.view.Load()
	v.holds = map[ss7.PathID]*hold{c.out.id.Hold(): {node: n, waiting: make([]held, 8)}}
	n.view.Store(&v)
	got := n.linkPicture(c.out, &l)
	level3 := status.Level3{State: l.State.String(), Reason: "why", Since: since, FarFault: "it tests another link",
		TimesUp: 6, NextAlignment: next, Diversion: mtp3.Changeback.String(), Waiting: 8}
	if got.Level3 != level3 {
		t.Errorf("\n%+v\nnot\n%+v", got.Level3, level3)
	}
	congestion := status.Congestion{Level: 7, Reason: "too much", DiscardLevel: 3, Queue: 3, QueuePeak: 4,
		Thresholds: []status.Threshold{}}
	if !reflect.DeepEqual(got.Congestion, congestion) {
		t.Errorf("\n%+v\nnot\n%+v", got.Congestion, congestion)
	}
	if got.Fault != "it tests another link" || got.Reason != "" || got.SLC != 5 {
		t.Errorf("%+v", got)
	}
	l.PeerFault = ""
	if got := n.linkPicture(c.out, &l); got.Fault != "it repeats itself" {
		t.Errorf("fault %q", got.Fault)
	}
	l.RemoteInhibit = true
	if got := n.linkPicture(c.out, &l); got.Fault != "" || got.Reason != "inhibited from the far end" {
		t.Errorf("fault %q, reason %q", got.Fault, got.Reason)
	}
}

// A linkset counts the links that may carry traffic, and all.
func TestLinksetCountsItsLinks(t *testing.T) {
	t.Parallel()
	n := New(Options{Platform: onWires(newWires()), Version: "test"})
	defer n.Close()
	s := mtp3.LinksetStatus{Name: "B", Ready: true, Links: []mtp3.LinkStatus{{State: mtp3.Available},
		{State: mtp3.Available, LocalInhibit: true}, {State: mtp3.Failed}}}
	if got := n.linksetStatus(&s); got.Available != 1 || got.Total != 3 || got.State != "avail" {
		t.Errorf("%+v", got)
	}
}

// A network without priorities has one level of congestion. One with priorities has three, each with what it discards.
func TestThresholdsOfALink(t *testing.T) {
	t.Parallel()
	n := New(Options{Platform: onWires(newWires()), Version: "test"})
	defer n.Close()
	s, at := configs.New(), status.Link{Linkset: "B", SLC: 0}
	s.Linksets = []*configs.Linkset{{Name: "B", Links: []*configs.Link{{SLC: 0, LocalPort: 1024}}}}
	s.LocalPeers = []*configs.LocalPeer{{Port: 1024}}
	for _, priorities := range []bool{false, true} {
		s = s.Clone()
		s.MultipleCongestion = priorities
		n.config.Store(s)
		conf := linkConfig(s, s.Linksets[0], s.LocalPeers[0], s.Linksets[0].Links[0])
		want := status.Congestion{QueueMax: conf.QueueMax, Priorities: priorities}
		for i := range conf.Onset {
			switch x := (status.Threshold{Level: i + 1, Onset: conf.Onset[i], Abate: conf.Abate[i]}); {
			case priorities:
				x.Discard = conf.Discard[i]
				want.Thresholds = append(want.Thresholds, x)
			case i == 0:
				want.Thresholds = append(want.Thresholds, x)
			}
		}
		got := at
		if n.thresholds(&got); !reflect.DeepEqual(got.Congestion, want) {
			t.Errorf("\n%+v\nnot\n%+v", got.Congestion, want)
		}
	}
}

// A timer of level 3 is shown with who has set it: the link, before its linkset, before the node.
func TestTimersSayWhoSetThem(t *testing.T) {
	t.Parallel()
	s, set, link := configs.New(), &configs.Linkset{Name: "B"}, &configs.Link{}
	s.MTP3Timers = configs.MTP3Timers{T01: 1 * time.Second, T02: 2 * time.Second, T03: 3 * time.Second}
	set.MTP3Timers = configs.MTP3Timers{T01: 4 * time.Second, T02: 5 * time.Second}
	link.MTP3Timers = configs.MTP3Timers{T01: 6 * time.Second}
	want := []status.Setting{{Name: "T01", ValueMS: 6000, DefaultMS: 800, SetBy: "link"},
		{Name: "T02", ValueMS: 5000, DefaultMS: 1400, SetBy: "linkset"},
		{Name: "T03", ValueMS: 3000, DefaultMS: 800, SetBy: "node"},
		{Name: "T04", ValueMS: 800, DefaultMS: 800, SetBy: "default"}}
	got := level3Timers(s, set, link)
	for i := range want {
		want[i].Purpose = got[i].Purpose
		if got[i] != want[i] || got[i].Purpose == "" {
			t.Errorf("%+v, want %+v", got[i], want[i])
		}
	}
}

// Each timer of M2PA is shown with its own value.
func TestTimersOfM2PAHaveEachValue(t *testing.T) {
	t.Parallel()
	c := m2pa.Config{T1: 1 * time.Millisecond, T2: 2 * time.Millisecond, T3: 3 * time.Millisecond,
		T4e: 4 * time.Millisecond, T4n: 5 * time.Millisecond, T6: 6 * time.Millisecond, T7: 7 * time.Millisecond,
		Status: 8 * time.Millisecond}
	want := []string{"T1 alignment ready", "T2 not aligned", "T3 aligned", "T4 emergency proving", "T4 normal proving",
		"T6 remote congestion", "T7 excess ack delay", "Lssu lssu interval"}
	for i, x := range m2paTimers(&c) {
		if x.ValueMS != int64(i+1) || x.Name+" "+x.Purpose != want[i] {
			t.Errorf("%+v, want %s", x, want[i])
		}
	}
}

// An ASP's share in an AS is told with all that is known of it.
func TestMembershipsHaveEachValue(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		is   xua.MemberStatus
		want status.Membership
	}{
		{xua.MemberStatus{AS: "A", ASP: "P", Peer: xua.Active, Weight: 3},
			status.Membership{AS: "A", ASP: "P", State: "active", Weight: 3, Active: true}},
		{xua.MemberStatus{Registered: true}, status.Membership{State: "down", Registered: true}},
		{xua.MemberStatus{Overridden: true}, status.Membership{State: "down", Overridden: true}},
		{xua.MemberStatus{WaitsForKey: true}, status.Membership{State: "down", WaitsForKey: true}},
		{xua.MemberStatus{Double: true, Own: xua.Active},
			status.Membership{State: fmt.Sprintf("far end %s, this end %s", xua.Down, xua.Active)}},
	} {
		if got := memberships([]xua.MemberStatus{x.is}); len(got) != 1 || got[0] != x.want {
			t.Errorf("\n%+v\nnot\n%+v", got, x.want)
		}
	}
}
