package configs

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/gostp/gostp/ss7"
)

// The lines that the ITP's users know, and those of our own grammar, come back as written.
func TestAccessLists(t *testing.T) {
	text := `hostname x
cs7 multi-instance
cs7 variant itu
cs7 point-code 1.1.1
cs7 paklog 192.0.2.10 dest-port 514
cs7 instance 1 variant ansi
access-list 2700 instance 0 permit all
access-list 2701 remark what SCCP and ISUP say
access-list 2701 deny si 0
access-list 2701 permit dpc 2.2.0 0.0.7 opc 1.1.1
access-list 2701 permit si 5 opc 3.3.3
access-list 2702 instance 1 permit dpc 1.2.3
`
	s, errs := Read([]byte(text))
	for _, e := range errs {
		t.Error(e)
	}
	var b bytes.Buffer
	if err := s.Write(&b); err != nil {
		t.Fatal(err)
	}
	again, errs := Read(b.Bytes())
	if len(errs) > 0 || !reflect.DeepEqual(again.Access, s.Access) || len(again.Access) != 5 {
		t.Error(errs, b.String())
	}
	pc := func(text string) ss7.PC { p, _ := s.Notation().Parse(text); return p }
	decide := func(m ss7.MSU) bool {
		for _, e := range s.AccessList(2701) {
			if e.Matches(&m) {
				return e.Permits()
			}
		}
		return false
	}
	for _, x := range []struct {
		m    ss7.MSU
		want bool
	}{
		{ss7.MSU{SI: ss7.SNM, DPC: pc("2.2.5"), OPC: pc("1.1.1")}, false},
		{ss7.MSU{SI: ss7.SCCP, DPC: pc("2.2.5"), OPC: pc("1.1.1")}, true},
		{ss7.MSU{SI: ss7.SCCP, DPC: pc("2.3.5"), OPC: pc("1.1.1")}, false},
		{ss7.MSU{SI: ss7.SCCP, DPC: pc("2.2.5"), OPC: pc("1.1.2")}, false},
		{ss7.MSU{SI: ss7.ISUP, DPC: pc("7.7.7"), OPC: pc("3.3.3")}, true},
	} {
		if got := decide(x.m); got != x.want {
			t.Errorf("%+v: %v", x.m, got)
		}
	}
}
