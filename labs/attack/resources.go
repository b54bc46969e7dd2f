package main

import (
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/gostp/gostp/m3ua"
	"github.com/gostp/gostp/ss7"
)

// These cases are about what somebody outside can hold, fill or use up.
var resources = []attack{
	{"closed-window", "an ASP of a loadshare AS closes its window and keeps the association",
		"the others get its share", closedWindow, ""},
	{"hoarder", "64 associations each leave a message out and send 4 MB after it",
		"the node's memory stays bounded, and P is served", hoarder, "udp"},
	{"descriptors", "consoles are opened until there is no descriptor",
		"P is served meanwhile, and the console afterwards", descriptors, ""},
	{"unread-stdout", "nobody reads the node's standard output", "P is served, and the console", unreadStdout, ""},
	{"gone-stdout", "who reads the node's standard output goes away",
		"P is served, and the console", goneStdout, "udp"},
	{"unread-console", "terminals ask for all and read nothing",
		"P is served, and other consoles", unreadConsole, "udp"},
	{"endless-request", "a console sends a request line without an end",
		"the node's memory stays bounded", endlessRequest, "udp"},
}

// shared is a gateway whose AS PP has two ASPs.
var shared = strings.NewReplacer(
	"cs7 as PP m3ua\n", "cs7 asp R 0 2905 m3ua\n remote-ip NET.4\ncs7 as PP m3ua\n asp R\n",
	"routing-key 10 2.2.2\n traffic-mode override", "routing-key 10 2.2.2\n traffic-mode loadshare").Replace(gateway)

func closedWindow(t *trial) {
	n := t.start(shared, nil)
	p := t.serves(t.at(2), 2905, 10, 5*time.Second)
	r := t.serves(t.at(4), 2905, 10, 5*time.Second)
	q := t.serves(t.at(3), 2905, 20, 5*time.Second)
	t.need(p != nil && q != nil && r != nil, "P, Q and R do not come up")
	p.shut()
	begun := time.Now()
	got := 0
	for time.Since(begun) < 20*time.Second && got < 16 {
		for i := range 320 {
			q.msu(20, pc("3.3.3"), pc("2.2.2"), ss7.ISUP, byte(i&15), make([]byte, 200))
		}
		time.Sleep(50 * time.Millisecond)
		p.shut()
		got = selections(r)
	}
	t.must(got == 16, "after %.0f s the other ASP gets %d of 16 SLS", time.Since(begun).Seconds(), got)
	alarms := n.exec("show alarms history")
	t.must(strings.Contains(alarms, "association of ASP P: the far end takes no more"), "no alarm tells of P: %s", alarms)
}

// selections gives how many different SLS are in the DATA that waits.
func selections(a *asp) int {
	seen := map[uint8]bool{}
	for {
		b := a.hears(m3ua.DATA, time.Millisecond)
		if b == nil {
			return len(seen)
		}
		var d m3ua.Data
		if m3ua.ParseData(b, &d) == nil {
			seen[d.MSU.SLS] = true
		}
	}
}

// served sends traffic from Q to P, and checks that it arrives.
func served(t *trial, q, p *asp, when string) {
	q.msu(20, pc("3.3.3"), pc("2.2.2"), ss7.ISUP, 1, []byte(when))
	t.must(p.receives(when, 3*time.Second), "P received nothing %s", when)
}

func both(t *trial) (q, p *asp) {
	q = t.serves(t.at(3), 2905, 20, 5*time.Second)
	p = t.serves(t.at(2), 2905, 10, 5*time.Second)
	t.need(q != nil && p != nil, "P and Q do not come up")
	return q, p
}

func hoarder(t *trial) {
	anybody := " local-ip NET.1\n accept-asp-connections dynamic-permitted\ncs7 asp P"
	n := t.start(strings.Replace(gateway, " local-ip NET.1\ncs7 asp P", anybody, 1), nil)
	q, p := both(t)
	before := n.resident()
	most := 0
	var all []*asp
	for i := range 64 {
		if a := t.asp(t.at(66+i%8), uint16(10000+i)); a != nil {
			a.skip()
			all = append(all, a)
		}
	}
	piece := make([]byte, 16000)
	for round := range 250 { // 4 MB from each, which a window of SCTP lets in
		for _, a := range all {
			a.send(uint16(round%2), m3ua.PPID, piece)
		}
		if round%10 == 0 {
			time.Sleep(10 * time.Millisecond)
			most = max(most, n.resident())
		}
	}
	most = max(most, n.resident())
	t.must(most-before < 128<<20, "%d associations hold %d MB", len(all), (most-before)>>20)
	served(t, q, p, "while strangers hold memory")
}

// skip leaves out one message of each stream. All that follow must wait for it.
func (a *assoc) skip() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.tsn++
	a.ssn[0], a.ssn[1] = 1, 1
}

