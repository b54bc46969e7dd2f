package association

import (
	"io"
	"iter"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/internal/lock"
	"github.com/gostp/gostp/internal/syslog"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// anASP is an owner that is an ASP of the configuration.
type anASP struct{ *configs.ASP }

func (a anASP) Name() string { return "ASP " + a.ASP.Name }
func (anASP) Reader() (carry func([]sctp.Item) error, done func()) {
	return func([]sctp.Item) error { return nil }, func() {}
}
func (anASP) Tell(ss7.Event)        {}
func (a anASP) Config() configs.ASP { return *a.ASP }

// talker is an association whose far end says what a test puts into says, until that is closed.
type talker struct {
	forlorn
	says chan []sctp.Item
	sent []xua.Type
	end  atomic.Value // why it was ended, once it was
}

func (a *talker) Read(b *sctp.Batch) error {
	items, ok := <-a.says
	if !ok {
		return io.EOF
	}
	b.Items = append(b.Items[:0], items...)
	return nil
}

func (a *talker) Send(ms []sctp.Message) (int, error) {
	for i := range ms {
		t, _, _ := xua.ParseHeader(ms[i].Data)
		a.sent = append(a.sent, t)
	}
	return len(ms), nil
}

func (a *talker) Abort(why string) { a.end.Store(why) }
func (a *talker) Close()           { a.end.Store("closed") }

// ended tells why the association was ended; empty: it was not.
func (a *talker) ended() string {
	why, _ := a.end.Load().(string)
	return why
}

const contextTag = 6 // Routing Context

// deskOf is a desk at which one of two ASPs, MSC and BSC, of one address is expected. They serve what serves says.
func deskOf(t *testing.T, serves map[string]string) (*desk, *talker, map[string]*Keeper) {
	a := &talker{says: make(chan []sctp.Item)}
	sys := configs.New()
	var all []*Keeper
	keepers := map[string]*Keeper{}
	n := &Node{Context: t.Context(), Log: syslog.New(), Group: &sync.WaitGroup{}, Refused: &atomic.Uint64{},
		Config: func() *configs.System { return sys }, Recheck: func() {}, Short: func(string, string) {},
		Keepers: func() iter.Seq[*Keeper] { return slices.Values(all) }}
	p := &Port{node: n, Number: 2905, Title: "m3ua 2905"}
	for _, name := range []string{"MSC", "BSC"} {
		c := &configs.ASP{Name: name, LocalPort: 2905}
		sys.ASPs = append(sys.ASPs, c)
		r := &Keeper{}
		lock.Give[lock.ASP](&r.Mu)
		r.Prepare(n, anASP{c}, Ends{Remote: a.Confirmed(), LocalPort: 2905}, Settings{}, p)
		t.Cleanup(r.cancel)
		all, keepers[name] = append(all, r), r
	}
	proto := &Protocol{Grammar: xua.Tags{ID: contextTag, NA: 0x200}.Common(),
		Serves: func(_ *configs.System, asp string) []string { return []string{serves[asp]} },
		Foreign: func(_ *configs.System, m xua.Message, serves []string) (named, foreign int) {
			id, is := m.Params.Uint32(contextTag)
			switch {
			case !is:
				return 0, 0
			case slices.Contains(serves, string(rune(id))):
				return 1, 0
			}
			return 1, 1
		}}
	return &desk{port: p, assoc: a, proto: proto, timer: time.NewTimer(SpeakWait)}, a, keepers
}

// saying is a message; context names what the far end serves, 0: nothing.
func saying(t xua.Type, context rune) []sctp.Item {
	b := xua.Begin(nil, t)
	if context != 0 {
		b = xua.AppendUint32(b, contextTag, uint32(context))
	}
	return []sctp.Item{{Message: sctp.Message{PPID: 3, Data: xua.End(b, 0)}}}
}

func event(k sctp.EventKind) sctp.Item { return sctp.Item{Event: &sctp.Event{Kind: k}} }

var different = map[string]string{"MSC": "M", "BSC": "B"}

// What a far end says before it is known who it is has a bound in messages, and one in octets. What came before a
// restart does not count.
func TestDeskIsBounded(t *testing.T) {
	t.Parallel()
	octets := func(n int) []sctp.Item { return []sctp.Item{{Message: sctp.Message{Data: make([]byte, n)}}} }
	const tooMuch = "too much came before it is known who it is"
	for _, x := range []struct {
		name  string
		items [][]sctp.Item
		why   string
	}{
		{"as many messages as may be", [][]sctp.Item{make([]sctp.Item, deskItems)}, ""},
		{"one more", [][]sctp.Item{make([]sctp.Item, deskItems), make([]sctp.Item, 1)}, tooMuch},
		{"as many octets as may be", [][]sctp.Item{octets(deskOctets - 9), octets(9)}, ""},
		{"one more", [][]sctp.Item{octets(deskOctets - 9), octets(10)}, tooMuch},
		{"twice that, with a restart between",
			[][]sctp.Item{octets(deskOctets), {event(sctp.Restart)}, octets(deskOctets)}, ""},
	} {
		d, a, _ := deskOf(t, different)
		decided := false
		for _, items := range x.items {
			decided = d.take(items)
		}
		if decided != (x.why != "") || !strings.HasPrefix(a.ended(), x.why) || a.ended() == "" != (x.why == "") {
			t.Errorf("%s: decided %v, ended: %q", x.name, decided, a.ended())
		}
	}
}

// A far end that restarts has a few more attempts to say who it is, and no more.
func TestDeskBearsFewRestarts(t *testing.T) {
	t.Parallel()
	d, a, _ := deskOf(t, different)
	for range deskRestarts {
		if d.take([]sctp.Item{event(sctp.Restart)}) || a.ended() != "" {
			t.Fatalf("after %d restarts: %q", d.restarts, a.ended())
		}
	}
	if !d.take([]sctp.Item{event(sctp.Restart)}) || !strings.HasPrefix(a.ended(), "it restarts again and again") {
		t.Errorf("ended: %q", a.ended())
	}
}

// A far end that restarts has forgotten what it said, and what it was told. What it says then is as from one that
// begins: its owner reads nothing older, and answers as if nothing had been acknowledged.
func TestDeskForgetsWhatCameBeforeARestart(t *testing.T) {
	t.Parallel()
	d, a, asps := deskOf(t, different)
	up, restart := saying(xua.ASPUP, 0), append(saying(xua.BEAT, 0), event(sctp.Restart))
	for i, said := range [][]sctp.Item{up, up, restart, saying(xua.ASPAC, 'B')} {
		if d.take(said) {
			t.Fatalf("after batch %d it is known whose it is", i)
		}
	}
	if d.greeted {
		t.Fatal("what was said before the restart counts")
	}
	if d.take(saying(xua.ASPUP, 0)) || !d.take(saying(xua.ASPAC, 'B')) {
		t.Fatalf("what it says since does not tell whose it is; ended: %q", a.ended())
	}
	select {
	case got := <-asps["BSC"].accepted:
		r := got.(*resumed)
		var batch sctp.Batch
		if err := r.Read(&batch); err != nil || len(batch.Items) != 4 || batch.Items[0].Event == nil || r.acks.Load() != 1 {
			t.Errorf("it begins with %d messages, acknowledged were %d; %v", len(batch.Items), r.acks.Load(), err)
		}
	default:
		t.Error("it is not that of the ASP which serves what it names")
	}
	if want := []xua.Type{xua.ASPUPAck, xua.ASPUPAck, xua.ASPUPAck}; !slices.Equal(a.sent, want) {
		t.Errorf("sent: %v", a.sent)
	}
}

// A far end that restarts has all the time to say who it is once more. Who then says nothing is refused.
func TestDeskWaitsAnewAfterARestart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d, a, _ := deskOf(t, different)
		d.port.node.Group.Go(d.run)
		a.says <- saying(xua.ASPUP, 0)
		time.Sleep(ContextWait - time.Second)
		a.says <- []sctp.Item{event(sctp.Restart)}
		time.Sleep(SpeakWait - time.Second)
		synctest.Wait()
		if a.ended() != "" {
			t.Errorf("ended: %q", a.ended())
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if !strings.HasPrefix(a.ended(), "no ASP Up came within 10s") {
			t.Errorf("ended: %q", a.ended())
		}
		close(a.says)
		d.port.node.Group.Wait()
	})
}

