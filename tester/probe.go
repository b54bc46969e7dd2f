package tester

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/gostp/gostp/ss7"
)

// This file finds messages that go round for ever. If the summary routes or the titles of three nodes or more
// lead to each other, they send a message round until a link fails: nothing in MTP3 counts its rounds (Q.704
// §2.3), and only an XUDT has a hop counter. A node that sees equal messages come again and again may suspect
// that. But retransmissions and load tools send equal messages too. A Prober turns a suspicion into a proof. It
// sends a probe to the same place by the same way. If the probe comes back, the way is a circle. As long as the
// circle lasts, it is probed again and again. It is over when nothing has come back for a while.

// probeKind is the type of a probe, beside the types of tests and traces.
const (
	probeKind = 5
	probeSize = 8 + 8 + 4
)

// AppendProbe writes a probe: the mark, version 1, type 5, two octets of zero, the number, and the code of its
// origin. A probe has no answer.
func AppendProbe(dst []byte, number uint64, origin ss7.PC) []byte {
	dst = append(append(dst, mark...), 1, probeKind, 0, 0)
	dst = binary.BigEndian.AppendUint64(dst, number)
	return binary.BigEndian.AppendUint32(dst, uint32(origin))
}

// ParseProbe reads a probe. It gives false if b is none.
func ParseProbe(b []byte) (number uint64, origin ss7.PC, ok bool) {
	if len(b) < probeSize || !bytes.Equal(b[:4], mark) || b[4] != 1 || b[5] != probeKind {
		return 0, 0, false
	}
	return binary.BigEndian.Uint64(b[8:]), ss7.PC(binary.BigEndian.Uint32(b[16:])), true
}

// IsProbe tells whether the payload of an MSU of SI 8 is a probe.
func IsProbe(b []byte) bool {
	_, _, ok := ParseProbe(b)
	return ok
}

// Course says where messages go that may go in a circle, and how they come in here. They go to a point, or to a
// title that is translated.
type Course struct {
	DPC     ss7.PC // the point; for a title, this node, or another point for which it translates
	Title   string // the called address as it comes in; empty if MTP3 alone routes them
	Linkset string // the linkset or application server by which they come
}

// Circle is a course that is proven to lead back here.
type Circle struct {
	Course
	SLS         [4]uint64 // the SLS for which it is proven, one bit each
	Since, Last time.Time // when a probe first came back, and when one last did
	Took        time.Duration
}

// Has tells whether the circle is proven for an SLS.
func (c *Circle) Has(sls uint8) bool { return c.SLS[sls>>6]>>(sls&63)&1 != 0 }

// Probe is a message to be sent: the course, and the SLS and the way of the suspected message. Number names the
// probe.
type Probe struct {
	Course
	MSU    ss7.MSU // the suspected message; with its payload if it goes to a title
	From   ss7.PathID
	Number uint64
}

// These are the times and bounds of a Prober.
const (
	probeWait   = 5 * time.Second  // how long a probe may take to come back
	probeAgain  = 10 * time.Second // between probes of a circle, and before a course is suspected anew
	probeRarest = 10 * time.Minute // the longest interval for a course whose probes never came back
	probeMisses = 3                // after so many unanswered in a row, a circle is over
	coursesMost = 256
	probesMost  = 10 // probes in a second
)

// course is what a Prober knows of a Course.
type course struct {
	Circle
	last     Probe
	sent     time.Time     // when the last probe was sent
	waits    bool          // that probe is waited for
	missed   int           // how many probes in a row did not come back
	interval time.Duration // the time before the next probe
	proven   bool
}

// Prober proves circles. It is a machine with one owner.
type Prober struct {
	seed    uint64
	count   uint64
	courses map[Course]*course
	changes uint64
	second  int64
	spent   int
	Stats   ProberStats
}

// ProberStats counts what a Prober does.
type ProberStats struct{ Suspected, Sent, Returned, Unanswered, Circles uint64 }

// NewProber makes a Prober. The numbers of its probes follow from seed, which nobody else should know.
func NewProber(seed uint64) *Prober { return &Prober{seed: seed, courses: map[Course]*course{}} }

