package node

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/m2pa"
	"github.com/gostp/gostp/machine"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/routing"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/sctp/sctptest"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/startup"
)

// memoryPlatform is a machine whose addresses all exist.
type memoryPlatform struct {
	machine.NoIP
	*sctptest.Memory
	t sctp.Transport
}

func onMemory(m *sctptest.Memory) memoryPlatform {
	return memoryPlatform{Memory: m, t: sctp.NewUser(m)}
}

func (p memoryPlatform) Transport(configs.Transport) (sctp.Transport, string, error) {
	return p.t, "memory", nil
}

// box is a node with a console.
type box struct {
	t *testing.T
	*Node
	out     bytes.Buffer
	session *cli.Session
}

func newBox(t *testing.T, net *sctptest.Memory, config string) *box {
	return newBoxOn(t, onMemory(net), config)
}

func newBoxOn(t *testing.T, p Platform, config string) *box {
	return bootBox(t, Options{Platform: p, Store: startup.Memory("memory", []byte(config)), Version: "test"})
}

func bootBox(t *testing.T, opt Options) *box {
	b := &box{t: t, Node: New(opt)}
	for _, e := range b.Boot() {
		t.Error(e)
	}
	b.session = cli.NewSession(b.Node, b.Tree(), &b.out)
	b.session.Enable()
	return b
}

// run types lines and gives what they print.
func (b *box) run(lines ...string) string {
	b.out.Reset()
	for _, l := range lines {
		b.session.Run(context.Background(), l)
	}
	return b.out.String()
}

func (b *box) want(command string, texts ...string) {
	b.t.Helper()
	got := b.run(command)
	for _, w := range texts {
		if !strings.Contains(got, w) {
			b.t.Errorf("%s: no %q in:\n%s", command, w, got)
		}
	}
}

const configA = `hostname A
cs7 network-indicator international
cs7 point-code 1.1.1
cs7 local-peer 1024
 local-ip 10.0.0.1
cs7 linkset B 2.2.2
 link 0 sctp 10.0.0.2 1024 1024
 link 1 sctp 10.0.0.2 1025 1024
cs7 route-table system
 update route 3.0.0/3 linkset B
 update route 2.2.0/11 linkset B
`

const configB = `hostname B
cs7 network-indicator international
cs7 point-code 2.2.2
cs7 secondary-pc 2.2.3
cs7 local-peer 1024
 local-ip 10.0.0.2
cs7 local-peer 1025
 local-ip 10.0.0.2
cs7 linkset A 1.1.1
 link 0 sctp 10.0.0.1 1024 1024
 link 1 sctp 10.0.0.1 1024 1025
`

// network runs f with two nodes joined by two links, in virtual time.
func network(t *testing.T, f func(net *sctptest.Memory, a, b *box)) {
	synctest.Test(t, func(t *testing.T) {
		net := sctptest.NewMemory(1)
		a, b := newBox(t, net, configA), newBox(t, net, configB)
		defer a.Close()
		defer b.Close()
		time.Sleep(15 * time.Second)
		f(net, a, b)
	})
}

func TestTwoNodes(t *testing.T) {
	t.Parallel()
	network(t, func(net *sctptest.Memory, a, b *box) {
		a.want("show cs7 linkset", "lsn=B                   apc=2.2.2         state=avail     avail/links=2/2",
			"  00   10.0.0.2 1024 1024           avail     InService         -----",
			"  01   10.0.0.2 1025 1024           avail     InService         -----")
		a.want("ping cs7 2.2.2 count 32 rate 1000", "100% successful packets(32/32)")
		b.want("ping cs7 1.1.1 opc 2.2.3 size 268", "100% successful")
		a.want("show cs7 linkset statistics", "  00   ", "  01   ")
		a.want("ping cs7 3.3.3 timeout 100", "0% successful packets(0/1)", "no route", "% test failed")
		b.want("show cs7 mtp3 statistics", "MSUs discarded: no route to the destination")
		b.want("show logging", "DISCARD")
		a.want("show cs7 route explain 3.4.3 from B", "DISCARDED: only way out is the linkset it came by")
		a.want("show cs7 route 3.3.3", "Dynamic Routes 1 of 1000", "UNAVAIL dyn management",
			"reason: 2.2.2 prohibits it (TFP)", "over linkset B: PROHIBITED by 2.2.2")
		a.want("show cs7 route explain 1.1.1", "delivered here")
		a.want("ping cs7 1.1.1", "100% successful")
	})
}

