package exec

import "testing"

func TestSLSText(t *testing.T) {
	t.Parallel()
	for want, sls := range map[string][]int{"SLS 0": {0}, "SLS 0, 1": {1, 0}, "SLS 0 to 3, 9": {0, 1, 2, 3, 9},
		"SLS 2, 4": {4, 2}} {
		if got := slsText(sls); got != want {
			t.Errorf("%v: %s, not %s", sls, got, want)
		}
	}
}
