package node

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/sccp"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/startup"
	"github.com/gostp/gostp/userpart"
)

// guestSI is the service indicator of the tests' part.
const guestSI ss7.SI = 12

// guestSSN is the number of the tests' subsystem.
const guestSSN = 77

// echoPart is a user part that sends each MSU back. It remembers what else it is told.
type echoPart struct {
	node   string // the host name of the node
	echoed int
	left   int // of them, as the node says
	told   []string
	due    time.Time // when it says in the log how many there were
}

// echoShown is what `show cs7 echo` shows.
type echoShown struct {
	Node   string
	Echoed int
	Left   int
	Told   []string
}

func (p *echoPart) Configure(_ time.Time, s *configs.System, out []ss7.Action) []ss7.Action {
	p.node = s.Name()
	return out
}

func (p *echoPart) Do(now time.Time, ev ss7.Event, out []ss7.Action) []ss7.Action {
	f := ss7.ITU.Notation
	switch m := ev.MSU; ev.Kind {
	case ss7.Transfer:
		p.echoed++
		p.due = now.Add(time.Minute)
		m.DPC, m.OPC = m.OPC, m.DPC
		m.SI = ss7.ISUP // the node puts the part's own in its place
		return append(out, ss7.Action{Op: ss7.Raise, Event: ss7.Event{Kind: ss7.Transfer, MSU: m}})
	case ss7.Discard:
		p.told = append(p.told, fmt.Sprintf("Discard to %s: %s", f.Format(m.DPC), ev.Why))
	default:
		p.told = append(p.told, fmt.Sprint(ev.Kind, " ", f.FormatRange(ev.Dest), " ", ev.Arg))
	}
	return out
}

func (p *echoPart) Left(ev *ss7.Event, path ss7.PathID) {
	if ev.MSU.SI == guestSI && path != 0 {
		p.left++
	}
}

func (p *echoPart) Tick(now time.Time, out []ss7.Action) []ss7.Action {
	if p.due.IsZero() || now.Before(p.due) {
		return out
	}
	p.due = time.Time{}
	return append(out, ss7.Action{Op: ss7.Note, Event: ss7.Event{Kind: ss7.StateChange, Why: "idle for a minute"}})
}

func (p *echoPart) Deadline() time.Time { return p.due }

// echoKind gives a part of its own to each node that is made with it.
func echoKind() userpart.Kind {
	return userpart.Kind{Name: "ECHO", SI: guestSI, New: func() userpart.Part { return &echoPart{} },
		Shows: []userpart.Show{{
			Syntax: []cli.Elem{cli.Kw("echo", "What was sent back")},
			Ask: func(p userpart.Part, _ *cli.Call) (any, error) {
				x := p.(*echoPart)
				return echoShown{x.node, x.echoed, x.left, slices.Clone(x.told)}, nil
			},
			Print: func(w io.Writer, value any) {
				x := value.(echoShown)
				fmt.Fprintf(w, "%s has sent back %d\n%s\n", x.Node, x.Echoed, strings.Join(x.Told, "\n"))
			},
		}}}
}

// withGuests runs f with a node that has user parts beside its own, and a station beside it, which
// keeps what comes for kind's service indicator.
func withGuests(t *testing.T, config string, kinds []userpart.Kind, f func(g *box, n *station, got func() []ss7.MSU)) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		w := newWires()
		g := bootBox(t, Options{Platform: onWires(w), Store: startup.Memory("m", []byte(config)), Version: "test",
			Parts: kinds})
		n := newStation(ctx, t, w, "10.0.0.9", "10.0.0.1", itu("3.3.3"), itu("1.1.1"))
		var came []ss7.MSU
		n.user = func(m *ss7.MSU) {
			if m.SI == kinds[0].SI {
				came = append(came, ss7.MSU{DPC: m.DPC, OPC: m.OPC, SLS: m.SLS, NI: m.NI, SI: m.SI,
					Payload: bytes.Clone(m.Payload)})
			}
		}
		defer g.Close()
		defer n.group.Wait()
		defer cancel()
		time.Sleep(20 * time.Second)
		f(g, n, func() []ss7.MSU {
			time.Sleep(time.Second)
			n.mu.Lock()
			defer n.mu.Unlock()
			return slices.Clone(came)
		})
	})
}

