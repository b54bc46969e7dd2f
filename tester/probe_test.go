package tester

import (
	"fmt"
	"testing"
	"time"

	"github.com/gostp/gostp/ss7"
)

func TestProbeCodec(t *testing.T) {
	b := AppendProbe(nil, 0x0123456789abcdef, 2057)
	if n, pc, ok := ParseProbe(b); !ok || n != 0x0123456789abcdef || pc != 2057 || !IsProbe(b) || IsTrace(b) {
		t.Errorf("%x: %x %d %v", b, n, pc, ok)
	}
	if _, err := Parse(b); err == nil {
		t.Error("taken as a test message")
	}
	for i := range b {
		if IsProbe(b[:i]) {
			t.Errorf("%x was taken", b[:i])
		}
	}
	if IsProbe(Append(nil, Message{Size: 64})) {
		t.Error("a test message was taken")
	}
}

func FuzzProbe(f *testing.F) {
	f.Add(AppendProbe(nil, 1, 2))
	f.Fuzz(func(t *testing.T, b []byte) {
		if n, pc, ok := ParseProbe(b); ok {
			if m, again, ok := ParseProbe(AppendProbe(nil, n, pc)); !ok || m != n || again != pc {
				t.Fatal(n, pc)
			}
		}
	})
}

// probing is a Prober with a clock.
type probing struct {
	*Prober
	now time.Time
}

func newProbing() *probing { return &probing{NewProber(7), time.Unix(1000, 0)} }

func (p *probing) suspect(dpc ss7.PC, sls uint8) *Probe {
	return p.Suspect(p.now, Probe{Course: Course{DPC: dpc, Linkset: "L"}, MSU: ss7.MSU{DPC: dpc, SLS: sls}, From: 3})
}

// wait lets time pass, deadline by deadline; back answers the probes that go out.
func (p *probing) wait(d time.Duration, back bool) (sent int, over []Circle) {
	for end := p.now.Add(d); ; {
		next := p.Deadline()
		if next.IsZero() || next.After(end) {
			p.now = end
			return sent, over
		}
		p.now = next
		probes, o := p.Tick(p.now)
		over = append(over, o...)
		for _, x := range probes {
			if sent++; back {
				p.Returned(p.now, "L", x.Number)
			}
		}
	}
}

// A suspicion becomes a probe. A probe that comes back is a proof, once. A circle is probed until nothing comes
// back any more.
func TestCircleIsWhatAProbeComesBackIn(t *testing.T) {
	p := newProbing()
	x := p.suspect(5, 70)
	if x == nil || x.From != 3 || x.MSU.SLS != 70 {
		t.Fatal(x)
	}
	if p.suspect(5, 70) != nil {
		t.Error("probed twice at once")
	}
	if len(p.Circles()) > 0 || p.Returned(p.now, "L", x.Number+1) != nil {
		t.Error("proven by nothing")
	}
	p.now = p.now.Add(20 * time.Millisecond)
	c := p.Returned(p.now, "L", x.Number)
	if c == nil || !c.Has(70) || c.Has(6) || c.Took != 20*time.Millisecond || c.DPC != 5 || c.Linkset != "L" {
		t.Fatalf("%+v", c)
	}
	if p.Returned(p.now, "L", x.Number) != nil {
		t.Error("proven twice")
	}
	if y := p.suspect(5, 71); y == nil || p.Returned(p.now, "L", y.Number) != nil || !p.Circles()[0].Has(71) {
		t.Errorf("another SLS: %+v", p.Circles())
	}
	if p.suspect(5, 70) != nil {
		t.Error("what is proven is suspected anew")
	}
	if sent, over := p.wait(time.Minute, true); sent != 6 || len(over) > 0 {
		t.Errorf("while it lasts: %d probes, over %v", sent, over)
	}
	sent, over := p.wait(time.Minute, false)
	if sent != probeMisses || len(over) != 1 || len(p.Circles()) > 0 {
		t.Errorf("when it is over: %d probes, %v", sent, over)
	}
}

