package sccp

import (
	"fmt"
	"strings"

	"github.com/gostp/gostp/sccp/gtt"
	"github.com/gostp/gostp/ss7"
)

// Address is a called or calling party address (Q.713 §3.4; T1.112.3 §3.4). Title is the global title as it
// stands in the address, from the octet after the SSN on. GTI says how to read it.
type Address struct {
	HasPC, HasSSN bool
	OnSSN         bool // the routing indicator: route on SSN, else on the global title
	National      bool // bit 8 of the address indicator: reserved for national use
	GTI           uint8
	SSN           uint8
	PC            ss7.PC
	Title         []byte
}

// These are bits of the address indicator. ANSI has the two lowest ones the other way round, and its SSN stands
// before its point code (T1.112.3 §3.4.1).
const (
	bitFirst    = 1 << 0
	bitSecond   = 1 << 1
	bitOnSSN    = 1 << 6
	bitNational = 1 << 7
)

var errAddress = &ParseError{"an address is too short for what its indicator says it has"}

// ParseAddress reads an address of a variant. An address of no octets, or of an indicator alone, is empty
// (Q.713 §3.5).
func ParseAddress(v *ss7.Variant, b []byte) (a Address, err *ParseError) {
	if len(b) == 0 {
		return a, nil
	}
	ai := b[0]
	a.OnSSN, a.National, a.GTI = ai&bitOnSSN != 0, ai&bitNational != 0, ai>>2&15
	a.HasPC, a.HasSSN = ai&bitFirst != 0, ai&bitSecond != 0
	b = b[1:]
	if v == ss7.ANSI {
		a.HasPC, a.HasSSN = a.HasSSN, a.HasPC
		if b, err = a.takeSSN(b); err == nil {
			b, err = a.takePC(v, b)
		}
	} else if b, err = a.takePC(v, b); err == nil {
		b, err = a.takeSSN(b)
	}
	if a.GTI != 0 {
		a.Title = b
	}
	return a, err
}

func (a *Address) takeSSN(b []byte) ([]byte, *ParseError) {
	if !a.HasSSN {
		return b, nil
	}
	if len(b) < 1 {
		return nil, errAddress
	}
	a.SSN = b[0]
	return b[1:], nil
}

func (a *Address) takePC(v *ss7.Variant, b []byte) ([]byte, *ParseError) {
	if !a.HasPC {
		return b, nil
	}
	n := pcLen(v)
	if len(b) < n {
		return nil, errAddress
	}
	a.PC = parsePC(v, b)
	return b[n:], nil
}

// pcLen is the length of a point code inside SCCP.
func pcLen(v *ss7.Variant) int { return int(v.Bits()+7) / 8 }

func parsePC(v *ss7.Variant, b []byte) ss7.PC {
	pc := ss7.PC(b[0]) | ss7.PC(b[1])<<8
	if pcLen(v) == 3 {
		pc |= ss7.PC(b[2]) << 16
	}
	return pc & (1<<v.Bits() - 1)
}

func appendPC(v *ss7.Variant, dst []byte, pc ss7.PC) []byte {
	dst = append(dst, byte(pc), byte(pc>>8))
	if pcLen(v) == 3 {
		dst = append(dst, byte(pc>>16))
	}
	return dst
}

// AppendAddress writes an address of a variant, without its length.
func AppendAddress(v *ss7.Variant, dst []byte, a *Address) []byte {
	ai := a.GTI << 2 & 0x3c
	first, second := a.HasPC, a.HasSSN
	if v == ss7.ANSI {
		first, second = second, first
	}
	for _, x := range [...]struct {
		set bool
		bit byte
	}{{first, bitFirst}, {second, bitSecond}, {a.OnSSN, bitOnSSN}, {a.National, bitNational}} {
		if x.set {
			ai |= x.bit
		}
	}
	dst = append(dst, ai)
	if a.HasSSN && v == ss7.ANSI {
		dst = append(dst, a.SSN)
	}
	if a.HasPC {
		dst = appendPC(v, dst, a.PC)
	}
	if a.HasSSN && v != ss7.ANSI {
		dst = append(dst, a.SSN)
	}
	if a.GTI != 0 {
		dst = append(dst, a.Title...)
	}
	return dst
}

