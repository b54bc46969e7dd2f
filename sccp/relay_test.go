package sccp

import (
	"bytes"
	"fmt"
	"math/rand"
	"testing"

	"github.com/gostp/gostp/sccp/gtt"
	"github.com/gostp/gostp/ss7"
)

// network has the codes that cannot be reached.
type network map[ss7.PC]bool

func (n network) Accessible(pc ss7.PC) bool { return !n[pc] }
func (n network) Server(name string) (Server, bool) {
	switch name {
	case "AS1":
		return Server{Path: 7, PC: 700, HasPC: true, Ready: !n[700]}, true
	case "AS2":
		return Server{Path: 8, Ready: true}, true
	}
	return Server{}, false
}

const (
	me, origin, hlr, hlr2, stp = 100, 200, 300, 301, 400
)

var map4 = gtt.Nature{GTI: 4, NP: 1, NAI: 4}

func to(pc ss7.PC, gt bool, ssn int16) gtt.Result {
	return gtt.Result{Route: gtt.Route{PC: pc, ToGT: gt, SSN: ssn, NTT: gtt.Keep}}
}

func selector(n gtt.Nature, entries map[string]gtt.Result) *gtt.Selector {
	s := &gtt.Selector{Name: "S", Nature: n, Hits: &gtt.Hits{}}
	var list []gtt.Prefix
	for d, r := range entries {
		list = append(list, gtt.Prefix{Digits: dig(d), To: uint32(len(s.Results))})
		s.Results = append(s.Results, r)
	}
	s.Index = gtt.NewIndex(list)
	return s
}

func view(down ...ss7.PC) *View {
	n := network{}
	for _, pc := range down {
		n[pc] = true
	}
	g := &gtt.Group{Name: "G", State: &gtt.GroupState{}, Members: []gtt.Route{
		{PC: hlr, SSN: gtt.Keep, NTT: gtt.Keep, Cost: 1}, {PC: hlr2, SSN: gtt.Keep, NTT: gtt.Keep, Cost: 2}}}
	s := selector(map4, map[string]gtt.Result{"49": to(hlr, false, gtt.Keep), "4915": to(stp, true, gtt.Keep),
		"44": {Group: g}, "1": to(me, false, gtt.Keep),
		"2": to(origin, true, gtt.Keep), "3": {Route: gtt.Route{PC: stp, ToGT: true, SSN: 7, NTT: 9}},
		"5": {Route: gtt.Route{AS: "AS1", SSN: 8, NTT: gtt.Keep}}, "6": to(hlr, false, 0),
		"9": {Route: gtt.Route{AS: "AS2", SSN: gtt.Keep, NTT: gtt.Keep}},
		"8": {Route: gtt.Route{AS: "AS3", SSN: gtt.Keep, NTT: gtt.Keep}}})
	return &View{Variant: ss7.ITU, NI: ss7.National, Own: []ss7.PC{me}, Network: n,
		Table: gtt.NewTable([]*gtt.Selector{s}, []*gtt.Group{g}, nil), Local: [4]uint64{1 << 14}}
}

// gt is an address that routes on a global title of map4.
func gt(digits string, ssn uint8) []byte {
	t := Title{Nature: map4, ES: esOdd, Digits: dig(digits)}
	return AppendAddress(ss7.ITU, nil, &Address{HasSSN: true, SSN: ssn, GTI: 4, Title: AppendTitle(ss7.ITU, nil, &t)})
}

func onSSN(pc ss7.PC, ssn uint8) []byte {
	return AppendAddress(ss7.ITU, nil, &Address{HasPC: pc != 0, PC: pc, HasSSN: true, SSN: ssn, OnSSN: true})
}

func msu(m Message) *ss7.MSU {
	b, ok := Append(nil, &m)
	if !ok {
		panic("message cannot be written")
	}
	return &ss7.MSU{DPC: me, OPC: origin, SLS: 5, NI: ss7.National, SI: ss7.SCCP, Payload: b}
}

