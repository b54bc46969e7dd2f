package ss7

import (
	"encoding/binary"
	"fmt"
)

// Variant is one national or international kind of MTP: the width and notation
// of its point codes, the layout of its routing label, and the width of its SLS.
// The values below are all there are. How a procedure differs between variants is
// known to the package of that procedure, which compares with these values.
type Variant struct {
	Name     string
	Notation Notation // as written by default
	SLSBits  uint8    // significant bits of the SLS
	Rotates  bool     // every node turns the SLS after it has used it (T1.111.5)

	layout layout
}

// layout is a layout of the routing label. The code switches on it instead of calling
// through it, so that an MSU on its way stays on the stack.
type layout uint8

const (
	label14 layout = iota // 4 octets
	label24               // 7 octets
	label16               // 5 octets
)

// The variants, with the names of the command `cs7 variant`.
var (
	// ITU is 14-bit codes, 3-8-3, 4-bit SLS (Q.704 §2.2, Q.708).
	ITU = &Variant{"itu", Notation{[]uint8{3, 8, 3}, '.'}, 4, false, label14}
	// ANSI is 24-bit codes, 8-8-8, 8-bit SLS (T1.111.4).
	ANSI = &Variant{"ansi", Notation{[]uint8{8, 8, 8}, '.'}, 8, true, label24}
	// China is 24-bit codes, 8-8-8, 4-bit SLS in the low half of its octet (GF 001-9001).
	China = &Variant{"china", Notation{[]uint8{8, 8, 8}, '.'}, 4, false, label24}
	// TTC is Japan's 16-bit codes and 4-bit SLS (JT-Q704). Codes are written 7-4-5, from the high bits
	// down, as other makes write them; the widths are not verified against the text.
	TTC = &Variant{"ttc", Notation{[]uint8{7, 4, 5}, '.'}, 4, false, label16}
	// NTT has TTC's label; the two differ in network management (not verified).
	NTT = &Variant{"ntt", Notation{[]uint8{7, 4, 5}, '.'}, 4, false, label16}
)

// Variants lists them all, in the order of the command line's help.
var Variants = []*Variant{ANSI, China, ITU, NTT, TTC}

// Bits is the width of a point code.
func (v *Variant) Bits() uint8 { return v.Notation.Bits() }

// LabelLen is the length of the routing label in octets.
func (v *Variant) LabelLen() int { return labelLens[v.layout] }

var labelLens = [...]int{label14: 4, label24: 7, label16: 5}

// Rotate turns an SLS to the right by one bit. So the next node chooses its link by a bit
// that this node did not use (T1.111.5).
func (v *Variant) Rotate(sls uint8) uint8 {
	n := v.SLSBits
	return sls>>1 | sls&1<<(n-1)
}

// RotateBack undoes Rotate.
func (v *Variant) RotateBack(sls uint8) uint8 {
	n := v.SLSBits
	return sls<<1&(1<<n-1) | sls>>(n-1)&1
}

// SLC is the signalling link code that the label of a message about a link has in the place of the
// SLS; bits beyond it are spare.
func (v *Variant) SLC(m *MSU) uint8 { return m.SLS & (1<<v.SLSBits - 1) & 15 }

// ParseMSU reads an MSU from its service information octet on. The payload of
// the result is part of b. The only error is an MSU too short for its label.
func (v *Variant) ParseMSU(b []byte) (m MSU, err error) {
	err = v.ReadMSU(b, &m)
	return m, err
}

// ReadMSU is ParseMSU into an MSU that the caller has, so that an MSU on its way
// is written once. After an error m is as it was.
func (v *Variant) ReadMSU(b []byte, m *MSU) error {
	n := v.LabelLen()
	if len(b) < 1+n {
		return fmt.Errorf("an MSU of %d octets is too short for the SIO and the %d-octet %s routing label", len(b), n, v.Name)
	}
	m.NI, m.Prio, m.SI, m.Payload = NI(b[0]>>6), b[0]>>4&3, SI(b[0]&15), b[1+n:]
	switch v.layout {
	case label14:
		parse14(b[1:], m)
	case label24:
		parse24(b[1:], m)
	default:
		parse16(b[1:], m)
	}
	return nil
}

// AppendMSU writes m from its service information octet on.
func (v *Variant) AppendMSU(dst []byte, m *MSU) []byte {
	dst = append(dst, byte(m.NI)<<6|m.Prio&3<<4|byte(m.SI)&15)
	switch v.layout {
	case label14:
		dst = append14(dst, m)
	case label24:
		dst = append24(dst, m)
	default:
		dst = append16(dst, m)
	}
	return append(dst, m.Payload...)
}

// Q.704 §2.2 figure 3 is drawn right to left: the label is one little-endian
// word, DPC lowest, then OPC, then SLS on top.
func parse14(b []byte, m *MSU) {
	w := binary.LittleEndian.Uint32(b)
	m.DPC, m.OPC, m.SLS = PC(w&0x3fff), PC(w>>14&0x3fff), uint8(w>>28)
}

func append14(dst []byte, m *MSU) []byte {
	return binary.LittleEndian.AppendUint32(dst, uint32(m.DPC)&0x3fff|uint32(m.OPC)&0x3fff<<14|uint32(m.SLS)<<28)
}

func parse24(b []byte, m *MSU) {
	m.DPC = PC(b[0]) | PC(b[1])<<8 | PC(b[2])<<16
	m.OPC = PC(b[3]) | PC(b[4])<<8 | PC(b[5])<<16
	m.SLS = b[6]
}

func append24(dst []byte, m *MSU) []byte {
	return append(dst, byte(m.DPC), byte(m.DPC>>8), byte(m.DPC>>16), byte(m.OPC), byte(m.OPC>>8), byte(m.OPC>>16), m.SLS)
}

func parse16(b []byte, m *MSU) {
	m.DPC = PC(binary.LittleEndian.Uint16(b))
	m.OPC = PC(binary.LittleEndian.Uint16(b[2:]))
	m.SLS = b[4] & 15
}

func append16(dst []byte, m *MSU) []byte {
	return append(dst, byte(m.DPC), byte(m.DPC>>8), byte(m.OPC), byte(m.OPC>>8), m.SLS&15)
}
