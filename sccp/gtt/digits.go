package gtt

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// MaxDigits is how many digits a global title, or a prefix of one, may have.
const MaxDigits = 64

const words = MaxDigits / 16

// Digits is a string of up to 64 digits 0 to F (Q.713 §3.4.2.3.1). Equal strings are equal values, because
// everything beyond the last digit is zero.
type Digits struct {
	w [words]uint64 // 16 digits each, the first digit in the highest bits
	n uint8
}

// FromBCD reads n digits as they stand in an address, the first in the low half of the first octet. It leaves
// out digits beyond the octets, or beyond MaxDigits.
func FromBCD(b []byte, n int) Digits {
	n = min(n, 2*len(b), MaxDigits)
	d := Digits{n: uint8(n)}
	if len(b) >= 8 && n <= 16 {
		d.w[0] = swap(binary.BigEndian.Uint64(b)) & ones(n)
		return d
	}
	for i := range (n + 1) / 2 {
		d.w[i/8] |= uint64(b[i]<<4|b[i]>>4) << (56 - 8*(i%8))
	}
	if n%16 != 0 {
		d.w[n/16] &= ones(n % 16)
	}
	return d
}

// swap exchanges the halves of every octet.
func swap(x uint64) uint64 {
	const low = 0x0f0f0f0f0f0f0f0f
	return x&low<<4 | x>>4&low
}

// ones gives a mask of the first n digits of a word.
func ones(n int) uint64 { return ^(^uint64(0) >> (4 * n)) }

// Parse reads digits as they are written: 0 to 9, A to F.
func Parse(s string) (Digits, error) {
	var d Digits
	if len(s) > MaxDigits {
		return d, fmt.Errorf("%d digits; a global title has at most %d", len(s), MaxDigits)
	}
	for i := range len(s) {
		x, ok := nibble(s[i])
		if !ok {
			return Digits{}, fmt.Errorf("%q is no digit: digits are 0 to 9 and A to F", s[i])
		}
		d.w[i/16] |= uint64(x) << (60 - 4*(i%16))
	}
	d.n = uint8(len(s))
	return d, nil
}

func nibble(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	}
	return 0, false
}

// Len gives how many digits there are.
func (d *Digits) Len() int { return int(d.n) }

// At gives digit i.
func (d *Digits) At(i int) byte { return byte(d.w[i/16]>>(60-4*(i%16))) & 15 }

func (d Digits) String() string {
	var buf [MaxDigits]byte
	for i := range d.Len() {
		buf[i] = "0123456789ABCDEF"[d.At(i)]
	}
	return string(buf[:d.n])
}

// AppendBCD writes the digits as an address has them. An odd number of digits is followed by a filler of zero.
func (d *Digits) AppendBCD(dst []byte) []byte {
	for i := range (d.Len() + 1) / 2 {
		b := byte(d.w[i/8] >> (56 - 8*(i%8)))
		dst = append(dst, b<<4|b>>4)
	}
	return dst
}

// common gives the length of the longest prefix that d and e share.
func (d *Digits) common(e *Digits) int {
	most := int(min(d.n, e.n))
	for i := range words {
		if x := d.w[i] ^ e.w[i]; x != 0 {
			return min(most, 16*i+bits.LeadingZeros64(x)/4)
		}
	}
	return most
}

// HasPrefix tells whether d begins with p.
func (d *Digits) HasPrefix(p *Digits) bool { return p.n <= d.n && d.common(p) == int(p.n) }

// Replace gives d with its first remove digits taken away and add put in front. Digits beyond MaxDigits fall
// off the end.
func (d *Digits) Replace(remove int, add *Digits) Digits {
	rest := d.shift(-min(remove, d.Len()))
	moved := rest.shift(add.Len())
	for i := range words {
		moved.w[i] |= add.w[i]
	}
	return moved
}

// shift moves the digits by places. To the right (positive), this makes room in front; to the left (negative),
// it drops the first digits.
func (d *Digits) shift(places int) Digits {
	var out Digits
	out.n = uint8(min(d.Len()+places, MaxDigits))
	for i := range words {
		from := i*16 - places // the digit that comes to the head of word i
		out.w[i] = d.window(from)
	}
	return out
}

// window gives the 16 digits that begin at place at. Outside the word there are zeros.
func (d *Digits) window(at int) uint64 {
	word := at >> 4
	off := uint(at&15) * 4
	var hi, lo uint64
	if word >= 0 && word < words {
		hi = d.w[word]
	}
	if word+1 >= 0 && word+1 < words {
		lo = d.w[word+1]
	}
	return hi<<off | lo>>(64-off)
}

// less orders digits as a dictionary does: a prefix comes before the strings that it begins.
func (d *Digits) less(e *Digits) int {
	for i := range words {
		switch {
		case d.w[i] < e.w[i]:
			return -1
		case d.w[i] > e.w[i]:
			return 1
		}
	}
	return int(d.n) - int(e.n)
}