func TestRelay(t *testing.T) {
	data, calling := []byte("data"), gt("4179", 8)
	udt := Message{Type: UDT, Class: ReturnOption, Called: gt("491234567", 6), Calling: calling, Data: data}
	with := func(m Message, f func(*Message)) Message { f(&m); return m }
	called := func(s string, ssn uint8) Message {
		return with(udt, func(m *Message) { m.Called = gt(s, ssn) })
	}
	back := func(c Cause, was Message) Message {
		return Message{Type: UDTS, Cause: uint8(c), Called: was.Calling, Calling: was.Called, Data: was.Data}
	}
	fromSSN := with(udt, func(m *Message) { m.Calling = onSSN(0, 8) })
	toSSN := func(a []byte) []byte { return append([]byte{a[0] | bitOnSSN}, a[1:]...) }
	for name, c := range map[string]struct {
		in     Message
		down   []ss7.PC
		fate   Fate
		reason Reason
		dpc    ss7.PC
		out    Message
	}{
		"to SSN": {in: udt, fate: Forward, dpc: hlr, out: with(udt, func(m *Message) { m.Called = toSSN(m.Called) })},
		"to GT":  {in: called("4915123", 6), fate: Forward, dpc: stp, out: called("4915123", 6)},
		"new SSN and TT": {in: called("3123", 6), fate: Forward, dpc: stp, out: with(udt, func(m *Message) {
			m.Called = gt("3123", 7)
			m.Called[2] = 9
		})},
		"application server": {in: called("5123", 6), fate: Forward, dpc: 700,
			out: with(udt, func(m *Message) { m.Called = toSSN(gt("5123", 8)) })},
		"server behind our code": {in: called("9123", 6), fate: Forward, dpc: me,
			out: with(udt, func(m *Message) { m.Called = toSSN(gt("9123", 6)) })},
		"no such server":          {in: called("8123", 6), reason: ServerGone},
		"application server down": {in: called("5123", 6), down: []ss7.PC{700}, reason: ServerGone},
		"group": {in: called("44123", 6), fate: Forward, dpc: hlr,
			out: with(udt, func(m *Message) { m.Called = toSSN(gt("44123", 6)) })},
		"group's backup": {in: called("44123", 6), down: []ss7.PC{hlr}, fate: Forward, dpc: hlr2,
			out: with(udt, func(m *Message) { m.Called = toSSN(gt("44123", 6)) })},
		"group down":          {in: called("44123", 6), down: []ss7.PC{hlr, hlr2}, reason: PointDown},
		"SSN 0 given":         {in: called("6123", 6), reason: UnusableSSN},
		"no SSN":              {in: called("49123", 0), reason: UnusableSSN},
		"our own":             {in: called("1123", 14), fate: Deliver},
		"our own, unequipped": {in: called("1123", 6), reason: Unequipped},
		"loop":                {in: called("2123", 6), reason: Loop},
		"OPC put in": {in: fromSSN, fate: Forward, dpc: hlr, out: with(udt, func(m *Message) {
			m.Called, m.Calling = toSSN(m.Called), onSSN(origin, 8)
		})},
		"calling empty": {in: with(udt, func(m *Message) { m.Calling = []byte{0} }), fate: Forward, dpc: hlr,
			out: with(udt, func(m *Message) {
				m.Called, m.Calling = toSSN(m.Called), []byte{0}
			})},
		"no selector": {in: with(udt, func(m *Message) { m.Called = append([]byte{}, m.Called...); m.Called[4] = 3 }),
			reason: NoSelector},
		"unknown GTI": {in: with(udt, func(m *Message) { m.Called = octets("1406") }), reason: NoSelector},
		"no GT":       {in: with(udt, func(m *Message) { m.Called = octets("0206") }), reason: NoSelector},
		"no entry":    {in: called("7123", 6), reason: NoEntry},
		"point down":  {in: udt, down: []ss7.PC{hlr}, reason: PointDown},
		"local":       {in: with(udt, func(m *Message) { m.Called = onSSN(0, 14) }), fate: Deliver},
		"management":  {in: with(udt, func(m *Message) { m.Called = onSSN(0, 1) }), fate: Deliver},
		"unequipped":  {in: with(udt, func(m *Message) { m.Called = onSSN(0, 6) }), reason: Unequipped},
	} {
		t.Run(name, func(t *testing.T) {
			in := msu(c.in)
			before := bytes.Clone(in.Payload)
			v := view(c.down...)
			d, _ := v.Relay(in, "", 1, nil)
			if !bytes.Equal(in.Payload, before) {
				t.Fatal("what was received was changed")
			}
			if c.reason != NoReason {
				// The calling title has no translation here: the way back is to be found by
				// giving it one.
				v.Table.Selectors[0].Results = append(v.Table.Selectors[0].Results, to(origin, false, gtt.Keep))
				if d.Fate != Drop || d.Reason != c.reason {
					t.Fatalf("%v %v, MSU %x", d.Fate, d.Reason, d.MSU.Payload)
				}
				ssn := c.in
				ssn.Calling = onSSN(0, 8)
				d, _ = v.Relay(msu(ssn), "", 1, nil)
				c.fate, c.dpc, c.out = Return, origin, back(c.reason.Cause(), ssn)
			}
			if d.Fate != c.fate || d.Reason != c.reason {
				t.Fatalf("%v %v", d.Fate, d.Reason)
			}
			if c.fate == Deliver {
				return
			}
			want, _ := Append(nil, &c.out)
			if m := d.MSU; m.DPC != c.dpc || m.OPC != me || m.SLS != 5 || m.SI != ss7.SCCP || !bytes.Equal(m.Payload, want) {
				t.Fatalf("to %d: %x, want to %d: %x", m.DPC, m.Payload, c.dpc, want)
			}
		})
	}
}

