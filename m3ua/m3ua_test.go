package m3ua

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

var epoch = time.Unix(1000, 0)

func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

func one(pc ss7.PC) ss7.Range { return ss7.Range{PC: pc, Len: 14} }

func key(terms ...Term) Key { return Key{Terms: terms} }

// Vectors that Wireshark decodes as named.
func TestCodecData(t *testing.T) {
	for _, c := range []struct {
		hex string
		d   Data
	}{
		{"01000101 0000002c 0200000800000001 000600080000000a 02100014 00000992 00001323 05020003 23010900",
			Data{Label: Label{1, 10, true, true}, MSU: ss7.MSU{OPC: 2450, DPC: 4899, SI: ss7.ISUP, NI: ss7.National, SLS: 3,
				Payload: unhex("23010900")}}},
		{"01000101 00000024 02100011 00000001 00000002 03000300ff 000000 0013000800000007",
			Data{Correlation: 7, HasCorrelation: true, MSU: ss7.MSU{OPC: 1, DPC: 2, SI: ss7.SCCP, Prio: 3,
				Payload: unhex("ff")}}},
		{"01000101 00000018 02100010 00010203 00040506 030203ff",
			Data{MSU: ss7.MSU{OPC: 0x10203, DPC: 0x40506, SI: ss7.SCCP, NI: ss7.National, Prio: 3, SLS: 255,
				Payload: []byte{}}}},
	} {
		b := unhex(c.hex)
		var d Data
		if e := ParseData(b, &d); e != nil || !reflect.DeepEqual(d, c.d) {
			t.Errorf("%s: %+v, %v", c.hex, d, e)
		}
		out := d.Append(nil, &d.MSU)
		if d.HasCorrelation {
			out = d.AppendTagged(nil, &d.MSU, d.Correlation)
		}
		if !bytes.Equal(out, b) {
			t.Errorf("%+v: %x, want %x", d, out, b)
		}
		if m, e := Grammar.Parse(b); e != nil || m.Type != DATA {
			t.Errorf("grammar: %v", e)
		}
	}
}

func TestCodecSSNM(t *testing.T) {
	for _, c := range []struct {
		hex string
		s   SSNM
	}{
		{"01000201 00000018 000600080000000a 0012000800001323", SSNM{Type: DUNA, RCs: []uint32{10},
			Affected: []uint32{4899}}},
		{"01000202 00000018 0200000800000001 0012000803001320", SSNM{Type: DAVA, NA: 1, HasNA: true,
			Affected: []uint32{3<<24 | 0x1320}}},
		{"01000203 00000014 0012000c00000001 00000002", SSNM{Type: DAUD, Affected: []uint32{1, 2}}},
		{"01000204 00000020 0012000800000001 0206000800000002 0205000800000003",
			SSNM{Type: SCON, Affected: []uint32{1}, Concerned: 2, HasConcerned: true, Level: 3, HasLevel: true}},
		{"01000205 00000018 0012000800001323 0204000800020003", SSNM{Type: DUPU, Affected: []uint32{4899}, Cause: 2,
			User: ss7.SCCP}},
		{"01000206 00000010 0012000800000001", SSNM{Type: DRST, Affected: []uint32{1}}},
	} {
		b := unhex(c.hex)
		if c.s.Type == DAUD {
			b = AppendSSNM(nil, &c.s) // the length of the first parameter is 12
		}
		m, e := Grammar.Parse(b)
		if e != nil {
			t.Errorf("%s: %v", c.hex, e)
			continue
		}
		s, e := ParseSSNM(m)
		if e != nil || !reflect.DeepEqual(s, c.s) {
			t.Errorf("%s: %+v, %v", c.hex, s, e)
		}
		if out := AppendSSNM(nil, &s); !bytes.Equal(out, b) {
			t.Errorf("%+v: %x, want %x", s, out, b)
		}
	}
	for name, bad := range map[string]SSNM{
		"DUPU with a mask": {Type: DUPU, Affected: []uint32{1 << 24}, User: 3},
		"SCON at level 4":  {Type: SCON, Affected: []uint32{1}, Level: 4, HasLevel: true},
		"DUPU for user 16": {Type: DUPU, Affected: []uint32{1}, User: 16},
	} {
		m, e := Grammar.Parse(AppendSSNM(nil, &bad))
		if e != nil {
			t.Fatal(e)
		}
		if _, e := ParseSSNM(m); e == nil || e.Code != xua.InvalidParameterValue {
			t.Errorf("%s: %v", name, e)
		}
	}
}

