package configs

import (
	"strings"
	"testing"

	"github.com/gostp/gostp/cli"
)

// typed runs lines in configuration mode of a node that runs the full configuration, and gives
// what the last of them prints.
func typed(t *testing.T, lines ...string) string {
	a := &ipApp{System: read(t, full)}
	var out strings.Builder
	c := cli.NewSession(a, &cli.Tree{Config: Global}, &out)
	c.Enable()
	for _, l := range append([]string{"configure terminal"}, lines...) {
		out.Reset()
		_ = c.Run(t.Context(), l)
	}
	return out.String()
}

// What others need stays, and the refusal names them.
func TestWhatIsInUseSaysByWhom(t *testing.T) {
	for line, want := range map[string]string{
		"no cs7 local-peer 3565": "local-peer 3565 is in use by linkset B link 0, linkset B link 1, as IF " +
			"interface-identifier 1, " +
			"as IF interface-identifier 2: take that away first",
		"no cs7 m3ua 2905":                  "m3ua 2905 is in use by asp P, asp Q, asp I: take",
		"no cs7 m2ua 2904":                  "m2ua 2904 is in use by asp GW, asp U: take",
		"no cs7 asp Q 14002 2905 m3ua":      "asp Q is in use by as X: take",
		"no cs7 asp U 0 2904 m2ua":          "asp U is in use by as IF: take",
		"no cs7 asp GW 2904 2904 m2ua":      "asp GW is in use by linkset G link 0: take",
		"no cs7 as Z m3ua":                  "as Z is in use by route 6.6.0/11: take",
		"no cs7 linkset B":                  "linkset B is in use by route 5.5.0/11: take",
		"no cs7 gtt address-conversion C":   "address-conversion C is in use by selector S: take",
		"no cs7 gtt application-group GRP":  "application-group GRP is in use by selector S gta 49: take",
		"no cs7 instance 1 local-peer 3566": "local-peer 3566 is in use by linkset N link 0: take",
	} {
		if got := typed(t, line); !strings.HasPrefix(got, "% "+want) {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
	for _, line := range []string{"no cs7 as X m3ua", "no cs7 linkset G"} {
		if got := typed(t, line); got != "" {
			t.Errorf("%s: %q", line, got)
		}
	}
}

// A line that is typed or read where it does not belong is told where it does.
func TestLineOutsideItsModeIsToldWhereItBelongs(t *testing.T) {
	const want = "This line belongs under `cs7 route-table system`"
	for _, lines := range [][]string{{"update route 4.0.0/3 linkset B"}, {"no update route 4.0.0/3 linkset B"},
		{"cs7 linkset B", "update route 4.0.0/3 linkset B"}} {
		if got := typed(t, lines...); !strings.Contains(got, want) {
			t.Errorf("%v: %s", lines, got)
		}
	}
	_, errs := Read([]byte("cs7 point-code 1.1.1\nupdate route 4.0.0/3 linkset B\n"))
	if len(errs) != 1 || !strings.Contains(errs[0].Error(), want) {
		t.Error(errs)
	}
	if got := typed(t, "nonsense"); strings.Contains(got, "belongs") {
		t.Error(got)
	}
}

// What stands as far left as the head of a block is not in it: an unknown word there is answered
// from the mode around it, and the lines that follow are read on.
func TestUnknownWordAfterABlockIsAnsweredFromItsMode(t *testing.T) {
	s, errs := Read([]byte("cs7 local-peer 3565\n local-ip 10.0.0.1\nfancy thing\n deeper thing\ncs7 local-peer " +
		"3566\n"))
	const want = "expected access-list, banner, cs7"
	if len(errs) != 1 || !strings.Contains(errs[0].Error(), want) || len(s.LocalPeers) != 2 {
		t.Error(errs, text(t, s))
	}
	// Where blocks are not indented, nobody knows, and a misspelt line does not end its block.
	s, errs = Read([]byte("cs7 local-peer 3565\nlokal-ip 10.0.0.1\nlocal-ip 10.0.0.2\n"))
	if len(errs) != 1 || !strings.Contains(errs[0].Error(), "local-ip") || len(s.LocalPeers[0].IPs) != 1 {
		t.Error(errs, text(t, s))
	}
}