// A user part that a package of its own brings is delivered MSUs, answers, counts, is shown, and is told
// of destinations and of the fate of what it sends.
func TestGuest(t *testing.T) {
	t.Parallel()
	withGuests(t, crossroads, []userpart.Kind{echoKind()}, func(g *box, n *station, got func() []ss7.MSU) {
		n.send(ss7.MSU{DPC: itu("1.1.1"), SLS: 5, SI: guestSI, Payload: []byte("hello")})
		all := got()
		if len(all) != 1 || string(all[0].Payload) != "hello" || all[0].SLS != 5 || all[0].OPC != itu("1.1.1") {
			t.Fatalf("the station got %v", all)
		}
		g.want("show cs7 echo", "G has sent back 1\n", "Resume 3.3.3/14 0\n", "Resume 7.7.7/14 0\n")
		g.lacks("show cs7 echo", "4.4.4", "Pause") // M has never come
		g.want("show cs7 instance 0 echo", "G has sent back 1\n")
		g.want("show cs7 echo | json", `"Echoed": 1`)
		g.want("show cs7 instance all echo", "Instance Number 0\n")

		n.forges(ss7.MSU{DPC: itu("1.1.1"), OPC: itu("6.1.6"), SI: guestSI, Payload: []byte("whence?")})
		n.manages("1.1.1", mtp3.Management{Heading: mtp3.TFC, PC: itu("7.7.7")})
		n.manages("1.1.1", mtp3.Management{Heading: mtp3.UPU, PC: itu("7.7.7"), User: guestSI, Cause: 1})
		n.manages("1.1.1", mtp3.Management{Heading: mtp3.UPU, PC: itu("7.7.6"), User: ss7.SCCP, Cause: 1})
		n.manages("1.1.1", mtp3.Management{Heading: mtp3.TFP, PC: itu("7.7.6")})
		got()
		if count := g.discards.by[mtp3.NoRoute].Load(); count != 1 {
			t.Errorf("%d discards are counted", count)
		}
		g.want("show cs7 echo | json", `"Echoed": 2`, `"Left": 1`)
		g.want("show cs7 echo", "Discard to 6.1.6: no route", "Status 7.7.7/14 1\n", "UserPart 7.7.7/14 1\n",
			"Pause 7.7.6/14 0\n")
		g.lacks("show cs7 echo", "UserPart 7.7.6")
		time.Sleep(time.Minute)
		g.want("show logging", "%CS7ECHO-5-STATE: idle for a minute")
		g.configure("cs7 linkset N", "shutdown", "exit", "hostname H")
		got()
		g.want("show cs7 echo", "H has sent back 2\n", "Pause 3.3.3/14 0\n", "Pause 7.7.7/14 0\n")
	})
}

// A destination whose route is taken away cannot be reached any more, and a part is told so.
func TestGuestIsToldOfARouteThatGoes(t *testing.T) {
	t.Parallel()
	withGuests(t, crossroads, []userpart.Kind{echoKind()}, func(g *box, _ *station, got func() []ss7.MSU) {
		g.want("show cs7 echo", "Resume 7.7.7/14 0\n")
		g.configure("cs7 route-table system", "no update route 7.7.7/14 linkset N")
		got()
		g.want("show cs7 echo", "Pause 7.7.7/14 0\n")
	})
}

// What a node has no user part for is discarded, beside a guest too, and the sender told (UPU).
func TestGuestTakesOnlyItsOwn(t *testing.T) {
	t.Parallel()
	withGuests(t, crossroads, []userpart.Kind{echoKind()}, func(g *box, n *station, got func() []ss7.MSU) {
		n.send(ss7.MSU{DPC: itu("1.1.1"), SI: guestSI + 1, Payload: []byte("hello")})
		got()
		g.want("show cs7 echo", "has sent back 0\n")
		if text := n.managed(); !strings.Contains(text, "UPU") {
			t.Errorf("the station was told %s", text)
		}
	})
}