// A message goes back once, and only when its sender asked for that. A message on its way back never does.
func TestReturn(t *testing.T) {
	nowhere, home := gt("7123", 6), onSSN(250, 8)
	for _, c := range []struct {
		m    Message
		want *Message
	}{
		{Message{Type: UDT, Called: nowhere, Calling: home, Data: []byte{1}}, nil},
		{Message{Type: UDTS, Called: nowhere, Calling: home, Data: []byte{1}}, nil},
		{Message{Type: XUDTS, Hops: 9, Called: nowhere, Calling: home, Data: []byte{1}}, nil},
		{Message{Type: UDT, Class: 0x80, Called: nowhere, Calling: gt("7999", 8), Data: []byte{1}}, nil}, // no way back
		{Message{Type: UDT, Class: 0x80, Called: nowhere, Calling: octets("0201"), Data: []byte{1}},
			&Message{Type: UDTS, Cause: 1, Called: octets("0201"), Calling: nowhere, Data: []byte{1}}},
		{Message{Type: UDT, Class: 0x81, Called: nowhere, Calling: home, Data: []byte{1}},
			&Message{Type: UDTS, Cause: 1, Called: home, Calling: nowhere, Data: []byte{1}}},
		{Message{Type: XUDT, Class: 0x80, Hops: 9, Called: nowhere, Calling: home, Data: []byte{1},
			Options: octets("120107")},
			&Message{Type: XUDTS, Hops: 15, Cause: 1, Called: home, Calling: nowhere, Data: []byte{1},
				Options: octets("120107")}},
		{Message{Type: LUDT, Class: 0x80, Hops: 9, Called: nowhere, Calling: home, Data: []byte{1}},
			&Message{Type: LUDTS, Hops: 15, Cause: 1, Called: home, Calling: nowhere, Data: []byte{1}}},
		{Message{Type: XUDT, Class: 0x80, Hops: 1, Called: gt("49123", 6), Calling: home, Data: []byte{1}},
			&Message{Type: XUDTS, Hops: 15, Cause: 12, Called: home, Calling: gt("49123", 6), Data: []byte{1}}},
		{Message{Type: CR, SLR: 0x070809, Class: 2, Called: nowhere}, &Message{Type: CREF, DLR: 0x070809, Cause: 4}},
		{Message{Type: CR, SLR: 0x070809, Class: 2, Called: onSSN(0, 6)}, &Message{Type: CREF, DLR: 0x070809, Cause: 19}},
		{Message{Type: RLSD, SLR: 1, DLR: 2}, &Message{Type: RLC, DLR: 1, SLR: 2}},
		{Message{Type: DT1, DLR: 2, Data: []byte{1}}, nil},
		{Message{Type: RLC, SLR: 1, DLR: 2}, nil},
	} {
		d, _ := view().Relay(msu(c.m), "", 1, nil)
		switch {
		case c.want == nil:
			if d.Fate != Drop || d.MSU.Payload != nil {
				t.Errorf("%v was answered: %x", c.m.Type, d.MSU.Payload)
			}
		default:
			want, _ := Append(nil, c.want)
			if d.Fate != Return || !bytes.Equal(d.MSU.Payload, want) {
				t.Errorf("%v: %v %v %x, want %x", c.m.Type, d.Fate, d.Reason, d.MSU.Payload, want)
			}
		}
	}
	// A title as calling address is translated.
	in := msu(Message{Type: UDT, Class: 0x80, Called: nowhere, Calling: gt("49777", 8), Data: []byte{1}})
	if d, _ := view().Relay(in, "", 1, nil); d.Fate != Return || d.MSU.DPC != hlr {
		t.Errorf("%v to %d", d.Fate, d.MSU.DPC)
	}
}