// What is suspected and never proven is probed ever more rarely, and forgotten in the end.
func TestUnprovenIsProbedEverMoreRarely(t *testing.T) {
	p := newProbing()
	sent := 0
	for range 24 * 60 * 60 { // equal messages for a day
		if p.suspect(5, 0) != nil {
			sent++
		}
		if n, over := p.wait(time.Second, false); n > 0 || len(over) > 0 {
			t.Fatal("probed without suspicion")
		}
	}
	if sent < 100 || sent > 160 || len(p.Circles()) > 0 {
		t.Errorf("%d probes in a day", sent)
	}
	p.wait(time.Hour, false)
	if len(p.courses) > 0 || !p.Deadline().IsZero() {
		t.Error("not forgotten")
	}
}

// A probe that comes back by another way than was thought proves the circle there.
func TestCircleIsWhereTheProbeCameBack(t *testing.T) {
	p := newProbing()
	x := p.suspect(5, 1)
	if c := p.Returned(p.now, "M", x.Number); c == nil || c.Linkset != "M" {
		t.Fatalf("%+v", c)
	}
	y := p.suspect(5, 1) // by L still
	if y == nil || p.Returned(p.now, "M", y.Number) != nil || len(p.Circles()) != 1 {
		t.Errorf("%+v", p.Circles())
	}
}

// However much is suspected, only so many probes go out in a second, and only so much is kept.
func TestProbesAreBounded(t *testing.T) {
	p := newProbing()
	for second := range 100 {
		n := 0
		for i := range 1000 {
			if x := p.suspect(ss7.PC(second*1000+i), 0); x != nil {
				if n++; i%2 == 0 {
					p.Returned(p.now, "L", x.Number)
				}
			}
		}
		if n > probesMost || len(p.courses) > coursesMost {
			t.Fatalf("%d probes in a second, %d courses", n, len(p.courses))
		}
		p.now = p.now.Add(time.Second)
		p.Tick(p.now)
	}
	if _, over := p.wait(time.Minute, true); len(over) > 0 && p.Deadline().Sub(p.now) < 0 {
		t.Error(over)
	}
	if p.Titles() {
		t.Error("there was none")
	}
	if fmt.Sprint(p.Forget()) == "[]" || len(p.courses) > 0 {
		t.Error("nothing was proven, or it is kept")
	}
}

// A probe that comes back makes up for those before it that did not.
func TestMissesAreCountedInARow(t *testing.T) {
	p := newProbing()
	p.Returned(p.now, "L", p.suspect(5, 1).Number)
	for range 3 * probeMisses {
		for range probeMisses - 1 {
			if sent, over := p.wait(probeAgain, false); sent != 1 || len(over) > 0 {
				t.Fatalf("%d probes, over is %v", sent, over)
			}
		}
		if sent, over := p.wait(probeAgain, true); sent != 1 || len(over) > 0 {
			t.Fatalf("%d probes, over is %v", sent, over)
		}
	}
	if len(p.Circles()) != 1 {
		t.Error("a circle whose probes come back now and then is over")
	}
}

// Where there are too many courses, the one that was probed longest ago gives way. Its suspicion begins anew; one that
// was probed later still waits for its turn.
func TestTheOldestCourseGivesWay(t *testing.T) {
	p := newProbing()
	for i := range coursesMost {
		if p.suspect(ss7.PC(i), 0) == nil {
			t.Fatal(i)
		}
		p.now = p.now.Add(time.Second)
	}
	p.now = p.now.Add(probeAgain)
	p.Tick(p.now)
	if p.suspect(coursesMost, 0) == nil {
		t.Fatal("no course has given way")
	}
	if p.courses[Course{DPC: 0, Linkset: "L"}] != nil || p.courses[Course{DPC: 1, Linkset: "L"}] == nil {
		t.Error("another course than the oldest has given way")
	}
}

// Who does not know the seed cannot know the numbers of probes.
func TestNumbersFollowFromTheSeed(t *testing.T) {
	one, two := NewProber(1), NewProber(2)
	for range 10 {
		if a, b := one.number(), two.number(); a == b {
			t.Errorf("two probers have the number %x in common", a)
		}
	}
}
