package sccp

import (
	"testing"

	"github.com/gostp/gostp/ss7"
)

const alias ss7.PC = 0x0777 // another code of this node

// An answer comes from the code that was asked: its receiver may know no other one.
func TestAnswersComeFromTheCodeThatWasAsked(t *testing.T) {
	v := view()
	v.Own = append(v.Own, alias)
	refused := Message{Type: UDT, Class: ReturnOption, Called: onSSN(0, 77), Calling: onSSN(origin, 8),
		Data: []byte("x")}
	for name, m := range map[string]Message{
		"UDTS": refused,
		"CREF": {Type: CR, SLR: 0x010203, Class: 2, Called: onSSN(0, 77)},
		"RLC":  {Type: RLSD, DLR: 1, SLR: 2},
	} {
		for _, own := range []ss7.PC{me, alias} {
			in := msu(m)
			in.DPC = own
			d, _ := v.Relay(in, "", 0, nil)
			if d.Fate != Return || d.MSU.OPC != own || d.MSU.DPC != origin {
				t.Errorf("%s for %v: %v, %v to %v, %v", name, own, d.Fate, d.MSU.OPC, d.MSU.DPC, d.Reason)
			}
		}
	}
	s := newScript()
	s.cfg.Own = append(s.cfg.Own, alias)
	for _, c := range []Command{SST, SOR} {
		for _, own := range []ss7.PC{me, alias} {
			out := s.Recv(s.now, own, origin, AppendNotice(ss7.ITU, nil, Notice{Command: c, SSN: 8, PC: alias}), nil)
			if len(out) != 1 || out[0].Event.MSU.OPC != own {
				t.Errorf("%v to %v: %+v", c, own, out)
			}
		}
	}
}

// A point that knows this node by another code than its first one hears from that, and of that.
func TestPointHearsTheCodeThatItKnows(t *testing.T) {
	codes := map[ss7.PC]ss7.PC{stp: alias}
	v := view()
	v.Own, v.Codes = append(v.Own, alias), codes
	for digits, want := range map[string]ss7.PC{"4915123": alias, "49123": me} {
		m := Message{Type: UDT, Called: gt(digits, 6), Calling: gt("4179", 8), Data: []byte("x")}
		d, _ := v.Relay(msu(m), "", 0, nil)
		if d.Fate != Forward || d.MSU.OPC != want {
			t.Errorf("%s: %v from %v, want %v", digits, d.Fate, d.MSU.OPC, want)
		}
	}
	s := newScript()
	s.cfg.Own = append(s.cfg.Own, alias)
	s.Known(codes)
	out, err := s.SetLocal(8, false, nil)
	if err != nil || len(out) != 2 {
		t.Fatal(out, err)
	}
	for _, a := range out {
		want := ss7.PC(me)
		if a.Event.MSU.DPC == stp {
			want = alias
		}
		m, _ := Parse(a.Event.MSU.Payload)
		n, _ := ParseNotice(ss7.ITU, m.Data)
		if a.Event.MSU.OPC != want || n.PC != want {
			t.Errorf("to %v from %v about %v, want %v", a.Event.MSU.DPC, a.Event.MSU.OPC, n.PC, want)
		}
	}
}