// The answer to a CR is not translated, so the calling address of the CR must have the code of its sender.
func TestConnectionRequest(t *testing.T) {
	for _, c := range []struct{ in, out string }{
		{"", "0404" + "43c80000"},
		{"04024208" + "0f01ff", "0404" + "43c80008" + "0f01ff"},
		{"0404430a0008", "0404430a0008"},
		{"110105" + "0f01ff", "0404" + "43c80000" + "110104" + "0f01ff"},
	} {
		m := Message{Type: CR, SLR: 9, Class: 2, Called: gt("49123", 6), Options: octets(c.in)}
		d, _ := view().Relay(msu(m), "", 1, nil)
		out, err := Parse(d.MSU.Payload)
		if d.Fate != Forward || d.MSU.DPC != hlr || err != nil || !bytes.Equal(out.Options, octets(c.out)) {
			t.Errorf("%s: %v %v, options %x", c.in, d.Fate, d.Reason, out.Options)
		}
	}
	m := Message{Type: CR, SLR: 9, Class: 2, Called: gt("49123", 6), Options: octets("110101")}
	if d, _ := view().Relay(msu(m), "", 1, nil); d.Reason != HopsSpent || d.Fate != Return {
		t.Errorf("hops spent: %v %v", d.Fate, d.Reason)
	}
}

