package tester

import (
	"fmt"
	"testing"
	"time"

	"github.com/gostp/gostp/ss7"
)

// A message among a hundred others that goes round is found by its reader, without an
// allocation; messages that differ are not.
func TestSamplerFindsWhatComesAgain(t *testing.T) {
	for _, round := range []string{"message round and", "abc"} { // ISUP's shortest have three octets
		t.Run(round, func(t *testing.T) { samplerFinds(t, round) })
	}
}

func samplerFinds(t *testing.T, again string) {
	var s Sampler
	now := time.Unix(1000, 0)
	serial := 0
	batch := func(round bool) []*ss7.MSU {
		var out []*ss7.MSU
		for i := range 64 {
			serial++
			m := &ss7.MSU{DPC: 5, OPC: 6, SI: ss7.SCCP, Payload: []byte(fmt.Sprintf("message %8d", serial))}
			if round && i == 20 {
				m.Payload = []byte(again)
			}
			out = append(out, m)
		}
		return out
	}
	for range 1000 {
		now = now.Add(10 * time.Millisecond)
		if m := s.Look(now, batch(false)); m != nil {
			t.Fatalf("%q came once", m.Payload)
		}
	}
	var found *ss7.MSU
	rounds := 0
	for ; found == nil && rounds < 100_000; rounds++ {
		now = now.Add(10 * time.Millisecond)
		b := batch(true)
		b[0], b[20] = b[20], b[0] // the first of a batch is taken
		found = s.Look(now, b)
	}
	if found == nil || string(found.Payload) != again {
		t.Fatal("not found")
	}
	if s.Look(now.Add(time.Millisecond), batch(true)) != nil {
		t.Error("told twice")
	}
	b := batch(true)
	if n := testing.AllocsPerRun(1000, func() { now = now.Add(time.Second); s.Look(now, b) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
