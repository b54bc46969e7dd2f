package m2pa

import (
	"testing"
	"time"

	"github.com/gostp/gostp/ss7"
)

// RFC 4165 §4.2.1: a User Data message without data has no number of its own; every other has one,
// however short it is. So the far end, which counts one of a priority octet alone, stays in step: that
// message is lost, is acknowledged, and nothing behind it is out of sequence.
func TestEveryUserDataWithAnOctetIsNumbered(t *testing.T) {
	x := inService(t, cfg())
	l, got := x.l[0], 0
	for i, msu := range [][]byte{{0x85, 1, 2, 3, 4, 9}, {}, {0x85}, {0x85, 1, 2}, {0x85, 1, 2, 3, 4, 9}} {
		m := Message{Type: UserData, FSN: (l.lastRx + 1) & seqMask, BSN: l.lastTx, MSU: msu}
		for _, a := range l.Recv(x.now, StreamData, Append(nil, m), nil) {
			if a.Op == ss7.Raise && a.Event.Kind == ss7.Transfer {
				got++
			}
		}
		if l.lastRx != m.FSN {
			t.Errorf("message %d has no number", i)
		}
	}
	x.pass(time.Second)
	if st := l.Status(); got != 2 || st.Stats.Discarded[OutOfSequence] > 0 || st.State != InService || l.unacked > 0 {
		t.Errorf("%d MSUs of 2, %+v", got, st)
	}
	before := l.lastRx
	l.Recv(x.now, StreamData, Append(nil, Message{Type: UserData, FSN: before, BSN: l.lastTx}), nil)
	if l.lastRx != before {
		t.Error("an acknowledgement was counted")
	}
}
