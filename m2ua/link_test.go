package m2ua

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

var update = flag.Bool("update", false, "write golden files")

var epoch = time.Unix(1000, 0)

var one = Label{Interface: Interface{ID: 1}, Variant: ss7.ITU}

// text writes actions for a person: what is sent, and to whom if that is said; what is raised; and notes of
// discarded messages.
func text(actions []ss7.Action) string {
	var out []string
	for i := range actions {
		a := &actions[i]
		switch {
		case a.Op == ss7.Send:
			out = append(out, to(a.Event.Path)+wireText(a.Wire))
		case a.Op == ss7.Raise && a.Event.Kind == ss7.Transfer:
			out = append(out, fmt.Sprintf("^Transfer %x", a.Event.MSU.Payload))
		case a.Op == ss7.Raise && a.Event.Kind == ss7.Retrieved:
			out = append(out, fmt.Sprintf("^Retrieved %x", a.Event.MSU.Payload))
		case a.Op == ss7.Raise && (a.Event.Kind == xua.Republish || a.Event.Kind == xua.Activated):
		case a.Op == ss7.Raise && a.Event.Kind == ss7.InService && a.Event.Arg == ss7.TakenOver:
			out = append(out, "^InService taken over")
		case a.Op == ss7.Raise && (a.Event.Kind == ss7.BSNT || a.Event.Kind == ss7.Congestion ||
			a.Event.Kind == ss7.Retrieve):
			out = append(out, fmt.Sprintf("^%v %d", a.Event.Kind, a.Event.Arg))
		case a.Op == ss7.Raise:
			out = append(out, "^"+a.Event.Kind.String())
		case a.Op == ss7.Hangup:
			out = append(out, to(a.Event.Path)+"hangup")
		case a.Op == ss7.Note && a.Event.Kind == ss7.Discard:
			out = append(out, "discard")
		}
	}
	return strings.Join(out, ", ")
}

func to(p ss7.PathID) string {
	if p == 0 {
		return ""
	}
	return fmt.Sprintf("%d<", p)
}

// wireText names a message, and what distinguishes it from others of its type.
func wireText(b []byte) string {
	m, e := Grammar.Parse(b)
	if e != nil {
		return fmt.Sprintf("BAD %x: %v", b, e)
	}
	s := m.Name
	if IsMAUP(b) && !IsData(b) {
		x, _ := Parse(b)
		switch m.Type {
		case StateReq, StateCfm:
			s += " " + x.State.String()
		case StateInd:
			s += fmt.Sprintf(" %d", x.Event)
		case CongestionInd:
			s += fmt.Sprintf(" %d", x.Congestion)
		case RetrievalReq, RetrievalCfm:
			s += fmt.Sprintf(" %d", x.Action)
			if m.Type == RetrievalCfm && x.Result == Failure {
				s += " failed"
			}
			if x.HasSequence {
				s += fmt.Sprintf(" seq %d", x.Sequence)
			}
		case RetrievalInd, RetrievalComplete:
			if x.PDU != nil {
				s += fmt.Sprintf(" %x", x.PDU)
			}
		case DataAck:
			s += fmt.Sprintf(" %d", x.Correlation)
		}
		return s
	}
	if code, ok := m.Params.Uint32(xua.TagErrorCode); ok {
		s += fmt.Sprintf(" %#x", code)
	}
	if mode, ok := m.Params.Uint32(xua.TagTrafficMode); ok {
		s += " " + xua.Mode(mode).String()
	}
	if st, ok := m.Params.Uint32(xua.TagStatus); ok {
		s += " " + xua.Status(st).String()
	}
	if !IsMAUP(b) && m.Type>>8 != classIIM {
		spans, _, _ := parseSpans(&m)
		for i := range spans {
			s += " i" + spans[i].String()
		}
	}
	return s
}

// rig is a Link and the clock.
type rig struct {
	t   *testing.T
	l   *Link
	now time.Time
}

func newRig(t *testing.T) *rig {
	return &rig{t, NewLink(7, LinkConfig{Label: one, Answer: DefaultAnswer, Establish: DefaultEstablish}), epoch}
}

