package node

import (
	"fmt"
	"net"
	"regexp"
	"testing"
	"time"

	"github.com/gostp/gostp/sctp/sctptest"
	"github.com/gostp/gostp/ss7"
)

// What the list permits arrives as syslog messages with the octets of the MSU from its SIO
// on; what it denies, or does not name, does not.
func TestPaklog(t *testing.T) {
	t.Parallel()
	receiver, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer receiver.Close()
	n := newBox(t, sctptest.NewMemory(1), "")
	defer n.Close()
	n.want("debug cs7 mtp3 paklog 2700", "no receiver is configured")
	n.run("configure terminal", "cs7 paklog 127.0.0.1", "end")
	n.want("debug cs7 mtp3 paklog 2700", "access-list 2700 is empty")
	port := receiver.LocalAddr().(*net.UDPAddr).Port
	n.run("configure terminal", fmt.Sprint("cs7 paklog 127.0.0.1 dest-port ", port),
		"access-list 2700 deny si 0", "access-list 2700 permit dpc 0.0.1", "end", "debug cs7 mtp3 paklog 2700")
	now := time.Now()
	for _, m := range []ss7.MSU{
		{NI: ss7.National, SI: ss7.SNM, DPC: 1, OPC: 2, Payload: []byte{1}},
		{NI: ss7.National, SI: ss7.SCCP, DPC: 3, OPC: 2, Payload: []byte{2}},
		{NI: ss7.National, SI: ss7.ISUP, DPC: 1, OPC: 34, SLS: 9, Payload: []byte{0xab, 0xcd}},
	} {
		n.route(now, &transfer{msus: []*ss7.MSU{&m}}, 0)
	}
	b := make([]byte, 2000)
	_ = receiver.SetReadDeadline(time.Now().Add(10 * time.Second))
	k, err := receiver.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	if want := regexp.MustCompile(
		`^<135>[A-Z][a-z]{2} [ 0-9]\d \d\d:\d\d:\d\d gostp 00000001: msu=8501800890abcd$`); !want.Match(b[:k]) {
		t.Errorf("got %s", b[:k])
	}
	for range 1000 { // it is counted when it has gone
		if n.paklog.Counts().Sent > 0 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	n.want("show cs7 access-lists", "deny si 0  (1 matches)", "permit dpc 0.0.1  (1 matches)", "1 copied")
	// The lists and the receiver may change meanwhile.
	n.run("configure terminal", "access-list 2700 permit si 3", "end")
	n.want("show cs7 access-lists", "deny si 0  (1 matches)", "permit si 3  (0 matches)")
	n.run("configure terminal", "no access-list 2700", "end")
	n.route(now, &transfer{msus: []*ss7.MSU{{NI: ss7.National, SI: ss7.ISUP, DPC: 1}}}, 0)
	if n.paklog.Counts().Made != 1 {
		t.Error("an empty list permits")
	}
	n.run("configure terminal", "access-list 2700 permit all", "cs7 paklog 127.0.0.1 dest-port 9", "end")
	n.want("show cs7 access-lists", "to 127.0.0.1:9: 0 copied")
	n.run("configure terminal", "no cs7 paklog", "end")
	n.want("show logging", "No more MSUs are copied: no receiver is configured")
	n.run("configure terminal", "cs7 paklog ::1", "end")
	n.want("debug cs7 mtp3 paklog 2700", "to [::1]:514")
	n.want("undebug all", "paklog debugging is off")
	if n.tap.Load() != nil || n.paklog != nil {
		t.Error("still copied")
	}
}
