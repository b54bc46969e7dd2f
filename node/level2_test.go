package node

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gostp/gostp/association"
	"github.com/gostp/gostp/m2pa"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/ss7"
)

// diary is an association that writes down what is done with it. It takes room messages at most.
type diary struct {
	sctp.Assoc
	room    int
	gone    bool // it has ended
	entries []string
}

func (d *diary) Send(ms []sctp.Message) (int, error) {
	if d.gone {
		return 0, net.ErrClosed
	}
	for i := range ms {
		if i == d.room {
			return i, sctp.ErrFull
		}
		if m, err := m2pa.Parse(ms[i].Data); err != nil {
			d.entries = append(d.entries, err.Error())
		} else if m.Type == m2pa.LinkStatus {
			d.entries = append(d.entries, m.Status.String())
		} else {
			d.entries = append(d.entries, "data")
		}
	}
	return len(ms), nil
}

func (d *diary) Abort(why string)    { d.entries = append(d.entries, "abort: "+why) }
func (d *diary) Status() sctp.Status { return sctp.Status{} }
func (d *diary) Set(p sctp.Params) {
	d.entries = append(d.entries, fmt.Sprint("heartbeat ", p.Heartbeat))
}

// withDiary is a carrier whose second link has an association that is written down.
func withDiary(t *testing.T, room int) (*carrier, *diary) {
	c, d := newCarrier(t, 1, 60), &diary{room: room}
	c.out.Prepare(c.in.node.assoc, c.out, association.Ends{}, association.Settings{}, nil)
	c.out.Assoc = d
	return c, d
}

// A link that is taken away says Out of Service before its association ends. What comes for it later is refused, and
// counted.
func TestLinkThatIsTakenAway(t *testing.T) {
	c, d := withDiary(t, 9)
	c.out.close("it is configured no more")
	if want := []string{"Out of Service", "abort: it is configured no more"}; !slices.Equal(d.entries, want) {
		t.Errorf("%q, want %q", d.entries, want)
	}
	m, n := throughMSU("late"), c.in.node
	before, sent := n.discards.by[mtp3.LinkGone].Load(), n.discards.transferred.Load()
	if refused := c.out.send(time.Now(), m, m); refused != 2 {
		t.Errorf("%d of two MSUs were refused", refused)
	}
	if got := n.discards.by[mtp3.LinkGone].Load() - before; got != 2 || n.discards.transferred.Load() != sent {
		t.Errorf("of two MSUs %d were counted as discarded", got)
	}
}

// What SCTP does not take would be a gap in the sequence numbers at the far end, so the association ends
// (RFC 4165 §4.1.7). Of one that has ended nothing more is said.
func TestLinkWhoseMessagesSCTPRefuses(t *testing.T) {
	c, d := withDiary(t, 1)
	m := throughMSU("hello")
	c.out.offer(time.Now(), 0, m)
	if want := []string{"data"}; !slices.Equal(d.entries, want) {
		t.Fatalf("%q, want %q", d.entries, want)
	}
	c.out.offer(time.Now(), 0, m, m, m)
	want := []string{"data", "data", "abort: 2 of 3 messages could not be queued: " + sctp.ErrFull.Error()}
	if !slices.Equal(d.entries, want) {
		t.Errorf("%q, want %q", d.entries, want)
	}
	d.gone = true
	c.out.offer(time.Now(), 0, m)
	if !slices.Equal(d.entries, want) {
		t.Errorf("%q, want %q", d.entries, want)
	}
}

// The event that ends an association counts, whatever comes behind it in the same batch.
func TestEndOfAnAssociationAmongOtherEvents(t *testing.T) {
	c, _ := withDiary(t, 9)
	items := []sctp.Item{{Event: &sctp.Event{Kind: sctp.Lost, Why: "the far end is silent"}},
		{Event: &sctp.Event{Kind: sctp.SendFailed, Why: "too late"}}}
	if over := c.out.carry(items, &transfer{}); over == nil || over.Error() != "the far end is silent" {
		t.Errorf("the association ended: %v", over)
	}
}

// crowdedUser is a user that is told of congestion.
type crowdedUser struct {
	*link
	levels []uint32
	msus   int
}

func (u *crowdedUser) congested(_ time.Time, level uint32, msus []*ss7.MSU) {
	u.levels = append(u.levels, level)
	u.msus += len(msus)
}