func (r *rig) want(what, got, want string) {
	r.t.Helper()
	if got != want {
		r.t.Errorf("%s: %q, want %q", what, got, want)
	}
}

func (r *rig) do(k ss7.Kind, want string) {
	r.t.Helper()
	r.want(k.String(), text(r.l.Do(r.now, ss7.Event{Kind: k}, nil)), want)
}

func (r *rig) doArg(k ss7.Kind, arg uint32, want string) {
	r.t.Helper()
	r.want(k.String(), text(r.l.Do(r.now, ss7.Event{Kind: k, Arg: arg}, nil)), want)
}

func (r *rig) rx(m Message, want string) {
	r.t.Helper()
	m.Interface = one.Interface
	r.want(Grammar[m.Type].Name, text(r.l.Recv(r.now, 1, Append(nil, &m, false), nil)), want)
}

func (r *rig) data(payload byte, want string) {
	r.t.Helper()
	r.want("Data", text(r.l.Recv(r.now, 1, one.Append(nil, &ss7.MSU{SI: ss7.SCCP, Payload: []byte{payload}}), nil)), want)
}

// pass lets time go to the next deadline.
func (r *rig) pass(want string) {
	r.t.Helper()
	d := r.l.Deadline()
	if d.IsZero() {
		r.t.Fatalf("no deadline; want %q", want)
	}
	r.now = d
	r.want("at the deadline", text(r.l.Tick(r.now, nil)), want)
}

// up brings a link into service.
func (r *rig) up() {
	r.t.Helper()
	r.do(ss7.Start, "")
	r.do(ss7.CommUp, "State Request AUDIT")
	r.rx(Message{Type: ReleaseInd}, "")
	r.rx(Message{Type: StateCfm, State: Audit}, "Establish Request")
	r.rx(Message{Type: EstablishCfm}, "^InService")
}

// §5.3.1: normal and emergency alignment; the request is repeated until the link is in
// service (§3.3.1.3).
func TestEstablish(t *testing.T) {
	r := newRig(t)
	r.up()
	r = newRig(t)
	r.do(ss7.Emergency, "")
	r.do(ss7.Start, "")
	r.do(ss7.CommUp, "State Request AUDIT")
	r.rx(Message{Type: StateCfm, State: Audit}, "State Request EMER_SET")
	r.rx(Message{Type: StateCfm, State: EmergencyClear}, "")
	r.rx(Message{Type: StateCfm, State: EmergencySet}, "Establish Request")
	r.pass("Establish Request")
	r.pass("Establish Request")
	r.rx(Message{Type: EstablishCfm}, "^InService")
	r.rx(Message{Type: EstablishCfm}, "")
	// The next alignment is not in haste.
	r.rx(Message{Type: ReleaseInd}, "^OutOfService")
	r.do(ss7.EmergencyCeases, "")
	r.do(ss7.Start, "State Request EMER_CLEAR")
	r.pass("Establish Request") // a gateway that does not confirm
	r.rx(Message{Type: ReleaseInd}, "^OutOfService")
}

// §5.3.2.
func TestRelease(t *testing.T) {
	r := newRig(t)
	r.up()
	r.do(ss7.Stop, "Release Request, ^OutOfService")
	r.pass("Release Request")
	r.rx(Message{Type: ReleaseCfm}, "")
	if !r.l.Deadline().IsZero() {
		t.Error("a confirmed release is repeated")
	}
	r.do(ss7.Start, "Establish Request")
	r.do(ss7.Stop, "Release Request, ^OutOfService")
	r.pass("Release Request")
	r.pass("Release Request")
	r.pass("")
	r.data(1, "discard")
}

// §5.3.3, §5.3.7 and congestion at this end.
func TestStateRequests(t *testing.T) {
	r := newRig(t)
	r.do(ss7.LocalOutage, "") // nobody to tell
	r.up()
	r.do(ss7.LocalOutage, "State Request LPO_SET")
	r.do(ss7.LocalRecovered, "State Request LPO_CLEAR")
	r.do(ss7.Flush, "State Request FLUSH_BUFFERS")
	r.do(ss7.Continue, "State Request CONTINUE")
	r.doArg(ss7.Congestion, 1, "State Request CONG_ACCEPT")
	r.doArg(ss7.Congestion, 0, "State Request CONG_CLEAR")
}

