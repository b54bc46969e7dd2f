package sctp

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// stalls sends all that a takes to a far end that reads nothing. It asks until the far end is known to take
// nothing. Then it reads at the far end until that is known to take again.
func stalls(t *testing.T, a, b Assoc, m Message) {
	t.Helper()
	if s := a.Stalled(); s != (Stall{}) {
		t.Errorf("nothing waits, and yet: %v", s)
	}
	sent := 0
	for quiet := 0; quiet < 20; { // the system's buffers move on for a while
		n, err := a.Send([]Message{m})
		if sent += n; errors.Is(err, ErrFull) {
			quiet++
			time.Sleep(10 * time.Millisecond)
		} else if err != nil {
			t.Fatal(err)
		}
	}
	for {
		if s := a.Stalled(); s.For >= 500*time.Millisecond {
			if s.Octets < len(m.Data) || !strings.Contains(s.String(), "acknowledged nothing for") {
				t.Errorf("%+v: %v", s, s)
			}
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if got, _, err := collect(b, sent); len(got) != sent || err != nil {
		t.Error(len(got), sent, err)
	}
	for a.Stalled() != (Stall{}) {
		time.Sleep(10 * time.Millisecond)
	}
	a.Abort("end")
}

func TestTCPStalled(t *testing.T) {
	a, b := tcpPair(t, Params{SendBuffer: 1 << 18})
	stalls(t, a, b, Message{Stream: 1, Data: tcpMessage(1, 1, strings.Repeat("x", 1000))})
}

// The time is exactly that since the far end last took something. If the far end takes a probe of its closed
// window (RFC 9260 §6.1 A), that does not mean that it takes more.
func TestStalled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newPair(t, Params{RecvBuffer: 20000, SendBuffer: 50000})
		defer x.close()
		a, b := x.connect()
		stalls(t, a, b, Message{Stream: 1, Data: make([]byte, 500)})
	})
	alone(t, Params{Heartbeat: -1}, func(p *peer) {
		p.connect()
		sack := func(cum, window uint32) {
			p.put(p.tag, appendSack(nil, &sackChunk{cum: cum, window: window}))
			synctest.Wait()
		}
		want := func(what string, d time.Duration, closed bool) {
			t.Helper()
			s := p.a.Stalled()
			if (s.For-d).Abs() > 10*time.Millisecond || s.Closed != closed && d > 0 {
				t.Errorf("%s: %+v, want %v", what, s, d)
			}
		}
		want("nothing waits", 0, false)
		for range 30 {
			p.a.Send([]Message{{Data: []byte("a")}})
		}
		sack(p.cum+10, 0)
		time.Sleep(time.Second)
		want("it has closed its window", time.Second, true)
		p.got()
		for i := range uint32(9) {
			time.Sleep(time.Second)
			sack(p.cum+11+i, 0)
		}
		want("what was under way is taken", 0, true)
		for range 30 {
			p.a.Send([]Message{{Data: []byte("b")}})
		}
		sack(p.cum+30, 0)
		for i := range uint32(5) {
			time.Sleep(2 * time.Second)
			sack(p.cum+31+i, 0) // the probes
		}
		want("probes alone are taken", 10*time.Second, true)
		sack(p.cum+35, 100000)
		time.Sleep(time.Second)
		sack(p.cum+60, 100000)
		want("all is taken", 0, false)
	})
}
