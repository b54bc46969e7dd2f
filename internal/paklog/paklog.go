// Package paklog sends copies of MSUs to a receiver of syslog messages (RFC 3164), which is how Wireshark
// reads them: `debug cs7 mtp3 paklog` of an ITP. A goroutine that routes MSUs looks up its Tap and copies
// them; the goroutine of a Sender sends the copies, so that a slow network holds nothing up.
package paklog

import (
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/ss7"
)

// queue is how many copies may wait to be sent. Further ones are let go.
const queue = 4096

// Target says which MSUs are copied, and to whom.
type Target struct {
	List uint16 // number of the access list that says which MSUs
	To   netip.AddrPort
	Host string // the name of this node in the messages
}

// Counts counts copies.
type Counts struct {
	Made    uint64
	Sent    uint64
	LetGo   uint64 // too many waited to be sent
	Failed  uint64
	LastWhy string // why the last copy that failed did so
}

// Sender sends copies to the receiver of its Target.
type Sender struct {
	Target

	conn *net.UDPConn
	out  chan []byte
	done chan struct{}

	made, sent, letGo, failed atomic.Uint64
	why                       atomic.Pointer[string] // of the last failure
}

// Start makes a Sender.
func Start(t Target) (*Sender, error) {
	// The socket is not connected: where Wireshark only looks on, no program has the port, and what the
	// receiver's system says of that would take the place of every second message.
	c, err := net.ListenUDP("udp", nil)
	if err != nil {
		return nil, err
	}
	s := &Sender{Target: t, conn: c, out: make(chan []byte, queue), done: make(chan struct{})}
	go s.run()
	return s, nil
}

// Close ends the Sender. A Tap that is still in use lets its copies go.
func (s *Sender) Close() { close(s.done) }

// Counts gives the counters of this moment.
func (s *Sender) Counts() Counts {
	c := Counts{Made: s.made.Load(), Sent: s.sent.Load(), LetGo: s.letGo.Load(), Failed: s.failed.Load()}
	if why := s.why.Load(); why != nil {
		c.LastWhy = *why
	}
	return c
}

func (s *Sender) run() {
	defer s.conn.Close()
	for {
		select {
		case <-s.done:
			return
		case b := <-s.out:
			if _, err := s.conn.WriteToUDPAddrPort(b, s.To); err != nil {
				why := err.Error()
				s.failed.Add(1)
				s.why.Store(&why)
				continue
			}
			s.sent.Add(1)
		}
	}
}

// Tap copies MSUs of one instance to a Sender.
type Tap struct {
	sender  *Sender
	sys     *configs.System
	entries []*entry
}

// entry is a line of an access list that counts the MSUs that it matched.
type entry struct {
	*configs.AccessEntry
	hits atomic.Uint64
}

// Tap makes the Tap of the instance that sys configures. An entry that the Tap before has too goes on counting; before
// may be nil.
func (s *Sender) Tap(sys *configs.System, before *Tap) *Tap {
	t := &Tap{sender: s, sys: sys}
	for _, e := range sys.AccessList(s.List) {
		x := &entry{AccessEntry: e}
		hits, _ := before.Hits(e)
		x.hits.Store(hits)
		t.entries = append(t.entries, x)
	}
	return t
}

// Hits tells for how many MSUs an entry was the first to match. It is not ok if the Tap has no such entry. A nil Tap
// has none.
func (t *Tap) Hits(e *configs.AccessEntry) (count uint64, ok bool) {
	if t == nil {
		return 0, false
	}
	for _, x := range t.entries {
		if x.Same(e) {
			return x.hits.Load(), true
		}
	}
	return 0, false
}

// Copy sends copies of those of msus that the list permits.
func (t *Tap) Copy(now time.Time, msus ...*ss7.MSU) {
	for _, m := range msus {
		if !t.permits(m) {
			continue
		}
		msu := t.sys.V().AppendMSU(nil, m)
		// Facility local0, severity debug. Wireshark looks for msu= and hands the octets, from the SIO on, to
		// its dissector of MTP3.
		b := fmt.Appendf(nil, "<135>%s %s %08d: msu=", now.Format(time.Stamp), t.sender.Host, t.sender.made.Add(1))
		select {
		case t.sender.out <- hex.AppendEncode(b, msu):
		default:
			t.sender.letGo.Add(1)
		}
	}
}

// permits tells whether an MSU is copied: the first entry that matches it decides.
func (t *Tap) permits(m *ss7.MSU) bool {
	for _, e := range t.entries {
		if e.Matches(m) {
			e.hits.Add(1)
			return e.Permits()
		}
	}
	return false
}