// §5.3.4, §5.3.5: what the gateway tells of the link reaches MTP3, once.
func TestIndications(t *testing.T) {
	r := newRig(t)
	r.up()
	r.rx(Message{Type: StateInd, Event: RemoteOutageEnter}, "^RemoteOutage")
	r.rx(Message{Type: StateInd, Event: RemoteOutageEnter}, "")
	r.rx(Message{Type: StateInd, Event: RemoteOutageExit}, "^RemoteRecovered")
	r.rx(Message{Type: StateInd, Event: LocalOutageEnter}, "^RemoteOutage")
	r.rx(Message{Type: StateInd, Event: LocalOutageExit}, "^RemoteRecovered")
	r.rx(Message{Type: CongestionInd, Congestion: 3}, "^Congestion 3")
	r.rx(Message{Type: CongestionInd, Congestion: 3}, "")
	r.rx(Message{Type: CongestionInd}, "^Congestion 0")
}

// §5.3.6: a changeover without an error.
func TestRetrieval(t *testing.T) {
	r := newRig(t)
	r.up()
	r.rx(Message{Type: ReleaseInd}, "^OutOfService")
	r.want("data after the failure", text(r.l.Transfer(r.now, &ss7.MSU{SI: ss7.SCCP, Payload: []byte{9}}, nil)), "Data")
	r.do(ss7.RetrieveBSNT, "Retrieval Request 1")
	r.rx(Message{Type: RetrievalCfm, Action: ActionBSN, Sequence: 77, HasSequence: true}, "^BSNT 77")
	r.doArg(ss7.Retrieve, 0xabcdef, "Retrieval Request 2 seq 11259375")
	r.want("data after retrieval was asked for",
		text(r.l.Transfer(r.now, &ss7.MSU{SI: ss7.SCCP, Payload: []byte{9}}, nil)), "discard")
	r.rx(Message{Type: RetrievalCfm, Action: ActionMessages}, "")
	r.rx(Message{Type: RetrievalInd, PDU: unhex("8300000000aa")}, "^Retrieved aa")
	r.rx(Message{Type: RetrievalInd, PDU: unhex("83")}, "discard")
	r.rx(Message{Type: RetrievalComplete, PDU: unhex("8300000000bb")}, "^Retrieved bb, ^RetrievalComplete")
	r.rx(Message{Type: RetrievalInd, PDU: unhex("8300000000cc")}, "discard")
}

// §5.3.6 with errors: MTP3 is answered whatever the gateway does.
func TestRetrievalFails(t *testing.T) {
	r := newRig(t)
	r.up()
	r.rx(Message{Type: ReleaseInd}, "^OutOfService")
	r.do(ss7.RetrieveBSNT, "Retrieval Request 1")
	r.rx(Message{Type: RetrievalCfm, Action: ActionBSN, Result: Failure}, fmt.Sprintf("^BSNT %d", ss7.NoFSN))
	r.doArg(ss7.Retrieve, ss7.NoFSN, "State Request CLEAR_RTB, Retrieval Request 2")
	r.rx(Message{Type: RetrievalCfm, Action: ActionMessages, Result: Failure}, "discard, ^RetrievalComplete")
	r.do(ss7.RetrieveBSNT, "Retrieval Request 1")
	r.pass(fmt.Sprintf("discard, ^BSNT %d", ss7.NoFSN))
	r.doArg(ss7.Retrieve, 5, "Retrieval Request 2 seq 5")
	r.do(ss7.CommLost, "^RetrievalComplete")
	r.do(ss7.RetrieveBSNT, fmt.Sprintf("^BSNT %d", ss7.NoFSN))
	r.doArg(ss7.Retrieve, 5, "^RetrievalComplete")
}

