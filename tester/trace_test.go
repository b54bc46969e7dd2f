package tester

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/gostp/gostp/ss7"
)

var traces = []struct {
	wire string
	t    Trace
}{
	{"gSTP\x01\x03\x00\x07\x00\x00\x00\x0a\x00\x00\x00\x14\x00\x00\x01\x00\x00\x00\x0a",
		Trace{ID: 7, Origin: 10, Target: 20, Visited: []ss7.PC{10}}},
	{"gSTP\x01\x04\x01\x00\x00\x00\x00\x0a" +
		"\x00\x00\x00\x14\x01\x00\x02\x00\x00\x00\x0a\x00\x00\x00\x14\x01\x00\x00\x00\x00\x03\x00\x00\x00\x0f",
		Trace{Report: true, ID: 256, Origin: 10, Target: 20, Turn: 1, Visited: []ss7.PC{10, 20},
			Onward: Step{Verdict: Delivered}, Back: Step{Onward, 15}}},
}

func TestTraceCodec(t *testing.T) {
	for _, x := range traces {
		got, err := ParseTrace([]byte(x.wire))
		if err != nil || !reflect.DeepEqual(got, x.t) {
			t.Errorf("%q: %+v, %v", x.wire, got, err)
		}
		if b := AppendTrace(nil, x.t); string(b) != x.wire {
			t.Errorf("%+v: %q", x.t, b)
		}
		for i := range x.wire {
			if _, err := ParseTrace([]byte(x.wire[:i])); err == nil {
				t.Errorf("the first %d octets were taken", i)
			}
		}
		if _, err := Parse([]byte(x.wire)); err == nil {
			t.Error("taken for a test message")
		}
	}
}

func FuzzTrace(f *testing.F) {
	for _, x := range traces {
		f.Add([]byte(x.wire))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		x, err := ParseTrace(b)
		if err == nil && !bytes.Equal(AppendTrace(nil, x), b) {
			t.Errorf("%x became %+v", b, x)
		}
	})
}
