package m2ua

import (
	"encoding/binary"
	"fmt"

	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// Data is one Data message (§3.3.1.1). Its slices are part of the message.
type Data struct {
	ID             uint32
	Text           []byte // the interface identifier, if it is a text
	Nameless       bool   // there is none; only an odd far end may leave it out
	PDU            []byte // the MSU, from the SIO on
	Correlation    uint32
	HasCorrelation bool
}

// ReadInterface gives the interface identifier that stands first in a message of class 6. It gives false if the
// identifier stands elsewhere or is missing.
func ReadInterface(b []byte) (id uint32, text []byte, ok bool) {
	_, p, e := xua.ParseHeader(b)
	if e != nil {
		return 0, nil, false
	}
	tag, v, _, ok := p.Cut()
	switch {
	case !ok:
	case tag == tagID && len(v) == 4:
		return binary.BigEndian.Uint32(v), nil, true
	case tag == tagText && len(v) > 0 && len(v) <= maxText:
		return 0, v, true
	}
	return 0, nil, false
}

// IsDataAck tells whether a message is a Data Ack.
func IsDataAck(b []byte) bool { return IsMAUP(b) && b[3] == byte(DataAck&0xff) }

// ReadDataAck reads the Correlation Id of a Data Ack (§3.3.1.2), and the interface that it belongs to. It gives
// false for any other message, or one that is malformed. It allocates nothing.
func ReadDataAck(b []byte) (correlation, id uint32, text []byte, ok bool) {
	if id, text, ok = ReadInterface(b); !ok || !IsDataAck(b) {
		return 0, 0, nil, false
	}
	_, p, _ := xua.ParseHeader(b)
	correlation, ok = p.Uint32(xua.TagCorrelation)
	return correlation, id, text, ok
}

// ParseData reads a Data message into d. It allocates nothing unless it fails.
func ParseData(b []byte, d *Data) *xua.Error {
	_, p, e := xua.ParseHeader(b)
	if e != nil {
		return e
	}
	*d = Data{}
	var named bool
	if d.ID, d.Text, named = ReadInterface(b); named {
		_, _, p, _ = p.Cut()
	}
	d.Nameless = !named
	for len(p) > 0 {
		tag, v, rest, ok := p.Cut()
		if !ok {
			return fault(b, xua.ParameterFieldError, tag, "has a wrong length field")
		}
		p = rest
		switch tag {
		case tagPDU, tagTTC:
			if d.PDU != nil {
				return fault(b, xua.UnexpectedParameter, tag, "stands twice")
			}
			if tag == tagTTC && len(v) > 0 {
				v = v[1:]
			}
			if len(v) == 0 || len(v) > maxPDU {
				return fault(b, xua.ParameterFieldError, tag, fmt.Sprintf("has an MSU of %d octets", len(v)))
			}
			d.PDU = v
		case xua.TagCorrelation:
			if len(v) != 4 {
				return fault(b, xua.ParameterFieldError, tag, "is not 4 octets")
			}
			d.Correlation, d.HasCorrelation = binary.BigEndian.Uint32(v), true
		case tagID, tagText:
			return fault(b, xua.UnexpectedParameter, tag, "is not the first, or stands twice")
		}
	}
	if d.PDU == nil {
		return fault(b, xua.MissingParameter, tagPDU, "is missing")
	}
	return nil
}

func fault(b []byte, code xua.Code, tag uint16, why string) *xua.Error {
	return &xua.Error{Code: code, Why: fmt.Sprintf("Data: parameter %#04x %s", tag, why), Diag: xua.Head(b)}
}

// Label says how the Data of one interface is written.
type Label struct {
	Interface
	Variant  *ss7.Variant
	TTC      bool // the protocol data begins with the length indicator
	Nameless bool // Data has no interface identifier
}

// Append writes a Data message of m.
func (l *Label) Append(dst []byte, m *ss7.MSU) []byte { return l.append(dst, m, 0, false) }

// AppendTagged writes a Data message with a Correlation Id.
func (l *Label) AppendTagged(dst []byte, m *ss7.MSU, id uint32) []byte {
	return l.append(dst, m, id, true)
}

// Fits tells whether an MSU is no longer than MTP2 may be given (§3.3.1.1: MUST NOT exceed).
func (l *Label) Fits(m *ss7.MSU) bool { return 1+l.Variant.LabelLen()+len(m.Payload) <= maxPDU }

func (l *Label) append(dst []byte, m *ss7.MSU, id uint32, tagged bool) []byte {
	start := len(dst)
	dst = xua.Begin(dst, DATA)
	if !l.Nameless {
		dst = l.Interface.append(dst)
	}
	at := len(dst)
	tag := tagPDU
	if l.TTC {
		tag = tagTTC
	}
	dst = append(dst, byte(tag>>8), byte(tag&0xff), 0, 0)
	if l.TTC { // in JT-Q703 the spare bits are the priority
		dst = append(dst, lengthIndicator(1+l.Variant.LabelLen()+len(m.Payload))|m.Prio<<6)
	}
	dst = l.Variant.AppendMSU(dst, m)
	n := len(dst) - at
	binary.BigEndian.PutUint16(dst[at+2:], uint16(n))
	dst = pad(dst, n)
	if tagged {
		dst = xua.AppendUint32(dst, xua.TagCorrelation, id)
	}
	return xua.End(dst, start)
}

// Stream gives the stream for the messages of an interface: one for each link, and never 0 (§1.5.4.1), unless
// there is no other.
func Stream(id uint32, streams uint16) uint16 {
	if streams < 2 {
		return 0
	}
	return 1 + uint16(id%uint32(streams-1))
}
