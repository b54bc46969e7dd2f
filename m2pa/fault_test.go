package m2pa

import (
	"slices"
	"testing"
	"time"

	"github.com/gostp/gostp/ss7"
)

// Whatever is received and discarded is counted once, by its reason, and told; what is taken is not.
func TestDiscardsAreCountedByReason(t *testing.T) {
	user := func(fsn, bsn uint32, msu ...byte) []byte {
		return Append(nil, Message{Type: UserData, FSN: fsn, BSN: bsn, MSU: msu})
	}
	for f, c := range map[Fault]struct {
		state State
		b     []byte
	}{
		TooShort:      {InService, []byte{1, 0, 11, 1}},
		WrongLength:   {InService, unhex("01000b010000001100ffffff00ffffff")},
		OtherVersion:  {InService, unhex("02000b020000001400ffffff00ffffff00000004")},
		OtherClass:    {InService, unhex("010003020000001400ffffff00ffffff00000001")},
		UnknownType:   {InService, unhex("01000b070000001000ffffff00ffffff")},
		UnknownState:  {InService, unhex("01000b020000001400ffffff00ffffff0000000a")},
		ShortMSU:      {InService, user(0, seqMask, 0x85, 1)},
		OutOfSequence: {InService, user(5, seqMask, 0x85, 1, 2, 3, 4, 5)},
		Unawaited:     {Aligned, user(0, seqMask, 0x85, 1, 2, 3, 4, 5)},
		UnfitState:    {NotAligned, status(Busy, seqMask)},
		UnsentBSN:     {InService, user(seqMask, 77)},
	} {
		l, now := inState(c.state), epoch
		before := l.stats.Discarded
		out := l.Recv(now, StreamData, c.b, nil)
		before[f]++
		if l.stats.Discarded != before {
			t.Errorf("%v: counted %v", f, l.stats.Discarded)
		}
		told := slices.ContainsFunc(out, func(a ss7.Action) bool { return a.Event.Kind == ss7.Discard })
		if told == (f == UnsentBSN) { // which discards the acknowledgement alone, and fails the link if it is repeated
			t.Errorf("%v: %v", f, describe(out))
		}
	}
	x := inService(t, cfg())
	x.send(0, 1)
	x.pass(time.Second)
	if got := x.l[1].stats.Discarded; got != [Faults]uint64{} {
		t.Error(got)
	}
	for f := range Faults {
		if f.String() == "" {
			t.Errorf("fault %d has no text", f)
		}
	}
}
