package labs

import (
	"strings"
	"testing"
)

// configure makes the lines of a node's configuration commands of a lab.
func configure(node string, lines ...string) []string {
	out := []string{node + ": configure terminal"}
	for _, l := range lines {
		out = append(out, node+": "+l)
	}
	return append(out, node+": end")
}

// A UDT crosses two relays, and comes back from the end, which has no such subsystem. A UDT that B cannot
// translate comes back from B. The function that carries each tells its way beforehand.
func TestGlobalTitles(t *testing.T) {
	const selector = "cs7 gtt selector E164 tt 0 gti 4 np 1 nai 4"
	lines := configure("CountryA", selector, "gta 49 pcssn 4.5.6 gt", "gta 50 pcssn 4.5.6 gt")
	lines = append(lines, configure("CountryB", "cs7 gtt application-group G", "pc 7.8.1 1 pcssn", "pc 7.7.1 2 pcssn",
		selector, "gta 491 pcssn 7.7.1 pcssn ssn 6", "gta 492 app-grp G")...)
	lines = append(lines, configure("CountryC", "cs7 sccp local-ssn 8")...)
	lines = append(lines, "CountryA: test cs7 gtt 4915112345", "CountryA: ping gt 4915112345",
		"CountryB: test cs7 gtt 492123",
		"CountryA: ping sccp 7.7.1", "CountryA: ping sccp 7.7.1 ssn 8", "CountryB: show cs7 sccp statistics",
		"CountryB: show cs7 gtt measurements",
		"CountryB: show cs7 gtt config", "CountryA: ping gt 5012345")
	out, ok := run(t, Options{}, lines...)
	if ok {
		t.Error("a title that B does not know was no failure")
	}
	for _, want := range []string{
		"leaves as       UDT to 4.5.6, route on GT: gti 4 tt 0 np 1 nai 4 digits 4915112345, SSN 14",
		"route           linkset ToCountryB",
		"Reached 7.7.1 after",
		"* pc 7.8.1             cost 1   available",
		"Subsystem 1 at 7.7.1 is allowed: SSA from 7.7.1",
		"Subsystem 8 at 7.7.1 is allowed",
		"cs7 instance 0 gtt selector E164 tt 0 gti 4 np 1 nai 4\n gta 491 pcssn 7.7.1 pcssn ssn 6\n gta 492 app-grp G\n",
		"Returned by 4.5.6 after",
		"cause 1, no translation for this specific address",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q", want)
		}
	}
	if t.Failed() {
		t.Log(out)
	}
}

// A subsystem that is not there does not answer, and that is what the ping says.
func TestNoSubsystem(t *testing.T) {
	out, ok := run(t, Options{}, "CountryA: ping sccp 7.7.1 ssn 99 timeout 500")
	if ok || !strings.Contains(out, "No SSA from 7.7.1 for subsystem 99") {
		t.Error(out)
	}
	out, ok = run(t, Options{}, "CountryA: ping gt 49123")
	if ok || !strings.Contains(out, "Returned by this node: no translation for an address of such nature") {
		t.Error(out)
	}
}
