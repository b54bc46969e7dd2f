package configs

import (
	"strings"
	"testing"
)

// RFC 3331 §4.4.1: an interface identifier "MUST be guaranteed to be unique", and so are link
// keys, here and at gateways.
func TestM2UAIdentifiersAreUnique(t *testing.T) {
	const head = "cs7 local-peer 1025\n local-ip 10.0.0.1\ncs7 m2ua 2904\n local-ip 10.0.0.1\ncs7 asp SG 2904 2904 " +
		"m2ua\n remote-ip 10.0.0.9\n role asp\n"
	for _, c := range []struct{ config, fault string }{
		{"cs7 as A m2ua\n interface-identifier 1 sctp 10.0.1.1 1025 1025\ncs7 as B m2ua\n interface-identifier 1 sctp " +
			"10.0.1.2 1025 1025\n", "interface 1 is in as A already"},
		{"cs7 as A m2ua\n interface-identifier 1 sctp 10.0.1.1 1025 1025\n  link-key 3 4\n interface-identifier 2 sctp " +
			"10.0.1.2 1025 1025\n  link-key 3 4\n", "interface 1 has link-key 3 4 already"},
		{"cs7 linkset L 2.2.2\n link 0 m2ua SG 1\n link 1 m2ua SG 1\n", "linkset L link 0 has interface 1 of asp SG"},
		{"cs7 linkset L 2.2.2\n link 0 link-key 3 4 m2ua SG\n link 1 link-key 3 4 m2ua SG\n",
			"linkset L link 0 has interface link-key 3 4 of asp SG"},
		{"cs7 linkset L 2.2.2\n link 0 link-key 3 4 m2ua SG\n link 1 link-key 3 5 m2ua SG\n link 2 m2ua SG link\n", ""},
	} {
		_, errs := Read([]byte(head + c.config))
		text := ""
		for _, e := range errs {
			text += e.Error() + "\n"
		}
		if c.fault == "" && text != "" || !strings.Contains(text, c.fault) {
			t.Errorf("%s\ngives %q, want %q", c.config, text, c.fault)
		}
	}
}
