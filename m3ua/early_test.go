package m3ua

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// raised gives, in words, what MTP3 hears of destinations.
func raised(out []ss7.Action) string {
	var parts []string
	for _, a := range out {
		if a.Op == ss7.Raise && a.Event.Kind >= ss7.Pause && a.Event.Kind < ss7.OwnKind {
			parts = append(parts, fmt.Sprintf("%v %d/%d", a.Event.Kind, a.Event.Dest.PC, a.Event.Dest.Len))
		}
	}
	return strings.Join(parts, ", ")
}

// §4.3.4.3, §4.5.1: a gateway may tell of destinations before it acknowledges ASPAC. That is kept, in its
// order, until this end is active, and is forgotten with the association. The gateway is then asked about the
// single codes behind it, which it may have told of before (§4.5.2).
func TestToldBeforeActive(t *testing.T) {
	l := behind(t, true)
	r := l.cfg.Networks[0].Routes.(*fakeRoutes)
	for pc := range ss7.PC(70) {
		r.behind = append(r.behind, 1000+pc)
	}
	say := func(t xua.Type, pc uint32) []ss7.Action {
		return l.rx(1, AppendSSNM(nil, &SSNM{Type: t, Affected: []uint32{pc}}))
	}
	up := func() {
		l.rx(1, wire(xua.ASPUPAck))
		l.rx(1, AppendResults(nil, REGRsp, []Result{{LocalID: 100, RC: 10}}))
	}
	if got := told(1, say(DUNA, 5)); got != "ERR Unexpected Message" {
		t.Errorf("before ASPUP Ack: %s", got)
	}
	up()
	for _, x := range []struct {
		t  xua.Type
		pc uint32
	}{{DUNA, 5}, {DAVA, 6}, {DRST, 3<<24 | 8}, {DAVA, 5}} {
		if out := say(x.t, x.pc); told(1, out) != "" || raised(out) != "" {
			t.Errorf("before ASPAC Ack: %s, %s", told(1, out), raised(out))
		}
	}
	out := l.rx(1, wire(xua.ASPACAck, 10))
	if got := raised(out); got != "Pause 5/14, Resume 6/14, Restricted 8/11, Resume 5/14" {
		t.Errorf("active: %s", got)
	}
	if got := told(1, out); strings.Count(got, "DAUD") != 2 {
		t.Errorf("70 codes behind the gateway are asked for as %s", got)
	}
	if got := raised(say(DUNA, 7)); got != "Pause 7/14" {
		t.Errorf("while active: %s", got)
	}

	l.Do(epoch, ss7.Event{Kind: ss7.CommLost, Path: 1, Why: "test"}, nil)
	l.Do(epoch, ss7.Event{Kind: ss7.CommUp, Path: 1}, nil)
	up()
	say(DUNA, 5)
	l.Do(epoch, ss7.Event{Kind: ss7.CommLost, Path: 1, Why: "test"}, nil)
	l.Do(epoch, ss7.Event{Kind: ss7.CommUp, Path: 1}, nil)
	up()
	for range 2 * perAnswer {
		l.farEnds[1].news = xua.Rate{PerSecond: 10, Burst: 10}
		say(DUNA, 9)
	}
	if got := strings.Count(raised(l.rx(1, wire(xua.ASPACAck, 10))), "Pause 9/14"); got != perAnswer {
		t.Errorf("%d of what came before is taken", got)
	}
}

// If a gateway loses all codes of a network and has them again, this end hears all of it.
func TestGatewayTellsOfAllCodes(t *testing.T) {
	l := behind(t, false)
	for _, typ := range []xua.Type{DUNA, DAVA} {
		told := 0
		for first := uint32(0); first < 1<<14; first += perMessage {
			s := SSNM{Type: typ, RCs: []uint32{10}}
			for pc := first; pc < first+perMessage; pc++ {
				s.Affected = append(s.Affected, pc)
			}
			told += strings.Count(raised(l.rx(1, AppendSSNM(nil, &s))), "/14")
		}
		if told != 1<<14 {
			t.Errorf("%v: %d codes of %d are heard of", typ, told, 1<<14)
		}
	}
}

// A routing context with nothing in it names none, in every message that has one.
func TestEmptyRoutingContext(t *testing.T) {
	empty := func(t xua.Type, more []byte) []byte {
		return xua.End(append(xua.AppendBytes(xua.Begin(nil, t), xua.TagRoutingContext, nil), more...), 0)
	}
	pc := xua.AppendUint32(nil, xua.TagAffected, 5)
	asp := behind(t, false)
	if got := raised(asp.rx(1, empty(DUNA, pc))); got != "Pause 5/14" {
		t.Errorf("DUNA: %q", got)
	}
	user := xua.AppendUint32(pc, tagUserCause, 1<<16|3)
	if got := raised(asp.rx(1, empty(DUPU, user))); got != "UserPart 5/14" {
		t.Errorf("DUPU: %q", got)
	}
	sg := gateway(t, nil)
	if got := told(1, sg.rx(1, empty(xua.ASPIA, nil))); !strings.HasPrefix(got, "ASPIA Ack") {
		t.Errorf("ASPIA: %q", got)
	}
	if got := told(1, sg.rx(1, empty(xua.ASPAC, nil))); !strings.HasPrefix(got, "ASPAC Ack") {
		t.Errorf("ASPAC: %q", got)
	}
	if got := told(1, sg.rx(1, empty(DAUD, pc))); got == "" || strings.HasPrefix(got, "ERR") {
		t.Errorf("DAUD: %q", got)
	}
	if got := told(1, sg.rx(1, empty(DEREGReq, nil))); got != "ERR Parameter Field Error" {
		t.Errorf("DEREG REQ, which must name one: %q", got)
	}
}

// The version is looked at first, because nobody knows what another version has on stream 0.
func TestVersionComesFirst(t *testing.T) {
	l := gateway(t, nil)
	b := (&Label{RC: 10, HasRC: true}).Append(nil, &ss7.MSU{DPC: 100, SI: ss7.SCCP})
	if got := told(1, l.rx(1, b)); got != "ERR Invalid Stream Identifier" {
		t.Errorf("DATA on stream 0: %s", got)
	}
	b[0] = 2
	if got := told(1, l.rx(1, b)); got != "ERR Invalid Version" {
		t.Errorf("DATA of version 2 on stream 0: %s", got)
	}
}
