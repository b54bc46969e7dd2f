package m3ua

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/gostp/gostp/internal/clauses"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// must is each MUST and SHALL of RFC 4666 that concerns a gateway, an ASP or an IPSP, and the
// tests that would fail without it: here, in xua (which has what all layers share) or in
// node. The purposes of ETSI TS 102 381 were not to be had, so that tests have the clauses'
// numbers. Two are not in it: §3.6.1 of keys for all network appearances, because an ASP of
// this program is of one network; §6, because the protection of what RFC 3788 asks for
// (IPsec, TLS) is the host's.
var must = []clauses.Clause{
	{"1.4.3.2", "network management stays in its own network: from ASPs", "TestHostileData"},
	{"1.4.3.2", "the same to ASPs", "TestClause1432NoManagementInData"},
	{"1.4.7, 4.1.1", "no DATA on stream 0", "TestStream TestSlackOfData"},
	{"3.1", "network byte order", "TestCodecData TestCodecSSNM TestCodecRKM TestCodec"},
	{"3.1.4", "the length counts padding", "TestClause314Length"},
	{"3.2", "pad to four octets, with at most three; ignore padding", "TestClause32Padding"},
	{"3.3.1", "the format of DATA", "TestCodecData FuzzParse"},
	{"3.3.1", "the network appearance stands first", "TestClause331AppearanceFirst"},
	{"3.3.1", "a routing context where there are several", "TestClause331RoutingContext TestSlackOfData"},
	{"3.4.1", "the same in DUNA and its like", "TestTell TestAudit"},
	{"3.5.5, 4.3.4.6", "BEAT is answered, its data unchanged", "TestBeatIsEchoed"},
	{"3.6.2", "a result for each routing key, at least one", "TestRegistration TestRegisteredLife TestClause362Results"},
	{"3.6.4", "a result for each routing context, at least one", "TestRegisteredLife TestClause362Results"},
	{"3.8.1", "no ERR for an ERR", "TestErrIsNotAnswered"},
	{"3.8.1", "40 octets of a message of unknown class or type", "TestParseErrors"},
	{"3.8.1", "the point code whose status is not told", "TestAuditIsBounded"},
	{"3.8.1", "the invalid network appearance", "TestSSNMRefused TestClause381NetworkAppearance"},
	{"3.8.1", "the invalid routing context", "TestSSNMRefused TestASPActive TestASPInactive"},
	{"3.8.2", "NTFY names the alternate and the failed ASP", "TestOverride TestFailureNamesTheASP"},
	{"4.3", "IPSP, single exchange", "TestBackToBack TestMatrixIPSP"},
	{"4.3.4.1", "ASPUP is acknowledged, also when up", "TestASPUp"},
	{"4.3.4.1.2, 4.3.4.3.1, 4.3.4.4.1", "IPSP, double exchange: each end asks and answers", "TestBackToBack"},
	{"4.3.4.2", "ASPDN ends registrations", "TestRegistrationsEnd"},
	{"4.3.4.2", "ASPDN is acknowledged, also when down", "TestClause4342DownAlready"},
	{"4.3.4.3", "ASPAC Ack has the routing contexts that were asked for", "TestASPActive"},
	{"4.3.4.3", "ASPAC for what is configured or registered is acknowledged", "TestASPActive TestRegisteredLife"},
	{"4.3.4.3", "for what is not: No Configured AS for ASP", "TestASPActive"},
	{"4.3.4.3", "without a routing context where one is needed: Missing Parameter", "TestASPActive"},
	{"4.3.4.3", "without one where none is needed: acknowledged", "TestASPActive"},
	{"4.3.4.3", "ASPAC is acknowledged, also when active", "TestASPActive"},
	{"4.3.4.3", "the overridden ASP is told", "TestOverride"},
	{"4.3.4.3", "an ASP that is told so is inactive", "TestClause4343Overridden"},
	{"4.3.4.3", "the first DATA of a flow after an ASP joined a broadcast is tagged", "TestBroadcast"},
	{"4.3.4.4", "ASPIA is answered: the routing contexts that are its own, all without any",
		"TestASPInactive TestPicturesAndAcks"},
	{"4.3.4.4", "ASPIA for what is not: Invalid Routing Context", "TestASPInactive"},
	{"4.3.4.4", "ASPIA without any, and nothing there: No Configured AS for ASP", "TestASPActive"},
	{"4.3.4.4", "ASPIA is acknowledged, also when inactive", "TestASPInactive"},
	{"4.3.4.4", "AS-PENDING is told to the inactive", "TestRecovery"},
	{"4.3.4.5", "every change of the AS is told to all that are not down",
		"TestNPlusK TestRecovery TestFailureNamesTheASP"},
	{"4.3.4.5", "after the Ack", "TestASPUp TestASPActive TestASPInactive"},
	{"4.4.1", "the routing context of a key that is registered already", "TestRegistration TestRegisteredLife"},
	{"7.1", "payload protocol 3, and none that is another's", "TestSlackOfData"},
	{"7.3.2", "a type that is not known: Unsupported Message Type", "TestParseErrors"},
}

// Every test that the table names is there.
func TestClausesHaveTests(t *testing.T) {
	clauses.Check(t, "RFC 4666", must, ".", "../xua", "../node")
}

