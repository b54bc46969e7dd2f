package alarms

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/status"
)

// TestBoard: an alarm is raised once, its reason changes without a new one as long as only numbers
// do, another severity is another alarm, and what is not found any more is cleared.
func TestBoard(t *testing.T) {
	var b Board
	now := time.Unix(1000, 0)
	link := func(s mtp3.Severity, why string) mtp3.Alarm {
		return mtp3.Alarm{Severity: s, Object: "link 0", Why: why}
	}
	set := mtp3.Alarm{Severity: mtp3.Major, Object: "linkset B", Why: "down"}
	for i, is := range [][]mtp3.Alarm{
		{link(mtp3.Minor, "silent for 1 s")}, {link(mtp3.Minor, "silent for 2 s"), set},
		{set, link(mtp3.Warning, "slow")}, {set, link(mtp3.Warning, "inhibited")}, {}, {},
	} {
		b.Update(now.Add(time.Duration(i)*time.Second), is)
		if i == 3 {
			list := b.List()
			if len(list) != 2 || list[0].Object != "linkset B" || list[1].Reason != "inhibited" ||
				!list[1].Since.Equal(now.Add(2*time.Second)) {
				t.Errorf("the list is %+v", list)
			}
		}
	}
	var got []string
	for _, x := range b.History() {
		got = append(got, fmt.Sprintf("%d %s %s %s: %s", x.Time.Unix()-1000, x.What, x.Severity, x.Object, x.Reason))
	}
	want := []string{"0 RAISED Minor link 0: silent for 1 s", "1 RAISED Major linkset B: down",
		"2 CLEARED Minor link 0: silent for 2 s", "2 RAISED Warning link 0: slow", "3 CHANGED Warning link 0: inhibited",
		"4 CLEARED Warning link 0: inhibited", "4 CLEARED Major linkset B: down"}
	if !slices.Equal(got, want) || len(b.List()) != 0 {
		t.Errorf("the history is\n%q\nnot\n%q; left %v", got, want, b.List())
	}
}

// TestHistoryIsBounded: neither many alarms nor one that has ever new reasons fill it.
func TestHistoryIsBounded(t *testing.T) {
	var b Board
	now := time.Unix(1000, 0)
	for i := range 100 {
		why := string(rune('a'+i%26)) + string(rune('a'+i/26))
		b.Update(now, []mtp3.Alarm{{Object: "X", Why: why}})
	}
	if got := len(b.History()); got != toldMost {
		t.Errorf("one alarm has %d lines", got)
	}
	for i := range 1000 {
		b.Update(now, []mtp3.Alarm{{Object: fmt.Sprint(i), Why: "down"}})
	}
	if got := len(b.History()); got > historyMost {
		t.Errorf("the history has %d lines", got)
	}
}

// The worst alarm stands first, and among equals the oldest, whatever their names are.
func TestOldestFirst(t *testing.T) {
	var b Board
	now := time.Unix(1000, 0)
	var is []mtp3.Alarm
	for _, x := range []mtp3.Alarm{{Severity: mtp3.Major, Object: "z"}, {Severity: mtp3.Major, Object: "a"},
		{Severity: mtp3.Critical, Object: "m"}} {
		is = append(is, x)
		b.Update(now, is)
		now = now.Add(time.Second)
	}
	list := b.List()
	if got := list[0].Object + list[1].Object + list[2].Object; got != "mza" {
		t.Errorf("the order is %s", got)
	}
}

// An alarm that comes while another goes leaves as many as there were, and is told all the same.
func TestOneForAnother(t *testing.T) {
	var b Board
	for i, object := range []string{"A", "B", "C"} {
		b.Update(time.Unix(int64(i), 0), []mtp3.Alarm{{Object: object}})
		if list := b.List(); len(list) != 1 || list[0].Object != object {
			t.Errorf("the list is %+v", list)
		}
	}
}

// Where the history has no more room, the oldest changes go, and no other. What somebody was given stays as it was.
func TestHistoryKeepsTheLast(t *testing.T) {
	var b Board
	var given, copied []status.AlarmChange
	var all []string
	for i := range 3 * historyMost {
		b.Update(time.Unix(0, 0), []mtp3.Alarm{{Object: fmt.Sprint(i)}})
		if all = append(all, fmt.Sprint("RAISED ", i)); i > 0 {
			all = append(all, fmt.Sprint("CLEARED ", i-1))
		}
		if !slices.Equal(given, copied) {
			t.Fatalf("change %d is written into what was given before", i)
		}
		given = b.History()
		copied = slices.Clone(given)
		for k, x := range given {
			if want := all[len(all)-len(given)+k]; x.What+" "+x.Object != want {
				t.Fatalf("after change %d the history has %+v where it should have %s", i, x, want)
			}
		}
	}
}
