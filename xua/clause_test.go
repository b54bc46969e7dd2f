package xua

import (
	"fmt"
	"math/rand"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gostp/gostp/ss7"
)

// step is one event and what is sent to a path because of it, in describe's words.
type step struct {
	name string
	out  []ss7.Action
	path ss7.PathID
	want string
}

func check(t *testing.T, steps ...step) {
	t.Helper()
	for _, s := range steps {
		if got := sentTo(s.path, s.out); got != s.want {
			t.Errorf("%s: %s\n want %s", s.name, got, s.want)
		}
	}
}

// §4.3.4.1: "The SGP MUST send an ASP Up Ack message in response to a received ASP
// Up message even if the ASP is already marked as ASP-INACTIVE"; locked out, it is
// refused; the identifier is required, unique and the one configured.
func TestASPUp(t *testing.T) {
	l := setup(2, RoleSG, func(asps []ASPConfig, _ []ASConfig) { asps[0].NeedID = true })
	l.comm(1)
	l.comm(2)
	check(t, step{"no id", l.rx(1, wire(ASPUP)), 1, "1<ERR ASP Identifier Required"},
		step{"up", l.rx(1, wire(ASPUP, TagASPID, uint32(5))), 1,
			"1<ASPUP Ack id 5, 1<NTFY AS-INACTIVE [10], 1<NTFY AS-INACTIVE [11]"},
		step{"again", l.rx(1, wire(ASPUP, TagASPID, uint32(5))), 1, "1<ASPUP Ack id 5"},
		step{"id in use", l.rx(2, wire(ASPUP, TagASPID, uint32(5))), 2, "2<ERR Invalid ASP Identifier"},
		step{"another", l.rx(2, wire(ASPUP)), 2, "2<ASPUP Ack, 2<NTFY AS-INACTIVE [10]"})
	l = setup(1, RoleSG, func(asps []ASPConfig, _ []ASConfig) { asps[0].Shutdown = true })
	l.comm(1)
	check(t, step{"locked out", l.rx(1, wire(ASPUP)), 1, "1<ERR Refused - Management Blocking"})
	l = setup(1, RoleSG, func(asps []ASPConfig, _ []ASConfig) { asps[0].ID, asps[0].HasID = 9, true })
	l.comm(1)
	check(t, step{"not the configured one", l.rx(1, wire(ASPUP, TagASPID, uint32(8))), 1, "1<ERR Invalid ASP Identifier"})
}

// §4.8: an unsupported version is answered with the one that is supported, which
// the header of the ERR says.
func TestVersion(t *testing.T) {
	l := setup(1, RoleSG, nil)
	l.comm(1)
	b := wire(ASPUP)
	b[0] = 2
	out := l.rx(1, b)
	check(t, step{"version 2", out, 1, "1<ERR Invalid Version"})
	if out[len(out)-1].Wire[0] != 1 {
		t.Error("the ERR does not say version 1")
	}
}

// §3.8.1: an ERR is never answered, whatever it says.
func TestErrIsNotAnswered(t *testing.T) {
	l := setup(1, RoleSG, nil)
	l.up(1)
	for code := range uint32(0x20) {
		check(t, step{fmt.Sprint("code ", code), l.rx(1, wire(ERR, TagErrorCode, code, TagRoutingContext, []uint32{99})),
			1, "-"})
	}
}

// §3.5.5, §4.3.4.6: "the M3UA peer MUST respond with a Heartbeat Ack", the data
// unchanged, in every state.
func TestBeatIsEchoed(t *testing.T) {
	for _, state := range []State{Down, Inactive, Active} {
		l := setup(1, RoleSG, nil)
		l.comm(1)
		if state > Down {
			l.rx(1, wire(ASPUP))
		}
		if state == Active {
			l.active(1)
		}
		for _, n := range []int{0, 1, 4, 100, 60000} {
			data := make([]byte, n)
			rand.New(rand.NewSource(1)).Read(data)
			out := l.rx(1, wire(BEAT, TagHeartbeat, data))
			if len(out) != 1 || string(out[0].Wire) != string(wire(BEATAck, TagHeartbeat, data)) {
				t.Errorf("%v, %d octets: %s", state, n, describe(out))
			}
		}
		check(t, step{"no data", l.rx(1, wire(BEAT)), 1, "1<BEAT Ack"})
	}
}

