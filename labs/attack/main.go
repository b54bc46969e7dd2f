// Command attack does what somebody with ill will could do to a node. Each case starts the program that it is
// given, and plays a far end that lies, floods, or takes nothing. Then it tells whether what must hold did. It
// has SCTP in UDP of its own, so that an INIT may list addresses that do not belong to its sender. It stays on
// loopback. Every case ends by itself: its messages are counted and its time is bounded.
//
// With KEEP set, configurations and logs stay where they are, in TMPDIR.
//
//	attack [-transport udp|kernel] [-side N] [-without CASE] GOSTP [CASE ...]
//
// The exit code is 1 if a case fails. `labs/attack.sh` builds it and runs it.
package main

import (
	"flag"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// caseTime is the longest that a case may take, even in an emulated guest.
const caseTime = 100 * time.Second

// attack is one row of the table.
type attack struct {
	name string
	what string // what somebody does
	must string // what must hold
	run  func(t *trial)
	over string // the transport that the case needs; empty if any will do
}

var attacks = slices.Concat(identity, management, resources)

func main() {
	over := flag.String("transport", "udp", "of the node's SCTP: udp, or kernel with net.sctp.udp_port=9899")
	side := flag.Int("side", 4, "cases side by side")
	without := flag.String("without", "", "a case to leave out")
	flag.Parse()
	if flag.NArg() < 1 || *side < 1 {
		fmt.Fprintln(os.Stderr, "usage: attack [-transport T] [-side N] [-without CASE] GOSTP [CASE ...]")
		os.Exit(2)
	}
	chosen, unknown := choose(flag.Args()[1:], *over)
	chosen = slices.DeleteFunc(chosen, func(a attack) bool { return a.name == *without })
	if unknown != "" {
		fmt.Fprintf(os.Stderr, "there is no case %s; there are %s\n", unknown, names())
		os.Exit(2)
	}
	octets, release := reserve()
	failed := runAll(chosen, flag.Arg(0), *over, octets, *side)
	release()
	if failed > 0 {
		os.Exit(1)
	}
}

// reserve gives the first two octets of loopback addresses that no other run has. Each case has a third octet
// of its own.
func reserve() (octets string, release func()) {
	for x := 66; x < 127; x++ {
		c, err := net.ListenPacket("udp4", fmt.Sprintf("127.%d.0.1:%d", x, udpPort-1))
		if err == nil {
			return fmt.Sprint("127.", x), func() { c.Close() }
		}
	}
	fmt.Fprintln(os.Stderr, "too many attacks run at once: there are no addresses left")
	os.Exit(2)
	return "", nil
}

func names() string {
	var out []string
	for _, a := range attacks {
		out = append(out, a.name)
	}
	return strings.Join(out, ", ")
}

// choose gives the cases of these names that can be tried over a transport; all of them, if there are no names.
// unknown is a name that no case has.
func choose(want []string, over string) (out []attack, unknown string) {
	for _, name := range want {
		if !slices.ContainsFunc(attacks, func(a attack) bool { return a.name == name }) {
			return nil, name
		}
	}
	for _, a := range attacks {
		if (len(want) == 0 || slices.Contains(want, a.name)) && (a.over == "" || a.over == over) {
			out = append(out, a)
		}
	}
	return out, ""
}

// runAll runs cases, some at a time. It prints the table in its order, and gives how many failed.
func runAll(chosen []attack, gostp, over, net string, side int) (failed int) {
	results := make([]chan []string, len(chosen))
	turn := make(chan struct{}, side)
	var all sync.WaitGroup
	for i, a := range chosen {
		results[i] = make(chan []string, 1)
		place := slices.IndexFunc(attacks, func(x attack) bool { return x.name == a.name })
		all.Go(func() {
			turn <- struct{}{}
			defer func() { <-turn }()
			results[i] <- try(a, &trial{gostp: gostp, over: over, net: fmt.Sprintf("%s.%d", net, place+1)})
		})
	}
	fmt.Printf("%-22s %-6s %s\n", "Case", "", "What is tried, and what must hold")
	for i, a := range chosen {
		wrong := <-results[i]
		verdict := "PASS"
		if len(wrong) > 0 {
			verdict = "FAIL"
			failed++
		}
		fmt.Printf("%-22s %-6s %s; %s\n", a.name, verdict, a.what, a.must)
		for _, w := range wrong {
			fmt.Printf("%-22s %-6s   %s\n", "", "", w)
		}
	}
	all.Wait()
	fmt.Printf("%d of %d hold\n", len(chosen)-failed, len(chosen))
	return failed
}

// try runs one case, and gives what did not hold.
func try(a attack, t *trial) []string {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer t.end()
		defer func() {
			if x := recover(); x != nil && x != errGiveUp {
				t.wrong("the attacker's program: %v", x)
			}
		}()
		t.begin()
		a.run(t)
		t.alive()
	}()
	select {
	case <-done:
	case <-time.After(caseTime):
		t.wrong("the case took more than %v", caseTime)
		t.end()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.wrongs)
}