func TestFormats(t *testing.T) {
	seg := octets("1004c1010203")
	for name, c := range map[string]struct {
		in      Message
		format  Format
		convert bool
		want    Type
		reason  Reason
	}{
		"UDT gets a hop counter where it is translated again": {Message{Type: UDT, Called: gt("4915", 6)}, Extended, true,
			XUDT, 0},
		"UDT stays where nothing is allowed": {Message{Type: UDT, Called: gt("4915", 6)}, Extended, false, UDT, 0},
		"XUDT for UDT alone":                 {Message{Type: XUDT, Hops: 3, Called: gt("4915", 6)}, UDTOnly, true, UDT, 0},
		"segment for UDT alone": {Message{Type: XUDT, Hops: 3, Called: gt("4915", 6), Options: seg}, UDTOnly, true, 0,
			NoSegments},
		"LUDT that fits": {Message{Type: LUDT, Hops: 3, Called: gt("4915", 6)}, Extended, false, XUDT, 0},
		"LUDT that does not": {Message{Type: LUDT, Hops: 3, Called: gt("4915", 6), Data: make([]byte, 300)}, Extended,
			false, 0, NotSegmented},
		"LUDT for who takes it": {Message{Type: LUDT, Hops: 3, Called: gt("4915", 6)}, Long, false, LUDT, 0},
		"longer than a SIF": {Message{Type: XUDT, Hops: 3, Called: gt("4915", 6), Data: make([]byte, 254)}, Extended,
			false, 0, TooLong},
	} {
		v := view()
		v.Formats, v.Convert = map[ss7.PC]Format{stp: c.format}, c.convert
		c.in.Calling = onSSN(9, 9)
		if c.in.Data == nil {
			c.in.Data = []byte{1}
		}
		d, _ := v.Relay(msu(c.in), "", 1, nil)
		if d.Reason != c.reason || c.reason == 0 && Type(d.MSU.Payload[0]) != c.want {
			t.Errorf("%s: %v %v %x", name, d.Fate, d.Reason, d.MSU.Payload)
		}
	}
}

func TestMates(t *testing.T) {
	for name, c := range map[string]struct {
		solitary   bool
		shared     bool
		down       []ss7.PC
		prohibited []ss7.PC
		want       map[ss7.PC]bool
		reason     Reason
	}{
		"solitary":            {solitary: true, want: map[ss7.PC]bool{hlr: true}},
		"solitary, SSN out":   {solitary: true, prohibited: []ss7.PC{hlr}, want: map[ss7.PC]bool{}, reason: SubsystemDown},
		"solitary, point out": {solitary: true, down: []ss7.PC{hlr}, want: map[ss7.PC]bool{}, reason: PointDown},
		"dominant":            {want: map[ss7.PC]bool{hlr: true}},
		"dominant, point out": {down: []ss7.PC{hlr}, want: map[ss7.PC]bool{hlr2: true}},
		"dominant, SSN out":   {prohibited: []ss7.PC{hlr}, want: map[ss7.PC]bool{hlr2: true}},
		"both out": {down: []ss7.PC{hlr2}, prohibited: []ss7.PC{hlr},
			want: map[ss7.PC]bool{}, reason: SubsystemDown},
		"shared":             {shared: true, want: map[ss7.PC]bool{hlr: true, hlr2: true}},
		"dominant, mate out": {down: []ss7.PC{hlr2}, want: map[ss7.PC]bool{hlr: true}},
		"shared, one out":    {shared: true, down: []ss7.PC{hlr2}, want: map[ss7.PC]bool{hlr: true}},
	} {
		v := view(c.down...)
		v.Status = &Status{points: map[ss7.PC]*remote{}}
		for _, pc := range c.prohibited {
			v.Status.points[pc] = &remote{prohibited: [4]uint64{1 << 6}}
		}
		if !c.solitary {
			v.Table = gtt.NewTable(v.Table.Selectors, nil, []*gtt.Mate{{Application: gtt.Application{PC: hlr, SSN: 6},
				Backup: gtt.Application{PC: hlr2, SSN: 6}, Shared: c.shared}})
		}
		got := map[ss7.PC]bool{}
		for sls := range uint8(16) {
			in := msu(Message{Type: UDT, Called: gt("49123", 6), Calling: onSSN(1, 8), Data: []byte{1}})
			in.SLS = sls
			d, _ := v.Relay(in, "", 1, nil)
			if d.Fate == Forward {
				got[d.MSU.DPC] = true
			} else if d.Reason != c.reason {
				t.Errorf("%s: %v", name, d.Reason)
			}
		}
		if len(got) != len(c.want) || len(got) > 0 && fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func BenchmarkRelay(b *testing.B) {
	for _, n := range []int{1000, 100_000, 1_000_000} {
		r := rand.New(rand.NewSource(1))
		v := view()
		s := v.Table.Selectors[0]
		list := make([]gtt.Prefix, n)
		for i := range list {
			list[i] = gtt.Prefix{Digits: dig(fmt.Sprintf("49%09d", r.Intn(1e9))), To: 0}
		}
		s.Results = []gtt.Result{to(hlr, false, gtt.Keep)}
		in := make([]*ss7.MSU, 4096)
		for i := range in {
			in[i] = msu(Message{Type: UDT, Class: 0x80, Called: gt(list[r.Intn(n)].Digits.String(), 6),
				Calling: gt("491711234567", 8), Data: make([]byte, 60)})
		}
		s.Index = gtt.NewIndex(list)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			buf := make([]byte, 0, 512)
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				if d, _ := v.Relay(in[i&4095], "", 1, buf[:0]); d.Fate != Forward {
					b.Fatal(d.Reason)
				}
				i++
			}
		})
	}
}

