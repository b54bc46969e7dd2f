package sccp

import (
	"testing"
	"time"

	"github.com/gostp/gostp/ss7"
)

// share gives how many of 100 messages to hlr are sent. It checks that the others come back with the cause that
// Q.714 §2.6 names.
func share(t *testing.T, s *Status, m Message) (sent int) {
	t.Helper()
	v := view()
	v.Status = s
	m.Called, m.Calling, m.Data = gt("49123", 6), onSSN(origin, 8), []byte{1}
	for range 100 {
		switch d, _ := v.Relay(msu(m), "", 1, nil); {
		case d.Fate == Forward:
			sent++
		case d.Reason != Congested || d.Fate != Return || d.MSU.Payload[1] != byte(NetworkCongestion):
			t.Fatalf("%v %v %x", d.Fate, d.Reason, d.MSU.Payload)
		}
	}
	return sent
}

// Repeated MTP-STATUS restricts traffic step by step. With time, the restriction ends step by step.
func TestCongestedByMTP(t *testing.T) {
	s := newScript()
	udt := Message{Type: UDT, Class: ReturnOption} // of importance 4
	status := func() { s.Congested(s.now, hlr, nil) }
	for range 100 {
		status() // at once: counts once (Ta)
	}
	if l := s.States()[0].Congestion; l != (Level{0, 1}) {
		t.Error("after one indication", l)
	}
	for range 4*4 + 1 { // four levels and two sublevels
		s.wait(t, attack)
		status()
	}
	if l := s.States()[0].Congestion; l != (Level{4, 2}) {
		t.Error("after eighteen", l)
	}
	if n := share(t, s.Status(), udt); n != 50 {
		t.Error(n, "of importance 4 are sent at 4.2")
	}
	if n := share(t, s.Status(), Message{Type: XUDT, Class: ReturnOption, Hops: 5,
		Options: []byte{paramImportance, 1, 7}}); n != 100 {
		t.Error(n, "of importance 6 are sent at 4.2") // 6 is the most that an XUDT may claim
	}
	if n := share(t, s.Status(), Message{Type: XUDT, Class: ReturnOption, Hops: 5,
		Options: []byte{paramImportance, 1, 3}}); n != 0 {
		t.Error(n, "of importance 3 are sent at 4.2")
	}
	for range 18 {
		s.wait(t, decay)
	}
	if l := s.States()[0].Congestion; l != (Level{}) || !s.Deadline().IsZero() {
		t.Error("in the end", l, s.Deadline())
	}
	if n := share(t, s.Status(), udt); n != 100 {
		t.Error(n, "are sent in the end")
	}
	for range 100 { // there is a worst
		s.wait(t, attack)
		status()
	}
	if l := s.States()[0].Congestion; l != (Level{RL: maxLevel}) || share(t, s.Status(), udt) != 0 {
		t.Error("at worst", l)
	}
}

// SSC sets a level, which falls with Tcon; the harder of both restrictions holds; a point
// that was away begins anew.
func TestCongestedBySCCP(t *testing.T) {
	s := newScript()
	ssc := func(level uint8) { s.recv(t, hlr, Notice{Command: SSC, SSN: 1, PC: hlr, Congestion: level}) }
	want := func(what string, l Level) {
		t.Helper()
		if got := s.States()[0].Congestion; got != l {
			t.Errorf("%s: %v, want %v", what, got, l)
		}
	}
	ssc(5)
	want("SSC 5", Level{RL: 5})
	if n := share(t, s.Status(), Message{Type: UDT, Class: ReturnOption}); n != 0 {
		t.Error(n, "are sent at 5")
	}
	s.wait(t, ease-time.Second)
	ssc(3) // a lower one changes nothing
	s.wait(t, time.Second)
	want("after Tcon", Level{RL: 4})
	s.Congested(s.now, hlr, nil)
	want("MTP is milder", Level{RL: 4})
	s.Reach(func(pc ss7.PC) bool { return pc != hlr })
	s.Reach(func(ss7.PC) bool { return true })
	want("back again", Level{})
	s.UserPartUnavailable(s.now, hlr, false, nil)
	ssc(5)
	want("prohibited", Level{})
}
