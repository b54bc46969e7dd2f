package xua

import (
	"encoding/binary"
	"fmt"
)

// Version is the only version that there is (RFC 4666 §3.1.1).
const Version = 1

const headerLen = 8

// Type has the class and the type of a message: class*256 + type (RFC 4666 §3.1.2).
type Type uint16

// These are the messages that all layers have: management, ASP state maintenance and ASP traffic maintenance.
const (
	ERR      Type = 0x0000
	NTFY     Type = 0x0001
	ASPUP    Type = 0x0301
	ASPDN    Type = 0x0302
	BEAT     Type = 0x0303
	ASPUPAck Type = 0x0304
	ASPDNAck Type = 0x0305
	BEATAck  Type = 0x0306
	ASPAC    Type = 0x0401
	ASPIA    Type = 0x0402
	ASPACAck Type = 0x0403
	ASPIAAck Type = 0x0404
)

// These are the parameters that all layers have (RFC 4666 §3.2).
const (
	TagInfo           uint16 = 0x0004
	TagRoutingContext uint16 = 0x0006
	TagDiagnostic     uint16 = 0x0007
	TagHeartbeat      uint16 = 0x0009
	TagTrafficMode    uint16 = 0x000b
	TagErrorCode      uint16 = 0x000c
	TagStatus         uint16 = 0x000d
	TagASPID          uint16 = 0x0011
	TagAffected       uint16 = 0x0012
	TagCorrelation    uint16 = 0x0013
)

// Field describes one parameter of a message.
type Field struct {
	Tag  uint16
	Must bool // mandatory
	Many bool // may stand more than once
	Size int  // octets of the value; negative means one or more times that; 0 means any
	Max  int  // the most octets of the value; 0 means what fits

	Empty bool // a value of no octets is accepted, whatever Size says
}

// Spec says what a message consists of.
type Spec struct {
	Name   string
	Fields []Field
}

// Grammar has all messages of a layer.
type Grammar map[Type]Spec

// Tags are the parameters that each layer has under numbers of its own.
type Tags struct {
	ID uint16 // what names traffic, 32 bits each: the Routing Context of M3UA
	NA uint16 // network appearance

	EmptyID bool // an empty ID counts as none
	// Dereg is the message that takes a registration back. If it is 0, the layer above takes leave of an AS whose
	// name changes.
	Dereg Type
}

// Common is the grammar of the messages that all layers have.
func (t Tags) Common() Grammar {
	ids := Field{Tag: t.ID, Size: -4, Empty: t.EmptyID}
	info := Field{Tag: TagInfo, Max: 255}
	aspID := Field{Tag: TagASPID, Size: 4}
	mode := Field{Tag: TagTrafficMode, Size: 4}
	beat := Field{Tag: TagHeartbeat}
	return Grammar{
		ERR: {"ERR", []Field{{Tag: TagErrorCode, Must: true, Size: 4}, ids, {Tag: t.NA, Size: 4},
			{Tag: TagAffected, Size: -4}, {Tag: TagDiagnostic}}},
		NTFY:     {"NTFY", []Field{{Tag: TagStatus, Must: true, Size: 4}, aspID, ids, info}},
		ASPUP:    {"ASPUP", []Field{aspID, info}},
		ASPUPAck: {"ASPUP Ack", []Field{aspID, info}},
		ASPDN:    {"ASPDN", []Field{info}},
		ASPDNAck: {"ASPDN Ack", []Field{info}},
		BEAT:     {"BEAT", []Field{beat}},
		BEATAck:  {"BEAT Ack", []Field{beat}},
		ASPAC:    {"ASPAC", []Field{mode, ids, info}},
		ASPACAck: {"ASPAC Ack", []Field{mode, ids, info}},
		ASPIA:    {"ASPIA", []Field{ids, info}},
		ASPIAAck: {"ASPIA Ack", []Field{ids, info}},
	}
}

// Message is one message that its Grammar has accepted.
type Message struct {
	Type   Type
	Name   string
	Params Params // part of the octets that were read
}

// Params is the parameters of a message, or those nested in one.
type Params []byte

// Parse reads one message, which is the whole of b. Parameters that its Spec does not have are ignored (RFC
// 4666 §3.2 leaves them to later RFCs).
func (g Grammar) Parse(b []byte) (Message, *Error) {
	t, params, e := ParseHeader(b)
	if e != nil {
		return Message{Type: t}, e
	}
	spec, ok := g[t]
	if !ok {
		return Message{Type: t}, g.unknown(t, b)
	}
	m := Message{t, spec.Name, params}
	if e := Check(spec.Fields, params); e != nil {
		e.Why = spec.Name + ": " + e.Why
		e.Diag = Head(b)
		return m, e
	}
	return m, nil
}

// unknown says whether the class or only the type is unknown. Each has its own error code, and must carry the
// first 40 octets of the message (RFC 4666 §3.8.1).
func (g Grammar) unknown(t Type, b []byte) *Error {
	for known := range g {
		if known>>8 == t>>8 {
			return &Error{Code: UnsupportedType, Why: fmt.Sprintf("message type %d of class %d is not known", t&0xff, t>>8),
				Diag: Head(b)}
		}
	}
	return &Error{Code: UnsupportedClass, Why: fmt.Sprintf("message class %d is not known", t>>8), Diag: Head(b)}
}

