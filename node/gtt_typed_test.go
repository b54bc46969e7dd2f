package node

import (
	"testing"

	"github.com/gostp/gostp/sctp/sctptest"
)

// Translation as it is typed and tried: what is wrong is refused with its reason, and a trial
// tells selector, conversion, entry, group, what leaves and by which linkset.
func TestTypedTitles(t *testing.T) {
	t.Parallel()
	network(t, func(net *sctptest.Memory, a, b *box) {
		a.run("configure terminal", "cs7 gtt application-group G", "multiplicity cost", "limit 100",
			"pc 2.2.2 ssn 6 1 pcssn", "pc 3.3.3 2 gt")
		a.want("limit 0", `"0" is not a number from 1 to 4294967295`)
		a.run("cs7 gtt address-conversion E212_E214", "update in-address 26201 out-address 49171 np 7 nai 4",
			"cs7 gtt address-conversion NATIONAL", "update in-address 49 out-address none nai 3",
			"cs7 gtt selector IMSI tt 0 gti 4 np 6 nai 4", "pre-gtt-address-conversion E212_E214", "gta 4917 app-grp G",
			"gta 44 asname NONE gt")
		a.want("gta 49 app-grp NONE", "there is no application-group NONE; configure it first")
		a.want("gta 33 pcssn 2.2.2 pcssn ssn 1", "1 cannot be chosen: it is SCCP management")
		a.want("gta 34 pcssn 2.2.2 pcssn ntt 3", "ntt goes with gt")
		a.want("gta 4X pcssn 2.2.2 gt", "'X' is no digit")
		a.want("cs7 gtt selector T tt 0 gti 4 np 6 nai 4", "selector IMSI has the same tt, gti, np and nai")
		a.run("cs7 gtt selector E164 tt 0 gti 4 np 1 nai 4", "post-gtt-address-conversion NATIONAL",
			"gta 49 pcssn 2.2.2 gt", "gta 50 pcssn 1.1.1 gt", "gta 51 pcssn 1.1.1 pcssn ssn 8",
			"cs7 gtt selector SENDER tt 7 gti 4 np 1 nai 4", "calling-address", "incoming-linkset B",
			"gta 4917 pcssn 2.2.2 gt", "gta none pcssn 3.3.3 gt", "end")

		a.want("test cs7 gtt 262011234567890 np 6 ssn 6", "selector        IMSI (gti 4 tt 0 np 6 nai 4), 2 entries",
			"conversion      E212_E214 before: looked up as 491711234567890", "entry           gta 4917",
			"group           G, multiplicity cost", "  * pc 2.2.2             cost 1   available",
			"    pc 3.3.3             cost 2   available",
			"leaves as       UDT to 2.2.2, route on SSN: gti 4 tt 0 np 7 nai 4 digits 491711234567890, SSN 6",
			"route           linkset B")
		a.want("test cs7 gtt 44 np 6", "leads to        asname NONE: no such application server",
			"NOT RELAYED: application server not active; the sender would be told cause 5, MTP failure")
		a.want("test cs7 gtt 49123", "leaves as       UDT to 2.2.2, route on GT: gti 4 tt 0 np 1 nai 3 digits 123, SSN 14")
		a.want("test cs7 gtt 50", "NOT RELAYED: translation leads back to where it came from; the sender would be told "+
			"cause 7")
		a.want("test cs7 gtt 51 ssn 3", "NOT RELAYED: subsystem unequipped here; the sender would be told cause 4")
		a.want("test cs7 gtt 12 tt 7 calling 49171 from B", "looked up       the calling address's digits: 49171",
			"entry           gta 4917")
		a.want("test cs7 gtt 12 tt 7 from B", "entry           gta none (the default)", "leaves as       UDT to 3.3.3")
		a.want("test cs7 gtt 12 tt 7 calling 49171", "no selector serves this nature of address")
		a.want("test cs7 gtt 12 calling 1x", "'x' is no digit")
		a.want("test cs7 gtt 49 from NOSUCH", "there is no linkset NOSUCH")
		a.want("ping gt 53 tt 4", "Returned by this node: no translation for an address of such nature. `test cs7 gtt 53 "+
			"tt 4` says why.")

		// Where it is translated again a UDT gets a hop counter, if that is allowed and the point
		// takes one.
		a.run("configure terminal", "cs7 sccp-allow-pak-conv", "end")
		a.want("test cs7 gtt 49123", "leaves as       XUDT to 2.2.2")
		a.run("configure terminal", "cs7 sccp format 2.2.2 udt-only", "end")
		a.want("test cs7 gtt 49123", "leaves as       UDT to 2.2.2")
	})
}
