package xua

import "testing"

// What is refused is counted by the code that says why; a code that nobody knows makes no trouble.
func TestRefusedByCode(t *testing.T) {
	var r Refused
	if got := r.String(); got != "0" {
		t.Error(got)
	}
	var shared SharedRefused
	for _, c := range []Code{MissingParameter, MissingParameter, UnexpectedMessage, 0, 1 << 20} {
		r.Add(c)
		shared.Add(c)
	}
	want := "5 (another protocol, or not to be answered 2, Unexpected Message 1, Missing Parameter 2)"
	if got := r.String(); got != want || shared.Load() != r {
		t.Errorf("%q, want %q; shared %v", got, want, shared.Load())
	}
}
