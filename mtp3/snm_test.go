package mtp3

import (
	"bytes"
	"encoding/hex"
	"testing"

	"github.com/gostp/gostp/ss7"
)

// The ITU and ANSI vectors were decoded without complaint by Wireshark, but for
// those of the last group, which follow from the layout.
func TestManagementCodec(t *testing.T) {
	ansi := ss7.PC(7<<16 | 8<<8 | 9)
	for _, c := range []struct {
		v   *ss7.Variant
		m   Management
		hex string
	}{
		{ss7.ITU, Management{Heading: COO, FSN: 77}, "114d"},
		{ss7.ITU, Management{Heading: XCO, FSN: 0x123456}, "31563412"},
		{ss7.ITU, Management{Heading: CBD, Code: 9}, "5109"},
		{ss7.ITU, Management{Heading: ECO}, "12"},
		{ss7.ITU, Management{Heading: TFP, PC: pc("4.5.6")}, "142e20"},
		{ss7.ITU, Management{Heading: TFC, PC: pc("4.0.0"), Level: 2}, "2300a0"},
		{ss7.ITU, Management{Heading: TRA}, "17"},
		{ss7.ITU, Management{Heading: UPU, PC: pc("4.0.1"), User: ss7.SCCP, Cause: InaccessibleUser}, "1a012023"},
		{ss7.ITU, Management{Heading: DLC, LinkID: 0x123}, "182301"},
		{ss7.ANSI, Management{Heading: COO, SLC: 3, FSN: 77}, "11d304"},
		{ss7.ANSI, Management{Heading: XCO, SLC: 3, FSN: 0x123456}, "3163452301"},
		{ss7.ANSI, Management{Heading: CBD, SLC: 3, Code: 9}, "519300"},
		{ss7.ANSI, Management{Heading: TFP, PC: ansi}, "14090807"},
		{ss7.ANSI, Management{Heading: TFC, PC: ansi, Level: 2}, "2309080702"},
		{ss7.ANSI, Management{Heading: LIN, SLC: 3}, "1603"},

		{ss7.ITU, Management{Heading: LIN}, "16"},
		{ss7.ITU, Management{Heading: RCT}, "13"},
		{ss7.ANSI, Management{Heading: ECA, SLC: 15}, "220f"},
		{ss7.ANSI, Management{Heading: TCP, PC: ansi}, "24090807"},
		{ss7.ANSI, Management{Heading: TRW}, "27"},
		{ss7.ANSI, Management{Heading: UPU, PC: ansi, User: ss7.ISUP, Cause: 1}, "1a09080715"},
		{ss7.ANSI, Management{Heading: DLC, SLC: 3, LinkID: 0x3fff}, "18f3ff03"},
		{ss7.China, Management{Heading: TFP, PC: ansi}, "14090807"},
		{ss7.China, Management{Heading: TFC, PC: ansi, Level: 3}, "2309080703"},
		{ss7.China, Management{Heading: CBA, Code: 255}, "61ff"},
		{ss7.TTC, Management{Heading: TFP, PC: 0xabcd}, "14cdab"},
		{ss7.TTC, Management{Heading: TFC, PC: 0xabcd, Level: 1}, "23cdab01"},
	} {
		wire, _ := hex.DecodeString(c.hex)
		if got := AppendManagement(nil, c.v, c.m); !bytes.Equal(got, wire) {
			t.Errorf("%s %v: %x, want %x", c.v.Name, c.m.Heading, got, wire)
		}
		for _, b := range [][]byte{wire, append(bytes.Clone(wire), 0xff, 0xff)} {
			if m, err := ParseManagement(c.v, b); err != nil || m != c.m {
				t.Errorf("%s %x: %+v, %v; want %+v", c.v.Name, b, m, err, c.m)
			}
		}
		for n := range wire {
			if m, err := ParseManagement(c.v, wire[:n]); err == nil {
				t.Errorf("%s: %x was taken as %+v", c.v.Name, wire[:n], m)
			}
		}
	}
	for _, bad := range []string{"", "00", "ff", "24aabb", "27"} { // TCP and TRW are ANSI's
		b, _ := hex.DecodeString(bad)
		if m, err := ParseManagement(ss7.ITU, b); err == nil {
			t.Errorf("%s was taken as %+v", bad, m)
		}
	}
}

// Every message of every variant survives being written and read.
func TestManagementEveryHeading(t *testing.T) {
	for _, v := range ss7.Variants {
		for h, x := range headings {
			if x.ansi && v != ss7.ANSI {
				continue
			}
			wire := AppendManagement(nil, v, Management{Heading: h, SLC: 5, FSN: 0x654321, Code: 200, PC: 0x1234, Level: 1,
				LinkID: 0xabc, User: 5, Cause: 2})
			m, err := ParseManagement(v, wire)
			if err != nil || m.Heading != h || !bytes.Equal(AppendManagement(nil, v, m), wire) {
				t.Errorf("%s %v: %x became %+v, %v", v.Name, h, wire, m, err)
			}
		}
	}
}

func FuzzManagement(f *testing.F) {
	for _, s := range []string{"114d", "31563412", "142e20", "2300a0", "1a012023", "3163452301", ""} {
		b, _ := hex.DecodeString(s)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, v := range ss7.Variants {
			m, err := ParseManagement(v, b)
			if err != nil {
				continue
			}
			again, err := ParseManagement(v, AppendManagement(nil, v, m))
			if err != nil || again != m {
				t.Fatalf("%s %x: %+v became %+v, %v", v.Name, b, m, again, err)
			}
		}
	})
}
