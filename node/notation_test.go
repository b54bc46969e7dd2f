package node

import (
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/sccp"
	"github.com/gostp/gostp/sctp/sctptest"
	"github.com/gostp/gostp/ss7"
)

// dotted finds what may be a point code or an address with dots.
var dotted = regexp.MustCompile(`[0-9.]*[0-9]\.[0-9][0-9.]*`)

// notations checks that no code in text is written in the variant's own notation, with two
// dots, and that some is in the one that is configured.
func notations(t *testing.T, what, text string) {
	t.Helper()
	for _, l := range strings.Split(text, "\n") {
		for _, x := range dotted.FindAllString(l, -1) {
			if strings.Count(strings.Trim(x, "."), ".") == 2 {
				t.Errorf("%s writes %s in: %s", what, x, l)
			}
		}
	}
	if !strings.Contains(text, "2-2-2") {
		t.Errorf("%s has no 2-2-2:\n%s", what, text)
	}
}

// How point codes are written holds in every line of the log, in events, alarms and reasons.
func TestNotationHoldsEverywhere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := sctptest.NewMemory(1)
		dashed := strings.NewReplacer("1.1.1", "1-1-1", "2.2.2", "2-2-2").Replace(reasonA)
		a := newBox(t, m, "cs7 point-code delimiter dash\n"+dashed+"cs7 route-table system\n update route "+
			"3-0-0/3 linkset B\n")
		b := newBox(t, m, reasonB)
		defer a.Close()
		defer b.Close()
		a.run("debug all")
		time.Sleep(time.Minute)
		tell := func(s *box, si ss7.SI, dpc, opc string, payload []byte) {
			m := &ss7.MSU{DPC: itu(dpc), OPC: itu(opc), NI: ss7.International, SI: si, Payload: payload}
			for _, l := range s.view.Load().paths {
				if l != nil {
					l.send(time.Now(), m)
				}
			}
			time.Sleep(2 * time.Second)
		}
		manage := func(x mtp3.Management) []byte { return mtp3.AppendManagement(nil, ss7.ITU, x) }
		scmg := func(n sccp.Notice) []byte {
			own := sccp.Address{OnSSN: true, HasSSN: true, SSN: 1}
			addr := sccp.AppendAddress(ss7.ITU, nil, &own)
			out, _ := sccp.Append(nil, &sccp.Message{Type: sccp.UDT, Called: addr, Calling: addr,
				Data: sccp.AppendNotice(ss7.ITU, nil, n)})
			return out
		}
		tell(b, ss7.SNM, "1.1.1", "2.2.2", manage(mtp3.Management{Heading: mtp3.TFP, PC: itu("3.4.5")}))
		tell(b, ss7.SNM, "1.1.1", "2.2.2", manage(mtp3.Management{Heading: mtp3.TFC, PC: itu("3.4.5")}))
		tell(b, ss7.SNM, "1.1.1", "2.2.2", manage(mtp3.Management{Heading: mtp3.UPU, PC: itu("2.2.2"), User: ss7.SCCP}))
		tell(b, ss7.SNM, "1.1.1", "2.2.7", manage(mtp3.Management{Heading: mtp3.TRA}))
		tell(b, ss7.SCCP, "1.1.1", "2.2.2", scmg(sccp.Notice{Command: sccp.SSP, SSN: 8, PC: itu("2.2.2")}))
		tell(b, ss7.SCCP, "1.1.1", "2.2.2", scmg(sccp.Notice{Command: sccp.SSP, SSN: 1, PC: itu("2.2.2")}))
		tell(b, ss7.SCCP, "6.6.6", "2.2.2", []byte{9})
		tell(b, ss7.ISUP, "3.4.5", "2.2.2", []byte{1, 2, 3})
		a.run("ping cs7 3-4-6 timeout 100")
		ping := a.run("ping cs7 2-2-2") + a.run("trace cs7 2-2-2")
		m.SetFaults(sctptest.Faults{Cut: true})
		time.Sleep(time.Minute)
		ping += a.run("ping cs7 2-2-2")
		notations(t, "show alarms", a.run("show alarms")+a.run("show alarms history"))
		notations(t, "show cs7 mtp3 event-history", a.run("show cs7 mtp3 event-history"))
		notations(t, "show cs7 linkset", a.run("show cs7 linkset detail"))
		notations(t, "show cs7 route", a.run("show cs7 route detail"))
		notations(t, "the log", a.run("show logging"))
		notations(t, "ping", ping)
		t.Log(a.run("show logging"))
	})
}
