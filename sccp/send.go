package sccp

import (
	"slices"

	"github.com/gostp/gostp/ss7"
)

// send writes the message that leaves for r.MSU.DPC.
func (r *run) send() Reason {
	if r.view.Status.Restricts(r.MSU.DPC, r.msg.Importance()) {
		return Congested
	}
	r.insertOPC()
	if reason := r.fit(); reason != NoReason {
		return reason
	}
	start := len(r.buf)
	out, ok := Append(r.buf, &r.msg)
	if !ok || len(out)-start > r.view.longest() {
		switch {
		case r.received.Type == LUDT && r.msg.Type == XUDT:
			return r.segment()
		case r.received.Type == LUDTS && r.msg.Type == XUDTS:
			out, ok = r.cut(r.buf, &r.msg)
		default:
			ok = false
		}
	}
	if !ok {
		return TooLong
	}
	r.buf = out
	r.Fate = Forward
	r.label(r.view.code(r.MSU.DPC), r.MSU.DPC, out[start:])
	return NoReason
}

// cut writes a message that goes back, with as much of its data as fits (Q.714 §4.2). It gives false if no data
// fits.
func (r *run) cut(buf []byte, m *Message) (out []byte, ok bool) {
	start, most := len(buf), r.view.longest()
	for {
		if out, ok = Append(buf, m); ok && len(out)-start <= most {
			return out, true
		}
		if len(m.Data) <= 1 {
			return buf, false
		}
		over := 1
		if ok {
			over = len(out) - start - most
		} else if !m.long() && len(m.Data) > 255 {
			over = len(m.Data) - 255
		}
		m.Data = m.Data[:max(1, len(m.Data)-over)]
	}
}

// label makes the MSU that leaves. It keeps the SLS that came in, so that messages in sequence stay so (Q.714
// §2.3.2).
func (r *run) label(opc, dpc ss7.PC, payload []byte) {
	r.MSU = ss7.MSU{DPC: dpc, OPC: opc, SLS: r.in.SLS, NI: r.view.NI, Prio: r.in.Prio, SI: ss7.SCCP,
		Payload: payload[:len(payload):len(payload)]}
}

// code gives the code by which a point knows this node.
func (v *View) code(pc ss7.PC) ss7.PC {
	if c, ok := v.Codes[pc]; ok {
		return c
	}
	return v.Own[0]
}

// asked gives the code of this node to which the message was addressed. An answer comes from that code, because
// its receiver may know no other (Q.714 §4.2).
func (r *run) asked() ss7.PC {
	if slices.Contains(r.view.Own, r.in.DPC) {
		return r.in.DPC
	}
	return r.view.Own[0]
}

// insertOPC puts the code of the sender into the calling address, if an answer would not find its way once the
// label has changed. This concerns a calling address that routes on SSN and has no code (Q.714 §2.7.5.1 b). In
// a CR it concerns any that has no code, and one that is absent, since the answer to a CR is not translated
// (§2.7.5.2 b).
func (r *run) insertOPC() {
	a, ok := r.calling()
	switch {
	case r.msg.Type == CR && len(r.msg.Option(paramCalling)) == 0:
		a = Address{OnSSN: true, HasSSN: true}
	case !ok || a.HasPC:
		return
	case r.msg.Type != CR && (!a.OnSSN || r.msg.Type.Service()):
		return
	}
	a.HasPC, a.PC = true, r.in.OPC
	b := r.address(&a)
	if r.msg.Type != CR {
		r.msg.Calling = b
		return
	}
	start := len(r.buf)
	r.buf = append(append(r.buf, paramCalling, byte(len(b))), b...)
	for o := r.msg.Options; len(o) >= 2; o = o[2+int(o[1]):] {
		if o[0] != paramCalling {
			r.buf = append(r.buf, o[:2+int(o[1])]...)
		}
	}
	r.msg.Options = r.buf[start:len(r.buf):len(r.buf)]
}

// fit makes the message one that the next point takes (Q.714 §2.5).
func (r *run) fit() Reason {
	v := r.view
	f := v.Formats[r.MSU.DPC]
	m := &r.msg
	if m.long() && f != Long {
		// What is too long for that is dealt with where the message is written.
		m.Type -= LUDT - XUDT
	}
	switch {
	case f == UDTOnly && (m.Type == XUDT || m.Type == XUDTS):
		if m.Segmented() {
			return NoSegments
		}
		if !v.Convert {
			return NoReason // it leaves as it is: nothing else is allowed
		}
		m.Type -= XUDT - UDT
		m.Options = nil
	case f == Extended && v.Convert && m.Type == UDT && r.Route != nil && r.Route.ToGT:
		// If the message will be translated again, it gets a hop counter, which ends a circle. A message that would
		// grow too long stays as it is.
		if len(m.Data) <= 254 {
			m.Type, m.Hops = XUDT, v.hops()
		}
	}
	return NoReason
}

// fail ends a message that cannot be relayed. The message goes back if it may.
func (r *run) fail(reason Reason) {
	r.Fate, r.Reason, r.MSU, r.Path = Drop, reason, ss7.MSU{}, 0
	switch {
	case reason == NoConnection:
		r.stray()
	case r.received.Type == CR:
		r.answer(Message{Type: CREF, DLR: r.received.SLR, Cause: reason.Cause().refusal()})
	case r.received.Type.Service() || r.received.Class&ReturnOption == 0:
	default:
		r.giveBack(reason.Cause())
	}
}

// stray answers a message of a connection that this node does not know, as Q.714 annex B has it: RLC answers
// RLSD, and ERR answers what carries data or asks something.
func (r *run) stray() {
	switch m := &r.received; m.Type {
	case RLSD:
		r.answer(Message{Type: RLC, DLR: m.SLR, SLR: m.DLR})
	case CC, RSR, IT:
		r.answer(Message{Type: ERR, DLR: m.SLR})
	}
}

// answer sends m back to the point that the message came from.
func (r *run) answer(m Message) {
	start := len(r.buf)
	out, ok := Append(r.buf, &m)
	if !ok {
		return
	}
	r.buf = out
	r.Fate, r.Told = Return, true
	r.label(r.asked(), r.in.OPC, out[start:])
}

// giveBack is message return (Q.714 §4.2). It sends the message as it was received, with its addresses
// exchanged, to its calling address, which may have to be translated.
func (r *run) giveBack(c Cause) {
	v, old := r.view, &r.received
	back := Message{Type: old.Type + 1, Cause: uint8(c), Called: old.Calling, Calling: old.Called, Data: old.Data}
	if old.Type != UDT {
		back.Hops, back.Options = v.hops(), old.Options
	}
	if len(back.Called) == 0 {
		return // there is nobody to tell
	}
	called, err := ParseAddress(v.Variant, back.Called)
	if err != nil {
		return
	}
	dpc := r.in.OPC
	switch {
	case called.OnSSN && called.HasPC:
		dpc = called.PC
	case !called.OnSSN && called.GTI != 0:
		// The way back has a translation of its own. The Verdict keeps that of the message.
		way := run{view: v, in: r.in, from: r.from, now: r.now, msg: back, buf: r.buf}
		if way.translate(&called) != NoReason {
			return
		}
		dpc, r.Path, back, r.buf = way.MSU.DPC, way.Path, way.msg, way.buf
	}
	start := len(r.buf)
	out, ok := r.cut(r.buf, &back)
	if !ok {
		return
	}
	r.buf = out
	r.Fate, r.Told = Return, true
	r.label(r.asked(), dpc, out[start:])
}
