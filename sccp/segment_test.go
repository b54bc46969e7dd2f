package sccp

import (
	"bytes"
	"fmt"
	"math/rand"
	"testing"

	"github.com/gostp/gostp/sccp/gtt"
	"github.com/gostp/gostp/ss7"
)

// segments relays a LUDT of n octets to a point without LUDT and puts together what
// leaves, as the point would (Q.714 §4.1.1.2).
func segments(t *testing.T, n int, class uint8, options []byte) (data []byte, count int, d Verdict) {
	t.Helper()
	whole := make([]byte, n)
	rand.New(rand.NewSource(int64(n))).Read(whole)
	in := msu(Message{Type: LUDT, Class: class, Hops: 9, Called: gt("49123", 6), Calling: onSSN(origin, 8),
		Data: whole, Options: options})
	in.SLS = 11
	d, _ = view().Relay(in, "", 1, nil)
	if d.Fate != Forward {
		return nil, 0, d
	}
	left := -1
	for more := true; more; more = d.Next() {
		m, err := Parse(d.MSU.Payload)
		if err != nil || m.Type != XUDT || d.MSU.DPC != hlr || d.MSU.OPC != me || d.MSU.SLS != 11 ||
			len(d.MSU.Payload) > DefaultLongest || m.Hops != 8 {
			t.Fatalf("segment %d: %+v %v, %d octets", count, m, err, len(d.MSU.Payload))
		}
		count++
		data = append(data, m.Data...)
		s := m.Option(paramSegmentation)
		if s == nil {
			continue // it fitted
		}
		if m.Class != class&ReturnOption|1 || !bytes.Equal(s[1:], []byte{7, 8, 9}) ||
			s[0]&bitClass1 != options[2]&bitClass1 || s[0]&bitFirstSegment != 0 != (count == 1) {
			t.Fatalf("segment %d: class %#x, segmentation %x", count, m.Class, s)
		}
		if is := int(s[0] & 15); left >= 0 && is != left-1 {
			t.Fatalf("segment %d: %d remain after one that had %d", count, is, left)
		} else {
			left = is
		}
		if options[len(options)-3] == paramImportance && !bytes.Equal(m.Option(paramImportance), []byte{3}) {
			t.Fatalf("segment %d lost its importance", count)
		}
	}
	if left > 0 || !bytes.Equal(data, whole) {
		t.Fatalf("%d octets of %d, %d segments missing", len(data), n, left)
	}
	return data, count, d
}

func TestSegments(t *testing.T) {
	may := []byte{paramSegmentation, 4, bitFirstSegment | bitClass1, 7, 8, 9}
	important := append(bytes.Clone(may), paramImportance, 1, 3)
	for n, want := range map[int]int{1: 1, 200: 1, 254: 2, 500: 3, 3000: 13, 3700: 16} {
		if _, count, d := segments(t, n, 0x81, may); count != want {
			t.Errorf("%d octets in %d segments, want %d: %v", n, count, want, d.Reason)
		}
	}
	segments(t, 700, 0, append(bytes.Clone(important[:2]), append([]byte{bitFirstSegment}, important[3:]...)...))
	// What may not be taken apart, or not into so few: cause 14.
	for _, c := range []struct {
		n       int
		options []byte
	}{{300, nil}, {3900, may}, {300, []byte{paramImportance, 1, 3}}} {
		_, _, d := segments(t, c.n, ReturnOption, c.options)
		if d.Fate != Return || d.Reason != NotSegmented || Type(d.MSU.Payload[0]) != LUDTS ||
			d.MSU.Payload[1] != byte(SegmentationFailure) {
			t.Errorf("%d octets: %v %v %x", c.n, d.Fate, d.Reason, d.MSU.Payload[:2])
		}
	}
}

// A LUDTS for a point without LUDT becomes a XUDTS, with what fits of its data.
func TestLongReturnIsCut(t *testing.T) {
	data := bytes.Repeat([]byte{1, 2, 3}, 400)
	d, _ := view().Relay(msu(Message{Type: LUDTS, Cause: 3, Hops: 9, Called: gt("49123", 6), Calling: onSSN(origin, 8),
		Data: data}), "", 1, nil)
	m, err := Parse(d.MSU.Payload)
	if err != nil || d.Fate != Forward || m.Type != XUDTS || m.Cause != 3 || len(m.Data) < 200 ||
		!bytes.Equal(m.Data, data[:len(m.Data)]) || d.Next() {
		t.Fatalf("%v %v: %+v %v", d.Fate, d.Reason, m, err)
	}
	if len(d.MSU.Payload) > DefaultLongest {
		t.Error(len(d.MSU.Payload))
	}
}

