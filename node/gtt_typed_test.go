package node

import (
	"testing"

	"github.com/gostp/gostp/sctp"
)

func TestTryTyped(t *testing.T) {
	network(t, func(net *sctp.Memory, a, b *box) {
		say := func(lines ...string) {
			for _, l := range lines {
				t.Logf("> %s\n%s", l, a.run(l))
			}
		}
		say("configure terminal", "cs7 gtt ?", "cs7 gtt application-group G", "?", "multiplicity cost", "limit 100", "pc 2.2.2 ssn 6 1 pcssn", "pc 3.3.3 2 gt", "limit 0", "exit",
			"cs7 gtt address-conversion C", "update in-address 26201 out-address 49171 np 7 nai 4", "exit",
			"cs7 gtt selector S tt 0 gti 4 np 6 nai 4", "pre-gtt-address-conversion C", "gta 4917 app-grp G", "gta 49 app-grp NONE", "gta 44 asname NONE gt", "gta 33 pcssn 2.2.2 pcssn ssn 1", "gta 4X pcssn 2.2.2 gt", "gta 34 pcssn 2.2.2 pcssn ntt 3", "exit",
			"cs7 gtt selector E tt 0 gti 4 np 1 nai 4", "gta 49 pcssn 2.2.2 gt", "gta 491 pcssn 2.2.2 pcssn ssn 6", "gta 50 pcssn 1.1.1 gt", "post-gtt-address-conversion NONE", "gta 51 pcssn 1.1.1 pcssn ssn 8", "exit",
			"cs7 sccp format 2.2.2 udt-only", "cs7 sccp-allow-pak-conv", "no cs7 gtt application-group G", "cs7 gtt load /nonexistent/x", "end",
			"show running-config", "show cs7 gtt config", "test cs7 gtt 262011234567890 np 6 ssn 6", "test cs7 gtt 44 np 6", "test cs7 gtt 49 np 6", "test cs7 gtt 491", "test cs7 gtt 492", "test cs7 gtt 50", "test cs7 gtt 51 ssn 3", "test cs7 gtt 53", "test cs7 gtt 49 tt 9", "test cs7 gtt 49x", "test cs7 gtt 49 from NOSUCH",
			"test cs7 gtt ?", "ping gt 491", "ping gt 492", "ping gt 50", "ping gt 53", "ping gt 53 tt 4", "ping sccp 1.1.1", "ping sccp 1.1.1 ssn 8", "ping sccp 2.2.2", "cs7 gtt reload", "cs7 save gtt-table /nonexistent/y", "show cs7 gtt map", "show cs7 gtt measurements", "show cs7 sccp statistics", "show logging")
		_ = b
	})
}