// Everything under the links dies and returns: reasons are told, links recover.
func TestOutageOfTheNetwork(t *testing.T) {
	t.Parallel()
	network(t, func(net *sctptest.Memory, a, b *box) {
		net.SetFaults(sctptest.Faults{Cut: true})
		time.Sleep(20 * time.Second)
		a.want("show cs7 linkset", "avail/links=0/2", "reason: no association", "10.0.0.2")
		a.want("ping cs7 2.2.2", "% 2.2.2 is inaccessible", "linkset B is down")
		a.want("show logging", "%CS7MTP3-5-DESTSTATUS: Destination 2.2.2 is inaccessible",
			"%CS7MTP3-5-LINK: Link 0 of linkset B is unavailable")
		net.SetFaults(sctptest.Faults{})
		time.Sleep(30 * time.Second)
		a.want("show cs7 linkset", "avail/links=2/2")
		a.want("ping cs7 2.2.2", "100% successful")
	})
}

// A node that stops and returns from the same ports.
func TestRestartOfANode(t *testing.T) {
	t.Parallel()
	network(t, func(net *sctptest.Memory, a, b *box) {
		b.Close()
		time.Sleep(5 * time.Second)
		a.want("show cs7 linkset", "avail/links=0/2")
		again := newBox(t, net, configB)
		defer again.Close()
		time.Sleep(20 * time.Second)
		a.want("show cs7 linkset", "avail/links=2/2")
		again.want("ping cs7 1.1.1 count 16 rate 100", "100% successful")
	})
}

func TestConfigureLive(t *testing.T) {
	t.Parallel()
	network(t, func(net *sctptest.Memory, a, b *box) {
		a.run("configure terminal")
		a.want("cs7 route-table system")
		a.want("update route 4.0.0/3 linkset NONE", "% route 4.0.0/3: linkset NONE does not exist")
		a.want("update route 4.0.0/3 linkset B priority 2")
		if p := a.session.Prompt(); p != "A(config-cs7-rt)#" {
			t.Error(p)
		}
		a.want("do show cs7 route", "4.0.0/3          acces   2  B                   avail")
		a.want("cs7 linkset B") // a global command in a submode
		a.want("link 5 sctp 10.0.0.9 1024 9999", "% linkset B link 5: local-peer 9999 does not exist")
		a.want("no link 1")
		a.want("do show cs7 linkset", "avail/links=1/1")
		time.Sleep(10 * time.Second)
		b.want("show cs7 linkset", "avail/links=1/2", "reason: ")
		a.lacks("do show logging", "SENDFAILED") // a removed link's farewell is no loss
		a.want("shutdown")
		a.want("do show cs7 linkset", "state=shutdown", "reason: linkset is shut down by configuration")
		a.want("no shutdown")
		a.want("no cs7 local-peer 1024", "% local-peer 1024 is in use by linkset B link 0")
		time.Sleep(20 * time.Second)
		a.want("do show cs7 linkset", "avail/links=1/1")
		a.want("do ping cs7 2.2.2", "100% successful")
		a.run("end")
		before := a.run("show running-config")
		a.want("reload", "`write memory` first, or `reload force`")
		a.want("write memory", "[OK]")
		a.want("reload")
		time.Sleep(20 * time.Second)
		if after := a.run("show running-config"); after != before {
			t.Errorf("before:\n%s\nafter:\n%s", before, after)
		}
		a.want("ping cs7 2.2.2", "100% successful")
	})
}

// The far end is set up otherwise: both ends say what is wrong.
func TestWrongFarEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		net := sctptest.NewMemory(1)
		a := newBox(t, net, strings.Replace(configA, "linkset B 2.2.2", "linkset B 2.2.7", 1))
		b := newBox(t, net, configB)
		defer a.Close()
		defer b.Close()
		time.Sleep(30 * time.Second)
		a.want("show cs7 linkset", "avail/links=0/2", "the far end is 2.2.2; linkset B expects 2.2.7")
		b.want("show cs7 linkset", "avail/links=0/2", "the far end expects this node to be 2.2.7; it is 2.2.2")
	})
}

