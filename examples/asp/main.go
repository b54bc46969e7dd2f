// Asp is an ASP of an M3UA gateway. It answers each message that comes; with -to it sends one first, and ends when it
// has an answer. ../run.sh runs two of them with a gostp between.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net/netip"
	"strings"
	"sync"

	"github.com/gostp/gostp/drive"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/ss7"
)

func main() {
	local := flag.String("local", "127.0.0.5", "local address")
	gateway := flag.String("gateway", "127.0.0.1", "address of the gateway")
	own := flag.String("own", "5.5.5", "own point code")
	rc := flag.Uint("context", 55, "routing context")
	to := flag.String("to", "", "point code to which a message is sent")
	flag.Parse()
	log.SetFlags(0)

	pc := parse(*own)
	ready, came := make(chan bool), make(chan ss7.MSU, 16)
	begin := sync.OnceFunc(func() { close(ready) }) // the function below that takes events must not wait
	asp, err := drive.NewM3UA(drive.ASPOf(ss7.ITU, pc, uint32(*rc)),
		func(_, _ ss7.PathID, m *ss7.MSU) {
			kept := *m // an MSU is valid until this returns
			kept.Payload = append([]byte(nil), m.Payload...)
			came <- kept
		},
		func(ev ss7.Event) {
			if ev.Why != "" {
				log.Println("M3UA:", ev.Why)
			}
			if ev.Kind == ss7.InService {
				begin()
			}
		})
	check(err)
	go func() { log.Fatalln("the association ended:", asp.Serve(drive.Gateway, dial(*local, *gateway))) }()
	<-ready
	if *to != "" {
		send(asp, &ss7.MSU{DPC: parse(*to), OPC: pc, SI: ss7.SCCP, Payload: []byte("hello")})
	}
	for m := range came {
		fmt.Printf("%s says %q\n", ss7.ITU.Notation.Format(m.OPC), m.Payload)
		if *to != "" {
			return
		}
		text := "you said " + strings.TrimRight(string(m.Payload), "\x00")
		send(asp, &ss7.MSU{DPC: m.OPC, OPC: pc, SI: ss7.SCCP, SLS: m.SLS, Payload: []byte(text)})
	}
}

func send(asp *drive.M3UA, m *ss7.MSU) {
	m.NI = ss7.International
	check(asp.Send(drive.Server, m))
}

// dial sets an association up by SCTP in UDP, which needs no privileges. sctp.Kernel is the kernel's SCTP.
func dial(local, gateway string) sctp.Assoc {
	at := func(ip string) sctp.Addr {
		return sctp.Addr{IPs: []netip.Addr{netip.MustParseAddr(ip)}, Port: 2905}
	}
	params := sctp.Params{OutStreams: 17, InStreams: 17} // stream 0 is not for DATA (RFC 4666 §1.4.7)
	endpoint, err := sctp.NewUser(sctp.UDP()).Open(at(local), params)
	check(err)
	assoc, err := endpoint.Dial(context.Background(), at(gateway), params)
	check(err)
	return assoc
}

func parse(text string) ss7.PC {
	pc, err := ss7.ITU.Notation.Parse(text)
	check(err)
	return pc
}

func check(err error) {
	if err != nil {
		log.Fatalln(err)
	}
}
