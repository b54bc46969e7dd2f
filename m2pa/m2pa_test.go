package m2pa

import (
	"bytes"
	"encoding/hex"
	"flag"
	"math/rand"
	"strings"
	"testing"
	"time"

	"github.com/gostp/gostp/ss7"
)

var update = flag.Bool("update", false, "rewrite golden files")

func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

// Vectors that Wireshark decodes as named.
func TestCodec(t *testing.T) {
	for _, c := range []struct {
		hex string
		m   Message
	}{
		{"01000b0200000014 00ffffff00ffffff 00000001", Message{Type: LinkStatus, BSN: seqMask, FSN: seqMask,
			Status: Alignment}},
		{"01000b010000001a 00ffffff00000000 0085239364322301 0900",
			Message{Type: UserData, BSN: seqMask, MSU: unhex("852393643223010900")}},
		{"01000b0100000010 0000000000000000", Message{Type: UserData}},
		{"01000b0100000011 0000000000000007 40", Message{Type: UserData, FSN: 7, Prio: 1, MSU: []byte{}}},
		{"01000b0100000014 0000000000000007 c0850102", Message{Type: UserData, FSN: 7, Prio: 3, MSU: unhex("850102")}},
	} {
		want := unhex(c.hex)
		got, err := Parse(want)
		if err != nil || got.Type != c.m.Type || got.BSN != c.m.BSN || got.FSN != c.m.FSN || got.Status != c.m.Status ||
			got.Prio != c.m.Prio || !bytes.Equal(got.MSU, c.m.MSU) {
			t.Errorf("%s: %+v, %v", c.hex, got, err)
		}
		if b := Append(nil, c.m); !bytes.Equal(b, want) {
			t.Errorf("%+v: %x, want %x", c.m, b, want)
		}
	}
	for why, bad := range map[string]string{
		"too short": "01000b02000000", "version 2": "02000b020000001400ffffff00ffffff00000001",
		"class 3": "010003020000001400ffffff00ffffff00000001",
		"type 7":  "01000b070000001000ffffff00ffffff", "length": "01000b010000001100ffffff00ffffff",
		"no state":      "01000b020000001000ffffff00ffffff",
		"unknown state": "01000b020000001400ffffff00ffffff0000000a", "draft 2": "0100060200000004 00000001",
	} {
		if m, err := Parse(unhex(bad)); err == nil {
			t.Errorf("%s was taken: %+v", why, m)
		}
	}
	// Filler after the state is ignored (RFC 4165 §2.3.2).
	if m, err := Parse(unhex("01000b020000001800ffffff00ffffff00000002aabbccdd")); err != nil ||
		m.Status != ProvingNormal {
		t.Errorf("proving with filler: %+v, %v", m, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(unhex("01000b020000001400ffffff00ffffff00000001"))
	f.Add(unhex("01000b010000001a00ffffff000000000085239364322301 0900"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Parse(b)
		if err != nil {
			return
		}
		again, err := Parse(Append(nil, m))
		if err != nil || again.Status != m.Status || !bytes.Equal(again.MSU, m.MSU) || again.FSN != m.FSN ||
			again.BSN != m.BSN {
			t.Fatalf("%+v became %+v, %v", m, again, err)
		}
	})
}

// FuzzLink puts arbitrary messages into a link in every state: it neither panics
// nor raises an MSU outside InService and ProcessorOutage.
func FuzzLink(f *testing.F) {
	f.Add([]byte{5, 1, 2, 3, 9}, uint8(6))
	f.Fuzz(func(t *testing.T, script []byte, start uint8) {
		l, now := inState(State(start)%States), epoch
		for _, x := range script {
			var out []ss7.Action
			switch {
			case x < 9:
				out = l.Recv(now, 0, status(Status(x+1), 0), nil)
			case x < 60:
				out = l.Recv(now, 1, data(uint32(x)-9, uint32(x)&3-1), nil)
			case x < 70:
				now = now.Add(time.Duration(x-59) * time.Second)
				out = l.Tick(now, nil)
			case x < 100:
				out = l.Do(now, ss7.Event{Kind: ss7.Kind(int(x) % 25), Arg: uint32(x), MSU: ss7.MSU{Payload: []byte{x}}}, nil)
			default:
				out = l.Recv(now, 0, script, nil)
			}
			_ = out
			if l.sent < 0 || l.n < l.sent {
				t.Fatalf("%d of %d sent", l.sent, l.n)
			}
		}
	})
}

var epoch = time.Unix(1000, 0)

func status(s Status, bsn uint32) []byte {
	return Append(nil, Message{Type: LinkStatus, BSN: bsn - 1, FSN: seqMask, Status: s})
}

// data is User Data with an MSU; bsn as it stands.
func data(fsn, bsn uint32) []byte {
	return Append(nil, Message{Type: UserData, FSN: fsn, BSN: bsn, MSU: unhex("852393643223010900")})
}

func cfg() Config {
	c := DefaultConfig()
	return c
}

// inState brings a new link into a state, by the front door.
func inState(s State) *Link {
	l := New(7, cfg())
	if s == OutOfService {
		l.Do(epoch, ss7.Event{Kind: ss7.CommUp}, nil)
		return l
	}
	l.Do(epoch, ss7.Event{Kind: ss7.Emergency}, nil)
	if s == AlignedNotReady {
		l.Do(epoch, ss7.Event{Kind: ss7.LocalOutage}, nil)
	}
	l.Do(epoch, ss7.Event{Kind: ss7.Start}, nil)
	l.Do(epoch, ss7.Event{Kind: ss7.CommUp}, nil)
	if s == NotAligned {
		return l
	}
	l.Recv(epoch, 0, status(Alignment, 0), nil)
	if s == Aligned {
		return l
	}
	l.Recv(epoch, 0, status(ProvingEmergency, 0), nil)
	if s == Proving {
		return l
	}
	l.Tick(epoch.Add(l.cfg.T4e), nil)
	if s == AlignedReady || s == AlignedNotReady {
		return l
	}
	l.Recv(epoch, 0, status(Ready, 0), nil)
	if s == ProcessorOutage {
		l.Recv(epoch, 1, status(ProcessorOutageStarted, 0), nil)
	}
	return l
}

// two is two links back to back over a perfect wire, time as a variable.
type two struct {
	t    *testing.T
	now  time.Time
	l    [2]*Link
	wire [2][][]byte // on its way to l[i]
	up   [2][]ss7.Event
	msus [2][]byte // first payload octets of what was raised
}

func newTwo(t *testing.T, c Config) *two {
	return &two{t: t, now: epoch, l: [2]*Link{New(1, c), New(2, c)}}
}

func (x *two) act(i int, out []ss7.Action) {
	for _, a := range out {
		switch a.Op {
		case ss7.Send:
			x.wire[1-i] = append(x.wire[1-i], bytes.Clone(a.Wire))
		case ss7.Raise:
			if a.Event.Kind == ss7.Transfer {
				x.msus[i] = append(x.msus[i], a.Event.MSU.Payload[0])
				continue
			}
			x.up[i] = append(x.up[i], a.Event)
		}
	}
}

func (x *two) do(i int, ev ss7.Event) { x.act(i, x.l[i].Do(x.now, ev, nil)) }

func (x *two) both(k ss7.Kind) { x.do(0, ss7.Event{Kind: k}); x.do(1, ss7.Event{Kind: k}) }

// settle delivers what is on the wire.
func (x *two) settle() {
	for len(x.wire[0])+len(x.wire[1]) > 0 {
		for i := range 2 {
			for len(x.wire[i]) > 0 {
				b := x.wire[i][0]
				x.wire[i] = x.wire[i][1:]
				x.act(i, x.l[i].Recv(x.now, 0, b, nil))
			}
		}
	}
}

// run lets time pass until both are in state s, at most d.
func (x *two) run(s State, d time.Duration) {
	x.t.Helper()
	end := x.now.Add(d)
	for x.settle(); (x.l[0].state != s || x.l[1].state != s) && x.now.Before(end); x.settle() {
		x.now = x.now.Add(10 * time.Millisecond)
		for i := range 2 {
			x.act(i, x.l[i].Tick(x.now, nil))
		}
	}
	if x.l[0].state != s || x.l[1].state != s {
		x.t.Fatalf("after %v: %v (%s) and %v (%s), want %v", d, x.l[0].state, x.l[0].why, x.l[1].state, x.l[1].why, s)
	}
}

func (x *two) pass(d time.Duration) {
	for end := x.now.Add(d); x.now.Before(end); {
		x.now = x.now.Add(10 * time.Millisecond)
		for i := range 2 {
			x.act(i, x.l[i].Tick(x.now, nil))
		}
		x.settle()
	}
}

func (x *two) send(i int, b byte) {
	x.do(i, ss7.Event{Kind: ss7.Transfer, MSU: ss7.MSU{SI: ss7.SCCP, Payload: []byte{b}}})
}

func TestAlignment(t *testing.T) {
	for name, prepare := range map[string]func(x *two){
		"both": func(x *two) { x.both(ss7.CommUp); x.both(ss7.Start) },
		"one late": func(x *two) {
			x.both(ss7.CommUp)
			x.do(0, ss7.Event{Kind: ss7.Start})
			x.pass(20 * time.Second)
			x.do(1, ss7.Event{Kind: ss7.Start})
		},
		"started first": func(x *two) {
			x.both(ss7.Start)
			x.do(1, ss7.Event{Kind: ss7.CommUp})
			x.do(0, ss7.Event{Kind: ss7.CommUp})
		},
	} {
		for _, emergency := range []bool{false, true} {
			x := newTwo(t, cfg())
			if emergency {
				x.do(0, ss7.Event{Kind: ss7.Emergency})
			}
			prepare(x)
			begin := x.now
			x.run(InService, 30*time.Second)
			d := x.now.Sub(begin)
			if emergency && d > 2*time.Second || !emergency && d < 8*time.Second {
				t.Errorf("%s, emergency %v: proving took %v", name, emergency, d)
			}
		}
	}
}

// inService gives two links in service whose sequence numbers are about to wrap.
func inService(t *testing.T, c Config) *two {
	x := newTwo(t, c)
	x.do(0, ss7.Event{Kind: ss7.Emergency})
	x.both(ss7.CommUp)
	x.both(ss7.Start)
	x.run(InService, 30*time.Second)
	near := uint32(seqMask - 20)
	for i := range 2 {
		x.l[i].lastTx, x.l[i].lastAcked, x.l[i].lastRx = near, near, near
	}
	return x
}

// RFC 4165 §2.2, §4.2.1: numbers wrap, everything arrives in order, everything is
// acknowledged, an acknowledgement is not.
func TestDataAcrossTheWrap(t *testing.T) {
	x := inService(t, cfg())
	var want []byte
	for i := range 100 {
		x.send(0, byte(i))
		want = append(want, byte(i))
		if i%3 == 0 {
			x.send(1, byte(i))
		}
		if i%7 == 0 {
			x.pass(30 * time.Millisecond)
		}
	}
	x.pass(100 * time.Millisecond)
	if !bytes.Equal(x.msus[1], want) || len(x.msus[0]) != 34 {
		t.Fatalf("%d and %d MSUs", len(x.msus[1]), len(x.msus[0]))
	}
	for i := range 2 {
		if x.l[i].sent != 0 || x.l[i].n != 0 || x.l[i].timers.Running(t7) {
			t.Errorf("link %d: %d not acknowledged", i, x.l[i].sent)
		}
	}
	if x.l[0].lastTx != 79 {
		t.Errorf("last FSN %d", x.l[0].lastTx)
	}
	acks := x.l[0].stats.AcksIn + x.l[1].stats.AcksIn
	x.pass(10 * time.Second)
	if acks != x.l[0].stats.AcksIn+x.l[1].stats.AcksIn {
		t.Error("an acknowledgement was acknowledged")
	}
}

// RFC 4165 §4.1.5: a busy end goes on sending and acknowledges nothing new; the other
// holds its data; T6 bounds it.
func TestBusy(t *testing.T) {
	x := inService(t, cfg())
	x.do(1, ss7.Event{Kind: ss7.Congestion, Arg: 1})
	x.settle()
	x.send(0, 1)
	x.send(1, 2)
	x.settle()
	if len(x.msus[1]) != 0 || !bytes.Equal(x.msus[0], []byte{2}) {
		t.Errorf("while busy: %v, %v", x.msus[1], x.msus[0])
	}
	x.pass(time.Second)
	x.do(1, ss7.Event{Kind: ss7.Congestion})
	x.pass(100 * time.Millisecond)
	if !bytes.Equal(x.msus[1], []byte{1}) || x.l[0].sent != 0 {
		t.Errorf("after: %v", x.msus[1])
	}
	x.send(0, 3) // not acknowledged yet when the far end turns busy
	x.wire[1] = nil
	x.do(1, ss7.Event{Kind: ss7.Congestion, Arg: 1})
	x.pass(5 * time.Second)
	if x.l[0].state != OutOfService || !strings.Contains(x.l[0].why, "T6") {
		t.Errorf("%v: %s", x.l[0].state, x.l[0].why)
	}
}

// RFC 4165 §4.1.4: outage at one end, at both, in either order; nothing that was
// accepted is lost and nothing comes twice.
func TestOutages(t *testing.T) {
	for name, ends := range map[string][]int{"one": {0}, "both": {0, 1}} {
		x := inService(t, cfg())
		x.send(0, 1)
		x.settle()
		for _, i := range ends {
			x.do(i, ss7.Event{Kind: ss7.LocalOutage})
			x.settle()
		}
		if x.l[0].state != ProcessorOutage || x.l[1].state != ProcessorOutage {
			t.Fatalf("%s: %v, %v", name, x.l[0].state, x.l[1].state)
		}
		x.pass(3 * time.Second)
		x.send(1, 9) // waits for the end of the outage
		x.settle()
		for _, i := range ends {
			x.do(i, ss7.Event{Kind: ss7.LocalRecovered})
			x.settle()
		}
		x.run(InService, 5*time.Second)
		x.send(0, 2)
		x.pass(100 * time.Millisecond)
		if !bytes.Equal(x.msus[1], []byte{1, 2}) || !bytes.Equal(x.msus[0], []byte{9}) {
			t.Errorf("%s: %v, %v", name, x.msus[1], x.msus[0])
		}
		if x.l[0].sent+x.l[1].sent != 0 {
			t.Errorf("%s: something is not acknowledged", name)
		}
	}
}

// RFC 4165 §4.2.3: what was accepted for sending is either delivered or retrieved,
// once, in order, whatever fails when.
func TestRetrieval(t *testing.T) {
	r := rand.New(rand.NewSource(4))
	for range 300 {
		x := inService(t, cfg())
		var accepted []byte
		for i := range r.Intn(60) {
			x.send(0, byte(i))
			accepted = append(accepted, byte(i))
			if r.Intn(4) == 0 {
				x.settle()
			}
			if r.Intn(6) == 0 {
				x.pass(30 * time.Millisecond)
			}
		}
		x.wire[0], x.wire[1] = nil, nil // lost with the association
		x.both(ss7.CommLost)
		bsnt := x.l[1].Do(x.now, ss7.Event{Kind: ss7.RetrieveBSNT}, nil)[0].Event.Arg
		got := bytes.Clone(x.msus[1])
		for _, a := range x.l[0].Do(x.now, ss7.Event{Kind: ss7.Retrieve, Arg: bsnt}, nil) {
			if a.Event.Kind == ss7.Retrieved {
				got = append(got, a.Event.MSU.Payload[0])
			}
		}
		if !bytes.Equal(got, accepted) {
			t.Fatalf("delivered and retrieved %v, accepted %v", got, accepted)
		}
		if out := x.l[0].Do(x.now, ss7.Event{Kind: ss7.Retrieve, Arg: bsnt}, nil); len(out) != 1 {
			t.Fatal("retrieved twice")
		}
	}
}

// A link that several share keeps what comes after a retrieval for the next of them; one that
// nobody shares refuses it, so that MTP3 finds another way at once.
func TestRetrievalOfSharedLink(t *testing.T) {
	for _, shared := range []bool{false, true} {
		c := cfg()
		c.Shared = shared
		x := inService(t, c)
		x.send(0, 1)
		x.both(ss7.CommLost)
		x.l[0].Do(x.now, ss7.Event{Kind: ss7.Retrieve, Arg: ss7.NoFSN}, nil)
		x.send(0, 2)
		out := x.l[0].Do(x.now, ss7.Event{Kind: ss7.Retrieve, Arg: 5}, nil)
		if back := len(out) == 2 && out[0].Event.MSU.Payload[0] == 2; back != shared ||
			x.l[0].stats.NotInService == 0 != shared {
			t.Errorf("shared %v: %s, %d refused", shared, describe(out), x.l[0].stats.NotInService)
		}
		x.l[0].Do(x.now, ss7.Event{Kind: ss7.CommUp}, nil)
		x.l[0].Do(x.now, ss7.Event{Kind: ss7.Start}, nil)
		if n := x.l[0].n; n != 0 {
			t.Errorf("shared %v: %d messages wait at a new start", shared, n)
		}
	}
}

// Without an FSNC, or with one that was not sent or was acknowledged long ago, only what was
// never sent comes back (Q.704 §5.6.1, §5.7.3); what may have arrived is counted.
func TestRetrievalWithoutFSNC(t *testing.T) {
	for _, fsnc := range []uint32{ss7.NoFSN, 77, seqMask - 3} {
		x := inService(t, cfg())
		x.send(0, 1)
		x.settle()
		x.do(1, ss7.Event{Kind: ss7.Congestion, Arg: 1})
		x.settle()
		x.send(0, 2)
		x.both(ss7.CommLost)
		out := x.l[0].Do(x.now, ss7.Event{Kind: ss7.Retrieve, Arg: fsnc}, nil)
		if len(out) != 2 || out[0].Event.MSU.Payload[0] != 2 {
			t.Errorf("FSNC %d: %s", fsnc, describe(out))
		}
	}
	x := inService(t, cfg())
	x.send(0, 1)
	x.wire[0], x.wire[1] = nil, nil
	x.both(ss7.CommLost)
	out := x.l[0].Do(x.now, ss7.Event{Kind: ss7.Retrieve, Arg: 77}, nil)
	if len(out) != 1 || x.l[0].stats.Unconfirmed != 1 {
		t.Errorf("unreasonable: %s, %d unconfirmed", describe(out), x.l[0].stats.Unconfirmed)
	}
}

// Q.703 §5.3.1 and T7: a far end that acknowledges nonsense, or nothing, fails the link.
func TestFailures(t *testing.T) {
	x := inService(t, cfg())
	x.send(0, 1)
	x.wire[1] = nil
	x.pass(3 * time.Second)
	if x.l[0].state != OutOfService || !strings.Contains(x.l[0].why, "T7") {
		t.Errorf("T7: %v %s", x.l[0].state, x.l[0].why)
	}
	l := inState(InService)
	l.Recv(epoch, 1, data(0, 5), nil)
	out := l.Recv(epoch, 1, data(1, 5), nil)
	if l.state != OutOfService || !strings.Contains(l.why, "never sent") {
		t.Errorf("BSN: %v %s (%s)", l.state, l.why, describe(out))
	}
	l = inState(InService)
	for range badFSNLimit {
		l.Recv(epoch, 1, data(99, seqMask), nil)
	}
	if l.state != OutOfService || !strings.Contains(l.why, "out of sequence") {
		t.Errorf("FSN: %v %s", l.state, l.why)
	}
}

// RFC 4165 §4.1.9: an Alignment of another version is answered Out of Service.
func TestOtherVersion(t *testing.T) {
	b := status(Alignment, 0)
	b[0] = 2
	l := inState(NotAligned)
	if got := describe(l.Recv(epoch, 0, b, nil)); got != "discard, send Out of Service/0" || l.state != NotAligned {
		t.Errorf("%s, %v", got, l.state)
	}
}

// The first User Data has FSN 0 (RFC 4165 §4.2.1). What a far end that begins with 1 sends is
// not delivered and not acknowledged, and that is what is told of the link until one is right.
func TestFirstFSN(t *testing.T) {
	now := time.Unix(0, 0)
	l := New(1, DefaultConfig())
	l.state, l.comm = InService, true
	msu := unhex("852393643223010900")
	recv := func(fsn uint32) (taken bool) {
		m := Message{Type: UserData, BSN: seqMask, FSN: fsn, MSU: msu}
		for _, a := range l.Recv(now, StreamData, Append(nil, m), nil) {
			taken = taken || a.Op == ss7.Raise && a.Event.Kind == ss7.Transfer
		}
		return taken
	}
	for fsn := range uint32(3) {
		want := "the far end's first User Data has FSN 1, where RFC 4165 §4.2.1 wants 0"
		if recv(fsn+1) || !strings.HasPrefix(l.Status().Fault, want) || l.bsn() != seqMask {
			t.Errorf("FSN %d: %q, acknowledged %d", fsn+1, l.Status().Fault, l.bsn())
		}
	}
	if !recv(0) || l.Status().Fault != "" {
		t.Errorf("the right one leaves %q", l.Status().Fault)
	}
	if recv(4); !strings.HasPrefix(l.Status().Fault, "the far end's User Data has FSN 4, where 1 is due") {
		t.Errorf("%q", l.Status().Fault)
	}
}
