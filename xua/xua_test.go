package xua

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gostp/gostp/ss7"
)

var update = flag.Bool("update", false, "rewrite golden files")

var (
	tags    = Tags{ID: TagRoutingContext, NA: 0x0200}
	grammar = tags.Common()
	epoch   = time.Unix(1000, 0)
)

var timerNames = [...]string{"T(ack)", "T(beat)", "dead", "up"}

func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

// params builds parameters: alternately tag and value (uint32, []uint32 or []byte).
func params(kv ...any) []byte {
	var b []byte
	for i := 0; i < len(kv); i += 2 {
		tag := kv[i].(uint16)
		switch v := kv[i+1].(type) {
		case uint32:
			b = AppendUint32(b, tag, v)
		case []uint32:
			b = AppendUint32s(b, tag, v)
		case []byte:
			b = AppendBytes(b, tag, v)
		}
	}
	return b
}

func wire(t Type, kv ...any) []byte {
	return End(append(Begin(nil, t), params(kv...)...), 0)
}

// Vectors that Wireshark decodes as named.
func TestCodec(t *testing.T) {
	for _, c := range []struct {
		hex  string
		t    Type
		want []byte
	}{
		{"01000401 0000001c 000b000800000002 0006000c0000000a0000000b", ASPAC,
			wire(ASPAC, TagTrafficMode, uint32(2), TagRoutingContext, []uint32{10, 11})},
		{"01000001 00000018 000d000800010003 000600080000000a", NTFY,
			wire(NTFY, TagStatus, uint32(NotifyActive), TagRoutingContext, []uint32{10})},
		{"01000303 00000010 00090005 ff000000", BEAT, wire(BEAT, TagHeartbeat, []byte{0xff})},
		{"01000301 00000014 0011000800000007 00040004", ASPUP, wire(ASPUP, TagASPID, uint32(7), TagInfo, []byte{})},
	} {
		b := unhex(c.hex)
		m, e := grammar.Parse(b)
		if e != nil || m.Type != c.t || !bytes.Equal(b, c.want) {
			t.Errorf("%s: %+v %v; built %x", c.hex, m, e, c.want)
		}
	}
	m, _ := grammar.Parse(wire(ASPAC, TagRoutingContext, []uint32{10, 11}, TagTrafficMode, uint32(3)))
	if mode, ok := m.Params.Uint32(TagTrafficMode); !ok || mode != 3 ||
		!slices.Equal(m.Params.Uint32s(TagRoutingContext), []uint32{10, 11}) {
		t.Errorf("parameters in another order: %d, %v", mode, m.Params.Uint32s(TagRoutingContext))
	}
}