// §4.3.4.6: a far end that says nothing for 2*T(beat) is given up; any message keeps it.
func TestHeartbeat(t *testing.T) {
	l := setup(1, RoleSG, func(asps []ASPConfig, _ []ASConfig) { asps[0].TBeat = 10 * time.Second })
	l.up(1)
	l.active(1)
	now := epoch
	var beats int
	for range 60 { // it answers
		now = now.Add(time.Second)
		for _, a := range clone(l.Tick(now, nil)) {
			if a.Op == ss7.Send && show(a.Wire) == "BEAT" {
				beats++
				m, _ := grammar.Parse(a.Wire)
				m.Type = BEATAck
				l.Recv(now, 1, m, nil)
			}
			if a.Op == ss7.Hangup {
				t.Fatal("given up though it answers")
			}
		}
	}
	if beats != 6 {
		t.Errorf("%d heartbeats in a minute", beats)
	}
	quiet := 0
	for ; quiet < 60; quiet++ { // it answers no more
		now = now.Add(time.Second)
		if out := l.Tick(now, nil); slices.ContainsFunc(out, func(a ss7.Action) bool { return a.Op == ss7.Hangup }) {
			break
		}
	}
	if quiet < 18 || quiet > 20 {
		t.Errorf("given up after %d s", quiet)
	}
	if l.byAS[pathA].state != ASPending {
		t.Error("the AS does not know")
	}
}

// §4.3.4.3, by presence and need of the routing context.
func TestASPActive(t *testing.T) {
	fresh := func(fix func([]ASPConfig, []ASConfig)) *Layer {
		l := setup(2, RoleSG, fix)
		l.up(1, 2)
		return l
	}
	l := fresh(nil)
	check(t, step{"RC known", l.rx(1, wire(ASPAC, TagRoutingContext, []uint32{10})), 1,
		"1<ASPAC Ack [10], 1<NTFY AS-ACTIVE [10]"},
		step{"already active", l.rx(1, wire(ASPAC, TagRoutingContext, []uint32{10})), 1, "1<ASPAC Ack [10]"},
		step{"RC unknown", l.rx(1, wire(ASPAC, TagRoutingContext, []uint32{99})), 1, "1<ERR No Configured AS for ASP [99]"},
		step{"RC of others", l.rx(2, wire(ASPAC, TagRoutingContext, []uint32{11})), 2, "2<ERR No Configured AS for ASP [11]"},
		step{"mode that does not exist", l.rx(1, wire(ASPAC, TagTrafficMode, uint32(4))), 1,
			"1<ERR Unsupported Traffic Mode Type"},
		step{"mode of another", l.rx(2, wire(ASPAC, TagTrafficMode, uint32(1), TagRoutingContext, []uint32{10})), 2,
			"2<ERR Unsupported Traffic Mode Type [10]"},
		step{"mode echoed", l.rx(2, wire(ASPAC, TagTrafficMode, uint32(2), TagRoutingContext, []uint32{10})), 2,
			"2<ASPAC Ack loadshare [10]"})
	l = fresh(nil)
	check(t, step{"no RC, keys defined", l.rx(1, wire(ASPAC)), 1,
		"1<ASPAC Ack, 1<NTFY AS-ACTIVE [10], 1<NTFY AS-ACTIVE [11]"})
	l = fresh(func(a []ASPConfig, _ []ASConfig) { a[0].NeedRC = true })
	check(t, step{"no RC, RC mandatory", l.rx(1, wire(ASPAC)), 1, "1<ERR Missing Parameter"})
	l = fresh(func(_ []ASPConfig, s []ASConfig) { s[0].Members, s[1].Members = nil, nil })
	check(t, step{"no RC, no keys", l.rx(1, wire(ASPAC)), 1, "1<ERR Invalid Routing Context"},
		step{"ASPIA, no keys", l.rx(1, wire(ASPIA)), 1, "1<ERR No Configured AS for ASP"})
	l = fresh(func(a []ASPConfig, _ []ASConfig) { a[0].Block = true })
	check(t, step{"blocked", l.rx(1, wire(ASPAC, TagRoutingContext, []uint32{10})), 1,
		"1<ERR Refused - Management Blocking [10]"},
		step{"blocked, no RC", l.rx(1, wire(ASPAC)), 1, "1<ERR Refused - Management Blocking"})
	l = fresh(func(_ []ASPConfig, s []ASConfig) { s[1].Shutdown = true })
	check(t, step{"one AS shut down", l.rx(1, wire(ASPAC, TagRoutingContext, []uint32{10, 11})), 1,
		"1<ASPAC Ack [10], 1<ERR Refused - Management Blocking [11], 1<NTFY AS-ACTIVE [10]"})
}

