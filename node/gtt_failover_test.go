package node

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gostp/gostp/m3ua"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/sccp"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// relayConfig is the STP of the failovers: 2.2.2 sends titles; 3.3.3 is behind two
// STPs, 5.5.1 before 5.5.2; 4.4.4 is adjacent; AS HLR is 6.6.6.
const relayConfig = `hostname R
cs7 network-indicator international
cs7 point-code 1.1.1
cs7 local-peer 1024
 local-ip 10.1.0.1
cs7 local-peer 1025
 local-ip 10.1.1.1
cs7 local-peer 1026
 local-ip 10.1.2.1
cs7 local-peer 1027
 local-ip 10.1.3.1
cs7 linkset ORIGIN 2.2.2
 link 0 sctp 10.1.0.9 1024 1024 passive
cs7 linkset ONE 5.5.1
 link 0 sctp 10.1.1.9 1024 1025 passive
cs7 linkset TWO 5.5.2
 link 0 sctp 10.1.2.9 1024 1026 passive
cs7 linkset OTHER 4.4.4
 link 0 sctp 10.1.3.9 1024 1027 passive
cs7 route-table system
 update route 3.3.3/14 linkset ONE priority 1
 update route 3.3.3/14 linkset TWO priority 2
cs7 m3ua 2905
 local-ip 10.1.4.1
cs7 asp H1 2905 2905 m3ua
 remote-ip 10.1.4.5
cs7 asp H2 2905 2905 m3ua
 remote-ip 10.1.4.6
cs7 as HLR m3ua
 asp H1
 asp H2
 routing-key 55 6.6.6
 traffic-mode loadshare
 recovery-timeout 2000
cs7 gtt application-group G
 multiplicity MODE
 MEMBER 1 pcssn
 pc 4.4.4 2 pcssn
cs7 gtt map 3.3.3 6 solitary
cs7 gtt selector S tt 0 gti 4 np 1 nai 4
 gta 49 ENTRY
`

// outcome is what became of one message: where it arrived, in which order, and the
// cause with which it came back.
type outcome struct {
	arrived, returned int
	cause             uint8
}

type messageID struct {
	sls    uint8
	serial uint32
}

// failover is relayConfig at work, and the judge of what its messages became.
type failover struct {
	t                       *testing.T
	w                       *wires
	r                       *box
	origin, one, two, other *station
	h1, h2                  *asProcess

	mu         sync.Mutex
	refuses    bool // subsystem 6 of 3.3.3 is out of service
	sent       int
	outcomes   map[messageID]*outcome
	last       map[uint8]uint32
	misordered int
	at         map[string]int            // arrivals by place
	ways       map[uint8]map[string]bool // places by SLS
}

func onFailover(t *testing.T, mode, member, entry string, f func(x *failover)) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		w := newWires()
		x := &failover{t: t, w: w, r: boxOn(t, w, strings.NewReplacer("MODE", mode, "MEMBER", member, "ENTRY",
			entry).Replace(relayConfig)),
			outcomes: map[messageID]*outcome{}, last: map[uint8]uint32{}, at: map[string]int{},
			ways: map[uint8]map[string]bool{}}
		defer x.r.Close()
		time.Sleep(100 * time.Millisecond)
		stationAt := func(n int, pc string, user func(s *station, m *ss7.MSU)) *station {
			s := newStation(ctx, t, w, fmt.Sprintf("10.1.%d.9", n), fmt.Sprintf("10.1.%d.1:%d", n, 1024+n), itu(pc),
				itu("1.1.1"))
			s.mu.Lock()
			s.user = func(m *ss7.MSU) { user(s, m) }
			s.mu.Unlock()
			return s
		}
		x.origin = stationAt(0, "2.2.2", func(_ *station, m *ss7.MSU) { x.arrive("origin", m) })
		x.one = stationAt(1, "5.5.1", x.serve("3.3.3 by 5.5.1"))
		x.two = stationAt(2, "5.5.2", x.serve("3.3.3 by 5.5.2"))
		x.other = stationAt(3, "4.4.4", x.serve("4.4.4"))
		x.h1, x.h2 = newASProcess(t, w, "10.1.4.5", x.arrive), newASProcess(t, w, "10.1.4.6", x.arrive)
		defer func() {
			cancel()
			for _, s := range []*station{x.origin, x.one, x.two, x.other} {
				s.group.Wait()
			}
			x.h1.close()
			x.h2.close()
		}()
		time.Sleep(20 * time.Second)
		f(x)
	})
}