// The user of a link is told of the MSUs that the link takes while it is congested, and of no others. The thresholds
// are those of the last configuration.
func TestUserIsToldOfCongestion(t *testing.T) {
	c, d := withDiary(t, 99)
	u := &crowdedUser{link: c.out}
	c.out.user = u
	c.out.offer(time.Now(), 0, throughMSU("one"), throughMSU("two"))
	conf, how := m2pa.DefaultConfig(), association.Settings{Params: sctp.Params{Heartbeat: time.Second}}
	conf.Onset[0], conf.Abate[0] = 3, 1
	c.out.setConfig(conf, how)
	if want := []string{"data", "data", "heartbeat 1s"}; !slices.Equal(d.entries, want) || u.levels != nil {
		t.Fatalf("%q, and congested at the levels %v", d.entries, u.levels)
	}
	c.out.offer(time.Now(), 0, throughMSU("three"))
	c.out.offer(time.Now(), 0, throughMSU("four"), throughMSU("five"))
	if !slices.Equal(u.levels, []uint32{1}) || u.msus != 2 {
		t.Errorf("it was told of %d MSUs, at the levels %v", u.msus, u.levels)
	}
}

// Of the MSUs that a link is given, those count as sent that it takes, and the others by the reason.
func TestLinkCountsWhatItTakes(t *testing.T) {
	c, _ := withDiary(t, 99)
	conf := m2pa.DefaultConfig()
	conf.QueueMax = 3
	c.out.setConfig(conf, association.Settings{})
	m, n := throughMSU("hello"), c.in.node
	sent, full := n.discards.transferred.Load(), n.discards.by[mtp3.QueueFull].Load()
	refused := c.out.send(time.Now(), m, m, m, m, m)
	sent, full = n.discards.transferred.Load()-sent, n.discards.by[mtp3.QueueFull].Load()-full
	if refused != 2 || sent != 3 || full != 2 {
		t.Errorf("of five MSUs %d were refused; %d count as sent, and %d as of a full queue", refused, sent, full)
	}
}

// What the user of a link does when the link is free again is done once.
func TestUserActsOnce(t *testing.T) {
	c, _ := withDiary(t, 9)
	done := 0
	c.out.Mu.Lock()
	c.out.later = func() { done++ }
	c.out.Mu.Unlock()
	for range 2 {
		c.out.Tell(ss7.Event{Kind: ss7.EmergencyCeases})
	}
	if done != 1 {
		t.Errorf("it was done %d times", done)
	}
}

// The log has a line when not all could be retrieved, and one in all about a far end that sends other payload protocol
// identifiers.
func TestLinkTellsTheLog(t *testing.T) {
	c, _ := withDiary(t, 9)
	c.out.title = "link 0"
	var lines []string
	defer c.out.node.log.Watch(false, func(s string) { lines = append(lines, s) })()
	c.out.Mu.Lock()
	defer c.out.Mu.Unlock()
	for _, why := range []string{"", "the far end does not say what it has"} {
		c.out.Raise(&ss7.Event{Kind: ss7.RetrievalComplete, Why: why})
	}
	c.out.bearer.odd(0)
	c.out.bearer.odd(83886080)
	want := []string{"%CS7M2PA-4-GIVENUP: link 0: the far end does not say what it has",
		"%CS7M2PA-4-PPID: link 0: the far end sends payload protocol identifier 0 instead of 5; taken as M2PA"}
	if len(lines) != len(want) {
		t.Fatalf("%q", lines)
	}
	for i := range want {
		if !strings.HasSuffix(strings.TrimSpace(lines[i]), want[i]) {
			t.Errorf("%q, want %q", lines[i], want[i])
		}
	}
}

// M2PA has a stream for Link Status and one for User Data, each way (RFC 4165 §1.5.2).
func TestM2PANeedsTwoStreamsEachWay(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		out, in uint16
		fit     bool
	}{{2, 2, true}, {1, 2, false}, {2, 1, false}} {
		if why := new(level2).Unfit(&sctp.Status{OutStreams: x.out, InStreams: x.in}); (why == "") != x.fit {
			t.Errorf("%d out and %d in: %q", x.out, x.in, why)
		}
	}
}