func descriptors(t *trial) {
	n := t.start(gateway, nil, "prlimit", "--nofile=64:64")
	q, p := both(t)
	var open []net.Conn
	for range 100 {
		c, err := net.DialTimeout("unix", n.socket, time.Second)
		if err != nil {
			break
		}
		open = append(open, c)
	}
	time.Sleep(time.Second)
	served(t, q, p, "while there is no descriptor")
	for _, c := range open {
		c.Close()
	}
	t.must(wait(8*time.Second, n.answers), "the console does not answer after %d consoles were closed", len(open))
	served(t, q, p, "afterwards")
}

// unreadStdout gives the node a pipe that is full.
func unreadStdout(t *trial) {
	r, w, err := os.Pipe()
	t.need(err == nil, "no pipe: %v", err)
	t.later(func() { r.Close(); w.Close() })
	fill(w)
	n := t.start(gateway, w)
	w.Close()
	q, p := both(t)
	for i := range 20 {
		if a := t.asp(t.at(66), uint16(10000+i)); a != nil {
			a.vanish()
		}
		n.exec("configure terminal", fmt.Sprintf("cs7 as PP m3ua\ndescription %d", i))
		if i == 5 && !n.answers() {
			break
		}
	}
	t.must(n.answers(), "the console does not answer")
	served(t, q, p, "while nobody reads the output")
}

// goneStdout gives the node a pipe that loses its reader.
func goneStdout(t *trial) {
	r, w, err := os.Pipe()
	t.need(err == nil, "no pipe: %v", err)
	n := t.start(gateway, w)
	w.Close()
	q, p := both(t)
	r.Close()
	for i := range 5 {
		p.abort()
		p = t.serves(t.at(2), 2905, 10, 5*time.Second)
		t.need(p != nil, "P does not come back, the time %d", i+1)
	}
	t.must(n.answers(), "the console does not answer")
	served(t, q, p, "without a reader of the output")
}

// fill writes into a pipe until it is full, with room for nothing.
func fill(w *os.File) {
	rc, err := w.SyscallConn()
	if err != nil {
		panic(err)
	}
	_ = rc.Control(func(fd uintptr) {
		_ = syscall.SetNonblock(int(fd), true)
		for _, n := range []int{4096, 1} {
			for {
				if _, err := syscall.Write(int(fd), make([]byte, n)); err != nil {
					break
				}
			}
		}
		_ = syscall.SetNonblock(int(fd), false)
	})
}

func unreadConsole(t *trial) {
	n := t.start(gateway+"access-list 2700 permit all\n", nil)
	q, p := both(t)
	commands := strings.Split("show cs7 access-lists, show cs7 linkset detail, show cs7 as detail, "+
		"show cs7 asp detail, show cs7 m3ua, show running-config, show logging, "+
		"show alarms, show sctp association detail, show cs7 route, "+
		"show cs7 mtp3 statistics, show sctp statistics, show cs7 sccp statistics, "+
		"show cs7 m2ua detail", ", ")
	for _, x := range commands {
		c, err := net.DialTimeout("unix", n.socket, time.Second)
		t.need(err == nil, "no console: %v", err)
		t.later(func() { c.Close() })
		_ = c.(*net.UnixConn).SetReadBuffer(4096)
		var again []string
		for range 2000 {
			again = append(again, `"`+x+`"`)
		}
		fmt.Fprintf(c, "{\"Exec\":[%s]}\n", strings.Join(again, ","))
		a, err := net.DialTimeout("unix", n.socket, time.Second)
		t.need(err == nil, "no console: %v", err)
		t.later(func() { a.Close() })
		fmt.Fprintf(a, "{\"Width\":200,\"Height\":1000,\"Enabled\":true}\n%s", strings.Repeat(x+"\r", 200))
	}
	time.Sleep(2 * time.Second)
	p.abort()
	p = t.serves(t.at(2), 2905, 10, 5*time.Second)
	t.must(p != nil, "P does not come back while terminals read nothing")
	if p != nil {
		served(t, q, p, "while terminals read nothing")
	}
	for _, x := range append(commands, "configure terminal") {
		out := n.exec(x, "hostname A")
		t.must(!strings.Contains(out, "no end of the answer"), "%s does not end while other terminals read nothing", x)
	}
}

func endlessRequest(t *trial) {
	n := t.start(gateway, nil)
	before, most := n.resident(), 0
	c, err := net.DialTimeout("unix", n.socket, time.Second)
	t.need(err == nil, "no console: %v", err)
	defer c.Close()
	b := []byte(strings.Repeat("x", 1<<20))
	for range 128 {
		_ = c.SetWriteDeadline(time.Now().Add(time.Second)) // it is not closed yet, or the write fails
		if _, err := c.Write(b); err != nil {
			break
		}
		most = max(most, n.resident())
	}
	t.must(most-before < 64<<20, "one request line holds %d MB", (most-before)>>20)
	t.must(n.answers(), "the console does not answer")
}
