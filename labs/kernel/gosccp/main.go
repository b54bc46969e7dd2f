// Command gosccp is a user of SCCP made of go-sccp over go-m3ua. Labs test the relay
// against it. It knows other users by their global titles alone: the called and the
// calling address of its messages have no point code. It answers messages to its own
// title until it is killed. With -ask it sends messages to another title, and judges
// the answers.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"strings"
	"time"

	"github.com/ishidawataru/sctp"
	"github.com/wmnsk/go-m3ua"
	m3uaparams "github.com/wmnsk/go-m3ua/messages/params"
	"github.com/wmnsk/go-sccp"
	"github.com/wmnsk/go-sccp/params"
)

var (
	local  = flag.String("local", "127.0.0.21:2905", "this end")
	remote = flag.String("remote", "127.0.0.1:2905", "the gateway")
	rc     = flag.Uint("rc", 21, "routing context")
	pc     = flag.Uint("pc", 0, "point code of this user, decimal")
	relay  = flag.Uint("relay", 0, "point code of the relay, decimal")
	own    = flag.String("own", "", "digits of this user's title")
	ask    = flag.String("ask", "", "digits of the title to send to")
	count  = flag.Int("count", 1, "messages to send")
	cause  = flag.Int("cause", -1, "expect every message back, with this return cause")
	ssn    = flag.Uint("ssn", 98, "subsystem number of both")
)

func main() {
	flag.Parse()
	laddr, err := sctp.ResolveSCTPAddr("sctp", *local)
	if err != nil {
		log.Fatal(err)
	}
	raddr, err := sctp.ResolveSCTPAddr("sctp", *remote)
	if err != nil {
		log.Fatal(err)
	}
	conf := m3ua.NewConfig(uint32(*pc), uint32(*relay), 3, 2, 0, 0).EnableHeartbeat(2*time.Second, 10*time.Second).
		SetTrafficModeType(m3uaparams.TrafficModeLoadshare).SetRoutingContexts(uint32(*rc))
	c, err := m3ua.Dial(context.Background(), "m3ua", laddr, raddr, conf)
	if err != nil {
		log.Fatal(err)
	}
	log.Print("active")
	got := make(chan []byte, 1000)
	go func() {
		for {
			pd, err := c.ReadPD()
			if err != nil {
				log.Fatal(err)
			}
			got <- pd.Data
		}
	}()
	if *ask == "" {
		for b := range got {
			answer(c, b)
		}
	}
	for i := range *count {
		if err := trial(c, got, i); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Printf("%d of %d\n", *count, *count)
	os.Exit(0) // go-m3ua has no other way to end without a complaint of its reader
}

// answer sends what came back to the title that it came from.
func answer(c *m3ua.Conn, b []byte) {
	u, err := sccp.ParseUDT(b)
	if err != nil || u.Type != sccp.MsgTypeUDT || !strings.HasPrefix(string(u.Data.Value()), "ask ") {
		log.Printf("not understood: %x", b)
		return
	}
	back := sccp.NewUDT(0, true, called(u.CallingPartyAddress.GlobalTitle.Address()), calling(),
		[]byte("answer to "+string(u.Data.Value())))
	if err := send(c, back); err != nil {
		log.Print(err)
	}
}

// trial sends one message and waits for its answer, or for its return.
func trial(c *m3ua.Conn, got <-chan []byte, i int) error {
	text := fmt.Sprintf("ask %d", i)
	if err := send(c, sccp.NewUDT(0, true, called(*ask), calling(), []byte(text))); err != nil {
		return err
	}
	var b []byte
	select {
	case b = <-got:
	case <-time.After(5 * time.Second):
		return fmt.Errorf("message %d: nothing came back within 5 s", i)
	}
	if len(b) > 1 && sccp.MsgType(b[0]) == sccp.MsgTypeUDTS { // go-sccp 0.0.5 does not parse it
		v, _, err := params.ParseReturnCause(b[1:])
		if err != nil || int(v.Value()) != *cause || !strings.HasSuffix(string(b), text) {
			return fmt.Errorf("message %d came back: %x, cause %v %v", i, b, v, err)
		}
		return nil
	}
	u, err := sccp.ParseUDT(b)
	switch {
	case err != nil:
		return fmt.Errorf("%x: %w", b, err)
	case *cause >= 0:
		return fmt.Errorf("message %d was answered, and not returned", i)
	case string(u.Data.Value()) != "answer to "+text || u.CallingPartyAddress.GlobalTitle.Address() != *ask:
		return fmt.Errorf("message %d was answered with %q by %s", i, u.Data.Value(),
			u.CallingPartyAddress.GlobalTitle.Address())
	}
	return nil
}

func send(c *m3ua.Conn, u *sccp.UDT) error {
	b, err := u.MarshalBinary()
	if err != nil {
		return err
	}
	_, err = c.WritePD(m3uaparams.NewProtocolData(uint32(*pc), uint32(*relay), 3, 2, 0, 1, b))
	return err
}

const gti = params.GTITTNPESNAI

func title(digits string) *params.GlobalTitle {
	es := params.ESBCDEven
	if len(digits)%2 == 1 {
		es = params.ESBCDOdd
	}
	return params.NewGlobalTitle(gti, 0, params.NPISDNTelephony, es, params.NAIInternationalNumber, bcd(digits))
}

func bcd(digits string) []byte {
	out := make([]byte, (len(digits)+1)/2)
	for i := range digits {
		out[i/2] |= (digits[i] - '0') << (4 * (i % 2))
	}
	return out
}

func called(digits string) *params.PartyAddress {
	return params.NewCalledPartyAddress(params.NewAddressIndicator(false, true, false, gti), 0, uint8(*ssn), title(digits))
}

func calling() *params.PartyAddress {
	return params.NewCallingPartyAddress(params.NewAddressIndicator(false, true, false, gti), 0, uint8(*ssn), title(*own))
}
