package m2ua

import (
	"bytes"
	"encoding/hex"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

// Vectors that Wireshark decodes as named.
func TestCodecData(t *testing.T) {
	for _, c := range []struct {
		hex string
		l   Label
		tag uint32 // Correlation Id; 0: none
		m   ss7.MSU
	}{
		{"01000601 00000020 00010008 00000001 0300000d 8523936432 23010900 000000",
			Label{Interface: Interface{ID: 1}, Variant: ss7.ITU}, 0,
			ss7.MSU{DPC: 0x1323, OPC: 0x0992, SLS: 3, NI: ss7.National, SI: ss7.ISUP, Payload: unhex("23010900")}},
		{"01000601 00000028 0003000a 45786368 4131 0000 0300000a 8300000000ff 0000 0013000800000007",
			Label{Interface: Interface{Text: "ExchA1"}, Variant: ss7.ITU}, 7,
			ss7.MSU{NI: ss7.National, SI: ss7.SCCP, Payload: unhex("ff")}},
		{"01000601 0000001c 00010008 00000009 0301000c c7 b3 0200 0100 05 aa",
			Label{Interface: Interface{ID: 9}, Variant: ss7.TTC, TTC: true}, 0,
			ss7.MSU{DPC: 2, OPC: 1, SLS: 5, NI: ss7.National, Prio: 3, SI: ss7.SCCP, Payload: unhex("aa")}},
	} {
		b := unhex(c.hex)
		var d Data
		if e := ParseData(b, &d); e != nil {
			t.Errorf("%s: %v", c.hex, e)
			continue
		}
		if d.ID != c.l.Interface.ID || string(d.Text) != c.l.Interface.Text || d.HasCorrelation != (c.tag != 0) ||
			d.Correlation != c.tag {
			t.Errorf("%s: %+v", c.hex, d)
		}
		if m, err := c.l.Variant.ParseMSU(d.PDU); err != nil || !reflect.DeepEqual(m, c.m) {
			t.Errorf("%s: %+v, %v", c.hex, m, err)
		}
		out := c.l.Append(nil, &c.m)
		if c.tag != 0 {
			out = c.l.AppendTagged(nil, &c.m, c.tag)
		}
		if !bytes.Equal(out, b) {
			t.Errorf("%+v: %x, want %x", c.m, out, b)
		}
		if m, e := Grammar.Parse(b); e != nil || m.Type != DATA {
			t.Errorf("grammar: %v", e)
		}
	}
}

func TestCodecMessages(t *testing.T) {
	one := Interface{ID: 1}
	for _, c := range []struct {
		hex string
		m   Message
	}{
		{"01000602 00000010 0001000800000001", Message{Type: EstablishReq, Interface: one}},
		{"01000603 00000010 0001000800000001", Message{Type: EstablishCfm, Interface: one}},
		{"01000604 00000010 0003000761626300", Message{Type: ReleaseReq, Interface: Interface{Text: "abc"}}},
		{"01000605 00000010 0001000800000001", Message{Type: ReleaseCfm, Interface: one}},
		{"01000606 00000010 0001000800000001", Message{Type: ReleaseInd, Interface: one}},
		{"01000607 00000018 0001000800000001 0302000800000007", Message{Type: StateReq, Interface: one, State: Audit}},
		{"01000608 00000018 0001000800000001 0302000800000000", Message{Type: StateCfm, Interface: one, State: OutageSet}},
		{"01000609 00000018 0001000800000001 0303000800000002", Message{Type: StateInd, Interface: one,
			Event: RemoteOutageExit}},
		{"0100060a 00000018 0001000800000001 0306000800000001", Message{Type: RetrievalReq, Interface: one,
			Action: ActionBSN}},
		{"0100060a 00000020 0001000800000001 0306000800000002 0307000800abcdef",
			Message{Type: RetrievalReq, Interface: one, Action: ActionMessages, Sequence: 0xabcdef, HasSequence: true}},
		{"0100060b 00000028 0001000800000001 0306000800000001 0308000800000000 0307000800000005",
			Message{Type: RetrievalCfm, Interface: one, Action: ActionBSN, Sequence: 5, HasSequence: true}},
		{"0100060c 0000001c 0001000800000001 0300000a830000000012 0000",
			Message{Type: RetrievalInd, Interface: one, PDU: unhex("830000000012")}},
		{"0100060d 00000010 0001000800000001", Message{Type: RetrievalComplete, Interface: one}},
		{"0100060e 00000020 0001000800000001 0304000800000003 0305000800000002",
			Message{Type: CongestionInd, Interface: one, Congestion: 3, Discard: 2, HasDiscard: true}},
		{"0100060f 00000018 0001000800000001 0013000800000007", Message{Type: DataAck, Interface: one, Correlation: 7}},
	} {
		b := unhex(c.hex)
		m, e := Parse(b)
		if e != nil || !reflect.DeepEqual(m, c.m) {
			t.Errorf("%s: %+v, %v", c.hex, m, e)
		}
		if out := Append(nil, &c.m, false); !bytes.Equal(out, b) {
			t.Errorf("%+v: %x, want %x", c.m, out, b)
		}
	}
}

func TestCodecRegistration(t *testing.T) {
	keys := []Registration{{LocalID: 7, Key: LinkKey{3, 4}}, {LocalID: 8, Key: LinkKey{5, 6}}}
	b := AppendRegistrations(nil, keys)
	m, e := Grammar.Parse(b)
	if e != nil {
		t.Fatal(e)
	}
	if got, e := ParseRegistrations(m); e != nil || !reflect.DeepEqual(got, keys) {
		t.Errorf("%+v, %v", got, e)
	}
}

// What each fault is answered with (RFC 3331 §3.3.3.1), and the diagnostic information
// is the head of the message.
func TestFaultsOfMessages(t *testing.T) {
	for _, c := range []struct {
		hex  string
		code xua.Code
	}{
		{"02000602 00000010 0001000800000001", xua.InvalidVersion},
		{"01000702 00000008", xua.UnsupportedClass},
		{"01000610 00000010 0001000800000001", xua.UnsupportedType},
		{"01000602 00000014 0001000800000001", xua.ProtocolError},
		{"01000602 00000008", xua.MissingParameter},
		{"01000607 00000018 0302000800000007 0001000800000001", xua.MissingParameter}, // §3.2: the identifier first
		{"01000607 00000010 0001000800000001", xua.MissingParameter},
		{"01000607 00000018 0001000800000001 030200080000000b", xua.InvalidParameterValue},
		{"01000609 00000018 0001000800000001 0303000800000005", xua.InvalidParameterValue},
		{"0100060a 00000018 0001000800000001 0306000800000003", xua.InvalidParameterValue},
		{"0100060e 00000018 0001000800000001 0304000800000004", xua.InvalidParameterValue},
		{"0100060c 00000010 0001000800000001", xua.MissingParameter},
		{"01000607 00000018 0001000800000001 0302000900000007", xua.ParameterFieldError},
		{"01000602 00000018 0001000800000001 0001000800000001", xua.UnexpectedParameter},
	} {
		b := unhex(c.hex)
		if _, e := Parse(b); e == nil || e.Code != c.code {
			t.Errorf("%s: %v, want %v", c.hex, e, c.code)
		} else if !bytes.Equal(e.Diag, b) {
			t.Errorf("%s: diagnostic %x", c.hex, e.Diag)
		}
	}
	var d Data
	for _, c := range []struct {
		hex  string
		code xua.Code
	}{
		{"01000601 00000010 0001000800000001", xua.MissingParameter},
		{"01000601 00000018 0300000783000000 0001000800000001", xua.UnexpectedParameter},
		{"01000601 00000014 0001000800000001 03000004", xua.ParameterFieldError},
		{"01000601 00000020 0001000800000001 0300000583000000 0300000583000000", xua.UnexpectedParameter},
		{"01000601 00000018 0001000800000001 0300000983000000", xua.ParameterFieldError},
	} {
		if e := ParseData(unhex(c.hex), &d); e == nil || e.Code != c.code {
			t.Errorf("%s: %v, want %v", c.hex, e, c.code)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"01000601 00000020 00010008 00000001 0300000d 8523936432 23010900 000000",
		"01000607 00000018 0001000800000001 0302000800000007",
		"0100060b 00000028 0001000800000001 0306000800000001 0308000800000000 0307000800000005",
		"01000a01 00000024 0309001c 030a000800000007 030b000800000003 030c000800000004",
		"01000a02 00000024 030d001c 030a000800000007 030e000800000000 0001000800000004",
		"0100060f 00000018 0001000800000001 0013000800000009"} {
		f.Add(unhex(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var d Data
		if ParseData(b, &d) == nil {
			if len(d.PDU) == 0 {
				t.Error("Data without an MSU is taken")
			}
		}
		ReadDataAck(b)
		if x, e := Grammar.Parse(b); e == nil && (x.Type == REGRsp || x.Type == DEREGRsp) {
			_, _ = ParseResults(x)
		}
		m, e := Parse(b)
		if e == nil && IsMAUP(b) && !IsData(b) {
			out := Append(nil, &m, false)
			again, e := Parse(out)
			if e != nil || !bytes.Equal(Append(nil, &again, false), out) {
				t.Errorf("%x becomes %x: %v", b, out, e)
			}
		}
		if x, e := Grammar.Parse(b); e == nil && x.Type == REGReq {
			if keys, e := ParseRegistrations(x); e == nil {
				keys = slices.DeleteFunc(keys, func(k Registration) bool { return k.Bad != RegOK }) // not kept whole
				if len(keys) == 0 {
					return
				}
				y, e := Grammar.Parse(AppendRegistrations(nil, keys))
				if e != nil {
					t.Error(e)
				}
				if again, e := ParseRegistrations(y); e != nil || !reflect.DeepEqual(keys, again) {
					t.Errorf("%v, %v, %v", keys, again, e)
				}
			}
		}
	})
}

// A text that a far end chose as an interface identifier is shown in quotes and without
// what a terminal or a log would obey.
func TestTextIdentifiersAreShownHarmless(t *testing.T) {
	for text, want := range map[string]string{
		"E1-7": "E1-7", "a\x1b[2J\n*Jan 01": `"a\x1b[2J\n*Jan 01"`, "E1 is in service": `"E1 is in service"`,
	} {
		s := span{text: text}
		if got := (Interface{Text: text}).String(); got != want || s.String() != want {
			t.Errorf("%q: %s and %s, not %s", text, got, s.String(), want)
		}
	}
}
