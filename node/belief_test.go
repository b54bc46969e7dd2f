package node

import (
	"strings"
	"testing"
	"time"

	"github.com/gostp/gostp/m3ua"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/sccp"
	"github.com/gostp/gostp/ss7"
)

// translating is a gateway that translates titles to subsystem 8 of 7.7.7, which is behind N.
const translating = crossroads + `cs7 gtt selector E164 tt 0 gti 4 np 1 nai 4
 gta 49 pcssn 7.7.7 pcssn ssn 8
`

// notice is a message of SCCP's management to 1.1.1.
func notice(opc string, x sccp.Notice) ss7.MSU {
	address := sccp.AppendAddress(ss7.ITU, nil, &sccp.Address{OnSSN: true, HasSSN: true, SSN: 1})
	data := sccp.AppendNotice(ss7.ITU, nil, x)
	b, _ := sccp.Append(nil, &sccp.Message{Type: sccp.UDT, Called: address, Calling: address, Data: data})
	return ss7.MSU{OPC: itu(opc), DPC: itu("1.1.1"), SI: ss7.SCCP, Payload: b}
}

// forges sends an MSU whatever its OPC.
func (s *station) forges(m ss7.MSU) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put(m)
}

// dataIn is a DATA message of m.
func dataIn(m ss7.MSU) []byte { return (&m3ua.Label{}).Append(nil, &m) }

// What SCCP's management, SCON, DUPU, UPU and TFC say of a point is believed by the way that leads
// there alone (docs/trust.md): else one message would stop the translation to it. What is not
// believed is counted by reason, and told to nobody.
func TestTitlesOutliveWhatOthersSay(t *testing.T) {
	t.Parallel()
	withStations(t, translating, func(w *wires, g *box, n, m *station) {
		p, q, done := activeASPs(t, w)
		defer done()
		step := func(what string, relayed string, do func()) {
			t.Helper()
			do()
			time.Sleep(100 * time.Millisecond)
			got := g.run("test cs7 gtt 49123")
			leaves := strings.Contains(got, "leaves as       UDT to 7.7.7")
			if leaves != (relayed == "") || !strings.Contains(got, relayed) {
				t.Errorf("%s: %s%s", what, got, g.run("show logging"))
			}
		}
		ssp := sccp.Notice{Command: sccp.SSP, SSN: 8, PC: itu("7.7.7")}
		ssa := sccp.Notice{Command: sccp.SSA, SSN: 8, PC: itu("7.7.7")}
		ssc := sccp.Notice{Command: sccp.SSC, SSN: 1, PC: itu("7.7.7"), Congestion: 8}
		tfc := mtp3.Management{Heading: mtp3.TFC, PC: itu("7.7.7")}
		status := func(level uint8) func(*m3ua.SSNM) {
			return func(s *m3ua.SSNM) { s.Level, s.HasLevel = level, true }
		}
		upu := mtp3.Management{Heading: mtp3.UPU, PC: itu("7.7.7"), User: ss7.SCCP, Cause: mtp3.UnequippedUser}
		snm := func(opc string, x mtp3.Management) ss7.MSU {
			b := mtp3.AppendManagement(nil, ss7.ITU, x)
			return ss7.MSU{OPC: itu(opc), DPC: itu("1.1.1"), SI: ss7.SNM, Payload: b}
		}
		step("nothing was said", "", func() {})
		for _, opc := range []string{"4.4.4", "7.7.7", "3.3.3", "2.2.2", "1.1.1"} {
			step("SSP by M in the name of "+opc, "", func() { m.forges(notice(opc, ssp)) })
			step("SSP by an ASP in the name of "+opc, "", func() { p.send(1, dataIn(notice(opc, ssp))) })
			step("SSC by M in the name of "+opc, "", func() { m.forges(notice(opc, ssc)) })
			step("UPU by M in the name of "+opc, "", func() { m.forges(snm(opc, upu)) })
			step("TFC by M in the name of "+opc, "", func() { m.forges(snm(opc, tfc)) })
		}
		step("SSP by N in the name of a third point there", "", func() { n.forges(notice("7.7.6", ssp)) })
		for range 40 { // each counts once in 300 ms (Q.714 §5.2.6)
			p.says(m3ua.SCON, "7.7.7", status(3))
			time.Sleep(310 * time.Millisecond)
		}
		step("SCON by an ASP", "", func() {})
		g.want("show cs7 mtp3 errors", "Not believed, because a point is spoken for by the way that leads there alone:",
			"  SCON 40            no route to the point that it is about leads over the way it came by",
			"  SSP  2             it is in the name of this node itself",
			"  SSP  7             no route to that point leads over the way it came by",
			"  SSP  1             only the point itself, or a neighbour on the way there, may say so",
			"  UPU  ", "  TFC  ")
		g.want("show cs7 sccp statistics", "SSP                 0 ",
			"not believed (`show cs7 mtp3 errors`)                        16\n")
		if got := q.take(); got != "" {
			t.Error("the other ASP hears", got)
		}

		step("SSP of 7.7.7 itself", "subsystem failure", func() { n.forges(notice("7.7.7", ssp)) })
		step("SSA by M in its name", "subsystem failure", func() { m.forges(notice("7.7.7", ssa)) })
		step("SSA of its own", "", func() { n.forges(notice("7.7.7", ssa)) })
		step("SSP of N, which is on the way", "subsystem failure", func() { n.forges(notice("3.3.3", ssp)) })
		step("and SSA", "", func() { n.forges(notice("3.3.3", ssa)) })
		step("UPU of 7.7.7", "SCCP not available there", func() { n.forges(snm("7.7.7", upu)) })
	})
}

