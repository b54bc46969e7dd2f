package record

import (
	"bytes"
	"fmt"
	"math/rand"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gostp/gostp/internal/script"
	"github.com/gostp/gostp/m2pa"
	"github.com/gostp/gostp/ss7"
)

type leaf struct {
	name string
	back *tree
}

type tree struct {
	Flag    bool
	small   int8
	large   uint64
	share   float64
	text    string
	octets  []byte
	nothing []byte
	at      time.Time
	never   time.Time
	array   [3]uint16
	variant *ss7.Variant
	leaves  []*leaf
	named   map[string]*leaf
	places  map[*leaf]struct{ n int }
	held    any
	empty   any
	f       func()
}

func TestFreeze(t *testing.T) {
	one := &leaf{name: "one with a \" and a {"}
	was := &tree{Flag: true, small: -7, large: 1<<64 - 1, share: 0.1, text: "ä b", octets: []byte{0, 1, 255},
		nothing: nil, never: time.Time{}, empty: nil, // zero values come back as such
		at: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC), array: [3]uint16{1, 0, 65535}, variant: ss7.China,
		leaves: []*leaf{one, nil, {name: "two"}}, named: map[string]*leaf{"x": one},
		places: map[*leaf]struct{ n int }{one: {5}}, held: leaf{name: "inside"}}
	one.back = was
	was.leaves[2].back = was
	text, err := Freeze(was)
	if err != nil {
		t.Fatal(err)
	}
	var is tree
	if err := Thaw(text, &is, leaf{}); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if is.leaves[0].back != &is {
		t.Error("the pointer back does not lead to the root")
	}
	if is.leaves[0] != is.named["x"] || is.places[is.leaves[0]].n != 5 || is.variant != ss7.China {
		t.Errorf("%+v", is)
	}
	is.leaves[0].back, is.leaves[2].back, one.back, was.leaves[2].back = nil, nil, nil, nil
	is.places, was.places = nil, nil
	if !reflect.DeepEqual(&is, was) {
		t.Errorf("%+v\nwant\n%+v", is, *was)
	}
	if _, err := Freeze(&tree{f: func() {}}); err == nil || !strings.Contains(err.Error(), "f: ") {
		t.Errorf("a function: %v", err)
	}
	for bad, why := range map[string]string{
		`{"objects":[{"gone":1}]}`: "another version", `{"objects":[{"small":300}]}`: "out of range",
		`{"root":3}`: "does not fit", `{"objects":[{"leaves":[4]}]}`: "does not fit",
		`{"objects":[{"held":{"x.y":1}}]}`: "no type x.y", `{"objects":[{"variant":"mars"}]}`: "no variant",
		`{`: "EOF", `{}`: "does not fit", `{"objects":[{"array":[1]}]}`: "does not fit",
	} {
		if err := Thaw([]byte(bad), &tree{}); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// A link that is recorded from the middle of its life on is lived through again by another one.
func TestLinkIsReplayed(t *testing.T) {
	for seed := range int64(20) {
		r := rand.New(rand.NewSource(seed))
		l, now := m2pa.New(7, m2pa.DefaultConfig()), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		var file bytes.Buffer
		var tape *Tape
		for i := range 400 {
			if i == 100 {
				var err error
				if tape, err = New(&file, "a link", now, l, 1000); err != nil {
					t.Fatal(err)
				}
			}
			now = now.Add(time.Duration(r.Intn(300)) * time.Millisecond)
			step(r, l, now, tape)
		}
		if tape.Err() != nil {
			t.Fatal(tape.Err())
		}
		got, err := script.Play(file.String(), &Replay{Machine: new(m2pa.Link)})
		if err != nil {
			t.Fatal(err)
		}
		if got != file.String() {
			t.Fatalf("seed %d: %s", seed, script.Difference(file.String(), got))
		}
	}
}

// step tells the link something, by chance.
func step(r *rand.Rand, l *m2pa.Link, now time.Time, tape *Tape) {
	var out []ss7.Action
	msu := ss7.MSU{DPC: 1, OPC: 2, SI: ss7.SCCP, Payload: []byte{byte(r.Intn(256))}}
	ev := ss7.Event{Kind: ss7.Transfer, MSU: msu}
	message := m2pa.Append(nil, m2pa.Message{Type: m2pa.LinkStatus, BSN: 1<<24 - 1, FSN: 1<<24 - 1,
		Status: []m2pa.Status{m2pa.Alignment, m2pa.ProvingNormal, m2pa.Ready}[r.Intn(3)]})
	if tape == nil {
		tape = &Tape{err: ErrFull}
	}
	switch n := r.Intn(20); {
	case n < 8:
		tape.Recv(now, 0, message)
		out = l.Recv(now, 0, message, nil)
	case n < 14:
		tape.Tick(now)
		out = l.Tick(now, nil)
	case n < 16:
		tape.Call(now, "Transfer", &msu)
		out = l.Transfer(now, &msu, nil)
	default:
		ev.Kind = []ss7.Kind{ss7.Start, ss7.CommUp, ss7.Emergency, ss7.LocalOutage}[n-16]
		tape.Do(now, &ev)
		out = l.Do(now, ev, nil)
	}
	tape.Answer(out)
}

// full takes so many octets.
type full int

func (f *full) Write(b []byte) (int, error) {
	if *f -= full(len(b)); *f < 0 {
		return 0, fmt.Errorf("no space left")
	}
	return len(b), nil
}

func TestTapeIsBounded(t *testing.T) {
	var file bytes.Buffer
	l, now := m2pa.New(7, m2pa.DefaultConfig()), time.Now()
	tape, err := New(&file, "a link", now, l, 3)
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		tape.Tick(now)
		tape.Answer(nil)
	}
	if tape.Err() != ErrFull || strings.Count(file.String(), "tick") != 3 {
		t.Errorf("%v: %s", tape.Err(), file.String())
	}
	disk := full(2000)
	tape, err = New(&disk, "a link", now, l, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		tape.Tick(now)
	}
	if tape.Err() == nil || tape.Err().Error() != "no space left" {
		t.Error(tape.Err())
	}
}
