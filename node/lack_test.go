package node

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gostp/gostp/m3ua"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// partial is crossroads with AS A (ASP P), which has circuits 1 to 31 of 2.2.2 towards 4.4.4, and of ASP Q
// AS B (6.6.6), AS C (SCCP of 2.2.3) and AS D (the same circuits of the node's own code).
func partial() string {
	return strings.NewReplacer(" routing-key 55 5.5.5\n", " routing-key 55 2.2.2 si isup opc 4.4.4 cic 1 31\n",
		" routing-key 66 6.6.6 si sccp\n", ` routing-key 66 6.6.6
cs7 as C m3ua
 asp Q
 routing-key 67 2.2.3 si sccp
cs7 as D m3ua
 asp Q
 routing-key 68 1.1.1 si isup opc 4.4.4 cic 1 31
`).Replace(crossroads)
}

// labelled is a DATA message of m with a routing context.
func labelled(rc uint32, m ss7.MSU) []byte { return (&m3ua.Label{RC: rc, HasRC: true}).Append(nil, &m) }

// One message that no key has, that came back, or that is of another network pauses no point that
// others reach (RFC 4666 §3.4.1, §3.4.5; Q.704 §11.2.7, §13.2.2): its sender hears of the user that is
// not there, of a circuit or an origin nothing, and neighbours hear the same in their words.
func TestAnswersAreOfTheDestination(t *testing.T) {
	t.Parallel()
	withStations(t, partial(), func(w *wires, g *box, n, m *station) {
		p, q, done := activeASPs(t, w)
		defer done()
		n.managed()
		m.managed()
		circuit := func(cic byte) []byte { return append([]byte{cic, 0, 1}, make([]byte, 6)...) }
		asp := func(dpc string, si ss7.SI, payload []byte) func() {
			return func() {
				x := ss7.MSU{OPC: itu("6.6.6"), DPC: itu(dpc), SI: si, Payload: payload}
				q.send(1, labelled(66, x))
			}
		}
		by := func(s *station, dpc string, si ss7.SI, payload []byte) func() {
			return func() { s.send(ss7.MSU{DPC: itu(dpc), SI: si, Payload: payload}) }
		}
		step := func(what string, do func(), want ...string) {
			t.Helper()
			do()
			time.Sleep(5 * time.Second)
			if got := []string{q.take(), n.managed(), m.managed()}; !slices.Equal(got, want) {
				t.Errorf("%s: %q, want %q", what, got, want)
			}
		}
		step("an ASP, a circuit that nobody has", asp("2.2.2", ss7.ISUP, circuit(1)), "", "", "")
		step("an ASP, a user that nobody has", asp("2.2.2", ss7.SCCP, circuit(1)),
			"DUPU 2.2.2/14 user 3 cause 1", "", "")
		step("a neighbour, another circuit", by(m, "2.2.2", ss7.ISUP, circuit(40)), "", "", "")
		step("another origin", by(n, "2.2.2", ss7.ISUP, circuit(1)), "", "", "")
		step("a neighbour, another user", by(m, "2.2.2", ss7.SCCP, circuit(1)), "", "", "UPU 2.2.2 user 3 cause 1")
		step("a neighbour, ISUP where SCCP is", by(n, "2.2.3", ss7.ISUP, circuit(1)),
			"", "UPU 2.2.3 user 5 cause 1", "")
		step("an ASP, nobody's code", asp("2.2.4", ss7.SCCP, circuit(1)), "DUNA 2.2.4/14", "", "")
		step("a neighbour, nobody's code", by(n, "2.2.4", ss7.SCCP, circuit(1)), "", "TFP 2.2.4", "")
		step("an ASP, its own code", asp("6.6.6", ss7.SCCP, circuit(1)), "", "", "")
		step("an ASP, the node's code", asp("1.1.1", ss7.TUP, circuit(1)), "DUPU 1.1.1/14 user 4 cause 1", "", "")
		step("an ASP, a circuit of the node's code", asp("1.1.1", ss7.ISUP, circuit(1)), "", "", "")
		step("a neighbour, a circuit of the node's code", by(m, "1.1.1", ss7.ISUP, circuit(40)), "", "", "")
		step("a neighbour, the node's code", by(m, "1.1.1", ss7.TUP, circuit(1)), "", "", "UPU 1.1.1 user 4 cause 1")
		step("a neighbour, its own code", by(n, "3.3.3", ss7.SCCP, circuit(1)), "", "", "")
		step("a neighbour, what is behind it alone", by(n, "7.7.7", ss7.SCCP, circuit(1)), "", "TFP 7.7.7", "")
		step("a neighbour in the node's name", func() {
			m.forges(ss7.MSU{OPC: itu("1.1.1"), DPC: itu("7.7.7"), SI: ss7.SCCP, Payload: circuit(1)})
		}, "", "", "")
		step("an ASP, another network", func() {
			x := ss7.MSU{OPC: itu("6.6.6"), DPC: itu("7.7.7"), NI: ss7.National, SI: ss7.SCCP, Payload: circuit(1)}
			q.send(1, labelled(66, x))
		}, "", "", "")
		step("a neighbour, another network", func() {
			m.forges(ss7.MSU{OPC: itu("4.4.4"), DPC: itu("7.7.7"), NI: ss7.National, SI: ss7.SCCP, Payload: circuit(1)})
		}, "", "", "")
		g.want("show cs7 mtp3 statistics", mtp3.NoKey.String(), mtp3.WrongNetwork.String(), mtp3.Circular.String(),
			mtp3.OwnOrigin.String())
		g.want("ping cs7 2.2.2",
			"2.2.2 is an application server's: no routing key for its DPC has its user, origin or circuit")

		// What serves a part goes: then the user, and then the point, is inaccessible.
		step("AS A goes", func() { p.send(0, bare(xua.ASPIA)) }, "DUNA 2.2.2/14", "TFP 2.2.2", "TFP 2.2.2")
		step("an ASP, a circuit that AS A had", asp("2.2.2", ss7.ISUP, circuit(1)), "DUNA 2.2.2/14", "", "")
		step("AS A comes back", func() { p.send(0, bare(xua.ASPAC)) }, "DAVA 2.2.2/14", "TFA 2.2.2", "TFA 2.2.2")
		g.configure("cs7 as E m3ua", "asp P", "routing-key 56 2.2.3 si isup")
		time.Sleep(5 * time.Second)
		step("the rest of the steps", func() {}, "", "", "")
		step("ISUP of an AS that takes nothing", by(n, "2.2.3", ss7.ISUP, circuit(1)),
			"", "UPU 2.2.3 user 5 cause 2", "")
		step("the same of an ASP", asp("2.2.3", ss7.ISUP, circuit(1)), "DUPU 2.2.3/14 user 5 cause 2", "", "")
	})
}
