package labs

import (
	"strings"
	"testing"
)

// The lab of docs/m2ua.md: a ping crosses the backhauled links each way, and goes on by one of them while the
// other is cut.
func TestM2UALab(t *testing.T) {
	out, ok := run(t, Options{File: "m2ua/m2ua.clab.yml"}, "MGC: show cs7 m2ua", "STATION: ping cs7 5.5.5 count 5",
		"USER: ping cs7 4.4.4 count 5",
		"MGC: wire down STP:eth3", "STATION: ping cs7 5.5.5 count 16 rate 5 timeout 4000", "STP: show cs7 linkset MGC")
	for _, want := range []string{"link 0 of linkset STP: interface 1 of gateway SG: InService", "packets(5/5)",
		"avail/links=1/2", "packets(16/16)"} {
		if !ok || !strings.Contains(out, want) {
			t.Fatalf("no %q in\n%s", want, out)
		}
	}
}
