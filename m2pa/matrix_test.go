package m2pa

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gostp/gostp/ss7"
)

// describe writes actions on one line.
func describe(out []ss7.Action) string {
	var parts []string
	for _, a := range out {
		switch a.Op {
		case ss7.Send:
			m, err := Parse(a.Wire)
			switch {
			case err != nil:
				parts = append(parts, "BAD WIRE "+err.Error())
			case m.Type == LinkStatus:
				parts = append(parts, fmt.Sprintf("send %v/%d", m.Status, a.Stream))
			case len(m.MSU) == 0:
				parts = append(parts, fmt.Sprintf("ack %d/%d", m.BSN, a.Stream))
			default:
				parts = append(parts, fmt.Sprintf("data %d/%d", m.FSN, a.Stream))
			}
		case ss7.Raise:
			parts = append(parts, "raise "+a.Event.Kind.String())
		case ss7.Note:
			if a.Event.Kind == ss7.Discard {
				parts = append(parts, "discard")
			}
		}
	}
	if parts == nil {
		return "-"
	}
	return strings.Join(parts, ", ")
}

func (l *Link) running() string {
	var out []string
	for id := range timers {
		if l.timers.Running(id) {
			out = append(out, timerNames[id])
		}
	}
	return strings.Join(out, " ")
}

// TestMatrix puts every event to every state. The golden file is to be read beside
// RFC 4165 §4 and figures 8, 9, 13 to 18 of Q.703; -update rewrites it.
func TestMatrix(t *testing.T) {
	type event struct {
		name string
		do   func(*Link) []ss7.Action
	}
	at := epoch.Add(600 * time.Millisecond)
	var events []event
	for s := Alignment; s < statuses; s++ {
		events = append(events, event{"rx " + s.String(), func(l *Link) []ss7.Action {
			return l.Recv(at, 0, status(s, 0), nil)
		}})
	}
	events = append(events,
		event{"rx User Data", func(l *Link) []ss7.Action { return l.Recv(at, 1, data(0, seqMask), nil) }},
		event{"rx empty User Data", func(l *Link) []ss7.Action {
			return l.Recv(at, 1, Append(nil, Message{Type: UserData, FSN: seqMask, BSN: seqMask}), nil)
		}},
		event{"rx garbage", func(l *Link) []ss7.Action { return l.Recv(at, 1, []byte{1, 2, 3}, nil) }})
	for _, k := range []ss7.Kind{ss7.Start, ss7.Stop, ss7.Transfer, ss7.Emergency, ss7.EmergencyCeases,
		ss7.LocalOutage, ss7.LocalRecovered,
		ss7.Flush, ss7.Continue, ss7.RetrieveBSNT, ss7.Retrieve, ss7.CommUp, ss7.CommLost, ss7.CommRestart} {
		events = append(events, event{k.String(), func(l *Link) []ss7.Action {
			return l.Do(at, ss7.Event{Kind: k, Why: "test"}, nil)
		}})
	}
	events = append(events, event{"receive congestion", func(l *Link) []ss7.Action {
		return l.Do(at, ss7.Event{Kind: ss7.Congestion, Arg: 1}, nil)
	}})
	for id := range timers {
		events = append(events, event{timerNames[id] + " expires", func(l *Link) []ss7.Action {
			if !l.timers.Running(id) {
				return []ss7.Action{}
			}
			l.timers.Stop(id)
			return l.expired(at, id, nil)
		}})
	}
	var b strings.Builder
	for s := range States {
		fmt.Fprintf(&b, "%v\n", s)
		for _, e := range events {
			l := inState(s)
			if l.state != s {
				t.Fatalf("cannot reach %v, only %v", s, l.state)
			}
			out := e.do(l)
			fmt.Fprintf(&b, "  %-22s -> %-16s %-60s [%s]\n", e.name, l.state, describe(out), l.running())
			if l.why == "" {
				t.Errorf("%v, %s: no reason", s, e.name)
			}
		}
	}
	const golden = "testdata/matrix.golden"
	if *update {
		os.MkdirAll("testdata", 0o755)
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || string(want) != b.String() {
		t.Errorf("the matrix differs from %s (%v); run with -update and read the difference", golden, err)
	}
}