// State is per (ASP, AS): what is done for one routing context leaves the other alone.
func TestStateIsPerAS(t *testing.T) {
	l := setup(1, RoleSG, nil)
	l.up(1)
	l.rx(1, wire(ASPAC, TagRoutingContext, []uint32{10, 11}))
	l.rx(1, wire(ASPIA, TagRoutingContext, []uint32{11}))
	if l.byAS[pathA].state != ASActive || l.byAS[pathB].state != ASPending {
		t.Error(l.picture())
	}
}

// §4.3.4.4: "sends an Error message ("Invalid Routing Context") for each invalid
// Routing Context value", and the acknowledgement for the others.
func TestASPInactive(t *testing.T) {
	l := setup(1, RoleSG, nil)
	l.up(1)
	l.active(1)
	check(t, step{"mixed", l.rx(1, wire(ASPIA, TagRoutingContext, []uint32{98, 10, 99})), 1,
		"1<ASPIA Ack [10], 1<ERR Invalid Routing Context [98], 1<ERR Invalid Routing Context [99], 1<NTFY AS-PENDING [10]"},
		step{"already inactive", l.rx(1, wire(ASPIA, TagRoutingContext, []uint32{10})), 1, "1<ASPIA Ack [10]"})
}

// §4.3.4.4: no data may follow the acknowledgement: the picture without the ASP
// comes first. §4.3.4.3: with ASPAC it is the other way round.
func TestPicturesAndAcks(t *testing.T) {
	l := setup(2, RoleSG, nil)
	l.up(1, 2)
	at := func(out []ss7.Action, what string) int { return strings.Index(describe(out), what) }
	if out := l.rx(1, wire(ASPAC, TagRoutingContext, []uint32{10})); at(out, "ASPAC Ack") > at(out, "*1,") ||
		at(out, "*1,") > at(out, "*100") {
		t.Error(describe(out))
	}
	if out := l.rx(1, wire(ASPIA)); at(out, "*100") > at(out, "*1,") || at(out, "*1,") > at(out, "ASPIA Ack") {
		t.Error(describe(out))
	}
}

// §4.3.4.3: override: the one before MUST be notified, with the identifier of the
// alternate ASP.
func TestOverride(t *testing.T) {
	l := setup(2, RoleSG, func(_ []ASPConfig, s []ASConfig) { s[0].Mode = Override })
	l.comm(1)
	l.comm(2)
	l.rx(1, wire(ASPUP, TagASPID, uint32(71)))
	l.rx(2, wire(ASPUP, TagASPID, uint32(72)))
	l.active(1)
	if w := l.Way(pathA); w.Pick(3, 0) != 1 {
		t.Error("traffic does not go to 1")
	}
	out := l.rx(2, wire(ASPAC, TagRoutingContext, []uint32{10}))
	check(t, step{"loser", out, 1, "1<NTFY alternate ASP active id 72 [10]"}, step{"winner", out, 2, "2<ASPAC Ack [10]"})
	for sls := range uint8(16) {
		if l.Way(pathA).Pick(sls, 0) != 2 {
			t.Fatal("traffic does not go to 2")
		}
	}
}

