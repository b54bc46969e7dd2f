package xua

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gostp/gostp/ss7"
)

// typed puts the configuration in force again, as every configuration line does.
func (l *Layer) typed(fix func(asps []ASPConfig, ass []ASConfig)) []ss7.Action {
	var asps []ASPConfig
	var ass []ASConfig
	for _, a := range l.asps {
		asps = append(asps, a.cfg)
	}
	for _, s := range l.ass {
		ass = append(ass, s.cfg)
	}
	if fix != nil {
		fix(asps, ass)
	}
	return clone(l.Configure(epoch, asps, ass, nil))
}

// A configuration line sends no request a second time: not ASPUP, ASPAC or ASPIA that are
// unanswered, nor one that was refused; T(ack) alone repeats it. What the line changes is
// asked for at once.
func TestLinesRepeatNoRequest(t *testing.T) {
	quiet := func(when string, l *Layer) {
		t.Helper()
		for range 5 {
			if got := sentTo(1, l.typed(nil)); got != "-" {
				t.Errorf("%s: a line sends %s", when, got)
			}
		}
		if !l.asps[0].timers.Running(tAck) {
			t.Errorf("%s: nothing repeats the request", when)
		}
	}
	l := setup(1, RoleASP, nil)
	l.comm(1)
	quiet("ASPUP unanswered", l)
	l.rx(1, wire(ERR, TagErrorCode, uint32(ManagementBlocking)))
	quiet("ASPUP refused", l)
	id := func(a []ASPConfig, _ []ASConfig) { a[0].ID, a[0].HasID = 7, true }
	if got := sentTo(1, l.typed(id)); got != "1<ASPUP id 7" {
		t.Errorf("another ASP identifier: %s", got)
	}
	l.rx(1, wire(ASPUPAck))
	quiet("ASPAC unanswered", l)
	l.rx(1, wire(ASPACAck, TagRoutingContext, []uint32{10}))
	quiet("ASPAC answered for one of two", l)
	mode := func(_ []ASPConfig, s []ASConfig) { s[1].Mode = Loadshare }
	if got := sentTo(1, l.typed(mode)); got != "1<ASPAC loadshare [11]" {
		t.Errorf("another traffic mode: %s", got)
	}
	l.rx(1, wire(ASPACAck, TagRoutingContext, []uint32{11}))
	if got := sentTo(1, l.typed(func(a []ASPConfig, _ []ASConfig) { a[0].Block = true })); got != "1<ASPIA [10 11]" {
		t.Errorf("block: %s", got)
	}
	quiet("ASPIA unanswered", l)
	if got := sentTo(1, clone(l.Tick(epoch.Add(DefaultTAck), nil))); got != "1<ASPIA [10 11]" {
		t.Errorf("T(ack): %s", got)
	}
	l.rx(1, wire(ASPIAAck, TagRoutingContext, []uint32{10, 11}))
	if got := sentTo(1, l.typed(nil)); got != "-" || l.asps[0].timers.Running(tAck) {
		t.Errorf("all is answered, and a line sends %s", got)
	}
	// An ASPAC that is unanswered when its AS is taken away is taken back.
	l.typed(func(a []ASPConfig, _ []ASConfig) { a[0].Block = false })
	l.tags.Dereg = 0x0903
	other := func(_ []ASPConfig, s []ASConfig) { s[0].ID = 20 }
	if got := sentTo(1, l.typed(other)); got != "1<ASPIA [10], 1<ASPAC [20]" {
		t.Errorf("another routing context: %s", got)
	}
}

// A traffic mode that an ASPAC told, or that was assumed because it told none, ends when
// nobody is active, also while messages wait; that of a registration lasts until no ASP is up.
func TestModeEndsWithTraffic(t *testing.T) {
	mode := func(l *Layer, when string, want Mode) {
		t.Helper()
		if got := l.Mode(pathA); got != want {
			t.Errorf("%s: the traffic mode is %v, want %v", when, got, want)
		}
	}
	over := epoch.Add(DefaultTR)
	ten := []uint32{10}
	bare := wire(ASPAC, TagRoutingContext, ten)
	shared := wire(ASPAC, TagTrafficMode, uint32(Loadshare), TagRoutingContext, ten)
	override := wire(ASPAC, TagTrafficMode, uint32(Override), TagRoutingContext, ten)
	for _, first := range [][]byte{bare, shared} {
		l := setup(2, RoleSG, nil)
		l.up(1, 2)
		l.rx(1, first)
		mode(l, "active", Loadshare)
		check(t, step{"another while active", l.rx(2, override), 2, "2<ERR Unsupported Traffic Mode Type [10]"})
		l.rx(1, wire(ASPIA, TagRoutingContext, []uint32{10}))
		mode(l, "pending", 0)
		check(t, step{"another while pending", l.rx(1, override), 1,
			"1<ASPAC Ack override [10], 1<NTFY AS-ACTIVE [10]"})
		mode(l, "active again", Override)
		l.rx(1, wire(ASPIA, TagRoutingContext, []uint32{10}))
		l.Tick(over, nil)
		mode(l, "nobody is active", 0)
		check(t, step{"another now", l.rx(1, shared), 1,
			"1<ASPAC Ack loadshare [10], 1<NTFY AS-ACTIVE [10]"})
	}
	// The AS needs two and has one: it is inactive all the time.
	l := setup(2, RoleSG, func(_ []ASPConfig, s []ASConfig) { s[0].Need = 2 })
	l.up(1, 2)
	l.active(1)
	mode(l, "one of two", Loadshare)
	l.rx(1, wire(ASPIA, TagRoutingContext, []uint32{10}))
	mode(l, "none of two", 0)

	l = setup(2, RoleSG, nil)
	l.up(1, 2)
	l.TakeMode(pathA, Override)
	l.TakeMode(pathA, Loadshare)
	l.active(1)
	mode(l, "registered and active", Override)
	l.rx(1, wire(ASPIA, TagRoutingContext, []uint32{10}))
	l.Tick(over, nil)
	mode(l, "registered and inactive", Override)
	l.rx(1, wire(ASPDN))
	l.rx(2, wire(ASPDN))
	mode(l, "down", 0)
}

