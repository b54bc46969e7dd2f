package configs

import (
	"slices"
	"testing"
)

// A line that takes the place of an earlier one, whose word is lost, is told with both lines; one
// that says the same, or leads back into a mode, is not.
func TestLineThatTakesThePlaceOfAnotherIsTold(t *testing.T) {
	r := Examine([]byte(`hostname A
cs7 point-code 1.1.1
cs7 local-peer 3565
 local-ip 10.0.0.1
cs7 linkset B 2.2.2
 link 0 sctp 10.0.0.2 3565 3565
 link 0 sctp 10.0.0.3 3565 3565
cs7 linkset B
 description x
cs7 linkset B 2.2.3
cs7 linkset B 2.2.3
hostname B
no hostname
hostname C
cs7 route-table system
 update route 3.3.3/14 linkset B
 update route 3.3.3/14 linkset B priority 2
`))
	want := []string{
		"line 7: this line takes the place of line 6, `link 0 sctp 10.0.0.2 3565 3565`",
		"line 10: this line takes the place of line 5, `cs7 linkset B 2.2.2`",
		"line 12: this line takes the place of line 1, `hostname A`",
		"line 17: this line takes the place of line 16, `update route 3.3.3/14 linkset B`",
	}
	var got []string
	for _, w := range r.Warnings {
		got = append(got, w.Error())
	}
	if !slices.Equal(got, want) || len(r.Faults) > 0 {
		t.Errorf("%q, want %q; %v", got, want, r.Faults)
	}
}