// §4.3.2, §4.3.4.3: n+k: "SHOULD withhold the Notify (AS-ACTIVE) until there are
// sufficient resources"; below n the inactive are asked for help; the AS stays
// active to the last.
func TestNPlusK(t *testing.T) {
	l := setup(3, RoleSG, func(_ []ASPConfig, s []ASConfig) { s[0].Mode, s[0].Need = Loadshare, 2 })
	l.up(1, 2, 3)
	check(t, step{"first", l.rx(1, wire(ASPAC, TagRoutingContext, []uint32{10})), 1, "1<ASPAC Ack [10]"})
	if w := l.Way(pathA); w.State != ASInactive || w.Pick(0, 0) != 0 {
		t.Error("traffic flows with one of two")
	}
	out := l.rx(2, wire(ASPAC, TagRoutingContext, []uint32{10}))
	check(t, step{"second", out, 2, "2<ASPAC Ack [10], 2<NTFY AS-ACTIVE [10]"},
		step{"others", out, 3, "3<NTFY AS-ACTIVE [10]"})
	out = l.rx(2, wire(ASPIA))
	check(t, step{"help", out, 3, "3<NTFY insufficient ASP resources active in AS [10]"},
		step{"the one who left", out, 2, "2<ASPIA Ack, 2<NTFY insufficient ASP resources active in AS [10]"},
		step{"the active one", out, 1, "-"})
	if l.byAS[pathA].state != ASActive {
		t.Error("not active with one left")
	}
	l = setup(3, RoleSG, func(_ []ASPConfig, s []ASConfig) { s[0].Mode, s[0].Need, s[0].Smooth = Loadshare, 2, true })
	l.up(1, 2)
	out = l.rx(1, wire(ASPAC, TagRoutingContext, []uint32{10}))
	check(t, step{"smooth start", out, 2, "2<NTFY AS-ACTIVE [10], 2<NTFY insufficient ASP resources active in AS [10]"})
}

// §4.3.2, §4.3.4.4: T(r) with and without an ASP that comes back, and with and
// without one that is up.
func TestRecovery(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(*Layer)
		want ASState
	}{
		"comes back":   {func(l *Layer) { l.active(2) }, ASActive},
		"one inactive": {func(*Layer) {}, ASInactive},
		"all down":     {func(l *Layer) { l.lose(1); l.lose(2) }, ASDown},
	} {
		l := setup(2, RoleSG, nil)
		l.up(1, 2)
		l.active(1)
		check(t, step{name, l.rx(1, wire(ASPIA)), 2, "2<NTFY AS-PENDING [10]"})
		if w := l.Way(pathA); w.State != ASPending || w.Pick(0, 0) != 0 {
			t.Errorf("%s: %+v", name, w)
		}
		c.do(l)
		out := l.Tick(epoch.Add(DefaultTR), nil)
		if l.byAS[pathA].state != c.want {
			t.Errorf("%s: %v", name, l.byAS[pathA].state)
		}
		if c.want == ASInactive {
			check(t, step{name, out, 2, "2<NTFY AS-INACTIVE [10]"})
		}
		if l.Way(pathA).State != c.want {
			t.Errorf("%s: the way says %v", name, l.Way(pathA).State)
		}
	}
}

// §3.8.2: the failure of an ASP is told to the others with its identifier, in
// AS-PENDING too.
func TestFailureNamesTheASP(t *testing.T) {
	l := setup(2, RoleSG, nil)
	l.comm(1)
	l.rx(1, wire(ASPUP, TagASPID, uint32(71)))
	l.up(2)
	l.active(1)
	check(t, step{"lost", l.lose(1), 2, "2<NTFY ASP failure id 71 [10], 2<NTFY AS-PENDING id 71 [10]"})
}

