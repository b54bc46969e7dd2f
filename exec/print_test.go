package exec

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/status"
)

// A person reads each value in its own place.
func TestPrintersWriteEachValue(t *testing.T) {
	t.Parallel()
	link := status.Link{SLC: 1, Linkset: "B", Kind: status.KindM2PA, Service: "avail", PeerState: "InService",
		Fault: "old", Association: &status.Association{State: "none", Reason: "lost"},
		Level2: status.Level2{State: "InService", FSN: 1, Acknowledged: 2, BSN: 3, Unacked: 4, Queued: 5},
		Congestion: status.Congestion{Level: 1, Reason: "full", DiscardLevel: 2, Queue: 6, QueueMax: 7, QueuePeak: 8,
			Priorities: true, Thresholds: []status.Threshold{{Level: 1, Onset: 9, Abate: 10, Discard: 11}}},
		Counters: status.Level2Counts{MSUsIn: 12, MSUsOut: 13, OctetsIn: 14, OctetsOut: 15, QueueFull: 16, Shed: 17},
		Rates:    status.Utilization{Last10s: status.Rates{MSUsIn: 18, MSUsOut: 19, KbitIn: 20, KbitOut: 21}}}
	set := status.Linkset{Name: "B", Total: 1, Links: []status.Link{link}}
	state := func(x status.Level2) func(io.Writer) {
		return func(w io.Writer) {
			printM2PAState(w, nil, []status.Linkset{{Links: []status.Link{{Level2: x}}}})
		}
	}
	for _, x := range []struct {
		print func(io.Writer)
		want  string
	}{
		{func(w io.Writer) { printLinkset(w, &set) }, "       fault: old\n       congested, level 1: full; now 6\n" +
			"       discards MSUs of a priority below 2\n"},
		{func(w io.Writer) { printLinksetDetail(w, &set) }, "sent 1, acknowledged 2, received 3; 4 waiting for " +
			"acknowledgement, 5 to be sent\n    Transmit queue: 6 of 7 MSUs, at most 8 so far; discarded: queue full " +
			"16, of too low a priority 17\n    Congestion: level 1 (full); level 1 above 9, until below 10, discards " +
			"priority 0 above 11\n"},
		{func(w io.Writer) { printLinksetStatistics(w, &set) },
			"  01   12           13           14             15             "},
		{func(w io.Writer) { printUtilization(w, &set) },
			"  01   10 s         18.0       19.0       20.0       21.0\n"},
		{state(status.Level2{FarBusy: true}), "  far end is busy\n"},
		{state(status.Level2{LocalBusy: true}), "  this end is busy\n"},
		{state(status.Level2{LocalOutage: true}), "  processor outage here\n"},
		{state(status.Level2{FarOutage: true}), "  processor outage at the far end\n"},
		{state(status.Level2{Emergency: true}), "  emergency proving\n"},
		{func(w io.Writer) {
			printRoutes(w, nil, status.RouteTable{Overloads: []status.Overload{{Destination: "4.4.4", Level: 2,
				Reason: "TFC"}}})
		}, "4.4.4            congested, level 2: TFC\n"},
		{func(w io.Writer) {
			printAccessLists(w, nil, status.AccessLists{Copies: &status.Copies{List: 2700, To: "10.0.0.9", Sent: 1,
				LetGo: 2, Failed: 3, Reason: "refused"}})
		}, "list 2700 to 10.0.0.9: 1 copied, 2 let go because too many waited, 3 not sent (refused)\n"},
		{func(w io.Writer) { printPort(w, &status.Port{Unknown: 1, UnknownMax: 128}) },
			"  1 of at most 128 associations wait until it is known whose they are\n"},
		{func(w io.Writer) {
			printAS(w, &status.AS{RoutingKey: []status.KeyTerm{{DPC: "5.5.5", SIs: []string{"isup"},
				Circuits: []status.Circuits{{OPC: "6.6.6", First: 10, Last: 20}}}}})
		}, "isup 6.6.6                10    20\n"},
		{func(w io.Writer) {
			printExplanation(w, nil, status.Explanation{Fate: "forwarded", From: "linkset B",
				Avoided: true, Keyed: true, Linkset: "as A"})
		}, "  the first choice leads back over linkset B, where it " +
			"came from; the next best is taken\n  belongs to as A by its routing key\n  leaves by as A\n"},
		{func(w io.Writer) {
			printExplanation(w, nil, status.Explanation{Fate: "discarded", Reason: "no route",
				Detail: "the nearest is far"})
		}, "  DISCARDED: no route\n  the nearest is far\n"},
	} {
		var out bytes.Buffer
		if x.print(&out); !strings.Contains(out.String(), x.want) {
			t.Errorf("there is no\n%s\nin\n%s", x.want, &out)
		}
	}
}

// ailing is an instance with alarms and nothing else.
type ailing struct {
	point
	all []status.Alarm
}

func (p *ailing) Alarms() []status.Alarm { return p.all }

// The alarms of all instances are one list: the worst first, then the oldest, each with its instance.
func TestAlarmsOfAllInstances(t *testing.T) {
	at := time.Now()
	h := &town{points: []Node{
		&ailing{all: []status.Alarm{{Severity: "Major", Object: "new", Since: at}, {Severity: "Warning", Object: "w"}}},
		&ailing{all: []status.Alarm{{Instance: 1, Severity: "Critical", Object: "worst", Since: at},
			{Instance: 1, Severity: "Major", Object: "old", Since: at.Add(-time.Hour)}}}}}
	var got []string
	all := allAlarms(h)
	for _, x := range all {
		got = append(got, x.Object)
	}
	if text := strings.Join(got, " "); text != "worst old new w" {
		t.Errorf("the order is %s", text)
	}
	var out bytes.Buffer
	if printAlarms(&out, &cli.Call{}, all); !strings.Contains(out.String(), " instance 1 worst ") {
		t.Errorf("no instance in\n%s", &out)
	}
}
