package xua

import (
	"maps"
	"testing"
)

// Refused messages are counted by the code that says why. An unknown code makes no trouble.
func TestRefusedByCode(t *testing.T) {
	var r Refused
	if got := maps.Collect(r.ByReason()); len(got) > 0 {
		t.Error(got)
	}
	var shared SharedRefused
	for _, c := range []Code{MissingParameter, MissingParameter, UnexpectedMessage, 0, 1 << 20} {
		r.Add(c)
		shared.Add(c)
	}
	want := map[string]uint64{"another protocol, or not to be answered": 2, "Unexpected Message": 1,
		"Missing Parameter": 2}
	if got := maps.Collect(r.ByReason()); !maps.Equal(got, want) || shared.Load() != r {
		t.Errorf("%v, want %v; shared %v", got, want, shared.Load())
	}
}