func TestNoAllocation(t *testing.T) {
	v, buf := view(), make([]byte, 0, 1024)
	v.Convert = true
	for _, m := range []Message{
		{Type: UDT, Class: 0x80, Called: gt("49123", 6), Calling: gt("44", 8), Data: []byte{1}},
		{Type: UDT, Class: 0x80, Called: gt("44123", 6), Calling: onSSN(0, 8), Data: []byte{1}},
		{Type: UDT, Class: 0x80, Called: gt("7123", 6), Calling: gt("44", 8), Data: []byte{1}},
		{Type: XUDT, Hops: 9, Class: 1, Called: gt("3123", 6), Calling: gt("44", 8), Data: []byte{1}},
		{Type: CR, Class: 2, Called: gt("49123", 6), Options: octets("110105")},
		{Type: DT1, DLR: 1, Data: []byte{1}},
	} {
		in := msu(m)
		if n := testing.AllocsPerRun(100, func() { v.Relay(in, "", 1, buf) }); n != 0 {
			t.Errorf("%v: %v allocations", m.Type, n)
		}
	}
	in := &ss7.MSU{Payload: octets("09")}
	if n := testing.AllocsPerRun(100, func() { v.Relay(in, "", 1, buf) }); n != 0 {
		t.Errorf("malformed: %v allocations", n)
	}
}

// Whatever comes, the relay does not panic, does not change what it was given, and
// lets nothing out that it could not read itself.
func FuzzRelay(f *testing.F) {
	for _, p := range pairs {
		f.Add(octets(p.hex))
	}
	for _, d := range []string{"49123", "44123", "3123", "7123"} {
		f.Add(msu(Message{Type: UDT, Class: 0x80, Called: gt(d, 6), Calling: onSSN(0, 8), Data: []byte{1}}).Payload)
		f.Add(msu(Message{Type: CR, Class: 2, Called: gt(d, 6), Options: octets("110105")}).Payload)
	}
	f.Add(msu(Message{Type: LUDT, Class: 0x80, Hops: 9, Called: gt("49123", 6), Calling: onSSN(0, 8),
		Data: make([]byte, 700), Options: octets("1004c0010203")}).Payload)
	f.Add(msu(Message{Type: LUDTS, Hops: 9, Called: gt("49123", 6), Calling: onSSN(0, 8),
		Data: make([]byte, 700)}).Payload)
	v := view()
	v.Convert = true
	f.Fuzz(func(t *testing.T, b []byte) {
		in := &ss7.MSU{DPC: me, OPC: origin, Payload: bytes.Clone(b)}
		d, _ := v.Relay(in, "", 1, nil)
		if !bytes.Equal(in.Payload, b) {
			t.Fatal("what was received was changed")
		}
		for more := d.Fate == Forward || d.Fate == Return; more; more = d.Next() {
			m, err := Parse(d.MSU.Payload)
			if err != nil || len(d.MSU.Payload) > DefaultLongest {
				t.Fatalf("%x became %x: %v", b, d.MSU.Payload, err)
			}
			if d.Fate == Return && d.Type.Service() {
				t.Fatalf("%v was returned as %v", d.Type, m.Type)
			}
		}
	})
}
