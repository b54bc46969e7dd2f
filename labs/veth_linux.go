package labs

import (
	"errors"
	"fmt"
	"sync"
	"time"
	"unsafe"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/gostp/gostp/capture"
	"github.com/gostp/gostp/internal/lock"
)

// netemQueue is how many packets a wire holds while it delays them.
const netemQueue = 100_000

// vethWire is a pair of veths. A fault is a queueing discipline at each end, so that it concerns both
// directions. The interfaces stay up, as they do when a line breaks somewhere between two nodes.
type vethWire struct {
	name string
	ends [2]vethEnd

	mu     lock.Mutex[lock.LabWire]
	down   bool
	faults Faults
}

type vethEnd struct {
	node   string
	device string
	handle *netlink.Handle // in the node's namespace
	index  int
}

// wire makes the veths of a link, up at both ends.
func (s *spaces) wire(k Link) (*vethWire, error) {
	a, b := s.ns[k.A.Node], s.ns[k.B.Node]
	pair := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: k.A.Interface, Namespace: netlink.NsFd(a)},
		PeerName: k.B.Interface, PeerNamespace: netlink.NsFd(b)}
	if err := netlink.LinkAdd(pair); err != nil {
		return nil, err
	}
	w := &vethWire{name: k.name()}
	for i, e := range []End{k.A, k.B} {
		h, err := netlink.NewHandleAt(s.ns[e.Node], unix.NETLINK_ROUTE)
		if err != nil {
			return nil, err
		}
		l, err := h.LinkByName(e.Interface)
		if err == nil {
			err = h.LinkSetUp(l)
		}
		if err != nil {
			h.Close()
			return nil, fmt.Errorf("%s of %s: %w", e.Interface, e.Node, err)
		}
		w.ends[i] = vethEnd{e.Node, e.Interface, h, l.Attrs().Index}
		if err := s.fullChecksums(e); err != nil {
			return nil, fmt.Errorf("%s of %s: %w", e.Interface, e.Node, err)
		}
	}
	return w, nil
}

// fullChecksums makes the kernel finish checksums before packets enter a veth. Otherwise a userspace SCTP at
// the far end, and captures, see unfinished ones. It is called on the lab's own thread.
func (s *spaces) fullChecksums(e End) error {
	const setTxChecksum = 0x17 // ETHTOOL_STXCSUM
	value := struct{ cmd, data uint32 }{cmd: setTxChecksum}
	request := struct {
		name [unix.IFNAMSIZ]byte
		data unsafe.Pointer
		_    [16]byte
	}{data: unsafe.Pointer(&value)}
	copy(request.name[:unix.IFNAMSIZ-1], e.Interface)
	return s.within(e.Node, func() error {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		if _, _, e := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&request))); e != 0 {
			return fmt.Errorf("transmit checksums: %w", e)
		}
		return nil
	})
}

func (w *vethWire) Name() string { return w.name }

func (w *vethWire) State() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return wireState(!w.down, w.faults)
}

func (w *vethWire) Faults() Faults {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.faults
}

func (w *vethWire) SetUp(up bool) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.set(!up, w.faults)
}

func (w *vethWire) SetFaults(f Faults) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.set(w.down, f)
}

// set puts the queueing discipline for a state at both ends. The caller holds mu.
func (w *vethWire) set(down bool, f Faults) error {
	for _, e := range w.ends {
		root := netlink.QdiscAttrs{LinkIndex: e.index, Parent: netlink.HANDLE_ROOT, Handle: netlink.MakeHandle(1, 0)}
		// The old discipline is removed first, because a discipline cannot be changed into one of another kind.
		err := e.handle.QdiscDel(&netlink.GenericQdisc{QdiscAttrs: netlink.QdiscAttrs{LinkIndex: e.index,
			Parent: netlink.HANDLE_ROOT}})
		if err != nil && !errors.Is(err, unix.ENOENT) && !errors.Is(err, unix.EINVAL) { // there was none
			return err
		}
		switch {
		case down:
			err = e.handle.QdiscAdd(&netlink.GenericQdisc{QdiscAttrs: root, QdiscType: "blackhole"})
		case f != (Faults{}):
			err = e.handle.QdiscAdd(netlink.NewNetem(root, netlink.NetemQdiscAttrs{
				Latency: uint32(f.Delay / time.Microsecond), Loss: float32(f.Loss * 100), Limit: netemQueue}))
		default:
			err = nil
		}
		if errors.Is(err, unix.ENOENT) {
			return errors.New("this kernel has no netem, which loses and delays packets (`modprobe sch_netem`)")
		}
		if err != nil {
			return err
		}
	}
	w.down, w.faults = down, f
	return nil
}

// close releases what the wire holds of the namespaces, which would keep them alive.
func (w *vethWire) close() {
	for _, e := range w.ends {
		if e.handle != nil {
			e.handle.Close()
		}
	}
}

// tap records the packets at one end of each wire. Packets of both directions pass there, except those that the
// fault of the other end loses.
func (s *spaces) tap(w *capture.Writer, wires []cable) (func(), error) {
	var group sync.WaitGroup
	stop := make(chan struct{})
	end := func() { close(stop); group.Wait() }
	for _, x := range wires {
		e := x.(*vethWire).ends[0]
		id, err := w.Interface(x.Name(), capture.LinkRaw)
		var fd int
		if err == nil {
			err = s.enter(e.node, func() (err error) { fd, err = packetSocket(e.index); return err })
		}
		if err != nil {
			end()
			return nil, fmt.Errorf("capture of %s: %w", x.Name(), err)
		}
		group.Go(func() { readPackets(fd, id, w, stop) })
	}
	return end, nil
}

// packetSocket receives every IP packet of an interface, without Ethernet's header.
func packetSocket(index int) (int, error) {
	all := uint16(unix.ETH_P_ALL<<8 | unix.ETH_P_ALL>>8) // in network order
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 8<<20)
	err = errors.Join(unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Usec: 100_000}),
		unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: index}))
	if err != nil {
		unix.Close(fd)
		return 0, err
	}
	return fd, nil
}

// readPackets records until stop is closed, and then what is still there.
func readPackets(fd, id int, w *capture.Writer, stop <-chan struct{}) {
	defer unix.Close(fd)
	b := make([]byte, 65536)
	for {
		n, from, err := unix.Recvfrom(fd, b, 0)
		if err != nil {
			select {
			case <-stop:
				return
			default:
			}
			if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR) {
				continue
			}
			return // the interface is gone
		}
		a, ok := from.(*unix.SockaddrLinklayer)
		p := uint16(0)
		if ok {
			p = a.Protocol<<8 | a.Protocol>>8
		}
		if p == unix.ETH_P_IP || p == unix.ETH_P_IPV6 {
			_ = w.Packet(id, time.Now(), capture.Unknown, b[:n], "") // the writer remembers its error
		}
	}
}