// A test (SST), and the words that halves of a duplicated subsystem have for each other (SOR,
// SOG), are answered to whom the way leads back that they came by.
func TestTestsInOthersNames(t *testing.T) {
	t.Parallel()
	config := translating + "cs7 sccp local-ssn 9\ncs7 gtt map 1.1.1 9 dominant 3.3.3 9\n"
	withStations(t, config, func(w *wires, g *box, n, m *station) {
		got := make(chan string, 100)
		n.mu.Lock()
		n.user = func(x *ss7.MSU) {
			if s, err := sccp.Parse(x.Payload); err == nil {
				a, _ := sccp.ParseNotice(ss7.ITU, s.Data)
				got <- a.Command.String()
			}
		}
		n.mu.Unlock()
		heard := func() (out string) {
			time.Sleep(100 * time.Millisecond)
			for len(got) > 0 {
				out += " " + <-got
			}
			return out
		}
		sst := sccp.Notice{Command: sccp.SST, SSN: 9, PC: itu("1.1.1")}
		sor := sccp.Notice{Command: sccp.SOR, SSN: 9, PC: itu("3.3.3")}
		sog := sccp.Notice{Command: sccp.SOG, SSN: 9, PC: itu("1.1.1")}
		for _, x := range []sccp.Notice{sst, sor} {
			m.forges(notice("3.3.3", x))
			if h := heard(); h != "" {
				t.Errorf("%v by M in N's name is answered to N: %s", x.Command, h)
			}
			n.forges(notice("3.3.3", x))
			if h := heard(); h != map[sccp.Command]string{sccp.SST: " SSA", sccp.SOR: " SOG"}[x.Command] {
				t.Errorf("%v of N: %q", x.Command, h)
			}
		}
		g.want("cs7 sccp withdraw 9", "Its other half is asked")
		m.forges(notice("3.3.3", sog))
		heard()
		g.want("show cs7 sccp subsystems", "9    allowed")
		n.forges(notice("3.3.3", sog))
		heard()
		g.want("show cs7 sccp subsystems", "9    prohib")
	})
}