// §4.3.4.2: what was registered goes with ASPDN, and with ASPUP while active
// (§4.3.4.1); an AS made by registration goes with its last ASP.
func TestRegistrationsEnd(t *testing.T) {
	for name, b := range map[string][]byte{"ASPDN": wire(ASPDN), "ASPUP": wire(ASPUP)} {
		l := setup(2, RoleSG, nil)
		l.up(1, 2)
		l.AddAS(epoch, ASConfig{Path: 200, Name: "R", ID: 77, HasID: true, TR: time.Second})
		for p := range ss7.PathID(2) {
			l.Settle(epoch, l.Register(epoch, p+1, 200, nil))
		}
		l.rx(1, wire(ASPAC, TagRoutingContext, []uint32{77}))
		l.rx(1, b)
		if l.Way(200) == nil || len(l.byAS[200].members) != 1 {
			t.Errorf("%s: the AS is gone though 2 has it", name)
		}
		l.rx(2, wire(ASPDN))
		if l.Way(200) != nil || len(l.ass) != 2 {
			t.Errorf("%s: the AS is still there", name)
		}
	}
}

// An ASP that is not configured stays as it is, whatever line of configuration comes.
func TestStrangersStay(t *testing.T) {
	l := setup(1, RoleSG, nil)
	l.SetASP(epoch, ASPConfig{Path: 50, Name: "asp-dyn-50", Stranger: true}, nil)
	l.comm(50)
	l.rx(50, wire(ASPUP))
	if got := describe(l.Configure(epoch, nil, nil, nil)); strings.Contains(got, "50") {
		t.Error(got)
	}
	check(t, step{"up", l.rx(50, wire(ASPIA)), 50, "50<ERR No Configured AS for ASP"})
	l.RemoveASP(epoch, 50, "its association has ended", nil)
	if len(l.asps) != 0 {
		t.Error("it is still there")
	}
}

// What odd far ends are forgiven.
func TestSlack(t *testing.T) {
	l := setup(1, RoleSG, func(a []ASPConfig, _ []ASConfig) {
		a[0].Slack = Slack{ZeroID: true, NoNotify: true,
			StayActive: true}
	})
	l.up(1)
	check(t, step{"RC 0", l.rx(1, wire(ASPAC, TagRoutingContext, []uint32{0})), 1, "1<ASPAC Ack [0]"},
		step{"ASPUP while active", l.rx(1, wire(ASPUP)), 1, "1<ASPUP Ack"})
	if l.byAS[pathA].state != ASActive || l.byAS[pathB].state != ASActive {
		t.Error(l.picture())
	}
	l = setup(1, RoleSG, func(a []ASPConfig, _ []ASConfig) { a[0].Slack.NoID = true })
	l.up(1)
	check(t, step{"no RC wanted", l.rx(1, wire(ASPAC)), 1, "1<ASPAC Ack, 1<NTFY AS-ACTIVE, 1<NTFY AS-ACTIVE"})
}

// A flood of nonsense is counted, and answered no more than the bound says.
func TestErrorsAreBounded(t *testing.T) {
	l := setup(1, RoleSG, nil)
	l.comm(1)
	sent := 0
	for range 10000 {
		sent += len(l.rx(1, []byte{9, 9, 9, 9, 0, 0, 0, 8})) / 2
	}
	if st, _ := l.Status(); sent != 200 || st[0].Stats.ErrorsSpared != 9800 {
		t.Errorf("%d answers, %d spared", sent, st[0].Stats.ErrorsSpared)
	}
}

// §4.3.4.1: T(ack): requests are repeated, less often to one who does not answer.
func TestRequestsAreRepeated(t *testing.T) {
	l := setup(1, RoleASP, nil)
	l.comm(1)
	var at []time.Duration
	for d := time.Duration(0); d < time.Minute; d += time.Second {
		if out := l.Tick(epoch.Add(d), nil); len(out) == 1 && describe(out) == "1<ASPUP" {
			at = append(at, d)
		}
	}
	if got := fmt.Sprint(at); got != "[2s 4s 6s 8s 10s 20s 30s 40s 50s]" {
		t.Error(got)
	}
}

