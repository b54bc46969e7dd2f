package sccp

import "encoding/binary"

// maxSegments is how many segments a message may have (Q.713 §3.17).
const maxSegments = 16

// These are bits of the first octet of the parameter Segmentation.
const (
	bitFirstSegment = 0x80
	bitClass1       = 0x40
)

// segment writes a LUDT as segments, for a point that does not take LUDT. The segments are XUDT of class 1, all
// with the message's own local reference (Q.714 §2.5, §4.1.1). Only a message that came with the parameter
// Segmentation may be taken apart: the parameter says which class the message had, and by what reference its
// parts are known.
func (r *run) segment() Reason {
	m := &r.msg
	given := m.Option(paramSegmentation)
	if len(given) != 4 {
		return NotSegmented
	}
	head := len(r.buf)
	r.buf = append(r.buf, paramSegmentation, 4, 0, given[1], given[2], given[3])
	for o := m.Options; len(o) >= 2; o = o[2+int(o[1]):] {
		if o[0] != paramSegmentation {
			r.buf = append(r.buf, o[:2+int(o[1])]...)
		}
	}
	options := r.buf[head:len(r.buf):len(r.buf)]
	// There are seven octets of fixed part and pointers, three lengths, and the end of the options. The pointer to
	// the options has one octet, which bounds what may stand before them.
	room := min(255, r.view.longest()-11-len(m.Called)-len(m.Calling)-len(options), 251-len(m.Called)-len(m.Calling))
	if room <= 0 || len(m.Data) > room*maxSegments {
		return NotSegmented
	}
	data := m.Data
	n := (len(data) + room - 1) / room
	m.Options, m.Class = options, m.Class&ReturnOption|1
	first, last := 0, 0
	for i := range n {
		options[2] = given[0]&bitClass1 | byte(n-1-i)
		if i == 0 {
			options[2] |= bitFirstSegment
		}
		m.Data = data[i*room : min(len(data), (i+1)*room)]
		at := len(r.buf)
		out, ok := Append(append(r.buf, 0, 0), m)
		if !ok {
			return NotSegmented
		}
		binary.BigEndian.PutUint16(out[at:], uint16(len(out)-at-2))
		r.buf = out
		if i == 0 {
			first, last = at+2, len(out)
		}
	}
	r.Fate = Forward
	r.label(r.view.code(r.MSU.DPC), r.MSU.DPC, r.buf[first:last])
	r.rest = r.buf[last:len(r.buf):len(r.buf)]
	return NoReason
}

// Next makes MSU the next segment of the message that leaves. It gives false if there is none, which is the
// rule.
func (d *Verdict) Next() bool {
	if len(d.rest) < 2 {
		return false
	}
	n := 2 + int(binary.BigEndian.Uint16(d.rest))
	d.MSU.Payload, d.rest = d.rest[2:n:n], d.rest[n:]
	return true
}