// Title is a global title taken apart. Fields that its form does not have are zero.
type Title struct {
	Nature gtt.Nature
	ES     uint8 // encoding scheme
	Spare  bool  // bit 8 of the nature of address, where that is not the odd/even indicator
	Digits gtt.Digits
}

// Encoding schemes (Q.713 §3.4.2.3.3).
const (
	esOdd  = 1
	esEven = 2
)

// form is the form of a title: which fields stand before the digits.
type form uint8

const (
	formNone form = iota
	formNAI       // ITU 1: odd/even and nature of address
	formTT        // ITU 2, ANSI 2: translation type
	formTTNP      // ITU 3, ANSI 1: also numbering plan and encoding scheme
	formFull      // ITU 4: also nature of address
)

var formHeads = [...]int{formNAI: 1, formTT: 1, formTTNP: 2, formFull: 3}

// formOf gives the form that an indicator stands for; formNone if the indicator is not defined.
func formOf(v *ss7.Variant, gti uint8) form {
	if v == ss7.ANSI {
		return [16]form{1: formTTNP, 2: formTT}[gti]
	}
	return [16]form{1: formNAI, 2: formTT, 3: formTTNP, 4: formFull}[gti]
}

// ParseTitle takes the title of a apart. ok is false if there is none, or if it has an unknown form, is too
// short, or has more than 64 digits.
func (a *Address) ParseTitle(v *ss7.Variant) (t Title, ok bool) {
	f := formOf(v, a.GTI)
	head := formHeads[f]
	if f == formNone || len(a.Title) < head || len(a.Title)-head > gtt.MaxDigits/2 {
		return t, false
	}
	b := a.Title
	t.Nature.GTI = a.GTI
	odd := false
	switch f {
	case formNAI:
		t.Nature.NAI, odd = b[0]&0x7f, b[0]&0x80 != 0
	case formTT:
		t.Nature.TT = b[0] // there is no odd/even indicator, so a filler counts as a digit
	case formFull:
		t.Nature.NAI, t.Spare = b[2]&0x7f, b[2]&0x80 != 0
		fallthrough
	case formTTNP:
		t.Nature.TT, t.Nature.NP, t.ES = b[0], b[1]>>4, b[1]&15
		odd = t.ES == esOdd
	}
	digits := b[head:]
	n := 2 * len(digits)
	if odd && n > 0 {
		n--
	}
	t.Digits = gtt.FromBCD(digits, n)
	return t, true
}

// AppendTitle writes a title as Address.Title has it. If the encoding scheme is one of the two BCD ones, the
// number of digits decides which.
func AppendTitle(v *ss7.Variant, dst []byte, t *Title) []byte {
	odd := t.Digits.Len()%2 == 1
	es := t.ES
	if es == esOdd || es == esEven {
		es = esEven
		if odd {
			es = esOdd
		}
	}
	flag := func(x uint8, set bool) byte {
		if set {
			return x | 0x80
		}
		return x
	}
	switch formOf(v, t.Nature.GTI) {
	case formNAI:
		dst = append(dst, flag(t.Nature.NAI, odd))
	case formTT:
		dst = append(dst, t.Nature.TT)
	case formTTNP:
		dst = append(dst, t.Nature.TT, t.Nature.NP<<4|es&15)
	case formFull:
		dst = append(dst, t.Nature.TT, t.Nature.NP<<4|es&15, flag(t.Nature.NAI, t.Spare))
	}
	return t.Digits.AppendBCD(dst)
}

// Text gives the address for a person, such as "route on GT: gti 4 tt 0 np 1 nai 4 digits 491511234, SSN 6".
func (a *Address) Text(v *ss7.Variant, n ss7.Notation) string {
	var out []string
	if t, ok := a.ParseTitle(v); ok {
		out = append(out, fmt.Sprintf("%v digits %v", t.Nature, t.Digits))
	} else if a.GTI != 0 {
		out = append(out, fmt.Sprintf("gti %d title %x", a.GTI, a.Title))
	}
	if a.HasPC {
		out = append(out, "PC "+n.Format(a.PC))
	}
	if a.HasSSN {
		out = append(out, fmt.Sprint("SSN ", a.SSN))
	}
	if len(out) == 0 {
		return "nothing"
	}
	on := "route on GT: "
	if a.OnSSN {
		on = "route on SSN: "
	}
	return on + strings.Join(out, ", ")
}
