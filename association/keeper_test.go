package association

import (
	"context"
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
)

// keeping is an owner that notes what it is told. It cannot use an association for the reason unfit, if that is not
// empty, and reads with carry.
type keeping struct {
	unfit string
	carry func([]sctp.Item) error
	told  []ss7.Kind
}

func (o *keeping) Name() string { return "link 0" }
func (o *keeping) Reader() (carry func([]sctp.Item) error, done func()) {
	return o.carry, func() {}
}
func (o *keeping) Tell(ev ss7.Event)         { o.told = append(o.told, ev.Kind) }
func (o *keeping) Unfit(*sctp.Status) string { return o.unfit }

// linkTalker is an association with what a keeper asks of it.
type linkTalker struct{ talker }

func (*linkTalker) Status() sctp.Status { return sctp.Status{} }
func (*linkTalker) Set(sctp.Params)     {}
func (*linkTalker) Stalled() sctp.Stall { return sctp.Stall{} }

// keeperOf is a keeper of a link, with a log.
func keeperOf(t *testing.T, o Owner) (*Keeper, *syslog.Log) {
	log := syslog.New()
	n := &Node{Context: t.Context(), Log: log, Group: &sync.WaitGroup{}, Refused: &atomic.Uint64{}, Shared: &Shared{},
		Recheck: func() {}, Short: func(string, string) {}}
	r := &Keeper{}
	lock.Give[lock.Link](&r.Mu)
	r.Prepare(n, o, Ends{}, Settings{stall: time.Minute}, &Port{node: n, Title: "local-peer 1024"})
	t.Cleanup(r.cancel)
	return r, log
}

// Of two associations that wait for the same owner the newer one stays. A keeper that pauses keeps what it is given
// meanwhile, and goes on at once.
func TestNewerAssociationWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, _ := keeperOf(t, owner("link 0"))
		older, newer := &talker{}, &talker{}
		began := time.Now()
		r.node.Group.Go(func() { r.pause(t.Context()) })
		synctest.Wait()
		r.Take(older)
		r.node.Group.Wait()
		if time.Since(began) != 0 || len(r.accepted) != 1 || older.ended() != "" {
			t.Errorf("after %v %d wait, ended: %q", time.Since(began), len(r.accepted), older.ended())
		}
		r.Take(newer)
		if older.ended() != "a newer association took its place" || newer.ended() != "" || <-r.accepted != newer {
			t.Errorf("ended: %q, and the newer one: %q", older.ended(), newer.ended())
		}
	})
}

// An owner that panics loses its association, and is told of that; nothing else ends.
func TestOwnerPanics(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := &keeping{carry: func([]sctp.Item) error { panic("a fault") }}
		r, log := keeperOf(t, o)
		lines := 0
		defer log.Watch(false, func(s string) {
			if strings.Contains(s, "PANIC") {
				lines++
			}
		})()
		a := &linkTalker{talker{says: make(chan []sctp.Item, 1)}}
		a.says <- nil
		r.ServeOnly(a)
		r.node.Group.Wait()
		if want := []ss7.Kind{ss7.CommUp, ss7.CommLost}; !slices.Equal(o.told, want) || a.ended() != "internal error" {
			t.Errorf("told: %v, ended: %q", o.told, a.ended())
		}
		if r.Assoc != nil || r.last.why != "internal error: a fault" || lines == 0 {
			t.Errorf("the last one ended: %q, %d lines in the log", r.last.why, lines)
		}
	})
}

// An association that its owner cannot use is ended with the reason, and the owner never has it.
func TestUnfitAssociation(t *testing.T) {
	t.Parallel()
	o := &keeping{unfit: "M2PA needs 2 streams"}
	r, _ := keeperOf(t, o)
	a := &linkTalker{talker{says: make(chan []sctp.Item)}}
	close(a.says)
	r.ServeOnly(a)
	if a.ended() != o.unfit || o.told != nil || r.assocWhy != "the last one was ended by this end: "+o.unfit {
		t.Errorf("told: %v, ended: %q; %s", o.told, a.ended(), r.assocWhy)
	}
}

// Alarms are looked at when there is another reason why there is no association. The reason why the last one was given
// up stands behind it.
func TestReasonWhyThereIsNoAssociation(t *testing.T) {
	t.Parallel()
	r, _ := keeperOf(t, owner("link 0"))
	looks := 0
	r.node.Recheck = func() { looks++ }
	r.SetWhy("not answered")
	r.SetWhy("not answered")
	if looks != 1 || r.assocWhy != "not answered" {
		t.Errorf("%d looks; %s", looks, r.assocWhy)
	}
	r.stalled.givenUp = "it takes no more"
	r.SetWhy("not answered")
	if looks != 2 || r.assocWhy != "not answered; the last one was given up: it takes no more" {
		t.Errorf("%d looks; %s", looks, r.assocWhy)
	}
}

// slowEndpoint dials until it is told to stop, and has an association all the same.
type slowEndpoint struct {
	sctp.Endpoint
	a sctp.Assoc
}

func (e slowEndpoint) Dial(ctx context.Context, _ sctp.Addr, _ sctp.Params) (sctp.Assoc, error) {
	<-ctx.Done()
	return e.a, nil
}

// If the far end is faster, the association that this end has dialled meanwhile is ended, unless it is the same one.
func TestFarEndIsFaster(t *testing.T) {
	t.Parallel()
	for _, same := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			r, _ := keeperOf(t, owner("link 0"))
			theirs, ours, want := &talker{}, &talker{}, "the far end was faster"
			if same {
				ours, want = theirs, ""
			}
			r.Take(theirs)
			a, accepted, err := r.dial(t.Context(), slowEndpoint{a: ours}, sctp.Params{})
			r.node.Group.Wait()
			if a != theirs || !accepted || err != nil || ours.ended() != want {
				t.Errorf("accepted %v, ended: %q; %v", accepted, ours.ended(), err)
			}
		})
	}
}

// An ASP that this end asks to come up never says who it is, so its identifier is no name by which it is known.
func TestWhoRoams(t *testing.T) {
	t.Parallel()
	_, _, asps := deskOf(t, nil)
	id := uint32(7)
	r := asps["MSC"]
	c := r.Owner.(anASP).ASP
	if r.Ends.Remote = nil; r.roams() {
		t.Error("without an identifier it is known by it")
	}
	if c.ID = &id; !r.roams() {
		t.Error("it is not known by its identifier")
	}
	if c.Role = configs.RoleASP; r.roams() {
		t.Error("it is asked to come up, and is known by an identifier")
	}
}

// A source has its share of the lobby again as its associations leave, one by one. What is short is told, and that it
// is no longer.
func TestShareOfTheLobby(t *testing.T) {
	t.Parallel()
	r, _ := keeperOf(t, owner("link 0"))
	var short []string
	r.node.Short = func(what, why string) { short = append(short, what+": "+why) }
	p := r.Port
	for range LobbyShare {
		if !p.enter(&talker{}, "host") {
			t.Fatal("there was no room")
		}
	}
	p.leave("host")
	if want := []string{"places to wait at local-peer 1024: "}; !slices.Equal(short, want) {
		t.Errorf("%q", short)
	}
	if !p.enter(&talker{}, "host") {
		t.Error("the place of the one that left is not free")
	}
	a := &talker{}
	if p.enter(a, "host") || !strings.HasPrefix(a.ended(), "16 associations from host wait already") {
		t.Errorf("it has more than its share; ended: %q", a.ended())
	}
}
