// Package alarms keeps the board of a node's alarms: what is wrong, since when, and what was wrong before. Each time,
// the node tells the board everything that is wrong; the board finds out what is new.
package alarms

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/gostp/gostp/internal/syslog"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/status"
)

const (
	// historyMost is how many changes are kept.
	historyMost = 200
	// toldMost is how many reasons of one alarm the history has. An alarm whose reason changes for ever would
	// push out all others.
	toldMost = 4
)

// Board has the alarms of now, and the last changes. One goroutine alone calls its methods.
type Board struct {
	active  map[string]alarm // by object
	history []status.AlarmChange
}

type alarm struct {
	mtp3.Alarm
	since time.Time
	told  []string // reasons that stand in the history, without their numbers
}

// Update compares what is wrong now with what was.
func (b *Board) Update(now time.Time, is []mtp3.Alarm) {
	if b.active == nil {
		b.active = map[string]alarm{}
	}
	found := make(map[string]bool, len(is))
	for _, x := range is {
		found[x.Object] = true
		b.put(now, x)
	}
	if len(found) == len(b.active) {
		return // every alarm is still there
	}
	var gone []string
	for object := range b.active {
		if !found[object] {
			gone = append(gone, object)
		}
	}
	slices.Sort(gone)
	for _, object := range gone {
		b.record(now, "CLEARED", b.active[object].Alarm)
		delete(b.active, object)
	}
}

// put takes an alarm that is there now. With another severity it is another alarm.
func (b *Board) put(now time.Time, x mtp3.Alarm) {
	old, known := b.active[x.Object]
	switch {
	case known && old.Severity == x.Severity:
		if old.Why == x.Why {
			return
		}
		if is := syslog.Shape(x.Why); !slices.Contains(old.told, is) && len(old.told) < toldMost {
			old.told = append(old.told, is)
			b.record(now, "CHANGED", x)
		}
		old.Why = x.Why
		b.active[x.Object] = old
		return
	case known:
		b.record(now, "CLEARED", old.Alarm)
	}
	b.active[x.Object] = alarm{x, now, []string{syslog.Shape(x.Why)}}
	b.record(now, "RAISED", x)
}

func (b *Board) record(now time.Time, what string, x mtp3.Alarm) {
	if len(b.history) >= historyMost {
		b.history = slices.Delete(b.history, 0, historyMost/4)
	}
	b.history = append(b.history, status.AlarmChange{Time: now, What: what, Severity: x.Severity.String(),
		Object: x.Object, Reason: x.Why})
}

// List gives the alarms, the worst and then the oldest first.
func (b *Board) List() []status.Alarm {
	all := slices.SortedFunc(maps.Values(b.active), func(x, y alarm) int {
		return cmp.Or(cmp.Compare(x.Severity, y.Severity), x.since.Compare(y.since), cmp.Compare(x.Object, y.Object))
	})
	out := []status.Alarm{}
	for _, x := range all {
		out = append(out, status.Alarm{Severity: x.Severity.String(), Since: x.since, Object: x.Object, Reason: x.Why})
	}
	return out
}

// History gives what was raised, changed and cleared, the oldest first.
func (b *Board) History() []status.AlarmChange { return slices.Clone(b.history) }