// number makes the next number of a probe (splitmix64).
func (p *Prober) number() uint64 {
	p.count++
	x := p.seed + p.count*0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Suspect is called for a message that came again and again. It gives the probe that is to be sent; nil if the
// course was probed lately.
func (p *Prober) Suspect(now time.Time, s Probe) *Probe {
	p.Stats.Suspected++
	c := p.courses[s.Course]
	if c == nil {
		if !p.room(now) {
			return nil
		}
		c = &course{interval: probeAgain}
		c.Course = s.Course
		p.courses[s.Course] = c
	} else if c.waits || c.proven && c.Has(s.MSU.SLS) || !c.proven && now.Sub(c.sent) < c.interval {
		return nil
	}
	return p.send(now, c, s)
}

// room makes room for one more course. The oldest one that proved nothing gives way.
func (p *Prober) room(now time.Time) bool {
	if len(p.courses) < coursesMost {
		return true
	}
	var oldest *course
	for _, c := range p.courses {
		if !c.proven && !c.waits && now.Sub(c.sent) >= probeAgain && (oldest == nil || c.sent.Before(oldest.sent)) {
			oldest = c
		}
	}
	if oldest == nil {
		return false
	}
	delete(p.courses, oldest.Course)
	return true
}

func (p *Prober) send(now time.Time, c *course, s Probe) *Probe {
	if sec := now.Unix(); sec != p.second {
		p.second, p.spent = sec, 0
	}
	if p.spent >= probesMost {
		return nil
	}
	p.spent++
	p.Stats.Sent++
	s.Number = p.number()
	c.last, c.sent, c.waits = s, now, true
	return &s
}

// Returned is called for a probe that came back by a linkset. It gives the circle if this has just proven it.
func (p *Prober) Returned(now time.Time, linkset string, number uint64) *Circle {
	for k, c := range p.courses {
		if !c.waits || c.last.Number != number {
			continue
		}
		p.Stats.Returned++
		// Messages that come in by this linkset go round as well, in another circle than was thought.
		if k.Linkset != linkset {
			delete(p.courses, k)
			k.Linkset = linkset
			if o := p.courses[k]; o != nil && o.proven {
				o.last, o.sent = c.last, c.sent
				c = o
			}
			c.Course = k
			p.courses[k] = c
		}
		sls := c.last.MSU.SLS
		if !c.proven || !c.Has(sls) {
			p.changes++
		}
		c.SLS[sls>>6] |= 1 << (sls & 63)
		c.waits, c.missed, c.interval = false, 0, probeAgain
		c.Last, c.Took = now, now.Sub(c.sent)
		if c.proven {
			return nil
		}
		c.proven, c.Since = true, now
		p.Stats.Circles++
		found := c.Circle
		return &found
	}
	return nil
}

// Changes counts how often something was proven: a circle, or one more SLS of a circle.
func (p *Prober) Changes() uint64 { return p.changes }

// Tick gives up the probes that did not come back. It gives the probes that are due, and the circles that are
// over.
func (p *Prober) Tick(now time.Time) (probes []*Probe, over []Circle) {
	for _, k := range p.order() {
		c := p.courses[k]
		if c.waits && now.Sub(c.sent) >= probeWait {
			c.waits = false
			c.missed++
			p.Stats.Unanswered++
			if !c.proven {
				c.interval = min(2*c.interval, probeRarest)
			}
		}
		switch {
		case c.proven && c.missed >= probeMisses:
			over = append(over, c.Circle)
			delete(p.courses, k)
		case c.proven && !c.waits && now.Sub(c.sent) >= probeAgain:
			x := p.send(now, c, c.last)
			if x == nil { // there were too many in this second
				c.sent = now.Add(time.Second - probeAgain)
				continue
			}
			probes = append(probes, x)
		case !c.proven && !c.waits && now.Sub(c.sent) >= 2*probeRarest:
			delete(p.courses, k)
		}
	}
	return probes, over
}

// Deadline gives when Tick is next due; zero if never.
func (p *Prober) Deadline() (next time.Time) {
	for _, c := range p.courses {
		at := c.sent.Add(2 * probeRarest)
		switch {
		case c.waits:
			at = c.sent.Add(probeWait)
		case c.proven:
			at = c.sent.Add(probeAgain)
		}
		if next.IsZero() || at.Before(next) {
			next = at
		}
	}
	return next
}

// Circles gives the circles that are proven now, in order.
func (p *Prober) Circles() (all []Circle) {
	for _, k := range p.order() {
		if c := p.courses[k]; c.proven {
			all = append(all, c.Circle)
		}
	}
	return all
}

// Titles tells whether probes of titles may come back.
func (p *Prober) Titles() bool {
	for k := range p.courses {
		if k.Title != "" {
			return true
		}
	}
	return false
}

func (p *Prober) order() []Course {
	return slices.SortedFunc(maps.Keys(p.courses), func(a, b Course) int {
		return cmp.Or(cmp.Compare(a.DPC, b.DPC), cmp.Compare(a.Title, b.Title), cmp.Compare(a.Linkset, b.Linkset))
	})
}

// Forget drops all suspicions and circles, and gives the circles that were proven.
func (p *Prober) Forget() []Circle {
	all := p.Circles()
	clear(p.courses)
	return all
}

// Text says in words what is proven. to is the point or title, in words.
func (c *Circle) Text(to string) string {
	return fmt.Sprintf("messages to %s go round for ever: a probe of this node came back by %s after %v",
		to, c.Linkset, c.Took.Round(time.Millisecond))
}
