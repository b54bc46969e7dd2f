package m2pa

import (
	"strings"
	"testing"

	"github.com/gostp/gostp/ss7"
)

// Q.704 §5.4, §15.4.2: a changeover order with 7 bits of the number, for a link that counts with 24.
// While fewer than 128 messages are not acknowledged the number is completed from these, over any of
// its wraps, and each message after it comes back; else, and for a number that none has, what was
// sent is given up, and it is said how much and why.
func TestShortNumberIsCompleted(t *testing.T) {
	for _, c := range []struct {
		name                  string
		before, sent, accepts int // acknowledged, sent behind, and of these accepted by the far end
		give                  string
	}{
		{"from the start", 0, 5, 2, ""}, {"none accepted", 0, 5, 0, ""}, {"all accepted", 10, 5, 5, ""},
		{"over 127", 125, 100, 40, ""}, {"far on", 1000, 127, 126, ""},
		{"no such number", 1000, 20, 21, "20 MSUs that were sent and not acknowledged are given up"},
		{"too many", 1000, 128, 3, "7 bits of the number, which stand for several of the 128 (it ordered it by COO)"},
	} {
		x := inService(t, cfg())
		l := x.l[0]
		for i := range c.before {
			x.send(0, byte(i))
			x.settle()
			l.Recv(x.now, StreamData, Append(nil, Message{Type: UserData, FSN: l.lastRx, BSN: l.lastTx}), nil)
		}
		if l.sent > 0 {
			t.Fatal(c.name, ": something waits")
		}
		for i := range c.sent {
			x.send(0, byte(i))
		}
		fsnc := (l.lastAcked + uint32(c.accepts)) & 127
		x.wire[0], x.wire[1] = nil, nil
		x.both(ss7.CommLost)
		out := l.Do(x.now, ss7.Event{Kind: ss7.Retrieve, Arg: ss7.ShortFSN | fsnc, Why: "it ordered it by COO"}, nil)
		want := c.sent - c.accepts
		if c.give != "" {
			want = 0
		}
		last := out[len(out)-1].Event
		if len(out) != want+1 || last.Kind != ss7.RetrievalComplete || !strings.Contains(last.Why, c.give) ||
			(last.Why == "") != (c.give == "") {
			t.Errorf("%s: %d came back, want %d; %q", c.name, len(out)-1, want, last.Why)
		}
		for i, a := range out[:len(out)-1] {
			if got := int(a.Event.MSU.Payload[0]); got != c.accepts+i {
				t.Errorf("%s: message %d at place %d", c.name, got, i)
			}
		}
		if c.give != "" && l.stats.Unconfirmed != uint64(c.sent) {
			t.Errorf("%s: %d are counted", c.name, l.stats.Unconfirmed)
		}
	}
}
