package m2ua

import (
	"strings"
	"testing"
	"time"

	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// field is a gateway's Layer. ASPs 1 and 2 serve AS 10 (interfaces 1, 2 and 5). Only ASP 1 serves AS 11 (the
// interface "E1"). Interface 7 belongs to nobody yet.
type field struct {
	t   *testing.T
	l   *Layer
	now time.Time
}

func newField(t *testing.T, change func(*Config)) *field {
	named := func(i Interface, path ss7.PathID) InterfaceConfig {
		return InterfaceConfig{Label: Label{Interface: i, Variant: ss7.ITU}, Path: path}
	}
	keyed := named(Interface{ID: 7}, 107)
	keyed.Key, keyed.HasKey = LinkKey{3, 4}, true
	c := Config{
		ASPs: []ASPConfig{{ASPConfig: xua.ASPConfig{Path: 1, Name: "one"}, Register: true},
			{ASPConfig: xua.ASPConfig{Path: 2, Name: "two"}}},
		ASs: []ASConfig{
			{ASConfig: xua.ASConfig{Path: 10, Name: "ten", Mode: xua.Override, TR: 2 * time.Second,
				Members: []xua.MemberConfig{{ASP: 1, Weight: 1}, {ASP: 2, Weight: 1}}},
				Interfaces: []InterfaceConfig{named(Interface{ID: 1}, 101), named(Interface{ID: 2}, 102),
					named(Interface{ID: 5}, 105)}},
			{ASConfig: xua.ASConfig{Path: 11, Name: "eleven", Members: []xua.MemberConfig{{ASP: 1, Weight: 1}}},
				Interfaces: []InterfaceConfig{named(Interface{Text: "E1"}, 111)}},
			{ASConfig: xua.ASConfig{Path: 12, Name: "twelve"}, Interfaces: []InterfaceConfig{keyed}},
		}}
	if change != nil {
		change(&c)
	}
	f := &field{t, New(), epoch}
	f.l.Configure(f.now, c, nil)
	for _, a := range c.ASPs {
		f.l.Do(f.now, ss7.Event{Kind: ss7.CommUp, Path: a.Path}, nil)
	}
	return f
}

func (f *field) rx(path ss7.PathID, hex, want string) {
	f.t.Helper()
	out := f.l.Recv(f.now, path, PPID, unhex(hex), nil)
	if got := text(out); got != want {
		f.t.Errorf("%s\n got %q\nwant %q", hex, got, want)
	}
}

const (
	up  = "01000301 00000008"
	ac  = "01000401 00000008"
	ia  = "01000402 00000008"
	dn  = "01000302 00000008"
	ac1 = "01000401 00000010 0001000800000001"
)

// §4.3.4.1, §4.3.4.3, §4.3.4.5: up, active without interface identifiers, notified after
// the acknowledgement. A Notify has the interfaces of its AS.
func TestUpAndActive(t *testing.T) {
	f := newField(t, nil)
	f.rx(1, up, "1<ASPUP Ack, 1<NTFY AS-INACTIVE i1 i2 i5, 1<NTFY AS-INACTIVE iE1")
	f.rx(1, up, "1<ASPUP Ack")
	f.rx(1, ac, "1<ASPAC Ack, 1<NTFY AS-ACTIVE i1 i2 i5, 1<NTFY AS-ACTIVE iE1")
	f.rx(1, dn, "1<ASPDN Ack")
	f.rx(1, dn, "1<ASPDN Ack") // MUST, though it is down
}

// §3.3.2.7: "If only a subset of Interface Identifiers for an AS are included, the ASP is
// noted as Active for all the Interface Identifiers provisioned for that AS"; the
// acknowledgement MUST have what the request named (§4.3.4.3).
func TestActiveForSome(t *testing.T) {
	f := newField(t, nil)
	f.rx(1, up, "1<ASPUP Ack, 1<NTFY AS-INACTIVE i1 i2 i5, 1<NTFY AS-INACTIVE iE1")
	f.rx(1, ac1, "1<ASPAC Ack i1, 1<NTFY AS-ACTIVE i1 i2 i5")
	f.rx(1, ac1, "1<ASPAC Ack i1") // MUST, though it is active
	for id, want := range map[uint32]bool{1: true, 2: true, 5: true} {
		if e := f.l.Gate(1).Entry(id, nil); e == nil || e.Receives != want || !e.Sends {
			t.Errorf("interface %d: %+v", id, e)
		}
	}
	if e := f.l.Gate(1).Entry(0, []byte("E1")); e == nil || e.Receives {
		t.Errorf("E1: %+v", e)
	}
}

// §3.3.2.7: integers and ranges may stand together; each value that is none is told
// (§4.3.4.3: "MUST send an Error message for each").
func TestActiveForRanges(t *testing.T) {
	f := newField(t, nil)
	f.l.Recv(f.now, 1, PPID, unhex(up), nil)
	f.rx(1, "01000401 00000024 000b000800000001 0001000800000009 0008000c 00000001 00000005",
		"1<ERR 0x2 i9, 1<ERR 0x2 i3-4, 1<ASPAC Ack override i1 i2 i5, 1<NTFY AS-ACTIVE i1 i2 i5")
	f.rx(1, "01000401 00000010 0001000800000009", "1<ERR 0x2 i9")
	f.rx(1, "01000401 00000014 0008000c 00000000 ffffffff",
		"1<ERR 0x2 i0, 1<ERR 0x2 i3-4, 1<ERR 0x2 i6-4294967295, 1<ASPAC Ack i1 i2 i5")
	f.rx(1, "01000401 00000014 0008000c 00000005 00000001", "1<ERR 0x11") // from the greater to the less
}

// §3.2: text MAY be supported; §3.3.2.7: not beside integers.
func TestActiveForText(t *testing.T) {
	f := newField(t, nil)
	f.l.Recv(f.now, 1, PPID, unhex(up), nil)
	f.rx(1, "01000401 00000010 0003000645310000", "1<ASPAC Ack iE1, 1<NTFY AS-ACTIVE iE1")
	f.rx(1, "01000401 00000010 0003000645320000", "1<ERR 0x2 iE2")
	f.rx(1, "01000401 00000018 0003000645310000 0001000800000001", "1<ERR 0x13")
	f.rx(1, "01000402 00000010 0003000645310000", "1<ASPIA Ack iE1, 1<NTFY AS-INACTIVE iE1")
}

// §4.3.4.3: in Override mode the ASP that comes takes over, and the other MUST hear of it.
func TestOverride(t *testing.T) {
	f := newField(t, nil)
	for path := range ss7.PathID(2) {
		f.l.Recv(f.now, 1+path, PPID, unhex(up), nil)
	}
	f.l.Recv(f.now, 1, PPID, unhex(ac1), nil)
	f.rx(2, ac1, "2<ASPAC Ack i1, 1<NTFY alternate ASP active i1 i2 i5")
	if w := f.l.Way(10); w.State != xua.ASActive || len(w.All) != 1 || w.All[0] != 2 {
		t.Errorf("%+v", w)
	}
	// §5.2.1: the one that is active goes, those that are left are told.
	f.rx(2, ia, "2<ASPIA Ack, 1<NTFY AS-PENDING i1 i2 i5, 2<NTFY AS-PENDING i1 i2 i5")
	f.rx(1, ac1, "1<ASPAC Ack i1, 1<NTFY AS-ACTIVE i1 i2 i5, 2<NTFY AS-ACTIVE i1 i2 i5")
	// Unsupported Traffic Handling Mode
	f.rx(2, "01000401 00000018 000b000800000002 0001000800000001", "2<ERR 0x5 i1 i2 i5")
}

// An ASP asks only for what it serves, and only when it is up.
func TestWhatIsUnexpected(t *testing.T) {
	f := newField(t, nil)
	f.rx(1, ac1, "1<ERR 0x6 i1 i2 i5")
	f.rx(2, up, "2<ASPUP Ack, 2<NTFY AS-INACTIVE i1 i2 i5")
	f.rx(2, "01000401 00000010 0003000645310000", "2<ERR 0x2 iE1") // of another ASP
	f.rx(2, "01000304 00000008", "2<ERR 0x6")                      // ASPUP Ack
	f.rx(2, "01000701 00000008", "2<ERR 0x3")
	f.rx(2, "01000309 00000008", "2<ERR 0x4")
	f.rx(2, "01000000 00000010 000c000800000006", "") // an ERR is never answered
	f.rx(2, "01000000 00000008", "")
	f.rx(2, "01000303 00000010 0009000801020304", "2<BEAT Ack") // MUST, unchanged
}

// §3.2, §3.3.3.1: the gate of messages about interfaces.
func TestGate(t *testing.T) {
	f := newField(t, nil)
	f.l.Recv(f.now, 1, PPID, unhex(up), nil)
	data := func(i Interface) []byte {
		return (&Label{Interface: i, Variant: ss7.ITU}).Append(nil, &ss7.MSU{SI: ss7.SCCP, Payload: []byte{1}})
	}
	establish := Append(nil, &Message{Type: EstablishReq, Interface: Interface{ID: 1}}, false)
	check := func(what string, ppid uint32, b []byte, want Refusal, code xua.Code, silent bool) {
		t.Helper()
		_, r, e := f.l.Gate(1).Admit(ppid, b)
		if r != want || want != Taken && (e == nil || e.Code != code || e.Silent != silent) {
			t.Errorf("%s: %v, %+v", what, r, e)
		}
	}
	check("inactive", PPID, data(Interface{ID: 1}), NotActive, xua.UnexpectedMessage, true)
	check("inactive", PPID, establish, NotActive, xua.UnexpectedMessage, false)
	f.l.Recv(f.now, 1, PPID, unhex(ac1), nil)
	check("active", PPID, data(Interface{ID: 2}), Taken, 0, false)
	check("no payload protocol", 0, establish, Taken, 0, false)
	check("M3UA's", 3, establish, WrongProtocol, 0, true)
	check("unknown", PPID, data(Interface{ID: 9}), UnknownInterface, invalidIID, false)
	check("unknown", PPID, data(Interface{Text: "E9"}), UnknownInterface, invalidIID, false)
	check("no interface", PPID, unhex("01000602 00000008"), Malformed, xua.MissingParameter, false)
	check("no interface", PPID, unhex("01000601 00000010 0300000583000000"), Malformed, xua.MissingParameter, false)
	// §4.3.4.3: the traffic of an overridden ASP SHOULD be stopped, that from it too.
	f.l.Recv(f.now, 2, PPID, unhex(up), nil)
	f.l.Recv(f.now, 2, PPID, unhex(ac1), nil)
	check("overridden", PPID, data(Interface{ID: 2}), Overridden, xua.UnexpectedMessage, true)
	check("overridden", PPID, establish, Overridden, xua.UnexpectedMessage, false)
	f.l.Recv(f.now, 2, PPID, unhex(ia), nil) // there is no other any more
	check("inactive again", PPID, data(Interface{ID: 2}), NotActive, xua.UnexpectedMessage, true)
}

// An odd far end whose Data has no interface identifier is understood where there is just
// one interface.
func TestNameless(t *testing.T) {
	f := newField(t, func(c *Config) {
		c.ASPs[0].Slack.Nameless = true
		c.ASs = c.ASs[1:2]
	})
	f.l.Recv(f.now, 1, PPID, unhex(up), nil)
	f.l.Recv(f.now, 1, PPID, unhex(ac), nil)
	e, r, fault := f.l.Gate(1).Admit(PPID, unhex("01000601 00000014 0300000a8300000000ff0000"))
	if r != Taken || e.Text != "E1" || !e.Nameless {
		t.Errorf("%+v, %v, %v", e, r, fault)
	}
}

// §4.4: registration by link key, with the identifier that belongs to it; what is active
// is not to be given up.
func TestRegistration(t *testing.T) {
	f := newField(t, nil)
	req := string(hexOf(AppendRegistrations(nil, []Registration{{LocalID: 9, Key: LinkKey{3, 4}},
		{LocalID: 8, Key: LinkKey{3, 5}}})))
	f.rx(1, req, "1<ERR 0x6") // not before ASPUP
	f.l.Recv(f.now, 1, PPID, unhex(up), nil)
	f.l.Recv(f.now, 2, PPID, unhex(up), nil)
	f.rx(2, req, "2<REG RSP") // denied
	f.rx(1, req, "1<REG RSP, 1<NTFY AS-INACTIVE i7")
	if is, registered, _ := f.l.x.Member(1, 12); !is || !registered {
		t.Error("not registered")
	}
	f.rx(1, "01000401 00000010 0001000800000007", "1<ASPAC Ack i7, 1<NTFY AS-ACTIVE i7")
	f.rx(1, "01000a03 00000010 0001000800000007", "1<DEREG RSP, 1<ERR 0x10 i7")
	f.l.Recv(f.now, 1, PPID, unhex(ia), nil)
	f.rx(1, "01000a03 00000014 0001000c 00000007 00000009", "1<DEREG RSP")
	if is, _, _ := f.l.x.Member(1, 12); is {
		t.Error("still registered")
	}
	f.rx(1, "01000a03 00000008", "1<ERR 0x16")
	for _, c := range []struct{ path ss7.PathID }{{1}} { // at a bounded rate
		for range 100 {
			f.l.Recv(f.now, c.path, PPID, unhex(req), nil)
		}
		if f.l.PeerStats(c.path).RegistrationsSpared == 0 {
			t.Error("registrations are answered without end")
		}
	}
}

func hexOf(b []byte) []byte {
	const digits = "0123456789abcdef"
	var out []byte
	for _, x := range b {
		out = append(out, digits[x>>4], digits[x&15])
	}
	return out
}

// This end as an ASP: what it asks for is named by interface, and the answers are.
func TestAsASP(t *testing.T) {
	c := Config{ASPs: []ASPConfig{{ASPConfig: xua.ASPConfig{Path: 1, Name: "SG", Role: xua.RoleASP}}}}
	for i, x := range []Interface{{ID: 4}, {ID: 6}, {Text: "E1"}} {
		path := ss7.PathID(20 + i)
		c.ASs = append(c.ASs, ASConfig{ASConfig: xua.ASConfig{Path: path, Name: x.String(),
			Members: []xua.MemberConfig{{ASP: 1, Weight: 1}}},
			Interfaces: []InterfaceConfig{{Label: Label{Interface: x, Variant: ss7.ITU}, Path: path}}})
	}
	f := &field{t, New(), epoch}
	f.l.Configure(f.now, c, nil)
	if got := text(f.l.Do(f.now, ss7.Event{Kind: ss7.CommUp, Path: 1}, nil)); got != "1<ASPUP" {
		t.Error(got)
	}
	f.rx(1, "01000304 00000008", "1<ASPAC i4 i6, 1<ASPAC iE1") // texts not beside numbers
	f.rx(1, "01000403 00000010 0001000800000004", "")
	if w := f.l.Way(20); w.State != xua.ASActive {
		t.Errorf("interface 4: %+v", w)
	}
	if w := f.l.Way(21); w.State == xua.ASActive {
		t.Errorf("interface 6: %+v", w)
	}
	f.rx(1, "01000403 00000010 0003000645310000", "")
	if w := f.l.Way(22); w.State != xua.ASActive {
		t.Errorf("interface E1: %+v", w)
	}
	// §4.3.4.3: MUST consider itself inactive.
	f.rx(1, "01000001 00000018 000d000800020002 0001000800000004", "")
	if w := f.l.Way(20); w.State == xua.ASActive {
		t.Errorf("overridden: %+v", w)
	}
	f.rx(1, "01000001 00000018 000d000800010004 0001000800000004", "1<ASPAC i4") // i6 was asked for
	f.rx(1, "01000301 00000008", "1<ERR 0x6")                                    // which a gateway does not send
}

// FuzzHostileASP: what two ASPs send in whatever order leaves a gateway whole: it answers
// with messages that are well-formed, and not more than a few for each.
func FuzzHostileASP(f *testing.F) {
	for _, s := range []string{up, ac, ia, dn, ac1, "01000401 00000014 0008000c 00000000 ffffffff",
		"01000a03 00000010 0001000800000007"} {
		f.Add(append([]byte{1, byte(len(unhex(s)))}, unhex(s)...))
	}
	f.Fuzz(func(t *testing.T, script []byte) {
		x := newField(t, nil)
		term := NewTerminal(TerminalConfig{Label: one, Pace: DefaultPace})
		for path := range ss7.PathID(2) {
			x.l.Recv(x.now, 1+path, PPID, unhex(up), nil)
			x.l.Recv(x.now, 1+path, PPID, unhex(ac), nil)
		}
		for len(script) > 2 {
			path, n := 1+ss7.PathID(script[0]&1), min(int(script[1]), len(script)-2)
			b := script[2 : 2+n]
			script = script[2+n:]
			x.now = x.now.Add(10 * time.Millisecond)
			var out []ss7.Action
			if IsMAUP(b) {
				if e, r, _ := x.l.Gate(path).Admit(PPID, b); r == Taken && !IsData(b) && e.Path == 101 {
					out, _ = term.Recv(x.now, path, b, nil)
				}
			} else {
				out = x.l.Recv(x.now, path, PPID, b, nil)
			}
			if len(out) > 2*maxIdentifiers+64 {
				t.Fatalf("%d answers", len(out))
			}
			for i := range out {
				if out[i].Op == ss7.Send && strings.HasPrefix(wireText(out[i].Wire), "BAD") {
					t.Fatal(wireText(out[i].Wire))
				}
			}
			x.l.Tick(x.now, nil)
		}
	})
}

// §4.4.1 at the ASP: a link that is known by its key is registered with a Local-LK-Identifier of its own. It is
// activated when the gateway has given it an interface that no other link has. A refused one is asked for
// again, and all of them are after the association was lost.
func TestRegistrationAsASP(t *testing.T) {
	c := Config{ASPs: []ASPConfig{{ASPConfig: xua.ASPConfig{Path: 1, Name: "SG", Role: xua.RoleASP}}}}
	for i := range uint16(2) {
		path := ss7.PathID(20 + i)
		c.ASs = append(c.ASs, ASConfig{ASConfig: xua.ASConfig{Path: path, Name: "link", Register: true,
			Members: []xua.MemberConfig{{ASP: 1, Weight: 1}}},
			Interfaces: []InterfaceConfig{{Label: Label{Variant: ss7.ITU}, Path: path, Key: LinkKey{3, i}, HasKey: true}}})
	}
	f := &field{t, New(), epoch}
	f.l.Configure(f.now, c, nil)
	f.l.Do(f.now, ss7.Event{Kind: ss7.CommUp, Path: 1}, nil)
	out := f.l.Recv(f.now, 1, PPID, unhex("01000304 00000008"), nil)
	m, e := Grammar.Parse(out[len(out)-1].Wire)
	if keys, e2 := ParseRegistrations(m); e != nil || e2 != nil || len(keys) != 2 ||
		keys[0] != (Registration{LocalID: 20, Key: LinkKey{3, 0}}) ||
		keys[1] != (Registration{LocalID: 21, Key: LinkKey{3, 1}}) {
		t.Fatalf("%+v %v %v", keys, e, e2)
	}
	response := func(local, status uint32, id Interface) string {
		return string(hexOf(xua.End(appendResult(xua.Begin(nil, REGRsp), tagRegResult, local, true, tagRegStatus, status,
			id), 0)))
	}
	f.rx(1, response(20, uint32(RegOK), Interface{ID: 7}), "1<ASPAC i7")
	f.rx(1, response(21, uint32(RegOK), Interface{ID: 7}), "")
	if why := f.l.KeyState(21); !strings.Contains(why, "it gave interface 7, which link has") {
		t.Error(why)
	}
	f.now = f.l.Deadline()
	for f.now.Before(epoch.Add(regRetry)) {
		f.l.Tick(f.now, nil)
		f.now = f.l.Deadline()
	}
	if got := text(f.l.Tick(f.now, nil)); !strings.Contains(got, "1<REG REQ") {
		t.Error(got)
	}
	f.rx(1, response(21, uint32(RegDenied), Interface{}), "")
	if why := f.l.KeyState(21); !strings.Contains(why, "link key 3/1: gateway SG refuses it: permission denied") {
		t.Error(why)
	}
	f.rx(1, response(99, uint32(RegOK), Interface{ID: 8}), "") // nobody's
	f.l.Do(f.now, ss7.Event{Kind: ss7.CommLost, Path: 1}, nil)
	f.l.Do(f.now, ss7.Event{Kind: ss7.CommUp, Path: 1}, nil)
	f.now = f.now.Add(regRetry)
	if got := text(f.l.Recv(f.now, 1, PPID, unhex("01000304 00000008"), nil)); got != "1<REG REQ" {
		t.Error(got)
	}
}
