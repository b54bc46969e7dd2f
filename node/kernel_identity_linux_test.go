package node

import (
	"context"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/gostp/gostp/m2ua"
	"github.com/gostp/gostp/m3ua"
	"github.com/gostp/gostp/machine"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/xua"
)

// kernelHosts gives this machine the addresses 10.50.0.1, the node's, to 10.50.0.4. It runs
// only where labs/kernel/run has given this process a network of its own.
func kernelHosts(t *testing.T) sctp.Transport {
	t.Helper()
	if os.Getenv("GOSTP_KERNEL") != "1" {
		t.Skip("labs/kernel/test.sh runs this where there is a kernel with SCTP and a network of its own")
	}
	k, err := sctp.Kernel()
	if err != nil {
		t.Fatal(err)
	}
	for _, ip := range []string{"10.50.0.1", "10.50.0.2", "10.50.0.3", "10.50.0.4"} {
		shell(t, "ip addr replace "+ip+"/32 dev lo")
	}
	return k
}

func shell(t *testing.T, command string) {
	t.Helper()
	if out, err := exec.Command("sh", "-c", command).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", command, err, out)
	}
}

func kernelEnd(t *testing.T, k sctp.Transport, port uint16, ips ...string) sctp.Endpoint {
	t.Helper()
	at := sctp.Addr{Port: port}
	for _, ip := range ips {
		at.IPs = append(at.IPs, netip.MustParseAddr(ip))
	}
	e, err := k.Open(at, sctp.Params{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

// kernelCall sets up an association to a port of the node, and tries again while it is refused.
func kernelCall(t *testing.T, e sctp.Endpoint, port uint16) *player {
	t.Helper()
	to := sctp.Addr{IPs: []netip.Addr{netip.MustParseAddr("10.50.0.1")}, Port: port}
	for {
		a, err := e.Dial(context.Background(), to, sctp.Params{})
		if err == nil {
			p := &player{t: t, a: a}
			go p.listen()
			return p
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// awaits hears until a text has come.
func (p *player) awaits(text string) string {
	p.t.Helper()
	all := ""
	for range 300 {
		if all += p.hears(); strings.Contains(all, text) {
			return all
		}
		if strings.HasSuffix(all, "end") {
			break
		}
	}
	p.t.Fatalf("no %q in %q", text, all)
	return ""
}

func (p *player) tells(ppid uint32, b []byte) {
	p.t.Helper()
	if _, err := p.a.Send([]sctp.Message{{PPID: ppid, Data: b}}); err != nil {
		p.t.Error(err)
	}
}

// kernelNode is a node over the kernel's SCTP.
func kernelNode(t *testing.T, config string) *box {
	config = strings.ReplaceAll(strings.ReplaceAll(config, "10.0.0.200", "10.50.0.3"), "10.0.0.", "10.50.0.")
	a := newBoxOn(t, machine.This(), config)
	t.Cleanup(a.Close)
	return a
}

// Over the kernel's SCTP a listed address identifies nobody either, whatever kind of port it
// is; and it is its owner's again when the association has ended that listed it.
func TestKernelListedAddressIdentifiesNobody(t *testing.T) {
	k := kernelHosts(t)
	a := kernelNode(t, strings.ReplaceAll(everyKind, "10.0.0.9", "10.50.0.4"))
	for port, who := range kinds {
		shell(t, "ip addr replace 10.50.0.3/32 dev lo")
		a.until("show cs7 local-peer", "bound")
		liar := kernelEnd(t, k, 5000, "10.50.0.2", "10.50.0.3")
		// What the node sends to the listed address reaches nobody; the liar lists it all the same.
		shell(t, "ip route del table local local 10.50.0.3 dev lo")
		p := kernelCall(t, liar, port)
		p.tells(m3ua.PPID, bare(xua.ASPUP))
		if got := p.awaits("end"); strings.Contains(got, "Ack") {
			t.Errorf("%s: a stranger hears %q", who, got)
		}
		a.until("show logging", "refused: it lists an address of "+who+", from which nothing has answered within 5s")
		if got := a.run("show logging"); strings.Contains(got, " of "+who+" is up with") {
			t.Errorf("%s: the stranger was served: %s", who, got)
		}
		liar.Close()

		shell(t, "ip addr del 10.50.0.3/32 dev lo; ip addr add 10.50.0.3/32 dev lo")
		real := kernelEnd(t, k, 5000, "10.50.0.3", "10.50.0.4")
		p = kernelCall(t, real, port)
		a.until("show logging", " of "+who+" is up with 10.50.0.")
		ppid := uint32(m3ua.PPID)
		if port == 2906 {
			ppid = m2ua.PPID
		}
		if port != 2904 {
			p.tells(ppid, bare(xua.ASPUP))
			p.awaits("ASPUP Ack")
		}
		real.Close()
	}
}

// Over the kernel's SCTP too, strangers stay through lines of configuration; one that becomes
// a configured ASP is told and comes again as that; one that is shut down has no association.
func TestKernelStrangersStay(t *testing.T) {
	k := kernelHosts(t)
	a := kernelNode(t, exchangeLab)
	e := kernelEnd(t, k, 5000, "10.50.0.3")
	p := kernelCall(t, e, 2905)
	p.tells(m3ua.PPID, bare(xua.ASPUP))
	p.awaits("ASPUP Ack")
	p.tells(m3ua.PPID, chooses(7, 2, 1<<11|1<<3|1))
	p.awaits("REG RSP")
	p.tells(m3ua.PPID, naming(xua.ASPAC, 7))
	p.awaits("ASPAC Ack [7]")
	for _, line := range []string{"hostname OTHER", "cs7 asp OTHER 2905 2905 m3ua", "cs7 as SOME m3ua", "hostname A"} {
		a.configure(line)
	}
	p.tells(m3ua.PPID, naming(xua.ASPIA, 7))
	p.awaits("ASPIA Ack [7]")

	a.configure("cs7 asp MSC 0 2905 m3ua", "remote-ip 10.50.0.3")
	p.awaits("ASPDN Ack")
	p = kernelCall(t, e, 2905)
	p.tells(m3ua.PPID, bare(xua.ASPUP))
	p.awaits("ASPUP Ack")
	a.until("show logging", "of ASP MSC is up with 10.50.0.3 port 5000")

	a.configure("cs7 asp MSC 0 2905 m3ua", "shutdown")
	p.awaits("ASPDN Ack")
	p = kernelCall(t, e, 2905)
	if got := p.awaits("end"); strings.Contains(got, "Ack") {
		t.Errorf("who is shut down hears %q", got)
	}
	a.until("show logging", "association refused: ASP MSC is shut down by configuration")
}

// Two ASPs at one address and any port are told apart over the kernel's SCTP.
func TestKernelASPsAtOneAddress(t *testing.T) {
	k := kernelHosts(t)
	a := kernelNode(t, twoAtOne(false, ""))
	for i, rc := range []uint32{11, 10} {
		p := kernelCall(t, kernelEnd(t, k, 5000+uint16(i), "10.50.0.3"), 2905)
		p.tells(m3ua.PPID, bare(xua.ASPUP))
		p.awaits("ASPUP Ack")
		p.tells(m3ua.PPID, naming(xua.ASPAC, rc))
		p.awaits("ASPAC Ack")
	}
	a.until("show cs7 as", "OF-MSC       active", "OF-BSC       active")
}