// Each instance has a part of its own.
func TestGuestInInstances(t *testing.T) {
	t.Parallel()
	more := "cs7 multi-instance\ncs7 instance 1 variant ansi\ncs7 instance 1 point-code 1.1.1\n"
	withGuests(t, crossroads+more, []userpart.Kind{echoKind()}, func(g *box, n *station, got func() []ss7.MSU) {
		n.send(ss7.MSU{DPC: itu("1.1.1"), SI: guestSI, Payload: []byte("hello")})
		got()
		g.want("show cs7 echo", "has sent back 1\n")
		g.want("show cs7 instance 1 echo", "has sent back 0\n")
	})
}

// A subsystem of SCCP is a part, too: it takes what is for its number, and answers by SCCP.
func TestGuestSubsystem(t *testing.T) {
	t.Parallel()
	kind := echoKind()
	kind.SI, kind.SSN = ss7.SCCP, guestSSN
	config := crossroads + fmt.Sprintf("cs7 sccp local-ssn %d\n", guestSSN)
	withGuests(t, config, []userpart.Kind{kind}, func(g *box, n *station, got func() []ss7.MSU) {
		address := func(ssn uint8) []byte {
			return sccp.AppendAddress(ss7.ITU, nil, &sccp.Address{OnSSN: true, HasSSN: true, SSN: ssn})
		}
		udt := func(called uint8) []byte {
			out, _ := sccp.Append(nil, &sccp.Message{Type: sccp.UDT, Called: address(called), Calling: address(6),
				Data: []byte("map")})
			return out
		}
		n.send(ss7.MSU{DPC: itu("1.1.1"), SI: ss7.SCCP, Payload: udt(guestSSN)})
		n.send(ss7.MSU{DPC: itu("1.1.1"), SI: ss7.SCCP, Payload: udt(guestSSN + 1)})
		all := got()
		if len(all) != 1 || !bytes.Equal(all[0].Payload, udt(guestSSN)) {
			t.Fatalf("the station got %v", all)
		}
		g.want("show cs7 echo", "has sent back 1\n")
	})
}

// stubbornPart answers each discard with two MSUs more to the same place.
type stubbornPart struct {
	echoPart
	first   string // what it was told first
	refused int
}

func (p *stubbornPart) call(name string) {
	if p.first == "" {
		p.first = name
	}
}

func (p *stubbornPart) Configure(now time.Time, s *configs.System, out []ss7.Action) []ss7.Action {
	p.call("Configure")
	return p.echoPart.Configure(now, s, out)
}

func (p *stubbornPart) Tick(now time.Time, out []ss7.Action) []ss7.Action {
	p.call("Tick")
	return p.echoPart.Tick(now, out)
}

func (p *stubbornPart) Do(_ time.Time, ev ss7.Event, out []ss7.Action) []ss7.Action {
	p.call("Do")
	if ev.Kind != ss7.Transfer && ev.Kind != ss7.Discard {
		return out
	}
	p.refused++
	again := ss7.Event{Kind: ss7.Transfer, MSU: ss7.MSU{DPC: itu("6.1.6"), OPC: itu("1.1.1"), Payload: []byte("again")}}
	return append(out, ss7.Action{Op: ss7.Raise, Event: again}, ss7.Action{Op: ss7.Raise, Event: again})
}

func stubbornKind() userpart.Kind {
	kind := echoKind()
	kind.New = func() userpart.Part { return &stubbornPart{} }
	kind.Shows[0].Ask = func(p userpart.Part, _ *cli.Call) (any, error) {
		x := p.(*stubbornPart)
		return echoShown{Node: x.node, Echoed: x.refused, Told: []string{x.first}}, nil
	}
	return kind
}