// serve is a subsystem 6 at place, of 3.3.3 or of 4.4.4.
func (x *failover) serve(place string) func(*station, *ss7.MSU) {
	return func(s *station, m *ss7.MSU) {
		x.mu.Lock()
		refuses := x.refuses && place != "4.4.4"
		x.mu.Unlock()
		if msg, err := sccp.Parse(m.Payload); refuses && err == nil && !msg.Type.Service() &&
			msg.Class&sccp.ReturnOption != 0 {
			back := sccp.Message{Type: msg.Type + 1, Hops: 15, Cause: uint8(sccp.SubsystemFailure), Called: msg.Calling,
				Calling: msg.Called, Data: msg.Data, Options: msg.Options}
			p, _ := sccp.Append(nil, &back)
			s.put(ss7.MSU{DPC: itu("2.2.2"), OPC: itu("3.3.3"), SLS: m.SLS, NI: ss7.International, SI: ss7.SCCP, Payload: p})
			return
		}
		x.arrive(place, m)
	}
}

// arrive writes down a message that got somewhere, or back to its origin.
func (x *failover) arrive(place string, m *ss7.MSU) {
	msg, err := sccp.Parse(m.Payload)
	if err != nil || len(msg.Data) != 40 {
		return // of management
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	id := messageID{m.SLS, binary.BigEndian.Uint32(msg.Data)}
	o := x.outcomes[id]
	if o == nil {
		o = &outcome{}
		x.outcomes[id] = o
	}
	if msg.Type.Service() {
		o.returned++
		o.cause = msg.Cause
		return
	}
	o.arrived++
	x.at[place]++
	if x.ways[id.sls] == nil {
		x.ways[id.sls] = map[string]bool{}
	}
	x.ways[id.sls][place] = true
	if last, ok := x.last[id.sls]; ok && id.serial < last {
		x.misordered++
	}
	x.last[id.sls] = max(x.last[id.sls], id.serial)
}

// stream sends messages of class 1 with return on error, 1,000 a second, numbered
// within each SLS, for as long as f takes and a while after. Those of odd SLS are the
// first and second segments of longer ones.
func (x *failover) stream(f func()) {
	done, stopped := make(chan bool), make(chan bool)
	me := itu("2.2.2")
	called := sccp.AppendAddress(ss7.ITU, nil, &sccp.Address{HasSSN: true, SSN: 6, GTI: 4,
		Title: []byte{0, 0x12, 4, 0x94, 0x21}})
	calling := sccp.AppendAddress(ss7.ITU, nil, &sccp.Address{OnSSN: true, HasPC: true, PC: me, HasSSN: true, SSN: 8})
	go func() {
		defer close(stopped)
		for i := 0; ; i++ {
			select {
			case <-done:
				return
			case <-time.After(time.Millisecond):
			}
			data := append(binary.BigEndian.AppendUint32(nil, uint32(i/16)), make([]byte, 36)...)
			m := sccp.Message{Type: sccp.UDT, Class: 1 | sccp.ReturnOption, Called: called, Calling: calling, Data: data}
			if i%2 == 1 {
				m.Type, m.Hops, m.Options = sccp.XUDT, 15, segmentation(i/16)
			}
			p, _ := sccp.Append(nil, &m)
			x.origin.send(ss7.MSU{DPC: itu("1.1.1"), SLS: uint8(i % 16), SI: ss7.SCCP, Payload: p})
			x.mu.Lock()
			x.sent++
			x.mu.Unlock()
		}
	}()
	time.Sleep(time.Second)
	f()
	time.Sleep(2 * time.Second)
	close(done)
	<-stopped
	time.Sleep(5 * time.Second)
}

// segmentation is the parameter of the first segment, and then of the second, of each
// message (Q.713 §3.17).
func segmentation(serial int) []byte {
	ref := byte(serial / 2)
	if serial%2 == 0 {
		return []byte{0x10, 4, 0xc1, ref, 0, 1}
	}
	return []byte{0x10, 4, 0x40, ref, 0, 1}
}

// judged is the account of all messages.
type judged struct {
	sent, arrived, returned, lost, twice, misordered int
	causes                                           map[sccp.Cause]int
}

func (x *failover) judge() judged {
	x.mu.Lock()
	defer x.mu.Unlock()
	j := judged{sent: x.sent, misordered: x.misordered, causes: map[sccp.Cause]int{}}
	for _, o := range x.outcomes {
		if o.arrived+o.returned > 1 {
			j.twice++
		}
		if o.returned > 0 {
			j.returned++
			j.causes[sccp.Cause(o.cause)]++
		} else {
			j.arrived++
		}
	}
	j.lost = j.sent - len(x.outcomes)
	return j
}

// wandering tells whether messages of one SLS went to several places.
func (x *failover) wandering() bool {
	for _, places := range x.ways {
		if len(places) != 1 {
			return true
		}
	}
	return false
}

// discarded is every MSU that the node counts as gone.
func (x *failover) discarded() (n int) {
	for r := range mtp3.Reasons {
		n += int(x.r.discards.by[r].Load())
	}
	return n
}

// asProcess is an ASP of AS HLR.
type asProcess struct {
	t   *testing.T
	e   sctp.Endpoint
	a   sctp.Assoc
	out sync.WaitGroup
}

func newASProcess(t *testing.T, w *wires, ip string, arrive func(string, *ss7.MSU)) *asProcess {
	t.Helper()
	at := func(ip string) sctp.Addr { return sctp.Addr{IPs: []netip.Addr{netip.MustParseAddr(ip)}, Port: 2905} }
	params := sctp.Params{OutStreams: 17, InStreams: 17}
	e, err := sctp.NewUser(w).Open(at(ip), params)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	p := &asProcess{t: t, e: e}
	if p.a, err = e.Dial(ctx, at("10.1.4.1"), params); err != nil {
		t.Fatal(err)
	}
	p.out.Go(func() {
		batch := sctp.NewBatch(64)
		for p.a.Read(batch) == nil {
			for _, it := range batch.Items {
				var d m3ua.Data
				if it.Event == nil && m3ua.IsData(it.Data) && m3ua.ParseData(it.Data, &d) == nil {
					arrive("AS at "+ip, &d.MSU)
				}
			}
		}
	})
	p.say(bare(xua.ASPUP))
	time.Sleep(100 * time.Millisecond)
	p.active()
	return p
}

func (p *asProcess) say(b []byte) {
	if _, err := p.a.Send([]sctp.Message{{PPID: m3ua.PPID, Data: b}}); err != nil {
		p.t.Error(err)
	}
}

func (p *asProcess) active()   { p.say(bare(xua.ASPAC)) }
func (p *asProcess) inactive() { p.say(bare(xua.ASPIA)) }

func (p *asProcess) close() {
	p.a.Abort("the test is over")
	p.out.Wait()
	p.e.Close()
}

// management sends from 3.3.3, by way of 5.5.1, what its SCCP says of subsystem 6.
func (x *failover) management(c sccp.Command) {
	address := []byte{0x42, 1}
	p, _ := sccp.Append(nil, &sccp.Message{Type: sccp.UDT, Called: address, Calling: address,
		Data: sccp.AppendNotice(ss7.ITU, nil, sccp.Notice{Command: c, SSN: 6, PC: itu("3.3.3")})})
	x.one.mu.Lock()
	defer x.one.mu.Unlock()
	x.one.put(ss7.MSU{DPC: itu("1.1.1"), OPC: itu("3.3.3"), NI: ss7.International, SI: ss7.SCCP, Payload: p})
}

// transfer has an STP say what it knows of 3.3.3.
func (x *failover) transfer(s *station, h mtp3.Heading) {
	s.send(ss7.MSU{DPC: itu("1.1.1"), SI: ss7.SNM, Payload: mtp3.AppendManagement(nil, ss7.ITU,
		mtp3.Management{Heading: h, PC: itu("3.3.3")})})
}

// fault is something that happens under load. Lost messages are the node's to answer
// for unless they were in the hands of SCTP and M2PA when the far end went silent:
// silent is for how long that may be. waits: what waited for an ASP in vain is counted.
// causes are those with which messages come back because no member is left.
type fault struct {
	name, entry, member string
	silent              time.Duration
	waits               bool
	causes              []sccp.Cause
	f                   func(x *failover)
}

const (
	toPoint  = "pc 3.3.3 ssn 6"
	toServer = "asname HLR"
	alone    = "asname HLR pcssn ssn 6"
	single   = "pcssn 3.3.3 pcssn ssn 6"
	grouped  = "app-grp G"
)

var faults = []fault{
	{name: "nothing fails", entry: grouped, member: toPoint, f: func(x *failover) {}},
	{name: "nothing fails, AS", entry: grouped, member: toServer, f: func(x *failover) {}},
	{name: "route prohibited", entry: grouped, member: toPoint, f: func(x *failover) {
		x.transfer(x.one, mtp3.TFP)
		time.Sleep(3 * time.Second)
		x.transfer(x.one, mtp3.TFA)
	}},
	// T7
	{name: "only link to the first STP cut", entry: grouped, member: toPoint, silent: 2 * time.Second,
		f: func(x *failover) {
			x.w.setCut("10.1.1.1", true)
			time.Sleep(8 * time.Second)
			x.w.setCut("10.1.1.1", false)
			time.Sleep(15 * time.Second)
		}},
	{name: "point inaccessible", entry: grouped, member: toPoint, f: func(x *failover) {
		x.transfer(x.one, mtp3.TFP)
		x.transfer(x.two, mtp3.TFP)
		time.Sleep(3 * time.Second)
		x.transfer(x.one, mtp3.TFA)
	}},
	{name: "subsystem prohibited, SSP after 100 ms", entry: grouped, member: toPoint, f: func(x *failover) {
		x.refuse(true)
		time.Sleep(100 * time.Millisecond)
		x.management(sccp.SSP)
		time.Sleep(3 * time.Second)
		x.refuse(false)
		x.management(sccp.SSA)
	}},
	{name: "user part unavailable (UPU)", entry: grouped, member: toPoint, f: func(x *failover) {
		x.one.send(userPartGone())
		time.Sleep(3 * time.Second)
		x.r.want("test cs7 gtt 4912 ssn 6", "pc 3.3.3             cost 1   SCCP prohibited there")
		time.Sleep(35 * time.Second) // a test, and nobody says otherwise
		x.r.want("test cs7 gtt 4912 ssn 6", "pc 3.3.3             cost 1   available")
	}},
	{name: "point inaccessible, no other member", entry: single, member: toPoint,
		causes: []sccp.Cause{sccp.MTPFailure}, f: func(x *failover) {
			x.transfer(x.one, mtp3.TFP)
			x.transfer(x.two, mtp3.TFP)
			time.Sleep(3 * time.Second)
			x.transfer(x.one, mtp3.TFA)
		}},
	{name: "subsystem prohibited, no other member", entry: single, member: toPoint,
		causes: []sccp.Cause{sccp.SubsystemFailure}, f: func(x *failover) {
			x.management(sccp.SSP)
			time.Sleep(3 * time.Second)
			x.management(sccp.SSA)
		}},
	{name: "user part unavailable, no other member", entry: single, member: toPoint,
		causes: []sccp.Cause{sccp.SCCPFailure}, f: func(x *failover) {
			x.one.send(userPartGone())
			time.Sleep(35 * time.Second)
		}},
	{name: "one ASP of two inactive", entry: grouped, member: toServer, f: func(x *failover) {
		x.h1.inactive()
		time.Sleep(3 * time.Second)
		x.h1.active()
	}},
	{name: "all ASPs inactive", entry: grouped, member: toServer, f: func(x *failover) {
		x.h1.inactive()
		x.h2.inactive()
		time.Sleep(5 * time.Second)
		x.h1.active()
	}},
	// retransmissions
	{name: "one ASP cut", entry: grouped, member: toServer, silent: 5 * time.Second, f: func(x *failover) {
		x.w.setCut("10.1.4.5", true)
		time.Sleep(10 * time.Second)
	}},
	{name: "all ASPs inactive, no other member, back within T(r)", entry: alone, member: toServer, f: func(x *failover) {
		x.h1.inactive()
		x.h2.inactive()
		time.Sleep(time.Second)
		x.h1.active()
	}},
	{name: "all ASPs inactive, no other member, beyond T(r)", entry: alone, member: toServer, waits: true,
		f: func(x *failover) {
			x.h1.inactive()
			x.h2.inactive()
			time.Sleep(5 * time.Second)
			x.h1.active()
		}},
}

// userPartGone says that 3.3.3 has no SCCP for the time being.
func userPartGone() ss7.MSU {
	return ss7.MSU{DPC: itu("1.1.1"), SI: ss7.SNM,
		Payload: mtp3.AppendManagement(nil, ss7.ITU, mtp3.Management{Heading: mtp3.UPU, PC: itu("3.3.3"), User: ss7.SCCP,
			Cause: mtp3.InaccessibleUser})}
}

func (x *failover) refuse(on bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.refuses = on
}

// Members fail and return at each level while messages of class 1 come in, 1,000 a
// second: the account of what became of them. None is doubled or overtaken, and none
// is lost but in the hands of who went silent, or counted.
func TestFailoverUnderLoad(t *testing.T) {
	t.Parallel()
	modes := []string{"cost", "share"}
	if testing.Short() {
		modes = modes[1:]
	}
	for _, c := range faults {
		for _, mode := range modes {
			t.Run(c.name+"/"+mode, func(t *testing.T) {
				t.Parallel()
				onFailover(t, mode, c.member, c.entry, func(x *failover) {
					before := x.discarded()
					x.stream(func() { c.f(x) })
					j, discarded := x.judge(), x.discarded()-before
					t.Logf("sent %d: arrived %d, returned %d %v, lost %d of which counted %d; by place %v", j.sent, j.arrived,
						j.returned, j.causes, j.lost, discarded, x.at)
					if j.twice > 0 || j.misordered > 0 {
						t.Errorf("%d twice, %d misordered", j.twice, j.misordered)
					}
					if most := int(c.silent/time.Millisecond) + discarded; j.lost > most || discarded > 0 && !c.waits {
						t.Errorf("%d lost; %d may be, %d of them counted", j.lost, most, discarded)
					}
					for _, cause := range c.causes {
						if j.causes[cause] < 1000 || j.causes[cause] != j.returned {
							t.Errorf("returned: %v, want more than 1,000 of %v alone", j.causes, cause)
						}
					}
					if strings.HasPrefix(c.name, "nothing") && (j.arrived != j.sent || x.wandering()) {
						t.Errorf("of %d arrived %d; places by SLS %v", j.sent, j.arrived, x.ways)
					}
					if x.at["AS at 10.1.4.5"]+x.at["3.3.3 by 5.5.1"] == 0 ||
						c.entry == grouped && mode == "share" && x.at["4.4.4"] == 0 {
						t.Error("a member had no part in it")
					}
					if t.Failed() {
						t.Log(x.r.run("show logging"), x.r.run("show cs7 mtp3 statistics"))
					}
				})
			})
		}
	}
}
