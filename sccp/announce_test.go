package sccp

import (
	"testing"
	"time"

	"github.com/gostp/gostp/ss7"
)

// A point with many subsystems fails, and returns before all are told. Announcements go out in bursts, each
// says what holds then, and in the end all concerned points know.
func TestAnnouncementsGoInBursts(t *testing.T) {
	s := newScript()
	knows := map[string]Command{}
	take := func(out []ss7.Action) (n int) {
		for _, a := range out {
			if a.Op != ss7.Raise {
				continue
			}
			m, _ := Parse(a.Event.MSU.Payload)
			x, err := ParseNotice(ss7.ITU, m.Data)
			if err != nil {
				t.Fatal(err)
			}
			if n++; x.Command != SST {
				knows[string([]byte{byte(x.SSN), byte(a.Event.MSU.DPC)})] = x.Command
			}
		}
		return n
	}
	say := func(c Command, ssn uint8) int {
		return take(s.Recv(s.now, me, hlr, AppendNotice(ss7.ITU, nil, Notice{Command: c, SSN: ssn, PC: hlr}), nil))
	}
	n := 0
	for ssn := uint8(2); ssn < 202; ssn++ {
		n += say(SSP, ssn)
	}
	if n != announceBurst {
		t.Errorf("%d messages at once", n)
	}
	for ssn := uint8(2); ssn < 102; ssn++ {
		say(SSA, ssn)
	}
	for range 100 {
		s.now = s.now.Add(announcePace)
		if n := take(s.Tick(s.now, nil)); n > announceBurst {
			t.Errorf("%d messages at once", n)
		}
	}
	for ssn := uint8(2); ssn < 202; ssn++ {
		want := SSP
		if ssn < 102 {
			want = SSA
		}
		for _, to := range []ss7.PC{stp, origin} {
			if got := knows[string([]byte{ssn, byte(to)})]; got != want {
				t.Fatalf("subsystem %d to %v: %v, want %v", ssn, to, got, want)
			}
		}
	}
	// Their tests (T(stat info)) become due together too.
	s.now = s.now.Add(DefaultStatInfo)
	tests := 0
	for range 20 {
		n := take(s.Tick(s.now, nil))
		if tests += n; n > announceBurst {
			t.Errorf("%d tests at once", n)
		}
		s.now = s.Deadline()
	}
	if tests < 100 {
		t.Errorf("%d tests of 100", tests)
	}
	if s.Deadline().Sub(s.now) > time.Hour {
		t.Error("nothing is due any more")
	}
}
