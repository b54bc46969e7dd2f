package sccp

import (
	"bytes"
	"encoding/hex"
	"reflect"
	"testing"

	"github.com/gostp/gostp/sccp/gtt"
	"github.com/gostp/gostp/ss7"
)

func octets(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

// A pair for every type. The two UDT were checked with Wireshark.
var pairs = []struct {
	hex string
	m   Message
}{
	{"0980030e1a0b1206001104149721436507" + "0c12080011049451113254760806" + "620448020102",
		Message{Type: UDT, Class: 0x80, Called: octets("1206001104149721436507"),
			Calling: octets("120800110494511132547608"), Data: octets("620448020102")}},
	{"09000305070242010242010502061323" + "00", Message{Type: UDT, Called: octets("4201"), Calling: octets("4201"),
		Data: octets("0206132300")}},
	{"0a0103050702420102420801ff", Message{Type: UDTS, Cause: 1, Called: octets("4201"), Calling: octets("4208"),
		Data: octets("ff")}},
	{"11810f04060809024206024208" + "01aa" + "1004c101020300",
		Message{Type: XUDT, Class: 0x81, Hops: 15, Called: octets("4206"), Calling: octets("4208"), Data: octets("aa"),
			Options: octets("1004c1010203")}},
	{"11000f0406080002420602420801aa", Message{Type: XUDT, Hops: 15, Called: octets("4206"), Calling: octets("4208"),
		Data: octets("aa")}},
	{"120c0e0406080902420602420801aa00", Message{Type: XUDTS, Cause: 12, Hops: 14, Called: octets("4206"),
		Calling: octets("4208"), Data: octets("aa"), Options: []byte{}}},
	{"13800f07000800090000000242060242080200aabb", Message{Type: LUDT, Class: 0x80, Hops: 15, Called: octets("4206"),
		Calling: octets("4208"), Data: octets("aabb")}},
	{"14010f070008000900" + "0b00" + "0242060242080200aabb" + "12010300",
		Message{Type: LUDTS, Cause: 1, Hops: 15, Called: octets("4206"), Calling: octets("4208"), Data: octets("aabb"),
			Options: octets("120103")}},
	{"01010203020204024206040242080f01ff00", Message{Type: CR, SLR: 0x030201, Class: 2, Called: octets("4206"),
		Options: octets("040242080f01ff")}},
	{"0201020304050602" + "00", Message{Type: CC, DLR: 0x030201, SLR: 0x060504, Class: 2}},
	{"030102030401" + "0f01ff00", Message{Type: CREF, DLR: 0x030201, Cause: 4, Options: octets("0f01ff")}},
	{"0401020304050600" + "010f01ff00", Message{Type: RLSD, DLR: 0x030201, SLR: 0x060504, Options: octets("0f01ff")}},
	{"05010203040506", Message{Type: RLC, DLR: 0x030201, SLR: 0x060504}},
	{"0601020301" + "0101ff", Message{Type: DT1, DLR: 0x030201, Seq: 1, Data: octets("ff")}},
	{"070102030203" + "0101ff", Message{Type: DT2, DLR: 0x030201, Seq: 0x0203, Data: octets("ff")}},
	{"080102030407", Message{Type: AK, DLR: 0x030201, Seq: 4, Credit: 7}},
	{"0b0102030101ff", Message{Type: ED, DLR: 0x030201, Data: octets("ff")}},
	{"0c010203", Message{Type: EA, DLR: 0x030201}},
	{"0d0102030405060700", Message{Type: RSR, DLR: 0x030201, SLR: 0x060504, Cause: 7}},
	{"0e010203040506", Message{Type: RSC, DLR: 0x030201, SLR: 0x060504}},
	{"0f0102030400", Message{Type: ERR, DLR: 0x030201, Cause: 4}},
	{"10010203040506030203" + "09", Message{Type: IT, DLR: 0x030201, SLR: 0x060504, Class: 3, Seq: 0x0203, Credit: 9}},
}

func TestPairs(t *testing.T) {
	seen := map[Type]bool{}
	for _, p := range pairs {
		b := octets(p.hex)
		seen[p.m.Type] = true
		m, err := Parse(b)
		if err != nil || !reflect.DeepEqual(m, p.m) {
			t.Errorf("%s: %+v, %v; want %+v", p.hex, m, err, p.m)
		}
		if got, ok := Append([]byte{0xee}, &p.m); !ok || !bytes.Equal(got[1:], b) {
			t.Errorf("%v: %x, want %s", p.m.Type, got[1:], p.hex)
		}
		for n := range b {
			if m, err := Parse(b[:n]); err == nil && p.m.Options == nil {
				t.Errorf("%d octets of %s were taken as %+v", n, p.hex, m)
			}
		}
	}
	for ty := CR; ty < Types; ty++ {
		if !seen[ty] {
			t.Errorf("no pair for %v", ty)
		}
	}
}

// Parts out of order, overlapping and with gaps are found by their pointers.
func TestPointers(t *testing.T) {
	m, err := Parse(octets("0900" + "090501" + "01aa" + "ee" + "024206" + "024208"))
	if err != nil || !bytes.Equal(m.Called, octets("4208")) || !bytes.Equal(m.Calling, octets("4206")) ||
		!bytes.Equal(m.Data, octets("aa")) {
		// the pointers stand at 2, 3 and 4
		t.Errorf("%+v %v", m, err)
	}
	m, err = Parse(octets("0900030201024206"))
	if err != nil || !bytes.Equal(m.Called, m.Calling) || !bytes.Equal(m.Called, m.Data) {
		t.Errorf("one part for three: %+v %v", m, err)
	}
	for _, bad := range []string{"", "00", "15", "ff", "09", "0900", "0900030507", "0900000507024201024201" + "01aa",
		"09000305ff0242010242010502061323" + "00",
		"09000305070242010242ff0502061323", "11000f040608090242060242080" + "1aa100" + "9",
		"13000f0700080009000000024206024208ffffaa"} {
		if m, err := Parse(octets(bad)); err == nil {
			t.Errorf("%s was taken as %+v", bad, m)
		}
	}
}

func TestTooLongToWrite(t *testing.T) {
	long := make([]byte, 256)
	for _, m := range []Message{{Type: UDT, Data: long}, {Type: UDT, Called: long},
		{Type: UDT, Called: long[:200], Calling: long[:100], Data: long[:9]}, {Type: LUDT, Called: long}, {Type: 0},
		{Type: Types}} {
		if got, ok := Append(long[:3], &m); ok || len(got) != 3 {
			t.Errorf("%v was written: %d octets", m.Type, len(got))
		}
	}
	if _, ok := Append(nil, &Message{Type: LUDT, Data: make([]byte, 3952)}); !ok {
		t.Error("3952 octets of LUDT were not written")
	}
}

func dig(s string) gtt.Digits {
	d, err := gtt.Parse(s)
	if err != nil {
		panic(err)
	}
	return d
}

var addresses = []struct {
	v   *ss7.Variant
	hex string
	a   Address
	t   *Title
}{
	{ss7.ITU, "42" + "06", Address{HasSSN: true, OnSSN: true, SSN: 6}, nil},
	{ss7.ITU, "43" + "2313" + "06", Address{HasPC: true, HasSSN: true, OnSSN: true, SSN: 6, PC: 4899}, nil},
	{ss7.ITU, "00", Address{}, nil},
	{ss7.ITU, "12" + "06" + "00" + "11" + "04" + "149721436507",
		Address{HasSSN: true, SSN: 6, GTI: 4, Title: octets("001104149721436507")},
		&Title{Nature: gtt.Nature{GTI: 4, NP: 1, NAI: 4}, ES: 1, Digits: dig("41791234567")}},
	{ss7.ITU, "92" + "08" + "05" + "72" + "04" + "2143", Address{HasSSN: true, SSN: 8, GTI: 4, National: true,
		Title: octets("0572042143")},
		&Title{Nature: gtt.Nature{GTI: 4, TT: 5, NP: 7, NAI: 4}, ES: 2, Digits: dig("1234")}},
	{ss7.ITU, "04" + "84" + "2103", Address{GTI: 1, Title: octets("842103")},
		&Title{Nature: gtt.Nature{GTI: 1, NAI: 4}, Digits: dig("123")}},
	{ss7.ITU, "04" + "04" + "21b3", Address{GTI: 1, Title: octets("0421b3")},
		&Title{Nature: gtt.Nature{GTI: 1, NAI: 4}, Digits: dig("123B")}},
	{ss7.ITU, "08" + "09" + "2103", Address{GTI: 2, Title: octets("092103")},
		&Title{Nature: gtt.Nature{GTI: 2, TT: 9}, Digits: dig("1230")}},
	{ss7.ITU, "0c" + "09" + "61" + "2103", Address{GTI: 3, Title: octets("09612103")},
		&Title{Nature: gtt.Nature{GTI: 3, TT: 9, NP: 6}, ES: 1, Digits: dig("123")}},
	{ss7.ITU, "14" + "7f", Address{GTI: 5, Title: octets("7f")}, nil},
	{ss7.ANSI, "c3" + "06" + "030201", Address{HasPC: true, HasSSN: true, OnSSN: true, National: true, SSN: 6,
		PC: 0x010203}, nil},
	{ss7.ANSI, "c1" + "06", Address{HasSSN: true, OnSSN: true, National: true, SSN: 6}, nil},
	{ss7.ANSI, "88" + "0a" + "2143", Address{National: true, GTI: 2, Title: octets("0a2143")},
		&Title{Nature: gtt.Nature{GTI: 2, TT: 10}, Digits: dig("1234")}},
	{ss7.ANSI, "84" + "0a" + "12" + "2143", Address{National: true, GTI: 1, Title: octets("0a122143")},
		&Title{Nature: gtt.Nature{GTI: 1, TT: 10, NP: 1}, ES: 2, Digits: dig("1234")}},
	{ss7.China, "43" + "030201" + "06", Address{HasPC: true, HasSSN: true, OnSSN: true, SSN: 6, PC: 0x010203}, nil},
	{ss7.TTC, "43" + "aa0a" + "06", Address{HasPC: true, HasSSN: true, OnSSN: true, SSN: 6, PC: 2730}, nil},
}

func TestAddresses(t *testing.T) {
	for _, c := range addresses {
		b := octets(c.hex)
		a, err := ParseAddress(c.v, b)
		if err != nil || !reflect.DeepEqual(a, c.a) {
			t.Errorf("%s %s: %+v, %v", c.v.Name, c.hex, a, err)
		}
		if got := AppendAddress(c.v, nil, &c.a); !bytes.Equal(got, b) {
			t.Errorf("%s: %x, want %s", c.v.Name, got, c.hex)
		}
		title, ok := a.ParseTitle(c.v)
		if ok != (c.t != nil) || ok && title != *c.t {
			t.Errorf("%s: title %+v %v", c.hex, title, ok)
		}
		if ok {
			if got := AppendTitle(c.v, nil, &title); !bytes.Equal(got, a.Title) {
				t.Errorf("%s: title written as %x", c.hex, got)
			}
		}
	}
	for _, bad := range []string{"01", "0123", "02", "43" + "2313"} {
		if a, err := ParseAddress(ss7.ITU, octets(bad)); err == nil {
			t.Errorf("%s was taken as %+v", bad, a)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, p := range pairs {
		f.Add(octets(p.hex))
	}
	for _, messages := range captured(f) {
		for _, b := range messages {
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Parse(b)
		if err != nil {
			return
		}
		m.Segmented()
		once, ok := Append(nil, &m)
		if !ok { // parts that overlapped may be too long one after another
			return
		}
		again, err := Parse(once)
		if err != nil {
			t.Fatalf("%x became %x: %v", b, once, err)
		}
		if twice, _ := Append(nil, &again); !bytes.Equal(once, twice) {
			t.Fatalf("%x, then %x", once, twice)
		}
	})
}

func FuzzAddress(f *testing.F) {
	for _, a := range addresses {
		f.Add(octets(a.hex))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, v := range ss7.Variants {
			a, err := ParseAddress(v, b)
			if err != nil {
				continue
			}
			a.Text(v, v.Notation)
			once := AppendAddress(v, nil, &a)
			again, err := ParseAddress(v, once)
			if err != nil || !bytes.Equal(AppendAddress(v, nil, &again), once) {
				t.Fatalf("%s: %x became %x, %v", v.Name, b, once, err)
			}
			if title, ok := a.ParseTitle(v); ok {
				a.Title = AppendTitle(v, nil, &title)
				if back, ok := a.ParseTitle(v); !ok || back.Nature != title.Nature || back.Digits != title.Digits {
					t.Fatalf("%s: %+v became %+v", v.Name, title, back)
				}
			}
		}
	})
}
