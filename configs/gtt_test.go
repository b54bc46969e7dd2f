package configs

import (
	"reflect"
	"strings"
	"testing"
)

const gttLines = `cs7 point-code 1.1.1
cs7 capability-pc 1.1.2
cs7 sccp local-ssn 8
cs7 sccp format 3.3.3 udt-only
cs7 sccp-allow-pak-conv
cs7 gtt address-conversion E212_E214 np 7
 update in-address 20201 out-address 3097 np 7 nai 4 remove 5
 update in-address 262 out-address none
!
cs7 gtt application-group GROUP
 multiplicity share
 limit 100
 pc 1.1.3 ssn 11 2 pcssn
 pc 1.1.4 2 gt
 asname HLR 1 ssn 0 gt ntt 0
!
cs7 gtt selector SEL tt 0 gti 4 np 1 nai 4
 pre-gtt-address-conversion E212_E214
 gta none app-grp GROUP
 gta 1555200 pcssn 2.2.2 gt ntt 7 ssn 6
 gta 1F asname HLR pcssn
!
cs7 gtt selector NAI tt 0 gti 1 nai 0
!
cs7 gtt map 1.1.3 6 dominant 1.1.4 6
cs7 gtt map 1.1.4 6 solitary
cs7 gtt concern-pclist ALL 3.3.3
cs7 gtt load table.csv
`

func TestSCCPLines(t *testing.T) {
	s := read(t, gttLines)
	got := text(t, s)
	for line := range strings.Lines(gttLines) {
		if !strings.Contains(got, line) {
			t.Errorf("%q is not in\n%s", line, got)
		}
	}
	if again := read(t, got); !reflect.DeepEqual(s, again) || !reflect.DeepEqual(s, s.Clone()) {
		t.Errorf("it does not survive printing:\n%s", text(t, again))
	}
}

// A line that is typed again says all there is about its entry.
func TestEntryReplaced(t *testing.T) {
	s := read(t, gttLines+"cs7 gtt selector SEL tt 0 gti 4 np 1 nai 4\n gta 1555200 app-grp GROUP\n gta none pcssn "+
		"2.2.3 pcssn\n")
	if got := text(t, s); !strings.Contains(got, " gta 1555200 app-grp GROUP\n") ||
		!strings.Contains(got, " gta none pcssn 2.2.3 pcssn\n") {
		t.Error(got)
	}
}

func TestSCCPFaults(t *testing.T) {
	s, errs := Read([]byte(gttLines + `cs7 gtt selector TWO tt 0 gti 4 np 1 nai 4
cs7 gtt selector X tt 9
 gta 12 app-grp NONE
 gta 12 pcssn 2.2.2 pcssn ssn 1
 gta 12 pcssn 2.2.2 pcssn ntt 1
 gta 1g pcssn 2.2.2 pcssn
cs7 gtt map 1.1.5 6 shared 1.1.5 6
cs7 capability-pc 1.1.1
`))
	var all []string
	for _, e := range errs {
		all = append(all, e.Error())
	}
	got := strings.Join(all, "\n")
	for _, want := range []string{"selector TWO: selector SEL has the same", "there is no application-group NONE",
		"1 cannot be chosen: it is SCCP management",
		"ntt goes with gt", `'g' is no digit`, "it is its own backup", "capability-pc 1.1.1 is a code of this node already"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if len(s.Selectors) != 3 || len(s.Selectors[2].Entries) != 0 || len(s.Validate()) > 0 {
		t.Errorf("what is sound:\n%s", text(t, s))
	}
}