// Who says no more after ASPUP is the first ASP that is free. That one reads what was heard, and then what comes by the
// Read that went on meanwhile.
func TestDeskGuesses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d, a, asps := deskOf(t, different)
		d.port.node.Group.Go(d.run)
		a.says <- saying(xua.ASPUP, 0)
		time.Sleep(ContextWait + time.Second)
		synctest.Wait()
		if len(asps["MSC"].accepted) != 1 {
			t.Fatalf("it waits still; ended: %q", a.ended())
		}
		r := (<-asps["MSC"].accepted).(*resumed)
		if r.guess == nil || r.guess.of != asps["MSC"] {
			t.Error("it is taken for what is known")
		}
		var batch sctp.Batch
		for _, want := range []xua.Type{xua.ASPUP, xua.BEAT, xua.ASPIA} {
			if want != xua.ASPUP {
				go func() { a.says <- saying(want, 0) }()
			}
			err := r.Read(&batch)
			if err != nil || len(batch.Items) != 1 {
				t.Fatalf("%d messages, %v", len(batch.Items), err)
			}
			if got, _, _ := xua.ParseHeader(batch.Items[0].Data); got != want {
				t.Errorf("it reads %v, want %v", got, want)
			}
		}
		close(a.says)
		d.port.node.Group.Wait()
	})
}

