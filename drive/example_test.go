package drive_test

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/gostp/gostp/drive"
	"github.com/gostp/gostp/m2pa"
	"github.com/gostp/gostp/m3ua"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/sctp/sctptest"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

func at(ip string, port uint16) sctp.Addr {
	return sctp.Addr{IPs: []netip.Addr{netip.MustParseAddr(ip)}, Port: port}
}

// pair makes an association between two addresses, within the process. A program has the kernel's SCTP instead
// (sctp.Kernel), and dials or accepts.
func pair(tr sctp.Transport, near, far sctp.Addr) (a, b sctp.Assoc) {
	params := sctp.Params{OutStreams: 17, InStreams: 17}
	open := func(own sctp.Addr) sctp.Endpoint {
		e, err := tr.Open(own, params)
		if err != nil {
			panic(err)
		}
		return e
	}
	from, to := open(near), open(far)
	a, err := from.Dial(context.Background(), far, params)
	if err != nil {
		panic(err)
	}
	if b, err = to.Accept(context.Background()); err != nil {
		panic(err)
	}
	return a, b
}

// Two ends of an M2PA link, which each send the other an MSU.
func ExampleLink() {
	near, far := pair(sctp.NewUser(sctptest.NewMemory(1)), at("10.0.0.1", 3565), at("10.0.0.2", 3565))
	ready, came := make(chan bool, 2), make(chan string, 2)
	end := func(name string) *drive.Link {
		return drive.NewLink(m2pa.DefaultConfig(),
			func(_ time.Time, msus []*ss7.MSU) {
				for _, m := range msus {
					came <- fmt.Sprintf("%s received %q", name, m.Payload)
				}
			},
			func(ev ss7.Event) {
				if ev.Kind == ss7.InService {
					ready <- true
				}
			})
	}
	a, b := end("a"), end("b")
	for link, assoc := range map[*drive.Link]sctp.Assoc{a: near, b: far} {
		link.Tell(ss7.Event{Kind: ss7.Emergency}) // it proves itself for half a second, not eight
		link.Tell(ss7.Event{Kind: ss7.Start})
		go link.Serve(assoc)
	}
	<-ready
	<-ready
	a.Send(&ss7.MSU{DPC: 2, OPC: 1, SI: ss7.ISUP, Payload: []byte("hello")})
	fmt.Println(<-came)
	b.Send(&ss7.MSU{DPC: 1, OPC: 2, SI: ss7.ISUP, Payload: []byte("good day")})
	fmt.Println(<-came)
	a.Close("the example is over")
	b.Close("the example is over")
	// Output:
	// b received "hello"
	// a received "good day"
}

// ASPs of a gateway: one with point code 5, one with 6. The gateway sends each MSU to the AS whose key it fits.
func ExampleM3UA() {
	tr := sctp.NewUser(sctptest.NewMemory(1))
	var gateway *drive.M3UA
	gateway, _ = drive.NewM3UA(twoServers(),
		func(_, _ ss7.PathID, m *ss7.MSU) {
			if as, ok := gateway.Select(m); ok {
				_ = gateway.Send(as, m)
			}
		},
		func(ss7.Event) {})
	came := make(chan string)
	asp := func(own ss7.PC, rc uint32, path ss7.PathID, near, far sctp.Addr) *drive.M3UA {
		ready := make(chan bool)
		x, _ := drive.NewM3UA(drive.ASPOf(ss7.ITU, own, rc),
			func(_, _ ss7.PathID, m *ss7.MSU) { came <- fmt.Sprintf("%d received %q", own, m.Payload) },
			func(ev ss7.Event) {
				if ev.Kind == ss7.InService && ev.Path == drive.Server {
					close(ready)
				}
			})
		a, b := pair(tr, near, far)
		go gateway.Serve(path, b)
		go x.Serve(drive.Gateway, a)
		<-ready
		return x
	}
	five := asp(5, 105, aspFive, at("10.0.0.5", 2905), at("10.0.0.1", 2905))
	six := asp(6, 106, aspSix, at("10.0.0.6", 2905), at("10.0.0.1", 2906))
	_ = five.Send(drive.Server, &ss7.MSU{DPC: 6, OPC: 5, SI: ss7.SCCP, Payload: []byte("hello")})
	fmt.Println(<-came)
	_ = six.Send(drive.Server, &ss7.MSU{DPC: 5, OPC: 6, SI: ss7.SCCP, Payload: []byte("good day")})
	fmt.Println(<-came)
	gateway.Close("the example is over")
	// Output:
	// 6 received "hello"
	// 5 received "good day"
}

// Paths of the gateway: its ASPs, and the AS that each serves.
const (
	aspFive ss7.PathID = iota + 1
	aspSix
	asFive
	asSix
)

// twoServers is a gateway with two application servers of one ASP each.
func twoServers() m3ua.Config {
	c := m3ua.Config{Networks: []m3ua.Network{{Variant: ss7.ITU}}}
	for _, s := range []struct {
		asp, as ss7.PathID
		pc      ss7.PC
	}{{aspFive, asFive, 5}, {aspSix, asSix, 6}} {
		name := fmt.Sprint("server of ", s.pc)
		c.ASPs = append(c.ASPs, m3ua.ASPConfig{ASPConfig: xua.ASPConfig{Path: s.asp, Name: name}})
		as := m3ua.ASConfig{Key: m3ua.Key{Terms: []m3ua.Term{{DPC: ss7.Range{PC: s.pc, Len: ss7.ITU.Bits()}}}}}
		as.ASConfig = xua.ASConfig{Path: s.as, Name: name, ID: 100 + uint32(s.pc), HasID: true,
			Members: []xua.MemberConfig{{ASP: s.asp, Weight: 1}}}
		c.ASs = append(c.ASs, as)
	}
	return c
}