// Every command that shows something answers in every state of the node.
func TestShowCommands(t *testing.T) {
	t.Parallel()
	all := []string{"show running-config", "show startup-config", "show version", "show clock", "show logging",
		"show ip interface brief", "show ip route", "show ipv6 route", "show cs7 linkset", "show cs7 linkset detail",
		"show cs7 linkset statistics", "show cs7 m2pa state", "show cs7 m2pa timers", "show cs7 m2pa statistics",
		"show cs7 m2pa peers", "show sctp association", "show cs7 route", "show cs7 route 2.2.2",
		"show cs7 route detail", "show cs7 route explain 7.7.7", "show cs7 point-code", "show cs7 mask 3.4.0/9",
		"show cs7 pc 2067", "show cs7 mtp3 statistics", "show cs7 instance 0 linkset B"}
	check := func(b *box, when string) {
		for _, c := range all {
			out := b.run(c)
			if strings.Contains(out, "Invalid input") || out == "" {
				b.t.Errorf("%s, %s: %q", when, c, out)
			}
		}
	}
	network(t, func(net *sctptest.Memory, a, b *box) {
		check(a, "in service")
		net.SetFaults(sctptest.Faults{Cut: true})
		time.Sleep(20 * time.Second)
		check(a, "down")
		empty := newBox(t, net, "")
		defer empty.Close()
		check(empty, "empty")
	})
}

func TestBootWithFaults(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := New(Options{Platform: onMemory(sctptest.NewMemory(1)),
			Store: startup.Memory("m", []byte("hostname X\nnonsense\ncs7 point-code 1.1.1\n")), Version: "test"})
		defer n.Close()
		if errs := n.Boot(); len(errs) != 1 || !strings.Contains(errs[0].Error(), "line 2") {
			t.Error(errs)
		}
		if n.Hostname() != "X" || n.Config().PC == nil {
			t.Error("what is sound does not run")
		}
	})
}

// transit is the way of an MSU without sockets: M2PA in, decision, M2PA out.
type transit struct {
	in, out *m2pa.Link
	table   *routing.Table
	wire    []byte
	fsn     uint32
	actions []ss7.Action
	ack     []byte
}

func newTransit(t testing.TB, routes int) *transit {
	x := &transit{in: m2pa.New(1, m2pa.DefaultConfig()), out: m2pa.New(2, m2pa.DefaultConfig()), fsn: 1<<24 - 1}
	for _, l := range []*m2pa.Link{x.in, x.out} {
		now := time.Unix(0, 0)
		for _, k := range []ss7.Kind{ss7.Emergency, ss7.Start, ss7.CommUp} {
			l.Do(now, ss7.Event{Kind: k}, nil)
		}
		l.Recv(now, 0, m2pa.Append(nil, m2pa.Message{Type: m2pa.LinkStatus, Status: m2pa.ProvingEmergency}), nil)
		l.Tick(now.Add(time.Second), nil)
		l.Recv(now, 0, m2pa.Append(nil, m2pa.Message{Type: m2pa.LinkStatus, Status: m2pa.Ready}), nil)
		if l.Status().State != m2pa.InService {
			t.Fatal("not in service")
		}
	}
	var rs []routing.Route
	for i := range routes {
		rs = append(rs, routing.Route{Dest: ss7.Range{PC: ss7.PC(16383 - i), Len: 14}, Linkset: 1, Priority: 5})
	}
	x.table = routing.NewPlan(ss7.ITU, ss7.International, nil, rs).NewTable([]routing.Linkset{
		{Name: "in", Links: []routing.Link{{Path: 1, Ready: true}}},
		{Name: "out", Links: []routing.Link{{Path: 2, Ready: true}}}})
	m := ss7.MSU{DPC: 16383, OPC: 5, SI: ss7.SCCP, NI: ss7.International, Payload: make([]byte, 60)}
	x.wire = m2pa.Append(nil, m2pa.Message{Type: m2pa.UserData, BSN: 1<<24 - 1, MSU: ss7.ITU.AppendMSU(nil, &m)})
	return x
}

