package node

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/ss7"
)

// paklog sends copies of MSUs to a receiver of syslog messages (RFC 3164), which is how
// Wireshark reads them: `debug cs7 mtp3 paklog`. It belongs to all instances. Who routes
// an MSU looks it up and copies it; sending is another goroutine's affair.
type paklog struct {
	list uint16
	to   netip.AddrPort
	conn *net.UDPConn
	out  chan []byte
	done chan struct{}
	host string

	number, sent, full, failed atomic.Uint64
	trouble                    atomic.Pointer[string] // of sending, last
}

const paklogOff = "CS7 MTP3 paklog debugging is off"

// paklogQueue is how many copies wait to be sent before more are let go.
const paklogQueue = 4096

func newPaklog(list uint16, to netip.AddrPort, host string) (*paklog, error) {
	// Not connected: where Wireshark only looks on, nobody has the port, and what the
	// receiver's system says of that would take the place of every second message.
	c, err := net.ListenUDP("udp", nil)
	if err != nil {
		return nil, err
	}
	p := &paklog{list: list, to: to, conn: c, host: host, out: make(chan []byte, paklogQueue), done: make(chan struct{})}
	go p.run()
	return p, nil
}

func (p *paklog) run() {
	defer p.conn.Close()
	for {
		select {
		case <-p.done:
			return
		case b := <-p.out:
			if _, err := p.conn.WriteToUDPAddrPort(b, p.to); err != nil {
				why := err.Error()
				p.failed.Add(1)
				p.trouble.Store(&why)
				continue
			}
			p.sent.Add(1)
		}
	}
}

// close ends it; who still has it lets copies go.
func (p *paklog) close() { close(p.done) }

// copy sends those of msus that the list permits. s is the instance they are in.
func (p *paklog) copy(now time.Time, s *configs.System, entries []*accessEntry, msus []*ss7.MSU) {
	for _, m := range msus {
		if !permits(entries, m) {
			continue
		}
		msu := s.V().AppendMSU(nil, m)
		// Facility local0, severity debug. Wireshark looks for msu= and hands the octets,
		// from the SIO on, to its dissector of MTP3.
		b := fmt.Appendf(nil, "<135>%s %s %08d: msu=", now.Format(time.Stamp), p.host, p.number.Add(1))
		select {
		case p.out <- hex.AppendEncode(b, msu):
		default:
			p.full.Add(1)
		}
	}
}

// accessEntry is a line of an access list that counts.
type accessEntry struct {
	*configs.AccessEntry
	hits atomic.Uint64
}

func permits(entries []*accessEntry, m *ss7.MSU) bool {
	for _, e := range entries {
		if e.Matches(m) {
			e.hits.Add(1)
			return e.Permits()
		}
	}
	return false
}

// tap is what an instance looks up for each batch that it routes, while MSUs are copied.
type tap struct {
	log     *paklog
	sys     *configs.System
	entries []*accessEntry
}

// tapped copies what is about to be routed.
func (n *Node) tapped(now time.Time, msus ...*ss7.MSU) {
	if t := n.tap.Load(); t != nil {
		t.log.copy(now, t.sys, t.entries, msus)
	}
}

// applyPaklog puts lists and receiver of sys in force. The caller holds applying of
// instance 0.
func (n *Node) applyPaklog(sys *configs.System) {
	p := n.paklog
	if p == nil {
		return
	}
	if to := sys.Receiver(); to != p.to || sys.Name() != p.host {
		n.stopPaklog()
		if to.IsValid() {
			_ = n.startPaklog(sys, p.list) // the log has why not
			return
		}
		n.log.Add("CS7MTP3", 5, "PAKLOG", "No more MSUs are copied: no receiver is configured")
	}
	n.setTaps(sys)
}

// startPaklog begins to copy what list permits. The caller holds applying of instance 0.
func (n *Node) startPaklog(sys *configs.System, list uint16) (err error) {
	if n.paklog, err = newPaklog(list, sys.Receiver(), sys.Name()); err != nil {
		n.log.Add("CS7MTP3", 4, "PAKLOG", "MSUs are not copied: "+err.Error())
	}
	n.setTaps(sys)
	return err
}

