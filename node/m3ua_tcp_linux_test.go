package node

import (
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gostp/gostp/machine"
)

// tcpNet gives loopback addresses that no other process of tests has.
func tcpNet(host int) string {
	return fmt.Sprintf("127.%d.%d.%d", 1+os.Getpid()>>8&0x7f, os.Getpid()&0xff, host)
}

// tcpGateway has three ASPs over TCP, each of an AS of its own; H3 is the test's.
func tcpGateway() string {
	text := fmt.Sprintf("hostname A\ncs7 network-indicator international\ncs7 point-code 1.1.1\ncs7 m3ua 2905\n "+
		"local-ip %s\n transport tcp\n", tcpNet(1))
	for n := 1; n <= 3; n++ {
		port := 2905
		if n == 3 {
			port = 0
		}
		text += fmt.Sprintf("cs7 asp H%d %d 2905 m3ua\n remote-ip %s\ncs7 as HLR%d m3ua\n asp H%d\n routing-key %d "+
			"5.5.%d\n", n, port, tcpNet(4+n), n, n, n, n)
	}
	return text
}

func tcpProcess(n int) string {
	return fmt.Sprintf(`hostname H%d
cs7 network-indicator international
cs7 point-code 5.5.%d
cs7 asp SG 2905 2905 m3ua tcp
 local-ip %s
 remote-ip %s
 role asp
cs7 as HLR m3ua
 asp SG
 routing-key %d 5.5.%d
cs7 route-table system
 update route 0.0.0/0 as HLR
`, n, n, tcpNet(4+n), tcpNet(1), n, n)
}

// until repeats a command until it prints all texts; these nodes live in real time.
func (b *box) until(command string, texts ...string) {
	b.t.Helper()
	got := ""
	for range 1000 {
		got = b.run(command)
		missing := false
		for _, w := range texts {
			missing = missing || !strings.Contains(got, w)
		}
		if !missing {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	b.t.Fatalf("%s: not all of %q in:\n%s", command, texts, got)
}

// A gateway and its ASPs without SCTP: traffic crosses, each display says that it is TCP,
// and what ends a connection is told.
func TestM3UAOverTCP(t *testing.T) {
	t.Parallel() // it is the only one of those with these addresses that is
	a := newBoxOn(t, machine.This(), tcpGateway())
	defer a.Close()
	h1, h2 := newBoxOn(t, machine.This(), tcpProcess(1)), newBoxOn(t, machine.This(), tcpProcess(2))
	defer h1.Close()
	defer h2.Close()
	up := func(n int) string { return fmt.Sprintf("HLR%d         active", n) }
	a.until("show cs7 as", up(1), up(2))
	h1.until("show cs7 as", "HLR          active")
	h2.until("show cs7 as", "HLR          active")
	h1.until("ping cs7 5.5.2", "100% successful") // what the gateway told first may be that H2 is not there
	h1.want("ping cs7 5.5.2 count 64 rate 1000", "100% successful packets(64/64)")

	a.want("show cs7 asp H1", fmt.Sprintf(
		"H1            HLR1          active    m3ua  2905     %-15s ESTABLISHED (tcp)\n", tcpNet(5)))
	a.want("show cs7 asp H1 detail", " over TCP: ESTABLISHED for ",
		"path "+tcpNet(5)+" from "+tcpNet(1)+": active, primary")
	a.want("show cs7 asp H3", "none (tcp)",
		"reason: no association: waiting for "+tcpNet(7)+" port 0 to set up the association (passive)")
	a.want("show cs7 m3ua", "m3ua 2905 at "+tcpNet(1)+": bound", "transport: TCP (tcp: no SCTP; messages are told "+
		"apart by their headers)", "asp H1, "+tcpNet(5)+" port 2905: active, association")
	a.want("show version", "m3ua 2905 is without SCTP: TCP (tcp: ")
	a.want("show sctp statistics", "TCP, under local-peer 2905", "connections set up by far ends")
	a.want("show running-config", "cs7 m3ua 2905\n local-ip "+tcpNet(1)+"\n transport tcp\n")
	h1.want("show running-config", "cs7 asp SG 2905 2905 m3ua tcp\n")

	// From the same port again, whoever ends it. Who dials waits a second before, so both wait at once.
	a.want("clear cs7 asp H1", "")
	h2.want("clear cs7 asp SG", "")
	h1.until("show cs7 asp SG detail", "ended ", "reset by "+tcpNet(1))
	a.until("show cs7 asp H2 detail", "ended ", "reset by "+tcpNet(6))
	a.until("show cs7 as", up(1), up(2))
	h1.until("show cs7 as", "HLR          active")
	h2.until("show cs7 as", "HLR          active")
	h1.until("ping cs7 5.5.2", "100% successful") // the gateway acknowledges before its table has the way back
	h1.want("ping cs7 5.5.2 count 8 rate 1000", "100% successful packets(8/8)")

	// The port goes and comes: the far end is told by whom, and why not.
	a.configure("cs7 m3ua 2905", "shutdown")
	h1.until("show cs7 asp SG",
		"reason: no association: "+tcpNet(1)+" port 2905 refuses the TCP connection: nobody listens there")
	a.want("show cs7 m3ua", "NOT BOUND", "reason: shut down by configuration")
	a.configure("cs7 m3ua 2905", "no shutdown")
	a.until("show cs7 as", up(1), up(2))

	// A leave that is taken is read before the end of the connection.
	h2.until("show cs7 as", "HLR          active")
	h2.Close()
	a.until("show cs7 asp H2", "down")
	a.until("show cs7 asp H2 statistics", "ASPIA in ", "ASPDN in ")
}

// A far end that speaks nonsense loses its connection, with the reason; nobody else's.
func TestGarbledTCP(t *testing.T) {
	a := newBoxOn(t, machine.This(), tcpGateway())
	defer a.Close()
	h1 := newBoxOn(t, machine.This(), tcpProcess(1))
	defer h1.Close()
	a.until("show cs7 as", "HLR1         active")
	dial := func(from int) (net.Conn, error) {
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(tcpNet(from))}}
		return d.DialContext(t.Context(), "tcp", tcpNet(1)+":2905")
	}
	c, err := dial(7)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte("\x01\x00\x03\x01\x00\x00\x00\x08")); err != nil { // ASPUP
		t.Fatal(err)
	}
	ack := make([]byte, 8)
	if _, err := io.ReadFull(c, ack); err != nil || ack[2] != 3 || ack[3] != 4 {
		t.Fatal(ack, err)
	}
	a.want("show cs7 asp H3", "inactive", "waiting for ASPAC", "ESTABLISHED (tcp)")
	if _, err := c.Write([]byte("GET / HTTP/1.1\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, c) // until the gateway has ended it
	a.until("show cs7 asp H3 detail", "down", "garbled: a message header says a length of 790644820 octets, and 8 to "+
		"131072 can be (header 47 45 54 20 2f 20 48 54); connection closed")
	a.want("show sctp statistics", "connections closed here because of a garbled length  1")

	if stranger, err := dial(9); err == nil { // or the reset was there first
		_, _ = io.Copy(io.Discard, stranger)
		stranger.Close()
	}
	a.until("show logging", "association refused: no asp is configured for ["+tcpNet(9)+"] port ")
	a.want("show cs7 as", "HLR1         active")
}
