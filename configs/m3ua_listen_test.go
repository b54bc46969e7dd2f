package configs

import (
	"strings"
	"testing"
)

// A port's number is of one transport: the line that would give it the other is refused, in
// whichever order they come, and takes nothing from the first.
func TestOneNumberIsOfOneTransport(t *testing.T) {
	const head = "cs7 instance 0\n point-code 0.0.5\n"
	const sctp, tcp = " listen m3ua 2905\n  local-ip 10.0.0.1\n", " listen m3ua 2905 tcp\n  local-ip 10.0.0.2\n"
	for _, c := range []struct {
		text      string
		transport Transport
		want      string
	}{
		{head + sctp + tcp, 0, "line 5: m3ua 2905 is a port of SCTP already, and a number is of one transport " +
			"here: give the port " +
			"of TCP another number, or take this one away first"},
		{head + tcp + sctp, TCP, "line 5: m3ua 2905 is a port of TCP already"},
	} {
		s, errs := Read([]byte(c.text))
		if len(errs) != 1 || !strings.HasPrefix(errs[0].Error(), c.want) {
			t.Errorf("%v, want %q", errs, c.want)
		}
		if len(s.M3UAs) != 1 || s.M3UAs[0].Transport != c.transport || len(s.M3UAs[0].IPs) != 1 {
			t.Error(text(t, s))
		}
	}
	if s := read(t, head+sctp+" listen m3ua 2905 sctp\n  accept-asp-connections "+
		"dynamic-permitted\n"); s.M3UAs[0].Accept != AcceptAnybody {
		t.Error("the line of the port that it is does not lead back to it")
	}
	if s := read(t, head+tcp+" no listen m3ua 2905\n"+sctp); len(s.M3UAs) != 1 || s.M3UAs[0].Transport != 0 {
		t.Error("a port that is taken away is not made anew", text(t, s))
	}
}

// Local port 0, which Osmocom's files have for any, is the first port of the ASP's transport,
// wherever in the file that stands, and is written as it was.
func TestLocalPortZeroIsTheFirstOfItsTransport(t *testing.T) {
	s := read(t, `cs7 instance 0
 point-code 0.0.5
 asp A 2905 0 m3ua
  remote-ip 10.0.0.9
 asp B 2905 0 m3ua tcp
  remote-ip 10.0.0.9
 as X m3ua
  asp A
  routing-key 3 1.1.1
 listen m3ua 2907 tcp
 listen m3ua 2905
 listen m3ua 2906
`)
	for name, want := range map[string]uint16{"A": 2905, "B": 2907} {
		if got := s.Placed(s.ASP(name)).LocalPort; got != want {
			t.Errorf("%s: %d, want %d", name, got, want)
		}
	}
	if got := text(t, s); !strings.Contains(got, "cs7 asp A 2905 0 m3ua\n") || len(s.Ports()) != 3 {
		t.Error(got)
	}
	if s := read(t, "cs7 m3ua 2907\n transport tcp\ncs7 asp A 2905 0 m3ua\n"); s.Placed(s.ASPs[0]).LocalPort != 2907 {
		t.Error("where there are ports of TCP alone it is not one of those")
	}
}

// What is too long or taken says so, and what to do.
func TestNamesAndContextsAreRefusedWithTheRemedy(t *testing.T) {
	const long = "a-name-of-20-letters"
	for line, want := range map[string]string{
		"cs7 asp " + long + " 0 2905 m3ua": "the name of an ASP has at most 19 characters, \"" + long + "\" has 20: " +
			"shorten it",
		"cs7 as " + long + " m3ua": "the name of an AS has at most 19 characters, \"" + long + "\" has 20: " +
			"shorten it",
		"cs7 linkset " + long + " 2.2.2": "a linkset name has at most 19 characters, \"" + long + "\" has 20: " +
			"shorten it",
		"cs7 m3ua 2905\ncs7 as X m3ua\n routing-key 0 1.1.1\ncs7 as Y m3ua\n routing-key 0 1.1.2": "as Y: routing " +
			"context 0 is that of " +
			"as X. ASPs name an AS by its routing context, so each AS needs its own, and 0 is no exception: choose another",
	} {
		if _, errs := Read([]byte(line + "\n")); len(errs) != 1 || !strings.Contains(errs[0].Error(), want) {
			t.Errorf("%s: %v", line, errs)
		}
	}
}