// everyMessage is one of each that this package writes, with and without what is optional.
func everyMessage() [][]byte {
	var out [][]byte
	for _, full := range []bool{false, true} {
		l := Label{}
		s := SSNM{Affected: []uint32{1, 2}, User: ss7.SCCP}
		r := Registration{LocalID: 1, Key: key(Term{DPC: one(5)})}
		if full {
			l = Label{NA: 1, HasNA: true, RC: 2, HasRC: true}
			s.NA, s.HasNA, s.RCs, s.Concerned, s.HasConcerned, s.Level, s.HasLevel = 1, true, []uint32{2, 3}, 4, true, 1, true
			r.Mode, r.RC, r.HasRC, r.Key.NA, r.Key.HasNA = 2, 3, true, 1, true
			r.Key.Terms = append(r.Key.Terms,
				Term{DPC: one(6), SIs: sccpSI | isupSI | 1<<4, OPCs: []ss7.Range{one(1), one(2)}},
				Term{DPC: one(7), SIs: isupSI, Circuits: circuits(one(9), 1, 31)})
		}
		for n := range 5 {
			m := ss7.MSU{SI: ss7.SCCP, Payload: make([]byte, n)}
			out = append(out, l.Append(nil, &m), l.AppendTagged(nil, &m, 7))
		}
		for s.Type = DUNA; s.Type <= DRST; s.Type++ {
			x := s
			if x.Type == DUPU {
				x.Affected = x.Affected[:1]
			}
			out = append(out, AppendSSNM(nil, &x))
		}
		out = append(out, AppendRegistrations(nil, []Registration{r, r}, 14))
	}
	for _, typ := range []xua.Type{REGRsp, DEREGRsp} {
		out = append(out, AppendResults(nil, typ, []Result{{LocalID: 1, RC: 2}, {LocalID: 3, Status: 4}}))
	}
	return out
}

// §3.1.4: "The Message Length MUST include parameter padding octets, if there are any."
func TestClause314Length(t *testing.T) { clauses.Length(t, Grammar, everyMessage()) }

// §3.2: "A sender MUST NOT pad with more than 3 octets. The receiver MUST ignore the padding
// octets."
func TestClause32Padding(t *testing.T) { clauses.Padding(t, Grammar, everyMessage()) }

// §3.3.1: "Where the optional Network Appearance parameter is present, it MUST be the first
// parameter in the message".
func TestClause331AppearanceFirst(t *testing.T) {
	seen := 0
	for _, b := range everyMessage() {
		m, e := Grammar.Parse(b)
		if e != nil {
			t.Fatalf("%x: %v", b, e)
		}
		if _, there := m.Params.Uint32(tagNA); !there {
			continue
		}
		seen++
		if tag := binary.BigEndian.Uint16(b[8:]); tag != tagNA {
			t.Errorf("%s begins with parameter %#04x", m.Name, tag)
		}
	}
	if seen < 16 { // DATA ten times, each of six about destinations
		t.Errorf("only %d messages have one", seen)
	}
}

// §3.3.1: "the Routing Context MUST be sent to identify the traffic flow", where an
// association has several. It always is, unless the far end is told not to want it.
func TestClause331RoutingContext(t *testing.T) {
	l := gateway(t, nil)
	for as, rc := range map[ss7.PathID]uint32{100: 10, 101: 11} {
		to, ok := l.Gate(2).To(as)
		if !ok || !to.HasRC || to.RC != rc {
			t.Errorf("AS %d: %+v", as, to)
		}
	}
}

// §3.6.2: "anywhere from one to the total number of" keys asked for, in all responses
// together one each; §3.6.4 the same of routing contexts.
func TestClause362Results(t *testing.T) {
	l := gateway(t, nil)
	var regs []Registration
	var rcs []uint32
	for i := range uint32(16) {
		regs = append(regs, Registration{LocalID: i, Key: key(Term{DPC: one(ss7.PC(300 + i%12))})})
		rcs = append(rcs, i)
	}
	count := func(typ xua.Type, b []byte, ids func(Result) uint32) {
		seen := map[uint32]int{}
		for _, a := range l.rx(1, b) {
			if a.Op != ss7.Send {
				continue
			}
			m, e := Grammar.Parse(a.Wire)
			if e != nil || m.Type != typ {
				continue
			}
			results, e := ParseResults(m)
			if e != nil || len(results) == 0 || len(results) > 16 {
				t.Errorf("%s of %d results, %v", m.Name, len(results), e)
			}
			for _, r := range results {
				seen[ids(r)]++
			}
		}
		for i := range uint32(16) {
			if seen[i] != 1 {
				t.Errorf("%v: %d results for %d", typ, seen[i], i)
			}
		}
	}
	count(REGRsp, AppendRegistrations(nil, regs, 14), func(r Result) uint32 { return r.LocalID })
	count(DEREGRsp, wire(DEREGReq, rcs...), func(r Result) uint32 { return r.RC })
}

// §3.8.1: "the invalid (unconfigured) Network Appearance MUST be included", for DATA too.
func TestClause381NetworkAppearance(t *testing.T) {
	l := gateway(t, nil)
	b := (&Label{NA: 9, HasNA: true, RC: 10, HasRC: true}).Append(nil, &ss7.MSU{DPC: 7 << 11, SI: ss7.SCCP})
	var d Data
	_, r, e := l.Gate(1).Recv(1, PPID, b, &d)
	if r != BadNA || e == nil {
		t.Fatalf("%v %v", r, e)
	}
	if got, want := told(1, clone(l.Refuse(epoch, 1, e, nil))),
		fmt.Sprint("ERR NA 9 ", xua.InvalidNetworkAppearance); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
