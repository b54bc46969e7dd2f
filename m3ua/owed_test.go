package m3ua

import (
	"slices"
	"testing"
	"time"

	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// heardBy is what an ASP knows of destinations by the messages to it, and how many codes
// these had.
func heardBy(p ss7.PathID, out []ss7.Action, knows map[uint32]xua.Type) (codes int) {
	for _, a := range out {
		if a.Op != ss7.Send || a.Event.Path != p {
			continue
		}
		m, _ := Grammar.Parse(a.Wire)
		for _, c := range m.Params.Uint32s(xua.TagAffected) {
			if m.Type>>8 == 2 {
				knows[c] = m.Type
				codes++
			}
		}
	}
	return codes
}

// large is a gateway with many destinations, as they are at first.
func large(t *testing.T, many int, state Availability) (*Layer, *fakeRoutes) {
	r := &fakeRoutes{own: ownPC}
	for i := range many {
		r.dests = append(r.dests, Destination{Range: one(ss7.PC(1000 + i)), State: state})
	}
	return gateway(t, func(c *Config) { c.Networks[0].Routes = r }), r
}

// rest lets time pass until nothing more is due soon, and gives the greatest burst.
func (l *Layer) rest(now time.Time, p ss7.PathID, knows map[uint32]xua.Type) (most int) {
	for range 100 {
		now = now.Add(burstPace)
		most = max(most, heardBy(p, l.Tick(now, nil), knows))
	}
	return most
}

// §4.5.1: thousands of destinations are told in bursts, and each burst is made of what
// holds then.
func TestThousandsOfDestinationsAreToldInBursts(t *testing.T) {
	const many = 5000
	l, r := large(t, many, Available)
	now := epoch
	for i := range r.dests {
		r.dests[i].State = Unavailable
	}
	knows := map[uint32]xua.Type{}
	if n := heardBy(1, l.Tell(now, 0, changes(r.dests), nil), knows); n != perBurst {
		t.Errorf("%d codes at once", n)
	}
	if due := l.Deadline(); due.After(now.Add(burstPace)) {
		t.Errorf("the next burst is due in %v", due.Sub(now))
	}
	if !l.Owes() {
		t.Error("nothing is owed")
	}
	r.dests[many-1].State = Restricted // before its turn has come
	l.Tell(now, 0, changes(r.dests[many-1:]), nil)
	if most := l.rest(now, 1, knows); most > perBurst {
		t.Errorf("%d codes in a burst", most)
	}
	for i, d := range r.dests {
		want := DUNA
		if i == many-1 {
			want = DRST
		}
		if got := knows[uint32(d.Range.PC)]; got != want {
			t.Fatalf("destination %d of %d: %v", i, many, got)
		}
	}
	if l.Owes() {
		t.Error("something is still owed")
	}
	if p := l.farEnds[1]; len(p.debts.queue)+len(p.debts.in) > 0 {
		t.Errorf("still owed: %d", len(p.debts.queue))
	}
}

// An ASP that becomes active learns of every destination that it cannot reach.
func TestActiveASPLearnsOfThousandsOfDestinations(t *testing.T) {
	const many = 3000
	l, r := large(t, many, Unavailable)
	l.rest(epoch, 1, map[uint32]xua.Type{})
	l.rx(1, wire(xua.ASPIA))
	knows := map[uint32]xua.Type{}
	if n := heardBy(1, l.rx(1, wire(xua.ASPAC, 10)), knows); n > perBurst {
		t.Errorf("%d codes at once", n)
	}
	l.rest(epoch.Add(time.Minute), 1, knows)
	wrong := func(d Destination) bool { return knows[uint32(d.Range.PC)] != DUNA }
	if len(knows) != many || slices.ContainsFunc(r.dests, wrong) {
		t.Errorf("%d of %d are known", len(knows), many)
	}
}

// What an association did not take is said again, as it is then; other messages are not.
func TestWhatAnAssociationRefusedIsSaidAgain(t *testing.T) {
	l, r := large(t, 3, Available)
	r.dests[0].State, r.dests[1].State = Unavailable, Unavailable
	out := clone(l.Tell(epoch, 0, changes(r.dests[:2]), nil))
	for _, a := range out {
		if a.Event.Path == 1 && !l.Unsent(epoch, 1, a.Wire) {
			t.Errorf("%x is not said again", a.Wire)
		}
	}
	if l.Unsent(epoch, 1, wire(xua.ASPACAck, 10)) {
		t.Error("an Ack is no matter of destinations")
	}
	r.dests[1].State = Available
	if got := told(1, l.Tick(epoch.Add(burstAgain-1), nil)); got != "" {
		t.Errorf("at once: %s", got)
	}
	if got := told(1, l.Tick(epoch.Add(burstAgain), nil)); got != "DUNA [10] 1000/0, DAVA [10] 1001/0" {
		t.Error(got)
	}
}