// An ASP Up without an identifier is that of an ASP for which none is configured, before any other: the identifier is
// optional (RFC 4666 §3.5.1).
func TestDeskPrefersWhoHasNoIdentifier(t *testing.T) {
	t.Parallel()
	d, a, asps := deskOf(t, nil)
	id := uint32(7)
	asps["MSC"].Owner.(anASP).ID = &id
	if !d.take(saying(xua.ASPUP, 0)) || len(asps["BSC"].accepted) != 1 || len(asps["MSC"].accepted) != 0 {
		t.Errorf("ended: %q; MSC %d, BSC %d", a.ended(), len(asps["MSC"].accepted), len(asps["BSC"].accepted))
	}
}

// Who is none of those that are configured is a stranger where the port accepts anybody, and else is told why it is
// refused.
func TestDeskAndStrangers(t *testing.T) {
	t.Parallel()
	for accept, want := range map[configs.Accept]string{configs.AcceptAnybody: "", configs.AcceptConfigured: "closed"} {
		d, a, asps := deskOf(t, nil)
		sys := d.port.node.Config()
		sys.M3UAs = []*configs.M3UA{{LocalPeer: configs.LocalPeer{Port: 2905}, Accept: accept}}
		id := uint32(7)
		for _, r := range asps {
			r.Owner.(anASP).ID, r.Ends.Remote = &id, nil
		}
		var strangers []sctp.Assoc
		d.port.node.Welcome = func(_ *Port, x sctp.Assoc) error {
			strangers = append(strangers, x)
			return nil
		}
		if !d.take(saying(xua.ASPUP, 0)) || a.ended() != want || len(strangers) > 0 != (want == "") {
			t.Errorf("%v: ended: %q, %d strangers", accept, a.ended(), len(strangers))
		}
		if want == "" {
			continue
		}
		if !slices.Equal(a.sent, []xua.Type{xua.ERR}) {
			t.Errorf("%v: sent: %v", accept, a.sent)
		}
	}
}
