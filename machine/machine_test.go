package machine

import (
	"testing"

	"github.com/gostp/gostp/configs"
)

// The same kind is the same transport, so that its ports are bound once.
func TestTransportsOfTheMachine(t *testing.T) {
	m := This()
	a, _, err := m.Transport(configs.UDP)
	b, _, _ := m.Transport(configs.UDP)
	if err != nil || a != b {
		t.Error(a, b, err)
	}
	for _, kind := range configs.Transports {
		if x, why, err := m.Transport(kind); (x == nil) == (err == nil) || err == nil && why == "" {
			t.Errorf("%s: %v, %q, %v", kind, x, why, err)
		}
	}
	if _, _, err := m.Transport(configs.OverSCTP); err == nil {
		t.Error("a kind that does not exist")
	}
}
