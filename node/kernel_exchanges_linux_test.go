package node

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/m3ua"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// labOfExchanges is the STP's file of a lab of two exchanges of FreeSWITCH, as it is for osmo-stp.
const labOfExchanges = `log stderr
 logging filter all 1
line vty
 no login
cs7 instance 0
 network-indicator national
 point-code 0.0.5
 xua rkm routing-key-allocation dynamic-permitted
 listen m3ua 2905
  accept-asp-connections dynamic-permitted
`

// raw sends octets as a recording has them.
func (p *player) raw(stream uint16, octets string) {
	p.t.Helper()
	b, err := hex.DecodeString(octets)
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err := p.a.Send([]sctp.Message{{Stream: stream, PPID: m3ua.PPID, Data: b}}); err != nil {
		p.t.Error(err)
	}
}

// arrives brings up an exchange as the recording of that lab does: ASPUP, BEAT, REG REQ with the
// routing context of its code and override, ASPAC without a mode.
func (p *player) arrives(code string) {
	p.t.Helper()
	p.raw(0, "0100030100000008")
	p.awaits("ASPUP Ack")
	p.raw(0, "0100030300000008")
	p.awaits("BEAT Ack")
	p.raw(0, "010009010000002c02070024020a00080000000100060008000000"+code+"000b000800000001020b0008000000"+code)
	p.awaits("REG RSP 1: 0 [" + code[1:] + "]")
	p.raw(0, "01000401000000100006000800"+"0000"+code)
	p.awaits("ASPAC Ack [" + code[1:] + "]")
}

// Two exchanges, of which the STP's file says nothing, come over the kernel's SCTP as a
// recording has them, and a call crosses, message by message; an alternate ASP of the first
// takes its traffic over.
func TestKernelTwoExchanges(t *testing.T) {
	k := kernelHosts(t)
	a := kernelNode(t, labOfExchanges)
	a.until("show cs7 m3ua", "bound")
	two := kernelCall(t, kernelEnd(t, k, 5002, "10.50.0.3"), 2905)
	two.arrives("02")
	one := kernelCall(t, kernelEnd(t, k, 5001, "10.50.0.2"), 2905)
	one.arrives("01")
	two.awaits("DAVA [2] 1")
	call := []struct {
		from, to *player
		wire     string // as it is sent
		comes    string
	}{
		{one, two, "01000101000000300210001f0000000100000002050200010100010060100a0002000403100120000006000800000001",
			"DATA [2] 1 to 2 0100010060100a0002000403100120"}, // IAM
		{two, one, "01000101000000280210001600000002000000010502000101000612140000000006000800000002",
			"DATA [1] 2 to 1 010006121400"}, // ACM
		{two, one, "010001010000002402100014000000020000000105020001010009000006000800000002",
			"DATA [1] 2 to 1 01000900"}, // ANM
		{one, two, "01000101000000280210001800000001000000020502000101000c02000281900006000800000001",
			"DATA [2] 1 to 2 01000c0200028190"}, // REL
		{two, one, "010001010000002402100014000000020000000105020001010010000006000800000002",
			"DATA [1] 2 to 1 01001000"}, // RLC
	}
	for _, m := range call {
		m.from.raw(1, m.wire)
		m.to.awaits(m.comes)
	}
	spare := kernelCall(t, kernelEnd(t, k, 5003, "10.50.0.4"), 2905)
	spare.arrives("01")
	one.awaits("NTFY alternate ASP active [1]")
	two.raw(1, call[4].wire)
	spare.awaits(call[4].comes)
	a.until("show cs7 as", "as-rkm-1     active", "as-rkm-2     active")
}

// Over the kernel's SCTP too, one source has its share of the places for strangers and of what they
// may register, and nobody gets what a summary route covers; who says no ASPUP is let go of.
func TestKernelStrangersHaveShares(t *testing.T) {
	k := kernelHosts(t)
	const gateway = ` asp GW 2905 2905 m3ua
  remote-ip 10.0.0.99
 as GW m3ua
  asp GW
  routing-key 77 0.9.7
 route-table system
  update route 0.7.0/11 as GW
`
	a := kernelNode(t, exchangeLab+gateway)
	a.until("show cs7 m3ua", "bound")
	const share = configs.DefaultStrangers / 5
	var camper *player
	for port := range uint16(share) {
		camper = kernelCall(t, kernelEnd(t, k, 6000+port, "10.50.0.2"), 2905)
	}
	kernelCall(t, kernelEnd(t, k, 5999, "10.50.0.2"), 2905).awaits("end")
	a.until("show logging", "10.50.0.2 has 51 of the 256 places")

	up := func(port uint16) *player {
		p := kernelCall(t, kernelEnd(t, k, port, "10.50.0.3"), 2905)
		p.raw(0, "0100030100000008")
		p.awaits("ASPUP Ack")
		return p
	}
	p, pc, registered := up(5000), ss7.PC(1000), 0
	p.tells(m3ua.PPID, chooses(1, 0, 7<<3|1))
	p.awaits("REG RSP 1: 5 [0]")
	for n := range 4 {
		for full := false; !full; {
			var regs []m3ua.Registration
			for range m3ua.MaxKeys {
				pc++
				term := m3ua.Term{DPC: ss7.Range{PC: pc, Len: 14}}
				regs = append(regs, m3ua.Registration{LocalID: uint32(pc), Key: m3ua.Key{Terms: []m3ua.Term{term}}})
			}
			p.tells(m3ua.PPID, m3ua.AppendRegistrations(nil, regs, 14))
			got := p.awaits("REG RSP")
			registered += strings.Count(got, ": 0 [")
			full = strings.Contains(got, ": 8 [0]")
		}
		p = up(5001 + uint16(n))
	}
	if most := m3ua.MaxDynamic / 4; registered < 64 || registered > most {
		t.Errorf("one source has registered %d AS", registered)
	}
	a.until("show logging", "10.50.0.3 holds ", "registrations, the share of one source")
	for ended := ""; !strings.HasSuffix(ended, "end"); { // a minute after it came
		ended = camper.hears()
	}
	a.until("show logging", "the far end has not said ASPUP for 1m0s")
	p.tells(m3ua.PPID, bare(xua.ASPUP))
	p.awaits("ASPUP Ack")
}