// ParseHeader reads the common header (RFC 4666 §3.1). It accepts a length that leaves out the padding of the
// last parameter, as §3.1.4 wants.
func ParseHeader(b []byte) (Type, Params, *Error) {
	if len(b) < headerLen {
		return 0, nil, &Error{Code: ProtocolError, Why: fmt.Sprintf("message of %d octets; a common header has 8",
			len(b)), Diag: Head(b)}
	}
	t := Type(b[2])<<8 | Type(b[3])
	if b[0] != Version {
		return t, nil, &Error{Code: InvalidVersion, Why: fmt.Sprintf("version %d; this is version 1", b[0]), Diag: Head(b)}
	}
	n := binary.BigEndian.Uint32(b[4:])
	if n < headerLen || uint64(n) > uint64(len(b)) || len(b)-int(n) > 3 {
		return t, nil, &Error{Code: ProtocolError, Why: fmt.Sprintf("length field says %d octets, %d are there", n,
			len(b)), Diag: Head(b)}
	}
	return t, Params(b[headerLen:]), nil
}

// Cut takes the first parameter off p. ok is false if there is none or its length is wrong; in the latter case
// p is not empty.
func (p Params) Cut() (tag uint16, value []byte, rest Params, ok bool) {
	if len(p) < 4 {
		return 0, nil, p, false
	}
	n := int(binary.BigEndian.Uint16(p[2:]))
	if n < 4 || n > len(p) {
		return binary.BigEndian.Uint16(p), nil, p, false
	}
	return binary.BigEndian.Uint16(p), p[4:n:n], p[min((n+3)&^3, len(p)):], true
}

// Get finds a parameter.
func (p Params) Get(tag uint16) ([]byte, bool) {
	for {
		t, v, rest, ok := p.Cut()
		if !ok || t == tag {
			return v, ok
		}
		p = rest
	}
}

// Uint32 gives the value of a parameter of 4 octets, and whether it is there.
func (p Params) Uint32(tag uint16) (uint32, bool) {
	v, ok := p.Get(tag)
	if !ok || len(v) != 4 {
		return 0, false
	}
	return binary.BigEndian.Uint32(v), true
}

// Uint32s gives all values of a parameter that is a list of 32-bit numbers; nil if the parameter is not there,
// or empty.
func (p Params) Uint32s(tag uint16) []uint32 {
	v, _ := p.Get(tag)
	if len(v) == 0 {
		return nil
	}
	out := make([]uint32, 0, len(v)/4)
	for ; len(v) >= 4; v = v[4:] {
		out = append(out, binary.BigEndian.Uint32(v))
	}
	return out
}

// Check compares parameters with what they should be.
func Check(fields []Field, p Params) *Error {
	var seen uint32
	for len(p) > 0 {
		tag, v, rest, ok := p.Cut()
		if !ok {
			return &Error{Code: ParameterFieldError, Why: fmt.Sprintf("parameter %#04x has a wrong length field", tag)}
		}
		p = rest
		for i := range fields {
			f := &fields[i]
			if f.Tag != tag {
				continue
			}
			if seen&(1<<i) != 0 && !f.Many {
				return &Error{Code: UnexpectedParameter, Why: fmt.Sprintf("parameter %#04x stands twice", tag)}
			}
			seen |= 1 << i
			if !f.fits(len(v)) {
				return &Error{Code: ParameterFieldError, Why: fmt.Sprintf("parameter %#04x has a value of %d octets", tag, len(v))}
			}
			break
		}
	}
	for i := range fields {
		if fields[i].Must && seen&(1<<i) == 0 {
			return &Error{Code: MissingParameter, Why: fmt.Sprintf("parameter %#04x is missing", fields[i].Tag)}
		}
	}
	return nil
}

func (f *Field) fits(n int) bool {
	switch {
	case n == 0 && f.Empty:
		return true
	case f.Size > 0 && n != f.Size, f.Size < 0 && (n == 0 || n%-f.Size != 0):
		return false
	}
	return f.Max == 0 || n <= f.Max
}

// Begin writes a common header. End sets its length.
func Begin(dst []byte, t Type) []byte {
	return append(dst, Version, 0, byte(t>>8), byte(t), 0, 0, 0, 0)
}

// End sets the length of the message that begins at dst[start].
func End(dst []byte, start int) []byte {
	binary.BigEndian.PutUint32(dst[start+4:], uint32(len(dst)-start))
	return dst
}

// AppendUint32 writes a parameter of 4 octets.
func AppendUint32(dst []byte, tag uint16, v uint32) []byte {
	return binary.BigEndian.AppendUint32(append(dst, byte(tag>>8), byte(tag), 0, 8), v)
}

// AppendUint32s writes a list of 32-bit numbers; an empty one is left out.
func AppendUint32s(dst []byte, tag uint16, v []uint32) []byte {
	if len(v) == 0 {
		return dst
	}
	n := 4 + 4*len(v)
	dst = append(dst, byte(tag>>8), byte(tag), byte(n>>8), byte(n))
	for _, x := range v {
		dst = binary.BigEndian.AppendUint32(dst, x)
	}
	return dst
}

// AppendBytes writes a parameter and pads it (RFC 4666 §3.2).
func AppendBytes(dst []byte, tag uint16, v []byte) []byte {
	n := 4 + len(v)
	dst = append(dst, byte(tag>>8), byte(tag), byte(n>>8), byte(n))
	dst = append(dst, v...)
	for ; n%4 != 0; n++ {
		dst = append(dst, 0)
	}
	return dst
}
