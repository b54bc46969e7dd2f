package m2ua

import (
	"slices"
	"testing"

	"github.com/gostp/gostp/internal/clauses"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// must is each MUST and SHALL of RFC 3331 that concerns a gateway or an ASP, and the tests
// that would fail without it: here, in xua (which has what all layers share) or in node. The
// purposes of ETSI TS 102 380 were not to be had, so that tests have the clauses' numbers.
var must = []clauses.Clause{
	{"1.5.1", "map interface identifiers to links and to associations, and keep it through fail-over",
		"TestGate TestActiveForSome TestM2UAFailover"},
	{"1.5.3", "keep the states of ASPs", "TestUpAndActive TestOverride"},
	{"3.1", "network byte order", "TestCodecData TestCodecMessages"},
	{"3.1.5", "the length counts padding, and is not beyond the message", "TestClause315Length"},
	{"3.1.6", "mandatory parameters before optional ones", "TestClause316MandatoryFirst"},
	{"3.1.6", "pad to four octets, with at most three; ignore padding", "TestClause316Padding"},
	{"3.2", "the identifier stands first; integers are understood", "TestActiveForSome TestGate"},
	{"3.3.1.1", "protocol data is no longer than MTP2's user may send", "TestClause3311TooLong"},
	{"3.3.1.2", "Data Ack if there was a Correlation Id, else not: as ASP", "TestDataAck"},
	{"3.3.1.2", "the same as gateway; its format", "TestM2UAClause3312DataAck TestCodecMessages"},
	{"3.3.1.8", "congestion is told, as it changes, not too often", "TestGatewayCongestion"},
	{"3.3.1.12", "the PDU of Retrieval Complete is the last", "TestRetrieval"},
	{"3.3.2.1", "an ASP Identifier where the gateway needs it", "TestClause3321ASPIdentifier"},
	{"3.3.2.6", "BEAT is answered, unchanged", "TestWhatIsUnexpected TestBeatIsEchoed"},
	{"3.3.2.7", "ASPAC with integers is understood", "TestActiveForSome TestActiveForRanges"},
	{"3.3.3.1", "no ERR for an ERR", "TestWhatIsUnexpected TestErrIsNotAnswered"},
	{"3.3.3.1", "an invalid identifier stands in its ERR", "TestActiveForRanges TestActiveForText"},
	{"3.3.3.2", "NTFY names the alternate and the failed ASP", "TestClause3332NotifyNames TestFailureNamesTheASP"},
	{"3.3.4.1", "Local-LK-Identifiers differ until they are answered", "TestRegistrationAsASP"},
	{"4.1.1", "fields of the headers are right", "TestCodecData TestCodecMessages TestM2UACapturedCodec"},
	{"4.3.4.1", "ASPUP is acknowledged, also when up", "TestUpAndActive TestASPUp"},
	{"4.3.4.1", "an ASP waits for the Ack before it sends anything else", "TestAsASP TestClause4341NothingBeforeUpAck"},
	{"4.3.4.2", "ASPDN ends registrations", "TestClause4342Unregistered TestRegistrationsEnd"},
	{"4.3.4.2", "ASPDN is acknowledged, also when down", "TestUpAndActive"},
	{"4.3.4.3", "ASPAC Ack has the identifiers that were asked for", "TestActiveForSome TestActiveForRanges"},
	{"4.3.4.3", "an ERR for each invalid identifier", "TestActiveForRanges"},
	{"4.3.4.3", "ASPAC is acknowledged, also when active", "TestActiveForSome"},
	{"4.3.4.3", "the overridden ASP is told", "TestOverride"},
	{"4.3.4.3", "an ASP that is told so is inactive", "TestAsASP"},
	{"4.3.4.3", "the first Data of a stream after an ASP joined a broadcast is tagged", "TestM2UABroadcast TestBroadcast"},
	{"4.3.4.4", "ASPIA is acknowledged, also when inactive", "TestClause4344InactiveAlready"},
	{"4.3.4.4", "AS-PENDING is notified to the inactive", "TestOverride"},
	{"4.3.4.5", "every change of the AS is notified, after the Ack, to all that are not down",
		"TestUpAndActive TestOverride"},
	{"4.3.4.5", "insufficient resources are notified in load-share and broadcast", "TestNPlusK"},
	{"4.3.4.6", "heartbeat data come back unchanged", "TestBeatIsEchoed"},
	{"4.4.1", "an identifier is unique", "TestM2UAIdentifiersAreUnique TestRegistrationAsASP"},
	{"4.4.2", "a link key stays while ASPs are left", "TestClause442KeyStays"},
	{"4.4.2", "one DEREG RSP for all identifiers of a DEREG REQ", "TestClause442OneResponse TestRegistration"},
	{"8.2.2", "an unknown type is answered with ERR", "TestWhatIsUnexpected"},
}

// Every test that the table names is there.
func TestClausesHaveTests(t *testing.T) {
	clauses.Check(t, "RFC 3331", must, ".", "../xua", "../node", "../configs")
}

// everyMessage is one of each that this package writes, with all its parameters.
func everyMessage() [][]byte {
	var out [][]byte
	for _, id := range []Interface{{ID: 1}, {Text: "E"}, {Text: "E1"}, {Text: "E12"}, {Text: "E123"}} {
		for typ := firstMAUP + 1; typ <= last; typ++ {
			m := Message{Type: typ, Interface: id, State: Audit, Event: 1, Congestion: 1, Discard: 1, HasDiscard: true,
				Action: ActionBSN, Sequence: 5, HasSequence: true, Correlation: 9, PDU: unhex("830000000011")}
			out = append(out, Append(nil, &m, false), Append(nil, &m, true))
		}
		for _, ttc := range []bool{false, true} {
			l := Label{Interface: id, Variant: ss7.ITU, TTC: ttc}
			for n := range 5 {
				out = append(out, l.AppendTagged(nil, &ss7.MSU{SI: ss7.SCCP, Payload: make([]byte, n)}, 7))
			}
		}
	}
	return append(out, AppendRegistrations(nil, []Registration{{LocalID: 1, Key: LinkKey{1, 2}}}))
}

// §3.1.5: "The Message Length MUST include parameter padding bytes, if any" and "MUST NOT be
// longer than" the message.
func TestClause315Length(t *testing.T) { clauses.Length(t, Grammar, everyMessage()) }

// §3.1.6: "Mandatory parameters MUST be placed before optional parameters in a message."
func TestClause316MandatoryFirst(t *testing.T) {
	for _, b := range everyMessage() {
		m, e := Grammar.Parse(b)
		if e != nil {
			t.Errorf("%x: %v", b, e)
			continue
		}
		must := map[uint16]bool{tagID: true, tagText: true, tagPDU: true, tagTTC: true} // the header, and one of the two
		for _, f := range Grammar[m.Type].Fields {
			must[f.Tag] = must[f.Tag] || f.Must
		}
		optional := false
		for p := m.Params; ; {
			tag, _, rest, ok := p.Cut()
			if !ok {
				break
			}
			if p = rest; must[tag] && optional {
				t.Errorf("%s: mandatory parameter %#04x stands after an optional one", m.Name, tag)
			}
			optional = optional || !must[tag]
		}
	}
}

// §3.1.6: "A sender MUST NOT pad with more than 3 bytes. The receiver MUST ignore the padding
// bytes."
func TestClause316Padding(t *testing.T) { clauses.Padding(t, Grammar, everyMessage()) }

// §3.3.1.1: "The length of the Protocol Data and TTC Protocol Data MUST NOT exceed the length
// of a MTP2-User application message".
func TestClause3311TooLong(t *testing.T) {
	r := newRig(t)
	r.up()
	r.want("the longest", text(r.l.Transfer(r.now, &ss7.MSU{SI: ss7.SCCP, Payload: make([]byte, maxPDU-5)}, nil)), "Data")
	r.want("longer", text(r.l.Transfer(r.now, &ss7.MSU{SI: ss7.SCCP, Payload: make([]byte, maxPDU-4)}, nil)), "discard")
	if full, _, _ := r.l.Refused(); full != 1 {
		t.Errorf("%d are counted", full)
	}
	var d Data
	if e := ParseData(one.Append(nil, &ss7.MSU{SI: ss7.SCCP, Payload: make([]byte, maxPDU)}), &d); e == nil ||
		e.Code != xua.ParameterFieldError {
		t.Errorf("one that comes: %v", e)
	}
}

const up5 = "01000301 00000010 0011000800000005"

// §3.3.2.1: "The ASP Identifier MUST be used where the SGP cannot identify the ASP by
// pre-configured address/port number information".
func TestClause3321ASPIdentifier(t *testing.T) {
	f := newField(t, func(c *Config) { c.ASPs[0].NeedID = true })
	f.rx(1, up, "1<ERR 0xe")
	f.rx(1, up5, "1<ASPUP Ack, 1<NTFY AS-INACTIVE i1 i2 i5, 1<NTFY AS-INACTIVE iE1")
}

// §3.3.3.2: "The ASP Identifier (if available) of the Alternate ASP MUST be placed in the
// message", and that of the failed one.
func TestClause3332NotifyNames(t *testing.T) {
	f := newField(t, nil)
	f.l.Recv(f.now, 1, PPID, unhex(up), nil)
	f.l.Recv(f.now, 1, PPID, unhex(ac1), nil)
	f.l.Recv(f.now, 2, PPID, unhex(up5), nil)
	named := func(what string, out []ss7.Action, status xua.Status) {
		t.Helper()
		for _, a := range out {
			m, e := Grammar.Parse(a.Wire)
			if s, _ := m.Params.Uint32(xua.TagStatus); a.Op != ss7.Send || e != nil || m.Type != xua.NTFY ||
				xua.Status(s) != status {
				continue
			}
			if id, ok := m.Params.Uint32(xua.TagASPID); !ok || id != 5 {
				t.Errorf("%s: NTFY names ASP %d, %v", what, id, ok)
			}
			return
		}
		t.Errorf("%s: no NTFY in %s", what, text(out))
	}
	named("alternate", f.l.Recv(f.now, 2, PPID, unhex(ac1), nil), xua.NotifyAlternate)
	named("failed", f.l.Do(f.now, ss7.Event{Kind: ss7.CommLost, Path: 2, Why: "gone"}, nil), xua.NotifyFailure)
}

// §4.3.4.1: "The ASP MUST wait for the ASP Up Ack message before sending any other M2UA
// messages".
func TestClause4341NothingBeforeUpAck(t *testing.T) {
	c := Config{ASPs: []ASPConfig{{ASPConfig: xua.ASPConfig{Path: 1, Name: "SG", Role: xua.RoleASP}}}, ASs: []ASConfig{{
		ASConfig:   xua.ASConfig{Path: 20, Name: "link", Members: []xua.MemberConfig{{ASP: 1, Weight: 1}}},
		Interfaces: []InterfaceConfig{{Label: one, Path: 20}}}}}
	f := &field{t, New(), epoch}
	f.l.Configure(f.now, c, nil)
	f.l.Do(f.now, ss7.Event{Kind: ss7.CommUp, Path: 1}, nil)
	for range 5 {
		f.now = f.l.Deadline()
		if got := text(f.l.Tick(f.now, nil)); got != "1<ASPUP" {
			t.Errorf("without an answer: %s", got)
		}
	}
	r := newRig(t) // and a link says nothing until its ASP is active
	r.do(ss7.CommLost, "")
	r.do(ss7.Start, "")
	r.do(ss7.LocalOutage, "")
}

// §4.3.4.2: an ASP that goes down is unregistered everywhere.
func TestClause4342Unregistered(t *testing.T) {
	f := newField(t, nil)
	req := AppendRegistrations(nil, []Registration{{LocalID: 9, Key: LinkKey{3, 4}}})
	f.l.Recv(f.now, 1, PPID, unhex(up), nil)
	f.l.Recv(f.now, 1, PPID, req, nil)
	f.rx(1, dn, "1<ASPDN Ack")
	if is, _, _ := f.l.x.Member(1, 12); is {
		t.Error("still registered")
	}
}

// §4.3.4.4: "The SGP MUST send an ASP Inactive Ack message in response to a received ASP
// Inactive message from the ASP and the ASP is already marked as ASP-INACTIVE".
func TestClause4344InactiveAlready(t *testing.T) {
	f := newField(t, nil)
	f.l.Recv(f.now, 1, PPID, unhex(up), nil)
	f.rx(1, ia, "1<ASPIA Ack")
	f.rx(1, "01000402 00000010 0001000800000001", "1<ASPIA Ack i1")
	f.rx(1, "01000402 00000010 0001000800000009", "1<ERR 0x2 i9")
}

// §4.4.2: while ASPs are left "the Link Key data CANNOT be deleted", nor is it after the last.
func TestClause442KeyStays(t *testing.T) {
	f := newField(t, func(c *Config) { c.ASPs[1].Register = true })
	req := string(hexOf(AppendRegistrations(nil, []Registration{{LocalID: 9, Key: LinkKey{3, 4}}})))
	const dereg = "01000a03 00000010 0001000800000007"
	for _, path := range []ss7.PathID{1, 2} {
		f.l.Recv(f.now, path, PPID, unhex(up), nil)
		f.l.Recv(f.now, path, PPID, unhex(req), nil)
	}
	f.rx(1, dereg, "1<DEREG RSP")
	if is, _, _ := f.l.x.Member(2, 12); !is {
		t.Error("the other ASP went with it")
	}
	f.rx(2, dereg, "2<DEREG RSP")
	f.rx(1, req, "1<REG RSP, 1<NTFY AS-INACTIVE i7")
}

// §4.4.2: "The SGP MUST respond to each deregistration request in a single DEREG RSP message,
// indicating the success or failure result for each Interface Identifier".
func TestClause442OneResponse(t *testing.T) {
	f := newField(t, nil)
	f.l.Recv(f.now, 1, PPID, unhex(up), nil)
	f.l.Recv(f.now, 1, PPID, AppendRegistrations(nil, []Registration{{LocalID: 9, Key: LinkKey{3, 4}}}), nil)
	out := f.l.Recv(f.now, 1, PPID, unhex("01000a03 00000018 00010010 000000070000000900000001"), nil)
	m, e := Grammar.Parse(out[0].Wire)
	if e != nil || m.Type != DEREGRsp {
		t.Fatal(text(out), e)
	}
	got, e := ParseResults(m)
	want := []Result{{Interface: Interface{ID: 7}, Status: DeregOK},
		{Interface: Interface{ID: 9}, Status: DeregInvalidID}, {Interface: Interface{ID: 1}, Status: DeregNotRegistered}}
	if e != nil || !slices.Equal(got, want) {
		t.Errorf("%+v, %v", got, e)
	}
}

// §3.3.4.2: identifiers of more than 14 bits (§3.3.4.1) are refused as what they are.
func TestClause3342InvalidIdentifiers(t *testing.T) {
	f := newField(t, nil)
	f.l.Recv(f.now, 1, PPID, unhex(up), nil)
	for hex, want := range map[string]RegStatus{"00004000 030c0008 00000001": RegInvalidSDT,
		"00000001 030c0008 00014000": RegInvalidSDL, "00000003 030c0008 00000004": RegOK,
		"00000003 030c0008 00000005": RegNotProvisioned} {
		out := f.l.Recv(f.now, 1, PPID, unhex("01000a01 00000024 0309001c 030a0008 00000007 030b0008"+hex), nil)
		i := slices.IndexFunc(out, func(a ss7.Action) bool { return a.Op == ss7.Send })
		m, _ := Grammar.Parse(out[i].Wire)
		if got, e := ParseResults(m); e != nil || len(got) != 1 || got[0].Status != uint32(want) || got[0].LocalID != 7 {
			t.Errorf("%s: %+v %v, want %v", hex, got, e, want)
		}
	}
}
