package labs

import (
	"strings"
	"testing"
)

// Return routes are forgotten more often than any others. A trace names the node that lacks one.
func TestTrace(t *testing.T) {
	configure := func(node string, lines ...string) (out []string) {
		for _, l := range append(append([]string{"configure terminal", "cs7 route-table system"}, lines...), "end") {
			out = append(out, node+": "+l)
		}
		return out
	}
	for _, x := range []struct {
		name  string
		lines []string
		ok    bool
		want  []string
	}{
		{"both ways", []string{"CountryA: trace cs7 7.8.1"}, true, []string{
			"  0  1.2.3            by 4.5.6\n  1  4.5.6            directly                 back to 1.2.3: directly",
			"  2  7.8.1            is here                  back to 1.2.3: by 4.5.6",
			"  3  4.5.6            back to 1.2.3: directly", "  4  1.2.3            back here", "Both ways are there"}},
		{"the target forgot", append(configure("CountryD", "remove route 0.0.0/0"), "CountryA: trace cs7 7.8.1"), false,
			[]string{
				"  2  7.8.1            is here                  back to 1.2.3: NO ROUTE",
				"What is sent to 7.8.1 arrives there; answers to it do not arrive here.",
				"% 7.8.1 has no route to 1.2.3: give it one (`cs7 route-table system`, `update route 1.2.3/14 linkset NAME`)"}},
		{"a node on another way back forgot", append(append(configure("CountryC", "remove route 0.0.0/0"),
			configure("CountryD", "remove route 0.0.0/0", "update route 0.0.0/0 linkset ToCountryC")...),
			"CountryA: trace cs7 7.8.1"), false, []string{
			"  2  7.8.1            is here                  back to 1.2.3: by 7.7.1",
			"  3  7.7.1            back to 1.2.3: NO ROUTE", "% 7.7.1 has no route to 1.2.3"}},
		{"nobody has it", []string{"CountryA: trace cs7 7.5.5"}, false,
			[]string{"  1  4.5.6            NO ROUTE", "% 4.5.6 has no route to 7.5.5"}},
		{"no way out", []string{"CountryA: trace cs7 1.1.1"}, false, []string{"  0  1.2.3            NO ROUTE", "% this " +
			"node does not know the way; `show cs7 route explain 1.1.1` says why"}},
	} {
		out, ok := run(t, Options{}, x.lines...)
		if ok != x.ok {
			t.Errorf("%s: succeeded: %v", x.name, ok)
		}
		for _, w := range x.want {
			if !strings.Contains(out, w) {
				t.Errorf("%s: no %q in\n%s", x.name, w, out)
			}
		}
	}
}
