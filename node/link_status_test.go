package node

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/gostp/gostp/m2pa"
	"github.com/gostp/gostp/m2ua"
	"github.com/gostp/gostp/mtp3"
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