// A part that answers discards with MSUs that are discarded in their turn makes nobody wait: it is asked and configured
// meanwhile, its node is closed, and what it is not told of yet is bounded.
func TestGuestThatSendsForEver(t *testing.T) {
	t.Parallel()
	g := bootBox(t, Options{Platform: onWires(newWires()), Store: startup.Memory("m", []byte(crossroads)),
		Version: "test", Parts: []userpart.Kind{stubbornKind()}})
	defer g.Close()
	first := g.users.parts[guestSI].(*guest)
	m := ss7.MSU{DPC: itu("1.1.1"), OPC: itu("3.3.3"), SI: guestSI, Payload: []byte("begin")}
	first.take(time.Now(), nil, nil, 0, &m)
	most := 0
	for most < untoldMost {
		if !first.ask(func() { most = max(most, len(first.untold)) }) {
			t.Fatal("the part cannot be asked")
		}
	}
	if most > untoldMost {
		t.Errorf("%d discards wait", most)
	}
	g.configure("hostname H")
	g.want("show cs7 echo", "H has sent back ")
	g.want("show logging", "%CS7ECHO-4-UNTOLD: ")
}

// A part is told of the configuration before anything else.
func TestGuestIsConfiguredFirst(t *testing.T) {
	t.Parallel()
	n := New(Options{Platform: onWires(newWires()), Store: startup.Memory("m", nil), Version: "test",
		Parts: []userpart.Kind{stubbornKind()}})
	defer n.Close()
	kind := stubbornKind()
	for range 2 { // the second time after a tick
		if err := n.AskPart(&kind, func(p userpart.Part) {
			if first := p.(*stubbornPart).first; first != "Configure" {
				t.Errorf("the part was told first: %q", first)
			}
		}); err != nil {
			t.Fatal(err)
		}
	}
}

// A console that outlives its node is told so.
func TestGuestOfAStoppedNode(t *testing.T) {
	t.Parallel()
	g := bootBox(t, Options{Platform: onWires(newWires()), Store: startup.Memory("m", []byte(crossroads)),
		Version: "test", Parts: []userpart.Kind{echoKind()}})
	g.Close()
	g.want("show cs7 echo", "the node has stopped")
}

// A part that asks for what is another's is refused when the node is made.
func TestGuestMisfits(t *testing.T) {
	t.Parallel()
	n := &users{all: []userPart{&guest{kind: userpart.Kind{Name: "ECHO"}}}}
	n.parts[ss7.MTPT], n.subsystems[guestSSN] = &guest{}, &guest{}
	for _, x := range []struct {
		kind userpart.Kind
		want string
	}{
		{userpart.Kind{SI: 16}, "no service indicator"},
		{userpart.Kind{SI: ss7.MTPT}, "has another"},
		{userpart.Kind{SI: ss7.SCCP}, "from 2 to 254"},
		{userpart.Kind{SI: ss7.SCCP, SSN: 255}, "from 2 to 254"},
		{userpart.Kind{SI: ss7.ISUP, SSN: 6}, "subsystem number"},
		{userpart.Kind{SI: ss7.SCCP, SSN: guestSSN}, "subsystem 77 has another"},
		{userpart.Kind{SI: guestSI, Name: "ECHO"}, "that name"},
	} {
		if err := n.misfit(&x.kind); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%v: %v", x.kind, err)
		}
	}
}

// Two parts for the same place are refused when the node is made.
func TestGuestsOfOnePlace(t *testing.T) {
	t.Parallel()
	for _, place := range []userpart.Kind{{SI: guestSI}, {SI: ss7.SCCP, SSN: guestSSN}} {
		a, b := echoKind(), echoKind()
		a.SI, a.SSN, b.SI, b.SSN = place.SI, place.SSN, place.SI, place.SSN
		b.Name = "ECHO2"
		func() {
			defer func() {
				if why := fmt.Sprint(recover()); !strings.Contains(why, "ECHO2") || !strings.Contains(why, "has another") {
					t.Errorf("%v, subsystem %d: %s", place.SI, place.SSN, why)
				}
			}()
			New(Options{Platform: onWires(newWires()), Version: "test", Parts: []userpart.Kind{a, b}}).Close()
		}()
	}
}