func (x *transit) step(t testing.TB) {
	now := time.Unix(10, 0)
	x.fsn = (x.fsn + 1) & (1<<24 - 1)
	x.wire[13], x.wire[14], x.wire[15] = byte(x.fsn>>16), byte(x.fsn>>8), byte(x.fsn)
	x.actions = x.in.Recv(now, 1, x.wire, x.actions[:0])
	m := &x.actions[len(x.actions)-1].Event.MSU
	d := mtp3.Decide(x.table, m, 1)
	if d.Fate != mtp3.Forward || d.Path != 2 {
		t.Fatal("not forwarded")
	}
	ev := ss7.Event{Kind: ss7.Transfer, Path: d.Path, MSU: *m}
	x.actions = x.out.Do(now, ev, x.actions[:0])
	if x.fsn&63 == 63 { // the far end acknowledges now and then
		x.ack = m2pa.Append(x.ack[:0], m2pa.Message{Type: m2pa.UserData, BSN: x.fsn, FSN: 1<<24 - 1})
		x.actions = x.out.Recv(now, 1, x.ack, x.actions[:0])
	}
}

func TestTransitAllocatesNothing(t *testing.T) {
	x := newTransit(t, 10)
	for range 200 {
		x.step(t)
	}
	if n := testing.AllocsPerRun(1000, func() { x.step(t) }); n != 0 {
		t.Errorf("%v allocations for each MSU", n)
	}
}

// BenchmarkTransit is what an MSU costs from M2PA message to M2PA message.
func BenchmarkTransit(b *testing.B) {
	for _, routes := range []int{10, 16384} {
		b.Run(fmt.Sprint(routes), func(b *testing.B) {
			x := newTransit(b, routes)
			b.ReportAllocs()
			for b.Loop() {
				x.step(b)
			}
		})
	}
}

// BenchmarkHandOver puts the two shapes of the way between links side by side:
// the reader offers to the outgoing link under its lock, or hands the batch to that
// link's own goroutine and waits for the buffers to come back.
func BenchmarkHandOver(b *testing.B) {
	for _, size := range []int{1, 64} {
		batch := make([]ss7.MSU, size)
		b.Run(fmt.Sprintf("lock/%d", size), func(b *testing.B) {
			x := newTransit(b, 10)
			mu := make(chan struct{}, 1)
			for b.Loop() {
				mu <- struct{}{}
				x.offer(batch)
				<-mu
			}
		})
		b.Run(fmt.Sprintf("mailbox/%d", size), func(b *testing.B) {
			x := newTransit(b, 10)
			box, back := make(chan []ss7.MSU), make(chan struct{})
			go func() {
				for m := range box {
					x.offer(m)
					back <- struct{}{}
				}
			}()
			for b.Loop() {
				box <- batch
				<-back
			}
			close(box)
		})
	}
}

func (x *transit) offer(batch []ss7.MSU) {
	x.actions = x.actions[:0]
	for _, m := range batch {
		x.actions = x.out.Do(time.Unix(10, 0), ss7.Event{Kind: ss7.Transfer, MSU: m}, x.actions)
	}
	x.fsn += uint32(len(batch))
	x.ack = m2pa.Append(x.ack[:0], m2pa.Message{Type: m2pa.UserData, BSN: x.fsn, FSN: 1<<24 - 1})
	x.actions = x.out.Recv(time.Unix(10, 0), 1, x.ack, x.actions[:0])
}

// FuzzCommands types anything at a node's console.
func FuzzCommands(f *testing.F) {
	for _, s := range []string{"show cs7 linkset detail | include x", "configure terminal\ncs7 linkset X 1.2.3\nlink 0 " +
		"sctp 10.0.0.1 1 1024\nno shutdown\nend", "cs7 ?", "\x00\xff", "ping cs7 1.1.1 count"} {
		f.Add(s)
	}
	n := New(Options{Platform: onMemory(sctptest.NewMemory(1)), Store: startup.Memory("m", nil), Version: "test"})
	f.Cleanup(n.Close)
	f.Fuzz(func(t *testing.T, s string) {
		if err := n.Apply(configs.New()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // nothing waits
		var out bytes.Buffer
		c := cli.NewSession(n, n.Tree(), &out)
		c.Enable()
		for _, line := range strings.Split(s, "\n") {
			c.Run(ctx, line)
			c.Help(line)
			c.Complete(line, len(line))
		}
	})
}