func TestCodecRKM(t *testing.T) {
	regs := []Registration{{LocalID: 1, Key: key(Term{DPC: one(4899), SIs: 1<<3 | 1<<5})}}
	b := unhex("01000901 00000024 0207001c 020a000800000001 020b000800001323 020c000603050000")
	if out := AppendRegistrations(nil, regs, 14); !bytes.Equal(out, b) {
		t.Errorf("%x", out)
	}
	regs = append(regs, Registration{LocalID: 2, RC: 7, HasRC: true, Mode: 2, Key: Key{NA: 3, HasNA: true, Terms: []Term{
		{DPC: one(1), OPCs: []ss7.Range{one(5), one(8)}},
		{DPC: one(2), SIs: 1 << 5, Circuits: circuits(one(9), 1, 31)},
	}}})
	m, e := Grammar.Parse(AppendRegistrations(nil, regs, 14))
	if e != nil {
		t.Fatal(e)
	}
	if got, e := ParseRegistrations(m, 14); e != nil || !reflect.DeepEqual(got, regs) {
		t.Errorf("%+v, %v", got, e)
	}
	for _, typ := range []xua.Type{REGRsp, DEREGRsp} {
		want := []Result{{RC: 10, Status: 0}, {RC: 0, Status: 5}}
		if typ == REGRsp {
			want[0].LocalID = 4
		}
		m, e := Grammar.Parse(AppendResults(nil, typ, want))
		if e != nil {
			t.Fatal(e)
		}
		if got, e := ParseResults(m); e != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%+v, %v", got, e)
		}
	}
}

// Other gateways stop on these inputs. Each has its error code here, and nothing panics.
func TestHostileData(t *testing.T) {
	g := &Gate{Entries: []Entry{{Label: Label{RC: 10, HasRC: true}, AS: 100, Variant: ss7.ITU, Receives: true}}}
	rc := "000600080000000a"
	pd := func(label, payload string) string {
		return fmt.Sprintf("0210%04x%s%s", 4+(len(label)+len(payload))/2, label, payload)
	}
	good := pd("000000010000000203020003", "ffffffff")
	for name, c := range map[string]struct {
		params string
		want   Refusal
		code   xua.Code
	}{
		"good":            {rc + good, Taken, 0},
		"other order":     {good + rc, Taken, 0},
		"SLS 16":          {rc + pd("000000010000000203020010", ""), OutOfRange, xua.InvalidParameterValue},
		"SLS 255":         {rc + pd("0000000100000002030200ff", ""), OutOfRange, xua.InvalidParameterValue},
		"DPC of 24 bits":  {rc + pd("000000010001000203020000", ""), OutOfRange, xua.InvalidParameterValue},
		"OPC of 32 bits":  {rc + pd("ffffffff0000000203020000", ""), OutOfRange, xua.InvalidParameterValue},
		"SI 16":           {rc + pd("000000010000000210020000", ""), Management, xua.InvalidParameterValue},
		"NI as in an SIO": {rc + pd("000000010000000203800000", ""), Malformed, xua.InvalidParameterValue},
		"MP 4":            {rc + pd("000000010000000203020400", ""), Malformed, xua.InvalidParameterValue},
		"SNM":             {rc + pd("000000010000000200020000", ""), Management, xua.InvalidParameterValue},
		"short RC":        {"0006000600010000" + good, Malformed, xua.ParameterFieldError},
		"empty RC":        {"00060004" + good, Taken, 0},
		"two RCs":         {"0006000c0000000a0000000b" + good, Malformed, xua.ParameterFieldError},
		"RC twice":        {rc + rc + good, Malformed, xua.UnexpectedParameter},
		"empty NA":        {"02000004" + rc + good, Malformed, xua.ParameterFieldError},
		"NA 5":            {"0200000800000005" + rc + good, BadNA, xua.InvalidNetworkAppearance},
		"NA 0":            {"0200000800000000" + rc + good, Taken, 0},
		"RC 11":           {"000600080000000b" + good, BadRC, xua.InvalidRoutingContext},
		"no RC":           {good, Taken, 0},
		"no data":         {rc, Malformed, xua.MissingParameter},
		"short label":     {rc + "0210000c0000000100000002", Malformed, xua.ParameterFieldError},
		"no label":        {rc + "02100004", Malformed, xua.ParameterFieldError},
		"data twice":      {rc + good + good, Malformed, xua.UnexpectedParameter},
		"length beyond":   {rc + "0210ffff" + "000000010000000203020003", Malformed, xua.ParameterFieldError},
		"length 0":        {rc + "02100000", Malformed, xua.ParameterFieldError},
	} {
		p := unhex(c.params)
		b := xua.End(append(xua.Begin(nil, DATA), p...), 0)
		var d Data
		as, r, e := g.Recv(1, PPID, b, &d)
		if r != c.want || (e == nil) != (r == Taken) || (as == 100) != (r == Taken) ||
			e != nil && (e.Code != c.code || e.Why == "") {
			t.Errorf("%s: %v %v, want %v", name, r, e, c.want)
		}
	}
	long := (&Label{RC: 10, HasRC: true}).Append(nil, &ss7.MSU{SI: ss7.SCCP, Payload: make([]byte, MaxPayload)})
	var d Data
	if _, r, e := g.Recv(1, PPID, long, &d); r != Taken || len(d.MSU.Payload) != MaxPayload {
		t.Errorf("%d octets of payload: %v %v", MaxPayload, r, e)
	}
}