// RFC 4666 §3.1, §3.2, §3.8.1: what is wrong has the code that says so, and the
// head of the message where it must.
func TestParseErrors(t *testing.T) {
	long := wire(Type(0x0309), TagInfo, bytes.Repeat([]byte{1}, 80))
	for name, c := range map[string]struct {
		b    []byte
		code Code
	}{
		"short":              {unhex("010003"), ProtocolError},
		"version 2":          {unhex("02000301 00000008"), InvalidVersion},
		"class 10":           {unhex("01000a01 00000008"), UnsupportedClass},
		"type 9 of class 3":  {long, UnsupportedType},
		"length too long":    {unhex("01000301 0000000c"), ProtocolError},
		"length too short":   {unhex("01000301 00000004"), ProtocolError},
		"trailing octets":    {unhex("01000301 00000008 00000000"), ProtocolError},
		"no error code":      {unhex("01000000 00000008"), MissingParameter},
		"no status":          {unhex("01000001 00000008"), MissingParameter},
		"parameter length 3": {unhex("01000301 0000000c 00110003"), ParameterFieldError},
		"parameter too long": {unhex("01000301 0000000c 00110008"), ParameterFieldError},
		"half a parameter":   {unhex("01000301 0000000a 0011"), ParameterFieldError},
		"short RC":           {wire(ASPAC, TagRoutingContext, []byte{1, 2}), ParameterFieldError},
		"empty RC":           {wire(ASPAC, TagRoutingContext, []byte{}), ParameterFieldError},
		"RC of 6":            {wire(ASPAC, TagRoutingContext, []byte{1, 2, 3, 4, 5, 6}), ParameterFieldError},
		"empty mode":         {wire(ASPAC, TagTrafficMode, []byte{}), ParameterFieldError},
		"empty ASP id":       {wire(ASPUP, TagASPID, []byte{}), ParameterFieldError},
		"two modes":          {wire(ASPAC, TagTrafficMode, uint32(1), TagTrafficMode, uint32(1)), UnexpectedParameter},
		"long info":          {wire(ASPUP, TagInfo, make([]byte, 256)), ParameterFieldError},
	} {
		_, e := grammar.Parse(c.b)
		if e == nil || e.Code != c.code || e.Why == "" {
			t.Errorf("%s: %+v, want %v", name, e, c.code)
			continue
		}
		if want := c.b[:min(40, len(c.b))]; !bytes.Equal(e.Diag, want) {
			t.Errorf("%s: diagnostic %x", name, e.Diag)
		}
	}
	// §3.1.4: a length without the last padding is taken; unknown parameters are ignored.
	for _, ok := range []string{"01000303 0000000d 00090005 ff000000", "01000301 00000010 00ff0008 00000000",
		"01000303 0000000d 00090005 ff"} {
		if m, e := grammar.Parse(unhex(ok)); e != nil {
			t.Errorf("%s: %+v %v", ok, m, e)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(wire(ASPAC, TagTrafficMode, uint32(2), TagRoutingContext, []uint32{10, 11}))
	f.Add(wire(BEAT, TagHeartbeat, []byte{1, 2, 3}))
	f.Add(tags.AppendError(nil, &Error{Code: InvalidVersion, IDs: []uint32{1}, HasNA: true, Affected: []uint32{2},
		Diag: []byte{1}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, e := grammar.Parse(b)
		if e != nil {
			if _, e2 := grammar.Parse(tags.AppendError(nil, e)); e2 != nil {
				t.Fatalf("the answer to %x cannot be parsed: %v", b, e2)
			}
			return
		}
		again := Begin(nil, m.Type)
		for p := m.Params; ; {
			tag, v, rest, ok := p.Cut()
			if !ok {
				break
			}
			again, p = AppendBytes(again, tag, v), rest
		}
		m2, e := grammar.Parse(End(again, 0))
		if e != nil || m2.Type != m.Type {
			t.Fatalf("%x became %x: %v", b, again, e)
		}
		for _, f := range grammar[m.Type].Fields {
			v, ok := m.Params.Get(f.Tag)
			v2, ok2 := m2.Params.Get(f.Tag)
			if ok != ok2 || !bytes.Equal(v, v2) {
				t.Fatalf("parameter %#x: %x became %x", f.Tag, v, v2)
			}
		}
	})
}

// Paths of the tests: ASPs 1, 2, 3; AS "A" is 100 (RC 10), "B" 101 (RC 11).
const pathA, pathB = 100, 101

// setup makes a layer with n ASPs, all in A and the first in B too, changed by fix.
func setup(n int, role Role, fix func(asps []ASPConfig, ass []ASConfig)) *Layer {
	l := New(tags, grammar)
	asps := make([]ASPConfig, n)
	a := ASConfig{Path: pathA, Name: "A", ID: 10, HasID: true, TR: DefaultTR}
	b := ASConfig{Path: pathB, Name: "B", ID: 11, HasID: true, TR: DefaultTR}
	for i := range asps {
		p := ss7.PathID(i + 1)
		asps[i] = ASPConfig{Path: p, Name: fmt.Sprint("P", p), Role: role}
		a.Members = append(a.Members, MemberConfig{p, 1})
	}
	b.Members = []MemberConfig{{1, 1}}
	ass := []ASConfig{a, b}
	if fix != nil {
		fix(asps, ass)
	}
	l.Configure(epoch, asps, ass, nil)
	return l
}

func (l *Layer) rx(p ss7.PathID, b []byte) []ss7.Action {
	m, e := grammar.Parse(b)
	if e != nil {
		return l.settleRefuse(p, e)
	}
	return clone(l.Recv(epoch, p, m, nil))
}

func (l *Layer) settleRefuse(p ss7.PathID, e *Error) []ss7.Action {
	return clone(l.Refuse(epoch, p, e, l.Begin(nil)))
}

// clone keeps wires beyond the next call.
func clone(out []ss7.Action) []ss7.Action {
	for i := range out {
		out[i].Wire = bytes.Clone(out[i].Wire)
	}
	return out
}

func (l *Layer) comm(p ss7.PathID) []ss7.Action {
	return clone(l.Do(epoch, ss7.Event{Kind: ss7.CommUp, Path: p}, nil))
}

func (l *Layer) lose(p ss7.PathID) []ss7.Action {
	return clone(l.Do(epoch, ss7.Event{Kind: ss7.CommLost, Path: p, Why: "test"}, nil))
}

// up brings ASPs to inactive, active to active in A.
func (l *Layer) up(paths ...ss7.PathID) {
	for _, p := range paths {
		l.comm(p)
		l.rx(p, wire(ASPUP))
	}
}

func (l *Layer) active(paths ...ss7.PathID) {
	for _, p := range paths {
		l.rx(p, wire(ASPAC, TagRoutingContext, []uint32{10}))
	}
}

// show writes a message for a person, without its name's repetition.
func show(b []byte) string {
	m, e := grammar.Parse(b)
	if e != nil {
		return "BAD WIRE " + e.Why
	}
	s := m.Name
	if v, ok := m.Params.Uint32(TagErrorCode); ok {
		s += " " + Code(v).String()
	}
	if v, ok := m.Params.Uint32(TagStatus); ok {
		s += " " + Status(v).String()
	}
	if v, ok := m.Params.Uint32(TagTrafficMode); ok {
		s += " " + Mode(v).String()
	}
	if v, ok := m.Params.Uint32(TagASPID); ok {
		s += fmt.Sprint(" id ", v)
	}
	if v := m.Params.Uint32s(TagRoutingContext); v != nil {
		s += fmt.Sprint(" ", v)
	}
	return s
}

// describe writes actions: "1<X" is X sent to path 1, "*1" a new picture of path 1.
func describe(out []ss7.Action) string {
	var parts []string
	for _, a := range out {
		p := uint32(a.Event.Path)
		switch {
		case a.Op == ss7.Send:
			parts = append(parts, fmt.Sprintf("%d<%s", p, show(a.Wire)))
		case a.Op == ss7.Hangup:
			parts = append(parts, fmt.Sprintf("hang up %d", p))
		case a.Op == ss7.Raise && a.Event.Kind == Republish:
			parts = append(parts, fmt.Sprintf("*%d", p))
		case a.Op == ss7.Raise && a.Event.Kind == Activated:
			parts = append(parts, fmt.Sprintf("raise Activated %d %d", p, a.Event.Arg))
		case a.Op == ss7.Raise:
			parts = append(parts, fmt.Sprintf("raise %v %d %d", a.Event.Kind, p, a.Event.Arg))
		}
	}
	if parts == nil {
		return "-"
	}
	return strings.Join(parts, ", ")
}

// sentTo gives what describe says of the messages to one path.
func sentTo(p ss7.PathID, out []ss7.Action) string {
	var mine []ss7.Action
	for _, a := range out {
		if a.Op == ss7.Send && a.Event.Path == p {
			mine = append(mine, a)
		}
	}
	return describe(mine)
}

func (l *Layer) picture() string {
	var s strings.Builder
	for _, a := range l.asps {
		fmt.Fprintf(&s, "%s=", a.cfg.Name)
		for _, m := range a.members {
			fmt.Fprintf(&s, "%s:%c%c ", m.as.cfg.Name, "diA"[m.far], "diA"[m.own])
		}
		for id, name := range timerNames {
			if a.timers.Running(id) {
				s.WriteString(name + " ")
			}
		}
	}
	for _, x := range l.ass {
		fmt.Fprintf(&s, "%s=%v ", x.cfg.Name, x.state)
	}
	return strings.TrimSpace(s.String())
}

// matrix puts every event to every state and compares with a golden file.
func matrix(t *testing.T, name string, states []string, reach func(string) *Layer, events []string,
	do func(*Layer, string) []ss7.Action) {
	t.Helper()
	var b strings.Builder
	for _, s := range states {
		fmt.Fprintf(&b, "%s   (%s)\n", s, reach(s).picture())
		for _, e := range events {
			l := reach(s)
			out := do(l, e)
			fmt.Fprintf(&b, "  %-26s -> %s\n      %s\n", e, l.picture(), describe(out))
			for _, a := range l.asps {
				if a.why == "" {
					t.Errorf("%s, %s: no reason", s, e)
				}
			}
		}
	}
	golden := "testdata/" + name + ".golden"
	if *update {
		os.MkdirAll("testdata", 0o755)
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || string(want) != b.String() {
		t.Errorf("the matrix differs from %s (%v); run with -update and read the difference", golden, err)
	}
}

// event does one event of the matrices for ASP 1.
func event(l *Layer, e string) []ss7.Action {
	rc := []uint32{10}
	switch e {
	case "CommUp":
		return l.comm(1)
	case "CommLost":
		return l.lose(1)
	case "CommRestart":
		return l.Do(epoch, ss7.Event{Kind: ss7.CommRestart, Path: 1}, nil)
	case "ASPUP":
		return l.rx(1, wire(ASPUP, TagASPID, uint32(7)))
	case "ASPDN":
		return l.rx(1, wire(ASPDN))
	case "ASPAC 10":
		return l.rx(1, wire(ASPAC, TagRoutingContext, rc))
	case "ASPAC":
		return l.rx(1, wire(ASPAC))
	case "ASPAC 10 99":
		return l.rx(1, wire(ASPAC, TagTrafficMode, uint32(Loadshare), TagRoutingContext, []uint32{10, 99}))
	case "ASPIA 10":
		return l.rx(1, wire(ASPIA, TagRoutingContext, rc))
	case "ASPIA":
		return l.rx(1, wire(ASPIA))
	case "ASPIA 99":
		return l.rx(1, wire(ASPIA, TagRoutingContext, []uint32{99}))
	case "BEAT":
		return l.rx(1, wire(BEAT, TagHeartbeat, []byte{1, 2, 3}))
	case "BEAT Ack":
		return l.rx(1, wire(BEATAck))
	case "ERR":
		return l.rx(1, wire(ERR, TagErrorCode, uint32(ManagementBlocking)))
	case "NTFY alternate":
		return l.rx(1, wire(NTFY, TagStatus, uint32(NotifyAlternate), TagRoutingContext, rc))
	case "NTFY pending":
		return l.rx(1, wire(NTFY, TagStatus, uint32(NotifyPending), TagRoutingContext, rc))
	case "ASPUP Ack":
		return l.rx(1, wire(ASPUPAck))
	case "ASPDN Ack":
		return l.rx(1, wire(ASPDNAck))
	case "ASPAC Ack 10":
		return l.rx(1, wire(ASPACAck, TagRoutingContext, rc))
	case "ASPAC Ack":
		return l.rx(1, wire(ASPACAck))
	case "ASPIA Ack 10":
		return l.rx(1, wire(ASPIAAck, TagRoutingContext, rc))
	case "garbage":
		return l.rx(1, []byte{1, 2, 3})
	case "time passes":
		return l.Tick(epoch.Add(time.Minute), nil)
	case "block":
		c := l.byPath[1].cfg
		c.Block = true
		return l.settle(epoch, l.SetASP(epoch, c, l.Begin(nil)))
	case "shutdown":
		c := l.byPath[1].cfg
		c.Shutdown = true
		return l.settle(epoch, l.SetASP(epoch, c, l.Begin(nil)))
	}
	panic(e)
}

var allEvents = []string{"CommUp", "CommLost", "CommRestart", "ASPUP", "ASPDN", "ASPAC 10", "ASPAC", "ASPAC 10 99",
	"ASPIA 10", "ASPIA", "ASPIA 99",
	"BEAT", "BEAT Ack", "ERR", "NTFY alternate", "NTFY pending", "ASPUP Ack", "ASPDN Ack", "ASPAC Ack 10", "ASPAC Ack",
	"ASPIA Ack 10", "garbage",
	"time passes", "block", "shutdown"}

// TestMatrixServer is a gateway's view of ASP 1 in AS A and B, ASP 2 beside it in A
// (RFC 4666 figures 3 and 4); to be read beside §4.3.4.
func TestMatrixServer(t *testing.T) {
	matrix(t, "server", []string{"no association", "down", "inactive", "active", "active beside 2", "pending",
		"inactive beside 2", "override: active, 2 waits", "override: 2 active"},
		func(s string) *Layer {
			l := setup(2, RoleSG, func(_ []ASPConfig, ass []ASConfig) {
				if strings.HasPrefix(s, "override") {
					ass[0].Mode = Override
				}
			})
			switch s {
			case "down":
				l.comm(1)
			case "inactive":
				l.up(1)
			case "active":
				l.up(1)
				l.active(1)
			case "active beside 2":
				l.up(1, 2)
				l.active(1, 2)
			case "pending":
				l.up(1, 2)
				l.active(2)
				l.rx(2, wire(ASPIA))
			case "inactive beside 2":
				l.up(1, 2)
				l.active(2)
			case "override: active, 2 waits":
				l.up(1, 2)
				l.active(1)
			case "override: 2 active":
				l.up(1, 2)
				l.active(2)
			}
			return l
		}, allEvents, event)
}

// TestMatrixClient is an ASP's view of the gateway at path 1 (§4.3.4, ASP's side).
func TestMatrixClient(t *testing.T) {
	states := []string{"no association", "ASPUP sent", "ASPAC sent", "active", "overridden",
		"leaving, ASPIA sent", "leaving, ASPDN sent"}
	matrix(t, "client", states, func(s string) *Layer {
		l := setup(1, RoleASP, nil)
		if s == "no association" {
			return l
		}
		l.comm(1)
		if s == "ASPUP sent" {
			return l
		}
		l.rx(1, wire(ASPUPAck))
		if s == "ASPAC sent" {
			return l
		}
		l.rx(1, wire(ASPACAck))
		if s == "overridden" {
			l.rx(1, wire(NTFY, TagStatus, uint32(NotifyAlternate), TagRoutingContext, []uint32{10}))
		}
		if strings.HasPrefix(s, "leaving") {
			l.settle(epoch, l.Leave(epoch, 1, "test", nil))
		}
		if strings.Contains(s, "ASPDN") {
			l.rx(1, wire(ASPIAAck))
		}
		return l
	}, allEvents, event)
}

// TestMatrixIPSP: single exchange, this end asks or is asked; double exchange (§4.3.4.1.2).
func TestMatrixIPSP(t *testing.T) {
	matrix(t, "ipsp", []string{"asks: ASPUP sent", "asks: inactive", "asks: active", "asked: down", "asked: inactive",
		"asked: active", "double: ASPUP sent", "double: inactive", "double: active"},
		func(s string) *Layer {
			kind, state, _ := strings.Cut(s, ": ")
			role := RoleIPSP
			if kind == "double" {
				role = RoleIPSPDouble
			}
			l := setup(1, role, func(asps []ASPConfig, _ []ASConfig) { asps[0].Leads = kind == "asks" })
			l.comm(1)
			if strings.Contains(state, "ASPUP") || state == "down" {
				return l
			}
			if kind != "asks" {
				l.rx(1, wire(ASPUP))
			}
			if kind != "asked" {
				l.rx(1, wire(ASPUPAck))
			}
			if state == "inactive" {
				return l
			}
			if kind != "asks" {
				l.rx(1, wire(ASPAC))
			}
			if kind != "asked" {
				l.rx(1, wire(ASPACAck))
			}
			return l
		}, allEvents, event)
}
