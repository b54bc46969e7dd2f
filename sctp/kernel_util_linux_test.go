package sctp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gostp/gostp/sctp/wire"

	"golang.org/x/sys/unix"
)

// sh runs a shell command as root. The commands change the network, so that it runs
// none unless labs/kernel/run has given this process a network of its own.
func sh(t testing.TB, command string) {
	t.Helper()
	if os.Getenv("GOSTP_KERNEL") != "1" {
		t.Skip("this changes the network: labs/kernel/test.sh runs it in one of its own")
	}
	if out, err := exec.Command("sh", "-c", command).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", command, err, out)
	}
}

// tunNet is a Network of one address behind a TUN device of this namespace, so that
// packets of our stack cross the kernel's IP beside the kernel's own SCTP: the
// address is not the kernel's, which therefore does not answer for it.
type tunNet struct {
	t    testing.TB
	near netip.Addr // the kernel's end
	far  netip.Addr // ours
}

func (n tunNet) Source(netip.Addr) netip.Addr { return n.far }

func (n tunNet) Open(netip.AddrPort) (wire.Wire, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	r, _ := unix.NewIfreq("gostptun")
	r.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, r); err != nil {
		return nil, err
	}
	sh(n.t, fmt.Sprintf("ip addr add %v peer %v dev gostptun && ip link set gostptun up", n.near, n.far))
	return &tunWire{n, os.NewFile(uintptr(fd), "tun"), make([]byte, 65536), sync.Mutex{}, nil}, nil
}

type tunWire struct {
	n   tunNet
	f   *os.File
	in  []byte
	mu  sync.Mutex
	out []byte
}

func (*tunWire) MTU() int       { return 1480 }
func (w *tunWire) Close() error { return w.f.Close() }

func (w *tunWire) Write(ps []wire.Packet) (sent int, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range ps {
		src, dst := w.n.far.As4(), p.Addr.Addr().As4()
		h := []byte{0x45, p.DSCP << 2, 0, 0, 0, 0, 0, 0, 64, 132, 0, 0}
		h = append(append(h, src[:]...), dst[:]...)
		binary.BigEndian.PutUint16(h[2:], uint16(20+len(p.Data)))
		var sum uint32
		for i := 0; i < 20; i += 2 {
			sum += uint32(binary.BigEndian.Uint16(h[i:]))
		}
		sum = sum>>16 + sum&0xffff
		binary.BigEndian.PutUint16(h[10:], ^uint16(sum+sum>>16))
		w.out = append(append(w.out[:0], h...), p.Data...)
		if _, err = w.f.Write(w.out); err == nil {
			sent++
		}
	}
	return sent, err
}

func (w *tunWire) Read(ps []wire.Packet) (int, error) {
	for {
		n, err := w.f.Read(w.in)
		if errors.Is(err, os.ErrClosed) {
			return 0, net.ErrClosed
		}
		if err != nil {
			return 0, err
		}
		if n > 20 && w.in[0]>>4 == 4 && w.in[9] == 132 {
			ihl := int(w.in[0]&15) * 4
			ps[0] = wire.Packet{Addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte(w.in[12:16])), 0), Data: w.in[ihl:n]}
			return 1, nil
		}
	}
}

// far is a helper process in a network namespace of its own, joined to this one by
// two veths, near addresses 10.201.N.1, far ones 10.201.N.2.
type far struct {
	t   *testing.T
	cmd *exec.Cmd
}

var (
	nearIPs = []netip.Addr{netip.MustParseAddr("10.201.1.1"), netip.MustParseAddr("10.201.2.1")}
	farIPs  = []netip.Addr{netip.MustParseAddr("10.201.1.2"), netip.MustParseAddr("10.201.2.2")}
	farAddr = Addr{IPs: farIPs, Port: 2905}
)

func farSide(t *testing.T) {
	kernelTransport(t)
	for n := 1; n <= 2; n++ {
		ns := ""
		if n == 1 {
			ns = "ip netns add gostpfar && ip -n gostpfar link set lo up && "
			t.Cleanup(func() { sh(t, "ip netns del gostpfar") })
		}
		sh(t, fmt.Sprintf("%[2]sip link add gv%[1]d type veth peer name gv%[1]d netns gostpfar && ip addr add "+
			"10.201.%[1]d.1/24 dev gv%[1]d && ip link set gv%[1]d up && "+
			"ip -n gostpfar addr add 10.201.%[1]d.2/24 dev gv%[1]d && ip -n gostpfar link set gv%[1]d up", n, ns))
	}
}

// cut loses all packets on a veth, both ways, or none.
func cut(t *testing.T, n int, on bool) {
	t.Helper()
	for _, at := range []string{"", "-n gostpfar "} {
		if on {
			sh(t, fmt.Sprintf("tc %sqdisc replace dev gv%d root netem loss 100%%", at, n))
		} else {
			sh(t, fmt.Sprintf("tc %sqdisc del dev gv%d root", at, n))
		}
	}
}

// startFar runs TestKernelHelper over there; it is killed at the end of the test.
func startFar(t *testing.T, what string) *far {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("ip", "netns", "exec", "gostpfar", exe, "-test.run", "^TestKernelHelper$")
	cmd.Env = append(os.Environ(), "GOSTP_FAR="+what)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	f := &far{t, cmd}
	t.Cleanup(f.kill)
	return f
}

func (f *far) kill() {
	_ = f.cmd.Process.Kill()
	_ = f.cmd.Wait()
}

func (f *far) signal(s os.Signal) {
	if err := f.cmd.Process.Signal(s); err != nil {
		f.t.Fatal(err)
	}
}

// TestKernelHelper is the far process: "accept" or "dial", and it sends back what comes.
// Where nobody asks for it there is nothing to test.
func TestKernelHelper(t *testing.T) {
	what := os.Getenv("GOSTP_FAR")
	if what == "" {
		return
	}
	e := openKernel(t, quick, 2905, farIPs...)
	for {
		var a Assoc
		var err error
		if strings.HasPrefix(what, "dial") {
			a, err = e.Dial(t.Context(), Addr{IPs: nearIPs, Port: 2905}, Params{})
		} else {
			a, err = e.Accept(t.Context())
		}
		if err != nil {
			time.Sleep(50 * time.Millisecond)
			continue
		}
		b := NewBatch(64)
		for a.Read(b) == nil {
			for _, it := range b.Items {
				if it.Event == nil {
					sendAll(t, a, []Message{it.Message})
				}
			}
		}
	}
}