// Segmenting allocates nothing in a buffer that has its size.
func TestSegmentsAllocateNothing(t *testing.T) {
	in := msu(Message{Type: LUDT, Hops: 9, Called: gt("49123", 6), Calling: onSSN(origin, 8), Data: make([]byte, 1000),
		Options: []byte{paramSegmentation, 4, 0xc0, 1, 2, 3}})
	v, buf, sum := view(), make([]byte, 0, 4096), 0
	if n := testing.AllocsPerRun(100, func() {
		d, _ := v.Relay(in, "", 1, buf)
		for d.Next() {
			sum += len(d.MSU.Payload)
		}
	}); n != 0 || sum == 0 {
		t.Error(n, "allocations", sum)
	}
}

// What must stay in sequence goes one way, whatever shares the traffic. This concerns all messages of class 1
// from one OPC with one SLS. So it concerns all segments of a message, which are never put together here, and
// returned segments too. What need not stay in sequence does not go one way.
func TestOneWay(t *testing.T) {
	g := func(m gtt.Mode, limit uint32) *gtt.Group {
		return &gtt.Group{Mode: m, Limit: limit, State: &gtt.GroupState{}, Members: []gtt.Route{
			{PC: hlr, SSN: gtt.Keep, NTT: gtt.Keep, Cost: 1}, {PC: hlr2, SSN: gtt.Keep, NTT: gtt.Keep, Cost: 1},
			{PC: stp, SSN: gtt.Keep, NTT: gtt.Keep, Cost: 2}}}
	}
	segment := func(left byte) []byte { return []byte{paramSegmentation, 4, left, 7, 8, 9} }
	last := Message{Type: XUDT, Class: 1, Hops: 9, Options: segment(0)}
	kinds := map[string][]Message{
		"class 1": {{Type: UDT, Class: 1}, {Type: XUDT, Hops: 9, Class: 1}, {Type: LUDT, Hops: 9, Class: 1}},
		"segments": {{Type: XUDT, Class: 1, Hops: 9, Options: segment(0x82)},
			{Type: XUDT, Class: 1, Hops: 9, Options: segment(1)}, last},
		"returned segments": {{Type: XUDTS, Hops: 9, Options: segment(0x81)}, {Type: XUDTS, Hops: 9, Options: segment(0)}},
		"class 0":           {{Type: UDT}, {Type: XUDT, Hops: 9}},
	}
	for mode, group := range map[string]*gtt.Group{"cost": g(gtt.Cost, 0), "limit": g(gtt.Cost, 5),
		"share": g(gtt.Share, 0), "wrr": g(gtt.WRR, 0), "cgpa": g(gtt.CgPA, 0), "mates": nil} {
		for kind, messages := range kinds {
			v := view()
			if group == nil {
				v.Table = gtt.NewTable(v.Table.Selectors, nil, []*gtt.Mate{{Application: gtt.Application{PC: hlr, SSN: 6},
					Backup: gtt.Application{PC: hlr2, SSN: 6}, Shared: true}})
			} else {
				v.Table.Selectors[0].Results[0] = gtt.Result{Group: group}
				v.Table.Selectors[0].Index = gtt.NewIndex([]gtt.Prefix{{Digits: dig("49")}})
			}
			all, spread := map[ss7.PC]bool{}, false
			for flow := range 64 {
				ways := map[ss7.PC]bool{}
				for range 8 {
					for _, m := range messages {
						m.Called, m.Calling, m.Data = gt("49123", 6), gt(fmt.Sprint("44", flow), 8), []byte{1}
						in := msu(m)
						in.OPC, in.SLS = ss7.PC(200+flow/16), uint8(flow%16)
						d, _ := v.Relay(in, "", int64(flow), nil)
						if d.Fate != Forward || d.MSU.SLS != in.SLS {
							t.Fatalf("%s, %s: %v %v, SLS %d", mode, kind, d.Fate, d.Reason, d.MSU.SLS)
						}
						ways[d.MSU.DPC], all[d.MSU.DPC] = true, true
					}
				}
				spread = spread || len(ways) > 1
			}
			if may := kind == "class 0" && mode != "cgpa" && mode != "mates"; spread != may {
				t.Errorf("%s, %s: flows spread: %v", mode, kind, spread)
			}
			if len(all) < 2 {
				t.Errorf("%s, %s: all went to %v", mode, kind, all)
			}
		}
	}
}