// What an odd far end is forgiven, and what the same is without forgiveness.
func TestSlackOfData(t *testing.T) {
	two := []Entry{{Label: Label{RC: 10, HasRC: true}, AS: 100, Variant: ss7.ITU},
		{Label: Label{RC: 11, HasRC: true}, AS: 101, Variant: ss7.ITU, Receives: true}}
	m := ss7.MSU{OPC: 1, DPC: 2, SI: ss7.SCCP}
	none, zero := (&Label{}).Append(nil, &m), (&Label{HasRC: true}).Append(nil, &m)
	rc := (&Label{RC: 11, HasRC: true}).Append(nil, &m)
	for name, c := range map[string]struct {
		slack  Slack
		stream uint16
		ppid   uint32
		b      []byte
		strict Refusal
	}{
		"no RC":      {Slack{NoRC: true}, 1, 3, none, BadRC},
		"RC 0":       {Slack{NoRC: true, ZeroRC: true}, 1, 3, zero, BadRC},
		"host order": {Slack{HostPPID: true}, 1, HostOrderPPID, rc, WrongProtocol},
		"stream 0":   {Slack{Stream0: true}, 0, 0, rc, WrongStream},
	} {
		var d Data
		if as, r, e := (&Gate{Entries: two, Slack: c.slack}).Recv(c.stream, c.ppid, c.b, &d); r != Taken || as != 101 {
			t.Errorf("%s: %v %v", name, r, e)
		}
		if _, r, e := (&Gate{Entries: two}).Recv(c.stream, c.ppid, c.b, &d); r != c.strict || e == nil {
			t.Errorf("%s without: %v %v", name, r, e)
		}
	}
	two[1].Receives = false
	var d Data
	if _, r, e := (&Gate{Entries: two}).Recv(1, 3, rc, &d); r != NotActive || !e.Silent {
		t.Errorf("inactive: %v %v", r, e)
	}
	if _, r, _ := (&Gate{Entries: two}).Recv(1, 5, rc, &d); r != WrongProtocol {
		t.Errorf("M2PA's PPID: %v", r)
	}
}

// §1.4.7: DATA never on stream 0, one SLS always on one stream.
func TestStream(t *testing.T) {
	for streams := uint16(2); streams < 40; streams++ {
		used := map[uint16]bool{}
		for sls := range 256 {
			s := Stream(uint8(sls), streams)
			if s == 0 || s >= streams {
				t.Fatalf("stream %d of %d", s, streams)
			}
			used[s] = true
		}
		if len(used) != int(streams)-1 {
			t.Errorf("%d of %d streams used", len(used), streams)
		}
	}
	if Stream(7, 1) != 0 {
		t.Error("the only stream is not used")
	}
}

