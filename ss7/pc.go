package ss7

import (
	"fmt"
	"strconv"
	"strings"
)

// PC is a signalling point code as an integer of the variant's width (14, 16 or
// 24 bits): 1.2.3 in ITU 3-8-3 is 2067.
type PC uint32

// Range is all codes that share the Len leading bits of PC, counted from the top
// of a code of the variant's width: 7.0.0/3 is every ITU code beginning with 7.
// The bits of PC beyond Len are zero.
type Range struct {
	PC  PC
	Len uint8
}

// Notation is how point codes are written: field widths from the left, whose sum
// is the width of a code, and the delimiter between fields.
type Notation struct {
	Widths    []uint8
	Delimiter byte
}

// Bits is the width of a code in bits.
func (n Notation) Bits() uint8 {
	var sum uint8
	for _, w := range n.Widths {
		sum += w
	}
	return sum
}

// Format writes pc in this notation.
func (n Notation) Format(pc PC) string {
	var buf [24]byte
	out := buf[:0]
	shift := n.Bits()
	for i, w := range n.Widths {
		shift -= w
		if i > 0 {
			out = append(out, n.Delimiter)
		}
		out = strconv.AppendUint(out, uint64(pc)>>shift&(1<<w-1), 10)
	}
	return string(out)
}

// Hint is the notation in words, as in "3-8-3 (0.0.0 to 7.255.7) or 0 to 16383".
func (n Notation) Hint() string {
	top := PC(1)<<n.Bits() - 1
	var w []string
	for _, x := range n.Widths {
		w = append(w, strconv.Itoa(int(x)))
	}
	return fmt.Sprintf("a point code %s (%s to %s), or decimal 0 to %d", strings.Join(w, "-"), n.Format(0),
		n.Format(top), top)
}

// Parse reads a code in this notation or as one decimal number. Either delimiter,
// dot or dash, is understood whatever the notation prints.
func (n Notation) Parse(s string) (PC, error) {
	if !strings.ContainsAny(s, ".-") {
		v, err := strconv.ParseUint(s, 10, 32)
		if err != nil || v >= 1<<n.Bits() {
			return 0, fmt.Errorf("%q is not %s", s, n.Hint())
		}
		return PC(v), nil
	}
	fields := strings.FieldsFunc(s, func(r rune) bool { return r == '.' || r == '-' })
	if len(fields) != len(n.Widths) || strings.Count(s, ".")+strings.Count(s, "-") != len(fields)-1 {
		return 0, fmt.Errorf("%q is not %s", s, n.Hint())
	}
	var pc PC
	for i, f := range fields {
		v, err := strconv.ParseUint(f, 10, 32)
		if err != nil || v >= 1<<n.Widths[i] {
			return 0, fmt.Errorf("%q is not %s: field %d is 0 to %d", s, n.Hint(), i+1, 1<<n.Widths[i]-1)
		}
		pc = pc<<n.Widths[i] | PC(v)
	}
	return pc, nil
}

// ParseRange reads PC/LEN, or a bare code as the range of just that code. Bits
// beyond LEN are cleared; loose tells that there were any.
func (n Notation) ParseRange(s string) (r Range, loose bool, err error) {
	code, length, slash := strings.Cut(s, "/")
	pc, err := n.Parse(code)
	if err != nil {
		return Range{}, false, err
	}
	bits := n.Bits()
	size := uint64(bits)
	if slash {
		if size, err = strconv.ParseUint(length, 10, 8); err != nil || size > uint64(bits) {
			return Range{}, false, fmt.Errorf("%q: a mask length is 0 to %d", s, bits)
		}
	}
	r, loose = Range{pc, uint8(size)}.Clean(bits)
	return r, loose, nil
}

// ParseMask reads a mask in point-code form (7.255.7 is a full ITU code) and
// gives its length; the ones must stand together at the left.
func (n Notation) ParseMask(s string) (uint8, error) {
	m, err := n.Parse(s)
	if err != nil {
		return 0, err
	}
	bits := n.Bits()
	for l := uint8(0); l <= bits; l++ {
		if m == mask(l, bits) {
			return l, nil
		}
	}
	return 0, fmt.Errorf("mask %s has a gap: a mask is ones from the left, then zeros, as in %s", s,
		n.Format(mask(3, bits)))
}

// FormatRange writes r as PC/LEN.
func (n Notation) FormatRange(r Range) string {
	return n.Format(r.PC) + "/" + strconv.Itoa(int(r.Len))
}

func mask(length, bits uint8) PC {
	return (PC(1)<<length - 1) << (bits - length)
}

// Clean clears the bits beyond Len and tells whether there were any.
func (r Range) Clean(bits uint8) (clean Range, loose bool) {
	clean = Range{r.PC & mask(r.Len, bits), r.Len}
	return clean, clean != r
}

// Contains tells whether pc, of the given width in bits, lies in r.
func (r Range) Contains(pc PC, bits uint8) bool {
	return pc&mask(r.Len, bits) == r.PC
}

// Last is the highest code of r.
func (r Range) Last(bits uint8) PC {
	return r.PC | (PC(1)<<(bits-r.Len) - 1)
}
