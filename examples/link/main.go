// Link is one end of an M2PA link. The end that dials (-dial) sends a message and ends when it has an answer; the other
// answers what comes. ../run.sh runs both.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net/netip"
	"sync"
	"time"

	"github.com/gostp/gostp/drive"
	"github.com/gostp/gostp/m2pa"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/ss7"
)

func main() {
	local := flag.String("local", "127.0.0.1", "local address")
	far := flag.String("dial", "", "address of the far end; without it this end waits")
	flag.Parse()
	log.SetFlags(0)

	ready, came := make(chan bool), make(chan string, 16)
	begin := sync.OnceFunc(func() { close(ready) }) // the function below that takes events must not wait
	link := drive.NewLink(m2pa.DefaultConfig(),
		func(_ time.Time, msus []*ss7.MSU) {
			for _, m := range msus {
				came <- string(m.Payload)
			}
		},
		func(ev ss7.Event) {
			log.Println("M2PA:", ev.Kind, ev.Why)
			if ev.Kind == ss7.InService {
				begin()
			}
		})
	link.Tell(ss7.Event{Kind: ss7.Emergency}) // it proves itself for half a second, not eight
	link.Tell(ss7.Event{Kind: ss7.Start})
	go func() { log.Fatalln("the association ended:", link.Serve(associate(*local, *far))) }()
	<-ready
	if *far != "" {
		link.Send(&ss7.MSU{DPC: 2, OPC: 1, SI: ss7.ISUP, Payload: []byte("hello")})
		fmt.Println(<-came)
		return
	}
	for text := range came {
		link.Send(&ss7.MSU{DPC: 1, OPC: 2, SI: ss7.ISUP, Payload: []byte("you said " + text)})
	}
}

// associate sets an association up, or waits for the far end to do so, by SCTP in UDP.
func associate(local, far string) sctp.Assoc {
	at := func(ip string) sctp.Addr {
		return sctp.Addr{IPs: []netip.Addr{netip.MustParseAddr(ip)}, Port: 3565}
	}
	params := sctp.Params{OutStreams: 2, InStreams: 2} // RFC 4165 §1.5.2
	endpoint, err := sctp.NewUser(sctp.UDP()).Open(at(local), params)
	check(err)
	var assoc sctp.Assoc
	if far == "" {
		assoc, err = endpoint.Accept(context.Background())
	} else {
		assoc, err = endpoint.Dial(context.Background(), at(far), params)
	}
	check(err)
	return assoc
}

func check(err error) {
	if err != nil {
		log.Fatalln(err)
	}
}