// §3.3.1.2: Data Ack MUST be sent if a Correlation Id came, and MUST NOT otherwise.
func TestDataAck(t *testing.T) {
	r := newRig(t)
	r.up()
	r.data(1, "^Transfer 01")
	b := one.AppendTagged(nil, &ss7.MSU{SI: ss7.SCCP, Payload: []byte{2}}, 99)
	r.want("tagged", text(r.l.Recv(r.now, 1, b, nil)), "Data Ack 99, ^Transfer 02")
}

// §1.5.7, §5.3.8: after a fail-over the link is audited, and not aligned anew if it is in
// service; what comes before MTP3 wants the link waits for that.
func TestFailover(t *testing.T) {
	r := newRig(t)
	r.do(ss7.Start, "")
	r.do(ss7.CommUp, "State Request AUDIT")
	r.rx(Message{Type: EstablishCfm}, "^InService taken over")
	r.rx(Message{Type: CongestionInd, Congestion: 3}, "^Congestion 3")
	r.rx(Message{Type: StateInd, Event: RemoteOutageEnter}, "^RemoteOutage")
	r.rx(Message{Type: StateCfm, State: Audit}, "")
	r.do(ss7.CommLost, "^OutOfService")
	r.data(1, "discard") // not active: an ASP must not take it
	r.do(ss7.CommUp, "")
	r.data(1, "")
	r.data(2, "")
	r.do(ss7.Start, "State Request AUDIT")
	r.data(3, "^InService taken over, ^Transfer 01, ^Transfer 02, ^Transfer 03")
}

// If MTP3 wants nothing, it gets nothing, and no link is aligned for it.
func TestNotWanted(t *testing.T) {
	r := newRig(t)
	r.do(ss7.Stop, "")
	r.do(ss7.CommUp, "")
	r.rx(Message{Type: EstablishCfm}, "")
	r.data(1, "discard")
	r.rx(Message{Type: EstablishReq}, "discard") // which a gateway does not send
	r.want("malformed", text(r.l.Recv(r.now, 1, unhex("01000607 00000010 0001000800000001"), nil)), "discard")
}

// linkIn brings a fresh Link into a state.
func linkIn(t *testing.T, s LinkState) *rig {
	r := newRig(t)
	if s == NoGateway {
		return r
	}
	if s == OutOfService {
		r.do(ss7.CommUp, "")
		return r
	}
	if s == InService {
		r.up()
		return r
	}
	if s == Preparing {
		r.do(ss7.Emergency, "")
	}
	r.do(ss7.Start, "")
	r.do(ss7.CommUp, "State Request AUDIT")
	switch s {
	case Preparing:
		r.rx(Message{Type: StateCfm, State: Audit}, "State Request EMER_SET")
	case Establishing:
		r.rx(Message{Type: StateCfm, State: Audit}, "Establish Request")
	}
	return r
}

// Every event in every state; the golden file is to be read beside RFC 3331 §4.1 and §5.3.
func TestLinkMatrix(t *testing.T) {
	var b strings.Builder
	events := []ss7.Kind{ss7.Start, ss7.Stop, ss7.Emergency, ss7.LocalOutage, ss7.LocalRecovered, ss7.Flush,
		ss7.Continue, ss7.Congestion,
		ss7.RetrieveBSNT, ss7.Retrieve, ss7.CommUp, ss7.CommLost}
	for s := range LinkStates {
		fmt.Fprintf(&b, "%v\n", s)
		line := func(what string, r *rig, out []ss7.Action) {
			deadline := "-"
			if d := r.l.Deadline(); !d.IsZero() {
				deadline = d.Sub(r.now).String()
			}
			fmt.Fprintf(&b, "  %-32s %-13v %-5s %s\n", what, r.l.state, deadline, text(out))
		}
		for _, k := range events {
			r := linkIn(t, s)
			line(k.String(), r, r.l.Do(r.now, ss7.Event{Kind: k, Arg: 1, Why: "why"}, nil))
		}
		for typ := EstablishReq; typ <= DataAck; typ++ {
			r := linkIn(t, s)
			m := Message{Type: typ, Interface: one.Interface, Event: 1, Congestion: 1, Action: ActionBSN,
				PDU: unhex("8300000000aa")}
			line("< "+Grammar[typ].Name, r, r.l.Recv(r.now, 1, Append(nil, &m, false), nil))
		}
		r := linkIn(t, s)
		line("< Data", r, r.l.Recv(r.now, 1, one.Append(nil, &ss7.MSU{SI: ss7.SCCP, Payload: []byte{1}}), nil))
		r = linkIn(t, s)
		line("Transfer", r, r.l.Transfer(r.now, &ss7.MSU{SI: ss7.SCCP}, nil))
	}
	golden(t, "testdata/link.golden", b.String())
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || string(want) != got {
		t.Errorf("%s is another now (%v); `go test ./m2ua -update` writes it", file, err)
	}
}

