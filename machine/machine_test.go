package machine

import "testing"

// The same kind is the same transport, so that its ports are bound once.
func TestTransportsOfTheMachine(t *testing.T) {
	m := This()
	a, _, err := m.Transport("udp")
	b, _, _ := m.Transport("udp")
	if err != nil || a != b {
		t.Error(a, b, err)
	}
	for _, kind := range Transports {
		if x, why, err := m.Transport(kind); (x == nil) == (err == nil) || err == nil && why == "" {
			t.Errorf("%s: %v, %q, %v", kind, x, why, err)
		}
	}
	if _, _, err := m.Transport("pigeon"); err == nil {
		t.Error("a kind that does not exist")
	}
}
