package configs

import (
	"strings"
	"testing"

	"github.com/gostp/gostp/cli"
)

// A file as Osmocom's STP has it is sound: what is about its log and its terminals is passed
// over, whatever stands in those blocks.
func TestForeignLogAndTerminalBlocksArePassedOver(t *testing.T) {
	r := Examine([]byte(`log stderr
 logging filter all 1
 logging color 0
 some thing that nobody knows
log file /var/log/stp.log
  logging level lss7 info
!
line vty
 no login
 bind 127.0.0.1 4239
line con 0
 exec-timeout 0 0
hostname STP
cs7 instance 0
 network-indicator national
 point-code 0.0.5
 xua rkm routing-key-allocation dynamic-permitted
 listen m3ua 2905
  accept-asp-connections dynamic-permitted
`))
	s := r.System
	if len(r.Faults)+len(r.Warnings) > 0 || len(r.Notes) != 4 || r.Notes[1].Line != 5 ||
		!strings.HasPrefix(r.Notes[1].Text, "this line is passed over, with those under it: ") {
		t.Error(r.Faults, r.Warnings, r.Notes)
	}
	if s.Hostname != "STP" || *s.PC != 5 || len(s.M3UAs) != 1 || s.M3UAs[0].Accept != AcceptAnybody {
		t.Error(text(t, s))
	}
	if got := text(t, s); strings.Contains(got, "log") || strings.Contains(got, "line") {
		t.Error("what was passed over is written:", got)
	}
	if p := s.Port(2905); !p.Anywhere {
		t.Error("a port of M3UA without local-ip is not at every address")
	}
}

// In a session the head of such a block says so, and its lines go nowhere; what follows is
// about the node again. An abbreviated `logging` is still the node's own.
func TestForeignBlocksInASession(t *testing.T) {
	a := &ipApp{System: New()}
	var out strings.Builder
	c := cli.NewSession(a, &cli.Tree{Config: Global}, &out)
	c.Enable()
	for _, l := range []string{"configure terminal", "log stderr", " logging filter all 1", "line vty", " no login",
		"cs7 point-code 1.1.1", "no log console", "no logg c"} {
		if err := c.Run(t.Context(), l); err != nil {
			t.Error(l, err)
		}
	}
	const note = "% this line is passed over, with those under it: "
	if strings.Count(out.String(), note) != 2 || c.Prompt() != "R(config)#" {
		t.Error(out.String(), c.Prompt())
	}
	if a.PC == nil || !a.QuietConsole {
		t.Error(text(t, a.System))
	}
}

// A banner is no configuration, whatever stands in it, and what follows it is. One without an end is a
// fault, and costs no other line.
func TestBannerIsPassedOver(t *testing.T) {
	for _, c := range []struct {
		text         string
		notes, fault int // line of the note; line of the fault, 0: none
	}{
		{"banner motd ^C\ncs7 variant ansi\nend\n  ! ^C\n", 1, 0},
		{"banner motd ^CWelcome\ncs7 variant ansi ^C\n", 1, 0},
		{"banner login \x03\ncs7 variant ansi\n\x03\n", 1, 0},
		{"banner exec #cs7 variant ansi#\n", 1, 0},
		{"banner ^Caution^\n", 1, 0},
		{"no banner motd\n", 1, 0},
		{"hostname A\nbanner motd #\ncs7 description after\n", 2, 2},
	} {
		r := Examine([]byte(c.text + "cs7 point-code 1.1.1\n"))
		s, faults := r.System, r.Faults
		if len(r.Notes) != 1 || r.Notes[0].Line != c.notes || s.PC == nil || s.Variant != 0 {
			t.Errorf("%q: %v\n%s", c.text, r.Notes, text(t, s))
		}
		if (c.fault > 0) != (len(faults) == 1) || c.fault > 0 && (faults[0].Line != c.fault || s.Description == "") {
			t.Errorf("%q: %v", c.text, faults)
		}
	}
}

// In a session the text of a banner goes nowhere, and the line that ends it leads back.
func TestBannerInASession(t *testing.T) {
	a := &ipApp{System: New()}
	var out strings.Builder
	c := cli.NewSession(a, &cli.Tree{Config: Global}, &out)
	c.Enable()
	type step struct{ line, prompt string }
	for _, l := range []step{{"configure terminal", "R(config)#"}, {"banner motd ^C", "R(config-text)#"},
		{"cs7 variant ansi", "R(config-text)#"}, {"end", "R(config-text)#"}, {"", "R(config-text)#"},
		{"bye ^C", "R(config)#"}, {"banner motd #hello#", "R(config)#"}, {"cs7 point-code 1.1.1", "R(config)#"}} {
		if err := c.Run(t.Context(), l.line); err != nil || c.Prompt() != l.prompt {
			t.Errorf("%q: %v, %s", l.line, err, c.Prompt())
		}
	}
	const note = "% this text is passed over: nobody is shown a banner here\n" +
		"% The lines that follow belong to the text, until one with ^C.\n"
	if !strings.Contains(out.String(), note) || a.PC == nil || a.Variant != 0 {
		t.Error(out.String(), text(t, a.System))
	}
}
