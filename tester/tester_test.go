package tester

import (
	"bytes"
	"testing"
	"time"

	"github.com/gostp/gostp/ss7"
)

func TestMessage(t *testing.T) {
	for _, m := range []Message{{false, 7, 9, Overhead}, {true, 65535, 1 << 31, 64}, {false, 0, 0, MaxSize}} {
		b := Append(nil, m)
		got, err := Parse(b)
		if err != nil || got != m || len(b) != m.Size {
			t.Errorf("%+v became %+v, %v (%d octets)", m, got, err, len(b))
		}
		if m.Size > Overhead {
			b[len(b)-1] ^= 0x40
			if _, err := Parse(b); err == nil {
				t.Error("a corrupted message was taken")
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(Append(nil, Message{false, 1, 2, 20}))
	f.Add([]byte{1, 2, 3})
	f.Fuzz(func(t *testing.T, b []byte) {
		if m, err := Parse(b); err == nil && !bytes.Equal(Append(nil, m), b) {
			t.Fatalf("%x is not stable", b)
		}
	})
}

// far answers like the other end, after a time.
func far(now time.Time, out []ss7.Action) []ss7.Action {
	other := New()
	var back []ss7.Action
	for i := range out {
		back = other.Recv(now, &out[i].Event.MSU, back)
	}
	return back
}

func run(t *testing.T, cfg Config, link func(serial int, m ss7.MSU) []ss7.MSU) Report {
	t.Helper()
	now := time.Unix(0, 0)
	x := New()
	var r *Report
	x.Start(now, cfg, func(got Report) { r = &got })
	for n := 0; r == nil && n < 1000; n++ {
		out := x.Tick(now, nil)
		for _, a := range out {
			req, _ := Parse(a.Event.MSU.Payload)
			for _, m := range link(int(req.Serial), a.Event.MSU) {
				for _, b := range far(now, []ss7.Action{{Event: ss7.Event{MSU: m}}}) {
					x.Recv(now.Add(5*time.Millisecond), &b.Event.MSU, nil)
				}
			}
		}
		if d := x.Deadline(); d.After(now) {
			now = d
		}
	}
	if r == nil {
		t.Fatal("the test does not end")
	}
	return *r
}

var cfg = Config{DPC: 9, OPC: 5, NI: ss7.International, SLS: -1, Count: 10, Size: 40,
	Interval: 100 * time.Millisecond, Timeout: time.Second}

func TestAllAnswered(t *testing.T) {
	r := run(t, cfg, func(_ int, m ss7.MSU) []ss7.MSU { return []ss7.MSU{m} })
	if r.Sent != 10 || r.Received != 10 || r.Min != 5*time.Millisecond || r.Avg != r.Max ||
		r.Duplicated+r.Misordered+r.Late != 0 {
		t.Errorf("%+v", r)
	}
}

func TestLossDuplicationMisordering(t *testing.T) {
	c := cfg
	c.SLS = 3
	var kept ss7.MSU
	r := run(t, c, func(serial int, m ss7.MSU) []ss7.MSU {
		switch serial {
		case 2: // lost
			return nil
		case 4: // twice
			return []ss7.MSU{m, m}
		case 6: // overtaken
			kept = m
			return nil
		case 7:
			return []ss7.MSU{m, kept}
		}
		return []ss7.MSU{m}
	})
	if r.Sent != 10 || r.Received != 9 || r.Duplicated != 1 || r.Misordered != 1 {
		t.Errorf("%+v", r)
	}
}

func TestRefused(t *testing.T) {
	now := time.Unix(0, 0)
	x := New()
	var r *Report
	c := cfg
	c.Count = 1
	id := x.Start(now, c, func(got Report) { r = &got })
	x.Tick(now, nil)
	x.Refused(id, "no route")
	x.Tick(now, nil)
	if r == nil || r.Refused != 1 || r.Why != "no route" || r.Received != 0 {
		t.Errorf("%+v", r)
	}
}

// A test knows by SLS and way what was lost, and that a far end has no user for it.
func TestFlows(t *testing.T) {
	now := time.Unix(0, 0)
	x := New()
	var r *Report
	c := cfg
	c.Count, c.Interval = 6, 0
	id := x.Start(now, c, func(got Report) { r = &got })
	for serial := range 6 {
		out := x.Tick(now, nil)
		if serial == 5 {
			x.Refused(id, "no route")
			continue
		}
		x.Left(id, ss7.PathID(1+serial%2))
		if serial%2 == 0 {
			x.Recv(now.Add(time.Millisecond), &far(now, out)[0].Event.MSU, nil)
		}
	}
	x.Tick(now.Add(2*time.Second), nil)
	if r == nil || r.Sent != 6 || r.Received != 3 || r.Refused != 1 || len(r.Flows) != 6 {
		t.Fatalf("%+v", r)
	}
	for sls, f := range r.Flows {
		want := Flow{SLS: uint8(sls), Path: ss7.PathID(1 + sls%2), Sent: 1}
		switch {
		case sls == 5:
			want.Path, want.Refused = 0, 1
		case sls%2 == 0:
			want.Answered = 1
		default:
			want.Lost = now
		}
		if f != want {
			t.Errorf("%+v, not %+v", f, want)
		}
	}
	r = nil
	x.Start(now, c, func(got Report) { r = &got })
	x.Tick(now, nil)
	x.NoUser(now, 8)
	if r != nil {
		t.Error("another point's UPU ended the test")
	}
	x.NoUser(now, c.DPC)
	if r == nil || !r.NoUser || r.Sent != 1 {
		t.Errorf("%+v", r)
	}
}

func TestForeignTestTrafficIsNotAnswered(t *testing.T) {
	x := New()
	out := x.Recv(time.Unix(0, 0), &ss7.MSU{SI: ss7.MTPT, Payload: []byte{0, 1, 2, 3, 4, 5, 6, 7}}, nil)
	if len(out) != 1 || out[0].Op != ss7.Note || x.Stats().Unknown != 1 {
		t.Errorf("%+v %+v", out, x.Stats())
	}
}
