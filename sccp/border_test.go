package sccp

import (
	"bytes"
	"testing"

	"github.com/gostp/gostp/ss7"
)

// The points 0x0102 of ITU and 0x030405 of ANSI are the same one.
func borders(lenient bool) (forth, back, same Border) {
	code := func(from, to ss7.PC) func(ss7.PC) (ss7.PC, bool) {
		return func(pc ss7.PC) (ss7.PC, bool) { return to, pc == from }
	}
	return Border{ss7.ITU, ss7.ANSI, code(0x0102, 0x030405), lenient},
		Border{ss7.ANSI, ss7.ITU, code(0x030405, 0x0102), lenient},
		Border{ss7.ITU, ss7.ITU, code(0x0102, 0x0203), lenient}
}

func TestBorder(t *testing.T) {
	forth, back, same := borders(false)
	for _, c := range []struct {
		name     string
		b        Border
		in, want []byte
	}{
		{"no code, the same variant: as it is", same, []byte{9, 0, 3, 5, 7, 2, 0x42, 8, 2, 0x42, 7, 1, 0xaa},
			[]byte{9, 0, 3, 5, 7, 2, 0x42, 8, 2, 0x42, 7, 1, 0xaa}},
		{"a code, the same variant", same, []byte{9, 0, 3, 7, 9, 4, 0x43, 2, 1, 8, 2, 0x42, 7, 1, 0xaa},
			[]byte{9, 0, 3, 7, 9, 4, 0x43, 3, 2, 8, 2, 0x42, 7, 1, 0xaa}},
		{"a code and SSNs to ANSI", forth, []byte{9, 0, 3, 7, 9, 4, 0x43, 2, 1, 8, 2, 0x42, 7, 1, 0xaa},
			[]byte{9, 0, 3, 8, 10, 5, 0xc3, 8, 5, 4, 3, 2, 0xc1, 7, 1, 0xaa}},
		{"and back", back, []byte{9, 0, 3, 8, 10, 5, 0xc3, 8, 5, 4, 3, 2, 0xc1, 7, 1, 0xaa},
			[]byte{9, 0, 3, 7, 9, 4, 0x43, 2, 1, 8, 2, 0x42, 7, 1, 0xaa}},
		{"title 4 to ANSI 1, an unknown code beside it left out", forth,
			[]byte{9, 0, 3, 13, 15, 10, 0x13, 9, 9, 6, 0, 0x11, 4, 0x21, 0x43, 0x05, 2, 0x42, 7, 1, 0xaa},
			[]byte{9, 0, 3, 10, 12, 7, 0x85, 6, 0, 0x11, 0x21, 0x43, 0x05, 2, 0xc1, 7, 1, 0xaa}},
		{"ANSI 1 to title 3", back, []byte{9, 0, 3, 10, 12, 7, 0x85, 6, 0, 0x11, 0x21, 0x43, 0x05, 2, 0xc1, 7, 1, 0xaa},
			[]byte{9, 0, 3, 10, 12, 7, 0x0e, 6, 0, 0x11, 0x21, 0x43, 0x05, 2, 0x42, 7, 1, 0xaa}},
		{"SST", forth, []byte{9, 0, 3, 5, 7, 2, 0x42, 1, 2, 0x42, 1, 5, 3, 8, 2, 1, 0},
			[]byte{9, 0, 3, 5, 7, 2, 0xc1, 1, 2, 0xc1, 1, 6, 3, 8, 5, 4, 3, 0}},
		{"CR, its calling address an option", forth, []byte{1, 1, 2, 3, 2, 2, 4, 2, 0x42, 8, 4, 4, 0x43, 2, 1, 7, 0},
			[]byte{1, 1, 2, 3, 2, 2, 4, 2, 0xc1, 8, 4, 5, 0xc3, 7, 5, 4, 3, 0}},
	} {
		got, _, ok := c.b.Convert(c.in, nil)
		if !ok || !bytes.Equal(got, c.want) {
			t.Errorf("%s: %x, %v; want %x", c.name, got, ok, c.want)
		}
	}
}

func TestBorderRefuses(t *testing.T) {
	unknown := []byte{9, 0, 3, 7, 9, 4, 0x43, 9, 9, 8, 2, 0x42, 7, 1, 0xaa} // routes on SSN, of a point without code there
	forth, _, _ := borders(false)
	for _, in := range [][]byte{unknown, {9, 0, 3}, nil,
		{9, 0, 3, 8, 10, 5, 0x06, 8, 0x04, 0x21, 0x43, 2, 0x42, 7, 1, 0xaa}, // title 1 has no form in ANSI
		{9, 0, 3, 5, 7, 2, 0x42, 1, 2, 0x42, 1, 5, 3, 8, 9, 9, 0},           // SST about an unknown point
	} {
		if got, _, ok := forth.Convert(in, nil); ok {
			t.Errorf("%x became %x", in, got)
		}
	}
	lenient, _, _ := borders(true)
	if got, _, ok := lenient.Convert(unknown, nil); !ok || !bytes.Equal(got,
		[]byte{9, 0, 3, 5, 7, 2, 0xc1, 8, 2, 0xc1, 7, 1, 0xaa}) {
		t.Errorf("without the code: %x, %v", got, ok)
	}
}

func FuzzBorder(f *testing.F) {
	f.Add([]byte{9, 0, 3, 7, 9, 4, 0x43, 2, 1, 8, 2, 0x42, 7, 1, 0xaa})
	f.Add([]byte{1, 1, 2, 3, 2, 2, 4, 2, 0x42, 8, 4, 4, 0x43, 2, 1, 7, 0})
	f.Add([]byte{9, 0, 3, 5, 7, 2, 0x42, 1, 2, 0x42, 1, 5, 3, 8, 2, 1, 0})
	f.Fuzz(func(t *testing.T, in []byte) {
		forth, back, same := borders(true)
		for _, b := range []*Border{&forth, &back, &same} {
			before := bytes.Clone(in)
			out, _, ok := b.Convert(in, nil)
			if !bytes.Equal(in, before) {
				t.Fatal("what was to be converted was written to")
			}
			if !ok {
				continue
			}
			if _, err := Parse(out); err != nil {
				t.Fatalf("%x became %x, which is no message: %v", in, out, err)
			}
		}
	})
}

func BenchmarkBorder(b *testing.B) {
	forth, _, _ := borders(false)
	in := []byte{9, 0, 3, 13, 15, 10, 0x13, 9, 9, 6, 0, 0x11, 4, 0x21, 0x43, 0x05, 2, 0x42, 7, 1, 0xaa}
	buf := make([]byte, 0, 256)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, ok := forth.Convert(in, buf); !ok {
			b.Fatal("not converted")
		}
	}
}
