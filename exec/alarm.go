package exec

import (
	"cmp"
	"fmt"
	"io"
	"slices"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/internal/printable"
	"github.com/gostp/gostp/status"
)

type alarms interface {
	// Alarms gives what is wrong with the instance, the worst first and among equals the oldest.
	Alarms() []status.Alarm
	// AlarmHistory gives what was raised and cleared, the oldest first.
	AlarmHistory() []status.AlarmChange
}

func alarmCommands(h Host) []*cli.Statement {
	words := kw("alarms", "What is not as it should be, the worst first")
	all := func(*cli.Call) ([]status.Alarm, error) { return allAlarms(h), nil }
	history := func(*cli.Call) (out []status.AlarmChange, _ error) {
		for _, n := range h.Instances() {
			out = append(out, n.AlarmHistory()...)
		}
		return out, nil
	}
	return []*cli.Statement{
		showHost(all, printAlarms, words),
		showHost(history, printAlarmHistory, words, kw("history", "What was raised and cleared, oldest first")),
	}
}

// allAlarms gives the alarms of all instances, the worst first and among equals the oldest.
func allAlarms(h Host) (out []status.Alarm) {
	worst := []string{"Critical", "Major", "Minor", "Warning"}
	for _, n := range h.Instances() {
		out = append(out, n.Alarms()...)
	}
	slices.SortStableFunc(out, func(x, y status.Alarm) int {
		return cmp.Or(cmp.Compare(slices.Index(worst, x.Severity), slices.Index(worst, y.Severity)),
			x.Since.Compare(y.Since))
	})
	return out
}

func printAlarms(w io.Writer, _ *cli.Call, all []status.Alarm) {
	if len(all) == 0 {
		fmt.Fprintln(w, "No alarms.")
		return
	}
	fmt.Fprintf(w, "%-9s %-10s %-36s %s\n", "Severity", "For", "Object", "Reason")
	for _, x := range all {
		fmt.Fprintf(w, "%-9s %-10s %-36s %s\n", x.Severity, since(x.Since), at(x.Instance)+x.Object, x.Reason)
	}
}

// at says in which instance something is, unless that is instance 0.
func at(instance uint8) string {
	if instance == 0 {
		return ""
	}
	return fmt.Sprintf("instance %d ", instance)
}

// printAlarmHistory writes one instance after another. Each but the first has a heading.
func printAlarmHistory(w io.Writer, _ *cli.Call, all []status.AlarmChange) {
	var number uint8
	for _, x := range all {
		if x.Instance != number {
			number = x.Instance
			fmt.Fprintf(w, "Instance Number %d\n", number)
		}
		fmt.Fprintf(w, "%s %-7s %-8s %s: %s\n", printable.Stamp(x.Time), x.What, x.Severity, x.Object, x.Reason)
	}
}