// FuzzLink shows that a Link keeps its promises to MTP3, whatever comes in whatever order.
func FuzzLink(f *testing.F) {
	f.Add([]byte{0, 0, 1, 1, 2, 2, 3, 3, 20, 21, 22, 23, 24, 25, 26})
	f.Add([]byte{10, 0, 12, 40, 41, 42, 43, 44, 45, 200, 201})
	f.Fuzz(func(t *testing.T, script []byte) {
		l := NewLink(7, LinkConfig{Label: one, Answer: DefaultAnswer, Establish: DefaultEstablish})
		kinds := []ss7.Kind{ss7.Start, ss7.Stop, ss7.Emergency, ss7.EmergencyCeases, ss7.LocalOutage, ss7.LocalRecovered,
			ss7.Flush, ss7.Continue,
			ss7.Congestion, ss7.RetrieveBSNT, ss7.Retrieve, ss7.CommUp, ss7.CommLost}
		now, up, asked := epoch, false, map[ss7.Kind]int{}
		for i, c := range script {
			now = now.Add(time.Duration(c) * 10 * time.Millisecond)
			var out []ss7.Action
			switch {
			case int(c) < len(kinds):
				k := kinds[c]
				if k == ss7.RetrieveBSNT {
					asked[ss7.BSNT]++
				} else if k == ss7.Retrieve {
					asked[ss7.RetrievalComplete]++
				}
				out = l.Do(now, ss7.Event{Kind: k, Arg: uint32(c)}, nil)
			case c < 64:
				m := Message{Type: EstablishReq + xua.Type(c)%14, Interface: one.Interface, State: State(c) % states,
					Event: 1 + uint32(c)%4, Action: 1 + uint32(c)%2,
					Result: uint32(c) / 2 % 2, Sequence: uint32(c), HasSequence: c%3 == 0, Congestion: uint32(c) % 4,
					PDU: unhex("8300000000aa")}
				out = l.Recv(now, 1, Append(nil, &m, false), nil)
			case c < 96:
				out = l.Recv(now, 1, one.AppendTagged(nil, &ss7.MSU{SI: ss7.SCCP, Payload: []byte{c}}, 1), nil)
			case c < 128:
				out = l.Transfer(now, &ss7.MSU{SI: ss7.SCCP}, nil)
			case c < 192:
				out = l.Recv(now, 1, script[i:], nil)
			default:
				out = l.Tick(now, nil)
			}
			for i := range out {
				a := &out[i]
				if a.Op != ss7.Raise {
					continue
				}
				switch a.Event.Kind {
				case ss7.InService:
					if up {
						t.Fatal("in service twice")
					}
					up = true
				case ss7.OutOfService:
					up = false
				case ss7.Transfer:
					if !up {
						t.Fatal("an MSU of a link out of service")
					}
				case ss7.BSNT, ss7.RetrievalComplete:
					if asked[a.Event.Kind] == 0 {
						t.Fatalf("%v that nobody asked for", a.Event.Kind)
					}
					asked[a.Event.Kind] = 0
				}
			}
			if l.state == NoGateway && !l.Deadline().IsZero() {
				t.Fatal("a timer without a gateway")
			}
		}
	})
}

// A changeback waits for this answer.
func TestDrainIsAnswered(t *testing.T) {
	l := NewLink(1, LinkConfig{Label: one})
	if got := text(l.Do(epoch, ss7.Event{Kind: ss7.Drain}, nil)); got != "^Drained" {
		t.Errorf("asked to drain, it says %q", got)
	}
}