// Two layers back to back, all pairs of roles: both see the AS active, one of them
// goes and comes back.
func TestBackToBack(t *testing.T) {
	for name, roles := range map[string][2]Role{"gateway and ASP": {RoleSG, RoleASP},
		"single exchange": {RoleIPSP, RoleIPSP}, "double exchange": {RoleIPSPDouble, RoleIPSPDouble}} {
		var l [2]*Layer
		for i := range l {
			l[i] = setup(1, roles[i], func(a []ASPConfig, _ []ASConfig) { a[0].Leads = i == 1 })
		}
		var wires [2][][]byte
		do := func(i int, out []ss7.Action) {
			for _, a := range clone(out) {
				if a.Op == ss7.Send {
					wires[1-i] = append(wires[1-i], a.Wire)
				}
			}
		}
		settle := func() {
			for n := 0; len(wires[0])+len(wires[1]) > 0; n++ {
				if n > 1000 {
					t.Fatalf("%s: they do not come to rest", name)
				}
				for i := range l {
					w := wires[i]
					wires[i] = nil
					for _, b := range w {
						do(i, l[i].rx(1, b))
					}
				}
			}
		}
		up := func() {
			do(0, l[0].comm(1))
			do(1, l[1].comm(1))
			settle()
			for i := range l {
				if l[i].byAS[pathA].state != ASActive || l[i].byAS[pathB].state != ASActive ||
					!l[i].asps[0].timers.Next().IsZero() {
					t.Errorf("%s, end %d: %s", name, i, l[i].picture())
				}
			}
		}
		up()
		l[0].lose(1)
		l[1].lose(1)
		up()
		// Blocked at the ASP's end, and let go again.
		c := l[1].asps[0].cfg
		c.Block = true
		do(1, l[1].settle(epoch, l[1].SetASP(epoch, c, l[1].Begin(nil))))
		settle()
		if l[0].byAS[pathA].state == ASActive && roles[0] != RoleIPSPDouble {
			t.Errorf("%s: blocked, but %s", name, l[0].picture())
		}
		c.Block = false
		do(1, l[1].settle(epoch, l[1].SetASP(epoch, c, l[1].Begin(nil))))
		settle()
		if l[0].byAS[pathA].state != ASActive {
			t.Errorf("%s: let go, but %s", name, l[0].picture())
		}
	}
}

// §4.3.4.2: "The SGP MUST send an ASP Down Ack message in response to a received ASP Down
// message from the ASP even if the ASP is already marked as ASP-DOWN".
func TestClause4342DownAlready(t *testing.T) {
	l := setup(1, RoleSG, nil)
	l.comm(1)
	check(t, step{"never up", l.rx(1, wire(ASPDN)), 1, "1<ASPDN Ack"})
	l.up(1)
	check(t, step{"up", l.rx(1, wire(ASPDN)), 1, "1<ASPDN Ack"}, step{"again", l.rx(1, wire(ASPDN)), 1, "1<ASPDN Ack"})
}

// §4.3.4.3: "The ASP receiving this Notify MUST consider itself now in the ASP-INACTIVE
// state": in the application server that it names, and the others stay.
func TestClause4343Overridden(t *testing.T) {
	l := setup(1, RoleASP, nil)
	l.comm(1)
	l.rx(1, wire(ASPUPAck))
	l.rx(1, wire(ASPACAck, TagRoutingContext, []uint32{10, 11}))
	if l.byAS[pathA].state != ASActive || l.byAS[pathB].state != ASActive {
		t.Fatal(l.picture())
	}
	l.rx(1, wire(NTFY, TagStatus, uint32(NotifyAlternate), TagRoutingContext, []uint32{10}))
	if l.byAS[pathA].state == ASActive || l.byAS[pathB].state != ASActive {
		t.Error(l.picture())
	}
}
