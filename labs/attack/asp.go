package main

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/gostp/gostp/m3ua"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// asp speaks M3UA (RFC 4666), or M2UA, on an association.
type asp struct {
	*assoc
	ppid uint32
}

// asp makes an ASP at an address and port of the case, with an association to port 2905 of host 1. It gives nil
// if it gets no association.
func (t *trial) asp(from netip.Addr, port uint16, listed ...netip.Addr) *asp {
	if a := t.dial(from, port, t.at(1), 2905, listed...); a != nil {
		return &asp{a, m3ua.PPID}
	}
	return nil
}

// tell sends a message with parameters that are written already.
func (a *asp) tell(typ xua.Type, params ...[]byte) {
	b := xua.Begin(nil, typ)
	for _, p := range params {
		b = append(b, p...)
	}
	a.send(0, a.ppid, xua.End(b, 0))
}

func rc(v uint32) []byte { return xua.AppendUint32(nil, xua.TagRoutingContext, v) }

// hears waits for a message of a type, and passes over others. It gives nil if none came.
func (a *asp) hears(typ xua.Type, most time.Duration) []byte {
	end := time.After(most)
	for {
		select {
		case m := <-a.in:
			if len(m.data) >= 8 && xua.Type(binary.BigEndian.Uint16(m.data[2:])) == typ {
				return m.data
			}
		case <-a.aborted:
			return nil
		case <-end:
			return nil
		}
	}
}

// comesUp tells whether ASP Up is acknowledged.
func (a *asp) comesUp() bool {
	a.tell(xua.ASPUP)
	return a.hears(xua.ASPUPAck, 2*time.Second) != nil
}

// activates tells whether ASP Active for a routing context is acknowledged.
func (a *asp) activates(context uint32) bool {
	a.tell(xua.ASPAC, rc(context))
	return a.hears(xua.ASPACAck, 2*time.Second) != nil
}

// serves makes an honest ASP. It tries, each time with a new association, until it is active for a routing
// context. It gives nil if it was not within the time.
func (t *trial) serves(from netip.Addr, port uint16, context uint32, most time.Duration, listed ...netip.Addr) *asp {
	for end := time.Now().Add(most); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		a := t.asp(from, port, listed...)
		if a != nil && a.comesUp() && a.activates(context) {
			return a
		}
		if a != nil {
			a.abort()
		}
	}
	return nil
}

// msu sends DATA of an active ASP.
func (a *asp) msu(context uint32, opc, dpc ss7.PC, si ss7.SI, sls uint8, payload []byte) {
	v := binary.BigEndian.AppendUint32(nil, uint32(opc))
	v = binary.BigEndian.AppendUint32(v, uint32(dpc))
	v = append(append(v, byte(si), 0, 0, sls), payload...)
	b := append(xua.Begin(nil, m3ua.DATA), rc(context)...)
	a.send(1, a.ppid, xua.End(xua.AppendBytes(b, 0x0210, v), 0))
}

// receives tells whether DATA comes whose payload ends with ending.
func (a *asp) receives(ending string, most time.Duration) bool {
	for end := time.Now().Add(most); time.Now().Before(end) && !a.isOver(); {
		var d m3ua.Data
		b := a.hears(m3ua.DATA, time.Until(end))
		if b != nil && m3ua.ParseData(b, &d) == nil && strings.HasSuffix(string(d.MSU.Payload), ending) {
			return true
		}
	}
	return false
}

// pc reads a point code.
func pc(text string) ss7.PC {
	var a, b, c int
	_, _ = fmt.Sscanf(text, "%d.%d.%d", &a, &b, &c) // the texts stand in this program
	return ss7.PC(a<<11 | b<<3 | c)
}

// gateway is the node of most cases. ASP P serves 2.2.2, ASP Q serves 3.3.3.
const gateway = `hostname A
cs7 variant itu
cs7 network-indicator international
cs7 point-code 1.1.1
cs7 transport TRANSPORT
cs7 m3ua 2905
 local-ip NET.1
cs7 asp P 0 2905 m3ua
 remote-ip NET.2
cs7 asp Q 0 2905 m3ua
 remote-ip NET.3
cs7 as PP m3ua
 asp P
 routing-key 10 2.2.2
 traffic-mode override
cs7 as QQ m3ua
 asp Q
 routing-key 20 3.3.3
 traffic-mode override
`

// linkGateway offers a link to ASP MGC by M2UA.
const linkGateway = `hostname SG
cs7 transport TRANSPORT
cs7 m2ua 2904
 local-ip NET.1
cs7 asp MGC 0 2904 m2ua
 remote-ip NET.2
cs7 local-peer 1025
 local-ip NET.1
cs7 as EXCH m2ua
 asp MGC
 traffic-mode override
 interface-identifier 1 sctp NET.9 1025 1025
`