// circuits gives one range of circuits.
func circuits(opc ss7.Range, first, last uint16) []Circuits {
	return []Circuits{{OPC: opc, First: first, Last: last}}
}

func TestSelector(t *testing.T) {
	mk := func(as ss7.PathID, name string, terms ...Term) Target {
		return Target{AS: as, Name: name, Key: key(terms...)}
	}
	const isup, sccp = 1 << 5, 1 << 3
	s, err := Compile(ss7.ITU, []Target{
		mk(1, "default", Term{}), mk(2, "net", Term{DPC: ss7.Range{PC: 1 << 11, Len: 3}}), mk(3, "dpc", Term{DPC: one(2067)}),
		mk(4, "isup", Term{DPC: one(2067), SIs: isup}), mk(5, "opc", Term{DPC: one(2067), OPCs: []ss7.Range{one(9)}}),
		mk(6, "cic", Term{DPC: one(2067), SIs: isup, Circuits: circuits(one(9), 1, 31)}),
		mk(7, "two", Term{DPC: one(100)}, Term{DPC: one(101), SIs: sccp}),
		mk(8, "net of origins", Term{DPC: one(200), OPCs: []ss7.Range{{PC: 8, Len: 11}}}),
		mk(9, "one of them", Term{DPC: one(200), OPCs: []ss7.Range{one(9)}}),
		mk(10, "others", Term{DPC: one(200)}), mk(11, "its SCCP", Term{DPC: one(200), SIs: sccp}),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		dpc, opc ss7.PC
		si       ss7.SI
		payload  []byte
		want     ss7.PathID
	}{
		{16383, 1, ss7.SCCP, nil, 1}, {2068, 1, ss7.SCCP, nil, 2}, {2067, 1, ss7.SCCP, nil, 3}, {2067, 1, ss7.ISUP, nil, 4},
		{2067, 9, ss7.SCCP, nil, 5}, {2067, 9, ss7.ISUP, []byte{31, 0}, 6}, {2067, 9, ss7.ISUP, []byte{32, 0}, 4},
		{2067, 9, ss7.ISUP, []byte{31, 0xf0}, 6},
		{2067, 9, ss7.ISUP, []byte{1}, 4}, {100, 1, ss7.ISUP, nil, 7}, {101, 1, ss7.SCCP, nil, 7},
		{101, 1, ss7.ISUP, nil, 1}, {101, 1, ss7.SNM, nil, 0},
		{200, 8, ss7.ISUP, nil, 8}, {200, 15, ss7.ISUP, nil, 8}, {200, 9, ss7.ISUP, nil, 9}, {200, 16, ss7.ISUP, nil, 10},
		{200, 7, ss7.ISUP, nil, 10}, {200, 9, ss7.SCCP, nil, 11},
	} {
		if got := s.Find(&ss7.MSU{DPC: c.dpc, OPC: c.opc, SI: c.si, Payload: c.payload}); got != c.want {
			t.Errorf("%+v: %d", c, got)
		}
	}
	for name, clash := range map[string][]Target{
		"same DPC": {mk(1, "red", Term{DPC: one(1)}), mk(2, "blue", Term{DPC: one(1)})},
		"same SI":  {mk(1, "red", Term{DPC: one(1), SIs: isup | sccp}), mk(2, "blue", Term{DPC: one(1), SIs: sccp})},
		"same CIC": {mk(1, "red", Term{DPC: one(1), Circuits: circuits(one(9), 1, 31)}),
			mk(2, "blue", Term{DPC: one(1), Circuits: circuits(one(9), 31, 40)})},
		"same masked OPC": {mk(1, "red", Term{DPC: one(1), OPCs: []ss7.Range{one(3), {PC: 8, Len: 11}}}),
			mk(2, "blue", Term{DPC: one(1), OPCs: []ss7.Range{{PC: 8, Len: 11}}})},
		"CIC within masked OPCs": {
			mk(1, "red", Term{DPC: one(1), Circuits: circuits(ss7.Range{PC: 8, Len: 11}, 1, 31)}),
			mk(2, "blue", Term{DPC: one(1), Circuits: circuits(ss7.Range{PC: 8, Len: 11}, 30, 40)})},
		"two default": {mk(1, "red", Term{}), mk(2, "blue", Term{})},
	} {
		if _, err := Compile(ss7.ITU, clash); err == nil || !strings.Contains(err.Error(), "red") ||
			!strings.Contains(err.Error(), "blue") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, fine := range map[string][]Target{
		"other SI": {mk(1, "red", Term{DPC: one(1), SIs: isup}), mk(2, "blue", Term{DPC: one(1), SIs: sccp})},
		"other OPC": {mk(1, "red", Term{DPC: one(1), OPCs: []ss7.Range{one(8)}}),
			mk(2, "blue", Term{DPC: one(1), OPCs: []ss7.Range{one(9)}})},
		"OPC within a masked one": {mk(1, "red", Term{DPC: one(1), OPCs: []ss7.Range{{PC: 8, Len: 11}}}),
			mk(2, "blue", Term{DPC: one(1), OPCs: []ss7.Range{one(9)}})},
		"masked OPCs apart": {mk(1, "red", Term{DPC: one(1), OPCs: []ss7.Range{{PC: 8, Len: 11}}}),
			mk(2, "blue", Term{DPC: one(1), OPCs: []ss7.Range{{PC: 16, Len: 11}}})},
		"other CIC": {mk(1, "red", Term{DPC: one(1), Circuits: circuits(one(9), 1, 31)}),
			mk(2, "blue", Term{DPC: one(1), Circuits: circuits(one(9), 32, 40)})},
	} {
		if _, err := Compile(ss7.ITU, fine); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestKeyEquality(t *testing.T) {
	a := key(Term{DPC: one(1), SIs: 0x28}, Term{DPC: one(2)})
	b := key(Term{DPC: one(2)}, Term{DPC: one(1), SIs: 0x28})
	if !a.Equal(&b) || !a.Overlaps(&b, 14) {
		t.Error("the order of terms makes a difference")
	}
	c := key(Term{DPC: one(1), SIs: 0x20}, Term{DPC: one(2)})
	if a.Equal(&c) || !a.Overlaps(&c, 14) {
		t.Error("another SI makes no difference")
	}
}

func FuzzParse(f *testing.F) {
	f.Add((&Label{RC: 1, HasRC: true, NA: 2, HasNA: true}).AppendTagged(nil, &ss7.MSU{SI: 3, Payload: []byte{1}}, 3))
	f.Add(AppendSSNM(nil, &SSNM{Type: SCON, Affected: []uint32{1}, Level: 1, HasLevel: true, HasConcerned: true}))
	f.Add(AppendSSNM(nil, &SSNM{Type: DUPU, Affected: []uint32{1}, User: 3}))
	asked := key(Term{DPC: one(1), SIs: 0x28, OPCs: []ss7.Range{one(3)}, Circuits: circuits(one(4), 1, 2)})
	f.Add(AppendRegistrations(nil, []Registration{{LocalID: 1, Mode: 1, Key: asked}}, 14))
	f.Add(AppendResults(nil, REGRsp, []Result{{1, 2, 0}}))
	f.Add(AppendResults(nil, DEREGRsp, []Result{{0, 2, 0}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		var d Data
		if IsData(b) && ParseData(b, &d) == nil {
			var again Data
			e := ParseData(d.append(nil, &d.MSU, d.Correlation, d.HasCorrelation), &again)
			if e != nil || again.Label != d.Label && (again.HasNA != d.HasNA || again.HasRC != d.HasRC) ||
				!reflect.DeepEqual(again.MSU, d.MSU) {
				t.Fatalf("%+v became %+v, %v", d, again, e)
			}
		}
		m, e := Grammar.Parse(b)
		if e != nil {
			return
		}
		switch m.Type {
		case DUNA, DAVA, DAUD, SCON, DUPU, DRST:
			s, e := ParseSSNM(m)
			if e != nil {
				return
			}
			m2, e := Grammar.Parse(AppendSSNM(nil, &s))
			if e != nil {
				t.Fatal(e)
			}
			if s2, _ := ParseSSNM(m2); !reflect.DeepEqual(s, s2) {
				t.Fatalf("%+v became %+v", s, s2)
			}
		case REGReq:
			for _, bits := range []uint8{14, 24} {
				regs, e := ParseRegistrations(m, bits)
				if e != nil || slices.ContainsFunc(regs, func(r Registration) bool { return r.Bad != RegOK }) {
					continue
				}
				m2, e := Grammar.Parse(AppendRegistrations(nil, regs, bits))
				if e != nil {
					t.Fatal(e)
				}
				again, e := ParseRegistrations(m2, bits)
				if e != nil || len(again) != len(regs) {
					t.Fatalf("%+v became %+v, %v", regs, again, e)
				}
				for i := range regs {
					if !regs[i].Key.Equal(&again[i].Key) {
						t.Fatalf("%+v became %+v", regs[i], again[i])
					}
				}
			}
		case REGRsp, DEREGRsp:
			if r, e := ParseResults(m); e == nil {
				m2, e := Grammar.Parse(AppendResults(nil, m.Type, r))
				if e != nil {
					t.Fatal(e)
				}
				if r2, e := ParseResults(m2); e != nil || m.Type == REGRsp && !reflect.DeepEqual(r, r2) {
					t.Fatalf("%+v became %+v, %v", r, r2, e)
				}
			}
		}
	})
}

func TestNothingIsAllocated(t *testing.T) {
	g := &Gate{Entries: []Entry{{Label: Label{RC: 10, HasRC: true}, AS: 100, Variant: ss7.ITU, Receives: true}}}
	m := ss7.MSU{OPC: 1, DPC: 2067, SI: ss7.SCCP, Payload: make([]byte, 100)}
	b := g.Entries[0].Append(nil, &m)
	sel, _ := Compile(ss7.ITU, []Target{{AS: 100, Key: key(Term{DPC: one(2067), SIs: 8})}})
	out := make([]byte, 0, 256)
	var d Data
	step := func() {
		if _, r, _ := g.Recv(1, PPID, b, &d); r != Taken || sel.Find(&d.MSU) != 100 {
			t.Fatal(r)
		}
		out = g.Entries[0].AppendTagged(out[:0], &d.MSU, 1)
	}
	if n := testing.AllocsPerRun(1000, step); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkTransfer reads one DATA, finds its key, and writes one DATA.
func BenchmarkTransfer(b *testing.B) {
	g := &Gate{Entries: []Entry{{Label: Label{RC: 10, HasRC: true}, AS: 100, Variant: ss7.ITU, Receives: true}}}
	m := ss7.MSU{OPC: 1, DPC: 2067, SI: ss7.SCCP, Payload: make([]byte, 100)}
	in := g.Entries[0].Append(nil, &m)
	var targets []Target
	for i := range 1000 {
		targets = append(targets, Target{AS: ss7.PathID(i + 1), Key: key(Term{DPC: one(ss7.PC(2000 + i))})})
	}
	sel, _ := Compile(ss7.ITU, targets)
	out := make([]byte, 0, 256)
	var d Data
	b.ReportAllocs()
	for b.Loop() {
		if _, r, _ := g.Recv(1, PPID, in, &d); r != Taken || sel.Find(&d.MSU) == 0 {
			b.Fatal(r)
		}
		out = g.Entries[0].Append(out[:0], &d.MSU)
	}
}

// §3.3.1: the service indicator has four bits; what an odd stack leaves above them is passed over,
// and told apart.
func TestBitsAboveTheServiceIndicator(t *testing.T) {
	label := Label{RC: 7, HasRC: true}
	m := ss7.MSU{OPC: 1, DPC: 2, SI: ss7.SCCP, Payload: []byte{1, 2, 3, 4}}
	b := label.Append(nil, &m)
	var d Data
	for _, odd := range []uint8{0, 0x10, 0x80, 0xf0} {
		b[8+8+4+8] = uint8(ss7.SCCP) | odd // behind header, routing context, the head of Protocol Data, and its codes
		want := odd
		if odd != 0 {
			want |= uint8(ss7.SCCP)
		}
		if e := ParseData(b, &d); e != nil || d.MSU.SI != ss7.SCCP || d.OddSI != want {
			t.Errorf("%#02x: %v, SI %d, odd %#02x", odd, e, d.MSU.SI, d.OddSI)
		}
	}
}