// An association that may be anybody's can be without ASPUP for a time, from its beginning and after ASPDN, and
// no longer. One that says ASPUP stays.
func TestASPUPHasADeadline(t *testing.T) {
	start := func() *Layer {
		l := setup(1, RoleSG, nil)
		l.SetASP(epoch, ASPConfig{Path: 50, Name: "anyone", TUp: time.Minute}, nil)
		l.comm(50)
		l.comm(1)
		return l
	}
	after := func(l *Layer, d time.Duration) string { return describe(clone(l.Tick(epoch.Add(d), nil))) }
	l := start()
	if got := after(l, 59*time.Second); got != "-" {
		t.Errorf("before the deadline: %s", got)
	}
	if got := after(l, time.Minute); !strings.HasPrefix(got, "hang up 50") || strings.Contains(got, "hang up 1") {
		t.Errorf("at the deadline: %s", got)
	}
	if why := l.byPath[50].why; !strings.Contains(why, "has not said ASPUP for 1m0s") {
		t.Error(why)
	}
	l = start()
	l.rx(50, wire(ASPUP))
	if got := after(l, time.Hour); got != "-" {
		t.Errorf("up: %s", got)
	}
	l.rx(50, wire(ASPDN))
	if got := after(l, time.Minute); !strings.HasPrefix(got, "hang up 50") {
		t.Errorf("down again: %s", got)
	}
}

// A few sources cannot use up what strangers share, however greedy they are. A single one gets a good part, and
// the last place can be had.
func TestShare(t *testing.T) {
	for free, want := range map[int]int{1024: 205, 256: 51, 4: 1, 1: 1, 0: 0} {
		held, left := 0, free
		for Share(held, left) {
			held, left = held+1, left-1
		}
		if held != want {
			t.Errorf("of %d a source gets %d, want %d", free, held, want)
		}
	}
	left := 256
	for range 5 {
		for held := 0; Share(held, left); held++ {
			left--
		}
	}
	if left < 64 {
		t.Error(fmt.Sprint("five greedy sources leave ", left, " of 256"))
	}
}

// When this end leaves, it sends the gateway no more traffic. What the gateway sends is accepted until it has
// acknowledged ASPIA (§4.3.4.4). A configuration that does not name the gateway any more lets this finish. A
// far end that restarts is not asked again.
func TestLeavingStopsTraffic(t *testing.T) {
	l := setup(1, RoleASP, nil)
	l.comm(1)
	l.rx(1, wire(ASPUPAck))
	l.rx(1, wire(ASPACAck))
	l.settle(epoch, l.Leave(epoch, 1, "test", nil))
	if w := l.Way(pathA); w.State == ASActive || len(w.All) > 0 {
		t.Errorf("traffic still goes there: %+v", w)
	}
	l.Configure(epoch, nil, []ASConfig{l.byAS[pathA].cfg, l.byAS[pathB].cfg}, nil)
	if _, s := l.Serves(1); len(s) != 2 || !s[0].Receives || s[0].Sends {
		t.Errorf("what is on its way: %+v", s)
	}
	check(t, step{"ASPIA Ack", l.rx(1, wire(ASPIAAck)), 1, "1<ASPDN"})
	if _, s := l.Serves(1); s[0].Receives {
		t.Error("traffic is taken after ASPIA Ack")
	}
	got := describe(clone(l.Do(epoch, ss7.Event{Kind: ss7.CommRestart, Path: 1}, nil)))
	if !strings.Contains(got, "hang up 1") || strings.Contains(got, "ASPUP") {
		t.Errorf("the far end restarts: %s", got)
	}
}
