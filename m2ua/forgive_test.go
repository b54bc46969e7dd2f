package m2ua

import (
	"strings"
	"testing"

	"github.com/gostp/gostp/xua"
)

// What an odd far end leaves out, or writes as 0, is accepted with the line that forgives it, and with no other
// line. A refusal names that line. A correct message is passed on as it is.
func TestEachOddityHasALineThatForgivesIt(t *testing.T) {
	for _, c := range []struct {
		name, odd, right, line string
		set                    func(*Slack)
	}{
		{"Data", "01000601 00000014 0300000a8300000000ff0000", "", slackData, func(s *Slack) { s.Nameless = true }},
		{"Data Ack", "0100060f 00000010 0013000800000007",
			"0100060f 00000018 00010008 00000002 0013000800000007", slackAck,
			func(s *Slack) { s.NamelessAck = true }},
		{"Establish Request", "01000602 00000008", "01000602 00000010 00010008 00000002", slackControl,
			func(s *Slack) { s.NamelessControl = true }},
		{"Retrieval Request", "0100060a 00000010 0306000800000001",
			"0100060a 00000018 00010008 00000002 0306000800000001", slackControl,
			func(s *Slack) { s.NamelessControl = true }},
		{"retrieval of the BSN", "0100060a 00000018 00010008 00000002 0306000800000000",
			"0100060a 00000018 00010008 00000002 0306000800000001", slackAction,
			func(s *Slack) { s.ActionZero = true }},
		{"retrieval of messages", "0100060a 00000020 00010008 00000002 0306000800000000 0307000800000005",
			"0100060a 00000020 00010008 00000002 0306000800000002 0307000800000005", slackAction,
			func(s *Slack) { s.ActionZero = true }},
	} {
		all := []Slack{{}, {Nameless: true}, {NamelessAck: true}, {NamelessControl: true}, {ActionZero: true}}
		var forgiven Slack
		c.set(&forgiven)
		for _, slack := range all {
			f := newField(t, func(cfg *Config) {
				cfg.ASPs[0].Slack = slack
				cfg.ASs = cfg.ASs[:1]
				cfg.ASs[0].Interfaces = cfg.ASs[0].Interfaces[1:2]
			})
			f.l.Recv(f.now, 1, PPID, unhex(up), nil)
			f.l.Recv(f.now, 1, PPID, unhex(ac), nil)
			g, b := f.l.Gate(1), unhex(c.odd)
			b = g.Forgive(b)
			_, r, e := g.Admit(PPID, b)
			if r == Taken && !IsData(b) {
				_, e = Parse(b)
			}
			switch {
			case slack == forgiven && (r != Taken || e != nil):
				t.Errorf("%s: %v, %+v", c.name, r, e)
			case slack == forgiven && c.right != "" && string(b) != string(unhex(c.right)):
				t.Errorf("%s became %x", c.name, b)
			case slack != forgiven && (e == nil || !strings.Contains(e.Why, "; "+c.line+" takes it")):
				t.Errorf("%s with %+v: %v, %+v", c.name, slack, r, e)
			}
		}
	}
}

// With several interfaces nothing says which is meant.
func TestNamelessWithSeveralInterfaces(t *testing.T) {
	f := newField(t, func(cfg *Config) { cfg.ASPs[0].Slack.NamelessControl = true })
	f.l.Recv(f.now, 1, PPID, unhex(up), nil)
	f.l.Recv(f.now, 1, PPID, unhex(ac), nil)
	g := f.l.Gate(1)
	_, r, e := g.Admit(PPID, g.Forgive(unhex("01000602 00000008")))
	if r != Malformed || e.Code != xua.MissingParameter || !strings.Contains(e.Why, "nothing tells which is meant") {
		t.Errorf("%v, %+v", r, e)
	}
}

// FuzzForgive shows that nothing panics, whatever comes, and that a correct message stays as it is.
func FuzzForgive(f *testing.F) {
	f.Add(unhex("0100060a 00000020 00010008 00000002 0306000800000000 0307000800000005"))
	f.Add(unhex("0100060f 00000010 0013000800000007"))
	f.Fuzz(func(t *testing.T, b []byte) {
		g := &Gate{slack: Slack{Nameless: true, NamelessAck: true, NamelessControl: true, ActionZero: true},
			single: &Entry{Label: Label{Interface: Interface{ID: 7}}}}
		if !IsMAUP(b) {
			return
		}
		_, before := Parse(b)
		if after := g.Forgive(b); before == nil && string(after) != string(b) && !IsData(b) {
			t.Fatalf("%x became %x", b, after)
		}
	})
}
