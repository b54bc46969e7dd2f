// Command gom3ua is an ASP made of go-m3ua, to test a gateway against: it becomes
// active and answers the test messages (SI 8) of `ping cs7`, until it is killed.
package main

import (
	"context"
	"flag"
	"log"
	"time"

	"github.com/ishidawataru/sctp"
	"github.com/wmnsk/go-m3ua"
	"github.com/wmnsk/go-m3ua/messages/params"
)

func main() {
	local := flag.String("local", "127.0.0.13:2905", "this end")
	remote := flag.String("remote", "127.0.0.1:2905", "the gateway")
	rc := flag.Uint("rc", 44, "routing context")
	flag.Parse()
	laddr, err := sctp.ResolveSCTPAddr("sctp", *local)
	if err != nil {
		log.Fatal(err)
	}
	raddr, err := sctp.ResolveSCTPAddr("sctp", *remote)
	if err != nil {
		log.Fatal(err)
	}
	conf := m3ua.NewConfig(0, 0, 8, 2, 0, 0).EnableHeartbeat(2*time.Second,
		10*time.Second).SetTrafficModeType(params.TrafficModeLoadshare).SetRoutingContexts(uint32(*rc))
	c, err := m3ua.Dial(context.Background(), "m3ua", laddr, raddr, conf)
	if err != nil {
		log.Fatal(err)
	}
	log.Print("active")
	for {
		pd, err := c.ReadPD()
		if err != nil {
			log.Fatal(err)
		}
		if pd.ServiceIndicator != 8 || len(pd.Data) < 6 || pd.Data[5] != 1 {
			continue
		}
		pd.Data[5] = 2 // the same message, as an answer
		back := params.NewProtocolData(pd.DestinationPointCode, pd.OriginatingPointCode, 8, pd.NetworkIndicator,
			pd.MessagePriority, pd.SignalingLinkSelection, pd.Data)
		if _, err := c.WritePD(back); err != nil {
			log.Print(err)
		}
	}
}
