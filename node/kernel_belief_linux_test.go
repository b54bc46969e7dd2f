package node

import (
	"context"
	"strings"
	"testing"

	"github.com/gostp/gostp/m3ua"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/sccp"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// Over the kernel's SCTP too, no neighbour and no ASP stops the translation to a point that is not
// behind it, in whatever name it speaks; the point itself does.
func TestKernelTitlesOutliveWhatOthersSay(t *testing.T) {
	k := kernelHosts(t)
	hosts := strings.NewReplacer("10.0.0.9", "10.0.0.2", "10.0.0.8", "10.0.0.3", "10.0.0.5", "10.0.0.4")
	g := kernelNode(t, hosts.Replace(translating))
	ctx, cancel := context.WithCancel(t.Context())
	n := newStationBy(ctx, t, k, ss7.ITU, "10.50.0.2", "10.50.0.1", itu("3.3.3"), itu("1.1.1"))
	m := newStationBy(ctx, t, k, ss7.ITU, "10.50.0.3", "10.50.0.1", itu("4.4.4"), itu("1.1.1"))
	defer func() {
		cancel()
		n.group.Wait()
		m.group.Wait()
	}()
	const leaves = "leaves as       UDT to 7.7.7"
	g.until("test cs7 gtt 49123", leaves)
	g.until("show cs7 linkset M", "state=avail")
	p := kernelCall(t, kernelEnd(t, k, 2905, "10.50.0.4"), 2905)
	p.tells(m3ua.PPID, bare(xua.ASPUP))
	p.awaits("ASPUP Ack")
	p.tells(m3ua.PPID, bare(xua.ASPAC))
	p.awaits("ASPAC Ack")

	ssp := sccp.Notice{Command: sccp.SSP, SSN: 8, PC: itu("7.7.7")}
	snm := func(x mtp3.Management) ss7.MSU {
		b := mtp3.AppendManagement(nil, ss7.ITU, x)
		return ss7.MSU{OPC: itu("7.7.7"), DPC: itu("1.1.1"), SI: ss7.SNM, Payload: b}
	}
	for _, opc := range []string{"7.7.7", "4.4.4", "3.3.3"} {
		m.forges(notice(opc, ssp))
		data := sctp.Message{Stream: 1, PPID: m3ua.PPID, Data: dataIn(notice(opc, ssp))}
		if _, err := p.a.Send([]sctp.Message{data}); err != nil {
			t.Fatal(err)
		}
	}
	upu := mtp3.Management{Heading: mtp3.UPU, PC: itu("7.7.7"), User: ss7.SCCP, Cause: mtp3.UnequippedUser}
	m.forges(snm(upu))
	m.forges(snm(mtp3.Management{Heading: mtp3.TFC, PC: itu("7.7.7")}))
	scon := m3ua.SSNM{Type: m3ua.SCON, Affected: []uint32{uint32(itu("7.7.7"))}, Level: 3, HasLevel: true}
	for range 20 {
		p.tells(m3ua.PPID, m3ua.AppendSSNM(nil, &scon))
	}
	g.until("show cs7 mtp3 errors", "  SCON 20 ", "  SSP  5 ", "  SSP  1 ", "  TFC  1 ", "  UPU  1 ")
	g.want("test cs7 gtt 49123", leaves)
	g.want("show cs7 sccp statistics", "SSP                 0 ")

	n.forges(notice("7.7.7", ssp))
	g.until("test cs7 gtt 49123", "subsystem failure")
}
