package script

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gostp/gostp/ss7"
)

// bell rings at a deadline that a step sets, and again each second for so many times.
type bell struct {
	due   time.Time
	times int
}

func (b *bell) Step(now time.Time, words []string, say func(string)) ([]ss7.Action, error) {
	if words[0] != "ring" {
		return nil, errors.New("no such step")
	}
	b.due, b.times = now.Add(time.Second), len(words)
	say("armed\nfor " + strings.Join(words[1:], "|"))
	return nil, nil
}

func (b *bell) Tick(now time.Time, out []ss7.Action) []ss7.Action {
	if b.due.IsZero() || b.due.After(now) {
		return out
	}
	if b.times--; b.times == 0 {
		b.due = time.Time{}
		return append(out, ss7.Action{Op: ss7.Note, Event: ss7.Event{Why: "last"}})
	}
	b.due = b.due.Add(time.Second)
	return append(out, ss7.Action{Op: ss7.Note, Event: ss7.Event{Why: "rings"}})
}

func (b *bell) Deadline() time.Time { return b.due }

func (b *bell) Text(a *ss7.Action) string { return a.Event.Why }

func TestPlay(t *testing.T) {
	const want = `# A comment stays, and so does an empty line.

ring "two words" three
	armed
	for two words|three
	deadline in 1s
wait 500ms
	deadline in 500ms
wait 10s
	+500ms to +1.5s, 2 times: rings
	+2.5s: last
	no deadline
start 2026-02-03T04:05:06.789Z
at 1.5s ring x
	armed
	for x
at 2.5s tick
	rings
`
	got, err := Play(strings.ReplaceAll(want, "\tdeadline in 500ms\n", "\ta lie\n"), &bell{})
	if err != nil {
		t.Fatal(err)
	}
	want2 := strings.ReplaceAll(want, "\tdeadline in 500ms\n", "")
	if got != want2 {
		t.Error(Difference(want2, got))
	}
	for bad, why := range map[string]string{
		"walk": `line 1: "walk": no such step`, "wait long": "invalid duration", `ring "x`: "invalid syntax",
		"at x tick": "invalid duration", "start yesterday": "cannot parse",
	} {
		if _, err := Play(bad, &bell{}); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// failures counts what a test would have failed with.
type failures []string

func (*failures) Helper() {}

func (f *failures) Errorf(format string, args ...any) { *f = append(*f, fmt.Sprintf(format, args...)) }

func (f *failures) Fatalf(format string, args ...any) { f.Errorf(format, args...) }

func TestEvents(t *testing.T) {
	msu := ss7.MSU{DPC: 1, OPC: 16383, NI: 2, SI: ss7.SCCP, SLS: 15, Prio: 3, Payload: []byte{9, 0, 255}}
	for _, ev := range []ss7.Event{
		{Kind: ss7.Start}, {Kind: ss7.Transfer, Path: 7, MSU: msu}, {Kind: ss7.OutOfService, Path: 1 << 31, Why: `a "b" c`},
		{Kind: ss7.Status, Arg: 2, Of: 9, Dest: ss7.Range{PC: 77, Len: 11}, MSU: ss7.MSU{OPC: 5}}, {Kind: ss7.Audit},
	} {
		line := string(AppendEvent(nil, &ev))
		words, err := Words(line)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ParseEvent(words)
		if len(got.MSU.Payload) == 0 {
			got.MSU.Payload = nil
		}
		if err != nil || !reflect.DeepEqual(got, ev) {
			t.Errorf("%s: %+v, %v", line, got, err)
		}
	}
	for _, bad := range []string{"", "Sing", "Start path", "Start path x", "Start of 4294967296", "Start colour 3",
		"Transfer msu 1,2", "Transfer msu 1,2,3,4,5,6,7", "Transfer msu 1,2,3,400,5,6,07", "Pause dest 1"} {
		if ev, err := ParseEvent(strings.Fields(bad)); err == nil {
			t.Errorf("%s was taken: %+v", bad, ev)
		}
	}
}

// A script whose answers are other ones fails; with update it is written anew.
func TestFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "bell.script")
	if err := os.WriteFile(file, []byte("ring x\n\ta lie\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var f failures
	Test(&f, file, false, &bell{})
	if len(f) != 1 || !strings.Contains(f[0], "from line 2 on") || !strings.Contains(f[0], "a lie") {
		t.Errorf("%q", f)
	}
	Test(t, file, true, &bell{})
	Test(t, file, false, &bell{})
	Each(t, filepath.Dir(file), func(name, path string) {
		if name != "bell" || path != file {
			t.Errorf("%s is %s", path, name)
		}
	})
	f = nil
	Each(&f, t.TempDir(), func(string, string) {})
	if len(f) != 1 {
		t.Errorf("a folder without scripts: %q", f)
	}
}

// A step that is not known, or is too short, is refused before it is taken.
func TestSteps(t *testing.T) {
	steps := Steps[*bell]{"ring": {1, func(b *bell, args []string, _ func(string)) ([]ss7.Action, error) {
		b.times += len(args)
		return nil, nil
	}}}
	var b bell
	want := map[string]string{"walk": "no such step", "ring": "it wants 1 words more", "ring x y": "<nil>"}
	for line, why := range want {
		if _, err := steps.Take(&b, strings.Fields(line), nil); fmt.Sprint(err) != why {
			t.Errorf("%s: %v", line, err)
		}
	}
	if b.times != 2 {
		t.Errorf("%d words were taken", b.times)
	}
}