// stopPaklog copies nothing any more. The caller holds applying of instance 0.
func (n *Node) stopPaklog() {
	if n.paklog != nil {
		n.paklog.close()
		n.paklog = nil
		n.setTaps(n.Config())
	}
}

// setTaps tells every instance what to copy.
func (n *Node) setTaps(sys *configs.System) {
	for _, i := range n.all() {
		own := sys.Instance(i.number)
		if n.paklog == nil || own == nil {
			i.tap.Store(nil)
			continue
		}
		t := &tap{log: n.paklog, sys: own}
		old := i.tap.Load()
		for _, e := range own.AccessList(n.paklog.list) {
			x := &accessEntry{AccessEntry: e}
			if old != nil {
				for _, was := range old.entries {
					if was.Same(e) {
						x.hits.Store(was.hits.Load())
					}
				}
			}
			t.entries = append(t.entries, x)
		}
		i.tap.Store(t)
	}
}

func (n *Node) paklogCommand(word cli.Elem, on bool) *cli.Statement {
	list := cli.Arg("list", configs.ListNumber(), "Access list that says which MSUs")
	if !on {
		list = cli.Opt(list)
	}
	return cli.Command(cli.Seq(word, kw("cs7", "Signalling System No. 7"), kw("mtp3", "Level 3"),
		kw("paklog", "Copy MSUs to the receiver of `cs7 paklog`, for Wireshark"), list), func(c *cli.Call) error {
		return n.applied(c, func(w io.Writer) error { return n.paklogSwitch(c, w, on) })
	}).Privileged()
}

// paklogSwitch begins to copy MSUs, or ends it. The caller holds applying.
func (n *Node) paklogSwitch(c *cli.Call, w io.Writer, on bool) error {
	sys := n.Config()
	n.stopPaklog()
	if !on {
		fmt.Fprintln(w, paklogOff)
		return nil
	}
	number := uint16(c.Args.Uint("list", 0))
	if !sys.Receiver().IsValid() {
		return errors.New("no receiver is configured: `cs7 paklog ADDRESS dest-port PORT` names one")
	}
	if !sys.HasAccessList(number) {
		return fmt.Errorf("access-list %d is empty: `access-list %d permit all` takes every MSU", number, number)
	}
	if err := n.startPaklog(sys, number); err != nil {
		return err
	}
	fmt.Fprintf(w, "CS7 MTP3 paklog debugging is on for access-list %d, to %s\n", number, sys.Receiver())
	return nil
}

func (n *Node) showAccessLists(c *cli.Call) error { return n.applied(c, n.printAccessLists) }

// printAccessLists writes the lists and what becomes of copies. The caller holds applying.
func (n *Node) printAccessLists(w io.Writer) error {
	sys := n.Config()
	lines := 0
	for _, i := range n.all() {
		own := sys.Instance(i.number)
		if own == nil {
			continue
		}
		t := i.tap.Load()
		last := uint16(0)
		for _, e := range own.Lists() {
			if e.List != last {
				fmt.Fprintf(w, "access-list %d", e.List)
				if len(n.all()) > 1 {
					fmt.Fprintf(w, " of instance %d", i.number)
				}
				fmt.Fprintln(w)
				last = e.List
			}
			fmt.Fprint(w, "  ", e.Text(own))
			if t != nil {
				for _, x := range t.entries {
					if x.Same(e) {
						fmt.Fprintf(w, "  (%d matches)", x.hits.Load())
					}
				}
			}
			fmt.Fprintln(w)
			lines++
		}
	}
	if lines == 0 {
		fmt.Fprintln(w, "No access-list is configured.")
	}
	if p := n.paklog; p != nil {
		const line = "paklog: MSUs of access-list %d to %s: %d copied, %d let go because too many waited, %d not sent"
		fmt.Fprintf(w, line, p.list, p.to, p.sent.Load(), p.full.Load(), p.failed.Load())
		if why := p.trouble.Load(); why != nil {
			fmt.Fprintf(w, " (%s)", *why)
		}
		fmt.Fprintln(w)
	}
	return nil
}
