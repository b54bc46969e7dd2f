package sccp

import "github.com/gostp/gostp/ss7"

// Border rewrites messages that pass from one network to another. The other network has other codes for the
// same points, and may have another variant.
type Border struct {
	From, To *ss7.Variant
	// Code gives the code that a point has on the other side; false if it has none there.
	Code func(ss7.PC) (ss7.PC, bool)
	// Lenient leaves out a code that the other side does not have, instead of refusing the message.
	Lenient bool
}

// ansiTitles are the global title indicators of ANSI for those of ITU (T1.112.3 §3.4.2.3). ITU's 2 and 3 have
// the same fields there. ITU's 4 loses the nature of address. ITU's 1 has no counterpart. ituTitles is the way
// back.
var (
	ansiTitles = [16]uint8{2: 2, 3: 1, 4: 1}
	ituTitles  = [16]uint8{1: 3, 2: 2}
)

// Convert gives the payload of an MSU of SCCP as it is on the other side. It converts codes in addresses and in
// messages of SCMG, and puts addresses into the form of the other variant. In an address that routes on its
// title, a code that the other side does not have is left out, because it says nothing there. If nothing
// changes, out is payload itself, else it is appended to buf. rest is the rest of buf. ok is false if the
// message cannot pass: it is malformed, a code or a title has no form on the other side, or something is too
// long for its length octet.
func (b *Border) Convert(payload, buf []byte) (out, rest []byte, ok bool) {
	m, err := Parse(payload)
	if err != nil {
		return nil, buf, false
	}
	changed := false
	about := m.Called
	for _, part := range [...]*[]byte{&m.Called, &m.Calling} {
		if *part == nil {
			continue
		}
		if *part, buf, ok = b.address(*part, buf, &changed); !ok {
			return nil, buf, false
		}
	}
	if m.Options != nil {
		if m.Options, buf, ok = b.options(&m, buf, &changed); !ok {
			return nil, buf, false
		}
	}
	if m.Type == UDT || m.Type == XUDT || m.Type == LUDT {
		if a, err := ParseAddress(b.From, about); err == nil && a.OnSSN && a.HasSSN && a.SSN == ssnManagement {
			if m.Data, buf, ok = b.notice(m.Data, buf); !ok {
				return nil, buf, false
			}
			changed = true
		}
	}
	if !changed {
		return payload, buf, true
	}
	start := len(buf)
	buf, ok = Append(buf, &m)
	return buf[start:len(buf):len(buf)], buf, ok
}

// address converts one address.
func (b *Border) address(in, buf []byte, changed *bool) (out, rest []byte, ok bool) {
	if len(in) == 0 {
		return in, buf, true
	}
	a, err := ParseAddress(b.From, in)
	if err != nil {
		return nil, buf, false
	}
	other := (b.From == ss7.ANSI) != (b.To == ss7.ANSI)
	if !a.HasPC && !other {
		return in, buf, true
	}
	*changed = true
	if a.HasPC {
		if a.PC, a.HasPC = b.Code(a.PC); !a.HasPC && a.OnSSN && !b.Lenient {
			return nil, buf, false
		}
	}
	if other {
		a.National = b.To == ss7.ANSI
		if buf, ok = b.title(&a, buf); !ok {
			return nil, buf, false
		}
	}
	start := len(buf)
	buf = AppendAddress(b.To, buf, &a)
	return buf[start:len(buf):len(buf)], buf, true
}

// title puts the global title of a into the form of the other variant.
func (b *Border) title(a *Address, buf []byte) (rest []byte, ok bool) {
	if a.GTI == 0 {
		return buf, true
	}
	t, ok := a.ParseTitle(b.From)
	gti := ansiTitles[a.GTI&15]
	if b.From == ss7.ANSI {
		gti = ituTitles[a.GTI&15]
	}
	if !ok || gti == 0 {
		return buf, false
	}
	a.GTI, t.Nature.GTI = gti, gti
	start := len(buf)
	buf = AppendTitle(b.To, buf, &t)
	a.Title = buf[start:len(buf):len(buf)]
	return buf, true
}

// options converts the addresses among the optional parameters. Connection-oriented messages have their
// addresses there.
func (b *Border) options(m *Message, buf []byte, changed *bool) (out, rest []byte, ok bool) {
	if m.Option(paramCalled) == nil && m.Option(paramCalling) == nil {
		return m.Options, buf, true
	}
	var all [256]byte
	options := all[:0]
	for o := m.Options; len(o) >= 2; o = o[2+int(o[1]):] {
		v := o[2 : 2+int(o[1])]
		if o[0] == paramCalled || o[0] == paramCalling {
			if v, buf, ok = b.address(v, buf, changed); !ok || len(v) > 255 {
				return nil, buf, false
			}
		}
		options = append(append(options, o[0], byte(len(v))), v...)
	}
	start := len(buf)
	buf = append(buf, options...)
	return buf[start:len(buf):len(buf)], buf, true
}

// notice converts the code in a message of subsystem management (Q.713 §5.3).
func (b *Border) notice(data, buf []byte) (out, rest []byte, ok bool) {
	n, err := ParseNotice(b.From, data)
	if err != nil {
		return nil, buf, false
	}
	if n.PC, ok = b.Code(n.PC); !ok {
		return nil, buf, false
	}
	start := len(buf)
	buf = AppendNotice(b.To, buf, n)
	return buf[start:len(buf):len(buf)], buf, true
}
